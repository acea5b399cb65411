// SPDX-License-Identifier: GPL-2.0-or-later
#include "noise_mac.h"

#include <errno.h>

#include <openssl/core_names.h>
#include <openssl/evp.h>

/* struct noise_mac is libcrypto's context by a name that says what it is for */
static EVP_MAC_CTX *to_ctx(struct noise_mac *mac)
{
	return (EVP_MAC_CTX *)mac;
}

struct noise_mac *noise_mac_new(OSSL_LIB_CTX *lib, const uint8_t key[NOISE_HASH_LEN])
{
	char digest[] = "SHA256";
	OSSL_PARAM params[] = {
		OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, digest, 0),
		OSSL_PARAM_construct_end(),
	};
	EVP_MAC *hmac = EVP_MAC_fetch(lib, "HMAC", NULL);
	EVP_MAC_CTX *ctx = hmac ? EVP_MAC_CTX_new(hmac) : NULL;

	EVP_MAC_free(hmac);
	if (ctx && EVP_MAC_init(ctx, key, NOISE_HASH_LEN, params) == 1)
		return (struct noise_mac *)ctx;
	EVP_MAC_CTX_free(ctx);
	return NULL;
}

int noise_mac_make(struct noise_mac *mac, const void *data, size_t len,
		   uint8_t out[NOISE_HASH_LEN])
{
	EVP_MAC_CTX *ctx = to_ctx(mac);
	size_t out_len = 0;

	/* Without a key: the one it has, from the start */
	if (EVP_MAC_init(ctx, NULL, 0, NULL) == 1 && EVP_MAC_update(ctx, data, len) == 1 &&
	    EVP_MAC_final(ctx, out, &out_len, NOISE_HASH_LEN) == 1 && out_len == NOISE_HASH_LEN)
		return 0;
	return -EIO;
}

void noise_mac_free(struct noise_mac *mac)
{
	EVP_MAC_CTX_free(to_ctx(mac));
}
