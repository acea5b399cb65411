// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * ICMP errors on their way to the parser: how many, and for how long. A pair of
 * datagram sockets is in place of the raw socket, which only root may have.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <ev.h>
#include <fcntl.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "channel.h"
#include "icmp.h"
#include "relay.h"

static struct ev_loop *loop;
static int sender, raw, to, parser;

static void begin(void)
{
	int fds[2];

	loop = ev_loop_new(EVFLAG_AUTO);
	assert_non_null(loop);
	assert_int_equal(socketpair(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0, fds), 0);
	sender = fds[0];
	raw = fds[1];
	assert_int_equal(channel_pair(fds), 0);
	to = fds[0];
	parser = fds[1];
	assert_int_equal(relay_start(loop, raw, to), 0);
}

static void end(void)
{
	assert_int_equal(fcntl(raw, F_GETFD), -1);
	assert_int_equal(fcntl(to, F_GETFD), -1);
	/* Nothing is left running */
	assert_false(ev_run(loop, EVRUN_NOWAIT));
	close(sender);
	ev_loop_destroy(loop);
}

/* How many the parser has got */
static unsigned int count(void)
{
	struct icmp_datagram datagram;
	unsigned int n = 0;

	while (recv(parser, &datagram, sizeof(datagram), MSG_DONTWAIT) > 0)
		n++;
	return n;
}

static void test_passed_on(void **state)
{
	struct icmp_datagram datagram;

	(void)state;
	begin();
	assert_int_equal(send(sender, "error", 5, 0), 5);
	ev_run(loop, EVRUN_ONCE);
	assert_int_equal(recv(parser, &datagram, sizeof(datagram), MSG_DONTWAIT),
			 offsetof(struct icmp_datagram, data) + 5);
	assert_memory_equal(datagram.data, "error", 5);
	close(parser);
	ev_run(loop, EVRUN_ONCE);
	end();
}

/* No ICMP error comes any more: the relay ends nevertheless */
static void test_closed(void **state)
{
	(void)state;
	begin();
	ev_run(loop, EVRUN_NOWAIT);
	assert_int_not_equal(fcntl(raw, F_GETFD), -1);
	close(parser);
	ev_run(loop, EVRUN_NOWAIT);
	end();
	/* Errors come, and find nobody */
	begin();
	assert_int_equal(send(sender, "error", 5, 0), 5);
	close(parser);
	ev_run(loop, EVRUN_NOWAIT);
	end();
}

/* In its period no more than so many */
static void test_flood(void **state)
{
	unsigned int i, passed = 0;

	(void)state;
	begin();
	for (i = 0; i < 10 * RELAY_MAX; i++) {
		assert_int_equal(send(sender, "error", 5, 0), 5);
		ev_run(loop, EVRUN_NOWAIT);
		if (i == RELAY_MAX - 1)
			assert_int_equal(count(), RELAY_MAX);
		if (recv(raw, NULL, 0, MSG_PEEK | MSG_DONTWAIT) >= 0)
			break;
	}
	assert_int_equal(i, RELAY_MAX);
	while (!passed) {
		ev_run(loop, EVRUN_ONCE);
		passed = count();
	}
	assert_int_equal(passed, 1);
	/* A parser that says something has nothing to say */
	assert_int_equal(send(parser, "x", 1, 0), 1);
	ev_run(loop, EVRUN_ONCE);
	close(parser);
	end();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_passed_on), cmocka_unit_test(test_closed),
		cmocka_unit_test(test_flood),
	};

	return cmocka_run_group_tests_name("relay", tests, NULL, NULL);
}
