// SPDX-License-Identifier: GPL-2.0-only
/*
 * Our own addresses change: peers are told at once.
 *
 * A peer follows to where our packets come from. But who only receives has nothing
 * to send, and hears nothing any more where he is now; the peer would go on sending
 * to where he was. So after a change of addresses each link whose peer last sent to
 * one that is no longer ours sends an empty packet from another: at once, and again,
 * as the route may come later than the address, or an address be tentative, or a
 * packet be lost.
 */

#include <linux/inetdevice.h>
#include <linux/jiffies.h>
#include <linux/notifier.h>
#include <linux/rcupdate.h>
#include <linux/sched.h>
#include <linux/workqueue.h>
#include <net/addrconf.h>

#include "address.h"
#include "link.h"
#include "tx.h"

/* Milliseconds after the last change, and each time before. Less than any round trip
 * that matters, more than the several changes of one move are apart; then about what
 * DHCP and detection of duplicates take.
 */
static const unsigned int address_delays[] = { 10, 250, 1000, 3000 };

/* Links between two looks at whether others want the CPU */
#define ADDRESS_LINKS	64

static void address_work(struct work_struct *work);

static DECLARE_DELAYED_WORK(address_again, address_work);
static atomic_t address_step = ATOMIC_INIT(0);

/* Some links, from @id on. Returns whether there may be more. */
static bool address_tell(unsigned long *id)
{
	struct cipe_link *link = NULL;
	unsigned int n;

	rcu_read_lock();
	for (n = 0; n < ADDRESS_LINKS; n++) {
		link = cipe_link_next(id);
		if (!link)
			break;
		cipe_tx_moved(link);
	}
	rcu_read_unlock();
	return link;
}

static void address_work(struct work_struct *work)
{
	unsigned int step = atomic_inc_return(&address_step);
	unsigned long id = 0;

	while (address_tell(&id))
		cond_resched();
	if (step < ARRAY_SIZE(address_delays))
		queue_delayed_work(system_wq, &address_again,
				   msecs_to_jiffies(address_delays[step]));
}

/* Context: any, with a lock of the one who changes it held */
static int address_changed(struct notifier_block *nb, unsigned long event, void *ptr)
{
	if (event != NETDEV_UP && event != NETDEV_DOWN)
		return NOTIFY_DONE;
	atomic_set(&address_step, 0);
	mod_delayed_work(system_wq, &address_again, msecs_to_jiffies(address_delays[0]));
	return NOTIFY_DONE;
}

static struct notifier_block address_v4 = {
	.notifier_call = address_changed,
};

static struct notifier_block address_v6 = {
	.notifier_call = address_changed,
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
