// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Bring up one link, step by step: addresses, interface, port, MTU.
 */
#include "link.h"

#include <errno.h>
#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "log.h"
#include "netlink.h"

/* More default names than anyone has interfaces */
#define NAMES_MAX 100000

/* ------------------------------------------------------------------------
 * carrier addresses
 */

static int explain(const struct options_addr *me, int error)
{
	log_err("me %s: cannot resolve: %s. Give an address, or start later", me->text,
		gai_strerror(error));
	return LINK_EXIT_NAME;
}

static void on_found(void *ctx, int error, const union addr *addr);

/* Begin to look up the name. Return: exit code or LINK_LATER */
static int look_up(struct link *l, const struct options_addr *opt, int family)
{
	if (!l->finder)
		l->finder = resolver_new(l->env->loop, l->conf, on_found, l);
	if (!l->finder)
		return LINK_EXIT_SYSTEM;
	l->finding_me = opt == &l->opts->me;
	resolver_start(l->finder, opt->host, opt->port, family);
	return LINK_LATER;
}

static int find_family(const struct options *opts)
{
	return opts->me.salen ? opts->me.sa.ss_family : AF_UNSPEC;
}

/* A name is looked up beside all else when the key exchange begins, unless we
 * need its address to know which family the socket must be of
 */
static int find_peer(struct link *l)
{
	const struct options_addr *peer = &l->opts->peer;

	if (options_peer_learned(l->opts) || (!peer->salen && find_family(l->opts) != AF_UNSPEC))
		return 0;
	if (!peer->salen)
		return look_up(l, peer, AF_UNSPEC);
	addr_set(&l->configured, &peer->sa, peer->salen);
	return 0;
}

/* The carrier's family, once the peer is known as far as it will be */
static int carrier_family(const struct link *l)
{
	int family = addr_is_set(&l->configured) ? l->configured.sa.sa_family :
		     find_family(l->opts);

	if (family == AF_UNSPEC)
		family = l->opts->peer.salen ? l->opts->peer.sa.ss_family : AF_INET;
	return family;
}

/* Our own address: as it was found, or any of the peer's family */
static int take_me(struct link *l)
{
	const struct options_addr *me = &l->opts->me;
	int family = carrier_family(l);

	if (me->set && l->me.sa.sa_family == family)
		return 0;
	if (me->set && !addr_is_any(&l->me)) {
		log_err("me %s and peer %s are of different address families", me->text,
			l->opts->peer.text);
		return EX_CONFIG;
	}
	memset(&l->me, 0, sizeof(l->me));
	l->me.sa.sa_family = (sa_family_t)family;
	addr_set_port(&l->me, me->set ? me->port : 0);
	return 0;
}

static int find_me(struct link *l)
{
	const struct options_addr *me = &l->opts->me;

	if (me->set && !me->salen)
		return look_up(l, me, carrier_family(l));
	if (me->set)
		addr_set(&l->me, &me->sa, me->salen);
	return take_me(l);
}

/* Name servers may be out of reach for as long as they like, and the peer's address
 * with them. That there is none of ours is told at once, but is no reason to give up
 * who has waited. Return: exit code or LINK_LATER
 */
static int not_found(struct link *l, int error)
{
	static struct log_limit limit = LOG_LIMIT_INIT;

	if (l->finding_me && !l->waited)
		return explain(&l->opts->me, error);
	l->waited = true;
	log_limited(&limit, LOG_WARNING, "cannot resolve %s: %s; trying again, there is no link "
		    "without its address", l->finding_me ? l->opts->me.host : l->opts->peer.host,
		    gai_strerror(error));
	resolver_again(l->finder);
	return LINK_LATER;
}

static void on_found(void *ctx, int error, const union addr *addr)
{
	struct link *l = ctx;
	int rc;

	if (l->ending)
		return;
	log_set_device(l->opts->device);
	if (error) {
		rc = not_found(l, error);
	} else if (l->finding_me) {
		l->me = *addr;
		rc = take_me(l);
	} else {
		l->configured = *addr;
		rc = find_me(l);
	}
	log_set_device("");
	if (error || rc != LINK_LATER)
		l->env->resolved(l->env->ctx, l, rc);
}

/* ------------------------------------------------------------------------
 * interface
 */

/* Claim a name against other daemons. Return: 0, -EEXIST or -errno. */
static int claim(struct link *l, const char *name)
{
	pid_t holder = 0;
	int rc = pidfile_create(&l->pidfile, l->conf, name, &holder);

	if (rc == -EEXIST && l->opts->device[0])
		log_err("%s is run by process %d already", name, (int)holder);
	else if (rc && rc != -EEXIST)
		log_msg(link_severity(l, LOG_ERR, rc), "cannot write the pid file of %s in " PIDFILE_DIR
			": %s", name, strerror(-rc));
	return rc;
}

static int create(struct link *l, const char *name)
{
	int rc = iface_create(l->conf, name, l->opts->mode);

	l->created = !rc;
	if (rc && rc != -EEXIST)
		log_msg(link_severity(l, LOG_ERR, rc), "cannot create interface %s: %s%s", name,
			strerror(-rc), netlink_words());
	return rc;
}

/* The first free cipcbN */
static int create_unnamed(struct link *l)
{
	unsigned int n;
	int rc;

	for (n = 0; n < NAMES_MAX; n++) {
		snprintf(l->name, sizeof(l->name), "cipcb%u", n);
		if (iface_index(l->conf, l->name) > 0)
			continue;
		rc = claim(l, l->name);
		if (rc == -EEXIST)
			continue;
		if (!rc)
			rc = create(l, l->name);
		if (rc != -EEXIST)
			return rc;
		pidfile_remove(&l->pidfile, l->conf);
	}
	return -ENFILE;
}

/* The interface that an earlier daemon of this link left behind */
static bool find_own(struct link *l)
{
	struct kernel_link seen, here;
	uint32_t id = link_remembered(l);

	if (!id || kernel_link_get(l->conf, id, &seen) || !seen.name[0] ||
	    seen.socket_state == CIPE_SOCKET_USER || seen.mode != l->opts->mode)
		return false;
	/* It may be in another network namespace by now */
	if (kernel_link_find(l->conf, seen.ifindex, &here) || here.id != id ||
	    claim(l, seen.name))
		return false;
	memcpy(l->name, seen.name, sizeof(l->name));
	return true;
}

static int create_named(struct link *l)
{
	int rc;

	snprintf(l->name, sizeof(l->name), "%s", l->opts->device);
	rc = claim(l, l->name);
	if (rc)
		return rc;
	rc = create(l, l->name);
	return rc == -EEXIST ? 0 : rc;
}

/* Is the interface that was there before us fit to be taken over? */
static int check_adopted(struct link *l, const struct kernel_link *seen)
{
	if (seen->mode != l->opts->mode) {
		log_err("interface %s exists with mode %s, not %s: delete it (ip link del %s) or "
			"choose another name", l->name, options_mode_name(seen->mode),
			options_mode_name(l->opts->mode), l->name);
		return LINK_EXIT_DEVICE;
	}
	if (seen->socket_state == CIPE_SOCKET_USER) {
		log_err("interface %s is in use by another process", l->name);
		return LINK_EXIT_DEVICE;
	}
	l->adopted_key = seen->key[CIPE_SLOT_CURRENT].rx_id;
	l->endpoint.remote = seen->endpoint;
	l->endpoint.local = seen->endpoint_local;
	if (seen->socket_state == CIPE_SOCKET_ORPHAN)
		l->orphan = seen->local;
	log_notice("took over interface %s, %s", l->name,
		   l->adopted_key ? "whose key is still in use" : "which has no key");
	return 0;
}

/* Which one has the name? Return: 0 or -errno */
static int find_named(struct link *l, struct kernel_link *seen)
{
	int rc = iface_index(l->conf, l->name);

	if (rc < 0)
		return rc;
	l->ifindex = (unsigned int)rc;
	return kernel_link_find(l->conf, l->ifindex, seen);
}

static int open_interface(struct link *l, struct kernel_link *seen)
{
	int rc = 0;

	if (l->opts->device[0])
		rc = create_named(l);
	else if (!find_own(l))
		rc = create_unnamed(l);
	if (rc)
		return LINK_EXIT_DEVICE;
	log_set_device(l->name);
	rc = find_named(l, seen);
	if (rc && !l->created) {
		log_msg(link_severity(l, LOG_ERR, rc),
			"interface %s exists and is not a CIPE link (%s): choose another name",
			l->name, strerror(-rc));
		return LINK_EXIT_DEVICE;
	}
	if (rc) {
		log_msg(link_severity(l, LOG_ERR, rc), "cannot read the state of %s: %s%s", l->name,
			strerror(-rc), netlink_words());
		return LINK_EXIT_SYSTEM;
	}
	l->id = seen->id;
	return l->created ? 0 : check_adopted(l, seen);
}

/* ------------------------------------------------------------------------
 * MTU, addresses, up
 */

static void find_mtu(struct link *l)
{
	const union addr *peer = addr_is_set(&l->endpoint.remote) ? &l->endpoint.remote :
				 &l->configured;
	struct carrier_route route = { .mtu = CARRIER_MTU_DEFAULT };
	char text[ADDR_STR_MAX];
	int rc;

	l->mtu = l->opts->mtu;
	if (l->mtu)
		return;
	rc = addr_is_set(peer) ? carrier_find_route(l->conf, peer, &route) : 0;
	if (rc) {
		route.mtu = CARRIER_MTU_DEFAULT;
		log_notice("no route to %s (%s): assuming a path MTU of %u",
			   addr_format(peer, text), strerror(-rc), route.mtu);
	}
	l->mtu = carrier_inner_mtu(route.mtu, l->me.sa.sa_family,
				   l->opts->mode == CIPE_MODE_ETHER);
}

/** link_update_mtu() - the peer's address is known, and with it the path */
void link_update_mtu(struct link *l)
{
	unsigned int before = l->mtu;
	int rc;

	find_mtu(l);
	if (l->mtu == before || !l->ifindex)
		return;
	rc = iface_set_mtu(l->conf, l->ifindex, l->mtu);
	if (rc)
		log_err("cannot set the MTU of %s to %u: %s%s", l->name, l->mtu, strerror(-rc),
			netlink_words());
}

static int bring_up(struct link *l)
{
	const char *what = "MTU";
	int rc = iface_set_mtu(l->conf, l->ifindex, l->mtu);

	if (!rc) {
		what = "interface up";
		rc = iface_set_up(l->conf, l->ifindex);
	}
	if (rc) {
		log_msg(link_severity(l, LOG_ERR, rc), "cannot set %s of %s (MTU %u): %s%s", what, l->name,
			l->mtu, strerror(-rc), netlink_words());
		return LINK_EXIT_SYSTEM;
	}
	if (l->opts->ptpaddr.s_addr || l->opts->mode == CIPE_MODE_ETHER) {
		l->ptpaddr = l->opts->ptpaddr;
		link_set_inner_addr(l);
	}
	return 0;
}

/**
 * link_resolve() - find the addresses of the carrier
 * @l: from link_new()
 * Return: 0, or an exit code after a message; LINK_LATER: name servers are asked,
 * and @resolved of the environment is called.
 */
int link_resolve(struct link *l)
{
	int rc = find_peer(l);

	return rc ? rc : find_me(l);
}

/**
 * link_setup() - prepare secrets and interface
 * @l: after link_resolve()
 * Return: 0, or an exit code; everything that went wrong was logged, and what
 * was done is undone by link_free().
 */
int link_setup(struct link *l)
{
	struct kernel_link seen = { 0 };
	int rc = link_load_memory(l);

	rc = rc ? rc : open_interface(l, &seen);
	return rc ? rc : link_claim_keys(l, &seen);
}

/**
 * link_connect() - connect it to its port and bring it up, ready to exchange keys
 * @l: after link_setup()
 *
 * Links with an orphan are connected before others of the process: these may
 * have the same port.
 *
 * Return: as link_setup().
 */
int link_connect(struct link *l)
{
	int rc = link_open_port(l);

	if (rc)
		return rc;
	find_mtu(l);
	return bring_up(l);
}
