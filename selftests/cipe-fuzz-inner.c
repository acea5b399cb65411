// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Packets to be inside a link: headers of all kinds, lengths and checksums, and faults.
 */
#include <net/ethernet.h>
#include <netinet/in.h>
#include <string.h>

#include "cipe-fuzz.h"

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

void put_lengths(uint8_t *p, const struct shape *s)
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

void make_inner(uint8_t *p, struct shape *s, bool ether, const uint8_t *to, bool in,
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

void spoil(uint8_t *p, size_t *len, size_t headers)
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
