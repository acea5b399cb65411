// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * cipe-pkt: the data packets of CIPE made and read without the kernel module
 *
 * Written from docs/protocol.md alone: header of key id and counter, both big
 * endian and both the associated data; nonce the IV with the counter XORed
 * into its last four octets; ciphertext and a tag of 16 octets. If this and
 * the kernel understand each other, the document is right.
 *
 * Also sends what the kernel should refuse, and shows what is on a wire.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <net/if_arp.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include <openssl/rand.h>

#include "packet-util.h"

static int usage(void)
{
	fprintf(stderr,
"cipe-pkt [-n NETNS] COMMAND... [-- COMMAND...]...\n"
"cipe-pkt send to A:P [from A:P] WHAT [INNER] [MODIFY] [tos N] [ttl N]\n"
"              [gap USEC] [repeat N] [expect N rxkey K [timeout MS]]\n"
"   WHAT:   txkey K counters LIST | raw HEX | random LENGTH[-LENGTH]\n"
"   INNER:  ping SRC DST | pong SRC DST | udp SRC DST PORT | payload HEX\n"
"           | empty   [size N] [itos N] [ittl N]\n"
"   MODIFY: flags N | truncate N | extend N | flip BIT | flip-all\n"
"           | cut-all LENGTH (to each length up to it)\n"
"cipe-pkt recv on A:P rxkey K [count N] [timeout MS]\n"
"cipe-pkt frame DEVICE HEX [PROTOCOL]\n"
"cipe-pkt inject DEVICE INNER\n"
"cipe-pkt sniff DEVICE FILE [in|out] [marker STRING]\n"
"expect waits for packets with something inside. K is CIPHER:KEY:IV:ID. LIST is like 0-9,7,20-15. sniff goes to the\n"
"background when it is ready and prints its process id.\n");
	return 2;
}

/* ---- inner packets ---- */

struct inner {
	enum { NOTHING, EMPTY, PAYLOAD, PING, PONG, UDP } kind;
	const char *src, *dst;
	uint16_t port;
	unsigned int size, tos, ttl;
	uint8_t payload[MAX_PACKET];
	size_t payload_len;
};

/* The transport header and its data, without the checksum */
static size_t build_transport(const struct inner *in, bool v6, uint32_t seq,
			      uint8_t *p)
{
	size_t i, len = 8 + in->size;

	memset(p, 0, 8);
	if (in->kind == UDP) {
		p[0] = 0x99;
		p[2] = in->port >> 8;
		p[3] = in->port;
		p[4] = len >> 8;
		p[5] = len;
	} else {
		p[0] = in->kind == PING ? (v6 ? 128 : 8) : (v6 ? 129 : 0);
		p[4] = 0xc1;
		p[6] = seq >> 8;
		p[7] = seq;
	}
	for (i = 8; i < len; i++)
		p[i] = i;
	return len;
}

static size_t build_inner(const struct inner *in, uint32_t seq, uint8_t *p)
{
	unsigned int proto, sum_at;
	uint8_t *t;
	size_t len;
	bool v6;

	if (in->kind == EMPTY)
		return 0;
	if (in->kind == PAYLOAD) {
		memcpy(p, in->payload, in->payload_len);
		return in->payload_len;
	}
	v6 = strchr(in->src, ':');
	sum_at = in->kind == UDP ? 6 : 2;
	if (v6) {
		len = build_transport(in, v6, seq, t = p + 40);
		proto = in->kind == UDP ? IPPROTO_UDP : IPPROTO_ICMPV6;
		put_be32(p, 0x60000000 | in->tos << 20);
		p[4] = len >> 8;
		p[5] = len;
		p[6] = proto;
		p[7] = in->ttl;
		inet_pton(AF_INET6, in->src, p + 8);
		inet_pton(AF_INET6, in->dst, p + 24);
		put_sum(t + sum_at,
			sum16(t, len, sum16(p + 8, 32, len + proto)));
		return 40 + len;
	}
	len = build_transport(in, v6, seq, t = p + 20);
	proto = in->kind == UDP ? IPPROTO_UDP : IPPROTO_ICMP;
	memset(p, 0, 20);
	p[0] = 0x45;
	p[1] = in->tos;
	p[2] = (len + 20) >> 8;
	p[3] = len + 20;
	p[6] = 0x40;
	p[8] = in->ttl;
	p[9] = proto;
	inet_pton(AF_INET, in->src, p + 12);
	inet_pton(AF_INET, in->dst, p + 16);
	put_sum(p + 10, sum16(p, 20, 0));
	put_sum(t + sum_at, sum16(t, len, in->kind == UDP ?
				  sum16(p + 12, 8, len + proto) : 0));
	return 20 + len;
}

/* ---- sockets ---- */

static void set_int(int fd, int level, int option, int value)
{
	if (setsockopt(fd, level, option, &value, sizeof(value)))
		die("setsockopt");
}

static int open_socket(int family, const char *from, int tos, int ttl)
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

/*
 * Wait for @count packets of key @k; other packets are told of, not counted,
 * nor those with fewer octets inside than @least
 */
static int receive(int fd, const struct key *k, unsigned long count,
		   ssize_t least, long timeout)
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

static int cmd_recv(int argc, char **argv)
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

/* ---- sending ---- */

struct send {
	const char *to, *from, *counters;
	struct key tx, rx;
	struct inner inner;
	uint8_t raw[MAX_PACKET];
	size_t raw_len;
	long random, random_last;
	int tos, ttl;
	unsigned long flags, truncate, extend, repeat, gap, expect, timeout;
	long cut_all, flip;
	bool flip_all;

	int fd;
	struct address dst;
	uint32_t seq;
};

static void send_datagram(struct send *s, const uint8_t *packet, size_t len)
{
	ssize_t n;

	do {
		n = sendto(s->fd, packet, len, 0, &s->dst.sa, s->dst.len);
	} while (n < 0 && (errno == ECONNREFUSED || errno == ENOBUFS));
	if (n < 0)
		die("sendto");
	if (s->gap)
		usleep(s->gap);
}

static void send_modified(struct send *s, uint8_t *packet, size_t len)
{
	size_t bit, n;

	if (s->extend) {
		RAND_bytes(packet + len, s->extend);
		len += s->extend;
	}
	if (s->truncate)
		len = len > s->truncate ? len - s->truncate : 0;
	if (s->flip >= 0)
		packet[s->flip / 8] ^= 0x80 >> s->flip % 8;
	if (s->cut_all >= 0) {
		for (n = 0; n <= (size_t)s->cut_all && n <= len; n++)
			send_datagram(s, packet, n);
		return;
	}
	if (!s->flip_all) {
		send_datagram(s, packet, len);
		return;
	}
	for (bit = 0; bit < len * 8; bit++) {
		packet[bit / 8] ^= 0x80 >> bit % 8;
		send_datagram(s, packet, len);
		packet[bit / 8] ^= 0x80 >> bit % 8;
	}
}

static void send_counter(struct send *s, uint32_t counter)
{
	static uint8_t plain[2 * MAX_PACKET], packet[2 * MAX_PACKET];
	size_t len = build_inner(&s->inner, s->seq++, plain);

	len = seal(&s->tx, s->flags, counter, plain, len, packet);
	send_modified(s, packet, len);
}

static void send_counters(struct send *s)
{
	const char *p = s->counters;

	while (*p) {
		unsigned long a, b;
		char *end;

		a = b = strtoul(p, &end, 0);
		if (*end == '-')
			b = strtoul(end + 1, &end, 0);
		for (; a != b; a < b ? a++ : a--)
			send_counter(s, a);
		send_counter(s, b);
		p = *end == ',' ? end + 1 : end;
		if (*end && *end != ',') {
			fprintf(stderr, "%s: not a list\n", s->counters);
			exit(2);
		}
	}
}

static void send_once(struct send *s)
{
	static uint8_t packet[2 * MAX_PACKET];
	long n;

	if (s->random >= 0) {
		for (n = s->random; n <= s->random_last; n++) {
			RAND_bytes(packet, n);
			packet[0] |= 1;		/* not a control packet */
			send_modified(s, packet, n);
		}
	} else if (s->counters) {
		send_counters(s);
	} else {
		memcpy(packet, s->raw, s->raw_len);
		send_modified(s, packet, s->raw_len);
	}
}

/* Returns how many arguments it took, 0 if it knows none such */
static int parse_send_inner(struct inner *in, int argc, char **argv)
{
	if (!strcmp(argv[0], "empty")) {
		in->kind = EMPTY;
		return 1;
	}
	if (argc < 2)
		return 0;
	if (!strcmp(argv[0], "payload")) {
		in->kind = PAYLOAD;
		in->payload_len = unhex(argv[1], in->payload,
					sizeof(in->payload));
	} else if (!strcmp(argv[0], "size")) {
		in->size = number(argv[1]);
	} else if (!strcmp(argv[0], "itos")) {
		in->tos = number(argv[1]);
	} else if (!strcmp(argv[0], "ittl")) {
		in->ttl = number(argv[1]);
	} else if (argc > 2 && (!strcmp(argv[0], "ping") ||
				!strcmp(argv[0], "pong"))) {
		in->kind = argv[0][1] == 'i' ? PING : PONG;
		in->src = argv[1];
		in->dst = argv[2];
		return 3;
	} else if (argc > 3 && !strcmp(argv[0], "udp")) {
		in->kind = UDP;
		in->src = argv[1];
		in->dst = argv[2];
		in->port = number(argv[3]);
		return 4;
	} else {
		return 0;
	}
	return 2;
}

static void parse_random(struct send *s, const char *value)
{
	char *end;

	s->random = s->random_last = strtol(value, &end, 0);
	if (*end == '-')
		s->random_last = strtol(end + 1, &end, 0);
	if (*end)
		exit(usage());
}

static int parse_send(struct send *s, int argc, char **argv)
{
	const char *word = argv[0], *value = argv[1];
	int n = parse_send_inner(&s->inner, argc, argv);

	if (n)
		return n;
	if (!strcmp(word, "flip-all")) {
		s->flip_all = true;
		return 1;
	}
	if (argc < 2)
		return 0;
	if (!strcmp(word, "to"))
		s->to = value;
	else if (!strcmp(word, "from"))
		s->from = value;
	else if (!strcmp(word, "counters"))
		s->counters = value;
	else if (!strcmp(word, "txkey"))
		parse_key(value, &s->tx);
	else if (!strcmp(word, "rxkey"))
		parse_key(value, &s->rx);
	else if (!strcmp(word, "raw"))
		s->raw_len = unhex(value, s->raw, sizeof(s->raw));
	else if (!strcmp(word, "random"))
		parse_random(s, value);
	else if (!strcmp(word, "tos"))
		s->tos = number(value);
	else if (!strcmp(word, "ttl"))
		s->ttl = number(value);
	else if (!strcmp(word, "flags"))
		s->flags = number(value);
	else if (!strcmp(word, "truncate"))
		s->truncate = number(value);
	else if (!strcmp(word, "cut-all"))
		s->cut_all = number(value);
	else if (!strcmp(word, "extend"))
		s->extend = number(value);
	else if (!strcmp(word, "flip"))
		s->flip = number(value);
	else if (!strcmp(word, "repeat"))
		s->repeat = number(value);
	else if (!strcmp(word, "gap"))
		s->gap = number(value);
	else if (!strcmp(word, "expect"))
		s->expect = number(value);
	else if (!strcmp(word, "timeout"))
		s->timeout = number(value);
	else
		return 0;
	return 2;
}

static int cmd_send(int argc, char **argv)
{
	static struct send s;
	unsigned long i;
	int n, rc;

	memset(&s, 0, sizeof(s));
	s.tos = s.ttl = s.random = s.cut_all = s.flip = -1;
	s.repeat = 1;
	s.timeout = 5000;
	s.inner.ttl = 64;
	s.inner.size = 56;
	for (; argc; argc -= n, argv += n) {
		n = parse_send(&s, argc, argv);
		if (!n)
			return usage();
	}
	if (!s.to || (s.counters && (!s.tx.cipher || !s.inner.kind)) ||
	    (s.expect && !s.rx.cipher))
		return usage();
	parse_address(s.to, &s.dst);
	s.fd = open_socket(s.dst.sa.sa_family, s.from, s.tos, s.ttl);
	for (i = 0; i < s.repeat; i++)
		send_once(&s);
	rc = s.expect ? receive(s.fd, &s.rx, s.expect, 1, s.timeout) : 0;
	close(s.fd);
	return rc;
}

/* ---- packet sockets ---- */

static int open_packet(const char *device, struct sockaddr_ll *sll)
{
	int fd = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0);

	if (fd < 0)
		die("packet socket");
	memset(sll, 0, sizeof(*sll));
	sll->sll_family = AF_PACKET;
	sll->sll_ifindex = if_nametoindex(device);
	if (!sll->sll_ifindex)
		die(device);
	return fd;
}

static int cmd_frame(int argc, char **argv)
{
	static uint8_t frame[MAX_PACKET];
	struct sockaddr_ll sll;
	size_t len;
	int fd;

	if (argc < 2)
		return usage();
	fd = open_packet(argv[0], &sll);
	len = unhex(argv[1], frame, sizeof(frame));
	if (argc > 2)
		sll.sll_protocol = htons(number(argv[2]));
	else if (len >= ETH_HLEN)
		sll.sll_protocol = htons(get_be16(frame + 12));
	if (sendto(fd, frame, len, 0, (void *)&sll, sizeof(sll)) < 0)
		die("send frame");
	close(fd);
	return 0;
}

/* An inner packet from this side of a device of mode ip */
static int cmd_inject(int argc, char **argv)
{
	static struct inner inner;
	static uint8_t packet[MAX_PACKET];
	const char *device = argv[0];
	struct sockaddr_ll sll;
	size_t len;
	int fd, n;

	memset(&inner, 0, sizeof(inner));
	inner.ttl = 64;
	inner.size = 56;
	for (argc--, argv++; argc > 0; argc -= n, argv += n) {
		n = parse_send_inner(&inner, argc, argv);
		if (!n)
			return usage();
	}
	if (argc < 0 || !inner.kind)
		return usage();
	fd = open_packet(device, &sll);
	len = build_inner(&inner, 0, packet);
	sll.sll_protocol = htons(packet[0] >> 4 == 6 ? ETH_P_IPV6 : ETH_P_IP);
	if (sendto(fd, packet, len, 0, (void *)&sll, sizeof(sll)) < 0)
		die("send packet");
	close(fd);
	return 0;
}

static void show_udp(FILE *out, const uint8_t *ip, size_t header, size_t len)
{
	const uint8_t *udp = ip + header;
	bool v6 = ip[0] >> 4 == 6;
	char src[INET6_ADDRSTRLEN], dst[INET6_ADDRSTRLEN];
	int family = v6 ? AF_INET6 : AF_INET;

	if (len < header + 8)
		return;
	inet_ntop(family, ip + (v6 ? 8 : 12), src, sizeof(src));
	inet_ntop(family, ip + (v6 ? 24 : 16), dst, sizeof(dst));
	fprintf(out, v6 ? " src=[%s]:%u dst=[%s]:%u" : " src=%s:%u dst=%s:%u",
		src, get_be16(udp), dst, get_be16(udp + 2));
	if (len >= header + 16)
		fprintf(out, " id=0x%08x counter=%u", get_be32(udp + 8),
			get_be32(udp + 12));
}

/* One packet, one line; len is that of the IP packet or of the frame */
static void show(FILE *out, const struct sockaddr_ll *sll,
		 const uint8_t *p, size_t len, const char *marker)
{
	size_t i, skip = sll->sll_hatype == ARPHRD_ETHER ||
			 sll->sll_hatype == ARPHRD_LOOPBACK ? ETH_HLEN : 0;
	const uint8_t *ip = p + skip;
	size_t n = len - skip;

	fprintf(out, "%s",
		sll->sll_pkttype == PACKET_OUTGOING ? "out" : "in");
	if (sll->sll_protocol == htons(ETH_P_IP) && n >= 20) {
		fprintf(out, " ip=4 len=%zu tos=%u ttl=%u df=%u proto=%u", n,
			ip[1], ip[8], ip[6] >> 6 & 1, ip[9]);
		if (ip[9] == IPPROTO_UDP && !(get_be16(ip + 6) & 0x1fff))
			show_udp(out, ip, (ip[0] & 15) * 4, n);
		if (ip[9] == IPPROTO_ICMP && n >= 28)
			fprintf(out, " icmp=%u/%u mtu=%u", ip[20], ip[21],
				get_be16(ip + 26));
	} else if (sll->sll_protocol == htons(ETH_P_IPV6) && n >= 40) {
		fprintf(out, " ip=6 len=%zu tos=%u ttl=%u proto=%u", n,
			get_be32(ip) >> 20 & 0xff, ip[7], ip[6]);
		if (ip[6] == IPPROTO_UDP)
			show_udp(out, ip, 40, n);
		if (ip[6] == IPPROTO_ICMPV6 && n >= 48)
			fprintf(out, " icmp=%u/%u mtu=%u", ip[40], ip[41],
				get_be32(ip + 44));
	} else {
		fprintf(out, " protocol=0x%04x len=%zu frame=",
			ntohs(sll->sll_protocol), len);
		for (i = 0; i < len; i++)
			fprintf(out, "%02x", p[i]);
	}
	if (marker && memmem(p, len, marker, strlen(marker)))
		fprintf(out, " MARKER");
	fputc('\n', out);
}

static void background(void)
{
	int null = open("/dev/null", O_RDWR);
	pid_t pid = fork();

	if (pid < 0)
		die("fork");
	if (pid) {
		printf("%d\n", pid);
		fflush(stdout);
		_exit(0);
	}
	dup2(null, 0);
	dup2(null, 1);
	dup2(null, 2);
}

static int cmd_sniff(int argc, char **argv)
{
	static uint8_t packet[MAX_PACKET + ETH_HLEN];
	const char *marker = NULL;
	int only = -1, i, fd;
	struct sockaddr_ll sll;
	FILE *out;

	if (argc < 2)
		return usage();
	for (i = 2; i < argc; i++) {
		if (!strcmp(argv[i], "in"))
			only = 0;
		else if (!strcmp(argv[i], "out"))
			only = 1;
		else if (!strcmp(argv[i], "marker") && i + 1 < argc)
			marker = argv[++i];
		else
			return usage();
	}
	fd = open_packet(argv[0], &sll);
	set_int(fd, SOL_SOCKET, SO_RCVBUFFORCE, 64 << 20);
	sll.sll_protocol = htons(ETH_P_ALL);
	if (bind(fd, (void *)&sll, sizeof(sll)))
		die("bind");
	out = fopen(argv[1], "w");
	if (!out)
		die(argv[1]);
	background();
	for (;;) {
		socklen_t len = sizeof(sll);
		ssize_t n = recvfrom(fd, packet, sizeof(packet), MSG_DONTWAIT,
				     (void *)&sll, &len);
		struct pollfd pfd = { .fd = fd, .events = POLLIN };

		if (n < 0) {
			fflush(out);
			if (errno == EAGAIN)
				poll(&pfd, 1, -1);
			else if (errno != ENETDOWN)
				return 1;
			continue;
		}
		if (only >= 0 &&
		    only != (sll.sll_pkttype == PACKET_OUTGOING))
			continue;
		show(out, &sll, packet, n, marker);
	}
}

static int run(int argc, char **argv)
{
	static const struct {
		const char *name;
		int (*run)(int argc, char **argv);
	} commands[] = {
		{ "send", cmd_send }, { "recv", cmd_recv },
		{ "frame", cmd_frame }, { "inject", cmd_inject },
		{ "sniff", cmd_sniff },
	};
	size_t i;

	for (i = 0; argc && i < sizeof(commands) / sizeof(*commands); i++)
		if (!strcmp(argv[0], commands[i].name))
			return commands[i].run(argc - 1, argv + 1);
	return usage();
}

int main(int argc, char **argv)
{
	int n, rc;

	argc--;
	argv++;
	if (argc > 2 && !strcmp(argv[0], "-n")) {
		enter_netns(argv[1]);
		argc -= 2;
		argv += 2;
	}
	for (;;) {
		for (n = 0; n < argc && strcmp(argv[n], "--"); n++)
			;
		rc = run(n, argv);
		if (rc || n == argc)
			return rc;
		argc -= n + 1;
		argv += n + 1;
	}
}
