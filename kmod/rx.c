// SPDX-License-Identifier: GPL-2.0-only
/*
 * A packet's way in, top down: from the UDP socket, through the cipher, to the
 * stack. Nothing before the cipher's verdict changes any state but counters.
 */

#include <linux/etherdevice.h>
#include <linux/if_vlan.h>
#include <linux/skbuff.h>
#include <linux/udp.h>
#include <net/inet_ecn.h>
#include <net/ip_tunnels.h>
#include <net/sock.h>

#include <cipe/wire.h>

#include "aead.h"
#include "keys.h"
#include "link.h"
#include "rx.h"
#include "socket.h"
#include "tx.h"

static const struct cipe_wire_data *rx_header(const struct sk_buff *skb)
{
	return (void *)(skb_transport_header(skb) + sizeof(struct udphdr));
}

/* What the header alone gives away. 0: worth decrypting */
static enum cipe_stat rx_check_header(struct cipe_key *key, u32 id, u32 counter)
{
	bool fresh;

	if (id & CIPE_WIRE_FLAG_MASK)
		return CIPE_STAT_RX_FLAGS;
	if (cipe_key_expired(key))
		return CIPE_STAT_RX_EXPIRED;
	spin_lock(&key->replay_lock);
	fresh = cipe_replay_fresh(&key->replay, counter);
	spin_unlock(&key->replay_lock);
	return fresh ? 0 : CIPE_STAT_RX_REPLAY;
}

/* Decrypt in place, after making sure that nobody else reads the buffer */
static enum cipe_stat rx_decrypt(struct cipe_key *key, struct sk_buff *skb,
				 u32 counter)
{
	struct cipe_crypt *crypt;
	unsigned int len;

	/* It may wait for long, for what the route belongs to */
	skb_dst_drop(skb);
	if (unlikely(skb_linearize_cow(skb)))
		return CIPE_STAT_RX_NOMEM;
	crypt = cipe_crypt_alloc(key->link, key, &key->link->rx_order, 1);
	if (unlikely(!crypt))
		return CIPE_STAT_RX_NOMEM;
	crypt->datagram = skb;
	len = skb->len - sizeof(struct udphdr);
	sg_init_one(&crypt->sg[0], skb->data + sizeof(struct udphdr), len);
	cipe_crypt_decrypt(crypt, len - sizeof(struct cipe_wire_data), counter);
	return 0;
}

/**
 * cipe_rx_datagram - encap_rcv: a datagram for one of our sockets
 * @sk: the socket
 * @skb: the datagram, from its UDP header on; used up unless it is returned
 *
 * Context: softirq or BH off, under RCU.
 * Return: 0 if we took it, 1 if it is the daemon's.
 */
int cipe_rx_datagram(struct sock *sk, struct sk_buff *skb)
{
	struct cipe_sock *cs = rcu_dereference_sk_user_data(sk);
	const unsigned int marker = sizeof(struct udphdr) + sizeof(__be32);
	enum cipe_stat why;
	struct cipe_key *key;
	u32 id, counter;

	if (unlikely(!cs)) /* just let go of */
		goto drop;
	if (unlikely(!pskb_may_pull(skb, marker)))
		goto runt;
	id = be32_to_cpu(rx_header(skb)->key_id);
	if (id == CIPE_WIRE_CONTROL) {
		if (!cipe_socket_orphan(cs))
			return 1;
		cipe_socket_count(cs, CIPE_STAT_SOCKET_CONTROL);
		goto drop;
	}
	if (unlikely(!pskb_may_pull(skb, sizeof(struct udphdr) + CIPE_WIRE_OVERHEAD)))
		goto runt;
	key = cipe_key_lookup(cs, id & CIPE_WIRE_ID_MASK);
	if (unlikely(!key)) {
		cipe_socket_count(cs, CIPE_STAT_SOCKET_UNKNOWN_KEY);
		goto drop;
	}

	counter = be32_to_cpu(rx_header(skb)->counter);
	why = rx_check_header(key, id, counter) ?: rx_decrypt(key, skb, counter);
	if (likely(!why))
		return 0;
	cipe_stats_inc(key->link->stats, why);
	goto drop;
runt:
	cipe_socket_count(cs, CIPE_STAT_SOCKET_SHORT);
drop:
	kfree_skb(skb);
	return 0;
}

/* Note the counter; false: another copy was faster, or it is too old now */
static bool rx_accept(struct cipe_key *key, u32 counter, bool *newest)
{
	bool accepted;

	spin_lock_bh(&key->replay_lock);
	*newest = counter >= key->replay.next;
	accepted = cipe_replay_accept(&key->replay, counter);
	spin_unlock_bh(&key->replay_lock);
	return accepted;
}

static u8 rx_outer_dsfield(const struct sk_buff *skb)
{
	return skb->protocol == htons(ETH_P_IP) ? ipv4_get_dsfield(ip_hdr(skb)) :
						  ipv6_get_dsfield(ipv6_hdr(skb));
}

/* A new life for the skb: what the carrier's stack noted is not the inner's */
static void rx_reset(struct cipe_link *link, struct sk_buff *skb)
{
	skb_orphan(skb);
	skb_scrub_packet(skb, true);
	__vlan_hwaccel_clear_tag(skb);
	skb_clear_hash(skb);
	skb_set_queue_mapping(skb, 0);
	skb->dev = link->dev;
	skb->priority = 0;
	skb->encapsulation = 0;
	/* The tag vouches for all of it */
	skb->ip_summed = CHECKSUM_UNNECESSARY;
	skb->csum_level = ~0;
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

/* An authentic packet, header and tag cut off, to the stack. 0: used up */
static enum cipe_stat rx_deliver(struct cipe_link *link, struct sk_buff *skb)
{
	u8 dsfield = rx_outer_dsfield(skb);
	unsigned int len = skb->len;
	enum cipe_stat why;

	rx_reset(link, skb);
	why = link->mode == CIPE_MODE_ETHER ? rx_parse_ether(link, skb) :
					      rx_parse_ip(skb);
	if (unlikely(why))
		return why;
	if (unlikely(!rx_ecn(skb, dsfield)))
		return CIPE_STAT_RX_ECN;
	if (unlikely(!(link->dev->flags & IFF_UP)))
		return CIPE_STAT_RX_DOWN;

	cipe_stats_add(link->stats, CIPE_STAT_RX_PACKETS, CIPE_STAT_RX_BYTES, 1, len);
	gro_cells_receive(&link->gro, skb);
	return 0;
}

/* A decrypted datagram, from its UDP header on. 0: used up */
static enum cipe_stat rx_authentic(struct cipe_link *link, struct cipe_key *key,
				   struct sk_buff *skb)
{
	bool newest, activated;

	if (unlikely(!rx_accept(key, be32_to_cpu(rx_header(skb)->counter), &newest)))
		return CIPE_STAT_RX_REPLAY;
	activated = cipe_link_heard(link, key);
	/* An old packet that was overtaken does not move the peer back */
	if (newest && rcu_access_pointer(link->keys[CIPE_SLOT_CURRENT]) == key)
		cipe_link_roam(link, skb);
	/* Tell the initiator that its key works, if nothing else does */
	if (unlikely(activated) && netif_running(link->dev))
		cipe_tx_keepalive(link);

	skb_pull(skb, sizeof(struct udphdr) + sizeof(struct cipe_wire_data));
	if (pskb_trim(skb, skb->len - CIPE_WIRE_TAG_LEN))
		return CIPE_STAT_RX_NOMEM;
	if (!skb->len) {
		cipe_stats_inc(link->stats, CIPE_STAT_RX_KEEPALIVE);
		consume_skb(skb);
		return 0;
	}
	return rx_deliver(link, skb);
}

/**
 * cipe_rx_release - the cipher is done with a datagram: deliver or drop it
 * @entry: its place in the order; used up
 *
 * Context: softirq or BH off.
 */
void cipe_rx_release(struct cipe_order_entry *entry)
{
	struct cipe_crypt *crypt = container_of(entry, struct cipe_crypt, order);
	struct cipe_link *link = crypt->link;
	enum cipe_stat why;

	rcu_read_lock();
	if (likely(!crypt->err))
		why = rx_authentic(link, crypt->key, crypt->datagram);
	else
		why = crypt->err == -EBADMSG ? CIPE_STAT_RX_AUTH :
					       CIPE_STAT_RX_CRYPTO;
	if (likely(!why))
		crypt->datagram = NULL;
	else
		cipe_stats_inc(link->stats, why);
	rcu_read_unlock();
	cipe_crypt_free(crypt);
}
