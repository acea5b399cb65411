// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The runner of scripts.
 */
#include "runner.h"

#include <arpa/inet.h>
#include <errno.h>
#include <ev.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "channel.h"
#include "hooks.h"
#include "log.h"

static struct {
	struct hooks *hooks;
	int channel;
} runner;

static void send_report(const struct runner_report *report)
{
	/* The keeper is gone, and with it whoever wants to know */
	if (channel_send(runner.channel, report, sizeof(*report), -1))
		_exit(EX_OSERR);
}

static void send_log(int priority, const char *device, const char *text)
{
	struct runner_report report = { .log.priority = priority };

	snprintf(report.log.device, sizeof(report.log.device), "%s", device);
	snprintf(report.log.text, sizeof(report.log.text), "%s", text);
	send_report(&report);
}

static void send_done(uint32_t number, enum hooks_outcome outcome)
{
	const struct runner_report report = { .done = 1, .number = number, .outcome = outcome };

	send_report(&report);
}

static void on_done(void *ctx, enum hooks_event event, enum hooks_outcome outcome)
{
	uint32_t *number = ctx;

	(void)event;
	send_done(*number, outcome);
	free(number);
}

static int run(const struct runner_job *job)
{
	const char *arg = job->text + strlen(job->text) + 1;
	char me[ADDR_STR_MAX], peer[ADDR_STR_MAX];
	char local[INET_ADDRSTRLEN], remote[INET_ADDRSTRLEN];
	const struct hooks_facts facts = {
		.device = job->device,
		.pid = getppid(),
		.me = addr_format(&job->me, me),
		.local = inet_ntop(AF_INET, &job->local, local, sizeof(local)),
		.remote = inet_ntop(AF_INET, &job->remote, remote, sizeof(remote)),
		.arg = arg,
		.peer = addr_format(&job->peer, peer),
		.mode = options_mode_name((enum cipe_mode)job->mode),
		.mtu = job->mtu,
	};
	uint32_t *number = malloc(sizeof(*number));
	int rc;

	if (!number)
		return -ENOMEM;
	*number = job->number;
	log_set_device(job->device);
	rc = hooks_run(runner.hooks, (enum hooks_event)job->event, job->text, job->wanted, &facts,
		       on_done, number);
	if (rc)
		free(number);
	return rc;
}

/* Both texts are there */
static bool is_whole(const struct runner_job *job, size_t len)
{
	const size_t head = offsetof(struct runner_job, text);
	const char *path_end = len > head ? memchr(job->text, '\0', len - head) : NULL;

	return path_end && memchr(path_end + 1, '\0', (size_t)(job->text + len - head - path_end - 1));
}

static void on_job(struct ev_loop *loop, ev_io *w, int revents)
{
	struct runner_job job;
	int fd;
	ssize_t n = channel_try_receive(runner.channel, &job, sizeof(job), &fd);

	(void)w;
	(void)revents;
	if (n == -EAGAIN)
		return;
	if (n <= 0 || !is_whole(&job, (size_t)n)) {
		ev_break(loop, EVBREAK_ALL);
		return;
	}
	if (run(&job))
		send_done(job.number, HOOKS_FAILED);
}

/**
 * runner_run() - run scripts until the keeper ends
 * @channel: takes struct runner_job, gives struct runner_report
 * Return: exit code.
 */
int runner_run(int channel)
{
	struct ev_loop *loop = ev_default_loop(EVFLAG_AUTO);
	ev_io io;

	runner.channel = channel;
	runner.hooks = loop ? hooks_new(loop) : NULL;
	if (!runner.hooks)
		return EX_OSERR;
	log_set_sink(send_log);
	ev_io_init(&io, on_job, channel, EV_READ);
	ev_io_start(loop, &io);
	ev_run(loop, 0);
	hooks_free(runner.hooks);
	return EXIT_SUCCESS;
}
