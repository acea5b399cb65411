// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Files that the parser asks for: by what they are about, never by a path.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "keeper_impl.h"
#include "log.h"

/* How far a stamp of ours may be ahead of the clock, and how far those of a clock
 * that was set back go at once
 */
#define AHEAD_NS (86400 * 1000000000ull)
#define STEP_NS 1000

/* Memories of a link that are written at once, and in a second: an exchange has three,
 * one of which is waited for
 */
#define SAVES_MOST 200
#define SAVES_PER_S 20

KEEPER_HANDLER(keeper_boot)
{
	(void)k;
	(void)l;
	(void)r;
	(void)fd;
	(void)pass;
	state_boot(a->boot);
	return 0;
}

/* Each file is one link's: two would write down an older memory over a newer. Who
 * comes second goes on with none.
 */
static int claim_state(struct keeper *k, struct keeper_link *l)
{
	const struct state none = { .save = l->state.save };
	struct keeper_link *other;

	HASH_FIND(by_state, k->by_state, l->state.path, strlen(l->state.path), other);
	if (!other)
		HASH_ADD_KEYPTR(by_state, k->by_state, l->state.path, strlen(l->state.path), l);
	if (l->by_state.tbl)
		return 0;
	l->state = none;
	return other ? -EBUSY : -ENOMEM;
}

/* Once: whose memories these are cannot be changed later. With a link that waits for a
 * name it may be when the parser has read much.
 */
KEEPER_HANDLER(keeper_state_open)
{
	char boot[STATE_BOOT_LEN];
	int rc, busy;

	(void)fd;
	(void)pass;
	if (l->have_state)
		return -EPERM;
	l->have_state = true;
	rc = state_open(&l->state, STATE_DIR, r->id);
	busy = claim_state(k, l);
	state_boot(boot);
	l->remembered = state_link(&l->state, boot);
	l->kept = l->state.accepted;
	a->state = l->state;
	a->state.save = NULL;
	return busy ? busy : rc;
}

/* What the peer wrote is old up to the newest of it, wherever its clock was: what is
 * above that would be new after a restart. One whose clock is right again, and so
 * below, is asked back each time, which is a round trip.
 */
static void move_accepted(struct state *st, uint64_t accepted)
{
	if (accepted > st->accepted)
		st->accepted = accepted;
}

/* Ours are by our clock, and do not go back: a clock that was set back makes small
 * steps. One of the far future is none of ours: peers with tokxts would refuse all
 * that follow, until then.
 */
static void move_sent(struct state *st, uint64_t sent)
{
	struct timespec ts;

	clock_gettime(CLOCK_REALTIME, &ts);
	if (sent > st->sent && (sent - st->sent <= STEP_NS ||
				sent <= (uint64_t)ts.tv_sec * 1000000000u + AHEAD_NS))
		st->sent = sent;
}

/* Each goes to the disk sooner or later. Return: not too many of late. */
static bool may_save(struct keeper_link *l)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	l->saves += (uint64_t)(ts.tv_sec - l->saved) * SAVES_PER_S;
	if (l->saves > SAVES_MOST)
		l->saves = SAVES_MOST;
	l->saved = ts.tv_sec;
	if (!l->saves)
		return false;
	l->saves--;
	return true;
}

/* An older memory is worse than none: it would let pass for new what was answered
 * since. Without one the peer is asked back.
 *
 * So what is new of the peer is waited for, as is the first of each run: an earlier
 * one may have ended before its last was on the disk. For the rest it is enough
 * that the next run finds it, and all links wait while we do.
 */
static int save(struct keeper_link *l)
{
	bool news = l->kept < l->state.accepted;
	int rc = may_save(l) ? l->state.save(&l->state, news || !l->lasting) : -EBUSY;

	if (!rc)
		l->lasting = true;
	else if (news && !state_forget(&l->state))
		l->lasting = false;
	else
		return rc;
	l->kept = l->state.accepted;
	return rc;
}

/* Which link it is about is known better here */
KEEPER_HANDLER(keeper_state_save)
{
	char boot[STATE_BOOT_LEN];

	(void)k;
	(void)fd;
	(void)a;
	(void)pass;
	if (!l->have_state || !l->id || r->state.link != l->id)
		return -EPERM;
	if (l->state.link != l->id || !l->state.boot[0]) {
		state_boot(boot);
		state_set_link(&l->state, l->id, boot);
	}
	move_accepted(&l->state, r->state.accepted);
	move_sent(&l->state, r->state.sent);
	l->state.have_local = r->state.have_local;
	memcpy(l->state.local, r->state.local, sizeof(l->state.local));
	memcpy(l->state.key, r->state.key, sizeof(l->state.key));
	return save(l);
}

/* cipcb0 and so on */
static bool is_default(const char *name)
{
	const size_t len = strlen("cipcb");

	return !strncmp(name, "cipcb", len) && name[len] &&
	       strspn(name + len, "0123456789") == strlen(name + len);
}

/** keeper_fits_name() - is it a name that the link may have? */
bool keeper_fits_name(struct keeper *k, const struct keeper_link *l, const char *name)
{
	struct kernel_link seen;

	if (l->item->opts.device[0])
		return !strcmp(name, l->item->opts.device);
	return is_default(name) ||
	       (l->remembered && !module_link_get(k->module, l->remembered, &seen) &&
		!strcmp(name, seen.name));
}

KEEPER_HANDLER(keeper_claim)
{
	pid_t holder = 0;
	int rc;

	(void)fd;
	(void)pass;
	if (l->id || l->pidfile.fd >= 0 || !keeper_fits_name(k, l, r->name))
		return -EPERM;
	rc = pidfile_lock(&l->pidfile, r->name, &holder);
	a->number = (uint32_t)holder;
	if (!rc)
		memcpy(l->name, r->name, sizeof(l->name));
	return rc;
}

/* With the file goes the right to the name */
KEEPER_HANDLER(keeper_release)
{
	(void)k;
	(void)fd;
	(void)a;
	(void)pass;
	(void)r;
	/* Between the creation of the interface and its set-up it has the name */
	if (l->made && !l->id)
		return -EBUSY;
	if (l->pidfile.fd < 0)
		return -EPERM;
	pidfile_unlock(&l->pidfile);
	if (!l->id)
		l->name[0] = '\0';
	return 0;
}
