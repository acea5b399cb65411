// SPDX-License-Identifier: GPL-2.0-only
/*
 * A packet from the stack, cut into what datagrams carry.
 *
 * TCP and UDP super-packets of the usual shape are copied from where they lie
 * to where they will be encrypted, a segment at a time, the checksum computed
 * on the way and the headers made from the first ones. All others are left to
 * Linux (skb_gso_segment) and copied from its segments.
 */

#include <linux/ip.h>
#include <linux/ipv6.h>
#include <linux/skbuff.h>
#include <linux/tcp.h>
#include <linux/udp.h>
#include <net/checksum.h>
#include <net/ip.h>
#include <net/ip6_checksum.h>

#include "compat.h"
#include "cut.h"

/* Shapes we cut ourselves. SKB_GSO_DODGY only says not to trust gso_segs. */
#define CUT_TCP		(SKB_GSO_TCPV4 | SKB_GSO_TCPV6)
#define CUT_SHAPES	(CUT_TCP | SKB_GSO_UDP_L4 | SKB_GSO_TCP_ECN | \
			 SKB_GSO_TCP_FIXEDID | SKB_GSO_DODGY)

static bool cut_is_tcp(const struct sk_buff *skb)
{
	return skb_shinfo(skb)->gso_type & CUT_TCP;
}

/* Where the headers are; false if they are not plain IP and TCP or UDP */
static bool cut_headers(struct cipe_cut *cut, const struct sk_buff *skb)
{
	const struct ipv6hdr *ip6 = ipv6_hdr(skb);
	const struct iphdr *ip = ip_hdr(skb);
	u8 protocol;

	cut->l3 = skb_network_offset(skb);
	if (skb->protocol == htons(ETH_P_IP)) {
		if (ip->ihl < 5 || ip_is_fragment(ip))
			return false;
		cut->l4 = cut->l3 + ip->ihl * 4;
		protocol = ip->protocol;
	} else if (skb->protocol == htons(ETH_P_IPV6)) {
		cut->l4 = cut->l3 + sizeof(*ip6);
		protocol = ip6->nexthdr;
	} else {
		return false;
	}
	return protocol == (cut_is_tcp(skb) ? IPPROTO_TCP : IPPROTO_UDP) &&
	       skb_transport_offset(skb) == cut->l4;
}

/* Can we cut it ourselves? Then all but the payload is contiguous. */
static bool cut_ours(struct cipe_cut *cut, struct sk_buff *skb)
{
	const struct skb_shared_info *shared = skb_shinfo(skb);
	unsigned int l3 = skb->protocol == htons(ETH_P_IP) ?
			  sizeof(struct iphdr) : sizeof(struct ipv6hdr);

	if ((shared->gso_type & ~CUT_SHAPES) || skb->encapsulation ||
	    skb->ip_summed != CHECKSUM_PARTIAL || !skb_transport_header_was_set(skb) ||
	    !pskb_network_may_pull(skb, l3) || !cut_headers(cut, skb) ||
	    !pskb_may_pull(skb, cut->l4 + sizeof(struct tcphdr)))
		return false;

	cut->headers = cut->l4 + (cut_is_tcp(skb) ? tcp_hdrlen(skb) :
						    sizeof(struct udphdr));
	if ((cut_is_tcp(skb) && tcp_hdrlen(skb) < sizeof(struct tcphdr)) ||
	    skb->len <= cut->headers || !pskb_may_pull(skb, cut->headers))
		return false;
	cut->mss = shared->gso_size;
	cut->left = DIV_ROUND_UP(skb->len - cut->headers, cut->mss);
	return true;
}

/* Have Linux cut it */
static bool cut_list(struct cipe_cut *cut, struct sk_buff *skb)
{
	struct sk_buff *segments = skb_gso_segment(skb, NETIF_F_SG);

	if (IS_ERR_OR_NULL(segments))
		return false;
	consume_skb(skb);
	cut->skb = segments;
	cut->list = true;
	for (cut->left = 0; segments; segments = segments->next)
		cut->left++;
	return true;
}

/**
 * cipe_cut_begin - begin to cut a packet
 * @cut: to be filled
 * @skb: the packet; used up if it is replaced by a list, see @cut->skb
 *
 * Return: whether all is well. If not, @skb is still the caller's.
 */
bool cipe_cut_begin(struct cipe_cut *cut, struct sk_buff *skb)
{
	memset(cut, 0, sizeof(*cut));
	cut->skb = skb;
	cut->left = 1;
	if (!skb_is_gso(skb))
		return true;
	return cut_ours(cut, skb) || cut_list(cut, skb);
}

/**
 * cipe_cut_len - octets of the next segment
 * @cut: with segments left
 *
 * Return: octets, with headers.
 */
unsigned int cipe_cut_len(const struct cipe_cut *cut)
{
	if (!cut->mss)
		return cut->skb->len;
	if (cut->left > 1)
		return cut->headers + cut->mss;
	return cut->skb->len - cut->index * cut->mss;
}

/**
 * cipe_cut_run - how many segments, from the next on, may leave as one packet
 * @cut: with segments left
 * @max: not more than that
 *
 * Return: a number of segments of the same length, only the last one may be
 * shorter.
 */
unsigned int cipe_cut_run(const struct cipe_cut *cut, unsigned int max)
{
	const struct sk_buff *skb;
	unsigned int n = 1;

	if (!cut->list)
		return min(cut->left, max);
	for (skb = cut->skb; n < max && skb->next; skb = skb->next, n++) {
		if (skb->next->len > skb->len)
			break;
		if (skb->next->len < skb->len)
			return n + 1;
	}
	return n;
}

/* One that leaves as it is, but for a checksum that is due */
static bool cut_whole(const struct sk_buff *skb, u8 *to)
{
	__sum16 *sum;
	__wsum csum;
	int start;

	if (skb->ip_summed != CHECKSUM_PARTIAL)
		return !skb_copy_bits(skb, 0, to, skb->len);

	/* Before the packet, if a guest said so and its header was cut off */
	start = skb_checksum_start_offset(skb);
	if (unlikely(start < 0 ||
		     (unsigned int)start + skb->csum_offset + sizeof(*sum) > skb->len ||
		     skb_copy_bits(skb, 0, to, start)))
		return false;
	csum = skb_copy_and_csum_bits(skb, start, to + start, skb->len - start);
	sum = (__sum16 *)(to + start + skb->csum_offset);
	*sum = csum_fold(csum) ?: CSUM_MANGLED_0;
	return true;
}

/* The IP header of a segment; returns what it adds to the checksum of TCP or
 * UDP, of which there are @len octets
 */
static __sum16 cut_ip(const struct cipe_cut *cut, u8 *to, unsigned int len,
		      u8 protocol, __wsum csum)
{
	struct ipv6hdr *ip6 = (void *)(to + cut->l3);
	struct iphdr *ip = (void *)(to + cut->l3);

	if (cut->skb->protocol == htons(ETH_P_IPV6)) {
		ip6->payload_len = htons(len);
		return csum_ipv6_magic(&ip6->saddr, &ip6->daddr, len, protocol, csum);
	}
	ip->tot_len = htons(cut->l4 - cut->l3 + len);
	if (!(skb_shinfo(cut->skb)->gso_type & SKB_GSO_TCP_FIXEDID))
		ip->id = htons(ntohs(ip->id) + cut->index);
	ip_send_check(ip);
	return csum_tcpudp_magic(ip->saddr, ip->daddr, len, protocol, csum);
}

/* The TCP header, its checksum 0, of a segment: RFC 9293 sections 3.1 and 3.7.
 * What marks an end belongs to the last one, a congestion window reduced (RFC
 * 3168 section 6.1.2) to the first.
 */
static void cut_tcp(const struct cipe_cut *cut, struct tcphdr *tcp)
{
	tcp->seq = htonl(ntohl(tcp->seq) + cut->index * cut->mss);
	if (cut->left > 1) {
		tcp->fin = 0;
		tcp->psh = 0;
	}
	if (cut->index)
		tcp->cwr = 0;
	tcp->check = 0;
}

/* One of many: the first one's headers, adapted */
static void cut_segment(const struct cipe_cut *cut, u8 *to)
{
	unsigned int payload = cipe_cut_len(cut) - cut->headers;
	unsigned int l4 = cut->headers - cut->l4;
	struct tcphdr *tcp = (void *)(to + cut->l4);
	struct udphdr *udp = (void *)(to + cut->l4);
	__wsum csum;

	skb_copy_from_linear_data(cut->skb, to, cut->headers);
	csum = skb_copy_and_csum_bits(cut->skb, cut->headers + cut->index * cut->mss,
				      to + cut->headers, payload);
	if (cut_is_tcp(cut->skb)) {
		cut_tcp(cut, tcp);
		csum = csum_partial(tcp, l4, csum);
		tcp->check = cut_ip(cut, to, l4 + payload, IPPROTO_TCP, csum);
	} else {
		udp->len = htons(l4 + payload);
		udp->check = 0;
		csum = csum_partial(udp, l4, csum);
		udp->check = cut_ip(cut, to, l4 + payload, IPPROTO_UDP, csum) ?:
			     CSUM_MANGLED_0;
	}
}

/**
 * cipe_cut_next - write the next segment
 * @cut: with segments left
 * @to: where to, cipe_cut_len() octets
 *
 * Return: false if the packet was not what its headers say.
 */
bool cipe_cut_next(struct cipe_cut *cut, u8 *to)
{
	struct sk_buff *skb = cut->skb;
	bool good = true;

	if (cut->mss)
		cut_segment(cut, to);
	else
		good = cut_whole(skb, to);
	if (cut->list && skb->next) {
		cut->skb = skb->next;
		skb_mark_not_on_list(skb);
		consume_skb(skb);
	}
	cut->index++;
	cut->left--;
	return good;
}
