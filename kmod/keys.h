/* SPDX-License-Identifier: GPL-2.0-only */
/* A key: one pair of directions, found by key id, with counters and limits. */
#ifndef _CIPE_KEYS_H
#define _CIPE_KEYS_H

#include <linux/atomic.h>
#include <linux/refcount.h>
#include <linux/rhashtable-types.h>
#include <linux/spinlock.h>
#include <linux/types.h>
#include <linux/workqueue.h>

#include <cipe/wire.h>
#include <uapi/linux/cipe.h>

#include "chacha.h"
#include "replay.h"

struct cipe_link;
struct cipe_sock;
struct crypto_aead;
struct net;
struct netlink_ext_ack;

/* Bits in cipe_key.flags */
enum cipe_key_flag {
	CIPE_KEY_LIMIT_NEAR,	/* told user space that the limit is near */
	CIPE_KEY_EXHAUSTED,	/* reached the limit, sends no more */
	CIPE_KEY_REPORTED,	/* told user space that it sends no more */
	CIPE_KEY_HEARD,		/* the peer used it */
};

/**
 * struct cipe_key - a key of a link
 * @node: in the table of all keys
 * @rx_id: key id in packets to us; with the link's socket what is looked for
 * @tx_id: key id in packets to the peer
 * @cipher: &enum cipe_cipher
 * @slot: &enum cipe_slot; under the link's state_lock, read without
 * @link: whose it is. Good as long as the key is in the table or the user
 *	holds the link's device
 * @tx: the cipher for sending; NULL: @chacha_tx
 * @rx: the cipher for receiving; NULL: @chacha_rx
 * @chacha_tx: ChaCha20-Poly1305 on the CPU, for sending
 * @chacha_rx: likewise for receiving
 * @async: @tx and @rx may finish later
 * @backlog: packets may wait behind their queues
 * @tx_iv: its packets' nonces start from it
 * @rx_iv: likewise
 * @crypt_size: octets of a &struct cipe_crypt
 * @flags: bits of &enum cipe_key_flag
 * @tx_counter: next counter to send; never goes back
 * @tx_blocks: cipher blocks sent
 * @blocks_soft: ask for a new key at that many; U64_MAX: no such limit
 * @blocks_max: send no more than that many
 * @born: jiffies of the installation
 * @dies: jiffies of the end of its life
 * @replay_lock: protects @replay; BH off
 * @replay: counters received
 * @refs: one for the slot, one for each packet in the cipher
 * @free_work: frees it: ciphers are freed where one may sleep
 */
struct cipe_key {
	struct rhlist_head node;
	u32 rx_id;
	u32 tx_id;
	u8 cipher;
	u8 slot;
	struct cipe_link *link;

	struct crypto_aead *tx;
	struct crypto_aead *rx;
	struct cipe_chacha_key chacha_tx;
	struct cipe_chacha_key chacha_rx;
	bool async;
	bool backlog;
	u8 tx_iv[CIPE_WIRE_IV_LEN];
	u8 rx_iv[CIPE_WIRE_IV_LEN];
	unsigned int crypt_size;

	unsigned long flags;
	atomic64_t tx_counter;
	atomic64_t tx_blocks;
	u64 blocks_soft;
	u64 blocks_max;
	unsigned long born;
	unsigned long dies;

	spinlock_t replay_lock; /* replay */
	struct cipe_replay replay;

	refcount_t refs;
	struct rcu_work free_work;
};

/**
 * struct cipe_key_config - a key as netlink asks for it
 * @slot: %CIPE_SLOT_CURRENT or %CIPE_SLOT_NEXT
 * @rx_id: as in &struct cipe_key
 * @tx_id: as in &struct cipe_key
 * @cipher: as in &struct cipe_key
 * @rx_key: the cipher's key for receiving
 * @tx_key: the cipher's key for sending
 * @rx_iv: %CIPE_WIRE_IV_LEN octets
 * @tx_iv: %CIPE_WIRE_IV_LEN octets
 * @lifetime_ms: milliseconds
 * @tx_start: first counter to send
 * @tx_blocks: blocks that count as sent
 * @driver: name of the kernel's cipher driver, NULL: best on the CPU
 *
 * The pointers lead into the request; nothing of it outlives the call.
 */
struct cipe_key_config {
	u8 slot;
	u32 rx_id;
	u32 tx_id;
	u8 cipher;
	const u8 *rx_key;
	const u8 *tx_key;
	const u8 *rx_iv;
	const u8 *tx_iv;
	u32 lifetime_ms;
	u32 tx_start;
	u64 tx_blocks;
	const char *driver;
};

int cipe_keys_init(void);
void cipe_keys_exit(void);

struct cipe_key *cipe_key_create(struct cipe_link *link,
				 const struct cipe_key_config *config,
				 struct netlink_ext_ack *extack);
int cipe_key_publish(struct cipe_key *key);
int cipe_keys_move(struct cipe_link *link, struct cipe_sock *cs);
void cipe_key_retire(struct cipe_key *key);
void cipe_key_put(struct cipe_key *key);
struct cipe_key *cipe_key_lookup(const struct cipe_sock *cs, u32 rx_id);
bool cipe_key_expected(const struct net *net, u32 rx_id, __be16 port);

int cipe_key_reserve(struct cipe_key *key, unsigned int packets, u64 blocks,
		     u32 *first);
bool cipe_key_expired(const struct cipe_key *key);
bool cipe_key_sends(const struct cipe_key *key);

/**
 * cipe_key_blocks - cipher blocks a packet costs
 * @len: octets of plaintext
 *
 * Return: blocks of 16 octets, the partial one and the tag's counted whole.
 */
static inline u64 cipe_key_blocks(unsigned int len)
{
	return DIV_ROUND_UP(len, 16) + 1;
}

#endif /* _CIPE_KEYS_H */
