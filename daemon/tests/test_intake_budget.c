// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * How much of a flood is read, and whose messages are kept out: with sockets of this
 * machine, and time that passes as the test says. So what others do here is nothing
 * to it, and half a minute of a flood is over at once.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <arpa/inet.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>

#include "intake.h"
#include "intake_sockets.h"

#define MS 1000000ull
#define SECOND (1000 * MS)
#define TURN (INTAKE_TURN_MS * MS)

/* What the event loop needs to come back to the same socket */
#define ROUND (100 * MS / 1000)

#define BUDGET INTAKE_BUDGET_NS

/* Little enough to be sure that there is a flood */
#define TIGHT (UINT32_MAX / 64)

/* ------------------------------------------------------------------------
 * time
 */

static uint64_t now = 1000 * SECOND;	/* that passes */
static uint64_t ran;			/* in which this thread has run */
static unsigned int others;		/* threads that want this processor, too */

int __wrap_clock_gettime(clockid_t id, struct timespec *ts);

/* In place of libc's, for the daemon's code in this program */
int __wrap_clock_gettime(clockid_t id, struct timespec *ts)
{
	uint64_t ns = id == CLOCK_THREAD_CPUTIME_ID ? ran : now;

	ts->tv_sec = (time_t)(ns / SECOND);
	ts->tv_nsec = (long)(ns % SECOND);
	return 0;
}

static void busy(uint64_t ns)
{
	ran += ns;
	now += ns * (1 + others);
}

/* ------------------------------------------------------------------------
 * a socket in a flood
 */

/**
 * struct flooded - a socket that is always readable
 * @verdict: on all messages
 * @ns: what each takes
 * @taken: how many were
 * @from: where they come from; if that is set, by turns with what costs nothing from
 *	elsewhere
 * @tag: likewise, of their cookies
 * @budget: its own, or another's
 * @intake: reads it
 * @turn_at: when the event loop calls that again
 */
struct flooded {
	enum intake_verdict verdict;
	uint64_t ns;
	unsigned int taken;
	union addr from;
	uint32_t tag;
	struct intake_budget budget;
	struct intake intake;
	uint64_t turn_at;
};

static enum intake_verdict take(void *ctx, struct intake_source *source)
{
	struct flooded *f = ctx;

	if (f->taken++ % 2 && (addr_is_set(&f->from) || f->tag))
		return f->verdict;
	source->addr = f->from;
	source->tag = f->tag;
	busy(f->ns);
	return f->verdict;
}

/* Each message takes so long, and is worth nothing */
static void start(struct flooded *f, uint64_t ns)
{
	memset(f, 0, sizeof(*f));
	open_both(AF_INET);
	f->verdict = INTAKE_WASTE;
	f->ns = ns;
	f->budget.ns = BUDGET;
	f->intake = (struct intake){ .loop = ev_loop_new(0), .fd = to, .take = take, .ctx = f,
				     .budget = &f->budget, .filter = { .family = AF_INET } };
	intake_start(&f->intake);
	send_init();
}

static void stop(struct flooded *f)
{
	intake_stop(&f->intake);
	ev_loop_destroy(f->intake.loop);
	close_both();
}

/* What the event loop does when it has come to it */
static void dispatch(struct flooded *f)
{
	struct intake *i = &f->intake;

	if (ev_is_active(&i->io)) {
		ev_invoke(i->loop, &i->io, EV_READ);
		f->turn_at = now + TURN;
	} else if (ev_is_active(&i->turn) && now >= f->turn_at) {
		ev_invoke(i->loop, &i->turn, EV_TIMER);
		f->turn_at = f->turn_at + TURN > now ? f->turn_at + TURN : now;
	}
}

static void run(struct flooded *f, unsigned int n, unsigned int ms)
{
	uint64_t end = now + ms * MS;
	unsigned int k;

	while (now < end) {
		for (k = 0; k < n; k++)
			dispatch(&f[k]);
		now += ROUND;
	}
}

/* Within ten seconds */
static void run_until_tight(struct flooded *f, unsigned int n, const uint32_t *chance)
{
	unsigned int tries;

	for (tries = 0; tries < 100 && *chance > TIGHT; tries++)
		run(f, n, 100);
	assert_true(*chance <= TIGHT);
}

static void run_until_calm(struct flooded *f)
{
	unsigned int tries;

	f->verdict = INTAKE_EMPTY;
	for (tries = 0; tries < 100 && f->intake.flooded; tries++)
		run(f, 1, 100);
	assert_false(f->intake.flooded);
	assert_false(f->intake.filter.strict);
	assert_int_equal(f->intake.filter.chance[INTAKE_STRANGERS], UINT32_MAX);
}

/* ------------------------------------------------------------------------
 * the budget
 */

/* Each message takes so long, and so many others want the processor */
static void budget_of(uint64_t ns, unsigned int busy_others)
{
	union addr known[2];
	const uint16_t hint = 7;
	struct flooded f;
	struct intake *i = &f.intake;
	uint64_t began;
	uint8_t buf[2048];
	int n;

	others = busy_others;
	start(&f, ns);
	assert_true(intake_machine() >= INTAKE_BUDGET_NS);
	for (n = 0; n < 100; n++)
		send_init();
	run_until_tight(&f, 1, &i->filter.chance[INTAKE_STRANGERS]);
	assert_true(i->flooded);
	began = ran;
	run(&f, 1, 2000);
	/* What it is, and one message more that was begun */
	assert_in_range(ran - began, 20 * BUDGET / 2, 20 * BUDGET + ns);
	/* Nobody but the peer gets through now */
	memset(known, 0, sizeof(known));
	known[1] = here;
	intake_know(i, known, 2);
	assert_int_equal(i->filter.n_known, 1);
	assert_true(i->filter.strict);
	/* What waited when less was let in, was of the flood */
	assert_int_equal(recv(to, buf, sizeof(buf), 0), -1);
	intake_expect(i, &hint, 1);
	assert_false(passes(init, sizeof(init)));
	intake_expect(i, &hint, 0);

	/* The flood ends: soon all is as before */
	run_until_calm(&f);

	/* What is of use is not bounded */
	f.verdict = INTAKE_USE;
	f.taken = 0;
	f.ns = 100000;
	run(&f, 1, 1000);
	assert_false(i->flooded);
	assert_in_range(f.taken, 900 / (1 + others), 1000000);
	stop(&f);
	others = 0;
}

static void test_budget(void **state)
{
	(void)state;
	budget_of(2000, 0);
	budget_of(20000, 0);
	budget_of(1000000, 0);
	budget_of(20000, 9);
}

/* One message takes as long as many periods have. Nothing is read until part of
 * that has passed, and that nothing was read tells nothing
 */
static void test_debt(void **state)
{
	const int64_t most = 5 * (int64_t)BUDGET;
	struct flooded f;
	struct intake *i = &f.intake;
	uint32_t chance;
	int tries;

	(void)state;
	start(&f, 20000);
	run_until_tight(&f, 1, &i->filter.chance[INTAKE_STRANGERS]);
	f.taken = 0;
	f.ns = 100 * BUDGET;
	for (tries = 0; tries < 100 && !f.taken; tries++)
		run(&f, 1, 20);
	assert_true(f.taken);
	assert_in_range(-i->credit, 1, most);
	/* Now there is nothing more; it cannot know before it may look */
	chance = i->filter.chance[INTAKE_STRANGERS];
	f.verdict = INTAKE_EMPTY;
	f.ns = 0;
	for (tries = 0; tries < 1000 && i->credit <= 0; tries++) {
		assert_int_equal(i->filter.chance[INTAKE_STRANGERS], chance);
		run(&f, 1, 10);
	}
	assert_true(i->credit > 0);
	run_until_calm(&f);
	stop(&f);
}

/* Whatever a clock does: it neither goes deaf, nor stays in a flood that is over */
static void test_time(void **state)
{
	static const uint64_t far[] = { 0, UINT64_MAX, UINT64_MAX / 2 };
	const int64_t owed = 5 * (int64_t)BUDGET, saved = (int64_t)BUDGET / 2;
	struct flooded f;
	struct intake *i = &f.intake;
	size_t n;
	int tries;

	(void)state;
	start(&f, 20000);
	for (n = 0; n < sizeof(far) / sizeof(far[0]); n++) {
		f.verdict = INTAKE_WASTE;
		i->period_end = f.budget.credited_at = far[n];
		for (tries = 0; tries < 100 && !i->flooded; tries++)
			run(&f, 1, 100);
		assert_true(i->flooded);
		i->turned_at = i->period_end = far[n];
		run(&f, 1, 100);
		assert_in_range(i->credit + owed, 0, owed + saved);
		assert_in_range(f.budget.credit + owed, 0, owed + 20 * saved);
		f.taken = 0;
		for (tries = 0; tries < 100 && !f.taken; tries++)
			run(&f, 1, 100);
		assert_true(f.taken);
		i->turned_at = i->period_end = far[n];
		run_until_calm(&f);
	}
	stop(&f);
}

/* So many of use that there is no end to them say nothing of the flood */
static void test_use(void **state)
{
	struct flooded f;
	struct intake *i = &f.intake;
	uint32_t chance;
	int tries;

	(void)state;
	start(&f, 20000);
	run_until_tight(&f, 1, &i->filter.chance[INTAKE_STRANGERS]);
	f.verdict = INTAKE_USE;
	f.ns = 1000;
	chance = i->filter.chance[INTAKE_STRANGERS];
	for (tries = 0; tries < 1000 && i->flooded; tries++) {
		run(&f, 1, 20);
		assert_true(i->filter.chance[INTAKE_STRANGERS] >= chance);
		chance = i->filter.chance[INTAKE_STRANGERS];
	}
	assert_false(i->flooded);
	stop(&f);
}

/* So many of no use, and then nothing more */
static enum intake_verdict take_few(void *ctx, struct intake_source *source)
{
	struct flooded *f = ctx;

	(void)source;
	if (!f->taken)
		return INTAKE_EMPTY;
	f->taken--;
	busy(f->ns);
	return INTAKE_WASTE;
}

/* When many peers are asked back at once that is no flood; what takes longer is */
static void test_burst(void **state)
{
	struct flooded f;
	struct intake *i = &f.intake;
	int tries;

	(void)state;
	start(&f, 30000);
	i->take = take_few;
	/* Nine tenths of what a second has */
	f.taken = 600;
	for (tries = 0; tries < 100 && f.taken; tries++) {
		run(&f, 1, 100);
		assert_false(i->flooded);
	}
	assert_int_equal(f.taken, 0);
	f.taken = 1000000;
	for (tries = 0; tries < 100 && !i->flooded; tries++)
		run(&f, 1, 100);
	assert_true(i->flooded);
	intake_stop(i);
	assert_int_equal(f.budget.flooded, 0);
	assert_int_equal(f.budget.users, 0);
	intake_stop(i);
	assert_int_equal(f.budget.users, 0);
	stop(&f);
}

/* ------------------------------------------------------------------------
 * whose messages
 */

/* A flood that takes time, forged from where one peer is, keeps out nobody else */
static void test_known(void **state)
{
	struct flooded f;
	struct intake *i = &f.intake;
	union addr known[3];

	(void)state;
	start(&f, MS);
	known[0] = known[1] = known[2] = f.from = here;
	known[0].in.sin_addr.s_addr = htonl(0xc0000201);
	known[2].in.sin_addr.s_addr = htonl(0xc0000202);
	intake_know(i, known, 3);
	run_until_tight(&f, 1, &i->filter.chance[INTAKE_KNOWN + 1]);
	assert_int_equal(i->filter.chance[INTAKE_KNOWN + 0], UINT32_MAX);
	assert_int_equal(i->filter.chance[INTAKE_KNOWN + 2], UINT32_MAX);
	assert_int_equal(i->filter.chance[INTAKE_STRANGERS], UINT32_MAX);
	assert_in_range(count_passing(1000), 0, 100);
	/* It is a stranger's address, now, and a peer goes on to be where it was */
	intake_know(i, &known[2], 1);
	assert_int_equal(i->filter.chance[INTAKE_KNOWN + 0], UINT32_MAX);
	assert_int_equal(count_passing(10), 10);
	run_until_tight(&f, 1, &i->filter.chance[INTAKE_STRANGERS]);
	assert_int_equal(i->filter.chance[INTAKE_KNOWN + 0], UINT32_MAX);
	run_until_calm(&f);
	stop(&f);
}

/* A flood with cookies of ours, or one without, keeps out nobody else */
static void test_asked(void **state)
{
	static const uint32_t tags[] = { 77, 78 };
	struct flooded f;
	struct intake *i = &f.intake;
	uint32_t *chance = i->filter.chance;

	(void)state;
	start(&f, MS);
	intake_vouch(i, tags, 2);
	f.tag = 78;
	run_until_tight(&f, 1, &chance[INTAKE_ASKED]);
	assert_int_equal(chance[INTAKE_STRANGERS], UINT32_MAX);
	assert_int_equal(count_passing(10), 10);
	run_until_calm(&f);
	assert_int_equal(chance[INTAKE_ASKED], UINT32_MAX);
	/* Of a secret that there is no more */
	intake_vouch(i, tags, 1);
	f.verdict = INTAKE_WASTE;
	run_until_tight(&f, 1, &chance[INTAKE_STRANGERS]);
	assert_int_equal(chance[INTAKE_ASKED], UINT32_MAX);
	assert_in_range(count_passing(1000), 0, 100);
	stop(&f);
}

/* So many are asked back, and then so many prove to be peers. Each takes @ns */
struct herd {
	unsigned int ask, prove;
	unsigned int at;
	uint32_t tag;
	uint64_t ns;
};

static enum intake_verdict take_herd(void *ctx, struct intake_source *source)
{
	struct herd *h = ctx;

	busy(h->ns);
	if (h->at++ < h->ask) {
		source->asked = true;
		return INTAKE_WASTE;
	}
	if (h->at == h->ask + h->prove)
		h->at = 0;
	source->tag = h->tag;
	return INTAKE_USE;
}

static void start_herd(struct flooded *f, struct herd *h)
{
	static const uint32_t tag = 77;

	start(f, 0);
	f->intake.take = take_herd;
	f->intake.ctx = h;
	intake_vouch(&f->intake, &tag, 1);
}

/* However many peers come at once, that is no flood. Half of the time goes to asking
 * them: 25 times what there is of it
 */
static void test_herd(void **state)
{
	struct herd h = { .ask = 16, .prove = 16, .tag = 77, .ns = 100000 };
	struct flooded f;
	int tries;

	(void)state;
	start_herd(&f, &h);
	run(&f, 1, 20000);
	assert_false(f.intake.flooded);
	assert_in_range(f.budget.credit, 10 * BUDGET - 17 * h.ns, 10 * BUDGET);
	/* Those are no peers */
	h.tag = 78;
	for (tries = 0; tries < 100 && !f.intake.flooded; tries++)
		run(&f, 1, 100);
	assert_true(f.intake.flooded);
	stop(&f);
}

static void read_once(struct intake *i)
{
	ev_invoke(i->loop, &i->io, EV_READ);
}

/* No more than was charged, nor than there can be; and none for who was not asked */
static void test_given_back(void **state)
{
	struct herd h = { .ask = 16, .prove = 100, .tag = 77, .ns = MS };
	struct flooded f;
	struct intake *i = &f.intake;
	int64_t credit;
	unsigned int n;

	(void)state;
	start_herd(&f, &h);
	f.budget.credited_at = now;
	f.budget.credit = 19 * MS;
	read_once(i);
	assert_int_equal(i->asked, 16);
	assert_int_equal(i->asked_ns, 16 * MS);
	assert_int_equal(i->spent, 16 * MS);
	assert_int_equal(f.budget.credit, 3 * MS);
	f.budget.credited_at = now;
	h.ns = 0;
	for (n = 1; n <= 16; n++) {
		read_once(i);
		assert_int_equal(i->asked, 16 - n);
		assert_int_equal(i->spent, (16 - n) * MS);
		assert_int_equal(f.budget.credit, (3 + n) * MS);
	}
	credit = f.budget.credit;
	read_once(i);
	assert_int_equal(f.budget.credit, credit);
	i->asked = 2;
	i->asked_ns = 4 * MS;
	read_once(i);
	assert_int_equal(f.budget.credit, 10 * BUDGET);
	assert_int_equal(i->asked_ns, 2 * MS);
	stop(&f);
}

/* One turn, of those that prove to be peers only; so many were asked */
static void take_turn_of(struct intake *i, unsigned int asked, int64_t credit)
{
	i->asked = asked;
	i->asked_ns = asked * 100000ull;
	i->credit = i->budget->pool = credit;
	i->turned_at = i->budget->credited_at = now;
	ev_invoke(i->loop, &i->turn, EV_TIMER);
}

/* In a flood: to the socket that asked, and to all */
static void test_given_back_in_flood(void **state)
{
	struct herd h = { .ask = UINT32_MAX, .tag = 77, .ns = 20000 };
	struct flooded f;
	struct intake *i = &f.intake;
	int tries;

	(void)state;
	start_herd(&f, &h);
	for (tries = 0; tries < 100 && !i->flooded; tries++)
		run(&f, 1, 100);
	assert_true(i->flooded && i->asked);
	h = (struct herd){ .prove = UINT32_MAX, .tag = 77 };
	take_turn_of(i, 5, 100000);
	assert_int_equal(i->credit, 600000);
	assert_int_equal(f.budget.pool, 600000);
	take_turn_of(i, 50, 100000);
	assert_int_equal(i->credit, BUDGET / 2);
	assert_int_equal(f.budget.pool, BUDGET / 2);
	h.tag = 78;
	take_turn_of(i, 5, 100000);
	assert_int_equal(i->credit, 100000);
	stop(&f);
}

/* Of two sockets that have one budget: a flood of one takes half of it, while the
 * other is none the worse; floods of both take half of it each. Half of it is time
 * for 1000 messages in two seconds
 */
static void test_common(void **state)
{
	struct flooded f[2];
	int n, fd[2];

	(void)state;
	for (n = 0; n < 2; n++) {
		start(&f[n], 20000);
		fd[n] = from;
	}
	/* Nothing comes to the other one */
	intake_stop(&f[1].intake);
	f[1].verdict = INTAKE_EMPTY;
	f[1].intake.budget = &f[0].budget;
	intake_start(&f[1].intake);
	run_until_tight(f, 2, &f[0].intake.filter.chance[INTAKE_STRANGERS]);
	assert_true(f[0].intake.flooded);
	f[0].taken = 0;
	run(f, 2, 2000);
	assert_in_range(f[0].taken, 500, 1001);
	assert_false(f[1].intake.flooded);
	assert_int_equal(f[1].intake.filter.chance[INTAKE_STRANGERS], UINT32_MAX);
	assert_int_equal(f[0].budget.flooded, 1);
	f[1].verdict = INTAKE_WASTE;
	run_until_tight(f, 2, &f[1].intake.filter.chance[INTAKE_STRANGERS]);
	assert_true(f[0].intake.flooded && f[1].intake.flooded);
	assert_int_equal(f[0].budget.flooded, 2);
	f[0].taken = f[1].taken = 0;
	run(f, 2, 2000);
	assert_in_range(f[0].taken, 500, 1001);
	assert_in_range(f[1].taken, 500, 1001);
	for (n = 0; n < 2; n++) {
		to = f[n].intake.fd;
		from = fd[n];
		stop(&f[n]);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_budget),
		cmocka_unit_test(test_debt),
		cmocka_unit_test(test_time),
		cmocka_unit_test(test_use),
		cmocka_unit_test(test_burst),
		cmocka_unit_test(test_known),
		cmocka_unit_test(test_asked),
		cmocka_unit_test(test_herd),
		cmocka_unit_test(test_given_back),
		cmocka_unit_test(test_given_back_in_flood),
		cmocka_unit_test(test_common),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("intake_budget", tests, NULL, NULL);
}
