/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Two UDP sockets of this machine, for tests of what one of them takes in of what the
 * other sends. To be included by one file of a test.
 */
#ifndef CIPED_TESTS_INTAKE_SOCKETS_H
#define CIPED_TESTS_INTAKE_SOCKETS_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "intake.h"

#define INIT_LEN 150

static int from, to;
static union addr here;

/* An INIT as far as the filter looks */
static const uint8_t init[INIT_LEN] = { 0, 0, 0, 0, 1, 1, 2, 0, 3, 0, 0, 0 };

static inline void open_both(int family)
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

static inline void close_both(void)
{
	close(from);
	close(to);
}

static inline int passes(const uint8_t *msg, size_t len)
{
	uint8_t buf[2048];

	assert_int_equal(send(from, msg, len, 0), len);
	return recv(to, buf, sizeof(buf), 0) == (ssize_t)len;
}

static inline unsigned int count_passing(unsigned int sent)
{
	unsigned int i, n = 0;

	for (i = 0; i < sent; i++)
		n += (unsigned int)passes(init, sizeof(init));
	return n;
}

/* One INIT is there to be read, so the socket is readable until somebody does */
static inline void send_init(void)
{
	assert_int_equal(send(from, init, sizeof(init), 0), sizeof(init));
}

#endif /* CIPED_TESTS_INTAKE_SOCKETS_H */
