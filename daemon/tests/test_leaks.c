// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What is given back to the ordinary heap has no key in it: each piece is looked
 * through before it is freed. In either order of octets, as libcrypto's own numbers
 * are the other way round.
 */
#include <malloc.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <openssl/crypto.h>

#include "handshake.h"
#include "links.h"
#include "secret.h"

#define SOUGHT_MAX 32
#define HALF (NOISE_KEY_LEN / 2)

static uint8_t sought[SOUGHT_MAX][NOISE_KEY_LEN];
static unsigned int count, found, freed;

static void seek(const uint8_t key[NOISE_KEY_LEN])
{
	unsigned int i;

	assert_true(count + 2 <= SOUGHT_MAX);
	memcpy(sought[count], key, NOISE_KEY_LEN);
	for (i = 0; i < NOISE_KEY_LEN; i++)
		sought[count + 1][i] = key[NOISE_KEY_LEN - 1 - i];
	count += 2;
}

static void look(const uint8_t *p, size_t size)
{
	unsigned int i;

	freed++;
	for (i = 0; i < 2 * count; i++)
		if (memmem(p, size, sought[i / 2] + i % 2 * HALF, HALF))
			found++;
}

void __wrap_free(void *p);
void __real_free(void *p);

/* What the daemon's code frees, and libcrypto through secret.c */
void __wrap_free(void *p)
{
	if (p)
		look(p, malloc_usable_size(p));
	__real_free(p);
}

/* ------------------------------------------------------------------------
 * tests
 */

static const uint8_t example[NOISE_KEY_LEN] = "what shall be found, and will be";

/* The search is not in vain */
static void test_found(void **state)
{
	uint8_t *p = malloc(100);

	(void)state;
	count = found = 0;
	seek(example);
	memcpy(p + 7, example, NOISE_KEY_LEN);
	assert_memory_equal(p + 7, example, NOISE_KEY_LEN);
	free(p);
	assert_int_equal(found, 2);
}

/* libcrypto wipes what is freed, what is moved, and what is cut off */
static void test_wiped(void **state)
{
	uint8_t *p = OPENSSL_malloc(100);

	(void)state;
	count = found = freed = 0;
	seek(example);
	memcpy(p + 7, example, NOISE_KEY_LEN);
	p = OPENSSL_realloc(p, 4000);
	assert_memory_equal(p + 7, example, NOISE_KEY_LEN);
	p = OPENSSL_realloc(p, 50);
	assert_memory_equal(p + 7, example, NOISE_KEY_LEN);
	assert_int_equal(freed, 2);
	OPENSSL_free(p);
	assert_int_equal(freed, 3);
	assert_null(OPENSSL_realloc(OPENSSL_malloc(1), 0));
	assert_int_equal(found, 0);
}

static void test_pairs(void **state)
{
	enum noise_dh dh;

	(void)state;
	for (dh = 0; dh < NOISE_DHS; dh++) {
		const struct noise_suite suite = { .dh = dh };
		struct noise_pair *a = secret_alloc(sizeof(*a)), *b = secret_alloc(sizeof(*b));
		uint8_t *shared = secret_alloc(NOISE_KEY_LEN);

		count = found = freed = 0;
		memcpy(a->private_key, link_private[0], NOISE_KEY_LEN);
		seek(a->private_key);
		assert_int_equal(noise_public_key(&suite, a->private_key, a->public_key), 0);
		assert_true(freed > 0);
		assert_int_equal(found, 0);
		assert_int_equal(noise_generate(&suite, b), 0);
		seek(b->private_key);
		assert_int_equal(noise_dh(&suite, a, b->public_key, shared), 0);
		seek(shared);
		assert_int_equal(noise_dh(&suite, b, a->public_key, shared), 0);
		assert_int_equal(found, 0);
		secret_free(a, sizeof(*a));
		secret_free(b, sizeof(*b));
		secret_free(shared, NOISE_KEY_LEN);
	}
}

static void exchange(struct handshake *hs_i, struct handshake *hs_r, struct handshake_keys *keys_i,
		     struct handshake_keys *keys_r)
{
	static const struct handshake_info own = { .timestamp = 1, .key_id = 4 };
	static const uint8_t e_i[NOISE_KEY_LEN] = "an ephemeral key of the first on";
	static const uint8_t e_r[NOISE_KEY_LEN] = "an ephemeral key of the second o";
	struct handshake_message init, response;
	struct handshake_info said;

	seek(e_i);
	seek(e_r);
	assert_int_equal(handshake_initiate_fixed(hs_i, &own, NULL, e_i, 1, &init), 0);
	assert_int_equal(handshake_read_init(hs_r, init.data, init.len, &said), 0);
	assert_int_equal(handshake_write_response_fixed(hs_r, &own, e_r, &response, keys_r), 0);
	assert_int_equal(handshake_read_response(hs_i, response.data, response.len, &said, keys_i),
			 0);
}

/* The end of an exchange, and of the link, with what they come to sought as well */
static void test_exchange(void **state)
{
	unsigned int i;

	(void)state;
	for (i = 0; i < KINDS; i++) {
		struct identity *id_i, *id_r;
		struct handshake_config config = { .mode = CIPE_MODE_IP,
						   .cipher = CIPE_CIPHER_AES_256_GCM };
		struct handshake_keys *keys_i = handshake_keys_new();
		struct handshake_keys *keys_r = handshake_keys_new();
		struct handshake *hs_i, *hs_r;

		count = found = freed = 0;
		seek(link_private[0]);
		seek(link_private[1]);
		seek(link_psk);
		id_i = link_end(&kinds[i], 0);
		id_r = link_end(&kinds[i], 1);
		seek(id_r->mac_in);
		config.id = id_i;
		hs_i = handshake_new(&config);
		config.id = id_r;
		hs_r = handshake_new(&config);
		exchange(hs_i, hs_r, keys_i, keys_r);
		seek(keys_i->tx_key);
		seek(keys_i->rx_key);
		handshake_free(hs_i);
		handshake_free(hs_r);
		handshake_keys_free(keys_i);
		handshake_keys_free(keys_r);
		identity_free(id_i);
		identity_free(id_r);
		assert_true(freed > 0);
		if (found)
			fail_msg("%s: %u times", kinds[i].name, found);
	}
}

static int setup(void **state)
{
	(void)state;
	return secret_init(0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_found), cmocka_unit_test(test_wiped),
		cmocka_unit_test(test_pairs), cmocka_unit_test(test_exchange),
	};

	/* Before libcrypto has anything */
	if (secret_wipe_freed())
		return 1;
	return cmocka_run_group_tests_name("leaks", tests, setup, NULL);
}
