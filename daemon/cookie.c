// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A cookie has three parts: the tag of its secret, a MAC of the address, and one of
 * the address and the link's turn: the number of its latest exchange, counted over
 * all links of the jar. So it names the link as well.
 */
#include "cookie.h"

#include <arpa/inet.h>
#include <errno.h>
#include <string.h>

#include "noise_mac.h"
#include "secret.h"

/* Octets of each of the MACs */
#define PART ((CIPE_WIRE_COOKIE_LEN - COOKIE_TAG_LEN) / 2)

/* Where they are */
#define AT_ADDRESS COOKIE_TAG_LEN
#define AT_FRESH (COOKIE_TAG_LEN + PART)

/* Domains of the MACs */
enum { DOMAIN_ADDRESS = 1, DOMAIN_FRESH, DOMAIN_HOST };

/**
 * struct cookie_jar - secrets
 * @lib: libcrypto to use
 * @secret: the one that makes cookies, and the one before it, ready for use
 * @tag: of each, drawn with it
 * @made_at: when each was drawn
 * @drawn: how many there are, at most 2
 * @turns: so far
 */
struct cookie_jar {
	OSSL_LIB_CTX *lib;
	struct noise_mac *secret[COOKIE_TAGS_MAX];
	uint8_t tag[COOKIE_TAGS_MAX][COOKIE_TAG_LEN];
	uint64_t made_at[COOKIE_TAGS_MAX];
	unsigned int drawn;
	uint64_t turns;
};

/* What a MAC is of */
struct facts {
	uint8_t domain;
	uint8_t family;
	uint8_t host[16];
	uint16_t port;
	uint64_t turn;
} __attribute__((packed));

struct cookie_jar *cookie_new(OSSL_LIB_CTX *lib)
{
	struct cookie_jar *jar = secret_alloc(sizeof(*jar));

	if (jar)
		jar->lib = lib;
	return jar;
}

static void forget_secrets(struct cookie_jar *jar)
{
	unsigned int i;

	for (i = 0; i < 2; i++) {
		noise_mac_free(jar->secret[i]);
		jar->secret[i] = NULL;
	}
	jar->drawn = 0;
}

void cookie_free(struct cookie_jar *jar)
{
	if (jar)
		forget_secrets(jar);
	secret_free(jar, sizeof(*jar));
}

void cookie_use(struct cookie_jar *jar, OSSL_LIB_CTX *lib)
{
	if (jar->lib != lib)
		forget_secrets(jar);
	jar->lib = lib;
}

static struct noise_mac *new_secret(OSSL_LIB_CTX *lib, uint8_t tag[COOKIE_TAG_LEN])
{
	uint8_t random[NOISE_HASH_LEN];
	struct noise_mac *secret = NULL;

	if (secret_random_of(lib, tag, COOKIE_TAG_LEN))
		return NULL;
	/* Anything but what no cookie has */
	if (!cookie_tag(tag))
		tag[0] = 1;
	if (!secret_random_of(lib, random, sizeof(random)))
		secret = noise_mac_new(lib, random);
	secret_wipe(random, sizeof(random));
	return secret;
}

/* A new secret, when the present one has had its life */
static int draw(struct cookie_jar *jar, uint64_t now)
{
	struct noise_mac *secret;
	uint8_t tag[COOKIE_TAG_LEN];

	if (jar->drawn && now - jar->made_at[0] < COOKIE_LIFE_MS)
		return 0;
	secret = new_secret(jar->lib, tag);
	if (!secret)
		return -EIO;
	noise_mac_free(jar->secret[1]);
	jar->secret[1] = jar->secret[0];
	memcpy(jar->tag[1], jar->tag[0], COOKIE_TAG_LEN);
	jar->made_at[1] = jar->made_at[0];
	jar->secret[0] = secret;
	memcpy(jar->tag[0], tag, COOKIE_TAG_LEN);
	jar->made_at[0] = now;
	jar->drawn = jar->drawn ? 2 : 1;
	return 0;
}

static void take_host(struct facts *facts, const union addr *addr, size_t len6)
{
	facts->family = (uint8_t)addr->sa.sa_family;
	if (addr->sa.sa_family == AF_INET6)
		memcpy(facts->host, &addr->in6.sin6_addr, len6);
	else
		memcpy(facts->host, &addr->in.sin_addr, sizeof(addr->in.sin_addr));
}

/* @turn: %COOKIE_NO_TURN where it is about the address alone */
static int make_part(const struct cookie_jar *jar, unsigned int secret, uint8_t domain,
		     const union addr *addr, uint64_t turn, uint8_t out[PART])
{
	struct facts facts = { .domain = domain, .port = addr_port(addr), .turn = turn };
	uint8_t full[NOISE_HASH_LEN];
	int err;

	take_host(&facts, addr, sizeof(facts.host));
	err = noise_mac_make(jar->secret[secret], &facts, sizeof(facts), full);
	if (!err)
		memcpy(out, full, PART);
	secret_wipe(full, sizeof(full));
	return err;
}

int cookie_make(struct cookie_jar *jar, uint64_t now, const union addr *to, uint64_t turn,
		uint8_t cookie[CIPE_WIRE_COOKIE_LEN])
{
	int err = draw(jar, now);

	if (err)
		return err;
	memcpy(cookie, jar->tag[0], COOKIE_TAG_LEN);
	err = make_part(jar, 0, DOMAIN_ADDRESS, to, COOKIE_NO_TURN, cookie + AT_ADDRESS);
	return err ? err : make_part(jar, 0, DOMAIN_FRESH, to, turn, cookie + AT_FRESH);
}

/* Of a secret that made cookies for one life, none is younger than one now */
static bool may_be_good(const struct cookie_jar *jar, unsigned int secret, uint64_t now)
{
	return now < jar->made_at[secret] + 2 * COOKIE_LIFE_MS;
}

/* Is it what that part of the cookie has to be? */
static bool is_right(const struct cookie_jar *jar, unsigned int secret, uint8_t domain,
		     const union addr *from, uint64_t turn, const uint8_t part[PART])
{
	uint8_t right[PART];

	return !make_part(jar, secret, domain, from, turn, right) &&
	       secret_equal(part, right, PART);
}

unsigned int cookie_check(struct cookie_jar *jar, uint64_t now, const union addr *from,
			  uint64_t turn, const uint8_t cookie[CIPE_WIRE_COOKIE_LEN])
{
	unsigned int i;

	if (draw(jar, now))
		return 0;
	for (i = 0; i < jar->drawn; i++) {
		if (memcmp(cookie, jar->tag[i], COOKIE_TAG_LEN) || !may_be_good(jar, i, now) ||
		    !is_right(jar, i, DOMAIN_ADDRESS, from, COOKIE_NO_TURN, cookie + AT_ADDRESS))
			continue;
		if (turn == COOKIE_NO_TURN ||
		    !is_right(jar, i, DOMAIN_FRESH, from, turn, cookie + AT_FRESH))
			return COOKIE_ADDRESS;
		return COOKIE_ADDRESS | COOKIE_FRESH;
	}
	return 0;
}

uint32_t cookie_tag(const uint8_t cookie[COOKIE_TAG_LEN])
{
	uint32_t tag;

	memcpy(&tag, cookie, sizeof(tag));
	return ntohl(tag);
}

unsigned int cookie_tags(const struct cookie_jar *jar, uint64_t now,
			 uint32_t tag[COOKIE_TAGS_MAX])
{
	unsigned int i, n = 0;

	for (i = 0; i < jar->drawn; i++)
		if (may_be_good(jar, i, now))
			tag[n++] = cookie_tag(jar->tag[i]);
	return n;
}

uint64_t cookie_turn(struct cookie_jar *jar)
{
	return ++jar->turns;
}

uint32_t cookie_hash(const struct cookie_jar *jar, const union addr *from)
{
	struct facts facts = { .domain = DOMAIN_HOST };
	uint8_t full[NOISE_HASH_LEN] = { 0 };
	uint32_t hash;

	take_host(&facts, from, 8);
	noise_mac_make(jar->secret[0], &facts, sizeof(facts), full);
	memcpy(&hash, full, sizeof(hash));
	return hash;
}
