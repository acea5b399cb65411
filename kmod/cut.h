/* SPDX-License-Identifier: GPL-2.0-only */
/* A packet from the stack, cut into what datagrams carry. */
#ifndef _CIPE_CUT_H
#define _CIPE_CUT_H

#include <linux/types.h>

struct sk_buff;

/**
 * struct cipe_cut - a packet being cut
 * @skb: the packet, or the rest of the list that Linux cut it into
 * @list: @skb is such a list
 * @left: segments left
 * @index: those that are written
 * @mss: octets of payload in each but the last; 0: one segment, as it is
 * @l3: where in a segment its IP header is
 * @l4: and TCP's or UDP's
 * @headers: and the payload
 */
struct cipe_cut {
	struct sk_buff *skb;
	bool list;
	unsigned int left;
	unsigned int index;
	unsigned int mss;
	unsigned int l3;
	unsigned int l4;
	unsigned int headers;
};

bool cipe_cut_begin(struct cipe_cut *cut, struct sk_buff *skb);
unsigned int cipe_cut_len(const struct cipe_cut *cut);
unsigned int cipe_cut_run(const struct cipe_cut *cut, unsigned int max);
bool cipe_cut_next(struct cipe_cut *cut, u8 *to);

#endif /* _CIPE_CUT_H */
