/* SPDX-License-Identifier: GPL-2.0-only */
/* Telling inner senders why their packet went no further. */
#ifndef _CIPE_ICMP_H
#define _CIPE_ICMP_H

#include <linux/types.h>

struct dst_entry;
struct sk_buff;

void cipe_icmp_unreachable(struct sk_buff *skb);
bool cipe_icmp_too_big(struct sk_buff *skb, struct dst_entry *path,
		       unsigned int mtu);

#endif /* _CIPE_ICMP_H */
