// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Names, by way of the keeper. It answers at once that a name will be looked up;
 * the address comes as an event, with the number of the question.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ask.h"
#include "log.h"
#include "options.h"
#include "resolve.h"
#include "roster.h"

/**
 * struct resolver - a name that is looked up now and then
 * @loop: the event loop
 * @conf: of the configured link whose name it is
 * @fn: gets the results
 * @ctx: for @fn
 * @number: of the look-up under way; 0: none
 * @host: the name
 * @family: wanted
 * @port: to put into the address
 * @again: runs while the look-up was refused, and is to be tried again
 * @delay: its seconds the next time
 * @by_number: among those with a look-up under way
 */
struct resolver {
	struct ev_loop *loop;
	uint32_t conf;
	resolve_fn fn;
	void *ctx;
	uint32_t number;
	char host[REQUEST_HOST_MAX];
	int family;
	uint16_t port;
	ev_timer again;
	double delay;
	UT_hash_handle by_number;
};

static struct resolver *resolvers;
static uint32_t last_lookup;

static int ask(const struct resolver *r)
{
	struct request request = { .op = REQUEST_RESOLVE, .conf = r->conf };

	memcpy(request.resolve.host, r->host, sizeof(request.resolve.host));
	request.resolve.family = (uint32_t)r->family;
	request.resolve.number = r->number;
	return ask_simple(&request);
}

/* The look-up under way is over, or nobody wants to know any more */
static void forget_lookup(struct resolver *r)
{
	ev_timer_stop(r->loop, &r->again);
	if (r->by_number.tbl)
		HASH_DELETE(by_number, resolvers, r);
	r->by_number.tbl = NULL;
	r->number = 0;
}

/* Each time later */
static void wait(struct resolver *r)
{
	ev_timer_set(&r->again, r->delay, 0.);
	ev_timer_start(r->loop, &r->again);
	r->delay = r->delay * 2 < RESOLVE_AGAIN_MOST ? r->delay * 2 : RESOLVE_AGAIN_MOST;
}

static void try_later(struct resolver *r, int err)
{
	static struct log_limit limit = LOG_LIMIT_INIT;

	/* A link that is not configured any more is about to hear of that */
	log_limited(&limit, err == -ECANCELED ? LOG_DEBUG : LOG_WARNING,
		    "cannot have %s looked up: %s; trying again in %.0f s", r->host,
		    strerror(-err), r->delay);
	wait(r);
}

static void begin(struct resolver *r)
{
	int rc;

	if (!++last_lookup)
		last_lookup++;
	r->number = last_lookup;
	HASH_ADD(by_number, resolvers, number, sizeof(r->number), r);
	rc = r->by_number.tbl ? ask(r) : -ENOMEM;
	if (!rc)
		return;
	forget_lookup(r);
	try_later(r, rc);
}

static void on_again(struct ev_loop *loop, ev_timer *w, int revents)
{
	struct resolver *r = w->data;

	(void)loop;
	(void)revents;
	log_set_device("");
	begin(r);
}

/**
 * resolver_new() - prepare look-ups beside the event loop
 * @loop: the event loop, which also gets the keeper's events
 * @conf: of the configured link whose name it is
 * @fn: gets the results, from the loop
 * @ctx: for @fn
 * Return: for resolver_free(); NULL without memory.
 */
struct resolver *resolver_new(struct ev_loop *loop, uint32_t conf, resolve_fn fn, void *ctx)
{
	struct resolver *r = calloc(1, sizeof(*r));

	if (!r)
		return NULL;
	r->loop = loop;
	r->conf = conf;
	r->fn = fn;
	r->ctx = ctx;
	r->delay = RESOLVE_AGAIN_FIRST;
	ev_timer_init(&r->again, on_again, 0., 0.);
	r->again.data = r;
	return r;
}

/**
 * resolver_start() - begin a look-up, unless one is under way or to be tried again
 * @r: from resolver_new()
 * @host: name, one of those configured
 * @port: to put into the address
 * @family: AF_INET, AF_INET6, or AF_UNSPEC for either
 */
void resolver_start(struct resolver *r, const char *host, uint16_t port, int family)
{
	if (r->number || ev_is_active(&r->again))
		return;
	snprintf(r->host, sizeof(r->host), "%s", host);
	r->family = family;
	r->port = port;
	begin(r);
}

/** resolver_again() - the same again, later each time; by who was told of an error just now */
void resolver_again(struct resolver *r)
{
	wait(r);
}

/** ask_resolved() - the event came that ends a look-up */
void ask_resolved(uint32_t number, int error, const union addr *addr)
{
	union addr found = *addr;
	struct resolver *r;

	HASH_FIND(by_number, resolvers, &number, sizeof(number), r);
	if (!r)
		return;
	forget_lookup(r);
	if (!error)
		r->delay = RESOLVE_AGAIN_FIRST;
	addr_set_port(&found, r->port);
	r->fn(r->ctx, error, &found);
}

/** resolver_free() - forget a look-up under way; @r may be NULL */
void resolver_free(struct resolver *r)
{
	if (!r)
		return;
	forget_lookup(r);
	free(r);
}
