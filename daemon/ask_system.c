// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Files, sockets and scripts, by way of the keeper. ask_names.c has names.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ask.h"
#include "carrier.h"
#include "channel.h"
#include "icmp.h"
#include "pidfile.h"
#include "secret.h"
#include "roster.h"

/* ------------------------------------------------------------------------
 * files
 */

int pidfile_create(struct pidfile *pf, uint32_t conf, const char *device, pid_t *holder)
{
	struct request r = { .op = REQUEST_CLAIM, .conf = conf };
	struct answer a;
	int rc;

	snprintf(r.name, sizeof(r.name), "%s", device);
	rc = ask_call(&r, -1, &a, NULL);
	if (holder)
		*holder = (pid_t)a.number;
	pf->fd = rc ? -1 : 0;
	if (!rc)
		snprintf(pf->path, sizeof(pf->path), "%.*s", IFNAMSIZ - 1, device);
	return rc;
}

void pidfile_remove(struct pidfile *pf, uint32_t conf)
{
	struct request r = { .op = REQUEST_RELEASE, .conf = conf };

	if (pf->fd < 0)
		return;
	snprintf(r.name, sizeof(r.name), "%.*s", IFNAMSIZ - 1, pf->path);
	ask_simple(&r);
	pf->fd = -1;
}

/* The keeper knows what has to last */
static int save_state(const struct state *st, bool last)
{
	struct request r = { .op = REQUEST_STATE_SAVE, .conf = st->conf };
	int rc;

	(void)last;
	r.state.link = st->link;
	r.state.have_local = st->have_local;
	r.state.accepted = st->accepted;
	r.state.sent = st->sent;
	memcpy(r.state.local, st->local, sizeof(r.state.local));
	memcpy(r.state.key, st->key, sizeof(r.state.key));
	rc = ask_simple(&r);
	secret_wipe(&r, sizeof(r));
	return rc;
}

/**
 * ask_state_open() - state_open() by the keeper
 * @st: filled in
 * @conf: of the configured link
 * @id: identifies the link
 * Return: as state_open().
 */
int ask_state_open(struct state *st, uint32_t conf, const uint8_t id[STATE_ID_LEN])
{
	struct request r = { .op = REQUEST_STATE_OPEN, .conf = conf };
	struct answer a;
	int rc;

	memcpy(r.id, id, STATE_ID_LEN);
	rc = ask_call(&r, -1, &a, NULL);
	*st = a.state;
	st->conf = conf;
	st->save = save_state;
	state_path(st, STATE_DIR, id);
	secret_wipe(&a, sizeof(a));
	return rc;
}

/** ask_state_boot() - state_boot() by the keeper */
void ask_state_boot(uint32_t conf, char boot[STATE_BOOT_LEN])
{
	struct request r = { .op = REQUEST_BOOT, .conf = conf };
	struct answer a;

	ask_call(&r, -1, &a, NULL);
	snprintf(boot, STATE_BOOT_LEN, "%s", a.boot);
}

/* ------------------------------------------------------------------------
 * sockets
 */

/* Return: the descriptor that came with the answer, or -errno */
static int ask_socket(uint32_t op, uint32_t conf, int family)
{
	struct request r = { .op = op, .conf = conf, .number = (uint32_t)family };
	struct answer a;
	int fd, rc = ask_call(&r, -1, &a, &fd);

	if (rc || fd >= 0)
		return rc ? rc : fd;
	return fd == CHANNEL_LOST ? -EMFILE : -EBADMSG;
}

/**
 * carrier_open() - get a socket, not bound yet
 * @c: to be closed by carrier_close()
 * @conf: of the configured link for which it is made
 * @family: AF_INET or AF_INET6
 * Return: 0 or -errno.
 */
int carrier_open(struct carrier *c, uint32_t conf, int family)
{
	int fd = ask_socket(REQUEST_UDP_OPEN, conf, family);

	memset(c, 0, sizeof(*c));
	c->fd = fd < 0 ? -1 : fd;
	return fd < 0 ? fd : 0;
}

/**
 * carrier_bind() - bind to an address
 * @c: after carrier_open()
 * @conf: of the configured link for which it is made
 * @me: of the same family, and as configured; wildcard and port 0 leave the
 *	choice to the system
 * Return: 0 or -errno.
 */
int carrier_bind(struct carrier *c, uint32_t conf, const union addr *me)
{
	struct request r = { .op = REQUEST_UDP_BIND, .conf = conf, .addr = *me };
	struct answer a;
	int rc = ask_call(&r, c->fd, &a, NULL);

	return rc ? rc : carrier_learn_bound(c);
}

/**
 * carrier_find_route() - ask the routes about the way to a peer
 * @conf: of the configured link whose peer it is
 * @to: the peer
 * @route: filled in
 * Return: 0, or -errno: -ENETUNREACH and the like without a route.
 */
int carrier_find_route(uint32_t conf, const union addr *to, struct carrier_route *route)
{
	struct request r = { .op = REQUEST_ROUTE, .conf = conf, .addr = *to };
	struct answer a;
	int rc = ask_call(&r, -1, &a, NULL);

	*route = a.route;
	return rc;
}

/**
 * icmp_open() - hear ICMP errors
 * @conf: of the configured link for whose socket they are
 * @family: AF_INET or AF_INET6
 * Return: a descriptor for icmp_read(), or -errno: -EPERM without CAP_NET_RAW.
 */
int icmp_open(uint32_t conf, int family)
{
	return ask_socket(REQUEST_ICMP_OPEN, conf, family);
}

/* ------------------------------------------------------------------------
 * scripts
 */

/**
 * struct wait - a script whose end somebody waits for
 * @number: of the request
 * @event: of the request
 * @done: called at its end
 * @ctx: for @done
 * @by_number: among all
 */
struct wait {
	uint32_t number;
	enum hooks_event event;
	hooks_done_fn done;
	void *ctx;
	UT_hash_handle by_number;
};

static struct wait *waits;
static uint32_t last_wait;

static struct wait *wait_new(enum hooks_event event, hooks_done_fn done, void *ctx)
{
	struct wait *w = calloc(1, sizeof(*w));

	if (!w)
		return NULL;
	if (!++last_wait)
		last_wait++;
	*w = (struct wait){ .number = last_wait, .event = event, .done = done, .ctx = ctx };
	HASH_ADD(by_number, waits, number, sizeof(w->number), w);
	return w;
}

static void wait_free(struct wait *w)
{
	HASH_DELETE(by_number, waits, w);
	free(w);
}

/**
 * ask_script() - have ip-up or ip-down run
 * @conf: of the configured link
 * @script: what it is told
 * @done: called from the event loop when it has ended; may be NULL
 * @ctx: for @done
 * Return: 0 or -errno (@done is not called then).
 */
int ask_script(uint32_t conf, const struct ask_script *script, hooks_done_fn done, void *ctx)
{
	struct request r = { .op = REQUEST_SCRIPT, .conf = conf };
	struct wait *w = NULL;
	int rc;

	if (done) {
		w = wait_new(script->event, done, ctx);
		if (!w)
			return -ENOMEM;
	}
	r.script = (struct request_script){
		.link = script->link,
		.event = script->event,
		.number = w ? w->number : 0,
		.me = script->me,
		.peer = script->peer,
		.remote = script->remote,
		.mtu = script->mtu,
	};
	rc = ask_simple(&r);
	if (rc && w)
		wait_free(w);
	return rc;
}

/** ask_script_done() - the event came that ends a script */
void ask_script_done(uint32_t number, int outcome)
{
	struct wait *w;
	struct wait ended;

	HASH_FIND(by_number, waits, &number, sizeof(number), w);
	if (!w)
		return;
	ended = *w;
	wait_free(w);
	ended.done(ended.ctx, ended.event, (enum hooks_outcome)outcome);
}
