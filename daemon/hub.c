// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * All links of the daemon.
 */
#include "hub.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "iface.h"
#include "log.h"

/* Seconds between two links when all are looked at */
#define CHECK_SPACING 0.001

/**
 * struct member - a link of the hub
 * @item: its options
 * @next: options to bring it up with once it is down; NULL: none
 * @link: the link; NULL: not up yet, or not any more
 * @id: number of the link in the kernel, while it is in @by_id
 * @ifindex: of its interface when it was set up, while it is in @by_ifindex
 * @resolving: the addresses of its carrier are being looked up
 * @waiting: its peer's name cannot be resolved now: nobody waits for it
 * @ready: it is set up, ready to run
 * @seen: there are options of it, of those just read
 * @by_name: among all
 * @by_id: among those set up
 * @by_ifindex: likewise
 */
struct member {
	struct optset_item *item;
	struct optset_item *next;
	struct link *link;
	uint32_t id;
	unsigned int ifindex;
	bool resolving;
	bool waiting;
	bool ready;
	bool seen;
	UT_hash_handle by_name;
	UT_hash_handle by_id;
	UT_hash_handle by_ifindex;
};

/**
 * struct hub - all links
 * @config: see there
 * @many: links are those of OPTSET_DIR
 * @by_name: all members
 * @by_id: those set up
 * @by_ifindex: likewise
 * @leaving: members that are going down by our will
 * @resolving: members whose addresses are being looked up
 * @applying: @applied is to be called
 * @started: it was called once
 * @stopping: all are going down
 * @code: exit code of the last link that ended by itself
 * @failed: the last one could not be set up, and no other came meanwhile
 */
struct hub {
	struct hub_config config;
	bool many;
	struct member *by_name;
	struct member *by_id;
	struct member *by_ifindex;
	unsigned int leaving;
	unsigned int resolving;
	bool applying;
	bool started;
	bool stopping;
	int code;
	ev_timer failed;
};

/* What follows is about this member */
static void enter(const struct member *m)
{
	log_set_device(m->link && m->link->name[0] ? m->link->name : m->item->opts.device);
}

/* ------------------------------------------------------------------------
 * members
 */

static struct member *find(struct hub *h, const char *name)
{
	struct member *m;

	HASH_FIND(by_name, h->by_name, name, strlen(name), m);
	return m;
}

static void free_item(struct hub *h, struct optset_item *item)
{
	if (item)
		h->config.gone(h->config.ctx, item->conf);
	optset_item_free(item);
}

/* Takes @item. Return: 0 or -ENOMEM */
static int add(struct hub *h, struct optset_item *item)
{
	struct member *m = calloc(1, sizeof(*m));

	if (m) {
		m->item = item;
		m->seen = true;
		HASH_ADD_KEYPTR(by_name, h->by_name, item->name, strlen(item->name), m);
		if (m->by_name.tbl)
			return 0;
	}
	free(m);
	free_item(h, item);
	return -ENOMEM;
}

/* The kernel does not know it by these any more, or will not */
static void unlist(struct hub *h, struct member *m)
{
	if (m->by_id.tbl)
		HASH_DELETE(by_id, h->by_id, m);
	if (m->by_ifindex.tbl)
		HASH_DELETE(by_ifindex, h->by_ifindex, m);
	m->by_id.tbl = NULL;
	m->by_ifindex.tbl = NULL;
}

static void list(struct hub *h, struct member *m)
{
	struct member *old;

	m->id = m->link->id;
	m->ifindex = m->link->ifindex;
	HASH_ADD(by_id, h->by_id, id, sizeof(m->id), m);
	/* An index is used again once the interface is gone */
	HASH_FIND(by_ifindex, h->by_ifindex, &m->ifindex, sizeof(m->ifindex), old);
	if (old) {
		HASH_DELETE(by_ifindex, h->by_ifindex, old);
		old->by_ifindex.tbl = NULL;
	}
	HASH_ADD(by_ifindex, h->by_ifindex, ifindex, sizeof(m->ifindex), m);
}

static void end_link(struct hub *h, struct member *m)
{
	unlist(h, m);
	link_free(m->link);
	m->link = NULL;
	m->waiting = false;
	m->ready = false;
}

static void drop(struct hub *h, struct member *m)
{
	if (m->resolving)
		h->resolving--;
	end_link(h, m);
	HASH_DELETE(by_name, h->by_name, m);
	free_item(h, m->item);
	free_item(h, m->next);
	free(m);
}

/* It cannot be brought up. Alone, it says how the daemon ends. */
static void give_up(struct hub *h, struct member *m, int code)
{
	if (h->many)
		log_msg(m->link && m->link->unwanted ? LOG_DEBUG : LOG_ERR,
			"link %s is left out: it is tried again with SIGHUP",
			m->item->name[0] ? m->item->name : OPTIONS_FILE);
	h->code = code;
	drop(h, m);
}

/* ------------------------------------------------------------------------
 * up
 */

static int resolve(struct hub *h, struct member *m)
{
	int rc;

	m->link = link_new(&h->config.env, m->item->conf, &m->item->opts);
	if (!m->link)
		return LINK_EXIT_SYSTEM;
	m->link->user = m;
	rc = link_resolve(m->link);
	if (rc != LINK_LATER)
		return rc;
	m->resolving = true;
	h->resolving++;
	return 0;
}

static int connect_link(struct hub *h, struct member *m)
{
	int rc = link_connect(m->link);

	if (!rc) {
		m->ready = true;
		list(h, m);
	}
	return rc;
}

enum step {
	STEP_RESOLVE,
	STEP_SETUP,
	STEP_CONNECT_ORPHANS,
	STEP_CONNECT,
};

static int do_step(struct hub *h, struct member *m, enum step step)
{
	switch (step) {
	case STEP_RESOLVE:
		return m->link ? 0 : resolve(h, m);
	case STEP_SETUP:
		return link_setup(m->link);
	case STEP_CONNECT_ORPHANS:
		return m->ready || !addr_is_set(&m->link->orphan) ? 0 : connect_link(h, m);
	default:
		return m->ready ? 0 : connect_link(h, m);
	}
}

/* One step of all that are not up, and can be; those that fail are left out */
static void step_all(struct hub *h, enum step step)
{
	struct member *m, *next;
	int rc;

	HASH_ITER(by_name, h->by_name, m, next) {
		if (m->ready || m->waiting)
			continue;
		enter(m);
		rc = do_step(h, m, step);
		if (rc)
			give_up(h, m, rc);
	}
	log_set_device("");
}

/* After STEP_RESOLVE. A port that a dead daemon left must be taken over before
 * another link wants it.
 */
static void bring_up(struct hub *h)
{
	struct member *m, *next;

	step_all(h, STEP_SETUP);
	step_all(h, STEP_CONNECT_ORPHANS);
	step_all(h, STEP_CONNECT);
	HASH_ITER(by_name, h->by_name, m, next) {
		/* One that is being taken down has none any more */
		if (m->waiting || m->link->session || m->link->ending)
			continue;
		enter(m);
		link_run(m->link);
		h->config.ready(h->config.ctx, m->item->conf);
	}
	log_set_device("");
}

static unsigned int count_ready(struct hub *h)
{
	struct member *m, *next;
	unsigned int count = 0;

	HASH_ITER(by_name, h->by_name, m, next)
		count += m->ready;
	return count;
}

static void finish(struct hub *h)
{
	if (!h->by_name)
		h->config.ended(h->config.ctx, h->stopping ? EXIT_SUCCESS : h->code);
}

static void on_failed(struct ev_loop *loop, ev_timer *w, int revents)
{
	(void)loop;
	(void)revents;
	finish(w->data);
}

/* Whoever waited may be wanted no more, or in another way, and have failed for that:
 * the keeper refuses what is asked for such a link, and has told us before. That is
 * read first.
 */
static void finish_soon(struct hub *h)
{
	if (!h->by_name)
		ev_timer_start(h->config.env.loop, &h->failed);
}

/* All addresses are known, or will not be soon */
static void all_resolved(struct hub *h)
{
	if (h->stopping || h->resolving || h->leaving || !h->applying)
		return;
	bring_up(h);
	/* A start that failed is told by the exit code */
	if (!h->by_name && !h->started)
		return;
	h->applying = false;
	if (h->many && !h->started)
		log_notice("%u links are set up", count_ready(h));
	h->started = true;
	h->config.applied(h->config.ctx);
}

static void on_link_resolved(void *ctx, struct link *l, int code)
{
	struct hub *h = ctx;
	struct member *m = l->user;
	bool late = m->waiting;

	h->resolving -= m->resolving;
	m->resolving = false;
	m->waiting = code == LINK_LATER;
	if (m->waiting && late)
		return;
	if (code && !m->waiting)
		give_up(h, m, code);
	/* Else it is brought up with those that are on their way */
	if (late && !h->applying)
		bring_up(h);
	all_resolved(h);
	if (late)
		finish_soon(h);
	else
		finish(h);
}

/* ------------------------------------------------------------------------
 * down
 */

/* Those that were to go are gone: the new ones can have their devices */
static void all_left(struct hub *h)
{
	if (h->stopping)
		return;
	step_all(h, STEP_RESOLVE);
	all_resolved(h);
}

static void on_link_ended(void *ctx, struct link *l, int code)
{
	struct hub *h = ctx;
	struct member *m = l->user;
	bool ours = m->next || !m->seen;

	h->code = code;
	log_set_device("");
	if (m->next && !h->stopping) {
		end_link(h, m);
		/* The name is the key of a table, and stays */
		free(m->next->name);
		m->next->name = m->item->name;
		m->item->name = NULL;
		free_item(h, m->item);
		m->item = m->next;
		m->next = NULL;
	} else {
		drop(h, m);
	}
	if (ours && h->leaving && !--h->leaving)
		all_left(h);
	finish(h);
}

static void leave(struct hub *h, struct member *m)
{
	h->leaving++;
	enter(m);
	link_stop(m->link, EXIT_SUCCESS);
	log_set_device("");
}

/* ------------------------------------------------------------------------
 * options read again
 */

/**
 * struct changes - what is new in options read again
 * @added: links
 * @changed: links
 * @removed: links
 * @same: links
 */
struct changes {
	unsigned int added, changed, removed, same;
};

/* Takes @item of @set, or leaves it */
static void apply_item(struct hub *h, struct optset_item **item, struct changes *changes)
{
	struct member *m = find(h, (*item)->name);

	if (m)
		m->seen = true;
	if ((*item)->faulty) {
		log_err("%s: options with faults: %s", (*item)->name,
			m ? "the link stays as it is" : "not a link");
	} else if (!m) {
		changes->added += !add(h, *item);
		*item = NULL;
	} else if (m->link->ending || !options_equal(&m->item->opts, &(*item)->opts)) {
		/* What ends by itself is to come again */
		changes->changed++;
		m->next = *item;
		*item = NULL;
		leave(h, m);
	} else {
		changes->same++;
	}
}

/**
 * hub_apply() - the options were read again; what did not change is left alone
 * @h: after @applied
 * @set: all links as they are to be; what is used of it is taken away
 */
void hub_apply(struct hub *h, struct optset *set)
{
	struct changes changes = { 0 };
	struct member *m, *next;
	size_t i;

	log_set_device("");
	if (h->stopping)
		return;
	ev_timer_stop(h->config.env.loop, &h->failed);
	/* What failed meanwhile was wanted no more */
	if (!set->count)
		h->code = EXIT_SUCCESS;
	h->many = set->many;
	h->applying = true;
	HASH_ITER(by_name, h->by_name, m, next)
		m->seen = false;
	for (i = 0; i < set->count; i++)
		apply_item(h, &set->item[i], &changes);
	HASH_ITER(by_name, h->by_name, m, next) {
		if (m->seen)
			continue;
		changes.removed++;
		leave(h, m);
	}
	log_notice("options read again: %u links as before, %u changed, %u new, %u gone",
		   changes.same, changes.changed, changes.added, changes.removed);
	if (!h->leaving)
		all_left(h);
	finish(h);
}

/* ------------------------------------------------------------------------
 * what happens
 */

/** hub_event() - the kernel told something of a link */
void hub_event(struct hub *h, const struct kernel_event *event)
{
	struct member *m;

	HASH_FIND(by_id, h->by_id, &event->link, sizeof(event->link), m);
	if (m)
		link_event(m->link, event);
}

/** hub_interface_gone() - an interface was deleted or left our network namespace */
void hub_interface_gone(struct hub *h, unsigned int ifindex)
{
	struct member *m;

	HASH_FIND(by_ifindex, h->by_ifindex, &ifindex, sizeof(ifindex), m);
	if (m)
		link_check(m->link);
}

/** hub_check() - news were lost: look at all links, one after the other */
void hub_check(struct hub *h)
{
	struct member *m, *next;
	double after = 0.;

	HASH_ITER(by_name, h->by_name, m, next) {
		if (!m->ready)
			continue;
		link_suspect(m->link, after);
		after += CHECK_SPACING;
	}
}

/** hub_stop() - take all links down */
void hub_stop(struct hub *h)
{
	struct member *m, *next;

	h->stopping = true;
	HASH_ITER(by_name, h->by_name, m, next)
		if (m->ready)
			link_stop(m->link, EXIT_SUCCESS);
	/* Those that this leaves each link deletes itself */
	if (count_ready(h) > 1)
		iface_delete_all();
	/* What those that wait may leave is deleted one by one */
	HASH_ITER(by_name, h->by_name, m, next)
		if (!m->ready)
			drop(h, m);
	finish(h);
}

/* ------------------------------------------------------------------------
 * life
 */

/**
 * hub_new() - links that are not there yet
 * @config: copied
 * @set: their options, taken away; the rest stays the caller's
 * Return: for hub_free(); NULL without memory.
 */
struct hub *hub_new(const struct hub_config *config, struct optset *set)
{
	struct hub *h = calloc(1, sizeof(*h));
	int err = 0;
	size_t i;

	if (!h)
		return NULL;
	h->config = *config;
	ev_timer_init(&h->failed, on_failed, 0., 0.);
	/* After all that can be read already */
	ev_set_priority(&h->failed, EV_MINPRI);
	h->failed.data = h;
	h->config.env.resolved = on_link_resolved;
	h->config.env.ended = on_link_ended;
	h->config.env.ctx = h;
	h->config.env.ports = ports_new(config->env.loop, &link_port_ops);
	h->many = set->many;
	for (i = 0; i < set->count && !err; i++) {
		err = add(h, set->item[i]);
		set->item[i] = NULL;
	}
	if (!err && h->config.env.ports)
		return h;
	hub_free(h);
	return NULL;
}

/**
 * hub_start() - bring all links up, at once or when name servers have answered
 * @h: from hub_new()
 * Return: 0, or an exit code after a message: there is nothing to go on with, and
 * what was done is undone by hub_free().
 */
int hub_start(struct hub *h)
{
	h->applying = true;
	all_left(h);
	return h->by_name ? 0 : h->code;
}

/** hub_free() - forget all; interfaces of a failed start go. @h may be NULL */
void hub_free(struct hub *h)
{
	struct member *m, *next;

	if (!h)
		return;
	HASH_ITER(by_name, h->by_name, m, next)
		drop(h, m);
	ev_timer_stop(h->config.env.loop, &h->failed);
	ports_free(h->config.env.ports);
	free(h);
}
