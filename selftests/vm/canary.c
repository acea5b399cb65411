// SPDX-License-Identifier: GPL-2.0-only
/*
 * The faults that the debug kernel and the rig have to find, one a load:
 * "modprobe canary fault=NAME". For selftests/vm/selfcheck only.
 */
#include <linux/module.h>
#include <linux/rcupdate.h>
#include <linux/ref_tracker.h>
#include <linux/slab.h>
#include <linux/spinlock.h>
#include <linux/timer.h>

static char *fault = "none";
module_param(fault, charp, 0400);
MODULE_PARM_DESC(fault, "which fault to commit");

static DEFINE_SPINLOCK(lock_a);
static DEFINE_SPINLOCK(lock_b);
static int *volatile lost;
static int __rcu *rcu_thing;
static volatile int width = 33;

static void fault_none(void)
{
}

static void fault_warn(void)
{
	WARN_ON(1);
}

/* KASAN: read behind the end */
static void fault_overrun(void)
{
	volatile char *p = kmalloc(24, GFP_KERNEL);

	if (!p)
		return;
	OPTIMIZER_HIDE_VAR(p);
	pr_info("canary: %d\n", p[24]);
	kfree((void *)p);
}

/* KASAN: read what was freed */
static void fault_use_after_free(void)
{
	volatile char *p = kmalloc(24, GFP_KERNEL);

	if (!p)
		return;
	kfree((void *)p);
	pr_info("canary: %d\n", p[3]);
}

/* kmemleak: the only pointer is overwritten */
static void fault_leak(void)
{
	int i;

	for (i = 0; i < 8; i++)
		lost = kmalloc(200, GFP_KERNEL);
	lost = NULL;
}

/* lockdep: both orders */
static void fault_deadlock(void)
{
	spin_lock(&lock_a);
	spin_lock(&lock_b);
	spin_unlock(&lock_b);
	spin_unlock(&lock_a);
	spin_lock(&lock_b);
	spin_lock(&lock_a);
	spin_unlock(&lock_a);
	spin_unlock(&lock_b);
}

/* PROVE_RCU: no read lock */
static void fault_rcu(void)
{
	pr_info("canary: %p\n", rcu_dereference(rcu_thing));
}

/* DEBUG_ATOMIC_SLEEP */
static void fault_sleep(void)
{
	void *p;

	spin_lock(&lock_a);
	p = kmalloc(8, GFP_KERNEL);
	spin_unlock(&lock_a);
	kfree(p);
}

/* UBSAN */
static void fault_shift(void)
{
	pr_info("canary: %d\n", 1 << width);
}

static void no_timeout(struct timer_list *timer)
{
}

/* DEBUG_OBJECTS: freed while it runs */
static void fault_timer(void)
{
	struct timer_list *timer = kzalloc(sizeof(*timer), GFP_KERNEL);

	if (!timer)
		return;
	timer_setup(timer, no_timeout, 0);
	mod_timer(timer, jiffies + 60 * HZ);
	kfree(timer);
}

/* Reference tracker: what is referred to goes first */
static void fault_reference(void)
{
	struct ref_tracker_dir dir;
	struct ref_tracker *tracker;

	ref_tracker_dir_init(&dir, 16, "canary");
	ref_tracker_alloc(&dir, &tracker, GFP_KERNEL);
	ref_tracker_dir_exit(&dir);
}

static const struct {
	const char *name;
	void (*commit)(void);
} faults[] = {
	{ "none", fault_none },
	{ "warn", fault_warn },
	{ "overrun", fault_overrun },
	{ "use_after_free", fault_use_after_free },
	{ "leak", fault_leak },
	{ "deadlock", fault_deadlock },
	{ "rcu", fault_rcu },
	{ "sleep", fault_sleep },
	{ "shift", fault_shift },
	{ "timer", fault_timer },
	{ "reference", fault_reference },
};

static int __init canary_init(void)
{
	int i;

	for (i = 0; i < ARRAY_SIZE(faults); i++)
		if (!strcmp(fault, faults[i].name)) {
			faults[i].commit();
			return 0;
		}
	return -EINVAL;
}

static void __exit canary_exit(void)
{
}

module_init(canary_init);
module_exit(canary_exit);
MODULE_DESCRIPTION("Faults for a test rig to find");
MODULE_LICENSE("GPL");
