// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The link's network interface as Linux sees any interface: rtnetlink itself.
 */
#include "rtnl.h"

#include <errno.h>
#include <linux/if_addr.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <stdint.h>
#include <stdlib.h>

#include "netlink.h"

/* Octets for link changes: many links may go at once */
#define EVENTS_BUFFER	(256 * 1024)

/**
 * struct rtnl - our sockets to rtnetlink
 * @requests: questions and answers
 * @events: member of the group of link changes
 */
struct rtnl {
	struct nl_sock *requests;
	struct nl_sock *events;
};

/**
 * rtnl_open() - connect to rtnetlink
 * @r: set to a handle for rtnl_close()
 * Return: 0 or -errno.
 */
int rtnl_open(struct rtnl **r)
{
	int rc;

	*r = calloc(1, sizeof(**r));
	if (!*r)
		return -ENOMEM;
	rc = netlink_open(&(*r)->requests, NETLINK_ROUTE);
	if (!rc)
		rc = netlink_open(&(*r)->events, NETLINK_ROUTE);
	if (!rc)
		rc = netlink_join((*r)->events, RTNLGRP_LINK);
	if (!rc)
		nl_socket_set_buffer_size((*r)->events, EVENTS_BUFFER, 0);
	if (rc) {
		rtnl_close(*r);
		*r = NULL;
	}
	return rc;
}

/** rtnl_close() - disconnect; @r may be NULL */
void rtnl_close(struct rtnl *r)
{
	if (!r)
		return;
	nl_socket_free(r->requests);
	nl_socket_free(r->events);
	free(r);
}

static struct nl_msg *link_request(int type, int flags, struct ifinfomsg ifi)
{
	struct nl_msg *msg = nlmsg_alloc_simple(type, flags);

	ifi.ifi_family = AF_UNSPEC;
	if (msg && !nlmsg_append(msg, &ifi, sizeof(ifi), NLMSG_ALIGNTO))
		return msg;
	nlmsg_free(msg);
	return NULL;
}

static int put_kind(struct nl_msg *msg, enum cipe_mode mode)
{
	struct nlattr *info, *data;

	info = nla_nest_start(msg, IFLA_LINKINFO);
	if (!info)
		return -EMSGSIZE;
	NLA_PUT_STRING(msg, IFLA_INFO_KIND, CIPE_RTNL_KIND);
	data = nla_nest_start(msg, IFLA_INFO_DATA);
	if (!data)
		return -EMSGSIZE;
	NLA_PUT_U8(msg, IFLA_CIPE_MODE, (uint8_t)mode);
	nla_nest_end(msg, data);
	nla_nest_end(msg, info);
	return 0;

nla_put_failure:
	return -EMSGSIZE;
}

/**
 * rtnl_create() - create a link
 * @r: from rtnl_open()
 * @name: of the interface
 * @mode: what it carries
 * Return: 0, -EEXIST when there is an interface of that name, -EOPNOTSUPP
 * when the module is not loaded, or another -errno.
 */
int rtnl_create(struct rtnl *r, const char *name, enum cipe_mode mode)
{
	struct nl_msg *msg = link_request(RTM_NEWLINK, NLM_F_CREATE | NLM_F_EXCL,
					  (struct ifinfomsg){ 0 });

	if (msg && (nla_put_string(msg, IFLA_IFNAME, name) || put_kind(msg, mode))) {
		nlmsg_free(msg);
		return -EMSGSIZE;
	}
	return netlink_request(r->requests, msg, NULL, NULL);
}

/** rtnl_delete() - delete an interface. Return: 0 or -errno. */
int rtnl_delete(struct rtnl *r, unsigned int ifindex)
{
	return netlink_request(r->requests, link_request(RTM_DELLINK, 0, (struct ifinfomsg){
				       .ifi_index = (int)ifindex }), NULL, NULL);
}

/* A request about interfaces, with one number beside what they are called by */
static int request_u32(struct rtnl *r, int type, unsigned int ifindex, int attr, uint32_t value)
{
	struct nl_msg *msg = link_request(type, 0, (struct ifinfomsg){
						  .ifi_index = (int)ifindex });

	if (msg && nla_put_u32(msg, attr, value)) {
		nlmsg_free(msg);
		return -EMSGSIZE;
	}
	return netlink_request(r->requests, msg, NULL, NULL);
}

/** rtnl_set_group() - put an interface into a group. Return: 0 or -errno. */
int rtnl_set_group(struct rtnl *r, unsigned int ifindex, uint32_t group)
{
	return request_u32(r, RTM_NEWLINK, ifindex, IFLA_GROUP, group);
}

/** rtnl_delete_group() - delete all interfaces of a group, at once. Return: 0 or -errno. */
int rtnl_delete_group(struct rtnl *r, uint32_t group)
{
	return request_u32(r, RTM_DELLINK, 0, IFLA_GROUP, group);
}

/** rtnl_set_mtu() - set the MTU. Return: 0 or -errno. */
int rtnl_set_mtu(struct rtnl *r, unsigned int ifindex, unsigned int mtu)
{
	return request_u32(r, RTM_NEWLINK, ifindex, IFLA_MTU, mtu);
}

/** rtnl_set_up() - bring the interface up. Return: 0 or -errno. */
int rtnl_set_up(struct rtnl *r, unsigned int ifindex)
{
	struct ifinfomsg ifi = {
		.ifi_index = (int)ifindex,
		.ifi_flags = IFF_UP,
		.ifi_change = IFF_UP,
	};

	return netlink_request(r->requests, link_request(RTM_NEWLINK, 0, ifi), NULL, NULL);
}

static struct nl_msg *addr_request(int type, int flags, unsigned int ifindex,
				   const struct iface_addr *addr)
{
	struct nl_msg *msg = nlmsg_alloc_simple(type, flags);
	const struct in_addr *far = addr->peer.s_addr ? &addr->peer : &addr->local;
	struct ifaddrmsg ifa = {
		.ifa_family = AF_INET,
		.ifa_prefixlen = 32,
		.ifa_index = ifindex,
	};

	if (!msg)
		return NULL;
	if (nlmsg_append(msg, &ifa, sizeof(ifa), NLMSG_ALIGNTO))
		goto nla_put_failure;
	NLA_PUT(msg, IFA_LOCAL, sizeof(addr->local), &addr->local);
	NLA_PUT(msg, IFA_ADDRESS, sizeof(*far), far);
	if (addr->metric)
		NLA_PUT_U32(msg, IFA_RT_PRIORITY, addr->metric);
	return msg;

nla_put_failure:
	nlmsg_free(msg);
	return NULL;
}

/** rtnl_add_addr() - add an address, or replace the same. Return: 0 or -errno. */
int rtnl_add_addr(struct rtnl *r, unsigned int ifindex, const struct iface_addr *addr)
{
	return netlink_request(r->requests, addr_request(RTM_NEWADDR, NLM_F_CREATE | NLM_F_REPLACE,
							 ifindex, addr), NULL, NULL);
}

/** rtnl_del_addr() - remove an address. Return: 0 or -errno. */
int rtnl_del_addr(struct rtnl *r, unsigned int ifindex, const struct iface_addr *addr)
{
	return netlink_request(r->requests, addr_request(RTM_DELADDR, 0, ifindex, addr), NULL,
			       NULL);
}

struct event_reader {
	rtnl_event_fn fn;
	void *ctx;
};

static void parse_event(void *ctx, struct nlmsghdr *nlh)
{
	const struct event_reader *reader = ctx;
	const struct ifinfomsg *ifi = nlmsg_data(nlh);

	/* Family AF_BRIDGE: a port left its bridge, no more */
	if (nlh->nlmsg_type == RTM_DELLINK && nlmsg_datalen(nlh) >= (int)sizeof(*ifi) &&
	    ifi->ifi_family == AF_UNSPEC)
		reader->fn(reader->ctx, (unsigned int)ifi->ifi_index);
}

/** rtnl_events_fd() - descriptor that becomes readable when there are events */
int rtnl_events_fd(const struct rtnl *r)
{
	return nl_socket_get_fd(r->events);
}

/**
 * rtnl_events_read() - read the events that have arrived, without waiting
 * @r: from rtnl_open()
 * @fn: called for each interface that went
 * @ctx: for @fn
 * Return: 0, -ENOBUFS when events were lost, or another -errno.
 */
int rtnl_events_read(struct rtnl *r, rtnl_event_fn fn, void *ctx)
{
	struct event_reader reader = { fn, ctx };

	return netlink_events(r->events, parse_event, &reader);
}
