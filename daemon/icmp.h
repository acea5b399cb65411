/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * ICMP errors about our key exchange messages. Linux does not hand them to the
 * owner of a UDP socket that the kernel takes packets out of (encapsulation),
 * so they are read where all ICMP arrives.
 */
#ifndef CIPED_ICMP_H
#define CIPED_ICMP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "addr.h"
#include "carrier.h"

/* Both headers of IP, with options, ICMP's, UDP's, and the marker */
#define ICMP_READ_MAX 256

/**
 * struct icmp_datagram - what the keeper passes on, unread: it has the raw
 * socket, which could send anything, and the parser has not
 * @from: who sent it
 * @data: up to the end of the message
 */
struct icmp_datagram {
	union addr from;
	uint8_t data[ICMP_READ_MAX];
};

int icmp_open(uint32_t conf, int family);
bool icmp_parse(int family, const uint8_t *data, size_t len, const union addr *bound,
		struct carrier_error *error);
int icmp_read(int fd, const union addr *bound, struct carrier_error *error);

#endif /* CIPED_ICMP_H */
