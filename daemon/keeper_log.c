// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What the parser has to say goes to the log, but not without end: it may be in
 * the hands of who wants the disk full, or the log turned over.
 */
#include "clock.h"
#include "keeper_impl.h"
#include "log.h"

/* Messages at once, and in a second in the long run */
#define BURST 50
#define PER_S 5

/* Beside those each link has some: when all come up; and when they are rekeyed,
 * of so many one a second
 */
#define BURST_OF_LINK 8
#define LINKS_PER_S 100

/* With option debug so many times as much, on the terminal of who asked for it */
#define OF_DEBUG 10

/* Milliseconds between two lines that say how many were dropped */
#define TOLD_EVERY 10000

static bool may_log(struct keeper *k, uint64_t now)
{
	unsigned int links = HASH_CNT(by_conf, k->by_conf);
	unsigned int times = log_is_wanted(LOG_DEBUG) ? OF_DEBUG : 1;

	return log_bucket_take(&k->log, now, times * (BURST + BURST_OF_LINK * links),
			       times * (PER_S + links / LINKS_PER_S));
}

static void tell(struct keeper *k, uint64_t now)
{
	if (!k->log.dropped)
		return;
	log_warn("the parser writes too many messages: %u dropped", k->log.dropped);
	k->log.dropped = 0;
	k->log_told = now;
}

KEEPER_HANDLER(keeper_log)
{
	uint64_t now = clock_ms();

	(void)l;
	(void)fd;
	(void)a;
	(void)pass;
	if (!log_is_wanted(r->log.priority))
		return KEEPER_SILENT;
	if (may_log(k, now))
		log_write(r->log.priority, r->log.device, r->log.text);
	if (!k->log_told || now - k->log_told >= TOLD_EVERY)
		tell(k, now);
	return KEEPER_SILENT;
}

/** keeper_log_end() - the parser has said its last */
void keeper_log_end(struct keeper *k)
{
	tell(k, clock_ms());
}
