// SPDX-License-Identifier: GPL-2.0-only
/*
 * Order of packets behind asynchronous ciphers.
 *
 * A cipher may finish one request at once and another later, on any CPU. What
 * it finishes at once passes straight through as long as nothing waits; else
 * it queues behind what was submitted before. One CPU releases what waits, so
 * that batches can not overtake each other after the queue.
 */

#include <linux/atomic.h>
#include <linux/cache.h>
#include <linux/minmax.h>
#include <linux/mm.h>
#include <linux/swap.h>
#include <linux/workqueue.h>

#include "order.h"

/* Packets in all queues that may wait behind engines; away from what is only read */
static atomic_t order_engines ____cacheline_aligned_in_smp = ATOMIC_INIT(0);
static unsigned int order_engines_max __ro_after_init;

/* Of our own: no work of it runs any more when the module goes */
static struct workqueue_struct *order_wq __ro_after_init;

static void order_add(struct cipe_order *order, struct cipe_order_entry *entry)
{
	if (list_empty(&order->pending) && !order->releasing)
		order->home = smp_processor_id();
	entry->queued = true;
	list_add_tail(&entry->node, &order->pending);
	WRITE_ONCE(order->waiting, order->waiting + entry->weight);
	if (entry->engine)
		atomic_add(entry->weight, &order_engines);
}

/* The first packet if it is done; lock held */
static struct cipe_order_entry *order_head(struct cipe_order *order)
{
	struct cipe_order_entry *entry;

	entry = list_first_entry_or_null(&order->pending,
					 struct cipe_order_entry, node);
	return entry && entry->done ? entry : NULL;
}

/* Have @work go on; lock held */
static void order_defer(struct cipe_order *order)
{
	netdev_hold(order->dev, &order->dev_tracker, GFP_ATOMIC);
	queue_work_on(order->home, order_wq, &order->work);
}

/* Release what is done at the head, as far as the budget goes; lock held,
 * dropped meanwhile. Whoever set @releasing calls this, and nobody else until
 * it is cleared.
 */
static void order_run(struct cipe_order *order)
	__must_hold(&order->lock)
{
	unsigned int budget = CIPE_ORDER_BUDGET;
	struct cipe_order_entry *entry;

	while ((entry = order_head(order))) {
		if (!budget--) {
			order_defer(order);
			return;
		}
		list_del(&entry->node);
		WRITE_ONCE(order->waiting, order->waiting - entry->weight);
		if (entry->engine)
			atomic_sub(entry->weight, &order_engines);
		spin_unlock_bh(&order->lock);
		order->release(entry);
		spin_lock_bh(&order->lock);
	}
	/* After what the last one saw of the list: see cipe_order_pass() */
	smp_store_release(&order->releasing, false);
}

static void order_release(struct cipe_order *order)
	__must_hold(&order->lock)
{
	if (order->releasing || !order_head(order))
		return;
	WRITE_ONCE(order->releasing, true);
	smp_wmb(); /* before an entry leaves the list */
	if (order->home == smp_processor_id())
		order_run(order);
	else
		order_defer(order);
}

static void order_work(struct work_struct *work)
{
	struct cipe_order *order = container_of(work, struct cipe_order, work);
	netdevice_tracker tracker = order->dev_tracker;
	struct net_device *dev = order->dev;

	local_bh_disable();
	spin_lock_bh(&order->lock);
	order_run(order);
	spin_unlock_bh(&order->lock);
	netdev_put(dev, &tracker);
	local_bh_enable();
}

/**
 * cipe_order_crowded - does so much wait that engines' own queues should limit it?
 *
 * Return: whether no more may wait behind them.
 */
bool cipe_order_crowded(void)
{
	return atomic_read(&order_engines) >= order_engines_max;
}

/**
 * cipe_order_start - before the first packet
 *
 * Return: 0 or an error.
 */
int __init cipe_order_start(void)
{
	/* A page each, of a part of the memory that they can be had from */
	order_engines_max = min_t(unsigned long, CIPE_ORDER_ENGINES,
				  nr_free_buffer_pages() / CIPE_ORDER_PART);
	order_wq = alloc_workqueue("cipe_order", WQ_HIGHPRI | WQ_MEM_RECLAIM, 0);
	return order_wq ? 0 : -ENOMEM;
}

/**
 * cipe_order_end - the reverse, after the last packet
 */
void cipe_order_end(void)
{
	destroy_workqueue(order_wq);
}

/**
 * cipe_order_init - prepare a queue
 * @order: the queue
 * @dev: the link's device
 * @release: called for each packet, in order of submission
 */
void cipe_order_init(struct cipe_order *order, struct net_device *dev,
		     cipe_release_t release)
{
	spin_lock_init(&order->lock);
	INIT_LIST_HEAD(&order->pending);
	INIT_WORK(&order->work, order_work);
	order->waiting = 0;
	order->releasing = false;
	order->dev = dev;
	order->release = release;
}

/**
 * cipe_order_pass - release a batch that was finished by its submission itself
 * @order: the queue
 * @entry: the batch, zeroed before its submission
 *
 * Context: softirq or BH off.
 * Return: whether it was released, do not touch it any more; or others wait.
 */
bool cipe_order_pass(struct cipe_order *order, struct cipe_order_entry *entry)
{
	bool empty = list_empty_careful(&order->pending);

	/* Whoever emptied the list said before that it is releasing. An entry
	 * that another CPU submits at this very moment has no order to this one.
	 */
	smp_rmb();
	if (unlikely(!empty || READ_ONCE(order->releasing)))
		return false;
	order->release(entry);
	return true;
}

/**
 * cipe_order_sync - have a finished batch wait for those before it
 * @order: the queue
 * @entry: the batch, cipe_order_pass() refused it; do not touch it any more. It
 *	may outlive the caller's RCU section
 *
 * Context: softirq or BH off.
 */
void cipe_order_sync(struct cipe_order *order, struct cipe_order_entry *entry)
{
	spin_lock_bh(&order->lock);
	entry->done = true;
	order_add(order, entry);
	order_release(order);
	spin_unlock_bh(&order->lock);
}

/**
 * cipe_order_pend - a packet's submission said it will be finished later
 * @order: the queue
 * @entry: the packet; it may have been finished meanwhile, so do not touch it
 *	any more
 *
 * Context: softirq or BH off.
 */
void cipe_order_pend(struct cipe_order *order, struct cipe_order_entry *entry)
{
	spin_lock_bh(&order->lock);
	order_add(order, entry);
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
