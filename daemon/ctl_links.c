// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What the kernel tells of its links.
 */
#include <errno.h>
#include <netlink/attr.h>
#include <netlink/genl/ctrl.h>
#include <netlink/genl/genl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sysexits.h>
#include <unistd.h>

#include "ctl.h"
#include "netlink.h"

/* Numbers of any size: a newer kernel may have widened them */
static uint64_t get_uint(const struct nlattr *a)
{
	uint64_t n = 0;

	if (!a)
		return 0;
	switch (nla_len(a)) {
	case 1:
		return nla_get_u8(a);
	case 2:
		return nla_get_u16(a);
	case 4:
		return nla_get_u32(a);
	case 8:
		memcpy(&n, nla_data(a), sizeof(n));	/* may be unaligned */
		return n;
	}
	return 0;
}

static int64_t get_age(const struct nlattr *a)
{
	return a ? (int64_t)get_uint(a) : -1;
}

static void get_addr(union addr *addr, const struct nlattr *a)
{
	if (a)
		addr_set(addr, nla_data(a), (size_t)nla_len(a));
}

static void parse_key(struct ctl_link *link, struct nlattr *nest)
{
	struct nlattr *tb[CIPE_A_KEY_MAX + 1];
	struct ctl_key *key;
	uint64_t slot;

	if (nla_parse_nested(tb, CIPE_A_KEY_MAX, nest, NULL) < 0 || !tb[CIPE_A_KEY_SLOT])
		return;
	slot = get_uint(tb[CIPE_A_KEY_SLOT]);
	if (slot >= CTL_SLOTS)
		return;
	key = &link->key[slot];
	key->present = true;
	key->rx_id = (uint32_t)get_uint(tb[CIPE_A_KEY_RX_ID]);
	key->tx_id = (uint32_t)get_uint(tb[CIPE_A_KEY_TX_ID]);
	key->cipher = (enum cipe_cipher)get_uint(tb[CIPE_A_KEY_CIPHER]);
	if (tb[CIPE_A_KEY_DRIVER])
		nla_strlcpy(key->driver, tb[CIPE_A_KEY_DRIVER], sizeof(key->driver));
	key->lifetime_ms = (uint32_t)get_uint(tb[CIPE_A_KEY_LIFETIME_MS]);
	key->age_ms = get_uint(tb[CIPE_A_KEY_AGE_MS]);
	key->tx_counter = get_uint(tb[CIPE_A_KEY_TX_COUNTER]);
	key->tx_blocks = get_uint(tb[CIPE_A_KEY_TX_BLOCKS]);
	key->rx_counter = get_uint(tb[CIPE_A_KEY_RX_COUNTER]);
}

static void parse_stats(struct ctl_link *link, struct nlattr *nest)
{
	struct nlattr *tb[CIPE_STAT_MAX + 1];

	if (!nest || nla_parse_nested(tb, CIPE_STAT_MAX, nest, NULL) < 0)
		return;
	for (int i = 0; i <= CIPE_STAT_MAX; i++)
		link->stats[i] = get_uint(tb[i]);
}

static void parse_link(struct ctl_link *link, struct nlattr **tb)
{
	link->ifindex = (uint32_t)get_uint(tb[CIPE_A_IFINDEX]);
	link->link_id = (uint32_t)get_uint(tb[CIPE_A_LINK_ID]);
	if (tb[CIPE_A_IFNAME])
		nla_strlcpy(link->ifname, tb[CIPE_A_IFNAME], sizeof(link->ifname));
	link->mode = (enum cipe_mode)get_uint(tb[CIPE_A_MODE]);
	link->socket = (enum cipe_socket_state)get_uint(tb[CIPE_A_SOCKET_STATE]);
	get_addr(&link->local, tb[CIPE_A_LOCAL]);
	get_addr(&link->endpoint, tb[CIPE_A_ENDPOINT]);
	get_addr(&link->endpoint_local, tb[CIPE_A_ENDPOINT_LOCAL]);
	link->ttl = (uint8_t)get_uint(tb[CIPE_A_TTL]);
	link->tos = (uint16_t)get_uint(tb[CIPE_A_TOS]);
	link->pin = get_uint(tb[CIPE_A_PIN]);
	link->keepalive_ms = (uint32_t)get_uint(tb[CIPE_A_KEEPALIVE_MS]);
	link->timeout_ms = (uint32_t)get_uint(tb[CIPE_A_TIMEOUT_MS]);
	link->alive = get_uint(tb[CIPE_A_PEER_ALIVE]);
	link->last_rx_ms = get_age(tb[CIPE_A_LAST_RX_MS]);
	link->last_key_ms = get_age(tb[CIPE_A_LAST_KEY_MS]);
	link->last_tx_ms = get_age(tb[CIPE_A_LAST_TX_MS]);
	link->path_mtu = (uint32_t)get_uint(tb[CIPE_A_PATH_MTU]);
	parse_stats(link, tb[CIPE_A_STATS]);
}

void ctl_links_parse(struct ctl_links *links, struct nlmsghdr *nlh)
{
	struct nlattr *tb[CIPE_A_MAX + 1], *a;
	struct ctl_link *more, *link;
	int left;

	if (!genlmsg_valid_hdr(nlh, 0) || genlmsg_parse(nlh, 0, tb, CIPE_A_MAX, NULL) < 0)
		return;
	more = realloc(links->link, (links->count + 1) * sizeof(*more));
	if (!more) {
		links->failed = true;
		return;
	}
	links->link = more;
	link = &more[links->count++];
	memset(link, 0, sizeof(*link));
	parse_link(link, tb);
	/* The table holds the last key only; there is one a slot */
	nla_for_each_attr(a, genlmsg_attrdata(genlmsg_hdr(nlh), 0),
			  genlmsg_attrlen(genlmsg_hdr(nlh), 0), left)
		if (nla_type(a) == CIPE_A_KEY)
			parse_key(link, a);
}

static void parse_cb(void *ctx, struct nlmsghdr *nlh)
{
	ctl_links_parse(ctx, nlh);
}

/* What is not the module's to tell */
static void fetch_device(struct ctl_link *link)
{
	struct ifreq ifr = { 0 };
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	if (fd < 0)
		return;
	memcpy(ifr.ifr_name, link->ifname, sizeof(ifr.ifr_name));
	if (!ioctl(fd, SIOCGIFMTU, &ifr))
		link->mtu = (unsigned int)ifr.ifr_mtu;
	if (!ioctl(fd, SIOCGIFFLAGS, &ifr))
		link->admin_up = ifr.ifr_flags & IFF_UP;
	close(fd);
}

static int by_name(const void *a, const void *b)
{
	return strverscmp(((const struct ctl_link *)a)->ifname,
			  ((const struct ctl_link *)b)->ifname);
}

static int request_failed(int err, const char *device)
{
	switch (err) {
	case EPERM:
	case EACCES:
		ctl_error("not permitted: run as root (CAP_NET_ADMIN is needed)");
		return EX_NOPERM;
	case ENODEV:
	case EOPNOTSUPP:
	case EINVAL:
		if (device) {
			ctl_error("%s is not a CIPE link%s", device, netlink_words());
			return EX_NOINPUT;
		}
		break;
	}
	ctl_error("the kernel does not answer: %s%s", strerror(err), netlink_words());
	return EX_OSERR;
}

static int request_links(struct nl_sock *sk, struct ctl_links *links, const char *device)
{
	unsigned int ifindex = 0;
	struct nl_msg *msg;
	int family, err;

	family = genl_ctrl_resolve(sk, CIPE_GENL_NAME);
	if (family < 0) {
		ctl_error("the kernel module is not loaded (modprobe cipe)");
		return EX_UNAVAILABLE;
	}
	if (device) {
		ifindex = if_nametoindex(device);
		if (!ifindex) {
			ctl_error("there is no device %.40s in this network namespace", device);
			return EX_NOINPUT;
		}
	}
	msg = nlmsg_alloc();
	if (msg && (!genlmsg_put(msg, NL_AUTO_PORT, NL_AUTO_SEQ, family, 0,
				 device ? 0 : NLM_F_DUMP, CIPE_CMD_LINK_GET, CIPE_GENL_VERSION) ||
		    (device && nla_put_u32(msg, CIPE_A_IFINDEX, ifindex)))) {
		nlmsg_free(msg);
		msg = NULL;
	}
	err = netlink_request(sk, msg, parse_cb, links);
	return err ? request_failed(-err, device) : 0;
}

int ctl_links_fetch(struct ctl_links *links, const char *device)
{
	struct nl_sock *sk;
	int ret;

	ret = netlink_open(&sk, NETLINK_GENERIC);
	if (ret) {
		ctl_error("netlink: %s", strerror(-ret));
		return EX_OSERR;
	}
	ret = request_links(sk, links, device);
	nl_socket_free(sk);
	if (!ret && links->failed) {
		ctl_error("no memory");
		ret = EX_OSERR;
	}
	for (size_t i = 0; i < links->count; i++)
		fetch_device(&links->link[i]);
	if (links->count)
		qsort(links->link, links->count, sizeof(*links->link), by_name);
	return ret;
}

const struct ctl_key *ctl_link_newest_key(const struct ctl_link *link)
{
	if (link->key[CIPE_SLOT_CURRENT].present)
		return &link->key[CIPE_SLOT_CURRENT];
	if (link->key[CIPE_SLOT_NEXT].present)
		return &link->key[CIPE_SLOT_NEXT];
	return NULL;
}

const char *ctl_link_state(const struct ctl_link *link)
{
	if (!link->admin_up)
		return "down";
	/* Nobody to talk to yet, or the peer has to send the first packet */
	if (!addr_is_set(&link->endpoint) ||
	    (!link->key[CIPE_SLOT_CURRENT].present && link->key[CIPE_SLOT_NEXT].present))
		return "waiting";
	if (!link->key[CIPE_SLOT_CURRENT].present)
		return "no key";
	return link->alive ? "up" : "peer dead";
}
