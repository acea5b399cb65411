// SPDX-License-Identifier: GPL-2.0-only
/*
 * Batches on other CPUs, when this one has too much to do.
 *
 * While a CPU keeps up, packets are encrypted and decrypted where they are:
 * nothing is faster, and nothing else is disturbed. But all packets of one flow,
 * and all of one peer, come to one CPU. When that one spends an eighth of its time
 * in the cipher, and another one is idle, or spends less of it there, whole batches
 * go to that one. The order is kept as behind an asynchronous cipher, by the link's
 * queue (order.c).
 */

#include <linux/cpumask.h>
#include <linux/llist.h>
#include <linux/math64.h>
#include <linux/netdevice.h>
#include <linux/percpu.h>
#include <linux/sched/clock.h>
#include <linux/sched/isolation.h>
#include <linux/tick.h>
#include <linux/workqueue.h>

#include "batch.h"
#include "crypt.h"
#include "spread.h"

/* Batches of less are not worth the way, nor the look at the clock */
#define SPREAD_OCTETS	4096

/* Loads are measured over this time, in nanoseconds */
#define SPREAD_WINDOW	(16 * NSEC_PER_MSEC)

/* And whether a CPU is idle over this one: that is to be found out while one batch
 * is in the cipher, which takes a millisecond where that is worth helping
 */
#define SPREAD_LOOKED	NSEC_PER_MSEC

/* Of 1024: from this load on a CPU gives away, to one that is idle for so much of the
 * time, or has so much less
 */
#define SPREAD_BUSY	128
#define SPREAD_IDLE	128
#define SPREAD_LESS	128

/* How many CPUs to look at */
#define SPREAD_LOOK	4

/**
 * struct cipe_spread - a CPU's part
 * @start: of the time being measured, in nanoseconds of local_clock()
 * @spent: of it, in the cipher
 * @load: share of the time before, of 1024. Read by all
 * @looked: when somebody last looked for how long it was idle, by local_clock()
 * @slept: for how long in all then, in microseconds
 * @idle: share of the time before, of 1024. Read by all
 * @next: CPU that something was given to last
 * @queue: batches given to this CPU
 * @work: decrypts and encrypts them
 */
struct cipe_spread {
	u64 start;
	u64 spent;
	unsigned int load;
	int next;

	atomic64_t looked ____cacheline_aligned_in_smp;
	u64 slept;
	unsigned int idle;

	struct llist_head queue ____cacheline_aligned_in_smp;
	struct work_struct work;
};

static DEFINE_PER_CPU(struct cipe_spread, spread_cpu);
static struct workqueue_struct *spread_wq;

/* A CPU's load. One that had nothing to do at all does not measure it. */
static unsigned int spread_load(int cpu, u64 now)
{
	const struct cipe_spread *spread = per_cpu_ptr(&spread_cpu, cpu);

	if ((s64)(now - READ_ONCE(spread->start)) > 2 * SPREAD_WINDOW)
		return 0;
	return READ_ONCE(spread->load);
}

/* For how much of the time was a CPU idle of late? Whoever asks first after a while
 * finds out, for all.
 */
static unsigned int spread_idle(int cpu, u64 now)
{
	struct cipe_spread *spread = per_cpu_ptr(&spread_cpu, cpu);
	s64 looked = atomic64_read(&spread->looked);
	s64 passed = now - looked, slept;
	u64 before;

	if (passed < (s64)SPREAD_LOOKED ||
	    !atomic64_try_cmpxchg(&spread->looked, &looked, now))
		return READ_ONCE(spread->idle);
	before = READ_ONCE(spread->slept);
	/* (u64)-1 where the kernel does not know, then and now */
	WRITE_ONCE(spread->slept, get_cpu_idle_time_us(cpu, NULL));
	slept = max_t(s64, READ_ONCE(spread->slept) - before, 0);
	WRITE_ONCE(spread->idle, min_t(u64, div64_u64(slept * 1024, passed / 1000), 1024));
	return READ_ONCE(spread->idle);
}

/* Has it begun with all that it was given? Others may keep it busy, where we
 * do not see it; then no more than one batch waits for it.
 */
static bool spread_ready(int cpu)
{
	return llist_empty(&per_cpu_ptr(&spread_cpu, cpu)->queue);
}

/* The best of some CPUs that are not isolated, each in its turn; -1: none of them.
 * One that is idle loses nothing by it; with all others the cipher is shared.
 */
static int spread_pick(int next, u64 now, unsigned int load)
{
	const struct cpumask *cpus = housekeeping_cpumask(HK_TYPE_DOMAIN);
	unsigned int idlest = SPREAD_IDLE, least = load - SPREAD_LESS, look;
	int cpu = next, best = -1, idle = -1;

	for (look = 0; look < SPREAD_LOOK; look++) {
		cpu = cpumask_next_and(cpu, cpus, cpu_online_mask);
		if (cpu >= nr_cpu_ids)
			cpu = cpumask_first_and(cpus, cpu_online_mask);
		if (cpu >= nr_cpu_ids || cpu == smp_processor_id() || !spread_ready(cpu))
			continue;
		if (spread_idle(cpu, now) >= idlest) {
			idlest = spread_idle(cpu, now);
			idle = cpu;
		}
		if (spread_load(cpu, now) < least) {
			least = spread_load(cpu, now);
			best = cpu;
		}
	}
	return idle >= 0 ? idle : best;
}

static unsigned int spread_octets(const struct cipe_batch *batch)
{
	return batch->n * batch->packet[0].len;
}

/**
 * cipe_spread_where - is a batch to be worked on elsewhere?
 * @batch: the batch
 *
 * Context: softirq or BH off.
 * Return: a CPU, or -1 if on this one.
 */
int cipe_spread_where(const struct cipe_batch *batch)
{
	struct cipe_spread *spread = this_cpu_ptr(&spread_cpu);
	unsigned int load = spread->load;
	u64 now;
	int cpu;

	if (likely(load < SPREAD_BUSY) || spread_octets(batch) < SPREAD_OCTETS)
		return -1;
	now = local_clock();
	load = spread_load(smp_processor_id(), now);
	if (load < SPREAD_BUSY)
		return -1;
	cpu = spread_pick(spread->next, now, load);
	if (cpu >= 0)
		spread->next = cpu;
	return cpu;
}

/**
 * cipe_spread_queue - give a batch to another CPU
 * @batch: the batch, holding its key and device; comes back by
 *	cipe_crypt_continue()
 * @cpu: which
 */
void cipe_spread_queue(struct cipe_batch *batch, int cpu)
{
	struct cipe_spread *spread = per_cpu_ptr(&spread_cpu, cpu);

	if (llist_add(&batch->spread, &spread->queue))
		queue_work_on(cpu, spread_wq, &spread->work);
}

static void spread_work(struct work_struct *work)
{
	struct cipe_spread *spread = container_of(work, struct cipe_spread, work);
	struct cipe_batch *batch, *next;
	struct llist_node *list;

	list = llist_reverse_order(llist_del_all(&spread->queue));
	llist_for_each_entry_safe(batch, next, list, spread) {
		local_bh_disable();
		rcu_read_lock();
		cipe_crypt_continue(batch);
		rcu_read_unlock();
		local_bh_enable();
		cond_resched();
	}
}

/**
 * cipe_spread_begin - the cipher gets a batch now
 * @batch: the batch
 *
 * Context: softirq or BH off.
 * Return: for cipe_spread_end().
 */
u64 cipe_spread_begin(const struct cipe_batch *batch)
{
	return spread_octets(batch) < SPREAD_OCTETS ? 0 : local_clock();
}

/**
 * cipe_spread_end - and is done with it
 * @begin: what cipe_spread_begin() said on this CPU
 *
 * Context: softirq or BH off.
 */
void cipe_spread_end(u64 begin)
{
	struct cipe_spread *spread = this_cpu_ptr(&spread_cpu);
	u64 now, passed;

	if (!begin)
		return;
	now = local_clock();
	spread->spent += now - begin;
	passed = now - spread->start;
	if (passed < SPREAD_WINDOW)
		return;
	WRITE_ONCE(spread->load, passed > 2 * SPREAD_WINDOW ? 0 :
		   (unsigned int)div64_u64(spread->spent * 1024, passed));
	spread->spent = 0;
	WRITE_ONCE(spread->start, now);
}

/**
 * cipe_spread_init - get ready for batches
 *
 * Return: 0 or an error.
 */
int cipe_spread_init(void)
{
	int cpu;

	for_each_possible_cpu(cpu) {
		struct cipe_spread *spread = per_cpu_ptr(&spread_cpu, cpu);

		init_llist_head(&spread->queue);
		INIT_WORK(&spread->work, spread_work);
	}
	spread_wq = alloc_workqueue("cipe_spread", WQ_HIGHPRI | WQ_CPU_INTENSIVE |
				    WQ_MEM_RECLAIM, 0);
	return spread_wq ? 0 : -ENOMEM;
}

/**
 * cipe_spread_exit - the reverse, after the last batch
 */
void cipe_spread_exit(void)
{
	destroy_workqueue(spread_wq);
}
