// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The parser's end of the channels to the keeper. Without the keeper there is
 * nothing left to do: the process ends.
 */
#include "ask.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "channel.h"
#include "secret.h"

/* Events read before others get their turn */
#define READ_BATCH 64

static int requests_fd = -1, events_fd = -1;
static struct request_secret *shared;

/** ask_init() - whom to ask */
void ask_init(const struct keeper_ends *ends)
{
	requests_fd = ends->requests;
	events_fd = ends->events;
	shared = ends->secret;
}

/** ask_secret() - memory shared with the keeper, for the keys of a request */
struct request_secret *ask_secret(void)
{
	return shared;
}

static void __attribute__((noreturn)) alone(void)
{
	_exit(EX_OSERR);
}

/**
 * ask_call() - ask, and wait for the answer
 * @r: the request; @op and its part are set
 * @pass: descriptor that goes with it; -1: none
 * @a: the answer
 * @passed: set to the descriptor that came with it, -1 or %CHANNEL_LOST; may be NULL
 * Return: the result of the answer.
 */
int ask_call(struct request *r, int pass, struct answer *a, int *passed)
{
	int fd = -1;

	if (channel_send(requests_fd, r, request_size(r->op), pass))
		alone();
	if (channel_receive(requests_fd, a, sizeof(*a), &fd) != sizeof(*a))
		alone();
	a->words[sizeof(a->words) - 1] = '\0';
	netlink_set_words(a->words);
	if (passed)
		*passed = fd;
	else if (fd >= 0)
		close(fd);
	return a->result;
}

/** ask_simple() - the same when only the result matters */
int ask_simple(struct request *r)
{
	struct answer a;

	return ask_call(r, -1, &a, NULL);
}

/** ask_log() - for log_set_sink() */
void ask_log(int priority, const char *device, const char *text)
{
	struct request r = { .op = REQUEST_LOG, .log.priority = priority };

	snprintf(r.log.device, sizeof(r.log.device), "%s", device);
	snprintf(r.log.text, sizeof(r.log.text), "%s", text);
	if (channel_send(requests_fd, &r, request_size(r.op), -1))
		alone();
}

static void simple(uint32_t op, uint32_t conf)
{
	struct request r = { .op = op, .conf = conf };

	ask_simple(&r);
}

/** ask_applied() - the links are as the options say, as far as they can be */
void ask_applied(void)
{
	simple(REQUEST_APPLIED, 0);
}

/** ask_refused() - the options could not be taken: links are as they were */
void ask_refused(void)
{
	simple(REQUEST_REFUSED, 0);
}

/** ask_ready() - set-up of the link is over */
void ask_ready(uint32_t conf)
{
	simple(REQUEST_READY, conf);
}

/** ask_drop() - the link is no more */
void ask_drop(uint32_t conf)
{
	simple(REQUEST_DROP, conf);
}

/* ------------------------------------------------------------------------
 * events
 */

/** ask_events_fd() - descriptor that becomes readable when there are events */
int ask_events_fd(void)
{
	return events_fd;
}

static void take_event(const struct ask_events *fns, const struct event *e, int fd)
{
	switch ((enum event_type)e->type) {
	case EVENT_KERNEL:
		fns->kernel(fns->ctx, &e->kernel);
		break;
	case EVENT_LOST:
		fns->lost(fns->ctx);
		break;
	case EVENT_IFACE_GONE:
		fns->gone(fns->ctx, e->number);
		break;
	case EVENT_RESOLVED:
		ask_resolved(e->number, e->result, &e->addr);
		break;
	case EVENT_SCRIPT:
		ask_script_done(e->number, e->result);
		break;
	case EVENT_STOP:
		fns->stop(fns->ctx, (int)e->number);
		break;
	case EVENT_OPTIONS:
		fns->options(fns->ctx, fd, e->number);
		break;
	}
}

/** ask_events_read() - read the events that have arrived, without waiting */
void ask_events_read(const struct ask_events *fns)
{
	struct event e;
	int i, fd;
	ssize_t n;

	for (i = 0; i < READ_BATCH; i++) {
		n = channel_try_receive(events_fd, &e, sizeof(e), &fd);
		if (n == -EAGAIN)
			return;
		if (n != sizeof(e))
			alone();
		take_event(fns, &e, fd);
		if (fd >= 0)
			close(fd);
	}
}
