// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A process that is out of descriptors: what comes with one fails, and nothing else.
 * Keeper and parser are this process, one after the other.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "ask.h"
#include "carrier.h"
#include "channel.h"
#include "icmp.h"
#include "keeper_impl.h"
#include "log.h"
#include "secret.h"

#define LIMIT 64

static int taken[LIMIT];
static unsigned int count;

static void take_all(void)
{
	int fd;

	while ((fd = open("/dev/null", O_RDONLY | O_CLOEXEC)) >= 0)
		taken[count++] = fd;
	assert_int_equal(errno, EMFILE);
}

static void give_back(void)
{
	while (count)
		close(taken[--count]);
}

static int end[2];

static void open_channel(void)
{
	assert_int_equal(channel_pair(end), 0);
}

static void close_channel(void)
{
	close(end[0]);
	close(end[1]);
}

static void test_message(void **state)
{
	char buf[8];
	int fd, two[2];

	(void)state;
	open_channel();
	assert_int_equal(channel_send(end[0], "word", 4, 0), 0);
	take_all();
	assert_int_equal(channel_try_receive(end[1], buf, sizeof(buf), &fd), 4);
	assert_int_equal(fd, CHANNEL_LOST);
	assert_memory_equal(buf, "word", 4);
	/* One without any is as ever */
	assert_int_equal(channel_send(end[0], "word", 4, -1), 0);
	assert_int_equal(channel_try_receive(end[1], buf, sizeof(buf), &fd), 4);
	assert_int_equal(fd, -1);
	/* And so is one that is too long */
	assert_int_equal(channel_send(end[0], "many words", 10, 0), 0);
	assert_int_equal(channel_try_receive(end[1], buf, sizeof(buf), &fd), -EMSGSIZE);
	assert_int_equal(fd, -1);
	give_back();
	assert_int_equal(pipe(two), 0);
	close(two[0]);
	assert_int_equal(channel_send(end[0], "word", 4, two[1]), 0);
	assert_int_equal(channel_try_receive(end[1], buf, sizeof(buf), &fd), 4);
	assert_true(fd >= 0);
	close(fd);
	close(two[1]);
	close_channel();
}

/* The request has the socket, which does not arrive: the answer says so */
static void test_keeper(void **state)
{
	struct request r = { .op = REQUEST_LINK_SET, .conf = 1,
			     .set = { .link = 5, .what = REQUEST_SET_SOCKET } };
	struct keeper k = { .pidfile = PIDFILE_INIT };
	struct answer a;
	int fd;

	(void)state;
	open_channel();
	k.parser.fd = end[1];
	assert_int_equal(channel_send(end[0], &r, request_size(r.op), 0), 0);
	take_all();
	assert_false(keeper_ask(&k));
	give_back();
	assert_false(k.ended);
	assert_int_equal(channel_try_receive(end[0], &a, sizeof(a), &fd), sizeof(a));
	assert_int_equal(a.result, -EMFILE);
	/* What has one where none belongs is malformed still */
	r.op = REQUEST_DROP;
	assert_int_equal(channel_send(end[0], &r, request_size(r.op), 0), 0);
	take_all();
	k.loop = ev_loop_new(0);
	keeper_ask(&k);
	give_back();
	assert_true(k.ended);
	ev_loop_destroy(k.loop);
	close_channel();
}

/* The answer has it */
static void test_parser(void **state)
{
	const struct keeper_ends ends = { .requests = -1, .events = -1 };
	const struct answer a = { 0 };
	struct keeper_ends here = ends;
	struct carrier c;

	(void)state;
	open_channel();
	here.requests = end[1];
	ask_init(&here);
	assert_int_equal(channel_send(end[0], &a, sizeof(a), 0), 0);
	assert_int_equal(channel_send(end[0], &a, sizeof(a), 0), 0);
	assert_int_equal(channel_send(end[0], &a, sizeof(a), -1), 0);
	take_all();
	assert_int_equal(carrier_open(&c, 1, AF_INET), -EMFILE);
	assert_int_equal(c.fd, -1);
	assert_int_equal(icmp_open(1, AF_INET), -EMFILE);
	assert_int_equal(carrier_open(&c, 1, AF_INET), -EBADMSG);
	give_back();
	ask_init(&ends);
	close_channel();
}

static int options_fd;

static void on_options(void *ctx, int fd, size_t size)
{
	(void)ctx;
	(void)size;
	options_fd = fd;
}

/* Options read again: the parser hears of it, and can say that it cannot take them */
static void test_options(void **state)
{
	const struct ask_events fns = { .options = on_options };
	const struct event e = { .type = EVENT_OPTIONS, .number = 4096 };
	struct keeper_ends ends = { .requests = -1 };

	(void)state;
	open_channel();
	ends.events = end[1];
	ask_init(&ends);
	assert_int_equal(channel_send(end[0], &e, sizeof(e), 0), 0);
	take_all();
	ask_events_read(&fns);
	give_back();
	assert_int_equal(options_fd, CHANNEL_LOST);
	close_channel();
}

static int setup(void **state)
{
	const struct rlimit limit = { LIMIT, LIMIT };

	(void)state;
	return secret_init(0) ? -1 : setrlimit(RLIMIT_NOFILE, &limit);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_message),
		cmocka_unit_test(test_keeper),
		cmocka_unit_test(test_parser),
		cmocka_unit_test(test_options),
	};

	return cmocka_run_group_tests_name("descriptors", tests, setup, NULL);
}
