// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Many sockets in floods at once, which share one budget: it holds, and each has its
 * turn. Time passes as the test says.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "intake.h"

#define US 1000ull
#define MS (1000 * US)
#define SECOND (1000 * MS)
#define TURN (INTAKE_TURN_MS * MS)

/* What the event loop needs to come back to the same socket */
#define ROUND MS

#define SOCKETS_MAX 1000

/* ------------------------------------------------------------------------
 * time
 */

static uint64_t now = 1000 * SECOND;	/* that passes */
static uint64_t ran;			/* in which this thread has run */

/* In place of libc's */
int clock_gettime(clockid_t id, struct timespec *ts)
{
	uint64_t ns = id == CLOCK_THREAD_CPUTIME_ID ? ran : now;

	ts->tv_sec = (time_t)(ns / SECOND);
	ts->tv_nsec = (long)(ns % SECOND);
	return 0;
}

/* ------------------------------------------------------------------------
 * sockets
 */

/**
 * struct flooded - a socket to which comes what is worth nothing
 * @waiting: so many messages; there are more then
 * @taken: so many were read
 * @intake: reads it
 * @turn_at: when the event loop calls that again
 */
struct flooded {
	unsigned int waiting;
	unsigned int taken;
	struct intake intake;
	uint64_t turn_at;
};

static struct ev_loop *loop;
static struct intake_budget budget;
static struct flooded flooded[SOCKETS_MAX];
static unsigned int count;
static uint64_t cost;		/* of a message */
static uint64_t outlier;	/* of the next one; 0: as others */

static enum intake_verdict take(void *ctx, struct intake_source *source)
{
	struct flooded *f = ctx;
	uint64_t ns = outlier ? outlier : cost;

	(void)source;
	if (!f->waiting)
		return INTAKE_EMPTY;
	f->waiting--;
	f->taken++;
	outlier = 0;
	ran += ns;
	now += ns;
	return INTAKE_WASTE;
}

/* Each message of @n sockets takes so long. One real socket is enough: nothing comes
 * to it.
 */
static void start(unsigned int n, uint64_t ns, unsigned int processors)
{
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK, 0);
	unsigned int k;

	assert_true(fd >= 0);
	loop = ev_loop_new(0);
	memset(&budget, 0, sizeof(budget));
	memset(flooded, 0, sizeof(flooded));
	budget.ns = (uint64_t)INTAKE_BUDGET_NS * processors;
	cost = ns;
	count = n;
	for (k = 0; k < n; k++) {
		flooded[k].intake = (struct intake){ .loop = loop, .fd = fd, .take = take,
						     .ctx = &flooded[k], .budget = &budget,
						     .filter = { .family = AF_INET } };
		intake_start(&flooded[k].intake);
	}
}

static void stop(void)
{
	unsigned int k;

	for (k = 0; k < count; k++)
		intake_stop(&flooded[k].intake);
	assert_int_equal(budget.users, 0);
	assert_int_equal(budget.flooded, 0);
	close(flooded[0].intake.fd);
	ev_loop_destroy(loop);
}

/* What the event loop does when it has come to it */
static void dispatch(struct flooded *f)
{
	struct intake *i = &f->intake;

	if (ev_is_active(&i->io) && f->waiting) {
		ev_invoke(loop, &i->io, EV_READ);
		f->turn_at = now + TURN;
	} else if (ev_is_active(&i->turn) && now >= f->turn_at) {
		ev_invoke(loop, &i->turn, EV_TIMER);
		f->turn_at = f->turn_at + TURN > now ? f->turn_at + TURN : now;
	}
}

/* Each @every milliseconds so many messages come to each socket; 0: always */
static void run(unsigned int seconds, unsigned int every, unsigned int messages)
{
	uint64_t end = now + seconds * SECOND, next = now;
	unsigned int k;

	while (now < end) {
		bool more = now >= next;

		if (more)
			next += every * MS;
		for (k = 0; k < count; k++) {
			if (more)
				flooded[k].waiting = messages;
			dispatch(&flooded[k]);
		}
		now += ROUND;
	}
}

static uint64_t budget_of(unsigned int seconds)
{
	return budget.ns * seconds * 1000 / INTAKE_PERIOD_MS;
}

/* ------------------------------------------------------------------------
 * tests
 */

static void flood(unsigned int n, uint64_t ns, unsigned int processors, unsigned int seconds)
{
	uint64_t first = ran, began, most;
	unsigned int k;

	start(n, ns, processors);
	run(10, 0, 1000000);
	assert_int_equal(budget.flooded, n);
	/* A second's time was saved up; and who has had none yet does not know what a
	 * message takes
	 */
	assert_in_range(ran - first, 1, budget_of(11) + 20 * budget.ns);
	for (k = 0; k < n; k++)
		flooded[k].taken = 0;
	began = ran;
	run(seconds, 0, 1000000);
	/* One message more that was begun, and what turns may have left */
	most = budget_of(seconds) + ns + budget.ns / 2;
	assert_in_range(ran - began, budget_of(seconds) / 10 * 9, most);
	for (k = 0; k < n; k++)
		assert_in_range(flooded[k].taken, most / n / ns / 2, most / n / ns * 2 + 2);
	stop();
}

static void test_all_flooded(void **state)
{
	(void)state;
	flood(1, 50 * US, 1, 10);
	flood(16, 50 * US, 1, 10);
	flood(17, 50 * US, 1, 10);
	flood(128, 50 * US, 1, 10);
	flood(1000, 50 * US, 1, 20);
	flood(1000, 50 * US, INTAKE_PROCESSORS_MAX, 10);
}

/* More than half a second's share: a slow machine, with many ports */
static void test_dear_messages(void **state)
{
	(void)state;
	flood(2, 2 * MS, 1, 20);
	flood(16, 2 * MS, 1, 20);
	flood(100, 2 * MS, 1, 60);
	flood(400, 1 * MS, 1, 120);
}

/* Not enough on any socket to be a flood for longer than that lasts */
static void test_a_little_on_each(void **state)
{
	uint64_t began;

	(void)state;
	start(1000, 50 * US, 1);
	run(5, 1200, 16);
	began = ran;
	run(60, 1200, 16);
	assert_in_range(ran - began, 1, budget_of(60) + 5 * budget.ns);
	stop();
}

/* One of few is in debt by far: others wait for half a second or so, no longer */
static void test_outlier(void **state)
{
	unsigned int k;

	(void)state;
	start(32, 50 * US, 1);
	run(10, 0, 1000000);
	outlier = 30 * MS;
	run(1, 0, 1000000);
	assert_int_equal(outlier, 0);
	for (k = 0; k < count; k++)
		flooded[k].taken = 0;
	run(4, 0, 1000000);
	for (k = 0; k < count; k++)
		assert_in_range(flooded[k].taken, 1, UINT32_MAX);
	stop();
}

/* When it is over, it is over for all */
static void test_calm_again(void **state)
{
	unsigned int k;

	(void)state;
	start(200, 50 * US, 1);
	run(10, 0, 1000000);
	run(120, 0, 0);
	assert_int_equal(budget.flooded, 0);
	for (k = 0; k < count; k++)
		assert_int_equal(flooded[k].intake.filter.chance[INTAKE_STRANGERS], UINT32_MAX);
	stop();
}

/* What all spent together before they were flooded is not owed for minutes */
static void test_common_debt(void **state)
{
	(void)state;
	start(250, MS, 2);
	run(2, 0, 1000000);
	assert_int_equal(budget.flooded, count);
	assert_in_range(budget.credit + (int64_t)budget.ns, 0, budget.ns + budget.ns * 10);
	run(120, 0, 0);
	assert_int_equal(budget.flooded, 0);
	stop();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_all_flooded),
		cmocka_unit_test(test_dear_messages),
		cmocka_unit_test(test_a_little_on_each),
		cmocka_unit_test(test_outlier),
		cmocka_unit_test(test_calm_again),
		cmocka_unit_test(test_common_debt),
	};

	return cmocka_run_group_tests_name("intake_shares", tests, NULL, NULL);
}
