// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Names that are looked up.
 */
#include "lookups.h"

#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>

/* Without memory an element is not added, and we can say so */
#define HASH_NONFATAL_OOM 1
#include <uthash.h>

/* Slow names that nobody asks for just now, and that are remembered */
#define IDLE_MOST 4096

/**
 * enum lane - those that wait, by whom they keep waiting; served in turn
 * @LANE_LINKS: for links: each waits for one name at most
 * @LANE_OPTIONS: for options that are read again: all of their names at once
 * @LANE_SLOW: for either, with a name that was slow the last time
 */
enum lane {
	LANE_LINKS,
	LANE_OPTIONS,
	LANE_SLOW,
	LANES
};

/** struct name - what is looked up: equal octets, equal answers */
struct name {
	uint32_t family;
	char host[REQUEST_HOST_MAX];
};

/**
 * struct lookups_question - somebody wants to know
 * @next: among those of @about
 * @about: the name
 * @conf: for the answer
 * @number: for the answer
 */
struct lookups_question {
	LIST_ENTRY(lookups_question) next;
	struct lookup *about;
	uint32_t conf;
	uint32_t number;
};

/**
 * struct lookup - a name
 * @name: itself
 * @questions: who waits for it
 * @waiting: it is in @lane; else the resolver has it, or nobody asks
 * @lane: which
 * @next: there
 * @ticket: by which the resolver means it; 0: it has it not
 * @started: when it got it
 * @slow: it was slow the last time
 * @by_name: among all
 * @by_ticket: among those the resolver has
 */
struct lookup {
	struct name name;
	LIST_HEAD(, lookups_question) questions;
	bool waiting;
	enum lane lane;
	TAILQ_ENTRY(lookup) next;
	uint32_t ticket;
	double started;
	bool slow;
	UT_hash_handle by_name;
	UT_hash_handle by_ticket;
};

/**
 * struct lookups - all names
 * @ops: see there
 * @ctx: for @ops
 * @by_name: all
 * @by_ticket: those the resolver has
 * @waiting: those it has not yet
 * @turn: the lane that is next
 * @idle: names that are remembered, and no more
 * @last_ticket: the newest
 */
struct lookups {
	const struct lookups_ops *ops;
	void *ctx;
	struct lookup *by_name;
	struct lookup *by_ticket;
	TAILQ_HEAD(, lookup) waiting[LANES];
	unsigned int turn;
	unsigned int idle;
	uint32_t last_ticket;
};

/**
 * lookups_new() - none yet
 * @ops: stay the caller's
 * @ctx: for @ops
 * Return: for lookups_free(); NULL without memory.
 */
struct lookups *lookups_new(const struct lookups_ops *ops, void *ctx)
{
	struct lookups *s = calloc(1, sizeof(*s));
	unsigned int i;

	if (!s)
		return NULL;
	s->ops = ops;
	s->ctx = ctx;
	for (i = 0; i < LANES; i++)
		TAILQ_INIT(&s->waiting[i]);
	return s;
}

/* ------------------------------------------------------------------------
 * who is next
 */

/* Also those that take their time now, whatever they did before */
static unsigned int count_slow(const struct lookups *s, double now)
{
	struct lookup *l, *next;
	unsigned int count = 0;

	HASH_ITER(by_ticket, s->by_ticket, l, next)
		count += l->slow || now - l->started >= LOOKUPS_SLOW;
	return count;
}

static struct lookup *pick(struct lookups *s, double now)
{
	unsigned int i;

	for (i = 0; i < LANES; i++) {
		unsigned int lane = (s->turn + i) % LANES;

		if (TAILQ_EMPTY(&s->waiting[lane]) ||
		    (lane == LANE_SLOW && count_slow(s, now) >= LOOKUPS_SLOW_MOST))
			continue;
		s->turn = lane + 1;
		return TAILQ_FIRST(&s->waiting[lane]);
	}
	return NULL;
}

/* Return: the resolver has it */
static bool begin(struct lookups *s, double now, struct lookup *l)
{
	struct resolver_job job = { .family = l->name.family };

	if (!++s->last_ticket)
		s->last_ticket++;
	job.ticket = l->ticket = s->last_ticket;
	memcpy(job.host, l->name.host, sizeof(job.host));
	HASH_ADD(by_ticket, s->by_ticket, ticket, sizeof(l->ticket), l);
	if (l->by_ticket.tbl && !s->ops->send(s->ctx, &job)) {
		l->started = now;
		l->waiting = false;
		TAILQ_REMOVE(&s->waiting[l->lane], l, next);
		return true;
	}
	if (l->by_ticket.tbl)
		HASH_DELETE(by_ticket, s->by_ticket, l);
	l->by_ticket.tbl = NULL;
	l->ticket = 0;
	return false;
}

/* As many as there are places for. What is left is tried at the next question, or
 * answer.
 */
static void go_on(struct lookups *s, double now)
{
	struct lookup *l;

	while (HASH_CNT(by_ticket, s->by_ticket) < RESOLVER_THREADS) {
		l = pick(s, now);
		if (!l || !begin(s, now, l))
			return;
	}
}

/* ------------------------------------------------------------------------
 * names
 */

static struct lookup *find(struct lookups *s, const char *host, int family)
{
	struct name name = { .family = (uint32_t)family };
	struct lookup *l;

	snprintf(name.host, sizeof(name.host), "%s", host);
	HASH_FIND(by_name, s->by_name, &name, sizeof(name), l);
	if (l)
		return l;
	l = calloc(1, sizeof(*l));
	if (!l)
		return NULL;
	/* The octets after the text as well: they are part of the key */
	memcpy(&l->name, &name, sizeof(name));
	LIST_INIT(&l->questions);
	HASH_ADD(by_name, s->by_name, name, sizeof(l->name), l);
	if (!l->by_name.tbl) {
		free(l);
		return NULL;
	}
	s->idle++;
	return l;
}

/* Nobody asks, and the resolver has it not: what is left to know is that it was slow */
static void rest(struct lookups *s, struct lookup *l)
{
	if (l->waiting)
		TAILQ_REMOVE(&s->waiting[l->lane], l, next);
	l->waiting = false;
	s->idle++;
	if (l->slow && s->idle <= IDLE_MOST)
		return;
	s->idle--;
	HASH_DELETE(by_name, s->by_name, l);
	free(l);
}

static bool is_idle(const struct lookup *l)
{
	return !l->waiting && !l->ticket;
}

/**
 * lookups_ask() - ask for the address of a name
 * @s: from lookups_new()
 * @now: seconds of any clock that does not go back
 * @host: the name
 * @family: AF_INET, AF_INET6, or AF_UNSPEC for either
 * @conf: for @found; 0: of options that are read again
 * @number: for @found
 * Return: the question, valid until it is answered or cancelled; NULL without memory.
 */
struct lookups_question *lookups_ask(struct lookups *s, double now, const char *host, int family,
				     uint32_t conf, uint32_t number)
{
	struct lookups_question *q = calloc(1, sizeof(*q));
	struct lookup *l = q ? find(s, host, family) : NULL;

	if (!l) {
		free(q);
		return NULL;
	}
	q->about = l;
	q->conf = conf;
	q->number = number;
	LIST_INSERT_HEAD(&l->questions, q, next);
	if (is_idle(l)) {
		s->idle--;
		l->waiting = true;
		l->lane = l->slow ? LANE_SLOW : conf ? LANE_LINKS : LANE_OPTIONS;
		TAILQ_INSERT_TAIL(&s->waiting[l->lane], l, next);
		go_on(s, now);
	}
	return q;
}

static void question_free(struct lookups_question *q)
{
	LIST_REMOVE(q, next);
	free(q);
}

/** lookups_cancel() - nobody waits for it any more; @q may be NULL */
void lookups_cancel(struct lookups *s, struct lookups_question *q)
{
	struct lookup *l = q ? q->about : NULL;

	if (!l)
		return;
	question_free(q);
	if (LIST_EMPTY(&l->questions) && !l->ticket)
		rest(s, l);
}

/* What was asked for, or nothing at all */
static bool fits(const struct lookup *l, const struct resolver_report *report)
{
	sa_family_t family = report->addr.sa.sa_family;

	return report->error ||
	       ((family == AF_INET || family == AF_INET6) &&
		(l->name.family == AF_UNSPEC || l->name.family == family));
}

/**
 * lookups_answer() - the resolver has looked a name up
 * @s: from lookups_new()
 * @now: as lookups_ask()
 * @report: what it says
 * Return: false: it was not asked for this.
 */
bool lookups_answer(struct lookups *s, double now, const struct resolver_report *report)
{
	struct lookups_question *q, *answered;
	struct lookup *l;

	HASH_FIND(by_ticket, s->by_ticket, &report->ticket, sizeof(report->ticket), l);
	if (!l || !fits(l, report))
		return false;
	HASH_DELETE(by_ticket, s->by_ticket, l);
	l->by_ticket.tbl = NULL;
	l->slow = now - l->started >= LOOKUPS_SLOW;
	/* It keeps its ticket until all have heard: it is not idle yet */
	while ((q = LIST_FIRST(&l->questions))) {
		answered = q;
		LIST_REMOVE(q, next);
		s->ops->found(s->ctx, answered->conf, answered->number, report->error,
			      &report->addr);
		free(answered);
	}
	l->ticket = 0;
	rest(s, l);
	go_on(s, now);
	return true;
}

/** lookups_free() - forget all; @s may be NULL */
void lookups_free(struct lookups *s)
{
	struct lookups_question *q;
	struct lookup *l, *next;

	if (!s)
		return;
	HASH_CLEAR(by_ticket, s->by_ticket);
	HASH_ITER(by_name, s->by_name, l, next) {
		HASH_DELETE(by_name, s->by_name, l);
		while ((q = LIST_FIRST(&l->questions)))
			question_free(q);
		free(l);
	}
	free(s);
}
