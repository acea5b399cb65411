// SPDX-License-Identifier: GPL-2.0-or-later
/* What the tests of netlink are made of: links, sockets, requests with one thing odd */
#include <arpa/inet.h>
#include <errno.h>
#include <net/if.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>

#include "netlink-util.h"

/* Another number, or more time, for a kernel that checks all it does */
int scale(int normal, int checked)
{
	return access("/sys/kernel/debug/kmemleak", F_OK) ? normal : checked;
}

/* ---- devices ---- */

int open_route(struct cipe_nl *nl)
{
	return cipe_nl_open_route(nl);
}

/**
 * link_new() - create a link
 * @route: open rtnetlink socket
 * @name: of the device, or NULL
 * @netns: where it shall be, or -1
 * @index: it shall have, or 0
 */
int link_new(struct cipe_nl *route, const char *name, int netns, int index)
{
	struct ifinfomsg ifi = { .ifi_family = AF_UNSPEC, .ifi_index = index };
	struct nl_msg *msg = nlmsg_alloc_simple(RTM_NEWLINK,
						NLM_F_CREATE | NLM_F_EXCL);
	struct nlattr *info;

	nlmsg_append(msg, &ifi, sizeof(ifi), NLMSG_ALIGNTO);
	if (name)
		nla_put_string(msg, IFLA_IFNAME, name);
	if (netns >= 0)
		nla_put_u32(msg, IFLA_NET_NS_FD, netns);
	info = nla_nest_start(msg, IFLA_LINKINFO);
	nla_put_string(msg, IFLA_INFO_KIND, CIPE_RTNL_KIND);
	nla_nest_end(msg, info);
	return cipe_nl_call(route, msg, NULL, NULL);
}

static int change_link(struct cipe_nl *route, int type, unsigned int index,
		       int netns)
{
	struct ifinfomsg ifi = { .ifi_family = AF_UNSPEC, .ifi_index = index };
	struct nl_msg *msg = nlmsg_alloc_simple(type, 0);

	nlmsg_append(msg, &ifi, sizeof(ifi), NLMSG_ALIGNTO);
	if (netns >= 0)
		nla_put_u32(msg, IFLA_NET_NS_FD, netns);
	return cipe_nl_call(route, msg, NULL, NULL);
}

int link_del(struct cipe_nl *route, unsigned int index)
{
	return change_link(route, RTM_DELLINK, index, -1);
}

int link_move(struct cipe_nl *route, unsigned int index, int netns)
{
	return change_link(route, RTM_NEWLINK, index, netns);
}

int link_up(const char *name, bool up)
{
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0), err;
	struct ifreq ifr = {};

	strncpy(ifr.ifr_name, name, IFNAMSIZ - 1);
	err = ioctl(fd, SIOCGIFFLAGS, &ifr);
	if (up)
		ifr.ifr_flags |= IFF_UP;
	else
		ifr.ifr_flags &= ~IFF_UP;
	err = err ? err : ioctl(fd, SIOCSIFFLAGS, &ifr);
	if (err)
		err = -errno;
	close(fd);
	return err;
}

/* ---- sockets ---- */

struct sockaddr_in in_addr4(uint32_t address, uint16_t port)
{
	return (struct sockaddr_in){
		.sin_family = AF_INET,
		.sin_port = htons(port),
		.sin_addr.s_addr = htonl(address),
	};
}

struct sockaddr_in6 in_addr6(const char *address, uint16_t port)
{
	struct sockaddr_in6 in6 = {
		.sin6_family = AF_INET6,
		.sin6_port = htons(port),
	};

	inet_pton(AF_INET6, address, &in6.sin6_addr);
	return in6;
}

/* A UDP socket at 127.0.0.1 */
int bound4(void)
{
	struct sockaddr_in in = in_addr4(INADDR_LOOPBACK, 0);
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	if (fd >= 0 && bind(fd, (void *)&in, sizeof(in))) {
		close(fd);
		return -1;
	}
	return fd;
}

int bound6(const char *address, bool v6only)
{
	struct sockaddr_in6 in6 = in_addr6(address, 0);
	int fd = socket(AF_INET6, SOCK_DGRAM | SOCK_CLOEXEC, 0), only = v6only;

	if (fd < 0)
		return -1;
	setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &only, sizeof(only));
	if (bind(fd, (void *)&in6, sizeof(in6))) {
		close(fd);
		return -1;
	}
	return fd;
}

struct sockaddr_in bound_to(int fd)
{
	struct sockaddr_in in = {};
	socklen_t len = sizeof(in);

	getsockname(fd, (void *)&in, &len);
	return in;
}

/* ---- requests ---- */

/* About the link of an index; 0: about none */
struct nl_msg *request(const struct cipe_nl *nl, uint8_t cmd,
		       unsigned int index)
{
	struct nl_msg *msg = cipe_nl_msg(nl, cmd, 0);

	if (index)
		nla_put_u32(msg, CIPE_A_IFINDEX, index);
	return msg;
}

struct nl_msg *request_id(const struct cipe_nl *nl, uint8_t cmd, uint32_t id)
{
	struct nl_msg *msg = cipe_nl_msg(nl, cmd, 0);

	nla_put_u32(msg, CIPE_A_LINK_ID, id);
	return msg;
}

void put_odd(struct nl_msg *msg, struct odd *odd)
{
	struct nlattr *a = nla_reserve(msg, odd->type, odd->len);
	uint64_t v = odd->value;
	uint32_t v4 = v;
	uint16_t v2 = v;
	uint8_t v1 = v;

	a->nla_type |= odd->flags;
	odd->offset = (char *)a - (char *)nlmsg_hdr(msg);
	if (odd->data)
		memcpy(nla_data(a), odd->data, odd->len);
	else if (odd->len == 1)
		memcpy(nla_data(a), &v1, 1);
	else if (odd->len == 2)
		memcpy(nla_data(a), &v2, 2);
	else if (odd->len == 4)
		memcpy(nla_data(a), &v4, 4);
	else if (odd->len == 8)
		memcpy(nla_data(a), &v, 8);
	else
		memset(nla_data(a), 0, odd->len);
}

static void put(struct nl_msg *msg, bool in_key, int type, int len,
		const void *data, struct odd *odd)
{
	if (!odd || odd->in_key != in_key || odd->type != type)
		nla_put(msg, type, len, data);
	else if (!odd->absent)
		put_odd(msg, odd);
}

static bool among(int type, const uint16_t *list, size_t n)
{
	while (n--)
		if (list[n] == type)
			return true;
	return false;
}

/* Something that is no part of a good request at all */
static void put_extra(struct nl_msg *msg, bool in_key, const uint16_t *own,
		      size_t n, struct odd *odd)
{
	if (odd && odd->type && odd->in_key == in_key &&
	    !among(odd->type, own, n))
		put_odd(msg, odd);
}

void put_config(struct nl_msg *msg, const struct config *config,
		struct odd *odd)
{
	static const uint16_t own[] = {
		CIPE_A_IFINDEX, CIPE_A_SOCKET_FD, CIPE_A_ENDPOINT, CIPE_A_TTL,
		CIPE_A_TOS, CIPE_A_PIN, CIPE_A_KEEPALIVE_MS, CIPE_A_TIMEOUT_MS,
	};

	if (config->socket >= 0 || (odd && odd->type == CIPE_A_SOCKET_FD))
		put(msg, false, CIPE_A_SOCKET_FD, 4, &config->socket, odd);
	put(msg, false, CIPE_A_ENDPOINT, sizeof(config->endpoint),
	    &config->endpoint, odd);
	put(msg, false, CIPE_A_TTL, 1, &config->ttl, odd);
	put(msg, false, CIPE_A_TOS, 2, &config->tos, odd);
	put(msg, false, CIPE_A_PIN, 1, &config->pin, odd);
	put(msg, false, CIPE_A_KEEPALIVE_MS, 4, &config->keepalive, odd);
	put(msg, false, CIPE_A_TIMEOUT_MS, 4, &config->timeout, odd);
	put_extra(msg, false, own, ARRAY_SIZE(own), odd);
}

unsigned int key_len(uint8_t cipher)
{
	return cipher == CIPE_CIPHER_AES_128_GCM ? 16 : 32;
}

static struct nlattr *key_begin(struct nl_msg *msg, struct odd *odd)
{
	struct nlattr *nest = nla_nest_start(msg, CIPE_A_KEY);

	nest->nla_type |= NLA_F_NESTED;
	if (odd && !odd->in_key && odd->type == CIPE_A_KEY) {
		/* only its flag is odd */
		nest->nla_type = CIPE_A_KEY | odd->flags;
		odd->offset = (char *)nest - (char *)nlmsg_hdr(msg);
	}
	return nest;
}

void put_key(struct nl_msg *msg, const struct key *key, struct odd *odd)
{
	static const uint16_t own[] = {
		CIPE_A_KEY_SLOT, CIPE_A_KEY_RX_ID, CIPE_A_KEY_TX_ID,
		CIPE_A_KEY_CIPHER, CIPE_A_KEY_RX_KEY, CIPE_A_KEY_RX_IV,
		CIPE_A_KEY_TX_KEY, CIPE_A_KEY_TX_IV, CIPE_A_KEY_LIFETIME_MS,
		CIPE_A_KEY_TX_START,
	};
	static const uint16_t own_too[] = { CIPE_A_IFINDEX, CIPE_A_KEY };
	unsigned int len = key_len(key->cipher);
	struct nlattr *nest = key_begin(msg, odd);

	put(msg, true, CIPE_A_KEY_SLOT, 1, &key->slot, odd);
	put(msg, true, CIPE_A_KEY_RX_ID, 4, &key->rx_id, odd);
	put(msg, true, CIPE_A_KEY_TX_ID, 4, &key->tx_id, odd);
	put(msg, true, CIPE_A_KEY_CIPHER, 1, &key->cipher, odd);
	put(msg, true, CIPE_A_KEY_RX_KEY, len, key->rx_key, odd);
	put(msg, true, CIPE_A_KEY_RX_IV, 12, key->rx_iv, odd);
	put(msg, true, CIPE_A_KEY_TX_KEY, len, key->tx_key, odd);
	put(msg, true, CIPE_A_KEY_TX_IV, 12, key->tx_iv, odd);
	put(msg, true, CIPE_A_KEY_LIFETIME_MS, 4, &key->lifetime, odd);
	put(msg, true, CIPE_A_KEY_TX_START, 4, &key->tx_start, odd);
	if (key->driver)
		nla_put_string(msg, CIPE_A_KEY_DRIVER, key->driver);
	put_extra(msg, true, own, ARRAY_SIZE(own), odd);
	nla_nest_end(msg, nest);
	put_extra(msg, false, own_too, ARRAY_SIZE(own_too), odd);
}

/* The key that KEY_DEL shall delete; type 0: an empty nest */
void put_key_name(struct nl_msg *msg, int type, uint32_t value,
		  struct odd *odd)
{
	const uint16_t own[] = { type };
	static const uint16_t own_too[] = { CIPE_A_IFINDEX, CIPE_A_KEY };
	struct nlattr *nest = key_begin(msg, odd);
	uint8_t slot = value;

	if (type == CIPE_A_KEY_SLOT)
		put(msg, true, type, 1, &slot, odd);
	else if (type)
		put(msg, true, type, 4, &value, odd);
	put_extra(msg, true, own, 1, odd);
	/* libnl leaves out a nest with nothing in it */
	nest->nla_len = (char *)nlmsg_tail(nlmsg_hdr(msg)) - (char *)nest;
	put_extra(msg, false, own_too, ARRAY_SIZE(own_too), odd);
}

/* So that ids differ from those of a namespace that is still being deleted */
static uint32_t key_salt;

/* @number: of something that differs from test to test */
void salt_keys(uint32_t number)
{
	key_salt = number << 20;
}

/* @id: below 2^20 */
uint32_t key_id(uint32_t id)
{
	return key_salt + id;
}

/* A key of octets that occur nowhere else */
struct key make_key(uint8_t slot, uint32_t id)
{
	struct key key = {
		.slot = slot, .rx_id = key_id(id), .tx_id = key_id(id),
		.cipher = CIPE_CIPHER_CHACHA20_POLY1305,
		.lifetime = 3600000,
	};
	uint8_t *octets = key.rx_key;
	uint32_t x = id * 2654435761u + 12345;
	size_t i;

	/* one after the other: rx_key, tx_key, rx_iv, tx_iv */
	for (i = 0; i < 32 + 32 + 12 + 12; i++) {
		x = x * 1664525 + 1013904223;
		octets[i] = x >> 24;
	}
	return key;
}

/* The same at the other end */
struct key peers_key(const struct key *key, uint8_t slot)
{
	struct key peer = *key;

	peer.slot = slot;
	peer.rx_id = key->tx_id;
	peer.tx_id = key->rx_id;
	memcpy(peer.rx_key, key->tx_key, 32);
	memcpy(peer.tx_key, key->rx_key, 32);
	memcpy(peer.rx_iv, key->tx_iv, 12);
	memcpy(peer.tx_iv, key->rx_iv, 12);
	return peer;
}

/* ---- calls ---- */

int call(struct cipe_nl *nl, struct nl_msg *msg)
{
	return cipe_nl_call(nl, msg, NULL, NULL);
}

int key_set(struct cipe_nl *nl, unsigned int index, const struct key *key)
{
	struct nl_msg *msg = request(nl, CIPE_CMD_KEY_SET, index);

	put_key(msg, key, NULL);
	return call(nl, msg);
}

int key_del_all(struct cipe_nl *nl, unsigned int index)
{
	return call(nl, request(nl, CIPE_CMD_KEY_DEL, index));
}

static void snapshot_put(struct snapshot *s, const struct nlattr *a)
{
	if (s->len + a->nla_len > sizeof(s->data))
		exit(1);
	memcpy(s->data + s->len, a, a->nla_len);
	s->len += a->nla_len;
}

static void snapshot_key(struct snapshot *s, struct nlattr *nest)
{
	struct nlattr *a;
	int rem;

	nla_for_each_nested(a, nest, rem)
		if (nla_type(a) != CIPE_A_KEY_LIFETIME_MS &&
		    nla_type(a) != CIPE_A_KEY_AGE_MS)
			snapshot_put(s, a);
}

static void snapshot_cb(struct nlmsghdr *nlh, void *arg)
{
	struct snapshot *s = arg;
	struct nlattr *a;
	int rem;

	for (a = cipe_nl_attrs(nlh, &rem); nla_ok(a, rem);
	     a = nla_next(a, &rem)) {
		if (nla_type(a) == CIPE_A_KEY)
			snapshot_key(s, a);
		else if (nla_type(a) != CIPE_A_LAST_RX_MS &&
			 nla_type(a) != CIPE_A_LAST_TX_MS &&
			 nla_type(a) != CIPE_A_LAST_KEY_MS)
			snapshot_put(s, a);
	}
}

int link_snapshot(struct cipe_nl *nl, unsigned int index, struct snapshot *s)
{
	memset(s, 0, sizeof(*s));
	return cipe_nl_call(nl, request(nl, CIPE_CMD_LINK_GET, index),
			    snapshot_cb, s);
}

struct wanted {
	int type;
	void *buf;
	size_t size;
	int len;
};

static void wanted_cb(struct nlmsghdr *nlh, void *arg)
{
	struct wanted *w = arg;
	struct nlattr *a;
	int rem;

	for (a = cipe_nl_attrs(nlh, &rem); nla_ok(a, rem);
	     a = nla_next(a, &rem)) {
		if (nla_type(a) != w->type)
			continue;
		w->len = nla_len(a);
		memcpy(w->buf, nla_data(a),
		       nla_len(a) < (int)w->size ? (size_t)nla_len(a) : w->size);
	}
}

/* Return: octets of an attribute, -1 if there is none */
int link_attr(struct cipe_nl *nl, unsigned int index, int type, void *buf,
	      size_t size)
{
	struct wanted w = { .type = type, .buf = buf, .size = size, .len = -1 };

	memset(buf, 0, size);
	if (cipe_nl_call(nl, request(nl, CIPE_CMD_LINK_GET, index), wanted_cb,
			 &w))
		return -1;
	return w.len;
}

/* A number of up to 32 bits */
uint32_t link_u32(struct cipe_nl *nl, unsigned int index, int type)
{
	uint8_t buf[4];
	uint32_t v4;
	uint16_t v2;

	switch (link_attr(nl, index, type, buf, sizeof(buf))) {
	case 1:
		return buf[0];
	case 2:
		memcpy(&v2, buf, 2);
		return v2;
	case 4:
		memcpy(&v4, buf, 4);
		return v4;
	default:
		return UINT32_MAX;
	}
}

uint64_t link_stat(struct cipe_nl *nl, unsigned int index, int stat)
{
	uint8_t buf[2048] __attribute__((aligned(8)));
	int len = link_attr(nl, index, CIPE_A_STATS, buf, sizeof(buf)), rem;
	struct nlattr *a;

	if (len < 0 || len > (int)sizeof(buf))
		return UINT64_MAX;
	nla_for_each_attr(a, (struct nlattr *)buf, len, rem)
		if (nla_type(a) == stat)
			return nla_get_u64(a);
	return UINT64_MAX;
}

struct keys_found {
	struct key_info *keys;
	int n;
};

static void keys_cb(struct nlmsghdr *nlh, void *arg)
{
	struct nlattr *a, *tb[CIPE_A_KEY_MAX + 1];
	struct keys_found *f = arg;
	struct key_info *k;
	int rem;

	for (a = cipe_nl_attrs(nlh, &rem); nla_ok(a, rem);
	     a = nla_next(a, &rem)) {
		if (nla_type(a) != CIPE_A_KEY || f->n == 3)
			continue;
		k = &f->keys[f->n++];
		memset(k, 0, sizeof(*k));
		nla_parse(tb, CIPE_A_KEY_MAX, nla_data(a), nla_len(a), NULL);
		k->slot = nla_get_u8(tb[CIPE_A_KEY_SLOT]);
		k->cipher = nla_get_u8(tb[CIPE_A_KEY_CIPHER]);
		k->rx_id = nla_get_u32(tb[CIPE_A_KEY_RX_ID]);
		k->tx_id = nla_get_u32(tb[CIPE_A_KEY_TX_ID]);
		k->lifetime = nla_get_u32(tb[CIPE_A_KEY_LIFETIME_MS]);
		k->tx_counter = nla_get_u64(tb[CIPE_A_KEY_TX_COUNTER]);
		nla_strlcpy(k->driver, tb[CIPE_A_KEY_DRIVER],
			    sizeof(k->driver));
	}
}

/* Return: how many of up to three */
int link_keys(struct cipe_nl *nl, unsigned int index, struct key_info *keys)
{
	struct keys_found f = { .keys = keys };
	int err = cipe_nl_call(nl, request(nl, CIPE_CMD_LINK_GET, index),
			       keys_cb, &f);

	return err ? err : f.n;
}

/* ---- secrets ---- */

static void secrets_part(struct secrets *s, const uint8_t *octets)
{
	if (s->n == ARRAY_SIZE(s->part))
		exit(1);
	memcpy(s->part[s->n++], octets, 8);
}

void secrets_add(struct secrets *s, const struct key *key)
{
	unsigned int i;

	for (i = 0; i < key_len(key->cipher); i += 8) {
		secrets_part(s, key->rx_key + i);
		secrets_part(s, key->tx_key + i);
	}
	secrets_part(s, key->rx_iv);
	secrets_part(s, key->tx_iv);
	secrets_part(s, key->rx_iv + 4);
	secrets_part(s, key->tx_iv + 4);
}

bool secrets_in(const struct secrets *s, const void *data, size_t len)
{
	size_t i;

	for (i = 0; i < s->n; i++)
		if (memmem(data, len, s->part[i], 8))
			return true;
	return false;
}
