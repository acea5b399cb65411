/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Data packets as docs/protocol.md has them, sealed and opened without the
 * kernel module; and what the programs that do so share.
 */
#ifndef _PACKET_UTIL_H
#define _PACKET_UTIL_H

#include <netinet/in.h>
#include <stdint.h>
#include <sys/types.h>

#include <openssl/evp.h>

#include "number.h"

#define HEADER 8
#define TAG 16
#define MAX_PACKET 65535

struct address {
	union {
		struct sockaddr sa;
		struct sockaddr_in in;
		struct sockaddr_in6 in6;
	};
	socklen_t len;
};

struct key {
	const EVP_CIPHER *cipher;
	uint8_t key[32];
	uint8_t iv[12];
	uint32_t id;
};

void die(const char *what);
size_t unhex(const char *s, uint8_t *buf, size_t size);
void put_be16(uint8_t *p, uint16_t v);
void put_be32(uint8_t *p, uint32_t v);
uint32_t get_be32(const uint8_t *p);
uint16_t get_be16(const uint8_t *p);
void enter_netns(const char *name);

void parse_address(const char *s, struct address *a);
void print_address(const struct address *a);

/* CIPHER:KEY:IV:ID */
void parse_key(const char *s, struct key *k);

/* Returns the packet's length */
size_t seal(const struct key *k, uint32_t flags, uint32_t counter,
	    const uint8_t *plain, size_t len, uint8_t *packet);

/* Returns the plaintext's length, or -1 */
ssize_t unseal(const struct key *k, uint8_t *packet, size_t len,
	       uint8_t *plain);

/* The sum of 16-bit words, and what of it is a checksum, at @p */
uint32_t sum16(const uint8_t *p, size_t len, uint32_t sum);
void put_sum(uint8_t *p, uint32_t sum);

#endif /* _PACKET_UTIL_H */
