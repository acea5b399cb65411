// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Exchanges of keys that the peer begins.
 */
#include "session_impl.h"

#include <errno.h>
#include <string.h>

#include "log.h"

#define KEY_ID_TRIES 8

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

	own.key_id = session_random_key_id(s);
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

	session_forget_next(s);
	if (install_answer(s, data, len, &id)) {
		s->answered.response.len = 0;
		return;
	}
	if (s->ours) {
		session_abandon_ours(s);
		session_want_start(s, now);
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
		session_nudge(s, now, from);
	else
		answer(s, now, from, data, len, &peer);
}

void session_receive_init(struct session *s, uint64_t now, const struct path *from,
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
