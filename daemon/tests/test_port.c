// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A port with many links, over the loopback interface: who gets what comes in,
 * and what is asked back when too much does.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <arpa/inet.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>

#include <openssl/evp.h>

#include "guard.h"
#include "links.h"
#include "port.h"
#include "secret.h"
#include "sockets_here.h"

#define LINKS 40

/* A link here, and the peer's end of it */
struct end {
	struct identity *id, *peer;
	struct roster_entry entry;
	int received, admitted, errors;
	struct handshake_message last;
};

static struct ev_loop *loop;
static struct ports *ports;
static struct port *port;
static struct end ends[LINKS];
static struct carrier caller;
static struct path to;

static bool on_receive(void *owner, const struct path *from, const uint8_t *data, size_t len)
{
	struct end *e = owner;

	assert_true(addr_equal(&from->remote, &caller.bound));
	e->received++;
	memcpy(e->last.data, data, len);
	e->last.len = len;
	return true;
}

static bool on_admitted(void *owner, const struct path *from, const uint8_t *data, size_t len)
{
	on_receive(owner, from, data, len);
	((struct end *)owner)->received--;
	((struct end *)owner)->admitted++;
	return true;
}

static bool is_repeated(void *owner, const uint8_t *data, size_t len)
{
	const struct end *e = owner;

	return e->last.len == len && !memcmp(e->last.data, data, len);
}

static void on_error(void *owner, const struct carrier_error *error)
{
	(void)error;
	((struct end *)owner)->errors++;
}

static unsigned int where(void *owner, union addr known[PORT_PEER_ADDRS])
{
	(void)owner;
	known[0] = caller.bound;
	memset(&known[1], 0, sizeof(known[1]));
	return 2;
}

static const struct port_ops ops = { on_receive, on_admitted, is_repeated, on_error, where };

/* Ends 0 to LINKS / 2 - 1 have keys of their own, the others one private key */
static void make_end(unsigned int n)
{
	const struct noise_suite suite = { .dh = NOISE_25519 };
	uint8_t ours[NOISE_KEY_LEN] = { 7 }, theirs[NOISE_KEY_LEN] = { 8, (uint8_t)n };
	uint8_t our_public[NOISE_PUBLIC_MAX], their_public[NOISE_PUBLIC_MAX];
	struct identity_config here = { .private_key = ours, .peer_key = their_public };
	struct identity_config there = { .private_key = theirs, .peer_key = our_public };
	struct end *e = &ends[n];

	if (n < LINKS / 2) {
		e->id = link_of_psk(theirs);
		e->peer = link_of_psk(theirs);
	} else {
		assert_int_equal(noise_public_key(&suite, ours, our_public), 0);
		assert_int_equal(noise_public_key(&suite, theirs, their_public), 0);
		assert_int_equal(identity_new(&e->id, &here), 0);
		assert_int_equal(identity_new(&e->peer, &there), 0);
	}
	assert_int_equal(port_join(port, &e->entry, e->id, e), 0);
}

static void write_init(const struct end *e, const uint8_t *cookie, struct handshake_message *init)
{
	static const struct handshake_info said = { .timestamp = 1, .key_id = 4 };
	struct handshake_config config = { .id = e->peer,
					   .cipher = CIPE_CIPHER_CHACHA20_POLY1305 };
	struct handshake *hs = handshake_new(&config);

	assert_int_equal(handshake_initiate(hs, &said, cookie, init), HANDSHAKE_OK);
	handshake_free(hs);
}

static void say(const struct handshake_message *msg)
{
	assert_int_equal(carrier_send(&caller, &to, msg->data, msg->len), 0);
	ev_run(loop, EVRUN_ONCE);
}

/* What came back; 0: nothing */
static ssize_t hear(struct handshake_message *msg)
{
	struct path from;

	return carrier_receive(&caller, msg->data, sizeof(msg->data), &from);
}

/* As the port has it */
static uint64_t now_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000 + (uint64_t)ts.tv_nsec / 1000000;
}

static int total(void)
{
	int n, sum = 0;

	for (n = 0; n < LINKS; n++)
		sum += ends[n].received + ends[n].admitted;
	return sum;
}

static void test_init(void **state)
{
	struct handshake_message init;
	int n;

	(void)state;
	for (n = 0; n < LINKS; n++) {
		struct end *e = &ends[n];

		write_init(e, NULL, &init);
		say(&init);
		assert_int_equal(n < LINKS / 2 ? e->received : e->admitted, 1);
		assert_int_equal(total(), n + 1);
	}
	/* A key that is nobody's, and a peer that is none */
	ends[0].peer->hint_out[0] ^= 1;
	write_init(&ends[0], NULL, &init);
	ends[0].peer->hint_out[0] ^= 1;
	say(&init);
	ends[LINKS - 1].peer->public_key[3] ^= 1;
	write_init(&ends[LINKS - 1], NULL, &init);
	ends[LINKS - 1].peer->public_key[3] ^= 1;
	say(&init);
	assert_int_equal(total(), LINKS);
}

/* Without a public-key operation: by the session id */
static void test_repeated(void **state)
{
	struct end *e = &ends[LINKS - 2];
	struct handshake_message init;
	struct handshake_header header;
	int before = e->admitted;

	(void)state;
	write_init(e, NULL, &init);
	say(&init);
	assert_int_equal(e->admitted, before + 1);
	handshake_peek(init.data, init.len, &header);
	roster_set_theirs(&port->roster, &e->entry, true, header.session);
	/* Another link that answered that id is not the one */
	roster_set_theirs(&port->roster, &ends[1].entry, true, header.session);
	before = e->received;
	say(&init);
	assert_int_equal(e->received, before + 1);
}

static void test_answers(void **state)
{
	struct handshake_message answer;
	struct handshake_header header;
	int before = total();

	(void)state;
	write_init(&ends[3], NULL, &answer);
	handshake_peek(answer.data, answer.len, &header);
	answer.data[5] = CIPE_WIRE_RESPONSE;
	say(&answer);
	assert_int_equal(total(), before);
	roster_set_ours(&port->roster, &ends[30].entry, true, header.session);
	say(&answer);
	assert_int_equal(total(), before + 1);
	answer.data[5] = CIPE_WIRE_CHALLENGE;
	/* Both wait for that id: the one that it answers is for them to find out */
	roster_set_ours(&port->roster, &ends[31].entry, true, header.session);
	say(&answer);
	assert_int_equal(total(), before + 3);
}

/* As many INITs as are read without asking back, within a second. They are written
 * before, and again where this machine took longer
 */
static void make_busy(const struct end *e)
{
	static struct handshake_message init[LOAD_FREE], challenge;
	int tries, i;

	for (i = 0; i < LOAD_FREE; i++)
		write_init(e, NULL, &init[i]);
	for (tries = 0; tries < 20; tries++) {
		for (i = 0; i < LOAD_FREE; i++)
			say(&init[i]);
		if (hear(&challenge) > 0)
			break;
	}
	while (hear(&challenge) > 0)
		;
}

/* Under load, where the link is not known before a public-key operation */
static void test_busy(void **state)
{
	struct end *e = &ends[LINKS - 1];
	struct handshake_message init, challenge;
	uint8_t cookie[CIPE_WIRE_COOKIE_LEN];
	uint64_t asked, turn = cookie_turn(port->gate->jar);
	int before;

	(void)state;
	make_busy(e);
	before = e->admitted;
	asked = port->intake.asked;
	write_init(e, NULL, &init);
	say(&init);
	assert_int_equal(e->admitted, before);
	assert_int_equal(hear(&challenge), GUARD_CHALLENGE_LEN);
	assert_true(guard_read_challenge(e->peer, init.data, init.len, challenge.data,
					 GUARD_CHALLENGE_LEN, cookie));
	/* The filter knows what to let in, and that it was asked for */
	assert_int_equal(port->intake.filter.n_tags, 1);
	assert_int_equal(port->intake.filter.tags[0], cookie_tag(cookie));
	assert_int_equal(port->intake.asked, asked + 1);
	write_init(e, cookie, &init);
	say(&init);
	assert_int_equal(e->admitted, before + 1);
	assert_int_equal(port->intake.asked, asked);
	/* It proves the address, and the present to any link, until its next exchange */
	assert_int_equal(cookie_check(port->gate->jar, now_ms(), &caller.bound, COOKIE_NO_TURN,
				      cookie), COOKIE_ADDRESS);
	assert_int_equal(cookie_check(port->gate->jar, now_ms(), &caller.bound, turn, cookie),
			 COOKIE_ADDRESS | COOKIE_FRESH);
	assert_int_equal(cookie_check(port->gate->jar, now_ms(), &caller.bound,
				      cookie_turn(port->gate->jar), cookie), COOKIE_ADDRESS);
}

static void test_shared(void **state)
{
	union addr me = { .in = { .sin_family = AF_INET } };

	(void)state;
	me.in.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	assert_ptr_equal(port_find(ports, &me), port);
	assert_ptr_equal(port_find_bound(ports, &port->carrier.bound), port);
	assert_null(port_find_bound(ports, &me));
	addr_set_port(&me, 9);
	assert_null(port_find(ports, &me));
	port_put(port_get(port));
	assert_ptr_equal(port_find_bound(ports, &port->carrier.bound), port);
}

static uint64_t used_by(enum intake_account account, const uint8_t *data, size_t len)
{
	uint64_t *used = port->intake.used;

	memset(used, 0, sizeof(port->intake.used));
	assert_int_equal(carrier_send(&caller, &to, data, len), 0);
	ev_run(loop, EVRUN_ONCE);
	assert_int_equal(used[INTAKE_STRANGERS] + used[INTAKE_ASKED], used[account]);
	return used[account];
}

/* Time is charged to those whose chance let a message in, whatever is wrong with it */
static void test_accounts(void **state)
{
	struct handshake_message init;
	uint32_t tag;

	(void)state;
	assert_int_equal(port->intake.filter.n_tags, 1);
	write_init(&ends[LINKS - 1], NULL, &init);
	port->intake.flooded = true;
	memset(init.data + GUARD_HEADER_LEN, 1, CIPE_WIRE_COOKIE_LEN);
	assert_true(used_by(INTAKE_STRANGERS, init.data, init.len));
	tag = htonl(port->intake.filter.tags[0]);
	memcpy(init.data + GUARD_HEADER_LEN, &tag, sizeof(tag));
	assert_true(used_by(INTAKE_ASKED, init.data, GUARD_CHALLENGE_LEN));
	init.data[offsetof(struct cipe_wire_control, type)] = CIPE_WIRE_RESPONSE;
	assert_true(used_by(INTAKE_STRANGERS, init.data, init.len));
	port->intake.flooded = false;
}

/* More ports are no more time for floods */
static void test_budget(void **state)
{
	union addr me = { .in = { .sin_family = AF_INET } };
	struct port *more[3];
	const struct intake_budget *budget = port->intake.budget;
	unsigned int n;

	(void)state;
	me.in.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	assert_int_equal(budget->ns, intake_machine());
	assert_int_equal(budget->users, 1);
	for (n = 0; n < 3; n++) {
		assert_int_equal(port_new(ports, 1, &me, NULL, &more[n]), 0);
		assert_int_equal(port_bind(more[n], 1), 0);
		assert_ptr_equal(more[n]->intake.budget, budget);
		assert_int_equal(budget->users, n + 2);
	}
	while (n)
		port_put(more[--n]);
	assert_int_equal(budget->users, 1);
}

/* With a link of suite fips the cookies of all are made by its libcrypto */
static void test_library(void **state)
{
	OSSL_LIB_CTX *lib = OSSL_LIB_CTX_new();
	uint8_t cookie[CIPE_WIRE_COOKIE_LEN];
	struct end *e = &ends[3];

	(void)state;
	assert_int_equal(cookie_make(port->gate->jar, 1, &caller.bound, cookie), 0);
	port_leave(port, &e->entry);
	e->id->lib = lib;
	assert_int_equal(port_join(port, &e->entry, e->id, e), 0);
	assert_int_equal(cookie_check(port->gate->jar, 2, &caller.bound, 1, cookie), 0);
	assert_int_equal(EVP_set_default_properties(lib, "fips=yes"), 1);
	cookie_use(port->gate->jar, NULL);
	cookie_use(port->gate->jar, lib);
	assert_int_equal(cookie_make(port->gate->jar, 2, &caller.bound, cookie), -EIO);
	e->id->lib = NULL;
	cookie_use(port->gate->jar, NULL);
	OSSL_LIB_CTX_free(lib);
}

static void test_garbage(void **state)
{
	struct handshake_message msg;
	int before = total();

	(void)state;
	write_init(&ends[0], NULL, &msg);
	msg.data[offsetof(struct cipe_wire_control, version)] = 2;
	say(&msg);
	assert_int_equal(total(), before);
	/* Alone, a link gets it, to say what is wrong with it */
	for (int n = 1; n < LINKS; n++)
		port_leave(port, &ends[n].entry);
	say(&msg);
	assert_int_equal(ends[0].received, 2);
	write_init(&ends[5], NULL, &msg);
	say(&msg);
	assert_int_equal(ends[0].received, 3);
	/* Not in a flood */
	port->intake.flooded = true;
	say(&msg);
	assert_int_equal(ends[0].received, 3);
	port->intake.flooded = false;
	assert_int_equal(hear(&msg), -EAGAIN);
}

/* Is it read, while a flood has the filter look at hints? */
static void say_in_flood(const struct handshake_message *msg)
{
	struct intake_filter filter = port->intake.filter;

	filter.strict = true;
	assert_int_equal(intake_attach(port->carrier.fd, &filter), 0);
	assert_int_equal(carrier_send(&caller, &to, msg->data, msg->len), 0);
	ev_run(loop, EVRUN_NOWAIT);
}

/* After test_garbage(), which leaves end 0: few links, whose hints fit */
static void test_hints(void **state)
{
	struct handshake_message init;
	int before;

	(void)state;
	assert_int_equal(port_join(port, &ends[LINKS - 1].entry, ends[LINKS - 1].id,
				   &ends[LINKS - 1]), 0);
	assert_int_equal(port->intake.filter.n_hints, 2);
	assert_int_equal(port->intake.filter.n_known, 2);
	before = total();
	write_init(&ends[0], NULL, &init);
	say_in_flood(&init);
	assert_int_equal(total(), before + 1);
	write_init(&ends[LINKS - 1], NULL, &init);
	say_in_flood(&init);
	assert_int_equal(total(), before + 2);
	write_init(&ends[5], NULL, &init);
	say_in_flood(&init);
	assert_int_equal(hear(&init), -EAGAIN);
	assert_int_equal(recv(port->carrier.fd, init.data, 1, MSG_PEEK | MSG_DONTWAIT), -1);
	assert_int_equal(total(), before + 2);
	/* All of them, as without a flood: it is read, and refused */
	port->intake.filter.strict = false;
	assert_int_equal(intake_attach(port->carrier.fd, &port->intake.filter), 0);
	port_leave(port, &ends[LINKS - 1].entry);
	assert_int_equal(port->intake.filter.n_hints, 1);
	write_init(&ends[5], NULL, &init);
	say(&init);
	assert_int_equal(total(), before + 3);
}

/* In the filter; more than it has room for are one more than that */
static unsigned int awaited(unsigned int n)
{
	return n <= INTAKE_AWAITED_MAX ? n : INTAKE_AWAITED_MAX + 1;
}

/* Answers are read in a flood if a link of the port waits for them */
static void test_awaited(void **state)
{
	const struct intake_filter *filter = &port->intake.filter;
	struct handshake_message answer;
	struct handshake_header header;
	int before = total();
	unsigned int n;

	(void)state;
	write_init(&ends[0], NULL, &answer);
	handshake_peek(answer.data, answer.len, &header);
	answer.data[5] = CIPE_WIRE_RESPONSE;
	port_await(port, &ends[0].entry, true, header.session ^ 1);
	say_in_flood(&answer);
	assert_int_equal(recv(port->carrier.fd, answer.data, 1, MSG_PEEK | MSG_DONTWAIT), -1);
	assert_int_equal(total(), before);
	port_await(port, &ends[0].entry, true, header.session);
	say_in_flood(&answer);
	assert_int_equal(total(), before + 1);
	port_await(port, &ends[0].entry, false, 0);
	assert_int_equal(filter->n_awaited, 0);
	say_in_flood(&answer);
	assert_int_equal(total(), before + 1);
	/* Those of many are not the filter's; who leaves waits no more */
	for (n = 1; n < LINKS; n++) {
		assert_int_equal(port_join(port, &ends[n].entry, ends[n].id, &ends[n]), 0);
		port_await(port, &ends[n].entry, true, n);
		assert_int_equal(filter->n_awaited, awaited(n));
	}
	for (n = 1; n < LINKS; n++) {
		port_leave(port, &ends[n].entry);
		assert_int_equal(filter->n_awaited, awaited(LINKS - 1 - n));
	}
	port->intake.filter.strict = false;
	assert_int_equal(intake_attach(port->carrier.fd, filter), 0);
}

/* Hints and peers of many links are not the filter's */
static void test_many(void **state)
{
	unsigned int n;

	(void)state;
	for (n = 0; n < LINKS; n++) {
		const struct intake_filter *filter = &port->intake.filter;
		unsigned int hints = n < LINKS / 2 ? n + 1 : LINKS / 2 + 1;

		port_leave(port, &ends[n].entry);
		assert_int_equal(port_join(port, &ends[n].entry, ends[n].id, &ends[n]), 0);
		assert_int_equal(filter->n_hints, hints > INTAKE_HINTS_MAX ? 0 : hints);
		assert_int_equal(filter->n_known, n + 1 > INTAKE_KNOWN_MAX / 2 ? 0 : n + 1);
	}
}

static int setup(void **state)
{
	union addr me = { .in = { .sin_family = AF_INET } };
	unsigned int n;

	(void)state;
	me.in.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	if (secret_init(0))
		return -1;
	loop = ev_default_loop(EVFLAG_AUTO);
	ports = ports_new(loop, &ops);
	if (port_new(ports, 1, &me, NULL, &port) || port_bind(port, 1) ||
	    carrier_open(&caller, 1, AF_INET) || carrier_bind(&caller, 1, &me))
		return -1;
	to.remote = port->carrier.bound;
	for (n = 0; n < LINKS; n++)
		make_end(n);
	return 0;
}

static int teardown(void **state)
{
	unsigned int n;

	(void)state;
	for (n = 0; n < LINKS; n++) {
		port_leave(port, &ends[n].entry);
		identity_free(ends[n].id);
		identity_free(ends[n].peer);
	}
	port_put(port);
	ports_free(ports);
	carrier_close(&caller);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_init), cmocka_unit_test(test_repeated),
		cmocka_unit_test(test_answers), cmocka_unit_test(test_shared),
		cmocka_unit_test(test_busy),
		cmocka_unit_test(test_accounts), cmocka_unit_test(test_budget),
		cmocka_unit_test(test_library), cmocka_unit_test(test_garbage),
		cmocka_unit_test(test_hints), cmocka_unit_test(test_awaited),
		cmocka_unit_test(test_many),
	};

	return cmocka_run_group_tests_name("port", tests, setup, teardown);
}
