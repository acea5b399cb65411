// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Exchanges of keys that the peer begins.
 */
#include "session_impl.h"

#include <errno.h>
#include <string.h>

#include "guard.h"
#include "log.h"

#define KEY_ID_TRIES 8

static void send_response(struct session *s, uint64_t now, const struct path *to)
{
	s->answered.sent_at = now;
	s->ops->send(s->ctx, to, &s->answered.response);
}

/** session_is_repetition() - is it the INIT that was answered last, octet by octet? */
bool session_is_repetition(const struct session *s, const uint8_t *data, size_t len)
{
	return len == s->answered.init.len && !memcmp(data, s->answered.init.data, len);
}

/* Write the RESPONSE and install its key; -EEXIST: once more with another id */
static int try_answer(struct session *s, struct handshake *theirs, struct handshake_keys *keys)
{
	struct handshake_info own = s->config.own;

	own.timestamp = s->ops->timestamp(s->ctx);
	own.key_id = session_random_key_id(s);
	if (handshake_write_response(theirs, &own, &s->answered.response, keys) != HANDSHAKE_OK)
		return -ENOMEM;
	return s->ops->key_set(s->ctx, CIPE_SLOT_NEXT, keys);
}

/* The same from the message: what was read of it is good for one RESPONSE */
static int try_anew(struct session *s, const uint8_t *data, size_t len,
		    struct handshake_keys *keys)
{
	struct handshake *theirs = handshake_new(&s->config.handshake);
	struct handshake_info peer;
	int rc = -ENOMEM;

	if (theirs && handshake_read_init(theirs, data, len, &peer) == HANDSHAKE_OK)
		rc = try_answer(s, theirs, keys);
	handshake_free(theirs);
	return rc;
}

static int install_answer(struct session *s, const uint8_t *data, size_t len,
			  struct handshake *theirs, uint32_t *id)
{
	struct handshake_keys *keys = handshake_keys_new();
	int rc = -ENOMEM, tries;

	*id = 0;
	if (!keys)
		return rc;
	rc = try_answer(s, theirs, keys);
	for (tries = 1; rc == -EEXIST && tries < KEY_ID_TRIES; tries++)
		rc = try_anew(s, data, len, keys);
	*id = keys->rx_id;
	handshake_keys_free(keys);
	return rc;
}

static void answer(struct session *s, uint64_t now, const struct path *from,
		   const uint8_t *data, size_t len, struct handshake *theirs,
		   const struct handshake_info *peer)
{
	uint32_t id;

	session_forget_next(s);
	if (install_answer(s, data, len, theirs, &id)) {
		s->answered.response.len = 0;
		return;
	}
	if (s->ours) {
		session_abandon_ours(s);
		session_want_start(s, now);
	}
	session_remember(s, peer->timestamp);
	s->next_id = id;
	s->hold_until = now + s->config.tokxc_ms;
	memcpy(s->answered.init.data, data, len);
	s->answered.init.len = len;
	s->answered.peer = *peer;
	s->answered.from = *from;
	send_response(s, now, from);
}

/* Ask for another INIT: nothing is remembered of this one */
static void challenge(struct session *s, uint64_t now, const struct path *from,
		      const uint8_t *data, size_t len)
{
	struct handshake_message out;

	if (!gate_challenge(s->gate, s->config.handshake.id, now, &from->remote, data, len, &out))
		s->ops->send(s->ctx, from, &out);
}

/* Is the peer's clock near ours, if it has to be? */
static bool in_window(struct session *s, uint64_t timestamp, const char *addr)
{
	static struct log_limit limit = LOG_LIMIT_INIT;
	uint64_t wall = s->ops->wall_clock(s->ctx);

	if (!s->config.tokxts_ms || session_distance_ms(timestamp, wall) <= s->config.tokxts_ms)
		return true;
	log_limited(&limit, LOG_WARNING,
		    "key exchange from %s refused: its clock is %llu ms %s ours, more than tokxts "
		    "allows", addr, session_distance_ms(timestamp, wall),
		    timestamp > wall ? "ahead of" : "behind");
	return false;
}

/* Further ahead of our clock than any that is right? The peer's may have been put
 * right since, what it had sent be forgotten, and this be what somebody withheld.
 */
static bool is_far_ahead(uint64_t timestamp, uint64_t wall)
{
	return timestamp > wall && session_distance_ms(timestamp, wall) > CLOCKS_APART_MS;
}

/* An INIT that is not newer than what the peer wrote before */
static void tell_behind(const struct session *s, uint64_t timestamp, bool fresh, const char *addr)
{
	static struct log_limit accepted = LOG_LIMIT_INIT, asked = LOG_LIMIT_INIT;

	if (fresh)
		log_limited(&accepted, LOG_NOTICE,
			    "the clock of the peer at %s is %llu ms behind what it was: accepted, as "
			    "the peer answered", addr, session_distance_ms(s->newest, timestamp));
	else
		log_limited(&asked, LOG_INFO,
			    "key exchange from %s is older than one before, by %llu ms: replayed, or "
			    "the peer's clock went back; asking", addr,
			    session_distance_ms(s->newest, timestamp));
}

/* One that is, by a clock far ahead of ours. That it is accepted, as the peer answered,
 * session_remember() tells.
 */
static void tell_ahead(uint64_t timestamp, uint64_t wall, bool fresh, const char *addr)
{
	static struct log_limit asked = LOG_LIMIT_INIT;

	if (!fresh)
		log_limited(&asked, LOG_INFO,
			    "key exchange from %s is %llu ms ahead of our clock: replayed, or one "
			    "clock is wrong, or once was; asking", addr,
			    session_distance_ms(timestamp, wall));
}

/* Is an authentic INIT new, for sure? By its time, or by a cookie of ours */
static bool is_new(struct session *s, uint64_t timestamp, unsigned int cookie, const char *addr)
{
	uint64_t wall = s->ops->wall_clock(s->ctx);
	bool fresh = cookie & COOKIE_FRESH;

	if (!s->newest)
		return fresh;
	if (timestamp <= s->newest)
		tell_behind(s, timestamp, fresh, addr);
	else if (is_far_ahead(timestamp, wall))
		tell_ahead(timestamp, wall, fresh, addr);
	else
		return true;
	return fresh;
}

/* True: it is authentic, and new. One that may be a replay is not of use: whoever
 * recorded it can have it read again and again, with all that costs
 */
static bool consider_init(struct session *s, uint64_t now, const struct path *from,
			  const uint8_t *data, size_t len, struct handshake *theirs,
			  unsigned int cookie)
{
	static struct log_limit refused = LOG_LIMIT_INIT;
	struct handshake_header header;
	struct handshake_info peer;
	enum handshake_result rc;
	char text[128], addr[ADDR_STR_MAX];

	memset(&peer, 0, sizeof(peer));
	rc = handshake_read_init(theirs, data, len, &peer);
	addr_format(&from->remote, addr);
	handshake_peek(data, len, &header);
	if (rc != HANDSHAKE_OK) {
		log_limited(&refused, LOG_WARNING, "key exchange from %s not accepted: %s", addr,
			    handshake_describe(&s->config.handshake, &header, rc, text,
					       sizeof(text)));
		return false;
	}
	if (!in_window(s, peer.timestamp, addr))
		return false;
	if (!is_new(s, peer.timestamp, cookie, addr)) {
		challenge(s, now, from, data, len);
		return false;
	}
	if (s->ours && handshake_keep_initiating(s->ours, theirs))
		return session_nudge(s, now, from, peer.timestamp);
	answer(s, now, from, data, len, theirs, &peer);
	return true;
}

/* Is it from who knows for whom it is? */
static bool screen(struct session *s, const struct path *from, const uint8_t *data, size_t len)
{
	static struct log_limit refused = LOG_LIMIT_INIT;
	struct handshake_header header;
	enum handshake_result rc;
	char text[128], addr[ADDR_STR_MAX];

	rc = handshake_screen(&s->config.handshake, data, len, &header);
	if (rc == HANDSHAKE_OK)
		return true;
	log_limited(&refused, LOG_WARNING, "key exchange from %s not accepted: %s",
		    addr_format(&from->remote, addr),
		    handshake_describe(&s->config.handshake, &header, rc, text, sizeof(text)));
	return false;
}

/* What its cookie says, after screen() */
static unsigned int check_cookie(struct session *s, uint64_t now, const struct path *from,
				 const uint8_t *data)
{
	return cookie_check(s->gate->jar, now, &from->remote, s->turn, handshake_cookie(data));
}

static bool read_init(struct session *s, uint64_t now, const struct path *from,
		      const uint8_t *data, size_t len)
{
	struct handshake *theirs = handshake_new(&s->config.handshake);
	bool used = false;

	if (theirs)
		used = consider_init(s, now, from, data, len, theirs,
				     check_cookie(s, now, from, data));
	handshake_free(theirs);
	return used;
}

/**
 * session_receive_admitted() - an INIT arrived that gate_admit() let in
 * @s: the session
 * @now: the time
 * @from: where from, and where to
 * @data: the datagram
 * @len: its octets
 * Return: as session_receive().
 */
bool session_receive_admitted(struct session *s, uint64_t now, const struct path *from,
			      const uint8_t *data, size_t len)
{
	return screen(s, from, data, len) && read_init(s, now, from, data, len);
}

static void repeat_response(struct session *s, uint64_t now, const struct path *from)
{
	if (s->answered.response.len && now >= s->answered.sent_at + SESSION_REPEAT_MIN_MS)
		send_response(s, now, from);
}

bool session_receive_init(struct session *s, uint64_t now, const struct path *from,
			  const uint8_t *data, size_t len)
{
	if (session_is_repetition(s, data, len)) {
		repeat_response(s, now, from);
		return false;
	}
	if (!screen(s, from, data, len))
		return false;
	switch (gate_admit(s->gate, now, &from->remote, check_cookie(s, now, from, data))) {
	case GATE_READ:
		return read_init(s, now, from, data, len);
	case GATE_ASK:
		challenge(s, now, from, data, len);
		break;
	case GATE_DROP:
		break;
	}
	return false;
}
