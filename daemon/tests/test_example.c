// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The examples in docs/protocol.md, made anew and looked for in the document:
 * it cannot go stale. PROTOCOL_MD names another copy. Run with EXAMPLE_PRINT
 * set it prints the text to paste.
 */
#include <ctype.h>
#include <endian.h>
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <openssl/evp.h>

#include "derive.h"
#include "guard.h"
#include "handshake.h"
#include "links.h"
#include "secret.h"

#define DOCUMENT_DEFAULT "../docs/protocol.md"
#define DOCUMENT_MAX ((size_t)1 << 20)
#define PACKET_MAX 128

/* The document without white space */
static char *document;

static void read_document(void)
{
	const char *path = getenv("PROTOCOL_MD");
	size_t len = 0;
	FILE *file;
	int c;

	if (!path)
		path = DOCUMENT_DEFAULT;
	file = fopen(path, "r");
	if (!file)
		fail_msg("%s: %s; run in daemon/ or set PROTOCOL_MD", path, strerror(errno));
	document = calloc(1, DOCUMENT_MAX);
	assert_non_null(document);
	while ((c = fgetc(file)) != EOF && len < DOCUMENT_MAX - 1)
		if (!isspace(c))
			document[len++] = (char)c;
	fclose(file);
}

/* The document must have "A.name = hex", in as many lines as it likes */
static void expect(char example, const char *name, const void *data, size_t len)
{
	static char text[64 + 2 * CIPE_WIRE_CONTROL_MAX];
	int at = snprintf(text, sizeof(text), "%c.%s=", example, name);
	size_t i;

	for (i = 0; i < len; i++)
		at += sprintf(text + at, "%02x", ((const uint8_t *)data)[i]);
	if (getenv("EXAMPLE_PRINT")) {
		printf("%c.%s =", example, name);
		for (i = 0; i < len; i++)
			printf("%s%02x", i % 32 ? "" : "\n    ", ((const uint8_t *)data)[i]);
		printf("\n");
	} else if (!strstr(document, text)) {
		fail_msg("not in the document: %s", text);
	}
}

static void count_up(uint8_t *data, size_t len, uint8_t from)
{
	while (len--)
		*data++ = from++;
}

static const EVP_CIPHER *evp(uint8_t cipher)
{
	switch (cipher) {
	case CIPE_CIPHER_AES_128_GCM:
		return EVP_aes_128_gcm();
	case CIPE_CIPHER_AES_256_GCM:
		return EVP_aes_256_gcm();
	default:
		return EVP_chacha20_poly1305();
	}
}

/* docs/protocol.md, "Data packets" */
static size_t data_packet(const struct handshake_keys *keys, uint32_t counter,
			  const void *plain, int len, uint8_t *out)
{
	struct cipe_wire_data header = { htobe32(keys->tx_id), htobe32(counter) };
	EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();
	uint8_t nonce[CIPE_IV_LEN];
	int done = 0, i;

	memcpy(nonce, keys->tx_iv, sizeof(nonce));
	for (i = 0; i < 4; i++)
		nonce[8 + i] ^= (uint8_t)(counter >> (24 - 8 * i));
	memcpy(out, &header, sizeof(header));
	assert_int_equal(EVP_EncryptInit_ex2(ctx, evp(keys->cipher), keys->tx_key, nonce, NULL),
			 1);
	assert_int_equal(EVP_EncryptUpdate(ctx, NULL, &done, out, sizeof(header)), 1);
	if (len)
		assert_int_equal(EVP_EncryptUpdate(ctx, out + 8, &done, plain, len), 1);
	assert_int_equal(EVP_EncryptFinal_ex(ctx, out + 8 + len, &done), 1);
	assert_int_equal(EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_AEAD_GET_TAG, 16, out + 8 + len), 1);
	EVP_CIPHER_CTX_free(ctx);
	return CIPE_WIRE_OVERHEAD + (size_t)len;
}

/**
 * struct example - what is given
 * @name: in the document
 * @dh: DH functions
 * @psk: or NULL
 * @private_i: the initiator's private key, or NULL
 * @private_r: the responder's
 * @cookie: in INIT, or NULL
 */
struct example {
	char name;
	enum noise_dh dh;
	const uint8_t *psk;
	const uint8_t *private_i, *private_r;
	const uint8_t *cookie;
	struct handshake_config config;
	struct handshake_info own_i, own_r;
	uint32_t session;
};

static void expect_keys(char name, const struct handshake_keys *keys_i,
			const struct handshake_keys *keys_r)
{
	static const char plain[] = "not an IP packet, but it will do";
	uint8_t packet[PACKET_MAX];
	size_t len;

	expect(name, "key.i-to-r", keys_i->tx_key, keys_i->key_len);
	expect(name, "iv.i-to-r", keys_i->tx_iv, CIPE_IV_LEN);
	expect(name, "key.r-to-i", keys_r->tx_key, keys_r->key_len);
	expect(name, "iv.r-to-i", keys_r->tx_iv, CIPE_IV_LEN);
	len = data_packet(keys_i, 0, NULL, 0, packet);
	expect(name, "keepalive.i-to-r", packet, len);
	len = data_packet(keys_r, 0x01020304, plain, (int)strlen(plain), packet);
	expect(name, "packet.r-to-i", packet, len);
}

static struct identity *make_end(const struct example *e, const uint8_t *own, const uint8_t *peer)
{
	const struct noise_suite suite = { .dh = e->dh };
	struct identity_config config = { .dh = e->dh, .psk = e->psk, .private_key = own };
	uint8_t peer_key[NOISE_PUBLIC_MAX];
	struct identity *id;

	if (peer) {
		assert_int_equal(noise_public_key(&suite, peer, peer_key), 0);
		config.peer_key = peer_key;
	}
	assert_int_equal(identity_new(&id, &config), 0);
	return id;
}

static void run(const struct example *e)
{
	struct identity *id_i = make_end(e, e->private_i, e->private_r);
	struct identity *id_r = make_end(e, e->private_r, e->private_i);
	struct handshake_config config_i = { .id = id_i, .mode = e->config.mode,
					     .cipher = e->config.cipher };
	struct handshake_config config_r = { .id = id_r, .mode = e->config.mode,
					     .cipher = e->config.cipher };
	struct handshake *hs_i = handshake_new(&config_i), *hs_r = handshake_new(&config_r);
	struct handshake_keys *keys_i = handshake_keys_new(), *keys_r = handshake_keys_new();
	struct handshake_message init, response;
	struct handshake_info said;
	uint8_t e_i[32], e_r[32];

	count_up(e_i, 32, 0x20);
	count_up(e_r, 32, 0x41);
	assert_int_equal(handshake_initiate_fixed(hs_i, &e->own_i, e->cookie, e_i, e->session,
						  &init), 0);
	assert_int_equal(handshake_read_init(hs_r, init.data, init.len, &said), 0);
	assert_int_equal(handshake_write_response_fixed(hs_r, &e->own_r, e_r, &response, keys_r),
			 0);
	assert_int_equal(handshake_read_response(hs_i, response.data, response.len, &said,
						 keys_i), 0);
	assert_true(said.timestamp == e->own_r.timestamp);
	if (e->psk)
		expect(e->name, "psk", e->psk, NOISE_KEY_LEN);
	if (e->private_i) {
		expect(e->name, "private.i", e->private_i, NOISE_KEY_LEN);
		expect(e->name, "public.i", id_i->public_key, noise_public_len(e->dh));
		expect(e->name, "private.r", e->private_r, NOISE_KEY_LEN);
		expect(e->name, "public.r", id_r->public_key, noise_public_len(e->dh));
	}
	expect(e->name, "mac-key.i-to-r", id_i->mac_out, NOISE_HASH_LEN);
	expect(e->name, "hint.i-to-r", id_i->hint_out, CIPE_WIRE_HINT_LEN);
	expect(e->name, "ephemeral.i", e_i, 32);
	expect(e->name, "ephemeral.r", e_r, 32);
	if (e->cookie) {
		uint8_t challenge[GUARD_CHALLENGE_LEN];

		assert_int_equal(guard_write_challenge(id_r, init.data, init.len, e->cookie,
						       challenge), 0);
		expect(e->name, "cookie", e->cookie, CIPE_WIRE_COOKIE_LEN);
		expect(e->name, "challenge", challenge, sizeof(challenge));
	}
	expect(e->name, "init", init.data, init.len);
	expect(e->name, "response", response.data, response.len);
	expect_keys(e->name, keys_i, keys_r);
	handshake_free(hs_i);
	handshake_free(hs_r);
	handshake_keys_free(keys_i);
	handshake_keys_free(keys_r);
	identity_free(id_i);
	identity_free(id_r);
}

static void test_example_a(void **state)
{
	uint8_t psk[NOISE_KEY_LEN];
	const struct example a = {
		.name = 'A',
		.psk = psk,
		.config = { .mode = CIPE_MODE_IP,
			    .cipher = CIPE_CIPHER_CHACHA20_POLY1305 },
		.own_i = { .timestamp = 1700000000000000000, .key_id = 0x11223344,
			   .have_ipaddr = true, .ipaddr = { 10, 0, 0, 1 }, .mtu = 1448,
			   .timeout_ms = 60000 },
		.own_r = { .key_id = 0xaabbccdc, .have_ipaddr = true, .ipaddr = { 10, 0, 0, 2 },
			   .mtu = 1448, .timeout_ms = 60000 },
		.session = 0x01020304,
	};

	(void)state;
	count_up(psk, sizeof(psk), 0);
	run(&a);
}

/* The least that can be said, and a configured key of 128 bits */
static void test_example_b(void **state)
{
	uint8_t key[DERIVE_SHORT_KEY_LEN], psk[NOISE_KEY_LEN];
	const struct example b = {
		.name = 'B',
		.psk = psk,
		.config = { .mode = CIPE_MODE_ETHER,
			    .cipher = CIPE_CIPHER_AES_128_GCM },
		.own_i = { .timestamp = 1700000000123456789, .key_id = 0x00000004 },
		.own_r = { .key_id = 0xfffffffc },
		.session = 0xfeedface,
	};

	(void)state;
	count_up(key, sizeof(key), 0xa0);
	assert_int_equal(derive_psk(NULL, psk, key, sizeof(key)), 0);
	expect('B', "key", key, sizeof(key));
	run(&b);
}

/* Public keys, and a cookie */
static void test_example_c(void **state)
{
	uint8_t private_i[NOISE_KEY_LEN], private_r[NOISE_KEY_LEN], cookie[CIPE_WIRE_COOKIE_LEN];
	const struct example c = {
		.name = 'C',
		.private_i = private_i,
		.private_r = private_r,
		.cookie = cookie,
		.config = { .mode = CIPE_MODE_IP, .cipher = CIPE_CIPHER_AES_256_GCM },
		.own_i = { .timestamp = 1700000000000000000, .key_id = 0x11223344 },
		.own_r = { .key_id = 0xaabbccdc },
		.session = 0x01020304,
	};

	(void)state;
	count_up(private_i, sizeof(private_i), 0x61);
	count_up(private_r, sizeof(private_r), 0x81);
	count_up(cookie, sizeof(cookie), 0xc0);
	run(&c);
}

/* Both kinds of keys, the other DH functions, and a timestamp in RESPONSE */
static void test_example_d(void **state)
{
	uint8_t psk[NOISE_KEY_LEN], private_i[NOISE_KEY_LEN], private_r[NOISE_KEY_LEN];
	const struct example d = {
		.name = 'D',
		.dh = NOISE_P256,
		.psk = psk,
		.private_i = private_i,
		.private_r = private_r,
		.config = { .mode = CIPE_MODE_ETHER, .cipher = CIPE_CIPHER_AES_128_GCM },
		.own_i = { .timestamp = 1700000000000000000, .key_id = 0x11223344 },
		.own_r = { .timestamp = 1700000001000000000, .key_id = 0xaabbccdc },
		.session = 0x01020304,
	};

	(void)state;
	count_up(psk, sizeof(psk), 0);
	count_up(private_i, sizeof(private_i), 0x61);
	count_up(private_r, sizeof(private_r), 0x81);
	run(&d);
}

static int setup(void **state)
{
	(void)state;
	read_document();
	return secret_init(0);
}

static int teardown(void **state)
{
	(void)state;
	free(document);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_example_a), cmocka_unit_test(test_example_b),
		cmocka_unit_test(test_example_c), cmocka_unit_test(test_example_d),
	};

	return cmocka_run_group_tests_name("example", tests, setup, teardown);
}
