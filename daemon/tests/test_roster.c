// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Ten thousand links on one address: each message finds its own.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <openssl/crypto.h>

#include "guard.h"
#include "handshake.h"
#include "links.h"
#include "roster.h"
#include "secret.h"

#define LINKS 10000
#define PUBLIC 2000

static const struct handshake_info said = { .timestamp = 1, .key_id = 4 };

/* Keys of link @n, by a pre-shared key */
static struct identity *keyed(unsigned int n)
{
	uint8_t psk[NOISE_KEY_LEN] = { 0x5a };

	memcpy(psk + 4, &n, sizeof(n));
	return link_of_psk(psk);
}

static void private_of(unsigned int n, uint8_t key[NOISE_KEY_LEN])
{
	memset(key, 0x33, NOISE_KEY_LEN);
	memcpy(key + 8, &n, sizeof(n));
}

/* The link between @own and @peer, at @own, by public keys, with @psk or NULL */
static struct identity *public(unsigned int own, unsigned int peer, const uint8_t *psk)
{
	const struct noise_suite suite = { .dh = NOISE_25519 };
	uint8_t private[NOISE_KEY_LEN], peer_private[NOISE_KEY_LEN], peer_key[NOISE_PUBLIC_MAX];
	struct identity_config config = { .psk = psk, .private_key = private, .peer_key = peer_key };
	struct identity *id;

	private_of(own, private);
	private_of(peer, peer_private);
	assert_int_equal(noise_public_key(&suite, peer_private, peer_key), 0);
	assert_int_equal(identity_new(&id, &config), 0);
	return id;
}

static void write_init(const struct identity *id, struct handshake_message *init)
{
	struct handshake_config config = { .id = id, .cipher = CIPE_CIPHER_CHACHA20_POLY1305 };
	struct handshake *hs = handshake_new(&config);

	assert_non_null(hs);
	assert_int_equal(handshake_initiate(hs, &said, NULL, init), HANDSHAKE_OK);
	handshake_free(hs);
}

static struct roster_self *find_self(struct roster *r, const struct handshake_message *init)
{
	struct handshake_header header;

	assert_int_equal(handshake_peek(init->data, init->len, &header), HANDSHAKE_OK);
	return roster_find_self(r, &header, init->data, init->len);
}

static double seconds(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (double)ts.tv_sec + (double)ts.tv_nsec / 1e9;
}

/* Pre-shared keys: by hint and MAC, also where hints are the same */
static void test_shared_keys(void **state)
{
	struct roster_entry *entries = calloc(LINKS, sizeof(*entries));
	struct identity **ids = calloc(LINKS, sizeof(struct identity *));
	struct handshake_message init;
	struct roster r = { 0 };
	unsigned int n, chained = 0;
	double began;

	(void)state;
	for (n = 0; n < LINKS; n++) {
		ids[n] = keyed(n);
		assert_int_equal(roster_add(&r, &entries[n], ids[n], &entries[n]), 0);
	}
	assert_int_equal(r.count, LINKS);
	for (n = 0; n < LINKS; n++)
		chained += entries[n].self->slot.same != NULL;
	/* Of 65536 hints about 700 are those of several links */
	assert_in_range(chained, 400, 1000);
	began = seconds();
	for (n = 0; n < LINKS; n++) {
		struct roster_self *self;

		write_init(ids[n], &init);
		self = find_self(&r, &init);
		assert_non_null(self);
		assert_ptr_equal(roster_self_only(self), &entries[n]);
	}
	print_message("# %u INITs written and found in %.2f s\n", LINKS, seconds() - began);
	/* Another hint, MAC or key: nobody */
	write_init(ids[7], &init);
	init.data[10] ^= 1;
	assert_null(find_self(&r, &init));
	init.data[10] ^= 1;
	init.data[init.len - 1] ^= 1;
	assert_null(find_self(&r, &init));
	for (n = 0; n < LINKS; n += 2)
		roster_remove(&r, &entries[n]);
	for (n = 0; n < LINKS; n += 37) {
		struct roster_self *self;

		write_init(ids[n], &init);
		self = find_self(&r, &init);
		assert_ptr_equal(self ? roster_self_only(self) : NULL, n % 2 ? &entries[n] : NULL);
	}
	for (n = 0; n < LINKS; n++) {
		roster_remove(&r, &entries[n]);
		identity_free(ids[n]);
	}
	assert_int_equal(r.count, 0);
	assert_null(r.selves);
	free(entries);
	free(ids);
}

/* Public keys: many links of one private key, each with or without a psk */
static void test_public_keys(void **state)
{
	static const uint8_t psk[NOISE_KEY_LEN] = "an addition";
	struct roster_entry *entries = calloc(PUBLIC, sizeof(*entries));
	struct identity **ids = calloc(PUBLIC, sizeof(struct identity *));
	struct roster r = { 0 };
	unsigned int n;

	(void)state;
	/* Two private keys of ours, 1 and 2, for every other one */
	for (n = 0; n < PUBLIC; n++) {
		ids[n] = public(1 + n % 2, 100 + n, n % 3 ? NULL : psk);
		assert_int_equal(roster_add(&r, &entries[n], ids[n], &entries[n]), 0);
	}
	assert_int_equal(HASH_COUNT(r.selves), 2);
	for (n = 0; n < PUBLIC; n += 7) {
		struct identity *peer = public(100 + n, 1 + n % 2, n % 3 ? NULL : psk);
		uint8_t peer_key[NOISE_PUBLIC_MAX] = { 0 };
		struct handshake_message init;
		struct roster_self *self;

		write_init(peer, &init);
		self = find_self(&r, &init);
		assert_non_null(self);
		assert_null(roster_self_only(self));
		assert_int_equal(handshake_identify(self->id, init.data, init.len, peer_key),
				 HANDSHAKE_OK);
		assert_ptr_equal(roster_find_peer(self, peer_key), &entries[n]);
		/* What is behind header and cookie is not what it was */
		init.data[GUARD_INIT_HEAD + 40] ^= 1;
		assert_int_equal(handshake_identify(self->id, init.data, init.len, peer_key),
				 HANDSHAKE_NOT_AUTHENTIC);
		identity_free(peer);
	}
	/* The one whose keys were taken for all leaves first */
	for (n = 0; n < PUBLIC; n++) {
		if (n + 2 < PUBLIC)
			assert_ptr_equal(entries[n].self->id, entries[n].id);
		roster_remove(&r, &entries[n]);
		identity_free(ids[n]);
	}
	assert_null(r.selves);
	free(entries);
	free(ids);
}

static void test_stranger(void **state)
{
	struct roster_entry entries[2] = { 0 };
	struct identity *a = public(1, 100, NULL), *b = public(1, 101, NULL);
	struct identity *stranger = public(102, 1, NULL);
	uint8_t peer_key[NOISE_PUBLIC_MAX] = { 0 };
	struct handshake_message init;
	struct roster_self *self;
	struct roster r = { 0 };

	(void)state;
	assert_int_equal(roster_add(&r, &entries[0], a, NULL), 0);
	assert_int_equal(roster_add(&r, &entries[1], b, NULL), 0);
	write_init(stranger, &init);
	self = find_self(&r, &init);
	assert_non_null(self);
	assert_int_equal(handshake_identify(self->id, init.data, init.len, peer_key), HANDSHAKE_OK);
	assert_null(roster_find_peer(self, peer_key));
	roster_remove(&r, &entries[0]);
	roster_remove(&r, &entries[1]);
	identity_free(a);
	identity_free(b);
	identity_free(stranger);
}

/* Links that messages could not tell apart */
static void test_same_keys(void **state)
{
	static const uint8_t psk[NOISE_KEY_LEN] = "an addition";
	struct roster_entry one = { 0 }, two = { 0 };
	struct identity *a = keyed(1), *b = keyed(1);
	struct identity *c = public(1, 100, NULL), *d = public(1, 100, psk);
	struct roster r = { 0 };

	(void)state;
	assert_int_equal(roster_add(&r, &one, a, NULL), 0);
	assert_ptr_equal(roster_only(&r), &one);
	assert_int_equal(roster_add(&r, &two, b, NULL), -EEXIST);
	roster_remove(&r, &two);
	assert_int_equal(r.count, 1);
	roster_remove(&r, &one);
	assert_null(roster_only(&r));
	assert_int_equal(roster_add(&r, &two, b, NULL), 0);
	roster_remove(&r, &two);
	assert_int_equal(roster_add(&r, &one, c, NULL), 0);
	assert_int_equal(roster_add(&r, &two, d, NULL), -EEXIST);
	roster_remove(&r, &one);
	identity_free(a);
	identity_free(b);
	identity_free(c);
	identity_free(d);
}

static unsigned int count_ours(struct roster *r, uint32_t session, const struct roster_entry *wanted)
{
	struct roster_entry *e = roster_find_ours(r, session);
	unsigned int found = 0;

	for (; e; e = roster_next_ours(e))
		found += e == wanted;
	return found;
}

/* Session ids are chosen at random, and may be the same once in a while */
static void test_sessions(void **state)
{
	struct roster_entry *entries = calloc(LINKS, sizeof(*entries));
	struct identity **ids = calloc(LINKS, sizeof(struct identity *));
	struct roster r = { 0 };
	unsigned int n, i;

	(void)state;
	for (n = 0; n < LINKS; n++) {
		ids[n] = keyed(n);
		assert_int_equal(roster_add(&r, &entries[n], ids[n], NULL), 0);
		roster_set_ours(&r, &entries[n], true, n / 3);
		roster_set_theirs(&r, &entries[n], true, n + LINKS);
	}
	for (n = 0; n < LINKS; n++) {
		assert_int_equal(count_ours(&r, n / 3, &entries[n]), 1);
		assert_ptr_equal(roster_find_theirs(&r, n + LINKS), &entries[n]);
		assert_null(roster_next_theirs(&entries[n]));
	}
	assert_null(roster_find_theirs(&r, 5));
	/* In any order: the first, one in the middle, the last of an id; others stay */
	for (n = 0; n + 3 <= LINKS; n += 3) {
		unsigned int gone = n + n / 3 % 3;

		roster_set_ours(&r, &entries[gone], false, 0);
		for (i = n; i < n + 3; i++)
			assert_int_equal(count_ours(&r, n / 3, &entries[i]), i != gone);
		roster_set_ours(&r, &entries[gone], true, LINKS + n);
		roster_set_ours(&r, &entries[gone], true, LINKS + n);
		assert_int_equal(count_ours(&r, LINKS + n, &entries[gone]), 1);
		assert_int_equal(count_ours(&r, n / 3, &entries[gone]), 0);
	}
	for (n = 0; n < LINKS; n++) {
		roster_remove(&r, &entries[n]);
		assert_null(roster_find_theirs(&r, n + LINKS));
		identity_free(ids[n]);
	}
	assert_null(r.ours);
	assert_null(r.theirs);
	free(entries);
	free(ids);
}

/* Links of suite fips among others with the same private key */
static void test_library(void **state)
{
	OSSL_LIB_CTX *lib = OSSL_LIB_CTX_new();
	struct roster_entry entries[4];
	struct identity *ids[4];
	struct roster r = { 0 };
	struct roster_self *self;
	unsigned int n;

	(void)state;
	memset(entries, 0, sizeof(entries));
	for (n = 0; n < 4; n++) {
		ids[n] = public(1, n + 2, NULL);
		ids[n]->lib = n % 2 ? lib : NULL;
		assert_int_equal(roster_add(&r, &entries[n], ids[n], NULL), 0);
		self = entries[n].self;
		assert_ptr_equal(self->id->lib, n ? lib : NULL);
	}
	roster_remove(&r, &entries[3]);
	assert_ptr_equal(self->id, ids[1]);
	roster_remove(&r, &entries[0]);
	assert_ptr_equal(self->id, ids[1]);
	roster_remove(&r, &entries[1]);
	assert_ptr_equal(self->id, ids[2]);
	roster_remove(&r, &entries[2]);
	assert_null(r.selves);
	for (n = 0; n < 4; n++) {
		ids[n]->lib = NULL;
		identity_free(ids[n]);
	}
	OSSL_LIB_CTX_free(lib);
}

static int setup(void **state)
{
	(void)state;
	return secret_init(LINKS * SECRET_HEAP_LINK);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_shared_keys), cmocka_unit_test(test_public_keys),
		cmocka_unit_test(test_stranger), cmocka_unit_test(test_same_keys),
		cmocka_unit_test(test_library), cmocka_unit_test(test_sessions),
	};

	return cmocka_run_group_tests_name("roster", tests, setup, NULL);
}
