// SPDX-License-Identifier: GPL-2.0-only
/*
 * Telling inner senders why their packet went no further.
 *
 * All of this is called from ndo_start_xmit with the packet as the stack gave
 * it to us, its network header set.
 */

#include <linux/etherdevice.h>
#include <linux/icmp.h>
#include <linux/icmpv6.h>
#include <linux/netdevice.h>
#include <net/icmp.h>
#include <net/ip.h>
#include <net/ip_tunnels.h>
#include <net/ipv6.h>

#include "compat.h"
#include "icmp.h"

/**
 * cipe_icmp_unreachable - the peer can not be reached now
 * @skb: the packet; stays the caller's
 *
 * Context: BH off.
 */
void cipe_icmp_unreachable(struct sk_buff *skb)
{
	if (netif_is_any_bridge_port(skb->dev))
		return;
	if (skb->protocol == htons(ETH_P_IP))
		icmp_ndo_send(skb, ICMP_DEST_UNREACH, ICMP_HOST_UNREACH, 0);
	else if (skb->protocol == htons(ETH_P_IPV6))
		icmpv6_ndo_send(skb, ICMPV6_DEST_UNREACH, ICMPV6_ADDR_UNREACH, 0);
}

/* Must, and may, the sender be told to send smaller packets? If not they are
 * fragmented outside: IPv4 without DF, as its sender allows, or to many, whom
 * no ICMP answers (RFC 1122 section 3.2.2); IPv6 at its minimum, as RFC 2473
 * section 7.1 has it; and whatever is not plain IP.
 */
static bool icmp_sender_adapts(const struct sk_buff *skb, unsigned int *mtu)
{
	if (skb->protocol == htons(ETH_P_IP))
		return (ip_hdr(skb)->frag_off & htons(IP_DF)) &&
		       !ipv4_is_multicast(ip_hdr(skb)->daddr) &&
		       !ipv4_is_lbcast(ip_hdr(skb)->daddr) &&
		       *mtu >= IPV4_MIN_MTU;

	if (skb->protocol == htons(ETH_P_IPV6)) {
		if (*mtu < IPV6_MIN_MTU)
			*mtu = IPV6_MIN_MTU;
		return skb_is_gso(skb) ?
		       !skb_gso_validate_network_len(skb, *mtu) :
		       skb->len - skb_network_offset(skb) > *mtu;
	}
	return false;
}

/* Behind a bridge the sender may know no route to us nor we to it: answer with
 * a frame of our own, as from the host it sent to.
 */
static bool icmp_too_big_bridged(const struct sk_buff *skb,
				 struct dst_entry *path, unsigned int mtu)
{
	struct sk_buff *reply = skb_copy(skb, GFP_ATOMIC);

	if (!reply)
		return true;
	if (skb_tunnel_check_pmtu(reply, path, dst_mtu(path) - mtu, true) <= 0) {
		kfree_skb(reply);
		return false;
	}
	skb_scrub_packet(reply, false);
	reply->protocol = eth_type_trans(reply, skb->dev);
	netif_rx(reply);
	return true;
}

/**
 * cipe_icmp_too_big - the packet does not fit the path to the peer
 * @skb: the packet; stays the caller's
 * @path: the route to the peer
 * @mtu: what would fit, octets from the network header on
 *
 * Context: BH off.
 * Return: true if the sender was told, or must learn from the loss; false if
 * it can not be expected to adapt, and the packet should go out in fragments.
 */
bool cipe_icmp_too_big(struct sk_buff *skb, struct dst_entry *path,
		       unsigned int mtu)
{
	if (!icmp_sender_adapts(skb, &mtu))
		return false;

	skb_dst_update_pmtu_no_confirm(skb, mtu);
	if (netif_is_any_bridge_port(skb->dev))
		return icmp_too_big_bridged(skb, path, mtu);
	if (skb->protocol == htons(ETH_P_IP))
		icmp_ndo_send(skb, ICMP_DEST_UNREACH, ICMP_FRAG_NEEDED, htonl(mtu));
	else
		icmpv6_ndo_send(skb, ICMPV6_PKT_TOOBIG, 0, mtu);
	return true;
}
