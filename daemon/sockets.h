/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Making sockets, and asking the routes through one. For the keeper; the parser
 * asks for what is in carrier.h and icmp.h.
 */
#ifndef CIPED_SOCKETS_H
#define CIPED_SOCKETS_H

#include <stdint.h>

#include "addr.h"
#include "carrier.h"

int sockets_udp(int family);
int sockets_bind(int fd, const union addr *me);
int sockets_cookie(int fd, uint64_t *cookie);
int sockets_icmp(int family);
int sockets_icmp_filter(int fd, int family, uint16_t port);
int sockets_route(const union addr *to, struct carrier_route *route);

#endif /* CIPED_SOCKETS_H */
