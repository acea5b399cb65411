// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Key exchanges of every pattern and suite; who is let in, and who is not.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include <openssl/crypto.h>
#include <openssl/evp.h>

#include "guard.h"
#include "handshake.h"
#include "links.h"
#include "secret.h"

static const struct handshake_info said_i = { .timestamp = 1700000000000000000, .key_id = 4 };
static const struct handshake_info said_r = { .key_id = 8, .mtu = 1400 };

static struct handshake_config end(const struct identity *id, uint8_t cipher)
{
	return (struct handshake_config){ .id = id, .mode = CIPE_MODE_IP, .cipher = cipher };
}

/* One exchange; the results of reading INIT and RESPONSE */
struct outcome {
	enum handshake_result init, response;
	struct handshake_message sent, answer;
};

static void exchange(const struct identity *i, const struct identity *r, uint8_t cipher,
		     const uint8_t *cookie, struct outcome *o)
{
	const struct handshake_config config_i = end(i, cipher), config_r = end(r, cipher);
	struct handshake *hs_i = handshake_new(&config_i), *hs_r = handshake_new(&config_r);
	struct handshake_keys *ki = handshake_keys_new(), *kr = handshake_keys_new();
	struct handshake_info heard;

	memset(o, 0, sizeof(*o));
	o->response = HANDSHAKE_MISUSE;
	assert_int_equal(handshake_initiate(hs_i, &said_i, cookie, &o->sent), HANDSHAKE_OK);
	o->init = handshake_read_init(hs_r, o->sent.data, o->sent.len, &heard);
	if (o->init == HANDSHAKE_OK) {
		assert_true(heard.timestamp == said_i.timestamp);
		assert_int_equal(handshake_write_response(hs_r, &said_r, &o->answer, kr), 0);
		o->response = handshake_read_response(hs_i, o->answer.data, o->answer.len, &heard,
						      ki);
	}
	if (o->response == HANDSHAKE_OK) {
		assert_int_equal(heard.mtu, 1400);
		assert_int_equal(ki->cipher, cipher);
		assert_memory_equal(ki->tx_key, kr->rx_key, CIPE_KEY_LEN_MAX);
		assert_memory_equal(ki->rx_key, kr->tx_key, CIPE_KEY_LEN_MAX);
		assert_memory_equal(ki->tx_iv, kr->rx_iv, CIPE_IV_LEN);
		assert_memory_equal(ki->rx_iv, kr->tx_iv, CIPE_IV_LEN);
	}
	handshake_free(hs_i);
	handshake_free(hs_r);
	handshake_keys_free(ki);
	handshake_keys_free(kr);
}

static void test_every_kind(void **state)
{
	uint8_t cookie[CIPE_WIRE_COOKIE_LEN] = "0123456789abcde";
	struct outcome o;
	int k, cipher;

	(void)state;
	for (k = 0; k < KINDS; k++) {
		struct identity *i = link_end(&kinds[k], 0), *r = link_end(&kinds[k], 1);

		for (cipher = CIPE_CIPHER_CHACHA20_POLY1305; cipher <= CIPE_CIPHER_AES_256_GCM;
		     cipher++) {
			const struct handshake_config config = end(i, (uint8_t)cipher);

			if (i->dh == NOISE_P256 && cipher == CIPE_CIPHER_CHACHA20_POLY1305) {
				assert_null(handshake_new(&config));
				continue;
			}
			exchange(i, r, (uint8_t)cipher, NULL, &o);
			assert_int_equal(o.response, HANDSHAKE_OK);
			exchange(i, r, (uint8_t)cipher, cookie, &o);
			assert_int_equal(o.response, HANDSHAKE_OK);
			assert_memory_equal(handshake_cookie(o.sent.data), cookie, sizeof(cookie));
			exchange(r, i, (uint8_t)cipher, NULL, &o);
			assert_int_equal(o.response, HANDSHAKE_OK);
		}
		identity_free(i);
		identity_free(r);
	}
}

/* Not one bit of INIT may differ, though the MAC be right */
static void flip_init(const struct identity *i, const struct identity *r, struct outcome *o)
{
	const struct handshake_config config = end(r, CIPE_CIPHER_AES_256_GCM);
	size_t text = o->sent.len - CIPE_WIRE_MAC_LEN, bit;
	struct handshake *hs = handshake_new(&config);
	struct handshake_header header;
	struct handshake_info info;

	for (bit = 0; bit < o->sent.len * 8; bit++) {
		o->sent.data[bit / 8] ^= (uint8_t)(1 << bit % 8);
		assert_int_not_equal(handshake_screen(&config, o->sent.data, o->sent.len, &header),
				     HANDSHAKE_OK);
		if (bit / 8 < text) {
			guard_sign(i, o->sent.data, text);
			assert_int_not_equal(handshake_read_init(hs, o->sent.data, o->sent.len,
								 &info), HANDSHAKE_OK);
		}
		o->sent.data[bit / 8] ^= (uint8_t)(1 << bit % 8);
		guard_sign(i, o->sent.data, text);
	}
	assert_int_equal(handshake_read_init(hs, o->sent.data, o->sent.len, &info), HANDSHAKE_OK);
	handshake_free(hs);
}

static void flip_response(const struct identity *i, const struct identity *r)
{
	const struct handshake_config config_i = end(i, CIPE_CIPHER_AES_256_GCM);
	const struct handshake_config config_r = end(r, CIPE_CIPHER_AES_256_GCM);
	struct handshake *hs_i = handshake_new(&config_i), *hs_r = handshake_new(&config_r);
	struct handshake_keys *keys = handshake_keys_new();
	struct handshake_message init, answer;
	struct handshake_info info;
	size_t bit;

	handshake_initiate(hs_i, &said_i, NULL, &init);
	handshake_read_init(hs_r, init.data, init.len, &info);
	handshake_write_response(hs_r, &said_r, &answer, keys);
	for (bit = 0; bit < answer.len * 8; bit++) {
		answer.data[bit / 8] ^= (uint8_t)(1 << bit % 8);
		assert_int_not_equal(handshake_read_response(hs_i, answer.data, answer.len, &info,
							     keys), HANDSHAKE_OK);
		answer.data[bit / 8] ^= (uint8_t)(1 << bit % 8);
	}
	assert_int_equal(handshake_read_response(hs_i, answer.data, answer.len, &info, keys),
			 HANDSHAKE_OK);
	handshake_free(hs_i);
	handshake_free(hs_r);
	handshake_keys_free(keys);
}

static void test_bit_flips(void **state)
{
	struct outcome o;
	int k;

	(void)state;
	for (k = 0; k < KINDS; k++) {
		struct identity *i = link_end(&kinds[k], 0), *r = link_end(&kinds[k], 1);

		exchange(i, r, CIPE_CIPHER_AES_256_GCM, NULL, &o);
		flip_init(i, r, &o);
		flip_response(i, r);
		identity_free(i);
		identity_free(r);
	}
}

/* Keys of end @end, of which one thing is another: 0 own, 1 the peer's, 2 psk */
static struct identity *odd_end(const struct kind *kind, int end_of, int what)
{
	static const uint8_t other[NOISE_KEY_LEN] = "another key, and nobody's at all";
	const struct noise_suite suite = { .dh = kind->dh };
	uint8_t peer[NOISE_PUBLIC_MAX];
	struct identity_config config = {
		.dh = kind->dh,
		.psk = kind->pattern == NOISE_IK ? NULL : what == 2 ? other : link_psk,
		.private_key = what == 0 ? other : link_private[end_of],
		.peer_key = peer,
	};
	struct identity *id;

	assert_int_equal(noise_public_key(&suite, what == 1 ? other : link_private[!end_of],
					  peer), 0);
	assert_int_equal(identity_new(&id, &config), 0);
	return id;
}

static void wrong(const struct kind *kind, int end_of, int what, enum handshake_result init,
		  enum handshake_result response)
{
	struct identity *odd = odd_end(kind, end_of, what), *right = link_end(kind, !end_of);
	struct outcome o;

	exchange(end_of ? right : odd, end_of ? odd : right, CIPE_CIPHER_AES_128_GCM, NULL, &o);
	assert_int_equal(o.init, init);
	assert_int_equal(o.response, response);
	identity_free(odd);
	identity_free(right);
}

static void test_strangers(void **state)
{
	int k;

	(void)state;
	for (k = 0; k < KINDS; k++) {
		if (kinds[k].pattern == NOISE_NNPSK0)
			continue;
		/* Whoever has the responder's public key, but not the peer's private one */
		wrong(&kinds[k], 0, 0, HANDSHAKE_STRANGER, HANDSHAKE_MISUSE);
		/* Looking for somebody else */
		wrong(&kinds[k], 0, 1, HANDSHAKE_NOT_AUTHENTIC, HANDSHAKE_MISUSE);
		wrong(&kinds[k], 1, 0, HANDSHAKE_NOT_AUTHENTIC, HANDSHAKE_MISUSE);
		/* Waiting for somebody else */
		wrong(&kinds[k], 1, 1, HANDSHAKE_STRANGER, HANDSHAKE_MISUSE);
		/* psk2: its place is the answer */
		if (kinds[k].pattern == NOISE_IKPSK2) {
			wrong(&kinds[k], 0, 2, HANDSHAKE_OK, HANDSHAKE_NOT_AUTHENTIC);
			wrong(&kinds[k], 1, 2, HANDSHAKE_OK, HANDSHAKE_NOT_AUTHENTIC);
		}
	}
}

/* Somebody who answers in place of the responder, with its public key only */
static void test_impostor(void **state)
{
	struct identity *i = link_end(&kinds[1], 0), *odd = odd_end(&kinds[1], 1, 0);
	struct identity *r = link_end(&kinds[1], 1);
	struct outcome o;

	(void)state;
	memcpy(odd->public_key, r->public_key, sizeof(odd->public_key));
	link_use_mac_of(odd, r);
	exchange(i, odd, CIPE_CIPHER_AES_256_GCM, NULL, &o);
	assert_int_equal(o.init, HANDSHAKE_NOT_AUTHENTIC);
	identity_free(i);
	identity_free(r);
	identity_free(odd);
}

/* What does not fit is named, before keys are tried that cannot fit */
static void test_mismatch(void **state)
{
	struct identity *nn = link_end(&kinds[0], 0), *ik = link_end(&kinds[1], 1);
	struct identity *both = link_end(&kinds[2], 1), *nist = link_end(&kinds[4], 1);
	const struct handshake_config config = end(ik, CIPE_CIPHER_AES_256_GCM);
	struct handshake_header header;
	struct outcome o;
	char text[128];

	(void)state;
	exchange(nn, ik, CIPE_CIPHER_AES_256_GCM, NULL, &o);
	assert_int_equal(o.init, HANDSHAKE_PATTERN);
	handshake_peek(o.sent.data, o.sent.len, &header);
	assert_string_equal(handshake_describe(&config, &header, o.init, text, sizeof(text)),
			    "peer is configured with key, we have privkey and peerkey");
	exchange(both, ik, CIPE_CIPHER_AES_256_GCM, NULL, &o);
	assert_int_equal(o.init, HANDSHAKE_PATTERN);
	exchange(nist, ik, CIPE_CIPHER_AES_256_GCM, NULL, &o);
	assert_int_equal(o.init, HANDSHAKE_SUITE);
	handshake_peek(o.sent.data, o.sent.len, &header);
	assert_string_equal(handshake_describe(&config, &header, o.init, text, sizeof(text)),
			    "peer is configured suite=nist or fips, we have suite=25519");
	identity_free(nn);
	identity_free(ik);
	identity_free(both);
	identity_free(nist);
}

/* Our own INIT comes back: with public keys the MAC is not for us */
static void test_reflection(void **state)
{
	struct identity *i = link_end(&kinds[1], 0), *r = link_end(&kinds[1], 1);
	const struct handshake_config config = end(i, CIPE_CIPHER_AES_256_GCM);
	struct handshake_header header;
	struct outcome o;

	(void)state;
	exchange(i, r, CIPE_CIPHER_AES_256_GCM, NULL, &o);
	assert_int_equal(handshake_screen(&config, o.sent.data, o.sent.len, &header),
			 HANDSHAKE_NOT_AUTHENTIC);
	identity_free(i);
	identity_free(r);
}

static void test_identity(void **state)
{
	static const uint8_t zero[NOISE_PUBLIC_MAX];
	const struct noise_suite suite = { .dh = NOISE_P256 };
	uint8_t public_key[NOISE_PUBLIC_MAX];
	struct identity_config config = { .dh = NOISE_25519 };
	struct identity *id;

	(void)state;
	assert_int_equal(identity_new(&id, &config), -EINVAL);
	assert_null(id);
	config.private_key = link_private[0];
	assert_int_equal(identity_new(&id, &config), -EINVAL);
	config.peer_key = zero;
	config.private_key = NULL;
	assert_int_equal(identity_new(&id, &config), -EINVAL);
	config.private_key = link_private[0];
	assert_int_equal(identity_new(&id, &config), -EKEYREJECTED);
	config.dh = NOISE_P256;
	assert_int_equal(identity_new(&id, &config), -EKEYREJECTED);
	assert_int_equal(noise_public_key(&suite, link_private[0], public_key), 0);
	config.peer_key = public_key;
	assert_int_equal(identity_new(&id, &config), -EALREADY);
	assert_null(id);
	config.private_key = zero;
	assert_int_equal(identity_new(&id, &config), -EKEYREJECTED);
	config.private_key = link_private[1];
	assert_int_equal(identity_new(&id, &config), 0);
	identity_free(id);
	identity_free(NULL);
}

/* A libcrypto that computes nothing: not one function comes from another one */
static void test_library(void **state)
{
	OSSL_LIB_CTX *empty = OSSL_LIB_CTX_new();
	struct identity *i = link_end(&kinds[4], 0);
	const struct handshake_config config = end(i, CIPE_CIPHER_AES_256_GCM);
	const struct identity_config keys = { .lib = empty, .psk = link_psk };
	struct handshake_message init;
	struct handshake *hs;
	struct identity *id;

	(void)state;
	assert_int_equal(EVP_set_default_properties(empty, "fips=yes"), 1);
	assert_int_equal(identity_new(&id, &keys), -EIO);
	i->lib = empty;
	hs = handshake_new(&config);
	assert_int_equal(handshake_initiate(hs, &said_i, NULL, &init), HANDSHAKE_INTERNAL);
	handshake_free(hs);
	identity_free(i);
	OSSL_LIB_CTX_free(empty);
}

static size_t used;

static int setup(void **state)
{
	const struct noise_suite suite = { .dh = NOISE_P256 };
	struct noise_pair pair;

	(void)state;
	/* libcrypto keeps its random generators in the locked heap */
	if (secret_init(0) || secret_random(&pair, sizeof(pair)) || noise_generate(&suite, &pair))
		return -1;
	used = CRYPTO_secure_used();
	return 0;
}

/* Not one octet of the locked heap is lost */
static int teardown(void **state)
{
	(void)state;
	return CRYPTO_secure_used() == used ? 0 : -1;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_every_kind), cmocka_unit_test(test_bit_flips),
		cmocka_unit_test(test_strangers), cmocka_unit_test(test_impostor),
		cmocka_unit_test(test_mismatch), cmocka_unit_test(test_reflection),
		cmocka_unit_test(test_identity), cmocka_unit_test(test_library),
	};

	return cmocka_run_group_tests_name("patterns", tests, setup, teardown);
}
