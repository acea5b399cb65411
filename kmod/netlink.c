// SPDX-License-Identifier: GPL-2.0-only
/*
 * Requests from user space: validate all, then apply. The answers to
 * %CIPE_CMD_LINK_GET are in fill.c.
 */

#include <linux/netdevice.h>
#include <net/genetlink.h>
#include <net/ipv6.h>
#include <net/sock.h>

#include <cipe/wire.h>
#include <uapi/linux/cipe.h>

#include "aead.h"
#include "compat.h"
#include "device.h"
#include "endpoint.h"
#include "events.h"
#include "fill.h"
#include "keys.h"
#include "link.h"
#include "netlink.h"
#include "socket.h"

#define NETLINK_MS_MIN		10
#define NETLINK_MS_MAX		3600000
#define NETLINK_LIFETIME_MIN	100
#define NETLINK_LIFETIME_MAX	86400000

/* Finer checks than a policy makes. Not functions named in the policy: these
 * share their place with the ranges that user space may ask for.
 */

static int netlink_check_id(const struct nlattr *attr, struct netlink_ext_ack *extack)
{
	u32 id = attr ? nla_get_u32(attr) : CIPE_WIRE_ID_MASK;

	if (id && !(id & CIPE_WIRE_FLAG_MASK))
		return 0;
	NL_SET_ERR_MSG_ATTR(extack, attr, "a key id is not 0 and its low two bits are");
	return -EINVAL;
}

static int netlink_check_tos(const struct nlattr *attr, struct netlink_ext_ack *extack)
{
	u16 tos = attr ? nla_get_u16(attr) : 0;

	if (tos == CIPE_TOS_INHERIT || (tos <= 0xfc && !(tos & 3)))
		return 0;
	NL_SET_ERR_MSG_ATTR(extack, attr, "not a DSCP in the upper six bits nor CIPE_TOS_INHERIT");
	return -EINVAL;
}

static int netlink_check_ms(const struct nlattr *attr, struct netlink_ext_ack *extack)
{
	u32 ms = attr ? nla_get_u32(attr) : 0;

	if (!ms || (ms >= NETLINK_MS_MIN && ms <= NETLINK_MS_MAX))
		return 0;
	NL_SET_ERR_MSG_ATTR(extack, attr, "must be 0 or 10 to 3600000 milliseconds");
	return -ERANGE;
}

static int netlink_check_lifetime(const struct nlattr *attr,
				  struct netlink_ext_ack *extack)
{
	u32 ms = nla_get_u32(attr);

	if (ms >= NETLINK_LIFETIME_MIN && ms <= NETLINK_LIFETIME_MAX)
		return 0;
	NL_SET_ERR_MSG_ATTR(extack, attr, "must be 100 to 86400000 milliseconds");
	return -ERANGE;
}

static const struct nla_policy netlink_get_policy[] = {
	[CIPE_A_IFINDEX] = NLA_POLICY_MIN(NLA_U32, 1),
	[CIPE_A_LINK_ID] = NLA_POLICY_MIN(NLA_U32, 1),
};

static const struct nla_policy netlink_set_policy[] = {
	[CIPE_A_IFINDEX] = NLA_POLICY_MIN(NLA_U32, 1),
	[CIPE_A_LINK_ID] = NLA_POLICY_MIN(NLA_U32, 1),
	[CIPE_A_SOCKET_FD] = { .type = NLA_U32 },
	[CIPE_A_ENDPOINT] = NLA_POLICY_RANGE(NLA_BINARY, sizeof(struct sockaddr_in),
					     sizeof(struct sockaddr_in6)),
	[CIPE_A_TTL] = { .type = NLA_U8 },
	[CIPE_A_TOS] = { .type = NLA_U16 },
	[CIPE_A_PIN] = NLA_POLICY_MAX(NLA_U8, 1),
	[CIPE_A_KEEPALIVE_MS] = { .type = NLA_U32 },
	[CIPE_A_TIMEOUT_MS] = { .type = NLA_U32 },
};

/* Not const: 6.1 points to it without */
static struct netlink_range_validation netlink_blocks_range = {
	.max = CIPE_WIRE_GCM_BLOCKS_MAX,
};

static const struct nla_policy netlink_key_policy[] = {
	[CIPE_A_KEY_SLOT] = NLA_POLICY_RANGE(NLA_U8, CIPE_SLOT_CURRENT, CIPE_SLOT_NEXT),
	[CIPE_A_KEY_RX_ID] = { .type = NLA_U32 },
	[CIPE_A_KEY_TX_ID] = { .type = NLA_U32 },
	[CIPE_A_KEY_CIPHER] = NLA_POLICY_RANGE(NLA_U8, CIPE_CIPHER_CHACHA20_POLY1305,
					       CIPE_CIPHER_AES_256_GCM),
	[CIPE_A_KEY_RX_KEY] = NLA_POLICY_RANGE(NLA_BINARY, 16, CIPE_KEY_LEN_MAX),
	[CIPE_A_KEY_RX_IV] = NLA_POLICY_EXACT_LEN(CIPE_IV_LEN),
	[CIPE_A_KEY_TX_KEY] = NLA_POLICY_RANGE(NLA_BINARY, 16, CIPE_KEY_LEN_MAX),
	[CIPE_A_KEY_TX_IV] = NLA_POLICY_EXACT_LEN(CIPE_IV_LEN),
	[CIPE_A_KEY_LIFETIME_MS] = { .type = NLA_U32 },
	[CIPE_A_KEY_TX_START] = { .type = NLA_U32 },
	[CIPE_A_KEY_TX_BLOCKS] = NLA_POLICY_FULL_RANGE(NLA_U64, &netlink_blocks_range),
	[CIPE_A_KEY_DRIVER] = { .type = NLA_NUL_STRING, .len = CIPE_KEY_DRIVER_MAX },
};

/* What is in the nest is parsed by the handler: so it is wiped, too, when
 * refused
 */
static const struct nla_policy netlink_key_set_policy[] = {
	[CIPE_A_IFINDEX] = NLA_POLICY_MIN(NLA_U32, 1),
	[CIPE_A_LINK_ID] = NLA_POLICY_MIN(NLA_U32, 1),
	[CIPE_A_KEY] = { .type = NLA_NESTED },
};

static const struct nla_policy netlink_retire_policy[] = {
	[CIPE_A_KEY_SLOT] = NLA_POLICY_MAX(NLA_U8, CIPE_SLOT_NEXT),
	[CIPE_A_KEY_RX_ID] = { .type = NLA_U32 },
};

static const struct nla_policy netlink_key_del_policy[] = {
	[CIPE_A_IFINDEX] = NLA_POLICY_MIN(NLA_U32, 1),
	[CIPE_A_LINK_ID] = NLA_POLICY_MIN(NLA_U32, 1),
	[CIPE_A_KEY] = { .type = NLA_NESTED },
};

/* Which link a request is about */

/* By its index in the caller's namespace; CAP_NET_ADMIN there was checked */
static struct net_device *netlink_dev_by_index(struct genl_info *info)
{
	struct nlattr *attr = info->attrs[CIPE_A_IFINDEX];
	struct net_device *dev = dev_get_by_index(genl_info_net(info),
						  nla_get_u32(attr));

	if (!dev) {
		NL_SET_ERR_MSG_ATTR(info->extack, attr, "no such device");
		return ERR_PTR(-ENODEV);
	}
	if (!cipe_device_is(dev)) {
		dev_put(dev);
		NL_SET_ERR_MSG_ATTR(info->extack, attr, "the device is not of kind cipe");
		return ERR_PTR(-EOPNOTSUPP);
	}
	return dev;
}

/* By its number, in whatever namespace the caller may administer */
static struct net_device *netlink_dev_by_id(struct sk_buff *skb,
					    struct genl_info *info)
{
	struct nlattr *attr = info->attrs[CIPE_A_LINK_ID];
	struct net_device *dev = NULL;
	struct cipe_link *link;

	rcu_read_lock();
	link = cipe_link_by_id(nla_get_u32(attr));
	if (link && netlink_ns_capable(skb, dev_net(link->dev)->user_ns,
				       CAP_NET_ADMIN)) {
		dev = link->dev;
		dev_hold(dev);
	}
	rcu_read_unlock();
	if (dev)
		return dev;
	NL_SET_ERR_MSG_ATTR(info->extack, attr, "no such link that you may administer");
	return ERR_PTR(-ENODEV);
}

static struct net_device *netlink_dev(struct sk_buff *skb, struct genl_info *info)
{
	if (info->attrs[CIPE_A_IFINDEX] && info->attrs[CIPE_A_LINK_ID]) {
		GENL_SET_ERR_MSG(info, "give CIPE_A_IFINDEX or CIPE_A_LINK_ID, not both");
		return ERR_PTR(-EINVAL);
	}
	if (info->attrs[CIPE_A_IFINDEX])
		return netlink_dev_by_index(info);
	if (info->attrs[CIPE_A_LINK_ID])
		return netlink_dev_by_id(skb, info);
	GENL_SET_ERR_MSG(info, "CIPE_A_IFINDEX or CIPE_A_LINK_ID is missing");
	return ERR_PTR(-EINVAL);
}

/* The request's memory goes back to the pool: not with keys in it */
static void netlink_wipe_key(struct genl_info *info)
{
	struct nlattr *nest = info->genlhdr->cmd == CIPE_CMD_KEY_SET ?
			      info->attrs[CIPE_A_KEY] : NULL;

	if (nest)
		memzero_explicit(nla_data(nest), nla_len(nest));
}

static int netlink_pre_doit(cipe_genl_pre_ops_t *ops, struct sk_buff *skb,
			    struct genl_info *info)
{
	struct net_device *dev = netlink_dev(skb, info);

	if (IS_ERR(dev)) {
		netlink_wipe_key(info);
		return PTR_ERR(dev);
	}
	info->user_ptr[0] = dev;
	return 0;
}

static void netlink_post_doit(cipe_genl_pre_ops_t *ops, struct sk_buff *skb,
			      struct genl_info *info)
{
	netlink_wipe_key(info);
	dev_put(info->user_ptr[0]);
}

/* Lock a link for a change; false: it is being deleted */
static bool netlink_lock(struct cipe_link *link)
{
	mutex_lock(&link->lock);
	if (!link->dying)
		return true;
	mutex_unlock(&link->lock);
	return false;
}

/* CIPE_CMD_LINK_SET */

static int netlink_parse_sockaddr(const struct nlattr *attr,
				  union cipe_sockaddr *addr,
				  struct netlink_ext_ack *extack)
{
	memset(addr, 0, sizeof(*addr));
	nla_memcpy(addr, attr, sizeof(*addr));
	if (!((addr->sa.sa_family == AF_INET && nla_len(attr) == sizeof(addr->in)) ||
	      (addr->sa.sa_family == AF_INET6 && nla_len(attr) == sizeof(addr->in6)))) {
		NL_SET_ERR_MSG_ATTR(extack, attr, "not a struct sockaddr_in or sockaddr_in6");
		return -EAFNOSUPPORT;
	}
	if (addr->sa.sa_family == AF_INET6 &&
	    ipv6_addr_v4mapped(&addr->in6.sin6_addr)) {
		struct sockaddr_in in = {
			.sin_family = AF_INET,
			.sin_port = addr->in6.sin6_port,
			.sin_addr.s_addr = addr->in6.sin6_addr.s6_addr32[3],
		};

		memset(addr, 0, sizeof(*addr));
		addr->in = in;
	}
	return 0;
}

static bool netlink_is_host(const union cipe_sockaddr *addr)
{
	if (addr->sa.sa_family == AF_INET)
		return !ipv4_is_zeronet(addr->in.sin_addr.s_addr) &&
		       !ipv4_is_multicast(addr->in.sin_addr.s_addr) &&
		       !ipv4_is_lbcast(addr->in.sin_addr.s_addr);
	return !ipv6_addr_any(&addr->in6.sin6_addr) &&
	       !ipv6_addr_is_multicast(&addr->in6.sin6_addr);
}

static struct cipe_endpoint *netlink_parse_endpoint(const struct nlattr *attr,
						    struct netlink_ext_ack *extack)
{
	struct cipe_endpoint *endpoint;
	union cipe_sockaddr addr;
	int err;

	err = netlink_parse_sockaddr(attr, &addr, extack);
	if (err)
		return ERR_PTR(err);
	/* The port is in the same place for both families */
	if (!addr.in.sin_port || !netlink_is_host(&addr)) {
		NL_SET_ERR_MSG_ATTR(extack, attr, "not the address and port of a host");
		return ERR_PTR(-EINVAL);
	}
	if (addr.sa.sa_family == AF_INET6) {
		addr.in6.sin6_flowinfo = 0;
		if (!(ipv6_addr_type(&addr.in6.sin6_addr) & IPV6_ADDR_LINKLOCAL)) {
			addr.in6.sin6_scope_id = 0;
		} else if (!addr.in6.sin6_scope_id) {
			NL_SET_ERR_MSG_ATTR(extack, attr, "a link-local address needs its scope");
			return ERR_PTR(-EINVAL);
		}
	} else {
		memset(addr.in.sin_zero, 0, sizeof(addr.in.sin_zero));
	}
	endpoint = cipe_endpoint_create(&addr, NULL, GFP_KERNEL);
	return endpoint ?: ERR_PTR(-ENOMEM);
}

static int netlink_parse_config(struct genl_info *info,
				struct cipe_link_config *config)
{
	struct nlattr **attrs = info->attrs;
	unsigned int i;
	int err;

	err = netlink_check_tos(attrs[CIPE_A_TOS], info->extack) ?:
	      netlink_check_ms(attrs[CIPE_A_KEEPALIVE_MS], info->extack) ?:
	      netlink_check_ms(attrs[CIPE_A_TIMEOUT_MS], info->extack);
	if (err)
		return err;
	for (i = CIPE_A_TTL; i <= CIPE_A_TIMEOUT_MS; i++)
		if (attrs[i])
			config->has |= BIT_ULL(i);
	if (attrs[CIPE_A_TTL])
		config->ttl = nla_get_u8(attrs[CIPE_A_TTL]);
	if (attrs[CIPE_A_TOS])
		config->tos = nla_get_u16(attrs[CIPE_A_TOS]);
	if (attrs[CIPE_A_PIN])
		config->pin = nla_get_u8(attrs[CIPE_A_PIN]);
	if (attrs[CIPE_A_KEEPALIVE_MS])
		config->keepalive_ms = nla_get_u32(attrs[CIPE_A_KEEPALIVE_MS]);
	if (attrs[CIPE_A_TIMEOUT_MS])
		config->timeout_ms = nla_get_u32(attrs[CIPE_A_TIMEOUT_MS]);
	if (attrs[CIPE_A_ENDPOINT]) {
		config->endpoint = netlink_parse_endpoint(attrs[CIPE_A_ENDPOINT],
							  info->extack);
		if (IS_ERR(config->endpoint))
			return PTR_ERR(config->endpoint);
	}
	return 0;
}

static int netlink_link_set(struct sk_buff *skb, struct genl_info *info)
{
	struct nlattr *fd = info->attrs[CIPE_A_SOCKET_FD];
	struct cipe_link *link = netdev_priv(info->user_ptr[0]);
	struct cipe_link_config config = {};
	unsigned int family;
	int err;

	err = netlink_parse_config(info, &config);
	if (err)
		return err;
	if (!netlink_lock(link)) {
		err = -ENODEV;
		goto free;
	}
	family = config.endpoint ? config.endpoint->remote.sa.sa_family : AF_UNSPEC;
	if (fd)
		err = cipe_socket_attach(link, nla_get_u32(fd), family, info->extack);
	else
		err = cipe_socket_check_family(link, family, info->extack);
	if (err)
		NL_SET_BAD_ATTR(info->extack, fd ?: info->attrs[CIPE_A_ENDPOINT]);
	else
		cipe_link_configure(link, &config);
	mutex_unlock(&link->lock);
free:
	cipe_endpoint_free(config.endpoint);
	return err;
}

/* CIPE_CMD_KEY_SET */

/* Members without which there is no key */
static const u8 netlink_key_required[] = {
	CIPE_A_KEY_SLOT, CIPE_A_KEY_RX_ID, CIPE_A_KEY_TX_ID, CIPE_A_KEY_CIPHER,
	CIPE_A_KEY_RX_KEY, CIPE_A_KEY_RX_IV, CIPE_A_KEY_TX_KEY, CIPE_A_KEY_TX_IV,
	CIPE_A_KEY_LIFETIME_MS,
};

static int netlink_key_complete(struct nlattr *nest, struct nlattr **tb,
				struct netlink_ext_ack *extack)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(netlink_key_required); i++) {
		if (!NL_REQ_ATTR_CHECK(extack, nest, tb, netlink_key_required[i]))
			continue;
		NL_SET_ERR_MSG(extack, "CIPE_A_KEY lacks a member that a key must have");
		return -EINVAL;
	}
	return 0;
}

static int netlink_key_lengths(struct nlattr **tb, struct netlink_ext_ack *extack)
{
	unsigned int len = cipe_aead_key_len(nla_get_u8(tb[CIPE_A_KEY_CIPHER]));
	struct nlattr *bad = NULL;

	if (nla_len(tb[CIPE_A_KEY_RX_KEY]) != len)
		bad = tb[CIPE_A_KEY_RX_KEY];
	else if (nla_len(tb[CIPE_A_KEY_TX_KEY]) != len)
		bad = tb[CIPE_A_KEY_TX_KEY];
	if (!bad)
		return 0;
	NL_SET_ERR_MSG_ATTR(extack, bad, "not the length of the cipher's key");
	return -EINVAL;
}

static int netlink_parse_key(struct nlattr *nest, struct nlattr **tb,
			     struct cipe_key_config *config,
			     struct netlink_ext_ack *extack)
{
	int err;

	err = nla_parse_nested(tb, ARRAY_SIZE(netlink_key_policy) - 1, nest,
			       netlink_key_policy, extack) ?:
	      netlink_key_complete(nest, tb, extack) ?:
	      netlink_check_id(tb[CIPE_A_KEY_RX_ID], extack) ?:
	      netlink_check_id(tb[CIPE_A_KEY_TX_ID], extack) ?:
	      netlink_check_lifetime(tb[CIPE_A_KEY_LIFETIME_MS], extack) ?:
	      netlink_key_lengths(tb, extack);
	if (err)
		return err;

	config->slot = nla_get_u8(tb[CIPE_A_KEY_SLOT]);
	config->rx_id = nla_get_u32(tb[CIPE_A_KEY_RX_ID]);
	config->tx_id = nla_get_u32(tb[CIPE_A_KEY_TX_ID]);
	config->cipher = nla_get_u8(tb[CIPE_A_KEY_CIPHER]);
	config->rx_key = nla_data(tb[CIPE_A_KEY_RX_KEY]);
	config->rx_iv = nla_data(tb[CIPE_A_KEY_RX_IV]);
	config->tx_key = nla_data(tb[CIPE_A_KEY_TX_KEY]);
	config->tx_iv = nla_data(tb[CIPE_A_KEY_TX_IV]);
	config->lifetime_ms = nla_get_u32(tb[CIPE_A_KEY_LIFETIME_MS]);
	if (tb[CIPE_A_KEY_TX_START])
		config->tx_start = nla_get_u32(tb[CIPE_A_KEY_TX_START]);
	if (tb[CIPE_A_KEY_TX_BLOCKS])
		config->tx_blocks = nla_get_u64(tb[CIPE_A_KEY_TX_BLOCKS]);
	if (tb[CIPE_A_KEY_DRIVER])
		config->driver = nla_data(tb[CIPE_A_KEY_DRIVER]);
	return 0;
}

static int netlink_install_key(struct cipe_link *link, struct nlattr *nest,
			       struct netlink_ext_ack *extack)
{
	struct nlattr *tb[ARRAY_SIZE(netlink_key_policy)];
	struct cipe_key_config config = {};
	struct cipe_key *key;
	int err;

	err = netlink_parse_key(nest, tb, &config, extack);
	if (err)
		return err;
	key = cipe_key_create(link, &config, extack);
	if (IS_ERR(key)) {
		NL_SET_BAD_ATTR(extack, tb[CIPE_A_KEY_DRIVER] ?: tb[CIPE_A_KEY_CIPHER]);
		return PTR_ERR(key);
	}

	err = -ENODEV;
	if (netlink_lock(link)) {
		err = cipe_link_install_key(link, key);
		mutex_unlock(&link->lock);
	}
	if (err == -EEXIST)
		NL_SET_ERR_MSG_ATTR(extack, tb[CIPE_A_KEY_RX_ID], "a key with this id is there");
	if (err)
		cipe_key_put(key);
	return err;
}

static int netlink_key_set(struct sk_buff *skb, struct genl_info *info)
{
	struct cipe_link *link = netdev_priv(info->user_ptr[0]);

	if (GENL_REQ_ATTR_CHECK(info, CIPE_A_KEY)) {
		GENL_SET_ERR_MSG(info, "CIPE_A_KEY is missing");
		return -EINVAL;
	}
	return netlink_install_key(link, info->attrs[CIPE_A_KEY], info->extack);
}

/* CIPE_CMD_KEY_DEL */

static int netlink_retire(struct cipe_link *link, struct nlattr *nest,
			  struct netlink_ext_ack *extack)
{
	struct nlattr *tb[ARRAY_SIZE(netlink_retire_policy)];
	int err;

	if (!nest) {
		cipe_link_retire_all(link);
		return 0;
	}
	err = nla_parse_nested(tb, ARRAY_SIZE(tb) - 1, nest, netlink_retire_policy,
			       extack) ?:
	      netlink_check_id(tb[CIPE_A_KEY_RX_ID], extack);
	if (err)
		return err;
	if (!tb[CIPE_A_KEY_SLOT] == !tb[CIPE_A_KEY_RX_ID]) {
		NL_SET_ERR_MSG_ATTR(extack, nest, "name one CIPE_A_KEY_SLOT or CIPE_A_KEY_RX_ID");
		return -EINVAL;
	}
	if (tb[CIPE_A_KEY_SLOT])
		err = cipe_link_retire_slot(link, nla_get_u8(tb[CIPE_A_KEY_SLOT]));
	else
		err = cipe_link_retire_id(link, nla_get_u32(tb[CIPE_A_KEY_RX_ID]));
	if (err)
		NL_SET_ERR_MSG_ATTR(extack, nest, "the link has no such key");
	return err;
}

static int netlink_key_del(struct sk_buff *skb, struct genl_info *info)
{
	struct cipe_link *link = netdev_priv(info->user_ptr[0]);
	int err;

	if (!netlink_lock(link))
		return -ENODEV;
	err = netlink_retire(link, info->attrs[CIPE_A_KEY], info->extack);
	mutex_unlock(&link->lock);
	return err;
}

/* CIPE_CMD_LINK_GET */

static int netlink_link_get(struct sk_buff *skb, struct genl_info *info)
{
	struct cipe_link *link = netdev_priv(info->user_ptr[0]);
	struct sk_buff *msg;
	int err;

	msg = genlmsg_new(NLMSG_GOODSIZE, GFP_KERNEL);
	if (!msg)
		return -ENOMEM;
	err = cipe_fill_link(msg, link, info->snd_portid, info->snd_seq, 0);
	if (err) {
		nlmsg_free(msg);
		return err;
	}
	return genlmsg_reply(msg, info);
}

/* Links by their numbers: those that come and go meanwhile move no other */
static int netlink_link_dump(struct sk_buff *skb, struct netlink_callback *cb)
{
	unsigned long id = cb->args[0];
	struct cipe_link *link;
	int err = 0;

	rcu_read_lock();
	while ((link = cipe_link_next(&id))) {
		if (net_eq(dev_net(link->dev), sock_net(skb->sk)))
			err = cipe_fill_link(skb, link, NETLINK_CB(cb->skb).portid,
					     cb->nlh->nlmsg_seq, NLM_F_MULTI);
		if (err)
			break;
		cb->args[0] = id;
	}
	rcu_read_unlock();
	return skb->len ?: err;
}

static const struct genl_ops netlink_ops[] = {
	{
		.cmd = CIPE_CMD_LINK_GET,
		.doit = netlink_link_get,
		.dumpit = netlink_link_dump,
		.policy = netlink_get_policy,
		.maxattr = ARRAY_SIZE(netlink_get_policy) - 1,
		.flags = GENL_UNS_ADMIN_PERM,
	}, {
		.cmd = CIPE_CMD_LINK_SET,
		.doit = netlink_link_set,
		.policy = netlink_set_policy,
		.maxattr = ARRAY_SIZE(netlink_set_policy) - 1,
		.flags = GENL_UNS_ADMIN_PERM,
	}, {
		.cmd = CIPE_CMD_KEY_SET,
		.doit = netlink_key_set,
		.policy = netlink_key_set_policy,
		.maxattr = ARRAY_SIZE(netlink_key_set_policy) - 1,
		.flags = GENL_UNS_ADMIN_PERM,
	}, {
		.cmd = CIPE_CMD_KEY_DEL,
		.doit = netlink_key_del,
		.policy = netlink_key_del_policy,
		.maxattr = ARRAY_SIZE(netlink_key_del_policy) - 1,
		.flags = GENL_UNS_ADMIN_PERM,
	},
};

static const struct genl_multicast_group netlink_groups[] = {
	{ .name = CIPE_GENL_MCGRP_EVENTS, .flags = GENL_MCAST_CAP_NET_ADMIN },
};

struct genl_family cipe_genl_family __ro_after_init = {
	.name = CIPE_GENL_NAME,
	.version = CIPE_GENL_VERSION,
	.netnsok = true,
	.parallel_ops = true,
	.module = THIS_MODULE,
	.pre_doit = netlink_pre_doit,
	.post_doit = netlink_post_doit,
	.ops = netlink_ops,
	.n_ops = ARRAY_SIZE(netlink_ops),
	.resv_start_op = CIPE_CMD_LINK_GET,
	.mcgrps = netlink_groups,
	.n_mcgrps = ARRAY_SIZE(netlink_groups),
};

/**
 * cipe_netlink_init - make the family known
 *
 * Return: 0 or an error.
 */
int __init cipe_netlink_init(void)
{
	return genl_register_family(&cipe_genl_family);
}

/**
 * cipe_netlink_exit - the reverse, after running requests
 */
void cipe_netlink_exit(void)
{
	genl_unregister_family(&cipe_genl_family);
}
