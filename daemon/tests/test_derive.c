// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include <linux/cipe.h>

#include "derive.h"
#include "secret.h"

/* RFC 5869, appendix A.1 */
static void test_rfc5869_a1(void **state)
{
	static const uint8_t expected[42] = {
		0x3c, 0xb2, 0x5f, 0x25, 0xfa, 0xac, 0xd5, 0x7a, 0x90, 0x43, 0x4f,
		0x64, 0xd0, 0x36, 0x2f, 0x2a, 0x2d, 0x2d, 0x0a, 0x90, 0xcf, 0x1a,
		0x5a, 0x4c, 0x5d, 0xb0, 0x2d, 0x56, 0xec, 0xc4, 0xc5, 0xbf, 0x34,
		0x00, 0x72, 0x08, 0xd5, 0xb8, 0x87, 0x18, 0x58, 0x65,
	};
	uint8_t ikm[22], salt[13], info[10], out[42];
	size_t i;

	(void)state;
	memset(ikm, 0x0b, sizeof(ikm));
	for (i = 0; i < sizeof(salt); i++)
		salt[i] = (uint8_t)i;
	for (i = 0; i < sizeof(info); i++)
		info[i] = (uint8_t)(0xf0 + i);
	assert_int_equal(derive_hkdf(NULL, salt, sizeof(salt), ikm, sizeof(ikm), info, sizeof(info),
				     out, sizeof(out)), 0);
	assert_memory_equal(out, expected, sizeof(out));
}

/* RFC 5869, appendix A.3: no salt, no info */
static void test_rfc5869_a3(void **state)
{
	static const uint8_t expected[42] = {
		0x8d, 0xa4, 0xe7, 0x75, 0xa5, 0x63, 0xc1, 0x8f, 0x71, 0x5f, 0x80,
		0x2a, 0x06, 0x3c, 0x5a, 0x31, 0xb8, 0xa1, 0x1f, 0x5c, 0x5e, 0xe1,
		0x87, 0x9e, 0xc3, 0x45, 0x4e, 0x5f, 0x3c, 0x73, 0x8d, 0x2d, 0x9d,
		0x20, 0x13, 0x95, 0xfa, 0xa4, 0xb6, 0x1a, 0x96, 0xc8,
	};
	uint8_t ikm[22], out[42];

	(void)state;
	memset(ikm, 0x0b, sizeof(ikm));
	assert_int_equal(derive_hkdf(NULL, NULL, 0, ikm, sizeof(ikm), NULL, 0, out, sizeof(out)), 0);
	assert_memory_equal(out, expected, sizeof(out));
}

static void test_hkdf_limits(void **state)
{
	static uint8_t out[255 * 32 + 1];
	uint8_t ikm[1] = { 0 }, info[65] = { 0 };

	(void)state;
	assert_int_equal(derive_hkdf(NULL, NULL, 0, ikm, 0, NULL, 0, out, 32), -EINVAL);
	assert_int_equal(derive_hkdf(NULL, NULL, 0, ikm, 1, NULL, 0, out, 0), -EINVAL);
	assert_int_equal(derive_hkdf(NULL, NULL, 0, ikm, 1, info, 65, out, 32), -EINVAL);
	assert_int_equal(derive_hkdf(NULL, NULL, 0, ikm, 1, info, 64, out, 255 * 32), 0);
	assert_int_equal(derive_hkdf(NULL, NULL, 0, ikm, 1, info, 64, out, 255 * 32 + 1), -EINVAL);
}

static void test_psk(void **state)
{
	uint8_t key[32], psk[32], in_place[32];
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(key); i++)
		key[i] = (uint8_t)i;
	assert_int_equal(derive_psk(NULL, psk, key, 32), 0);
	assert_memory_equal(psk, key, 32);
	assert_int_equal(derive_psk(NULL, psk, key, 16), 0);
	assert_memory_not_equal(psk, key, 16);
	memcpy(in_place, key, 32);
	assert_int_equal(derive_psk(NULL, in_place, in_place, 16), 0);
	assert_memory_equal(in_place, psk, 32);
	for (i = 0; i < 64; i++)
		if (i != 16 && i != 32)
			assert_int_equal(derive_psk(NULL, psk, key, i), -EINVAL);
}

/* Every input changes key and IV, and they have nothing in common */
static void test_data_keys(void **state)
{
	static const uint8_t ciphers[] = { CIPE_CIPHER_CHACHA20_POLY1305,
					   CIPE_CIPHER_AES_128_GCM, CIPE_CIPHER_AES_256_GCM };
	uint8_t hash[32] = { 1 }, split[32] = { 2 }, key[5][32] = { 0 }, iv[5][12];
	int i, j;

	(void)state;
	for (i = 0; i < 3; i++)
		assert_int_equal(derive_data_key(NULL, hash, split, ciphers[i], key[i], iv[i]), 0);
	hash[31] ^= 1;
	assert_int_equal(derive_data_key(NULL, hash, split, ciphers[0], key[3], iv[3]), 0);
	hash[31] ^= 1;
	split[31] ^= 1;
	assert_int_equal(derive_data_key(NULL, hash, split, ciphers[0], key[4], iv[4]), 0);
	for (i = 0; i < 5; i++) {
		assert_memory_not_equal(key[i], iv[i], 12);
		for (j = 0; j < i; j++) {
			assert_memory_not_equal(key[i], key[j], 16);
			assert_memory_not_equal(iv[i], iv[j], 12);
		}
	}
	/* 16 octets of AES-128, not one more */
	for (i = 16; i < 32; i++)
		assert_int_equal(key[1][i], 0);
	assert_int_equal(derive_data_key(NULL, hash, split, CIPE_CIPHER_UNSPEC, key[0], iv[0]), -EINVAL);
	assert_int_equal(derive_data_key(NULL, hash, split, 4, key[0], iv[0]), -EINVAL);
}

static int setup(void **state)
{
	(void)state;
	return secret_init(0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rfc5869_a1), cmocka_unit_test(test_rfc5869_a3),
		cmocka_unit_test(test_hkdf_limits), cmocka_unit_test(test_psk),
		cmocka_unit_test(test_data_keys),
	};

	return cmocka_run_group_tests_name("derive", tests, setup, NULL);
}
