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

#include "batch.h"
#include "chacha.h"
#include "compat.h"
#include "crypt.h"
#include "cut.h"
#include "icmp.h"
#include "keys.h"
#include "link.h"
#include "pages.h"
#include "path.h"
#include "tx.h"

/* Links within links, this many; more is a loop. Beyond the kernel's own limit
 * for tunnels, of one more, packets vanish uncounted.
 */
#define CIPE_TX_DEPTH	3

#define TX_HEADERS	(sizeof(struct ipv6hdr) + sizeof(struct udphdr) + \
			 CIPE_WIRE_OVERHEAD)

/* Before a datagram: what the cipher wants before the plaintext, less the
 * header. So the plaintext is as aligned as pages.c aligns the lead.
 */
#define TX_LEAD		(CIPE_CHACHA_ROOM - sizeof(struct cipe_wire_data))

/* Largest packet for segmentation, less all headers that it may get */
#define TX_SUPER_MAX(dev) \
	(min_t(unsigned int, READ_ONCE((dev)->gso_max_size), IP_MAX_MTU) - 128)

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

/* Cipher blocks of the next @n segments, the lengths of @cut's next ones */
static u64 tx_blocks(const struct cipe_cut *cut, unsigned int n)
{
	const struct sk_buff *skb = cut->skb;
	u64 blocks = 0;

	if (!cut->list)
		return n * cipe_key_blocks(cut->mss ? cut->headers + cut->mss : skb->len);
	for (; n--; skb = skb->next)
		blocks += cipe_key_blocks(skb->len);
	return blocks;
}

/* Write the next datagram of @batch at @data; @cut has its plaintext */
static bool tx_write(struct cipe_batch *batch, struct cipe_cut *cut, u8 *data,
		     u32 counter)
{
	struct cipe_packet *packet = &batch->packet[batch->n++];
	struct cipe_wire_data *header = (void *)data;

	header->key_id = cpu_to_be32(batch->key->tx_id);
	header->counter = cpu_to_be32(counter);
	packet->data = data;
	packet->counter = counter;
	packet->len = cut ? cipe_cut_len(cut) : 0;
	return !cut || cipe_cut_next(cut, data + sizeof(*header));
}

static void tx_append(struct cipe_batch *batch, struct sk_buff *skb,
		      struct sk_buff **last)
{
	if (*last)
		(*last)->next = skb;
	else
		batch->skb = skb;
	*last = skb;
}

/* An skb of one datagram of @len octets of plaintext: contiguous */
static struct sk_buff *tx_single(const struct cipe_outer *outer, unsigned int len)
{
	unsigned int headroom = ALIGN(cipe_path_headroom(outer), CIPE_PAGES_ALIGN) +
				TX_LEAD;
	unsigned int size = SKB_DATA_ALIGN(headroom + len + CIPE_WIRE_OVERHEAD) +
			    SKB_DATA_ALIGN(sizeof(struct skb_shared_info));
	unsigned int n = 1;
	struct sk_buff *skb;
	void *head;

	head = cipe_pages_run(CIPE_PAGES_CIPHERTEXT, 0, size, &n);
	if (unlikely(!head))
		return NULL;
	skb = napi_build_skb(head, size);
	if (unlikely(!skb)) {
		put_page(virt_to_head_page(head));
		return NULL;
	}
	skb_reserve(skb, headroom);
	skb_put(skb, len + CIPE_WIRE_OVERHEAD);
	return skb;
}

/* An skb of datagrams of @size octets each, perhaps less in the last: one for
 * the rest of the way, cut again by the device or, if that can not, before it
 */
static struct sk_buff *tx_super(const struct cipe_outer *outer, unsigned int size)
{
	unsigned int headroom = cipe_path_headroom(outer);
	struct sk_buff *skb;

	skb = alloc_skb(headroom, GFP_ATOMIC | __GFP_NOWARN);
	if (unlikely(!skb))
		return NULL;
	skb_reserve(skb, headroom);
	skb_shinfo(skb)->gso_size = size;
	skb_shinfo(skb)->gso_type = SKB_GSO_UDP_L4;
	return skb;
}

/* Fill @skb with @n datagrams of up to @size octets each */
static bool tx_fill(struct cipe_batch *batch, struct cipe_cut *cut,
		    struct sk_buff *skb, unsigned int size, unsigned int n,
		    u32 counter)
{
	unsigned int frag, got, len;
	u8 *run, *data;

	for (frag = 0; n && frag < MAX_SKB_FRAGS; frag++, n -= got) {
		got = n;
		run = cipe_pages_run(CIPE_PAGES_CIPHERTEXT, TX_LEAD, size, &got);
		if (unlikely(!run))
			return false;
		len = 0;
		skb_shinfo(skb)->gso_segs += got;
		for (data = run; data < run + got * size; data += size) {
			len += cipe_cut_len(cut) + CIPE_WIRE_OVERHEAD;
			if (unlikely(!tx_write(batch, cut, data, counter++))) {
				put_page(virt_to_head_page(run));
				return false;
			}
		}
		skb_add_rx_frag(skb, frag, virt_to_head_page(run),
				run - (u8 *)page_address(virt_to_head_page(run)),
				len, got * size + TX_LEAD);
	}
	return !n;
}

/* Make the datagrams of @n segments of @cut, as few skbs as possible */
static bool tx_datagrams(struct cipe_batch *batch, struct cipe_cut *cut,
			 unsigned int n, u32 counter)
{
	struct sk_buff *skb, *last = NULL;
	unsigned int run, size;
	bool good;

	for (; n; n -= run, counter += run) {
		size = cipe_cut_len(cut) + CIPE_WIRE_OVERHEAD;
		run = batch->outer.fragment ? 1 :
		      cipe_cut_run(cut, min(n, TX_SUPER_MAX(batch->outer.dst->dev) / size ?: 1));
		skb = run > 1 ? tx_super(&batch->outer, size) :
				tx_single(&batch->outer, size - CIPE_WIRE_OVERHEAD);
		if (unlikely(!skb))
			return false;
		skb->priority = cut->skb->priority;
		tx_append(batch, skb, &last);
		good = run > 1 ? tx_fill(batch, cut, skb, size, run, counter) :
				 tx_write(batch, cut, skb->data, counter);
		if (unlikely(!good))
			return false;
	}
	return true;
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

/* Count the datagrams, in place of their plaintext, against the sender's socket
 * until a device has sent them: else TCP and UDP alike would fill every queue on
 * the way. Other ways of counting end here. @plain is used up with the last.
 */
static void tx_charge(struct sk_buff *datagram, struct sk_buff *plain, bool last)
{
	struct sock *sk = plain->sk;
	int more = datagram->truesize;

	if (!tx_charged(plain, sk))
		return;
	datagram->sk = sk;
	datagram->destructor = plain->destructor;
	if (last) {
		more -= plain->truesize;
		plain->sk = NULL;
		plain->destructor = NULL;
	}
	if (more >= 0)
		refcount_add(more, &sk->sk_wmem_alloc);
	else
		WARN_ON_ONCE(refcount_sub_and_test(-more, &sk->sk_wmem_alloc));
}

/* Charge a batch's datagrams, and end with the packet if it was the last */
static void tx_own(struct cipe_batch *batch, struct cipe_cut *cut)
{
	struct sk_buff *skb;

	for (skb = batch->skb; skb; skb = skb->next)
		tx_charge(skb, cut->skb, !cut->left && !skb->next);
	if (!cut->left)
		consume_skb(cut->skb);
}

/* A batch to send, @n counters reserved from @counter on */
static struct cipe_batch *tx_batch(struct cipe_link *link, struct cipe_key *key,
				   const struct cipe_outer *outer,
				   unsigned int n, u64 blocks, u32 *counter,
				   enum cipe_stat *why)
{
	struct cipe_batch *batch;

	if (unlikely(cipe_key_reserve(key, n, blocks, counter))) {
		cipe_link_poke(link);
		*why = CIPE_STAT_TX_LIMIT;
		return NULL;
	}
	*why = CIPE_STAT_TX_NOMEM;
	batch = cipe_batch_alloc(link, key, &link->tx_order);
	if (unlikely(!batch))
		return NULL;
	batch->outer = *outer;
	dst_hold(outer->dst);
	batch->depth = __this_cpu_read(tx_depth);
	return batch;
}

/* Send what @cut gives, in batches. What is left of it in the end belongs to
 * the last one, for the sender's socket to be charged.
 */
static void tx_segments(struct cipe_link *link, struct cipe_key *key,
			const struct cipe_outer *outer, struct cipe_cut *cut)
{
	struct cipe_batch *batch;
	enum cipe_stat why = 0;
	unsigned int n;
	u32 counter;

	do {
		n = min_t(unsigned int, cut->left, CIPE_BATCH_MAX);
		batch = tx_batch(link, key, outer, n, tx_blocks(cut, n), &counter,
				 &why);
		if (unlikely(!batch))
			goto drop;
		if (unlikely(!tx_datagrams(batch, cut, n, counter))) {
			cipe_batch_free(batch);
			why = CIPE_STAT_TX_NOMEM;
			goto drop;
		}
		tx_own(batch, cut);
		cipe_crypt_encrypt(batch);
	} while (cut->left);
	return;
drop:
	cipe_stats_inc(link->stats, why);
	kfree_skb_list(cut->skb);
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
	struct cipe_cut cut;
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

	if (unlikely(!cipe_cut_begin(&cut, skb))) {
		dst_release(outer.dst);
		return CIPE_STAT_TX_NOMEM;
	}
	tx_segments(link, key, &outer, &cut);
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
	struct cipe_outer outer = {};
	struct cipe_batch *batch;
	struct cipe_key *key;
	enum cipe_stat why;
	u32 counter;

	local_bh_disable();
	rcu_read_lock();
	why = tx_key(link, &key) ?: cipe_path_resolve(link, &outer);
	if (why)
		goto out;
	batch = tx_batch(link, key, &outer, 1, cipe_key_blocks(0), &counter, &why);
	if (!batch)
		goto out;
	batch->skb = tx_single(&outer, 0);
	if (batch->skb) {
		tx_write(batch, NULL, batch->skb->data, counter);
		cipe_crypt_encrypt(batch);
		why = 0;
	} else {
		cipe_batch_free(batch);
	}
out:
	dst_release(outer.dst);
	if (why)
		cipe_stats_inc(link->stats, why);
	rcu_read_unlock();
	local_bh_enable();
}

/* Find the way anew: while the cipher had the batch the peer may have moved, or
 * the socket's network namespace gone.
 */
static enum cipe_stat tx_resolve(struct cipe_batch *batch)
{
	struct cipe_outer outer;
	struct sk_buff *skb;
	enum cipe_stat why;

	why = cipe_path_resolve(batch->link, &outer);
	if (unlikely(why))
		return why;
	outer.tos = batch->outer.tos;
	outer.ttl = batch->outer.ttl;
	outer.fragment = batch->outer.fragment;
	batch->outer = outer;
	for (skb = batch->skb; skb; skb = skb->next)
		if (unlikely(skb_cow_head(skb, cipe_path_headroom(&outer))))
			return CIPE_STAT_TX_NOMEM;
	return 0;
}

/* Send at the packet's own depth, whoever finishes it */
static void tx_send(struct cipe_batch *batch)
{
	struct sk_buff *skb = batch->skb, *next;
	unsigned int depth = __this_cpu_read(tx_depth);

	batch->skb = NULL;
	__this_cpu_write(tx_depth, batch->depth);
	for (; skb; skb = next) {
		next = skb->next;
		skb_mark_not_on_list(skb);
		if (next)
			dst_hold(batch->outer.dst);
		cipe_path_send(&batch->outer, skb);
	}
	batch->outer.dst = NULL;
	__this_cpu_write(tx_depth, depth);
}

static void tx_count(const struct cipe_batch *batch)
{
	struct cipe_stats __percpu *stats = batch->link->stats;
	unsigned int i, len = 0;

	for (i = 0; i < batch->n; i++)
		len += batch->packet[i].len;
	if (likely(len))
		cipe_stats_add(stats, CIPE_STAT_TX_PACKETS, CIPE_STAT_TX_BYTES,
			       batch->n, len);
	else
		cipe_stats_inc(stats, CIPE_STAT_TX_KEEPALIVE);
}

static bool tx_encrypted(const struct cipe_batch *batch)
{
	unsigned int i;

	for (i = 0; i < batch->n; i++)
		if (unlikely(batch->packet[i].err))
			return false;
	return true;
}

/**
 * cipe_tx_release - the cipher is done with a batch: send it
 * @entry: its place in the order; used up
 *
 * Context: softirq or BH off.
 */
void cipe_tx_release(struct cipe_order_entry *entry)
{
	struct cipe_batch *batch = container_of(entry, struct cipe_batch, order);
	struct cipe_link *link = batch->link;
	enum cipe_stat why = 0;

	rcu_read_lock();
	if (unlikely(!tx_encrypted(batch)))
		why = CIPE_STAT_TX_CRYPTO;
	else if (unlikely(!batch->outer.dst))
		why = tx_resolve(batch);
	if (likely(!why)) {
		tx_send(batch);
		cipe_link_sent(link);
		tx_count(batch);
	} else {
		cipe_stats_count(link->stats, why, batch->n);
	}
	rcu_read_unlock();
	cipe_batch_free(batch);
}
