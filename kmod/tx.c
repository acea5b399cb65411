// SPDX-License-Identifier: GPL-2.0-only
/*
 * A packet's way out, the first half: from the stack, through all checks, to
 * send.c; at once, or with others of the same softirq.
 *
 * Top down; in the file each stands above those who call it:
 *
 * cipe_tx_xmit			the stack has one for us, or many in one
 *   tx_packet			all that can go wrong, in turn:
 *     tx_inner_valid		what is inside
 *     tx_key			under which key
 *     cipe_path_resolve	by which route
 *     tx_inherit		DSCP, ECN and TTL
 *     tx_fit			does it fit the path?
 *     tx_gather		forwarded: wait for the end of the softirq
 *     tx_now			all others
 *       cipe_cut_begin		segments, if it is many
 *       cipe_send		send.c
 * cipe_tx_gathered		the end of that softirq
 *   tx_group			those that leave alike
 *   tx_send_group		key and route anew, cipe_send
 */

#include <linux/if_ether.h>
#include <linux/skbuff.h>
#include <net/dsfield.h>
#include <net/ip_tunnels.h>
#include <net/ipv6.h>

#include <cipe/wire.h>

#include "compat.h"
#include "cut.h"
#include "gather.h"
#include "icmp.h"
#include "keys.h"
#include "link.h"
#include "path.h"
#include "send.h"
#include "tx.h"

/* Links within links, this many; more is a loop. Beyond the kernel's own limit
 * for tunnels, of one more, packets vanish uncounted.
 */
#define CIPE_TX_DEPTH	3

#define TX_HEADERS	(sizeof(struct ipv6hdr) + sizeof(struct udphdr) + \
			 CIPE_WIRE_OVERHEAD)

/* Is there in it what the mode says? Leaves the first header readable. */
static bool tx_inner_valid(const struct cipe_link *link, struct sk_buff *skb)
{
	if (link->mode == CIPE_MODE_ETHER)
		return pskb_may_pull(skb, ETH_HLEN);
	if (skb->protocol == htons(ETH_P_IP))
		return pskb_network_may_pull(skb, sizeof(struct iphdr)) &&
		       ip_hdr(skb)->version == 4;
	if (skb->protocol == htons(ETH_P_IPV6))
		return pskb_network_may_pull(skb, sizeof(struct ipv6hdr)) &&
		       ipv6_hdr(skb)->version == 6;
	return false;
}

/* What the outer header takes over from an inner IP header */
static void tx_inherit(const struct cipe_link *link, struct sk_buff *skb,
		       struct cipe_outer *outer)
{
	u8 dsfield, ttl;

	if (skb->protocol == htons(ETH_P_IP) &&
	    pskb_network_may_pull(skb, sizeof(struct iphdr))) {
		dsfield = ipv4_get_dsfield(ip_hdr(skb));
		ttl = ip_hdr(skb)->ttl;
	} else if (skb->protocol == htons(ETH_P_IPV6) &&
		   pskb_network_may_pull(skb, sizeof(struct ipv6hdr))) {
		dsfield = ipv6_get_dsfield(ipv6_hdr(skb));
		ttl = ipv6_hdr(skb)->hop_limit;
	} else {
		return;
	}

	if (READ_ONCE(link->tos) == CIPE_TOS_INHERIT)
		outer->tos = dsfield & ~INET_ECN_MASK;
	/* Normal mode of RFC 6040 section 4.1 */
	outer->tos |= dsfield & INET_ECN_MASK;
	/* 1 is meant for the next hop inside, which the peer is */
	if (!READ_ONCE(link->ttl) && ttl > 1)
		outer->ttl = ttl;
}

static bool tx_fits(const struct cipe_link *link, const struct sk_buff *skb,
		    unsigned int room)
{
	if (!skb_is_gso(skb))
		return skb->len <= room;
	if (link->mode == CIPE_MODE_ETHER)
		return skb_gso_validate_mac_len(skb, room);
	return skb_gso_validate_network_len(skb, room);
}

/* Make sure each datagram will fit the path, or may be fragmented on it */
static bool tx_fit(const struct cipe_link *link, struct sk_buff *skb,
		   struct cipe_outer *outer)
{
	unsigned int mtu;

	if (likely(tx_fits(link, skb, outer->room)))
		return true;

	mtu = outer->room > skb_network_offset(skb) ?
	      outer->room - skb_network_offset(skb) : 0;
	if (cipe_icmp_too_big(skb, outer->dst, mtu))
		return false;
	outer->fragment = true;
	return true;
}

/* The key to send under */
static enum cipe_stat tx_key(struct cipe_link *link, struct cipe_key **key)
{
	*key = rcu_dereference(link->keys[CIPE_SLOT_CURRENT]);
	if (unlikely(!*key))
		return CIPE_STAT_TX_NO_KEY;
	if (likely(cipe_key_sends(*key)))
		return 0;
	return test_bit(CIPE_KEY_EXHAUSTED, &(*key)->flags) ?
	       CIPE_STAT_TX_LIMIT : CIPE_STAT_TX_NO_KEY;
}

/* What a packet gathered in this softirq keeps of how it shall leave */
struct tx_gathered {
	u8 tos;
	u8 ttl;
	bool fragment;
};

static struct tx_gathered *tx_gathered(struct sk_buff *skb)
{
	BUILD_BUG_ON(sizeof(struct tx_gathered) > sizeof(skb->cb));
	return (struct tx_gathered *)skb->cb;
}

/* Of a burst, perhaps; what this machine itself sends is not worth waiting */
static bool tx_forwarded(const struct sk_buff *skb)
{
	return in_serving_softirq() && !skb->sk;
}

/* Leave it for the end of the softirq, when there may be more */
static void tx_gather(struct cipe_link *link, struct sk_buff *skb,
		      const struct cipe_outer *outer)
{
	struct tx_gathered *kept = tx_gathered(skb);

	kept->tos = outer->tos;
	kept->ttl = outer->ttl;
	kept->fragment = outer->fragment;
	dst_release(outer->dst);
	skb_dst_drop(skb);
	cipe_gather_add(link, skb, __this_cpu_read(cipe_send_depth));
}

/* Send a packet now; the route is used up. 0: so is the packet. */
static enum cipe_stat tx_now(struct cipe_link *link, struct cipe_key *key,
			     struct sk_buff *skb, struct cipe_outer *outer)
{
	struct cipe_cut cut;

	/* Not before those that wait */
	cipe_gather_flush();
	if (unlikely(!cipe_cut_begin(&cut, skb))) {
		dst_release(outer->dst);
		return CIPE_STAT_TX_NOMEM;
	}
	/* What a guest says of its packet's segments need not make sense */
	if (unlikely(cipe_cut_len(&cut) > IP_MAX_MTU - TX_HEADERS)) {
		dst_release(outer->dst);
		cipe_stats_inc(link->stats, CIPE_STAT_TX_TOO_BIG);
		kfree_skb_list(cut.skb);
		return 0;
	}
	cipe_send(link, key, outer, &cut);
	return 0;
}

/* All that can go wrong before the packet is changed. 0: it is used up. */
static enum cipe_stat tx_packet(struct cipe_link *link, struct sk_buff *skb)
{
	struct cipe_outer outer;
	struct cipe_key *key;
	enum cipe_stat why;

	if (unlikely(!tx_inner_valid(link, skb)))
		return CIPE_STAT_TX_PROTO;
	if (unlikely(!skb_is_gso(skb) && skb->len > IP_MAX_MTU - TX_HEADERS))
		return CIPE_STAT_TX_TOO_BIG;
	why = tx_key(link, &key);
	if (unlikely(why))
		return why;
	why = cipe_path_resolve(link, &outer);
	if (unlikely(why))
		return why;
	tx_inherit(link, skb, &outer);
	if (unlikely(!tx_fit(link, skb, &outer))) {
		dst_release(outer.dst);
		return CIPE_STAT_TX_TOO_BIG;
	}

	if (tx_forwarded(skb) && !skb_is_gso(skb)) {
		tx_gather(link, skb, &outer);
		return 0;
	}
	return tx_now(link, key, skb, &outer);
}

/* Take from @list what can leave alike as its first; what is left stays */
static unsigned int tx_group(struct sk_buff **list)
{
	struct sk_buff *first = *list, *skb = first;
	unsigned int n = 1;

	for (; skb->next; skb = skb->next, n++)
		if (memcmp(tx_gathered(first), tx_gathered(skb->next),
			   sizeof(struct tx_gathered)) ||
		    skb->next->priority != first->priority)
			break;
	*list = skb->next;
	skb->next = NULL;
	return n;
}

/* Send what was gathered and can leave alike. Or what to count for them. */
static enum cipe_stat tx_send_group(struct cipe_link *link, struct sk_buff *skb,
				    unsigned int n)
{
	struct cipe_cut cut = { .skb = skb, .list = true, .left = n };
	const struct tx_gathered *kept = tx_gathered(skb);
	struct cipe_outer outer;
	struct cipe_key *key;
	enum cipe_stat why;

	why = tx_key(link, &key) ?: cipe_path_resolve(link, &outer);
	if (unlikely(why))
		return why;
	outer.tos = kept->tos;
	outer.ttl = kept->ttl;
	outer.fragment = kept->fragment;
	cipe_send(link, key, &outer, &cut);
	return 0;
}

/**
 * cipe_tx_gathered - send packets that were gathered in a softirq
 * @link: the link
 * @list: the packets, none of them for segmentation
 * @depth: links within links they are in
 *
 * Context: softirq or BH off.
 */
void cipe_tx_gathered(struct cipe_link *link, struct sk_buff *list,
		      unsigned int depth)
{
	unsigned int outer_depth = __this_cpu_read(cipe_send_depth), n;
	struct sk_buff *group;
	enum cipe_stat why;

	rcu_read_lock();
	__this_cpu_write(cipe_send_depth, depth);
	while (list) {
		group = list;
		n = tx_group(&list);
		why = tx_send_group(link, group, n);
		if (unlikely(why)) {
			cipe_stats_count(link->stats, why, n);
			kfree_skb_list(group);
		}
	}
	__this_cpu_write(cipe_send_depth, outer_depth);
	rcu_read_unlock();
}

/* May the sender be told that the peer is out of reach? */
static bool tx_unreachable(enum cipe_stat why)
{
	return why == CIPE_STAT_TX_NO_KEY || why == CIPE_STAT_TX_LIMIT ||
	       why == CIPE_STAT_TX_NO_ENDPOINT || why == CIPE_STAT_TX_NO_SOCKET ||
	       why == CIPE_STAT_TX_NO_ROUTE || why == CIPE_STAT_TX_LOOP;
}

/**
 * cipe_tx_xmit - ndo_start_xmit: a packet from the stack, of any size
 * @skb: the packet; used up
 * @dev: the link's device
 *
 * Context: BH off; may be entered again for another link, or by a
 * loop for the same.
 * Return: NETDEV_TX_OK.
 */
netdev_tx_t cipe_tx_xmit(struct sk_buff *skb, struct net_device *dev)
{
	struct cipe_link *link = netdev_priv(dev);
	enum cipe_stat why = CIPE_STAT_TX_LOOP;

	rcu_read_lock(); /* the caller's is of the BH kind only */
	if (likely(__this_cpu_inc_return(cipe_send_depth) <= CIPE_TX_DEPTH))
		why = tx_packet(link, skb);
	__this_cpu_dec(cipe_send_depth);
	rcu_read_unlock();

	if (unlikely(why)) {
		cipe_stats_inc(link->stats, why);
		if (tx_unreachable(why))
			cipe_icmp_unreachable(skb);
		kfree_skb(skb);
	}
	return NETDEV_TX_OK;
}

/**
 * cipe_tx_keepalive - send a packet with nothing inside
 * @link: the link
 *
 * Context: any that may turn BH off.
 */
void cipe_tx_keepalive(struct cipe_link *link)
{
	struct cipe_outer outer;
	struct cipe_key *key;
	enum cipe_stat why;

	local_bh_disable();
	rcu_read_lock();
	why = tx_key(link, &key) ?: cipe_path_resolve(link, &outer) ?:
	      cipe_send_empty(link, key, &outer);
	if (why)
		cipe_stats_inc(link->stats, why);
	rcu_read_unlock();
	local_bh_enable();
}

/**
 * cipe_tx_moved - send a packet with nothing inside if we have another address
 * @link: the link
 *
 * The peer follows. Nothing is counted where nothing can be sent.
 *
 * Context: any that may turn BH off; under RCU.
 */
void cipe_tx_moved(struct cipe_link *link)
{
	struct cipe_outer outer;
	struct cipe_key *key;

	local_bh_disable();
	if (netif_running(link->dev) && !tx_key(link, &key) &&
	    !cipe_path_resolve(link, &outer)) {
		if (cipe_path_moved(link, &outer))
			cipe_send_empty(link, key, &outer);
		else
			dst_release(outer.dst);
	}
	local_bh_enable();
}
