// SPDX-License-Identifier: GPL-2.0-only
/*
 * A packet's way out, top down: from the stack, through checks, segmentation
 * and the cipher, onto the path to the peer.
 *
 * Plaintext is never encrypted in place: it may be shared with whoever sent
 * it, and the ciphertext needs room of its own before and behind anyway.
 */

#include <linux/if_ether.h>
#include <linux/skbuff.h>
#include <net/dsfield.h>
#include <net/ip_tunnels.h>
#include <net/ipv6.h>
#include <net/sock.h>
#include <net/tcp.h>

#include <cipe/wire.h>

#include "aead.h"
#include "icmp.h"
#include "keys.h"
#include "link.h"
#include "path.h"
#include "tx.h"

/* Links within links, this many; more is a loop. Beyond the kernel's own limit
 * for tunnels, of one more, packets vanish uncounted.
 */
#define CIPE_TX_DEPTH	3

#define TX_HEADERS	(sizeof(struct ipv6hdr) + sizeof(struct udphdr) + \
			 CIPE_WIRE_OVERHEAD)

static DEFINE_PER_CPU(unsigned int, tx_depth);

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

/* Octets of plaintext and cipher blocks of @skb's segments, and how many */
static unsigned int tx_measure(struct sk_buff *skb, u64 *blocks)
{
	unsigned int n = 0;

	for (*blocks = 0; skb; skb = skb->next, n++)
		*blocks += cipe_key_blocks(skb->len);
	return n;
}

/* A datagram for @len octets of plaintext, its header written */
static struct sk_buff *tx_datagram(const struct cipe_key *key,
				   const struct cipe_outer *outer,
				   unsigned int len, u32 counter)
{
	unsigned int headroom = cipe_path_headroom(outer);
	struct cipe_wire_data *header;
	struct sk_buff *datagram;

	datagram = alloc_skb(headroom + len + CIPE_WIRE_OVERHEAD,
			     GFP_ATOMIC | __GFP_NOWARN);
	if (!datagram)
		return NULL;
	skb_reserve(datagram, headroom);
	header = skb_put(datagram, len + CIPE_WIRE_OVERHEAD);
	header->key_id = cpu_to_be32(key->tx_id);
	header->counter = cpu_to_be32(counter);
	return datagram;
}

/* Scatterlists of the cipher: a contiguous destination, a source of the header
 * in it and whatever the plaintext consists of.
 */
static int tx_map(struct cipe_crypt *crypt, unsigned int len)
{
	struct sk_buff *datagram = crypt->datagram;
	struct scatterlist *src = &crypt->sg[1];

	sg_init_one(&crypt->sg[0], datagram->data, datagram->len);
	if (!crypt->plain || !len) {
		sg_init_one(src, datagram->data, sizeof(struct cipe_wire_data));
		return 0;
	}
	sg_init_table(src, 2 + skb_shinfo(crypt->plain)->nr_frags);
	sg_set_buf(src, datagram->data, sizeof(struct cipe_wire_data));
	return skb_to_sgvec(crypt->plain, src + 1, 0, len);
}

/* Encrypt one packet, or a keepalive without one; it leaves on its own. @plain
 * is used up.
 */
static enum cipe_stat tx_encrypt(struct cipe_link *link, struct cipe_key *key,
				 const struct cipe_outer *outer,
				 struct sk_buff *plain, u32 counter)
{
	enum cipe_stat why = CIPE_STAT_TX_NOMEM;
	unsigned int len = plain ? plain->len : 0;
	unsigned int entries = 3;
	struct cipe_crypt *crypt;

	if (plain) {
		/* Lists of fragments are rare: make them flat */
		if (skb_has_frag_list(plain) && skb_linearize(plain))
			goto free_plain;
		entries += skb_shinfo(plain)->nr_frags;
	}
	crypt = cipe_crypt_alloc(link, key, &link->tx_order, entries);
	if (!crypt)
		goto free_plain;
	crypt->plain = plain;
	crypt->tos = outer->tos;
	crypt->ttl = outer->ttl;
	crypt->fragment = outer->fragment;
	crypt->depth = __this_cpu_read(tx_depth);
	crypt->datagram = tx_datagram(key, outer, len, counter);
	if (!crypt->datagram)
		goto free_crypt;
	if (plain)
		crypt->datagram->priority = plain->priority;
	if (tx_map(crypt, len) < 0)
		goto free_crypt;
	cipe_crypt_encrypt(crypt, len, counter);
	return 0;

free_crypt:
	cipe_crypt_free(crypt);
	return why;
free_plain:
	kfree_skb(plain);
	return why;
}

/* Number the segments and encrypt each; @segments is used up */
static void tx_segments(struct cipe_link *link, struct cipe_key *key,
			const struct cipe_outer *outer, struct sk_buff *segments)
{
	struct sk_buff *skb, *next;
	enum cipe_stat why;
	unsigned int n;
	u32 counter;
	u64 blocks;

	n = tx_measure(segments, &blocks);
	if (unlikely(cipe_key_reserve(key, n, blocks, &counter))) {
		cipe_stats_inc(link->stats, CIPE_STAT_TX_LIMIT);
		cipe_link_poke(link);
		kfree_skb_list(segments);
		return;
	}
	skb_list_walk_safe(segments, skb, next) {
		skb_mark_not_on_list(skb);
		why = tx_encrypt(link, key, outer, skb, counter++);
		if (unlikely(why))
			cipe_stats_inc(link->stats, why);
	}
}

/* Cut a super-packet; a plain one passes. NULL: it was dropped */
static struct sk_buff *tx_cut(struct cipe_link *link, struct sk_buff *skb)
{
	struct sk_buff *segments;

	if (!skb_is_gso(skb)) {
		if (skb->ip_summed != CHECKSUM_PARTIAL || !skb_checksum_help(skb))
			return skb;
		goto nomem;
	}

	segments = skb_gso_segment(skb, NETIF_F_SG);
	if (IS_ERR_OR_NULL(segments))
		goto nomem;
	consume_skb(skb);
	return segments;
nomem:
	cipe_stats_inc(link->stats, CIPE_STAT_TX_NOMEM);
	kfree_skb(skb);
	return NULL;
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

	skb = tx_cut(link, skb);
	if (likely(skb))
		tx_segments(link, key, &outer, skb);
	dst_release(outer.dst);
	return 0;
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
	if (likely(__this_cpu_inc_return(tx_depth) <= CIPE_TX_DEPTH))
		why = tx_packet(link, skb);
	__this_cpu_dec(tx_depth);
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
	u32 counter;

	local_bh_disable();
	rcu_read_lock();
	why = tx_key(link, &key) ?: cipe_path_resolve(link, &outer);
	if (why)
		goto out;
	if (cipe_key_reserve(key, 1, cipe_key_blocks(0), &counter))
		why = CIPE_STAT_TX_LIMIT;
	else
		why = tx_encrypt(link, key, &outer, NULL, counter);
	dst_release(outer.dst);
out:
	if (why)
		cipe_stats_inc(link->stats, why);
	rcu_read_unlock();
	local_bh_enable();
}

/* Does the packet count against its sender's socket, by its truesize? */
static bool tx_charged(const struct sk_buff *skb, const struct sock *sk)
{
	if (!sk || !sk_fullsock(sk) || !sk_is_inet(sk) || skb_is_tcp_pure_ack(skb))
		return false;
	if (skb->destructor == sock_wfree)
		return true;
	/* tcp_wfree() is not exported: all others that TCP's packets may have */
	return sk_is_tcp(sk) && skb->destructor &&
	       skb->destructor != sock_efree && skb->destructor != sock_edemux &&
	       skb->destructor != sock_pfree && skb->destructor != sock_rfree;
}

/* Count the datagram, in place of its plaintext, against the sender's socket
 * until a device has sent it: else TCP and UDP alike would fill every queue on
 * the way. Other ways of counting end here.
 */
static void tx_charge(struct sk_buff *datagram, struct sk_buff *plain)
{
	int more = datagram->truesize - plain->truesize;
	struct sock *sk = plain->sk;

	if (!tx_charged(plain, sk))
		return;
	datagram->sk = sk;
	datagram->destructor = plain->destructor;
	plain->sk = NULL;
	plain->destructor = NULL;
	if (more >= 0)
		refcount_add(more, &sk->sk_wmem_alloc);
	else
		WARN_ON_ONCE(refcount_sub_and_test(-more, &sk->sk_wmem_alloc));
}

/* Resolve the way anew: while the cipher had the packet the peer may have
 * moved, or the socket's network namespace gone. And go on at the packet's own
 * depth, whoever finishes it.
 */
static void tx_send(struct cipe_link *link, struct cipe_crypt *crypt)
{
	unsigned int depth = __this_cpu_read(tx_depth);
	struct sk_buff *datagram = crypt->datagram;
	struct cipe_outer outer;
	enum cipe_stat why;

	why = cipe_path_resolve(link, &outer);
	if (unlikely(why))
		goto count;
	if (unlikely(skb_cow_head(datagram, cipe_path_headroom(&outer)))) {
		why = CIPE_STAT_TX_NOMEM;
		dst_release(outer.dst);
		goto count;
	}
	outer.tos = crypt->tos;
	outer.ttl = crypt->ttl;
	outer.fragment = crypt->fragment;
	if (crypt->plain)
		tx_charge(datagram, crypt->plain);
	crypt->datagram = NULL;
	__this_cpu_write(tx_depth, crypt->depth);
	cipe_path_send(&outer, datagram);
	__this_cpu_write(tx_depth, depth);
	cipe_link_sent(link);
	if (crypt->plain)
		cipe_stats_add(link->stats, CIPE_STAT_TX_PACKETS,
			       CIPE_STAT_TX_BYTES, 1, crypt->plain->len);
	else
		cipe_stats_inc(link->stats, CIPE_STAT_TX_KEEPALIVE);
	return;
count:
	cipe_stats_inc(link->stats, why);
}

/**
 * cipe_tx_release - the cipher is done with a packet: send it
 * @entry: its place in the order; used up
 *
 * Context: softirq or BH off.
 */
void cipe_tx_release(struct cipe_order_entry *entry)
{
	struct cipe_crypt *crypt = container_of(entry, struct cipe_crypt, order);
	struct cipe_link *link = crypt->link;

	if (unlikely(crypt->err)) {
		cipe_stats_inc(link->stats, CIPE_STAT_TX_CRYPTO);
		cipe_crypt_free(crypt);
		return;
	}

	rcu_read_lock();
	tx_send(link, crypt);
	rcu_read_unlock();

	consume_skb(crypt->plain);
	crypt->plain = NULL;
	cipe_crypt_free(crypt);
}
