/* SPDX-License-Identifier: GPL-2.0-only */
/* Differences between the kernels we build on, and nothing else. */
#ifndef _CIPE_COMPAT_H
#define _CIPE_COMPAT_H

#include <linux/crypto.h>
#include <linux/netdevice.h>
#include <linux/version.h>
#include <net/genetlink.h>

/* Segmentation moved out of netdevice.h in 6.5 */
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 5, 0)
#include <net/gso.h>
#endif

/* Unaligned access moved out of asm/ in 6.12 */
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 12, 0)
#include <linux/unaligned.h>
#else
#include <asm/unaligned.h>
#endif

/* Completions of asynchronous requests get their data directly since 6.3 */
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 3, 0)
typedef void cipe_async_t;
#define cipe_async_data(async)	(async)
#else
typedef struct crypto_async_request cipe_async_t;
#define cipe_async_data(async)	((async)->data)
#endif

/* Hooks around requests get the split form of an operation since 6.2 */
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 2, 0)
typedef const struct genl_split_ops cipe_genl_pre_ops_t;
#else
typedef const struct genl_ops cipe_genl_pre_ops_t;
#endif

/* Lockless transmit: a feature bit before 6.12 */
static inline void cipe_compat_set_lltx(struct net_device *dev)
{
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 12, 0)
	dev->lltx = true;
#else
	dev->features |= NETIF_F_LLTX;
#endif
}

#endif /* _CIPE_COMPAT_H */
