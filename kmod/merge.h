/* SPDX-License-Identifier: GPL-2.0-only */
/* Decrypted TCP segments, put together again. */
#ifndef _CIPE_MERGE_H
#define _CIPE_MERGE_H

#include <linux/types.h>

struct cipe_batch;
struct cipe_packet;
struct sk_buff;

/**
 * struct cipe_merge - a packet that segments are appended to
 * @skb: the packet, its first segment in the linear part; NULL: none
 * @n: segments in it
 * @l3: where its IP header is
 * @l4: and TCP's
 * @headers: and the payload
 * @mss: octets of payload of each but the last
 * @closed: nothing more can follow
 */
struct cipe_merge {
	struct sk_buff *skb;
	unsigned int n;
	unsigned int l3;
	unsigned int l4;
	unsigned int headers;
	unsigned int mss;
	bool closed;
};

void cipe_merge_start(struct cipe_merge *merge, struct sk_buff *skb, unsigned int l3);
bool cipe_merge_append(struct cipe_merge *merge, const struct cipe_batch *batch,
		       const struct cipe_packet *packet);
struct sk_buff *cipe_merge_end(struct cipe_merge *merge);

#endif /* _CIPE_MERGE_H */
