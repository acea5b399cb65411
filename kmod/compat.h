/* SPDX-License-Identifier: GPL-2.0-only */
/* Differences between the kernels we build on, and nothing else. */
#ifndef _CIPE_COMPAT_H
#define _CIPE_COMPAT_H

#include <linux/crypto.h>
#include <linux/netdevice.h>
#include <linux/version.h>
#include <net/genetlink.h>
#include <net/inet_sock.h>

/* Segmentation moved out of netdevice.h in 6.5 */
#if KERNEL_VERSION(6, 5, 0) <= LINUX_VERSION_CODE
#include <net/gso.h>
#endif

/* The limit of queues before the stack moved to net_hotdata in 6.9 */
#if KERNEL_VERSION(6, 9, 0) <= LINUX_VERSION_CODE
#include <net/hotdata.h>
#endif

/* Unaligned access moved out of asm/ in 6.12 */
#if KERNEL_VERSION(6, 12, 0) <= LINUX_VERSION_CODE
#include <linux/unaligned.h>
#else
#include <asm/unaligned.h>
#endif

/* Completions of asynchronous requests get their data directly since 6.3 */
#if KERNEL_VERSION(6, 3, 0) <= LINUX_VERSION_CODE
#define cipe_async_t		void
#define cipe_async_data(async)	(async)
#else
#define cipe_async_t		struct crypto_async_request
#define cipe_async_data(async)	((async)->data)
#endif

/* Hooks around requests get the split form of an operation since 6.2 */
#if KERNEL_VERSION(6, 2, 0) <= LINUX_VERSION_CODE
#define cipe_genl_pre_ops_t	const struct genl_split_ops
#else
#define cipe_genl_pre_ops_t	const struct genl_ops
#endif

/* A bit of the socket's flags since 6.6 */
static inline bool cipe_compat_mc_loop(const struct sock *sk)
{
#if KERNEL_VERSION(6, 6, 0) <= LINUX_VERSION_CODE
	return inet_test_bit(MC_LOOP, sk);
#else
	return inet_sk(sk)->mc_loop;
#endif
}

static inline void cipe_compat_set_mc_loop(struct sock *sk, bool on)
{
#if KERNEL_VERSION(6, 6, 0) <= LINUX_VERSION_CODE
	inet_assign_bit(MC_LOOP, sk, on);
#else
	inet_sk(sk)->mc_loop = on;
#endif
}

/* Packets that may wait in such a queue: net.core.netdev_max_backlog */
static inline unsigned int cipe_compat_max_backlog(void)
{
#if KERNEL_VERSION(6, 9, 0) <= LINUX_VERSION_CODE
	return READ_ONCE(net_hotdata.max_backlog);
#else
	return READ_ONCE(netdev_max_backlog);
#endif
}

/* Lockless transmit: a feature bit before 6.12 */
static inline void cipe_compat_set_lltx(struct net_device *dev)
{
#if KERNEL_VERSION(6, 12, 0) <= LINUX_VERSION_CODE
	dev->lltx = true;
#else
	dev->features |= NETIF_F_LLTX;
#endif
}

#endif /* _CIPE_COMPAT_H */
