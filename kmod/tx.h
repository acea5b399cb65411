/* SPDX-License-Identifier: GPL-2.0-only */
/* A packet's way out. */
#ifndef _CIPE_TX_H
#define _CIPE_TX_H

#include <linux/netdevice.h>

struct cipe_link;
struct cipe_order_entry;

netdev_tx_t cipe_tx_xmit(struct sk_buff *skb, struct net_device *dev);
void cipe_tx_keepalive(struct cipe_link *link);
void cipe_tx_release(struct cipe_order_entry *entry);

#endif /* _CIPE_TX_H */
