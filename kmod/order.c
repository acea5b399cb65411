// SPDX-License-Identifier: GPL-2.0-only
/*
 * Order of packets behind asynchronous ciphers.
 *
 * A cipher may finish one request at once and another later, on any CPU. What
 * it finishes at once passes straight through as long as nothing waits; else
 * it queues behind what was submitted before. One CPU at a time releases, so
 * that two of them can not overtake each other after the queue.
 */

#include "order.h"

/**
 * cipe_order_init - prepare a queue
 * @order: the queue
 * @release: called for each packet, in order of submission
 */
void cipe_order_init(struct cipe_order *order, cipe_release_t release)
{
	spin_lock_init(&order->lock);
	INIT_LIST_HEAD(&order->pending);
	order->releasing = false;
	order->release = release;
}

/* Release all that is done at the head; lock held, dropped meanwhile */
static void order_release(struct cipe_order *order)
	__must_hold(&order->lock)
{
	struct cipe_order_entry *entry;

	if (order->releasing)
		return;
	order->releasing = true;
	while ((entry = list_first_entry_or_null(&order->pending,
						 struct cipe_order_entry,
						 node)) && entry->done) {
		list_del(&entry->node);
		spin_unlock_bh(&order->lock);
		order->release(entry);
		spin_lock_bh(&order->lock);
	}
	order->releasing = false;
}

/**
 * cipe_order_sync - a packet was finished by its submission itself
 * @order: the queue
 * @entry: the packet, zeroed before its submission; released now or behind
 *	those that wait, do not touch it any more
 */
void cipe_order_sync(struct cipe_order *order, struct cipe_order_entry *entry)
{
	/* Unlocked: an entry that another CPU submits at this very moment has
	 * no order to this one.
	 */
	if (likely(list_empty_careful(&order->pending) &&
		   !READ_ONCE(order->releasing))) {
		order->release(entry);
		return;
	}

	spin_lock_bh(&order->lock);
	entry->done = true;
	entry->queued = true;
	list_add_tail(&entry->node, &order->pending);
	order_release(order);
	spin_unlock_bh(&order->lock);
}

/**
 * cipe_order_pend - a packet's submission said it will be finished later
 * @order: the queue
 * @entry: the packet; it may have been finished meanwhile, so do not touch it
 *	any more
 */
void cipe_order_pend(struct cipe_order *order, struct cipe_order_entry *entry)
{
	spin_lock_bh(&order->lock);
	entry->queued = true;
	list_add_tail(&entry->node, &order->pending);
	order_release(order);
	spin_unlock_bh(&order->lock);
}

/**
 * cipe_order_done - the cipher finished a packet later, on whatever CPU
 * @order: the queue
 * @entry: the packet; released when all before it are
 */
void cipe_order_done(struct cipe_order *order, struct cipe_order_entry *entry)
{
	spin_lock_bh(&order->lock);
	entry->done = true;
	if (entry->queued)
		order_release(order);
	spin_unlock_bh(&order->lock);
}
