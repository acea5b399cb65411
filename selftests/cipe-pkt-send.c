// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What is sent to the carrier: sealed packets, faulty ones, and any others.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <openssl/rand.h>

#include "cipe-pkt.h"

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
	int n = parse_inner(&s->inner, argc, argv);

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

int cmd_send(int argc, char **argv)
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
