// SPDX-License-Identifier: GPL-2.0-only
/*
 * Batches on other CPUs, when this one has too much to do.
 *
 * While a CPU keeps up, packets are encrypted and decrypted where they are:
 * nothing is faster, and nothing else is disturbed. But all packets of one flow,
 * and all of one peer, come to one CPU. When that one is busy for half of the time
 * or more, and the cipher would be an eighth of it, whole batches go to one that has
 * an eighth of its time, and no less than this one; when the cipher would be half of it,
 * and this one has less than an eighth, to one that has no more, but less of the cipher
 * too. The order is kept as behind an asynchronous cipher, by the link's queue (order.c).
 *
 * What a process sends goes to CPUs that have time only: its own is its own, and
 * others' is not for it.
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

/* Batches of less are not worth a look at the clock */
#define SPREAD_OCTETS	4096

/* Nanoseconds in the cipher. Less is not worth the way: two workers wake up, here and
 * there, which takes some microseconds
 */
#define SPREAD_WORTH	(10 * NSEC_PER_USEC)

/* Loads are measured over this time, in nanoseconds. What was before a time twice as
 * long says nothing of now.
 */
#define SPREAD_WINDOW	(16 * NSEC_PER_MSEC)

/* Whether a CPU has time is asked after so many nanoseconds: of two slow CPUs that
 * take turns, one has nothing to do for as long as a batch takes
 */
#define SPREAD_LOOKED	NSEC_PER_MSEC

/* Of 1024: a CPU that has so much time keeps up */
#define SPREAD_KEEPS	512

/* And gives away if it had to do with so much, to one that has so much time */
#define SPREAD_BUSY	128
#define SPREAD_FREE	128

/* And if it had to do with so much, to one that has so much less */
#define SPREAD_SHARE	512
#define SPREAD_LESS	128

/* How many CPUs to look at */
#define SPREAD_LOOK	4

/* One that takes so long to begin, in nanoseconds, has no time for workers at all: a
 * real-time process has it, or the hypervisor. All of the link waits for it meanwhile.
 * It is not asked again for so many times as long, but no longer than so.
 */
#define SPREAD_LATE	(100 * NSEC_PER_MSEC)
#define SPREAD_SHUN	10
#define SPREAD_SHUN_MAX	(10ll * NSEC_PER_SEC)

/* One in so many batches stays: what it costs may change */
#define SPREAD_SAMPLE	64

/**
 * struct cipe_spread - a CPU's part
 * @start: of the time being measured, in nanoseconds of local_clock()
 * @spent: of it, in the cipher
 * @given: and would have been, for what was given away
 * @cost: nanoseconds that 1024 octets take
 * @load: share of the time before in the cipher, of 1024. Read by all
 * @demand: and with what was given away, which may be more than there is
 * @next: CPU that was looked at, or given to, last
 * @sample: batches that could have been given away
 * @looked: when somebody last looked how much time it has, by local_clock()
 * @rested: when last it was found to have been idle
 * @slept: for how long in all then, in microseconds
 * @lent: nanoseconds that it had helped then
 * @free: share of the time before, of 1024, or -1. Read by all
 * @helped: nanoseconds that it was in the cipher for others. Less the time by
 *	local_clock() that it began, and so negative, while it is
 * @asked: when the first of @queue was given to it, by local_clock()
 * @shunned: it began late and is not asked until then, likewise; 0: never was late
 * @queue: batches given to this CPU
 * @work: decrypts and encrypts them
 */
struct cipe_spread {
	u64 start;
	u64 spent;
	u64 given;
	u64 cost;
	unsigned int load;
	unsigned int demand;
	int next;
	unsigned int sample;

	atomic64_t looked ____cacheline_aligned_in_smp;
	u64 rested;
	u64 slept;
	s64 lent;
	int free;

	s64 helped ____cacheline_aligned_in_smp;

	u64 asked ____cacheline_aligned_in_smp;
	u64 shunned;
	struct llist_head queue;
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

/* This CPU had a batch. The time is over: what was its load? */
static void spread_account(struct cipe_spread *spread, u64 now)
{
	u64 passed = now - spread->start;
	unsigned int load = 0, given = 0;

	if (passed < SPREAD_WINDOW)
		return;
	if (passed <= 2 * SPREAD_WINDOW) {
		load = div64_u64(spread->spent * 1024, passed);
		given = div64_u64(spread->given * 1024, passed);
	}
	WRITE_ONCE(spread->load, load);
	spread->demand = load + given;
	spread->spent = 0;
	spread->given = 0;
	WRITE_ONCE(spread->start, now);
}

/* Microseconds that a CPU was idle since the last look. A process that waits for a
 * disk does not make it busy. 0 where the kernel does not know, which always says the
 * same.
 */
static u64 spread_slept(struct cipe_spread *spread, int cpu)
{
	u64 slept = get_cpu_idle_time_us(cpu, NULL) + get_cpu_iowait_time_us(cpu, NULL);
	s64 passed = slept - READ_ONCE(spread->slept);

	WRITE_ONCE(spread->slept, slept);
	return max_t(s64, passed, 0);
}

/* Nanoseconds that it helped since then */
static u64 spread_lent(struct cipe_spread *spread, u64 now)
{
	s64 lent = READ_ONCE(spread->helped), passed;

	if (lent < 0)
		lent += now;
	passed = lent - READ_ONCE(spread->lent);
	WRITE_ONCE(spread->lent, lent);
	return max_t(s64, passed, 0);
}

/* How much of the time since the last look did a CPU have for others? Whoever asks
 * first after a while finds out, for all. -1 if nobody asked for too long, or somebody
 * is finding out.
 *
 * In which it helped, it had: else nobody would ask the one that helps best. But only
 * if it is idle too now and then, for it helps before all that is its own.
 */
static int spread_free(int cpu, u64 now)
{
	struct cipe_spread *spread = per_cpu_ptr(&spread_cpu, cpu);
	s64 looked = atomic64_read(&spread->looked), passed = now - looked;
	int free = -1;
	u64 slept, lent;

	if (passed < (s64)SPREAD_LOOKED)
		return READ_ONCE(spread->free);
	if (!atomic64_try_cmpxchg(&spread->looked, &looked, now))
		return -1;
	slept = spread_slept(spread, cpu);
	lent = spread_lent(spread, now);
	if (slept)
		WRITE_ONCE(spread->rested, now);
	if (now - READ_ONCE(spread->rested) < SPREAD_WINDOW)
		slept += div_u64(lent, NSEC_PER_USEC);
	if (passed <= (s64)(2 * SPREAD_WINDOW))
		free = min_t(u64, div_u64(slept * 1024, div_u64(passed, NSEC_PER_USEC)), 1024);
	WRITE_ONCE(spread->free, free);
	return free;
}

/* Has it taken what it was given, and soon? Others may keep it busy, where we do not
 * see it; then no more than two batches of each CPU wait for it.
 */
static bool spread_ready(int cpu, u64 now)
{
	const struct cipe_spread *spread = per_cpu_ptr(&spread_cpu, cpu);
	u64 shunned;

	if (!llist_empty(&spread->queue))
		return false;
	/* Written before the queue is emptied */
	smp_rmb();
	shunned = READ_ONCE(spread->shunned);
	return !shunned || (s64)(now - shunned) > 0;
}

/* The next CPU in turn that is not isolated */
static int spread_next(int cpu)
{
	const struct cpumask *cpus = housekeeping_cpumask(HK_TYPE_DOMAIN);
	unsigned int left = num_online_cpus();

	do {
		cpu = cpumask_next_and(cpu, cpus, cpu_online_mask);
		if (cpu >= nr_cpu_ids)
			cpu = cpumask_first_and(cpus, cpu_online_mask);
	} while (cpu < nr_cpu_ids && !housekeeping_test_cpu(cpu, HK_TYPE_WQ) && --left);
	return cpu;
}

/* The best of the next CPUs, or -1. One that has time loses nothing by it; of those
 * that have none, one that has less of the cipher's work.
 */
static int spread_pick(struct cipe_spread *spread, u64 now, bool share)
{
	int own = spread_free(smp_processor_id(), now), most = max(own, SPREAD_FREE), time;
	int cpu = spread->next, free = -1, less = -1;
	unsigned int look, load, least = 0;

	if (own < 0 || own >= SPREAD_KEEPS)
		return -1;
	if (share && own < SPREAD_FREE && spread->demand >= SPREAD_SHARE)
		least = max_t(unsigned int, spread->load, SPREAD_LESS) - SPREAD_LESS;
	for (look = 0; look < SPREAD_LOOK; look++) {
		cpu = spread_next(cpu);
		if (cpu >= nr_cpu_ids || cpu == smp_processor_id() ||
		    !housekeeping_test_cpu(cpu, HK_TYPE_WQ) || !spread_ready(cpu, now))
			continue;
		time = spread_free(cpu, now);
		load = spread_load(cpu, now);
		if (time >= most) {
			most = time + 1;
			free = cpu;
		} else if (load < least) {
			least = load;
			less = cpu;
		}
	}
	spread->next = free >= 0 ? free : less >= 0 ? less : cpu;
	return free >= 0 ? free : less;
}

static unsigned int spread_octets(const struct cipe_batch *batch)
{
	return batch->n * batch->packet[0].len;
}

/* What is released on this CPU would wait for a process that leaves no time to others.
 * But kernel threads for interrupts do.
 */
static bool spread_realtime(void)
{
	return (rt_task(current) || dl_task(current)) &&
	       !(in_serving_softirq() && (current->flags & PF_KTHREAD));
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
	u64 now, took;
	int cpu;

	if (likely(spread->demand < SPREAD_BUSY) || spread_octets(batch) < SPREAD_OCTETS ||
	    num_online_cpus() == 1 || spread_realtime())
		return -1;
	now = local_clock();
	took = spread->cost * spread_octets(batch) / 1024;
	if (took < SPREAD_WORTH || now - spread->start > 2 * SPREAD_WINDOW ||
	    ++spread->sample % SPREAD_SAMPLE == 0)
		return -1;
	cpu = spread_pick(spread, now, in_serving_softirq());
	if (cpu >= 0) {
		spread->given += took;
		spread_account(spread, now);
	}
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

	if (llist_add(&batch->spread, &spread->queue)) {
		WRITE_ONCE(spread->asked, local_clock());
		queue_work_on(cpu, spread_wq, &spread->work);
	}
}

/* Batches are taken: did that take long? By clocks of two CPUs, if it is far too long
 * there is no doubt
 */
static void spread_begun(struct cipe_spread *spread)
{
	u64 now = local_clock();
	s64 late = now - READ_ONCE(spread->asked);

	if (late > (s64)SPREAD_LATE)
		WRITE_ONCE(spread->shunned, now + min_t(s64, SPREAD_SHUN * late, SPREAD_SHUN_MAX));
}

/* The cipher is done: what follows may be this CPU's own */
static void spread_help_end(struct cipe_spread *spread, u64 now)
{
	if (spread->helped < 0)
		WRITE_ONCE(spread->helped, spread->helped + (s64)now);
}

static void spread_work(struct work_struct *work)
{
	struct cipe_spread *spread = container_of(work, struct cipe_spread, work), *own;
	struct cipe_batch *batch, *next;
	struct llist_node *list;

	spread_begun(spread);
	list = llist_reverse_order(llist_del_all(&spread->queue));
	llist_for_each_entry_safe(batch, next, list, spread) {
		local_bh_disable();
		own = this_cpu_ptr(&spread_cpu);
		WRITE_ONCE(own->helped, own->helped - (s64)local_clock());
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
 * @batch: the batch
 * @begin: what cipe_spread_begin() said on this CPU
 *
 * Context: softirq or BH off.
 */
void cipe_spread_end(const struct cipe_batch *batch, u64 begin)
{
	struct cipe_spread *spread = this_cpu_ptr(&spread_cpu);
	u64 now, cost;

	if (!begin)
		return;
	now = local_clock();
	spread_help_end(spread, now);
	spread->spent += now - begin;
	/* One sample may have an interrupt in it */
	cost = div_u64((now - begin) * 1024, spread_octets(batch));
	spread->cost = spread->cost ? (3 * spread->cost + cost) / 4 : cost;
	spread_account(spread, now);
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
