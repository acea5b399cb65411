// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What a link's session asks for, and network errors that come of it.
 */
#include "link.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "log.h"
#include "netlink.h"
#include "secret.h"

/* The kernel takes lifetimes of at most a day */
#define LIFETIME_MAX_MS 86400000u

/* Messages about which an error may still come: those of the three seconds
 * after which a neighbour counts as unreachable
 */
#define UNREPORTED_MAX 3

/** link_is_peer() - is the peer there, by the configuration or by what was heard? */
bool link_is_peer(const struct link *l, const union addr *addr)
{
	return addr_equal(addr, &l->endpoint.remote) || addr_equal(addr, &l->configured);
}

/**
 * link_count_error() - a network error; the last one that maxerr allows ends it
 * @l: the link
 * @err: errno
 * @to: what was not reached
 * @reporter: who says so; unset: this machine
 */
void link_count_error(struct link *l, int err, const union addr *to, const union addr *reporter)
{
	static struct log_limit limit = LOG_LIMIT_INIT;
	char text[ADDR_STR_MAX], by[ADDR_STR_MAX];

	if (l->ending)
		return;
	l->errors++;
	log_limited(&limit, LOG_WARNING, "network error: %s is not reached: %s%s%s (%d, maxerr %d)",
		    addr_format(to, text), strerror(err),
		    addr_is_set(reporter) ? ", says " : "",
		    addr_is_set(reporter) ? addr_format_host(reporter, by) : "", l->errors,
		    l->opts->maxerr);
	if (l->opts->maxerr < 0 || l->errors <= l->opts->maxerr)
		return;
	log_err("more network errors than maxerr allows (%d)", l->opts->maxerr);
	link_stop(l, LINK_EXIT_NETWORK);
}

static uint32_t op_random(void *ctx)
{
	const struct link *l = ctx;
	uint32_t value;

	if (secret_random_of(l->identity->lib, &value, sizeof(value)))
		abort();
	return value;
}

static uint64_t op_wall_clock(void *ctx)
{
	struct timespec ts;

	(void)ctx;
	clock_gettime(CLOCK_REALTIME, &ts);
	return (uint64_t)ts.tv_sec * 1000000000u + (uint64_t)ts.tv_nsec;
}

static uint64_t op_timestamp(void *ctx)
{
	struct link *l = ctx;

	return state_stamp(&l->state, op_wall_clock(ctx));
}

static void op_accepted(void *ctx, uint64_t timestamp)
{
	struct link *l = ctx;

	state_accept(&l->state, timestamp);
}

static void op_begin(void *ctx)
{
	struct link *l = ctx;

	if (l->resolver)
		resolver_start(l->resolver, l->opts->peer.host, l->opts->peer.port,
			       l->bound.sa.sa_family);
}

/** link_note_sessions() - by which session ids messages are known to be ours */
void link_note_sessions(struct link *l)
{
	uint32_t id = 0;
	bool any = session_awaits(l->session, &id);

	port_await(l->port, &l->entry, any, id);
	any = session_answered(l->session, &id);
	roster_set_theirs(&l->port->roster, &l->entry, any, id);
}

static void op_send(void *ctx, const struct path *path, const struct handshake_message *msg)
{
	struct link *l = ctx;
	struct path to = *path;
	union addr none = { 0 };
	int rc;

	/* The answer may be here before we come to anything else */
	link_note_sessions(l);
	if (!addr_is_set(&to.local) && addr_equal(&to.remote, &l->endpoint.remote))
		to.local = l->endpoint.local;
	rc = carrier_send(&l->port->carrier, &to, msg->data, msg->len);
	if (rc && addr_is_set(&to.local)) {
		/* Our address may be gone */
		memset(&to.local, 0, sizeof(to.local));
		rc = carrier_send(&l->port->carrier, &to, msg->data, msg->len);
	}
	/* Whence an INIT comes is not authentic: that it cannot be answered there
	 * says nothing about the way to the peer
	 */
	if (!link_is_peer(l, &to.remote))
		return;
	if (!rc && l->unreported < UNREPORTED_MAX)
		l->unreported++;
	else if (rc && rc != -EAGAIN && rc != -ENOBUFS)
		link_count_error(l, -rc, &to.remote, &none);
}

/** link_suspect() - look whether the interface is there, in so many seconds or before */
void link_suspect(struct link *l, double after)
{
	/* Nothing may be left running: it is freed once ip-down has run */
	if (l->ending)
		return;
	if (ev_is_active(&l->check) && ev_timer_remaining(l->env->loop, &l->check) <= after)
		return;
	ev_timer_stop(l->env->loop, &l->check);
	ev_timer_set(&l->check, after, LINK_CHECK_INTERVAL);
	ev_timer_start(l->env->loop, &l->check);
}

static int op_key_set(void *ctx, enum cipe_slot slot, const struct handshake_keys *keys)
{
	struct link *l = ctx;
	uint64_t life = 2ull * l->opts->tokey_ms + 2ull * l->opts->tokxc_ms;
	struct kernel_key key = {
		.slot = slot,
		.rx_id = keys->rx_id,
		.tx_id = keys->tx_id,
		.cipher = keys->cipher,
		.key_len = keys->key_len,
		.rx_key = keys->rx_key,
		.rx_iv = keys->rx_iv,
		.tx_key = keys->tx_key,
		.tx_iv = keys->tx_iv,
		.lifetime_ms = life < LIFETIME_MAX_MS ? (uint32_t)life : LIFETIME_MAX_MS,
	};
	int rc;

	/* First, so that whoever takes the link over from us knows its keys */
	state_add_key(&l->state, keys->rx_id);
	rc = kernel_key_set(l->conf, l->id, &key);
	if (rc && rc != -EEXIST) {
		log_err("cannot install a key: %s%s", strerror(-rc), netlink_words());
		link_suspect(l, 0.);
	}
	return rc;
}

static void op_key_del_next(void *ctx)
{
	struct link *l = ctx;

	kernel_key_del(l->conf, l->id, CIPE_SLOT_NEXT);
}

/** link_note_endpoint() - remember the peer's address as the kernel has it */
void link_note_endpoint(struct link *l, const union addr *remote)
{
	if (addr_equal(&l->endpoint.remote, remote))
		return;
	l->endpoint.remote = *remote;
	memset(&l->endpoint.local, 0, sizeof(l->endpoint.local));
	port_know_peers(l->port);
}

static int op_endpoint(void *ctx, const union addr *endpoint)
{
	struct link *l = ctx;
	struct kernel_setting setting = { .fd = -1, .endpoint = endpoint };
	int rc = kernel_link_set(l->conf, l->id, &setting);

	if (rc) {
		log_err("cannot set the peer's address: %s%s", strerror(-rc), netlink_words());
		link_suspect(l, 0.);
		return rc;
	}
	link_note_endpoint(l, endpoint);
	return 0;
}

/* What cannot be read is no reason for more key exchanges */
static bool op_heard(void *ctx, uint32_t rx_id)
{
	struct link *l = ctx;
	const struct kernel_key_state *key;
	struct kernel_link seen;

	if (kernel_link_get(l->conf, l->id, &seen))
		return true;
	key = &seen.key[CIPE_SLOT_CURRENT];
	return !key->present || key->rx_id != rx_id || key->rx_counter;
}

static void op_established(void *ctx, const struct handshake_info *peer, bool initiator)
{
	struct link *l = ctx;

	link_read_state(l);
	link_established(l, peer, initiator);
}

/** link_session_ops - for session_new() */
const struct session_ops link_session_ops = {
	.random = op_random,
	.wall_clock = op_wall_clock,
	.timestamp = op_timestamp,
	.accepted = op_accepted,
	.begin = op_begin,
	.send = op_send,
	.key_set = op_key_set,
	.key_del_next = op_key_del_next,
	.endpoint = op_endpoint,
	.heard = op_heard,
	.established = op_established,
};
