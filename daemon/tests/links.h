/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Both ends of links of every kind, for tests.
 */
#ifndef CIPED_TESTS_LINKS_H
#define CIPED_TESTS_LINKS_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>

#include <linux/cipe.h>

#include "identity.h"
#include "noise_crypto.h"

/**
 * struct kind - a kind of link
 * @name: for messages
 * @pattern: by its keys
 * @dh: DH functions
 */
struct kind {
	const char *name;
	enum noise_pattern pattern;
	enum noise_dh dh;
};

#define KINDS 6

static const struct kind kinds[KINDS] = {
	{ "NNpsk0, 25519", NOISE_NNPSK0, NOISE_25519 },
	{ "IK, 25519", NOISE_IK, NOISE_25519 },
	{ "IKpsk2, 25519", NOISE_IKPSK2, NOISE_25519 },
	{ "NNpsk0, P256", NOISE_NNPSK0, NOISE_P256 },
	{ "IK, P256", NOISE_IK, NOISE_P256 },
	{ "IKpsk2, P256", NOISE_IKPSK2, NOISE_P256 },
};

static const uint8_t link_psk[NOISE_KEY_LEN] = "an example of a pre-shared key!";
static const uint8_t link_private[2][NOISE_KEY_LEN] = { "a private key of the first one",
							"a private key of the second one" };

/* The keys of end 0 or 1, for identity_free() */
static inline struct identity *link_end(const struct kind *kind, int end)
{
	const struct noise_suite suite = { .dh = kind->dh };
	struct identity_config config = { .dh = kind->dh };
	uint8_t peer[NOISE_PUBLIC_MAX];
	struct identity *id;

	if (kind->pattern != NOISE_IK)
		config.psk = link_psk;
	if (kind->pattern != NOISE_NNPSK0) {
		assert_int_equal(noise_public_key(&suite, link_private[!end], peer), 0);
		config.private_key = link_private[end];
		config.peer_key = peer;
	}
	assert_int_equal(identity_new(&id, &config), 0);
	assert_int_equal(id->pattern, kind->pattern);
	return id;
}

/* Two ends that share one key */
static inline struct identity *link_of_psk(const uint8_t psk[NOISE_KEY_LEN])
{
	const struct identity_config config = { .psk = psk };
	struct identity *id;

	assert_int_equal(identity_new(&id, &config), 0);
	return id;
}

/* Messages to @id are then for @other as well, by hint and MAC */
static inline void link_use_mac_of(struct identity *id, const struct identity *other)
{
	memcpy(id->mac_in, other->mac_in, sizeof(id->mac_in));
	memcpy(id->hint_in, other->hint_in, sizeof(id->hint_in));
	noise_mac_free(id->mac_ready);
	id->mac_ready = noise_mac_new(id->lib, id->mac_in);
	assert_non_null(id->mac_ready);
}

#endif /* CIPED_TESTS_LINKS_H */
