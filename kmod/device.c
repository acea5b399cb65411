// SPDX-License-Identifier: GPL-2.0-only
/* The network device and its rtnetlink kind. */

#include <linux/etherdevice.h>
#include <linux/if_arp.h>
#include <linux/netdevice.h>
#include <net/ip_tunnels.h>
#include <net/ipv6.h>
#include <net/rtnetlink.h>

#include <cipe/wire.h>
#include <uapi/linux/cipe.h>

#include "cells.h"
#include "compat.h"
#include "device.h"
#include "link.h"
#include "tx.h"

#define DEVICE_HEADERS	(sizeof(struct ipv6hdr) + sizeof(struct udphdr) + \
			 CIPE_WIRE_OVERHEAD)

/* Fits a path of 1500 octets over IPv6; user space knows better */
#define DEVICE_MTU	(ETH_DATA_LEN - DEVICE_HEADERS)

#define DEVICE_FEATURES	(NETIF_F_SG | NETIF_F_HIGHDMA | NETIF_F_HW_CSUM | \
			 NETIF_F_RXCSUM | NETIF_F_GSO | NETIF_F_GSO_SOFTWARE)

/**
 * cipe_stats_sum - add up the counters of all CPUs
 * @stats: the link's
 * @sum: gets the sums, by &enum cipe_stat
 */
void cipe_stats_sum(struct cipe_stats __percpu *stats, u64 sum[CIPE_STATS_LINK])
{
	u64 value[CIPE_STATS_LINK];
	unsigned int start, i;
	int cpu;

	memset(sum, 0, sizeof(value));
	for_each_possible_cpu(cpu) {
		const struct cipe_stats *one = per_cpu_ptr(stats, cpu);

		do {
			start = u64_stats_fetch_begin(&one->syncp);
			for (i = 0; i < CIPE_STATS_LINK; i++)
				value[i] = u64_stats_read(&one->value[i]);
		} while (u64_stats_fetch_retry(&one->syncp, start));
		for (i = 0; i < CIPE_STATS_LINK; i++)
			sum[i] += value[i];
	}
}

static u64 device_sum(const u64 *sum, unsigned int first, unsigned int last)
{
	u64 total = 0;

	for (; first <= last; first++)
		total += sum[first];
	return total;
}

static void device_get_stats64(struct net_device *dev,
			       struct rtnl_link_stats64 *stats)
{
	struct cipe_link *link = netdev_priv(dev);
	u64 sum[CIPE_STATS_LINK];

	cipe_stats_sum(link->stats, sum);
	stats->rx_packets = sum[CIPE_STAT_RX_PACKETS];
	stats->rx_bytes = sum[CIPE_STAT_RX_BYTES];
	stats->tx_packets = sum[CIPE_STAT_TX_PACKETS];
	stats->tx_bytes = sum[CIPE_STAT_TX_BYTES];

	stats->rx_length_errors = sum[CIPE_STAT_RX_SHORT];
	stats->rx_crc_errors = sum[CIPE_STAT_RX_AUTH];
	stats->rx_frame_errors = sum[CIPE_STAT_RX_FLAGS] + sum[CIPE_STAT_RX_PROTO];
	stats->rx_dropped = sum[CIPE_STAT_RX_DOWN] + sum[CIPE_STAT_RX_NOMEM] +
			    sum[CIPE_STAT_RX_ECN];
	stats->rx_errors = device_sum(sum, CIPE_STAT_RX_SHORT, CIPE_STAT_RX_CRYPTO) -
			   stats->rx_dropped;

	stats->tx_carrier_errors = device_sum(sum, CIPE_STAT_TX_NO_KEY,
					      CIPE_STAT_TX_LOOP);
	stats->tx_dropped = sum[CIPE_STAT_TX_TOO_BIG] + sum[CIPE_STAT_TX_NOMEM];
	stats->tx_errors = device_sum(sum, CIPE_STAT_TX_NO_KEY, CIPE_STAT_TX_CRYPTO) -
			   stats->tx_dropped;
}

static int device_init(struct net_device *dev)
{
	struct cipe_link *link = netdev_priv(dev);

	link->dev = dev;
	return cipe_link_init(link);
}

static void device_uninit(struct net_device *dev)
{
	cipe_link_shutdown(netdev_priv(dev));
}

static int device_open(struct net_device *dev)
{
	struct cipe_link *link = netdev_priv(dev);

	cipe_cells_start(link->cells);
	cipe_link_poke(link);
	return 0;
}

static int device_stop(struct net_device *dev)
{
	struct cipe_link *link = netdev_priv(dev);

	cipe_cells_stop(link->cells);
	return 0;
}

/* Not on top of one other device, like all tunnels. With an answer other than
 * the device's own index, changes of the carrier are told to user space at
 * once; else it may take linkwatch a second.
 */
static int device_get_iflink(const struct net_device *dev)
{
	return 0;
}

static const struct net_device_ops device_ip_ops = {
	.ndo_init = device_init,
	.ndo_uninit = device_uninit,
	.ndo_open = device_open,
	.ndo_stop = device_stop,
	.ndo_start_xmit = cipe_tx_xmit,
	.ndo_get_stats64 = device_get_stats64,
	.ndo_get_iflink = device_get_iflink,
};

static const struct net_device_ops device_ether_ops = {
	.ndo_init = device_init,
	.ndo_uninit = device_uninit,
	.ndo_open = device_open,
	.ndo_stop = device_stop,
	.ndo_start_xmit = cipe_tx_xmit,
	.ndo_get_stats64 = device_get_stats64,
	.ndo_get_iflink = device_get_iflink,
	.ndo_set_mac_address = eth_mac_addr,
	.ndo_validate_addr = eth_validate_addr,
};

static const struct device_type device_type = {
	.name = CIPE_RTNL_KIND,
};

/* The last reference to the device is gone */
static void device_free(struct net_device *dev)
{
	cipe_link_free(netdev_priv(dev));
}

static void device_setup(struct net_device *dev)
{
	SET_NETDEV_DEVTYPE(dev, &device_type);
	dev->priv_destructor = device_free;
	dev->needs_free_netdev = true;

	dev->features |= DEVICE_FEATURES;
	dev->hw_features |= DEVICE_FEATURES;
	dev->hw_enc_features |= DEVICE_FEATURES;
	dev->vlan_features |= DEVICE_FEATURES;
	cipe_compat_set_lltx(dev);
	dev->priv_flags |= IFF_NO_QUEUE;
	netif_keep_dst(dev);

	dev->netdev_ops = &device_ip_ops;
	dev->header_ops = &ip_tunnel_header_ops;
	dev->type = ARPHRD_NONE;
	dev->flags = IFF_POINTOPOINT | IFF_NOARP | IFF_MULTICAST;
	dev->mtu = DEVICE_MTU;
	dev->min_mtu = ETH_MIN_MTU;
	dev->max_mtu = CIPE_WIRE_MTU_MAX;
}

/* What Ethernet has otherwise */
static void device_setup_ether(struct net_device *dev)
{
	dev->header_ops = NULL;
	ether_setup(dev);
	dev->netdev_ops = &device_ether_ops;
	dev->priv_flags &= ~IFF_TX_SKB_SHARING;
	dev->priv_flags |= IFF_LIVE_ADDR_CHANGE | IFF_NO_QUEUE;
	dev->mtu = DEVICE_MTU - ETH_HLEN;
	dev->min_mtu = ETH_MIN_MTU;
	dev->max_mtu = CIPE_WIRE_MTU_MAX - ETH_HLEN;
}

static const struct nla_policy device_policy[IFLA_CIPE_MAX + 1] = {
	[IFLA_CIPE_MODE] = NLA_POLICY_MAX(NLA_U8, CIPE_MODE_ETHER),
};

static int device_validate(struct nlattr *tb[], struct nlattr *data[],
			   struct netlink_ext_ack *extack)
{
	if (!tb[IFLA_ADDRESS])
		return 0;
	if (!data || !data[IFLA_CIPE_MODE] ||
	    nla_get_u8(data[IFLA_CIPE_MODE]) != CIPE_MODE_ETHER) {
		NL_SET_ERR_MSG_ATTR(extack, tb[IFLA_ADDRESS],
				    "only a link of mode ether has a MAC address");
		return -EINVAL;
	}
	if (nla_len(tb[IFLA_ADDRESS]) != ETH_ALEN ||
	    !is_valid_ether_addr(nla_data(tb[IFLA_ADDRESS]))) {
		NL_SET_ERR_MSG_ATTR(extack, tb[IFLA_ADDRESS],
				    "not the MAC address of a station");
		return -EADDRNOTAVAIL;
	}
	return 0;
}

static int device_newlink(struct net *src_net, struct net_device *dev,
			  struct nlattr *tb[], struct nlattr *data[],
			  struct netlink_ext_ack *extack)
{
	struct cipe_link *link = netdev_priv(dev);
	int err;

	if (data && data[IFLA_CIPE_MODE])
		link->mode = nla_get_u8(data[IFLA_CIPE_MODE]);
	if (link->mode == CIPE_MODE_ETHER) {
		device_setup_ether(dev);
		if (!tb[IFLA_ADDRESS])
			eth_hw_addr_random(dev);
		else
			eth_hw_addr_set(dev, nla_data(tb[IFLA_ADDRESS]));
		if (tb[IFLA_MTU])
			dev->mtu = nla_get_u32(tb[IFLA_MTU]);
	}
	/* Without a name the core made one of the kind: have the usual one */
	if (!tb[IFLA_IFNAME])
		strscpy(dev->name, "cipcb%d", IFNAMSIZ);
	netif_carrier_off(dev);
	err = register_netdevice(dev);
	if (!err)
		cipe_link_publish(link);
	return err;
}

static int device_changelink(struct net_device *dev, struct nlattr *tb[],
			     struct nlattr *data[], struct netlink_ext_ack *extack)
{
	struct cipe_link *link = netdev_priv(dev);

	if (data && data[IFLA_CIPE_MODE] &&
	    nla_get_u8(data[IFLA_CIPE_MODE]) != link->mode) {
		NL_SET_ERR_MSG_ATTR(extack, data[IFLA_CIPE_MODE],
				    "the mode is fixed at creation");
		return -EOPNOTSUPP;
	}
	return 0;
}

static size_t device_get_size(const struct net_device *dev)
{
	return nla_total_size(sizeof(u8));
}

static int device_fill_info(struct sk_buff *skb, const struct net_device *dev)
{
	const struct cipe_link *link = netdev_priv(dev);

	return nla_put_u8(skb, IFLA_CIPE_MODE, link->mode);
}

static struct rtnl_link_ops device_link_ops __read_mostly = {
	.kind = CIPE_RTNL_KIND,
	.maxtype = IFLA_CIPE_MAX,
	.policy = device_policy,
	.priv_size = sizeof(struct cipe_link),
	.setup = device_setup,
	.validate = device_validate,
	.newlink = device_newlink,
	.changelink = device_changelink,
	.get_size = device_get_size,
	.fill_info = device_fill_info,
};

/**
 * cipe_device_is - is a device a link?
 * @dev: any device
 *
 * Return: whether netdev_priv() is a &struct cipe_link.
 */
bool cipe_device_is(const struct net_device *dev)
{
	return dev->rtnl_link_ops == &device_link_ops;
}

/**
 * cipe_device_init - make the kind known
 *
 * Return: 0 or an error.
 */
int cipe_device_init(void)
{
	return rtnl_link_register(&device_link_ops);
}

/**
 * cipe_device_exit - delete all links, and the kind
 *
 * Returns after the devices are freed, thus after the last packet of theirs
 * came out of the cipher.
 */
void cipe_device_exit(void)
{
	rtnl_link_unregister(&device_link_ops);
}
