// SPDX-License-Identifier: GPL-2.0-only
/* The kernel's AEAD ciphers: choosing, checking and calling them. */

#include <linux/crypto.h>
#include <linux/err.h>
#include <linux/netlink.h>
#include <linux/slab.h>

#include <cipe/wire.h>
#include <uapi/linux/cipe.h>

#include "aead.h"
#include "keys.h"
#include "link.h"

static const struct {
	const char *name;
	unsigned int key_len;
} aead_ciphers[] = {
	[CIPE_CIPHER_CHACHA20_POLY1305] = { "rfc7539(chacha20,poly1305)", 32 },
	[CIPE_CIPHER_AES_128_GCM] = { "gcm(aes)", 16 },
	[CIPE_CIPHER_AES_256_GCM] = { "gcm(aes)", 32 },
};

/**
 * cipe_aead_key_len - length of a cipher's key
 * @cipher: &enum cipe_cipher, valid
 *
 * Return: octets.
 */
unsigned int cipe_aead_key_len(u8 cipher)
{
	return aead_ciphers[cipher].key_len;
}

/**
 * cipe_aead_alloc - allocate a cipher and give it its key
 * @cipher: &enum cipe_cipher, valid
 * @driver: the kernel's name of an implementation of it, or NULL for the best
 *	one that runs on the CPU: accelerators behind a driver of their own
 *	(CRYPTO_ALG_KERN_DRIVER_ONLY) are used only by name
 * @key: of the cipher's length
 * @extack: says what was wrong
 *
 * Context: may sleep; may load modules.
 * Return: the cipher, or an error pointer.
 */
struct crypto_aead *cipe_aead_alloc(u8 cipher, const char *driver,
				    const u8 *key, struct netlink_ext_ack *extack)
{
	u32 mask = driver ? 0 : CRYPTO_ALG_KERN_DRIVER_ONLY;
	const char *name = aead_ciphers[cipher].name;
	struct crypto_aead *tfm;
	int err;

	tfm = crypto_alloc_aead(driver ?: name, 0, mask);
	if (IS_ERR(tfm)) {
		NL_SET_ERR_MSG(extack, "the kernel has no such cipher or driver");
		return tfm;
	}
	if (strcmp(crypto_tfm_alg_name(crypto_aead_tfm(tfm)), name) ||
	    crypto_aead_ivsize(tfm) != CIPE_WIRE_IV_LEN) {
		NL_SET_ERR_MSG(extack, "the driver implements another cipher");
		err = -EINVAL;
		goto free;
	}
	err = crypto_aead_setkey(tfm, key, aead_ciphers[cipher].key_len) ?:
	      crypto_aead_setauthsize(tfm, CIPE_WIRE_TAG_LEN);
	if (err) {
		NL_SET_ERR_MSG(extack, "the cipher driver refused the key");
		goto free;
	}
	return tfm;
free:
	crypto_free_aead(tfm);
	return ERR_PTR(err);
}

/* Encrypt or decrypt the packet in @buf in place, waiting for the end */
static int aead_check_run(struct crypto_aead *tfm, u8 *buf, unsigned int len,
			  bool encrypt)
{
	u8 iv[CIPE_WIRE_IV_LEN] = { 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12 };
	const unsigned int head = sizeof(struct cipe_wire_data);
	struct aead_request *req;
	struct scatterlist sg;
	DECLARE_CRYPTO_WAIT(wait);
	int err;

	req = aead_request_alloc(tfm, GFP_KERNEL);
	if (!req)
		return -ENOMEM;
	sg_init_one(&sg, buf, head + len + CIPE_WIRE_TAG_LEN);
	aead_request_set_callback(req, CRYPTO_TFM_REQ_MAY_BACKLOG |
				  CRYPTO_TFM_REQ_MAY_SLEEP, crypto_req_done, &wait);
	aead_request_set_ad(req, head);
	aead_request_set_crypt(req, &sg, &sg,
			       encrypt ? len : len + CIPE_WIRE_TAG_LEN, iv);
	err = crypto_wait_req(encrypt ? crypto_aead_encrypt(req) :
			      crypto_aead_decrypt(req), &wait);
	aead_request_free(req);
	return err;
}

/* One length: both must agree on the ciphertext, and refuse a broken tag */
static int aead_check_len(struct crypto_aead *tfm, struct crypto_aead *good,
			  u8 *a, u8 *b, unsigned int len)
{
	const unsigned int head = sizeof(struct cipe_wire_data);
	const unsigned int all = head + len + CIPE_WIRE_TAG_LEN;
	unsigned int i;
	int err;

	for (i = 0; i < all; i++) {
		a[i] = i * 7 + len;
		b[i] = i * 7 + len;
	}
	err = aead_check_run(tfm, a, len, true) ?:
	      aead_check_run(good, b, len, true);
	if (err)
		return err;
	if (memcmp(a, b, all))
		return -EBADE;
	err = aead_check_run(tfm, a, len, false);
	if (err)
		return err;
	for (i = head; i < head + len; i++)
		if (a[i] != (u8)(i * 7 + len))
			return -EBADE;
	b[all - 1] ^= 1;
	return aead_check_run(tfm, b, len, false) == -EBADMSG ? 0 : -EBADE;
}

/**
 * cipe_aead_cross_check - compare a driver with the CPU's code
 * @cipher: &enum cipe_cipher, valid
 * @tfm: the driver's cipher
 * @key: its key
 * @extack: says what was wrong
 *
 * Engines have mangled packets of lengths or alignments that the kernel's own
 * tests did not have. Try packet-shaped buffers of both.
 *
 * Context: may sleep.
 * Return: 0, or -EBADE if the driver is wrong, or another error.
 */
int cipe_aead_cross_check(u8 cipher, struct crypto_aead *tfm, const u8 *key,
			  struct netlink_ext_ack *extack)
{
	static const u16 lens[] = { 0, 1, 15, 16, 17, 40, 64, 511, 1280, 1448, 9000 };
	const size_t size = sizeof(struct cipe_wire_data) + 9000 +
			    CIPE_WIRE_TAG_LEN + 16;
	struct crypto_aead *good;
	unsigned int i;
	u8 *a, *b;
	int err;

	good = cipe_aead_alloc(cipher, NULL, key, extack);
	if (IS_ERR(good))
		return PTR_ERR(good);
	a = kmalloc(size, GFP_KERNEL);
	b = kmalloc(size, GFP_KERNEL);
	err = a && b ? 0 : -ENOMEM;
	for (i = 0; !err && i < ARRAY_SIZE(lens); i++)
		err = aead_check_len(tfm, good, a + i % 3 * 2, b + i % 16, lens[i]);
	if (err && err != -ENOMEM) {
		NL_SET_ERR_MSG(extack, "the cipher driver failed the cross-check");
		err = -EBADE;
	}
	kfree(b);
	kfree(a);
	crypto_free_aead(good);
	return err;
}

/**
 * cipe_aead_request_size - octets of a request for either of two ciphers
 * @tx: one
 * @rx: the other
 *
 * Return: size of &struct cipe_crypt and the ciphers' context behind it,
 * aligned for a scatterlist to follow.
 */
unsigned int cipe_aead_request_size(const struct crypto_aead *tx,
				    const struct crypto_aead *rx)
{
	unsigned int context = max(crypto_aead_reqsize((struct crypto_aead *)tx),
				   crypto_aead_reqsize((struct crypto_aead *)rx));

	return ALIGN(sizeof(struct cipe_crypt) + context,
		     __alignof__(struct scatterlist));
}

/**
 * cipe_crypt_alloc - begin with a packet
 * @link: the link
 * @key: the key
 * @order: the queue it will wait in if the cipher is asynchronous
 * @entries: of scatterlist, for source and destination together
 *
 * Context: softirq or BH off, under RCU.
 * Return: the packet's state, holding the key and the device; NULL without
 * memory, if too much waits already, or if the key is being freed.
 */
struct cipe_crypt *cipe_crypt_alloc(struct cipe_link *link, struct cipe_key *key,
				    const struct cipe_order *order,
				    unsigned int entries)
{
	struct cipe_crypt *crypt;

	if (unlikely(cipe_order_full(order)))
		return NULL;
	crypt = kmalloc(key->request_size + entries * sizeof(struct scatterlist),
			GFP_ATOMIC);
	if (!crypt)
		return NULL;
	if (!refcount_inc_not_zero(&key->refs)) {
		kfree(crypt);
		return NULL;
	}
	memset(&crypt->order, 0, sizeof(crypt->order));
	crypt->link = link;
	crypt->key = key;
	crypt->datagram = NULL;
	crypt->plain = NULL;
	crypt->sg = (void *)crypt + key->request_size;
	netdev_hold(link->dev, &crypt->dev_tracker, GFP_ATOMIC);
	return crypt;
}

/**
 * cipe_crypt_free - end with a packet
 * @crypt: its state; what it still owns is freed too
 *
 * Context: softirq or BH off. The link may be gone afterwards.
 */
void cipe_crypt_free(struct cipe_crypt *crypt)
{
	struct net_device *dev = crypt->link->dev;

	kfree_skb(crypt->datagram);
	kfree_skb(crypt->plain);
	cipe_key_put(crypt->key);
	netdev_put(dev, &crypt->dev_tracker);
	/* Keystream may be left in the cipher's context */
	kfree_sensitive(crypt);
}

/* The nonce: the counter XORed into the end of the IV, RFC 8446 section 5.3 */
static void crypt_nonce(struct cipe_crypt *crypt, const u8 *iv, u32 counter)
{
	u8 *end = crypt->iv + CIPE_WIRE_IV_LEN - sizeof(counter);

	memcpy(crypt->iv, iv, CIPE_WIRE_IV_LEN);
	put_unaligned_be32(get_unaligned_be32(end) ^ counter, end);
}

/* The packet's own hold on the device may end inside, the queue is needed for
 * a moment longer. Drivers should, but do not all, call this with BH off.
 */
static void crypt_done(struct cipe_crypt *crypt, struct cipe_order *order, int err)
{
	struct net_device *dev = crypt->link->dev;
	netdevice_tracker tracker;

	local_bh_disable();
	netdev_hold(dev, &tracker, GFP_ATOMIC);
	crypt->err = err;
	cipe_order_done(order, &crypt->order);
	netdev_put(dev, &tracker);
	local_bh_enable();
}

static void crypt_tx_async(cipe_async_t *async, int err)
{
	struct cipe_crypt *crypt = cipe_async_data(async);

	crypt_done(crypt, &crypt->link->tx_order, err);
}

static void crypt_rx_async(cipe_async_t *async, int err)
{
	struct cipe_crypt *crypt = cipe_async_data(async);

	crypt_done(crypt, &crypt->link->rx_order, err);
}

/* What the cipher said at once: the end, or that the callback will follow.
 * Without CRYPTO_TFM_REQ_MAY_BACKLOG -EBUSY means refused: the packet is
 * dropped, as by any queue that is full.
 */
static void crypt_submitted(struct cipe_crypt *crypt, struct cipe_order *order,
			    int err)
{
	if (err == -EINPROGRESS) {
		cipe_order_pend(order, &crypt->order);
		return;
	}
	crypt->err = err;
	if (err) /* a failure overtakes nobody */
		order->release(&crypt->order);
	else
		cipe_order_sync(order, &crypt->order);
}

/**
 * cipe_crypt_encrypt - encrypt from the source into the destination
 * @crypt: sg[0] is the destination: header, ciphertext, tag; the source from
 *	sg[1] on: header, plaintext
 * @len: octets of plaintext
 * @counter: the packet's, reserved for it alone
 *
 * Ends in link->tx_order's release, now or later; do not touch @crypt again.
 *
 * Context: softirq or BH off.
 */
void cipe_crypt_encrypt(struct cipe_crypt *crypt, unsigned int len, u32 counter)
{
	struct cipe_order *order = &crypt->link->tx_order;

	crypt_nonce(crypt, crypt->key->tx_iv, counter);
	aead_request_set_tfm(&crypt->req, crypt->key->tx);
	aead_request_set_callback(&crypt->req, 0, crypt_tx_async, crypt);
	aead_request_set_ad(&crypt->req, sizeof(struct cipe_wire_data));
	aead_request_set_crypt(&crypt->req, &crypt->sg[1], &crypt->sg[0], len,
			       crypt->iv);
	crypt_submitted(crypt, order, crypto_aead_encrypt(&crypt->req));
}

/**
 * cipe_crypt_decrypt - decrypt in place
 * @crypt: sg[0] is header, ciphertext, tag
 * @len: octets of ciphertext and tag
 * @counter: from the header
 *
 * Ends in link->rx_order's release, now or later; do not touch @crypt again.
 *
 * Context: softirq or BH off.
 */
void cipe_crypt_decrypt(struct cipe_crypt *crypt, unsigned int len, u32 counter)
{
	struct cipe_order *order = &crypt->link->rx_order;

	crypt_nonce(crypt, crypt->key->rx_iv, counter);
	aead_request_set_tfm(&crypt->req, crypt->key->rx);
	aead_request_set_callback(&crypt->req, 0, crypt_rx_async, crypt);
	aead_request_set_ad(&crypt->req, sizeof(struct cipe_wire_data));
	aead_request_set_crypt(&crypt->req, &crypt->sg[0], &crypt->sg[0], len,
			       crypt->iv);
	crypt_submitted(crypt, order, crypto_aead_decrypt(&crypt->req));
}
