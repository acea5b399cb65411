// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Requests of the parser: what the daemon itself sends is one, and whatever
 * differs from it in shape is none.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "channel.h"
#include "hooks.h"
#include "requests.h"

static void test_good_ones(void **state)
{
	struct request r;
	uint32_t op;
	bool fd;

	(void)state;
	for (op = 0; op < REQUEST_OPS; op++) {
		fd = good_request(op, &r);
		assert_true(request_size(op) <= sizeof(r));
		assert_true(request_valid(&r, request_size(op), fd));
	}
}

static void test_length(void **state)
{
	struct request r;
	uint32_t op;
	size_t len;
	bool fd;

	(void)state;
	for (op = 0; op < REQUEST_OPS; op++) {
		fd = good_request(op, &r);
		for (len = 0; len <= sizeof(r); len++)
			assert_int_equal(request_valid(&r, len, fd), len == request_size(op));
	}
}

static void test_operation(void **state)
{
	const uint32_t none[] = { REQUEST_OPS, REQUEST_OPS + 1, 0x10000, INT32_MAX, UINT32_MAX };
	struct request r;
	size_t i, len;

	(void)state;
	memset(&r, 0, sizeof(r));
	for (i = 0; i < sizeof(none) / sizeof(none[0]); i++) {
		r.op = none[i];
		assert_int_equal(request_size(r.op), 0);
		for (len = 0; len <= sizeof(r); len++)
			assert_false(request_valid(&r, len, false));
	}
}

/* A descriptor where none belongs, and none where one does */
static void test_descriptor(void **state)
{
	struct request r;
	uint32_t op;
	bool fd;

	(void)state;
	for (op = 0; op < REQUEST_OPS; op++) {
		fd = good_request(op, &r);
		assert_false(request_valid(&r, request_size(op), !fd));
	}
	good_request(REQUEST_LINK_SET, &r);
	r.set.what |= REQUEST_SET_SOCKET;
	assert_true(request_valid(&r, request_size(r.op), true));
	assert_false(request_valid(&r, request_size(r.op), false));
}

#define BAD(kind, ...) do { \
	struct request r; \
	bool fd = good_request(kind, &r); \
	__VA_ARGS__; \
	assert_false(request_valid(&r, request_size(r.op), fd)); \
} while (0)

static void test_text(void **state)
{
	const char *names[] = { "", ".", "..", "a/b", "/etc", "a b", "a:b", "a\n", "\x7f" };
	size_t i;

	(void)state;
	BAD(REQUEST_LOG, memset(r.log.text, 'x', sizeof(r.log.text)));
	BAD(REQUEST_LOG, memset(r.log.device, 'x', sizeof(r.log.device)));
	BAD(REQUEST_LOG, r.log.priority = LOG_EMERG);
	BAD(REQUEST_LOG, r.log.priority = LOG_DEBUG + 1);
	BAD(REQUEST_LOG, r.log.priority = LOG_AUTH | LOG_INFO);
	BAD(REQUEST_RESOLVE, memset(r.resolve.host, 'x', sizeof(r.resolve.host)));
	for (i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		BAD(REQUEST_CLAIM, strcpy(r.name, names[i]));
		BAD(REQUEST_RELEASE, strcpy(r.name, names[i]));
		BAD(REQUEST_IFACE_INDEX, strcpy(r.name, names[i]));
		BAD(REQUEST_IFACE_CREATE, strcpy(r.name, names[i]));
	}
	BAD(REQUEST_IFACE_CREATE, memset(r.name, 'x', sizeof(r.name)));
}

static void test_numbers(void **state)
{
	(void)state;
	BAD(REQUEST_STATE_SAVE, r.state.have_local = 2);
	BAD(REQUEST_IFACE_MTU, r.mtu.mtu = 67);
	BAD(REQUEST_IFACE_MTU, r.mtu.mtu = 65536);
	BAD(REQUEST_UDP_OPEN, r.number = AF_UNIX);
	BAD(REQUEST_UDP_OPEN, r.number = AF_PACKET);
	BAD(REQUEST_ICMP_OPEN, r.number = AF_UNSPEC);
	BAD(REQUEST_UDP_BIND, r.addr.sa.sa_family = AF_UNIX);
	BAD(REQUEST_ROUTE, r.addr.sa.sa_family = AF_UNSPEC);
	BAD(REQUEST_RESOLVE, r.resolve.family = AF_UNIX);
	BAD(REQUEST_SCRIPT, r.script.event = HOOKS_DOWN + 1);
	BAD(REQUEST_SCRIPT, r.script.me.sa.sa_family = AF_UNSPEC);
	BAD(REQUEST_SCRIPT, r.script.peer.sa.sa_family = AF_UNIX);
	BAD(REQUEST_SCRIPT, r.script.mtu = 65536);
}

static void test_link(void **state)
{
	(void)state;
	BAD(REQUEST_LOG, r.conf = 1);
	BAD(REQUEST_APPLIED, r.conf = 1);
	BAD(REQUEST_REFUSED, r.conf = 1);
	BAD(REQUEST_READY, r.conf = 0);
	BAD(REQUEST_DROP, r.conf = 0);
	BAD(REQUEST_ROUTE, r.conf = 0);
	BAD(REQUEST_KEY_SET, r.conf = 0);
	BAD(REQUEST_LINK_SET, r.set.what = 0);
	BAD(REQUEST_LINK_SET, r.set.what |= 8);
	BAD(REQUEST_LINK_SET, r.set.endpoint.sa.sa_family = AF_UNIX);
	BAD(REQUEST_LINK_SET, r.set.keepalive_ms = 9);
	BAD(REQUEST_LINK_SET, r.set.timeout_ms = 3600001);
	BAD(REQUEST_KEY_SET, r.key.slot = CIPE_SLOT_PREVIOUS);
	BAD(REQUEST_KEY_SET, r.key.slot = CIPE_SLOT_NEXT + 1);
	BAD(REQUEST_KEY_SET, r.key.rx_id = 0);
	BAD(REQUEST_KEY_SET, r.key.tx_id = 0);
	BAD(REQUEST_KEY_SET, r.key.cipher = 0);
	BAD(REQUEST_KEY_SET, r.key.cipher += 256);
	BAD(REQUEST_KEY_SET, r.key.key_len = 16);
	BAD(REQUEST_KEY_SET, r.key.key_len = 33);
	BAD(REQUEST_KEY_SET, r.key.key_len = UINT32_MAX);
	BAD(REQUEST_KEY_SET, r.key.lifetime_ms = 0);
	BAD(REQUEST_KEY_SET, r.key.lifetime_ms = 86400001);
	BAD(REQUEST_KEY_DEL, r.key_del.slot = CIPE_SLOT_NEXT + 1);
}

/* ------------------------------------------------------------------------
 * channels
 */

static void test_channel(void **state)
{
	int end[2], got, file;
	char buf[8];

	(void)state;
	assert_int_equal(channel_pair(end), 0);
	/* An empty message looks like the end, and is not */
	assert_int_equal(channel_send(end[0], buf, 0, -1), 0);
	assert_int_equal(channel_receive(end[1], buf, sizeof(buf), &got), 0);
	assert_false(channel_closed(end[1]));
	assert_int_equal(channel_try_receive(end[1], buf, sizeof(buf), &got), -EAGAIN);
	assert_int_equal(channel_send(end[0], "12345678", 8, -1), 0);
	assert_int_equal(channel_receive(end[1], buf, sizeof(buf), &got), 8);
	assert_int_equal(got, -1);
	/* A message is taken whole or not at all */
	assert_int_equal(channel_send(end[0], "123456789", 9, -1), 0);
	assert_int_equal(channel_receive(end[1], buf, sizeof(buf), &got), -EMSGSIZE);
	file = open("/dev/null", O_RDONLY);
	assert_int_equal(channel_send(end[0], "x", 1, file), 0);
	close(file);
	assert_int_equal(channel_receive(end[1], buf, sizeof(buf), &got), 1);
	assert_true(got >= 0);
	assert_int_equal(fcntl(got, F_GETFD), FD_CLOEXEC);
	close(got);
	close(end[0]);
	assert_int_equal(channel_receive(end[1], buf, sizeof(buf), &got), 0);
	assert_true(channel_closed(end[1]));
	assert_int_equal(channel_send(end[1], "x", 1, -1), -EPIPE);
	close(end[1]);
}

/* More descriptors than one: none is taken, none stays open */
static void test_channel_flood(void **state)
{
	union {
		struct cmsghdr align;
		char room[CMSG_SPACE(4 * sizeof(int))];
	} control = { 0 };
	struct iovec iov = { .iov_base = "x", .iov_len = 1 };
	struct msghdr msg = { .msg_iov = &iov, .msg_iovlen = 1, .msg_control = &control,
			      .msg_controllen = sizeof(control) };
	int end[2], got, before, fds[4], count;
	char buf[8];

	(void)state;
	assert_int_equal(channel_pair(end), 0);
	for (int i = 0; i < 4; i++)
		fds[i] = STDIN_FILENO;
	before = dup(STDIN_FILENO);
	close(before);
	for (count = 2; count <= 4; count++) {
		msg.msg_controllen = CMSG_SPACE((size_t)count * sizeof(int));
		CMSG_FIRSTHDR(&msg)->cmsg_level = SOL_SOCKET;
		CMSG_FIRSTHDR(&msg)->cmsg_type = SCM_RIGHTS;
		CMSG_FIRSTHDR(&msg)->cmsg_len = CMSG_LEN((size_t)count * sizeof(int));
		memcpy(CMSG_DATA(CMSG_FIRSTHDR(&msg)), fds, (size_t)count * sizeof(int));
		assert_int_equal(sendmsg(end[0], &msg, 0), 1);
		assert_int_equal(channel_receive(end[1], buf, sizeof(buf), &got), -EMSGSIZE);
		assert_int_equal(got, -1);
		got = dup(STDIN_FILENO);
		assert_int_equal(got, before);
		close(got);
	}
	close(end[0]);
	close(end[1]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_good_ones),
		cmocka_unit_test(test_length),
		cmocka_unit_test(test_operation),
		cmocka_unit_test(test_descriptor),
		cmocka_unit_test(test_text),
		cmocka_unit_test(test_numbers),
		cmocka_unit_test(test_link),
		cmocka_unit_test(test_channel),
		cmocka_unit_test(test_channel_flood),
	};

	return cmocka_run_group_tests_name("request", tests, NULL, NULL);
}
