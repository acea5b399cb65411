// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Packets to and from devices: frames as they are, and captures.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <net/if_arp.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "cipe-pkt.h"

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

int cmd_frame(int argc, char **argv)
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
int cmd_inject(int argc, char **argv)
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
		n = parse_inner(&inner, argc, argv);
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

int cmd_sniff(int argc, char **argv)
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
