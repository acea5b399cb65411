/* SPDX-License-Identifier: GPL-2.0-only */
/* Release packets in the order they were submitted to an asynchronous cipher. */
#ifndef _CIPE_ORDER_H
#define _CIPE_ORDER_H

#include <linux/compiler.h>
#include <linux/list.h>
#include <linux/netdevice.h>
#include <linux/spinlock.h>
#include <linux/types.h>
#include <linux/workqueue.h>

struct cipe_order_entry;

/* Packets that may wait; more are dropped before they enter the cipher */
#define CIPE_ORDER_MAX		4096

/* Packets of all links together that may wait behind the queues of engines, which
 * have limits of their own: some 60 MiB; but less if that is more than this part of
 * the memory
 */
#define CIPE_ORDER_ENGINES	16384
#define CIPE_ORDER_PART		32

/* Entries released at once; the rest after others had their turn */
#define CIPE_ORDER_BUDGET	64

/**
 * typedef cipe_release_t - what happens to a finished batch
 *
 * Called in softirq or with BH off, one at a time for each queue.
 */
typedef void (*cipe_release_t)(struct cipe_order_entry *entry);

/**
 * struct cipe_order - batches of one direction of one link in the cipher
 * @lock: protects the rest; taken with BH off
 * @pending: in order of submission; empty while the cipher is synchronous
 * @waiting: packets in them; read without the lock
 * @releasing: @home, or @work, is releasing from the head, the others leave it
 *	to it
 * @home: CPU that releases: who submitted the first of those that wait. The
 *	stack behind us has queues for each CPU
 * @work: releases on @home what is finished elsewhere, and goes on when the
 *	budget is spent
 * @dev: the link's; held while @work is queued
 * @dev_tracker: by it
 * @release: see &typedef cipe_release_t
 */
struct cipe_order {
	spinlock_t lock; /* all of it */
	struct list_head pending;
	unsigned int waiting;
	bool releasing;
	int home;
	struct work_struct work;
	struct net_device *dev;
	netdevice_tracker dev_tracker;
	cipe_release_t release;
};

/**
 * cipe_order_full - does so much wait that no more should enter the cipher?
 * @order: the queue
 *
 * Return: whether the packet should be dropped.
 */
static inline bool cipe_order_full(const struct cipe_order *order)
{
	return READ_ONCE(order->waiting) >= CIPE_ORDER_MAX;
}

/**
 * struct cipe_order_entry - a batch's place in the queue
 * @node: in @pending, after its submission was found to be asynchronous
 * @weight: packets that came with it, and hold memory as long
 * @engine: they may wait behind an engine's queue
 * @queued: it is in @pending
 * @done: the cipher finished with it
 */
struct cipe_order_entry {
	struct list_head node;
	unsigned int weight;
	bool engine;
	bool queued;
	bool done;
};

int cipe_order_start(void);
void cipe_order_end(void);
bool cipe_order_crowded(void);
void cipe_order_init(struct cipe_order *order, struct net_device *dev,
		     cipe_release_t release);
bool cipe_order_pass(struct cipe_order *order, struct cipe_order_entry *entry);
void cipe_order_sync(struct cipe_order *order, struct cipe_order_entry *entry);
void cipe_order_pend(struct cipe_order *order, struct cipe_order_entry *entry);
void cipe_order_done(struct cipe_order *order, struct cipe_order_entry *entry);

#endif /* _CIPE_ORDER_H */
