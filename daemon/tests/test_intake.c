// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The filter on a socket, with sockets of this machine: what passes it, and what is
 * done where there can be none.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>

#include <cipe/wire.h>

#include "guard.h"
#include "intake.h"
#include "intake_sockets.h"

/* So little that it is soon spent */
#define BUDGET (INTAKE_BUDGET_NS / 4)

static const union addr unset;

/* Does it pass with that octet in it? */
static int passes_with(unsigned int at, uint8_t value)
{
	uint8_t msg[INIT_LEN];

	memcpy(msg, init, sizeof(msg));
	msg[at] = value;
	return passes(msg, sizeof(msg));
}

static void test_shape(void **state)
{
	struct intake_filter f = { .family = AF_INET, .chance = { UINT32_MAX } };
	static uint8_t long_one[1201];

	(void)state;
	open_both(AF_INET);
	assert_int_equal(intake_attach(to, &f), 0);
	assert_true(passes(init, sizeof(init)));
	assert_true(passes(init, 48));
	assert_false(passes(init, 47));
	assert_false(passes(init, 4));
	memcpy(long_one, init, sizeof(init));
	assert_true(passes(long_one, 1200));
	assert_false(passes(long_one, 1201));
	/* marker, type, mode, cipher, DH functions */
	assert_false(passes_with(0, 1));
	assert_false(passes_with(3, 1));
	assert_false(passes_with(5, 0));
	assert_true(passes_with(5, 3));
	assert_false(passes_with(5, 4));
	assert_true(passes_with(7, 1));
	assert_false(passes_with(7, 2));
	assert_false(passes_with(8, 0));
	assert_false(passes_with(8, 4));
	assert_true(passes_with(9, 1));
	assert_false(passes_with(9, 2));
	/* The log shall name other versions and patterns */
	assert_true(passes_with(4, 2));
	assert_true(passes_with(4, 15));
	assert_false(passes_with(4, 16));
	assert_false(passes_with(4, 0));
	assert_true(passes_with(6, 77));
	close_both();
}

static void test_hints(void **state)
{
	struct intake_filter f = { .family = AF_INET, .chance = { UINT32_MAX },
				   .strict = true, .hints = { 0x0001, 0x0007 } };

	(void)state;
	open_both(AF_INET);
	assert_int_equal(intake_attach(to, &f), 0);
	assert_true(passes_with(11, 9));
	f.n_hints = 1;
	assert_int_equal(intake_attach(to, &f), 0);
	assert_true(passes_with(11, 1));
	assert_false(passes_with(11, 7));
	assert_false(passes_with(10, 1));
	f.n_hints = 2;
	assert_int_equal(intake_attach(to, &f), 0);
	assert_true(passes_with(11, 1));
	assert_true(passes_with(11, 7));
	assert_false(passes_with(11, 2));
	/* Of answers to us, they are the peer's */
	f.n_awaited = 1;
	assert_int_equal(intake_attach(to, &f), 0);
	assert_true(passes_with(5, 2));
	assert_true(passes_with(5, 3));
	f.n_hints = INTAKE_HINTS_MAX;
	assert_int_equal(intake_attach(to, &f), 0);
	assert_true(passes_with(11, 7));
	assert_false(passes_with(11, 2));
	/* Without a flood the log shall say that a key is wrong */
	f.strict = false;
	assert_int_equal(intake_attach(to, &f), 0);
	assert_true(passes_with(11, 2));
	close_both();
}

/* A message of that type with that session id, in a flood */
static int passes_session(uint8_t type, uint32_t session)
{
	uint8_t msg[INIT_LEN];

	memcpy(msg, init, sizeof(msg));
	msg[offsetof(struct cipe_wire_control, type)] = type;
	session = htonl(session);
	memcpy(msg + offsetof(struct cipe_wire_control, session), &session, sizeof(session));
	return passes(msg, sizeof(msg));
}

static int passes_answers(uint32_t session)
{
	int passes = passes_session(CIPE_WIRE_RESPONSE, session);

	assert_int_equal(passes_session(CIPE_WIRE_CHALLENGE, session), passes);
	/* It chose its own */
	assert_true(passes_session(CIPE_WIRE_INIT, session));
	return passes;
}

/* Whoever wants to fill the queue with answers has to know our INIT */
static void test_awaited(void **state)
{
	struct intake_filter f = { .family = AF_INET, .chance = { UINT32_MAX }, .strict = true };
	unsigned int n, i;

	(void)state;
	open_both(AF_INET);
	for (i = 0; i < INTAKE_AWAITED_MAX; i++)
		f.awaited[i] = 0x80000000u + i;
	for (n = 0; n <= INTAKE_AWAITED_MAX; n++) {
		f.n_awaited = n;
		assert_int_equal(intake_attach(to, &f), 0);
		for (i = 0; i < INTAKE_AWAITED_MAX; i++)
			assert_int_equal(passes_answers(f.awaited[i]), i < n);
		assert_false(passes_answers(0));
		assert_false(passes_answers(0x01000080));
	}
	/* Too many to name */
	f.n_awaited = n;
	assert_int_equal(intake_attach(to, &f), 0);
	assert_true(passes_answers(0));
	/* Nothing in the log, in a flood */
	assert_false(passes_with(4, 2));
	f.strict = false;
	f.n_awaited = 0;
	assert_int_equal(intake_attach(to, &f), 0);
	assert_true(passes_answers(0));
	assert_true(passes_with(4, 2));
	close_both();
}

/* With a cookie that begins like that */
static int passes_tagged(uint8_t type, uint32_t tag)
{
	uint8_t msg[INIT_LEN];

	memcpy(msg, init, sizeof(msg));
	msg[offsetof(struct cipe_wire_control, type)] = type;
	tag = htonl(tag);
	memcpy(msg + GUARD_HEADER_LEN, &tag, sizeof(tag));
	return passes(msg, sizeof(msg));
}

/* All that there can be in a filter at once */
static void test_all(void **state)
{
	struct intake_filter f = { .family = AF_INET6, .strict = true,
				   .n_hints = INTAKE_HINTS_MAX, .n_awaited = INTAKE_AWAITED_MAX,
				   .n_tags = COOKIE_TAGS_MAX, .tags = { 1, 2 },
				   .n_known = INTAKE_KNOWN_MAX };
	unsigned int i;

	(void)state;
	open_both(AF_INET6);
	for (i = 0; i < 8; i++) {
		f.hints[i] = (uint16_t)(1 + i);
		f.awaited[i] = 1 + i;
		f.known[i] = here;
		f.known[i].in6.sin6_addr.s6_addr[15] ^= (uint8_t)(2 + i);
		f.chance[INTAKE_KNOWN + i] = UINT32_MAX - 1;
	}
	f.chance[INTAKE_ASKED] = UINT32_MAX;
	assert_int_equal(intake_attach(to, &f), 0);
	assert_false(passes_with(11, 8));
	f.hints[0] = 0;
	assert_int_equal(intake_attach(to, &f), 0);
	assert_true(passes_tagged(CIPE_WIRE_INIT, 1));
	assert_true(passes_tagged(CIPE_WIRE_INIT, 2));
	assert_false(passes_tagged(CIPE_WIRE_INIT, 3));
	f.hints[0] = 1;
	f.known[7] = here;
	assert_int_equal(intake_attach(to, &f), 0);
	assert_true(passes_with(11, 1));
	assert_true(passes_with(11, 8));
	assert_false(passes_with(11, 9));
	assert_true(passes_session(CIPE_WIRE_RESPONSE, 8));
	assert_false(passes_session(CIPE_WIRE_RESPONSE, 9));
	close_both();
}

/* An eighth of 8000: more than six standard deviations off is no chance */
static void chance_at(int family)
{
	struct intake_filter f = { .family = family, .chance = { UINT32_MAX / 8 } };
	unsigned int n;

	open_both(family);
	assert_int_equal(intake_attach(to, &f), 0);
	n = count_passing(8000);
	assert_in_range(n, 1000 - 180, 1000 + 180);
	/* All from where a peer is, whatever its port */
	f.n_known = INTAKE_KNOWN_MAX;
	f.known[INTAKE_KNOWN_MAX - 1] = here;
	addr_set_port(&f.known[INTAKE_KNOWN_MAX - 1], 1);
	f.chance[INTAKE_KNOWN + INTAKE_KNOWN_MAX - 1] = UINT32_MAX;
	assert_int_equal(intake_attach(to, &f), 0);
	assert_int_equal(count_passing(1000), 1000);
	/* Or fewer of these, and all others */
	f.chance[INTAKE_KNOWN + INTAKE_KNOWN_MAX - 1] = UINT32_MAX / 2;
	assert_int_equal(intake_attach(to, &f), 0);
	assert_in_range(count_passing(1000), 400, 600);
	f.chance[INTAKE_STRANGERS] = UINT32_MAX;
	assert_int_equal(intake_attach(to, &f), 0);
	assert_in_range(count_passing(1000), 400, 600);
	f.known[INTAKE_KNOWN_MAX - 1] = unset;
	assert_int_equal(intake_attach(to, &f), 0);
	assert_int_equal(count_passing(1000), 1000);
	f.chance[INTAKE_STRANGERS] = UINT32_MAX / 8;
	f.known[INTAKE_KNOWN_MAX - 1] = unset;
	if (family == AF_INET6) {
		f.known[0] = here;
		f.known[0].in6.sin6_addr.s6_addr[15] ^= 2;
		f.known[1] = here;
		f.known[1].in6.sin6_addr.s6_addr[0] ^= 2;
	}
	assert_int_equal(intake_attach(to, &f), 0);
	assert_in_range(count_passing(1000), 60, 200);
	close_both();
}

static void test_chance(void **state)
{
	(void)state;
	chance_at(AF_INET);
	chance_at(AF_INET6);
}

/* Who brings a cookie of ours back has a chance of his own */
static void asked_at(int family)
{
	struct intake_filter f = { .family = family, .tags = { 0x80000001, 0x00cafe00 } };
	int n, passed[2];

	open_both(family);
	f.chance[INTAKE_ASKED] = UINT32_MAX;
	for (f.n_tags = 0; f.n_tags <= COOKIE_TAGS_MAX; f.n_tags++) {
		assert_int_equal(intake_attach(to, &f), 0);
		assert_int_equal(passes_tagged(CIPE_WIRE_INIT, 0x80000001), f.n_tags > 0);
		assert_int_equal(passes_tagged(CIPE_WIRE_INIT, 0x00cafe00), f.n_tags > 1);
		assert_false(passes_tagged(CIPE_WIRE_INIT, 0));
		assert_false(passes_tagged(CIPE_WIRE_INIT, 0x01000080));
		assert_false(passes_tagged(CIPE_WIRE_CHALLENGE, 0x80000001));
		assert_false(passes_tagged(CIPE_WIRE_RESPONSE, 0x80000001));
	}
	f.n_tags = COOKIE_TAGS_MAX;
	f.chance[INTAKE_ASKED] = UINT32_MAX / 2;
	f.chance[INTAKE_STRANGERS] = UINT32_MAX;
	assert_int_equal(intake_attach(to, &f), 0);
	assert_true(passes_tagged(CIPE_WIRE_INIT, 0));
	assert_true(passes_tagged(CIPE_WIRE_RESPONSE, 0x80000001));
	for (n = passed[0] = passed[1] = 0; n < 1000; n++) {
		passed[0] += passes_tagged(CIPE_WIRE_INIT, 0x80000001);
		passed[1] += passes_tagged(CIPE_WIRE_INIT, 0x00cafe00);
	}
	assert_in_range(passed[0], 400, 600);
	assert_in_range(passed[1], 400, 600);
	/* Where a peer is known to be, it is not looked at */
	f.chance[INTAKE_ASKED] = 0;
	f.known[0] = here;
	f.chance[INTAKE_KNOWN] = UINT32_MAX;
	f.n_known = 1;
	assert_int_equal(intake_attach(to, &f), 0);
	assert_true(passes_tagged(CIPE_WIRE_INIT, 0x80000001));
	close_both();
}

static void test_asked(void **state)
{
	(void)state;
	asked_at(AF_INET);
	asked_at(AF_INET6);
}

/* There is always more, all of it worth nothing */
static enum intake_verdict take(void *ctx, struct intake_source *source)
{
	(void)ctx;
	(void)source;
	return INTAKE_WASTE;
}

static void on_end(struct ev_loop *loop, ev_timer *w, int revents)
{
	(void)w;
	(void)revents;
	ev_break(loop, EVBREAK_ALL);
}

static void run(struct ev_loop *loop, double seconds)
{
	ev_timer end;

	ev_timer_init(&end, on_end, seconds, 0.);
	ev_now_update(loop);
	ev_timer_start(loop, &end);
	ev_run(loop, 0);
}

/* No room for a filter any more: a socket may only use so much memory for what it
 * is told, and groups that it is in take of that. Returns how many
 */
static unsigned int fill_up(void)
{
	struct ipv6_mreq group = { .ipv6mr_interface = 1 };
	unsigned int n;

	group.ipv6mr_multiaddr.s6_addr[0] = 0xff;
	group.ipv6mr_multiaddr.s6_addr[1] = 1;
	for (n = 0; n < 100000; n++) {
		memcpy(&group.ipv6mr_multiaddr.s6_addr[12], &n, sizeof(n));
		if (setsockopt(to, IPPROTO_IPV6, IPV6_JOIN_GROUP, &group, sizeof(group)))
			break;
	}
	assert_in_range(n, 1, 99999);
	return n;
}

static void make_room(unsigned int n)
{
	struct ipv6_mreq group = { .ipv6mr_interface = 1 };

	group.ipv6mr_multiaddr.s6_addr[0] = 0xff;
	group.ipv6mr_multiaddr.s6_addr[1] = 1;
	while (n--) {
		memcpy(&group.ipv6mr_multiaddr.s6_addr[12], &n, sizeof(n));
		setsockopt(to, IPPROTO_IPV6, IPV6_LEAVE_GROUP, &group, sizeof(group));
	}
}

/* There can be no filter: not the old one either. Later there is one again */
static void test_bare(void **state)
{
	struct ev_loop *loop = ev_loop_new(0);
	struct intake_budget budget = { .ns = BUDGET };
	struct intake i = { .loop = loop, .take = take, .budget = &budget,
			    .filter = { .family = AF_INET6 } };
	const uint16_t hint = 7;
	unsigned int groups, tries;
	uint8_t buf[2048];

	(void)state;
	open_both(AF_INET6);
	i.fd = to;
	intake_start(&i);
	assert_false(i.bare);
	send_init();
	while (!i.flooded)
		run(loop, 0.01);
	while (recv(to, buf, sizeof(buf), 0) >= 0)
		;
	intake_expect(&i, &hint, 1);
	assert_false(passes_with(11, 9));
	/* The one before makes room, but the socket needs more of it */
	intake_detach(to);
	groups = fill_up();
	i.filter.chance[INTAKE_STRANGERS] = 0;
	intake_expect(&i, &hint, 0);
	assert_true(i.bare);
	assert_true(passes_with(11, 9));
	send_init();
	run(loop, 0.3);
	assert_true(i.bare);
	/* What waits without a filter is not of another time */
	assert_int_equal(recv(to, buf, sizeof(buf), 0), sizeof(init));
	make_room(groups);
	for (tries = 0; tries < 100 && i.bare; tries++)
		run(loop, 0.1);
	assert_false(i.bare);
	assert_false(passes_with(4, 2));
	intake_stop(&i);
	close_both();
	ev_loop_destroy(loop);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_shape),
		cmocka_unit_test(test_hints),
		cmocka_unit_test(test_awaited),
		cmocka_unit_test(test_all),
		cmocka_unit_test(test_chance),
		cmocka_unit_test(test_asked),
		cmocka_unit_test(test_bare),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("intake", tests, NULL, NULL);
}
