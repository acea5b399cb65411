/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Which link a message of the key exchange is for, among thousands that share an
 * address and port. Hash tables: what a message costs does not depend on how
 * many links there are.
 *
 *   INIT       by its hint and MAC: to whom of us it is addressed (struct
 *              roster_self); with public keys then by the peer's
 *   RESPONSE,  by the session id of the INIT of ours that they answer
 *   CHALLENGE
 *   INIT that  by the session id, octet by octet as before: no public-key
 *   is repeated operation
 */
#ifndef CIPED_ROSTER_H
#define CIPED_ROSTER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Without memory an element is not added, and we can say so */
#define HASH_NONFATAL_OOM 1
#include <uthash.h>

#include "handshake.h"
#include "identity.h"

/**
 * struct roster_slot - an element of a table in which keys may repeat
 * @key: what it is found by
 * @in: it is in a table
 * @same: next one of the same key
 * @hh: of the first one of its key
 */
struct roster_slot {
	uint32_t key;
	bool in;
	struct roster_slot *same;
	UT_hash_handle hh;
};

/**
 * struct roster_self - one of us: a pre-shared key, or a private key of ours
 * @slot: by hint and DH functions
 * @id: of one of @entries, by whose libcrypto it is found out which one is meant
 * @entries: links that have it, by the peer's public key; just one with a
 *	pre-shared key alone
 */
struct roster_self {
	struct roster_slot slot;
	const struct identity *id;
	struct roster_entry *entries;
};

/**
 * struct roster_entry - a link; part of what it is of
 * @id: its keys
 * @owner: whose it is
 * @self: who it is to others; NULL: in no roster
 * @ours: by the session id of the INIT of ours that waits for an answer
 * @theirs: by that of the INIT of the peer's that was answered
 * @hh: among the links of @self
 */
struct roster_entry {
	const struct identity *id;
	void *owner;
	struct roster_self *self;
	struct roster_slot ours;
	struct roster_slot theirs;
	UT_hash_handle hh;
};

/**
 * struct roster - the links of an address; all zero at first
 * @count: how many
 * @selves: by hint
 * @ours: by session id
 * @theirs: by session id
 */
struct roster {
	unsigned int count;
	struct roster_slot *selves;
	struct roster_slot *ours;
	struct roster_slot *theirs;
};

int roster_add(struct roster *r, struct roster_entry *e, const struct identity *id, void *owner);
void roster_remove(struct roster *r, struct roster_entry *e);
void roster_set_ours(struct roster *r, struct roster_entry *e, bool any, uint32_t session);
void roster_set_theirs(struct roster *r, struct roster_entry *e, bool any, uint32_t session);
struct roster_entry *roster_find_ours(struct roster *r, uint32_t session);
struct roster_entry *roster_next_ours(const struct roster_entry *e);
struct roster_entry *roster_find_theirs(struct roster *r, uint32_t session);
struct roster_entry *roster_next_theirs(const struct roster_entry *e);
struct roster_self *roster_find_self(struct roster *r, const struct handshake_header *header,
				     const uint8_t *msg, size_t len);
struct roster_entry *roster_only(const struct roster *r);
unsigned int roster_awaited(const struct roster *r, uint32_t *session, unsigned int max);
unsigned int roster_hints(const struct roster *r, uint16_t *hint, unsigned int max);
unsigned int roster_owners(const struct roster *r, void **owner, unsigned int max);
struct roster_entry *roster_self_only(const struct roster_self *self);
struct roster_entry *roster_find_peer(const struct roster_self *self,
				      const uint8_t peer_key[NOISE_PUBLIC_MAX]);

#endif /* CIPED_ROSTER_H */
