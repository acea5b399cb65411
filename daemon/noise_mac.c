// SPDX-License-Identifier: GPL-2.0-or-later
#include "noise_mac.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/core_names.h>
#include <openssl/evp.h>

#include "secret.h"

/**
 * struct noise_mac - a key that is ready
 * @ctx: libcrypto's
 * @rekey: it has to be given the key each time
 * @key: for that, in memory of secret_alloc(); NULL: of no more use
 */
struct noise_mac {
	EVP_MAC_CTX *ctx;
	bool rekey;
	uint8_t *key;
};

static int make(struct noise_mac *mac, const void *data, size_t len, uint8_t out[NOISE_HASH_LEN])
{
	size_t out_len = 0;

	if (EVP_MAC_update(mac->ctx, data, len) == 1 &&
	    EVP_MAC_final(mac->ctx, out, &out_len, NOISE_HASH_LEN) == 1 &&
	    out_len == NOISE_HASH_LEN)
		return 0;
	return -EIO;
}

/* To begin anew without a key does nothing in OpenSSL 3.0.0 to 3.0.2, nor in a FIPS
 * provider of that age under a later libcrypto, and says that all is well. To
 * copy a context for each MAC is slower than to give it the key.
 */
static int find_out(struct noise_mac *mac)
{
	static const uint8_t data[1];
	uint8_t first[NOISE_HASH_LEN], again[NOISE_HASH_LEN];
	int err = make(mac, data, sizeof(data), first);

	mac->rekey = noise_mac_make(mac, data, sizeof(data), again) ||
		     memcmp(first, again, sizeof(first)) != 0;
	secret_wipe(first, sizeof(first));
	secret_wipe(again, sizeof(again));
	return err;
}

static void forget_key(struct noise_mac *mac)
{
	secret_free(mac->key, NOISE_HASH_LEN);
	mac->key = NULL;
}

static int set_up(struct noise_mac *mac, OSSL_LIB_CTX *lib, const uint8_t *key)
{
	char digest[] = "SHA256";
	OSSL_PARAM params[] = {
		OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, digest, 0),
		OSSL_PARAM_construct_end(),
	};
	EVP_MAC *hmac = EVP_MAC_fetch(lib, "HMAC", NULL);
	int err = -EIO;

	mac->ctx = hmac ? EVP_MAC_CTX_new(hmac) : NULL;
	EVP_MAC_free(hmac);
	mac->key = secret_alloc(NOISE_HASH_LEN);
	if (!mac->ctx || !mac->key)
		return -EIO;
	memcpy(mac->key, key, NOISE_HASH_LEN);
	if (EVP_MAC_init(mac->ctx, mac->key, NOISE_HASH_LEN, params) == 1)
		err = find_out(mac);
	if (!err && !mac->rekey)
		forget_key(mac);
	return err;
}

struct noise_mac *noise_mac_new(OSSL_LIB_CTX *lib, const uint8_t key[NOISE_HASH_LEN])
{
	struct noise_mac *mac = calloc(1, sizeof(*mac));

	if (!mac)
		return NULL;
	if (!set_up(mac, lib, key))
		return mac;
	noise_mac_free(mac);
	return NULL;
}

int noise_mac_make(struct noise_mac *mac, const void *data, size_t len,
		   uint8_t out[NOISE_HASH_LEN])
{
	const uint8_t *key = mac->rekey ? mac->key : NULL;

	/* Without a key: the one it has, from the start */
	if (EVP_MAC_init(mac->ctx, key, key ? NOISE_HASH_LEN : 0, NULL) != 1)
		return -EIO;
	return make(mac, data, len, out);
}

void noise_mac_free(struct noise_mac *mac)
{
	if (!mac)
		return;
	EVP_MAC_CTX_free(mac->ctx);
	forget_key(mac);
	free(mac);
}
