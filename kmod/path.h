/* SPDX-License-Identifier: GPL-2.0-only */
/* The way to the peer: route, outer headers, sending. */
#ifndef _CIPE_PATH_H
#define _CIPE_PATH_H

#include <linux/in6.h>
#include <linux/types.h>
#include <net/dst.h>

#include <uapi/linux/cipe.h>

struct cipe_link;
struct sk_buff;
struct sock;

/**
 * struct cipe_outer - how a datagram leaves
 * @sk: the socket it leaves from; under RCU
 * @dst: the route; a reference
 * @family: %AF_INET or %AF_INET6
 * @sport: our port
 * @dport: the peer's
 * @v4: addresses if %AF_INET
 * @v6: addresses if %AF_INET6
 * @room: octets of plaintext that fit the path
 * @tos: DSCP and ECN
 * @ttl: hop limit
 * @fragment: may be fragmented on its way
 */
struct cipe_outer {
	struct sock *sk;
	struct dst_entry *dst;
	u16 family;
	__be16 sport;
	__be16 dport;
	union {
		struct {
			__be32 saddr;
			__be32 daddr;
		} v4;
		struct {
			struct in6_addr saddr;
			struct in6_addr daddr;
		} v6;
	};
	unsigned int room;
	u8 tos;
	u8 ttl;
	bool fragment;
};

/* A peer is told where we are so often, and not again sooner than after this time; and
 * after a while anew, as there may have been no way to it
 */
#define CIPE_TELL_TRIES	4
#define CIPE_TELL_GAP	(HZ / 5)
#define CIPE_TELL_ANEW	(60 * HZ)

bool cipe_path_possible(const struct sock *sk, unsigned int family);
enum cipe_stat cipe_path_resolve(struct cipe_link *link, struct cipe_outer *outer);
bool cipe_path_moved(const struct cipe_link *link, const struct cipe_outer *outer);
unsigned int cipe_path_headroom(const struct cipe_outer *outer);
void cipe_path_send(struct cipe_outer *outer, struct sk_buff *skb);

#endif /* _CIPE_PATH_H */
