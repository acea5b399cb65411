// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * How a link gets its port: from links that have it already, from a daemon that
 * died, or anew.
 */
#include "link.h"

#include <errno.h>
#include <string.h>
#include <sysexits.h>

#include "log.h"
#include "netlink.h"

static int hand_over(struct link *l)
{
	struct kernel_setting setting = {
		.fd = l->port->carrier.fd,
		.policy = true,
		.ttl = (uint8_t)l->opts->cttl,
		.tos = (uint16_t)l->opts->tos,
		.pin = l->opts->pin,
	};
	int rc;

	/* Where a link that we took over last heard its peer is newer truth */
	if (!addr_is_set(&l->endpoint.remote) && addr_is_set(&l->configured))
		setting.endpoint = &l->configured;
	rc = kernel_link_set(l->conf, l->id, &setting);
	if (!rc && setting.endpoint)
		l->endpoint.remote = l->configured;
	return rc;
}

/* Return: exit code */
static int explain_hand_over(struct link *l, int err)
{
	log_msg(link_severity(l, LOG_ERR, err), "cannot hand the UDP socket to %s: %s%s", l->name,
		strerror(-err), netlink_words());
	return LINK_EXIT_SYSTEM;
}

static bool fits_me(const struct link *l, const union addr *local)
{
	return local->sa.sa_family == l->me.sa.sa_family &&
	       (addr_is_any(&l->me) || addr_equal_host(&l->me, local)) &&
	       (!addr_port(&l->me) || addr_port(&l->me) == addr_port(local));
}

/* The port of a daemon that died: the kernel kept it, and what arrives there */
static int inherit(struct link *l)
{
	char text[ADDR_STR_MAX];
	int rc = port_new(l->env->ports, l->conf, &l->me, l->identity->lib, &l->port);

	if (!rc)
		rc = hand_over(l);
	if (!rc)
		rc = port_inherited(l->port);
	if (!rc) {
		log_info("took over UDP address %s", addr_format(&l->port->carrier.bound, text));
		return 0;
	}
	log_msg(link_severity(l, LOG_WARNING, rc),
		"cannot take over the UDP socket of %s: %s%s; opening a new one", l->name,
		strerror(-rc), netlink_words());
	port_put(l->port);
	l->port = NULL;
	return rc;
}

static int open_new(struct link *l)
{
	char text[ADDR_STR_MAX];
	int rc = port_new(l->env->ports, l->conf, &l->me, l->identity->lib, &l->port);

	if (!rc)
		rc = port_bind(l->port, l->conf);
	if (rc) {
		log_msg(link_severity(l, LOG_ERR, rc), "cannot use UDP address %s: %s",
			addr_format(&l->me, text), strerror(-rc));
		return LINK_EXIT_SYSTEM;
	}
	rc = hand_over(l);
	return rc ? explain_hand_over(l, rc) : 0;
}

/* Return: 0, or an exit code after a message. */
static int enter_roster(struct link *l)
{
	int rc = l->entry.self ? 0 : port_join(l->port, &l->entry, l->identity, l);

	if (!rc)
		return 0;
	if (rc != -EEXIST) {
		log_err("no memory");
		return LINK_EXIT_SYSTEM;
	}
	log_err("another link has the same keys at the same address: messages would not tell which "
		"one they are for. Each link needs a key, or a peerkey, of its own");
	return EX_CONFIG;
}

static int share(struct link *l, struct port *port)
{
	int rc;

	l->port = port_get(port);
	/* Before the kernel has it: an interface that was there before us would
	 * keep the socket, and look as if another process used it
	 */
	rc = enter_roster(l);
	if (rc)
		return rc;
	rc = hand_over(l);
	return rc ? explain_hand_over(l, rc) : 0;
}

static int find_port(struct link *l)
{
	bool orphan = addr_is_set(&l->orphan) && fits_me(l, &l->orphan);
	struct port *port = orphan ? port_find_bound(l->env->ports, &l->orphan) : NULL;

	if (port)
		return share(l, port);
	if (orphan && !inherit(l))
		return 0;
	port = port_find(l->env->ports, &l->me);
	return port ? share(l, port) : open_new(l);
}

/**
 * link_open_port() - get the link's port
 * @l: with its interface and keys
 * Return: 0, or an exit code after a message.
 */
int link_open_port(struct link *l)
{
	int rc = find_port(l);

	if (rc)
		return rc;
	l->bound = l->port->carrier.bound;
	return enter_roster(l);
}
