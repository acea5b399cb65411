/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * One link: a device, its only peer, the keys shared with it, and the state of
 * being alive.
 *
 * Locks, outermost first: RTNL, link->lock (mutex), the socket registry's
 * mutex (socket.c), link->state_lock (spinlock, BH off). The packet paths take
 * none of the first three; they read what is marked __rcu.
 */
#ifndef _CIPE_LINK_H
#define _CIPE_LINK_H

#include <linux/mutex.h>
#include <linux/netdevice.h>
#include <linux/spinlock.h>
#include <linux/timer.h>
#include <linux/types.h>

#include <uapi/linux/cipe.h>

#include "order.h"
#include "stats.h"

struct cipe_cells;
struct cipe_endpoint;
struct cipe_key;
struct cipe_sock;

#define CIPE_SLOTS	(CIPE_SLOT_NEXT + 1)

/* After a key was installed, empty packets go out at growing intervals until
 * the peer is heard under it: 250 ms, doubled each time, this many times.
 */
#define CIPE_CONFIRM_FIRST	(HZ / 4)
#define CIPE_CONFIRM_TRIES	6

/* At most one event "peer moved" a link in this time */
#define CIPE_MOVED_INTERVAL	HZ

/**
 * struct cipe_link - private data of a device
 * @dev: the device
 * @id: number in the table of all links, for good
 * @mode: &enum cipe_mode, for good
 * @lock: serialises configuration: @dying, @sock
 * @dying: the device is going, nothing may be attached any more
 * @sock: the socket that carries the link. Written under @lock, RCU
 * @sock_node: in @sock's list of links; under the socket registry's mutex
 * @state_lock: protects the members from @endpoint to @confirm_delay
 * @endpoint: where the peer is. RCU
 * @keys: by &enum cipe_slot. RCU
 * @alive: the peer was heard lately, or a key was agreed on with it
 * @timer_on: the timer may be armed: cleared once, before the device goes
 * @moved: an event "peer moved" is due
 * @moved_last: jiffies of the last such event
 * @confirm_tries: empty packets left to confirm the current key
 * @confirm_next: jiffies of the next of them
 * @confirm_delay: and the interval after it
 * @timer: keepalives, liveness, end of keys' lives; see link.c
 * @last_tx: jiffies of the last packet sent; written without a lock
 * @last_rx: jiffies of the last authentic packet; written without a lock
 * @last_key: jiffies when the last key was set; under @state_lock, read without
 * @heard: as @last_rx, or a later agreement on a key; base of the time-out
 * @ever_tx: @last_tx is valid
 * @ever_rx: @last_rx is valid
 * @ever_key: @last_key is valid
 * @ttl: hop limit of carrier packets, 0: copied
 * @tos: DSCP of carrier packets, or %CIPE_TOS_INHERIT
 * @pin: the peer does not roam
 * @keepalive: interval in jiffies, 0: none
 * @timeout: in jiffies, 0: none
 * @tx_order: packets being encrypted asynchronously
 * @rx_order: packets being decrypted asynchronously
 * @cells: hands decrypted packets to the stack
 * @stats: counters of each CPU
 *
 * @ttl to @timeout are set by netlink and read without a lock, each on its own.
 */
struct cipe_link {
	struct net_device *dev;
	u32 id;
	u8 mode;

	struct mutex lock; /* configuration */
	bool dying;
	struct cipe_sock __rcu *sock;
	struct list_head sock_node;

	spinlock_t state_lock; /* endpoint to confirm_delay */
	struct cipe_endpoint __rcu *endpoint;
	struct cipe_key __rcu *keys[CIPE_SLOTS];
	bool alive;
	bool timer_on;
	bool moved;
	unsigned long moved_last;
	unsigned int confirm_tries;
	unsigned long confirm_next;
	unsigned long confirm_delay;

	struct timer_list timer;
	unsigned long last_tx;
	unsigned long last_rx;
	unsigned long last_key;
	unsigned long heard;
	bool ever_tx;
	bool ever_rx;
	bool ever_key;

	u8 ttl;
	u16 tos;
	bool pin;
	unsigned long keepalive;
	unsigned long timeout;

	struct cipe_order tx_order;
	struct cipe_order rx_order;
	struct cipe_cells *cells;
	struct cipe_stats __percpu *stats;
};

/**
 * struct cipe_link_config - what netlink may change at once
 * @has: which of the others to set, by bits of 1 << CIPE_A_*
 * @endpoint: replaces the link's if not NULL; taken over
 * @ttl: see &struct cipe_link
 * @tos: see &struct cipe_link
 * @pin: see &struct cipe_link
 * @keepalive_ms: milliseconds, 0: none
 * @timeout_ms: milliseconds, 0: none
 */
struct cipe_link_config {
	u64 has;
	struct cipe_endpoint *endpoint;
	u8 ttl;
	u16 tos;
	bool pin;
	u32 keepalive_ms;
	u32 timeout_ms;
};

int cipe_link_init(struct cipe_link *link);
void cipe_link_publish(struct cipe_link *link);
void cipe_link_shutdown(struct cipe_link *link);
void cipe_link_free(struct cipe_link *link);

struct cipe_link *cipe_link_by_id(u32 id);
struct cipe_link *cipe_link_next(unsigned long *id);

void cipe_link_configure(struct cipe_link *link, struct cipe_link_config *config);
void cipe_link_renew_endpoint(struct cipe_link *link, struct cipe_endpoint *fresh);
void cipe_link_forget_route(struct cipe_link *link);
void cipe_link_drop_route(struct cipe_link *link);
int cipe_link_install_key(struct cipe_link *link, struct cipe_key *key);
int cipe_link_move(struct cipe_link *link, struct cipe_sock *cs);
int cipe_link_retire_slot(struct cipe_link *link, unsigned int slot);
int cipe_link_retire_id(struct cipe_link *link, u32 rx_id);
void cipe_link_retire_all(struct cipe_link *link);

void cipe_link_sent(struct cipe_link *link);
bool cipe_link_heard(struct cipe_link *link, struct cipe_key *key);
void cipe_link_roam(struct cipe_link *link, const struct sk_buff *skb);
void cipe_link_poke(struct cipe_link *link);

#endif /* _CIPE_LINK_H */
