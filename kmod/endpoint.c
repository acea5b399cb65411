// SPDX-License-Identifier: GPL-2.0-only
/* Where a peer is. */

#include <linux/ip.h>
#include <linux/ipv6.h>
#include <linux/skbuff.h>
#include <linux/slab.h>
#include <linux/udp.h>
#include <net/ipv6.h>

#include "endpoint.h"

/**
 * cipe_sockaddr_len - what an address measures outside the kernel
 * @addr: of family %AF_INET or %AF_INET6
 *
 * Return: octets.
 */
unsigned int cipe_sockaddr_len(const union cipe_sockaddr *addr)
{
	return addr->sa.sa_family == AF_INET6 ? sizeof(addr->in6) : sizeof(addr->in);
}

/**
 * cipe_endpoint_create - make an endpoint
 * @remote: the peer's address and port
 * @local: our address towards it, or NULL if the route may choose
 * @gfp: how to allocate
 *
 * Return: the endpoint, or NULL without memory.
 */
struct cipe_endpoint *cipe_endpoint_create(const union cipe_sockaddr *remote,
					   const union cipe_sockaddr *local,
					   gfp_t gfp)
{
	struct cipe_endpoint *endpoint = kzalloc(sizeof(*endpoint), gfp);

	if (!endpoint)
		return NULL;
	if (dst_cache_init(&endpoint->cache, gfp)) {
		kfree(endpoint);
		return NULL;
	}
	endpoint->remote = *remote;
	if (local)
		endpoint->local = *local;
	return endpoint;
}

/**
 * cipe_endpoint_forget_route - look up the route anew for the next packet
 * @endpoint: the endpoint
 *
 * Context: any. A route that was looked up before and is stored only now is not
 * forgotten.
 */
void cipe_endpoint_forget_route(struct cipe_endpoint *endpoint)
{
	dst_cache_reset(&endpoint->cache);
}

/**
 * cipe_endpoint_drop_route - let go of the routes there
 * @endpoint: the endpoint; nobody uses it to send meanwhile
 */
void cipe_endpoint_drop_route(struct cipe_endpoint *endpoint)
{
	dst_cache_reset_now(&endpoint->cache);
}

static void endpoint_free_rcu(struct rcu_head *rcu)
{
	struct cipe_endpoint *endpoint = container_of(rcu, struct cipe_endpoint, rcu);

	dst_cache_destroy(&endpoint->cache);
	kfree(endpoint);
}

/**
 * cipe_endpoint_free - free an endpoint after all readers are done with it
 * @endpoint: unpublished; may be NULL
 */
void cipe_endpoint_free(struct cipe_endpoint *endpoint)
{
	if (endpoint)
		call_rcu(&endpoint->rcu, endpoint_free_rcu);
}

/* Scope of a link-local address: the device it was met on */
static u32 endpoint_scope(const struct in6_addr *addr, const struct sk_buff *skb)
{
	return ipv6_iface_scope_id(addr, IP6CB(skb)->iif);
}

/* Who sent the datagram @skb, and to which address of ours */
static bool endpoint_addresses(const struct sk_buff *skb,
			       union cipe_sockaddr *remote,
			       union cipe_sockaddr *local)
{
	memset(remote, 0, sizeof(*remote));
	memset(local, 0, sizeof(*local));

	if (skb->protocol == htons(ETH_P_IP)) {
		remote->in.sin_family = AF_INET;
		remote->in.sin_addr.s_addr = ip_hdr(skb)->saddr;
		remote->in.sin_port = udp_hdr(skb)->source;
		local->in.sin_family = AF_INET;
		local->in.sin_addr.s_addr = ip_hdr(skb)->daddr;
	} else if (skb->protocol == htons(ETH_P_IPV6)) {
		remote->in6.sin6_family = AF_INET6;
		remote->in6.sin6_addr = ipv6_hdr(skb)->saddr;
		remote->in6.sin6_port = udp_hdr(skb)->source;
		remote->in6.sin6_scope_id = endpoint_scope(&ipv6_hdr(skb)->saddr, skb);
		local->in6.sin6_family = AF_INET6;
		local->in6.sin6_addr = ipv6_hdr(skb)->daddr;
		local->in6.sin6_scope_id = endpoint_scope(&ipv6_hdr(skb)->daddr, skb);
	} else {
		return false;
	}
	return true;
}

/**
 * cipe_endpoint_from_skb - the endpoint a datagram came from
 * @skb: with its outer headers set
 *
 * Context: softirq.
 * Return: the endpoint, or NULL without memory.
 */
struct cipe_endpoint *cipe_endpoint_from_skb(const struct sk_buff *skb)
{
	union cipe_sockaddr remote, local;

	if (!endpoint_addresses(skb, &remote, &local))
		return NULL;
	return cipe_endpoint_create(&remote, &local, GFP_ATOMIC | __GFP_NOWARN);
}

/**
 * cipe_endpoint_matches - did a datagram come from there, to the same address?
 * @endpoint: the endpoint
 * @skb: with its outer headers set
 *
 * Return: whether nothing moved.
 */
bool cipe_endpoint_matches(const struct cipe_endpoint *endpoint,
			   const struct sk_buff *skb)
{
	const union cipe_sockaddr *remote = &endpoint->remote;
	const union cipe_sockaddr *local = &endpoint->local;

	if (skb->protocol == htons(ETH_P_IP))
		return remote->sa.sa_family == AF_INET &&
		       remote->in.sin_addr.s_addr == ip_hdr(skb)->saddr &&
		       remote->in.sin_port == udp_hdr(skb)->source &&
		       local->sa.sa_family == AF_INET &&
		       local->in.sin_addr.s_addr == ip_hdr(skb)->daddr;

	return remote->sa.sa_family == AF_INET6 &&
	       ipv6_addr_equal(&remote->in6.sin6_addr, &ipv6_hdr(skb)->saddr) &&
	       remote->in6.sin6_port == udp_hdr(skb)->source &&
	       remote->in6.sin6_scope_id ==
			endpoint_scope(&ipv6_hdr(skb)->saddr, skb) &&
	       local->sa.sa_family == AF_INET6 &&
	       ipv6_addr_equal(&local->in6.sin6_addr, &ipv6_hdr(skb)->daddr);
}

/**
 * cipe_endpoint_same_remote - is the peer where it was?
 * @a: one endpoint, may be NULL
 * @b: the other
 *
 * Return: whether only our own address differs, if anything.
 */
bool cipe_endpoint_same_remote(const struct cipe_endpoint *a,
			       const struct cipe_endpoint *b)
{
	if (!a || a->remote.sa.sa_family != b->remote.sa.sa_family)
		return false;
	if (a->remote.sa.sa_family == AF_INET)
		return a->remote.in.sin_addr.s_addr == b->remote.in.sin_addr.s_addr &&
		       a->remote.in.sin_port == b->remote.in.sin_port;
	return ipv6_addr_equal(&a->remote.in6.sin6_addr, &b->remote.in6.sin6_addr) &&
	       a->remote.in6.sin6_port == b->remote.in6.sin6_port &&
	       a->remote.in6.sin6_scope_id == b->remote.in6.sin6_scope_id;
}
