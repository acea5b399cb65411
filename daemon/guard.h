/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What stands before the Noise messages: the MAC that INIT must have to be
 * read at all, and CHALLENGE, the answer that asks for another INIT
 * (docs/protocol.md, "The MAC", "Challenges"). A few hashes each, no
 * public-key operation, no memory.
 */
#ifndef CIPE_GUARD_H
#define CIPE_GUARD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <cipe/wire.h>

#include "identity.h"

/* What comes before and behind the Noise message in INIT */
#define GUARD_HEADER_LEN sizeof(struct cipe_wire_control)
#define GUARD_INIT_HEAD (GUARD_HEADER_LEN + CIPE_WIRE_COOKIE_LEN)
#define GUARD_INIT_TAIL CIPE_WIRE_MAC_LEN

/* Octets of CHALLENGE: header, cookie, MAC; less than any INIT has */
#define GUARD_CHALLENGE_LEN (GUARD_HEADER_LEN + CIPE_WIRE_COOKIE_LEN + CIPE_WIRE_MAC_LEN)

/**
 * guard_sign - append the MAC to an INIT of ours
 * @id: keys of the link
 * @msg: INIT, with room for %CIPE_WIRE_MAC_LEN octets behind it
 * @len: octets without the MAC
 *
 * Return: 0 or -EIO.
 */
int guard_sign(const struct identity *id, uint8_t *msg, size_t len);

/**
 * guard_verify - has an INIT for us the right MAC?
 * @id: keys of the link
 * @msg: the datagram
 * @len: octets with the MAC
 */
bool guard_verify(const struct identity *id, const uint8_t *msg, size_t len);

/**
 * guard_write_challenge - answer an INIT for us by a cookie
 * @id: keys of the link
 * @init: the INIT, after guard_verify()
 * @init_len: octets
 * @cookie: what the initiator shall put into its next INIT
 * @out: CHALLENGE, %GUARD_CHALLENGE_LEN octets
 *
 * Return: 0 or -EIO.
 */
int guard_write_challenge(const struct identity *id, const uint8_t *init, size_t init_len,
			  const uint8_t cookie[CIPE_WIRE_COOKIE_LEN], uint8_t *out);

/**
 * guard_read_challenge - is this the peer's answer to our INIT?
 * @id: keys of the link
 * @init: our INIT
 * @init_len: octets
 * @msg: the datagram
 * @len: octets
 * @cookie: set when it is
 */
bool guard_read_challenge(const struct identity *id, const uint8_t *init, size_t init_len,
			  const uint8_t *msg, size_t len,
			  uint8_t cookie[CIPE_WIRE_COOKIE_LEN]);

#endif /* CIPE_GUARD_H */
