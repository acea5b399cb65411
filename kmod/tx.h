/* SPDX-License-Identifier: GPL-2.0-only */
/* A packet's way out. */
#ifndef _CIPE_TX_H
#define _CIPE_TX_H

#include <linux/netdevice.h>

struct cipe_link;
struct sk_buff;

netdev_tx_t cipe_tx_xmit(struct sk_buff *skb, struct net_device *dev);
void cipe_tx_keepalive(struct cipe_link *link);
void cipe_tx_moved(struct cipe_link *link);
void cipe_tx_gathered(struct cipe_link *link, struct sk_buff *list,
		      unsigned int depth);

#endif /* _CIPE_TX_H */
