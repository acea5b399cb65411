/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A namespace of its own, with a link, down */
#ifndef _NETLINK_FIXTURE_H
#define _NETLINK_FIXTURE_H

#include <net/if.h>
#include <stdlib.h>

#include "netlink-test.h"

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

static inline int set_fd(FIXTURE_DATA(nl) *self, unsigned int index, int fd)
{
	struct nl_msg *msg = request(&self->nl, CIPE_CMD_LINK_SET, index);

	nla_put_u32(msg, CIPE_A_SOCKET_FD, fd);
	return call(&self->nl, msg);
}

#endif /* _NETLINK_FIXTURE_H */
