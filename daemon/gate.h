/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Before an INIT is read, with all that costs: are there too many, and does its
 * sender receive what we send to it? Asked for each address that INITs come to,
 * whichever of its links they are for.
 *
 * Times are those of session.h.
 */
#ifndef CIPE_GATE_H
#define CIPE_GATE_H

#include <stdbool.h>
#include <stdint.h>

#include "addr.h"
#include "cookie.h"
#include "handshake.h"
#include "load.h"

/**
 * struct gate - of an address of ours
 * @jar: makes and knows cookies
 * @load: INITs of late
 * @flooded: more come than are read, so those tell nothing (intake.h)
 * @asked: how often gate_challenge() asked
 */
struct gate {
	struct cookie_jar *jar;
	struct load load;
	bool flooded;
	unsigned int asked;
};

/**
 * enum gate_verdict - what to do with an INIT whose MAC is right
 * @GATE_READ: read it
 * @GATE_ASK: answer gate_challenge() and forget it
 * @GATE_DROP: forget it
 */
enum gate_verdict {
	GATE_READ,
	GATE_ASK,
	GATE_DROP,
};

/**
 * gate_new - a gate nobody has come to
 * @lib: libcrypto to use; NULL: the default one
 *
 * Return: for gate_free(); NULL without memory.
 */
struct gate *gate_new(OSSL_LIB_CTX *lib);

/** gate_free - wipe and free; NULL is fine */
void gate_free(struct gate *gate);

/**
 * gate_admit - count an INIT
 * @gate: the gate
 * @now: the time
 * @from: who sent it
 * @cookie: what its cookie says (cookie_check())
 */
enum gate_verdict gate_admit(struct gate *gate, uint64_t now, const union addr *from,
			     unsigned int cookie);

/**
 * gate_challenge - ask for another INIT; nothing is kept of this one
 * @gate: the gate
 * @id: keys of the link, or of any link the INIT may be for
 * @now: the time
 * @to: who sent the INIT
 * @init: the INIT
 * @len: its octets
 * @out: CHALLENGE
 *
 * Return: 0 or -EIO.
 */
int gate_challenge(struct gate *gate, const struct identity *id, uint64_t now,
		   const union addr *to, const uint8_t *init, size_t len,
		   struct handshake_message *out);

#endif /* CIPE_GATE_H */
