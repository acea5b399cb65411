/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Noise Protocol Framework, revision 34, section 4: the cryptographic
 * functions, through libcrypto's EVP. For noise.c, and what is built of the
 * same pieces beside the framework (guard.c, cookie.c).
 *
 * Return: 0, -EIO when libcrypto failed, -ENOMEM without locked memory, and
 * what is said at the function.
 */
#ifndef CIPE_NOISE_CRYPTO_H
#define CIPE_NOISE_CRYPTO_H

#include "noise.h"

/**
 * struct noise_pair - a DH key pair; of the peer's only the public half
 * @known: there is one
 * @public_key: noise_public_len() octets
 * @private_key: belongs in memory of secret_alloc()
 */
struct noise_pair {
	bool known;
	uint8_t public_key[NOISE_PUBLIC_MAX];
	uint8_t private_key[NOISE_KEY_LEN];
};

/* DH(), section 4.1. -EKEYREJECTED when the public key is none, or the result
 * is all zero.
 */
int noise_dh(const struct noise_suite *suite, const struct noise_pair *ours,
	     const uint8_t *public_key, uint8_t out[NOISE_KEY_LEN]);

/* GENERATE_KEYPAIR(), section 4.1 */
int noise_generate(const struct noise_suite *suite, struct noise_pair *pair);

/* HASH(a || b), section 4.3; @out may be @a */
int noise_digest(OSSL_LIB_CTX *lib, const void *a, size_t a_len, const void *b, size_t b_len,
		 uint8_t out[NOISE_HASH_LEN]);

/* HMAC-HASH(), section 4.3 */
int noise_hmac(OSSL_LIB_CTX *lib, const uint8_t key[NOISE_HASH_LEN], const void *data, size_t len,
	       uint8_t out[NOISE_HASH_LEN]);

/* HKDF(), section 4.3; @outputs is 2 or 3 and as many hashes are written,
 * wiped on error
 */
int noise_hkdf(OSSL_LIB_CTX *lib, const uint8_t ck[NOISE_HASH_LEN], const uint8_t *ikm,
	       size_t ikm_len, unsigned int outputs, uint8_t *out);

/* InitializeKey(), section 5.1 */
void noise_cipher_set_key(struct noise_cipher *cipher, const uint8_t k[NOISE_KEY_LEN]);

/* ENCRYPT(), section 4.2, with key and nonce of @c */
int noise_seal(const struct noise_cipher *c, const void *ad, size_t ad_len, const uint8_t *plain,
	       size_t plain_len, uint8_t *out);

/* DECRYPT(), section 4.2; @msg_len counts the tag. -EBADMSG when it does not
 * authenticate; @out is wiped then
 */
int noise_open(const struct noise_cipher *c, const void *ad, size_t ad_len, const uint8_t *msg,
	       size_t msg_len, uint8_t *out);

#endif /* CIPE_NOISE_CRYPTO_H */
