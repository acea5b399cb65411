// SPDX-License-Identifier: GPL-2.0-or-later
/* Netlink to the cipe module, as the tests speak it */
#include <arpa/inet.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <linux/genetlink.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <netinet/in.h>
#include <netlink/genl/ctrl.h>
#include <netlink/genl/genl.h>

#include "cipe-nl.h"

#ifndef SOL_NETLINK
#define SOL_NETLINK 270
#endif

const char *const cipe_stat_names[CIPE_STAT_MAX + 1] = {
	[CIPE_STAT_RX_PACKETS] = "rx_packets",
	[CIPE_STAT_RX_BYTES] = "rx_bytes",
	[CIPE_STAT_TX_PACKETS] = "tx_packets",
	[CIPE_STAT_TX_BYTES] = "tx_bytes",
	[CIPE_STAT_RX_KEEPALIVE] = "rx_keepalive",
	[CIPE_STAT_TX_KEEPALIVE] = "tx_keepalive",
	[CIPE_STAT_RX_SHORT] = "rx_short",
	[CIPE_STAT_RX_FLAGS] = "rx_flags",
	[CIPE_STAT_RX_AUTH] = "rx_auth",
	[CIPE_STAT_RX_REPLAY] = "rx_replay",
	[CIPE_STAT_RX_EXPIRED] = "rx_expired",
	[CIPE_STAT_RX_PROTO] = "rx_proto",
	[CIPE_STAT_RX_ECN] = "rx_ecn",
	[CIPE_STAT_RX_DOWN] = "rx_down",
	[CIPE_STAT_RX_NOMEM] = "rx_nomem",
	[CIPE_STAT_RX_CRYPTO] = "rx_crypto",
	[CIPE_STAT_TX_NO_KEY] = "tx_no_key",
	[CIPE_STAT_TX_LIMIT] = "tx_limit",
	[CIPE_STAT_TX_NO_ENDPOINT] = "tx_no_endpoint",
	[CIPE_STAT_TX_NO_SOCKET] = "tx_no_socket",
	[CIPE_STAT_TX_NO_ROUTE] = "tx_no_route",
	[CIPE_STAT_TX_LOOP] = "tx_loop",
	[CIPE_STAT_TX_TOO_BIG] = "tx_too_big",
	[CIPE_STAT_TX_PROTO] = "tx_proto",
	[CIPE_STAT_TX_NOMEM] = "tx_nomem",
	[CIPE_STAT_TX_CRYPTO] = "tx_crypto",
	[CIPE_STAT_ROAMED] = "roamed",
	[CIPE_STAT_SOCKET_SHORT] = "socket_short",
	[CIPE_STAT_SOCKET_UNKNOWN_KEY] = "socket_unknown_key",
	[CIPE_STAT_SOCKET_CONTROL] = "socket_control",
};

const char *const cipe_cmd_names[CIPE_CMD_MAX + 1] = {
	[CIPE_CMD_LINK_GET] = "link-get",
	[CIPE_CMD_LINK_SET] = "link-set",
	[CIPE_CMD_KEY_SET] = "key-set",
	[CIPE_CMD_KEY_DEL] = "key-del",
	[CIPE_CMD_PEER_MOVED_NTF] = "peer-moved",
	[CIPE_CMD_PEER_DEAD_NTF] = "peer-dead",
	[CIPE_CMD_PEER_ALIVE_NTF] = "peer-alive",
	[CIPE_CMD_KEY_LIMIT_NTF] = "key-limit",
	[CIPE_CMD_KEY_ACTIVE_NTF] = "key-active",
	[CIPE_CMD_KEY_EXPIRED_NTF] = "key-expired",
};

const char *const cipe_slot_names[3] = {
	[CIPE_SLOT_PREVIOUS] = "previous",
	[CIPE_SLOT_CURRENT] = "current",
	[CIPE_SLOT_NEXT] = "next",
};

const char *const cipe_cipher_names[4] = {
	[CIPE_CIPHER_CHACHA20_POLY1305] = "chacha20-poly1305",
	[CIPE_CIPHER_AES_128_GCM] = "aes-128-gcm",
	[CIPE_CIPHER_AES_256_GCM] = "aes-256-gcm",
};

/**
 * parse_name() - index of a word in a table; a number stands for itself, so
 * that tests can send values the kernel should refuse
 */
int parse_name(const char *s, const char *const *names, size_t n)
{
	char *end;
	long v;
	size_t i;

	for (i = 0; i < n; i++)
		if (names[i] && !strcmp(names[i], s))
			return i;
	v = strtol(s, &end, 0);
	return *s && !*end ? (int)v : -1;
}

/**
 * parse_sockaddr() - "192.0.2.1:4000" or "[2001:db8::1]:4000", with %scope
 */
int parse_sockaddr(const char *s, struct sockaddr_storage *ss, socklen_t *len)
{
	struct sockaddr_in6 *in6 = (void *)ss;
	struct sockaddr_in *in = (void *)ss;
	const char *colon = strrchr(s, ':');
	char host[64], *scope;
	size_t n;

	memset(ss, 0, sizeof(*ss));
	if (!colon)
		return -1;
	n = colon - s;
	if (*s == '[') {
		s++;
		n -= 2;
	}
	if (n >= sizeof(host))
		return -1;
	memcpy(host, s, n);
	host[n] = '\0';
	scope = strchr(host, '%');
	if (scope)
		*scope++ = '\0';
	if (inet_pton(AF_INET, host, &in->sin_addr) == 1) {
		in->sin_family = AF_INET;
		in->sin_port = htons(atoi(colon + 1));
		*len = sizeof(*in);
		return 0;
	}
	if (inet_pton(AF_INET6, host, &in6->sin6_addr) != 1)
		return -1;
	in6->sin6_family = AF_INET6;
	in6->sin6_port = htons(atoi(colon + 1));
	in6->sin6_scope_id = scope ? if_nametoindex(scope) : 0;
	*len = sizeof(*in6);
	return 0;
}

const char *format_sockaddr(const void *sa, size_t len, char *buf, size_t size)
{
	const struct sockaddr_in6 *in6 = sa;
	const struct sockaddr_in *in = sa;
	char host[INET6_ADDRSTRLEN];

	if (len >= sizeof(*in) && in->sin_family == AF_INET) {
		inet_ntop(AF_INET, &in->sin_addr, host, sizeof(host));
		snprintf(buf, size, "%s:%u", host, ntohs(in->sin_port));
	} else if (len >= sizeof(*in6) && in6->sin6_family == AF_INET6) {
		inet_ntop(AF_INET6, &in6->sin6_addr, host, sizeof(host));
		snprintf(buf, size, "[%s]:%u", host, ntohs(in6->sin6_port));
	} else {
		snprintf(buf, size, "?");
	}
	return buf;
}

/* Returns the number of octets, or -1 */
int parse_hex(const char *s, uint8_t *buf, size_t size)
{
	size_t n = 0;

	for (; s[0] && s[1]; s += 2) {
		char byte[3] = { s[0], s[1] }, *end;

		if (n == size)
			return -1;
		buf[n++] = strtoul(byte, &end, 16);
		if (*end)
			return -1;
	}
	return *s ? -1 : (int)n;
}

static int open_proto(struct cipe_nl *nl, int proto)
{
	int one = 1;

	memset(nl, 0, sizeof(*nl));
	nl->sk = nl_socket_alloc();
	if (!nl->sk)
		return -ENOMEM;
	if (nl_connect(nl->sk, proto)) {
		nl_socket_free(nl->sk);
		return -ECONNREFUSED;
	}
	nl_socket_disable_auto_ack(nl->sk);
	nl_socket_set_buffer_size(nl->sk, 1 << 20, 1 << 17);
	nl_socket_set_msg_buf_size(nl->sk, 1 << 16);
	setsockopt(nl_socket_get_fd(nl->sk), SOL_NETLINK, NETLINK_EXT_ACK,
		   &one, sizeof(one));
	return 0;
}

int cipe_nl_open_route(struct cipe_nl *nl)
{
	return open_proto(nl, NETLINK_ROUTE);
}

int cipe_nl_open(struct cipe_nl *nl)
{
	int err = open_proto(nl, NETLINK_GENERIC);

	if (err)
		return err;
	nl->family = genl_ctrl_resolve(nl->sk, CIPE_GENL_NAME);
	if (nl->family < 0) {
		nl_socket_free(nl->sk);
		return -ENOENT;
	}
	return 0;
}

void cipe_nl_close(struct cipe_nl *nl)
{
	nl_socket_free(nl->sk);
}

/**
 * cipe_nl_events() - subscribe to the notifications
 */
int cipe_nl_events(struct cipe_nl *nl)
{
	int group = genl_ctrl_resolve_grp(nl->sk, CIPE_GENL_NAME,
					  CIPE_GENL_MCGRP_EVENTS);

	if (group < 0)
		return -ENOENT;
	return nl_socket_add_membership(nl->sk, group) ? -EPERM : 0;
}

/**
 * cipe_nl_msg() - start a request of the cipe family
 */
struct nl_msg *cipe_nl_msg(const struct cipe_nl *nl, uint8_t cmd, int flags)
{
	struct nl_msg *msg = nlmsg_alloc_size(8192);

	if (!msg || !genlmsg_put(msg, NL_AUTO_PORT, NL_AUTO_SEQ, nl->family, 0,
				 flags, cmd, CIPE_GENL_VERSION)) {
		perror("message");
		exit(1);
	}
	return msg;
}

/**
 * cipe_nl_attrs() - first attribute of a message of the cipe family
 */
struct nlattr *cipe_nl_attrs(struct nlmsghdr *nlh, int *len)
{
	struct genlmsghdr *gh = nlmsg_data(nlh);

	*len = genlmsg_attrlen(gh, 0);
	return genlmsg_attrdata(gh, 0);
}

static void read_extack(struct cipe_nl *nl, struct nlmsghdr *nlh)
{
	struct nlmsgerr *e = nlmsg_data(nlh);
	struct nlattr *tb[NLMSGERR_ATTR_MAX + 1] = {}, *a;
	int off = sizeof(*e), rem;

	nl->errmsg[0] = '\0';
	nl->erroff = 0;
	nl->missing = 0;
	if (!(nlh->nlmsg_flags & NLM_F_ACK_TLVS))
		return;
	if (!(nlh->nlmsg_flags & NLM_F_CAPPED))
		off += NLMSG_ALIGN(e->msg.nlmsg_len) - sizeof(e->msg);
	a = (void *)((char *)e + off);
	rem = nlmsg_datalen(nlh) - off;
	if (rem > 0)
		nla_parse(tb, NLMSGERR_ATTR_MAX, a, rem, NULL);
	if (tb[NLMSGERR_ATTR_MSG])
		nla_strlcpy(nl->errmsg, tb[NLMSGERR_ATTR_MSG],
			    sizeof(nl->errmsg));
	if (tb[NLMSGERR_ATTR_OFFS])
		nl->erroff = nla_get_u32(tb[NLMSGERR_ATTR_OFFS]);
	if (tb[NLMSGERR_ATTR_MISS_TYPE])
		nl->missing = nla_get_u32(tb[NLMSGERR_ATTR_MISS_TYPE]);
}

/**
 * cipe_nl_call() - send a request, hand every answer to @cb, wait for the end
 *
 * Frees @msg. Returns the kernel's error, 0 if none.
 */
int cipe_nl_call(struct cipe_nl *nl, struct nl_msg *msg, cipe_nl_cb cb,
		 void *arg)
{
	struct nlmsghdr *req = nlmsg_hdr(msg);
	struct sockaddr_nl from;
	unsigned char *buf;
	uint32_t seq;
	int err;

	nl->errmsg[0] = '\0';
	req->nlmsg_flags |= NLM_F_REQUEST;
	if ((req->nlmsg_flags & NLM_F_DUMP) != NLM_F_DUMP)
		req->nlmsg_flags |= NLM_F_ACK;
	nl_complete_msg(nl->sk, msg);
	seq = req->nlmsg_seq;
	err = nl_send(nl->sk, msg);
	nlmsg_free(msg);
	if (err < 0)
		return -EIO;

	for (;;) {
		struct nlmsghdr *nlh;
		int n;

		n = nl_recv(nl->sk, &from, &buf, NULL);
		if (n <= 0)
			return -EIO;
		for (nlh = (void *)buf; nlmsg_ok(nlh, n);
		     nlh = nlmsg_next(nlh, &n)) {
			if (nlh->nlmsg_seq != seq)
				continue;
			if (nlh->nlmsg_type == NLMSG_ERROR ||
			    nlh->nlmsg_type == NLMSG_DONE) {
				err = *(int *)nlmsg_data(nlh);
				if (nlh->nlmsg_type == NLMSG_ERROR)
					read_extack(nl, nlh);
				free(buf);
				return err > 0 ? 0 : err;
			}
			if (cb)
				cb(nlh, arg);
		}
		free(buf);
	}
}

/**
 * cipe_nl_link_add() - create a device; @mode -1 leaves the attribute out,
 * @name NULL the name
 */
int cipe_nl_link_add(const char *name, int mode)
{
	struct ifinfomsg ifi = { .ifi_family = AF_UNSPEC };
	struct nlattr *info, *data;
	struct cipe_nl nl;
	struct nl_msg *msg;
	int err;

	if (cipe_nl_open_route(&nl))
		return -EIO;
	msg = nlmsg_alloc_simple(RTM_NEWLINK, NLM_F_CREATE | NLM_F_EXCL);
	nlmsg_append(msg, &ifi, sizeof(ifi), NLMSG_ALIGNTO);
	if (name)
		nla_put_string(msg, IFLA_IFNAME, name);
	info = nla_nest_start(msg, IFLA_LINKINFO);
	nla_put_string(msg, IFLA_INFO_KIND, CIPE_RTNL_KIND);
	if (mode >= 0) {
		data = nla_nest_start(msg, IFLA_INFO_DATA);
		nla_put_u8(msg, IFLA_CIPE_MODE, mode);
		nla_nest_end(msg, data);
	}
	nla_nest_end(msg, info);
	err = cipe_nl_call(&nl, msg, NULL, NULL);
	if (err)
		fprintf(stderr, "link add: %s %s\n", strerror(-err), nl.errmsg);
	cipe_nl_close(&nl);
	return err;
}

int cipe_nl_link_del(const char *name)
{
	struct ifinfomsg ifi = { .ifi_family = AF_UNSPEC };
	struct cipe_nl nl;
	struct nl_msg *msg;
	int err;

	if (cipe_nl_open_route(&nl))
		return -EIO;
	msg = nlmsg_alloc_simple(RTM_DELLINK, 0);
	nlmsg_append(msg, &ifi, sizeof(ifi), NLMSG_ALIGNTO);
	nla_put_string(msg, IFLA_IFNAME, name);
	err = cipe_nl_call(&nl, msg, NULL, NULL);
	cipe_nl_close(&nl);
	return err;
}
