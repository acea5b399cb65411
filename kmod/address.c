// SPDX-License-Identifier: GPL-2.0-only
/*
 * Our own addresses change: peers are told at once.
 *
 * A peer follows to where our packets come from. But who only receives has nothing
 * to send, and hears nothing any more where he is now; the peer would go on sending
 * to where he was. So after a change of addresses each link whose peer last sent to
 * one that is no longer ours sends an empty packet from another: at once, and some
 * times again, as the route may come later than the address, or an address be
 * tentative, or a packet be lost.
 *
 * Addresses may come and go all the time, by whoever may make namespaces. So there
 * is a limit to the packets for each address (cipe_path_moved()), and to the time.
 */

#include <linux/inetdevice.h>
#include <linux/jiffies.h>
#include <linux/ktime.h>
#include <linux/minmax.h>
#include <linux/netdevice.h>
#include <linux/notifier.h>
#include <linux/rcupdate.h>
#include <linux/sched.h>
#include <linux/workqueue.h>
#include <net/addrconf.h>
#include <net/if_inet6.h>

#include "address.h"
#include "hook.h"
#include "link.h"
#include "tx.h"

/* Milliseconds after the first change, and each time before. Less than any round trip
 * that matters, and more than the several changes of one move are apart; then about
 * what DHCP and detection of duplicates take.
 */
static const unsigned int address_delays[] = { 10, 250, 1000, 3000 };

/* After a look at all links, none for so many times as long; which may be something
 * else that it waited for
 */
#define ADDRESS_REST	20
#define ADDRESS_LONGEST	(3 * (s64)NSEC_PER_SEC)

/* Links between two looks at whether others want the CPU */
#define ADDRESS_LINKS	64

static void address_work(struct work_struct *work);

static DECLARE_DELAYED_WORK(address_again, address_work);

/* Looks since the last change; 0: the first one is due already */
static atomic_t address_step = ATOMIC_INIT(ARRAY_SIZE(address_delays));

/* Not before; address_work()'s alone */
static ktime_t address_next;

/* Some links, after @id. Returns whether there may be more. */
static bool address_tell(unsigned long *id)
{
	struct cipe_link *link;
	unsigned int n = 0;

	rcu_read_lock();
	do {
		link = cipe_link_next(id);
		if (link)
			cipe_tx_moved(link);
	} while (link && ++n < ADDRESS_LINKS && !need_resched());
	rcu_read_unlock();
	return link;
}

static void address_work(struct work_struct *work)
{
	ktime_t began = ktime_get();
	s64 took, rest = ktime_sub(address_next, began);
	unsigned long id = 0;
	unsigned int step;

	if (rest > 0) { /* the step stays: no change is forgotten */
		queue_delayed_work(system_unbound_wq, &address_again, nsecs_to_jiffies(rest) + 1);
		return;
	}
	step = atomic_inc_return(&address_step);
	while (address_tell(&id))
		cond_resched();
	took = min_t(s64, ktime_sub(ktime_get(), began), ADDRESS_LONGEST);
	address_next = ktime_add_ns(ktime_get(), ADDRESS_REST * took);
	/* Unless there was a change meanwhile, for which it is due sooner */
	if (step < ARRAY_SIZE(address_delays))
		queue_delayed_work(system_unbound_wq, &address_again,
				   msecs_to_jiffies(address_delays[step]));
}

/* Context: any, with a lock of the one who changes it held */
static int address_changed(const struct net_device *dev, unsigned long event)
{
	if ((event == NETDEV_UP || event == NETDEV_DOWN) && cipe_hook_used(dev_net(dev)) &&
	    atomic_xchg(&address_step, 0))
		mod_delayed_work(system_unbound_wq, &address_again,
				 msecs_to_jiffies(address_delays[0]));
	return NOTIFY_DONE;
}

static int address_changed4(struct notifier_block *nb, unsigned long event, void *ptr)
{
	const struct in_ifaddr *ifa = ptr;

	return address_changed(ifa->ifa_dev->dev, event);
}

static int address_changed6(struct notifier_block *nb, unsigned long event, void *ptr)
{
	const struct inet6_ifaddr *ifa = ptr;

	return address_changed(ifa->idev->dev, event);
}

static struct notifier_block address_v4 = {
	.notifier_call = address_changed4,
};

static struct notifier_block address_v6 = {
	.notifier_call = address_changed6,
};

/**
 * cipe_address_init - watch our addresses, in all network namespaces
 *
 * Return: 0 or an error.
 */
int cipe_address_init(void)
{
	int err = register_inetaddr_notifier(&address_v4);

	if (err)
		return err;
	err = register_inet6addr_notifier(&address_v6);
	if (err)
		unregister_inetaddr_notifier(&address_v4);
	return err;
}

/**
 * cipe_address_exit - the reverse
 */
void cipe_address_exit(void)
{
	unregister_inet6addr_notifier(&address_v6);
	unregister_inetaddr_notifier(&address_v4);
	cancel_delayed_work_sync(&address_again);
}
