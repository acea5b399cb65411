// SPDX-License-Identifier: GPL-2.0-only
/*
 * Batches on other CPUs, when this one has too much to do.
 *
 * While a CPU keeps up, packets are encrypted and decrypted where they are:
 * nothing is faster, and nothing else is disturbed. But all packets of one flow,
 * and all of one peer, come to one CPU. When that one is busy for most of the time,
 * and has to do with the cipher for an eighth of it, whole batches go to one that is
 * idle; when the cipher is half of its time, to one that has less of it too. The
 * order is kept as behind an asynchronous cipher, by the link's queue (order.c).
 *
 * What a process sends goes to idle CPUs only: its time is its own, and others' is
 * not for it.
 */

#include <linux/cpumask.h>
#include <linux/llist.h>
#include <linux/math64.h>
#include <linux/minmax.h>
#include <linux/netdevice.h>
#include <linux/percpu.h>
#include <linux/preempt.h>
#include <linux/sched/clock.h>
#include <linux/sched/deadline.h>
#include <linux/sched/isolation.h>
#include <linux/sched/rt.h>
#include <linux/tick.h>
#include <linux/workqueue.h>

#include "batch.h"
#include "crypt.h"
#include "spread.h"

/* Batches of less are not worth the way, nor the look at the clock */
#define SPREAD_OCTETS	4096

/* Loads are measured over this time, in nanoseconds. What was before a time twice as
 * long says nothing of now.
 */
#define SPREAD_WINDOW	(16 * NSEC_PER_MSEC)

/* Whether a CPU is idle is asked after so many nanoseconds: of two slow CPUs that
 * take turns, one has nothing to do for as long as a batch takes
 */
#define SPREAD_LOOKED	NSEC_PER_MSEC

/* Of 1024: a CPU that is idle for so much of the time keeps up */
#define SPREAD_KEEPS	512

/* And gives away from this load on, to one that is idle for so much of the time */
#define SPREAD_BUSY	128
#define SPREAD_IDLE	128

/* And from this load on to one that has less */
#define SPREAD_SHARE	512

/* By how much one has to be better, or may be worse */
#define SPREAD_LESS	128

/* How many CPUs to look at */
#define SPREAD_LOOK	4

/**
 * struct cipe_spread - a CPU's part
 * @start: of the time being measured, in nanoseconds of local_clock()
 * @spent: of it, in the cipher; what was given away counts as if it had not been
 * @cost: what the last batch took
 * @load: share of the time before, of 1024. Read by all
 * @next: CPU that was looked at, or given to, last
 * @looked: when somebody last looked for how long it was idle, by local_clock()
 * @slept: for how long in all then, in microseconds
 * @idle: share of the time before, of 1024. Read by all
 * @queue: batches given to this CPU
 * @work: decrypts and encrypts them
 */
struct cipe_spread {
	u64 start;
	u64 spent;
	u64 cost;
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

/* A CPU's load. One that has no batches does not measure it. */
static unsigned int spread_load(int cpu, u64 now)
{
	const struct cipe_spread *spread = per_cpu_ptr(&spread_cpu, cpu);

	if ((s64)(now - READ_ONCE(spread->start)) > 2 * SPREAD_WINDOW)
		return 0;
	return READ_ONCE(spread->load);
}

/* This CPU had a batch */
static void spread_account(struct cipe_spread *spread, u64 now, u64 cost)
{
	u64 passed = now - spread->start;

	spread->spent += cost;
	if (passed < SPREAD_WINDOW)
		return;
	WRITE_ONCE(spread->load, passed > 2 * SPREAD_WINDOW ? 0 :
		   (unsigned int)div64_u64(spread->spent * 1024, passed));
	spread->spent = 0;
	WRITE_ONCE(spread->start, now);
}

/* For how much of the time since the last look was a CPU idle? Whoever asks first
 * after a while finds out, for all. 0 if that is too long ago, or if the kernel does
 * not know, which always says -1.
 */
static unsigned int spread_idle(int cpu, u64 now)
{
	struct cipe_spread *spread = per_cpu_ptr(&spread_cpu, cpu);
	s64 looked = atomic64_read(&spread->looked), passed = now - looked, slept;
	unsigned int idle = 0;
	u64 total;

	if (passed < (s64)SPREAD_LOOKED ||
	    !atomic64_try_cmpxchg(&spread->looked, &looked, now))
		return READ_ONCE(spread->idle);
	total = get_cpu_idle_time_us(cpu, NULL);
	slept = total - READ_ONCE(spread->slept);
	WRITE_ONCE(spread->slept, total);
	if (slept > 0 && passed <= (s64)(2 * SPREAD_WINDOW))
		idle = min_t(u64, div_u64(slept * 1024, div_u64(passed, NSEC_PER_USEC)), 1024);
	WRITE_ONCE(spread->idle, idle);
	return idle;
}

/* Has it taken what it was given? Others may keep it busy, where we do not see it;
 * then no more than one batch of each CPU waits for it.
 */
static bool spread_ready(int cpu)
{
	return llist_empty(&per_cpu_ptr(&spread_cpu, cpu)->queue);
}

/* The next CPU in turn that is not isolated */
static int spread_next(int cpu)
{
	const struct cpumask *cpus = housekeeping_cpumask(HK_TYPE_DOMAIN);

	cpu = cpumask_next_and(cpu, cpus, cpu_online_mask);
	return cpu < nr_cpu_ids ? cpu : cpumask_first_and(cpus, cpu_online_mask);
}

/* The best of the next CPUs, or -1. One that is idle loses nothing by it, so long as
 * it is no busier than this one.
 */
static int spread_pick(struct cipe_spread *spread, u64 now, unsigned int load, bool share)
{
	unsigned int own = spread_idle(smp_processor_id(), now), look;
	unsigned int idlest = max(own, SPREAD_IDLE + SPREAD_LESS) - SPREAD_LESS;
	unsigned int least = share && load >= SPREAD_SHARE ? load - SPREAD_LESS : 0;
	int cpu = spread->next, idle = -1, less = -1;

	if (own >= SPREAD_KEEPS)
		return -1;
	for (look = 0; look < SPREAD_LOOK; look++) {
		cpu = spread_next(cpu);
		if (cpu >= nr_cpu_ids || cpu == smp_processor_id() ||
		    !housekeeping_test_cpu(cpu, HK_TYPE_WQ) || !spread_ready(cpu))
			continue;
		if (spread_idle(cpu, now) > idlest) {
			idlest = spread_idle(cpu, now);
			idle = cpu;
		} else if (spread_load(cpu, now) < least) {
			least = spread_load(cpu, now);
			less = cpu;
		}
	}
	spread->next = idle >= 0 ? idle : less >= 0 ? less : cpu;
	return idle >= 0 ? idle : less;
}

static unsigned int spread_octets(const struct cipe_batch *batch)
{
	return batch->n * batch->packet[0].len;
}

/* Packets released on this CPU would wait for a process that leaves no time to others */
static bool spread_realtime(void)
{
	return !in_serving_softirq() && (rt_task(current) || dl_task(current));
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

	if (likely(load < SPREAD_BUSY) || spread_octets(batch) < SPREAD_OCTETS ||
	    num_online_cpus() == 1 || spread_realtime())
		return -1;
	now = local_clock();
	load = spread_load(smp_processor_id(), now);
	if (load < SPREAD_BUSY)
		return -1;
	cpu = spread_pick(spread, now, load, in_serving_softirq());
	if (cpu >= 0)
		spread_account(spread, now, spread->cost);
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
	u64 now;

	if (!begin)
		return;
	now = local_clock();
	spread->cost = now - begin;
	spread_account(spread, now, spread->cost);
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
