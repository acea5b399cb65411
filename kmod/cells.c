// SPDX-License-Identifier: GPL-2.0-only
/*
 * Where received packets wait for the stack: a cell for each CPU, a queue with
 * NAPI. In the softirq that brought them they would pass through the stack on
 * top of the carrier's way through it, and of those of all tunnels in tunnels.
 *
 * As Linux's GRO cells (net/core/gro_cells.c), but: Short packets, if only such
 * wait, go up as one list and without GRO, which would look at every one of them,
 * for a UDP socket too, and seldom has anything to win. The queue has a lock, as
 * NAPI may run in a thread, which may be on another CPU. What waits does not go up
 * when the device is down: it may be on its way out of the namespace.
 */

#include <linux/netdevice.h>
#include <linux/percpu.h>
#include <linux/rcupdate.h>
#include <linux/skbuff.h>
#include <linux/slab.h>

#include "cells.h"
#include "compat.h"

/* Octets, with the IP header, or behind Ethernet's: TCP's acknowledgements have no
 * more, over IPv6 with all options (40 + 20 + 40, RFC 8200 section 3, RFC 9293
 * section 3.1). GRO joins none of those. It does join short datagrams, for sockets
 * that ask for it: those of a link that is in this one are mostly longer.
 */
#define CELL_SHORT	100

/* By these the administrator has UDP joined whoever it is for */
#define CELL_JOIN	(NETIF_F_GRO_FRAGLIST | NETIF_F_GRO_UDP_FWD)

/**
 * struct cell - packets for the stack, of one CPU
 * @queue: in the order they came
 * @napi: takes them from there
 */
struct cell {
	struct sk_buff_head queue;
	struct napi_struct napi;
};

/**
 * struct cipe_cells - those of a link
 * @cell: of each CPU
 * @rcu: netpoll looks at a device's NAPIs under RCU
 */
struct cipe_cells {
	struct cell __percpu *cell;
	struct rcu_head rcu;
};

/* Move up to @budget packets to @list; how many. @brief: none is worth GRO */
static int cell_take(struct cell *cell, struct list_head *list, int budget, bool *brief)
{
	struct sk_buff *skb;
	int n = 0;

	*brief = true;
	spin_lock(&cell->queue.lock);
	while (n < budget) {
		skb = __skb_dequeue(&cell->queue);
		if (!skb)
			break;
		*brief &= skb->len <= CELL_SHORT;
		list_add_tail(&skb->list, list);
		n++;
	}
	spin_unlock(&cell->queue.lock);
	return n;
}

/* GRO was switched off, by the administrator or in the way of XDP; or @brief packets
 * that overtake nothing that it holds
 */
static bool cell_past_gro(const struct napi_struct *napi, bool brief)
{
	return netif_elide_gro(napi->dev) ||
	       (brief && !napi->gro_bitmask && !(napi->dev->features & CELL_JOIN));
}

static int cell_poll(struct napi_struct *napi, int budget)
{
	struct cell *cell = container_of(napi, struct cell, napi);
	struct sk_buff *skb, *next;
	LIST_HEAD(list);
	bool brief;
	int n;

	/* netpoll asks what was sent, maybe with the lock held */
	if (unlikely(!budget))
		return 0;
	n = cell_take(cell, &list, budget, &brief);
	if (cell_past_gro(napi, brief)) {
		netif_receive_skb_list(&list);
	} else {
		list_for_each_entry_safe(skb, next, &list, list) {
			skb_list_del_init(skb);
			napi_gro_receive(napi, skb);
		}
	}
	if (n < budget)
		napi_complete_done(napi, n);
	return n;
}

/**
 * cipe_cells_receive - hand packets to the stack
 * @cells: the link's
 * @dev: its device
 * @list: the packets, in order; used up
 *
 * Where more wait than the system's limit for such queues
 * (net.core.netdev_max_backlog, packets) all of @list are dropped.
 *
 * Context: softirq or BH off.
 */
void cipe_cells_receive(struct cipe_cells *cells, struct net_device *dev,
			struct sk_buff_head *list)
{
	struct cell *cell = this_cpu_ptr(cells->cell);
	struct sk_buff *skb;
	bool idle = false;

	spin_lock(&cell->queue.lock);
	if (likely(skb_queue_len(&cell->queue) <= cipe_compat_max_backlog())) {
		idle = skb_queue_empty(&cell->queue);
		skb_queue_splice_tail_init(list, &cell->queue);
	}
	spin_unlock(&cell->queue.lock);
	if (idle)
		napi_schedule(&cell->napi);
	while (unlikely((skb = __skb_dequeue(list)))) {
		dev_core_stats_rx_dropped_inc(dev);
		kfree_skb(skb);
	}
}

/**
 * cipe_cells_new - cells for a device that is down
 * @dev: the device, not yet registered
 *
 * Context: may sleep.
 * Return: the cells, or NULL without memory.
 */
struct cipe_cells *cipe_cells_new(struct net_device *dev)
{
	struct cipe_cells *cells;
	struct cell *cell;
	int cpu;

	cells = kzalloc(sizeof(*cells), GFP_KERNEL);
	if (!cells)
		return NULL;
	cells->cell = alloc_percpu(struct cell);
	if (!cells->cell) {
		kfree(cells);
		return NULL;
	}
	for_each_possible_cpu(cpu) {
		cell = per_cpu_ptr(cells->cell, cpu);
		skb_queue_head_init(&cell->queue);
		/* Nobody asks for one of them by its number */
		set_bit(NAPI_STATE_NO_BUSY_POLL, &cell->napi.state);
		netif_napi_add(dev, &cell->napi, cell_poll);
	}
	return cells;
}

/**
 * cipe_cells_start - the device goes up
 * @cells: its cells, as new or stopped
 *
 * Context: may sleep, under RTNL.
 */
void cipe_cells_start(struct cipe_cells *cells)
{
	struct cell *cell;
	int cpu;

	for_each_possible_cpu(cpu) {
		cell = per_cpu_ptr(cells->cell, cpu);
		napi_enable(&cell->napi);
		/* What came while the device went down, and is not polled for. It may
		 * still come: with the queue empty, NAPI will be told of the next
		 */
		skb_queue_purge(&cell->queue);
	}
}

/**
 * cipe_cells_stop - the device goes down
 * @cells: its cells, started. Nothing goes up any more; what still comes waits, and
 *	is dropped by cipe_cells_start() or cipe_cells_free()
 *
 * Context: may sleep, under RTNL.
 */
void cipe_cells_stop(struct cipe_cells *cells)
{
	int cpu;

	for_each_possible_cpu(cpu)
		napi_disable(&per_cpu_ptr(cells->cell, cpu)->napi);
}

static void cells_free_rcu(struct rcu_head *rcu)
{
	struct cipe_cells *cells = container_of(rcu, struct cipe_cells, rcu);

	free_percpu(cells->cell);
	kfree(cells);
}

/**
 * cipe_cells_free - end, with what waits
 * @cells: cells that nothing comes to any more, as new or stopped
 *
 * Context: may sleep.
 */
void cipe_cells_free(struct cipe_cells *cells)
{
	struct cell *cell;
	int cpu;

	for_each_possible_cpu(cpu) {
		cell = per_cpu_ptr(cells->cell, cpu);
		__netif_napi_del(&cell->napi);
		__skb_queue_purge(&cell->queue);
	}
	call_rcu(&cells->rcu, cells_free_rcu);
}
