// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * When to exchange keys: what happens, and when it is time.
 */
#include "session_impl.h"

#include <stdlib.h>
#include <string.h>

#include "log.h"

/* base * 2^n, at most max, ± 20 % */
uint64_t session_back_off(struct session *s, uint64_t base, unsigned int n, uint64_t max)
{
	uint64_t ms = n < 16 ? min_u64(base << n, max) : max;

	return ms - ms / 5 + s->ops->random(s->ctx) % (2 * (ms / 5) + 1);
}

uint32_t session_random_key_id(struct session *s)
{
	uint32_t id;

	do {
		id = s->ops->random(s->ctx) & CIPE_WIRE_ID_MASK;
	} while (!id);
	return id;
}

void session_want_start(struct session *s, uint64_t when)
{
	s->start_at = min_u64(s->start_at, when);
}

/* Soon, but not in the same instant as the peer who saw the same event */
void session_want_start_soon(struct session *s, uint64_t now)
{
	session_want_start(s, now + s->ops->random(s->ctx) % 50);
}

void session_abandon_ours(struct session *s)
{
	handshake_free(s->ours);
	s->ours = NULL;
	s->init.len = 0;
}

/* The key of our latest answer is used, or will never be */
void session_forget_next(struct session *s)
{
	s->next_id = 0;
	s->hold_until = 0;
	s->answered.response.len = 0;
}

unsigned long long session_distance_ms(uint64_t a, uint64_t b)
{
	return (a > b ? a - b : b - a) / 1000000;
}

/* Time stamps do not go back: of a clock that was ahead once, and is right by now, they
 * are still
 */
static void tell_apart(uint64_t timestamp, uint64_t wall)
{
	static struct log_limit limit = LOG_LIMIT_INIT;
	unsigned long long apart_s = session_distance_ms(timestamp, wall) / 1000;

	if (wall > timestamp)
		log_limited(&limit, LOG_NOTICE, "our clock is %llu s ahead of the peer's: one is "
			    "wrong", apart_s);
	else
		log_limited(&limit, LOG_NOTICE, "the peer's clock is, or once was, %llu s ahead of "
			    "ours, if that is right (tokxts in ciped(8) has the remedy)", apart_s);
}

/* There was an exchange, and with it a word of the peer that was written now, at
 * @timestamp by its clock; 0: it did not say. Nothing from before is new.
 */
void session_remember(struct session *s, uint64_t timestamp)
{
	uint64_t wall = s->ops->wall_clock(s->ctx);
	uint64_t newest = max_u64(timestamp, s->yielded);

	/* No INIT that gave way to ours, whatever clock it was written by. No cookie
	 * either, as that may have come with it.
	 */
	s->turn = cookie_turn(s->gate->jar);
	if (!newest)
		return;
	/* Without a memory of the peer: its clock may have gone back since it wrote
	 * what somebody recorded
	 */
	if (!s->newest)
		s->newest = wall;
	s->newest = max_u64(s->newest, newest);
	s->ops->accepted(s->ctx, s->newest);
	if (timestamp && session_distance_ms(timestamp, wall) > CLOCKS_APART_MS)
		tell_apart(timestamp, wall);
}

/* ------------------------------------------------------------------------
 * events
 */

/**
 * session_new() - a session in which nothing happened yet
 * @config: copied, but for the keys
 * @ops: what to do; stays the caller's
 * @ctx: for @ops
 * Return: for session_free(); NULL without memory.
 */
struct session *session_new(const struct session_config *config, const struct session_ops *ops,
			    void *ctx)
{
	struct session *s = calloc(1, sizeof(*s));

	if (!s)
		return NULL;
	s->own_gate = !config->gate;
	s->gate = config->gate ? config->gate : gate_new(config->handshake.id->lib);
	if (!s->gate) {
		free(s);
		return NULL;
	}
	s->turn = cookie_turn(s->gate->jar);
	s->config = *config;
	s->ops = ops;
	s->ctx = ctx;
	s->start_at = SESSION_NEVER;
	s->confirm_at = SESSION_NEVER;
	return s;
}

/** session_free() - forget everything; @s may be NULL */
void session_free(struct session *s)
{
	if (!s)
		return;
	session_abandon_ours(s);
	if (s->own_gate)
		gate_free(s->gate);
	free(s);
}

/** session_set_newest() - what an earlier run remembered of session_ops.accepted */
void session_set_newest(struct session *s, uint64_t timestamp)
{
	s->newest = max_u64(s->newest, timestamp);
}

/**
 * session_set_configured() - the peer's address by the configuration
 * @s: the session
 * @now: the time
 * @addr: as resolved now
 */
void session_set_configured(struct session *s, uint64_t now, const union addr *addr)
{
	s->configured = *addr;
	if (s->wanted)
		session_want_start(s, now);
}

/** session_no_address() - the peer's name has no address now; ask for it again later */
void session_no_address(struct session *s, uint64_t now)
{
	if (!s->wanted)
		return;
	session_want_start(s, now + session_back_off(s, SESSION_PAUSE_FIRST_MS, s->failures,
						     SESSION_PAUSE_MAX_MS));
	s->failures++;
}

/**
 * session_start() - the link is ready: exchange keys as soon as possible
 * @s: the session
 * @now: the time
 * @current_id: rx id of a key that survived an earlier run; 0: none
 * @endpoint: the peer's address the kernel knows from then; unset: none
 */
void session_start(struct session *s, uint64_t now, uint32_t current_id,
		   const union addr *endpoint)
{
	s->current_id = current_id;
	s->endpoint = *endpoint;
	session_want_start_soon(s, now);
}

/** session_deadline() - when to call session_timer(); SESSION_NEVER: not yet */
uint64_t session_deadline(const struct session *s)
{
	if (s->ours)
		return min_u64(s->retry_at, s->give_up_at);
	return min_u64(s->confirm_at, max_u64(s->start_at, s->hold_until));
}

/** session_timer() - do what is due; too early or too often does no harm */
void session_timer(struct session *s, uint64_t now)
{
	if (!s->ours && now >= s->confirm_at)
		session_confirm(s, now);
	if (now < session_deadline(s))
		return;
	if (!s->ours)
		session_begin(s, now);
	else if (now >= s->give_up_at)
		session_give_up(s, now);
	else
		session_send_init(s, now);
}

/**
 * session_receive() - a key exchange message arrived
 * @s: the session
 * @now: the time
 * @from: where from, and where to
 * @data: the datagram
 * @len: its octets
 * Return: it was authentic, and new for sure; else it changed nothing.
 */
bool session_receive(struct session *s, uint64_t now, const struct path *from,
		     const uint8_t *data, size_t len)
{
	static struct log_limit limit = LOG_LIMIT_INIT;
	struct handshake_header header;
	enum handshake_result rc;
	char text[128], addr[ADDR_STR_MAX];

	if (len > CIPE_WIRE_CONTROL_MAX)
		return false;
	memset(&header, 0, sizeof(header));
	rc = handshake_peek(data, len, &header);
	if (rc == HANDSHAKE_OK && header.type == CIPE_WIRE_INIT)
		return session_receive_init(s, now, from, data, len);
	if (rc == HANDSHAKE_OK && header.type == CIPE_WIRE_CHALLENGE)
		return session_receive_challenge(s, now, from, data, len, header.session);
	if (rc == HANDSHAKE_OK)
		return session_receive_response(s, now, from, data, len, header.session);
	log_limited(&limit, LOG_WARNING, "message from %s not understood: %s",
		    addr_format(&from->remote, addr),
		    handshake_describe(NULL, NULL, rc, text, sizeof(text)));
	return false;
}

/**
 * session_awaits() - does an INIT of ours wait for an answer?
 * @s: the session
 * @id: set to the session id that the answer will have
 */
bool session_awaits(const struct session *s, uint32_t *id)
{
	if (!s->ours || !s->init.len)
		return false;
	*id = handshake_session(s->ours);
	return true;
}

/**
 * session_answered() - was an INIT of the peer answered?
 * @s: the session
 * @id: set to the session id that it had, the latest one's
 */
bool session_answered(const struct session *s, uint32_t *id)
{
	struct handshake_header header;

	if (!s->answered.init.len)
		return false;
	handshake_peek(s->answered.init.data, s->answered.init.len, &header);
	*id = header.session;
	return true;
}

/** session_moved() - an authentic packet came from another address */
void session_moved(struct session *s, uint64_t now, const union addr *endpoint)
{
	s->endpoint = *endpoint;
	if (s->wanted)
		session_want_start(s, now);
}

/** session_peer_dead() - nothing was heard for too long: try a new exchange */
void session_peer_dead(struct session *s, uint64_t now)
{
	if (!s->ours)
		session_want_start_soon(s, now);
}

/**
 * session_key_active() - the peer used the key of our latest answer
 * @s: the session
 * @now: the time
 * @rx_id: of the key
 */
void session_key_active(struct session *s, uint64_t now, uint32_t rx_id)
{
	uint64_t later = s->config.tokey_ms / 10;

	if (!s->next_id || s->next_id != rx_id)
		return;
	/* Both have a new key now; what we began meanwhile is not needed */
	session_abandon_ours(s);
	session_forget_next(s);
	s->current_id = rx_id;
	s->wanted = false;
	s->failures = 0;
	s->unheard = 0;
	s->confirm_at = SESSION_NEVER;
	if (!addr_is_set(&s->endpoint))
		s->endpoint = s->answered.from.remote;
	/* The peer began and shall begin again. If it does not, we do. */
	later = max_u64(later, 500) + s->ops->random(s->ctx) % (later / 2 + 250);
	s->start_at = now + s->config.tokey_ms + later;
	s->ops->established(s->ctx, &s->answered.peer, false);
}

/** session_key_limit() - the current key nears its limit: replace it now */
void session_key_limit(struct session *s, uint64_t now, uint32_t rx_id)
{
	if (rx_id == s->current_id && !s->ours)
		session_want_start(s, now);
}

/** session_key_expired() - the current key ended without a successor */
void session_key_expired(struct session *s, uint64_t now, uint32_t rx_id)
{
	if (!s->current_id || rx_id != s->current_id)
		return;
	s->current_id = 0;
	if (!s->ours)
		session_want_start_soon(s, now);
}

/**
 * session_keys_seen() - make up for events that were lost
 * @s: the session
 * @now: the time
 * @seen: the keys there are
 */
void session_keys_seen(struct session *s, uint64_t now, const struct session_keys_seen *seen)
{
	if (s->next_id && seen->current == s->next_id)
		session_key_active(s, now, s->next_id);
	else if (s->next_id && seen->next != s->next_id)
		session_forget_next(s);
	if (s->current_id && seen->current != s->current_id)
		session_key_expired(s, now, s->current_id);
	s->current_id = seen->current;
}

/** session_current_id() - rx id of the key in use; 0: none */
uint32_t session_current_id(const struct session *s)
{
	return s->current_id;
}
