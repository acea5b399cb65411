/* SPDX-License-Identifier: GPL-2.0-only */
/* UDP sockets handed over by user space. */
#ifndef _CIPE_SOCKET_H
#define _CIPE_SOCKET_H

#include <linux/atomic.h>
#include <linux/list.h>
#include <linux/rcupdate.h>
#include <linux/types.h>

#include <uapi/linux/cipe.h>

struct cipe_link;
struct net;
struct netlink_ext_ack;
struct sock;
union cipe_sockaddr;

#define CIPE_SOCKET_STATS	(__CIPE_STAT_MAX - CIPE_STAT_SOCKET_SHORT)

/**
 * struct cipe_sock - a UDP address and port that links share
 * @sk: the socket: user space's, or after its owner closed it the stand-in.
 *	NULL when its network namespace is gone. Written under the registry's
 *	mutex, RCU
 * @gro: its owner had asked for UDP_GRO; under the mutex
 * @standin: the same socket if it is ours; under the mutex
 * @node: in the registry; under the mutex
 * @links: those attached, by cipe_link.sock_node; under the mutex
 * @stats: packets no link can be blamed for, from CIPE_STAT_SOCKET_SHORT on
 * @rcu: for the end
 */
struct cipe_sock {
	struct sock __rcu *sk;
	struct socket *standin;
	bool gro;
	struct list_head node;
	struct list_head links;
	atomic64_t stats[CIPE_SOCKET_STATS];
	struct rcu_head rcu;
};

int cipe_socket_attach(struct cipe_link *link, int fd, unsigned int family,
		       struct netlink_ext_ack *extack);
int cipe_socket_check_family(struct cipe_link *link, unsigned int family,
			     struct netlink_ext_ack *extack);
void cipe_socket_detach(struct cipe_link *link);
bool cipe_socket_is(const struct cipe_sock *cs, const struct net *net, __be16 port);
bool cipe_socket_orphan(const struct cipe_sock *cs);
void cipe_socket_local(const struct sock *sk, union cipe_sockaddr *local);

int cipe_socket_init(void);
void cipe_socket_exit(void);

/**
 * cipe_socket_count - count a packet that no link can be blamed for
 * @cs: the socket
 * @which: from CIPE_STAT_SOCKET_SHORT on
 */
static inline void cipe_socket_count(struct cipe_sock *cs, enum cipe_stat which)
{
	atomic64_inc(&cs->stats[which - CIPE_STAT_SOCKET_SHORT]);
}

#endif /* _CIPE_SOCKET_H */
