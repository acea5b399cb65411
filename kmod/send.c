// SPDX-License-Identifier: GPL-2.0-only
/*
 * Plaintext to datagrams, and those on their way: the second half of a packet's
 * way out.
 *
 * Plaintext is never encrypted in place: it may be shared with whoever sent
 * it, and the ciphertext needs room of its own before and behind anyway. It is
 * copied to where the datagrams will be, encrypted there, and as many of them as
 * possible leave as one packet.
 *
 * Top down; in the file each stands above those who call it:
 *
 * cipe_send			all of a packet, a batch at a time
 *   send_batch			counters for all of it
 *   send_datagrams		skbs, and in them
 *     send_fill
 *       send_write		header, plaintext, place for the tag
 *   send_own			the sender's socket pays
 *   cipe_crypt_encrypt		now or later, in the order of submission:
 * cipe_send_release		the cipher is done
 *   send_resolve		the route anew, if it took long
 *   send_skbs			to UDP and IP, path.c
 *   send_count
 */

#include <linux/mm.h>
#include <linux/skbuff.h>
#include <net/sock.h>
#include <net/tcp.h>

#include <cipe/wire.h>

#include "batch.h"
#include "chacha.h"
#include "compat.h"
#include "crypt.h"
#include "cut.h"
#include "keys.h"
#include "link.h"
#include "pages.h"
#include "path.h"
#include "send.h"

/* Before a datagram: what the cipher wants before the plaintext, less the
 * header. So the plaintext is as aligned as pages.c aligns the lead.
 */
#define SEND_LEAD		(CIPE_CHACHA_ROOM - sizeof(struct cipe_wire_data))

/* Largest packet for segmentation, less all headers that it may get */
#define SEND_SUPER_MAX(dev) \
	(min_t(unsigned int, READ_ONCE((dev)->gso_max_size), IP_MAX_MTU) - 128)

DEFINE_PER_CPU(unsigned int, cipe_send_depth);

/* Cipher blocks of the next @n segments, the lengths of @cut's next ones */
static u64 send_blocks(const struct cipe_cut *cut, unsigned int n)
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
static bool send_write(struct cipe_batch *batch, struct cipe_cut *cut, u8 *data,
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

static void send_append(struct cipe_batch *batch, struct sk_buff *skb,
			struct sk_buff **last)
{
	if (*last)
		(*last)->next = skb;
	else
		batch->skb = skb;
	*last = skb;
}

/* An skb of one datagram of @len octets of plaintext: contiguous */
static struct sk_buff *send_single(const struct cipe_outer *outer, unsigned int len)
{
	unsigned int headroom = ALIGN(cipe_path_headroom(outer), CIPE_PAGES_ALIGN) +
				SEND_LEAD;
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
static struct sk_buff *send_super(const struct cipe_outer *outer, unsigned int size)
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
static bool send_fill(struct cipe_batch *batch, struct cipe_cut *cut,
		      struct sk_buff *skb, unsigned int size, unsigned int n,
		      u32 counter)
{
	unsigned int frag, got, len;
	u8 *run, *data;

	for (frag = 0; n && frag < MAX_SKB_FRAGS; frag++, n -= got) {
		got = n;
		run = cipe_pages_run(CIPE_PAGES_CIPHERTEXT, SEND_LEAD, size, &got);
		if (unlikely(!run))
			return false;
		len = 0;
		skb_shinfo(skb)->gso_segs += got;
		for (data = run; data < run + got * size; data += size) {
			len += cipe_cut_len(cut) + CIPE_WIRE_OVERHEAD;
			if (unlikely(!send_write(batch, cut, data, counter++))) {
				put_page(virt_to_head_page(run));
				return false;
			}
		}
		skb_add_rx_frag(skb, frag, virt_to_head_page(run),
				run - (u8 *)page_address(virt_to_head_page(run)),
				len, got * size + SEND_LEAD);
	}
	return !n;
}

/* Make the datagrams of @n segments of @cut, as few skbs as possible */
static bool send_datagrams(struct cipe_batch *batch, struct cipe_cut *cut,
			   unsigned int n, u32 counter)
{
	struct sk_buff *skb, *last = NULL;
	unsigned int run, size;
	bool good;

	for (; n; n -= run, counter += run) {
		size = cipe_cut_len(cut) + CIPE_WIRE_OVERHEAD;
		run = batch->outer.fragment ? 1 :
		      cipe_cut_run(cut, min(n, SEND_SUPER_MAX(batch->outer.dst->dev) / size ?: 1));
		skb = run > 1 ? send_super(&batch->outer, size) :
				send_single(&batch->outer, size - CIPE_WIRE_OVERHEAD);
		if (unlikely(!skb))
			return false;
		skb->priority = cut->skb->priority;
		send_append(batch, skb, &last);
		good = run > 1 ? send_fill(batch, cut, skb, size, run, counter) :
				 send_write(batch, cut, skb->data, counter);
		if (unlikely(!good))
			return false;
	}
	return true;
}

/* Does the packet count against its sender's socket, by its truesize? */
static bool send_charged(const struct sk_buff *skb, const struct sock *sk)
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
static void send_charge(struct sk_buff *datagram, struct sk_buff *plain, bool last)
{
	struct sock *sk = plain->sk;
	int more = datagram->truesize;

	if (!send_charged(plain, sk))
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
static void send_own(struct cipe_batch *batch, struct cipe_cut *cut)
{
	struct sk_buff *skb;

	for (skb = batch->skb; skb; skb = skb->next)
		send_charge(skb, cut->skb, !cut->left && !skb->next);
	if (!cut->left)
		consume_skb(cut->skb);
}

/* A batch to send, @n counters reserved from @counter on */
static struct cipe_batch *send_batch(struct cipe_link *link, struct cipe_key *key,
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
	if (likely(batch))
		batch->depth = __this_cpu_read(cipe_send_depth);
	return batch;
}

/**
 * cipe_send - encrypt and send what a packet is cut into
 * @link: the link
 * @key: the key
 * @outer: how it shall leave; its route is used up
 * @cut: begun, and nothing taken from it; its packet is used up
 *
 * Context: softirq or BH off, under RCU.
 */
void cipe_send(struct cipe_link *link, struct cipe_key *key,
	       struct cipe_outer *outer, struct cipe_cut *cut)
{
	struct cipe_batch *batch;
	unsigned int n, left;
	enum cipe_stat why;
	u32 counter;

	do {
		left = cut->left;
		n = min_t(unsigned int, cut->left, CIPE_BATCH_MAX);
		batch = send_batch(link, key, n, send_blocks(cut, n), &counter, &why);
		if (unlikely(!batch))
			goto drop;
		batch->outer = *outer;
		if (unlikely(n < cut->left))
			dst_hold(outer->dst);
		else
			outer->dst = NULL;
		if (unlikely(!send_datagrams(batch, cut, n, counter))) {
			cipe_batch_free(batch);
			why = CIPE_STAT_TX_NOMEM;
			goto drop;
		}
		send_own(batch, cut);
		cipe_crypt_encrypt(batch);
	} while (unlikely(cut->left));
	return;
drop:
	dst_release(outer->dst);
	cipe_stats_count(link->stats, why, left);
	kfree_skb_list(cut->skb);
}

/**
 * cipe_send_empty - encrypt and send a packet with nothing inside
 * @link: the link
 * @key: the key
 * @outer: how it shall leave; its route is used up
 *
 * Context: softirq or BH off, under RCU.
 * Return: 0, or what to count.
 */
enum cipe_stat cipe_send_empty(struct cipe_link *link, struct cipe_key *key,
			       struct cipe_outer *outer)
{
	struct cipe_batch *batch;
	enum cipe_stat why;
	u32 counter;

	batch = send_batch(link, key, 1, cipe_key_blocks(0), &counter, &why);
	if (!batch) {
		dst_release(outer->dst);
		return why;
	}
	batch->outer = *outer;
	batch->skb = send_single(outer, 0);
	if (!batch->skb) {
		cipe_batch_free(batch);
		return CIPE_STAT_TX_NOMEM;
	}
	send_write(batch, NULL, batch->skb->data, counter);
	cipe_crypt_encrypt(batch);
	return 0;
}

/* Find the way anew: while the cipher had the batch the peer may have moved, or
 * the socket's network namespace gone.
 */
static enum cipe_stat send_resolve(struct cipe_batch *batch)
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
static void send_skbs(struct cipe_batch *batch)
{
	struct sk_buff *skb = batch->skb, *next;
	unsigned int depth = __this_cpu_read(cipe_send_depth);

	batch->skb = NULL;
	__this_cpu_write(cipe_send_depth, batch->depth);
	for (; skb; skb = next) {
		next = skb->next;
		skb_mark_not_on_list(skb);
		if (next)
			dst_hold(batch->outer.dst);
		cipe_path_send(&batch->outer, skb);
	}
	batch->outer.dst = NULL;
	__this_cpu_write(cipe_send_depth, depth);
}

static void send_count(const struct cipe_batch *batch)
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

static bool send_encrypted(const struct cipe_batch *batch)
{
	unsigned int i;

	for (i = 0; i < batch->n; i++)
		if (unlikely(batch->packet[i].err))
			return false;
	return true;
}

/**
 * cipe_send_release - the cipher is done with a batch: send it
 * @entry: its place in the order; used up
 *
 * Context: softirq or BH off.
 */
void cipe_send_release(struct cipe_order_entry *entry)
{
	struct cipe_batch *batch = container_of(entry, struct cipe_batch, order);
	struct cipe_link *link = batch->link;
	enum cipe_stat why = 0;

	rcu_read_lock();
	if (unlikely(!send_encrypted(batch)))
		why = CIPE_STAT_TX_CRYPTO;
	else if (unlikely(!batch->outer.dst))
		why = send_resolve(batch);
	if (likely(!why)) {
		send_skbs(batch);
		cipe_link_sent(link);
		send_count(batch);
	} else {
		cipe_stats_count(link->stats, why, batch->n);
	}
	rcu_read_unlock();
	cipe_batch_free(batch);
}
