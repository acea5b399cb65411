// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Making sockets, and asking the routes through one.
 */
#include "sockets.h"

#include <errno.h>
#include <linux/filter.h>
#include <linux/icmp.h>
#include <netinet/icmp6.h>
#include <netinet/in.h>
#include <netinet/ip.h>
#include <netinet/ip6.h>
#include <netinet/udp.h>
#include <stddef.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cipe/wire.h>

static int set_option(int fd, int level, int option, int value)
{
	return setsockopt(fd, level, option, &value, sizeof(value)) ? -errno : 0;
}

/* Addresses of datagrams, reports of errors; fragments are no shame */
static int set_options(int fd, int family)
{
	int rc;

	if (family == AF_INET) {
		rc = set_option(fd, IPPROTO_IP, IP_PKTINFO, 1);
		rc = rc ? rc : set_option(fd, IPPROTO_IP, IP_RECVERR, 1);
		return rc ? rc : set_option(fd, IPPROTO_IP, IP_MTU_DISCOVER, IP_PMTUDISC_DONT);
	}
	rc = set_option(fd, IPPROTO_IPV6, IPV6_V6ONLY, 1);
	rc = rc ? rc : set_option(fd, IPPROTO_IPV6, IPV6_RECVPKTINFO, 1);
	rc = rc ? rc : set_option(fd, IPPROTO_IPV6, IPV6_RECVERR, 1);
	return rc ? rc : set_option(fd, IPPROTO_IPV6, IPV6_MTU_DISCOVER, IPV6_PMTUDISC_DONT);
}

/**
 * sockets_udp() - a UDP socket for a carrier, not bound yet
 * @family: AF_INET or AF_INET6
 * Return: a descriptor or -errno.
 */
int sockets_udp(int family)
{
	int fd = socket(family, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, IPPROTO_UDP);
	int rc;

	if (fd < 0)
		return -errno;
	rc = set_options(fd, family);
	if (rc) {
		close(fd);
		return rc;
	}
	return fd;
}

/**
 * sockets_bind() - bind to an address
 * @fd: from sockets_udp()
 * @me: of the same family; wildcard and port 0 leave the choice to the system
 * Return: 0 or -errno.
 */
int sockets_bind(int fd, const union addr *me)
{
	return bind(fd, &me->sa, addr_len(me)) ? -errno : 0;
}

/**
 * sockets_cookie() - the number that no other socket of this start of the machine has
 * @fd: any descriptor
 * @cookie: filled in
 * Return: 0, or -errno when it is no socket.
 */
int sockets_cookie(int fd, uint64_t *cookie)
{
	socklen_t len = sizeof(*cookie);

	return getsockopt(fd, SOL_SOCKET, SO_COOKIE, cookie, &len) ? -errno : 0;
}

#define LOAD(size, mode, k) BPF_STMT(BPF_LD | (size) | (mode), k)
#define DROP_UNLESS(k, further) BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, k, 0, further)

/**
 * sockets_icmp_filter() - drop ICMP errors that are not about our key exchange messages
 * @fd: from sockets_icmp()
 * @family: its family
 * @port: ours; 0: any
 *
 * Others' errors shall not wake us up. What is cut off before our marker names no
 * message. All of this is checked again by icmp_parse().
 *
 * Return: 0 or -errno.
 */
int sockets_icmp_filter(int fd, int family, uint16_t port)
{
	/* X: where our UDP header is, less ICMP's 8 octets */
	struct sock_filter code4[] = {
		BPF_STMT(BPF_LDX | BPF_B | BPF_MSH, 0),
		LOAD(BPF_B, BPF_IND, 8 + offsetof(struct iphdr, protocol)),
		DROP_UNLESS(IPPROTO_UDP, 12),
		LOAD(BPF_B, BPF_IND, 8),
		BPF_STMT(BPF_ALU | BPF_AND | BPF_K, 0xf),
		BPF_STMT(BPF_ALU | BPF_LSH | BPF_K, 2),
		BPF_STMT(BPF_ALU | BPF_ADD | BPF_X, 0),
		BPF_STMT(BPF_MISC | BPF_TAX, 0),
		LOAD(BPF_W, BPF_IND, 8 + sizeof(struct udphdr)),
		DROP_UNLESS(CIPE_WIRE_CONTROL, 5),
		LOAD(BPF_H, BPF_IND, 8 + offsetof(struct udphdr, uh_sport)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, port, 2, 0),
		BPF_STMT(BPF_LD | BPF_IMM, port),
		DROP_UNLESS(0, 1),
		BPF_STMT(BPF_RET | BPF_K, UINT32_MAX),
		BPF_STMT(BPF_RET | BPF_K, 0),
	};
	/* A raw socket of IPv6 gets no IP header */
	struct sock_filter code6[] = {
		LOAD(BPF_B, BPF_ABS, 8 + offsetof(struct ip6_hdr, ip6_nxt)),
		DROP_UNLESS(IPPROTO_UDP, 7),
		LOAD(BPF_W, BPF_ABS, 8 + sizeof(struct ip6_hdr) + sizeof(struct udphdr)),
		DROP_UNLESS(CIPE_WIRE_CONTROL, 5),
		LOAD(BPF_H, BPF_ABS, 8 + sizeof(struct ip6_hdr) +
		     offsetof(struct udphdr, uh_sport)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, port, 2, 0),
		BPF_STMT(BPF_LD | BPF_IMM, port),
		DROP_UNLESS(0, 1),
		BPF_STMT(BPF_RET | BPF_K, UINT32_MAX),
		BPF_STMT(BPF_RET | BPF_K, 0),
	};
	const struct sock_fprog prog = {
		.len = family == AF_INET ? sizeof(code4) / sizeof(code4[0]) :
					   sizeof(code6) / sizeof(code6[0]),
		.filter = family == AF_INET ? code4 : code6,
	};

	return setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, &prog, sizeof(prog)) ? -errno : 0;
}

/**
 * sockets_icmp() - hear ICMP errors
 * @family: AF_INET or AF_INET6
 * Return: a descriptor, or -errno: -EPERM without CAP_NET_RAW.
 */
int sockets_icmp(int family)
{
	bool v4 = family == AF_INET;
	int fd = socket(family, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK,
			v4 ? IPPROTO_ICMP : IPPROTO_ICMPV6);
	struct icmp6_filter filter6;
	struct icmp_filter filter4 = { .data = ~(1u << ICMP_DEST_UNREACH) };
	int rc;

	if (fd < 0)
		return -errno;
	ICMP6_FILTER_SETBLOCKALL(&filter6);
	ICMP6_FILTER_SETPASS(ICMP6_DST_UNREACH, &filter6);
	rc = v4 ? setsockopt(fd, SOL_RAW, ICMP_FILTER, &filter4, sizeof(filter4)) :
		  setsockopt(fd, IPPROTO_ICMPV6, ICMP6_FILTER, &filter6, sizeof(filter6));
	if (rc) {
		rc = -errno;
		close(fd);
		return rc;
	}
	return fd;
}

static int read_mtu(int fd, int family, unsigned int *mtu)
{
	int value = 0;
	socklen_t len = sizeof(value);
	int rc = family == AF_INET ?
		 getsockopt(fd, IPPROTO_IP, IP_MTU, &value, &len) :
		 getsockopt(fd, IPPROTO_IPV6, IPV6_MTU, &value, &len);

	*mtu = value > 0 ? (unsigned int)value : CARRIER_MTU_DEFAULT;
	return rc ? -errno : 0;
}

/**
 * sockets_route() - ask the routes about the way to a peer
 * @to: the peer
 * @route: filled in
 * Return: 0, or -errno: -ENETUNREACH and the like without a route.
 */
int sockets_route(const union addr *to, struct carrier_route *route)
{
	struct carrier probe = CARRIER_INIT;
	union addr where = *to;
	int fd, rc = 0;

	memset(route, 0, sizeof(*route));
	fd = socket(to->sa.sa_family, SOCK_DGRAM | SOCK_CLOEXEC, IPPROTO_UDP);
	if (fd < 0)
		return -errno;
	/* Nothing is sent; the port is of no matter, but must not be 0 */
	if (!addr_port(&where))
		addr_set_port(&where, 1);
	if (connect(fd, &where.sa, addr_len(&where)))
		rc = -errno;
	if (!rc)
		rc = read_mtu(fd, to->sa.sa_family, &route->mtu);
	probe.fd = fd;
	if (!rc)
		rc = carrier_learn_bound(&probe);
	route->local = probe.bound;
	addr_set_port(&route->local, 0);
	carrier_close(&probe);
	return rc;
}
