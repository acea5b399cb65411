/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Socket addresses of either family, and the two ends of a datagram.
 */
#ifndef CIPED_ADDR_H
#define CIPED_ADDR_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

/** union addr - IPv4 or IPv6 address and port; family 0: none */
union addr {
	struct sockaddr sa;
	struct sockaddr_in in;
	struct sockaddr_in6 in6;
};

/**
 * struct path - where a datagram came from, or goes to
 * @remote: the other machine
 * @local: our address it was sent to (port 0), or family 0: any
 */
struct path {
	union addr remote;
	union addr local;
};

/* Room for "[address%scope]:port" and NUL */
#define ADDR_STR_MAX 80

socklen_t addr_len(const union addr *addr);
bool addr_set(union addr *addr, const void *sockaddr, size_t len);
bool addr_is_set(const union addr *addr);
bool addr_is_any(const union addr *addr);
uint16_t addr_port(const union addr *addr);
void addr_set_port(union addr *addr, uint16_t port);
bool addr_is_host4(struct in_addr addr);
void addr_unmap(union addr *addr);
bool addr_equal(const union addr *a, const union addr *b);
bool addr_equal_host(const union addr *a, const union addr *b);
const char *addr_format_host(const union addr *addr, char buf[ADDR_STR_MAX]);
const char *addr_format(const union addr *addr, char buf[ADDR_STR_MAX]);

#endif /* CIPED_ADDR_H */
