/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Noise Protocol Framework, revision 34, section 4: the cryptographic
 * functions, through libcrypto's EVP. For noise.c only.
 *
 * Return: 0, -EIO when libcrypto failed, -ENOMEM without locked memory, and
 * what is said at the function.
 */
#ifndef CIPE_NOISE_CRYPTO_H
#define CIPE_NOISE_CRYPTO_H

#include "noise.h"

/* DH(), section 4.1. -EKEYREJECTED when the result is all zero. */
int noise_dh(const uint8_t private_key[NOISE_KEY_LEN], const uint8_t public_key[NOISE_KEY_LEN],
	     uint8_t out[NOISE_KEY_LEN]);

/* GENERATE_KEYPAIR(), section 4.1 */
int noise_generate(uint8_t private_key[NOISE_KEY_LEN], uint8_t public_key[NOISE_KEY_LEN]);

/* HASH(a || b), section 4.3; @out may be @a */
int noise_digest(const void *a, size_t a_len, const void *b, size_t b_len,
		 uint8_t out[NOISE_HASH_LEN]);

/* HKDF(), section 4.3; @outputs is 2 or 3 and as many hashes are written,
 * wiped on error
 */
int noise_hkdf(const uint8_t ck[NOISE_HASH_LEN], const uint8_t *ikm, size_t ikm_len,
	       unsigned int outputs, uint8_t *out);

/* ENCRYPT(), section 4.2 */
int noise_seal(enum noise_aead aead, const uint8_t k[NOISE_KEY_LEN], uint64_t n, const void *ad,
	       size_t ad_len, const uint8_t *plain, size_t plain_len, uint8_t *out);

/* DECRYPT(), section 4.2; @msg_len counts the tag. -EBADMSG when it does not
 * authenticate; @out is wiped then
 */
int noise_open(enum noise_aead aead, const uint8_t k[NOISE_KEY_LEN], uint64_t n, const void *ad,
	       size_t ad_len, const uint8_t *msg, size_t msg_len, uint8_t *out);

#endif /* CIPE_NOISE_CRYPTO_H */
