// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The module's netlink interface, as include/uapi/linux/cipe.h promises it.
 * What can be asked and set of a link: what is wrong in a request is refused with
 * the right error, a message and the attribute it is about, and nothing of it is
 * done.
 */
#include "netlink-refused.h"

static struct nl_msg *build_get(FIXTURE_DATA(nl) *self, struct odd *odd)
{
	bool link = odd->type == CIPE_A_IFINDEX || odd->type == CIPE_A_LINK_ID;
	struct nl_msg *msg = request(&self->nl, CIPE_CMD_LINK_GET,
				     link ? 0 : self->index);

	put_odd(msg, odd);
	return msg;
}

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

TEST_HARNESS_MAIN
