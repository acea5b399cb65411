// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Exchanges of keys that we begin.
 */
#include "session_impl.h"

#include <errno.h>
#include <string.h>

#include "guard.h"
#include "log.h"

/* Where to send INIT the next time; false: no address is known */
static bool destination(const struct session *s, struct path *to)
{
	bool other = addr_is_set(&s->endpoint) && addr_is_set(&s->configured) &&
		     s->sends >= SESSION_LOYAL_SENDS && s->sends % 2;

	memset(to, 0, sizeof(*to));
	to->remote = !addr_is_set(&s->endpoint) || other ? s->configured : s->endpoint;
	return addr_is_set(&to->remote);
}

/* Did we send it there by ourselves? */
static bool was_chosen(const struct session *s, const union addr *addr)
{
	unsigned int i;

	for (i = 0; i < ASKED_MAX && i < s->asked_count; i++)
		if (addr_equal(&s->asked[i], addr))
			return true;
	return false;
}

static bool was_asked(const struct session *s, const union addr *addr)
{
	return was_chosen(s, addr) || (s->nudged_at && addr_equal(&s->nudged, addr));
}

static void ask(struct session *s, const struct path *to)
{
	if (!was_chosen(s, &to->remote))
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

void session_send_init(struct session *s, uint64_t now)
{
	struct path to;

	if (destination(s, &to))
		ask(s, &to);
	s->retry_at = now + session_back_off(s, SESSION_RETRY_FIRST_MS, s->sends,
					     SESSION_RETRY_MAX_MS);
	s->sends++;
}

static void pause_exchange(struct session *s, uint64_t now)
{
	session_abandon_ours(s);
	s->start_at = now + session_back_off(s, SESSION_PAUSE_FIRST_MS, s->failures,
				     SESSION_PAUSE_MAX_MS);
	s->failures++;
}

void session_give_up(struct session *s, uint64_t now)
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

/* A new INIT, in place of the one there may be. Every one has an ephemeral key
 * of its own: the key its payload is encrypted under depends on little else.
 */
static bool write_init(struct session *s, const uint8_t *cookie)
{
	struct handshake_info own = s->config.own;

	session_abandon_ours(s);
	own.timestamp = s->ops->timestamp(s->ctx);
	own.key_id = session_random_key_id(s);
	s->ours = handshake_new(&s->config.handshake);
	if (s->ours && handshake_initiate(s->ours, &own, cookie, &s->init) == HANDSHAKE_OK)
		return true;
	log_err("cannot begin a key exchange: out of locked memory, or libcrypto failed");
	return false;
}

void session_begin(struct session *s, uint64_t now)
{
	struct path to;

	s->start_at = SESSION_NEVER;
	s->confirm_at = SESSION_NEVER;
	s->sends = 0;
	s->challenges = 0;
	s->asked_count = 0;
	s->ops->begin(s->ctx);
	s->wanted = !destination(s, &to);
	if (s->wanted)
		return;
	/* One that is good no more is as none */
	if (!write_init(s, now < s->cookie_until ? s->cookie : NULL)) {
		pause_exchange(s, now);
		return;
	}
	s->give_up_at = now + s->config.tokxc_ms;
	s->nudged_at = 0;
	session_send_init(s, now);
}

/* The peer wants an INIT that shows that we live, and are where it hears us */
bool session_receive_challenge(struct session *s, uint64_t now, const struct path *from,
			       const uint8_t *data, size_t len, uint32_t session)
{
	uint8_t cookie[CIPE_WIRE_COOKIE_LEN];
	struct path to;

	if (!s->ours || handshake_session(s->ours) != session ||
	    s->challenges >= SESSION_CHALLENGES_MAX ||
	    !guard_read_challenge(s->config.handshake.id, s->init.data, s->init.len, data, len,
				  cookie))
		return false;
	s->challenges++;
	/* If the answer is lost in a flood, the next exchange needs no other cookie */
	memcpy(s->cookie, cookie, sizeof(s->cookie));
	s->cookie_until = now + COOKIE_LIFE_MS;
	log_debug("the peer asks for another message: it does not know how new ours is, or is "
		  "busy");
	if (!write_init(s, cookie)) {
		pause_exchange(s, now);
		return true;
	}
	if (!destination(s, &to))
		return true;
	if (was_asked(s, &from->remote)) {
		to.remote = from->remote;
		s->ops->send(s->ctx, &to, &s->init);
	} else {
		ask(s, &to);
	}
	s->retry_at = now + session_back_off(s, SESSION_RETRY_FIRST_MS, 0, SESSION_RETRY_MAX_MS);
	return true;
}

/* The RESPONSE was right: the key is ours to use */
static void finish_ours(struct session *s, uint64_t now, const union addr *from,
			const struct handshake_info *peer, const struct handshake_keys *keys)
{
	union addr endpoint = *find_endpoint(s, from);
	int rc;

	session_abandon_ours(s);
	session_remember(s, peer->timestamp);
	/* A key we offered earlier must not take over from this one later. There may
	 * be one that we know nothing of: an earlier run offered it.
	 */
	s->ops->key_del_next(s->ctx);
	session_forget_next(s);
	rc = s->ops->endpoint(s->ctx, &endpoint);
	if (!rc)
		rc = s->ops->key_set(s->ctx, CIPE_SLOT_CURRENT, keys);
	if (rc == -EEXIST) {
		session_want_start(s, now);
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
	s->confirm_at = now + s->config.tokxc_ms;
	s->ops->established(s->ctx, peer, true);
}

/* Our latest key is in use for tokxc. If nothing was heard under it, the peer
 * heard nothing either, and waits for us: all that the kernel sent to confirm
 * the key was lost.
 */
void session_confirm(struct session *s, uint64_t now)
{
	s->confirm_at = SESSION_NEVER;
	if (!s->current_id || s->ops->heard(s->ctx, s->current_id)) {
		s->unheard = 0;
		return;
	}
	log_msg(s->unheard ? LOG_INFO : LOG_NOTICE,
		"nothing was heard under key %08x: trying another key exchange", s->current_id);
	session_want_start(s, !s->unheard ? now :
			   now + session_back_off(s, SESSION_PAUSE_FIRST_MS, s->unheard,
						  SESSION_PAUSE_MAX_MS));
	s->unheard++;
}

bool session_receive_response(struct session *s, uint64_t now, const struct path *from,
			      const uint8_t *data, size_t len, uint32_t session)
{
	static struct log_limit limit = LOG_LIMIT_INIT;
	struct handshake_keys *keys;
	struct handshake_info peer;
	enum handshake_result rc;
	char text[128], addr[ADDR_STR_MAX];

	if (!s->ours || handshake_session(s->ours) != session)
		return false;
	keys = handshake_keys_new();
	if (!keys)
		return false;
	memset(&peer, 0, sizeof(peer));
	rc = handshake_read_response(s->ours, data, len, &peer, keys);
	if (rc == HANDSHAKE_OK)
		finish_ours(s, now, &from->remote, &peer, keys);
	else
		log_limited(&limit, LOG_WARNING, "answer from %s not accepted: %s",
			    addr_format(&from->remote, addr),
			    handshake_describe(NULL, NULL, rc, text, sizeof(text)));
	handshake_keys_free(keys);
	return rc == HANDSHAKE_OK;
}

/* Both began at once and ours prevails. The peer may not get it where we send
 * it, but it does hear from where it sends. Of each INIT of the peer's that is the
 * address it came from first: whoever recorded it can send it again from any, and
 * lead us away by that. The peer itself repeats it from where it is.
 *
 * Return: it is new.
 */
bool session_nudge(struct session *s, uint64_t now, const struct path *to, uint64_t timestamp)
{
	bool first = timestamp > s->yielded;

	if (!first && (timestamp != s->yielded || !addr_equal(&s->nudged, &to->remote)))
		return false;
	s->yielded = timestamp;
	s->nudged = to->remote;
	if (first || now >= s->nudged_at + SESSION_REPEAT_MIN_MS) {
		s->nudged_at = now;
		s->ops->send(s->ctx, to, &s->init);
	}
	return first;
}
