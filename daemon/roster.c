// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Which link a message of the key exchange is for. The tables are uthash's;
 * what it does not do, several elements of one key, is a list behind the first.
 */
#include "roster.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "guard.h"
#include "secret.h"

#define container_of(ptr, type, member) ((type *)((char *)(ptr) - offsetof(type, member)))

/* ------------------------------------------------------------------------
 * tables in which keys may repeat
 */

static struct roster_slot *slot_find(struct roster_slot *table, uint32_t key)
{
	struct roster_slot *slot;

	HASH_FIND(hh, table, &key, sizeof(key), slot);
	return slot;
}

/* Return: 0 or -ENOMEM */
static int slot_add(struct roster_slot **table, struct roster_slot *slot, uint32_t key)
{
	struct roster_slot *first = slot_find(*table, key);

	slot->key = key;
	slot->same = NULL;
	if (first) {
		slot->same = first->same;
		first->same = slot;
	} else {
		HASH_ADD(hh, *table, key, sizeof(slot->key), slot);
		if (!slot->hh.tbl)
			return -ENOMEM;
	}
	slot->in = true;
	return 0;
}

/* The first one of its key leaves its place in the table to the next */
static void slot_remove_first(struct roster_slot **table, struct roster_slot *slot)
{
	struct roster_slot *next = slot->same;

	HASH_DELETE(hh, *table, slot);
	if (!next)
		return;
	HASH_ADD(hh, *table, key, sizeof(next->key), next);
	/* Without memory those behind it are not found until they are added anew */
	next->in = next->hh.tbl;
}

static void slot_remove(struct roster_slot **table, struct roster_slot *slot)
{
	struct roster_slot *before;

	if (!slot->in)
		return;
	slot->in = false;
	before = slot_find(*table, slot->key);
	if (before == slot) {
		slot_remove_first(table, slot);
		return;
	}
	while (before && before->same != slot)
		before = before->same;
	if (before)
		before->same = slot->same;
}

/* ------------------------------------------------------------------------
 * links
 */

static uint32_t self_key(const uint8_t hint[CIPE_WIRE_HINT_LEN], uint8_t dh)
{
	return (uint32_t)hint[0] << 16 | (uint32_t)hint[1] << 8 | dh;
}

static struct roster_self *next_self(const struct roster_slot *slot)
{
	return slot ? container_of(slot, struct roster_self, slot) : NULL;
}

static struct roster_self *find_self(struct roster *r, const struct identity *id)
{
	uint32_t key = self_key(id->hint_in, identity_dh(id));
	struct roster_self *self;

	for (self = next_self(slot_find(r->selves, key)); self; self = next_self(self->slot.same))
		if (self->id->has_static == id->has_static &&
		    secret_equal(self->id->mac_in, id->mac_in, sizeof(id->mac_in)))
			break;
	return self;
}

static struct roster_self *new_self(struct roster *r, const struct identity *id)
{
	struct roster_self *self = calloc(1, sizeof(*self));

	if (!self)
		return NULL;
	self->id = id;
	if (!slot_add(&r->selves, &self->slot, self_key(id->hint_in, identity_dh(id))))
		return self;
	free(self);
	return NULL;
}

/* What is computed for all of them is by a libcrypto that one of them asks for, if
 * any does (suite fips). After one of those has gone, who else?
 */
static void choose_id(struct roster_self *self, const struct identity *gone)
{
	struct roster_entry *e = self->entries;

	if (self->id != gone)
		return;
	while (gone->lib && !e->id->lib && e->hh.next)
		e = e->hh.next;
	self->id = e->id;
}

/* Nobody is left who has it */
static void drop_self(struct roster *r, struct roster_self *self)
{
	slot_remove(&r->selves, &self->slot);
	free(self);
}

/**
 * roster_add() - a link more
 * @r: the roster
 * @e: all zero; stays where it is until roster_remove()
 * @id: its keys, which stay as long
 * @owner: for the caller
 *
 * Return: 0; -EEXIST when a link has the same keys: messages could not tell
 * which of them they are for; -ENOMEM.
 */
int roster_add(struct roster *r, struct roster_entry *e, const struct identity *id, void *owner)
{
	struct roster_self *self = find_self(r, id);

	if (self && (!id->has_static || roster_find_peer(self, id->peer_key)))
		return -EEXIST;
	if (!self)
		self = new_self(r, id);
	if (!self)
		return -ENOMEM;
	e->id = id;
	e->owner = owner;
	HASH_ADD_KEYPTR(hh, self->entries, e->id->peer_key, sizeof(id->peer_key), e);
	if (!e->hh.tbl) {
		if (!self->entries)
			drop_self(r, self);
		return -ENOMEM;
	}
	e->self = self;
	if (id->lib)
		self->id = id;
	r->count++;
	return 0;
}

/** roster_remove() - a link less; if it was in there */
void roster_remove(struct roster *r, struct roster_entry *e)
{
	struct roster_self *self = e->self;

	if (!self)
		return;
	slot_remove(&r->ours, &e->ours);
	slot_remove(&r->theirs, &e->theirs);
	HASH_DELETE(hh, self->entries, e);
	e->self = NULL;
	r->count--;
	if (!self->entries)
		drop_self(r, self);
	else
		choose_id(self, e->id);
}

/* Without memory the link is not found by it: the peer has to write again */
static void set_session(struct roster_slot **table, struct roster_slot *slot, bool any,
			uint32_t session)
{
	if (slot->in == any && (!any || slot->key == session))
		return;
	slot_remove(table, slot);
	if (any)
		slot_add(table, slot, session);
}

/** roster_set_ours() - an INIT of ours waits for an answer with this session id, or none */
void roster_set_ours(struct roster *r, struct roster_entry *e, bool any, uint32_t session)
{
	if (e->self)
		set_session(&r->ours, &e->ours, any, session);
}

/** roster_set_theirs() - an INIT of the peer's with this session id was answered, or none */
void roster_set_theirs(struct roster *r, struct roster_entry *e, bool any, uint32_t session)
{
	if (e->self)
		set_session(&r->theirs, &e->theirs, any, session);
}

static struct roster_entry *of_ours(const struct roster_slot *slot)
{
	return slot ? container_of(slot, struct roster_entry, ours) : NULL;
}

static struct roster_entry *of_theirs(const struct roster_slot *slot)
{
	return slot ? container_of(slot, struct roster_entry, theirs) : NULL;
}

/** roster_find_ours() - a link that waits for this session id; NULL: none */
struct roster_entry *roster_find_ours(struct roster *r, uint32_t session)
{
	return of_ours(slot_find(r->ours, session));
}

/** roster_next_ours() - another one; NULL: none */
struct roster_entry *roster_next_ours(const struct roster_entry *e)
{
	return of_ours(e->ours.same);
}

/** roster_find_theirs() - a link that answered this session id; NULL: none */
struct roster_entry *roster_find_theirs(struct roster *r, uint32_t session)
{
	return of_theirs(slot_find(r->theirs, session));
}

/** roster_next_theirs() - another one; NULL: none */
struct roster_entry *roster_next_theirs(const struct roster_entry *e)
{
	return of_theirs(e->theirs.same);
}

/**
 * roster_find_self() - to whom of us is an INIT addressed?
 * @r: the roster
 * @header: its header, by handshake_peek()
 * @msg: the datagram
 * @len: its octets
 *
 * Return: who it is, by hint and MAC; NULL: nobody here.
 */
struct roster_self *roster_find_self(struct roster *r, const struct handshake_header *header,
				     const uint8_t *msg, size_t len)
{
	uint32_t key = self_key(header->hint, header->dh);
	struct roster_self *self;

	for (self = next_self(slot_find(r->selves, key)); self; self = next_self(self->slot.same))
		if (guard_verify(self->id, msg, len))
			break;
	return self;
}

/** roster_self_only() - the only link of one of us; NULL: there are more */
struct roster_entry *roster_self_only(const struct roster_self *self)
{
	return HASH_COUNT(self->entries) == 1 ? self->entries : NULL;
}

/** roster_only() - the only link; NULL: there are more, or none */
struct roster_entry *roster_only(const struct roster *r)
{
	return r->count == 1 ? next_self(r->selves)->entries : NULL;
}

/**
 * roster_find_peer() - the link to a peer
 * @self: from roster_find_self()
 * @peer_key: the peer's public key, filled with zeroes
 *
 * Return: the link, or NULL.
 */
struct roster_entry *roster_find_peer(const struct roster_self *self,
				      const uint8_t peer_key[NOISE_PUBLIC_MAX])
{
	struct roster_entry *e;

	HASH_FIND(hh, self->entries, peer_key, NOISE_PUBLIC_MAX, e);
	return e;
}

/**
 * roster_hints() - what INITs for us have in their header
 * @r: the roster
 * @hint: the values, as numbers in network byte order; one may be there twice
 * @max: room for so many
 *
 * Return: how many; 0: none, or more than @max.
 */
unsigned int roster_hints(const struct roster *r, uint16_t *hint, unsigned int max)
{
	const struct roster_slot *slot = r->selves;
	unsigned int n = 0;

	/* Those behind the first of a key have the same hint */
	for (; slot; slot = slot->hh.next) {
		if (n == max)
			return 0;
		hint[n++] = (uint16_t)(slot->key >> 8);
	}
	return n;
}

/**
 * roster_awaited() - what answers to our INITs have as session id
 * @r: the roster
 * @session: the ids; those of several links that have one id by chance are one
 * @max: room for so many
 *
 * Return: how many there are; more than @max: none was set.
 */
unsigned int roster_awaited(const struct roster *r, uint32_t *session, unsigned int max)
{
	const struct roster_slot *slot = r->ours;
	unsigned int n = HASH_COUNT(r->ours);

	if (n > max)
		return n;
	for (; slot; slot = slot->hh.next)
		*session++ = slot->key;
	return n;
}

static unsigned int add_owners(const struct roster_slot *slot, void **owner, unsigned int n)
{
	const struct roster_entry *e;

	for (; slot; slot = slot->same)
		for (e = next_self(slot)->entries; e; e = e->hh.next)
			owner[n++] = e->owner;
	return n;
}

/**
 * roster_owners() - of all links
 * @r: the roster
 * @owner: set to what roster_add() got
 * @max: room for so many
 *
 * Return: how many; 0: none, or more than @max.
 */
unsigned int roster_owners(const struct roster *r, void **owner, unsigned int max)
{
	const struct roster_slot *slot = r->selves;
	unsigned int n = 0;

	if (r->count > max)
		return 0;
	for (; slot; slot = slot->hh.next)
		n = add_owners(slot, owner, n);
	return n;
}
