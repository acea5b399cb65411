/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * cipe-pkt: what its commands share.
 */
#ifndef _CIPE_PKT_H
#define _CIPE_PKT_H

#include <stdbool.h>

#include "packet-util.h"

/* Each takes the words after its name, and returns the exit status */
int cmd_send(int argc, char **argv);
int cmd_recv(int argc, char **argv);
int cmd_frame(int argc, char **argv);
int cmd_inject(int argc, char **argv);
int cmd_sniff(int argc, char **argv);

/* Says how it is used; returns the exit status for that */
int usage(void);

/* An inner packet */
struct inner {
	enum { NOTHING, EMPTY, PAYLOAD, PING, PONG, UDP } kind;
	const char *src, *dst;
	uint16_t port;
	unsigned int size, tos, ttl;
	uint8_t payload[MAX_PACKET];
	size_t payload_len;
};

/* Takes words that describe one. Returns how many, 0 if it knows none such */
int parse_inner(struct inner *in, int argc, char **argv);

/* Returns its length; @p has room for MAX_PACKET octets */
size_t build_inner(const struct inner *in, uint32_t seq, uint8_t *p);

/* ---- UDP sockets ---- */

void set_int(int fd, int level, int option, int value);
int open_socket(int family, const char *from, int tos, int ttl);

/*
 * Wait for @count packets of key @k; other packets are told of, not counted,
 * nor those with fewer octets inside than @least
 */
int receive(int fd, const struct key *k, unsigned long count, ssize_t least,
	    long timeout);

#endif /* _CIPE_PKT_H */
