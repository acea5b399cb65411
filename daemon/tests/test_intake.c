// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The filter on a socket, with sockets of this machine; and how much of a flood
 * is read.
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
#include <time.h>
#include <unistd.h>

#include <cipe/wire.h>

#include "intake.h"

#define INIT_LEN 150

/* So little that a flood is one on a busy machine, too */
#define BUDGET (INTAKE_BUDGET_NS / 4)

static int from, to;
static union addr here;
static const union addr unset;

/* An INIT as far as the filter looks */
static const uint8_t init[INIT_LEN] = { 0, 0, 0, 0, 1, 1, 2, 0, 3, 0, 0, 0 };

static void open_both(int family)
{
	socklen_t len;

	memset(&here, 0, sizeof(here));
	here.sa.sa_family = (sa_family_t)family;
	if (family == AF_INET)
		here.in.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	else
		here.in6.sin6_addr = in6addr_loopback;
	len = addr_len(&here);
	to = socket(family, SOCK_DGRAM | SOCK_NONBLOCK, 0);
	from = socket(family, SOCK_DGRAM, 0);
	assert_int_equal(bind(to, &here.sa, len), 0);
	assert_int_equal(getsockname(to, &here.sa, &len), 0);
	assert_int_equal(connect(from, &here.sa, len), 0);
}

static void close_both(void)
{
	close(from);
	close(to);
}

static int passes(const uint8_t *msg, size_t len)
{
	uint8_t buf[2048];

	assert_int_equal(send(from, msg, len, 0), len);
	return recv(to, buf, sizeof(buf), 0) == (ssize_t)len;
}

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
	struct intake_filter f = { .family = AF_INET, .chance = UINT32_MAX };
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
	struct intake_filter f = { .family = AF_INET, .chance = UINT32_MAX,
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
	struct intake_filter f = { .family = AF_INET, .chance = UINT32_MAX, .strict = true };
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

/* All that there can be in a filter at once */
static void test_all(void **state)
{
	struct intake_filter f = { .family = AF_INET6, .strict = true,
				   .n_hints = INTAKE_HINTS_MAX, .n_awaited = INTAKE_AWAITED_MAX,
				   .n_known = INTAKE_KNOWN_MAX };
	unsigned int i;

	(void)state;
	open_both(AF_INET6);
	for (i = 0; i < 8; i++) {
		f.hints[i] = (uint16_t)(1 + i);
		f.awaited[i] = 1 + i;
		f.known[i] = here;
		f.known[i].in6.sin6_addr.s6_addr[15] ^= (uint8_t)(2 + i);
		f.known_chance[i] = UINT32_MAX - 1;
	}
	assert_int_equal(intake_attach(to, &f), 0);
	assert_false(passes_with(11, 8));
	f.known[7] = here;
	assert_int_equal(intake_attach(to, &f), 0);
	assert_true(passes_with(11, 1));
	assert_true(passes_with(11, 8));
	assert_false(passes_with(11, 9));
	assert_true(passes_session(CIPE_WIRE_RESPONSE, 8));
	assert_false(passes_session(CIPE_WIRE_RESPONSE, 9));
	close_both();
}

static unsigned int count_passing(unsigned int sent)
{
	unsigned int i, n = 0;

	for (i = 0; i < sent; i++)
		n += (unsigned int)passes(init, sizeof(init));
	return n;
}

/* An eighth of 8000: more than six standard deviations off is no chance */
static void chance_at(int family)
{
	struct intake_filter f = { .family = family, .chance = UINT32_MAX / 8 };
	unsigned int n;

	open_both(family);
	assert_int_equal(intake_attach(to, &f), 0);
	n = count_passing(8000);
	assert_in_range(n, 1000 - 180, 1000 + 180);
	/* All from where a peer is, whatever its port */
	f.n_known = INTAKE_KNOWN_MAX;
	f.known[INTAKE_KNOWN_MAX - 1] = here;
	addr_set_port(&f.known[INTAKE_KNOWN_MAX - 1], 1);
	f.known_chance[INTAKE_KNOWN_MAX - 1] = UINT32_MAX;
	assert_int_equal(intake_attach(to, &f), 0);
	assert_int_equal(count_passing(1000), 1000);
	/* Or fewer of these, and all others */
	f.known_chance[INTAKE_KNOWN_MAX - 1] = UINT32_MAX / 2;
	assert_int_equal(intake_attach(to, &f), 0);
	assert_in_range(count_passing(1000), 400, 600);
	f.chance = UINT32_MAX;
	assert_int_equal(intake_attach(to, &f), 0);
	assert_in_range(count_passing(1000), 400, 600);
	f.known[INTAKE_KNOWN_MAX - 1] = unset;
	assert_int_equal(intake_attach(to, &f), 0);
	assert_int_equal(count_passing(1000), 1000);
	f.chance = UINT32_MAX / 8;
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

/* A socket that always has more, all of it worth nothing, or of use */
struct source {
	enum intake_verdict verdict;
	uint64_t ns;
	unsigned int taken;
	union addr from;
};

static void busy(uint64_t ns)
{
	struct timespec ts;
	uint64_t end, now;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &ts);
	end = (uint64_t)ts.tv_sec * 1000000000u + (uint64_t)ts.tv_nsec + ns;
	do {
		clock_gettime(CLOCK_THREAD_CPUTIME_ID, &ts);
		now = (uint64_t)ts.tv_sec * 1000000000u + (uint64_t)ts.tv_nsec;
	} while (now < end);
}

static enum intake_verdict take(void *ctx, union addr *sender)
{
	struct source *source = ctx;

	/* From there, and what costs nothing from elsewhere, in turn */
	if (source->taken++ % 2 && addr_is_set(&source->from))
		return source->verdict;
	*sender = source->from;
	busy(source->ns);
	return source->verdict;
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

static uint64_t ran_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &ts);
	return (uint64_t)ts.tv_sec * 1000 + (uint64_t)ts.tv_nsec / 1000000;
}

/* Each message takes so long */
static void budget_of(uint64_t ns)
{
	struct ev_loop *loop = ev_loop_new(0);
	struct source source = { .verdict = INTAKE_WASTE, .ns = ns };
	struct intake_budget budget = { .ns = BUDGET };
	struct intake i = { .loop = loop, .take = take, .ctx = &source, .budget = &budget,
			    .filter = { .family = AF_INET } };
	union addr known[2] = { unset };
	const uint16_t hint = 7;
	uint64_t began, limit;
	uint8_t buf[2048];
	int tries;

	open_both(AF_INET);
	i.fd = to;
	intake_start(&i);
	limit = budget.ns * 20 / 1000000;
	assert_true(intake_machine() >= INTAKE_BUDGET_NS);
	for (tries = 0; tries < 100; tries++)
		assert_int_equal(send(from, init, sizeof(init), 0), sizeof(init));
	/* Others may want this processor, too */
	for (tries = 0; tries < 100 && i.filter.chance > UINT32_MAX / 64; tries++)
		run(loop, 0.2);
	assert_true(i.flooded);
	assert_true(i.filter.chance <= UINT32_MAX / 64);
	began = ran_ms();
	run(loop, 2.);
	/* What it is, and half as much again */
	assert_in_range(ran_ms() - began, limit / 8, limit + limit / 2);
	/* Nobody but the peer gets through now */
	known[1] = here;
	intake_know(&i, known, 2);
	assert_int_equal(i.filter.n_known, 1);
	assert_true(i.filter.strict);
	/* What waited when less was let in, was of the flood */
	assert_int_equal(recv(to, buf, sizeof(buf), 0), -1);
	intake_expect(&i, &hint, 1);
	assert_false(passes(init, sizeof(init)));
	intake_expect(&i, &hint, 0);

	/* The flood ends: soon all is as before */
	source.verdict = INTAKE_EMPTY;
	for (tries = 0; tries < 100 && i.flooded; tries++)
		run(loop, 0.2);
	assert_false(i.flooded);
	assert_false(i.filter.strict);
	assert_int_equal(i.filter.chance, UINT32_MAX);

	/* What is of use is not bounded */
	assert_int_equal(send(from, init, sizeof(init), 0), sizeof(init));
	source.verdict = INTAKE_USE;
	source.taken = 0;
	source.ns = 100000;
	for (tries = 0; tries < 100 && source.taken < 500; tries++)
		run(loop, 0.2);
	assert_false(i.flooded);
	assert_in_range(source.taken, 500, 1000000);
	intake_stop(&i);
	close_both();
	ev_loop_destroy(loop);
}

/* One message takes as long as many periods have. Nothing is read until part of
 * that has passed, and that nothing was read tells nothing
 */
static void test_debt(void **state)
{
	struct ev_loop *loop = ev_loop_new(0);
	struct source source = { .verdict = INTAKE_WASTE, .ns = 20000 };
	struct intake_budget budget = { .ns = BUDGET };
	struct intake i = { .loop = loop, .take = take, .ctx = &source, .budget = &budget,
			    .filter = { .family = AF_INET } };
	int64_t most = 5 * (int64_t)budget.ns;
	uint32_t chance;
	int tries;

	(void)state;
	open_both(AF_INET);
	i.fd = to;
	intake_start(&i);
	assert_int_equal(send(from, init, sizeof(init), 0), sizeof(init));
	for (tries = 0; tries < 100 && i.filter.chance > UINT32_MAX / 64; tries++)
		run(loop, 0.2);
	assert_true(i.flooded);
	source.taken = 0;
	source.ns = 100 * budget.ns;
	for (tries = 0; tries < 100 && !source.taken; tries++)
		run(loop, 0.02);
	assert_true(source.taken);
	assert_in_range(-i.credit, 1, most);
	/* Now there is nothing more; it cannot know before it may look */
	chance = i.filter.chance;
	source.verdict = INTAKE_EMPTY;
	source.ns = 0;
	for (tries = 0; tries < 1000 && i.credit <= 0; tries++) {
		assert_int_equal(i.filter.chance, chance);
		run(loop, 0.01);
	}
	assert_true(i.credit > 0);
	for (tries = 0; tries < 100 && i.flooded; tries++)
		run(loop, 0.2);
	assert_false(i.flooded);
	intake_stop(&i);
	close_both();
	ev_loop_destroy(loop);
}

/* Whatever a clock does: it neither goes deaf, nor stays in a flood that is over */
static void test_time(void **state)
{
	static const uint64_t far[] = { 0, UINT64_MAX, UINT64_MAX / 2 };
	struct ev_loop *loop = ev_loop_new(0);
	struct source source = { .verdict = INTAKE_WASTE, .ns = 20000 };
	struct intake_budget budget = { .ns = BUDGET };
	struct intake i = { .loop = loop, .take = take, .ctx = &source, .budget = &budget,
			    .filter = { .family = AF_INET } };
	int64_t owed = 5 * (int64_t)budget.ns, saved = (int64_t)budget.ns / 2;
	size_t n;
	int tries;

	(void)state;
	open_both(AF_INET);
	i.fd = to;
	intake_start(&i);
	assert_int_equal(send(from, init, sizeof(init), 0), sizeof(init));
	for (n = 0; n < sizeof(far) / sizeof(far[0]); n++) {
		source.verdict = INTAKE_WASTE;
		i.period_end = budget.credited_at = far[n];
		for (tries = 0; tries < 100 && !i.flooded; tries++)
			run(loop, 0.1);
		assert_true(i.flooded);
		i.turned_at = i.period_end = far[n];
		run(loop, 0.1);
		assert_in_range(i.credit + owed, 0, owed + saved);
		assert_in_range(budget.credit + owed, 0, owed + 20 * saved);
		source.taken = 0;
		for (tries = 0; tries < 100 && !source.taken; tries++)
			run(loop, 0.1);
		assert_true(source.taken);
		source.verdict = INTAKE_EMPTY;
		i.turned_at = i.period_end = far[n];
		for (tries = 0; tries < 100 && i.flooded; tries++)
			run(loop, 0.1);
		assert_false(i.flooded);
		assert_int_equal(send(from, init, sizeof(init), 0), sizeof(init));
	}
	intake_stop(&i);
	close_both();
	ev_loop_destroy(loop);
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
	struct source source = { .verdict = INTAKE_WASTE };
	struct intake_budget budget = { .ns = BUDGET };
	struct intake i = { .loop = loop, .take = take, .ctx = &source, .budget = &budget,
			    .filter = { .family = AF_INET6 } };
	const uint16_t hint = 7;
	unsigned int groups;
	uint8_t buf[2048];

	(void)state;
	open_both(AF_INET6);
	i.fd = to;
	intake_start(&i);
	assert_false(i.bare);
	assert_int_equal(send(from, init, sizeof(init), 0), sizeof(init));
	while (!i.flooded)
		run(loop, 0.1);
	while (recv(to, buf, sizeof(buf), 0) >= 0)
		;
	intake_expect(&i, &hint, 1);
	assert_false(passes_with(11, 9));
	/* The one before makes room, but the socket needs more of it */
	intake_detach(to);
	groups = fill_up();
	i.filter.chance = 0;
	intake_expect(&i, &hint, 0);
	assert_true(i.bare);
	assert_true(passes_with(11, 9));
	assert_int_equal(send(from, init, sizeof(init), 0), sizeof(init));
	run(loop, 0.5);
	assert_true(i.bare);
	/* What waits without a filter is not of another time */
	assert_int_equal(recv(to, buf, sizeof(buf), 0), sizeof(init));
	make_room(groups);
	run(loop, 0.5);
	assert_false(i.bare);
	assert_false(passes_with(4, 2));
	intake_stop(&i);
	close_both();
	ev_loop_destroy(loop);
}

/* So many of use that there is no end to them say nothing of the flood */
static void test_use(void **state)
{
	struct ev_loop *loop = ev_loop_new(0);
	struct source source = { .verdict = INTAKE_WASTE, .ns = 20000 };
	struct intake_budget budget = { .ns = BUDGET };
	struct intake i = { .loop = loop, .take = take, .ctx = &source, .budget = &budget,
			    .filter = { .family = AF_INET } };
	uint32_t chance;
	int tries;

	(void)state;
	open_both(AF_INET);
	i.fd = to;
	intake_start(&i);
	assert_int_equal(send(from, init, sizeof(init), 0), sizeof(init));
	for (tries = 0; tries < 100 && i.filter.chance > UINT32_MAX / 64; tries++)
		run(loop, 0.1);
	source.verdict = INTAKE_USE;
	source.ns = 1000;
	chance = i.filter.chance;
	for (tries = 0; tries < 1000 && i.flooded; tries++) {
		run(loop, 0.02);
		assert_true(i.filter.chance >= chance);
		chance = i.filter.chance;
	}
	assert_false(i.flooded);
	intake_stop(&i);
	close_both();
	ev_loop_destroy(loop);
}

/* A flood that takes time, forged from where one peer is, keeps out nobody else */
static void test_known(void **state)
{
	struct ev_loop *loop = ev_loop_new(0);
	struct source source = { .verdict = INTAKE_WASTE, .ns = 1000000 };
	struct intake_budget budget = { .ns = BUDGET };
	struct intake i = { .loop = loop, .take = take, .ctx = &source, .budget = &budget,
			    .filter = { .family = AF_INET } };
	union addr known[3];
	int tries;

	(void)state;
	open_both(AF_INET);
	i.fd = to;
	intake_start(&i);
	known[0] = known[1] = known[2] = source.from = here;
	known[0].in.sin_addr.s_addr = htonl(0xc0000201);
	known[2].in.sin_addr.s_addr = htonl(0xc0000202);
	intake_know(&i, known, 3);
	assert_int_equal(send(from, init, sizeof(init), 0), sizeof(init));
	for (tries = 0; tries < 200 && i.filter.known_chance[1] > UINT32_MAX / 64; tries++)
		run(loop, 0.1);
	assert_true(i.filter.known_chance[1] <= UINT32_MAX / 64);
	assert_int_equal(i.filter.known_chance[0], UINT32_MAX);
	assert_int_equal(i.filter.known_chance[2], UINT32_MAX);
	assert_int_equal(i.filter.chance, UINT32_MAX);
	assert_in_range(count_passing(1000), 0, 100);
	/* It is a stranger's address, now, and a peer goes on to be where it was */
	intake_know(&i, &known[2], 1);
	assert_int_equal(i.filter.known_chance[0], UINT32_MAX);
	assert_int_equal(count_passing(10), 10);
	for (tries = 0; tries < 200 && i.filter.chance > UINT32_MAX / 64; tries++)
		run(loop, 0.1);
	assert_true(i.filter.chance <= UINT32_MAX / 64);
	assert_int_equal(i.filter.known_chance[0], UINT32_MAX);
	/* The flood ends */
	source.verdict = INTAKE_EMPTY;
	for (tries = 0; tries < 100 && i.flooded; tries++)
		run(loop, 0.2);
	assert_false(i.flooded);
	assert_int_equal(i.filter.chance, UINT32_MAX);
	intake_stop(&i);
	close_both();
	ev_loop_destroy(loop);
}

/* So many of no use, and then nothing more */
static enum intake_verdict take_few(void *ctx, union addr *sender)
{
	struct source *source = ctx;

	(void)sender;
	if (!source->taken)
		return INTAKE_EMPTY;
	source->taken--;
	busy(source->ns);
	return INTAKE_WASTE;
}

/* When many peers are asked back at once that is no flood; what takes longer is */
static void test_burst(void **state)
{
	struct ev_loop *loop = ev_loop_new(0);
	struct source source = { .ns = 30000, .taken = 150 };
	struct intake_budget budget = { .ns = BUDGET };
	struct intake i = { .loop = loop, .take = take_few, .ctx = &source, .budget = &budget,
			    .filter = { .family = AF_INET } };
	int tries;

	(void)state;
	open_both(AF_INET);
	i.fd = to;
	intake_start(&i);
	assert_int_equal(send(from, init, sizeof(init), 0), sizeof(init));
	for (tries = 0; tries < 100 && source.taken; tries++) {
		run(loop, 0.1);
		assert_false(i.flooded);
	}
	assert_int_equal(source.taken, 0);
	source.taken = 1000000;
	for (tries = 0; tries < 100 && !i.flooded; tries++)
		run(loop, 0.1);
	assert_true(i.flooded);
	intake_stop(&i);
	assert_int_equal(budget.flooded, 0);
	assert_int_equal(budget.users, 0);
	intake_stop(&i);
	assert_int_equal(budget.users, 0);
	close_both();
	ev_loop_destroy(loop);
}

/* Of two sockets that have one budget: a flood of one takes half of it, while the
 * other is none the worse; floods of both take half of it each. Half of it is time
 * for 250 messages in two seconds
 */
static void test_common(void **state)
{
	struct ev_loop *loop = ev_loop_new(0);
	struct source source[2] = { { .verdict = INTAKE_WASTE, .ns = 20000 },
				    { .verdict = INTAKE_EMPTY, .ns = 20000 } };
	struct intake_budget budget = { .ns = BUDGET };
	struct intake i[2];
	int n, fd[2], tries;

	(void)state;
	for (n = 0; n < 2; n++) {
		open_both(AF_INET);
		i[n] = (struct intake){ .loop = loop, .fd = to, .take = take, .ctx = &source[n],
					.budget = &budget, .filter = { .family = AF_INET } };
		fd[n] = from;
		intake_start(&i[n]);
	}
	assert_int_equal(send(fd[0], init, sizeof(init), 0), sizeof(init));
	for (tries = 0; tries < 100 && i[0].filter.chance > UINT32_MAX / 64; tries++)
		run(loop, 0.1);
	assert_true(i[0].flooded);
	source[0].taken = 0;
	run(loop, 2.);
	assert_in_range(source[0].taken, 1, 375);
	assert_false(i[1].flooded);
	assert_int_equal(i[1].filter.chance, UINT32_MAX);
	assert_int_equal(budget.flooded, 1);
	source[1].verdict = INTAKE_WASTE;
	assert_int_equal(send(fd[1], init, sizeof(init), 0), sizeof(init));
	for (tries = 0; tries < 100 && i[1].filter.chance > UINT32_MAX / 64; tries++)
		run(loop, 0.1);
	assert_true(i[0].flooded && i[1].flooded);
	assert_int_equal(budget.flooded, 2);
	source[0].taken = source[1].taken = 0;
	run(loop, 2.);
	assert_in_range(source[0].taken, 1, 375);
	assert_in_range(source[1].taken, 1, 375);
	for (n = 0; n < 2; n++) {
		intake_stop(&i[n]);
		close(fd[n]);
		close(i[n].fd);
	}
	ev_loop_destroy(loop);
}

static void test_budget(void **state)
{
	(void)state;
	budget_of(2000);
	budget_of(20000);
	budget_of(1000000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_shape),
		cmocka_unit_test(test_hints),
		cmocka_unit_test(test_awaited),
		cmocka_unit_test(test_all),
		cmocka_unit_test(test_chance),
		cmocka_unit_test(test_budget),
		cmocka_unit_test(test_debt),
		cmocka_unit_test(test_time),
		cmocka_unit_test(test_bare),
		cmocka_unit_test(test_use),
		cmocka_unit_test(test_known),
		cmocka_unit_test(test_burst),
		cmocka_unit_test(test_common),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("intake", tests, NULL, NULL);
}
