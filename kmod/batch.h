/* SPDX-License-Identifier: GPL-2.0-only */
/* Datagrams that go through the cipher together. */
#ifndef _CIPE_BATCH_H
#define _CIPE_BATCH_H

#include <linux/atomic.h>
#include <linux/llist.h>
#include <linux/netdevice.h>
#include <linux/types.h>

#include "order.h"
#include "path.h"

struct cipe_crypt;
struct cipe_key;
struct cipe_link;
struct sk_buff;

/* As many as Linux coalesces into one UDP packet: UDP_GRO_CNT_MAX */
#define CIPE_BATCH_MAX	64

/**
 * struct cipe_packet - one datagram of a batch
 * @data: sending: the datagram, its header first, in place. Receiving: where
 *	the plaintext goes, with a reference to the page
 * @counter: from or for the header
 * @len: octets of plaintext
 * @at: receiving: where in the skb its header is
 * @from: and in memory, if it is contiguous; else NULL
 * @err: how the cipher ended
 */
struct cipe_packet {
	u8 *data;
	const u8 *from;
	u32 counter;
	u16 len;
	u16 at;
	int err;
};

/**
 * struct cipe_batch - datagrams of one link, direction and key
 * @order: its place among those that are finished later
 * @link: the link
 * @key: the key
 * @held: both are held, by a reference and @dev_tracker; else RCU keeps them
 * @dev_tracker: see @held
 * @spread: place in the queue of another CPU
 * @encrypt: sending
 * @pending: requests the cipher still has, and one for who submits them
 * @crypt: memory for the next request; NULL: none yet
 * @crypt_size: octets of it
 * @skb: receiving: what the datagrams are in; a reference. Sending: the
 *	datagrams, as they will leave, a list
 * @slot: receiving: octets of memory of each packet
 * @outer: sending: how they leave. Without a route it has to be found anew
 * @depth: sending: links within links so far
 * @n: datagrams
 * @packet: they
 */
struct cipe_batch {
	struct cipe_order_entry order;
	struct cipe_link *link;
	struct cipe_key *key;
	bool held;
	netdevice_tracker dev_tracker;
	struct llist_node spread;
	bool encrypt;
	atomic_t pending;
	struct cipe_crypt *crypt;
	unsigned int crypt_size;

	struct sk_buff *skb;
	unsigned int slot;
	struct cipe_outer outer;
	u8 depth;

	unsigned int n;
	struct cipe_packet packet[CIPE_BATCH_MAX];
};

struct cipe_batch *cipe_batch_alloc(struct cipe_link *link, struct cipe_key *key,
				    const struct cipe_order *order);
bool cipe_batch_hold(struct cipe_batch *batch);
void cipe_batch_free(struct cipe_batch *batch);
void cipe_batch_exit(void);

#endif /* _CIPE_BATCH_H */
