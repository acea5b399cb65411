/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a link's sockets are made by where there is no keeper: this process. To be
 * included by one file of a test.
 */
#ifndef CIPED_TESTS_SOCKETS_HERE_H
#define CIPED_TESTS_SOCKETS_HERE_H

#include <errno.h>

#include "carrier.h"
#include "icmp.h"
#include "sockets.h"

int carrier_open(struct carrier *c, uint32_t conf, int family)
{
	(void)conf;
	c->fd = sockets_udp(family);
	return c->fd < 0 ? c->fd : 0;
}

int carrier_bind(struct carrier *c, uint32_t conf, const union addr *me)
{
	int rc = sockets_bind(c->fd, me);

	(void)conf;
	return rc ? rc : carrier_learn_bound(c);
}

int icmp_open(uint32_t conf, int family)
{
	(void)conf;
	(void)family;
	return -EACCES;
}

#endif /* CIPED_TESTS_SOCKETS_HERE_H */
