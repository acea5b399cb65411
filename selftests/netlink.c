// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The module's netlink interface, as include/uapi/linux/cipe.h promises it:
 * what is wrong in a request is refused with the right error, a message and
 * the attribute it is about, and nothing of it is done; who may not, cannot;
 * many at once do no harm; and what is secret comes out nowhere.
 */
#include <fcntl.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <linux/udp.h>
#include <net/if.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#include <linux/capability.h>
#include <linux/genetlink.h>
#include <netlink/genl/ctrl.h>
#include <netlink/genl/genl.h>

#include "netlink-util.h"

#include "kselftest_harness.h"

/* 30 seconds are few for a debug kernel on emulated processors of a busy host */
#undef TEST_TIMEOUT_DEFAULT
#define TEST_TIMEOUT_DEFAULT 240

#define NOBODY 65534

static long now_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

static int open_netns(void)
{
	return open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC);
}

/* ---- a namespace of its own, with a link, down ---- */

FIXTURE(nl) {
	struct cipe_nl nl, route;
	unsigned int index;
	uint32_t id;
	int outside;		/* the network namespace we came from */
	struct config config;	/* of the link */
	struct key key;
};

/* A link with something set of everything */
static int furnish(FIXTURE_DATA(nl) *self)
{
	struct nl_msg *msg;
	int err;

	self->config = (struct config){
		.socket = bound4(),
		.endpoint = in_addr4(INADDR_LOOPBACK, 4000),
		.ttl = 7, .tos = 8, .keepalive = 1000000, .timeout = 2000000,
	};
	msg = request(&self->nl, CIPE_CMD_LINK_SET, self->index);
	put_config(msg, &self->config, NULL);
	err = call(&self->nl, msg);
	if (err)
		return err;
	self->key = make_key(CIPE_SLOT_CURRENT, 0x1000);
	return key_set(&self->nl, self->index, &self->key);
}

FIXTURE_SETUP(nl)
{
	if (getuid())
		SKIP(return, "must be root");
	self->outside = open_netns();
	ASSERT_EQ(0, unshare(CLONE_NEWNET));
	if (cipe_nl_open(&self->nl)) {
		if (system("modprobe -q cipe") || cipe_nl_open(&self->nl))
			SKIP(return, "no kernel module cipe");
	}
	ASSERT_EQ(0, open_route(&self->route));
	ASSERT_EQ(0, link_up("lo", true));
	ASSERT_EQ(0, link_new(&self->route, "cipe0", -1, 0));
	self->index = if_nametoindex("cipe0");
	self->id = link_u32(&self->nl, self->index, CIPE_A_LINK_ID);
	ASSERT_NE(UINT32_MAX, self->id);
	salt_keys(self->id);
	ASSERT_EQ(0, furnish(self));
}

FIXTURE_TEARDOWN(nl)
{
}

/* ---- requests with one thing wrong ---- */

struct bad {
	const char *what;
	struct odd odd;
	int err;
};

#define NUM(_type, _len, _value, _err) \
	{ #_type " = " #_value " (" #_len ")", \
	  { .type = _type, .len = _len, .value = _value }, _err }
#define OCT(_type, _len, _data, _err) \
	{ #_type " of " #_len " octets, " #_data, \
	  { .type = _type, .len = _len, .data = _data }, _err }
#define SIZE(_type, _len, _err) \
	{ #_type " of " #_len " octets", { .type = _type, .len = _len }, _err }
#define FLAG(_type, _len, _flags, _err) \
	{ #_type " with " #_flags, \
	  { .type = _type, .len = _len, .flags = _flags }, _err }

/* The request failed as it should; nothing changed since @before */
static void check_refused(struct __test_metadata *_metadata,
			  FIXTURE_DATA(nl) *self, const char *what,
			  const struct odd *odd, int err, int got,
			  const struct snapshot *before)
{
	struct snapshot after;

	EXPECT_EQ(err, got)
		TH_LOG("%s: %s: %s", what, strerror(-got), self->nl.errmsg);
	EXPECT_NE('\0', self->nl.errmsg[0])
		TH_LOG("%s: no message", what);
	if (odd && odd->absent) {
		EXPECT_EQ(odd->type, self->nl.missing)
			TH_LOG("%s: wrong attribute said to be missing", what);
	} else if (odd) {
		EXPECT_EQ(odd->offset, self->nl.erroff)
			TH_LOG("%s: wrong attribute blamed (%s)", what,
			       self->nl.errmsg);
	}
	EXPECT_EQ(0, link_snapshot(&self->nl, self->index, &after));
	EXPECT_EQ(before->len, after.len)
		TH_LOG("%s: something changed", what);
	EXPECT_EQ(0, memcmp(before->data, after.data, after.len))
		TH_LOG("%s: something changed", what);
}

typedef struct nl_msg *(*build)(FIXTURE_DATA(nl) *self, struct odd *odd);

static void check_bad(struct __test_metadata *_metadata,
		      FIXTURE_DATA(nl) *self, build build,
		      const struct bad *bad, size_t n, bool in_key)
{
	struct snapshot before;
	struct odd odd;
	size_t i;
	int got;

	ASSERT_EQ(0, link_snapshot(&self->nl, self->index, &before));
	for (i = 0; i < n; i++) {
		odd = bad[i].odd;
		odd.in_key = in_key;
		got = call(&self->nl, build(self, &odd));
		check_refused(_metadata, self, bad[i].what, &odd, bad[i].err,
			      got, &before);
		if (!got)
			link_snapshot(&self->nl, self->index, &before);
	}
}

#define CHECK_BAD(build, table, in_key) \
	check_bad(_metadata, self, build, table, ARRAY_SIZE(table), in_key)

/* What no request may have, but for LINK_GET's answers */
#define GET_ONLY_ANYWHERE \
	SIZE(CIPE_A_PAD, 0, -EINVAL), \
	SIZE(CIPE_A_PAD, 4, -EINVAL), \
	OCT(CIPE_A_IFNAME, 6, "cipe0", -EINVAL), \
	NUM(CIPE_A_MODE, 1, 0, -EINVAL), \
	NUM(CIPE_A_SOCKET_STATE, 1, 0, -EINVAL), \
	SIZE(CIPE_A_LOCAL, sizeof(struct sockaddr_in), -EINVAL), \
	SIZE(CIPE_A_ENDPOINT_LOCAL, sizeof(struct sockaddr_in), -EINVAL), \
	NUM(CIPE_A_PEER_ALIVE, 1, 1, -EINVAL), \
	NUM(CIPE_A_LAST_RX_MS, 8, 1, -EINVAL), \
	NUM(CIPE_A_LAST_TX_MS, 8, 1, -EINVAL), \
	NUM(CIPE_A_PATH_MTU, 4, 1500, -EINVAL), \
	SIZE(CIPE_A_STATS, 0, -EINVAL), \
	FLAG(CIPE_A_STATS, 0, NLA_F_NESTED, -EINVAL), \
	SIZE(CIPE_A_MAX + 1, 4, -EINVAL), \
	SIZE(1000, 0, -EINVAL)

#define SET_ONLY \
	NUM(CIPE_A_SOCKET_FD, 4, 0, -EINVAL), \
	SIZE(CIPE_A_ENDPOINT, 16, -EINVAL), \
	NUM(CIPE_A_TTL, 1, 1, -EINVAL), \
	NUM(CIPE_A_TOS, 2, 0, -EINVAL), \
	NUM(CIPE_A_PIN, 1, 0, -EINVAL), \
	NUM(CIPE_A_KEEPALIVE_MS, 4, 0, -EINVAL), \
	NUM(CIPE_A_TIMEOUT_MS, 4, 0, -EINVAL)

static struct nl_msg *build_get(FIXTURE_DATA(nl) *self, struct odd *odd)
{
	bool link = odd->type == CIPE_A_IFINDEX || odd->type == CIPE_A_LINK_ID;
	struct nl_msg *msg = request(&self->nl, CIPE_CMD_LINK_GET,
				     link ? 0 : self->index);

	put_odd(msg, odd);
	return msg;
}

/* How a link is named is the same for all commands */
static const struct bad bad_names[] = {
	NUM(CIPE_A_IFINDEX, 4, 0, -ERANGE),
	NUM(CIPE_A_IFINDEX, 4, 0x7fffffff, -ENODEV),
	NUM(CIPE_A_IFINDEX, 4, 0x80000000, -ENODEV),
	NUM(CIPE_A_IFINDEX, 4, 0xffffffff, -ENODEV),
	NUM(CIPE_A_IFINDEX, 4, 1 /* lo */, -EOPNOTSUPP),
	SIZE(CIPE_A_IFINDEX, 0, -EINVAL),
	SIZE(CIPE_A_IFINDEX, 2, -EINVAL),
	SIZE(CIPE_A_IFINDEX, 8, -EINVAL),
	NUM(CIPE_A_LINK_ID, 4, 0, -ERANGE),
	NUM(CIPE_A_LINK_ID, 4, 0x7fffffff, -ENODEV),
	NUM(CIPE_A_LINK_ID, 4, 0xffffffff, -ENODEV),
	SIZE(CIPE_A_LINK_ID, 0, -EINVAL),
	SIZE(CIPE_A_LINK_ID, 2, -EINVAL),
	SIZE(CIPE_A_LINK_ID, 8, -EINVAL),
	FLAG(CIPE_A_IFINDEX, 4, NLA_F_NESTED, -EINVAL),
};

TEST_F(nl, get_refused)
{
	static const struct bad bad[] = {
		GET_ONLY_ANYWHERE,
		SET_ONLY,
		FLAG(CIPE_A_KEY, 0, NLA_F_NESTED, -EINVAL),
	};

	CHECK_BAD(build_get, bad_names, false);
	CHECK_BAD(build_get, bad, false);
}

static struct nl_msg *build_set(FIXTURE_DATA(nl) *self, struct odd *odd)
{
	bool link = odd->type == CIPE_A_IFINDEX || odd->type == CIPE_A_LINK_ID;
	struct nl_msg *msg = request(&self->nl, CIPE_CMD_LINK_SET,
				     link ? 0 : self->index);
	static int fd;
	struct config other;

	if (!fd)
		fd = bound4();
	/* all of it different from what is set */
	other = (struct config){
		.socket = fd, .endpoint = in_addr4(INADDR_LOOPBACK, 4001),
		.ttl = 9, .tos = 12, .pin = 1, .keepalive = 3000000,
		.timeout = 3500000,
	};
	if (link)
		put_odd(msg, odd);
	put_config(msg, &other, link ? NULL : odd);
	return msg;
}

static const struct sockaddr_in
	good_in = { .sin_family = AF_INET, .sin_port = 0xa00f,
		    .sin_addr.s_addr = 0x0100007f },
	no_port = { .sin_family = AF_INET, .sin_addr.s_addr = 0x0100007f },
	no_host = { .sin_family = AF_INET, .sin_port = 0xa00f },
	mcast = { .sin_family = AF_INET, .sin_port = 0xa00f,
		  .sin_addr.s_addr = 0x010000e0 },
	bcast = { .sin_family = AF_INET, .sin_port = 0xa00f,
		  .sin_addr.s_addr = 0xffffffff },
	in_as_unix = { .sin_family = AF_UNIX, .sin_port = 0xa00f,
		       .sin_addr.s_addr = 0x0100007f },
	in_as_none = { .sin_port = 0xa00f, .sin_addr.s_addr = 0x0100007f },
	in_as_6 = { .sin_family = AF_INET6, .sin_port = 0xa00f,
		    .sin_addr.s_addr = 0x0100007f };

static const struct sockaddr_in6
	six_as_4 = { .sin6_family = AF_INET, .sin6_port = 0xa00f },
	six_no_host = { .sin6_family = AF_INET6, .sin6_port = 0xa00f },
	six_no_port = { .sin6_family = AF_INET6,
			.sin6_addr.s6_addr = { 0x20, 1, [15] = 1 } },
	six_mcast = { .sin6_family = AF_INET6, .sin6_port = 0xa00f,
		      .sin6_addr.s6_addr = { 0xff, 2, [15] = 1 } },
	six_no_scope = { .sin6_family = AF_INET6, .sin6_port = 0xa00f,
			 .sin6_addr.s6_addr = { 0xfe, 0x80, [15] = 1 } },
	mapped_mcast = { .sin6_family = AF_INET6, .sin6_port = 0xa00f,
			 .sin6_addr.s6_addr = { [10] = 0xff, 0xff, 0xe0, [15] = 1 } },
	mapped_none = { .sin6_family = AF_INET6, .sin6_port = 0xa00f,
			.sin6_addr.s6_addr = { [10] = 0xff, 0xff } };

TEST_F(nl, set_refused)
{
	static const struct bad bad[] = {
		GET_ONLY_ANYWHERE,
		FLAG(CIPE_A_KEY, 0, NLA_F_NESTED, -EINVAL),
		SIZE(CIPE_A_SOCKET_FD, 0, -EINVAL),
		SIZE(CIPE_A_SOCKET_FD, 1, -EINVAL),
		SIZE(CIPE_A_SOCKET_FD, 2, -EINVAL),
		SIZE(CIPE_A_SOCKET_FD, 8, -EINVAL),
		NUM(CIPE_A_SOCKET_FD, 4, 0xffffffff, -EBADF),
		NUM(CIPE_A_SOCKET_FD, 4, 0x7fffffff, -EBADF),
		NUM(CIPE_A_SOCKET_FD, 4, 0x80000000, -EBADF),
		SIZE(CIPE_A_ENDPOINT, 0, -ERANGE),
		SIZE(CIPE_A_ENDPOINT, 2, -ERANGE),
		OCT(CIPE_A_ENDPOINT, 15, &good_in, -ERANGE),
		SIZE(CIPE_A_ENDPOINT, 17, -EAFNOSUPPORT),
		SIZE(CIPE_A_ENDPOINT, 27, -EAFNOSUPPORT),
		SIZE(CIPE_A_ENDPOINT, 29, -ERANGE),
		SIZE(CIPE_A_ENDPOINT, 128, -ERANGE),
		OCT(CIPE_A_ENDPOINT, 16, &in_as_none, -EAFNOSUPPORT),
		OCT(CIPE_A_ENDPOINT, 16, &in_as_unix, -EAFNOSUPPORT),
		OCT(CIPE_A_ENDPOINT, 16, &in_as_6, -EAFNOSUPPORT),
		OCT(CIPE_A_ENDPOINT, 28, &six_as_4, -EAFNOSUPPORT),
		OCT(CIPE_A_ENDPOINT, 27, &six_no_host, -EAFNOSUPPORT),
		OCT(CIPE_A_ENDPOINT, 16, &no_port, -EINVAL),
		OCT(CIPE_A_ENDPOINT, 16, &no_host, -EINVAL),
		OCT(CIPE_A_ENDPOINT, 16, &mcast, -EINVAL),
		OCT(CIPE_A_ENDPOINT, 16, &bcast, -EINVAL),
		OCT(CIPE_A_ENDPOINT, 28, &six_no_host, -EINVAL),
		OCT(CIPE_A_ENDPOINT, 28, &six_no_port, -EINVAL),
		OCT(CIPE_A_ENDPOINT, 28, &six_mcast, -EINVAL),
		OCT(CIPE_A_ENDPOINT, 28, &six_no_scope, -EINVAL),
		OCT(CIPE_A_ENDPOINT, 28, &mapped_mcast, -EINVAL),
		OCT(CIPE_A_ENDPOINT, 28, &mapped_none, -EINVAL),
		SIZE(CIPE_A_TTL, 0, -EINVAL),
		SIZE(CIPE_A_TTL, 2, -EINVAL),
		SIZE(CIPE_A_TTL, 4, -EINVAL),
		SIZE(CIPE_A_TOS, 0, -EINVAL),
		SIZE(CIPE_A_TOS, 1, -EINVAL),
		SIZE(CIPE_A_TOS, 4, -EINVAL),
		NUM(CIPE_A_TOS, 2, 1, -EINVAL),
		NUM(CIPE_A_TOS, 2, 2, -EINVAL),
		NUM(CIPE_A_TOS, 2, 3, -EINVAL),
		NUM(CIPE_A_TOS, 2, 0xfd, -EINVAL),
		NUM(CIPE_A_TOS, 2, 0xff, -EINVAL),
		NUM(CIPE_A_TOS, 2, 0x101, -EINVAL),
		NUM(CIPE_A_TOS, 2, 0x104, -EINVAL),
		NUM(CIPE_A_TOS, 2, 0xffff, -EINVAL),
		SIZE(CIPE_A_PIN, 0, -EINVAL),
		SIZE(CIPE_A_PIN, 4, -EINVAL),
		NUM(CIPE_A_PIN, 1, 2, -ERANGE),
		NUM(CIPE_A_PIN, 1, 255, -ERANGE),
		SIZE(CIPE_A_KEEPALIVE_MS, 0, -EINVAL),
		SIZE(CIPE_A_KEEPALIVE_MS, 2, -EINVAL),
		SIZE(CIPE_A_KEEPALIVE_MS, 8, -EINVAL),
		NUM(CIPE_A_KEEPALIVE_MS, 4, 1, -ERANGE),
		NUM(CIPE_A_KEEPALIVE_MS, 4, 9, -ERANGE),
		NUM(CIPE_A_KEEPALIVE_MS, 4, 3600001, -ERANGE),
		NUM(CIPE_A_KEEPALIVE_MS, 4, 0xffffffff, -ERANGE),
		SIZE(CIPE_A_TIMEOUT_MS, 0, -EINVAL),
		SIZE(CIPE_A_TIMEOUT_MS, 2, -EINVAL),
		SIZE(CIPE_A_TIMEOUT_MS, 8, -EINVAL),
		NUM(CIPE_A_TIMEOUT_MS, 4, 1, -ERANGE),
		NUM(CIPE_A_TIMEOUT_MS, 4, 9, -ERANGE),
		NUM(CIPE_A_TIMEOUT_MS, 4, 3600001, -ERANGE),
		NUM(CIPE_A_TIMEOUT_MS, 4, 0xffffffff, -ERANGE),
		FLAG(CIPE_A_TTL, 1, NLA_F_NESTED, -EINVAL),
		FLAG(CIPE_A_SOCKET_FD, 4, NLA_F_NESTED, -EINVAL),
		FLAG(CIPE_A_ENDPOINT, 16, NLA_F_NESTED, -EINVAL),
	};

	CHECK_BAD(build_set, bad_names, false);
	CHECK_BAD(build_set, bad, false);
}

/* Both ends of every range, and back as they were given */
TEST_F(nl, set_accepted)
{
	static const struct {
		int type, len;
		uint32_t value;
	} good[] = {
		{ CIPE_A_TTL, 1, 0 }, { CIPE_A_TTL, 1, 1 },
		{ CIPE_A_TTL, 1, 255 },
		{ CIPE_A_TOS, 2, 0 }, { CIPE_A_TOS, 2, 4 },
		{ CIPE_A_TOS, 2, 0xfc }, { CIPE_A_TOS, 2, CIPE_TOS_INHERIT },
		{ CIPE_A_PIN, 1, 1 }, { CIPE_A_PIN, 1, 0 },
		{ CIPE_A_KEEPALIVE_MS, 4, 3600000 },
		{ CIPE_A_KEEPALIVE_MS, 4, 1000 }, { CIPE_A_KEEPALIVE_MS, 4, 0 },
		{ CIPE_A_TIMEOUT_MS, 4, 3600000 },
		{ CIPE_A_TIMEOUT_MS, 4, 1000 }, { CIPE_A_TIMEOUT_MS, 4, 0 },
	};
	struct odd odd;
	struct nl_msg *msg;
	uint32_t got;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(good); i++) {
		odd = (struct odd){ .type = good[i].type, .len = good[i].len,
				    .value = good[i].value };
		msg = request(&self->nl, CIPE_CMD_LINK_SET, self->index);
		put_odd(msg, &odd);
		EXPECT_EQ(0, call(&self->nl, msg))
			TH_LOG("attribute %d = %u: %s", good[i].type,
			       good[i].value, self->nl.errmsg);
		EXPECT_EQ(good[i].value,
			  link_u32(&self->nl, self->index, good[i].type))
			TH_LOG("attribute %d", good[i].type);
	}
	/* the least that may be said, in the clock's ticks */
	for (i = CIPE_A_KEEPALIVE_MS; i <= CIPE_A_TIMEOUT_MS; i++) {
		odd = (struct odd){ .type = i, .len = 4, .value = 10 };
		msg = request(&self->nl, CIPE_CMD_LINK_SET, self->index);
		put_odd(msg, &odd);
		EXPECT_EQ(0, call(&self->nl, msg));
		got = link_u32(&self->nl, self->index, i);
		EXPECT_LE(10, got);
		EXPECT_GE(20, got);
	}
	/* nothing at all is no error */
	EXPECT_EQ(0, call(&self->nl, request(&self->nl, CIPE_CMD_LINK_SET,
					     self->index)));
}

TEST_F(nl, set_defaults)
{
	unsigned int index;

	ASSERT_EQ(0, link_new(&self->route, "cipe1", -1, 0));
	index = if_nametoindex("cipe1");
	EXPECT_EQ(CIPE_MODE_IP, link_u32(&self->nl, index, CIPE_A_MODE));
	EXPECT_EQ(CIPE_SOCKET_NONE,
		  link_u32(&self->nl, index, CIPE_A_SOCKET_STATE));
	EXPECT_EQ(0, link_u32(&self->nl, index, CIPE_A_TOS));
	EXPECT_EQ(0, link_u32(&self->nl, index, CIPE_A_PIN));
	EXPECT_EQ(0, link_u32(&self->nl, index, CIPE_A_KEEPALIVE_MS));
	EXPECT_EQ(0, link_u32(&self->nl, index, CIPE_A_TIMEOUT_MS));
	EXPECT_EQ(0, link_u32(&self->nl, index, CIPE_A_PEER_ALIVE));
	EXPECT_EQ(UINT32_MAX, link_u32(&self->nl, index, CIPE_A_PATH_MTU));
	EXPECT_EQ(UINT32_MAX, link_u32(&self->nl, index, CIPE_A_ENDPOINT));
	EXPECT_EQ(UINT32_MAX, link_u32(&self->nl, index, CIPE_A_LOCAL));
	EXPECT_EQ(UINT32_MAX, link_u32(&self->nl, index, CIPE_A_LAST_RX_MS));
	EXPECT_EQ(UINT32_MAX, link_u32(&self->nl, index, CIPE_A_LAST_TX_MS));
}

/* Endpoints as they come back: mapped ones as IPv4, no garbage in padding */
TEST_F(nl, set_endpoint)
{
	struct sockaddr_in in = in_addr4(0xc0000201, 4000), got, want = in;
	struct sockaddr_in6 in6, got6;
	struct odd odd = { .type = CIPE_A_ENDPOINT };
	int fd = bound6("::", false);
	struct nl_msg *msg;

	msg = request(&self->nl, CIPE_CMD_LINK_SET, self->index);
	nla_put_u32(msg, CIPE_A_SOCKET_FD, fd);
	ASSERT_EQ(0, call(&self->nl, msg));

	memset(in.sin_zero, 0x5a, sizeof(in.sin_zero));
	odd.len = sizeof(in);
	odd.data = &in;
	msg = request(&self->nl, CIPE_CMD_LINK_SET, self->index);
	put_odd(msg, &odd);
	EXPECT_EQ(0, call(&self->nl, msg));
	EXPECT_EQ(sizeof(got), link_attr(&self->nl, self->index,
					 CIPE_A_ENDPOINT, &got, sizeof(got)));
	EXPECT_EQ(0, memcmp(&want, &got, sizeof(got)));

	in6 = in_addr6("::ffff:192.0.2.9", 4001);
	want = in_addr4(0xc0000209, 4001);
	odd.len = sizeof(in6);
	odd.data = &in6;
	msg = request(&self->nl, CIPE_CMD_LINK_SET, self->index);
	put_odd(msg, &odd);
	EXPECT_EQ(0, call(&self->nl, msg));
	EXPECT_EQ(sizeof(got), link_attr(&self->nl, self->index,
					 CIPE_A_ENDPOINT, &got, sizeof(got)));
	EXPECT_EQ(0, memcmp(&want, &got, sizeof(got)));

	in6 = in_addr6("2001:db8::9", 4002);
	in6.sin6_flowinfo = 0x12345;
	in6.sin6_scope_id = 77;
	msg = request(&self->nl, CIPE_CMD_LINK_SET, self->index);
	put_odd(msg, &odd);
	EXPECT_EQ(0, call(&self->nl, msg));
	EXPECT_EQ(sizeof(got6), link_attr(&self->nl, self->index,
					  CIPE_A_ENDPOINT, &got6, sizeof(got6)));
	in6.sin6_flowinfo = 0;
	in6.sin6_scope_id = 0;
	EXPECT_EQ(0, memcmp(&in6, &got6, sizeof(got6)));

	in6 = in_addr6("fe80::9", 4002);
	in6.sin6_scope_id = 1;
	msg = request(&self->nl, CIPE_CMD_LINK_SET, self->index);
	put_odd(msg, &odd);
	EXPECT_EQ(0, call(&self->nl, msg));
	EXPECT_EQ(sizeof(got6), link_attr(&self->nl, self->index,
					  CIPE_A_ENDPOINT, &got6, sizeof(got6)));
	EXPECT_EQ(0, memcmp(&in6, &got6, sizeof(got6)));
}

/* ---- keys ---- */

static struct nl_msg *build_key(FIXTURE_DATA(nl) *self, struct odd *odd)
{
	bool link = !odd->in_key &&
		    (odd->type == CIPE_A_IFINDEX || odd->type == CIPE_A_LINK_ID);
	struct nl_msg *msg = request(&self->nl, CIPE_CMD_KEY_SET,
				     link ? 0 : self->index);
	struct key key = make_key(CIPE_SLOT_CURRENT, 0x2000);

	if (link)
		put_odd(msg, odd);
	put_key(msg, &key, link ? NULL : odd);
	return msg;
}

TEST_F(nl, key_set_refused)
{
	static const uint8_t xs[130] = { [0 ... 127] = 'x' };
	static const struct bad outside[] = {
		GET_ONLY_ANYWHERE,
		SET_ONLY,
		/* the flag of the nest is missing */
		FLAG(CIPE_A_KEY, 0, 0, -EINVAL),
	};
	static const struct bad bad[] = {
		SIZE(CIPE_A_KEY_PAD, 0, -EINVAL),
		NUM(CIPE_A_KEY_TX_COUNTER, 8, 1, -EINVAL),
		NUM(CIPE_A_KEY_TX_BLOCKS, 8, 1, -EINVAL),
		NUM(CIPE_A_KEY_RX_COUNTER, 8, 1, -EINVAL),
		NUM(CIPE_A_KEY_AGE_MS, 8, 1, -EINVAL),
		SIZE(CIPE_A_KEY_MAX + 1, 4, -EINVAL),
		SIZE(500, 4, -EINVAL),
		SIZE(CIPE_A_KEY_SLOT, 0, -EINVAL),
		SIZE(CIPE_A_KEY_SLOT, 4, -EINVAL),
		NUM(CIPE_A_KEY_SLOT, 1, CIPE_SLOT_PREVIOUS, -ERANGE),
		NUM(CIPE_A_KEY_SLOT, 1, 3, -ERANGE),
		NUM(CIPE_A_KEY_SLOT, 1, 255, -ERANGE),
		SIZE(CIPE_A_KEY_RX_ID, 0, -EINVAL),
		SIZE(CIPE_A_KEY_RX_ID, 2, -EINVAL),
		SIZE(CIPE_A_KEY_RX_ID, 8, -EINVAL),
		NUM(CIPE_A_KEY_RX_ID, 4, 0, -EINVAL),
		NUM(CIPE_A_KEY_RX_ID, 4, 1, -EINVAL),
		NUM(CIPE_A_KEY_RX_ID, 4, 0x12345679, -EINVAL),
		NUM(CIPE_A_KEY_RX_ID, 4, 0x1234567a, -EINVAL),
		NUM(CIPE_A_KEY_RX_ID, 4, 0xffffffff, -EINVAL),
		SIZE(CIPE_A_KEY_TX_ID, 0, -EINVAL),
		SIZE(CIPE_A_KEY_TX_ID, 8, -EINVAL),
		NUM(CIPE_A_KEY_TX_ID, 4, 0, -EINVAL),
		NUM(CIPE_A_KEY_TX_ID, 4, 3, -EINVAL),
		NUM(CIPE_A_KEY_TX_ID, 4, 0xfffffffe, -EINVAL),
		SIZE(CIPE_A_KEY_CIPHER, 0, -EINVAL),
		SIZE(CIPE_A_KEY_CIPHER, 4, -EINVAL),
		NUM(CIPE_A_KEY_CIPHER, 1, 0, -ERANGE),
		NUM(CIPE_A_KEY_CIPHER, 1, 4, -ERANGE),
		NUM(CIPE_A_KEY_CIPHER, 1, 255, -ERANGE),
		SIZE(CIPE_A_KEY_RX_KEY, 0, -ERANGE),
		SIZE(CIPE_A_KEY_RX_KEY, 15, -ERANGE),
		SIZE(CIPE_A_KEY_RX_KEY, 16, -EINVAL),
		SIZE(CIPE_A_KEY_RX_KEY, 24, -EINVAL),
		SIZE(CIPE_A_KEY_RX_KEY, 31, -EINVAL),
		SIZE(CIPE_A_KEY_RX_KEY, 33, -ERANGE),
		SIZE(CIPE_A_KEY_TX_KEY, 0, -ERANGE),
		SIZE(CIPE_A_KEY_TX_KEY, 15, -ERANGE),
		SIZE(CIPE_A_KEY_TX_KEY, 16, -EINVAL),
		SIZE(CIPE_A_KEY_TX_KEY, 31, -EINVAL),
		SIZE(CIPE_A_KEY_TX_KEY, 33, -ERANGE),
		SIZE(CIPE_A_KEY_RX_IV, 0, -ERANGE),
		SIZE(CIPE_A_KEY_RX_IV, 11, -ERANGE),
		SIZE(CIPE_A_KEY_RX_IV, 13, -ERANGE),
		SIZE(CIPE_A_KEY_TX_IV, 0, -ERANGE),
		SIZE(CIPE_A_KEY_TX_IV, 11, -ERANGE),
		SIZE(CIPE_A_KEY_TX_IV, 13, -ERANGE),
		SIZE(CIPE_A_KEY_LIFETIME_MS, 0, -EINVAL),
		SIZE(CIPE_A_KEY_LIFETIME_MS, 8, -EINVAL),
		NUM(CIPE_A_KEY_LIFETIME_MS, 4, 0, -ERANGE),
		NUM(CIPE_A_KEY_LIFETIME_MS, 4, 99, -ERANGE),
		NUM(CIPE_A_KEY_LIFETIME_MS, 4, 86400001, -ERANGE),
		NUM(CIPE_A_KEY_LIFETIME_MS, 4, 0xffffffff, -ERANGE),
		SIZE(CIPE_A_KEY_TX_START, 0, -EINVAL),
		SIZE(CIPE_A_KEY_TX_START, 8, -EINVAL),
		SIZE(CIPE_A_KEY_DRIVER, 0, -EINVAL),
		OCT(CIPE_A_KEY_DRIVER, 3, "abc", -EINVAL),
		OCT(CIPE_A_KEY_DRIVER, 129, xs, -EINVAL),
		OCT(CIPE_A_KEY_DRIVER, 128, xs, -EINVAL),
		FLAG(CIPE_A_KEY_SLOT, 1, NLA_F_NESTED, -EINVAL),
	};

	CHECK_BAD(build_key, bad_names, false);
	CHECK_BAD(build_key, outside, false);
	CHECK_BAD(build_key, bad, true);
}

/* A member that is missing is named; so is the key itself */
TEST_F(nl, key_set_missing)
{
	static const uint16_t required[] = {
		CIPE_A_KEY_SLOT, CIPE_A_KEY_RX_ID, CIPE_A_KEY_TX_ID,
		CIPE_A_KEY_CIPHER, CIPE_A_KEY_RX_KEY, CIPE_A_KEY_RX_IV,
		CIPE_A_KEY_TX_KEY, CIPE_A_KEY_TX_IV, CIPE_A_KEY_LIFETIME_MS,
	};
	struct odd odd = { .in_key = true, .absent = true };
	struct snapshot before;
	char what[32];
	size_t i;
	int got;

	ASSERT_EQ(0, link_snapshot(&self->nl, self->index, &before));
	for (i = 0; i < ARRAY_SIZE(required); i++) {
		odd.type = required[i];
		snprintf(what, sizeof(what), "key member %u", odd.type);
		got = call(&self->nl, build_key(self, &odd));
		check_refused(_metadata, self, what, &odd, -EINVAL, got,
			      &before);
	}
	odd.type = CIPE_A_KEY;
	got = call(&self->nl,
		   request(&self->nl, CIPE_CMD_KEY_SET, self->index));
	check_refused(_metadata, self, "no key", &odd, -EINVAL, got, &before);
	/* TX_START need not be there */
	odd.type = CIPE_A_KEY_TX_START;
	EXPECT_EQ(0, call(&self->nl, build_key(self, &odd)));
}

/* The ciphers' keys are of one length each */
TEST_F(nl, key_lengths)
{
	static const uint8_t lens[] = { 16, 20, 24, 28, 32 };
	struct key key = make_key(CIPE_SLOT_NEXT, 0x3000);
	struct odd odd = { .in_key = true };
	struct snapshot before;
	struct nl_msg *msg;
	size_t i;
	int way, got;

	ASSERT_EQ(0, link_snapshot(&self->nl, self->index, &before));
	for (key.cipher = 1; key.cipher <= 3; key.cipher++) {
		for (i = 0; i < ARRAY_SIZE(lens); i++) {
			if (lens[i] == key_len(key.cipher))
				continue;
			for (way = 0; way < 2; way++) {
				odd.type = way ? CIPE_A_KEY_TX_KEY :
						 CIPE_A_KEY_RX_KEY;
				odd.len = lens[i];
				msg = request(&self->nl, CIPE_CMD_KEY_SET,
					      self->index);
				put_key(msg, &key, &odd);
				got = call(&self->nl, msg);
				check_refused(_metadata, self, "key length",
					      &odd, -EINVAL, got, &before);
			}
		}
	}
}

static int only_key(FIXTURE_DATA(nl) *self, const struct key *key,
		    struct key_info *info)
{
	struct key_info keys[3];
	int err = key_del_all(&self->nl, self->index);

	err = err ? err : key_set(&self->nl, self->index, key);
	if (err)
		return err;
	err = link_keys(&self->nl, self->index, keys);
	*info = keys[0];
	return err == 1 ? 0 : -ENOENT;
}

TEST_F(nl, key_set_accepted)
{
	static const uint32_t lifetimes[] = { 60000, 86400000 };
	static const uint32_t ids[] = { 4, 0x80000000, 0xfffffffc };
	static const uint32_t starts[] = { 0, 1, 0xfffffffe, 0xffffffff };
	struct key key = make_key(CIPE_SLOT_CURRENT, 0x3000);
	struct key_info info;
	size_t i;

	for (key.cipher = 1; key.cipher <= 3; key.cipher++) {
		EXPECT_EQ(0, only_key(self, &key, &info))
			TH_LOG("cipher %u: %s", key.cipher, self->nl.errmsg);
		EXPECT_EQ(key.cipher, info.cipher);
		EXPECT_NE('\0', info.driver[0]);
	}
	key.cipher = CIPE_CIPHER_AES_256_GCM;
	for (key.slot = CIPE_SLOT_CURRENT; key.slot <= CIPE_SLOT_NEXT;
	     key.slot++) {
		EXPECT_EQ(0, only_key(self, &key, &info));
		EXPECT_EQ(key.slot, info.slot);
	}
	key.slot = CIPE_SLOT_CURRENT;
	for (i = 0; i < ARRAY_SIZE(ids); i++) {
		key.rx_id = ids[i];
		key.tx_id = ids[ARRAY_SIZE(ids) - 1 - i];
		EXPECT_EQ(0, only_key(self, &key, &info));
		EXPECT_EQ(key.rx_id, info.rx_id);
		EXPECT_EQ(key.tx_id, info.tx_id);
	}
	for (i = 0; i < ARRAY_SIZE(lifetimes); i++) {
		key.lifetime = lifetimes[i];
		EXPECT_EQ(0, only_key(self, &key, &info));
		EXPECT_GE(key.lifetime, info.lifetime);
		EXPECT_LT(key.lifetime - 30000, info.lifetime);
	}
	for (i = 0; i < ARRAY_SIZE(starts); i++) {
		key.tx_start = starts[i];
		EXPECT_EQ(0, only_key(self, &key, &info));
		EXPECT_EQ(key.tx_start, info.tx_counter);
	}
	/* the shortest life: it ends */
	key.lifetime = 100;
	ASSERT_EQ(0, key_del_all(&self->nl, self->index));
	EXPECT_EQ(0, key_set(&self->nl, self->index, &key));
	for (i = 0; i < 100; i++) {
		struct key_info keys[3];

		if (!link_keys(&self->nl, self->index, keys))
			break;
		usleep(50000);
	}
	EXPECT_GT(100, i) TH_LOG("a key of 100 ms is there after 5 s");
}

TEST_F(nl, key_driver)
{
	static const struct {
		uint8_t cipher;
		const char *driver;
		int err;	/* 1: -ENOENT or -EINVAL */
	} drivers[] = {
		{ CIPE_CIPHER_CHACHA20_POLY1305, "no such driver", -ENOENT },
		{ CIPE_CIPHER_CHACHA20_POLY1305, "", 1 },
		{ CIPE_CIPHER_CHACHA20_POLY1305, "gcm(aes)", 1 },
		{ CIPE_CIPHER_CHACHA20_POLY1305, "cbc(aes)", 1 },
		{ CIPE_CIPHER_CHACHA20_POLY1305, "sha256", 1 },
		{ CIPE_CIPHER_CHACHA20_POLY1305,
		  "rfc7539esp(chacha20,poly1305)", 1 },
		{ CIPE_CIPHER_AES_128_GCM, "rfc7539(chacha20,poly1305)",
		  1 },
		{ CIPE_CIPHER_AES_128_GCM, "rfc4106(gcm(aes))", 1 },
		{ CIPE_CIPHER_AES_256_GCM,
		  "authenc(hmac(sha256),cbc(aes))", 1 },
		{ CIPE_CIPHER_AES_256_GCM, "%n%s../../etc", 1 },
		{ CIPE_CIPHER_AES_128_GCM,
		  "gcm_base(ctr(aes-generic),ghash-generic)", 0 },
		{ CIPE_CIPHER_AES_256_GCM,
		  "gcm_base(ctr(aes-generic),ghash-generic)", 0 },
		{ CIPE_CIPHER_CHACHA20_POLY1305,
		  "rfc7539(chacha20-generic,poly1305-generic)", 0 },
	};
	struct key key = make_key(CIPE_SLOT_NEXT, 0x4000);
	char longest[CIPE_KEY_DRIVER_MAX + 1] = "";
	struct key_info keys[3];
	struct snapshot before;
	int got, n;
	size_t i;

	ASSERT_EQ(0, link_snapshot(&self->nl, self->index, &before));
	for (i = 0; i < ARRAY_SIZE(drivers); i++) {
		key.cipher = drivers[i].cipher;
		key.driver = drivers[i].driver;
		got = key_set(&self->nl, self->index, &key);
		if (drivers[i].err) {
			check_refused(_metadata, self, key.driver, NULL,
				      drivers[i].err == 1 && got == -EINVAL ?
				      -EINVAL : -ENOENT, got, &before);
			continue;
		}
		EXPECT_EQ(0, got)
			TH_LOG("%s: %s", key.driver, self->nl.errmsg);
		n = link_keys(&self->nl, self->index, keys);
		EXPECT_EQ(2, n);
		if (n == 2) {
			EXPECT_STREQ(key.driver, keys[1].driver);
		}
		key.rx_id += 4;
	}
	memset(longest, 'x', CIPE_KEY_DRIVER_MAX);
	key.driver = longest;
	ASSERT_EQ(0, link_snapshot(&self->nl, self->index, &before));
	got = key_set(&self->nl, self->index, &key);
	check_refused(_metadata, self, "longest name", NULL, -ENOENT, got,
		      &before);
}

static int set_fd(FIXTURE_DATA(nl) *self, unsigned int index, int fd)
{
	struct nl_msg *msg = request(&self->nl, CIPE_CMD_LINK_SET, index);

	nla_put_u32(msg, CIPE_A_SOCKET_FD, fd);
	return call(&self->nl, msg);
}

/* Ids are unique on a socket, and in a link */
TEST_F(nl, key_exists)
{
	struct key key = make_key(CIPE_SLOT_CURRENT, 0x1000);
	struct snapshot before;
	unsigned int index;

	ASSERT_EQ(0, link_new(&self->route, "cipe1", -1, 0));
	index = if_nametoindex("cipe1");
	ASSERT_EQ(0, set_fd(self, index, self->config.socket));
	ASSERT_EQ(0, link_snapshot(&self->nl, self->index, &before));
	check_refused(_metadata, self, "key of this link", NULL, -EEXIST,
		      key_set(&self->nl, self->index, &key), &before);
	check_refused(_metadata, self, "key of another link", NULL, -EEXIST,
		      key_set(&self->nl, index, &key), &before);
	key.slot = CIPE_SLOT_NEXT;
	check_refused(_metadata, self, "as the next", NULL, -EEXIST,
		      key_set(&self->nl, index, &key), &before);
	/* on another socket it is another key */
	ASSERT_EQ(0, set_fd(self, index, bound4()));
	EXPECT_EQ(0, key_set(&self->nl, index, &key));
	EXPECT_EQ(-EEXIST, key_set(&self->nl, index, &key));
	EXPECT_EQ(-EEXIST, key_set(&self->nl, self->index, &key));
	/* where both meet */
	set_fd(self, index, self->config.socket);
	ASSERT_EQ(0, key_del_all(&self->nl, index));
	ASSERT_EQ(0, set_fd(self, index, self->config.socket));
	ASSERT_EQ(0, key_del_all(&self->nl, self->index));
	EXPECT_EQ(0, key_set(&self->nl, index, &key));
}

/* ---- deleting keys ---- */

static struct nl_msg *build_del(FIXTURE_DATA(nl) *self, struct odd *odd)
{
	bool link = !odd->in_key &&
		    (odd->type == CIPE_A_IFINDEX || odd->type == CIPE_A_LINK_ID);
	struct nl_msg *msg = request(&self->nl, CIPE_CMD_KEY_DEL,
				     link ? 0 : self->index);
	int type = odd->in_key && odd->type == CIPE_A_KEY_RX_ID ?
		   CIPE_A_KEY_RX_ID : CIPE_A_KEY_SLOT;

	if (link)
		put_odd(msg, odd);
	put_key_name(msg, type, type == CIPE_A_KEY_SLOT ?
		     CIPE_SLOT_CURRENT : key_id(0x1000), link ? NULL : odd);
	return msg;
}

TEST_F(nl, key_del_refused)
{
	static const struct bad outside[] = {
		GET_ONLY_ANYWHERE,
		SET_ONLY,
		FLAG(CIPE_A_KEY, 0, 0, -EINVAL),
	};
	static const struct bad bad[] = {
		SIZE(CIPE_A_KEY_SLOT, 0, -EINVAL),
		SIZE(CIPE_A_KEY_SLOT, 4, -EINVAL),
		NUM(CIPE_A_KEY_SLOT, 1, 3, -ERANGE),
		NUM(CIPE_A_KEY_SLOT, 1, 255, -ERANGE),
		SIZE(CIPE_A_KEY_RX_ID, 0, -EINVAL),
		SIZE(CIPE_A_KEY_RX_ID, 8, -EINVAL),
		NUM(CIPE_A_KEY_RX_ID, 4, 0, -EINVAL),
		NUM(CIPE_A_KEY_RX_ID, 4, 0x1001, -EINVAL),
		NUM(CIPE_A_KEY_RX_ID, 4, 0x1002, -EINVAL),
		NUM(CIPE_A_KEY_TX_ID, 4, 0x1000, -EINVAL),
		NUM(CIPE_A_KEY_CIPHER, 1, 1, -EINVAL),
		SIZE(CIPE_A_KEY_RX_KEY, 32, -EINVAL),
		SIZE(CIPE_A_KEY_RX_IV, 12, -EINVAL),
		SIZE(CIPE_A_KEY_TX_KEY, 32, -EINVAL),
		SIZE(CIPE_A_KEY_TX_IV, 12, -EINVAL),
		NUM(CIPE_A_KEY_LIFETIME_MS, 4, 1000, -EINVAL),
		NUM(CIPE_A_KEY_TX_START, 4, 0, -EINVAL),
		OCT(CIPE_A_KEY_DRIVER, 4, "abc", -EINVAL),
		NUM(CIPE_A_KEY_AGE_MS, 8, 0, -EINVAL),
		SIZE(CIPE_A_KEY_PAD, 0, -EINVAL),
		SIZE(CIPE_A_KEY_MAX + 1, 4, -EINVAL),
	};
	const struct {
		int type;
		uint32_t value;
	} none[] = {
		{ CIPE_A_KEY_SLOT, CIPE_SLOT_PREVIOUS },
		{ CIPE_A_KEY_SLOT, CIPE_SLOT_NEXT },
		{ CIPE_A_KEY_RX_ID, key_id(0x1004) },
		{ CIPE_A_KEY_RX_ID, 0xfffffffc },
	};
	struct odd both = { .in_key = true, .type = CIPE_A_KEY_RX_ID,
			    .len = 4, .value = key_id(0x1000) };
	struct snapshot before;
	struct nl_msg *msg;
	size_t i;

	CHECK_BAD(build_del, bad_names, false);
	CHECK_BAD(build_del, outside, false);
	CHECK_BAD(build_del, bad, true);

	ASSERT_EQ(0, link_snapshot(&self->nl, self->index, &before));
	msg = request(&self->nl, CIPE_CMD_KEY_DEL, self->index);
	put_key_name(msg, CIPE_A_KEY_SLOT, CIPE_SLOT_CURRENT, &both);
	check_refused(_metadata, self, "slot and id", NULL, -EINVAL,
		      call(&self->nl, msg), &before);
	msg = request(&self->nl, CIPE_CMD_KEY_DEL, self->index);
	put_key_name(msg, 0, 0, NULL);
	check_refused(_metadata, self, "empty nest", NULL, -EINVAL,
		      call(&self->nl, msg), &before);
	for (i = 0; i < ARRAY_SIZE(none); i++) {
		msg = request(&self->nl, CIPE_CMD_KEY_DEL, self->index);
		put_key_name(msg, none[i].type, none[i].value, NULL);
		check_refused(_metadata, self, "no such key", NULL, -ENOENT,
			      call(&self->nl, msg), &before);
	}
	/* another link's */
	ASSERT_EQ(0, link_new(&self->route, "cipe1", -1, 0));
	msg = request(&self->nl, CIPE_CMD_KEY_DEL, if_nametoindex("cipe1"));
	put_key_name(msg, CIPE_A_KEY_RX_ID, key_id(0x1000), NULL);
	check_refused(_metadata, self, "another link's key", NULL, -ENOENT,
		      call(&self->nl, msg), &before);
	EXPECT_EQ(0, key_del_all(&self->nl, self->index));
	EXPECT_EQ(0, key_del_all(&self->nl, self->index));
}

/* ---- the frame of a request ---- */

static void count_cb(struct nlmsghdr *nlh, void *arg)
{
	int *n = arg;

	(void)nlh;
	++*n;
}

TEST_F(nl, malformed)
{
	struct snapshot before;
	struct genlmsghdr *gh;
	struct nl_msg *msg;
	struct nlattr *a;
	unsigned int cmd;

	ASSERT_EQ(0, link_snapshot(&self->nl, self->index, &before));
	for (cmd = CIPE_CMD_LINK_GET; cmd <= CIPE_CMD_KEY_DEL; cmd++) {
		/* no link, or twice */
		msg = request(&self->nl, cmd, 0);
		check_refused(_metadata, self, "no link", NULL, -EINVAL,
			      call(&self->nl, msg), &before);
		msg = request(&self->nl, cmd, self->index);
		nla_put_u32(msg, CIPE_A_LINK_ID, self->id);
		check_refused(_metadata, self, "index and id", NULL, -EINVAL,
			      call(&self->nl, msg), &before);
		/* something behind the last attribute */
		msg = request(&self->nl, cmd, self->index);
		memset(nlmsg_reserve(msg, 3, 0), 0x11, 3);
		check_refused(_metadata, self, "trailing octets", NULL,
			      -EINVAL, call(&self->nl, msg), &before);
		/* an attribute longer than the message */
		msg = request(&self->nl, cmd, self->index);
		a = nla_reserve(msg, CIPE_A_TTL, 1);
		a->nla_len = 400;
		EXPECT_EQ(-EINVAL, call(&self->nl, msg));
		/* an attribute shorter than its own header */
		msg = request(&self->nl, cmd, self->index);
		a = nla_reserve(msg, CIPE_A_TTL, 1);
		a->nla_len = 3;
		EXPECT_EQ(-EINVAL, call(&self->nl, msg));
		/* the reserved field */
		msg = request(&self->nl, cmd, self->index);
		gh = nlmsg_data(nlmsg_hdr(msg));
		gh->reserved = 1;
		EXPECT_EQ(-EINVAL, call(&self->nl, msg));
		/* none but LINK_GET can be dumped */
		if (cmd == CIPE_CMD_LINK_GET)
			continue;
		msg = cipe_nl_msg(&self->nl, cmd, NLM_F_DUMP);
		EXPECT_EQ(-EOPNOTSUPP, call(&self->nl, msg));
	}
	for (cmd = 0; cmd < 256; cmd++) {
		if (cmd >= CIPE_CMD_LINK_GET && cmd <= CIPE_CMD_KEY_DEL)
			continue;
		msg = request(&self->nl, cmd, self->index);
		EXPECT_EQ(-EOPNOTSUPP, call(&self->nl, msg))
			TH_LOG("command %u", cmd);
	}
	/* a dump with what does not belong there */
	msg = cipe_nl_msg(&self->nl, CIPE_CMD_LINK_GET, NLM_F_DUMP);
	nla_put_u8(msg, CIPE_A_TTL, 1);
	EXPECT_EQ(-EINVAL, call(&self->nl, msg));
	check_refused(_metadata, self, "all of it", NULL, 0, 0, &before);
}

/* Anyone may read what netlink would accept */
TEST_F(nl, policy)
{
	struct nl_msg *msg;
	struct cipe_nl nl;
	int n = 0;

	ASSERT_EQ(0, setgid(NOBODY));
	ASSERT_EQ(0, setuid(NOBODY));
	ASSERT_EQ(0, cipe_nl_open(&nl));
	msg = nlmsg_alloc_size(4096);
	genlmsg_put(msg, NL_AUTO_PORT, NL_AUTO_SEQ, GENL_ID_CTRL, 0,
		    NLM_F_DUMP, CTRL_CMD_GETPOLICY, 1);
	nla_put_u16(msg, CTRL_ATTR_FAMILY_ID, nl.family);
	EXPECT_EQ(0, cipe_nl_call(&nl, msg, count_cb, &n));
	EXPECT_LT(10, n);
}

/* ---- sockets ---- */

struct bad_fd {
	const char *what;
	int fd, err;
};

TEST_F(nl, bad_sockets)
{
	struct sockaddr_in in = in_addr4(INADDR_LOOPBACK, 0);
	int i, n = 0, one = UDP_ENCAP_ESPINUDP, pipes[2], closed, got;
	struct snapshot before;
	struct sockaddr_in peer;
	struct bad_fd bad[20];
	struct nl_msg *msg;
	struct odd odd;
	char octet;

#define BAD(what, fd, err) \
	(bad[n++] = (struct bad_fd){ what, fd, err })
	closed = fcntl(0, F_DUPFD, 500);
	close(closed);
	BAD("closed", closed, -EBADF);
	ASSERT_EQ(0, pipe(pipes));
	BAD("a pipe", pipes[0], -ENOTSOCK);
	BAD("a file", open("/dev/null", O_RDWR), -ENOTSOCK);
	BAD("a file without access", open("/", O_PATH), -EBADF);
	BAD("TCP", socket(AF_INET, SOCK_STREAM, 0), -EPROTOTYPE);
	BAD("TCP over IPv6", socket(AF_INET6, SOCK_STREAM, 0), -EPROTOTYPE);
	BAD("raw", socket(AF_INET, SOCK_RAW, IPPROTO_UDP), -EPROTOTYPE);
	BAD("UDP-Lite", socket(AF_INET, SOCK_DGRAM, IPPROTO_UDPLITE),
	    -EPROTOTYPE);
	BAD("unix, datagrams", socket(AF_UNIX, SOCK_DGRAM, 0), -EPROTOTYPE);
	BAD("unix, stream", socket(AF_UNIX, SOCK_STREAM, 0), -EPROTOTYPE);
	BAD("netlink", socket(AF_NETLINK, SOCK_RAW, 0), -EPROTOTYPE);
	BAD("packet", socket(AF_PACKET, SOCK_DGRAM, 0), -EPROTOTYPE);
	BAD("not bound", socket(AF_INET, SOCK_DGRAM, 0), -EDESTADDRREQ);
	BAD("not bound, IPv6", socket(AF_INET6, SOCK_DGRAM, 0), -EDESTADDRREQ);
	BAD("connected", bound4(), -EISCONN);
	in.sin_port = htons(9);
	ASSERT_EQ(0, connect(bad[n - 1].fd, (void *)&in, sizeof(in)));
	BAD("ESP in UDP", bound4(), -EBUSY);
	got = setsockopt(bad[n - 1].fd, IPPROTO_UDP, UDP_ENCAP, &one, sizeof(one));
	if (got)
		n--;

	ASSERT_EQ(0, link_snapshot(&self->nl, self->index, &before));
	for (i = 0; i < n; i++) {
		if (bad[i].fd < 0)	/* no UDP-Lite in this kernel */
			continue;
		odd = (struct odd){ .type = CIPE_A_SOCKET_FD, .len = 4,
				    .value = bad[i].fd };
		/* with an IPv6 socket no endpoint of IPv4 stands in the way */
		msg = build_set(self, &odd);
		check_refused(_metadata, self, bad[i].what, &odd, bad[i].err,
			      call(&self->nl, msg), &before);
	}

	/* they were left as they were: ordinary sockets */
	for (i = 0; i < n; i++) {
		if (bad[i].err != -EDESTADDRREQ || i != 12)
			continue;
		in.sin_port = 0;
		ASSERT_EQ(0, bind(bad[i].fd, (void *)&in, sizeof(in)));
		peer = bound_to(bad[i].fd);
		ASSERT_EQ(1, sendto(self->config.socket, "x", 1, 0,
				    (void *)&peer, sizeof(peer)));
		EXPECT_EQ(1, recv(bad[i].fd, &octet, 1, 0));
	}
	if (!got) {
		EXPECT_EQ(0, getsockopt(bad[n - 1].fd, IPPROTO_UDP, UDP_ENCAP,
					&one, &(socklen_t){ sizeof(one) }));
	}
}

/* The way the socket's family and the endpoint's do not fit */
struct misfit {
	const char *what;
	int fd;
	struct sockaddr_in6 in6;
};

/* Send whatever is to be sent: a new key wants to be confirmed */
static void provoke(struct __test_metadata *_metadata,
		    FIXTURE_DATA(nl) *self, unsigned int index, uint32_t id)
{
	struct key key = make_key(CIPE_SLOT_CURRENT, id);

	EXPECT_EQ(0, link_up("cipe1", true));
	EXPECT_EQ(0, key_set(&self->nl, index, &key));
	usleep(50000);
	link_snapshot(&self->nl, index, &(struct snapshot){});
	EXPECT_EQ(0, key_del_all(&self->nl, index));
	EXPECT_EQ(0, link_up("cipe1", false));
}

static int set_endpoint(FIXTURE_DATA(nl) *self, unsigned int index,
			const void *sa)
{
	struct nl_msg *msg = request(&self->nl, CIPE_CMD_LINK_SET, index);

	nla_put(msg, CIPE_A_ENDPOINT,
		((const struct sockaddr *)sa)->sa_family == AF_INET6 ?
		sizeof(struct sockaddr_in6) : sizeof(struct sockaddr_in), sa);
	return call(&self->nl, msg);
}

TEST_F(nl, families)
{
	struct sockaddr_in v4 = in_addr4(INADDR_LOOPBACK, 4000);
	struct sockaddr_in6 v6 = in_addr6("::1", 4000);
	struct {
		const char *what;
		int fd;
		void *endpoint;
	} misfits[] = {
		{ "IPv6 from an IPv4 socket", bound4(), &v6 },
		{ "IPv6 from a mapped address",
		  bound6("::ffff:127.0.0.1", false), &v6 },
		{ "IPv4 from a socket of IPv6 only", bound6("::", true), &v4 },
	};
	unsigned int index;
	struct nl_msg *msg;
	uint8_t state;
	size_t i, len;
	int got;

	for (i = 0; i < ARRAY_SIZE(misfits); i++) {
		ASSERT_LE(0, misfits[i].fd);
		len = misfits[i].endpoint == &v6 ? sizeof(v6) : sizeof(v4);

		/* the socket first */
		ASSERT_EQ(0, link_new(&self->route, "cipe1", -1, 0));
		index = if_nametoindex("cipe1");
		EXPECT_EQ(0, set_fd(self, index, misfits[i].fd));
		EXPECT_EQ(-EAFNOSUPPORT,
			  set_endpoint(self, index, misfits[i].endpoint))
			TH_LOG("%s, socket first", misfits[i].what);
		EXPECT_NE('\0', self->nl.errmsg[0]);
		EXPECT_EQ(UINT32_MAX,
			  link_u32(&self->nl, index, CIPE_A_ENDPOINT));
		provoke(_metadata, self, index, 0x5000);
		EXPECT_EQ(0, link_del(&self->route, index));

		/* both at once */
		ASSERT_EQ(0, link_new(&self->route, "cipe1", -1, 0));
		index = if_nametoindex("cipe1");
		msg = request(&self->nl, CIPE_CMD_LINK_SET, index);
		nla_put_u32(msg, CIPE_A_SOCKET_FD, misfits[i].fd);
		nla_put(msg, CIPE_A_ENDPOINT, len, misfits[i].endpoint);
		EXPECT_EQ(-EAFNOSUPPORT, call(&self->nl, msg))
			TH_LOG("%s, at once", misfits[i].what);
		EXPECT_NE('\0', self->nl.errmsg[0]);
		EXPECT_NE(0, self->nl.erroff);
		EXPECT_EQ(CIPE_SOCKET_NONE,
			  link_u32(&self->nl, index, CIPE_A_SOCKET_STATE));
		provoke(_metadata, self, index, 0x5000);

		/* the endpoint first: refused; or, as a socket may be what is
		 * changed first, taken and nothing can be sent
		 */
		EXPECT_EQ(0, set_endpoint(self, index, misfits[i].endpoint));
		got = set_fd(self, index, misfits[i].fd);
		state = link_u32(&self->nl, index, CIPE_A_SOCKET_STATE);
		if (got) {
			EXPECT_EQ(-EAFNOSUPPORT, got);
			EXPECT_EQ(CIPE_SOCKET_NONE, state);
		} else {
			EXPECT_EQ(CIPE_SOCKET_USER, state);
			EXPECT_EQ(UINT32_MAX, link_u32(&self->nl, index,
						       CIPE_A_PATH_MTU));
		}
		provoke(_metadata, self, index, 0x5000);
		EXPECT_EQ(0, link_stat(&self->nl, index,
				       CIPE_STAT_TX_KEEPALIVE));
		EXPECT_EQ(0, link_del(&self->route, index));
	}
}

TEST_F(nl, shared_socket)
{
	struct sockaddr_in one, two, want = bound_to(self->config.socket);
	struct key key = make_key(CIPE_SLOT_CURRENT, 0x6000);
	unsigned int index;

	ASSERT_EQ(0, link_new(&self->route, "cipe1", -1, 0));
	index = if_nametoindex("cipe1");
	EXPECT_EQ(0, set_fd(self, index, self->config.socket));
	EXPECT_EQ(0, set_fd(self, index, self->config.socket));
	EXPECT_EQ(0, key_set(&self->nl, index, &key));
	link_attr(&self->nl, self->index, CIPE_A_LOCAL, &one, sizeof(one));
	link_attr(&self->nl, index, CIPE_A_LOCAL, &two, sizeof(two));
	EXPECT_EQ(0, memcmp(&one, &want, sizeof(want)));
	EXPECT_EQ(0, memcmp(&two, &want, sizeof(want)));
	EXPECT_EQ(CIPE_SOCKET_USER,
		  link_u32(&self->nl, index, CIPE_A_SOCKET_STATE));

	/* one of them goes */
	EXPECT_EQ(0, link_del(&self->route, index));
	EXPECT_EQ(CIPE_SOCKET_USER,
		  link_u32(&self->nl, self->index, CIPE_A_SOCKET_STATE));
	ASSERT_EQ(0, link_new(&self->route, "cipe1", -1, 0));
	index = if_nametoindex("cipe1");
	EXPECT_EQ(0, set_fd(self, index, self->config.socket));

	/* the owner goes: both notice, and one new owner does for both */
	close(self->config.socket);
	EXPECT_EQ(CIPE_SOCKET_ORPHAN,
		  link_u32(&self->nl, index, CIPE_A_SOCKET_STATE));
	EXPECT_EQ(CIPE_SOCKET_ORPHAN,
		  link_u32(&self->nl, self->index, CIPE_A_SOCKET_STATE));
	EXPECT_EQ(0, set_fd(self, index, socket(AF_INET, SOCK_DGRAM, 0)));
	EXPECT_EQ(CIPE_SOCKET_USER,
		  link_u32(&self->nl, self->index, CIPE_A_SOCKET_STATE));
	link_attr(&self->nl, self->index, CIPE_A_LOCAL, &one, sizeof(one));
	EXPECT_EQ(0, memcmp(&one, &want, sizeof(want)));
}

/* ---- namespaces and privileges ---- */

/* What becomes of each command about a link that is named by number */
static void by_id(struct __test_metadata *_metadata, struct cipe_nl *nl,
		  uint32_t id, int err)
{
	struct key key = make_key(CIPE_SLOT_NEXT, 0x7000);
	struct nl_msg *msg;

	EXPECT_EQ(err, call(nl, request_id(nl, CIPE_CMD_LINK_GET, id)));
	msg = request_id(nl, CIPE_CMD_LINK_SET, id);
	nla_put_u8(msg, CIPE_A_TTL, 33);
	EXPECT_EQ(err, call(nl, msg));
	msg = request_id(nl, CIPE_CMD_KEY_SET, id);
	put_key(msg, &key, NULL);
	EXPECT_EQ(err, call(nl, msg));
	msg = request_id(nl, CIPE_CMD_KEY_DEL, id);
	put_key_name(msg, CIPE_A_KEY_RX_ID, key_id(0x7000), NULL);
	EXPECT_EQ(err, call(nl, msg));
}

static void by_index(struct __test_metadata *_metadata, struct cipe_nl *nl,
		     unsigned int index, int err)
{
	struct key key = make_key(CIPE_SLOT_NEXT, 0x7000);
	struct nl_msg *msg;

	EXPECT_EQ(err, call(nl, request(nl, CIPE_CMD_LINK_GET, index)));
	msg = request(nl, CIPE_CMD_LINK_SET, index);
	nla_put_u8(msg, CIPE_A_TTL, 33);
	EXPECT_EQ(err, call(nl, msg));
	EXPECT_EQ(err, key_set(nl, index, &key));
	msg = request(nl, CIPE_CMD_KEY_DEL, index);
	put_key_name(msg, CIPE_A_KEY_RX_ID, key_id(0x7000), NULL);
	EXPECT_EQ(err, call(nl, msg));
}

static int dump_count(struct cipe_nl *nl)
{
	int n = 0, err;

	err = cipe_nl_call(nl, cipe_nl_msg(nl, CIPE_CMD_LINK_GET, NLM_F_DUMP),
			   count_cb, &n);
	return err ? err : n;
}

TEST_F(nl, other_netns)
{
	struct cipe_nl there, back;
	unsigned int index;
	int home, away;

	home = open_netns();
	ASSERT_EQ(0, unshare(CLONE_NEWNET));
	away = open_netns();
	ASSERT_EQ(0, cipe_nl_open(&there));
	ASSERT_EQ(0, setns(home, CLONE_NEWNET));

	by_id(_metadata, &self->nl, self->id, 0);
	by_id(_metadata, &there, self->id, 0);
	EXPECT_EQ(1, dump_count(&self->nl));
	EXPECT_EQ(0, dump_count(&there));

	ASSERT_EQ(0, link_move(&self->route, self->index, away));
	EXPECT_EQ(0, if_nametoindex("cipe0"));
	by_index(_metadata, &self->nl, self->index, -ENODEV);
	by_id(_metadata, &self->nl, self->id, 0);
	EXPECT_EQ(0, dump_count(&self->nl));
	EXPECT_EQ(1, dump_count(&there));
	ASSERT_EQ(0, setns(away, CLONE_NEWNET));
	index = if_nametoindex("cipe0");
	EXPECT_NE(0, index);
	by_index(_metadata, &there, index, 0);
	by_id(_metadata, &there, self->id, 0);
	EXPECT_EQ(self->id, link_u32(&there, index, CIPE_A_LINK_ID));
	EXPECT_EQ(33, link_u32(&there, index, CIPE_A_TTL));
	/* its socket stayed where it was, and is still there */
	EXPECT_EQ(CIPE_SOCKET_USER,
		  link_u32(&there, index, CIPE_A_SOCKET_STATE));

	/* and back, by a request from there */
	ASSERT_EQ(0, cipe_nl_open_route(&back));
	ASSERT_EQ(0, link_move(&back, index, home));
	by_id(_metadata, &there, self->id, 0);
	ASSERT_EQ(0, setns(home, CLONE_NEWNET));
	index = if_nametoindex("cipe0");
	by_index(_metadata, &self->nl, index, 0);

	/* deleted: the number means nothing any more */
	ASSERT_EQ(0, link_del(&self->route, index));
	by_id(_metadata, &self->nl, self->id, -ENODEV);
	by_id(_metadata, &there, self->id, -ENODEV);
}

/* All that needs privileges, done without them */
static void without_privileges(struct __test_metadata *_metadata,
			       FIXTURE_DATA(nl) *self)
{
	struct cipe_nl nl, route;

	/* a socket that root opened does not help */
	by_index(_metadata, &self->nl, self->index, -EPERM);
	by_id(_metadata, &self->nl, self->id, -EPERM);
	EXPECT_EQ(-EPERM, dump_count(&self->nl));
	EXPECT_EQ(-EPERM, link_del(&self->route, self->index));

	ASSERT_EQ(0, cipe_nl_open(&nl));
	by_index(_metadata, &nl, self->index, -EPERM);
	by_id(_metadata, &nl, self->id, -EPERM);
	EXPECT_EQ(-EPERM, dump_count(&nl));
	EXPECT_NE(0, cipe_nl_events(&nl)) TH_LOG("may join the events");
	ASSERT_EQ(0, open_route(&route));
	EXPECT_EQ(-EPERM, link_new(&route, "cipe1", -1, 0));
	EXPECT_EQ(-EPERM, link_del(&route, self->index));
	cipe_nl_close(&nl);
	cipe_nl_close(&route);
}

TEST_F(nl, unprivileged)
{
	struct snapshot before, after;
	struct cipe_nl nl;
	pid_t pid;

	ASSERT_EQ(0, link_snapshot(&self->nl, self->index, &before));
	pid = fork();
	ASSERT_LE(0, pid);
	if (!pid) {
		/* sockets of the parent's, but no answers mixed with its own */
		ASSERT_EQ(0, setgid(NOBODY));
		ASSERT_EQ(0, setuid(NOBODY));
		without_privileges(_metadata, self);
		_exit(0);
	}
	ASSERT_EQ(pid, waitpid(pid, NULL, 0));
	/* root, but for the one capability */
	pid = fork();
	ASSERT_LE(0, pid);
	if (!pid) {
		struct __user_cap_header_struct header = {
			.version = _LINUX_CAPABILITY_VERSION_3,
		};
		struct __user_cap_data_struct caps[2];

		ASSERT_EQ(0, syscall(SYS_capget, &header, caps));
		caps[0].effective &= ~(1u << CAP_NET_ADMIN);
		caps[0].permitted &= ~(1u << CAP_NET_ADMIN);
		ASSERT_EQ(0, syscall(SYS_capset, &header, caps));
		without_privileges(_metadata, self);
		_exit(0);
	}
	ASSERT_EQ(pid, waitpid(pid, NULL, 0));

	ASSERT_EQ(0, cipe_nl_open(&nl));
	EXPECT_EQ(0, cipe_nl_events(&nl));
	EXPECT_EQ(0, link_snapshot(&nl, self->index, &after));
	EXPECT_EQ(0, memcmp(&before, &after, sizeof(after)));
}

/* As root of a user namespace: all of one's own, nothing of others' */
TEST_F(nl, user_namespace)
{
	struct snapshot before, after;
	struct cipe_nl nl;
	pid_t pid;

	ASSERT_EQ(0, link_snapshot(&self->nl, self->index, &before));
	pid = fork();
	ASSERT_LE(0, pid);
	if (!pid) {
		struct cipe_nl mine, route, outer;
		unsigned int index;
		struct config config;
		struct nl_msg *msg;
		int fd = bound4();	/* of the outer namespace */
		uint32_t id;

		/* still in the outer network namespace, owned by others */
		if (unshare(CLONE_NEWUSER))
			SKIP(_exit(0), "no user namespaces");
		ASSERT_EQ(0, cipe_nl_open(&outer));
		by_index(_metadata, &outer, self->index, -EPERM);
		by_id(_metadata, &outer, self->id, -EPERM);
		EXPECT_EQ(-EPERM, dump_count(&outer));
		EXPECT_NE(0, cipe_nl_events(&outer));

		ASSERT_EQ(0, unshare(CLONE_NEWNET));
		ASSERT_EQ(0, cipe_nl_open(&mine));
		ASSERT_EQ(0, open_route(&route));
		EXPECT_EQ(0, link_new(&route, "cipe5", -1, 0));
		index = if_nametoindex("cipe5");
		id = link_u32(&mine, index, CIPE_A_LINK_ID);
		EXPECT_EQ(0, cipe_nl_events(&mine));
		by_index(_metadata, &mine, index, 0);
		by_id(_metadata, &mine, id, 0);
		EXPECT_EQ(1, dump_count(&mine));
		ASSERT_EQ(0, link_up("lo", true));
		config = (struct config){
			.socket = bound4(),
			.endpoint = in_addr4(INADDR_LOOPBACK, 4000),
		};
		msg = request(&mine, CIPE_CMD_LINK_SET, index);
		put_config(msg, &config, NULL);
		EXPECT_EQ(0, call(&mine, msg));
		/* it holds the outer socket by right, it may use it */
		msg = request(&mine, CIPE_CMD_LINK_SET, index);
		nla_put_u32(msg, CIPE_A_SOCKET_FD, fd);
		EXPECT_EQ(0, call(&mine, msg));

		by_id(_metadata, &mine, self->id, -ENODEV);
		/* the outer socket still has no more rights */
		by_id(_metadata, &outer, self->id, -EPERM);
		by_id(_metadata, &self->nl, self->id, -EPERM);
		EXPECT_EQ(0, link_del(&route, index));
		_exit(0);
	}
	ASSERT_EQ(pid, waitpid(pid, NULL, 0));

	ASSERT_EQ(0, cipe_nl_open(&nl));
	EXPECT_EQ(0, link_snapshot(&nl, self->index, &after));
	EXPECT_EQ(0, memcmp(&before, &after, sizeof(after)));
}

/* ---- many at once ---- */

/* What the threads share */
static struct {
	atomic_bool stop;
	atomic_uint done[8];
	unsigned int index[4];
	uint32_t base, failed;
	int netns, taken;
} shared;

#define THREAD(name) static void *name(void *arg)

static void *no_thread(void)
{
	atomic_store(&shared.stop, true);
	return NULL;
}

/* Links come and go */
THREAD(churn_links)
{
	struct cipe_nl route;
	char name[IFNAMSIZ];
	unsigned int i = 0, n = (uintptr_t)arg;

	if (open_route(&route))
		return no_thread();
	while (!atomic_load(&shared.stop)) {
		snprintf(name, sizeof(name), "gone%u.%u", n, i++ % 8);
		if (!link_new(&route, name, -1, 0) && i % 8 == 7)
			for (i = 0; i < 8; i++) {
				snprintf(name, sizeof(name), "gone%u.%u", n, i);
				link_del(&route, if_nametoindex(name));
				atomic_fetch_add(&shared.done[0], 1);
			}
	}
	cipe_nl_close(&route);
	return NULL;
}

/* Keys are set in a stable link */
THREAD(churn_keys)
{
	unsigned int n = (uintptr_t)arg, index = shared.index[n % 4];
	struct key key = make_key(CIPE_SLOT_CURRENT, 0x10000 * (n + 2));
	struct cipe_nl nl;
	struct nl_msg *msg;
	unsigned int i = 0;

	if (cipe_nl_open(&nl))
		return no_thread();
	while (!atomic_load(&shared.stop)) {
		key.slot = i % 3 ? CIPE_SLOT_CURRENT : CIPE_SLOT_NEXT;
		key.rx_id += 4;
		key.lifetime = i % 5 ? 100000 : 100;
		if (!key_set(&nl, index, &key))
			atomic_fetch_add(&shared.done[1], 1);
		if (i % 4 == 3) {
			msg = request(&nl, CIPE_CMD_KEY_DEL, index);
			put_key_name(msg, CIPE_A_KEY_SLOT, i / 4 % 3, NULL);
			call(&nl, msg);
		}
		if (i++ % 32 == 31)
			key_del_all(&nl, index);
	}
	cipe_nl_close(&nl);
	return NULL;
}

/* Sockets, endpoints and times are set in a stable link, which goes up and
 * down
 */
THREAD(churn_config)
{
	unsigned int n = (uintptr_t)arg, index = shared.index[n % 4];
	struct cipe_nl nl;
	struct nl_msg *msg;
	unsigned int i = 0;
	char name[IFNAMSIZ];
	int fds[3];
	struct config config = {
		.endpoint = in_addr4(INADDR_LOOPBACK, 4000),
	};

	if (cipe_nl_open(&nl) || !if_indextoname(index, name))
		return no_thread();
	for (i = 0; i < 3; i++)
		fds[i] = bound4();
	while (!atomic_load(&shared.stop)) {
		config.socket = i % 5 ? fds[i % 3] : -1;
		config.endpoint.sin_port = htons(4000 + i % 7);
		config.keepalive = i % 3 ? 10 : 0;
		config.timeout = i % 4 ? 10 : 0;
		config.pin = i & 1;
		msg = request(&nl, CIPE_CMD_LINK_SET, index);
		put_config(msg, &config, NULL);
		if (!call(&nl, msg))
			atomic_fetch_add(&shared.done[2], 1);
		if (i % 16 == 3) {
			close(fds[1]);
			fds[1] = bound4();
		}
		if (i++ % 8 == 5)
			link_up(name, i % 16 < 8);
	}
	for (i = 0; i < 3; i++)
		close(fds[i]);
	cipe_nl_close(&nl);
	return NULL;
}

/* Links are read, those that are there and those that go */
THREAD(churn_get)
{
	struct cipe_nl nl;
	unsigned int i = 0;

	(void)arg;
	if (cipe_nl_open(&nl))
		return no_thread();
	while (!atomic_load(&shared.stop)) {
		call(&nl, request(&nl, CIPE_CMD_LINK_GET,
				  shared.index[i++ % 4]));
		call(&nl, request_id(&nl, CIPE_CMD_LINK_GET,
				     shared.base + i % 512));
		atomic_fetch_add(&shared.done[3], 1);
	}
	cipe_nl_close(&nl);
	return NULL;
}

/* One dump, with what is needed to judge it */
struct dump {
	uint8_t *seen;		/* by index */
	unsigned int n, size;
	unsigned int messages, replies;
	bool twice, done;
	int err;
};

static void dump_reply(struct dump *d, struct nlmsghdr *nlh)
{
	struct nlattr *a;
	unsigned int index = 0;
	int rem;

	d->replies++;
	for (a = cipe_nl_attrs(nlh, &rem); nla_ok(a, rem);
	     a = nla_next(a, &rem))
		if (nla_type(a) == CIPE_A_IFINDEX)
			index = nla_get_u32(a);
	if (index >= d->size)
		return;
	if (d->seen[index]++)
		d->twice = true;
}

static void dump(struct cipe_nl *nl, struct dump *d)
{
	struct nl_msg *msg = cipe_nl_msg(nl, CIPE_CMD_LINK_GET,
					 NLM_F_REQUEST | NLM_F_DUMP);
	struct sockaddr_nl from;
	unsigned char *buf;
	struct nlmsghdr *nlh;
	int n;

	memset(d->seen, 0, d->size);
	d->messages = d->replies = 0;
	d->twice = d->done = false;
	d->err = 0;
	nl_complete_msg(nl->sk, msg);
	d->err = nl_send(nl->sk, msg);
	nlmsg_free(msg);
	if (d->err < 0)
		return;
	d->err = 0;
	while (!d->done) {
		n = nl_recv(nl->sk, &from, &buf, NULL);
		if (n <= 0) {
			d->err = -EIO;
			return;
		}
		d->messages++;
		for (nlh = (void *)buf; nlmsg_ok(nlh, n);
		     nlh = nlmsg_next(nlh, &n)) {
			if (nlh->nlmsg_type == NLMSG_DONE ||
			    nlh->nlmsg_type == NLMSG_ERROR) {
				d->err = *(int *)nlmsg_data(nlh);
				d->done = true;
			} else {
				dump_reply(d, nlh);
			}
		}
		free(buf);
	}
}

static void start(struct __test_metadata *_metadata, pthread_t *threads,
		  void *(*const *run)(void *), size_t n)
{
	size_t i;

	for (i = 0; i < n; i++)
		ASSERT_EQ(0, pthread_create(&threads[i], NULL, run[i],
					    (void *)i));
}

static void stop(struct __test_metadata *_metadata, pthread_t *threads,
		 size_t n)
{
	size_t i;

	EXPECT_FALSE(atomic_load(&shared.stop)) TH_LOG("a thread gave up");
	atomic_store(&shared.stop, true);
	for (i = 0; i < n; i++)
		ASSERT_EQ(0, pthread_join(threads[i], NULL));
}

/* More links than fit a message, each once, whatever comes and goes */
TEST_F_TIMEOUT(nl, dump_all, 300)
{
	static void *(*const run[])(void *) = {
		churn_links, churn_keys, churn_keys, churn_config,
	};
	static unsigned int stable[400];
	pthread_t threads[ARRAY_SIZE(run)];
	unsigned int i, rounds = 0, n = scale(330, 310);
	struct dump d = { .size = 1 << 16 };
	char name[IFNAMSIZ];
	long end;

	for (i = 0; i < n; i++) {
		snprintf(name, sizeof(name), "stay%u", i);
		ASSERT_EQ(0, link_new(&self->route, name, -1, 0));
		stable[i] = if_nametoindex(name);
		ASSERT_GT(d.size, stable[i]);
	}
	d.seen = calloc(1, d.size);
	dump(&self->nl, &d);
	EXPECT_EQ(0, d.err);
	EXPECT_EQ(n + 1, d.replies);	/* and cipe0 */
	EXPECT_LT(3, d.messages);
	EXPECT_FALSE(d.twice);

	for (i = 0; i < 4; i++)
		shared.index[i] = stable[n / 4 * i];
	start(_metadata, threads, run, ARRAY_SIZE(run));
	end = now_ms() + scale(4000, 8000);
	while (now_ms() < end || rounds < 3) {
		dump(&self->nl, &d);
		EXPECT_EQ(0, d.err);
		EXPECT_FALSE(d.twice) TH_LOG("dump %u: a link twice", rounds);
		for (i = 0; i < n; i++)
			EXPECT_EQ(1, d.seen[stable[i]])
				TH_LOG("dump %u: stay%u", rounds, i);
		rounds++;
	}
	stop(_metadata, threads, ARRAY_SIZE(run));
	TH_LOG("%u dumps; meanwhile %u links deleted, %u keys set, %u links set",
	       rounds, shared.done[0], shared.done[1], shared.done[2]);
	EXPECT_LT(0, shared.done[0]);
	EXPECT_LT(0, shared.done[1]);
	EXPECT_LT(0, shared.done[2]);
}

/* Everything at once, on links that come and go under it */
THREAD(churn_mine)
{
	struct cipe_nl route, nl;
	unsigned int n = (uintptr_t)arg % 4, i = 0;
	char name[IFNAMSIZ];

	snprintf(name, sizeof(name), "mine%u", n);
	if (open_route(&route) || cipe_nl_open(&nl))
		return no_thread();
	while (!atomic_load(&shared.stop)) {
		usleep(20000);
		link_del(&route, shared.index[n]);
		/* the same index: the others go on with it */
		if (!link_new(&route, name, -1, shared.index[n]))
			atomic_fetch_add(&shared.done[4], 1);
		if (i++ & 1)
			link_up(name, true);
	}
	cipe_nl_close(&route);
	cipe_nl_close(&nl);
	return NULL;
}

/* As churn_config, with the device gone now and then */
THREAD(churn_socket)
{
	unsigned int n = (uintptr_t)arg % 4, i = 0;
	struct cipe_nl nl;
	struct nl_msg *msg;
	struct config config = {
		.endpoint = in_addr4(INADDR_LOOPBACK, 0),
		.keepalive = 10, .timeout = 50,
	};
	int fd = -1;

	if (cipe_nl_open(&nl))
		return no_thread();
	while (!atomic_load(&shared.stop)) {
		if (i++ % 4 == 0) {
			close(fd);
			fd = bound4();
			config.endpoint.sin_port = bound_to(fd).sin_port;
		}
		config.socket = fd;
		msg = request(&nl, CIPE_CMD_LINK_SET, shared.index[n]);
		put_config(msg, &config, NULL);
		if (!call(&nl, msg))
			atomic_fetch_add(&shared.done[2], 1);
	}
	close(fd);
	cipe_nl_close(&nl);
	return NULL;
}

TEST_F_TIMEOUT(nl, stress, 120)
{
	static void *(*const run[])(void *) = {
		churn_mine, churn_mine, churn_keys, churn_keys,
		churn_socket, churn_socket, churn_socket, churn_get,
	};
	pthread_t threads[ARRAY_SIZE(run)];
	struct dump d = { .size = 1 << 16 };
	char name[IFNAMSIZ];
	unsigned int i;
	long end;

	d.seen = calloc(1, d.size);
	for (i = 0; i < 4; i++) {
		shared.index[i] = 1000 + i;
		snprintf(name, sizeof(name), "mine%u", i);
		ASSERT_EQ(0, link_new(&self->route, name, -1, 1000 + i));
	}
	shared.base = self->id;
	/* numbers of threads tell their links: keys go to 2 and 3, which stay */
	start(_metadata, threads, run, ARRAY_SIZE(run));
	end = now_ms() + scale(6000, 12000);
	while (now_ms() < end) {
		dump(&self->nl, &d);
		EXPECT_EQ(0, d.err);
		EXPECT_EQ(1, d.seen[self->index]);
		EXPECT_FALSE(d.twice);
	}
	stop(_metadata, threads, ARRAY_SIZE(run));
	TH_LOG("%u links replaced, %u keys set, %u links set, %u read",
	       shared.done[4], shared.done[1], shared.done[2], shared.done[3]);
	EXPECT_LT(0, shared.done[4]);
	EXPECT_LT(0, shared.done[1]);
	EXPECT_LT(0, shared.done[2]);
	/* the one that nobody touched is as it was, and works */
	EXPECT_EQ(self->id, link_u32(&self->nl, self->index, CIPE_A_LINK_ID));
	EXPECT_EQ(7, link_u32(&self->nl, self->index, CIPE_A_TTL));
}

/* A creation that fails late, in the target namespace, while others look for
 * the number it would have had: found is only what came to be
 */
THREAD(fail_creation)
{
	struct cipe_nl route;
	int err;

	(void)arg;
	if (open_route(&route))
		return no_thread();
	while (!atomic_load(&shared.stop)) {
		err = link_new(&route, "late0", shared.netns, shared.taken);
		if (err == -EBUSY)
			atomic_fetch_add(&shared.done[5], 1);
		else
			atomic_fetch_add(&shared.done[6], 1);
	}
	cipe_nl_close(&route);
	return NULL;
}

THREAD(guess_id)
{
	struct cipe_nl nl;
	struct nl_msg *msg;
	unsigned int i = 0;

	if (cipe_nl_open(&nl))
		return no_thread();
	while (!atomic_load(&shared.stop)) {
		/* those before, about and after the one being made */
		uint32_t id = shared.base + 1 +
			      (atomic_load(&shared.done[5]) + i++ % 4);

		msg = request_id(&nl, (uintptr_t)arg & 1 ? CIPE_CMD_LINK_GET :
				 CIPE_CMD_LINK_SET, id);
		if (!((uintptr_t)arg & 1))
			nla_put_u32(msg, CIPE_A_KEEPALIVE_MS, 10);
		if (!call(&nl, msg))
			atomic_fetch_add(&shared.done[7], 1);
		atomic_fetch_add(&shared.done[3], 1);
	}
	cipe_nl_close(&nl);
	return NULL;
}

TEST_F_TIMEOUT(nl, failed_creation, 60)
{
	static void *(*const run[])(void *) = {
		fail_creation, guess_id, guess_id, guess_id,
	};
	pthread_t threads[ARRAY_SIZE(run)];
	struct cipe_nl route;
	int home = open_netns();

	ASSERT_EQ(0, unshare(CLONE_NEWNET));
	shared.netns = open_netns();
	shared.taken = 77;
	ASSERT_EQ(0, open_route(&route));
	ASSERT_EQ(0, link_new(&route, "there", -1, 77));
	ASSERT_EQ(0, setns(home, CLONE_NEWNET));

	ASSERT_EQ(-EBUSY, link_new(&self->route, "late0", shared.netns, 77));
	ASSERT_EQ(0, link_new(&self->route, "last", -1, 0));
	shared.base = link_u32(&self->nl, if_nametoindex("last"),
			       CIPE_A_LINK_ID);
	start(_metadata, threads, run, ARRAY_SIZE(run));
	usleep(scale(4000000, 8000000));
	stop(_metadata, threads, ARRAY_SIZE(run));
	TH_LOG("%u creations failed, %u numbers guessed", shared.done[5],
	       shared.done[3]);
	EXPECT_LT(10, shared.done[5]);
	EXPECT_EQ(0, shared.done[6]) TH_LOG("failed otherwise, or not at all");
	EXPECT_EQ(0, shared.done[7]) TH_LOG("links found that never were");
	EXPECT_EQ(0, if_nametoindex("late0"));
}

/* ---- events, and what is in no message ---- */

struct event {
	uint8_t cmd;
	unsigned int index;
	uint32_t id;
	char name[IFNAMSIZ];
	bool has_key, has_endpoint, other;
	uint8_t slot;
	uint32_t rx_id, tx_id;
	struct sockaddr_in endpoint;
};

static void event_key(struct event *e, struct nlattr *nest)
{
	struct nlattr *a;
	int rem;

	e->has_key = true;
	nla_for_each_nested(a, nest, rem) {
		if (nla_type(a) == CIPE_A_KEY_SLOT)
			e->slot = nla_get_u8(a);
		else if (nla_type(a) == CIPE_A_KEY_RX_ID)
			e->rx_id = nla_get_u32(a);
		else if (nla_type(a) == CIPE_A_KEY_TX_ID)
			e->tx_id = nla_get_u32(a);
		else
			e->other = true;
	}
}

static void event_parse(struct event *e, struct nlmsghdr *nlh)
{
	struct nlattr *a;
	int rem;

	memset(e, 0, sizeof(*e));
	e->cmd = ((struct genlmsghdr *)nlmsg_data(nlh))->cmd;
	for (a = cipe_nl_attrs(nlh, &rem); nla_ok(a, rem);
	     a = nla_next(a, &rem)) {
		switch (nla_type(a)) {
		case CIPE_A_IFINDEX:
			e->index = nla_get_u32(a);
			break;
		case CIPE_A_LINK_ID:
			e->id = nla_get_u32(a);
			break;
		case CIPE_A_IFNAME:
			nla_strlcpy(e->name, a, sizeof(e->name));
			break;
		case CIPE_A_ENDPOINT:
			e->has_endpoint = true;
			if (nla_len(a) == sizeof(e->endpoint))
				memcpy(&e->endpoint, nla_data(a), nla_len(a));
			break;
		case CIPE_A_KEY:
			event_key(e, a);
			break;
		default:
			e->other = true;
		}
	}
}

FIXTURE(pair) {
	struct cipe_nl nl, route, events;
	unsigned int index[2];
	uint32_t id[2];
	int fd[2];
	struct secrets secrets;
	bool leaked;
	unsigned int messages;
};

/* Two links of one namespace with each other, over the loopback */
FIXTURE_SETUP(pair)
{
	char name[] = "cipe0";
	struct config config;
	struct nl_msg *msg;
	int i;

	if (getuid())
		SKIP(return, "must be root");
	ASSERT_EQ(0, unshare(CLONE_NEWNET));
	if (cipe_nl_open(&self->nl)) {
		if (system("modprobe -q cipe") || cipe_nl_open(&self->nl))
			SKIP(return, "no kernel module cipe");
	}
	ASSERT_EQ(0, open_route(&self->route));
	ASSERT_EQ(0, cipe_nl_open(&self->events));
	ASSERT_EQ(0, cipe_nl_events(&self->events));
	ASSERT_EQ(0, link_up("lo", true));
	for (i = 0; i < 2; i++) {
		name[4] = '0' + i;
		ASSERT_EQ(0, link_new(&self->route, name, -1, 0));
		self->index[i] = if_nametoindex(name);
		self->id[i] = link_u32(&self->nl, self->index[i],
				       CIPE_A_LINK_ID);
		self->fd[i] = bound4();
		ASSERT_EQ(0, link_up(name, true));
	}
	salt_keys(self->id[0]);
	for (i = 0; i < 2; i++) {
		config = (struct config){
			.socket = self->fd[i],
			.endpoint = bound_to(self->fd[!i]),
		};
		msg = request(&self->nl, CIPE_CMD_LINK_SET, self->index[i]);
		put_config(msg, &config, NULL);
		ASSERT_EQ(0, call(&self->nl, msg));
	}
}

FIXTURE_TEARDOWN(pair)
{
}

/* The next event of this kind within 10 s; others are passed over. All of
 * them are searched for what is secret.
 */
static bool next_event(FIXTURE_DATA(pair) *self, uint8_t cmd, struct event *e)
{
	int fd = nl_socket_get_fd(self->events.sk);
	struct pollfd pfd = { .fd = fd, .events = POLLIN };
	static uint8_t buf[65536] __attribute__((aligned(8)));
	struct nlmsghdr *nlh = (void *)buf;
	long end = now_ms() + 10000;
	ssize_t n;

	while (now_ms() < end) {
		if (poll(&pfd, 1, 100) <= 0)
			continue;
		n = recv(fd, buf, sizeof(buf), MSG_DONTWAIT);
		if (n <= 0)
			continue;
		self->messages++;
		if (secrets_in(&self->secrets, buf, n))
			self->leaked = true;
		if (nlh->nlmsg_type != self->events.family)
			continue;
		event_parse(e, nlh);
		if (e->cmd == cmd)
			return true;
	}
	memset(e, 0, sizeof(*e));
	return false;
}

/* The initiator's key in link 0, the responder's in link 1 */
static struct key agree(struct __test_metadata *_metadata,
			FIXTURE_DATA(pair) *self, uint32_t id,
			uint32_t tx_start, uint32_t lifetime)
{
	struct key key = make_key(CIPE_SLOT_CURRENT, id), peer;

	key.tx_id = key_id(id + 0x80000);
	key.tx_start = tx_start;
	key.lifetime = lifetime;
	peer = peers_key(&key, CIPE_SLOT_NEXT);
	peer.tx_start = 0;
	peer.lifetime = 3600000;
	secrets_add(&self->secrets, &key);
	EXPECT_EQ(0, key_set(&self->nl, self->index[1], &peer));
	EXPECT_EQ(0, key_set(&self->nl, self->index[0], &key));
	return key;
}

static void check_event(struct __test_metadata *_metadata,
			FIXTURE_DATA(pair) *self, const struct event *e,
			int link, bool key, bool endpoint)
{
	EXPECT_EQ(self->index[link], e->index);
	EXPECT_EQ(self->id[link], e->id);
	EXPECT_STREQ(link ? "cipe1" : "cipe0", e->name);
	EXPECT_EQ(key, e->has_key);
	EXPECT_EQ(endpoint, e->has_endpoint);
	EXPECT_FALSE(e->other);
}

TEST_F_TIMEOUT(pair, events, 90)
{
	struct nl_msg *msg;
	struct event e;
	struct key key;
	int fd;

	/* the responder's key becomes current with the first packet */
	key = agree(_metadata, self, 0x10000, 0, 3600000);
	EXPECT_TRUE(next_event(self, CIPE_CMD_KEY_ACTIVE_NTF, &e));
	check_event(_metadata, self, &e, 1, true, false);
	EXPECT_EQ(CIPE_SLOT_CURRENT, e.slot);
	EXPECT_EQ(key.tx_id, e.rx_id);
	EXPECT_EQ(key.rx_id, e.tx_id);
	EXPECT_TRUE(next_event(self, CIPE_CMD_PEER_ALIVE_NTF, &e));
	check_event(_metadata, self, &e, 1, false, false);

	/* the initiator has another port */
	fd = bound4();
	msg = request(&self->nl, CIPE_CMD_LINK_SET, self->index[0]);
	nla_put_u32(msg, CIPE_A_SOCKET_FD, fd);
	nla_put_u32(msg, CIPE_A_KEEPALIVE_MS, 100);
	ASSERT_EQ(0, call(&self->nl, msg));
	EXPECT_TRUE(next_event(self, CIPE_CMD_PEER_MOVED_NTF, &e));
	check_event(_metadata, self, &e, 1, false, true);
	EXPECT_EQ(bound_to(fd).sin_port, e.endpoint.sin_port);
	EXPECT_EQ(AF_INET, e.endpoint.sin_family);
	EXPECT_EQ(htonl(INADDR_LOOPBACK), e.endpoint.sin_addr.s_addr);

	/* it falls silent, and speaks again */
	msg = request(&self->nl, CIPE_CMD_LINK_SET, self->index[0]);
	nla_put_u32(msg, CIPE_A_KEEPALIVE_MS, 0);
	ASSERT_EQ(0, call(&self->nl, msg));
	msg = request(&self->nl, CIPE_CMD_LINK_SET, self->index[1]);
	nla_put_u32(msg, CIPE_A_TIMEOUT_MS, 400);
	ASSERT_EQ(0, call(&self->nl, msg));
	EXPECT_TRUE(next_event(self, CIPE_CMD_PEER_DEAD_NTF, &e));
	check_event(_metadata, self, &e, 1, false, false);
	EXPECT_EQ(0, link_u32(&self->nl, self->index[1], CIPE_A_PEER_ALIVE));
	msg = request(&self->nl, CIPE_CMD_LINK_SET, self->index[1]);
	nla_put_u32(msg, CIPE_A_TIMEOUT_MS, 0);
	ASSERT_EQ(0, call(&self->nl, msg));
	msg = request(&self->nl, CIPE_CMD_LINK_SET, self->index[0]);
	nla_put_u32(msg, CIPE_A_KEEPALIVE_MS, 100);
	ASSERT_EQ(0, call(&self->nl, msg));
	EXPECT_TRUE(next_event(self, CIPE_CMD_PEER_ALIVE_NTF, &e));
	check_event(_metadata, self, &e, 1, false, false);
	EXPECT_EQ(1, link_u32(&self->nl, self->index[1], CIPE_A_PEER_ALIVE));

	/* half of the packets sent */
	key = agree(_metadata, self, 0x20000, 0x80000000, 3600000);
	EXPECT_TRUE(next_event(self, CIPE_CMD_KEY_LIMIT_NTF, &e));
	check_event(_metadata, self, &e, 0, true, false);
	EXPECT_EQ(CIPE_SLOT_CURRENT, e.slot);
	EXPECT_EQ(key.rx_id, e.rx_id);
	EXPECT_EQ(key.tx_id, e.tx_id);

	/* all of them */
	key = agree(_metadata, self, 0x30000, 0xffffffff, 3600000);
	EXPECT_TRUE(next_event(self, CIPE_CMD_KEY_EXPIRED_NTF, &e));
	check_event(_metadata, self, &e, 0, true, false);
	EXPECT_EQ(CIPE_SLOT_CURRENT, e.slot);
	EXPECT_EQ(key.rx_id, e.rx_id);
	EXPECT_EQ(key.tx_id, e.tx_id);

	/* the end of its life */
	key = agree(_metadata, self, 0x40000, 0, 300);
	EXPECT_TRUE(next_event(self, CIPE_CMD_KEY_EXPIRED_NTF, &e));
	check_event(_metadata, self, &e, 0, true, false);
	EXPECT_EQ(CIPE_SLOT_CURRENT, e.slot);
	EXPECT_EQ(key.rx_id, e.rx_id);
	EXPECT_EQ(key.tx_id, e.tx_id);

	EXPECT_FALSE(self->leaked);
	EXPECT_LT(6, self->messages);
}

struct search {
	const struct secrets *secrets;
	unsigned int messages;
	bool found;
};

static void search_cb(struct nlmsghdr *nlh, void *arg)
{
	struct search *s = arg;

	s->messages++;
	if (secrets_in(s->secrets, nlh, nlh->nlmsg_len))
		s->found = true;
}

/* Send, and search all octets of the answer, those of an error as well: the
 * kernel's errors bring back the request
 */
static int search_raw(FIXTURE_DATA(pair) *self, struct nl_msg *msg,
		      struct search *s)
{
	static uint8_t buf[65536] __attribute__((aligned(8)));
	struct nlmsghdr *nlh = (void *)buf;
	struct cipe_nl nl;
	ssize_t n;

	(void)self;
	if (cipe_nl_open(&nl))
		return -EIO;
	nlmsg_hdr(msg)->nlmsg_flags |= NLM_F_REQUEST | NLM_F_ACK;
	nl_complete_msg(nl.sk, msg);
	nl_send(nl.sk, msg);
	nlmsg_free(msg);
	n = recv(nl_socket_get_fd(nl.sk), buf, sizeof(buf), 0);
	cipe_nl_close(&nl);
	if (n < (ssize_t)sizeof(*nlh))
		return -EIO;
	s->messages++;
	if (secrets_in(s->secrets, buf, n))
		s->found = true;
	return nlh->nlmsg_type == NLMSG_ERROR ? *(int *)nlmsg_data(nlh) : 0;
}

TEST_F(pair, no_secrets)
{
	struct search s = { .secrets = &self->secrets };
	struct key key = make_key(CIPE_SLOT_CURRENT, 0x50000);
	struct ifinfomsg ifi = { .ifi_index = self->index[0] };
	struct nl_msg *msg;

	secrets_add(&self->secrets, &key);
	/* the search itself works */
	msg = request(&self->nl, CIPE_CMD_KEY_SET, self->index[0]);
	put_key(msg, &key, NULL);
	EXPECT_TRUE(secrets_in(&self->secrets, nlmsg_hdr(msg),
			       nlmsg_hdr(msg)->nlmsg_len));
	EXPECT_EQ(0, search_raw(self, msg, &s));

	EXPECT_EQ(0, cipe_nl_call(&self->nl,
				  request(&self->nl, CIPE_CMD_LINK_GET,
					  self->index[0]), search_cb, &s));
	EXPECT_EQ(0, cipe_nl_call(&self->nl,
				  cipe_nl_msg(&self->nl, CIPE_CMD_LINK_GET,
					      NLM_F_DUMP), search_cb, &s));
	msg = nlmsg_alloc_simple(RTM_GETLINK, 0);
	nlmsg_append(msg, &ifi, sizeof(ifi), NLMSG_ALIGNTO);
	EXPECT_EQ(0, cipe_nl_call(&self->route, msg, search_cb, &s));
	EXPECT_LT(4, s.messages);

	/* refused by the module: the request that comes back has no key in it.
	 * (What is wrong outside of the nest comes back from netlink unread.)
	 */
	msg = request(&self->nl, CIPE_CMD_KEY_SET, self->index[0]);
	put_key(msg, &key, NULL);
	EXPECT_EQ(-EEXIST, search_raw(self, msg, &s));
	EXPECT_FALSE(s.found) TH_LOG("key in -EEXIST");
	msg = request(&self->nl, CIPE_CMD_KEY_SET, 0x7fffffff);
	put_key(msg, &key, NULL);
	EXPECT_EQ(-ENODEV, search_raw(self, msg, &s));
	EXPECT_FALSE(s.found) TH_LOG("key in -ENODEV");
	msg = request(&self->nl, CIPE_CMD_KEY_SET, 1);
	put_key(msg, &key, NULL);
	EXPECT_EQ(-EOPNOTSUPP, search_raw(self, msg, &s));
	EXPECT_FALSE(s.found) TH_LOG("key in -EOPNOTSUPP");
	msg = request(&self->nl, CIPE_CMD_KEY_SET, self->index[0]);
	key.driver = "no such driver";
	put_key(msg, &key, NULL);
	EXPECT_EQ(-ENOENT, search_raw(self, msg, &s));
	EXPECT_FALSE(s.found) TH_LOG("key in -ENOENT");
	key.driver = NULL;
	msg = request(&self->nl, CIPE_CMD_KEY_SET, self->index[0]);
	key.rx_id = 3;
	put_key(msg, &key, NULL);
	EXPECT_EQ(-EINVAL, search_raw(self, msg, &s));
	EXPECT_FALSE(s.found) TH_LOG("key in -EINVAL");
	msg = request(&self->nl, CIPE_CMD_KEY_SET, self->index[0]);
	key.rx_id = key_id(0x60000);
	key.slot = CIPE_SLOT_PREVIOUS;
	put_key(msg, &key, NULL);
	EXPECT_EQ(-ERANGE, search_raw(self, msg, &s));
	EXPECT_FALSE(s.found) TH_LOG("key in -ERANGE");
}

TEST_HARNESS_MAIN
