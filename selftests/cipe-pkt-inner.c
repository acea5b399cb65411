// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What is inside of packets: ICMP and UDP over IPv4 and IPv6.
 */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <string.h>

#include "cipe-pkt.h"

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

size_t build_inner(const struct inner *in, uint32_t seq, uint8_t *p)
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

int parse_inner(struct inner *in, int argc, char **argv)
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
