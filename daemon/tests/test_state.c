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

static const uint8_t alice[STATE_ID_LEN] = "alice..", bob[STATE_ID_LEN] = "bob....";
static char dir[] = "/tmp/test_state.XXXXXX";

static void test_remembers(void **state)
{
	struct state st;
	struct stat file;

	(void)state;
	assert_int_equal(state_open(&st, dir, "cipcb0", alice), 0);
	assert_int_equal(st.accepted, 0);
	assert_int_equal(state_accept(&st, 1000), 0);
	assert_int_equal(state_stamp(&st, 2000), 2000);
	assert_int_equal(state_open(&st, dir, "cipcb0", alice), 0);
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
	assert_int_equal(state_open(&st, dir, "cipcb1", alice), 0);
	assert_int_equal(state_stamp(&st, 5000), 5000);
	assert_int_equal(state_stamp(&st, 4000), 5001);
	assert_int_equal(state_open(&st, dir, "cipcb1", alice), 0);
	assert_int_equal(state_stamp(&st, 10), 5002);
}

static void test_another_peer(void **state)
{
	struct state st;

	(void)state;
	assert_int_equal(state_open(&st, dir, "cipcb2", alice), 0);
	state_accept(&st, 9000);
	assert_int_equal(state_open(&st, dir, "cipcb2", bob), 0);
	assert_int_equal(st.accepted, 0);
}

static void test_own_messages(void **state)
{
	uint8_t first[STATE_LOCAL_LEN] = "first run", second[STATE_LOCAL_LEN] = "second run";
	struct state st;
	FILE *file;

	(void)state;
	assert_int_equal(state_open(&st, dir, "cipcb5", alice), 0);
	assert_false(st.known);
	state_local(&st, first);
	assert_string_equal(first, "first run");
	state_stamp(&st, 1);
	assert_int_equal(state_open(&st, dir, "cipcb5", alice), 0);
	assert_true(st.known);
	state_local(&st, second);
	assert_memory_equal(second, first, sizeof(first));
	/* A file cut short: the rest is good */
	file = fopen(st.path, "w");
	assert_non_null(file);
	fputs("peer 616c6963652e2e00\naccepted 7\nsent 8\nlocal 6669\n", file);
	fclose(file);
	assert_int_equal(state_open(&st, dir, "cipcb5", alice), 0);
	assert_int_equal(st.sent, 8);
	assert_false(st.have_local);
}

static void test_damaged(void **state)
{
	struct state st;
	FILE *file;

	(void)state;
	assert_int_equal(state_open(&st, dir, "cipcb3", alice), 0);
	file = fopen(st.path, "w");
	assert_non_null(file);
	fputs("peer 00\naccepted many\n", file);
	fclose(file);
	assert_int_equal(state_open(&st, dir, "cipcb3", alice), -EBADMSG);
	assert_int_equal(st.accepted, 0);
	assert_int_equal(state_accept(&st, 1), 0);
	assert_int_equal(state_open(&st, dir, "cipcb3", alice), 0);
	assert_int_equal(st.accepted, 1);
}

static void test_no_place(void **state)
{
	struct state st;

	(void)state;
	assert_int_equal(state_open(&st, "/nonexistent/dir", "cipcb4", alice), 0);
	assert_int_not_equal(state_accept(&st, 5), 0);
	assert_int_equal(st.accepted, 5);
	assert_int_equal(state_stamp(&st, 7), 7);
}

static int setup(void **state)
{
	(void)state;
	return mkdtemp(dir) ? 0 : -1;
}

static int teardown(void **state)
{
	char path[128];
	int i;

	(void)state;
	for (i = 0; i < 6; i++) {
		snprintf(path, sizeof(path), "%s/cipcb%d.state", dir, i);
		unlink(path);
	}
	return rmdir(dir);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_remembers),
		cmocka_unit_test(test_clock_goes_back),
		cmocka_unit_test(test_another_peer),
		cmocka_unit_test(test_own_messages),
		cmocka_unit_test(test_damaged),
		cmocka_unit_test(test_no_place),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
