/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * cipe-fuzz: what its files share.
 */
#ifndef _CIPE_FUZZ_H
#define _CIPE_FUZZ_H

#include <stdbool.h>
#include <time.h>

#include "packet-util.h"

#define ROOM 70000

/* ---- chance: cipe-fuzz-chance.c ---- */

void chance_seed(uint64_t seed);
uint64_t chance(void);
unsigned int below(unsigned int n);
bool one_in(unsigned int n);
void fill(uint8_t *p, size_t len);

/* A number at some limit, or any */
uint32_t odd_number(void);

/* ---- inner packets: cipe-fuzz-inner.c ---- */

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

/* A packet with nothing wrong yet, of @size octets of data */
void make_inner(uint8_t *p, struct shape *s, bool ether, const uint8_t *to, bool in,
		size_t size);

/* Lengths and checksums, right or nearly so */
void put_lengths(uint8_t *p, const struct shape *s);

/* Something becomes wrong with @p, of *@len octets; mostly in the headers */
void spoil(uint8_t *p, size_t *len, size_t headers);

/* ---- what is asked for: cipe-fuzz.c ---- */

struct plan {
	bool inwards, ether;
	const char *device, *to, *from;
	struct key key;
	unsigned long seed, count, first, seconds, gap;
};

/* Says how it is used; returns the exit status for that */
int usage(void);

/* Is that many packets, or this much time, all that was asked for? */
bool over(const struct plan *plan, unsigned long i, time_t end);

/* Return how many were sent: to the link's port, and to its device */
unsigned long run_in(const struct plan *plan, time_t end);
unsigned long run_out(const struct plan *plan, time_t end);

#endif /* _CIPE_FUZZ_H */
