/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * When to exchange keys: start, retry, give up, answer, rekey. A state machine
 * without input, output or a clock of its own: the caller tells what happened
 * and when, and does what the operations say (docs/protocol.md, "Key
 * exchange").
 *
 * Times are milliseconds of any clock that never goes back.
 */
#ifndef CIPED_SESSION_H
#define CIPED_SESSION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <linux/cipe.h>

#include "addr.h"
#include "gate.h"
#include "handshake.h"

#define SESSION_NEVER UINT64_MAX

/* A message is repeated after 500 ms, 1, 2, 4, 4, … s (each ± 20 %) */
#define SESSION_RETRY_FIRST_MS 500
#define SESSION_RETRY_MAX_MS 4000

/* Pause after an exchange without an answer: 1, 2, 4, … 30 s (± 20 %) */
#define SESSION_PAUSE_FIRST_MS 1000
#define SESSION_PAUSE_MAX_MS 30000

/* Unanswered messages to the peer's latest address before its configured one
 * is tried in turn with it
 */
#define SESSION_LOYAL_SENDS 3

/* Challenges answered in one exchange */
#define SESSION_CHALLENGES_MAX 8

/* At least that long between two answers to the same INIT */
#define SESSION_REPEAT_MIN_MS 250

/**
 * struct session_config - constant facts
 * @handshake: key, mode, cipher; the key stays the caller's
 * @gate: of the address that it shares with other links, and stays the caller's;
 *	NULL: it has one of its own
 * @own: what we tell the peer; timestamp and key id are filled in
 * @tokey_ms: age at which a key is replaced
 * @tokxc_ms: an exchange without an answer is given up after that time
 * @tokxts_ms: how far the peer's clock may be from ours; 0: any
 * @pin: the peer stays at its configured address
 */
struct session_config {
	struct handshake_config handshake;
	struct gate *gate;
	struct handshake_info own;
	uint32_t tokey_ms;
	uint32_t tokxc_ms;
	uint32_t tokxts_ms;
	bool pin;
};

/**
 * struct session_keys_seen - keys in the kernel, as read back
 * @current: rx id of the current key; 0: none
 * @next: rx id of the next key; 0: none
 */
struct session_keys_seen {
	uint32_t current;
	uint32_t next;
};

/**
 * struct session_ops - what the session asks its caller to do, at once
 * @random: 32 random bits, for jitter and key ids
 * @wall_clock: nanoseconds since 1970
 * @timestamp: the same for a message of ours; each greater than any before, also those
 *	of earlier runs
 * @accepted: remember, for later runs too: what the peer wrote up to this time is
 *	not new
 * @begin: an exchange of ours begins: a good time to resolve the peer's name
 * @send: send a datagram; @path->local may be unset
 * @key_set: install a key: 0, -EEXIST when its rx id is in use, -errno
 * @key_del_next: retire the next key; there may be none
 * @endpoint: tell the kernel the peer's address: 0 or -errno
 * @heard: was a packet received under the key of this rx id? True if unknown
 * @established: a new key is in use; what the peer said with it
 */
struct session_ops {
	uint32_t (*random)(void *ctx);
	uint64_t (*wall_clock)(void *ctx);
	uint64_t (*timestamp)(void *ctx);
	void (*accepted)(void *ctx, uint64_t timestamp);
	void (*begin)(void *ctx);
	void (*send)(void *ctx, const struct path *path, const struct handshake_message *msg);
	int (*key_set)(void *ctx, enum cipe_slot slot, const struct handshake_keys *keys);
	void (*key_del_next)(void *ctx);
	int (*endpoint)(void *ctx, const union addr *endpoint);
	bool (*heard)(void *ctx, uint32_t rx_id);
	void (*established)(void *ctx, const struct handshake_info *peer, bool initiator);
};

struct session;

struct session *session_new(const struct session_config *config, const struct session_ops *ops,
			    void *ctx);
void session_free(struct session *s);

void session_set_newest(struct session *s, uint64_t timestamp);
void session_set_configured(struct session *s, uint64_t now, const union addr *addr);
void session_no_address(struct session *s, uint64_t now);
void session_start(struct session *s, uint64_t now, uint32_t current_id,
		   const union addr *endpoint);

uint64_t session_deadline(const struct session *s);
void session_timer(struct session *s, uint64_t now);
bool session_receive(struct session *s, uint64_t now, const struct path *from,
		     const uint8_t *data, size_t len);
bool session_receive_admitted(struct session *s, uint64_t now, const struct path *from,
			      const uint8_t *data, size_t len);
bool session_is_repetition(const struct session *s, const uint8_t *data, size_t len);
bool session_awaits(const struct session *s, uint32_t *id);
bool session_answered(const struct session *s, uint32_t *id);

void session_moved(struct session *s, uint64_t now, const union addr *endpoint);
void session_peer_dead(struct session *s, uint64_t now);
void session_key_active(struct session *s, uint64_t now, uint32_t rx_id);
void session_key_limit(struct session *s, uint64_t now, uint32_t rx_id);
void session_key_expired(struct session *s, uint64_t now, uint32_t rx_id);
void session_keys_seen(struct session *s, uint64_t now, const struct session_keys_seen *seen);

uint32_t session_current_id(const struct session *s);

#endif /* CIPED_SESSION_H */
