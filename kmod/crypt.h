/* SPDX-License-Identifier: GPL-2.0-only */
/* Batches through the cipher. */
#ifndef _CIPE_CRYPT_H
#define _CIPE_CRYPT_H

#include <linux/scatterlist.h>
#include <linux/types.h>

#include <cipe/wire.h>

#define CIPE_CRYPT_HEADER	sizeof(struct cipe_wire_data)

struct cipe_batch;
struct crypto_aead;

/* An entry as if it were new: engines leave marks in those they mapped */
static __always_inline void cipe_crypt_entry(struct scatterlist *sg, const u8 *buf,
					     unsigned int len)
{
	*sg = (struct scatterlist){};
	sg_set_buf(sg, buf, len);
}

/**
 * cipe_crypt_stretch - a datagram in one stretch, as ciphers are given it
 * @sg: two entries, of any content
 * @datagram: header, text and tag
 * @len: octets of text
 *
 * The tag has an entry of its own, for the crypto API builds one each time it
 * finds the tag within another.
 */
static __always_inline void cipe_crypt_stretch(struct scatterlist *sg, const u8 *datagram,
					       unsigned int len)
{
	cipe_crypt_entry(&sg[0], datagram, CIPE_CRYPT_HEADER + len);
	cipe_crypt_entry(&sg[1], datagram + CIPE_CRYPT_HEADER + len, CIPE_WIRE_TAG_LEN);
	sg_mark_end(&sg[1]);
}

unsigned int cipe_crypt_size(const struct crypto_aead *tx,
			     const struct crypto_aead *rx);
void cipe_crypt_encrypt(struct cipe_batch *batch);
void cipe_crypt_decrypt(struct cipe_batch *batch);
void cipe_crypt_continue(struct cipe_batch *batch);

#endif /* _CIPE_CRYPT_H */
