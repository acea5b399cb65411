// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Names: the resolver looks them up, the keeper says which, and for whom.
 */
#include <errno.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "channel.h"
#include "clock.h"
#include "keeper_impl.h"
#include "log.h"

/* Reports read before others get their turn */
#define BATCH 64

/* ------------------------------------------------------------------------
 * what is asked
 */

/* ev_now() is the date, which may be set: all names would seem to be slow */
static double now_s(void)
{
	return (double)clock_ms() / 1000.;
}

/* One of a link's names at a time */
KEEPER_HANDLER(keeper_resolve)
{
	const struct request_resolve *resolve = &r->resolve;
	const struct options *o = &l->item->opts;
	bool me = o->me.set && !o->me.salen && !strcmp(resolve->host, o->me.host);
	bool peer = o->peer.set && !o->peer.salen && !strcmp(resolve->host, o->peer.host);

	(void)fd;
	(void)a;
	(void)pass;
	if ((!me && !peer) || l->question)
		return -EPERM;
	l->question = lookups_ask(k->lookups, now_s(), me ? o->me.host : o->peer.host,
				  (int)resolve->family, l->conf, resolve->number);
	if (!l->question)
		return -ENOMEM;
	l->looked_up++;
	l->asks_me = me;
	return 0;
}

/**
 * keeper_look_up_inside() - have the name of an address inside looked up
 * @k: the keeper
 * @host: name, of options that are read again
 * @number: for keeper_inside_found()
 * Return: 0 or -ENOMEM.
 */
int keeper_look_up_inside(struct keeper *k, const char *host, uint32_t number)
{
	return lookups_ask(k->lookups, now_s(), host, AF_INET, 0, number) ? 0 : -ENOMEM;
}

/* ------------------------------------------------------------------------
 * what is answered
 */

static int on_send(void *ctx, const struct resolver_job *job)
{
	struct keeper *k = ctx;

	return keeper_queue_put(&k->resolver.jobs, job, sizeof(*job), -1);
}

static void on_found(void *ctx, uint32_t conf, uint32_t number, int error, const union addr *addr)
{
	const struct event event = {
		.type = EVENT_RESOLVED, .number = number, .result = error, .addr = *addr,
	};
	struct keeper *k = ctx;
	struct keeper_link *l = keeper_find(k, conf);

	if (!conf)
		keeper_inside_found(k, number, error, addr);
	/* A link that goes takes its question with it */
	if (!l)
		return;
	l->question = NULL;
	if (!error && l->asks_me)
		l->me = *addr;
	if (l->looked_up <= 2)
		keeper_progress(k);
	keeper_tell(k, &event, -1);
}

/** keeper_names_init() - prepare to look names up. Return: 0 or -ENOMEM. */
int keeper_names_init(struct keeper *k)
{
	static const struct lookups_ops ops = { .send = on_send, .found = on_found };

	k->lookups = lookups_new(&ops, k);
	if (k->lookups)
		return 0;
	log_err("cannot start: no memory");
	return -ENOMEM;
}

/** keeper_resolved() - the resolver has reports */
void keeper_resolved(struct keeper *k)
{
	struct resolver_report report;
	int i, fd;
	ssize_t n;

	for (i = 0; i < BATCH && !k->ended; i++) {
		n = channel_try_receive(k->resolver.fd, &report, sizeof(report), &fd);
		if (n == -EAGAIN)
			return;
		if (fd >= 0)
			close(fd);
		/* It has no rights but reads what strangers send: nothing of it is
		 * believed but that a name it was asked for has this address
		 */
		if (n == sizeof(report) && fd < 0 &&
		    lookups_answer(k->lookups, now_s(), &report))
			continue;
		ev_io_stop(k->loop, &k->resolver.io);
		if (n || !channel_closed(k->resolver.fd)) {
			log_err("malformed report of the resolver");
			keeper_end(k, EX_SOFTWARE);
		}
		return;
	}
}
