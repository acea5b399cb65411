/* SPDX-License-Identifier: GPL-2.0-only */
/* Batches on other CPUs, when this one has too much to do. */
#ifndef _CIPE_SPREAD_H
#define _CIPE_SPREAD_H

#include <linux/types.h>

struct cipe_batch;

int cipe_spread_where(const struct cipe_batch *batch);
void cipe_spread_queue(struct cipe_batch *batch, int cpu);

u64 cipe_spread_begin(const struct cipe_batch *batch);
void cipe_spread_end(const struct cipe_batch *batch, u64 begin);

int cipe_spread_init(void);
void cipe_spread_exit(void);

#endif /* _CIPE_SPREAD_H */
