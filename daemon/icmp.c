// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * ICMP errors about our key exchange messages.
 */
#include "icmp.h"

#include <errno.h>
#include <linux/icmp.h>
#include <netinet/icmp6.h>
#include <netinet/ip.h>
#include <netinet/ip6.h>
#include <netinet/udp.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cipe/wire.h>

static int errno_of_code4(uint8_t code)
{
	switch (code) {
	case ICMP_NET_UNREACH:
		return ENETUNREACH;
	case ICMP_PORT_UNREACH:
		return ECONNREFUSED;
	case ICMP_NET_ANO:
	case ICMP_HOST_ANO:
	case ICMP_PKT_FILTERED:
		return EACCES;
	default:
		return EHOSTUNREACH;
	}
}

static int errno_of_code6(uint8_t code)
{
	switch (code) {
	case ICMP6_DST_UNREACH_NOROUTE:
		return ENETUNREACH;
	case ICMP6_DST_UNREACH_NOPORT:
		return ECONNREFUSED;
	case ICMP6_DST_UNREACH_ADMIN:
		return EACCES;
	default:
		return EHOSTUNREACH;
	}
}

/**
 * struct cursor - what is left to read
 * @data: next octet
 * @len: octets left
 */
struct cursor {
	const uint8_t *data;
	size_t len;
};

/* The next @len octets, copied; false: there are fewer */
static bool take(struct cursor *c, void *out, size_t len)
{
	if (c->len < len)
		return false;
	memcpy(out, c->data, len);
	c->data += len;
	c->len -= len;
	return true;
}

static bool take_ip4(struct cursor *c, struct iphdr *ip)
{
	uint8_t options[40];

	return take(c, ip, sizeof(*ip)) && ip->version == 4 && ip->ihl >= 5 &&
	       take(c, options, ip->ihl * 4u - sizeof(*ip));
}

static bool parse4(struct cursor *c, union addr *from, struct carrier_error *error)
{
	struct iphdr outer, inner;
	struct icmphdr icmp;

	if (!take_ip4(c, &outer) || !take(c, &icmp, sizeof(icmp)) || !take_ip4(c, &inner))
		return false;
	if (icmp.type != ICMP_DEST_UNREACH || icmp.code == ICMP_FRAG_NEEDED ||
	    inner.protocol != IPPROTO_UDP || (inner.frag_off & htons(IP_OFFMASK)))
		return false;
	error->err = errno_of_code4(icmp.code);
	error->reporter.in = (struct sockaddr_in){
		.sin_family = AF_INET, .sin_addr.s_addr = outer.saddr };
	error->remote.in = (struct sockaddr_in){
		.sin_family = AF_INET, .sin_addr.s_addr = inner.daddr };
	from->in = (struct sockaddr_in){
		.sin_family = AF_INET, .sin_addr.s_addr = inner.saddr };
	return true;
}

static bool parse6(struct cursor *c, union addr *from, struct carrier_error *error)
{
	struct icmp6_hdr icmp;
	struct ip6_hdr inner;

	if (!take(c, &icmp, sizeof(icmp)) || !take(c, &inner, sizeof(inner)))
		return false;
	if (icmp.icmp6_type != ICMP6_DST_UNREACH || inner.ip6_nxt != IPPROTO_UDP)
		return false;
	error->err = errno_of_code6(icmp.icmp6_code);
	error->remote.in6 = (struct sockaddr_in6){
		.sin6_family = AF_INET6, .sin6_addr = inner.ip6_dst };
	from->in6 = (struct sockaddr_in6){
		.sin6_family = AF_INET6, .sin6_addr = inner.ip6_src };
	return true;
}

/**
 * icmp_parse() - is this an error about a key exchange message from @bound?
 * @family: AF_INET: @data begins with the IP header; AF_INET6: with ICMP's
 * @data: what was received
 * @len: its octets
 * @bound: of our socket
 * @error: filled in when it is; the reporter with AF_INET only
 * Return: true when it is.
 */
bool icmp_parse(int family, const uint8_t *data, size_t len, const union addr *bound,
		struct carrier_error *error)
{
	struct cursor c = { data, len };
	struct udphdr udp;
	struct cursor message;
	uint32_t marker;
	union addr from;

	memset(error, 0, sizeof(*error));
	memset(&from, 0, sizeof(from));
	if (!(family == AF_INET ? parse4(&c, &from, error) : parse6(&c, &from, error)))
		return false;
	if (!take(&c, &udp, sizeof(udp)))
		return false;
	message = c;
	if (!take(&c, &marker, sizeof(marker)) || marker != CIPE_WIRE_CONTROL)
		return false;
	carrier_error_about(error, message.data, message.len);
	addr_set_port(&error->remote, ntohs(udp.uh_dport));
	addr_set_port(&from, ntohs(udp.uh_sport));
	return addr_port(&from) == addr_port(bound) &&
	       (addr_is_any(bound) || addr_equal_host(&from, bound));
}

/**
 * icmp_read() - read one datagram
 * @fd: from icmp_open()
 * @bound: of our socket
 * @error: filled in
 * Return: 0, -ENOMSG when it was no error about a key exchange message of ours,
 * -EAGAIN when there is none, -EPIPE when there will be none any more, or another
 * -errno.
 */
int icmp_read(int fd, const union addr *bound, struct carrier_error *error)
{
	const size_t head = offsetof(struct icmp_datagram, data);
	struct icmp_datagram datagram;
	ssize_t n = recv(fd, &datagram, sizeof(datagram), MSG_DONTWAIT);

	if (n <= 0)
		return n ? -errno : -EPIPE;
	if ((size_t)n < head || !icmp_parse(bound->sa.sa_family, datagram.data, (size_t)n - head,
					    bound, error))
		return -ENOMSG;
	error->reporter = datagram.from;
	addr_set_port(&error->reporter, 0);
	return 0;
}
