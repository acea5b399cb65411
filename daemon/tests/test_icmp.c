// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Which ICMP errors are about our key exchange messages.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "icmp.h"
#include "sockets.h"

/* 192.0.2.2 says: no port 4001 here, to your packet from 192.0.2.1:4000 */
static const uint8_t unreachable4[] = {
	0x45, 0, 0, 60, 0, 0, 0, 0, 64, 1, 0, 0, 192, 0, 2, 2, 192, 0, 2, 1,
	3, 3, 0, 0, 0, 0, 0, 0,
	0x45, 0, 0, 32, 0, 0, 0, 0, 64, 17, 0, 0, 192, 0, 2, 1, 192, 0, 2, 2,
	0x0f, 0xa0, 0x0f, 0xa1, 0, 12, 0, 0,
	0, 0, 0, 0,
};

/* The same from 2001:db8::1 to 2001:db8::2 */
static const uint8_t unreachable6[] = {
	1, 4, 0, 0, 0, 0, 0, 0,
	0x60, 0, 0, 0, 0, 12, 17, 64,
	0x20, 1, 0xd, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1,
	0x20, 1, 0xd, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2,
	0x0f, 0xa0, 0x0f, 0xa1, 0, 12, 0, 0,
	0, 0, 0, 0,
};

static union addr any(int family, uint16_t port)
{
	union addr addr;

	memset(&addr, 0, sizeof(addr));
	addr.sa.sa_family = (sa_family_t)family;
	addr_set_port(&addr, port);
	return addr;
}

static bool parse_changed(size_t at, uint8_t value)
{
	union addr bound = any(AF_INET, 4000);
	uint8_t data[sizeof(unreachable4)];
	struct carrier_error error;

	memcpy(data, unreachable4, sizeof(data));
	data[at] = value;
	return icmp_parse(AF_INET, data, sizeof(data), &bound, &error);
}

/* Enough of our message came back to know whose it was */
static void test_which(void **state)
{
	static const uint8_t rest[] = { 1, 2, 1, 0, 1, 0, 0x11, 0x22, 0xaa, 0xbb, 0xcc, 0xdd };
	uint8_t data[sizeof(unreachable4) + sizeof(rest)];
	union addr bound = any(AF_INET, 4000);
	struct carrier_error error;

	(void)state;
	memcpy(data, unreachable4, sizeof(unreachable4));
	memcpy(data + sizeof(unreachable4), rest, sizeof(rest));
	assert_true(icmp_parse(AF_INET, data, sizeof(data), &bound, &error));
	assert_int_equal(error.type, 2);
	assert_int_equal(error.session, 0xaabbccdd);
	assert_true(icmp_parse(AF_INET, data, sizeof(data) - 1, &bound, &error));
	assert_int_equal(error.type, 0);
}

static void test_ours(void **state)
{
	union addr bound = any(AF_INET, 4000), bound6 = any(AF_INET6, 4000);
	struct carrier_error error;
	char text[ADDR_STR_MAX];

	(void)state;
	assert_true(icmp_parse(AF_INET, unreachable4, sizeof(unreachable4), &bound, &error));
	assert_int_equal(error.err, ECONNREFUSED);
	assert_string_equal(addr_format(&error.remote, text), "192.0.2.2:4001");
	assert_string_equal(addr_format_host(&error.reporter, text), "192.0.2.2");
	bound.in.sin_addr.s_addr = htonl(0xc0000201);
	assert_true(icmp_parse(AF_INET, unreachable4, sizeof(unreachable4), &bound, &error));

	assert_true(icmp_parse(AF_INET6, unreachable6, sizeof(unreachable6), &bound6, &error));
	assert_int_equal(error.err, ECONNREFUSED);
	assert_string_equal(addr_format(&error.remote, text), "[2001:db8::2]:4001");
}

static void test_not_ours(void **state)
{
	union addr bound = any(AF_INET, 4000);
	struct carrier_error error;

	(void)state;
	bound.in.sin_addr.s_addr = htonl(0xc0000209);
	assert_false(icmp_parse(AF_INET, unreachable4, sizeof(unreachable4), &bound, &error));
	assert_true(parse_changed(8, 1));
	assert_false(parse_changed(20, 11));	/* time exceeded */
	assert_false(parse_changed(21, 4));	/* fragmentation needed */
	assert_false(parse_changed(35, 1));	/* a later fragment */
	assert_false(parse_changed(37, 6));	/* TCP */
	assert_false(parse_changed(49, 0xa2));	/* another port */
	assert_false(parse_changed(56, 1));	/* a data packet */
}

static void test_codes(void **state)
{
	static const struct { uint8_t code; int err; } cases[] = {
		{ 0, ENETUNREACH }, { 1, EHOSTUNREACH }, { 3, ECONNREFUSED }, { 13, EACCES },
		{ 99, EHOSTUNREACH },
	};
	union addr bound = any(AF_INET, 4000);
	uint8_t data[sizeof(unreachable4)];
	struct carrier_error error;
	size_t i;

	(void)state;
	memcpy(data, unreachable4, sizeof(data));
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		data[21] = cases[i].code;
		assert_true(icmp_parse(AF_INET, data, sizeof(data), &bound, &error));
		assert_int_equal(error.err, cases[i].err);
	}
}

static void test_cut_short(void **state)
{
	union addr bound = any(AF_INET, 4000), bound6 = any(AF_INET6, 4000);
	struct carrier_error error;
	size_t len;

	(void)state;
	for (len = 0; len < sizeof(unreachable4); len++)
		assert_false(icmp_parse(AF_INET, unreachable4, len, &bound, &error));
	for (len = 0; len < sizeof(unreachable6); len++)
		assert_false(icmp_parse(AF_INET6, unreachable6, len, &bound6, &error));
	/* A header length that is a lie */
	assert_false(parse_changed(0, 0x4f));
	assert_false(parse_changed(28, 0x44));
}

/* As the keeper does it */
static void pass_on(int fd, const uint8_t *data, size_t len)
{
	size_t size = offsetof(struct icmp_datagram, data) + len;
	struct icmp_datagram datagram = { .from = any(AF_INET, 7) };

	memcpy(datagram.data, data, len);
	assert_int_equal(write(fd, &datagram, size), size);
}

/* One datagram at a time, whatever it is: a flood is no endless loop */
static void test_read(void **state)
{
	union addr bound = any(AF_INET, 4000);
	struct carrier_error error;
	int fds[2];

	(void)state;
	assert_int_equal(socketpair(AF_UNIX, SOCK_DGRAM, 0, fds), 0);
	pass_on(fds[1], unreachable4, 5);
	pass_on(fds[1], unreachable4, sizeof(unreachable4));
	assert_int_equal(icmp_read(fds[0], &bound, &error), -ENOMSG);
	assert_int_equal(icmp_read(fds[0], &bound, &error), 0);
	assert_int_equal(error.reporter.sa.sa_family, AF_INET);
	assert_int_equal(addr_port(&error.reporter), 0);
	assert_int_equal(icmp_read(fds[0], &bound, &error), -EAGAIN);
	close(fds[0]);
	close(fds[1]);
}

/* Does the filter on a raw socket let that through, which begins as there? */
static bool passes(int family, uint16_t port, const uint8_t *data, size_t len)
{
	uint8_t buf[256];
	bool passed;
	int fds[2];

	assert_int_equal(socketpair(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK, 0, fds), 0);
	assert_int_equal(sockets_icmp_filter(fds[0], family, port), 0);
	send(fds[1], data, len, 0);
	passed = recv(fds[0], buf, sizeof(buf), 0) == (ssize_t)len;
	close(fds[0]);
	close(fds[1]);
	return passed;
}

/* The filter passes what icmp_parse() has to look at, and no other's errors */
static void test_filter(void **state)
{
	uint8_t data[sizeof(unreachable4)], longer[sizeof(unreachable4) + 8] = { 0 };
	size_t n;

	(void)state;
	assert_true(passes(AF_INET, 4000, unreachable4, sizeof(unreachable4)));
	assert_true(passes(AF_INET6, 4000, unreachable6, sizeof(unreachable6)));
	assert_true(passes(AF_INET, 0, unreachable4, sizeof(unreachable4)));
	assert_true(passes(AF_INET6, 0, unreachable6, sizeof(unreachable6)));
	assert_false(passes(AF_INET, 4001, unreachable4, sizeof(unreachable4)));
	assert_false(passes(AF_INET6, 4001, unreachable6, sizeof(unreachable6)));
	assert_false(passes(AF_INET, 4000, unreachable4, sizeof(unreachable4) - 1));
	assert_false(passes(AF_INET6, 4000, unreachable6, sizeof(unreachable6) - 1));
	/* TCP; a data packet */
	for (n = 37; n <= sizeof(data); n += 22) {
		memcpy(data, unreachable4, sizeof(data));
		data[n]++;
		assert_false(passes(AF_INET, 4000, data, sizeof(data)));
	}
	/* Options in the outer header of IP, then in both */
	memcpy(longer, unreachable4, 20);
	longer[0] = 0x46;
	memcpy(longer + 24, unreachable4 + 20, sizeof(unreachable4) - 20);
	assert_true(passes(AF_INET, 4000, longer, sizeof(unreachable4) + 4));
	memmove(longer + 56, longer + 52, 12);
	longer[32] = 0x46;
	assert_true(passes(AF_INET, 4000, longer, sizeof(longer)));
	assert_false(passes(AF_INET, 4001, longer, sizeof(longer)));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_ours), cmocka_unit_test(test_which),
		cmocka_unit_test(test_not_ours),
		cmocka_unit_test(test_codes),
		cmocka_unit_test(test_cut_short),
		cmocka_unit_test(test_read),
		cmocka_unit_test(test_filter),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
