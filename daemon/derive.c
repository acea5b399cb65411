// SPDX-License-Identifier: GPL-2.0-or-later
#include "derive.h"

#include <errno.h>
#include <string.h>

#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/kdf.h>

#include <cipe/wire.h>
#include <linux/cipe.h>

#include "secret.h"

#define DERIVE_INFO_MAX 64
#define DERIVE_OUT_MAX (255 * 32)	/* RFC 5869, section 2.3 */

static int hkdf_run(EVP_KDF_CTX *ctx, const void *salt, size_t salt_len, const void *ikm,
		    size_t ikm_len, const void *info, size_t info_len, uint8_t *out,
		    size_t out_len)
{
	OSSL_PARAM params[5], *p = params;

	/* OSSL_PARAM wants no const, but only reads */
	*p++ = OSSL_PARAM_construct_utf8_string(OSSL_KDF_PARAM_DIGEST, (char *)"SHA256", 0);
	*p++ = OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_KEY, (void *)ikm, ikm_len);
	if (salt_len)
		*p++ = OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_SALT, (void *)salt,
							 salt_len);
	if (info_len)
		*p++ = OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_INFO, (void *)info,
							 info_len);
	*p = OSSL_PARAM_construct_end();
	return EVP_KDF_derive(ctx, out, out_len, params) == 1 ? 0 : -EIO;
}

int derive_hkdf(OSSL_LIB_CTX *lib, const void *salt, size_t salt_len, const void *ikm,
		size_t ikm_len, const void *info, size_t info_len, uint8_t *out, size_t out_len)
{
	EVP_KDF *kdf = NULL;
	EVP_KDF_CTX *ctx = NULL;
	int err = -EIO;

	if (!ikm_len || !out_len || out_len > DERIVE_OUT_MAX || info_len > DERIVE_INFO_MAX)
		return -EINVAL;

	kdf = EVP_KDF_fetch(lib, "HKDF", NULL);
	if (kdf)
		ctx = EVP_KDF_CTX_new(kdf);
	if (ctx)
		err = hkdf_run(ctx, salt, salt_len, ikm, ikm_len, info, info_len, out, out_len);
	if (err)
		secret_wipe(out, out_len);
	EVP_KDF_CTX_free(ctx);
	EVP_KDF_free(kdf);
	return err;
}

int derive_psk(OSSL_LIB_CTX *lib, uint8_t psk[DERIVE_PSK_LEN], const uint8_t *key, size_t key_len)
{
	switch (key_len) {
	case DERIVE_PSK_LEN:
		memmove(psk, key, DERIVE_PSK_LEN);
		return 0;
	case DERIVE_SHORT_KEY_LEN:
		return derive_hkdf(lib, NULL, 0, key, key_len, DERIVE_LABEL_PSK,
				   strlen(DERIVE_LABEL_PSK), psk, DERIVE_PSK_LEN);
	default:
		return -EINVAL;
	}
}

size_t derive_key_len(uint8_t cipher)
{
	switch (cipher) {
	case CIPE_CIPHER_AES_128_GCM:
		return 16;
	case CIPE_CIPHER_CHACHA20_POLY1305:
	case CIPE_CIPHER_AES_256_GCM:
		return 32;
	default:
		return 0;
	}
}

bool derive_is_gcm(uint8_t cipher)
{
	return cipher != CIPE_CIPHER_CHACHA20_POLY1305;
}

/* One value: the info is the label and the octet that names the cipher */
static int derive_labelled(OSSL_LIB_CTX *lib, const uint8_t hash[32], const uint8_t split[32],
			   const char *label, uint8_t cipher, uint8_t *out, size_t out_len)
{
	uint8_t info[DERIVE_INFO_MAX];
	size_t len = strlen(label);

	memcpy(info, label, len);
	info[len++] = cipher;
	return derive_hkdf(lib, hash, 32, split, 32, info, len, out, out_len);
}

int derive_data_key(OSSL_LIB_CTX *lib, const uint8_t hash[32], const uint8_t split[32],
		    uint8_t cipher, uint8_t *key, uint8_t iv[12])
{
	size_t key_len = derive_key_len(cipher);
	int err;

	if (!key_len)
		return -EINVAL;
	err = derive_labelled(lib, hash, split, CIPE_WIRE_LABEL_KEY, cipher, key, key_len);
	if (err)
		return err;
	err = derive_labelled(lib, hash, split, CIPE_WIRE_LABEL_IV, cipher, iv, CIPE_WIRE_IV_LEN);
	if (err)
		secret_wipe(key, key_len);
	return err;
}
