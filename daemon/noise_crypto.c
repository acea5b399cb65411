// SPDX-License-Identifier: GPL-2.0-or-later
#include "noise_crypto.h"

#include <endian.h>
#include <errno.h>
#include <string.h>

#include <openssl/evp.h>

#include "secret.h"

#define NOISE_NONCE_LEN 12

int noise_digest(OSSL_LIB_CTX *lib, const void *a, size_t a_len, const void *b,
		 size_t b_len, uint8_t out[NOISE_HASH_LEN])
{
	EVP_MD *md = EVP_MD_fetch(lib, "SHA256", NULL);
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	int err = -EIO;

	if (md && ctx && EVP_DigestInit_ex2(ctx, md, NULL) == 1 &&
	    EVP_DigestUpdate(ctx, a, a_len) == 1 && EVP_DigestUpdate(ctx, b, b_len) == 1 &&
	    EVP_DigestFinal_ex(ctx, out, NULL) == 1)
		err = 0;
	EVP_MD_CTX_free(ctx);
	EVP_MD_free(md);
	return err;
}

int noise_hmac(OSSL_LIB_CTX *lib, const uint8_t key[NOISE_HASH_LEN], const void *data, size_t len,
	       uint8_t out[NOISE_HASH_LEN])
{
	size_t out_len = 0;

	if (!EVP_Q_mac(lib, "HMAC", NULL, "SHA256", NULL, key, NOISE_HASH_LEN, data, len, out,
		       NOISE_HASH_LEN, &out_len))
		return -EIO;
	return out_len == NOISE_HASH_LEN ? 0 : -EIO;
}

/* Intermediates of HKDF(), in locked memory */
struct noise_hkdf_work {
	uint8_t temp_key[NOISE_HASH_LEN];
	uint8_t block[NOISE_HASH_LEN + 1];	/* output before, number */
};

int noise_hkdf(OSSL_LIB_CTX *lib, const uint8_t ck[NOISE_HASH_LEN], const uint8_t *ikm,
	       size_t ikm_len, unsigned int outputs, uint8_t *out)
{
	struct noise_hkdf_work *work = secret_alloc(sizeof(*work));
	size_t before = 0;
	unsigned int i;
	int err;

	if (!work)
		return -ENOMEM;
	err = noise_hmac(lib, ck, ikm, ikm_len, work->temp_key);
	for (i = 0; i < outputs && !err; i++) {
		if (i)
			memcpy(work->block, out + (i - 1) * NOISE_HASH_LEN, NOISE_HASH_LEN);
		work->block[before] = (uint8_t)(i + 1);
		err = noise_hmac(lib, work->temp_key, work->block, before + 1,
				 out + i * NOISE_HASH_LEN);
		before = NOISE_HASH_LEN;
	}
	if (err)
		secret_wipe(out, (size_t)outputs * NOISE_HASH_LEN);
	secret_free(work, sizeof(*work));
	return err;
}

/* Sections 12.3 and 12.4: 32 zero bits, then n: big-endian for AESGCM,
 * little-endian for ChaChaPoly
 */
static void noise_nonce(enum noise_aead aead, uint64_t n, uint8_t nonce[NOISE_NONCE_LEN])
{
	uint64_t wire = aead == NOISE_AESGCM ? htobe64(n) : htole64(n);

	memset(nonce, 0, 4);
	memcpy(nonce + 4, &wire, sizeof(wire));
}

/* A context ready for the text: key, nonce and associated data are in */
static EVP_CIPHER_CTX *noise_aead_begin(const struct noise_cipher *c, const void *ad,
					size_t ad_len, int encrypt)
{
	const char *name = c->aead == NOISE_AESGCM ? "AES-256-GCM" : "ChaCha20-Poly1305";
	EVP_CIPHER *cipher = EVP_CIPHER_fetch(c->lib, name, NULL);
	EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();
	uint8_t nonce[NOISE_NONCE_LEN];
	int len, rc;

	noise_nonce(c->aead, c->n, nonce);
	rc = ctx && cipher && EVP_CipherInit_ex2(ctx, cipher, c->k, nonce, encrypt, NULL) == 1 &&
	     (!ad_len || EVP_CipherUpdate(ctx, NULL, &len, ad, (int)ad_len) == 1);
	EVP_CIPHER_free(cipher);
	if (rc)
		return ctx;
	EVP_CIPHER_CTX_free(ctx);
	return NULL;
}

int noise_seal(const struct noise_cipher *c, const void *ad, size_t ad_len, const uint8_t *plain,
	       size_t plain_len, uint8_t *out)
{
	EVP_CIPHER_CTX *ctx;
	int len = 0, err = -EIO;

	if (plain_len > NOISE_MESSAGE_MAX || ad_len > NOISE_MESSAGE_MAX)
		return -EMSGSIZE;
	ctx = noise_aead_begin(c, ad, ad_len, 1);
	if (!ctx)
		return -EIO;
	if (plain_len && EVP_CipherUpdate(ctx, out, &len, plain, (int)plain_len) != 1)
		goto out;
	if (EVP_CipherFinal_ex(ctx, out + plain_len, &len) != 1)
		goto out;
	if (EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_AEAD_GET_TAG, NOISE_TAG_LEN, out + plain_len) == 1)
		err = 0;
out:
	EVP_CIPHER_CTX_free(ctx);
	return err;
}

int noise_open(const struct noise_cipher *c, const void *ad, size_t ad_len, const uint8_t *msg,
	       size_t msg_len, uint8_t *out)
{
	uint8_t tag[NOISE_TAG_LEN], none[1];
	EVP_CIPHER_CTX *ctx;
	size_t text_len;
	int len = 0, err = -EIO;

	if (msg_len > NOISE_MESSAGE_MAX || ad_len > NOISE_MESSAGE_MAX)
		return -EMSGSIZE;
	if (msg_len < NOISE_TAG_LEN)
		return -EBADMSG;
	text_len = msg_len - NOISE_TAG_LEN;
	memcpy(tag, msg + text_len, NOISE_TAG_LEN);

	ctx = noise_aead_begin(c, ad, ad_len, 0);
	if (!ctx)
		return -EIO;
	if (EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_AEAD_SET_TAG, NOISE_TAG_LEN, tag) != 1)
		goto out;
	if (text_len && EVP_CipherUpdate(ctx, out, &len, msg, (int)text_len) != 1)
		goto out;
	err = EVP_CipherFinal_ex(ctx, none, &len) == 1 ? 0 : -EBADMSG;
out:
	/* Unauthenticated plaintext must not be looked at */
	if (err && text_len)
		secret_wipe(out, text_len);
	EVP_CIPHER_CTX_free(ctx);
	return err;
}
