/* SPDX-License-Identifier: GPL-2.0-only */
/* Release packets in the order they were submitted to an asynchronous cipher. */
#ifndef _CIPE_ORDER_H
#define _CIPE_ORDER_H

#include <linux/list.h>
#include <linux/spinlock.h>
#include <linux/types.h>

struct cipe_order_entry;

/**
 * typedef cipe_release_t - what happens to a finished packet
 *
 * Called in softirq or with BH off, one at a time for each queue.
 */
typedef void (*cipe_release_t)(struct cipe_order_entry *entry);

/**
 * struct cipe_order - packets of one direction of one link in the cipher
 * @lock: protects the rest; taken with BH off
 * @pending: in order of submission; empty while the cipher is synchronous
 * @releasing: a CPU is releasing from the head, the others leave it to it
 * @release: see &typedef cipe_release_t
 */
struct cipe_order {
	spinlock_t lock; /* all of it */
	struct list_head pending;
	bool releasing;
	cipe_release_t release;
};

/**
 * struct cipe_order_entry - a packet's place in the queue
 * @node: in @pending, after its submission was found to be asynchronous
 * @queued: it is in @pending
 * @done: the cipher finished with it
 */
struct cipe_order_entry {
	struct list_head node;
	bool queued;
	bool done;
};

void cipe_order_init(struct cipe_order *order, cipe_release_t release);
void cipe_order_sync(struct cipe_order *order, struct cipe_order_entry *entry);
void cipe_order_pend(struct cipe_order *order, struct cipe_order_entry *entry);
void cipe_order_done(struct cipe_order *order, struct cipe_order_entry *entry);

#endif /* _CIPE_ORDER_H */
