/* SPDX-License-Identifier: GPL-2.0-only */
/* Packets to one peer within one softirq, gathered to be sent together. */
#ifndef _CIPE_GATHER_H
#define _CIPE_GATHER_H

struct cipe_link;
struct sk_buff;

void cipe_gather_add(struct cipe_link *link, struct sk_buff *skb, unsigned int depth);
void cipe_gather_flush(void);

void cipe_gather_init(void);
void cipe_gather_exit(void);

#endif /* _CIPE_GATHER_H */
