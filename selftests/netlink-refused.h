/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Requests with one thing wrong: refused for that, and nothing of them done */
#ifndef _NETLINK_REFUSED_H
#define _NETLINK_REFUSED_H

#include "netlink-fixture.h"

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
static inline void check_refused(struct __test_metadata *_metadata,
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

static inline void check_bad(struct __test_metadata *_metadata,
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
	NUM(CIPE_A_LAST_KEY_MS, 8, 1, -EINVAL), \
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

static inline struct nl_msg *build_set(FIXTURE_DATA(nl) *self, struct odd *odd)
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

#endif /* _NETLINK_REFUSED_H */
