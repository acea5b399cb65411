// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What follows from keys: liveness, addresses and scripts when they are there,
 * and the way down.
 */
#include "link.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "ask.h"
#include "log.h"
#include "netlink.h"

/* The kernel's lower bound of timers */
#define TIMER_MIN_MS 10

/** link_set_inner_addr() - set the addresses inside, as far as they are known */
void link_set_inner_addr(struct link *l)
{
	struct iface_addr addr = {
		.local = l->opts->ipaddr,
		.peer = l->ptpaddr,
		.metric = l->opts->metric,
	};
	int rc;

	if (!addr.local.s_addr || !l->ifindex)
		return;
	rc = iface_add_addr(l->conf, l->ifindex, &addr);
	if (rc)
		log_err("cannot set the address inside: %s%s", strerror(-rc), netlink_words());
}

static void learn_ptpaddr(struct link *l, struct in_addr peer)
{
	struct iface_addr old = { l->opts->ipaddr, l->ptpaddr, l->opts->metric };
	char text[INET_ADDRSTRLEN];

	if (l->ptpaddr.s_addr == peer.s_addr)
		return;
	if (l->ptpaddr.s_addr && l->ifindex)
		iface_del_addr(l->conf, l->ifindex, &old);
	l->ptpaddr = peer;
	log_notice("the peer's address inside is %s",
		   inet_ntop(AF_INET, &peer, text, sizeof(text)));
	link_set_inner_addr(l);
}

static void compare_facts(struct link *l, const struct handshake_info *peer, struct in_addr inner)
{
	char said[INET_ADDRSTRLEN];

	if (l->warned)
		return;
	l->warned = true;
	if (peer->have_ipaddr && l->ptpaddr.s_addr && l->ptpaddr.s_addr != inner.s_addr)
		log_warn("the peer says its address inside is %s, but ptpaddr is another",
			 inet_ntop(AF_INET, &inner, said, sizeof(said)));
	if (!peer->have_ipaddr && !l->ptpaddr.s_addr && l->opts->mode == CIPE_MODE_IP)
		log_warn("the peer does not say its address inside: set ptpaddr");
	if (peer->mtu && peer->mtu != l->mtu)
		log_notice("the peer's MTU is %u, ours is %u", peer->mtu, l->mtu);
}

/* The address of one host, and not ours: else we would lose the route to
 * ourselves, or to the peer outside
 */
static bool fit_for_peer(const struct link *l, struct in_addr addr)
{
	const union addr inner = { .in = { .sin_family = AF_INET, .sin_addr = addr } };

	return addr_is_host4(addr) && addr.s_addr != l->opts->ipaddr.s_addr &&
	       !addr_equal_host(&inner, &l->endpoint.remote) &&
	       !addr_equal_host(&inner, &l->configured);
}

static void take_facts(struct link *l, const struct handshake_info *peer)
{
	struct in_addr inner;

	memcpy(&inner, peer->ipaddr, sizeof(inner));
	if (peer->have_ipaddr && !l->opts->ptpaddr.s_addr && l->opts->mode == CIPE_MODE_IP &&
	    fit_for_peer(l, inner))
		learn_ptpaddr(l, inner);
	compare_facts(l, peer, inner);
}

/* Keepalives often enough for ourselves and for what the peer waits for */
static void set_timers(struct link *l, uint32_t peer_timeout_ms)
{
	struct kernel_setting setting = {
		.fd = -1,
		.timers = true,
		.keepalive_ms = l->opts->ping_ms,
		.timeout_ms = l->opts->toping_ms,
	};
	uint32_t wanted = peer_timeout_ms / 3;
	int rc;

	if (peer_timeout_ms && wanted < TIMER_MIN_MS)
		wanted = TIMER_MIN_MS;
	if (wanted > 3600000)
		wanted = 3600000;
	if (wanted && (!setting.keepalive_ms || wanted < setting.keepalive_ms))
		setting.keepalive_ms = wanted;
	rc = kernel_link_set(l->conf, l->id, &setting);
	if (rc)
		log_err("cannot set keepalive and time-out: %s%s", strerror(-rc), netlink_words());
}

/* ------------------------------------------------------------------------
 * scripts
 */

/* Our carrier address as seen by the peer's side of this machine */
static union addr find_me(const struct link *l)
{
	union addr me = l->bound;
	struct carrier_route route;

	if (addr_is_any(&me) && addr_is_set(&l->endpoint.local))
		me = l->endpoint.local;
	else if (addr_is_any(&me) && addr_is_set(&l->endpoint.remote) &&
		 !carrier_find_route(l->conf, &l->endpoint.remote, &route))
		me = route.local;
	addr_set_port(&me, addr_port(&l->bound));
	return me;
}

static void run_script(struct link *l, enum hooks_event event, hooks_done_fn done)
{
	const struct ask_script script = {
		.link = l->id,
		.event = event,
		.me = find_me(l),
		.peer = addr_is_set(&l->endpoint.remote) ? l->endpoint.remote : l->configured,
		.remote = l->ptpaddr,
		.mtu = l->mtu,
	};

	if (ask_script(l->conf, &script, done, l) && done)
		done(l, event, HOOKS_FAILED);
}

/**
 * link_established() - a new key is in use
 * @l: the link
 * @peer: what the peer said
 * @initiator: we began the exchange
 *
 * The link counts as up, and ip-up runs, with the first key: when the answer
 * to our message was authentic, or when the peer first used the key that we
 * answered with.
 */
void link_established(struct link *l, const struct handshake_info *peer, bool initiator)
{
	char text[ADDR_STR_MAX];

	l->errors = 0;
	l->unreported = 0;
	set_timers(l, peer->timeout_ms);
	take_facts(l, peer);
	log_msg(l->up ? LOG_INFO : LOG_NOTICE, "%s: new key %08x (%s), peer %s",
		l->up ? "rekeyed" : "link is up", session_current_id(l->session),
		initiator ? "asked for by us" : "asked for by the peer",
		addr_format(&l->endpoint.remote, text));
	if (l->up)
		return;
	l->up = true;
	run_script(l, HOOKS_UP, NULL);
}

/* ------------------------------------------------------------------------
 * down
 */

/* The index may be another interface's by now */
static bool is_here(const struct link *l)
{
	struct kernel_link seen;

	return l->ifindex && !kernel_link_find(l->conf, l->ifindex, &seen) &&
	       seen.id == l->id;
}

static void delete_interface(struct link *l)
{
	int rc;

	if (l->gone)
		return;
	if (!is_here(l)) {
		if (!kernel_key_del_all(l->conf, l->id))
			log_warn("%s is in another network namespace: delete it there. Its keys "
				 "are retired now", l->name);
		return;
	}
	rc = iface_delete(l->conf, l->ifindex);
	if (rc && rc != -ENODEV)
		log_err("cannot delete interface %s: %s%s", l->name, strerror(-rc),
			netlink_words());
	l->gone = true;
}

static void on_down_done(void *ctx, enum hooks_event event, enum hooks_outcome outcome)
{
	struct link *l = ctx;

	(void)event;
	(void)outcome;
	log_set_device(l->name);
	l->env->ended(l->env->ctx, l, l->code);
}

/** link_take_down() - delete the interface, run ip-down, tell when all is done */
void link_take_down(struct link *l)
{
	/* It waits for the peer's address, and has nothing yet */
	if (!l->id) {
		l->env->ended(l->env->ctx, l, l->code);
		return;
	}
	session_free(l->session);
	l->session = NULL;
	ev_timer_stop(l->env->loop, &l->exchange);
	ev_timer_stop(l->env->loop, &l->check);
	delete_interface(l);
	port_leave(l->port, &l->entry);
	port_put(l->port);
	l->port = NULL;
	log_notice("link is down");
	if (l->up)
		run_script(l, HOOKS_DOWN, on_down_done);
	else
		l->env->ended(l->env->ctx, l, l->code);
}
