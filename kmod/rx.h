/* SPDX-License-Identifier: GPL-2.0-only */
/* A packet's way in. */
#ifndef _CIPE_RX_H
#define _CIPE_RX_H

struct cipe_order_entry;
struct sk_buff;
struct sock;

int cipe_rx_datagram(struct sock *sk, struct sk_buff *skb);
void cipe_rx_release(struct cipe_order_entry *entry);

#endif /* _CIPE_RX_H */
