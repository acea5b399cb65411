// SPDX-License-Identifier: GPL-2.0-only
/*
 * Datagrams that go through the cipher together.
 *
 * Ciphers that run on the CPU are done with a batch before the next one begins,
 * so each CPU keeps one and does not allocate.
 */

#include <linux/percpu.h>
#include <linux/skbuff.h>
#include <linux/slab.h>

#include "batch.h"
#include "keys.h"
#include "link.h"

static DEFINE_PER_CPU(struct cipe_batch *, batch_spare);

/* In a request's memory there may be keystream */
static void batch_destroy(struct cipe_batch *batch)
{
	if (batch)
		kfree_sensitive(batch->crypt);
	kfree(batch);
}

/**
 * cipe_batch_hold - keep key and device until the batch's end
 * @batch: the batch
 *
 * Context: softirq or BH off, under RCU.
 * Return: false if the key is being freed.
 */
bool cipe_batch_hold(struct cipe_batch *batch)
{
	if (batch->held)
		return true;
	if (!refcount_inc_not_zero(&batch->key->refs))
		return false;
	netdev_hold(batch->link->dev, &batch->dev_tracker, GFP_ATOMIC);
	batch->held = true;
	return true;
}

/**
 * cipe_batch_alloc - begin with a batch
 * @link: the link
 * @key: the key
 * @order: the queue it will wait in if the cipher is asynchronous
 *
 * Context: softirq or BH off, under RCU.
 * Return: an empty batch; NULL without memory, if too much waits already, or
 * if the key is being freed.
 */
struct cipe_batch *cipe_batch_alloc(struct cipe_link *link, struct cipe_key *key,
				    const struct cipe_order *order)
{
	struct cipe_batch *batch;

	if (unlikely(cipe_order_full(order)))
		return NULL;
	batch = this_cpu_xchg(batch_spare, NULL);
	if (unlikely(!batch))
		batch = kzalloc(sizeof(*batch), GFP_ATOMIC | __GFP_NOWARN);
	if (unlikely(!batch))
		return NULL;

	memset(&batch->order, 0, sizeof(batch->order));
	batch->link = link;
	batch->key = key;
	batch->skb = NULL;
	batch->outer.dst = NULL;
	batch->n = 0;
	batch->held = false;
	/* A cipher that may finish later needs key and device for as long */
	if (key->async && unlikely(!cipe_batch_hold(batch))) {
		batch_destroy(batch);
		return NULL;
	}
	return batch;
}

/**
 * cipe_batch_free - end with a batch
 * @batch: the batch; what it still owns but its packets' memory is freed too
 *
 * Context: softirq or BH off. The link may be gone afterwards.
 */
void cipe_batch_free(struct cipe_batch *batch)
{
	kfree_skb_list(batch->skb);
	dst_release(batch->outer.dst);
	if (batch->held) {
		cipe_key_put(batch->key);
		netdev_put(batch->link->dev, &batch->dev_tracker);
	}
	if (unlikely(this_cpu_cmpxchg(batch_spare, NULL, batch)))
		batch_destroy(batch);
}

/**
 * cipe_batch_exit - free what the CPUs kept, after the last packet
 */
void cipe_batch_exit(void)
{
	int cpu;

	for_each_possible_cpu(cpu)
		batch_destroy(per_cpu(batch_spare, cpu));
}
