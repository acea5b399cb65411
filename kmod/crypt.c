// SPDX-License-Identifier: GPL-2.0-only
/*
 * Batches through the cipher: ours for ChaCha20-Poly1305 on the CPU, the crypto
 * API's for all others. Those may finish later, in any order, on any CPU: then
 * the batch waits in its link's queue (order.c).
 */

#include <crypto/aead.h>
#include <linux/mm.h>
#include <linux/scatterlist.h>
#include <linux/skbuff.h>
#include <linux/slab.h>

#include <cipe/wire.h>

#include "batch.h"
#include "chacha.h"
#include "compat.h"
#include "crypt.h"
#include "keys.h"
#include "link.h"
#include "pages.h"
#include "spread.h"

/* A received datagram in more pieces than this is copied together first */
#define CRYPT_PIECES	4

/**
 * struct cipe_crypt - a datagram in the crypto API
 * @batch: whose
 * @packet: which
 * @iv: the nonce
 * @src: source in one stretch
 * @pieces: source in several
 * @dst: destination, if it is not the source
 * @req: the request, its context behind it; last
 */
struct cipe_crypt {
	struct cipe_batch *batch;
	struct cipe_packet *packet;
	u8 iv[CIPE_WIRE_IV_LEN];
	struct scatterlist src[2];
	struct scatterlist pieces[CRYPT_PIECES];
	struct scatterlist dst[1];
	struct aead_request req;
};

/**
 * cipe_crypt_size - octets of a request for either of two ciphers
 * @tx: one
 * @rx: the other
 *
 * Return: octets of a &struct cipe_crypt.
 */
unsigned int cipe_crypt_size(const struct crypto_aead *tx,
			     const struct crypto_aead *rx)
{
	return sizeof(struct cipe_crypt) +
	       max(crypto_aead_reqsize((struct crypto_aead *)tx),
		   crypto_aead_reqsize((struct crypto_aead *)rx));
}

/* The nonce: the counter XORed into the end of the IV, RFC 8446 section 5.3 */
static __always_inline void crypt_nonce(u8 *nonce, const u8 *iv, u32 counter)
{
	u8 *end = nonce + CIPE_WIRE_IV_LEN - sizeof(counter);

	memcpy(nonce, iv, CIPE_WIRE_IV_LEN);
	put_unaligned_be32(get_unaligned_be32(end) ^ counter, end);
}

static struct cipe_order *crypt_order(struct cipe_batch *batch)
{
	return batch->encrypt ? &batch->link->tx_order : &batch->link->rx_order;
}

/* A request has ended, or all have been submitted. The last one to say so may
 * end our hold on the device, while the queue is needed for a moment longer.
 * Drivers should, but do not all, call this with BH off.
 */
static void crypt_ended(struct cipe_batch *batch)
{
	struct net_device *dev = batch->link->dev;
	netdevice_tracker tracker;

	if (!atomic_dec_and_test(&batch->pending))
		return;
	local_bh_disable();
	netdev_hold(dev, &tracker, GFP_ATOMIC);
	cipe_order_done(crypt_order(batch), &batch->order);
	netdev_put(dev, &tracker);
	local_bh_enable();
}

static void crypt_finished(cipe_async_t *async, int err)
{
	struct cipe_crypt *crypt = cipe_async_data(async);
	struct cipe_batch *batch = crypt->batch;

	if (unlikely(err == -EINPROGRESS)) /* out of the backlog, into the engine's queue */
		return;
	crypt->packet->err = err;
	kfree_sensitive(crypt);
	crypt_ended(batch);
}

/* A request, with what is the same for all datagrams of the batch. A cipher that is
 * done at once leaves it for the next one.
 */
static struct cipe_crypt *crypt_prepare(struct cipe_batch *batch, bool backlog)
{
	struct cipe_key *key = batch->key;
	struct cipe_crypt *crypt = batch->crypt;

	batch->crypt = NULL;
	if (unlikely(!crypt || batch->crypt_size < key->crypt_size)) {
		kfree_sensitive(crypt);
		crypt = kmalloc(key->crypt_size, GFP_ATOMIC | __GFP_NOWARN);
		batch->crypt_size = key->crypt_size;
		if (!crypt)
			return NULL;
	}
	crypt->batch = batch;
	aead_request_set_tfm(&crypt->req, batch->encrypt ? key->tx : key->rx);
	aead_request_set_callback(&crypt->req,
				  backlog ? CRYPTO_TFM_REQ_MAY_BACKLOG : 0,
				  crypt_finished, crypt);
	aead_request_set_ad(&crypt->req, CIPE_CRYPT_HEADER);
	return crypt;
}

static int crypt_encrypt(struct cipe_crypt *crypt, struct cipe_packet *packet)
{
	crypt_nonce(crypt->iv, crypt->batch->key->tx_iv, packet->counter);
	cipe_crypt_stretch(crypt->src, packet->data, packet->len);
	aead_request_set_crypt(&crypt->req, crypt->src, crypt->src, packet->len,
			       crypt->iv);
	return crypto_aead_encrypt(&crypt->req);
}

/* The source of a received datagram in several pieces; NULL: it has to be copied
 * first
 */
static struct scatterlist *crypt_pieces(struct cipe_crypt *crypt, struct sk_buff *skb,
					const struct cipe_packet *packet)
{
	/* What user space may write to must not change under the cipher */
	if (unlikely(skb_has_shared_frag(skb) || skb_has_frag_list(skb)))
		return NULL;
	sg_init_table(crypt->pieces, CRYPT_PIECES);
	if (skb_to_sgvec(skb, crypt->pieces, packet->at,
			 packet->len + CIPE_WIRE_OVERHEAD) <= 0)
		return NULL;
	return crypt->pieces;
}

/* Map a received datagram. The plaintext goes to memory of our own, never into
 * what came from the network: who knows who else sees that. Returns the source,
 * or NULL.
 */
static struct scatterlist *crypt_map(struct cipe_crypt *crypt, struct sk_buff *skb,
				     const struct cipe_packet *packet)
{
	u8 *header = packet->data - CIPE_CRYPT_HEADER;
	struct scatterlist *src;

	cipe_crypt_entry(crypt->dst, header, CIPE_CRYPT_HEADER + packet->len);
	sg_mark_end(crypt->dst);
	if (likely(packet->from)) {
		cipe_crypt_stretch(crypt->src, packet->from, packet->len);
		return crypt->src;
	}
	src = crypt_pieces(crypt, skb, packet);
	if (src)
		return src;
	if (skb_copy_bits(skb, packet->at, header, packet->len + CIPE_WIRE_OVERHEAD))
		return NULL;
	cipe_crypt_stretch(crypt->src, header, packet->len);
	return crypt->src;
}

static int crypt_decrypt(struct cipe_crypt *crypt, struct cipe_packet *packet)
{
	struct scatterlist *src = crypt_map(crypt, crypt->batch->skb, packet);

	if (unlikely(!src))
		return -ENOMEM;
	crypt_nonce(crypt->iv, crypt->batch->key->rx_iv, packet->counter);
	aead_request_set_crypt(&crypt->req, src, crypt->dst,
			       packet->len + CIPE_WIRE_TAG_LEN, crypt->iv);
	return crypto_aead_decrypt(&crypt->req);
}

/* All of a batch. The cipher says how each ended, or that the callback will follow:
 * from its queue (-EINPROGRESS), or from behind its full queue, which may be shorter
 * than a batch (-EBUSY). If nothing may wait there, -EBUSY means refused: the packet
 * is dropped.
 */
static void crypt_api(struct cipe_batch *batch)
{
	bool backlog = batch->key->backlog && !cipe_order_crowded();
	struct cipe_crypt *crypt = NULL;
	unsigned int i, ended = 0;

	/* All of them, lest the first one's end is taken for the last one's */
	atomic_add(batch->n, &batch->pending);
	for (i = 0; i < batch->n; i++) {
		struct cipe_packet *packet = &batch->packet[i];
		int err = -ENOMEM;

		if (unlikely(!crypt))
			crypt = crypt_prepare(batch, backlog);
		if (likely(crypt)) {
			crypt->packet = packet;
			err = batch->encrypt ? crypt_encrypt(crypt, packet) :
					       crypt_decrypt(crypt, packet);
		}
		if (unlikely(err == -EINPROGRESS || (err == -EBUSY && backlog))) {
			crypt = NULL;
			continue;
		}
		packet->err = err;
		ended++;
		/* Who refuses may have changed what it does when it is done */
		if (unlikely(err && err != -EBADMSG)) {
			batch->crypt = crypt;
			crypt = NULL;
		}
	}
	if (crypt)
		batch->crypt = crypt;
	atomic_sub(ended, &batch->pending);
}

static void crypt_chacha_encrypt(struct cipe_batch *batch)
{
	struct cipe_packet *packet = batch->packet;
	struct cipe_key *key = batch->key;
	u8 nonce[CIPE_WIRE_IV_LEN];

	for (; packet < batch->packet + batch->n; packet++) {
		crypt_nonce(nonce, key->tx_iv, packet->counter);
		cipe_chacha_seal(&key->chacha_tx, nonce, packet->data, packet->len);
		packet->err = 0;
	}
}

/* Octets of the batch's longest plaintext */
static unsigned int crypt_longest(const struct cipe_batch *batch)
{
	unsigned int i, longest = 0;

	for (i = 0; i < batch->n; i++)
		longest = max_t(unsigned int, longest, batch->packet[i].len);
	return longest;
}

static int crypt_chacha_open(struct cipe_batch *batch, struct cipe_packet *packet,
			     u8 *scratch)
{
	/* One stretch: the header's place is used again by the cipher */
	u8 *at = scratch + CIPE_CHACHA_ROOM - CIPE_CRYPT_HEADER;
	struct cipe_key *key = batch->key;
	u8 header[CIPE_CRYPT_HEADER], nonce[CIPE_WIRE_IV_LEN];

	unsigned int len = packet->len + CIPE_WIRE_OVERHEAD;

	if (likely(packet->from))
		memcpy(at, packet->from, len);
	else if (skb_copy_bits(batch->skb, packet->at, at, len))
		return -EFAULT;
	memcpy(header, at, sizeof(header));
	crypt_nonce(nonce, key->rx_iv, packet->counter);
	return cipe_chacha_open(&key->chacha_rx, nonce, header, scratch,
				packet->data, packet->len) ? 0 : -EBADMSG;
}

static void crypt_chacha_decrypt(struct cipe_batch *batch)
{
	unsigned int n = 1, i;
	u8 *scratch;

	scratch = cipe_pages_run(CIPE_PAGES_CIPHERTEXT, 0,
				 CIPE_CHACHA_ROOM + crypt_longest(batch) +
				 CIPE_WIRE_TAG_LEN, &n);
	for (i = 0; i < batch->n; i++)
		batch->packet[i].err = scratch ?
			crypt_chacha_open(batch, &batch->packet[i], scratch) : -ENOMEM;
	if (scratch)
		put_page(virt_to_head_page(scratch));
}

static void crypt_all(struct cipe_batch *batch)
{
	u64 begin = cipe_spread_begin(batch);

	if (!batch->key->tx && batch->encrypt)
		crypt_chacha_encrypt(batch);
	else if (!batch->key->rx)
		crypt_chacha_decrypt(batch);
	else
		crypt_api(batch);
	cipe_spread_end(batch, begin);
}

/* It may take long: do not hold up what the route belongs to */
static void crypt_later(struct cipe_batch *batch)
{
	dst_release(batch->outer.dst);
	batch->outer.dst = NULL;
}

/* It is done, but others wait that were submitted before it */
static void crypt_wait(struct cipe_batch *batch)
{
	struct cipe_order *order = crypt_order(batch);
	unsigned int i;

	if (likely(cipe_batch_hold(batch))) {
		crypt_later(batch);
		cipe_order_sync(order, &batch->order);
		return;
	}
	/* The key is being freed. A failure overtakes nobody. */
	for (i = 0; i < batch->n; i++)
		batch->packet[i].err = -ENOKEY;
	order->release(&batch->order);
}

/* Here and now; the cipher may still finish later */
static void crypt_here(struct cipe_batch *batch)
{
	struct cipe_order *order = crypt_order(batch);

	crypt_all(batch);
	if (likely(atomic_read(&batch->pending) == 1)) {
		if (unlikely(!cipe_order_pass(order, &batch->order)))
			crypt_wait(batch);
		return;
	}
	crypt_later(batch);
	if (atomic_dec_and_test(&batch->pending))
		cipe_order_sync(order, &batch->order);
	else
		cipe_order_pend(order, &batch->order);
}

static void crypt_start(struct cipe_batch *batch)
{
	int cpu = cipe_spread_where(batch);

	batch->order.engine = batch->key->backlog;
	atomic_set(&batch->pending, 1);
	if (likely(cpu < 0) || !cipe_batch_hold(batch)) {
		crypt_here(batch);
		return;
	}
	crypt_later(batch);
	cipe_order_pend(crypt_order(batch), &batch->order);
	cipe_spread_queue(batch, cpu);
}

/**
 * cipe_crypt_continue - work on a batch that another CPU gave to this one
 * @batch: the batch; do not touch it again
 *
 * Context: BH off, under RCU.
 */
void cipe_crypt_continue(struct cipe_batch *batch)
{
	crypt_all(batch);
	crypt_ended(batch);
}

/**
 * cipe_crypt_encrypt - encrypt a batch in place
 * @batch: its packets' headers and plaintexts written
 *
 * Ends in link->tx_order's release, now or later; do not touch @batch again.
 *
 * Context: softirq or BH off, under RCU.
 */
void cipe_crypt_encrypt(struct cipe_batch *batch)
{
	batch->encrypt = true;
	batch->order.weight = batch->n;
	crypt_start(batch);
}

/**
 * cipe_crypt_decrypt - decrypt a batch from its skb to where each packet says
 * @batch: its packets' places known. Before each, %CIPE_CHACHA_ROOM octets of
 *	room; behind it, as many as a tag has
 *
 * Ends in link->rx_order's release, now or later; do not touch @batch again.
 *
 * Context: softirq or BH off, under RCU.
 */
void cipe_crypt_decrypt(struct cipe_batch *batch)
{
	batch->encrypt = false;
	crypt_start(batch);
}
