// SPDX-License-Identifier: GPL-2.0-only
/*
 * A packet's way in: from the UDP socket, through the cipher, to the stack.
 * Nothing before the cipher's verdict changes any state but counters.
 *
 * Top down; in the file each stands above those who call it:
 *
 * cipe_rx_datagram		UDP has one for us, or many in one
 *   rx_datagrams		one key after the other
 *     rx_key			whose is it?
 *     rx_batch			as many as are under that key
 *       rx_collect		what is where
 *       rx_filter		but those that were received before
 *       cipe_slot_place	where the plaintext goes
 *       cipe_crypt_decrypt	now or later, in the order of submission:
 * cipe_rx_release		the verdict
 *   rx_accept			the replay window
 *   rx_refuse			what is false or a copy goes
 *   rx_heard			the peer lives, and where
 *   rx_authentic
 *     rx_packet		behind the segment before it, or begin a packet
 *     rx_flush			count what was put together
 *       rx_deliver		headers, congestion mark
 *     cipe_cells_receive	to the stack
 */

#include <linux/etherdevice.h>
#include <linux/if_vlan.h>
#include <linux/skbuff.h>
#include <linux/udp.h>
#include <net/inet_ecn.h>
#include <net/ip_tunnels.h>
#include <net/sock.h>

#include <cipe/wire.h>

#include "batch.h"
#include "cells.h"
#include "compat.h"
#include "crypt.h"
#include "keys.h"
#include "link.h"
#include "merge.h"
#include "reader.h"
#include "rx.h"
#include "slot.h"
#include "socket.h"
#include "tx.h"

/**
 * struct rx_pass - a batch's packets on their way to the stack
 * @link: the batch's
 * @merge: what segments are put together to
 * @list: what is complete, in order
 * @dsfield: DSCP and ECN of the outer headers
 */
struct rx_pass {
	struct cipe_link *link;
	struct cipe_merge merge;
	struct sk_buff_head list;
	u8 dsfield;
};

/* Drop packets from @i on that have no memory, or are not worth any */
static void rx_forget(struct cipe_batch *batch, unsigned int i, enum cipe_stat why)
{
	if (i < batch->n)
		cipe_stats_count(batch->link->stats, why, batch->n - i);
	batch->n = i;
}

/* Leave out what was received before, or long ago */
static void rx_filter(struct cipe_batch *batch)
{
	struct cipe_key *key = batch->key;
	unsigned int i, kept = 0;

	spin_lock(&key->replay_lock);
	for (i = 0; i < batch->n; i++)
		if (likely(cipe_replay_fresh(&key->replay, batch->packet[i].counter)))
			batch->packet[kept++] = batch->packet[i];
	spin_unlock(&key->replay_lock);
	if (unlikely(kept < i))
		cipe_stats_count(batch->link->stats, CIPE_STAT_RX_REPLAY, i - kept);
	batch->n = kept;
}

/* The header of the datagram at @at, of @len octets; NULL: too short */
static const struct cipe_wire_data *rx_header(struct cipe_reader *reader,
					      unsigned int at, unsigned int len,
					      struct cipe_wire_data *buf)
{
	const void *header;

	if (unlikely(len < CIPE_WIRE_OVERHEAD))
		return NULL;
	header = cipe_reader_at(reader, at, sizeof(*buf));
	return likely(header) ? header :
	       skb_header_pointer(reader->skb, at, sizeof(*buf), buf);
}

/* Take the next datagrams of one key, from @at on, of @size octets each.
 * Returns where the others begin.
 */
static unsigned int rx_collect(struct cipe_batch *batch, struct cipe_reader *reader,
			       unsigned int at, unsigned int size)
{
	const unsigned int end = reader->skb->len;
	const u32 id = batch->key->rx_id;
	const struct cipe_wire_data *header;
	struct cipe_wire_data buf;
	struct cipe_packet *packet;
	unsigned int len;

	for (; at < end && batch->n < CIPE_BATCH_MAX; at += len) {
		len = min(size, end - at);
		header = rx_header(reader, at, len, &buf);
		if (unlikely(!header || be32_to_cpu(header->key_id) != id))
			break;
		packet = &batch->packet[batch->n++];
		packet->counter = be32_to_cpu(header->counter);
		packet->len = len - CIPE_WIRE_OVERHEAD;
		packet->at = at;
		packet->from = cipe_reader_at(reader, at, len);
	}
	return at;
}

/* Decrypt a batch of datagrams, from @at on. Returns where the next one begins. */
static unsigned int rx_batch(struct cipe_key *key, struct cipe_reader *reader,
			     struct sk_buff *skb, unsigned int at, unsigned int size)
{
	struct cipe_link *link = key->link;
	struct cipe_batch *batch;

	batch = cipe_batch_alloc(link, key, &link->rx_order);
	if (unlikely(!batch)) {
		cipe_stats_inc(link->stats, CIPE_STAT_RX_NOMEM);
		return at + size;
	}
	at = rx_collect(batch, reader, at, size);
	/* Those that are left out hold memory too, it is the same skb's */
	batch->order.weight = batch->n;
	if (unlikely(!batch->n)) /* who sends from here, changed it meanwhile */
		at += size;
	if (unlikely(cipe_key_expired(key)))
		rx_forget(batch, 0, CIPE_STAT_RX_EXPIRED);
	rx_filter(batch);
	rx_forget(batch, cipe_slot_place(batch), CIPE_STAT_RX_NOMEM);
	if (unlikely(!batch->n)) {
		cipe_batch_free(batch);
		return at;
	}
	batch->skb = skb_get(skb);
	cipe_crypt_decrypt(batch);
	return at;
}

/* The key of the datagram at @at, of @len octets. Or what to count: for the
 * key's link, if there is one
 */
static enum cipe_stat rx_key(struct cipe_sock *cs, struct cipe_reader *reader,
			     unsigned int at, unsigned int len, struct cipe_key **key)
{
	const struct cipe_wire_data *header;
	struct cipe_wire_data buf;
	u32 id;

	*key = NULL;
	header = rx_header(reader, at, len, &buf);
	if (unlikely(!header))
		return CIPE_STAT_SOCKET_SHORT;
	id = be32_to_cpu(header->key_id);
	*key = cipe_key_lookup(cs, id & CIPE_WIRE_ID_MASK);
	if (unlikely(!*key))
		return CIPE_STAT_SOCKET_UNKNOWN_KEY;
	return unlikely(id & CIPE_WIRE_FLAG_MASK) ? CIPE_STAT_RX_FLAGS : 0;
}

/* All of @skb's datagrams */
static void rx_datagrams(struct cipe_sock *cs, struct sk_buff *skb)
{
	unsigned int at = sizeof(struct udphdr), size, len;
	struct cipe_reader reader;
	struct cipe_key *key;
	enum cipe_stat why;

	cipe_reader_start(&reader, skb);
	size = skb_is_gso(skb) ? skb_shinfo(skb)->gso_size : skb->len - at;
	do {
		len = min(size, skb->len - at);
		why = rx_key(cs, &reader, at, len, &key);
		if (likely(!why)) {
			at = rx_batch(key, &reader, skb, at, size);
			continue;
		}
		if (key)
			cipe_stats_inc(key->link->stats, why);
		else
			cipe_socket_count(cs, why);
		at += len;
	} while (unlikely(at < skb->len));
}

/* Is it the daemon's? Such a message is never one of many in a packet, see
 * hook.c.
 */
static bool rx_is_control(const struct sk_buff *skb)
{
	__be32 buf, *id;

	id = skb_header_pointer(skb, sizeof(struct udphdr), sizeof(buf), &buf);
	return id && *id == htonl(CIPE_WIRE_CONTROL);
}

/**
 * cipe_rx_datagram - encap_rcv: a datagram for one of our sockets
 * @sk: the socket
 * @skb: the datagram, from its UDP header on, or many of the same length, only
 *	the last one may be shorter; used up unless it is returned
 *
 * Context: softirq or BH off, under RCU.
 * Return: 0 if we took it, 1 if it is the daemon's.
 */
int cipe_rx_datagram(struct sock *sk, struct sk_buff *skb)
{
	struct cipe_sock *cs = rcu_dereference_sk_user_data(sk);

	if (unlikely(!cs)) { /* just let go of */
		kfree_skb(skb);
		return 0;
	}
	if (unlikely(rx_is_control(skb))) {
		if (!cipe_socket_orphan(cs))
			return 1;
		cipe_socket_count(cs, CIPE_STAT_SOCKET_CONTROL);
		kfree_skb(skb);
		return 0;
	}
	/* It may wait for long, for what the route belongs to */
	skb_dst_drop(skb);
	rx_datagrams(cs, skb);
	consume_skb(skb);
	return 0;
}

static u8 rx_outer_dsfield(const struct sk_buff *skb)
{
	return skb->protocol == htons(ETH_P_IP) ? ipv4_get_dsfield(ip_hdr(skb)) :
						  ipv6_get_dsfield(ipv6_hdr(skb));
}

/* Cut what is behind the inner packet; its header says where it ends */
static bool rx_trim_ip(struct sk_buff *skb)
{
	unsigned int len;

	if (skb->protocol == htons(ETH_P_IP)) {
		if (!pskb_may_pull(skb, sizeof(struct iphdr)))
			return false;
		len = ntohs(ip_hdr(skb)->tot_len);
		if (len < sizeof(struct iphdr))
			return false;
	} else {
		if (!pskb_may_pull(skb, sizeof(struct ipv6hdr)))
			return false;
		len = ntohs(ipv6_hdr(skb)->payload_len) + sizeof(struct ipv6hdr);
	}
	return len <= skb->len && !pskb_trim(skb, len);
}

static enum cipe_stat rx_parse_ip(struct sk_buff *skb)
{
	switch (skb->data[0] >> 4) {
	case 4:
		skb->protocol = htons(ETH_P_IP);
		break;
	case 6:
		skb->protocol = htons(ETH_P_IPV6);
		break;
	default:
		return CIPE_STAT_RX_PROTO;
	}
	skb_reset_mac_header(skb);
	skb_reset_network_header(skb);
	skb_reset_mac_len(skb);
	return rx_trim_ip(skb) ? 0 : CIPE_STAT_RX_SHORT;
}

static enum cipe_stat rx_parse_ether(struct cipe_link *link, struct sk_buff *skb)
{
	if (!pskb_may_pull(skb, ETH_HLEN))
		return CIPE_STAT_RX_SHORT;
	skb_reset_mac_header(skb);
	skb->protocol = eth_type_trans(skb, link->dev);
	skb_reset_network_header(skb);
	return 0;
}

/* Decapsulate the congestion mark, RFC 6040 section 4.2; false: drop */
static bool rx_ecn(struct sk_buff *skb, u8 outer)
{
	u8 inner;

	if (skb->protocol == htons(ETH_P_IP) &&
	    pskb_may_pull(skb, sizeof(struct iphdr)))
		inner = ipv4_get_dsfield(ip_hdr(skb));
	else if (skb->protocol == htons(ETH_P_IPV6) &&
		 pskb_may_pull(skb, sizeof(struct ipv6hdr)))
		inner = ipv6_get_dsfield(ipv6_hdr(skb));
	else
		return true;
	return INET_ECN_decapsulate(skb, outer, inner) <= 1;
}

/* It has nobody to wait for, and is in a hurry: it goes the shortest way. All of
 * a flow go the same way, so none overtakes another.
 */
static bool rx_is_icmp(const struct sk_buff *skb)
{
	if (skb->protocol == htons(ETH_P_IP))
		return skb_headlen(skb) >= sizeof(struct iphdr) &&
		       ip_hdr(skb)->protocol == IPPROTO_ICMP;
	if (skb->protocol == htons(ETH_P_IPV6))
		return skb_headlen(skb) >= sizeof(struct ipv6hdr) &&
		       ipv6_hdr(skb)->nexthdr == IPPROTO_ICMPV6;
	return false;
}

/* A packet that is complete, for the stack. 0: used up */
static enum cipe_stat rx_deliver(struct rx_pass *pass, struct sk_buff *skb)
{
	struct cipe_link *link = pass->link;
	enum cipe_stat why;

	why = link->mode == CIPE_MODE_ETHER ? rx_parse_ether(link, skb) :
					      rx_parse_ip(skb);
	if (unlikely(why))
		return why;
	if (unlikely(!rx_ecn(skb, pass->dsfield)))
		return CIPE_STAT_RX_ECN;
	if (unlikely(!(link->dev->flags & IFF_UP)))
		return CIPE_STAT_RX_DOWN;
	if (rx_is_icmp(skb))
		netif_rx(skb);
	else
		__skb_queue_tail(&pass->list, skb);
	return 0;
}

/* What was put together is complete */
static void rx_flush(struct rx_pass *pass)
{
	struct cipe_stats __percpu *stats = pass->link->stats;
	struct cipe_merge *merge = &pass->merge;
	unsigned int n = merge->n, len;
	struct sk_buff *skb = cipe_merge_end(merge);
	enum cipe_stat why;

	if (!skb)
		return;
	len = skb->len + (n - 1) * merge->headers;
	why = rx_deliver(pass, skb);
	if (likely(!why)) {
		cipe_stats_add(stats, CIPE_STAT_RX_PACKETS, CIPE_STAT_RX_BYTES, n, len);
	} else {
		cipe_stats_count(stats, why, n);
		kfree_skb(skb);
	}
}

/* What it might be, for cipe_merge_start() */
static __be16 rx_protocol(const struct cipe_link *link, const struct cipe_packet *packet)
{
	if (link->mode == CIPE_MODE_ETHER)
		return packet->len >= ETH_HLEN ?
		       ((const struct ethhdr *)packet->data)->h_proto : 0;
	return packet->data[0] >> 4 == 4 ? htons(ETH_P_IP) :
	       packet->data[0] >> 4 == 6 ? htons(ETH_P_IPV6) : 0;
}

/* An authentic packet that is not empty */
static void rx_packet(struct cipe_batch *batch, struct cipe_packet *packet,
		      struct rx_pass *pass)
{
	struct cipe_merge *merge = &pass->merge;
	struct cipe_link *link = pass->link;
	struct sk_buff *skb;

	if (merge->skb && cipe_merge_append(merge, batch, packet))
		return;
	rx_flush(pass);
	skb = cipe_slot_build(batch, packet);
	if (unlikely(!skb)) {
		cipe_stats_inc(link->stats, CIPE_STAT_RX_NOMEM);
		cipe_slot_free(packet);
		return;
	}
	skb->dev = link->dev;
	/* The tag vouches for all of it */
	skb->ip_summed = CHECKSUM_UNNECESSARY;
	skb->csum_level = ~0;
	skb->protocol = rx_protocol(link, packet);
	cipe_merge_start(merge, skb, link->mode == CIPE_MODE_ETHER ? ETH_HLEN : 0);
	/* Switched off by the administrator, or in the way of XDP */
	merge->closed |= netif_elide_gro(link->dev);
}

/* Note the counters, and drop what another copy was faster than, or is too old
 * now, or not authentic. True: one was newer than all before.
 */
static bool rx_accept(struct cipe_batch *batch)
{
	struct cipe_key *key = batch->key;
	struct cipe_packet *packet;
	bool newest = false;
	unsigned int i;

	spin_lock_bh(&key->replay_lock);
	for (i = 0; i < batch->n; i++) {
		packet = &batch->packet[i];
		if (unlikely(packet->err))
			continue;
		newest |= packet->counter >= key->replay.next;
		if (unlikely(!cipe_replay_accept(&key->replay, packet->counter)))
			packet->err = -EALREADY;
	}
	spin_unlock_bh(&key->replay_lock);
	return newest;
}

/* Drop what is not to be delivered; how many are left */
static unsigned int rx_refuse(struct cipe_batch *batch)
{
	struct cipe_stats __percpu *stats = batch->link->stats;
	struct cipe_packet *packet;
	unsigned int i, kept = 0;

	for (i = 0; i < batch->n; i++) {
		packet = &batch->packet[i];
		if (likely(!packet->err)) {
			batch->packet[kept++] = *packet;
			continue;
		}
		cipe_stats_inc(stats, packet->err == -EBADMSG ? CIPE_STAT_RX_AUTH :
				      packet->err == -EALREADY ? CIPE_STAT_RX_REPLAY :
				      packet->err == -ENOMEM ? CIPE_STAT_RX_NOMEM :
							       CIPE_STAT_RX_CRYPTO);
		cipe_slot_free(packet);
	}
	batch->n = kept;
	return kept;
}

/* The peer was heard: what that means, whatever is in the packets */
static void rx_heard(struct cipe_batch *batch, bool newest)
{
	struct cipe_link *link = batch->link;
	struct cipe_key *key = batch->key;
	bool activated;

	activated = cipe_link_heard(link, key);
	/* An old packet that was overtaken does not move the peer back */
	if (newest && rcu_access_pointer(link->keys[CIPE_SLOT_CURRENT]) == key)
		cipe_link_roam(link, batch->skb);
	/* Tell the initiator that its key works, if nothing else does */
	if (unlikely(activated) && netif_running(link->dev))
		cipe_tx_keepalive(link);
}

static void rx_authentic(struct cipe_batch *batch)
{
	struct cipe_link *link = batch->link;
	struct cipe_packet *packet;
	struct rx_pass pass = {
		.link = link,
		.dsfield = rx_outer_dsfield(batch->skb),
	};

	__skb_queue_head_init(&pass.list);
	for (packet = batch->packet; packet < batch->packet + batch->n; packet++) {
		if (likely(packet->len)) {
			rx_packet(batch, packet, &pass);
			continue;
		}
		cipe_stats_inc(link->stats, CIPE_STAT_RX_KEEPALIVE);
		cipe_slot_free(packet);
	}
	rx_flush(&pass);
	if (likely(!skb_queue_empty(&pass.list)))
		cipe_cells_receive(link->cells, link->dev, &pass.list);
}

/**
 * cipe_rx_release - the cipher is done with a batch: deliver or drop it
 * @entry: its place in the order; used up
 *
 * Context: softirq or BH off.
 */
void cipe_rx_release(struct cipe_order_entry *entry)
{
	struct cipe_batch *batch = container_of(entry, struct cipe_batch, order);
	bool newest;

	rcu_read_lock();
	newest = rx_accept(batch);
	if (likely(rx_refuse(batch))) {
		rx_heard(batch, newest);
		rx_authentic(batch);
	}
	rcu_read_unlock();
	consume_skb(batch->skb);
	batch->skb = NULL;
	cipe_batch_free(batch);
}
