// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * flood: packets from outside, as a network card hands them to a gateway
 *
 *	flood [-b BURST] [-r RATIO] DEVICE MAC FROM TO COUNTERS DEVICE2 SECONDS SIZE...
 *
 * Sends UDP packets of the SIZEs in turn (of the IP packet), with addresses
 * FROM and TO, to the gateway at MAC on DEVICE. A size of "tso" is a TCP
 * segment of 64 KiB that is still to be cut, as a card's receive offload
 * makes them, and what is counted are octets of TCP's payload. COUNTERS is the
 * /proc/PID/net/dev of the far end, DEVICE2 the device there where the packets
 * should arrive.
 *
 * A card hands over many packets in one interrupt. A packet socket sends one
 * at a time, so bursts are collected in a queueing discipline (plug) and
 * released at once: BURST packets (64), or for each 16 of them one segment that
 * is to be cut. The loop is closed: no more packets are on their way than
 * the queues of the kernel hold, so that what is measured is the rate of
 * packets that arrive; those lost are told. At the lowest priority, for the
 * generator must not take from the gateways what it measures.
 *
 * Segments arrive cut, joined or whole, but each with its headers; less those
 * the octets of a device are the payload's. Where they are in a tunnel, RATIO
 * says how many octets of the device carry one.
 *
 * Prints seconds, packets and octets sent, packets and octets arrived in that
 * time, packets lost in the end (octets, where there are segments).
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <netinet/ether.h>
#include <netinet/ip.h>
#include <netinet/tcp.h>
#include <netinet/udp.h>
#include <netpacket/packet.h>
#include <sched.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>
#include <linux/pkt_sched.h>
#include <linux/rtnetlink.h>
#include <linux/virtio_net.h>

#define BURST 64		/* packets a card's driver takes at a time */
#define TSO_PER_BURST 16	/* of them, one segment to be cut stands for */
#define WINDOW 256		/* packets on their way */
#define FLOWS 16
#define MSS 1360		/* fits all tunnels */
#define TSO_SEGMENTS 44
#define PATIENCE 50000000	/* ns until what has not arrived is lost */
#define HEADERS (sizeof(struct ether_header) + sizeof(struct iphdr))
#define TCP_HEADERS (HEADERS + sizeof(struct tcphdr))
#define PAYLOAD (MSS * TSO_SEGMENTS)

struct packet {
	struct virtio_net_hdr vnet;
	struct iovec iov[2];
	uint8_t *frame;
	size_t len;
	bool tso;
};

struct counters {
	unsigned long long packets, octets;
};

static struct packet packets[FLOWS * 48];
static int n_packets, raw, route, counter_fd, ifindex;
static int burst_size = BURST;
static double ratio;			/* 0: none, no tunnel */
static bool tso;			/* what is sent are segments */
static const char *counter_dev;

static void die(const char *what)
{
	perror(what);
	exit(1);
}

static uint64_t now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * 1000000000ULL + ts.tv_nsec;
}

static uint32_t sum(const void *data, size_t len, uint32_t acc)
{
	const uint8_t *p = data;

	for (; len > 1; p += 2, len -= 2)
		acc += p[0] << 8 | p[1];
	return acc;
}

static uint16_t fold(uint32_t acc)
{
	while (acc >> 16)
		acc = (acc & 0xffff) + (acc >> 16);
	return htons(acc);
}

/* The checksum of the pseudo header, which the kernel goes on from */
static uint16_t pseudo(const struct iphdr *ip, size_t len)
{
	return fold(sum(&ip->saddr, 8, ip->protocol + len));
}

static void build_tcp(struct packet *p, struct iphdr *ip, int flow)
{
	struct tcphdr *tcp = (void *)(ip + 1);
	size_t len = p->len - HEADERS;

	ip->protocol = IPPROTO_TCP;
	tcp->source = htons(20000 + flow);
	tcp->dest = htons(9);
	tcp->seq = htonl(1);
	tcp->ack_seq = htonl(1);
	tcp->doff = sizeof(*tcp) / 4;
	tcp->ack = 1;
	tcp->window = htons(65535);
	tcp->check = pseudo(ip, len);
	p->vnet = (struct virtio_net_hdr) {
		.flags = VIRTIO_NET_HDR_F_NEEDS_CSUM,
		.gso_type = VIRTIO_NET_HDR_GSO_TCPV4,
		.hdr_len = HEADERS + sizeof(*tcp),
		.gso_size = MSS,
		.csum_start = HEADERS,
		.csum_offset = offsetof(struct tcphdr, check),
	};
}

static void build_udp(struct packet *p, struct iphdr *ip, int flow)
{
	struct udphdr *udp = (void *)(ip + 1);

	ip->protocol = IPPROTO_UDP;
	udp->source = htons(20000 + flow);
	udp->dest = htons(9);
	udp->len = htons(p->len - HEADERS);
}

static void build(struct packet *p, const char *size, int flow, char **argv)
{
	static uint8_t mine[ETH_ALEN] = { 2, 0, 0, 0, 0, 0x0b };
	struct ether_header *eth;
	struct iphdr *ip;

	p->tso = !strcmp(size, "tso");
	p->len = sizeof(*eth) + (p->tso ? sizeof(*ip) + sizeof(struct tcphdr) +
				 PAYLOAD : strtoul(size, NULL, 0));
	if (p->len < HEADERS + sizeof(struct udphdr) || p->len > 65535) {
		fprintf(stderr, "flood: no size %s\n", size);
		exit(2);
	}
	p->frame = calloc(1, p->len);
	eth = (void *)p->frame;
	memcpy(eth->ether_dhost, ether_aton(argv[2]), ETH_ALEN);
	memcpy(eth->ether_shost, mine, ETH_ALEN);
	eth->ether_type = htons(ETHERTYPE_IP);
	ip = (void *)(eth + 1);
	*ip = (struct iphdr) {
		.version = 4, .ihl = 5, .ttl = 64, .frag_off = htons(IP_DF),
		.tot_len = htons(p->len - sizeof(*eth)),
		.saddr = inet_addr(argv[3]), .daddr = inet_addr(argv[4]),
	};
	if (p->tso)
		build_tcp(p, ip, flow);
	else
		build_udp(p, ip, flow);
	ip->check = ~fold(sum(ip, sizeof(*ip), 0));
	p->iov[0] = (struct iovec) { &p->vnet, sizeof(p->vnet) };
	p->iov[1] = (struct iovec) { p->frame, p->len };
}

/* A new segment of its flow */
static void advance(struct packet *p)
{
	struct tcphdr *tcp = (void *)(p->frame + HEADERS);

	if (p->tso)
		tcp->seq = htonl(ntohl(tcp->seq) + PAYLOAD);
}

/* What "tc qdisc add/change dev DEVICE root plug" does */
static void plug(int action, int flags)
{
	struct {
		struct nlmsghdr nlh;
		struct tcmsg tcm;
		char attrs[64];
	} req = {
		.nlh = { .nlmsg_len = NLMSG_LENGTH(sizeof(struct tcmsg)),
			 .nlmsg_type = RTM_NEWQDISC,
			 .nlmsg_flags = NLM_F_REQUEST | NLM_F_ACK | flags },
		.tcm = { .tcm_family = AF_UNSPEC, .tcm_ifindex = ifindex,
			 .tcm_handle = 0x10000, .tcm_parent = TC_H_ROOT },
	};
	struct tc_plug_qopt opt = { .action = action, .limit = 64 << 20 };
	struct rtattr *a = (void *)((char *)&req + NLMSG_ALIGN(req.nlh.nlmsg_len));
	struct {
		struct nlmsghdr nlh;
		struct nlmsgerr err;
		char more[256];
	} ack;

	a->rta_type = TCA_KIND;
	a->rta_len = RTA_LENGTH(sizeof("plug"));
	memcpy(RTA_DATA(a), "plug", sizeof("plug"));
	req.nlh.nlmsg_len = NLMSG_ALIGN(req.nlh.nlmsg_len) + RTA_ALIGN(a->rta_len);
	a = (void *)((char *)&req + NLMSG_ALIGN(req.nlh.nlmsg_len));
	a->rta_type = TCA_OPTIONS;
	a->rta_len = RTA_LENGTH(sizeof(opt));
	memcpy(RTA_DATA(a), &opt, sizeof(opt));
	req.nlh.nlmsg_len += RTA_ALIGN(a->rta_len);
	if (send(route, &req, req.nlh.nlmsg_len, 0) < 0 ||
	    recv(route, &ack, sizeof(ack), 0) < 0)
		die("flood: netlink");
	errno = -ack.err.error;
	if (errno)
		die("flood: qdisc plug");
}

static struct counters arrived(void)
{
	struct counters c;
	char text[4096], *p;
	ssize_t n = pread(counter_fd, text, sizeof(text) - 1, 0);

	if (n < 0)
		die("flood: counters");
	text[n] = 0;
	p = strstr(text, counter_dev);
	if (!p || sscanf(p + strlen(counter_dev), ": %llu %llu", &c.octets, &c.packets) != 2) {
		fprintf(stderr, "flood: no device %s at the far end\n", counter_dev);
		exit(1);
	}
	return c;
}

static void open_all(char **argv)
{
	struct sockaddr_ll ll = { .sll_family = AF_PACKET };
	int one = 1, size = 64 << 20;

	ifindex = if_nametoindex(argv[1]);
	ll.sll_ifindex = ifindex;
	raw = socket(AF_PACKET, SOCK_RAW, 0);
	route = socket(AF_NETLINK, SOCK_RAW, NETLINK_ROUTE);
	counter_fd = open(argv[5], O_RDONLY);
	counter_dev = argv[6];
	if (!ifindex || raw < 0 || route < 0 || counter_fd < 0 ||
	    setsockopt(raw, SOL_PACKET, PACKET_VNET_HDR, &one, sizeof(one)) ||
	    setsockopt(raw, SOL_SOCKET, SO_SNDBUFFORCE, &size, sizeof(size)) ||
	    bind(raw, (struct sockaddr *)&ll, sizeof(ll)))
		die("flood");
}

/* Returns the packets sent */
static int burst(int count, uint64_t *octets)
{
	static struct mmsghdr msgs[WINDOW];
	static int next;
	int i, n;

	for (i = 0; i < count; i++) {
		struct packet *p = &packets[next];

		next = (next + 1) % n_packets;
		advance(p);
		msgs[i].msg_hdr = (struct msghdr) { .msg_iov = p->iov, .msg_iovlen = 2 };
		*octets += p->tso ? PAYLOAD : p->len;
	}
	for (i = 0; i < count; i += n) {
		n = sendmmsg(raw, msgs + i, count - i, 0);
		if (n < 0)
			die("flood: send");
	}
	/* All until here are released, once */
	plug(TCQ_PLUG_BUFFER, 0);
	plug(TCQ_PLUG_RELEASE_ONE, 0);
	return count;
}

static uint64_t octets_since(const struct counters *start, const struct counters *c)
{
	uint64_t octets = c->octets - start->octets;

	if (!tso)
		return octets;
	if (ratio)
		return octets / ratio;
	return octets - (c->packets - start->packets) * TCP_HEADERS;
}

/*
 * Packets are counted; of segments, which are cut and joined on their way, only
 * octets can be
 */
static void run(uint64_t end, uint64_t *sent, uint64_t *octets)
{
	const int count = tso ? (burst_size + TSO_PER_BURST - 1) / TSO_PER_BURST : burst_size;
	const int64_t room = tso ? WINDOW * MSS : WINDOW;
	const int64_t more = tso ? count * PAYLOAD : count;
	const struct timespec nap = { .tv_nsec = 20000 };
	const struct counters start = arrived();
	uint64_t progress = now(), last = 0;
	int64_t gone = 0;

	while (now() < end) {
		struct counters c = arrived();
		int64_t there = tso ? octets_since(&start, &c) : c.packets - start.packets;
		int64_t way = (int64_t)(tso ? *octets : *sent) - there - gone;

		if (c.octets != last) {
			last = c.octets;
			progress = now();
		}
		if (way + more <= room) {
			*sent += burst(count, octets);
			continue;
		}
		if (now() - progress > PATIENCE) {
			gone += way;
			continue;
		}
		nanosleep(&nap, NULL);
	}
}

/* Let all arrive that still will */
static void drain(void)
{
	const struct timespec nap = { .tv_nsec = PATIENCE / 2 };
	uint64_t octets;

	do {
		octets = arrived().octets;
		nanosleep(&nap, NULL);
	} while (arrived().octets != octets);
}

int main(int argc, char **argv)
{
	uint64_t begin, sent = 0, octets = 0;
	struct sched_param idle = { 0 };
	struct counters before, after;
	double seconds;
	int i;

	while ((i = getopt(argc, argv, "+b:r:")) != -1) {
		if (i == 'b')
			burst_size = atoi(optarg);
		else if (i == 'r')
			ratio = strtod(optarg, NULL);
		else
			optind = argc;
	}
	argc -= optind - 1;
	argv += optind - 1;
	if (argc < 9 || burst_size < 1 || burst_size > WINDOW / 2) {
		fprintf(stderr, "usage: flood [-b BURST] [-r RATIO] DEVICE MAC FROM TO COUNTERS DEVICE2 "
			"SECONDS SIZE...\nBURST: at most %d\n", WINDOW / 2);
		return 2;
	}
	open_all(argv);
	/* All sizes, and all flows of each */
	n_packets = FLOWS * (argc - 8);
	if (n_packets > (int)(sizeof(packets) / sizeof(*packets))) {
		fprintf(stderr, "flood: too many sizes\n");
		return 2;
	}
	for (i = 0; i < n_packets; i++) {
		build(&packets[i], argv[8 + i % (argc - 8)], i / (argc - 8), argv);
		tso |= packets[i].tso;
	}
	plug(TCQ_PLUG_BUFFER, NLM_F_CREATE | NLM_F_REPLACE);
	sched_setscheduler(0, SCHED_IDLE, &idle);

	/* Caches are to be warm, and keys exchanged */
	run(now() + 200000000, &sent, &octets);
	drain();
	sent = octets = 0;
	before = arrived();
	begin = now();
	run(begin + strtod(argv[7], NULL) * 1e9, &sent, &octets);
	after = arrived();
	seconds = (now() - begin) / 1e9;
	printf("%.6f %llu %llu %llu %llu", seconds,
	       (unsigned long long)sent, (unsigned long long)octets,
	       after.packets - before.packets,
	       (unsigned long long)octets_since(&before, &after));
	drain();
	after = arrived();
	printf(" %lld\n", tso ? (long long)(octets - octets_since(&before, &after)) :
	       (long long)(sent - (after.packets - before.packets)));
	return 0;
}
