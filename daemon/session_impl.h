/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Inside a session: session.c has the events and the time, session_ours.c the
 * exchanges that we begin, session_theirs.c those of the peer.
 *
 * Either no exchange of ours is under way (s->ours is NULL, the next one
 * begins at s->start_at), or one is, until an answer or s->give_up_at. Beside
 * that we may have answered the peer: then a key is "next" in the kernel
 * (s->next_id) until the peer uses it, and until then, or s->hold_until, we
 * begin nothing by ourselves.
 */
#ifndef CIPED_SESSION_IMPL_H
#define CIPED_SESSION_IMPL_H

#include "gate.h"
#include "session.h"

/* Clocks that are further apart are not both right: worth a line in the log, and what
 * comes from so far ahead proves nothing by its time
 */
#define CLOCKS_APART_MS 3600000

/* The peer's address as heard, and as configured; one of them may change meanwhile */
#define ASKED_MAX 3

/**
 * struct answered - the last INIT of the peer that we answered
 * @init: its octets, to know it again; length 0: none
 * @response: what we answered; length 0: not to be repeated any more
 * @peer: what the peer said in it
 * @from: where it came from
 * @sent_at: when @response was last sent
 */
struct answered {
	struct handshake_message init;
	struct handshake_message response;
	struct handshake_info peer;
	struct path from;
	uint64_t sent_at;
};

/**
 * struct session - state of one link's key exchange
 * @config: constant facts
 * @ops: what we ask for
 * @ctx: for @ops
 * @configured: the peer's address by the configuration; unset: unknown
 * @endpoint: the peer's address by what was heard; unset: nothing was
 * @newest: what the peer wrote up to this time is not new; 0: nothing is known
 * @gate: of the address that INITs come to
 * @own_gate: it is no other link's
 * @turn: for cookies that prove the present (cookie_turn())
 * @current_id: rx id of the current key; 0: no usable key
 * @next_id: rx id of the key of our latest answer, not yet used; 0: none
 * @hold_until: begin nothing before that time
 * @start_at: when to begin the next exchange
 * @wanted: it was to begin, but there was no address to send to
 * @failures: exchanges without an answer in a row
 * @ours: the exchange under way; NULL: none
 * @init: its message
 * @cookie: what the peer's latest CHALLENGE had, for INITs of later exchanges
 * @cookie_until: as long as it may be good
 * @challenges: how often the peer asked for another one
 * @sends: how often it was sent
 * @retry_at: when to send it again
 * @give_up_at: when to give up
 * @yielded: newest timestamp of the peer's INITs that gave way to ours
 * @nudged: where that one came from
 * @nudged_at: when ours was last sent there; 0: was not
 * @confirm_at: when to look whether the peer was heard under the key of our
 *	latest exchange; SESSION_NEVER: no need to
 * @unheard: exchanges of ours in a row after which it was not
 * @asked: where it was sent to besides, the latest ones
 * @asked_count: how many addresses were put there
 * @answered: the peer's exchange
 */
struct session {
	struct session_config config;
	const struct session_ops *ops;
	void *ctx;
	union addr configured;
	union addr endpoint;
	uint64_t newest;
	struct gate *gate;
	bool own_gate;
	uint64_t turn;
	uint32_t current_id;
	uint32_t next_id;
	uint64_t hold_until;
	uint64_t start_at;
	bool wanted;
	unsigned int failures;
	struct handshake *ours;
	struct handshake_message init;
	uint8_t cookie[CIPE_WIRE_COOKIE_LEN];
	uint64_t cookie_until;
	unsigned int challenges;
	unsigned int sends;
	uint64_t retry_at;
	uint64_t give_up_at;
	uint64_t yielded;
	union addr nudged;
	uint64_t nudged_at;
	uint64_t confirm_at;
	unsigned int unheard;
	union addr asked[ASKED_MAX];
	unsigned int asked_count;
	struct answered answered;
};

static inline uint64_t min_u64(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

static inline uint64_t max_u64(uint64_t a, uint64_t b)
{
	return a > b ? a : b;
}

/* session.c */
uint64_t session_back_off(struct session *s, uint64_t base, unsigned int n, uint64_t max);
uint32_t session_random_key_id(struct session *s);
void session_want_start(struct session *s, uint64_t when);
void session_want_start_soon(struct session *s, uint64_t now);
void session_abandon_ours(struct session *s);
void session_forget_next(struct session *s);
unsigned long long session_distance_ms(uint64_t a, uint64_t b);
void session_remember(struct session *s, uint64_t timestamp);

/* session_ours.c */
void session_begin(struct session *s, uint64_t now);
void session_send_init(struct session *s, uint64_t now);
void session_give_up(struct session *s, uint64_t now);
void session_confirm(struct session *s, uint64_t now);
bool session_nudge(struct session *s, uint64_t now, const struct path *to, uint64_t timestamp);
bool session_receive_response(struct session *s, uint64_t now, const struct path *from,
			      const uint8_t *data, size_t len, uint32_t session);

bool session_receive_challenge(struct session *s, uint64_t now, const struct path *from,
			       const uint8_t *data, size_t len, uint32_t session);

/* session_theirs.c */
bool session_receive_init(struct session *s, uint64_t now, const struct path *from,
			  const uint8_t *data, size_t len);

#endif /* CIPED_SESSION_IMPL_H */
