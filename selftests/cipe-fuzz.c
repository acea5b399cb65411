// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * cipe-fuzz: packets with faults, at random, to and through a link
 *
 * "in" has the peer's key and sends to the link's port: datagrams changed in
 * any way, and authentic ones with anything inside, alone, many in one packet
 * (UDP segmentation), and in fragments. "out" gives packets to a device, as
 * virtual machines do, with a header that says of segmentation and checksums
 * what need not be true.
 *
 * The same seed makes the same packets. Prints how many there were.
 */
#include <errno.h>
#include <linux/if_packet.h>
#include <linux/virtio_net.h>
#include <net/ethernet.h>
#include <net/if.h>
#include <netinet/udp.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

#include "packet-util.h"

#define KEPT 16			/* packets to replay */
#define BUNCH_MAX 64		/* datagrams in a packet: UDP_MAX_SEGMENTS */
#define ROOM 70000

#ifndef UDP_SEGMENT
#define UDP_SEGMENT 103
#endif

static int usage(void)
{
	fprintf(stderr,
"cipe-fuzz [-n NETNS] in to A:P from A:P txkey K WHAT\n"
"cipe-fuzz [-n NETNS] out DEVICE WHAT [to MAC] [gap USEC]\n"
"   WHAT:   seed N count N [first COUNTER] [ether] [seconds N]\n"
"Prints \"sent N\", with in: datagrams the module is to count. Stops after\n"
"that many packets or seconds.\n");
	return 2;
}

/* ---- chance ---- */

static uint64_t chance_state;

/* SplitMix64 */
static uint64_t chance(void)
{
	uint64_t z = chance_state += 0x9e3779b97f4a7c15u;

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
	z = (z ^ z >> 27) * 0x94d049bb133111ebu;
	return z ^ z >> 31;
}

static unsigned int below(unsigned int n)
{
	return chance() % n;
}

static bool one_in(unsigned int n)
{
	return !below(n);
}

static void fill(uint8_t *p, size_t len)
{
	while (len--)
		*p++ = chance();
}

/* A number at some limit, or any */
static uint32_t odd_number(void)
{
	static const uint32_t limits[] = {
		0, 1, 2, 7, 8, 15, 16, 19, 20, 21, 39, 40, 41, 59, 60, 127, 128, 255, 256,
		536, 1279, 1280, 1399, 1400, 1401, 1448, 1472, 1500, 9000, 32767,
		32768, 65487, 65507, 65515, 65535,
	};

	return one_in(3) ? chance() : limits[below(sizeof(limits) / sizeof(*limits))];
}

static void put_be16(uint8_t *p, uint16_t v)
{
	p[0] = v >> 8;
	p[1] = v;
}

/* ---- inner packets ---- */

/**
 * struct shape - where things are in an inner packet
 * @l3: of the IP header
 * @l4: of what follows it
 * @payload: of the data
 * @len: octets in all
 * @v6: IPv6
 * @protocol: of TCP, UDP, or ICMP
 */
struct shape {
	size_t l3, l4, payload, len;
	bool v6;
	uint8_t protocol;
};

static const uint8_t addr4[2][4] = { { 10, 9, 0, 2 }, { 10, 9, 0, 1 } };
static const uint8_t addr6[2][16] = { { 0xfd, 9, [15] = 2 }, { 0xfd, 9, [15] = 1 } };

/* An Ethernet header, perhaps with VLAN tags. Returns its length. */
static size_t put_ether(uint8_t *p, const uint8_t *to, bool v6)
{
	size_t len = 12;
	unsigned int tags = one_in(3) ? below(4) : 0;

	memset(p, 0xff, 6);
	if (to)
		memcpy(p, to, 6);
	memcpy(p + 6, "\2\0\0\0\0\x2b", 6);
	for (; tags; tags--, len += 4) {
		put_be16(p + len, one_in(2) ? ETHERTYPE_VLAN : 0x88a8);
		put_be16(p + len + 2, chance());
	}
	put_be16(p + len, v6 ? ETHERTYPE_IPV6 : ETHERTYPE_IP);
	return len + 2;
}

/* IPv6 extension headers: hop-by-hop, routing, destination options, fragment.
 * Returns their length; @next is the type of what follows the IP header.
 */
static size_t put_extensions(uint8_t *p, uint8_t *next)
{
	static const uint8_t types[] = { 0, 43, 60, 44 };
	uint8_t *type = next;
	unsigned int n = one_in(4) ? 1 + below(4) : 0;
	uint8_t last = *next;
	size_t len = 0;

	for (; n; n--) {
		*type = types[below(4)];
		memset(p + len, 0, 8);
		if (*type == 44 && one_in(2))
			put_be16(p + len + 2, chance());
		else if (*type != 44)
			memcpy(p + len + 2, one_in(2) ? "\1\4\0\0\0\0" : "\5\2\0\0\1\0", 6);
		type = p + len;
		len += 8;
	}
	*type = last;
	return len;
}

static void put_ip(uint8_t *p, struct shape *s, bool in)
{
	size_t options;

	if (s->v6) {
		memset(p, 0, 40);
		p[0] = 0x60;
		p[6] = s->protocol;
		p[7] = 64;
		memcpy(p + 8, addr6[!in], 16);
		memcpy(p + 24, addr6[in], 16);
		s->l4 = s->l3 + 40 + put_extensions(p + 40, p + 6);
		return;
	}
	options = one_in(5) ? below(11) * 4 : 0;
	memset(p, 0, 20);
	p[0] = 0x45 + options / 4;
	p[1] = one_in(4) ? chance() : 0;
	p[6] = one_in(8) ? chance() : 0x40;
	p[8] = 64;
	p[9] = s->protocol;
	memcpy(p + 12, addr4[!in], 4);
	memcpy(p + 16, addr4[in], 4);
	memset(p + 20, one_in(2) ? 1 : 7, options);
	s->l4 = s->l3 + 20 + options;
}

static void put_transport(uint8_t *p, struct shape *s)
{
	size_t len = 8;

	memset(p, 0, 60);
	if (s->protocol == IPPROTO_TCP) {
		len = 20 + (one_in(2) ? 12 : one_in(3) ? below(11) * 4 : 0);
		put_be16(p, 5555);
		put_be16(p + 2, 5001 + below(2));
		put_be32(p + 4, 1000);
		p[12] = len / 4 << 4;
		p[13] = one_in(4) ? chance() : 0x10;
		put_be16(p + 14, 1000);
		memset(p + 20, 1, len - 20);
	} else if (s->protocol == IPPROTO_UDP) {
		put_be16(p, 5555);
		put_be16(p + 2, 5001);
	} else {
		p[0] = s->v6 ? 128 + below(8) : below(16);
	}
	s->payload = s->l4 + len;
}

/* Lengths and checksums, right or nearly so */
static void put_lengths(uint8_t *p, const struct shape *s)
{
	uint8_t *ip = p + s->l3, *t = p + s->l4;
	size_t len = s->len - s->l4;
	unsigned int sum_at = s->protocol == IPPROTO_TCP ? 16 : s->protocol == IPPROTO_UDP ? 6 : 2;
	uint32_t pseudo = 0;

	if (s->protocol == IPPROTO_UDP)
		put_be16(t + 4, len);
	if (s->v6) {
		put_be16(ip + 4, s->len - s->l3 - 40);
		pseudo = sum16(ip + 8, 32, len + s->protocol);
	} else {
		put_be16(ip + 2, s->len - s->l3);
		put_be16(ip + 10, 0);
		put_sum(ip + 10, sum16(ip, (ip[0] & 15) * 4, 0));
		if (s->protocol != IPPROTO_ICMP)
			pseudo = sum16(ip + 12, 8, len + s->protocol);
	}
	put_be16(t + sum_at, 0);
	put_sum(t + sum_at, sum16(t, len, pseudo));
}

/* A packet with nothing wrong yet, of @size octets of data */
static void make_inner(uint8_t *p, struct shape *s, bool ether, const uint8_t *to, bool in,
		       size_t size)
{
	static const uint8_t protocols[] = { IPPROTO_TCP, IPPROTO_TCP, IPPROTO_UDP, IPPROTO_ICMP };

	memset(s, 0, sizeof(*s));
	s->v6 = one_in(2);
	s->protocol = protocols[below(4)];
	if (s->v6 && s->protocol == IPPROTO_ICMP)
		s->protocol = IPPROTO_ICMPV6;
	s->l3 = ether ? put_ether(p, to, s->v6) : 0;
	put_ip(p + s->l3, s, in);
	put_transport(p + s->l4, s);
	s->len = s->payload + size;
	memset(p + s->payload, 0x5a, size);
	put_lengths(p, s);
}

/* Something becomes wrong with @p, of *@len octets; mostly in the headers */
static void spoil(uint8_t *p, size_t *len, size_t headers)
{
	unsigned int n = below(4), more;

	for (; n && *len; n--)
		switch (below(6)) {
		case 0:
			p[below(*len)] = chance();
			break;
		case 1:
			if (headers && headers <= *len)
				p[below(headers)] ^= 1u << below(8);
			break;
		case 2:
			if (headers > 2 && headers <= *len)
				put_be16(p + below(headers - 1), odd_number());
			break;
		case 3:
			*len = below(*len + 1);
			break;
		case 4:
			more = *len < 1400 ? below(64) : 0;
			fill(p + *len, more);
			*len += more;
			break;
		default:
			break;
		}
}

/* ---- in ---- */

struct in {
	int fd;
	struct address to;
	struct key key;
	uint32_t counter;
	bool ether;
	unsigned long sent;
	struct {
		size_t len;
		uint8_t data[2048];
	} kept[KEPT];
	unsigned int kept_next;
};

/* The daemon's, which the module does not count */
static bool is_control(const uint8_t *p, size_t len)
{
	return len >= 4 && !get_be32(p);
}

/* Datagrams of @size octets, the last one of what is left */
static void in_send(struct in *in, const uint8_t *data, size_t len, size_t size)
{
	union {
		struct cmsghdr align;
		char room[CMSG_SPACE(sizeof(uint16_t))];
	} control = {};
	struct iovec iov = { (void *)data, len };
	struct msghdr msg = { .msg_name = &in->to.sa, .msg_namelen = in->to.len,
			      .msg_iov = &iov, .msg_iovlen = 1 };
	uint16_t segment = size;
	size_t at;

	if (size < len) {
		struct cmsghdr *c = &control.align;

		msg.msg_control = &control;
		msg.msg_controllen = sizeof(control);
		c->cmsg_level = IPPROTO_UDP;
		c->cmsg_type = UDP_SEGMENT;
		c->cmsg_len = CMSG_LEN(sizeof(segment));
		memcpy(CMSG_DATA(c), &segment, sizeof(segment));
	}
	while (sendmsg(in->fd, &msg, 0) < 0) {
		if (errno == EMSGSIZE || errno == EINVAL)
			return;
		if (errno != ECONNREFUSED && errno != ENOBUFS)
			die("sendmsg");
	}
	if (!len)
		in->sent++;
	for (at = 0; at < len; at += size)
		in->sent += !is_control(data + at, len - at < size ? len - at : size);
}

/* A datagram with @plain inside; sometimes of another counter */
static size_t in_seal(struct in *in, const uint8_t *plain, size_t len, uint8_t *out)
{
	uint32_t counter = in->counter++;

	if (one_in(20))
		counter = one_in(2) ? below(counter + 1) : counter + below(64);
	return seal(&in->key, one_in(50) ? below(4) : 0, counter, plain, len, out);
}

static void in_random(struct in *in)
{
	uint8_t data[1500];
	size_t len = below(one_in(3) ? 40 : sizeof(data));

	fill(data, len);
	if (len >= 4 && one_in(2))
		put_be32(data, in->key.id | below(4));
	in_send(in, data, len, sizeof(data));
}

/* Sealed, then changed on the way */
static void in_changed(struct in *in)
{
	uint8_t plain[2048], data[2048 + HEADER + TAG];
	struct shape s;
	size_t len;

	make_inner(plain, &s, in->ether, NULL, true, below(1000));
	len = in_seal(in, plain, s.len, data);
	spoil(data, &len, HEADER);
	if (one_in(2) && len >= HEADER)
		put_be32(data + 4, odd_number());
	in_send(in, data, len, sizeof(data));
}

/* Authentic, whatever is inside */
static void in_authentic(struct in *in)
{
	uint8_t plain[2048], data[2048 + HEADER + TAG];
	struct shape s;
	size_t len;

	make_inner(plain, &s, in->ether, NULL, true, below(one_in(4) ? 1300 : 40));
	len = s.len;
	spoil(plain, &len, s.payload);
	if (one_in(8)) {
		len = below(100);
		fill(plain, len);
	}
	len = in_seal(in, plain, len, data);
	memcpy(in->kept[in->kept_next].data, data, len);
	in->kept[in->kept_next].len = len;
	in->kept_next = (in->kept_next + 1) % KEPT;
	in_send(in, data, len, sizeof(data));
}

static void in_replayed(struct in *in)
{
	unsigned int i = below(KEPT);

	if (in->kept[i].len)
		in_send(in, in->kept[i].data, in->kept[i].len, sizeof(in->kept[i].data));
}

/* In fragments: the module sees an skb with a list of others */
static void in_large(struct in *in)
{
	static uint8_t plain[ROOM], data[ROOM];
	struct shape s;
	size_t len;

	make_inner(plain, &s, in->ether, NULL, true, 1400 + below(one_in(4) ? 62000 : 8000));
	len = s.len;
	if (one_in(2))
		spoil(plain, &len, s.payload);
	len = in_seal(in, plain, len, data);
	if (one_in(4))
		spoil(data, &len, HEADER);
	in_send(in, data, len, sizeof(data));
}

/* Segment @i of a TCP connection, one of which others could be made */
static void next_segment(uint8_t *p, const struct shape *s, unsigned int i, size_t size)
{
	if (!s->v6)
		put_be16(p + s->l3 + 4, i);
	if (s->protocol == IPPROTO_TCP)
		put_be32(p + s->l4 + 4, 1000 + i * size);
	put_lengths(p, s);
}

/* Many in one packet, most of them good; those that follow each other and
 * those that nearly do
 */
static void in_bunch(struct in *in)
{
	static uint8_t data[ROOM];
	uint8_t plain[2048], one[2048], last[2048 + HEADER + TAG];
	size_t size = 1 + below(one_in(2) ? 1000 : 60), len, room, at = 0;
	unsigned int n = 1 + below(BUNCH_MAX), i, faults = one_in(2) ? 0 : 1 + below(20);
	struct shape s;

	make_inner(plain, &s, in->ether, NULL, true, size);
	room = s.len + HEADER + TAG;
	for (i = 0; i < n && at + room < 65000; i++, at += room) {
		memcpy(one, plain, s.len);
		next_segment(one, &s, i, size);
		len = s.len;
		if (faults && one_in(faults)) {
			one[below(s.payload)] ^= 1u << below(8);
			in->counter += below(3);
		}
		in_seal(in, one, len, data + at);
		if (faults && one_in(faults * 4))
			data[at + below(room)] ^= 1u << below(8);
		if (faults && one_in(faults * 8))
			put_be32(data + at, one_in(2) ? 0 : chance());
	}
	/* A shorter one at the end */
	if (one_in(2) && at + room < 65000 && i < BUNCH_MAX) {
		s.len -= below(size + 1);
		next_segment(plain, &s, i, size);
		len = in_seal(in, plain, s.len, last);
		len = one_in(4) ? 1 + below(len) : len;
		memcpy(data + at, last, len);
		at += len;
	}
	in_send(in, data, at, room);
}

static void in_step(struct in *in)
{
	switch (below(10)) {
	case 0:
		in_random(in);
		break;
	case 1:
	case 2:
		in_changed(in);
		break;
	case 3:
		in_replayed(in);
		break;
	case 4:
		in_large(in);
		break;
	case 5:
	case 6:
		in_bunch(in);
		break;
	default:
		in_authentic(in);
	}
}

/* ---- out ---- */

struct out {
	int fd;
	struct sockaddr_ll to;
	uint8_t mac[6];
	bool ether;
	unsigned long sent;
};

/* What a virtual machine says of its packet: mostly true */
static void describe(struct virtio_net_hdr *h, const struct shape *s)
{
	bool tcp = s->protocol == IPPROTO_TCP;

	memset(h, 0, sizeof(*h));
	if (one_in(4) || (!tcp && s->protocol != IPPROTO_UDP))
		return;
	h->flags = VIRTIO_NET_HDR_F_NEEDS_CSUM;
	h->csum_start = s->l4;
	h->csum_offset = tcp ? 16 : 6;
	if (one_in(4))
		return;
	h->hdr_len = s->payload;
	h->gso_size = one_in(4) ? 1 + below(1400) : 1000 + below(340);
	h->gso_type = !tcp ? one_in(8) ? VIRTIO_NET_HDR_GSO_UDP : 5 /* UDP_L4 */ :
		      s->v6 ? VIRTIO_NET_HDR_GSO_TCPV6 : VIRTIO_NET_HDR_GSO_TCPV4;
	if (tcp && one_in(4))
		h->gso_type |= VIRTIO_NET_HDR_GSO_ECN;
}

static void lie(struct virtio_net_hdr *h)
{
	unsigned int n = 1 + below(2);

	for (; n; n--)
		switch (below(6)) {
		case 0:
			h->flags = chance();
			break;
		case 1:
			h->gso_type = one_in(2) ? below(8) : chance();
			break;
		case 2:
			h->hdr_len = odd_number();
			break;
		case 3:
			h->gso_size = odd_number();
			break;
		case 4:
			h->csum_start = one_in(2) ? below(120) : odd_number();
			break;
		default:
			h->csum_offset = one_in(2) ? below(40) : odd_number();
		}
}

static void out_step(struct out *out)
{
	static uint8_t packet[ROOM];
	struct virtio_net_hdr h;
	struct iovec iov[2] = { { &h, sizeof(h) }, { packet, 0 } };
	struct msghdr msg = { .msg_name = &out->to, .msg_namelen = sizeof(out->to),
			      .msg_iov = iov, .msg_iovlen = 2 };
	struct shape s;
	size_t len;

	make_inner(packet, &s, out->ether, out->mac, false,
		   one_in(2) ? below(1300) : below(one_in(4) ? 65400 : 9000));
	describe(&h, &s);
	len = s.len;
	if (one_in(2))
		lie(&h);
	if (one_in(2))
		spoil(packet, &len, s.payload);
	iov[1].iov_len = len;
	out->to.sll_protocol = htons(one_in(30) ? chance() : s.v6 ? ETH_P_IPV6 : ETH_P_IP);
	if (out->ether && len >= ETH_HLEN)
		out->to.sll_protocol = htons(get_be16(packet + 12));
	/* Much of it is refused by the socket */
	if (sendmsg(out->fd, &msg, MSG_DONTWAIT) >= 0)
		out->sent++;
	else if (errno == ENETDOWN || errno == ENXIO)
		die("sendmsg");
}

static int out_open(struct out *out, const char *device)
{
	int one = 1, size = 1 << 22;

	out->fd = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0);
	out->to.sll_family = AF_PACKET;
	out->to.sll_ifindex = if_nametoindex(device);
	if (out->fd < 0 || !out->to.sll_ifindex ||
	    setsockopt(out->fd, SOL_PACKET, PACKET_VNET_HDR, &one, sizeof(one)) ||
	    setsockopt(out->fd, SOL_SOCKET, SO_SNDBUFFORCE, &size, sizeof(size)))
		die(device);
	return 0;
}

/* ---- */

struct plan {
	bool inwards, ether;
	const char *device, *to, *from;
	struct key key;
	unsigned long seed, count, first, seconds, gap;
};

static bool parse(struct plan *plan, int argc, char **argv)
{
	int i;

	for (i = 0; i < argc; i++) {
		const char *word = argv[i], *value = argv[i + 1];

		if (!strcmp(word, "ether")) {
			plan->ether = true;
			continue;
		}
		if (++i == argc)
			return false;
		if (!strcmp(word, "to"))
			plan->to = value;
		else if (!strcmp(word, "from"))
			plan->from = value;
		else if (!strcmp(word, "txkey"))
			parse_key(value, &plan->key);
		else if (!strcmp(word, "seed"))
			plan->seed = number(value);
		else if (!strcmp(word, "count"))
			plan->count = number(value);
		else if (!strcmp(word, "first"))
			plan->first = number(value);
		else if (!strcmp(word, "seconds"))
			plan->seconds = number(value);
		else if (!strcmp(word, "gap"))
			plan->gap = number(value);
		else
			return false;
	}
	return plan->inwards ? plan->to && plan->from && plan->key.cipher : true;
}

static bool over(const struct plan *plan, unsigned long i, time_t end)
{
	return i >= plan->count || (plan->seconds && time(NULL) >= end);
}

static unsigned long run_in(const struct plan *plan, time_t end)
{
	static struct in in;
	struct address from;
	unsigned long i;
	int size = 1 << 22;

	in.key = plan->key;
	in.counter = plan->first;
	in.ether = plan->ether;
	parse_address(plan->to, &in.to);
	parse_address(plan->from, &from);
	in.fd = socket(from.sa.sa_family, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (in.fd < 0 || bind(in.fd, &from.sa, from.len) ||
	    setsockopt(in.fd, SOL_SOCKET, SO_SNDBUFFORCE, &size, sizeof(size)))
		die(plan->from);
	for (i = 0; !over(plan, i, end); i++)
		in_step(&in);
	printf("next %u\n", in.counter + 64);
	return in.sent;
}

static unsigned long run_out(const struct plan *plan, time_t end)
{
	static struct out out = { .mac = { 0xff, 0xff, 0xff, 0xff, 0xff, 0xff } };
	unsigned long i;

	if (plan->to && sscanf(plan->to, "%hhx:%hhx:%hhx:%hhx:%hhx:%hhx", &out.mac[0],
			       &out.mac[1], &out.mac[2], &out.mac[3], &out.mac[4],
			       &out.mac[5]) != 6)
		exit(usage());
	out.ether = plan->ether;
	out_open(&out, plan->device);
	for (i = 0; !over(plan, i, end); i++) {
		out_step(&out);
		if (plan->gap)
			usleep(plan->gap);
	}
	return out.sent;
}

int main(int argc, char **argv)
{
	struct plan plan = { .count = 1000 };
	unsigned long sent;

	if (argc > 2 && !strcmp(argv[1], "-n")) {
		enter_netns(argv[2]);
		argc -= 2;
		argv += 2;
	}
	if (argc < 3)
		return usage();
	plan.inwards = !strcmp(argv[1], "in");
	if (!plan.inwards && strcmp(argv[1], "out"))
		return usage();
	plan.device = argv[2];
	if (!parse(&plan, argc - 2 - !plan.inwards, argv + 2 + !plan.inwards))
		return usage();
	chance_state = plan.seed;
	sent = plan.inwards ? run_in(&plan, time(NULL) + plan.seconds) :
			      run_out(&plan, time(NULL) + plan.seconds);
	printf("sent %lu\n", sent);
	return 0;
}
