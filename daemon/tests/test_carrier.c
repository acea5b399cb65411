// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Addresses, sockets and routes, over the loopback interface.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <arpa/inet.h>
#include <errno.h>
#include <poll.h>
#include <string.h>
#include <unistd.h>

#include "carrier.h"
#include "sockets.h"

static union addr make(const char *host, uint16_t port)
{
	union addr addr;

	memset(&addr, 0, sizeof(addr));
	if (inet_pton(AF_INET, host, &addr.in.sin_addr) == 1)
		addr.sa.sa_family = AF_INET;
	else if (inet_pton(AF_INET6, host, &addr.in6.sin6_addr) == 1)
		addr.sa.sa_family = AF_INET6;
	addr_set_port(&addr, port);
	return addr;
}

static void wait_for(const struct carrier *c, short events)
{
	struct pollfd pfd = { .fd = c->fd, .events = events };

	assert_int_equal(poll(&pfd, 1, 2000), 1);
}

static void test_format(void **state)
{
	static const struct { const char *host; uint16_t port; const char *text; } cases[] = {
		{ "192.0.2.1", 6794, "192.0.2.1:6794" },
		{ "2001:db8::1", 6794, "[2001:db8::1]:6794" },
		{ "0.0.0.0", 0, "0.0.0.0:0" },
		{ "::", 1, "[::]:1" },
		{ "", 1, "0.0.0.0:0" },
	};
	char buf[ADDR_STR_MAX];
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		union addr addr = make(cases[i].host, cases[i].port);

		assert_string_equal(addr_format(&addr, buf), cases[i].text);
	}
}

static void test_compare(void **state)
{
	union addr a = make("192.0.2.1", 1), b = make("192.0.2.1", 2), c = make("::1", 1);
	union addr mapped = make("::ffff:192.0.2.1", 1), none = { 0 };

	(void)state;
	assert_true(addr_equal_host(&a, &b));
	assert_false(addr_equal(&a, &b));
	assert_false(addr_equal_host(&a, &c));
	addr_unmap(&mapped);
	assert_true(addr_equal(&a, &mapped));
	assert_false(addr_is_set(&none));
	assert_true(addr_is_any(&none));
	assert_false(addr_is_any(&c));
}

static void test_cut_short(void **state)
{
	union addr in = make("::1", 1), out;

	(void)state;
	assert_true(addr_set(&out, &in, sizeof(in.in6)));
	assert_false(addr_set(&out, &in, sizeof(in.in6) - 1));
	assert_false(addr_is_set(&out));
	assert_false(addr_set(&out, &in, 1));
	in.sa.sa_family = AF_UNIX;
	assert_false(addr_set(&out, &in, sizeof(in)));
}

static void test_inner_mtu(void **state)
{
	(void)state;
	assert_int_equal(carrier_inner_mtu(1500, AF_INET, false), 1448);
	assert_int_equal(carrier_inner_mtu(1500, AF_INET6, false), 1428);
	assert_int_equal(carrier_inner_mtu(1500, AF_INET, true), 1434);
	assert_int_equal(carrier_inner_mtu(1500, AF_INET6, true), 1414);
	assert_int_equal(carrier_inner_mtu(65536, AF_INET, false), 65463);
	assert_int_equal(carrier_inner_mtu(65536, AF_INET, true), 65449);
	assert_int_equal(carrier_inner_mtu(60, AF_INET, true), 0);
	assert_int_equal(carrier_inner_mtu(40, AF_INET, false), 0);
}

/* As the keeper does it */
static int open_carrier(struct carrier *c, int family)
{
	c->fd = sockets_udp(family);
	return c->fd < 0 ? c->fd : 0;
}

static int bind_carrier(struct carrier *c, const union addr *me)
{
	int rc = sockets_bind(c->fd, me);

	return rc ? rc : carrier_learn_bound(c);
}

/* A wildcard socket answers from the address it was asked at */
static void exchange(const char *server_host, const char *any, const char *client_host)
{
	struct carrier server = CARRIER_INIT, client = CARRIER_INIT;
	union addr me = make(any, 0), where = make(server_host, 0), from = make(client_host, 0);
	struct path to = { .remote = where }, at;
	char buf[16];

	assert_int_equal(open_carrier(&server, me.sa.sa_family), 0);
	assert_int_equal(bind_carrier(&server, &me), 0);
	assert_int_not_equal(addr_port(&server.bound), 0);
	assert_int_equal(open_carrier(&client, me.sa.sa_family), 0);
	assert_int_equal(bind_carrier(&client, &from), 0);
	addr_set_port(&to.remote, addr_port(&server.bound));

	assert_int_equal(carrier_receive(&server, buf, sizeof(buf), &at), -EAGAIN);
	assert_int_equal(carrier_send(&client, &to, "hello", 5), 0);
	wait_for(&server, POLLIN);
	assert_int_equal(carrier_receive(&server, buf, sizeof(buf), &at), 5);
	assert_true(addr_equal(&at.remote, &client.bound));
	assert_true(addr_equal_host(&at.local, &where));

	assert_int_equal(carrier_send(&server, &at, "there", 5), 0);
	wait_for(&client, POLLIN);
	assert_int_equal(carrier_receive(&client, buf, sizeof(buf), &at), 5);
	assert_true(addr_equal(&at.remote, &to.remote));

	/* What does not fit is not half taken */
	assert_int_equal(carrier_send(&server, &at, "0123456789abcdefg", 17), 0);
	carrier_close(&server);
	carrier_close(&client);
}

static void test_answer_from_where_asked(void **state)
{
	(void)state;
	exchange("127.0.0.9", "0.0.0.0", "127.0.0.2");
}

static void test_answer_from_where_asked_ip6(void **state)
{
	struct carrier_route route;
	union addr lo = make("::1", 1);

	(void)state;
	if (sockets_route(&lo, &route))
		skip();
	exchange("::1", "::", "::1");
}

static void provoke(const char *data, size_t len, int expected)
{
	struct carrier closed = CARRIER_INIT, c = CARRIER_INIT;
	union addr me = make("127.0.0.1", 0);
	struct carrier_error error;
	struct path to = { 0 };

	assert_int_equal(open_carrier(&closed, AF_INET), 0);
	assert_int_equal(bind_carrier(&closed, &me), 0);
	to.remote = closed.bound;
	carrier_close(&closed);
	assert_int_equal(open_carrier(&c, AF_INET), 0);
	assert_int_equal(bind_carrier(&c, &me), 0);
	assert_int_equal(carrier_error(&c, &error), -EAGAIN);
	assert_int_equal(carrier_send(&c, &to, data, len), 0);
	wait_for(&c, POLLERR);
	assert_int_equal(carrier_error(&c, &error), expected);
	if (!expected) {
		assert_int_equal(error.err, ECONNREFUSED);
		assert_true(addr_equal(&error.remote, &to.remote));
		assert_true(addr_is_set(&error.reporter));
	}
	/* A report does not stand in the way of the next datagram */
	assert_int_equal(carrier_send(&c, &to, data, len), 0);
	carrier_close(&c);
}

static void test_port_unreachable(void **state)
{
	(void)state;
	provoke("\0\0\0\0control", 11, 0);
}

static void test_errors_of_data_packets_do_not_count(void **state)
{
	(void)state;
	provoke("\1\2\3\4data", 8, -ENOMSG);
}

static void test_route(void **state)
{
	union addr lo = make("127.0.0.1", 0);
	struct carrier_route route;

	(void)state;
	assert_int_equal(sockets_route(&lo, &route), 0);
	assert_true(addr_equal_host(&route.local, &lo));
	assert_int_equal(addr_port(&route.local), 0);
	assert_true(route.mtu >= 1280);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_format),
		cmocka_unit_test(test_compare),
		cmocka_unit_test(test_cut_short),
		cmocka_unit_test(test_inner_mtu),
		cmocka_unit_test(test_answer_from_where_asked),
		cmocka_unit_test(test_answer_from_where_asked_ip6),
		cmocka_unit_test(test_port_unreachable),
		cmocka_unit_test(test_errors_of_data_packets_do_not_count),
		cmocka_unit_test(test_route),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
