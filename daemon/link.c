// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * One running link: passes messages, events and time to its session.
 */
#include "link.h"

#include <errno.h>
#include <netdb.h>
#include <stdlib.h>
#include <string.h>

#include "clock.h"
#include "derive.h"
#include "log.h"
#include "netlink.h"
#include "secret.h"

/* After whatever the session was told */
static void rearm(struct link *l)
{
	uint64_t deadline, now;

	ev_timer_stop(l->env->loop, &l->exchange);
	if (l->ending)
		return;
	link_note_sessions(l);
	deadline = session_deadline(l->session);
	if (deadline == SESSION_NEVER)
		return;
	now = clock_ms();
	ev_now_update(l->env->loop);
	ev_timer_set(&l->exchange, deadline > now ? (double)(deadline - now) / 1000 + 0.001 : 0., 0.);
	ev_timer_start(l->env->loop, &l->exchange);
}

/* ------------------------------------------------------------------------
 * what the session is told
 */

/* An error reported about a message of ours. Anyone on the Internet can send
 * one: each message is good for one error at most, and only on its way to the
 * peer. A link whose exchanges succeed is not ended by forgeries.
 */
static void take_error(struct link *l, const struct carrier_error *error)
{
	if (!l->unreported || !link_is_peer(l, &error->remote))
		return;
	l->unreported--;
	link_count_error(l, error->err, &error->remote, &error->reporter);
}

/* What follows is about this link */
static void enter(const struct link *l)
{
	log_set_device(l->name);
}

static bool on_message(void *owner, const struct path *from, const uint8_t *data, size_t len)
{
	struct link *l = owner;
	bool used;

	if (l->ending || !l->session)
		return false;
	enter(l);
	used = session_receive(l->session, clock_ms(), from, data, len);
	if (used)
		rearm(l);
	return used;
}

static bool on_admitted(void *owner, const struct path *from, const uint8_t *data, size_t len)
{
	struct link *l = owner;
	bool used;

	if (l->ending || !l->session)
		return false;
	enter(l);
	used = session_receive_admitted(l->session, clock_ms(), from, data, len);
	if (used)
		rearm(l);
	return used;
}

static bool is_repeated(void *owner, const uint8_t *data, size_t len)
{
	struct link *l = owner;

	return l->session && session_is_repetition(l->session, data, len);
}

static void on_error(void *owner, const struct carrier_error *error)
{
	struct link *l = owner;

	if (l->ending)
		return;
	enter(l);
	take_error(l, error);
}

static unsigned int where_peer_is(void *owner, union addr known[PORT_PEER_ADDRS])
{
	const struct link *l = owner;

	known[0] = l->endpoint.remote;
	known[1] = l->configured;
	return 2;
}

/** link_port_ops - for ports_new() */
const struct port_ops link_port_ops = {
	.receive = on_message,
	.admitted = on_admitted,
	.repeated = is_repeated,
	.error = on_error,
	.where = where_peer_is,
};

static void on_exchange(struct ev_loop *loop, ev_timer *w, int revents)
{
	struct link *l = w->data;

	(void)loop;
	(void)revents;
	enter(l);
	session_timer(l->session, clock_ms());
	rearm(l);
}

static void on_check(struct ev_loop *loop, ev_timer *w, int revents)
{
	(void)loop;
	(void)revents;
	link_check(w->data);
}

static void on_resolved(void *ctx, int error, const union addr *addr)
{
	static struct log_limit limit = LOG_LIMIT_INIT;
	struct link *l = ctx;
	char text[ADDR_STR_MAX];
	bool first;

	if (l->ending)
		return;
	enter(l);
	if (error) {
		log_limited(&limit, LOG_WARNING, "cannot resolve %s: %s%s", l->opts->peer.host,
			    gai_strerror(error),
			    addr_is_set(&l->configured) ? "" : "; trying again");
		session_no_address(l->session, clock_ms());
		rearm(l);
		return;
	}
	if (!addr_equal(&l->configured, addr))
		log_notice("%s is %s now", l->opts->peer.host, addr_format(addr, text));
	first = !addr_is_set(&l->configured) && !addr_is_set(&l->endpoint.remote);
	l->configured = *addr;
	port_know_peers(l->port);
	if (first)
		link_update_mtu(l);
	session_set_configured(l->session, clock_ms(), addr);
	rearm(l);
}

static void on_moved(struct link *l, const union addr *endpoint)
{
	static struct log_limit limit = LOG_LIMIT_INIT;
	char text[ADDR_STR_MAX];

	if (!addr_is_set(endpoint) || addr_equal(&l->endpoint.remote, endpoint))
		return;
	log_limited(&limit, LOG_NOTICE, "the peer is at %s now", addr_format(endpoint, text));
	link_note_endpoint(l, endpoint);
	session_moved(l->session, clock_ms(), endpoint);
}

/**
 * link_event() - the kernel told something
 * @l: the link
 * @event: of any link
 */
void link_event(struct link *l, const struct kernel_event *event)
{
	uint64_t now = clock_ms();

	if (event->link != l->id || l->ending)
		return;
	enter(l);
	switch (event->cmd) {
	case CIPE_CMD_PEER_MOVED_NTF:
		on_moved(l, &event->endpoint);
		break;
	case CIPE_CMD_PEER_DEAD_NTF:
		log_notice("the peer is silent: carrier off, trying a new key exchange");
		session_peer_dead(l->session, now);
		break;
	case CIPE_CMD_PEER_ALIVE_NTF:
		log_notice("the peer is heard: carrier on");
		break;
	case CIPE_CMD_KEY_LIMIT_NTF:
		log_info("key %08x nears its limit", event->rx_id);
		session_key_limit(l->session, now, event->rx_id);
		break;
	case CIPE_CMD_KEY_ACTIVE_NTF:
		session_key_active(l->session, now, event->rx_id);
		break;
	case CIPE_CMD_KEY_EXPIRED_NTF:
		log_notice("key %08x ended without a new one: nothing is sent", event->rx_id);
		session_key_expired(l->session, now, event->rx_id);
		break;
	default:
		break;
	}
	rearm(l);
}

static void check_limit(struct link *l, const struct kernel_key_state *key)
{
	bool gcm = derive_is_gcm((uint8_t)key->cipher);

	if (!key->present || l->limit_told == key->rx_id)
		return;
	if (key->tx_counter < CIPE_WIRE_PACKETS_SOFT &&
	    !(gcm && key->tx_blocks >= CIPE_WIRE_GCM_BLOCKS_SOFT))
		return;
	l->limit_told = key->rx_id;
	session_key_limit(l->session, clock_ms(), key->rx_id);
}

/* Which interface of our network namespace it is; 0: none, it was moved away.
 * The same index elsewhere may be another interface here.
 */
static unsigned int find_ifindex(struct link *l, const struct kernel_link *seen)
{
	struct kernel_link here;

	if (kernel_link_find(l->conf, seen->ifindex, &here) || here.id != l->id)
		return 0;
	return seen->ifindex;
}

/* An interface that is being deleted looks as if it had moved for a moment */
static void note_ifindex(struct link *l, unsigned int ifindex)
{
	if (ifindex || !l->ifindex) {
		l->ifindex = ifindex;
		l->missing = false;
	} else if (!l->missing) {
		l->missing = true;
		link_suspect(l, LINK_CHECK_SOON);
	} else {
		log_notice("%s is in another network namespace now", l->name);
		l->ifindex = 0;
	}
}

/* What the kernel knows and told, or tells only when asked */
static void take_state(struct link *l, const struct kernel_link *seen)
{
	note_ifindex(l, find_ifindex(l, seen));
	if (seen->name[0])
		memcpy(l->name, seen->name, sizeof(l->name));
	if (addr_is_set(&seen->endpoint)) {
		on_moved(l, &seen->endpoint);
		l->endpoint.local = seen->endpoint_local;
	}
}

static int look(struct link *l, struct kernel_link *seen)
{
	int rc = kernel_link_get(l->conf, l->id, seen);

	if (rc == -ENODEV || rc == -ENOENT) {
		l->gone = true;
		log_err("interface %s was deleted by someone else", l->name);
		link_stop(l, LINK_EXIT_GONE);
	} else if (rc) {
		log_err("cannot read the state of %s: %s%s", l->name, strerror(-rc),
			netlink_words());
	} else {
		take_state(l, seen);
	}
	return rc;
}

/** link_read_state() - learn what the kernel knows of the peer and interface */
void link_read_state(struct link *l)
{
	struct kernel_link seen;

	if (!l->ending)
		look(l, &seen);
}

/** link_check() - make up for events that were lost, notice a deleted interface */
void link_check(struct link *l)
{
	struct session_keys_seen keys;
	struct kernel_link seen;

	if (l->ending || !l->session)
		return;
	enter(l);
	if (look(l, &seen))
		return;
	keys.current = seen.key[CIPE_SLOT_CURRENT].rx_id;
	keys.next = seen.key[CIPE_SLOT_NEXT].rx_id;
	session_keys_seen(l->session, clock_ms(), &keys);
	check_limit(l, &seen.key[CIPE_SLOT_CURRENT]);
	rearm(l);
}

/* ------------------------------------------------------------------------
 * life
 */

static void on_end(struct ev_loop *loop, ev_timer *w, int revents)
{
	(void)loop;
	(void)revents;
	enter(w->data);
	link_take_down(w->data);
}

/**
 * link_new() - a link that is not there yet
 * @env: shared things; stay the caller's
 * @conf: by which the keeper knows it
 * @opts: stay the caller's
 * Return: for link_free(); NULL without memory.
 */
struct link *link_new(const struct link_env *env, uint32_t conf, const struct options *opts)
{
	struct link *l = calloc(1, sizeof(*l));

	if (!l)
		return NULL;
	l->env = env;
	l->conf = conf;
	l->opts = opts;
	l->pidfile = (struct pidfile)PIDFILE_INIT;
	ev_init(&l->exchange, on_exchange);
	ev_timer_init(&l->check, on_check, LINK_CHECK_INTERVAL, LINK_CHECK_INTERVAL);
	ev_timer_init(&l->end, on_end, 0., 0.);
	l->exchange.data = l->check.data = l->end.data = l;
	return l;
}

static struct session *make_session(struct link *l)
{
	struct session_config config = {
		.handshake = {
			.id = l->identity,
			.local = l->local,
			.mode = (uint8_t)l->opts->mode,
			.cipher = (uint8_t)l->opts->cipher,
		},
		.gate = l->port->gate,
		.own = {
			.have_ipaddr = l->opts->ipaddr.s_addr != 0,
			.mtu = (uint16_t)l->mtu,
			.timeout_ms = l->opts->toping_ms,
		},
		.tokey_ms = l->opts->tokey_ms,
		.tokxc_ms = l->opts->tokxc_ms,
		.tokxts_ms = l->opts->tokxts_ms,
		.pin = l->opts->pin,
	};

	memcpy(config.own.ipaddr, &l->opts->ipaddr, sizeof(config.own.ipaddr));
	return session_new(&config, &link_session_ops, l);
}

/**
 * link_run() - begin to exchange keys
 * @l: after link_connect()
 */
void link_run(struct link *l)
{
	const union addr nowhere = { 0 };
	uint64_t now = clock_ms();

	l->session = make_session(l);
	if (!l->session)
		abort();
	if (!options_peer_learned(l->opts) && !l->opts->peer.salen)
		l->resolver = resolver_new(l->env->loop, l->conf, on_resolved, l);
	session_set_newest(l->session, l->state.accepted);
	if (addr_is_set(&l->configured))
		session_set_configured(l->session, now, &l->configured);
	session_start(l->session, now, l->adopted_key, l->created ? &nowhere : &l->endpoint.remote);
	ev_timer_start(l->env->loop, &l->check);
	rearm(l);
}

/**
 * link_stop() - take the link down, from the event loop
 * @l: after link_run(), or while link_resolve() goes on
 * @code: exit code to report; the first one stays
 */
void link_stop(struct link *l, int code)
{
	if (l->ending)
		return;
	l->ending = true;
	l->code = code;
	ev_timer_start(l->env->loop, &l->end);
}

/** link_free() - forget the link; an interface of a failed setup goes */
void link_free(struct link *l)
{
	if (!l)
		return;
	ev_timer_stop(l->env->loop, &l->exchange);
	ev_timer_stop(l->env->loop, &l->check);
	ev_timer_stop(l->env->loop, &l->end);
	resolver_free(l->finder);
	resolver_free(l->resolver);
	session_free(l->session);
	/* One that was created and not found is nothing we may ask for: the keeper deletes it */
	if (l->created && l->id && l->ifindex && !l->gone && !l->ending)
		iface_delete(l->conf, l->ifindex);
	if (l->port)
		port_leave(l->port, &l->entry);
	port_put(l->port);
	identity_free(l->identity);
	secret_free(l->local, HANDSHAKE_LOCAL_LEN);
	pidfile_remove(&l->pidfile, l->conf);
	free(l);
}
