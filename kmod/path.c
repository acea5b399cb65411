// SPDX-License-Identifier: GPL-2.0-only
/* The way to the peer: route, outer headers, sending. */

#include <linux/inetdevice.h>
#include <net/dst_cache.h>
#include <net/ip6_route.h>
#include <net/ip_tunnels.h>
#include <net/ipv6.h>
#include <net/ipv6_stubs.h>
#include <net/route.h>
#include <net/udp_tunnel.h>

#include <cipe/wire.h>

#include "endpoint.h"
#include "link.h"
#include "path.h"
#include "socket.h"

/* The address to send from: what the socket is bound to, else what the peer
 * last sent to as long as it is ours, else what the route prefers.
 */
static __be32 path_source4(const struct sock *sk, const struct cipe_endpoint *ep)
{
	__be32 bound = inet_sk(sk)->inet_saddr;

	if (bound && (sk->sk_family == AF_INET ||
		      ipv6_addr_v4mapped(&sk->sk_v6_rcv_saddr)))
		return bound;
	if (ep->local.sa.sa_family == AF_INET &&
	    __ip_dev_find(sock_net(sk), ep->local.in.sin_addr.s_addr, false))
		return ep->local.in.sin_addr.s_addr;
	return 0;
}

/* The socket's owner may give it another mark, or bind it to another device: the
 * cache has the route of those before. What others look up meanwhile is found out
 * by path_changed().
 */
static void path_follow(const struct sock *sk, struct cipe_endpoint *ep)
{
	u32 mark = READ_ONCE(sk->sk_mark);
	int oif = READ_ONCE(sk->sk_bound_dev_if);

	if (likely(READ_ONCE(ep->mark) == mark && READ_ONCE(ep->oif) == oif))
		return;
	WRITE_ONCE(ep->mark, mark);
	WRITE_ONCE(ep->oif, oif);
	cipe_endpoint_forget_route(ep);
}

/* After a route was stored that had been looked up with @mark and @oif */
static void path_changed(const struct sock *sk, struct cipe_endpoint *ep, u32 mark,
			 int oif)
{
	if (unlikely(READ_ONCE(sk->sk_mark) != mark ||
		     READ_ONCE(sk->sk_bound_dev_if) != oif))
		cipe_endpoint_forget_route(ep);
}

static struct dst_entry *path_route4(struct sock *sk, struct cipe_endpoint *ep,
				     struct cipe_outer *outer)
{
	u32 mark = READ_ONCE(sk->sk_mark);
	int oif = READ_ONCE(sk->sk_bound_dev_if);
	struct flowi4 fl4 = {
		.daddr = ep->remote.in.sin_addr.s_addr,
		.fl4_sport = outer->sport,
		.fl4_dport = outer->dport,
		.flowi4_proto = IPPROTO_UDP,
		.flowi4_mark = mark,
		.flowi4_oif = oif,
	};
	struct rtable *rt;

	outer->v4.daddr = fl4.daddr;
	rt = dst_cache_get_ip4(&ep->cache, &outer->v4.saddr);
	if (rt)
		return &rt->dst;

	fl4.saddr = path_source4(sk, ep);
	security_sk_classify_flow(sk, flowi4_to_flowi_common(&fl4));
	rt = ip_route_output_flow(sock_net(sk), &fl4, sk);
	if (IS_ERR(rt))
		return NULL;
	dst_cache_set_ip4(&ep->cache, &rt->dst, fl4.saddr);
	path_changed(sk, ep, mark, oif);
	outer->v4.saddr = fl4.saddr;
	return &rt->dst;
}

/* A link-local address is not for what is elsewhere: the peer sent there as we had no
 * other one at that time
 */
static bool path_reaches6(const struct in6_addr *from, const struct in6_addr *to)
{
	return !(ipv6_addr_type(from) & IPV6_ADDR_LINKLOCAL) ||
	       ipv6_addr_type(to) & IPV6_ADDR_LINKLOCAL;
}

static void path_source6(const struct sock *sk, const struct cipe_endpoint *ep,
			 struct in6_addr *saddr)
{
	if (!ipv6_addr_any(&sk->sk_v6_rcv_saddr))
		*saddr = sk->sk_v6_rcv_saddr;
	else if (ep->local.sa.sa_family == AF_INET6 &&
		 path_reaches6(&ep->local.in6.sin6_addr, &ep->remote.in6.sin6_addr) &&
		 ipv6_chk_addr(sock_net(sk), &ep->local.in6.sin6_addr, NULL, 0))
		*saddr = ep->local.in6.sin6_addr;
}

static struct dst_entry *path_route6(struct sock *sk, struct cipe_endpoint *ep,
				     struct cipe_outer *outer)
{
	u32 mark = READ_ONCE(sk->sk_mark);
	int oif = READ_ONCE(sk->sk_bound_dev_if);
	struct flowi6 fl6 = {
		.daddr = ep->remote.in6.sin6_addr,
		.fl6_sport = outer->sport,
		.fl6_dport = outer->dport,
		.flowi6_proto = IPPROTO_UDP,
		.flowi6_mark = mark,
		.flowi6_oif = ep->remote.in6.sin6_scope_id ?: oif,
	};
	struct dst_entry *dst;

	outer->v6.daddr = fl6.daddr;
	dst = dst_cache_get_ip6(&ep->cache, &outer->v6.saddr);
	if (dst)
		return dst;

	path_source6(sk, ep, &fl6.saddr);
	security_sk_classify_flow(sk, flowi6_to_flowi_common(&fl6));
	dst = ipv6_stub->ipv6_dst_lookup_flow(sock_net(sk), sk, &fl6, NULL);
	if (IS_ERR(dst))
		return NULL;
	dst_cache_set_ip6(&ep->cache, dst, &fl6.saddr);
	path_changed(sk, ep, mark, oif);
	outer->v6.saddr = fl6.saddr;
	return dst;
}

/* Octets of plaintext in a packet that is as large as the path allows */
static unsigned int path_room(const struct cipe_outer *outer)
{
	unsigned int mtu = dst_mtu(outer->dst);
	unsigned int headers = sizeof(struct udphdr) + CIPE_WIRE_OVERHEAD;

	headers += outer->family == AF_INET6 ? sizeof(struct ipv6hdr) :
					       sizeof(struct iphdr);
	return mtu > headers ? mtu - headers : 0;
}

/**
 * cipe_path_possible - can a socket send to an address family?
 * @sk: bound
 * @family: %AF_INET or %AF_INET6
 *
 * Return: false for IPv6 from an IPv4 socket or an IPv4 address, and for IPv4
 * from a socket of IPv6 only.
 */
bool cipe_path_possible(const struct sock *sk, unsigned int family)
{
	if (family == AF_INET6)
		return sk->sk_family == AF_INET6 &&
		       !ipv6_addr_v4mapped(&sk->sk_v6_rcv_saddr);
	return sk->sk_family == AF_INET || !sk->sk_ipv6only;
}

/**
 * cipe_path_resolve - find the way to the peer
 * @link: the link
 * @outer: gets the route, addresses, ports, room; the rest is defaults for a
 *	packet with nothing inside
 *
 * Context: softirq or BH off, under RCU.
 * Return: 0, and outer->dst is the caller's to release; else what to count,
 * and there is nothing to release.
 */
enum cipe_stat cipe_path_resolve(struct cipe_link *link, struct cipe_outer *outer)
{
	struct cipe_sock *cs = rcu_dereference(link->sock);
	struct sock *sk = cs ? rcu_dereference(cs->sk) : NULL;
	struct cipe_endpoint *ep;

	if (unlikely(!sk))
		return CIPE_STAT_TX_NO_SOCKET;
	ep = rcu_dereference(link->endpoint);
	if (unlikely(!ep))
		return CIPE_STAT_TX_NO_ENDPOINT;

	outer->family = ep->remote.sa.sa_family;
	if (unlikely(!cipe_path_possible(sk, outer->family)))
		return CIPE_STAT_TX_NO_ROUTE;
	path_follow(sk, ep);
	outer->sk = sk;
	outer->sport = inet_sk(sk)->inet_sport;
	if (outer->family == AF_INET6) {
		outer->dport = ep->remote.in6.sin6_port;
		outer->dst = path_route6(sk, ep, outer);
	} else {
		outer->dport = ep->remote.in.sin_port;
		outer->dst = path_route4(sk, ep, outer);
	}
	if (unlikely(!outer->dst))
		return CIPE_STAT_TX_NO_ROUTE;
	if (unlikely(outer->dst->dev == link->dev)) {
		dst_release(outer->dst);
		outer->dst = NULL;
		return CIPE_STAT_TX_LOOP;
	}

	outer->room = path_room(outer);
	outer->tos = READ_ONCE(link->tos) == CIPE_TOS_INHERIT ? 0 :
		     READ_ONCE(link->tos);
	outer->ttl = READ_ONCE(link->ttl);
	if (!outer->ttl)
		outer->ttl = outer->family == AF_INET6 ?
			     ip6_dst_hoplimit(outer->dst) :
			     ip4_dst_hoplimit(outer->dst);
	outer->fragment = false;
	return 0;
}

static void path_source(const struct cipe_outer *outer, union cipe_sockaddr *source)
{
	memset(source, 0, sizeof(*source));
	source->sa.sa_family = outer->family;
	if (outer->family == AF_INET6)
		source->in6.sin6_addr = outer->v6.saddr;
	else
		source->in.sin_addr.s_addr = outer->v4.saddr;
}

static bool path_same_address(const union cipe_sockaddr *a, const union cipe_sockaddr *b)
{
	if (a->sa.sa_family != b->sa.sa_family)
		return false;
	if (a->sa.sa_family == AF_INET6)
		return ipv6_addr_equal(&a->in6.sin6_addr, &b->in6.sin6_addr);
	return a->in.sin_addr.s_addr == b->in.sin_addr.s_addr;
}

/* For want of a better one, as the others are gone or tentative: it may reach the
 * peer, which would keep to it, or not
 */
static bool path_makeshift(const struct cipe_outer *outer)
{
	if (outer->family == AF_INET6)
		return !path_reaches6(&outer->v6.saddr, &outer->v6.daddr);
	return ipv4_is_linklocal_169(outer->v4.saddr) &&
	       !ipv4_is_linklocal_169(outer->v4.daddr);
}

/**
 * cipe_path_moved - is the peer to be told that we have another address?
 * @link: the link
 * @outer: resolved in the same RCU section
 *
 * If it last sent to one that we do not use any more; but only so often in a row, and
 * not too fast: it may not be there, or not want to follow.
 *
 * Context: under RCU. Not for two callers at a time.
 * Return: false also if it is not known where the peer sends to.
 */
bool cipe_path_moved(const struct cipe_link *link, const struct cipe_outer *outer)
{
	struct cipe_endpoint *ep = rcu_dereference(link->endpoint);
	union cipe_sockaddr source;

	if (!ep || ep->local.sa.sa_family != outer->family)
		return false;
	path_source(outer, &source);
	if (path_same_address(&source, &ep->local) || path_makeshift(outer))
		return false;
	if (!path_same_address(&source, &ep->told_from) ||
	    time_after(jiffies, ep->told_at + CIPE_TELL_ANEW)) {
		ep->told_from = source;
		ep->told = 0;
	}
	if (ep->told >= CIPE_TELL_TRIES ||
	    (ep->told && time_before(jiffies, ep->told_at + CIPE_TELL_GAP)))
		return false;
	ep->told++;
	ep->told_at = jiffies;
	return true;
}

/**
 * cipe_path_headroom - octets to keep free before a datagram's payload
 * @outer: resolved
 *
 * Return: octets, for UDP, IP and what the route's device wants.
 */
unsigned int cipe_path_headroom(const struct cipe_outer *outer)
{
	return LL_RESERVED_SPACE(outer->dst->dev) + outer->dst->header_len +
	       sizeof(struct ipv6hdr) + sizeof(struct udphdr);
}

/**
 * cipe_path_send - send a datagram, or a packet of many for segmentation
 * @outer: resolved in the same RCU section; a reference to its route is used up
 * @skb: the payload, with headroom; used up
 *
 * Context: softirq or BH off, under RCU.
 */
void cipe_path_send(struct cipe_outer *outer, struct sk_buff *skb)
{
	struct dst_entry *dst = outer->dst;
	struct sock *sk = outer->sk;

	if (skb_is_gso(skb)) {
		/* Checksums of the datagrams that it will be cut into */
		skb->ip_summed = CHECKSUM_PARTIAL;
		skb->csum_start = skb_headroom(skb) - sizeof(struct udphdr);
		skb->csum_offset = offsetof(struct udphdr, check);
	}
	/* IPv6: what must not be fragmented was checked against the path
	 * already, the rest may be.
	 */
	skb->ignore_df = 1;
	skb->mark = READ_ONCE(sk->sk_mark);
	if (outer->family == AF_INET6)
		udp_tunnel6_xmit_skb(dst, sk, skb, NULL, &outer->v6.saddr,
				     &outer->v6.daddr, outer->tos, outer->ttl, 0,
				     outer->sport, outer->dport, false);
	else
		udp_tunnel_xmit_skb((struct rtable *)dst, sk, skb, outer->v4.saddr,
				    outer->v4.daddr, outer->tos, outer->ttl,
				    outer->fragment ? 0 : htons(IP_DF),
				    outer->sport, outer->dport, false, false);
}
