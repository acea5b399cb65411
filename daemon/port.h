/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * An address and port of ours, with all links of the process that have it: the
 * socket, what guards it against floods, and who gets what comes in.
 */
#ifndef CIPED_PORT_H
#define CIPED_PORT_H

#include <ev.h>
#include <stddef.h>
#include <stdint.h>

#include "addr.h"
#include "carrier.h"
#include "gate.h"
#include "intake.h"
#include "roster.h"

/* Addresses where a link's peer may be */
#define PORT_PEER_ADDRS 2

/**
 * struct port_ops - what a link is told; @owner is the roster entry's
 * @receive: a message for it, or, where it is alone, one to name the fault of
 * @admitted: an INIT for it, after gate_admit()
 * @repeated: is it the INIT that it answered last?
 * @error: a message of its own did not arrive
 * @where: where is its peer, as far as is known? Returns how many addresses were
 *	set; unset ones among them are skipped
 *
 * @receive and @admitted return whether the message was of use, as
 * session_receive() does.
 */
struct port_ops {
	bool (*receive)(void *owner, const struct path *from, const uint8_t *data, size_t len);
	bool (*admitted)(void *owner, const struct path *from, const uint8_t *data, size_t len);
	bool (*repeated)(void *owner, const uint8_t *data, size_t len);
	void (*error)(void *owner, const struct carrier_error *error);
	unsigned int (*where)(void *owner, union addr known[PORT_PEER_ADDRS]);
};

/**
 * struct port - an address and port
 * @ports: all of them
 * @me: as configured: the host may be the wildcard, the port 0
 * @carrier: the socket
 * @icmp: ICMP errors; -1: cannot be had
 * @users: how many links hold it
 * @gate: before INITs are read
 * @roster: the links
 * @intake: reads the socket
 * @icmp_io: @icmp is readable
 * @by_me: among all by @me
 * @by_bound: among all by what the socket is bound to
 */
struct port {
	struct ports *ports;
	union addr me;
	struct carrier carrier;
	int icmp;
	unsigned int users;
	struct gate *gate;
	struct roster roster;
	struct intake intake;
	ev_io icmp_io;
	UT_hash_handle by_me;
	UT_hash_handle by_bound;
};

/* All ports of the process */
struct ports;

struct ports *ports_new(struct ev_loop *loop, const struct port_ops *ops);
void ports_free(struct ports *ports);
struct port *port_find(struct ports *ports, const union addr *me);
struct port *port_find_bound(struct ports *ports, const union addr *bound);
int port_new(struct ports *ports, uint32_t conf, const union addr *me, OSSL_LIB_CTX *lib,
	     struct port **port);
int port_bind(struct port *port, uint32_t conf);
int port_inherited(struct port *port);
struct port *port_get(struct port *port);
void port_put(struct port *port);
int port_join(struct port *port, struct roster_entry *e, const struct identity *id, void *owner);
void port_leave(struct port *port, struct roster_entry *e);
void port_know_peers(struct port *port);
void port_await(struct port *port, struct roster_entry *e, bool any, uint32_t session);
bool port_receive(struct port *port, uint64_t now, const struct path *from, const uint8_t *data,
		  size_t len);

#endif /* CIPED_PORT_H */
