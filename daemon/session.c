// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * When to exchange keys.
 *
 * Either no exchange of ours is under way (s->ours is NULL, the next one
 * begins at s->start_at), or one is, until an answer or s->give_up_at. Beside
 * that we may have answered the peer: then a key is "next" in the kernel
 * (s->next_id) until the peer uses it, and until then, or s->hold_until, we
 * begin nothing by ourselves.
 */
#include "session.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "log.h"

#define KEY_ID_TRIES 8

/* The peer's address as heard, as configured, and where its own INIT came from */
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
 * @newest: timestamp of the newest INIT that was answered
 * @current_id: rx id of the current key; 0: no usable key
 * @next_id: rx id of the key of our latest answer, not yet used; 0: none
 * @hold_until: begin nothing before that time
 * @start_at: when to begin the next exchange
 * @wanted: it was to begin, but there was no address to send to
 * @failures: exchanges without an answer in a row
 * @ours: the exchange under way; NULL: none
 * @init: its message
 * @init_id: our key id in it
 * @sends: how often it was sent
 * @retry_at: when to send it again
 * @give_up_at: when to give up
 * @nudged_at: when it was last sent because the peer's INIT came instead
 * @asked: where it was sent to, the latest ones
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
	uint32_t current_id;
	uint32_t next_id;
	uint64_t hold_until;
	uint64_t start_at;
	bool wanted;
	unsigned int failures;
	struct handshake *ours;
	struct handshake_message init;
	uint32_t init_id;
	unsigned int sends;
	uint64_t retry_at;
	uint64_t give_up_at;
	uint64_t nudged_at;
	union addr asked[ASKED_MAX];
	unsigned int asked_count;
	struct answered answered;
};

static uint64_t min_u64(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

static uint64_t max_u64(uint64_t a, uint64_t b)
{
	return a > b ? a : b;
}

/* base * 2^n, at most max, ± 20 % */
static uint64_t back_off(struct session *s, uint64_t base, unsigned int n, uint64_t max)
{
	uint64_t ms = n < 16 ? min_u64(base << n, max) : max;

	return ms - ms / 5 + s->ops->random(s->ctx) % (2 * (ms / 5) + 1);
}

static uint32_t random_key_id(struct session *s)
{
	uint32_t id;

	do {
		id = s->ops->random(s->ctx) & CIPE_WIRE_ID_MASK;
	} while (!id);
	return id;
}

static void want_start(struct session *s, uint64_t when)
{
	s->start_at = min_u64(s->start_at, when);
}

/* Soon, but not in the same instant as the peer who saw the same event */
static void want_start_soon(struct session *s, uint64_t now)
{
	want_start(s, now + s->ops->random(s->ctx) % 50);
}

static void abandon_ours(struct session *s)
{
	handshake_free(s->ours);
	s->ours = NULL;
	s->init.len = 0;
}

/* The key of our latest answer is used, or will never be */
static void forget_next(struct session *s)
{
	s->next_id = 0;
	s->hold_until = 0;
	s->answered.response.len = 0;
}

/* ------------------------------------------------------------------------
 * our exchange
 */

/* Where to send INIT the next time; false: no address is known */
static bool destination(const struct session *s, struct path *to)
{
	bool other = addr_is_set(&s->endpoint) && addr_is_set(&s->configured) &&
		     s->sends >= SESSION_LOYAL_SENDS && s->sends % 2;

	memset(to, 0, sizeof(*to));
	to->remote = !addr_is_set(&s->endpoint) || other ? s->configured : s->endpoint;
	return addr_is_set(&to->remote);
}

static bool was_asked(const struct session *s, const union addr *addr)
{
	unsigned int i;

	for (i = 0; i < ASKED_MAX && i < s->asked_count; i++)
		if (addr_equal(&s->asked[i], addr))
			return true;
	return false;
}

static void ask(struct session *s, const struct path *to)
{
	if (!was_asked(s, &to->remote))
		s->asked[s->asked_count++ % ASKED_MAX] = to->remote;
	s->ops->send(s->ctx, to, &s->init);
}

/* Where the peer is by its RESPONSE. What it was sent from is not authentic:
 * an address that we did not write to is as likely a forger's, and nothing
 * would lead us away from it before the peer uses the new key.
 */
static const union addr *find_endpoint(const struct session *s, const union addr *from)
{
	if (s->config.pin && addr_is_set(&s->configured))
		return &s->configured;
	if (s->config.pin && addr_is_set(&s->endpoint))
		return &s->endpoint;
	if (was_asked(s, from) || !s->asked_count)
		return from;
	return &s->asked[(s->asked_count - 1) % ASKED_MAX];
}

static void send_init(struct session *s, uint64_t now)
{
	struct path to;

	if (destination(s, &to))
		ask(s, &to);
	s->retry_at = now + back_off(s, SESSION_RETRY_FIRST_MS, s->sends, SESSION_RETRY_MAX_MS);
	s->sends++;
}

static void pause_exchange(struct session *s, uint64_t now)
{
	abandon_ours(s);
	s->start_at = now + back_off(s, SESSION_PAUSE_FIRST_MS, s->failures,
				     SESSION_PAUSE_MAX_MS);
	s->failures++;
}

static void give_up(struct session *s, uint64_t now)
{
	char peer[ADDR_STR_MAX];
	struct path to;

	destination(s, &to);
	pause_exchange(s, now);
	log_msg(s->failures == 1 ? LOG_WARNING : LOG_INFO,
		"no answer to the key exchange from %s within %u ms (%u in a row); next try in "
		"%llu ms. Does it run, has it the same key, does a firewall drop UDP?",
		addr_format(&to.remote, peer), s->config.tokxc_ms, s->failures,
		(unsigned long long)(s->start_at - now));
}

static void begin(struct session *s, uint64_t now)
{
	struct handshake_info own = s->config.own;
	struct path to;

	s->start_at = SESSION_NEVER;
	s->sends = 0;
	s->asked_count = 0;
	s->ops->begin(s->ctx);
	s->wanted = !destination(s, &to);
	if (s->wanted)
		return;
	own.timestamp = s->ops->timestamp(s->ctx);
	own.key_id = s->init_id = random_key_id(s);
	s->ours = handshake_new(&s->config.handshake);
	if (!s->ours || handshake_initiate(s->ours, &own, &s->init) != HANDSHAKE_OK) {
		log_err("cannot begin a key exchange: out of locked memory, or libcrypto failed");
		pause_exchange(s, now);
		return;
	}
	s->give_up_at = now + s->config.tokxc_ms;
	s->nudged_at = 0;
	send_init(s, now);
}

/* The RESPONSE was right: the key is ours to use */
static void finish_ours(struct session *s, uint64_t now, const union addr *from,
			const struct handshake_info *peer, const struct handshake_keys *keys)
{
	union addr endpoint = *find_endpoint(s, from);
	int rc;

	abandon_ours(s);
	/* A key we offered earlier must not take over from this one later */
	if (s->next_id)
		s->ops->key_del_next(s->ctx);
	forget_next(s);
	rc = s->ops->endpoint(s->ctx, &endpoint);
	if (!rc)
		rc = s->ops->key_set(s->ctx, CIPE_SLOT_CURRENT, keys);
	if (rc == -EEXIST) {
		want_start(s, now);
		return;
	}
	if (rc) {
		pause_exchange(s, now);
		return;
	}
	s->endpoint = endpoint;
	s->current_id = keys->rx_id;
	s->failures = 0;
	s->start_at = now + s->config.tokey_ms;
	s->ops->established(s->ctx, peer, true);
}

static void receive_response(struct session *s, uint64_t now, const struct path *from,
			     const uint8_t *data, size_t len, uint32_t session)
{
	static struct log_limit limit = LOG_LIMIT_INIT;
	struct handshake_keys *keys;
	struct handshake_info peer;
	enum handshake_result rc;
	char text[128], addr[ADDR_STR_MAX];

	if (!s->ours || handshake_session(s->ours) != session)
		return;
	keys = handshake_keys_new();
	if (!keys)
		return;
	memset(&peer, 0, sizeof(peer));
	rc = handshake_read_response(s->ours, data, len, &peer, keys);
	if (rc == HANDSHAKE_OK)
		finish_ours(s, now, &from->remote, &peer, keys);
	else
		log_limited(&limit, LOG_WARNING, "answer from %s not accepted: %s",
			    addr_format(&from->remote, addr),
			    handshake_describe(s->ours, rc, text, sizeof(text)));
	handshake_keys_free(keys);
}

/* ------------------------------------------------------------------------
 * the peer's exchange
 */

static void send_response(struct session *s, uint64_t now, const struct path *to)
{
	s->answered.sent_at = now;
	s->ops->send(s->ctx, to, &s->answered.response);
}

static bool is_repetition(const struct session *s, const uint8_t *data, size_t len)
{
	return len == s->answered.init.len && !memcmp(data, s->answered.init.data, len);
}

/* Write the RESPONSE and install its key; -EEXIST: once more with another id */
static int try_answer(struct session *s, const uint8_t *data, size_t len,
		      struct handshake_keys *keys)
{
	struct handshake *theirs = handshake_new(&s->config.handshake);
	struct handshake_info own = s->config.own, peer;
	int rc = -ENOMEM;

	own.key_id = random_key_id(s);
	if (theirs && handshake_read_init(theirs, data, len, &peer) == HANDSHAKE_OK &&
	    handshake_write_response(theirs, &own, &s->answered.response, keys) == HANDSHAKE_OK)
		rc = s->ops->key_set(s->ctx, CIPE_SLOT_NEXT, keys);
	handshake_free(theirs);
	return rc;
}

static int install_answer(struct session *s, const uint8_t *data, size_t len, uint32_t *id)
{
	struct handshake_keys *keys = handshake_keys_new();
	int rc = -ENOMEM, tries;

	for (tries = 0; keys && tries < KEY_ID_TRIES; tries++) {
		rc = try_answer(s, data, len, keys);
		if (rc != -EEXIST)
			break;
	}
	*id = keys ? keys->rx_id : 0;
	handshake_keys_free(keys);
	return rc;
}

static void answer(struct session *s, uint64_t now, const struct path *from,
		   const uint8_t *data, size_t len, const struct handshake_info *peer)
{
	uint32_t id;

	forget_next(s);
	if (install_answer(s, data, len, &id)) {
		s->answered.response.len = 0;
		return;
	}
	if (s->ours) {
		abandon_ours(s);
		want_start(s, now);
	}
	s->newest = peer->timestamp;
	s->ops->accepted(s->ctx, s->newest);
	s->next_id = id;
	s->hold_until = now + s->config.tokxc_ms;
	memcpy(s->answered.init.data, data, len);
	s->answered.init.len = len;
	s->answered.peer = *peer;
	s->answered.from = *from;
	send_response(s, now, from);
}

/* Both began at once and ours prevails. The peer may not get it where we send
 * it, but it does hear from where it sends.
 */
static void nudge(struct session *s, uint64_t now, const struct path *to)
{
	if (s->nudged_at && now < s->nudged_at + SESSION_REPEAT_MIN_MS)
		return;
	s->nudged_at = now;
	ask(s, to);
}

static void consider_init(struct session *s, uint64_t now, const struct path *from,
			  const uint8_t *data, size_t len, struct handshake *theirs)
{
	static struct log_limit refused = LOG_LIMIT_INIT, replayed = LOG_LIMIT_INIT;
	struct handshake_info peer;
	enum handshake_result rc;
	char text[128], addr[ADDR_STR_MAX];

	memset(&peer, 0, sizeof(peer));
	rc = handshake_read_init(theirs, data, len, &peer);
	addr_format(&from->remote, addr);
	if (rc != HANDSHAKE_OK)
		log_limited(&refused, LOG_WARNING, "key exchange from %s not accepted: %s", addr,
			    handshake_describe(theirs, rc, text, sizeof(text)));
	else if (peer.timestamp <= s->newest)
		log_limited(&replayed, LOG_WARNING,
			    "key exchange from %s ignored: replayed, or the peer's clock went back "
			    "%llu ms", addr,
			    (unsigned long long)((s->newest - peer.timestamp) / 1000000));
	else if (s->ours && handshake_keep_initiating(s->ours, theirs))
		nudge(s, now, from);
	else
		answer(s, now, from, data, len, &peer);
}

static void receive_init(struct session *s, uint64_t now, const struct path *from,
			 const uint8_t *data, size_t len)
{
	struct handshake *theirs;

	if (is_repetition(s, data, len)) {
		if (s->answered.response.len &&
		    now >= s->answered.sent_at + SESSION_REPEAT_MIN_MS)
			send_response(s, now, from);
		return;
	}
	theirs = handshake_new(&s->config.handshake);
	if (theirs)
		consider_init(s, now, from, data, len, theirs);
	handshake_free(theirs);
}

/* ------------------------------------------------------------------------
 * events
 */

/**
 * session_new() - a session in which nothing happened yet
 * @config: copied, but for the key
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
	s->config = *config;
	s->ops = ops;
	s->ctx = ctx;
	s->start_at = SESSION_NEVER;
	return s;
}

/** session_free() - forget everything; @s may be NULL */
void session_free(struct session *s)
{
	if (!s)
		return;
	abandon_ours(s);
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
		want_start(s, now);
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
	want_start_soon(s, now);
}

/** session_deadline() - when to call session_timer(); SESSION_NEVER: not yet */
uint64_t session_deadline(const struct session *s)
{
	if (s->ours)
		return min_u64(s->retry_at, s->give_up_at);
	return max_u64(s->start_at, s->hold_until);
}

/** session_timer() - do what is due; too early or too often does no harm */
void session_timer(struct session *s, uint64_t now)
{
	if (now < session_deadline(s))
		return;
	if (!s->ours)
		begin(s, now);
	else if (now >= s->give_up_at)
		give_up(s, now);
	else
		send_init(s, now);
}

/**
 * session_receive() - a key exchange message arrived
 * @s: the session
 * @now: the time
 * @from: where from, and where to
 * @data: the datagram
 * @len: its octets
 */
void session_receive(struct session *s, uint64_t now, const struct path *from,
		     const uint8_t *data, size_t len)
{
	static struct log_limit limit = LOG_LIMIT_INIT;
	struct handshake_header header;
	enum handshake_result rc;
	char text[128], addr[ADDR_STR_MAX];

	if (len > CIPE_WIRE_CONTROL_MAX)
		return;
	memset(&header, 0, sizeof(header));
	rc = handshake_peek(data, len, &header);
	if (rc != HANDSHAKE_OK)
		log_limited(&limit, LOG_WARNING, "message from %s not understood: %s",
			    addr_format(&from->remote, addr),
			    handshake_describe(NULL, rc, text, sizeof(text)));
	else if (header.type == CIPE_WIRE_INIT)
		receive_init(s, now, from, data, len);
	else
		receive_response(s, now, from, data, len, header.session);
}

/** session_moved() - an authentic packet came from another address */
void session_moved(struct session *s, uint64_t now, const union addr *endpoint)
{
	s->endpoint = *endpoint;
	if (s->wanted)
		want_start(s, now);
}

/** session_peer_dead() - nothing was heard for too long: try a new exchange */
void session_peer_dead(struct session *s, uint64_t now)
{
	if (!s->ours)
		want_start_soon(s, now);
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
	abandon_ours(s);
	forget_next(s);
	s->current_id = rx_id;
	s->wanted = false;
	s->failures = 0;
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
		want_start(s, now);
}

/** session_key_expired() - the current key ended without a successor */
void session_key_expired(struct session *s, uint64_t now, uint32_t rx_id)
{
	if (!s->current_id || rx_id != s->current_id)
		return;
	s->current_id = 0;
	if (!s->ours)
		want_start_soon(s, now);
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
		forget_next(s);
	if (s->current_id && seen->current != s->current_id)
		session_key_expired(s, now, s->current_id);
	s->current_id = seen->current;
}

/** session_current_id() - rx id of the key in use; 0: none */
uint32_t session_current_id(const struct session *s)
{
	return s->current_id;
}
