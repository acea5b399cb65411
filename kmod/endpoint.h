/* SPDX-License-Identifier: GPL-2.0-only */
/* Where a peer is: an object that does not change but for the route there, and is
 * replaced as a whole when the peer moves.
 */
#ifndef _CIPE_ENDPOINT_H
#define _CIPE_ENDPOINT_H

#include <linux/in.h>
#include <linux/in6.h>
#include <linux/rcupdate.h>
#include <linux/socket.h>
#include <net/dst_cache.h>

struct sk_buff;

/**
 * union cipe_sockaddr - an IPv4 or IPv6 address and port
 * @sa: for the family
 * @in: if %AF_INET
 * @in6: if %AF_INET6
 */
union cipe_sockaddr {
	struct sockaddr sa;
	struct sockaddr_in in;
	struct sockaddr_in6 in6;
};

/**
 * struct cipe_endpoint - where a peer is; freed after RCU
 * @remote: its address and port; for a link-local one with the scope
 * @local: our address it last sent to, port 0; family %AF_UNSPEC: not known
 * @cache: the route there. In here, so that a route of an earlier endpoint
 *	can not get into the cache of a later one.
 * @mark: of the socket when @cache was filled; written without a lock
 * @oif: likewise the device it was bound to, 0: none
 * @told: how often the peer was told that we are at @told_from, which is not @local;
 *	this and the next two are address.c's alone
 * @told_at: when last, in jiffies
 * @told_from: the address; port 0
 * @rcu: for the end
 */
struct cipe_endpoint {
	union cipe_sockaddr remote;
	union cipe_sockaddr local;
	struct dst_cache cache;
	u32 mark;
	int oif;
	unsigned int told;
	unsigned long told_at;
	union cipe_sockaddr told_from;
	struct rcu_head rcu;
};

struct cipe_endpoint *cipe_endpoint_create(const union cipe_sockaddr *remote,
					   const union cipe_sockaddr *local,
					   gfp_t gfp);
struct cipe_endpoint *cipe_endpoint_from_skb(const struct sk_buff *skb);
bool cipe_endpoint_matches(const struct cipe_endpoint *endpoint,
			   const struct sk_buff *skb);
bool cipe_endpoint_same_remote(const struct cipe_endpoint *a,
			       const struct cipe_endpoint *b);
void cipe_endpoint_forget_route(struct cipe_endpoint *endpoint);
void cipe_endpoint_drop_route(struct cipe_endpoint *endpoint);
void cipe_endpoint_free(struct cipe_endpoint *endpoint);
unsigned int cipe_sockaddr_len(const union cipe_sockaddr *addr);

#endif /* _CIPE_ENDPOINT_H */
