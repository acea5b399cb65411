// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Sockets for the parser: it gets them made and bound, and can do no more with
 * them than send, receive and close.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "channel.h"
#include "keeper_impl.h"
#include "relay.h"
#include "sockets.h"

/* ------------------------------------------------------------------------
 * whose they are
 */

static struct keeper_socket *find(struct keeper *k, int fd)
{
	struct keeper_socket *s = NULL;
	uint64_t cookie;

	if (!sockets_cookie(fd, &cookie))
		HASH_FIND(by_cookie, k->by_cookie, &cookie, sizeof(cookie), s);
	return s;
}

static struct keeper_socket *note(struct keeper *k, int fd)
{
	struct keeper_socket *s = calloc(1, sizeof(*s));

	if (!s || sockets_cookie(fd, &s->cookie))
		goto fail;
	HASH_ADD(by_cookie, k->by_cookie, cookie, sizeof(s->cookie), s);
	if (!s->by_cookie.tbl)
		goto fail;
	s->users = 1;
	return s;

fail:
	free(s);
	return NULL;
}

static void put(struct keeper *k, struct keeper_socket *s)
{
	if (!s || --s->users)
		return;
	HASH_DELETE(by_cookie, k->by_cookie, s);
	free(s);
}

/** keeper_share() - the link has the socket: it stays one of ours with the link */
void keeper_share(struct keeper *k, struct keeper_link *l, int fd)
{
	struct keeper_socket *s = find(k, fd);

	if (s)
		s->users++;
	put(k, l->shared);
	l->shared = s;
}

/** keeper_unshare() - the link is no more: sockets that no other has are no more ours */
void keeper_unshare(struct keeper *k, struct keeper_link *l)
{
	put(k, l->shared);
	while (l->sockets)
		put(k, l->socket[--l->sockets]);
}

/* Our host as configured, or as looked up; or any, where none is configured or
 * the peer's family decides
 */
static bool fits_host(const struct keeper_link *l, const union addr *addr)
{
	const struct options_addr *me = &l->item->opts.me;
	union addr configured;

	if (!me->set)
		return addr_is_any(addr);
	if (!me->salen)
		return addr_equal_host(addr, &l->me);
	addr_set(&configured, &me->sa, me->salen);
	return addr_equal_host(addr, &configured) ||
	       (addr_is_any(addr) && addr_is_any(&configured));
}

static bool fits_me(const struct keeper_link *l, const union addr *addr)
{
	const struct options_addr *me = &l->item->opts.me;

	return addr_port(addr) == (me->set ? me->port : 0) && fits_host(l, addr);
}

/* As fits_me(), for what is bound already: a port that was left to the system is
 * one now, and a daemon that died may have been bound to one host of all
 */
static bool fits_bound(const struct keeper_link *l, const union addr *bound)
{
	const struct options_addr *me = &l->item->opts.me;
	bool any = !me->set;
	union addr configured;

	if (me->set && me->salen) {
		addr_set(&configured, &me->sa, me->salen);
		any = addr_is_any(&configured);
	}
	return (any || fits_host(l, bound)) &&
	       (!me->set || !me->port || me->port == addr_port(bound));
}

/** keeper_fits_me() - is it our address outside, as far as that is configured? */
bool keeper_fits_me(const struct keeper_link *l, const union addr *addr)
{
	return fits_bound(l, addr);
}

/**
 * keeper_may_use() - may the socket be this link's?
 * @k: the keeper
 * @l: the link
 * @fd: what the parser gave us
 *
 * It is one that we made, and bound to what is the link's address as well; or to
 * nothing, if it is to take the place of one that a dead daemon left.
 */
bool keeper_may_use(struct keeper *k, struct keeper_link *l, int fd)
{
	struct carrier c = { .fd = fd };

	return find(k, fd) && !carrier_learn_bound(&c) &&
	       (!addr_port(&c.bound) || fits_bound(l, &c.bound));
}

/* ------------------------------------------------------------------------
 * UDP
 */

KEEPER_HANDLER(keeper_udp_open)
{
	struct keeper_socket *s;
	int made;

	(void)fd;
	(void)a;
	if (l->sockets == KEEPER_SOCKETS)
		return -EPERM;
	made = sockets_udp((int)r->number);
	if (made < 0)
		return made;
	s = note(k, made);
	if (!s) {
		close(made);
		return -ENOMEM;
	}
	l->socket[l->sockets++] = s;
	*pass = made;
	return 0;
}

/* Made for this very link? */
static bool made_for(struct keeper *k, const struct keeper_link *l, int fd)
{
	struct keeper_socket *s = find(k, fd);
	unsigned int i;

	for (i = 0; s && i < l->sockets; i++)
		if (l->socket[i] == s)
			return true;
	return false;
}

KEEPER_HANDLER(keeper_udp_bind)
{
	(void)a;
	(void)pass;
	if (!made_for(k, l, fd) || !fits_me(l, &r->addr))
		return -EPERM;
	return sockets_bind(fd, &r->addr);
}

KEEPER_HANDLER(keeper_route)
{
	(void)k;
	(void)l;
	(void)fd;
	(void)pass;
	return sockets_route(&r->addr, &a->route);
}

/* ------------------------------------------------------------------------
 * ICMP
 */

KEEPER_HANDLER(keeper_icmp_open)
{
	int raw, rc, ends[2];

	(void)fd;
	(void)a;
	/* One for each socket */
	if (l->icmp >= l->sockets)
		return -EPERM;
	l->icmp++;
	raw = sockets_icmp((int)r->number);
	/* Refused by the system, not by us */
	if (raw < 0)
		return raw == -EPERM ? -EACCES : raw;
	rc = channel_pair(ends);
	if (rc) {
		close(raw);
		return rc;
	}
	/* Without it others' errors are read and dropped by the parser */
	sockets_icmp_filter(raw, (int)r->number, l->item->opts.me.set ? l->item->opts.me.port : 0);
	rc = relay_start(k->loop, raw, ends[0]);
	if (rc)
		close(ends[1]);
	else
		*pass = ends[1];
	return rc;
}
