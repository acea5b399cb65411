/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The carrier: the UDP socket under a link, and what the routes say about the
 * way to the peer.
 */
#ifndef CIPED_CARRIER_H
#define CIPED_CARRIER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "addr.h"

/* Octets that UDP and IP, and the data packet's header and tag, add */
#define CARRIER_OVERHEAD_IP4 52
#define CARRIER_OVERHEAD_IP6 72
#define CARRIER_OVERHEAD_ETHER 14

/* When the peer is not known yet */
#define CARRIER_MTU_DEFAULT 1500

/**
 * struct carrier - a UDP socket
 * @fd: the socket; -1: none
 * @bound: what it is bound to; the host may be the wildcard
 */
struct carrier {
	int fd;
	union addr bound;
};

#define CARRIER_INIT { .fd = -1 }

/**
 * struct carrier_route - the way to a peer
 * @local: our address on it (port 0)
 * @mtu: of the path as known now
 */
struct carrier_route {
	union addr local;
	unsigned int mtu;
};

/**
 * struct carrier_error - an error report about a datagram of ours
 * @err: errno
 * @remote: where the datagram was to go
 * @reporter: who reported it; unset: this machine
 * @type: of the message (CIPE_WIRE_INIT and so on); 0: too little of it came back
 * @session: the message's session id
 */
struct carrier_error {
	int err;
	union addr remote;
	union addr reporter;
	uint8_t type;
	uint32_t session;
};

int carrier_open(struct carrier *c, uint32_t conf, int family);
int carrier_bind(struct carrier *c, uint32_t conf, const union addr *me);
int carrier_learn_bound(struct carrier *c);
void carrier_close(struct carrier *c);
ssize_t carrier_receive(struct carrier *c, void *buf, size_t size, struct path *from);
int carrier_send(struct carrier *c, const struct path *to, const void *data, size_t len);
int carrier_error(struct carrier *c, struct carrier_error *error);
void carrier_error_about(struct carrier_error *error, const void *message, size_t len);
int carrier_find_route(uint32_t conf, const union addr *to, struct carrier_route *route);
unsigned int carrier_inner_mtu(unsigned int path_mtu, int family, bool ether);

#endif /* CIPED_CARRIER_H */
