// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Datagrams to the link's port, from who has the peer's key.
 */
#include <errno.h>
#include <netinet/udp.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>

#include "cipe-fuzz.h"

#define KEPT 16			/* packets to replay */
#define BUNCH_MAX 64		/* datagrams in a packet: UDP_MAX_SEGMENTS */

#ifndef UDP_SEGMENT
#define UDP_SEGMENT 103
#endif

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

unsigned long run_in(const struct plan *plan, time_t end)
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
