// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Names of hosts into addresses. getaddrinfo() blocks for as long as name
 * servers please, so it runs in a thread that touches nothing but its job.
 */
#include "resolve.h"

#include <netdb.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/**
 * struct job - one look-up
 * @owner: who waits for it; NULL: nobody any more. Under @lock.
 * @host: name
 * @port: to put into the address
 * @family: wanted
 * @addr: result
 * @error: of getaddrinfo(); valid when @done
 * @done: under @lock
 */
struct job {
	struct resolver *owner;
	char host[256];
	uint16_t port;
	int family;
	union addr addr;
	int error;
	bool done;
};

struct resolver {
	struct ev_loop *loop;
	ev_async wake;
	resolve_fn fn;
	void *ctx;
	struct job *job;
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

/**
 * resolve_now() - look up a name, waiting for the answer
 * @host: name or address
 * @port: to put into the address
 * @family: AF_INET, AF_INET6, or AF_UNSPEC for either
 * @addr: set to the first address found
 * Return: 0 or an error of getaddrinfo().
 */
int resolve_now(const char *host, uint16_t port, int family, union addr *addr)
{
	struct addrinfo hints = { .ai_family = family, .ai_socktype = SOCK_DGRAM };
	struct addrinfo *list;
	int error = getaddrinfo(host, NULL, &hints, &list);

	if (error)
		return error;
	if (!addr_set(addr, list->ai_addr, list->ai_addrlen))
		error = EAI_FAMILY;
	addr_set_port(addr, port);
	freeaddrinfo(list);
	return error;
}

static void *run(void *arg)
{
	struct job *job = arg;
	int error = resolve_now(job->host, job->port, job->family, &job->addr);

	pthread_mutex_lock(&lock);
	job->error = error;
	job->done = true;
	if (job->owner)
		ev_async_send(job->owner->loop, &job->owner->wake);
	else
		free(job);
	pthread_mutex_unlock(&lock);
	return NULL;
}

static void on_wake(struct ev_loop *loop, ev_async *w, int revents)
{
	struct resolver *r = w->data;
	struct job *job = r->job;
	bool done;

	(void)loop;
	(void)revents;
	if (!job)
		return;
	pthread_mutex_lock(&lock);
	done = job->done;
	pthread_mutex_unlock(&lock);
	if (!done)
		return;
	r->job = NULL;
	r->fn(r->ctx, job->error, &job->addr);
	free(job);
}

/**
 * resolver_new() - prepare look-ups beside the event loop
 * @loop: the loop
 * @fn: gets the results
 * @ctx: for @fn
 * Return: for resolver_free(); NULL without memory.
 */
struct resolver *resolver_new(struct ev_loop *loop, resolve_fn fn, void *ctx)
{
	struct resolver *r = calloc(1, sizeof(*r));

	if (!r)
		return NULL;
	r->loop = loop;
	r->fn = fn;
	r->ctx = ctx;
	ev_async_init(&r->wake, on_wake);
	r->wake.data = r;
	ev_async_start(loop, &r->wake);
	return r;
}

/* All signals are the main thread's */
static int start_thread(struct job *job)
{
	pthread_attr_t attr;
	pthread_t thread;
	sigset_t all, old;
	int rc;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &old);
	pthread_attr_init(&attr);
	pthread_attr_setdetachstate(&attr, PTHREAD_CREATE_DETACHED);
	rc = pthread_create(&thread, &attr, run, job);
	pthread_attr_destroy(&attr);
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	return rc;
}

/** resolver_start() - begin a look-up, unless one is under way */
void resolver_start(struct resolver *r, const char *host, uint16_t port, int family)
{
	struct job *job;

	if (r->job)
		return;
	job = calloc(1, sizeof(*job));
	if (!job)
		return;
	job->owner = r;
	snprintf(job->host, sizeof(job->host), "%s", host);
	job->port = port;
	job->family = family;
	r->job = job;
	/* Who waits for an answer asks again only after one */
	if (start_thread(job)) {
		job->error = EAI_AGAIN;
		job->done = true;
		ev_async_send(r->loop, &r->wake);
	}
}

/** resolver_free() - forget a look-up under way; @r may be NULL */
void resolver_free(struct resolver *r)
{
	if (!r)
		return;
	pthread_mutex_lock(&lock);
	if (r->job && r->job->done)
		free(r->job);
	else if (r->job)
		r->job->owner = NULL;
	pthread_mutex_unlock(&lock);
	ev_async_stop(r->loop, &r->wake);
	free(r);
}
