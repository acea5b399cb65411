// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Options read again: the keeper owns the files, and reads and checks them; the
 * parser gets all of them with their keys, compares, and sets up and takes down
 * what is new, changed and gone. When it says that this is done, it must be.
 */
#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sysexits.h>
#include <unistd.h>

#include "handover.h"
#include "keeper_impl.h"
#include "log.h"
#include "optvalue.h"
#include "sandbox.h"
#include "secret.h"

/* The process id of who runs all links, beside those of each device */
#define PIDFILE_NAME OPTVALUE_PROCESS

/* Of the look-ups of a link, by number */
#define OURS	0
#define PEERS	1

static const char *name_of(const struct optset_item *item)
{
	return item->name[0] ? item->name : OPTIONS_FILE;
}

/* ------------------------------------------------------------------------
 * reading
 */

static void log_lines(char *text)
{
	char *line, *rest = text;

	while ((line = strsep(&rest, "\n")))
		if (*line)
			log_err("%s", line);
}

/* Messages go to the log */
static int load(struct keeper *k, struct optset *set)
{
	char *text = NULL;
	size_t len;
	FILE *err = open_memstream(&text, &len);
	int rc;

	if (!err) {
		memset(set, 0, sizeof(*set));
		return -ENOMEM;
	}
	rc = optset_load(k->argc, k->argv, k->many, false, set, err);
	fclose(err);
	if (text)
		log_lines(text);
	free(text);
	return rc;
}

/** keeper_claim_many() - be the one who runs all links. Return: 0 or -errno. */
int keeper_claim_many(struct keeper *k)
{
	pid_t holder = 0;
	int rc;

	if (!k->many || k->pidfile.fd >= 0)
		return 0;
	rc = pidfile_lock(&k->pidfile, PIDFILE_NAME, &holder);
	if (rc == -EEXIST)
		log_err("the links of " OPTSET_DIR " are run by process %d already", (int)holder);
	else if (rc)
		log_err("cannot write " PIDFILE_DIR "/" PIDFILE_NAME ".pid: %s", strerror(-rc));
	return rc;
}

/**
 * keeper_room() - for how many links the parser's locked memory is enough
 * @links: at the start, when it is made, as large as ciped.c says
 */
unsigned int keeper_room(size_t links)
{
	return (unsigned int)((SECRET_HEAP_DEFAULT + 2 * SECRET_HEAP_LINK * links) /
			      KEEPER_LINK_SECRETS);
}

/* ------------------------------------------------------------------------
 * to the parser
 */

/**
 * keeper_number() - give each link a number that none ever had
 * @k: the keeper
 * @set: links
 * Return: 0, or -EOVERFLOW at the end of numbers.
 */
int keeper_number(struct keeper *k, struct optset *set)
{
	size_t i;

	if (set->count > UINT32_MAX - k->last_conf)
		return -EOVERFLOW;
	for (i = 0; i < set->count; i++)
		set->item[i]->conf = ++k->last_conf;
	k->round++;
	return 0;
}

/**
 * keeper_take_set() - what the parser may have from now on
 * @k: the keeper
 * @set: links with numbers; their keys are wiped, and they are taken away
 * Return: 0 or -ENOMEM.
 */
int keeper_take_set(struct keeper *k, struct optset *set)
{
	int rc = 0;
	size_t i;

	for (i = 0; i < set->count; i++)
		options_wipe_keys(&set->item[i]->opts);
	for (i = 0; i < set->count && !rc; i++) {
		rc = keeper_add(k, set->item[i]);
		set->item[i] = NULL;
	}
	return rc;
}

static void wipe_memory(struct keeper_reload *r)
{
	if (!r->memory)
		return;
	secret_wipe(r->memory, r->size);
	munmap(r->memory, r->size);
	r->memory = NULL;
}

/* Memory that nobody can make smaller while somebody looks at it. Return: a
 * descriptor of it, or -errno.
 */
static int make_memory(struct keeper_reload *r)
{
	int fd = memfd_create("options", MFD_CLOEXEC | MFD_ALLOW_SEALING), rc = 0;
	void *memory = MAP_FAILED;

	if (fd < 0)
		return -errno;
	r->size = handover_size(&r->set);
	if (r->size > UINT32_MAX) {
		close(fd);
		return -EOVERFLOW;
	}
	if (!ftruncate(fd, (off_t)r->size) &&
	    !fcntl(fd, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL))
		memory = mmap(NULL, r->size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (memory == MAP_FAILED || madvise(memory, r->size, MADV_DONTDUMP))
		rc = -errno;
	/* For a moment, and then wiped: no reason to leave all links as they were */
	else if (mlock(memory, r->size))
		log_warn("options with keys are passed on in memory that is not locked: %s. "
			 SANDBOX_LOCK_HELP, strerror(errno));
	if (memory != MAP_FAILED)
		r->memory = memory;
	if (!rc)
		return fd;
	wipe_memory(r);
	close(fd);
	return rc;
}

/* The parser will not hear of them */
static void forget_round(struct keeper *k)
{
	struct keeper_link *l, *next;

	HASH_ITER(by_conf, k->by_conf, l, next)
		if (l->round == k->round)
			keeper_forget(k, l);
}

/* By the name of their file, the links of the options that were read last */
static struct keeper_link *collect(struct keeper *k)
{
	struct keeper_link *l, *next, *by_name = NULL;

	HASH_ITER(by_conf, k->by_conf, l, next)
		if (l->round == k->round)
			HASH_ADD_KEYPTR(by_name, by_name, l->item->name, strlen(l->item->name), l);
	return by_name;
}

/* May it still be there? A link of earlier options may be if there are none of it
 * now, but faulty ones, or the same.
 */
static bool may_stay(const struct keeper_link *l, const struct keeper_link *now)
{
	return now && !now->used &&
	       (now->item->faulty || options_equal(&l->item->opts, &now->item->opts));
}

/* Those may be taken down, and no more: it does not depend on the parser when
 * they end. Return: there is none of earlier options that may not stay.
 */
static bool mark_leaving(struct keeper *k)
{
	struct keeper_link *l, *next, *now, *by_name = collect(k);
	bool none = true;

	HASH_ITER(by_conf, k->by_conf, l, next) {
		if (l->round == k->round)
			continue;
		HASH_FIND(by_name, by_name, l->item->name, strlen(l->item->name), now);
		l->leaving = !may_stay(l, now);
		none = none && !l->leaving;
	}
	HASH_CLEAR(by_name, by_name);
	return none;
}

/* Name servers take their time, with the names of a set-up, of which a link has
 * two. What is looked up later is none.
 */
static bool awaits_name(const struct keeper *k, const struct keeper_link *l)
{
	return l->round == k->round && !l->ready && l->question && l->looked_up <= 2;
}

static void on_patience(struct ev_loop *loop, ev_timer *w, int revents)
{
	struct keeper *k = w->data;
	struct keeper_link *l, *next;

	(void)loop;
	(void)revents;
	HASH_ITER(by_conf, k->by_conf, l, next)
		if (awaits_name(k, l))
			return;
	log_err("the parser has new options, and did not apply them: ending it");
	keeper_end(k, EX_SOFTWARE);
}

/** keeper_reload_init() - prepare for SIGHUP */
void keeper_reload_init(struct keeper *k)
{
	ev_timer_init(&k->reload.patience, on_patience, 0., KEEPER_PATIENCE);
	k->reload.patience.data = k;
}

/** keeper_reload_progress() - the parser is on its way with new options */
void keeper_reload_progress(struct keeper *k)
{
	if (ev_is_active(&k->reload.patience))
		ev_timer_again(k->loop, &k->reload.patience);
}

static int hand_over(struct keeper *k)
{
	struct keeper_reload *r = &k->reload;
	struct event event = { .type = EVENT_OPTIONS };
	int fd, rc = keeper_number(k, &r->set);

	if (rc)
		return rc;
	fd = make_memory(r);
	if (fd < 0)
		return fd;
	handover_write(&r->set, r->memory);
	rc = keeper_take_set(k, &r->set);
	if (rc) {
		forget_round(k);
		close(fd);
		return rc;
	}
	r->handed = true;
	mark_leaving(k);
	ev_timer_again(k->loop, &r->patience);
	event.number = (uint32_t)r->size;
	keeper_tell(k, &event, fd);
	return 0;
}

/* All addresses are known, or will not be */
static void go_on(struct keeper *k)
{
	struct keeper_reload *r = &k->reload;
	int rc = k->stopping ? -ECANCELED : 0;
	size_t i;

	for (i = 0; i < r->set.count; i++) {
		struct optset_item *item = r->set.item[i];

		if (!item->faulty && !options_inside_differ(&item->opts)) {
			log_err("%s: ipaddr and ptpaddr are the same address", name_of(item));
			item->faulty = true;
		}
		if (item->faulty && !r->set.many)
			rc = -EINVAL;
	}
	/* The parser reads no files any more */
	if (!rc && !k->fips && optset_any_fips(&r->set)) {
		rc = -ENOTSUP;
		log_err("the first link of suite fips: all links stay as they are; restart for it");
	} else if (rc == -EINVAL) {
		log_err("options with faults: all links stay as they are");
	} else if (!rc) {
		k->many = r->set.many;
		rc = keeper_claim_many(k);
		rc = rc ? rc : hand_over(k);
		if (rc)
			log_err("options are not applied: %s: all links stay as they are",
				strerror(-rc));
	}
	optset_wipe(&r->set);
	if (r->handed)
		return;
	wipe_memory(r);
	if (r->again) {
		r->again = false;
		keeper_reload(k);
	}
}

/* ------------------------------------------------------------------------
 * names of addresses inside
 */

static void look_up_inside(struct keeper *k, size_t index, uint32_t which)
{
	struct optset_item *item = k->reload.set.item[index];
	const char *host = options_inside_name(&item->opts, which == PEERS);

	if (item->faulty || !host)
		return;
	if (keeper_look_up_inside(k, host, (uint32_t)(2 * index + which))) {
		item->faulty = true;
		return;
	}
	k->reload.asked[index] |= (uint8_t)(1 << which);
	k->reload.names++;
}

/**
 * keeper_inside_found() - an address inside was looked up
 * @k: the keeper
 * @number: of the look-up
 * @error: of getaddrinfo()
 * @addr: what was found
 */
void keeper_inside_found(struct keeper *k, uint32_t number, int error, const union addr *addr)
{
	struct keeper_reload *r = &k->reload;
	uint32_t which = number % 2;
	struct optset_item *item;

	/* Each is awaited once, of these options */
	if (!r->names || number / 2 >= r->set.count || !(r->asked[number / 2] & 1 << which))
		return;
	r->asked[number / 2] &= (uint8_t)~(1 << which);
	item = r->set.item[number / 2];
	if (!error && addr->sa.sa_family != AF_INET)
		error = EAI_FAMILY;
	if (error) {
		log_err("%s: %s: found \"%s\", expected an address or a name that has one: %s",
			name_of(item), which == PEERS ? "ptpaddr" : "ipaddr",
			options_inside_name(&item->opts, which == PEERS), gai_strerror(error));
		item->faulty = true;
	} else if (which == PEERS) {
		item->opts.ptpaddr = addr->in.sin_addr;
	} else {
		item->opts.ipaddr = addr->in.sin_addr;
	}
	if (!--r->names)
		go_on(k);
}

/** keeper_reload() - SIGHUP: read the options again */
void keeper_reload(struct keeper *k)
{
	struct keeper_reload *r = &k->reload;
	size_t i;

	if (k->stopping)
		return;
	if (r->handed || r->names) {
		if (!r->again)
			log_notice("SIGHUP: options are being applied; they are read again afterwards");
		r->again = true;
		return;
	}
	if (load(k, &r->set) || r->set.broken) {
		log_err("options with faults: all links stay as they are");
		optset_wipe(&r->set);
		return;
	}
	if (r->set.count > k->room) {
		log_err("%zu links, but locked memory for %u: all links stay as they are; restart for "
			"so many", r->set.count, k->room);
		optset_wipe(&r->set);
		return;
	}
	free(r->asked);
	r->asked = calloc(r->set.count + 1, 1);
	if (!r->asked) {
		log_err("no memory: all links stay as they are");
		optset_wipe(&r->set);
		return;
	}
	/* One more, so that it is not over before all have begun */
	r->names = 1;
	for (i = 0; i < r->set.count; i++) {
		look_up_inside(k, i, OURS);
		look_up_inside(k, i, PEERS);
	}
	if (!--r->names)
		go_on(k);
}

/* ------------------------------------------------------------------------
 * applied
 */

static void end_handover(struct keeper *k)
{
	wipe_memory(&k->reload);
	k->reload.handed = false;
	if (k->loop)
		ev_timer_stop(k->loop, &k->reload.patience);
}

/* Its socket is of the peer's family, and the peer has a name, which may have no address
 * now: the set-up is over when the parser says so
 */
static bool may_wait(const struct keeper_link *l)
{
	const struct options *o = &l->item->opts;

	return !o->me.salen && o->peer.set && !o->peer.salen;
}

/**
 * keeper_applied() - the parser says that the links are as the options want them
 * @k: the keeper
 * Return: it is so. What it did not ask for, as it has the same already, is
 * forgotten then. Whatever remains is set up, or waits for an address.
 */
bool keeper_applied(struct keeper *k)
{
	struct keeper_link *l, *next;
	bool right = mark_leaving(k);

	HASH_ITER(by_conf, k->by_conf, l, next) {
		if (l->round == k->round && !l->used)
			keeper_forget(k, l);
		else if (!may_wait(l))
			keeper_link_ready(k, l);
	}
	end_handover(k);
	return right;
}

/* Was nothing asked for that the new options would grant? */
static bool is_untouched(const struct keeper *k)
{
	struct keeper_link *l, *next;

	HASH_ITER(by_conf, k->by_conf, l, next)
		if (l->round == k->round && l->used)
			return false;
	return true;
}

/**
 * keeper_refused() - the parser says that it could not take the options
 * @k: the keeper
 * Return: it may say so; all is as if they had not been read.
 */
bool keeper_refused(struct keeper *k)
{
	struct keeper_link *l, *next;

	/* At the start there is nothing to go back to, and no memory either */
	if (!k->reload.memory || !is_untouched(k))
		return false;
	forget_round(k);
	HASH_ITER(by_conf, k->by_conf, l, next)
		l->leaving = false;
	end_handover(k);
	return true;
}

/** keeper_reload_end() - the daemon ends */
void keeper_reload_end(struct keeper *k)
{
	optset_wipe(&k->reload.set);
	free(k->reload.asked);
	wipe_memory(&k->reload);
}
