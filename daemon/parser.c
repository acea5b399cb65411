// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The parser: the hub of links, and the event loop they live in.
 */
#include "parser.h"

#include <errno.h>
#include <ev.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include <openssl/crypto.h>

#include "ask.h"
#include "channel.h"
#include "fips.h"
#include "handover.h"
#include "hub.h"
#include "log.h"
#include "sandbox.h"
#include "secret.h"

/**
 * struct parser - the whole process
 * @loop: the event loop
 * @hub: the links
 * @events: the keeper has news
 * @code: exit code
 */
struct parser {
	struct ev_loop *loop;
	struct hub *hub;
	ev_io events;
	int code;
};

/* ------------------------------------------------------------------------
 * what the hub tells
 */

static void on_ready(void *ctx, uint32_t conf)
{
	(void)ctx;
	ask_ready(conf);
}

static void on_link_gone(void *ctx, uint32_t conf)
{
	(void)ctx;
	ask_drop(conf);
}

static void on_applied(void *ctx)
{
	(void)ctx;
	ask_applied();
}

static void on_ended(void *ctx, int code)
{
	struct parser *p = ctx;

	p->code = code;
	ev_break(p->loop, EVBREAK_ALL);
}

/* ------------------------------------------------------------------------
 * what the keeper tells
 */

static void on_kernel(void *ctx, const struct kernel_event *event)
{
	struct parser *p = ctx;

	hub_event(p->hub, event);
}

static void on_lost(void *ctx)
{
	struct parser *p = ctx;

	hub_check(p->hub);
}

static void on_gone(void *ctx, unsigned int ifindex)
{
	struct parser *p = ctx;

	hub_interface_gone(p->hub, ifindex);
}

static void on_stop(void *ctx, int signum)
{
	struct parser *p = ctx;

	log_set_device("");
	log_notice("%s: going down", strsignal(signum));
	hub_stop(p->hub);
}

/* What the keeper read again; nothing of it is left there */
static int take_options(int fd, size_t size, struct optset *set)
{
	void *memory;
	int rc;

	memset(set, 0, sizeof(*set));
	if (fd == CHANNEL_LOST)
		return -EMFILE;
	memory = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (memory == MAP_FAILED)
		return -errno;
	rc = handover_read(set, memory, size);
	secret_wipe(memory, size);
	munmap(memory, size);
	return rc;
}

/* The keeper waits until they are applied, or hears that they cannot be */
static void on_options(void *ctx, int fd, size_t size)
{
	struct parser *p = ctx;
	struct optset set;
	int rc = take_options(fd, size, &set);

	if (rc) {
		log_set_device("");
		log_err("cannot take over the options: %s", strerror(-rc));
		ask_refused();
	} else {
		hub_apply(p->hub, &set);
	}
	optset_wipe(&set);
}

static void on_events(struct ev_loop *loop, ev_io *w, int revents)
{
	const struct ask_events fns = {
		.kernel = on_kernel,
		.lost = on_lost,
		.gone = on_gone,
		.stop = on_stop,
		.options = on_options,
		.ctx = w->data,
	};

	(void)loop;
	(void)revents;
	ask_events_read(&fns);
}

/* ------------------------------------------------------------------------
 * start and end
 */

/* What libcrypto reads from files, it reads now. A link of suite fips may also come
 * with SIGHUP.
 */
static int load_library(const struct optset *set)
{
	uint32_t first;

	OPENSSL_init_crypto(OPENSSL_INIT_LOAD_CONFIG, NULL);
	if (optset_any_fips(set) || set->many)
		fips_open();
	fips_seal();
	if (!secret_random(&first, sizeof(first)))
		return 0;
	log_err("cannot start: no random numbers: openssl.cnf names providers that cannot be loaded, or "
		"not by who has no rights");
	return LINK_EXIT_SYSTEM;
}

static int enter_sandbox(void)
{
	int rc = sandbox_parser();

	if (rc)
		log_err("cannot start: no seccomp filter (%s): the process that reads packets would "
			"not be confined", strerror(-rc));
	return rc ? LINK_EXIT_SYSTEM : 0;
}

static int make_hub(struct parser *p, struct optset *set)
{
	const struct hub_config config = {
		.env.loop = p->loop,
		.ready = on_ready,
		.gone = on_link_gone,
		.applied = on_applied,
		.ended = on_ended,
		.ctx = p,
	};

	p->hub = hub_new(&config, set);
	if (p->hub)
		return 0;
	log_err("cannot start: no memory");
	return LINK_EXIT_SYSTEM;
}

static int run(struct parser *p)
{
	int rc = hub_start(p->hub);

	if (rc)
		return rc;
	ev_io_init(&p->events, on_events, ask_events_fd(), EV_READ);
	p->events.data = p;
	ev_io_start(p->loop, &p->events);
	ev_run(p->loop, 0);
	return p->code;
}

/**
 * parser_run() - be the parser, without rights already
 * @set: all links, with keys
 * @ends: to the keeper
 * Return: exit code.
 */
int parser_run(struct optset *set, const struct keeper_ends *ends)
{
	struct parser p = { 0 };
	int rc;

	ask_init(ends);
	log_set_sink(ask_log);
	/* Not the default loop: that one has children */
	p.loop = ev_loop_new(EVFLAG_AUTO);
	if (!p.loop) {
		log_err("cannot start: no event loop");
		return LINK_EXIT_SYSTEM;
	}
	rc = load_library(set);
	rc = rc ? rc : make_hub(&p, set);
	rc = rc ? rc : enter_sandbox();
	rc = rc ? rc : run(&p);
	hub_free(p.hub);
	return rc;
}
