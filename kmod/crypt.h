/* SPDX-License-Identifier: GPL-2.0-only */
/* Batches through the cipher. */
#ifndef _CIPE_CRYPT_H
#define _CIPE_CRYPT_H

#include <linux/types.h>

struct cipe_batch;
struct crypto_aead;
struct scatterlist;

unsigned int cipe_crypt_size(const struct crypto_aead *tx,
			     const struct crypto_aead *rx);
void cipe_crypt_stretch(struct scatterlist *sg, const u8 *datagram, unsigned int len);
void cipe_crypt_encrypt(struct cipe_batch *batch);
void cipe_crypt_decrypt(struct cipe_batch *batch);
void cipe_crypt_continue(struct cipe_batch *batch);

#endif /* _CIPE_CRYPT_H */
