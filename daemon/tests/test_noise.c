// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Noise framework against the public vectors that Debian ships in
 * golang-github-flynn-noise-dev; NOISE_VECTORS names another copy.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "noise.h"
#include "noise_crypto.h"
#include "secret.h"

#define VECTORS_DEFAULT "/usr/share/gocode/src/github.com/flynn/noise/vectors.txt"
#define VECTOR_MESSAGES 4
#define VECTOR_FIELD_MAX 256

struct field {
	bool given;
	size_t len;
	uint8_t data[VECTOR_FIELD_MAX];
};

struct vector {
	char name[96];
	struct field prologue, psk, init_s, resp_s, init_e, resp_e;
	struct field payload[VECTOR_MESSAGES], text[VECTOR_MESSAGES];
};

static const struct suite {
	const char *name;
	enum noise_pattern pattern;
	enum noise_aead aead;
} suites[] = {
	{ "Noise_NNpsk0_25519_ChaChaPoly_SHA256", NOISE_NNPSK0, NOISE_CHACHAPOLY },
	{ "Noise_NNpsk0_25519_AESGCM_SHA256", NOISE_NNPSK0, NOISE_AESGCM },
	{ "Noise_IK_25519_ChaChaPoly_SHA256", NOISE_IK, NOISE_CHACHAPOLY },
	{ "Noise_IK_25519_AESGCM_SHA256", NOISE_IK, NOISE_AESGCM },
	{ "Noise_IKpsk2_25519_ChaChaPoly_SHA256", NOISE_IKPSK2, NOISE_CHACHAPOLY },
	{ "Noise_IKpsk2_25519_AESGCM_SHA256", NOISE_IKPSK2, NOISE_AESGCM },
};

#define SUITES (sizeof(suites) / sizeof(suites[0]))

static void field_parse(struct field *field, const char *hex)
{
	size_t len = strlen(hex);

	assert_true(len % 2 == 0 && len / 2 <= VECTOR_FIELD_MAX);
	for (field->len = 0; field->len < len / 2; field->len++) {
		unsigned int octet;

		assert_int_equal(sscanf(hex + 2 * field->len, "%2x", &octet), 1);
		field->data[field->len] = (uint8_t)octet;
	}
	field->given = true;
}

static struct field *vector_field(struct vector *v, const char *key)
{
	static const struct {
		const char *key;
		size_t offset;
	} fields[] = {
		{ "prologue", offsetof(struct vector, prologue) },
		{ "preshared_key", offsetof(struct vector, psk) },
		{ "init_static", offsetof(struct vector, init_s) },
		{ "resp_static", offsetof(struct vector, resp_s) },
		{ "gen_init_ephemeral", offsetof(struct vector, init_e) },
		{ "gen_resp_ephemeral", offsetof(struct vector, resp_e) },
	};
	unsigned int number;
	char what[16];
	size_t i;

	for (i = 0; i < sizeof(fields) / sizeof(fields[0]); i++)
		if (!strcmp(key, fields[i].key))
			return (struct field *)((char *)v + fields[i].offset);
	if (sscanf(key, "msg_%u_%15s", &number, what) != 2 || number >= VECTOR_MESSAGES)
		return NULL;
	return strcmp(what, "payload") ? &v->text[number] : &v->payload[number];
}

static void party_new(struct noise **state, const struct suite *suite, struct vector *v,
		      bool initiator)
{
	struct field *s = initiator ? &v->init_s : &v->resp_s;
	struct field *e = initiator ? &v->init_e : &v->resp_e;
	uint8_t rs[NOISE_PUBLIC_MAX];
	struct noise_config config = {
		.pattern = suite->pattern,
		.suite = { .aead = suite->aead },
		.initiator = initiator,
		.prologue = v->prologue.data,
		.prologue_len = v->prologue.len,
		.psk = v->psk.given ? v->psk.data : NULL,
		.s = s->given ? s->data : NULL,
	};

	if (initiator && v->resp_s.given) {
		assert_int_equal(noise_public_key(&config.suite, v->resp_s.data, rs), 0);
		config.rs = rs;
	}
	assert_int_equal(noise_new(state, &config), 0);
	noise_fix_ephemeral(*state, e->data);
}

static void vector_message(struct vector *v, unsigned int i, struct noise *from,
			   struct noise *to)
{
	uint8_t msg[VECTOR_FIELD_MAX], payload[VECTOR_FIELD_MAX];
	size_t len = 0;

	assert_int_equal(noise_write(from, v->payload[i].data, v->payload[i].len, msg,
				     sizeof(msg), &len), 0);
	assert_int_equal(len, v->text[i].len);
	assert_memory_equal(msg, v->text[i].data, len);
	assert_int_equal(noise_read(to, msg, len, payload, sizeof(payload), &len), 0);
	assert_int_equal(len, v->payload[i].len);
	assert_memory_equal(payload, v->payload[i].data, len);
}

static void vector_transport(struct vector *v, unsigned int i, struct noise_cipher *from,
			     struct noise_cipher *to)
{
	uint8_t text[VECTOR_FIELD_MAX], plain[VECTOR_FIELD_MAX];
	size_t len = v->payload[i].len;

	assert_int_equal(noise_cipher_encrypt(from, NULL, 0, v->payload[i].data, len, text), 0);
	assert_int_equal(v->text[i].len, len + NOISE_TAG_LEN);
	assert_memory_equal(text, v->text[i].data, v->text[i].len);
	assert_int_equal(noise_cipher_decrypt(to, NULL, 0, text, v->text[i].len, plain), 0);
	assert_memory_equal(plain, v->payload[i].data, len);
}

static void vector_run(const struct suite *suite, struct vector *v)
{
	struct noise_cipher ci[2], cr[2];
	struct noise *init, *resp;
	int i;

	for (i = 0; i < VECTOR_MESSAGES; i++)
		assert_true(v->payload[i].given && v->text[i].given);
	party_new(&init, suite, v, true);
	party_new(&resp, suite, v, false);
	vector_message(v, 0, init, resp);
	vector_message(v, 1, resp, init);
	assert_true(noise_finished(init) && noise_finished(resp));
	assert_int_equal(noise_split(init, &ci[0], &ci[1]), 0);
	assert_int_equal(noise_split(resp, &cr[0], &cr[1]), 0);
	assert_memory_equal(noise_hash(init), noise_hash(resp), NOISE_HASH_LEN);
	vector_transport(v, 2, &ci[0], &cr[0]);
	vector_transport(v, 3, &cr[1], &ci[1]);
	noise_free(init);
	noise_free(resp);
}

/* Run the vector if its suite is ours, and count it */
static void vector_end(struct vector *v, unsigned int *counts)
{
	size_t i;

	for (i = 0; i < SUITES; i++) {
		if (strcmp(v->name, suites[i].name))
			continue;
		vector_run(&suites[i], v);
		counts[i]++;
	}
	memset(v, 0, sizeof(*v));
}

static void vectors_read(FILE *file, unsigned int *counts)
{
	static struct vector v;
	char line[1024];

	while (fgets(line, sizeof(line), file)) {
		char *value = strchr(line, '=');
		struct field *field;

		line[strcspn(line, "\r\n")] = '\0';
		if (!value)
			continue;
		*value++ = '\0';
		if (!strcmp(line, "handshake")) {
			vector_end(&v, counts);
			snprintf(v.name, sizeof(v.name), "%s", value);
			continue;
		}
		field = vector_field(&v, line);
		if (field)
			field_parse(field, value);
	}
	vector_end(&v, counts);
}

static void test_vectors(void **state)
{
	const char *path = getenv("NOISE_VECTORS");
	unsigned int counts[SUITES] = { 0 };
	FILE *file;
	size_t i;

	(void)state;
	if (!path)
		path = VECTORS_DEFAULT;
	file = fopen(path, "r");
	if (!file)
		fail_msg("%s: %s; install golang-github-flynn-noise-dev or set NOISE_VECTORS",
			 path, strerror(errno));
	vectors_read(file, counts);
	fclose(file);
	for (i = 0; i < SUITES; i++) {
		print_message("# %s: %u vectors\n", suites[i].name, counts[i]);
		assert_true(counts[i] > 0);
	}
}

static const uint8_t psk[NOISE_KEY_LEN] = { 1, 2, 3 };

static struct noise *nnpsk0(bool initiator)
{
	struct noise_config config = { .pattern = NOISE_NNPSK0, .initiator = initiator,
				       .psk = psk };
	struct noise *st;

	assert_int_equal(noise_new(&st, &config), 0);
	return st;
}

static void test_config(void **state)
{
	static const uint8_t key[NOISE_KEY_LEN] = { 9 };
	struct noise_config config = { .pattern = NOISE_NNPSK0 };
	struct noise *st;

	(void)state;
	assert_int_equal(noise_new(&st, &config), -EINVAL);	/* no psk */
	assert_null(st);
	config.psk = key;
	config.s = key;						/* a static key in NN */
	assert_int_equal(noise_new(&st, &config), -EINVAL);
	config.s = NULL;
	config.prologue_len = 1;
	assert_int_equal(noise_new(&st, &config), -EINVAL);
	config.prologue_len = 0;
	config.pattern = NOISE_PATTERNS;
	assert_int_equal(noise_new(&st, &config), -EINVAL);
	config = (struct noise_config){ .pattern = NOISE_IK, .initiator = true, .s = key };
	assert_int_equal(noise_new(&st, &config), -EINVAL);	/* no rs */
	config.rs = key;
	config.psk = key;					/* a psk in IK */
	assert_int_equal(noise_new(&st, &config), -EINVAL);
}

static void test_turns(void **state)
{
	struct noise *init = nnpsk0(true), *resp = nnpsk0(false);
	struct noise_cipher c[2];
	uint8_t msg[128], out[128];
	size_t len, out_len;

	(void)state;
	assert_int_equal(noise_write(resp, NULL, 0, msg, sizeof(msg), &len), -EPROTO);
	assert_int_equal(noise_read(init, msg, 48, out, sizeof(out), &out_len), -EPROTO);
	assert_int_equal(noise_write(init, NULL, 0, msg, sizeof(msg), &len), 0);
	assert_int_equal(noise_write(init, NULL, 0, msg, sizeof(msg), &len), -EPROTO);
	assert_int_equal(noise_split(init, &c[0], &c[1]), -EPROTO);
	assert_int_equal(noise_read(resp, msg, len, out, sizeof(out), &out_len), 0);
	assert_int_equal(out_len, 0);
	assert_int_equal(noise_write(resp, NULL, 0, msg, sizeof(msg), &len), 0);
	assert_int_equal(noise_read(init, msg, len, out, sizeof(out), &out_len), 0);
	assert_int_equal(noise_split(init, &c[0], &c[1]), 0);
	assert_int_equal(noise_split(init, &c[0], &c[1]), -EPROTO);
	noise_free(init);
	noise_free(resp);
}

/* A failed message ends the state; a clone made before is not concerned */
static void test_failure_is_final(void **state)
{
	struct noise *init = nnpsk0(true), *resp = nnpsk0(false), *clone;
	uint8_t msg[128], out[128];
	size_t len, out_len;

	(void)state;
	assert_int_equal(noise_write(init, "hello", 5, msg, sizeof(msg), &len), 0);
	clone = noise_clone(resp);
	assert_non_null(clone);
	msg[40] ^= 1;
	memset(out, 0xff, sizeof(out));
	assert_int_equal(noise_read(clone, msg, len, out, sizeof(out), &out_len), -EBADMSG);
	assert_memory_equal(out, "\0\0\0\0\0", 5);
	assert_null(noise_remote_ephemeral(clone));
	msg[40] ^= 1;
	assert_int_equal(noise_read(clone, msg, len, out, sizeof(out), &out_len), -EPROTO);
	noise_free(clone);
	assert_int_equal(noise_read(resp, msg, len, out, sizeof(out), &out_len), 0);
	assert_int_equal(out_len, 5);
	assert_memory_equal(out, "hello", 5);
	assert_memory_equal(noise_remote_ephemeral(resp), noise_local_ephemeral(init),
			    NOISE_KEY_LEN);
	noise_free(init);
	noise_free(resp);
}

static void test_sizes(void **state)
{
	static uint8_t big[NOISE_MESSAGE_MAX + 1], out[NOISE_MESSAGE_MAX + 1];
	const size_t room = NOISE_MESSAGE_MAX - NOISE_KEY_LEN - NOISE_TAG_LEN;
	struct noise *st = nnpsk0(true);
	size_t len, i;

	(void)state;
	assert_int_equal(noise_write(st, big, room + 1, out, sizeof(out), &len), -EMSGSIZE);
	noise_free(st);
	st = nnpsk0(true);
	assert_int_equal(noise_write(st, big, room, out, sizeof(out), &len), 0);
	assert_int_equal(len, NOISE_MESSAGE_MAX);
	noise_free(st);
	st = nnpsk0(false);
	assert_int_equal(noise_read(st, out, NOISE_MESSAGE_MAX + 1, big, sizeof(big), &len),
			 -EMSGSIZE);
	noise_free(st);
	for (i = 0; i < NOISE_KEY_LEN + NOISE_TAG_LEN; i++) {
		st = nnpsk0(false);
		assert_int_equal(noise_read(st, out, i, big, sizeof(big), &len), -EMSGSIZE);
		noise_free(st);
		st = nnpsk0(true);
		assert_int_equal(noise_write(st, NULL, 0, out, i, &len), -EMSGSIZE);
		noise_free(st);
	}
}

static void test_nonces(void **state)
{
	struct noise_cipher cipher = { .has_key = true, .aead = NOISE_AESGCM }, before;
	uint8_t text[NOISE_TAG_LEN], none[1];

	(void)state;
	assert_int_equal(noise_cipher_encrypt(&cipher, "ad", 2, NULL, 0, text), 0);
	assert_int_equal(cipher.n, 1);
	cipher.n = 0;
	before = cipher;
	assert_int_equal(noise_cipher_decrypt(&cipher, "da", 2, text, sizeof(text), none),
			 -EBADMSG);
	assert_memory_equal(&cipher, &before, sizeof(cipher));
	assert_int_equal(noise_cipher_decrypt(&cipher, "ad", 2, text, sizeof(text), none), 0);
	assert_int_equal(cipher.n, 1);
	/* 2^64 - 2 is the last one to be used, section 5.1 */
	cipher.n = UINT64_MAX - 1;
	assert_int_equal(noise_cipher_encrypt(&cipher, NULL, 0, NULL, 0, text), 0);
	assert_int_equal(noise_cipher_encrypt(&cipher, NULL, 0, NULL, 0, text), -EOVERFLOW);
	assert_int_equal(noise_cipher_decrypt(&cipher, NULL, 0, text, sizeof(text), none),
			 -EOVERFLOW);
	assert_true(cipher.n == UINT64_MAX);
}

/* RFC 7748, section 6.1, and points of low order (section 7) */
static void test_dh(void **state)
{
	static const uint8_t low_order[][NOISE_KEY_LEN] = {
		{ 0 },
		{ 1 },
		{ 0xe0, 0xeb, 0x7a, 0x7c, 0x3b, 0x41, 0xb8, 0xae, 0x16, 0x56, 0xe3, 0xfa, 0xf1,
		  0x9f, 0xc4, 0x6a, 0xda, 0x09, 0x8d, 0xeb, 0x9c, 0x32, 0xb1, 0xfd, 0x86, 0x62,
		  0x05, 0x16, 0x5f, 0x49, 0xb8, 0x00 },
		{ 0x5f, 0x9c, 0x95, 0xbc, 0xa3, 0x50, 0x8c, 0x24, 0xb1, 0xd0, 0xb1, 0x55, 0x9c,
		  0x83, 0xef, 0x5b, 0x04, 0x44, 0x5c, 0xc4, 0x58, 0x1c, 0x8e, 0x86, 0xd8, 0x22,
		  0x4e, 0xdd, 0xd0, 0x9f, 0x11, 0x57 },
		{ 0xec, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
		  0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
		  0xff, 0xff, 0xff, 0xff, 0xff, 0x7f },
	};
	const struct noise_suite suite = { .dh = NOISE_25519 };
	uint8_t ab[NOISE_KEY_LEN], ba[NOISE_KEY_LEN];
	struct noise_pair a, b;
	size_t i;

	(void)state;
	assert_int_equal(noise_generate(&suite, &a), 0);
	assert_int_equal(noise_generate(&suite, &b), 0);
	assert_int_equal(noise_dh(&suite, &a, b.public_key, ab), 0);
	assert_int_equal(noise_dh(&suite, &b, a.public_key, ba), 0);
	assert_memory_equal(ab, ba, NOISE_KEY_LEN);
	for (i = 0; i < sizeof(low_order) / sizeof(low_order[0]); i++)
		assert_int_equal(noise_dh(&suite, &a, low_order[i], ab), -EKEYREJECTED);
}

static void from_hex(const char *hex, uint8_t *out)
{
	unsigned int octet;

	for (; *hex; hex += 2) {
		assert_int_equal(sscanf(hex, "%2x", &octet), 1);
		*out++ = (uint8_t)octet;
	}
}

/* RFC 5903, section 8.1: "256-bit Random ECP Group" */
static void test_p256(void **state)
{
	static const char order[] =
		"ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551";
	const struct noise_suite suite = { .dh = NOISE_P256 };
	uint8_t want[NOISE_KEY_LEN], out[NOISE_KEY_LEN], point[NOISE_PUBLIC_MAX];
	struct noise_pair a, b;

	(void)state;
	from_hex("c88f01f510d9ac3f70a292daa2316de544e9aab8afe84049c62a9c57862d1433",
		 a.private_key);
	from_hex("c6ef9c5d78ae012a011164acb397ce2088685d8f06bf9be0b283ab46476bee53",
		 b.private_key);
	assert_int_equal(noise_public_key(&suite, a.private_key, a.public_key), 0);
	assert_int_equal(noise_public_key(&suite, b.private_key, b.public_key), 0);
	from_hex("04dad0b65394221cf9b051e1feca5787d098dfe637fc90b9ef945d0c3772581180"
		 "5271a0461cdb8252d61f1c456fa3e59ab1f45b33accf5f58389e0577b8990bb3", point);
	assert_memory_equal(a.public_key, point, sizeof(point));
	from_hex("d6840f6b42f6edafd13116e0e12565202fef8e9ece7dce03812464d04b9442de", want);
	assert_int_equal(noise_dh(&suite, &a, b.public_key, out), 0);
	assert_memory_equal(out, want, sizeof(want));
	assert_int_equal(noise_dh(&suite, &b, a.public_key, out), 0);
	assert_memory_equal(out, want, sizeof(want));

	/* No point of the curve, another form, the point at infinity */
	point[64] ^= 1;
	assert_int_equal(noise_dh(&suite, &b, point, out), -EKEYREJECTED);
	point[64] ^= 1;
	assert_int_equal(noise_dh(&suite, &b, point, out), 0);
	point[0] = 6;
	assert_int_equal(noise_dh(&suite, &b, point, out), -EKEYREJECTED);
	memset(point, 0, sizeof(point));
	assert_int_equal(noise_dh(&suite, &b, point, out), -EKEYREJECTED);

	/* Numbers that are no private keys */
	memset(a.private_key, 0, sizeof(a.private_key));
	assert_int_equal(noise_public_key(&suite, a.private_key, point), -EKEYREJECTED);
	from_hex(order, a.private_key);
	assert_int_equal(noise_public_key(&suite, a.private_key, point), -EKEYREJECTED);
	a.private_key[31]--;
	assert_int_equal(noise_public_key(&suite, a.private_key, point), 0);

	assert_int_equal(noise_generate(&suite, &a), 0);
	assert_int_equal(noise_public_key(&suite, a.private_key, point), 0);
	assert_memory_equal(a.public_key, point, sizeof(point));
}

static int setup(void **state)
{
	(void)state;
	return secret_init(0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_vectors), cmocka_unit_test(test_config),
		cmocka_unit_test(test_turns), cmocka_unit_test(test_failure_is_final),
		cmocka_unit_test(test_sizes), cmocka_unit_test(test_nonces),
		cmocka_unit_test(test_dh), cmocka_unit_test(test_p256),
	};

	return cmocka_run_group_tests_name("noise", tests, setup, NULL);
}
