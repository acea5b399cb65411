// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * UDP sockets, and the packets that come to one.
 */
#include <netinet/in.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>

#include "cipe-pkt.h"

void set_int(int fd, int level, int option, int value)
{
	if (setsockopt(fd, level, option, &value, sizeof(value)))
		die("setsockopt");
}

int open_socket(int family, const char *from, int tos, int ttl)
{
	int fd = socket(family, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	struct address a;
	bool v6 = family == AF_INET6;

	if (fd < 0)
		die("socket");
	set_int(fd, SOL_SOCKET, SO_REUSEADDR, 1);
	set_int(fd, SOL_SOCKET, SO_RCVBUFFORCE, 32 << 20);
	if (v6) {
		set_int(fd, IPPROTO_IPV6, IPV6_RECVTCLASS, 1);
		set_int(fd, IPPROTO_IPV6, IPV6_RECVHOPLIMIT, 1);
	} else {
		set_int(fd, IPPROTO_IP, IP_RECVTOS, 1);
		set_int(fd, IPPROTO_IP, IP_RECVTTL, 1);
	}
	if (tos >= 0)
		set_int(fd, v6 ? IPPROTO_IPV6 : IPPROTO_IP,
			v6 ? IPV6_TCLASS : IP_TOS, tos);
	if (ttl >= 0)
		set_int(fd, v6 ? IPPROTO_IPV6 : IPPROTO_IP,
			v6 ? IPV6_UNICAST_HOPS : IP_TTL, ttl);
	if (from) {
		parse_address(from, &a);
		if (bind(fd, &a.sa, a.len))
			die(from);
	}
	return fd;
}

static long now_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

/* Outer TOS or traffic class and TTL or hop limit */
static void print_cmsg(struct msghdr *m)
{
	struct cmsghdr *c;

	for (c = CMSG_FIRSTHDR(m); c; c = CMSG_NXTHDR(m, c)) {
		if (c->cmsg_level == IPPROTO_IP && c->cmsg_type == IP_TOS)
			printf(" tos=%u", *(uint8_t *)CMSG_DATA(c));
		else if ((c->cmsg_level == IPPROTO_IPV6 &&
			  c->cmsg_type == IPV6_TCLASS))
			printf(" tos=%d", *(int *)CMSG_DATA(c));
		else if ((c->cmsg_level == IPPROTO_IP &&
			  c->cmsg_type == IP_TTL) ||
			 (c->cmsg_level == IPPROTO_IPV6 &&
			  c->cmsg_type == IPV6_HOPLIMIT))
			printf(" ttl=%d", *(int *)CMSG_DATA(c));
	}
}

static void print_inner(const uint8_t *p, size_t len)
{
	size_t i;

	if (len >= 20 && p[0] >> 4 == 4)
		printf(" itos=%u ittl=%u", p[1], p[8]);
	else if (len >= 40 && p[0] >> 4 == 6)
		printf(" itos=%u ittl=%u", get_be32(p) >> 20 & 0xff, p[7]);
	printf(" data=");
	for (i = 0; i < len; i++)
		printf("%02x", p[i]);
}

int receive(int fd, const struct key *k, unsigned long count, ssize_t least,
	    long timeout)
{
	static uint8_t packet[MAX_PACKET], plain[MAX_PACKET];
	long end = now_ms() + timeout;
	char control[256];
	struct address from;
	struct iovec iov = { packet, sizeof(packet) };
	struct pollfd pfd = { .fd = fd, .events = POLLIN };
	unsigned long got = 0;

	setlinebuf(stdout);	/* somebody may be waiting for a certain one */
	while (got < count) {
		struct msghdr m = {
			.msg_name = &from.in6, .msg_namelen = sizeof(from.in6),
			.msg_iov = &iov, .msg_iovlen = 1,
			.msg_control = control,
			.msg_controllen = sizeof(control),
		};
		long left = end - now_ms();
		ssize_t n, len;

		if (left <= 0 || poll(&pfd, 1, left) <= 0)
			break;
		n = recvmsg(fd, &m, 0);
		if (n < 0)
			continue;
		printf("from=");
		print_address(&from);
		print_cmsg(&m);
		len = unseal(k, packet, n, plain);
		if (n >= HEADER)
			printf(" id=0x%08x counter=%u", get_be32(packet),
			       get_be32(packet + 4));
		if (len < 0) {
			printf(" size=%zd bad\n", n);
			continue;
		}
		printf(" size=%zd len=%zd", n, len);
		print_inner(plain, len);
		printf("\n");
		got += len >= least;
	}
	return got == count ? 0 : 1;
}

int cmd_recv(int argc, char **argv)
{
	unsigned long count = 1, timeout = 5000;
	const char *on = NULL;
	struct key key = {};
	struct address a;
	int i;

	for (i = 0; i + 1 < argc; i += 2) {
		if (!strcmp(argv[i], "on"))
			on = argv[i + 1];
		else if (!strcmp(argv[i], "rxkey"))
			parse_key(argv[i + 1], &key);
		else if (!strcmp(argv[i], "count"))
			count = number(argv[i + 1]);
		else if (!strcmp(argv[i], "timeout"))
			timeout = number(argv[i + 1]);
		else
			return usage();
	}
	if (i != argc || !on || !key.cipher)
		return usage();
	parse_address(on, &a);
	return receive(open_socket(a.sa.sa_family, on, -1, -1), &key, count,
		       0, timeout);
}
