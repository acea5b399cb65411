// SPDX-License-Identifier: GPL-2.0-or-later
#include "fuzz.h"

#include <openssl/rand.h>

#include "noise_crypto.h"
#include "noise_mac.h"
#include "secret.h"

static uint64_t state;

/* SplitMix64 */
static uint64_t next(void)
{
	uint64_t z = state += 0x9e3779b97f4a7c15u;

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
	z = (z ^ z >> 27) * 0x94d049bb133111ebu;
	return z ^ z >> 31;
}

static int random_bytes(unsigned char *out, int len)
{
	int i;

	for (i = 0; i < len; i++)
		out[i] = (unsigned char)next();
	return 1;
}

static int random_status(void)
{
	return 1;
}

void fuzz_seed(uint64_t seed)
{
	state = seed;
}

/* A failure that depends on keys drawn at random could not be repeated */
void fuzz_init(void)
{
	static const RAND_METHOD method = {
		.bytes = random_bytes,
		.pseudorand = random_bytes,
		.status = random_status,
	};

	fuzz_seed(0);
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wdeprecated-declarations"
	FUZZ_CHECK(RAND_set_rand_method(&method));
#pragma GCC diagnostic pop
	FUZZ_CHECK(!secret_init(0));
}

static struct identity *make_end(enum noise_pattern pattern, enum noise_dh dh, int end)
{
	static const uint8_t psk[NOISE_KEY_LEN] = { 7 };
	static const uint8_t private_key[2][NOISE_KEY_LEN] = { { 0, 1 }, { 0, 2 } };
	const struct noise_suite suite = { .dh = dh };
	struct identity_config config = { .dh = dh };
	uint8_t peer[NOISE_PUBLIC_MAX];
	struct identity *id;

	if (pattern != NOISE_IK)
		config.psk = psk;
	if (pattern != NOISE_NNPSK0) {
		FUZZ_CHECK(!noise_public_key(&suite, private_key[!end], peer));
		config.private_key = private_key[end];
		config.peer_key = peer;
	}
	FUZZ_CHECK(!identity_new(&id, &config));
	return id;
}

const struct identity *fuzz_end(unsigned int kind, int end)
{
	static struct identity *made[FUZZ_KINDS][2];
	/* LeakSanitizer does not look into memory for secrets, where these are kept */
	static const struct noise_mac *volatile macs[FUZZ_KINDS][2];

	if (!made[kind][end]) {
		made[kind][end] = make_end(kind % NOISE_PATTERNS, kind / NOISE_PATTERNS, end);
		macs[kind][end] = made[kind][end]->mac_ready;
	}
	return made[kind][end];
}
