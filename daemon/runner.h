/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The runner: the process that runs ip-up and ip-down, as root, when the keeper
 * says so. Which they are the keeper knows from the options.
 */
#ifndef CIPED_RUNNER_H
#define CIPED_RUNNER_H

#include <net/if.h>
#include <netinet/in.h>
#include <stdint.h>

#include "addr.h"
#include "options.h"
#include "request.h"

/* A path and option arg, each at most a line of options */
#define RUNNER_TEXT_MAX 8704

/**
 * struct runner_job - run a script
 * @number: for the report
 * @event: enum hooks_event
 * @wanted: the script was configured by name
 * @mode: enum cipe_mode
 * @device: name of the interface
 * @me: our carrier address
 * @peer: the peer's
 * @local: our address inside
 * @remote: the peer's address inside
 * @mtu: of the interface
 * @text: path of the script and option arg, both closed; no more of it is sent
 */
struct runner_job {
	uint32_t number;
	uint32_t event;
	uint32_t wanted;
	uint32_t mode;
	char device[IFNAMSIZ];
	union addr me;
	union addr peer;
	struct in_addr local;
	struct in_addr remote;
	uint32_t mtu;
	char text[RUNNER_TEXT_MAX];
};

/**
 * struct runner_report - what became of it, or a message on the way
 * @done: the former
 * @number: of the job
 * @outcome: enum hooks_outcome
 * @log: the latter
 */
struct runner_report {
	uint32_t done;
	uint32_t number;
	uint32_t outcome;
	struct request_log log;
};

int runner_run(int channel);

#endif /* CIPED_RUNNER_H */
