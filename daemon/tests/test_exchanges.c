// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Two ports on the loopback interface, with many links between them that all
 * begin at once, of shared secrets and public keys: each gets its own keys. The
 * kernel module is a model: a key of the initiator's is used at once.
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
#include <time.h>

#include "links.h"
#include "log.h"
#include "port.h"
#include "secret.h"
#include "session.h"
#include "sockets_here.h"

#define LINKS 120

struct end {
	int side;
	unsigned int n;
	struct identity *id;
	uint8_t local[HANDSHAKE_LOCAL_LEN];
	struct roster_entry entry;
	struct session *session;
	struct handshake_keys keys[CIPE_SLOT_NEXT + 1];
	uint64_t stamp;
	int established;
};

static struct ev_loop *loop;
static struct ports *ports;
static struct port *port[2];
static struct end ends[2][LINKS];

static uint64_t now_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000 + (uint64_t)ts.tv_nsec / 1000000;
}

/* After whatever the session was told, as link.c has it */
static void note_sessions(struct end *e)
{
	uint32_t id = 0;
	bool any = session_awaits(e->session, &id);

	roster_set_ours(&port[e->side]->roster, &e->entry, any, id);
	any = session_answered(e->session, &id);
	roster_set_theirs(&port[e->side]->roster, &e->entry, any, id);
}

static bool on_receive(void *owner, const struct path *from, const uint8_t *data, size_t len)
{
	struct end *e = owner;
	bool used = session_receive(e->session, now_ms(), from, data, len);

	note_sessions(e);
	return used;
}

static bool on_admitted(void *owner, const struct path *from, const uint8_t *data, size_t len)
{
	struct end *e = owner;
	bool used = session_receive_admitted(e->session, now_ms(), from, data, len);

	note_sessions(e);
	return used;
}

static bool is_repeated(void *owner, const uint8_t *data, size_t len)
{
	return session_is_repetition(((struct end *)owner)->session, data, len);
}

static void on_error(void *owner, const struct carrier_error *error)
{
	(void)owner;
	(void)error;
}

/* Newcomers, all of them */
static unsigned int where(void *owner, union addr known[PORT_PEER_ADDRS])
{
	(void)owner;
	(void)known;
	return 0;
}

static const struct port_ops ops = { on_receive, on_admitted, is_repeated, on_error, where };

static uint32_t op_random(void *ctx)
{
	uint32_t value;

	(void)ctx;
	assert_int_equal(secret_random(&value, sizeof(value)), 0);
	return value;
}

static uint64_t op_wall_clock(void *ctx)
{
	(void)ctx;
	return now_ms() * 1000000;
}

static uint64_t op_timestamp(void *ctx)
{
	struct end *e = ctx;
	uint64_t t = op_wall_clock(ctx);

	e->stamp = t > e->stamp ? t : e->stamp + 1;
	return e->stamp;
}

static void op_accepted(void *ctx, uint64_t timestamp)
{
	(void)ctx;
	(void)timestamp;
}

static void op_begin(void *ctx)
{
	(void)ctx;
}

static void op_send(void *ctx, const struct path *path, const struct handshake_message *msg)
{
	struct end *e = ctx;

	carrier_send(&port[e->side]->carrier, path, msg->data, msg->len);
}

/* The other end has the same key, and nobody else */
static int op_key_set(void *ctx, enum cipe_slot slot, const struct handshake_keys *keys)
{
	struct end *e = ctx, *other = &ends[!e->side][e->n];

	e->keys[slot] = *keys;
	if (slot != CIPE_SLOT_CURRENT)
		return 0;
	assert_int_equal(other->keys[CIPE_SLOT_NEXT].rx_id, keys->tx_id);
	assert_memory_equal(other->keys[CIPE_SLOT_NEXT].rx_key, keys->tx_key, keys->key_len);
	assert_memory_equal(other->keys[CIPE_SLOT_NEXT].tx_key, keys->rx_key, keys->key_len);
	other->keys[CIPE_SLOT_CURRENT] = other->keys[CIPE_SLOT_NEXT];
	session_key_active(other->session, now_ms(), keys->tx_id);
	note_sessions(other);
	return 0;
}

static void op_key_del_next(void *ctx)
{
	(void)ctx;
}

static int op_endpoint(void *ctx, const union addr *endpoint)
{
	(void)ctx;
	(void)endpoint;
	return 0;
}

static bool op_heard(void *ctx, uint32_t rx_id)
{
	(void)ctx;
	(void)rx_id;
	return true;
}

static void op_established(void *ctx, const struct handshake_info *peer, bool initiator)
{
	(void)peer;
	(void)initiator;
	((struct end *)ctx)->established++;
}

static const struct session_ops session_ops = {
	.random = op_random,
	.wall_clock = op_wall_clock,
	.timestamp = op_timestamp,
	.accepted = op_accepted,
	.begin = op_begin,
	.send = op_send,
	.key_set = op_key_set,
	.key_del_next = op_key_del_next,
	.endpoint = op_endpoint,
	.heard = op_heard,
	.established = op_established,
};

/* Odd ones have a shared secret, even ones public keys, every fourth both. Side 0
 * has one private key for all.
 */
static void make_identity(struct end *e)
{
	const struct noise_suite suite = { .dh = NOISE_25519 };
	uint8_t private[2][NOISE_KEY_LEN] = { { 8 }, { 16, (uint8_t)e->n } };
	uint8_t psk[NOISE_KEY_LEN] = { 3, (uint8_t)e->n }, peer_key[NOISE_PUBLIC_MAX];
	struct identity_config config = { .psk = e->n % 4 == 2 ? NULL : psk };

	if (e->n % 2 == 0) {
		assert_int_equal(noise_public_key(&suite, private[!e->side], peer_key), 0);
		config.private_key = private[e->side];
		config.peer_key = peer_key;
	}
	assert_int_equal(identity_new(&e->id, &config), 0);
}

static void make_end(int side, unsigned int n)
{
	struct end *e = &ends[side][n];
	struct session_config config = {
		.handshake = { .local = e->local, .cipher = CIPE_CIPHER_CHACHA20_POLY1305 },
		.gate = port[side]->gate,
		.tokey_ms = 600000,
		.tokxc_ms = 60000,
	};

	e->side = side;
	e->n = n;
	make_identity(e);
	assert_int_equal(secret_random(e->local, sizeof(e->local)), 0);
	config.handshake.id = e->id;
	e->session = session_new(&config, &session_ops, e);
	assert_non_null(e->session);
	assert_int_equal(port_join(port[side], &e->entry, e->id, e), 0);
}

static void run_timers(void)
{
	int side;
	unsigned int n;

	for (side = 0; side < 2; side++) {
		for (n = 0; n < LINKS; n++) {
			struct end *e = &ends[side][n];

			if (session_deadline(e->session) > now_ms())
				continue;
			session_timer(e->session, now_ms());
			note_sessions(e);
		}
	}
}

static unsigned int count_up(void)
{
	unsigned int n, up = 0;

	for (n = 0; n < LINKS; n++)
		up += ends[0][n].established && ends[1][n].established;
	return up;
}

static void on_tick(struct ev_loop *l, ev_timer *w, int revents)
{
	(void)w;
	(void)revents;
	run_timers();
	if (count_up() == LINKS)
		ev_break(l, EVBREAK_ALL);
}

static void test_all_at_once(void **state)
{
	const union addr nowhere = { 0 };
	uint64_t began = now_ms();
	ev_timer tick;
	unsigned int n;

	(void)state;
	for (n = 0; n < LINKS; n++) {
		make_end(0, n);
		make_end(1, n);
	}
	/* Side 0 waits to be called */
	for (n = 0; n < LINKS; n++) {
		session_set_configured(ends[1][n].session, began, &port[0]->carrier.bound);
		session_start(ends[0][n].session, began, 0, &nowhere);
		session_start(ends[1][n].session, began, 0, &nowhere);
	}
	ev_timer_init(&tick, on_tick, 0., .002);
	ev_timer_start(loop, &tick);
	while (count_up() < LINKS && now_ms() - began < 120000)
		ev_run(loop, EVRUN_ONCE);
	ev_timer_stop(loop, &tick);
	print_message("# %u of %u links after %llu ms\n", count_up(), LINKS,
		      (unsigned long long)(now_ms() - began));
	assert_int_equal(count_up(), LINKS);
}

static int setup(void **state)
{
	union addr me = { .in = { .sin_family = AF_INET } };
	int side;

	(void)state;
	if (secret_init(0))
		return -1;
	me.in.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	loop = ev_default_loop(EVFLAG_AUTO);
	ports = ports_new(loop, &ops);
	for (side = 0; side < 2; side++)
		if (port_new(ports, 1, &me, NULL, &port[side]) || port_bind(port[side], 1))
			return -1;
	return 0;
}

static int teardown(void **state)
{
	unsigned int n;
	int side;

	(void)state;
	for (side = 0; side < 2; side++) {
		for (n = 0; n < LINKS; n++) {
			struct end *e = &ends[side][n];

			if (!e->id)
				continue;
			session_free(e->session);
			port_leave(port[side], &e->entry);
			identity_free(e->id);
		}
		port_put(port[side]);
	}
	ports_free(ports);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_all_at_once) };

	return cmocka_run_group_tests_name("exchanges", tests, setup, teardown);
}
