// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * ICMP errors, as any machine on the network may send them. The first octet
 * has the family and what our socket is bound to.
 */
#include "fuzz.h"
#include "icmp.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fuzz_input in = { data, size };
	struct carrier_error error;
	union addr bound;
	uint8_t *exact;
	uint8_t how = fuzz_u8(&in);
	int family = how & 1 ? AF_INET6 : AF_INET;

	memset(&bound, 0, sizeof(bound));
	bound.sa.sa_family = (sa_family_t)family;
	addr_set_port(&bound, how & 2 ? 6794 : 0);
	if (how & 4 && family == AF_INET)
		bound.in.sin_addr.s_addr = htonl(0xc0000201);
	/* A copy of exactly that size: what is read behind it is noticed */
	exact = malloc(in.len ? in.len : 1);
	FUZZ_CHECK(exact);
	memcpy(exact, in.data, in.len);
	if (icmp_parse(family, exact, in.len, &bound, &error))
		FUZZ_CHECK(error.err > 0 && error.remote.sa.sa_family == family &&
			   in.len >= 8 + 8 + sizeof(uint32_t) &&
			   (error.reporter.sa.sa_family == family || family == AF_INET6));
	free(exact);
	return 0;
}
