// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A cookie has three parts: the tag of its secret, how many turns there had been, of
 * all links of the jar, when it was made, and a MAC of that and the address. A link's
 * turn begins with each exchange; so a cookie that was made since then is told from
 * an earlier one, without knowing for which link it will be. That is enough, since no
 * INIT authenticates for two links of a jar (roster_add()).
 */
#include "cookie.h"

#include <arpa/inet.h>
#include <errno.h>
#include <string.h>

#include "noise_mac.h"
#include "secret.h"

/* Octets of the MAC */
#define MAC_LEN 8

/* Domains of MACs */
enum { DOMAIN_COOKIE = 1, DOMAIN_HOST, DOMAIN_MASK };

/* As it is sent; @turns: since the secret was drawn, in network byte order, masked: how
 * often others exchange keys is nobody's business
 */
struct parts {
	uint8_t tag[COOKIE_TAG_LEN];
	uint32_t turns;
	uint8_t mac[MAC_LEN];
};

_Static_assert(sizeof(struct parts) == CIPE_WIRE_COOKIE_LEN, "cookie");

/**
 * struct cookie_jar - secrets
 * @lib: libcrypto to use
 * @secret: the one that makes cookies, and the one before it, ready for use
 * @tag: of each, drawn with it
 * @turns_before: how many there had been when it was drawn
 * @made_at: when each was drawn
 * @drawn: how many there are, at most 2
 * @turns: so far
 */
struct cookie_jar {
	OSSL_LIB_CTX *lib;
	struct noise_mac *secret[COOKIE_TAGS_MAX];
	uint8_t tag[COOKIE_TAGS_MAX][COOKIE_TAG_LEN];
	uint64_t turns_before[COOKIE_TAGS_MAX];
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
	uint32_t turns;
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
	jar->turns_before[1] = jar->turns_before[0];
	jar->made_at[1] = jar->made_at[0];
	jar->secret[0] = secret;
	memcpy(jar->tag[0], tag, COOKIE_TAG_LEN);
	jar->turns_before[0] = jar->turns;
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

static int make_mac(const struct cookie_jar *jar, unsigned int secret, const union addr *addr,
		    uint32_t turns, uint8_t mac[MAC_LEN])
{
	struct facts facts = { .domain = DOMAIN_COOKIE, .port = addr_port(addr), .turns = turns };
	uint8_t full[NOISE_HASH_LEN];
	int err;

	take_host(&facts, addr, sizeof(facts.host));
	err = noise_mac_make(jar->secret[secret], &facts, sizeof(facts), full);
	if (!err)
		memcpy(mac, full, MAC_LEN);
	secret_wipe(full, sizeof(full));
	return err;
}

/* Put the mask on, or take it off */
static int mask(const struct cookie_jar *jar, unsigned int secret, struct parts *parts)
{
	uint8_t of[1 + MAC_LEN] = { DOMAIN_MASK }, full[NOISE_HASH_LEN];
	uint32_t word;
	int err;

	memcpy(of + 1, parts->mac, MAC_LEN);
	err = noise_mac_make(jar->secret[secret], of, sizeof(of), full);
	if (!err) {
		memcpy(&word, full, sizeof(word));
		parts->turns ^= word;
	}
	secret_wipe(full, sizeof(full));
	return err;
}

int cookie_make(struct cookie_jar *jar, uint64_t now, const union addr *to,
		uint8_t cookie[CIPE_WIRE_COOKIE_LEN])
{
	struct parts parts;
	int err = draw(jar, now);

	if (err)
		return err;
	memcpy(parts.tag, jar->tag[0], sizeof(parts.tag));
	/* Of two minutes: they do not come round */
	parts.turns = htonl((uint32_t)(jar->turns - jar->turns_before[0]));
	err = make_mac(jar, 0, to, parts.turns, parts.mac);
	if (!err)
		err = mask(jar, 0, &parts);
	if (!err)
		memcpy(cookie, &parts, sizeof(parts));
	return err;
}

/* Of a secret that made cookies for one life, none is younger than one now */
static bool may_be_good(const struct cookie_jar *jar, unsigned int secret, uint64_t now)
{
	return now < jar->made_at[secret] + 2 * COOKIE_LIFE_MS;
}

static bool is_right(const struct cookie_jar *jar, unsigned int secret, const union addr *from,
		     struct parts *parts)
{
	uint8_t mac[MAC_LEN];

	return !mask(jar, secret, parts) &&
	       !make_mac(jar, secret, from, parts->turns, mac) &&
	       secret_equal(parts->mac, mac, sizeof(mac));
}

unsigned int cookie_check(struct cookie_jar *jar, uint64_t now, const union addr *from,
			  uint64_t turn, const uint8_t cookie[CIPE_WIRE_COOKIE_LEN])
{
	struct parts parts;
	unsigned int i;

	if (draw(jar, now))
		return 0;
	for (i = 0; i < jar->drawn; i++) {
		memcpy(&parts, cookie, sizeof(parts));
		if (memcmp(parts.tag, jar->tag[i], sizeof(parts.tag)) ||
		    !may_be_good(jar, i, now) || !is_right(jar, i, from, &parts))
			continue;
		if (turn == COOKIE_NO_TURN || jar->turns_before[i] + ntohl(parts.turns) < turn)
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
