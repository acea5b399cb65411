// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Suite fips, with tests/provider/fips.c where Debian has no FIPS provider. The
 * default libcrypto is of no use here: what was to be had from it would fail.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <libgen.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <openssl/evp.h>
#include <openssl/provider.h>

#include "cookie.h"
#include "derive.h"
#include "fips.h"
#include "guard.h"
#include "handshake.h"
#include "noise_crypto.h"
#include "secret.h"

static OSSL_LIB_CTX *lib;

static void from_hex(const char *hex, uint8_t *out)
{
	unsigned int octet;

	for (; *hex; hex += 2) {
		assert_int_equal(sscanf(hex, "%2x", &octet), 1);
		*out++ = (uint8_t)octet;
	}
}

/* All that is asked for comes from there, and there is nothing elsewhere */
static void test_provider(void **state)
{
	EVP_MD *md = EVP_MD_fetch(lib, "SHA256", NULL);
	uint8_t random[8];

	(void)state;
	assert_non_null(md);
	assert_string_equal(OSSL_PROVIDER_get0_name(EVP_MD_get0_provider(md)), "fips");
	EVP_MD_free(md);
	assert_ptr_equal(fips_open(), lib);
	assert_null(EVP_MD_fetch(NULL, "SHA256", NULL));
	assert_int_equal(secret_random(random, sizeof(random)), -EIO);
	assert_int_equal(secret_random_of(lib, random, sizeof(random)), 0);
}

/* RFC 5903, section 8.1 */
static void test_p256(void **state)
{
	const struct noise_suite suite = { .lib = lib, .dh = NOISE_P256 };
	uint8_t want[NOISE_PUBLIC_MAX], out[NOISE_KEY_LEN], theirs[NOISE_PUBLIC_MAX];
	struct noise_pair a, b;

	(void)state;
	from_hex("c88f01f510d9ac3f70a292daa2316de544e9aab8afe84049c62a9c57862d1433",
		 a.private_key);
	assert_int_equal(noise_public_key(&suite, a.private_key, a.public_key), 0);
	from_hex("04dad0b65394221cf9b051e1feca5787d098dfe637fc90b9ef945d0c3772581180"
		 "5271a0461cdb8252d61f1c456fa3e59ab1f45b33accf5f58389e0577b8990bb3", want);
	assert_memory_equal(a.public_key, want, sizeof(want));
	from_hex("04d12dfb5289c8d4f81208b70270398c342296970a0bccb74c736fc7554494bf63"
		 "56fbf3ca366cc23e8157854c13c58d6aac23f046ada30f8353e74f33039872ab", theirs);
	assert_int_equal(noise_dh(&suite, &a, theirs, out), 0);
	from_hex("d6840f6b42f6edafd13116e0e12565202fef8e9ece7dce03812464d04b9442de", want);
	assert_memory_equal(out, want, NOISE_KEY_LEN);
	/* No word is taken for a public key but that provider's */
	assert_int_equal(EVP_set_default_properties(lib, "provider=none"), 1);
	assert_int_equal(noise_public_key(&suite, a.private_key, a.public_key), -EIO);
	assert_int_equal(EVP_set_default_properties(lib, "fips=yes"), 1);
	memset(b.private_key, 0, sizeof(b.private_key));
	assert_int_equal(noise_public_key(&suite, b.private_key, b.public_key), -EKEYREJECTED);
	assert_int_equal(noise_generate(&suite, &b), 0);
}

static struct identity *make_end(enum noise_pattern pattern, int end)
{
	static const uint8_t private_key[2][NOISE_KEY_LEN] = { { 1 }, { 2 } };
	static const uint8_t short_key[DERIVE_SHORT_KEY_LEN] = { 3 };
	const struct noise_suite suite = { .lib = lib, .dh = NOISE_P256 };
	struct identity_config config = { .lib = lib, .dh = NOISE_P256 };
	uint8_t psk[DERIVE_PSK_LEN], peer[NOISE_PUBLIC_MAX];
	struct identity *id;

	if (pattern != NOISE_IK) {
		assert_int_equal(derive_psk(lib, psk, short_key, sizeof(short_key)), 0);
		config.psk = psk;
	}
	if (pattern != NOISE_NNPSK0) {
		assert_int_equal(noise_public_key(&suite, private_key[!end], peer), 0);
		config.private_key = private_key[end];
		config.peer_key = peer;
	}
	assert_int_equal(identity_new(&id, &config), 0);
	return id;
}

static void exchange(const struct identity *id_i, const struct identity *id_r)
{
	const struct handshake_info own = { .timestamp = 1, .key_id = 4 };
	struct handshake_config config = { .id = id_i, .mode = CIPE_MODE_IP,
					   .cipher = CIPE_CIPHER_AES_128_GCM };
	struct handshake *hs_i = handshake_new(&config), *hs_r;
	struct handshake_keys *keys_i = handshake_keys_new(), *keys_r = handshake_keys_new();
	struct handshake_message init, response;
	struct handshake_info said;

	config.id = id_r;
	hs_r = handshake_new(&config);
	assert_int_equal(handshake_initiate(hs_i, &own, NULL, &init), HANDSHAKE_OK);
	assert_true(guard_verify(id_r, init.data, init.len));
	assert_int_equal(handshake_read_init(hs_r, init.data, init.len, &said), HANDSHAKE_OK);
	assert_int_equal(handshake_write_response(hs_r, &own, &response, keys_r), HANDSHAKE_OK);
	assert_int_equal(handshake_read_response(hs_i, response.data, response.len, &said, keys_i),
			 HANDSHAKE_OK);
	assert_memory_equal(keys_i->tx_key, keys_r->rx_key, 16);
	assert_memory_equal(keys_i->rx_key, keys_r->tx_key, 16);
	handshake_free(hs_i);
	handshake_free(hs_r);
	handshake_keys_free(keys_i);
	handshake_keys_free(keys_r);
}

static void test_exchanges(void **state)
{
	enum noise_pattern pattern;

	(void)state;
	for (pattern = 0; pattern < NOISE_PATTERNS; pattern++) {
		struct identity *id_i = make_end(pattern, 0), *id_r = make_end(pattern, 1);

		exchange(id_i, id_r);
		identity_free(id_i);
		identity_free(id_r);
	}
}

/* Of a port that another link made */
static void test_cookies(void **state)
{
	const union addr peer = { .in = { .sin_family = AF_INET, .sin_port = 9 } };
	uint8_t cookie[CIPE_WIRE_COOKIE_LEN];
	struct cookie_jar *jar = cookie_new(NULL);

	(void)state;
	assert_int_equal(cookie_make(jar, 1, &peer, cookie), -EIO);
	cookie_use(jar, lib);
	assert_int_equal(cookie_turn(jar), 1);
	assert_int_equal(cookie_make(jar, 1, &peer, cookie), 0);
	assert_int_equal(cookie_check(jar, 2, &peer, 1, cookie), COOKIE_ADDRESS | COOKIE_FRESH);
	cookie_free(jar);
}

static int setup(void **state)
{
	(void)state;
	if (secret_init(0))
		return -1;
	lib = fips_open();
	if (!lib)
		print_error("no provider in %s\n", getenv("OPENSSL_MODULES"));
	return lib && EVP_set_default_properties(NULL, "provider=none") == 1 ? 0 : -1;
}

const char *__lsan_default_suppressions(void);

/* The context stays, and has generators in the locked heap, where LeakSanitizer does not
 * look for pointers
 */
const char *__lsan_default_suppressions(void)
{
	return "leak:libcrypto.so";
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_provider), cmocka_unit_test(test_p256),
		cmocka_unit_test(test_exchanges), cmocka_unit_test(test_cookies),
	};
	char path[PATH_MAX], *dir;

	(void)argc;
	dir = realpath(argv[0], path) ? dirname(path) : NULL;
	if (!dir || chdir(dir) || setenv("OPENSSL_MODULES", "provider", 1) ||
	    setenv("OPENSSL_CONF", "/dev/null", 1))
		return 1;
	return cmocka_run_group_tests_name("fips", tests, setup, NULL);
}
