// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Noise Protocol Framework, revision 34, section 5.1: CipherState.
 */
#include <errno.h>
#include <string.h>

#include "noise_crypto.h"

void noise_cipher_set_key(struct noise_cipher *cipher, const uint8_t k[NOISE_KEY_LEN])
{
	memcpy(cipher->k, k, NOISE_KEY_LEN);
	cipher->n = 0;
	cipher->has_key = true;
}

int noise_cipher_encrypt(struct noise_cipher *cipher, const void *ad, size_t ad_len,
			 const uint8_t *plain, size_t plain_len, uint8_t *out)
{
	int err;

	if (!cipher->has_key) {
		if (plain_len)
			memmove(out, plain, plain_len);
		return 0;
	}
	if (cipher->n == UINT64_MAX)
		return -EOVERFLOW;
	err = noise_seal(cipher, ad, ad_len, plain, plain_len, out);
	if (!err)
		cipher->n++;
	return err;
}

int noise_cipher_decrypt(struct noise_cipher *cipher, const void *ad, size_t ad_len,
			 const uint8_t *msg, size_t msg_len, uint8_t *out)
{
	int err;

	if (!cipher->has_key) {
		if (msg_len)
			memmove(out, msg, msg_len);
		return 0;
	}
	if (cipher->n == UINT64_MAX)
		return -EOVERFLOW;
	err = noise_open(cipher, ad, ad_len, msg, msg_len, out);
	if (!err)
		cipher->n++;
	return err;
}
