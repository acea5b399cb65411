// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Noise Protocol Framework, revision 34, section 4.1: DH functions, through
 * libcrypto's EVP. 25519 is the framework's own; P256 follows its rules for
 * further ones: public keys are uncompressed points (SEC 1, section 2.3.3, 65
 * octets), private keys numbers of 32 octets, big endian, and the result is the
 * x coordinate, 32 octets.
 */
#include "noise_crypto.h"

#include <errno.h>
#include <string.h>

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/obj_mac.h>
#include <openssl/param_build.h>
#include <openssl/params.h>

#include "secret.h"

#define P256_PUBLIC_LEN 65
#define P256_UNCOMPRESSED 4

size_t noise_public_len(enum noise_dh dh)
{
	return dh == NOISE_P256 ? P256_PUBLIC_LEN : NOISE_KEY_LEN;
}

/* ------------------------------------------------------------------------
 * P-256
 */

/* In the secure heap; libcrypto's own copies of it are there, too, unless they come of its
 * decoders, which make them anywhere
 */
static BIGNUM *p256_number(const uint8_t private_key[NOISE_KEY_LEN])
{
	BIGNUM *number = BN_secure_new();

	if (number && BN_bin2bn(private_key, NOISE_KEY_LEN, number)) {
		BN_set_flags(number, BN_FLG_CONSTTIME);
		return number;
	}
	BN_clear_free(number);
	return NULL;
}

/* The point that the number stands for. EVP has no way to ask for it */
static int p256_multiply(OSSL_LIB_CTX *lib, const BIGNUM *number,
			 uint8_t public_key[P256_PUBLIC_LEN])
{
	EC_GROUP *group = EC_GROUP_new_by_curve_name_ex(lib, NULL, NID_X9_62_prime256v1);
	EC_POINT *point = group ? EC_POINT_new(group) : NULL;
	BN_CTX *ctx = BN_CTX_secure_new_ex(lib);
	int err = -EIO;

	if (!point || !ctx)
		goto out;
	err = -EKEYREJECTED;
	if (BN_is_zero(number) || BN_cmp(number, EC_GROUP_get0_order(group)) >= 0)
		goto out;
	if (EC_POINT_mul(group, point, number, NULL, NULL, ctx) != 1 ||
	    EC_POINT_point2oct(group, point, POINT_CONVERSION_UNCOMPRESSED, public_key,
			       P256_PUBLIC_LEN, ctx) != P256_PUBLIC_LEN)
		err = -EIO;
	else
		err = 0;
out:
	BN_CTX_free(ctx);
	EC_POINT_free(point);
	EC_GROUP_free(group);
	return err;
}

static int p256_get_public(EVP_PKEY *key, uint8_t public_key[P256_PUBLIC_LEN])
{
	size_t len = 0;

	if (EVP_PKEY_get_octet_string_param(key, OSSL_PKEY_PARAM_ENCODED_PUBLIC_KEY, public_key,
					    P256_PUBLIC_LEN, &len) != 1 ||
	    len != P256_PUBLIC_LEN || public_key[0] != P256_UNCOMPRESSED)
		return -EIO;
	return 0;
}

/* @private_key: NULL: only the public half */
static EVP_PKEY *p256_key(OSSL_LIB_CTX *lib, const uint8_t *private_key,
			  const uint8_t public_key[P256_PUBLIC_LEN])
{
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_name(lib, "EC", NULL);
	OSSL_PARAM_BLD *bld = OSSL_PARAM_BLD_new();
	BIGNUM *number = private_key ? p256_number(private_key) : NULL;
	OSSL_PARAM *params = NULL;
	EVP_PKEY *key = NULL;

	if (!ctx || !bld || !number != !private_key ||
	    !OSSL_PARAM_BLD_push_utf8_string(bld, OSSL_PKEY_PARAM_GROUP_NAME, "P-256", 0) ||
	    !OSSL_PARAM_BLD_push_octet_string(bld, OSSL_PKEY_PARAM_PUB_KEY, public_key,
					      P256_PUBLIC_LEN))
		goto out;
	if (number &&
	    !OSSL_PARAM_BLD_push_BN_pad(bld, OSSL_PKEY_PARAM_PRIV_KEY, number, NOISE_KEY_LEN))
		goto out;
	params = OSSL_PARAM_BLD_to_param(bld);
	if (!params || EVP_PKEY_fromdata_init(ctx) != 1 ||
	    EVP_PKEY_fromdata(ctx, &key, private_key ? EVP_PKEY_KEYPAIR : EVP_PKEY_PUBLIC_KEY,
			      params) != 1)
		key = NULL;
out:
	OSSL_PARAM_free(params);
	OSSL_PARAM_BLD_free(bld);
	BN_clear_free(number);
	EVP_PKEY_CTX_free(ctx);
	return key;
}

/* A provider that was asked for has to find the same (suite fips) */
static int p256_confirm(OSSL_LIB_CTX *lib, const uint8_t private_key[NOISE_KEY_LEN],
			const uint8_t public_key[P256_PUBLIC_LEN])
{
	EVP_PKEY *key = p256_key(lib, private_key, public_key);
	EVP_PKEY_CTX *ctx = key ? EVP_PKEY_CTX_new_from_pkey(lib, key, NULL) : NULL;
	int err = ctx && EVP_PKEY_pairwise_check(ctx) == 1 ? 0 : -EIO;

	EVP_PKEY_CTX_free(ctx);
	EVP_PKEY_free(key);
	return err;
}

static int p256_public(OSSL_LIB_CTX *lib, const uint8_t private_key[NOISE_KEY_LEN],
		       uint8_t public_key[P256_PUBLIC_LEN])
{
	BIGNUM *number = p256_number(private_key);
	int err = number ? p256_multiply(lib, number, public_key) : -ENOMEM;

	BN_clear_free(number);
	return err || !lib ? err : p256_confirm(lib, private_key, public_key);
}

static int p256_generate(OSSL_LIB_CTX *lib, uint8_t private_key[NOISE_KEY_LEN],
			 uint8_t public_key[P256_PUBLIC_LEN])
{
	EVP_PKEY *key = EVP_PKEY_Q_keygen(lib, NULL, "EC", "P-256");
	BIGNUM *number = BN_secure_new();
	int err = -EIO;

	if (key && number &&
	    EVP_PKEY_get_bn_param(key, OSSL_PKEY_PARAM_PRIV_KEY, &number) == 1 &&
	    BN_bn2binpad(number, private_key, NOISE_KEY_LEN) == NOISE_KEY_LEN)
		err = p256_get_public(key, public_key);
	BN_clear_free(number);
	EVP_PKEY_free(key);
	return err;
}

/* ------------------------------------------------------------------------
 * either
 */

static EVP_PKEY *load_pair(const struct noise_suite *suite, const struct noise_pair *pair)
{
	if (suite->dh == NOISE_P256)
		return p256_key(suite->lib, pair->private_key, pair->public_key);
	return EVP_PKEY_new_raw_private_key_ex(suite->lib, "X25519", NULL, pair->private_key,
					       NOISE_KEY_LEN);
}

static EVP_PKEY *load_public(const struct noise_suite *suite, const uint8_t *public_key)
{
	if (suite->dh == NOISE_25519)
		return EVP_PKEY_new_raw_public_key_ex(suite->lib, "X25519", NULL, public_key,
						      NOISE_KEY_LEN);
	return public_key[0] == P256_UNCOMPRESSED ? p256_key(suite->lib, NULL, public_key) : NULL;
}

int noise_public_key(const struct noise_suite *suite, const uint8_t private_key[NOISE_KEY_LEN],
		     uint8_t *public_key)
{
	size_t len = NOISE_KEY_LEN;
	EVP_PKEY *key;
	int err = -EIO;

	if (suite->dh == NOISE_P256)
		return p256_public(suite->lib, private_key, public_key);
	key = EVP_PKEY_new_raw_private_key_ex(suite->lib, "X25519", NULL, private_key,
					      NOISE_KEY_LEN);
	if (key && EVP_PKEY_get_raw_public_key(key, public_key, &len) == 1 && len == NOISE_KEY_LEN)
		err = 0;
	EVP_PKEY_free(key);
	return err;
}

int noise_generate(const struct noise_suite *suite, struct noise_pair *pair)
{
	int err;

	if (suite->dh == NOISE_P256) {
		err = p256_generate(suite->lib, pair->private_key, pair->public_key);
	} else {
		/* Any 32 octets are an X25519 private key (RFC 7748, section 5) */
		err = secret_random_of(suite->lib, pair->private_key, NOISE_KEY_LEN);
		if (!err)
			err = noise_public_key(suite, pair->private_key, pair->public_key);
	}
	if (err)
		secret_wipe(pair->private_key, NOISE_KEY_LEN);
	return err;
}

static int derive(OSSL_LIB_CTX *lib, EVP_PKEY *ours, EVP_PKEY *theirs, uint8_t out[NOISE_KEY_LEN])
{
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_pkey(lib, ours, NULL);
	size_t len = NOISE_KEY_LEN;
	int err = -EIO;

	if (!ctx || EVP_PKEY_derive_init(ctx) != 1)
		goto out;
	/* libcrypto itself refuses points that are not on the curve, and the
	 * all-zero result (RFC 7748, section 6.1)
	 */
	err = -EKEYREJECTED;
	if (EVP_PKEY_derive_set_peer_ex(ctx, theirs, 1) == 1 &&
	    EVP_PKEY_derive(ctx, out, &len) == 1 && len == NOISE_KEY_LEN)
		err = 0;
out:
	EVP_PKEY_CTX_free(ctx);
	return err;
}

int noise_dh(const struct noise_suite *suite, const struct noise_pair *ours,
	     const uint8_t *public_key, uint8_t out[NOISE_KEY_LEN])
{
	static const uint8_t zero[NOISE_KEY_LEN];
	EVP_PKEY *us = load_pair(suite, ours), *them = load_public(suite, public_key);
	int err = -EIO;

	if (us && them)
		err = derive(suite->lib, us, them, out);
	else if (us)
		err = -EKEYREJECTED;
	/* Not to depend on the library's version for it */
	if (!err && suite->dh == NOISE_25519 && secret_equal(out, zero, NOISE_KEY_LEN))
		err = -EKEYREJECTED;
	if (err)
		secret_wipe(out, NOISE_KEY_LEN);
	EVP_PKEY_free(them);
	EVP_PKEY_free(us);
	return err;
}
