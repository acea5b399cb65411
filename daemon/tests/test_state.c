// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Time stamps that outlive the daemon.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "log.h"
#include "state.h"

void log_msg(int priority, const char *fmt, ...)
{
	(void)priority;
	(void)fmt;
}

void log_limited(struct log_limit *limit, int priority, const char *fmt, ...)
{
	(void)limit;
	(void)priority;
	(void)fmt;
}

/* Every test has a link of its own */
static const uint8_t *link_id(uint8_t n)
{
	static uint8_t id[STATE_ID_LEN] = "link ";

	id[5] = n;
	return id;
}

static char dir[] = "/tmp/test_state.XXXXXX";

static void test_remembers(void **state)
{
	struct state st;
	struct stat file;

	(void)state;
	assert_int_equal(state_open(&st, dir, link_id(0)), 0);
	assert_int_equal(st.accepted, 0);
	assert_int_equal(state_accept(&st, 1000), 0);
	assert_int_equal(state_stamp(&st, 2000), 2000);
	assert_int_equal(state_open(&st, dir, link_id(0)), 0);
	assert_int_equal(st.accepted, 1000);
	assert_int_equal(st.sent, 2000);
	assert_int_equal(stat(st.path, &file), 0);
	assert_int_equal(file.st_mode & 0777, 0600);
	/* An older one changes nothing */
	state_accept(&st, 10);
	assert_int_equal(st.accepted, 1000);
}

static void test_clock_goes_back(void **state)
{
	struct state st;

	(void)state;
	assert_int_equal(state_open(&st, dir, link_id(1)), 0);
	assert_int_equal(state_stamp(&st, 5000), 5000);
	assert_int_equal(state_stamp(&st, 4000), 5001);
	assert_int_equal(state_open(&st, dir, link_id(1)), 0);
	assert_int_equal(state_stamp(&st, 10), 5002);
}

static void test_another_peer(void **state)
{
	struct state st;

	(void)state;
	assert_int_equal(state_open(&st, dir, link_id(2)), 0);
	state_accept(&st, 9000);
	assert_int_equal(state_open(&st, dir, link_id(6)), 0);
	assert_int_equal(st.accepted, 0);
}

static void test_own_messages(void **state)
{
	uint8_t first[STATE_LOCAL_LEN] = "first run", second[STATE_LOCAL_LEN] = "second run";
	struct state st;
	FILE *file;

	(void)state;
	assert_int_equal(state_open(&st, dir, link_id(5)), 0);
	assert_false(st.known);
	state_local(&st, first);
	assert_string_equal(first, "first run");
	state_stamp(&st, 1);
	assert_int_equal(state_open(&st, dir, link_id(5)), 0);
	assert_true(st.known);
	state_local(&st, second);
	assert_memory_equal(second, first, sizeof(first));
	/* A file cut short: the rest is good */
	file = fopen(st.path, "w");
	assert_non_null(file);
	fputs("accepted 7\nsent 8\nlocal 6669\n", file);
	fclose(file);
	assert_int_equal(state_open(&st, dir, link_id(5)), 0);
	assert_int_equal(st.sent, 8);
	assert_false(st.have_local);
}

static void test_damaged(void **state)
{
	struct state st;
	FILE *file;

	(void)state;
	assert_int_equal(state_open(&st, dir, link_id(3)), 0);
	file = fopen(st.path, "w");
	assert_non_null(file);
	fputs("accepted many\n", file);
	fclose(file);
	assert_int_equal(state_open(&st, dir, link_id(3)), -EBADMSG);
	assert_int_equal(st.accepted, 0);
	assert_int_equal(state_accept(&st, 1), 0);
	assert_int_equal(state_open(&st, dir, link_id(3)), 0);
	assert_int_equal(st.accepted, 1);
}

/* Of a stamp that nothing can follow: the next one would be 0 */
static void test_end_of_time(void **state)
{
	struct state st;
	FILE *file;

	(void)state;
	assert_int_equal(state_open(&st, dir, link_id(9)), 0);
	file = fopen(st.path, "w");
	assert_non_null(file);
	fputs("accepted 1\nsent 18446744073709551615\n", file);
	fclose(file);
	assert_int_equal(state_open(&st, dir, link_id(9)), -EBADMSG);
	assert_int_equal(state_stamp(&st, 5), 5);
	assert_int_equal(state_stamp(&st, 5), 6);
}

static void test_no_place(void **state)
{
	struct state st;

	(void)state;
	assert_int_equal(state_open(&st, "/nonexistent/dir", link_id(4)), 0);
	assert_int_not_equal(state_accept(&st, 5), 0);
	assert_int_equal(st.accepted, 5);
	assert_int_equal(state_stamp(&st, 7), 7);
}

static void test_own_keys(void **state)
{
	struct state st;
	uint32_t id;

	(void)state;
	assert_int_equal(state_open(&st, dir, link_id(7)), 0);
	state_set_link(&st, 5, "this start");
	assert_false(state_has_key(&st, 0));
	for (id = 4; id <= 40; id += 4)
		state_add_key(&st, id);
	assert_int_equal(state_open(&st, dir, link_id(7)), 0);
	assert_int_equal(state_link(&st, "thisstart"), 0);
	state_set_link(&st, 6, "start-1");
	state_add_key(&st, 0xfffffffc);
	state_add_key(&st, 8);
	assert_int_equal(state_open(&st, dir, link_id(7)), 0);
	assert_int_equal(state_link(&st, "start-1"), 6);
	assert_true(state_has_key(&st, 0xfffffffc));
	assert_true(state_has_key(&st, 8));
	assert_false(state_has_key(&st, 40));
	assert_false(state_has_key(&st, 0));
	/* The same link: its keys stay ours; another one's were never */
	state_set_link(&st, 6, "start-1");
	assert_true(state_has_key(&st, 8));
	for (id = 100; id < 132; id += 4)
		state_add_key(&st, id);
	assert_false(state_has_key(&st, 8));
	assert_true(state_has_key(&st, 100));
	assert_int_equal(state_link(&st, "start-2"), 0);
	state_set_link(&st, 6, "start-2");
	assert_false(state_has_key(&st, 100));
	assert_int_equal(state_link(&st, ""), 0);
}

static int setup(void **state)
{
	(void)state;
	return mkdtemp(dir) ? 0 : -1;
}

static int teardown(void **state)
{
	char path[128];

	(void)state;
	snprintf(path, sizeof(path), "rm -r %s", dir);
	return system(path);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_remembers),
		cmocka_unit_test(test_clock_goes_back),
		cmocka_unit_test(test_another_peer),
		cmocka_unit_test(test_own_messages),
		cmocka_unit_test(test_own_keys),
		cmocka_unit_test(test_damaged),
		cmocka_unit_test(test_end_of_time),
		cmocka_unit_test(test_no_place),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
