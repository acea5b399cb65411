/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Cookies: what CHALLENGE carries and the next INIT brings back. They say two
 * things of the sender of that INIT, without a trace of it being kept: that it
 * receives what is sent to its address, and that it lives now
 * (docs/protocol.md, "Challenges").
 *
 * Times are those of session.h.
 */
#ifndef CIPE_COOKIE_H
#define CIPE_COOKIE_H

#include <stdbool.h>
#include <stdint.h>

#include <cipe/wire.h>
#include <openssl/types.h>

#include "addr.h"

/* A cookie is good for one to two of these */
#define COOKIE_LIFE_MS 120000

/* Every cookie begins with the tag of the secret it is made of, so that a filter can
 * tell INITs whose sender has one. Not 0, which is no cookie's
 */
#define COOKIE_TAG_LEN 4
#define COOKIE_TAGS_MAX 2

/* What a cookie says */
#define COOKIE_ADDRESS 1u	/* sent from the address it was given to */
#define COOKIE_FRESH 2u		/* made since the latest exchange */

/* For it no cookie is fresh */
#define COOKIE_NO_TURN 0u

/* Secrets that cookies are made of; in memory as in noise_mac.h */
struct cookie_jar;

/**
 * cookie_new - a jar of its own secrets
 * @lib: libcrypto to use; NULL: the default one
 *
 * Return: for cookie_free(); NULL without locked memory.
 */
struct cookie_jar *cookie_new(OSSL_LIB_CTX *lib);

/** cookie_free - wipe and free; NULL is fine */
void cookie_free(struct cookie_jar *jar);

/**
 * cookie_use - compute by that library from now on
 * @jar: of the address; cookies that it gave are good no more
 * @lib: as in cookie_new()
 */
void cookie_use(struct cookie_jar *jar, OSSL_LIB_CTX *lib);

/**
 * cookie_make - a cookie
 * @jar: of the address
 * @now: the time
 * @to: who gets it
 * @cookie: receives it
 *
 * Return: 0 or -EIO.
 */
int cookie_make(struct cookie_jar *jar, uint64_t now, const union addr *to,
		uint8_t cookie[CIPE_WIRE_COOKIE_LEN]);

/**
 * cookie_check - what does a cookie say?
 * @jar: of the address
 * @now: the time
 * @from: who brought it
 * @turn: of the link, from cookie_turn(); %COOKIE_NO_TURN: it is not known which
 * @cookie: all 0: none
 *
 * Return: %COOKIE_ADDRESS and %COOKIE_FRESH, or 0.
 */
unsigned int cookie_check(struct cookie_jar *jar, uint64_t now, const union addr *from,
			  uint64_t turn, const uint8_t cookie[CIPE_WIRE_COOKIE_LEN]);

/**
 * cookie_tags - what cookies that may be good begin with
 * @jar: of the address
 * @now: the time
 * @tag: receives up to %COOKIE_TAGS_MAX, as 32 bits in network byte order are read
 *
 * No secret of those who were given one, nor of those who can read along.
 *
 * Return: how many.
 */
unsigned int cookie_tags(const struct cookie_jar *jar, uint64_t now,
			 uint32_t tag[COOKIE_TAGS_MAX]);

/** cookie_tag - likewise, of that one; 0: none */
uint32_t cookie_tag(const uint8_t cookie[COOKIE_TAG_LEN]);

/**
 * cookie_turn - a link's turn begins: no cookie made so far is fresh for it any more
 * @jar: of the address, whose links may be many, and come and go
 *
 * Return: which one it is, of all links together.
 */
uint64_t cookie_turn(struct cookie_jar *jar);

/**
 * cookie_hash - a number by the host of an address that nobody can foresee
 * @jar: after cookie_make() or cookie_check()
 * @from: the address; IPv6: the first 64 bits count
 */
uint32_t cookie_hash(const struct cookie_jar *jar, const union addr *from);

#endif /* CIPE_COOKIE_H */
