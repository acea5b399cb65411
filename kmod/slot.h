/* SPDX-License-Identifier: GPL-2.0-only */
/* Memory of received packets: each has some that can become its skb. */
#ifndef _CIPE_SLOT_H
#define _CIPE_SLOT_H

#include <linux/types.h>

struct cipe_batch;
struct cipe_packet;
struct sk_buff;

unsigned int cipe_slot_place(struct cipe_batch *batch);
struct sk_buff *cipe_slot_build(const struct cipe_batch *batch,
				const struct cipe_packet *packet);
void cipe_slot_free(const struct cipe_packet *packet);

#endif /* _CIPE_SLOT_H */
