/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The resolver: the process that looks up names. It reads what name servers
 * send, without any rights. getaddrinfo() takes as long as they please, so some
 * names are looked up at a time.
 */
#ifndef CIPED_RESOLVER_H
#define CIPED_RESOLVER_H

#include <stdint.h>

#include "addr.h"
#include "request.h"

/* Names looked up at a time */
#define RESOLVER_THREADS 16

/**
 * struct resolver_job - a name to look up
 * @host: name
 * @family: AF_INET, AF_INET6, or AF_UNSPEC for either
 * @ticket: for the report; no other that is under way has it
 */
struct resolver_job {
	char host[REQUEST_HOST_MAX];
	uint32_t family;
	uint32_t ticket;
};

/**
 * struct resolver_report - what was found
 * @ticket: of the job
 * @error: 0, or an error of getaddrinfo()
 * @addr: the first address
 */
struct resolver_report {
	uint32_t ticket;
	int32_t error;
	union addr addr;
};

int resolver_run(int channel);

#endif /* CIPED_RESOLVER_H */
