// SPDX-License-Identifier: GPL-2.0-or-later
#include <endian.h>
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>
#include <openssl/crypto.h>

#include "guard.h"
#include "handshake.h"
#include "links.h"
#include "noise_crypto.h"
#include "secret.h"

#define HEADER_LEN GUARD_HEADER_LEN

/* Keys of the link; test_patterns.c has links of other kinds */
static struct identity *end;
static const uint8_t ciphers[] = { CIPE_CIPHER_CHACHA20_POLY1305, CIPE_CIPHER_AES_128_GCM,
				   CIPE_CIPHER_AES_256_GCM };

static const struct handshake_info info_i = {
	.timestamp = 1700000000000000000, .key_id = 0x11223344, .have_ipaddr = true,
	.ipaddr = { 10, 0, 0, 1 }, .mtu = 1448, .timeout_ms = 60000,
};
static const struct handshake_info info_r = {
	.key_id = 0xfffffffc, .have_ipaddr = true, .ipaddr = { 10, 0, 0, 2 }, .mtu = 1428,
	.caps = 5,
};

static struct handshake *side(uint8_t mode, uint8_t cipher)
{
	struct handshake_config config = { .id = end, .mode = mode, .cipher = cipher };
	struct handshake *hs = handshake_new(&config);

	assert_non_null(hs);
	return hs;
}

static struct handshake *plain_side(void)
{
	return side(CIPE_MODE_IP, CIPE_CIPHER_CHACHA20_POLY1305);
}

/* An exchange after INIT was read, and what was said */
struct pair {
	struct handshake *i, *r;
	struct handshake_message init, response;
	struct handshake_info info;
	struct handshake_keys *ki, *kr;
};

static void pair_begin(struct pair *p, uint8_t mode, uint8_t cipher)
{
	memset(p, 0, sizeof(*p));
	p->i = side(mode, cipher);
	p->r = side(mode, cipher);
	p->ki = handshake_keys_new();
	p->kr = handshake_keys_new();
	assert_non_null(p->ki);
	assert_non_null(p->kr);
	assert_int_equal(handshake_initiate(p->i, &info_i, NULL, &p->init), HANDSHAKE_OK);
}

static void pair_answer(struct pair *p)
{
	assert_int_equal(handshake_read_init(p->r, p->init.data, p->init.len, &p->info),
			 HANDSHAKE_OK);
	assert_int_equal(handshake_write_response(p->r, &info_r, &p->response, p->kr),
			 HANDSHAKE_OK);
}

static void pair_end(struct pair *p)
{
	handshake_free(p->i);
	handshake_free(p->r);
	handshake_keys_free(p->ki);
	handshake_keys_free(p->kr);
}

static void same_info(const struct handshake_info *a, const struct handshake_info *b)
{
	assert_true(a->timestamp == b->timestamp);
	assert_int_equal(a->key_id, b->key_id);
	assert_int_equal(a->have_ipaddr, b->have_ipaddr);
	assert_memory_equal(a->ipaddr, b->ipaddr, 4);
	assert_int_equal(a->mtu, b->mtu);
	assert_int_equal(a->timeout_ms, b->timeout_ms);
	assert_int_equal(a->caps, b->caps);
}

static void wiped(const struct handshake_keys *keys)
{
	static const struct handshake_keys zero;

	assert_memory_equal(keys, &zero, sizeof(zero));
}

static void finish(struct pair *p)
{
	assert_int_equal(handshake_read_response(p->i, p->response.data, p->response.len,
						 &p->info, p->ki), HANDSHAKE_OK);
}

static void matching_keys(const struct handshake_keys *i, const struct handshake_keys *r)
{
	size_t len = i->key_len;

	assert_true(len == 16 || len == 32);
	assert_int_equal(len, r->key_len);
	assert_int_equal(i->cipher, r->cipher);
	assert_memory_equal(i->tx_key, r->rx_key, sizeof(i->tx_key));
	assert_memory_equal(i->rx_key, r->tx_key, sizeof(i->tx_key));
	assert_memory_equal(i->tx_iv, r->rx_iv, CIPE_IV_LEN);
	assert_memory_equal(i->rx_iv, r->tx_iv, CIPE_IV_LEN);
	assert_memory_not_equal(i->tx_key, i->rx_key, len);
	assert_memory_not_equal(i->tx_iv, i->rx_iv, CIPE_IV_LEN);
	assert_memory_not_equal(i->tx_key, i->tx_iv, CIPE_IV_LEN);
}

static void test_round_trips(void **state)
{
	uint8_t mode, last[32] = { 0 };
	size_t i;

	(void)state;
	for (mode = CIPE_MODE_IP; mode <= CIPE_MODE_ETHER; mode++) {
		for (i = 0; i < sizeof(ciphers); i++) {
			struct pair p;

			pair_begin(&p, mode, ciphers[i]);
			pair_answer(&p);
			same_info(&p.info, &info_i);
			assert_int_equal(handshake_session(p.i), handshake_session(p.r));
			assert_memory_equal(handshake_local_ephemeral(p.i),
					    handshake_remote_ephemeral(p.r), 32);
			finish(&p);
			same_info(&p.info, &info_r);
			assert_memory_equal(handshake_remote_ephemeral(p.i),
					    handshake_local_ephemeral(p.r), 32);
			matching_keys(p.ki, p.kr);
			assert_int_equal(p.ki->cipher, ciphers[i]);
			assert_int_equal(p.ki->key_len, i == 1 ? 16 : 32);
			assert_int_equal(p.ki->tx_id, info_r.key_id);
			assert_int_equal(p.ki->rx_id, info_i.key_id);
			assert_int_equal(p.kr->tx_id, info_i.key_id);
			assert_int_equal(p.kr->rx_id, info_r.key_id);
			assert_memory_not_equal(p.ki->tx_key, last, 16);
			memcpy(last, p.ki->tx_key, 32);
			pair_end(&p);
		}
	}
}

static void test_wrong_psk(void **state)
{
	struct handshake_config config = { .cipher = CIPE_CIPHER_CHACHA20_POLY1305 };
	uint8_t other[NOISE_KEY_LEN], bit;
	struct handshake_info info;
	struct identity *id;
	struct handshake *hs;
	struct pair p;
	char text[128];

	(void)state;
	pair_begin(&p, CIPE_MODE_IP, CIPE_CIPHER_CHACHA20_POLY1305);
	for (bit = 0; bit < 8; bit++) {
		memcpy(other, link_psk, sizeof(other));
		other[31 - bit] ^= (uint8_t)(1 << bit);
		config.id = id = link_of_psk(other);
		hs = handshake_new(&config);
		assert_int_equal(handshake_read_init(hs, p.init.data, p.init.len, &info),
				 HANDSHAKE_NOT_AUTHENTIC);
		/* Also when the MAC is right: it is not what authenticates */
		link_use_mac_of(id, end);
		assert_int_equal(handshake_read_init(hs, p.init.data, p.init.len, &info),
				 HANDSHAKE_NOT_AUTHENTIC);
		assert_int_equal(handshake_write_response(hs, &info_r, &p.response, p.kr),
				 HANDSHAKE_MISUSE);
		assert_int_equal(p.response.len, 0);
		handshake_free(hs);
		identity_free(id);
	}
	assert_non_null(strstr(handshake_describe(NULL, NULL, HANDSHAKE_NOT_AUTHENTIC, text,
						  sizeof(text)), "not authenticated"));
	pair_end(&p);
}

/* Every bit counts, not for the MAC only */
static void sign_again(struct pair *p)
{
	assert_int_equal(guard_sign(end, p->init.data, p->init.len - CIPE_WIRE_MAC_LEN), 0);
}

static void init_refused(struct pair *p, const uint8_t *msg, size_t len)
{
	struct handshake_info info, before;

	memset(&info, 0x5a, sizeof(info));
	before = info;
	assert_int_not_equal(handshake_read_init(p->r, msg, len, &info), HANDSHAKE_OK);
	assert_memory_equal(&info, &before, sizeof(info));
	assert_null(handshake_remote_ephemeral(p->r));
}

static void response_refused(struct pair *p, const uint8_t *msg, size_t len)
{
	struct handshake_info info, before;

	memset(&info, 0x5a, sizeof(info));
	before = info;
	memset(p->ki, 0x5a, sizeof(*p->ki));
	assert_int_not_equal(handshake_read_response(p->i, msg, len, &info, p->ki),
			     HANDSHAKE_OK);
	assert_memory_equal(&info, &before, sizeof(info));
	wiped(p->ki);
	assert_null(handshake_remote_ephemeral(p->i));
}

/* One state for all forgeries; the true message is understood after them */
static void test_bit_flips(void **state)
{
	struct pair p;
	size_t c, bit;

	(void)state;
	for (c = 0; c < 2; c++) {
		pair_begin(&p, CIPE_MODE_IP, ciphers[c]);
		for (bit = 0; bit < p.init.len * 8; bit++) {
			p.init.data[bit / 8] ^= (uint8_t)(1 << bit % 8);
			init_refused(&p, p.init.data, p.init.len);
			if (bit < (p.init.len - CIPE_WIRE_MAC_LEN) * 8) {
				sign_again(&p);
				init_refused(&p, p.init.data, p.init.len);
			}
			p.init.data[bit / 8] ^= (uint8_t)(1 << bit % 8);
			sign_again(&p);
		}
		pair_answer(&p);
		for (bit = 0; bit < p.response.len * 8; bit++) {
			p.response.data[bit / 8] ^= (uint8_t)(1 << bit % 8);
			response_refused(&p, p.response.data, p.response.len);
			p.response.data[bit / 8] ^= (uint8_t)(1 << bit % 8);
		}
		finish(&p);
		matching_keys(p.ki, p.kr);
		pair_end(&p);
	}
}

static void test_lengths(void **state)
{
	uint8_t *long_msg = test_malloc(CIPE_WIRE_CONTROL_MAX + 1);
	struct pair p;
	size_t len;

	(void)state;
	pair_begin(&p, CIPE_MODE_IP, CIPE_CIPHER_AES_256_GCM);
	for (len = 0; len <= CIPE_WIRE_CONTROL_MAX + 1; len++) {
		/* A block of just that size, for the sanitizers' sake */
		uint8_t *msg = test_calloc(1, len + !len);

		memcpy(msg, p.init.data, len < p.init.len ? len : p.init.len);
		if (len != p.init.len)
			init_refused(&p, msg, len);
		if (len >= CIPE_WIRE_MAC_LEN && len != p.init.len) {
			guard_sign(end, msg, len - CIPE_WIRE_MAC_LEN);
			init_refused(&p, msg, len);
		}
		test_free(msg);
	}
	pair_answer(&p);
	memset(long_msg, 0, CIPE_WIRE_CONTROL_MAX + 1);
	memcpy(long_msg, p.response.data, p.response.len);
	for (len = 0; len <= CIPE_WIRE_CONTROL_MAX + 1; len++)
		if (len != p.response.len)
			response_refused(&p, long_msg, len);
	finish(&p);
	matching_keys(p.ki, p.kr);
	pair_end(&p);
	test_free(long_msg);
}

static void mismatch(uint8_t mode_r, uint8_t cipher_r, enum handshake_result expected,
		     const char *words)
{
	const struct handshake_config config = { .id = end, .mode = mode_r,
						 .cipher = cipher_r };
	struct handshake_header header;
	struct handshake_info info;
	char text[128];
	struct pair p;

	pair_begin(&p, CIPE_MODE_ETHER, CIPE_CIPHER_AES_128_GCM);
	handshake_free(p.r);
	p.r = side(mode_r, cipher_r);
	assert_int_equal(handshake_read_init(p.r, p.init.data, p.init.len, &info), expected);
	handshake_peek(p.init.data, p.init.len, &header);
	assert_string_equal(handshake_describe(&config, &header, expected, text, sizeof(text)),
			    words);
	assert_int_equal(handshake_write_response(p.r, &info_r, &p.response, p.kr),
			 HANDSHAKE_MISUSE);
	assert_int_equal(p.response.len, 0);
	wiped(p.kr);
	pair_end(&p);
}

static void test_mismatch(void **state)
{
	(void)state;
	mismatch(CIPE_MODE_IP, CIPE_CIPHER_AES_128_GCM, HANDSHAKE_MODE,
		 "peer is configured mode=ether, we have mode=ip");
	mismatch(CIPE_MODE_ETHER, CIPE_CIPHER_AES_256_GCM, HANDSHAKE_CIPHER,
		 "peer is configured cipher=aes-128-gcm, we have cipher=aes-256-gcm");
	mismatch(CIPE_MODE_ETHER, CIPE_CIPHER_CHACHA20_POLY1305, HANDSHAKE_CIPHER,
		 "peer is configured cipher=aes-128-gcm, we have cipher=chacha20-poly1305");
	mismatch(CIPE_MODE_IP, CIPE_CIPHER_CHACHA20_POLY1305, HANDSHAKE_MODE,
		 "peer is configured mode=ether, we have mode=ip");
}

/* A RESPONSE fits one INIT, once */
static void test_replayed_response(void **state)
{
	struct pair a, b;

	(void)state;
	pair_begin(&a, CIPE_MODE_IP, CIPE_CIPHER_AES_256_GCM);
	pair_begin(&b, CIPE_MODE_IP, CIPE_CIPHER_AES_256_GCM);
	pair_answer(&a);
	pair_answer(&b);
	finish(&a);
	assert_int_equal(handshake_read_response(a.i, a.response.data, a.response.len, &a.info,
						 a.ki), HANDSHAKE_MISUSE);
	wiped(a.ki);
	assert_int_equal(handshake_read_response(b.i, a.response.data, a.response.len, &b.info,
						 b.ki), HANDSHAKE_UNEXPECTED);
	/* The session id alone does not make it fit */
	memcpy(a.response.data + 12, b.response.data + 12, 4);
	assert_int_equal(handshake_read_response(b.i, a.response.data, a.response.len, &b.info,
						 b.ki), HANDSHAKE_NOT_AUTHENTIC);
	finish(&b);
	matching_keys(b.ki, b.kr);
	pair_end(&a);
	pair_end(&b);
}

static void test_swapped_types(void **state)
{
	struct pair p;

	(void)state;
	pair_begin(&p, CIPE_MODE_IP, CIPE_CIPHER_AES_256_GCM);
	assert_int_equal(handshake_read_response(p.i, p.init.data, p.init.len, &p.info, p.ki),
			 HANDSHAKE_UNEXPECTED);
	pair_answer(&p);
	handshake_free(p.r);
	p.r = side(CIPE_MODE_IP, CIPE_CIPHER_AES_256_GCM);
	assert_int_equal(handshake_read_init(p.r, p.response.data, p.response.len, &p.info),
			 HANDSHAKE_UNEXPECTED);
	p.response.data[5] = CIPE_WIRE_INIT;
	assert_int_equal(handshake_read_init(p.r, p.response.data, p.response.len, &p.info),
			 HANDSHAKE_MALFORMED);
	pair_end(&p);
}

/* With one key on both sides our own INIT is authentic when it comes back */
static void test_reflection(void **state)
{
	static const uint8_t local[2][HANDSHAKE_LOCAL_LEN] = { { 1 }, { 2 } };
	struct handshake_config config = { .id = end, .local = local[0],
					   .cipher = CIPE_CIPHER_AES_256_GCM };
	struct handshake *ours = handshake_new(&config), *incoming = handshake_new(&config);
	struct handshake_message init;
	struct handshake_info info;

	(void)state;
	assert_int_equal(handshake_initiate(ours, &info_i, NULL, &init), HANDSHAKE_OK);
	assert_int_equal(handshake_read_init(incoming, init.data, init.len, &info),
			 HANDSHAKE_REFLECTED);
	handshake_free(incoming);
	config.local = local[1];
	incoming = handshake_new(&config);
	assert_int_equal(handshake_read_init(incoming, init.data, init.len, &info), HANDSHAKE_OK);
	handshake_free(incoming);
	handshake_free(ours);
}

static void test_tie_break(void **state)
{
	struct handshake_message init_a, init_b;
	struct handshake *a, *b, *at_a, *at_b;
	struct handshake_info info;
	int i, kept = 0;

	(void)state;
	for (i = 0; i < 20; i++) {
		a = plain_side();
		b = plain_side();
		at_a = plain_side();
		at_b = plain_side();
		handshake_initiate(a, &info_i, NULL, &init_a);
		handshake_initiate(b, &info_i, NULL, &init_b);
		assert_false(handshake_keep_initiating(a, at_a));
		assert_int_equal(handshake_read_init(at_a, init_b.data, init_b.len, &info), 0);
		assert_int_equal(handshake_read_init(at_b, init_a.data, init_a.len, &info), 0);
		assert_int_not_equal(handshake_keep_initiating(a, at_a),
				     handshake_keep_initiating(b, at_b));
		assert_int_equal(handshake_keep_initiating(a, at_a),
				 memcmp(init_a.data + GUARD_INIT_HEAD,
					init_b.data + GUARD_INIT_HEAD, 32) > 0);
		kept += handshake_keep_initiating(a, at_a);
		assert_true(handshake_keep_initiating(a, at_b));	/* our own */
		handshake_free(a);
		handshake_free(b);
		handshake_free(at_a);
		handshake_free(at_b);
	}
	assert_in_range(kept, 1, 19);
}

/* INIT written by hand, section by section: any ephemeral key, any payload */
static void forge_init(const uint8_t e[32], const uint8_t *payload, size_t len,
		       struct handshake_message *msg)
{
	const uint8_t head[GUARD_INIT_HEAD] = {
		0, 0, 0, 0, 1, CIPE_WIRE_INIT, 1, CIPE_MODE_IP, CIPE_CIPHER_CHACHA20_POLY1305,
		CIPE_WIRE_25519, end->hint_out[0], end->hint_out[1],
	};
	struct noise_cipher cipher = { .has_key = true, .aead = NOISE_CHACHAPOLY };
	uint8_t h[32], prologue[64], out[96], ck[32];
	size_t label = strlen(CIPE_WIRE_PROLOGUE);

	noise_digest(NULL, "Noise_NNpsk0_25519_ChaChaPoly_SHA256", 36, NULL, 0, h);
	memcpy(ck, h, 32);
	memcpy(prologue, CIPE_WIRE_PROLOGUE, label);
	memcpy(prologue + label, head, sizeof(head));
	noise_digest(NULL, h, 32, prologue, label + sizeof(head), h);
	noise_hkdf(NULL, ck, link_psk, 32, 3, out);	/* psk */
	memcpy(ck, out, 32);
	noise_digest(NULL, h, 32, out + 32, 32, h);
	noise_digest(NULL, h, 32, e, 32, h);		/* e */
	noise_hkdf(NULL, ck, e, 32, 2, out);
	memcpy(msg->data, head, sizeof(head));
	memcpy(msg->data + sizeof(head), e, 32);
	memcpy(cipher.k, out + 32, 32);
	assert_int_equal(noise_seal(&cipher, h, 32, payload, len, msg->data + sizeof(head) + 32),
			 0);
	msg->len = sizeof(head) + 32 + len + NOISE_TAG_LEN;
	guard_sign(end, msg->data, msg->len);
	msg->len += CIPE_WIRE_MAC_LEN;
}

static const uint8_t good_payload[] = { 1, 8, 0, 0, 0, 0, 0, 0, 0, 9, 2, 4, 0, 0, 0, 8 };

static void test_low_order(void **state)
{
	static const uint8_t low[][32] = { { 0 }, { 1 }, { 0xe0, 0xeb, 0x7a, 0x7c, 0x3b, 0x41,
		0xb8, 0xae, 0x16, 0x56, 0xe3, 0xfa, 0xf1, 0x9f, 0xc4, 0x6a, 0xda, 0x09, 0x8d,
		0xeb, 0x9c, 0x32, 0xb1, 0xfd, 0x86, 0x62, 0x05, 0x16, 0x5f, 0x49, 0xb8, 0x00 } };
	struct handshake_message saved;
	struct pair p;
	size_t i;

	(void)state;
	pair_begin(&p, CIPE_MODE_IP, CIPE_CIPHER_CHACHA20_POLY1305);
	for (i = 0; i < sizeof(low) / sizeof(low[0]); i++) {
		struct handshake *hs = plain_side();
		struct handshake_message init;

		forge_init(low[i], good_payload, sizeof(good_payload), &init);
		assert_int_equal(handshake_read_init(hs, init.data, init.len, &p.info), 0);
		assert_int_equal(p.info.key_id, 8);
		assert_int_equal(handshake_write_response(hs, &info_r, &p.response, p.kr),
				 HANDSHAKE_BAD_KEY);
		assert_int_equal(p.response.len, 0);
		wiped(p.kr);
		assert_int_equal(handshake_write_response(hs, &info_r, &p.response, p.kr),
				 HANDSHAKE_MISUSE);
		handshake_free(hs);
	}
	pair_answer(&p);
	saved = p.response;
	for (i = 0; i < sizeof(low) / sizeof(low[0]); i++) {
		memcpy(p.response.data + HEADER_LEN, low[i], 32);
		response_refused(&p, p.response.data, p.response.len);
	}
	p.response = saved;
	finish(&p);
	pair_end(&p);
}

/* Authentic, and yet nothing we take */
static void test_bad_payloads(void **state)
{
	uint8_t payload[CIPE_WIRE_CONTROL_MAX - 96], e[32] = { 9 };
	struct handshake_message init;
	struct handshake *hs = plain_side();
	struct handshake_info info;
	size_t len;

	(void)state;
	memcpy(payload, good_payload, sizeof(good_payload));
	for (len = 0; len < sizeof(good_payload); len++) {
		forge_init(e, payload, len, &init);
		assert_int_equal(handshake_read_init(hs, init.data, init.len, &info),
				 HANDSHAKE_PAYLOAD);
	}
	forge_init(e, payload, len, &init);
	payload[len] = 0;
	forge_init(e, payload, len + 1, &init);
	assert_int_equal(handshake_read_init(hs, init.data, init.len, &info), HANDSHAKE_PAYLOAD);
	/* The largest message there may be, filled with unknown items */
	for (; len + 2 <= sizeof(payload); len += 2) {
		payload[len] = 99;
		payload[len + 1] = 0;
	}
	assert_int_equal(len, sizeof(payload));
	forge_init(e, payload, len, &init);
	assert_int_equal(init.len, CIPE_WIRE_CONTROL_MAX);
	assert_int_equal(handshake_read_init(hs, init.data, init.len, &info), HANDSHAKE_OK);
	handshake_free(hs);
}

static void test_peek(void **state)
{
	uint8_t msg[CIPE_WIRE_CONTROL_MAX + 1];
	struct handshake_header header;
	struct pair p;

	(void)state;
	pair_begin(&p, CIPE_MODE_ETHER, CIPE_CIPHER_AES_128_GCM);
	assert_int_equal(handshake_peek(p.init.data, p.init.len, &header), HANDSHAKE_OK);
	assert_int_equal(header.type, CIPE_WIRE_INIT);
	assert_int_equal(header.mode, CIPE_MODE_ETHER);
	assert_int_equal(header.cipher, CIPE_CIPHER_AES_128_GCM);
	assert_int_equal(header.session, handshake_session(p.i));
	pair_answer(&p);
	assert_int_equal(handshake_peek(p.response.data, p.response.len, &header), HANDSHAKE_OK);
	assert_int_equal(header.type, CIPE_WIRE_RESPONSE);
	assert_int_equal(header.session, handshake_session(p.i));
	/* The shortest and the longest there may be */
	memset(msg, 0, sizeof(msg));
	memcpy(msg, p.init.data, p.init.len);
	assert_int_equal(handshake_peek(msg, 95, &header), HANDSHAKE_MALFORMED);
	assert_int_equal(handshake_peek(msg, 96, &header), HANDSHAKE_OK);
	assert_int_equal(handshake_peek(msg, CIPE_WIRE_CONTROL_MAX, &header), HANDSHAKE_OK);
	assert_int_equal(handshake_peek(msg, CIPE_WIRE_CONTROL_MAX + 1, &header),
			 HANDSHAKE_MALFORMED);
	p.init.data[4] = 2;
	assert_int_equal(handshake_peek(p.init.data, p.init.len, &header), HANDSHAKE_VERSION);
	p.init.data[4] = 1;
	p.init.data[6] = 4;
	assert_int_equal(handshake_peek(p.init.data, p.init.len, &header), HANDSHAKE_PATTERN);
	p.init.data[6] = 1;
	p.init.data[9] = 2;
	assert_int_equal(handshake_peek(p.init.data, p.init.len, &header), HANDSHAKE_MALFORMED);
	p.init.data[9] = 0;
	assert_memory_equal(header.hint, end->hint_in, sizeof(header.hint));
	pair_end(&p);
}

/* Another hint is refused even where the MAC is right: it is not looked up by it */
static void test_wrong_hint(void **state)
{
	struct pair p;

	(void)state;
	pair_begin(&p, CIPE_MODE_IP, CIPE_CIPHER_AES_128_GCM);
	p.init.data[11] ^= 1;
	assert_int_equal(guard_sign(end, p.init.data, p.init.len - CIPE_WIRE_MAC_LEN), 0);
	assert_true(guard_verify(end, p.init.data, p.init.len));
	assert_int_equal(handshake_read_init(p.r, p.init.data, p.init.len, &p.info),
			 HANDSHAKE_NOT_AUTHENTIC);
	pair_end(&p);
}

static void test_misuse(void **state)
{
	struct handshake_config config = { .id = end, .cipher = 4 };
	struct handshake_info bad = info_i;
	struct handshake_message msg;
	struct pair p;

	(void)state;
	assert_null(handshake_new(&config));
	config.cipher = 0;
	assert_null(handshake_new(&config));
	config.cipher = 1;
	config.mode = 2;
	assert_null(handshake_new(&config));
	pair_begin(&p, CIPE_MODE_IP, CIPE_CIPHER_AES_128_GCM);
	assert_int_equal(handshake_initiate(p.i, &info_i, NULL, &msg), HANDSHAKE_MISUSE);
	assert_int_equal(handshake_read_init(p.i, p.init.data, p.init.len, &p.info),
			 HANDSHAKE_MISUSE);
	bad.key_id = 3;
	assert_int_equal(handshake_initiate(p.r, &bad, NULL, &msg), HANDSHAKE_MISUSE);
	assert_int_equal(msg.len, 0);
	assert_int_equal(handshake_read_response(p.r, p.init.data, p.init.len, &p.info, p.kr),
			 HANDSHAKE_MISUSE);
	pair_answer(&p);
	assert_int_equal(handshake_write_response(p.r, &info_r, &msg, p.kr), HANDSHAKE_MISUSE);
	pair_end(&p);
	handshake_free(NULL);
	handshake_keys_free(NULL);
}

static size_t used;

static int setup(void **state)
{
	uint8_t seed;

	(void)state;
	if (secret_init(0) || secret_random(&seed, sizeof(seed)))
		return -1;
	/* libcrypto keeps its random generator in the locked heap */
	used = CRYPTO_secure_used();
	end = link_end(&kinds[0], 0);
	return 0;
}

/* Not one octet of the locked heap is lost */
static int teardown(void **state)
{
	(void)state;
	identity_free(end);
	return CRYPTO_secure_used() == used ? 0 : -1;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_round_trips), cmocka_unit_test(test_wrong_psk),
		cmocka_unit_test(test_bit_flips), cmocka_unit_test(test_lengths),
		cmocka_unit_test(test_mismatch), cmocka_unit_test(test_replayed_response),
		cmocka_unit_test(test_swapped_types), cmocka_unit_test(test_reflection),
		cmocka_unit_test(test_tie_break), cmocka_unit_test(test_low_order),
		cmocka_unit_test(test_bad_payloads), cmocka_unit_test(test_peek),
		cmocka_unit_test(test_wrong_hint), cmocka_unit_test(test_misuse),
	};

	return cmocka_run_group_tests_name("handshake", tests, setup, teardown);
}
