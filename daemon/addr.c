// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Socket addresses of either family.
 */
#include "addr.h"

#include <arpa/inet.h>
#include <net/if.h>
#include <stdio.h>
#include <string.h>

/** addr_len() - length of the sockaddr inside, 0 when none is set */
socklen_t addr_len(const union addr *addr)
{
	switch (addr->sa.sa_family) {
	case AF_INET:
		return sizeof(addr->in);
	case AF_INET6:
		return sizeof(addr->in6);
	default:
		return 0;
	}
}

/**
 * addr_set() - take a sockaddr as it came from the system
 * Return: false, with @addr cleared, when it is neither IPv4 nor IPv6 or cut
 * short.
 */
bool addr_set(union addr *addr, const void *sockaddr, size_t len)
{
	memset(addr, 0, sizeof(*addr));
	if (len < sizeof(sa_family_t) || len > sizeof(struct sockaddr_storage))
		return false;
	memcpy(addr, sockaddr, len < sizeof(*addr) ? len : sizeof(*addr));
	if (addr_len(addr) && len >= addr_len(addr))
		return true;
	memset(addr, 0, sizeof(*addr));
	return false;
}

/** addr_is_set() - whether there is an address at all */
bool addr_is_set(const union addr *addr)
{
	return addr_len(addr) != 0;
}

/** addr_is_any() - whether the host part is missing or the wildcard */
bool addr_is_any(const union addr *addr)
{
	switch (addr->sa.sa_family) {
	case AF_INET:
		return addr->in.sin_addr.s_addr == htonl(INADDR_ANY);
	case AF_INET6:
		return IN6_IS_ADDR_UNSPECIFIED(&addr->in6.sin6_addr);
	default:
		return true;
	}
}

/** addr_port() - port in host byte order */
uint16_t addr_port(const union addr *addr)
{
	switch (addr->sa.sa_family) {
	case AF_INET:
		return ntohs(addr->in.sin_port);
	case AF_INET6:
		return ntohs(addr->in6.sin6_port);
	default:
		return 0;
	}
}

/** addr_set_port() - change the port, given in host byte order */
void addr_set_port(union addr *addr, uint16_t port)
{
	if (addr->sa.sa_family == AF_INET)
		addr->in.sin_port = htons(port);
	else if (addr->sa.sa_family == AF_INET6)
		addr->in6.sin6_port = htons(port);
}

/** addr_unmap() - turn an IPv4-mapped IPv6 address into the IPv4 one */
void addr_unmap(union addr *addr)
{
	struct sockaddr_in in = { .sin_family = AF_INET };

	if (addr->sa.sa_family != AF_INET6 ||
	    !IN6_IS_ADDR_V4MAPPED(&addr->in6.sin6_addr))
		return;
	in.sin_port = addr->in6.sin6_port;
	memcpy(&in.sin_addr, &addr->in6.sin6_addr.s6_addr[12], 4);
	memset(addr, 0, sizeof(*addr));
	addr->in = in;
}

/** addr_is_host4() - can it be the address of one host that is not this one? */
bool addr_is_host4(struct in_addr addr)
{
	uint32_t host = ntohl(addr.s_addr);

	return host >> 24 && host >> 24 != IN_LOOPBACKNET && !IN_MULTICAST(host) &&
	       host != INADDR_BROADCAST;
}

/** addr_equal_host() - same family and host, whatever the port */
bool addr_equal_host(const union addr *a, const union addr *b)
{
	if (a->sa.sa_family != b->sa.sa_family)
		return false;
	switch (a->sa.sa_family) {
	case AF_INET:
		return a->in.sin_addr.s_addr == b->in.sin_addr.s_addr;
	case AF_INET6:
		return IN6_ARE_ADDR_EQUAL(&a->in6.sin6_addr,
					  &b->in6.sin6_addr) &&
		       a->in6.sin6_scope_id == b->in6.sin6_scope_id;
	default:
		return true;
	}
}

/** addr_equal() - same family, host and port */
bool addr_equal(const union addr *a, const union addr *b)
{
	return addr_equal_host(a, b) && addr_port(a) == addr_port(b);
}

/** addr_format_host() - "192.0.2.1" or "2001:db8::1" for messages */
const char *addr_format_host(const union addr *addr, char buf[ADDR_STR_MAX])
{
	char host[INET6_ADDRSTRLEN], scope[IF_NAMESIZE + 1] = "";

	if (addr->sa.sa_family == AF_INET) {
		inet_ntop(AF_INET, &addr->in.sin_addr, buf, ADDR_STR_MAX);
		return buf;
	}
	if (addr->sa.sa_family != AF_INET6) {
		snprintf(buf, ADDR_STR_MAX, "0.0.0.0");
		return buf;
	}
	inet_ntop(AF_INET6, &addr->in6.sin6_addr, host, sizeof(host));
	if (addr->in6.sin6_scope_id)
		snprintf(scope, sizeof(scope), "%%%u", addr->in6.sin6_scope_id);
	snprintf(buf, ADDR_STR_MAX, "%s%s", host, scope);
	return buf;
}

/** addr_format() - "192.0.2.1:4096" or "[2001:db8::1]:4096" for messages */
const char *addr_format(const union addr *addr, char buf[ADDR_STR_MAX])
{
	bool v6 = addr->sa.sa_family == AF_INET6;
	char host[ADDR_STR_MAX];

	snprintf(buf, ADDR_STR_MAX, "%s%s%s:%u", v6 ? "[" : "", addr_format_host(addr, host),
		 v6 ? "]" : "", addr_port(addr));
	return buf;
}
