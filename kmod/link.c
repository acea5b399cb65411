// SPDX-License-Identifier: GPL-2.0-only
/*
 * One link: its keys in their slots, its peer's address, whether the peer is
 * alive, and the one timer behind all of that.
 */

#include <linux/jiffies.h>
#include <linux/xarray.h>
#include <net/sock.h>

#include "cells.h"
#include "endpoint.h"
#include "events.h"
#include "keys.h"
#include "link.h"
#include "rx.h"
#include "send.h"
#include "socket.h"
#include "tx.h"

/* The timer looks at everything at least that often */
#define LINK_TICK_MAX	(60 * HZ)

static DEFINE_XARRAY_ALLOC1(links);
static u32 links_last;

static struct cipe_key *link_key(const struct cipe_link *link, unsigned int slot)
{
	return rcu_dereference_protected(link->keys[slot],
					 lockdep_is_held(&link->state_lock));
}

static struct cipe_endpoint *link_endpoint(const struct cipe_link *link)
{
	return rcu_dereference_protected(link->endpoint,
					 lockdep_is_held(&link->state_lock));
}

/* The carrier is on while the peer is alive and packets can be sent to it */
static void link_update_carrier(struct cipe_link *link)
{
	struct cipe_key *current_key = link_key(link, CIPE_SLOT_CURRENT);

	lockdep_assert_held(&link->state_lock);
	if (link->alive && link->timer_on && current_key &&
	    cipe_key_sends(current_key))
		netif_carrier_on(link->dev);
	else
		netif_carrier_off(link->dev);
}

/* Have the timer look now */
static void link_poke(struct cipe_link *link)
{
	lockdep_assert_held(&link->state_lock);
	if (link->timer_on)
		mod_timer(&link->timer, jiffies);
}

/**
 * cipe_link_poke - have the timer look at once
 * @link: the link
 *
 * Context: any that may turn BH off.
 */
void cipe_link_poke(struct cipe_link *link)
{
	spin_lock_bh(&link->state_lock);
	link_poke(link);
	spin_unlock_bh(&link->state_lock);
}

/* Keys */

static void link_retire(struct cipe_link *link, unsigned int slot)
{
	struct cipe_key *key = link_key(link, slot);

	RCU_INIT_POINTER(link->keys[slot], NULL);
	if (key)
		cipe_key_retire(key);
}

static void link_put_in_slot(struct cipe_link *link, unsigned int slot,
			     struct cipe_key *key)
{
	if (key)
		WRITE_ONCE(key->slot, slot);
	rcu_assign_pointer(link->keys[slot], key);
}

/* @key becomes the current one, that one the previous. Not retired in between:
 * senders see one of the two at any time.
 */
static void link_make_current(struct cipe_link *link, struct cipe_key *key)
{
	struct cipe_key *old = link_key(link, CIPE_SLOT_CURRENT);

	if (old) {
		link_retire(link, CIPE_SLOT_PREVIOUS);
		link_put_in_slot(link, CIPE_SLOT_PREVIOUS, old);
	}
	link_put_in_slot(link, CIPE_SLOT_CURRENT, key);
}

/* We agreed on @key as the initiator: send under it, and until the peer is
 * heard under it too, in empty packets if nothing else.
 */
static void link_install_current(struct cipe_link *link, struct cipe_key *key)
{
	link_make_current(link, key);
	link->alive = true;
	WRITE_ONCE(link->heard, jiffies);
	link->confirm_tries = CIPE_CONFIRM_TRIES;
	link->confirm_delay = CIPE_CONFIRM_FIRST;
	link->confirm_next = jiffies;
}

/**
 * cipe_link_install_key - put a key in the slot it asks for
 * @link: the link
 * @key: new, of this link; taken over if all is well
 *
 * Context: may sleep. The caller holds link->lock, and the link is not dying.
 * Return: 0; -EEXIST if its id is in use; -ENOMEM.
 */
int cipe_link_install_key(struct cipe_link *link, struct cipe_key *key)
{
	int err;

	spin_lock_bh(&link->state_lock);
	err = cipe_key_publish(key);
	if (err)
		goto unlock;
	if (key->slot == CIPE_SLOT_CURRENT) {
		link_install_current(link, key);
	} else {
		link_retire(link, CIPE_SLOT_NEXT);
		link_put_in_slot(link, CIPE_SLOT_NEXT, key);
	}
	WRITE_ONCE(link->last_key, jiffies);
	WRITE_ONCE(link->ever_key, true);
	link_update_carrier(link);
	link_poke(link);
unlock:
	spin_unlock_bh(&link->state_lock);
	return err;
}

/**
 * cipe_link_move - carry a link, with its keys, over another socket
 * @link: the link
 * @cs: the socket
 *
 * Context: may sleep. The caller holds link->lock.
 * Return: 0; -EEXIST if another link there has a key of the same id.
 */
int cipe_link_move(struct cipe_link *link, struct cipe_sock *cs)
{
	int err;

	spin_lock_bh(&link->state_lock);
	err = cipe_keys_move(link, cs);
	spin_unlock_bh(&link->state_lock);
	return err;
}

/**
 * cipe_link_retire_slot - retire the key in a slot
 * @link: the link
 * @slot: &enum cipe_slot
 *
 * Return: 0, or -ENOENT if there is none.
 */
int cipe_link_retire_slot(struct cipe_link *link, unsigned int slot)
{
	int err = -ENOENT;

	spin_lock_bh(&link->state_lock);
	if (link_key(link, slot)) {
		link_retire(link, slot);
		link_update_carrier(link);
		err = 0;
	}
	spin_unlock_bh(&link->state_lock);
	return err;
}

/**
 * cipe_link_retire_id - retire a key by its id
 * @link: the link
 * @rx_id: key id in packets to us
 *
 * Return: 0, or -ENOENT if the link has none of that id.
 */
int cipe_link_retire_id(struct cipe_link *link, u32 rx_id)
{
	struct cipe_key *key;
	unsigned int slot;
	int err = -ENOENT;

	spin_lock_bh(&link->state_lock);
	for (slot = 0; slot < CIPE_SLOTS; slot++) {
		key = link_key(link, slot);
		if (key && key->rx_id == rx_id) {
			link_retire(link, slot);
			link_update_carrier(link);
			err = 0;
		}
	}
	spin_unlock_bh(&link->state_lock);
	return err;
}

/**
 * cipe_link_retire_all - retire all keys
 * @link: the link
 */
void cipe_link_retire_all(struct cipe_link *link)
{
	unsigned int slot;

	spin_lock_bh(&link->state_lock);
	for (slot = 0; slot < CIPE_SLOTS; slot++)
		link_retire(link, slot);
	link_update_carrier(link);
	spin_unlock_bh(&link->state_lock);
}

/* Packets that were sent and received */

/**
 * cipe_link_sent - a packet was sent
 * @link: the link
 */
void cipe_link_sent(struct cipe_link *link)
{
	unsigned long now = jiffies;

	/* Not written a packet: other CPUs read the line */
	if (READ_ONCE(link->last_tx) != now)
		WRITE_ONCE(link->last_tx, now);
	if (unlikely(!READ_ONCE(link->ever_tx)))
		WRITE_ONCE(link->ever_tx, true);
}

/* The peer uses the key we agreed on as the responder: so may we */
static bool link_activate_next(struct cipe_link *link, struct cipe_key *key)
{
	if (link_key(link, CIPE_SLOT_NEXT) != key)
		return false;
	RCU_INIT_POINTER(link->keys[CIPE_SLOT_NEXT], NULL);
	link_make_current(link, key);
	link->confirm_tries = 0;
	cipe_event_key(link, CIPE_CMD_KEY_ACTIVE_NTF, key);
	return true;
}

/* The first packet under a key, or after a silence */
static bool link_heard_slow(struct cipe_link *link, struct cipe_key *key)
{
	bool activated;

	spin_lock_bh(&link->state_lock);
	set_bit(CIPE_KEY_HEARD, &key->flags);
	if (link_key(link, CIPE_SLOT_CURRENT) == key)
		link->confirm_tries = 0;
	activated = link_activate_next(link, key);
	if (!link->alive || activated) {
		bool was_off = !netif_carrier_ok(link->dev);

		link->alive = true;
		link_update_carrier(link);
		if (was_off && netif_carrier_ok(link->dev))
			cipe_event_link(link, CIPE_CMD_PEER_ALIVE_NTF);
		link_poke(link);
	}
	spin_unlock_bh(&link->state_lock);
	return activated;
}

/**
 * cipe_link_heard - an authentic packet came
 * @link: the link
 * @key: its key
 *
 * Context: softirq or BH off, under RCU.
 * Return: whether it made the key, until now the next one, the current one.
 */
bool cipe_link_heard(struct cipe_link *link, struct cipe_key *key)
{
	unsigned long now = jiffies;

	if (READ_ONCE(link->heard) != now)
		WRITE_ONCE(link->heard, now);
	if (READ_ONCE(link->last_rx) != now)
		WRITE_ONCE(link->last_rx, now);
	if (unlikely(!READ_ONCE(link->ever_rx)))
		WRITE_ONCE(link->ever_rx, true);
	if (unlikely(!READ_ONCE(link->alive) ||
		     !test_bit(CIPE_KEY_HEARD, &key->flags)))
		return link_heard_slow(link, key);
	return false;
}

/* The peer's address */

static void link_roam_to(struct cipe_link *link, struct cipe_endpoint *endpoint)
{
	struct cipe_endpoint *old;
	bool moved;

	spin_lock_bh(&link->state_lock);
	old = link_endpoint(link);
	moved = !cipe_endpoint_same_remote(old, endpoint);
	if ((moved && old && READ_ONCE(link->pin)) || !link->timer_on) {
		old = endpoint;
		goto unlock;
	}
	rcu_assign_pointer(link->endpoint, endpoint);
	if (moved) {
		if (old)
			cipe_stats_inc(link->stats, CIPE_STAT_ROAMED);
		link->moved = true;
		link_poke(link);
	}
unlock:
	spin_unlock_bh(&link->state_lock);
	cipe_endpoint_free(old);
}

/**
 * cipe_link_roam - follow the peer to where its newest packet came from
 * @link: the link
 * @skb: an authentic packet under the current key, newer than all before;
 *	outer headers set
 *
 * Context: softirq or BH off, under RCU.
 */
void cipe_link_roam(struct cipe_link *link, const struct sk_buff *skb)
{
	struct cipe_endpoint *endpoint = rcu_dereference(link->endpoint);

	if (likely(endpoint && cipe_endpoint_matches(endpoint, skb)))
		return;
	endpoint = cipe_endpoint_from_skb(skb);
	if (endpoint)
		link_roam_to(link, endpoint);
}

/**
 * cipe_link_renew_endpoint - the peer is where it was, but by another socket
 * @link: the link
 * @fresh: takes the place of the endpoint, and its remote address; taken over
 *
 * Context: any. Nobody sends by the old socket any more.
 */
void cipe_link_renew_endpoint(struct cipe_link *link, struct cipe_endpoint *fresh)
{
	struct cipe_endpoint *old;

	spin_lock_bh(&link->state_lock);
	old = link_endpoint(link);
	if (old) {
		fresh->remote = old->remote;
		rcu_assign_pointer(link->endpoint, fresh);
	}
	spin_unlock_bh(&link->state_lock);
	cipe_endpoint_free(old ?: fresh);
}

/**
 * cipe_link_forget_route - find the route to the peer anew
 * @link: the link
 *
 * Context: any. Those in use are let go of as CPUs send, if they do.
 */
void cipe_link_forget_route(struct cipe_link *link)
{
	spin_lock_bh(&link->state_lock);
	if (link_endpoint(link))
		cipe_endpoint_forget_route(link_endpoint(link));
	spin_unlock_bh(&link->state_lock);
}

/**
 * cipe_link_drop_route - let go of all routes to the peer
 * @link: the link
 *
 * Context: any. Nobody sends: the link has no socket.
 */
void cipe_link_drop_route(struct cipe_link *link)
{
	spin_lock_bh(&link->state_lock);
	if (link_endpoint(link))
		cipe_endpoint_drop_route(link_endpoint(link));
	spin_unlock_bh(&link->state_lock);
}

/**
 * cipe_link_configure - apply what netlink asks for
 * @link: the link
 * @config: validated; its endpoint is taken over
 *
 * Context: may sleep. The caller holds link->lock, and the link is not dying.
 */
void cipe_link_configure(struct cipe_link *link, struct cipe_link_config *config)
{
	struct cipe_endpoint *old = NULL;

	spin_lock_bh(&link->state_lock);
	if (config->endpoint) {
		old = link_endpoint(link);
		rcu_assign_pointer(link->endpoint, config->endpoint);
		config->endpoint = NULL;
	}
	if (config->has & BIT_ULL(CIPE_A_TTL))
		WRITE_ONCE(link->ttl, config->ttl);
	if (config->has & BIT_ULL(CIPE_A_TOS))
		WRITE_ONCE(link->tos, config->tos);
	if (config->has & BIT_ULL(CIPE_A_PIN))
		WRITE_ONCE(link->pin, config->pin);
	if (config->has & BIT_ULL(CIPE_A_KEEPALIVE_MS))
		WRITE_ONCE(link->keepalive, msecs_to_jiffies(config->keepalive_ms));
	if (config->has & BIT_ULL(CIPE_A_TIMEOUT_MS)) {
		WRITE_ONCE(link->timeout, msecs_to_jiffies(config->timeout_ms));
		/* The new time begins now */
		WRITE_ONCE(link->heard, jiffies);
	}
	link_poke(link);
	spin_unlock_bh(&link->state_lock);
	cipe_endpoint_free(old);
}

/* The timer. Each of these does what is due, and brings @next forward to when
 * it wants to be asked again. All with state_lock held.
 */

static void tick_at(unsigned long *next, unsigned long when)
{
	if (time_before(when, *next))
		*next = when;
}

static void tick_keys(struct cipe_link *link, unsigned long now, unsigned long *next)
{
	unsigned int slot;

	for (slot = 0; slot < CIPE_SLOTS; slot++) {
		struct cipe_key *key = link_key(link, slot);

		if (!key)
			continue;
		if (slot == CIPE_SLOT_CURRENT && !cipe_key_sends(key) &&
		    !test_and_set_bit(CIPE_KEY_REPORTED, &key->flags))
			cipe_event_key(link, CIPE_CMD_KEY_EXPIRED_NTF, key);
		if (time_after_eq(now, key->dies))
			link_retire(link, slot);
		else
			tick_at(next, key->dies);
	}
}

static void tick_liveness(struct cipe_link *link, unsigned long now,
			  unsigned long *next)
{
	unsigned long dead = READ_ONCE(link->heard) + link->timeout;

	if (!link->timeout || !link->alive)
		return;
	if (time_before(now, dead)) {
		tick_at(next, dead);
		return;
	}
	link->alive = false;
	if (netif_carrier_ok(link->dev))
		cipe_event_link(link, CIPE_CMD_PEER_DEAD_NTF);
}

/* Is there anyone to send empty packets to? Configuration pokes the timer. */
static bool tick_can_send(const struct cipe_link *link)
{
	return link_key(link, CIPE_SLOT_CURRENT) && link_endpoint(link) &&
	       rcu_access_pointer(link->sock) && netif_running(link->dev);
}

/* Return: whether a keepalive is due */
static bool tick_keepalive(struct cipe_link *link, unsigned long now,
			   unsigned long *next)
{
	unsigned long due = READ_ONCE(link->last_tx) + link->keepalive;

	if (!link->keepalive || !tick_can_send(link))
		return false;
	if (time_before(now, due)) {
		tick_at(next, due);
		return false;
	}
	tick_at(next, now + link->keepalive);
	return true;
}

/* Return: whether an empty packet to confirm the key is due */
static bool tick_confirm(struct cipe_link *link, unsigned long now,
			 unsigned long *next)
{
	bool due;

	if (!link->confirm_tries || !tick_can_send(link))
		return false;
	due = time_after_eq(now, link->confirm_next);
	if (due) {
		link->confirm_tries--;
		link->confirm_next = now + link->confirm_delay;
		link->confirm_delay *= 2;
	}
	tick_at(next, link->confirm_next);
	return due;
}

static void tick_moved(struct cipe_link *link, unsigned long now,
		       unsigned long *next)
{
	if (!link->moved)
		return;
	if (time_before(now, link->moved_last + CIPE_MOVED_INTERVAL)) {
		tick_at(next, link->moved_last + CIPE_MOVED_INTERVAL);
		return;
	}
	link->moved = false;
	link->moved_last = now;
	if (link_endpoint(link))
		cipe_event_moved(link, link_endpoint(link));
}

static void link_tick(struct timer_list *timer)
{
	struct cipe_link *link = container_of(timer, struct cipe_link, timer);
	unsigned long now = jiffies, next = now + LINK_TICK_MAX;
	bool send;

	spin_lock_bh(&link->state_lock);
	if (!link->timer_on) {
		spin_unlock_bh(&link->state_lock);
		return;
	}
	tick_keys(link, now, &next);
	tick_liveness(link, now, &next);
	send = tick_keepalive(link, now, &next);
	send |= tick_confirm(link, now, &next);
	tick_moved(link, now, &next);
	link_update_carrier(link);
	mod_timer(&link->timer, next);
	spin_unlock_bh(&link->state_lock);

	if (send)
		cipe_tx_keepalive(link);
}

/* Life and death */

/**
 * cipe_link_init - prepare the link of a new device
 * @link: zeroed, but for dev and mode
 *
 * Context: may sleep.
 * Return: 0 or an error, and nothing is left to free.
 */
int cipe_link_init(struct cipe_link *link)
{
	int err;

	mutex_init(&link->lock);
	spin_lock_init(&link->state_lock);
	timer_setup(&link->timer, link_tick, 0);
	cipe_order_init(&link->tx_order, link->dev, cipe_send_release);
	cipe_order_init(&link->rx_order, link->dev, cipe_rx_release);
	link->last_tx = jiffies;
	link->last_rx = jiffies;
	link->last_key = jiffies;
	link->heard = jiffies;
	link->moved_last = jiffies - CIPE_MOVED_INTERVAL;
	link->timer_on = true;

	link->stats = netdev_alloc_pcpu_stats(struct cipe_stats);
	if (!link->stats)
		return -ENOMEM;
	link->cells = cipe_cells_new(link->dev);
	if (!link->cells) {
		err = -ENOMEM;
		goto free_stats;
	}
	/* Only the number: should the device not come to be after all, nobody
	 * may have found it.
	 */
	err = xa_alloc_cyclic(&links, &link->id, NULL, xa_limit_32b, &links_last,
			      GFP_KERNEL);
	if (err < 0)
		goto free_cells;
	return 0;

free_cells:
	cipe_cells_free(link->cells);
free_stats:
	free_percpu(link->stats);
	return err;
}

/**
 * cipe_link_publish - let requests find a link by its number
 * @link: the link; its device is registered
 *
 * Context: may sleep, under RTNL.
 */
void cipe_link_publish(struct cipe_link *link)
{
	/* Can not fail: the place is reserved */
	xa_store(&links, link->id, link, GFP_KERNEL);
}

/**
 * cipe_link_shutdown - end all activity of a link
 * @link: the link; packets in the cipher may still hold its device
 *
 * Context: may sleep, under RTNL.
 */
void cipe_link_shutdown(struct cipe_link *link)
{
	struct cipe_endpoint *endpoint;

	xa_erase(&links, link->id);
	mutex_lock(&link->lock);
	link->dying = true;
	cipe_socket_detach(link);
	mutex_unlock(&link->lock);

	cipe_link_retire_all(link);
	spin_lock_bh(&link->state_lock);
	link->timer_on = false;
	endpoint = link_endpoint(link);
	RCU_INIT_POINTER(link->endpoint, NULL);
	spin_unlock_bh(&link->state_lock);
	cipe_endpoint_free(endpoint);
	timer_shutdown_sync(&link->timer);
}

/**
 * cipe_link_free - free what a link consists of
 * @link: after cipe_link_shutdown() and the last reference to its device
 *
 * Context: may sleep.
 */
void cipe_link_free(struct cipe_link *link)
{
	cipe_cells_free(link->cells);
	free_percpu(link->stats);
}

/**
 * cipe_link_by_id - find a link by its number
 * @id: the number
 *
 * Context: under RCU, which keeps the link's memory, and its device until
 * someone holds it.
 * Return: the link or NULL.
 */
struct cipe_link *cipe_link_by_id(u32 id)
{
	return xa_load(&links, id);
}

/**
 * cipe_link_next - walk all links by their numbers
 * @id: of the link before, 0 to begin; gets the number of the one returned
 *
 * Context: under RCU. Links may come and go between calls.
 * Return: the next link, or NULL at the end.
 */
struct cipe_link *cipe_link_next(unsigned long *id)
{
	return xa_find_after(&links, id, ULONG_MAX, XA_PRESENT);
}
