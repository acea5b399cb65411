// SPDX-License-Identifier: GPL-2.0-only
/* The kernel's AEAD ciphers: choosing, checking and calling them. */

#include <linux/crypto.h>
#include <linux/delay.h>
#include <linux/err.h>
#include <linux/netlink.h>
#include <linux/slab.h>

#include <cipe/wire.h>
#include <uapi/linux/cipe.h>

#include "aead.h"
#include "crypt.h"

#define AEAD_CHACHA "rfc7539(chacha20,poly1305)", \
		    "rfc7539(chacha20-generic,poly1305-generic)"
#define AEAD_GCM "gcm(aes)", "gcm_base(ctr(aes-generic),ghash-generic)"

static const struct {
	const char *name;
	const char *generic;	/* the implementation in portable C */
	unsigned int key_len;
} aead_ciphers[] = {
	[CIPE_CIPHER_CHACHA20_POLY1305] = { AEAD_CHACHA, 32 },
	[CIPE_CIPHER_AES_128_GCM] = { AEAD_GCM, 16 },
	[CIPE_CIPHER_AES_256_GCM] = { AEAD_GCM, 32 },
};

/* It may need others' help: memory for each request, another implementation */
#define AEAD_NEEDS (CRYPTO_ALG_NEED_FALLBACK | CRYPTO_ALG_ALLOCATES_MEMORY)

static u32 aead_flags(struct crypto_aead *tfm)
{
	return crypto_aead_alg(tfm)->base.cra_flags;
}

/* The best implementation that runs on the CPU. Not all drivers of accelerators
 * say that they are; those that do not, need help. So do some for instructions of
 * the CPU, which are not asynchronous.
 */
static struct crypto_aead *aead_best(const char *name)
{
	struct crypto_aead *tfm = crypto_alloc_aead(name, 0, CRYPTO_ALG_KERN_DRIVER_ONLY);

	if (IS_ERR(tfm) || !cipe_aead_async(tfm) || !(aead_flags(tfm) & AEAD_NEEDS))
		return tfm;
	crypto_free_aead(tfm);
	return crypto_alloc_aead(name, 0, CRYPTO_ALG_KERN_DRIVER_ONLY | AEAD_NEEDS);
}

/* Is the driver known to break what it is given? HiSilicon's, up to Linux 6.12 at
 * least, says -EBUSY of requests that it has begun with, and forgets in its backlog
 * that requests are done.
 */
static bool aead_broken(struct crypto_aead *tfm)
{
	return strstarts(crypto_tfm_alg_driver_name(crypto_aead_tfm(tfm)), "hisi_sec_");
}

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
 *	one that runs on the CPU: accelerators are used only by name
 * @key: of the cipher's length
 * @extack: says what was wrong
 *
 * Context: may sleep; may load modules.
 * Return: the cipher, or an error pointer.
 */
struct crypto_aead *cipe_aead_alloc(u8 cipher, const char *driver,
				    const u8 *key, struct netlink_ext_ack *extack)
{
	const char *name = aead_ciphers[cipher].name;
	struct crypto_aead *tfm;
	int err;

	tfm = driver ? crypto_alloc_aead(driver, 0, 0) : aead_best(name);
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
	if (aead_broken(tfm)) {
		NL_SET_ERR_MSG(extack, "the driver is known to lose requests");
		err = -EOPNOTSUPP;
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

#define AEAD_HEAD	sizeof(struct cipe_wire_data)
#define AEAD_PIECES	4
#define AEAD_CANARY	16
#define AEAD_CHECK_MAX	9000

/* A driver with much to do is asked so often again, in milliseconds */
#define AEAD_TRIES	100
#define AEAD_PAUSE	10

/* Encrypt or decrypt a packet with @len octets of text, waiting for the end;
 * -ENOSPC: not now
 */
static int aead_check_run(struct crypto_aead *tfm, struct scatterlist *src,
			  struct scatterlist *dst, unsigned int len, bool encrypt)
{
	u8 iv[CIPE_WIRE_IV_LEN] = { 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12 };
	bool backlog = cipe_aead_backlog(tfm);
	struct aead_request *req;
	DECLARE_CRYPTO_WAIT(wait);
	int err;

	req = aead_request_alloc(tfm, GFP_KERNEL);
	if (!req)
		return -ENOMEM;
	aead_request_set_callback(req, CRYPTO_TFM_REQ_MAY_SLEEP |
				  (backlog ? CRYPTO_TFM_REQ_MAY_BACKLOG : 0),
				  crypto_req_done, &wait);
	aead_request_set_ad(req, AEAD_HEAD);
	aead_request_set_crypt(req, src, dst,
			       encrypt ? len : len + CIPE_WIRE_TAG_LEN, iv);
	err = encrypt ? crypto_aead_encrypt(req) : crypto_aead_decrypt(req);
	/* Who was not asked to let it wait has refused: nobody will call back */
	err = err == -EBUSY && !backlog ? -ENOSPC : crypto_wait_req(err, &wait);
	aead_request_free(req);
	return err;
}

static int aead_check_encrypt(struct crypto_aead *tfm, u8 *buf, unsigned int len)
{
	struct scatterlist sg[2];

	cipe_crypt_stretch(sg, buf, len);
	return aead_check_run(tfm, sg, sg, len, true);
}

/* Decrypt to other memory, as packets are; from @src */
static int aead_check_decrypt(struct crypto_aead *tfm, struct scatterlist *src,
			      u8 *out, unsigned int len)
{
	struct scatterlist dst;
	unsigned int i;
	int err;

	memset(out + AEAD_HEAD, 0xee, len + AEAD_CANARY);
	sg_init_one(&dst, out, AEAD_HEAD + len);
	err = aead_check_run(tfm, src, &dst, len, false);
	if (err)
		return err;
	for (i = AEAD_HEAD; i < AEAD_HEAD + len; i++)
		if (out[i] != (u8)(i * 7 + len))
			return -EBADE;
	for (; i < AEAD_HEAD + len + AEAD_CANARY; i++)
		if (out[i] != 0xee)
			return -EBADE;
	return 0;
}

static int aead_check_stretch(struct crypto_aead *tfm, u8 *in, u8 *out, unsigned int len)
{
	struct scatterlist sg[2];

	cipe_crypt_stretch(sg, in, len);
	return aead_check_decrypt(tfm, sg, out, len);
}

/* Cut within the header, the text, and the tag */
static int aead_check_pieces(struct crypto_aead *tfm, u8 *in, u8 *out, unsigned int len)
{
	const unsigned int end[AEAD_PIECES] = {
		5, AEAD_HEAD + len / 2, AEAD_HEAD + len + 3,
		AEAD_HEAD + len + CIPE_WIRE_TAG_LEN
	};
	struct scatterlist sg[AEAD_PIECES];
	unsigned int i, at = 0;

	sg_init_table(sg, AEAD_PIECES);
	for (i = 0; i < AEAD_PIECES; at = end[i++])
		sg_set_buf(&sg[i], in + at, end[i] - at);
	return aead_check_decrypt(tfm, sg, out, len);
}

/* One length: both must agree on the ciphertext, and refuse a broken tag. The
 * shapes are those of crypt.c.
 */
static int aead_check_len(struct crypto_aead *tfm, struct crypto_aead *good,
			  u8 *a, u8 *b, u8 *out, unsigned int len)
{
	const unsigned int all = AEAD_HEAD + len + CIPE_WIRE_TAG_LEN;
	unsigned int i;
	int err;

	for (i = 0; i < all; i++) {
		a[i] = i * 7 + len;
		b[i] = i * 7 + len;
	}
	err = aead_check_encrypt(tfm, a, len) ?: aead_check_encrypt(good, b, len);
	if (err)
		return err;
	if (memcmp(a, b, all))
		return -EBADE;
	err = aead_check_stretch(tfm, a, out, len) ?:
	      aead_check_pieces(tfm, a, out, len);
	if (err)
		return err;
	if (memcmp(a, b, all)) /* what came from the network is not ours to change */
		return -EBADE;
	b[all - 1] ^= 1;
	err = aead_check_stretch(tfm, b, out, len);
	if (err == -ENOMEM || err == -ENOSPC) /* says nothing of the driver */
		return err;
	return err == -EBADMSG ? 0 : -EBADE;
}

/* Again from the start, as what is encrypted in place may be half done, while the
 * driver has too much to do
 */
static int aead_check_patiently(struct crypto_aead *tfm, struct crypto_aead *good,
				u8 *a, u8 *b, u8 *out, unsigned int len)
{
	unsigned int tries = AEAD_TRIES;
	int err;

	while ((err = aead_check_len(tfm, good, a, b, out, len)) == -ENOSPC && --tries)
		msleep(AEAD_PAUSE);
	return err;
}

/**
 * cipe_aead_cross_check - compare a driver with the kernel's portable code
 * @cipher: &enum cipe_cipher, valid
 * @tfm: the driver's cipher
 * @key: its key
 * @extack: says what was wrong
 *
 * Engines have mangled packets of lengths or alignments that the kernel's own
 * tests did not have. Try both, in the shapes that packets have here. The best of the CPU's
 * implementations, in place of the portable one, could be the driver itself.
 *
 * Context: may sleep.
 * Return: 0, or -EBADE if the driver is wrong, -ENOSPC if it has had too much to do
 * for a second, or another error.
 */
int cipe_aead_cross_check(u8 cipher, struct crypto_aead *tfm, const u8 *key,
			  struct netlink_ext_ack *extack)
{
	static const u16 lens[] = { 0, 1, 15, 16, 17, 40, 64, 511, 1280, 1448,
				    AEAD_CHECK_MAX };
	const size_t size = AEAD_HEAD + AEAD_CHECK_MAX + AEAD_CANARY +
			    CIPE_WIRE_TAG_LEN;
	struct crypto_aead *good;
	u8 *a, *b, *out;
	unsigned int i;
	int err;

	good = cipe_aead_alloc(cipher, aead_ciphers[cipher].generic, key, NULL);
	if (IS_ERR(good))
		good = cipe_aead_alloc(cipher, NULL, key, extack);
	if (IS_ERR(good))
		return PTR_ERR(good);
	a = kmalloc(size, GFP_KERNEL);
	b = kmalloc(size, GFP_KERNEL);
	out = kmalloc(size, GFP_KERNEL);
	err = a && b && out ? 0 : -ENOMEM;
	for (i = 0; !err && i < ARRAY_SIZE(lens); i++)
		err = aead_check_patiently(tfm, good, a + i % 3 * 2, b + i % 16,
					   out + i % 5 * 2, lens[i]);
	if (err == -ENOSPC) {
		NL_SET_ERR_MSG(extack, "the cipher driver has too much to do");
	} else if (err && err != -ENOMEM) {
		NL_SET_ERR_MSG(extack, "the cipher driver failed the cross-check");
		err = -EBADE;
	}
	kfree(out);
	kfree(b);
	kfree(a);
	crypto_free_aead(good);
	return err;
}

/**
 * cipe_aead_async - may a cipher finish later than it was called?
 * @tfm: the cipher
 *
 * Return: whether callers have to be prepared for it.
 */
bool cipe_aead_async(struct crypto_aead *tfm)
{
	return aead_flags(tfm) & CRYPTO_ALG_ASYNC;
}

/**
 * cipe_aead_backlog - may requests wait behind the driver's queue when it is full?
 * @tfm: the cipher
 *
 * Some engines' drivers do not get that right: they forget that what waits can
 * be done, or sleep to allocate memory for it. All of those say that they need
 * memory or another implementation (%AEAD_NEEDS).
 *
 * Return: whether %CRYPTO_TFM_REQ_MAY_BACKLOG is for this one.
 */
bool cipe_aead_backlog(struct crypto_aead *tfm)
{
	return (aead_flags(tfm) & (CRYPTO_ALG_ASYNC | AEAD_NEEDS)) == CRYPTO_ALG_ASYNC;
}
