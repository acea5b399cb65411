// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Scripts: the runner runs them, the keeper says which.
 */
#include <errno.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "channel.h"
#include "hooks.h"
#include "keeper_impl.h"
#include "log.h"
#include "runner.h"

/* Reports read before others get their turn */
#define BATCH 64

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
