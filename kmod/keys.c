// SPDX-License-Identifier: GPL-2.0-only
/*
 * Keys: the table in which packets find theirs, counters, limits, the end.
 *
 * One table holds the keys of all links. Ids are unique on a socket; the same
 * id on another one is another key, and a packet finds the one whose link is on
 * the packet's socket. So a link may change its socket and keep its keys.
 */

#include <crypto/aead.h>
#include <linux/jiffies.h>
#include <linux/netlink.h>
#include <linux/rhashtable.h>
#include <linux/slab.h>

#include "aead.h"
#include "crypt.h"
#include "events.h"
#include "keys.h"
#include "link.h"
#include "socket.h"

static const struct rhashtable_params keys_params = {
	.key_len = sizeof_field(struct cipe_key, rx_id),
	.key_offset = offsetof(struct cipe_key, rx_id),
	.head_offset = offsetof(struct cipe_key, node),
	.automatic_shrinking = true,
};

static struct rhltable keys_table;
static DEFINE_SPINLOCK(keys_lock); /* look, then insert; or change the socket */
static struct workqueue_struct *keys_wq;

static void key_free(struct cipe_key *key)
{
	if (!IS_ERR_OR_NULL(key->tx))
		crypto_free_aead(key->tx);
	if (!IS_ERR_OR_NULL(key->rx))
		crypto_free_aead(key->rx);
	kfree_sensitive(key);
}

static void key_free_work(struct work_struct *work)
{
	key_free(container_of(to_rcu_work(work), struct cipe_key, free_work));
}

static int key_create_ciphers(struct cipe_key *key,
			      const struct cipe_key_config *config,
			      struct netlink_ext_ack *extack)
{
	int err;

	if (config->cipher == CIPE_CIPHER_CHACHA20_POLY1305 && !config->driver) {
		cipe_chacha_set_key(&key->chacha_tx, config->tx_key);
		cipe_chacha_set_key(&key->chacha_rx, config->rx_key);
		return 0;
	}

	key->tx = cipe_aead_alloc(config->cipher, config->driver, config->tx_key,
				  extack);
	if (IS_ERR(key->tx))
		return PTR_ERR(key->tx);
	key->rx = cipe_aead_alloc(config->cipher, config->driver, config->rx_key,
				  extack);
	if (IS_ERR(key->rx))
		return PTR_ERR(key->rx);
	key->async = cipe_aead_async(key->tx) || cipe_aead_async(key->rx);
	key->backlog = cipe_aead_backlog(key->tx) && cipe_aead_backlog(key->rx);
	key->crypt_size = cipe_crypt_size(key->tx, key->rx);
	if (!config->driver)
		return 0;

	err = cipe_aead_cross_check(config->cipher, key->tx, config->tx_key, extack);
	return err ?: cipe_aead_cross_check(config->cipher, key->rx,
					    config->rx_key, extack);
}

/**
 * cipe_key_create - make a key, not yet known to anyone
 * @link: whose it will be
 * @config: what it shall be, validated
 * @extack: says what was wrong
 *
 * Context: may sleep.
 * Return: the key, to give to cipe_link_install_key() or cipe_key_put(); or an
 * error pointer.
 */
struct cipe_key *cipe_key_create(struct cipe_link *link,
				 const struct cipe_key_config *config,
				 struct netlink_ext_ack *extack)
{
	bool gcm = config->cipher != CIPE_CIPHER_CHACHA20_POLY1305;
	struct cipe_key *key = kzalloc(sizeof(*key), GFP_KERNEL);
	int err;

	if (!key)
		return ERR_PTR(-ENOMEM);
	err = key_create_ciphers(key, config, extack);
	if (err) {
		key_free(key);
		return ERR_PTR(err);
	}

	key->link = link;
	key->rx_id = config->rx_id;
	key->tx_id = config->tx_id;
	key->cipher = config->cipher;
	key->slot = config->slot;
	memcpy(key->rx_iv, config->rx_iv, sizeof(key->rx_iv));
	memcpy(key->tx_iv, config->tx_iv, sizeof(key->tx_iv));
	atomic64_set(&key->tx_counter, config->tx_start);
	atomic64_set(&key->tx_blocks, config->tx_blocks);
	key->blocks_soft = gcm ? CIPE_WIRE_GCM_BLOCKS_SOFT : U64_MAX;
	key->blocks_max = gcm ? CIPE_WIRE_GCM_BLOCKS_MAX : U64_MAX;
	key->born = jiffies;
	key->dies = jiffies + msecs_to_jiffies(config->lifetime_ms);
	spin_lock_init(&key->replay_lock);
	refcount_set(&key->refs, 1);
	INIT_RCU_WORK(&key->free_work, key_free_work);
	return key;
}

/* Is there another key of the same id on that socket, or of the same link? */
static bool key_taken(const struct cipe_key *key, const struct cipe_sock *cs)
{
	struct rhlist_head *list, *pos;
	struct cipe_key *other;

	list = rhltable_lookup(&keys_table, &key->rx_id, keys_params);
	rhl_for_each_entry_rcu(other, pos, list, node)
		if (other != key &&
		    (other->link == key->link ||
		     (cs && rcu_access_pointer(other->link->sock) == cs)))
			return true;
	return false;
}

/**
 * cipe_key_publish - let packets find a key
 * @key: the key
 *
 * Context: any.
 * Return: 0; -EEXIST if a key of that id is there, on the same socket; -ENOMEM.
 */
int cipe_key_publish(struct cipe_key *key)
{
	int err = -EEXIST;

	spin_lock_bh(&keys_lock);
	rcu_read_lock();
	if (!key_taken(key, rcu_access_pointer(key->link->sock)))
		err = rhltable_insert(&keys_table, &key->node, keys_params);
	rcu_read_unlock();
	spin_unlock_bh(&keys_lock);
	return err;
}

/**
 * cipe_keys_move - take a link, and the keys it has, to another socket
 * @link: the link
 * @cs: the socket
 *
 * Context: any. The caller holds link->lock and link->state_lock.
 * Return: 0; -EEXIST if a key of one of their ids is on @cs, and the link is
 * where it was.
 */
int cipe_keys_move(struct cipe_link *link, struct cipe_sock *cs)
{
	struct cipe_key *key;
	unsigned int slot;
	int err = 0;

	spin_lock_bh(&keys_lock);
	rcu_read_lock();
	for (slot = 0; slot < CIPE_SLOTS; slot++) {
		key = rcu_dereference(link->keys[slot]);
		if (key && key_taken(key, cs))
			err = -EEXIST;
	}
	if (!err)
		rcu_assign_pointer(link->sock, cs);
	rcu_read_unlock();
	spin_unlock_bh(&keys_lock);
	return err;
}

/**
 * cipe_key_retire - let packets find a key no more, and drop the slot's hold
 * @key: published; its pointer in the slot is gone
 *
 * Context: any. Packets in the cipher go on, and keep the memory.
 */
void cipe_key_retire(struct cipe_key *key)
{
	rhltable_remove(&keys_table, &key->node, keys_params);
	cipe_key_put(key);
}

/**
 * cipe_key_put - drop a hold; the last one frees the key, later
 * @key: the key
 *
 * Context: any.
 */
void cipe_key_put(struct cipe_key *key)
{
	if (refcount_dec_and_test(&key->refs))
		queue_rcu_work(keys_wq, &key->free_work);
}

/**
 * cipe_key_lookup - find a key by the id in a packet
 * @cs: the socket the packet came to
 * @rx_id: the id, flags masked
 *
 * Context: under RCU, which keeps the key and its link's memory.
 * Return: the key or NULL.
 */
struct cipe_key *cipe_key_lookup(const struct cipe_sock *cs, u32 rx_id)
{
	struct rhlist_head *list, *pos;
	struct cipe_key *key;

	list = rhltable_lookup(&keys_table, &rx_id, keys_params);
	rhl_for_each_entry_rcu(key, pos, list, node)
		if (likely(rcu_access_pointer(key->link->sock) == cs))
			return key;
	return NULL;
}

/**
 * cipe_key_expected - could a packet of that key id come to that port?
 * @net: the network namespace it comes to
 * @rx_id: the id, flags masked
 * @port: the port
 *
 * Context: under RCU.
 * Return: whether there is such a key.
 */
bool cipe_key_expected(const struct net *net, u32 rx_id, __be16 port)
{
	struct rhlist_head *list, *pos;
	struct cipe_key *key;

	list = rhltable_lookup(&keys_table, &rx_id, keys_params);
	rhl_for_each_entry_rcu(key, pos, list, node)
		if (cipe_socket_is(rcu_dereference(key->link->sock), net, port))
			return true;
	return false;
}

static void key_limit_near(struct cipe_key *key)
{
	if (!test_and_set_bit(CIPE_KEY_LIMIT_NEAR, &key->flags))
		cipe_event_key(key->link, CIPE_CMD_KEY_LIMIT_NTF, key);
}

/**
 * cipe_key_reserve - take counters for packets that will be sent
 * @key: the key
 * @packets: how many
 * @blocks: their cipher blocks in all
 * @first: gets the first counter; the others follow it
 *
 * A counter once taken is used by no one else, whatever becomes of the packet.
 *
 * Context: softirq or BH off, under RCU.
 * Return: 0, or -EKEYEXPIRED at the limit of packets or blocks.
 */
int cipe_key_reserve(struct cipe_key *key, unsigned int packets, u64 blocks,
		     u32 *first)
{
	u64 start, spent;

	if (unlikely(test_bit(CIPE_KEY_EXHAUSTED, &key->flags)))
		return -EKEYEXPIRED;

	start = atomic64_fetch_add(packets, &key->tx_counter);
	spent = atomic64_add_return(blocks, &key->tx_blocks);
	if (unlikely(start + packets > CIPE_WIRE_PACKETS_MAX ||
		     spent > key->blocks_max)) {
		set_bit(CIPE_KEY_EXHAUSTED, &key->flags);
		return -EKEYEXPIRED;
	}
	if (unlikely(start + packets > CIPE_WIRE_PACKETS_SOFT ||
		     spent > key->blocks_soft))
		key_limit_near(key);
	*first = start;
	return 0;
}

/**
 * cipe_key_expired - is a key past the end of its life?
 * @key: the key
 *
 * Return: whether it must neither send nor receive.
 */
bool cipe_key_expired(const struct cipe_key *key)
{
	return time_after_eq(jiffies, key->dies);
}

/**
 * cipe_key_sends - may packets be sent under a key?
 * @key: the key
 *
 * Return: false past the end of its life or at its limits.
 */
bool cipe_key_sends(const struct cipe_key *key)
{
	return !cipe_key_expired(key) && !test_bit(CIPE_KEY_EXHAUSTED, &key->flags);
}

/**
 * cipe_keys_init - get ready for keys
 *
 * Return: 0 or an error.
 */
int cipe_keys_init(void)
{
	int err;

	keys_wq = alloc_workqueue("cipe_keys", WQ_UNBOUND, 0);
	if (!keys_wq)
		return -ENOMEM;
	err = rhltable_init(&keys_table, &keys_params);
	if (err)
		destroy_workqueue(keys_wq);
	return err;
}

/**
 * cipe_keys_exit - the reverse, after the last link and the last packet
 */
void cipe_keys_exit(void)
{
	/* Keys on their way from RCU to the queue, and memory of links (cells.c) */
	rcu_barrier();
	destroy_workqueue(keys_wq);
	rhltable_destroy(&keys_table);
}
