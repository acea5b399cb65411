// SPDX-License-Identifier: GPL-2.0-only
/*
 * Packets to one peer within one softirq, gathered to be sent together.
 *
 * What a gateway forwards comes in bursts: a poll of the network card brings up
 * to 64 packets. One by one, each pays for the whole way from our socket through
 * routing, netfilter and queues to the card. So they wait, encrypted by nobody
 * yet, until the softirq is done with what brought them, and those of the same
 * length leave as one packet. They wait for no timer and for no other packet.
 */

#include <linux/interrupt.h>
#include <linux/netdevice.h>
#include <linux/percpu.h>
#include <linux/skbuff.h>

#include "batch.h"
#include "gather.h"
#include "link.h"
#include "tx.h"

/**
 * struct cipe_gather - what waits on a CPU
 * @tasklet: sends it when the softirq that brought it is done
 * @link: whose packets; its device is held
 * @dev_tracker: by this
 * @first: the packets, a list
 * @last: of them
 * @n: how many
 * @depth: links within links they are in
 */
struct cipe_gather {
	struct tasklet_struct tasklet;
	struct cipe_link *link;
	netdevice_tracker dev_tracker;
	struct sk_buff *first;
	struct sk_buff *last;
	unsigned int n;
	unsigned int depth;
};

static DEFINE_PER_CPU(struct cipe_gather, gather_cpu);

static void gather_flush(struct cipe_gather *gather)
{
	netdevice_tracker tracker = gather->dev_tracker;
	struct cipe_link *link = gather->link;

	/* What is sent may come back here, from a link within this one */
	gather->n = 0;
	cipe_tx_gathered(link, gather->first, gather->depth);
	netdev_put(link->dev, &tracker);
}

static void gather_done(struct tasklet_struct *tasklet)
{
	struct cipe_gather *gather = from_tasklet(gather, tasklet, tasklet);

	if (gather->n)
		gather_flush(gather);
}

/**
 * cipe_gather_flush - send what waits on this CPU
 *
 * Context: softirq or BH off.
 */
void cipe_gather_flush(void)
{
	struct cipe_gather *gather = this_cpu_ptr(&gather_cpu);

	if (unlikely(gather->n))
		gather_flush(gather);
}

/**
 * cipe_gather_add - have a packet wait for others
 * @link: the link
 * @skb: the packet; comes back by cipe_tx_gathered()
 * @depth: links within links it is in
 *
 * Context: softirq.
 */
void cipe_gather_add(struct cipe_link *link, struct sk_buff *skb, unsigned int depth)
{
	struct cipe_gather *gather = this_cpu_ptr(&gather_cpu);

	/* What is sent may come back here, from a link that carries this one */
	while (gather->n && (gather->link != link || gather->depth != depth))
		gather_flush(gather);
	skb->next = NULL;
	if (gather->n) {
		gather->last->next = skb;
	} else {
		netdev_hold(link->dev, &gather->dev_tracker, GFP_ATOMIC);
		gather->link = link;
		gather->depth = depth;
		gather->first = skb;
		tasklet_schedule(&gather->tasklet);
	}
	gather->last = skb;
	if (++gather->n == CIPE_BATCH_MAX)
		gather_flush(gather);
}

/**
 * cipe_gather_init - get ready for packets
 */
void cipe_gather_init(void)
{
	int cpu;

	for_each_possible_cpu(cpu)
		tasklet_setup(&per_cpu(gather_cpu, cpu).tasklet, gather_done);
}

/**
 * cipe_gather_exit - the reverse, after the last link
 */
void cipe_gather_exit(void)
{
	int cpu;

	for_each_possible_cpu(cpu)
		tasklet_kill(&per_cpu(gather_cpu, cpu).tasklet);
}
