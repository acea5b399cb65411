// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The way of a request: is it one, is it time for it, and who carries it out.
 */
#include <errno.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "channel.h"
#include "daemonize.h"
#include "keeper_impl.h"
#include "log.h"
#include "secret.h"

/* Requests answered before others get their turn */
#define BATCH 64

/* They may have changed meanwhile */
static void read_again(struct keeper *k)
{
	if (!k->reload.again)
		return;
	k->reload.again = false;
	keeper_reload(k);
}

static KEEPER_HANDLER(take_applied)
{
	(void)l;
	(void)r;
	(void)fd;
	(void)a;
	(void)pass;
	if (!k->reload.handed)
		return -EPERM;
	if (!keeper_applied(k)) {
		log_err("the parser keeps links that are not configured any more: ending it");
		keeper_end(k, EX_SOFTWARE);
		return 0;
	}
	daemonize_ready();
	read_again(k);
	return 0;
}

static KEEPER_HANDLER(take_refused)
{
	(void)l;
	(void)r;
	(void)fd;
	(void)a;
	(void)pass;
	if (!keeper_refused(k))
		return -EPERM;
	log_err("options are not applied, as the parser has no room for them: all links stay as "
		"they are; restart");
	read_again(k);
	return 0;
}

static KEEPER_HANDLER(take_ready)
{
	(void)r;
	(void)fd;
	(void)a;
	(void)pass;
	keeper_link_ready(k, l);
	keeper_progress(k);
	return 0;
}

static KEEPER_HANDLER(take_drop)
{
	(void)r;
	(void)fd;
	(void)a;
	(void)pass;
	keeper_link_end(k, l);
	keeper_forget(k, l);
	keeper_progress(k);
	return 0;
}

/* When a request is in order: about no link; during the set-up of its link; while
 * it is configured; always, as it takes the link down
 */
enum when {
	GLOBAL,
	SETUP,
	CONFIGURED,
	ALWAYS,
};

static const struct operation {
	keeper_handler handler;
	enum when when;
} operations[REQUEST_OPS] = {
	[REQUEST_LOG] = { keeper_log, GLOBAL },
	[REQUEST_APPLIED] = { take_applied, GLOBAL },
	[REQUEST_REFUSED] = { take_refused, GLOBAL },
	[REQUEST_IFACES_DELETE] = { keeper_ifaces_delete, GLOBAL },
	[REQUEST_READY] = { take_ready, SETUP },
	[REQUEST_DROP] = { take_drop, ALWAYS },
	[REQUEST_BOOT] = { keeper_boot, SETUP },
	[REQUEST_STATE_OPEN] = { keeper_state_open, SETUP },
	[REQUEST_STATE_SAVE] = { keeper_state_save, ALWAYS },
	[REQUEST_CLAIM] = { keeper_claim, SETUP },
	[REQUEST_RELEASE] = { keeper_release, ALWAYS },
	[REQUEST_IFACE_INDEX] = { keeper_iface_index, SETUP },
	[REQUEST_IFACE_CREATE] = { keeper_iface_create, SETUP },
	[REQUEST_IFACE_DELETE] = { keeper_iface_delete, ALWAYS },
	[REQUEST_IFACE_MTU] = { keeper_iface_mtu, CONFIGURED },
	[REQUEST_IFACE_UP] = { keeper_iface_up, SETUP },
	[REQUEST_ADDR_ADD] = { keeper_addr_add, CONFIGURED },
	[REQUEST_ADDR_DEL] = { keeper_addr_del, ALWAYS },
	[REQUEST_LINK_FIND] = { keeper_link_find, ALWAYS },
	[REQUEST_LINK_GET] = { keeper_link_get, ALWAYS },
	[REQUEST_LINK_SET] = { keeper_link_set, CONFIGURED },
	[REQUEST_KEY_SET] = { keeper_key_set, CONFIGURED },
	[REQUEST_KEY_DEL] = { keeper_key_del, ALWAYS },
	[REQUEST_UDP_OPEN] = { keeper_udp_open, SETUP },
	[REQUEST_UDP_BIND] = { keeper_udp_bind, SETUP },
	[REQUEST_ICMP_OPEN] = { keeper_icmp_open, SETUP },
	[REQUEST_ROUTE] = { keeper_route, ALWAYS },
	[REQUEST_RESOLVE] = { keeper_resolve, CONFIGURED },
	[REQUEST_SCRIPT] = { keeper_script, ALWAYS },
};

/* The parser waits for it */
static void reply(struct keeper *k, const struct answer *a, int pass)
{
	int rc = channel_try_send(k->parser.fd, a, sizeof(*a), pass);

	/* There is room for more answers than the daemon's own code ever waits for */
	if (rc == -EAGAIN) {
		log_err("the parser does not read answers: ending it");
		keeper_end(k, EX_SOFTWARE);
	} else if (rc) {
		/* That it has ended is told by its exit code */
		log_debug("no answer to the parser: %s", strerror(-rc));
	}
}

/* Only the daemon's own code, on its own course, asks for what it may have: this
 * is a defect, or somebody else's code
 */
static void refuse(const struct request *r)
{
	static struct log_limit limit = LOG_LIMIT_INIT;

	log_limited(&limit, LOG_ERR, "refused request %u of the parser about link %u: it has no "
		    "right to this", r->op, r->conf);
}

/* Return: as keeper_handler */
static int handle(struct keeper *k, const struct request *r, int fd, struct answer *a, int *pass)
{
	const struct operation *op = &operations[r->op];
	struct keeper_link *l = NULL;

	if (op->when != GLOBAL) {
		l = keeper_find(k, r->conf);
		if (!l || l->item->faulty || (op->when == SETUP && l->ready))
			return -EPERM;
		/* It may have asked before it heard of that */
		if (l->leaving && op->when != ALWAYS)
			return -ECANCELED;
		l->used = true;
	}
	return op->handler(k, l, r, fd, a, pass);
}

/* One that was refused is of no more use either */
static void wipe_key(struct keeper *k, const struct request *r)
{
	if (r->op == REQUEST_KEY_SET)
		secret_wipe(k->secret, sizeof(*k->secret));
}

/* What it is about did not arrive; that is no fault of the parser's */
static int no_descriptor(void)
{
	static struct log_limit limit = LOG_LIMIT_INIT;

	log_limited(&limit, LOG_ERR, "no descriptor left: raise the limit of open files");
	return -EMFILE;
}

static void carry_out(struct keeper *k, const struct request *r, int fd)
{
	struct answer *a = secret_alloc(sizeof(*a));
	int pass = -1;

	if (!a) {
		log_err("no locked memory left");
		keeper_end(k, EX_OSERR);
		return;
	}
	netlink_set_words("");
	a->result = fd == CHANNEL_LOST ? no_descriptor() : handle(k, r, fd, a, &pass);
	wipe_key(k, r);
	if (a->result == -EPERM)
		refuse(r);
	memcpy(a->words, netlink_words(), sizeof(a->words));
	if (a->result != KEEPER_SILENT && !k->ended)
		reply(k, a, pass);
	if (pass >= 0)
		close(pass);
	secret_free(a, sizeof(*a));
}

/* Return: false when there is nothing more to read for now */
static bool take_request(struct keeper *k, struct request *r)
{
	int fd = -1;
	ssize_t n = channel_try_receive(k->parser.fd, r, sizeof(*r), &fd);

	if (n == -EAGAIN)
		return false;
	if ((!n && fd == -1 && channel_closed(k->parser.fd)) || n == -ECONNRESET) {
		/* It has ended, or will: its exit code says more */
		ev_io_stop(k->loop, &k->parser.io);
		if (k->parser.pid && !k->ended)
			ev_timer_again(k->loop, &k->parser.deaf);
		return false;
	}
	if (n < 0 || !request_valid(r, (size_t)n, fd != -1)) {
		log_err("malformed request %u of the parser: ending it",
			n >= (ssize_t)sizeof(r->op) ? r->op : 0);
		keeper_end(k, EX_SOFTWARE);
	} else {
		carry_out(k, r, fd);
	}
	if (fd >= 0)
		close(fd);
	return !k->ended;
}

/** keeper_ask() - the parser has requests. Return: there may be more of them. */
bool keeper_ask(struct keeper *k)
{
	struct request *r = secret_alloc(sizeof(*r));
	int i;

	if (!r) {
		log_err("no locked memory left");
		keeper_end(k, EX_OSERR);
		return false;
	}
	for (i = 0; i < BATCH && take_request(k, r); i++)
		;
	secret_free(r, sizeof(*r));
	return i == BATCH;
}
