// SPDX-License-Identifier: GPL-2.0-only
/*
 * Decrypted TCP segments, put together again.
 *
 * What comes in one batch was mostly one packet of the sender's. Linux would
 * find that out by GRO, for each segment with an skb of its own. Here they are
 * still plain memory, and it takes a look at the headers. The rules are GRO's
 * (tcp_gro_receive, inet_gro_receive): whoever cuts the result gets the
 * same segments again.
 */

#include <linux/etherdevice.h>
#include <linux/ip.h>
#include <linux/ipv6.h>
#include <linux/mm.h>
#include <linux/skbuff.h>
#include <linux/tcp.h>
#include <net/ip.h>
#include <net/ip6_checksum.h>
#include <net/tcp.h>

#include "batch.h"
#include "compat.h"
#include "merge.h"

/* A segment may differ in these from the first one */
#define MERGE_FLAGS	(TCP_FLAG_PSH | TCP_FLAG_FIN)

/* And the first one must not have any of these */
#define MERGE_BARRIER	(TCP_FLAG_CWR | TCP_FLAG_URG | TCP_FLAG_RST | \
			 TCP_FLAG_SYN | TCP_FLAG_FIN | TCP_FLAG_PSH)

static struct tcphdr *merge_tcp(const struct cipe_merge *merge, u8 *data)
{
	return (void *)(data + merge->l4);
}

/* Where TCP begins and how long the packet is by its IPv4 header, 0: neither */
static unsigned int merge_ip4(const u8 *data, unsigned int room, unsigned int *len)
{
	const struct iphdr *ip = (void *)data;

	if (room < sizeof(*ip) || ip->version != 4 || ip->ihl != 5 ||
	    ip->protocol != IPPROTO_TCP || ip_is_fragment(ip) ||
	    ip_fast_csum(ip, 5))
		return 0;
	*len = ntohs(ip->tot_len);
	return sizeof(*ip);
}

static unsigned int merge_ip6(const u8 *data, unsigned int room, unsigned int *len)
{
	const struct ipv6hdr *ip6 = (void *)data;

	if (room < sizeof(*ip6) || ip6->version != 6 || ip6->nexthdr != IPPROTO_TCP)
		return 0;
	*len = ntohs(ip6->payload_len) + sizeof(*ip6);
	return sizeof(*ip6);
}

/* Find the headers of a segment of TCP that others may follow */
static bool merge_parse(struct cipe_merge *merge, u8 *data, unsigned int len,
			__be16 protocol)
{
	unsigned int l3_len = 0, inner = 0, doff;

	if (protocol == htons(ETH_P_IP))
		l3_len = merge_ip4(data + merge->l3, len - merge->l3, &inner);
	else if (protocol == htons(ETH_P_IPV6))
		l3_len = merge_ip6(data + merge->l3, len - merge->l3, &inner);
	if (!l3_len || inner + merge->l3 != len ||
	    inner < l3_len + sizeof(struct tcphdr))
		return false;

	merge->l4 = merge->l3 + l3_len;
	doff = merge_tcp(merge, data)->doff * 4;
	merge->headers = merge->l4 + doff;
	if (doff < sizeof(struct tcphdr) || merge->headers >= len ||
	    (tcp_flag_word(merge_tcp(merge, data)) & MERGE_BARRIER))
		return false;
	merge->mss = len - merge->headers;
	return true;
}

/**
 * cipe_merge_start - begin with a packet's first segment
 * @merge: to be filled
 * @skb: the segment, contiguous, from where a datagram's plaintext begins
 * @l3: where in it the IP header is; skb->protocol says which
 */
void cipe_merge_start(struct cipe_merge *merge, struct sk_buff *skb, unsigned int l3)
{
	merge->skb = skb;
	merge->n = 1;
	merge->l3 = l3;
	merge->closed = skb->len <= l3 ||
			!merge_parse(merge, skb->data, skb->len, skb->protocol);
}

/* The same IP header but for lengths, checksum, and a number counted on? */
static bool merge_same_ip4(const struct cipe_merge *merge, const u8 *a, const u8 *b)
{
	const struct iphdr *x = (void *)(a + merge->l3), *y = (void *)(b + merge->l3);

	return *(u16 *)x == *(u16 *)y && x->frag_off == y->frag_off &&
	       *(u16 *)&x->ttl == *(u16 *)&y->ttl &&
	       x->saddr == y->saddr && x->daddr == y->daddr &&
	       (u16)(ntohs(x->id) + merge->n) == ntohs(y->id) &&
	       !ip_fast_csum(y, 5);
}

static bool merge_same_ip6(const struct cipe_merge *merge, const u8 *a, const u8 *b)
{
	const struct ipv6hdr *x = (void *)(a + merge->l3), *y = (void *)(b + merge->l3);

	return *(__be32 *)x == *(__be32 *)y && x->nexthdr == y->nexthdr &&
	       x->hop_limit == y->hop_limit &&
	       ipv6_addr_equal(&x->saddr, &y->saddr) &&
	       ipv6_addr_equal(&x->daddr, &y->daddr);
}

/* The length by the IP header, with what is before that */
static unsigned int merge_len(const struct cipe_merge *merge, const u8 *data)
{
	const struct iphdr *ip = (void *)(data + merge->l3);
	const struct ipv6hdr *ip6 = (void *)ip;

	return merge->l3 + (merge->skb->protocol == htons(ETH_P_IP) ?
			    ntohs(ip->tot_len) :
			    ntohs(ip6->payload_len) + sizeof(*ip6));
}

/* TCP's options, in words as they come */
static bool merge_same_options(const struct tcphdr *x, const struct tcphdr *y)
{
	const u32 *a = (const u32 *)(x + 1), *b = (const u32 *)(y + 1);
	const u32 *end = (const u32 *)x + x->doff;
	u32 differ = 0;

	while (a < end)
		differ |= *a++ ^ *b++;
	return !differ;
}

static bool merge_same_tcp(const struct cipe_merge *merge, struct tcphdr *x,
			   struct tcphdr *y)
{
	return *(u32 *)&x->source == *(u32 *)&y->source &&
	       x->ack_seq == y->ack_seq &&
	       !((tcp_flag_word(x) ^ tcp_flag_word(y)) & ~MERGE_FLAGS) &&
	       ntohl(y->seq) == ntohl(x->seq) + merge->n * merge->mss &&
	       merge_same_options(x, y);
}

static bool merge_follows(const struct cipe_merge *merge, u8 *data, unsigned int len)
{
	u8 *first = merge->skb->data;

	if (len <= merge->headers || len - merge->headers > merge->mss ||
	    (merge->l3 && memcmp(first, data, merge->l3)))
		return false;
	if (merge->skb->protocol == htons(ETH_P_IP) ?
	    !merge_same_ip4(merge, first, data) :
	    !merge_same_ip6(merge, first, data))
		return false;
	return merge_len(merge, data) == len &&
	       merge_same_tcp(merge, merge_tcp(merge, first), merge_tcp(merge, data));
}

/* Into a fragment, while there is one. Then not into another skb behind this one, as
 * GRO goes on (skb_gro_receive()): it joins packets of full fragments, the next
 * batch's too, but none that has skbs behind it already.
 */
static bool merge_add(struct cipe_merge *merge, const struct cipe_batch *batch,
		      const struct cipe_packet *packet)
{
	struct page *page = virt_to_head_page(packet->data);
	struct sk_buff *skb = merge->skb;

	if (skb_shinfo(skb)->nr_frags == MAX_SKB_FRAGS)
		return false;
	skb_add_rx_frag(skb, skb_shinfo(skb)->nr_frags, page,
			packet->data + merge->headers - (u8 *)page_address(page),
			packet->len - merge->headers, batch->slot);
	return true;
}

/**
 * cipe_merge_append - append a segment
 * @merge: a packet begun
 * @batch: what the segment came in
 * @packet: the segment; its memory is taken over
 *
 * Return: false if it does not follow the others, or there is no room.
 */
bool cipe_merge_append(struct cipe_merge *merge, const struct cipe_batch *batch,
		       const struct cipe_packet *packet)
{
	__be32 flags;

	if (merge->closed || merge->skb->len + packet->len > GSO_LEGACY_MAX_SIZE ||
	    !merge_follows(merge, packet->data, packet->len) ||
	    !merge_add(merge, batch, packet))
		return false;

	merge->n++;
	flags = tcp_flag_word(merge_tcp(merge, packet->data)) & MERGE_FLAGS;
	tcp_flag_word(merge_tcp(merge, merge->skb->data)) |= flags;
	merge->closed = flags || packet->len - merge->headers < merge->mss;
	return true;
}

/* The headers and marks of a packet of many */
static void merge_finish(struct cipe_merge *merge)
{
	struct sk_buff *skb = merge->skb;
	struct tcphdr *tcp = merge_tcp(merge, skb->data);
	struct iphdr *ip = (void *)(skb->data + merge->l3);
	struct ipv6hdr *ip6 = (void *)ip;
	unsigned int len = skb->len - merge->l4;

	skb_shinfo(skb)->gso_size = merge->mss;
	skb_shinfo(skb)->gso_segs = merge->n;
	if (skb->protocol == htons(ETH_P_IP)) {
		skb_shinfo(skb)->gso_type = SKB_GSO_TCPV4;
		ip->tot_len = htons(skb->len - merge->l3);
		ip_send_check(ip);
		tcp->check = ~csum_tcpudp_magic(ip->saddr, ip->daddr, len,
						IPPROTO_TCP, 0);
	} else {
		skb_shinfo(skb)->gso_type = SKB_GSO_TCPV6;
		ip6->payload_len = htons(len);
		tcp->check = ~csum_ipv6_magic(&ip6->saddr, &ip6->daddr, len,
					      IPPROTO_TCP, 0);
	}
	skb->ip_summed = CHECKSUM_PARTIAL;
	skb->csum_start = (u8 *)tcp - skb->head;
	skb->csum_offset = offsetof(struct tcphdr, check);
}

/**
 * cipe_merge_end - take the packet as it is now
 * @merge: the packet; empty afterwards
 *
 * Return: the packet, or NULL if there was none.
 */
struct sk_buff *cipe_merge_end(struct cipe_merge *merge)
{
	struct sk_buff *skb = merge->skb;

	if (skb && merge->n > 1)
		merge_finish(merge);
	merge->skb = NULL;
	return skb;
}
