// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Scripts and names: other processes do the work, the keeper says which.
 */
#include <errno.h>
#include <netdb.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "channel.h"
#include "hooks.h"
#include "keeper_impl.h"
#include "log.h"
#include "resolver.h"
#include "runner.h"

/* Reports read before others get their turn */
#define BATCH 64

/* ------------------------------------------------------------------------
 * names
 */

/**
 * keeper_look_up() - have the resolver look a name up
 * @k: the keeper
 * @host: name, of the options
 * @family: AF_INET, AF_INET6, or AF_UNSPEC for either
 * @conf: whose it is, for EVENT_RESOLVED; 0: ours, for keeper_inside_found()
 * @number: for either
 * Return: 0 or -errno.
 */
int keeper_look_up(struct keeper *k, const char *host, int family, uint32_t conf, uint32_t number)
{
	struct resolver_job job = { .family = (uint32_t)family, .conf = conf, .number = number };

	snprintf(job.host, sizeof(job.host), "%s", host);
	return keeper_queue_put(&k->resolver.jobs, &job, sizeof(job), -1);
}

/* One of a link's names at a time */
KEEPER_HANDLER(keeper_resolve)
{
	const struct request_resolve *resolve = &r->resolve;
	const struct options *o = &l->item->opts;
	bool me = o->me.set && !o->me.salen && !strcmp(resolve->host, o->me.host);
	bool peer = o->peer.set && !o->peer.salen && !strcmp(resolve->host, o->peer.host);
	int rc;

	(void)fd;
	(void)a;
	(void)pass;
	if ((!me && !peer) || l->resolving)
		return -EPERM;
	rc = keeper_look_up(k, me ? o->me.host : o->peer.host, (int)resolve->family, l->conf,
			    resolve->number);
	l->resolving = !rc;
	l->looked_up++;
	l->resolving_number = resolve->number;
	l->resolving_me = !rc && me;
	return rc;
}

static void pass_on(struct keeper *k, const struct resolver_report *report)
{
	const struct event event = {
		.type = EVENT_RESOLVED,
		.number = report->number,
		.result = report->error,
		.addr = report->addr,
	};
	struct keeper_link *l = keeper_find(k, report->conf);

	if (!report->conf)
		keeper_inside_found(k, report->number, report->error, &report->addr);
	/* It may be gone by now */
	if (!l || !l->resolving || report->number != l->resolving_number)
		return;
	l->resolving = false;
	if (!report->error && l->resolving_me)
		l->me = report->addr;
	if (l->looked_up <= 2)
		keeper_progress(k);
	keeper_tell(k, &event, -1);
}

/* It has no rights but reads what strangers send: nothing of it is believed but
 * that an address is one
 */
static bool makes_sense(const struct resolver_report *report)
{
	sa_family_t family = report->addr.sa.sa_family;

	return report->error || family == AF_INET || family == AF_INET6;
}

/** keeper_resolved() - the resolver has reports */
void keeper_resolved(struct keeper *k)
{
	struct resolver_report report;
	int i, fd;
	ssize_t n;

	for (i = 0; i < BATCH; i++) {
		n = channel_try_receive(k->resolver.fd, &report, sizeof(report), &fd);
		if (n == -EAGAIN)
			return;
		if (fd >= 0)
			close(fd);
		if (n == sizeof(report) && fd < 0 && makes_sense(&report)) {
			pass_on(k, &report);
			continue;
		}
		ev_io_stop(k->loop, &k->resolver.io);
		if (n || !channel_closed(k->resolver.fd)) {
			log_err("malformed report of the resolver");
			keeper_end(k, EX_SOFTWARE);
		}
		return;
	}
}

/* ------------------------------------------------------------------------
 * scripts
 */

/* ip-up once, then ip-down once */
static bool is_time(const struct keeper_link *l, uint32_t event)
{
	return l->stage == (event == HOOKS_UP ? KEEPER_QUIET : KEEPER_UP);
}

KEEPER_HANDLER(keeper_script)
{
	const struct request_script *script = &r->script;
	const struct options *o = &l->item->opts;
	bool up = script->event == HOOKS_UP;
	struct runner_job job = {
		.number = script->number,
		.event = script->event,
		.wanted = up ? o->ipup_given : o->ipdown_given,
		.mode = o->mode,
		.me = script->me,
		.peer = script->peer,
		.local = o->ipaddr,
		.remote = o->ptpaddr.s_addr ? o->ptpaddr : l->granted,
		.mtu = script->mtu,
	};
	int rc, len;

	(void)fd;
	(void)a;
	(void)pass;
	if (!l->id || script->link != l->id || !is_time(l, script->event) ||
	    !keeper_fits_me(l, &script->me))
		return -EPERM;
	memcpy(job.device, l->name, sizeof(job.device));
	len = snprintf(job.text, sizeof(job.text), "%s%c%s", up ? o->ipup : o->ipdown, '\0', o->arg);
	if (len < 0 || (size_t)len >= sizeof(job.text))
		return -ENAMETOOLONG;
	rc = keeper_queue_put(&k->runner.jobs, &job,
			      offsetof(struct runner_job, text) + (size_t)len + 1, -1);
	if (!rc)
		l->stage = up ? KEEPER_UP : KEEPER_DOWN;
	return rc;
}

static void take_report(struct keeper *k, struct runner_report *report)
{
	struct event event = {
		.type = EVENT_SCRIPT,
		.number = report->number,
		.result = (int32_t)report->outcome,
	};

	if (!report->done) {
		report->log.device[sizeof(report->log.device) - 1] = '\0';
		report->log.text[sizeof(report->log.text) - 1] = '\0';
		log_write(report->log.priority, report->log.device, report->log.text);
		return;
	}
	keeper_progress(k);
	if (report->number)
		keeper_tell(k, &event, -1);
}

/** keeper_reported() - the runner has reports */
void keeper_reported(struct keeper *k)
{
	struct runner_report report;
	int i, fd;

	for (i = 0; i < BATCH; i++) {
		ssize_t n = channel_try_receive(k->runner.fd, &report, sizeof(report), &fd);

		if (n == -EAGAIN)
			return;
		if (n != sizeof(report)) {
			ev_io_stop(k->loop, &k->runner.io);
			return;
		}
		take_report(k, &report);
	}
}
