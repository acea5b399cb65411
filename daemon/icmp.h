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

int icmp_open(int family);
bool icmp_parse(int family, const uint8_t *data, size_t len, const union addr *bound,
		struct carrier_error *error);
int icmp_read(int fd, const union addr *bound, struct carrier_error *error);

#endif /* CIPED_ICMP_H */
