/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the fuzz targets share: an input taken apart, both ends of links of
 * every kind, and random numbers that come again with the same input.
 */
#ifndef CIPED_FUZZ_H
#define CIPED_FUZZ_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cipe/wire.h>

#include "addr.h"
#include "identity.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerInitialize(int *argc, char ***argv);

/* The trace that follows names the line */
#define FUZZ_CHECK(condition) do { if (!(condition)) abort(); } while (0)

/**
 * struct fuzz_input - what is left of the input
 * @data: next octet
 * @len: octets left
 */
struct fuzz_input {
	const uint8_t *data;
	size_t len;
};

/* The next @len octets, zeroes where there are fewer. Return: how many there were */
static inline size_t fuzz_take(struct fuzz_input *in, void *out, size_t len)
{
	size_t n = len < in->len ? len : in->len;

	memset(out, 0, len);
	if (n)
		memcpy(out, in->data, n);
	in->data += n;
	in->len -= n;
	return n;
}

static inline uint8_t fuzz_u8(struct fuzz_input *in)
{
	uint8_t value;

	fuzz_take(in, &value, sizeof(value));
	return value;
}

static inline uint16_t fuzz_u16(struct fuzz_input *in)
{
	uint16_t value;

	fuzz_take(in, &value, sizeof(value));
	return value;
}

static inline uint32_t fuzz_u32(struct fuzz_input *in)
{
	uint32_t value;

	fuzz_take(in, &value, sizeof(value));
	return value;
}

/* One of few addresses of either family, so that two are often the same */
static inline union addr fuzz_addr(struct fuzz_input *in)
{
	uint8_t choice = fuzz_u8(in);
	union addr addr;

	memset(&addr, 0, sizeof(addr));
	if (choice & 1) {
		addr.in6.sin6_family = AF_INET6;
		addr.in6.sin6_addr.s6_addr[15] = choice >> 1 & 1;
	} else {
		addr.in.sin_family = AF_INET;
		addr.in.sin_addr.s_addr = choice >> 1 & 1;
	}
	addr_set_port(&addr, choice >> 2 & 3);
	return addr;
}

/* Kinds of links: three patterns, each with either DH functions */
#define FUZZ_KINDS 6

/**
 * fuzz_end - the keys of an end of a link
 * @kind: below %FUZZ_KINDS
 * @end: 0 or 1
 *
 * Return: the same keys each time; shared, not to be freed.
 */
const struct identity *fuzz_end(unsigned int kind, int end);

/** fuzz_init - locked memory, and random numbers that are none */
void fuzz_init(void);

/** fuzz_seed - begin the random numbers anew: for each input the same */
void fuzz_seed(uint64_t seed);

/** fuzz_hash - a number by the whole input (FNV-1a) */
static inline uint64_t fuzz_hash(const uint8_t *data, size_t size)
{
	uint64_t hash = 0xcbf29ce484222325u;

	while (size--)
		hash = (hash ^ *data++) * 0x100000001b3u;
	return hash;
}

#endif /* CIPED_FUZZ_H */
