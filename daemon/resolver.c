// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The resolver of names.
 */
#include "resolver.h"

#include <netdb.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "channel.h"
#include "log.h"
#include "sandbox.h"

static int look_up(const char *host, int family, union addr *addr)
{
	struct addrinfo hints = { .ai_family = family, .ai_socktype = SOCK_DGRAM };
	struct addrinfo *list;
	int error = getaddrinfo(host, NULL, &hints, &list);

	if (error)
		return error;
	if (!addr_set(addr, list->ai_addr, list->ai_addrlen))
		error = EAI_FAMILY;
	freeaddrinfo(list);
	return error;
}

/* One after the other, until the keeper ends. Each message is read by one thread,
 * and is written in one piece.
 */
static void *serve(void *channel)
{
	struct resolver_report report;
	struct resolver_job job;
	int fd;

	while (channel_receive(*(int *)channel, &job, sizeof(job), &fd) == sizeof(job)) {
		job.host[sizeof(job.host) - 1] = '\0';
		memset(&report, 0, sizeof(report));
		report.ticket = job.ticket;
		report.error = look_up(job.host, (int)job.family, &report.addr);
		if (channel_send(*(int *)channel, &report, sizeof(report), -1))
			break;
	}
	return NULL;
}

/**
 * resolver_run() - look up names until the keeper ends
 * @channel: takes struct resolver_job, gives struct resolver_report
 * Return: exit code.
 */
int resolver_run(int channel)
{
	pthread_t thread;
	int i, rc = sandbox_resolver();

	if (rc) {
		log_err("cannot start: no seccomp filter (%s): the process that looks up names "
			"would not be confined", strerror(-rc));
		return EXIT_FAILURE;
	}
	/* With fewer it takes longer */
	for (i = 1; i < RESOLVER_THREADS; i++)
		if (pthread_create(&thread, NULL, serve, &channel))
			break;
	if (sandbox_alone())
		return EXIT_FAILURE;
	serve(&channel);
	return EXIT_SUCCESS;
}
