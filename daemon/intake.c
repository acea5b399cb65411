// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * When a socket is read, and how much of a flood.
 */
#include "intake.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "clock.h"
#include "log.h"

#define PERIOD_NS (INTAKE_PERIOD_MS * 1000000ull)

/* Messages between two looks at the clock, which are a system call each */
#define BATCH 16

/* The smallest chance there is: still a few messages a second of any flood */
#define CHANCE_MIN (UINT32_MAX >> 16)

/* Turns in a row that may leave something unread */
#define CUTS_MAX 2

/* What of the budget of a period may be saved up: the time of some turns */
#define CREDIT_PART 2

/* Periods whose share a flooded socket may owe. A message takes longer at times than
 * all of it is worth, as others want the processor; for half a second it is not read
 * then, and not for longer
 */
#define OWN_PERIODS 5

/* Periods whose budget may be owed by all: the rest is theirs */
#define DEBT_PERIODS 20

/* Periods owed by sockets without floods, together, from which on all have one */
#define OWED_PERIODS 1

/* Credit is added after so many nanoseconds, not sooner */
#define CREDIT_NS 1000000

/* Messages that a socket's queue may hold, of any size */
#define QUEUE_MAX 1024

/* Rounds of a turn: those of use cost nothing here, and others wait for theirs */
#define ROUNDS_MAX 64

/* Time this thread has run; the wall clock would count what others do */
static uint64_t ran_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &ts);
	return (uint64_t)ts.tv_sec * 1000000000u + (uint64_t)ts.tv_nsec;
}

/* ------------------------------------------------------------------------
 * budget
 */

/* What each flooded socket may spend in a period, and all others together */
static uint64_t share(const struct intake_budget *b)
{
	unsigned int parts = b->flooded + (b->users > b->flooded);

	return b->ns / (parts ? parts : 1);
}

static void bound(int64_t *credit, int64_t least, int64_t most)
{
	if (*credit < least)
		*credit = least;
	if (*credit > most)
		*credit = most;
}

/* Nothing is forgiven but what costs more than that at once */
static int64_t deepest(const struct intake_budget *b)
{
	return -(int64_t)b->ns * DEBT_PERIODS;
}

static uint64_t passed(uint64_t since, uint64_t now)
{
	const uint64_t longest = INTAKE_BURST_PERIODS * PERIOD_NS;
	uint64_t ns = now > since ? now - since : 0;

	return ns < longest ? ns : longest;
}

static int64_t earned(uint64_t ns, uint64_t each_period)
{
	return (int64_t)(ns * each_period / PERIOD_NS);
}

/* What time has brought to all. It may be owed from before: some messages cost more
 * than a turn has
 */
static void add_credit(struct intake_budget *b, uint64_t now)
{
	uint64_t ns = passed(b->credited_at, now), each = share(b), all = each * b->flooded;

	/* Not so often that nothing is left of it by rounding */
	if (now > b->credited_at && ns < CREDIT_NS)
		return;
	b->credited_at = now;
	/* By a share it would take minutes until it is paid, where many are flooded */
	if (b->credit < 0) {
		b->credit += earned(ns, b->ns);
		bound(&b->credit, deepest(b), 0);
	} else {
		b->credit += earned(ns, each);
		bound(&b->credit, 0, (int64_t)(each * INTAKE_BURST_PERIODS));
	}
	b->pool += earned(ns, all);
	bound(&b->pool, deepest(b), (int64_t)(all / CREDIT_PART));
}

static void charge(struct intake *i, uint64_t cost)
{
	struct intake_budget *b = i->budget;
	int64_t each = (int64_t)share(b);

	i->spent += cost;
	if (i->flooded) {
		b->pool -= (int64_t)cost;
		i->credit -= (int64_t)cost;
		bound(&i->credit, -each * OWN_PERIODS, each / CREDIT_PART);
	} else {
		b->credit -= (int64_t)cost;
	}
}

/* One of those who were asked back is a peer: no more of that than was charged, and
 * than there could be without it. Whose question is answered is not known; each took
 * about the same.
 */
static void give_back(struct intake *i)
{
	struct intake_budget *b = i->budget;
	int64_t each = (int64_t)share(b);
	uint64_t cost;

	if (!i->asked)
		return;
	cost = i->asked_ns / i->asked--;
	i->asked_ns -= cost;
	i->spent -= cost < i->spent ? cost : i->spent;
	if (i->flooded) {
		b->pool += (int64_t)cost;
		bound(&b->pool, deepest(b), each * b->flooded / CREDIT_PART);
		i->credit += (int64_t)cost;
		bound(&i->credit, -each * OWN_PERIODS, each / CREDIT_PART);
	} else {
		b->credit += (int64_t)cost;
		bound(&b->credit, deepest(b), each * INTAKE_BURST_PERIODS);
	}
}

static void end_round(struct intake_budget *b)
{
	if (b->done < b->flooded)
		return;
	b->round++;
	b->done = 0;
}

static bool has_had_turn(const struct intake *i)
{
	return i->round == i->budget->round + 1;
}

/* Each flooded socket has one turn a round, as soon as there is anything to spend, and
 * may spend its own share of that.
 *
 * Return: it may be read.
 */
static bool take_turn(struct intake *i, uint64_t now)
{
	struct intake_budget *b = i->budget;
	int64_t each = (int64_t)share(b);

	i->credit += earned(passed(i->turned_at, now), (uint64_t)each);
	bound(&i->credit, -each * OWN_PERIODS, each / CREDIT_PART);
	i->turned_at = now;
	if (b->pool <= 0 || has_had_turn(i))
		return false;
	i->round = b->round + 1;
	b->done++;
	end_round(b);
	return i->credit > 0;
}

/* None is flooded any more. What they still owe would be paid by nobody */
static void return_debt(struct intake_budget *b)
{
	if (b->pool < 0)
		b->credit += b->pool;
	b->pool = 0;
}

/* After a flood there is no time saved up for another one */
static void count_flooded(struct intake *i, bool flooded)
{
	struct intake_budget *b = i->budget;

	add_credit(b, clock_ns());
	i->flooded = flooded;
	if (flooded) {
		b->flooded++;
		i->round = 0;
		return;
	}
	if (has_had_turn(i))
		b->done--;
	b->flooded--;
	if (!b->flooded)
		return_debt(b);
	end_round(b);
	bound(&b->credit, deepest(b), (int64_t)share(b));
}

/* Put the filter there anew, which is as much work as many messages are: the
 * kernel translates it. A socket must not keep an earlier one, which may be for
 * another flood, or other peers; then rather none, as all of it is checked again
 * when it is read.
 */
static void set_filter(struct intake *i)
{
	static struct log_limit limit = LOG_LIMIT_INIT;
	uint64_t began = ran_ns();
	int rc = intake_attach(i->fd, &i->filter);

	if (rc) {
		intake_detach(i->fd);
		/* That may have made the room it lacked */
		rc = intake_attach(i->fd, &i->filter);
	}
	i->bare = rc;
	if (rc)
		log_limited(&limit, LOG_WARNING, "no filter on the socket: %s", strerror(-rc));
	charge(i, ran_ns() - began);
}

/* ------------------------------------------------------------------------
 * periods
 */

static unsigned int count_accounts(const struct intake *i)
{
	return INTAKE_KNOWN + i->filter.n_known;
}

/* Who took most of the time, of those who can get less */
static unsigned int find_worst(const struct intake *i)
{
	const uint32_t *chance = i->filter.chance;
	unsigned int who, worst = INTAKE_STRANGERS;

	for (who = worst + 1; who < count_accounts(i); who++) {
		if (who == INTAKE_ASKED && !i->filter.n_tags)
			continue;
		if (chance[who] > CHANCE_MIN &&
		    (i->used[who] > i->used[worst] || chance[worst] <= CHANCE_MIN))
			worst = who;
	}
	return worst;
}

/* What waits came with less of a filter: it would keep out what comes now */
static void empty_queue(struct intake *i)
{
	uint64_t began = ran_ns();
	unsigned int n;
	char octet;

	for (n = 0; n < QUEUE_MAX; n++)
		if (recv(i->fd, &octet, sizeof(octet), MSG_DONTWAIT) < 0 && errno == EAGAIN)
			break;
	charge(i, ran_ns() - began);
}

static void end_cuts(struct intake *i)
{
	i->cut = 0;
	memset(i->used, 0, sizeof(i->used));
}

/* Not all could be read, some turns in a row. Whoever did not take the time gains
 * nothing by less of theirs, and the peer at a known address can be kept out by
 * those alone who forge that one.
 */
static void tighten(struct intake *i)
{
	uint32_t *chance = &i->filter.chance[find_worst(i)];

	if (*chance > CHANCE_MIN) {
		*chance = *chance / 4 > CHANCE_MIN ? *chance / 4 : CHANCE_MIN;
		set_filter(i);
	}
	/* Without a filter as much would wait at once */
	if (!i->bare)
		empty_queue(i);
	end_cuts(i);
	i->tightened = true;
}

/* All was read, and more could have been. False: nothing was kept out */
static bool loosen(struct intake *i)
{
	bool any = false;
	unsigned int who;

	for (who = 0; who < count_accounts(i); who++) {
		uint32_t *chance = &i->filter.chance[who];

		any |= *chance != UINT32_MAX;
		*chance = *chance > UINT32_MAX / 2 ? UINT32_MAX : 2 * *chance + 1;
	}
	if (any)
		set_filter(i);
	return any;
}

static void set_flooded(struct intake *i, bool flooded)
{
	count_flooded(i, flooded);
	i->filter.strict = flooded;
	i->calm = 0;
	end_cuts(i);
	i->credit = 0;
	set_filter(i);
	i->turned_at = clock_ns();
	if (flooded) {
		ev_io_stop(i->loop, &i->io);
		ev_timer_again(i->loop, &i->turn);
	} else {
		ev_timer_stop(i->loop, &i->turn);
		ev_io_start(i->loop, &i->io);
	}
}

static void end_period(struct intake *i)
{
	bool calm = !i->tightened && !i->cut && i->credit > 0 &&
		    i->spent < share(i->budget) / 5 * 2;

	/* Where nothing could be read, that tells nothing */
	if (!i->looked)
		return;
	i->looked = false;
	i->calm = calm && !loosen(i) ? i->calm + 1 : 0;
	i->tightened = false;
	if (i->calm >= INTAKE_CALM)
		set_flooded(i, false);
}

static void check_period(struct intake *i, uint64_t now)
{
	/* One that is longer than it can be would never end */
	if (now < i->period_end && i->period_end - now <= PERIOD_NS)
		return;
	if (i->flooded)
		end_period(i);
	i->spent = 0;
	if (i->bare)
		set_filter(i);
	i->period_end = now + PERIOD_NS;
}

/* ------------------------------------------------------------------------
 * reading
 */

/* The filter does not see which interface it came by */
static bool is_from(const union addr *known, union addr from)
{
	if (from.sa.sa_family == AF_INET6 && known->sa.sa_family == AF_INET6)
		from.in6.sin6_scope_id = known->in6.sin6_scope_id;
	return addr_equal_host(known, &from);
}

/* Among the known addresses; else as many as there are */
static unsigned int find_known(const struct intake *i, const union addr *from)
{
	unsigned int n;

	for (n = 0; n < i->filter.n_known; n++)
		if (is_from(&i->filter.known[n], *from))
			break;
	return n;
}

static bool was_asked(const struct intake *i, const struct intake_source *from)
{
	unsigned int n;

	for (n = 0; n < i->filter.n_tags; n++)
		if (from->tag == i->filter.tags[n])
			return true;
	return false;
}

/* The same as the filter finds */
static unsigned int find_account(const struct intake *i, const struct intake_source *from)
{
	unsigned int known = find_known(i, &from->addr);

	if (known < i->filter.n_known)
		return INTAKE_KNOWN + known;
	return was_asked(i, from) ? INTAKE_ASKED : INTAKE_STRANGERS;
}

/* Else nothing has to be found out for each message: nobody has less of a chance, or
 * there is one account only
 */
static bool has_accounts(const struct intake *i)
{
	return i->flooded && (i->filter.n_known || i->filter.n_tags);
}

static uint64_t enter(struct intake *i, const struct intake_source *from, uint64_t began)
{
	uint64_t now = ran_ns();

	i->used[find_account(i, from)] += now - began;
	return now;
}

/* Read up to so many; false: there are no more. What those cost that came to
 * nothing is the budget's; one that was of use, whose cost is of another order
 * and no waste, ends the round. Nor was it waste then to ask for it.
 */
static bool take_some(struct intake *i, unsigned int max)
{
	enum intake_verdict verdict = INTAKE_WASTE;
	uint64_t began = ran_ns(), last = began, cost;
	struct intake_source from;
	unsigned int n, asked = 0;

	for (n = 0; n < max; n++) {
		from = (struct intake_source){ .addr.sa.sa_family = AF_UNSPEC };
		verdict = i->take(i->ctx, &from);
		if (verdict != INTAKE_WASTE)
			break;
		asked += from.asked;
		if (has_accounts(i))
			last = enter(i, &from, last);
	}
	cost = ran_ns() - began;
	if (verdict == INTAKE_USE)
		cost = has_accounts(i) ? last - began : n * i->each;
	if (n) {
		i->each = cost / n;
		i->asked += asked;
		i->asked_ns += asked * i->each;
		charge(i, cost);
	}
	if (verdict == INTAKE_USE && was_asked(i, &from))
		give_back(i);
	return verdict != INTAKE_EMPTY;
}

/* A little on each of many sockets is a flood as well */
static bool is_overdrawn(const struct intake_budget *b)
{
	return b->credit < -(int64_t)b->ns * OWED_PERIODS;
}

/* The others may be those who spent what is common to all that are not flooded */
static bool is_flood(const struct intake *i)
{
	const struct intake_budget *b = i->budget;

	return is_overdrawn(b) || (b->credit <= 0 && i->spent > b->ns / b->users);
}

static void on_readable(struct ev_loop *loop, ev_io *w, int revents)
{
	static struct log_limit limit = LOG_LIMIT_INIT;
	struct intake *i = w->data;
	uint64_t now = clock_ns();

	(void)loop;
	(void)revents;
	check_period(i, now);
	add_credit(i->budget, now);
	if (!is_overdrawn(i->budget))
		take_some(i, BATCH);
	if (!ev_is_active(&i->io) || !is_flood(i))
		return;
	log_limited(&limit, LOG_WARNING, "a flood of messages that come to nothing: not all are "
		    "read");
	set_flooded(i, true);
}

/* As many as there is time for, by what one took of late */
static unsigned int affordable(const struct intake *i)
{
	uint64_t n = i->each ? (uint64_t)i->credit / i->each : 1;

	return n > BATCH ? BATCH : n ? (unsigned int)n : 1;
}

static void on_turn(struct ev_loop *loop, ev_timer *w, int revents)
{
	struct intake *i = w->data;
	uint64_t now = clock_ns();
	unsigned int rounds;
	bool more = true;

	(void)loop;
	(void)revents;
	check_period(i, now);
	if (!ev_is_active(&i->turn))
		return;
	add_credit(i->budget, now);
	/* Without a turn, or in debt, it does not know */
	if (!take_turn(i, now))
		return;
	i->looked = true;
	for (rounds = 0; more && i->credit > 0 && rounds < ROUNDS_MAX; rounds++)
		more = take_some(i, affordable(i));
	/* Those of use may end it first, and there are more of them */
	if (more && i->credit <= 0)
		i->cut++;
	else
		end_cuts(i);
	if (i->cut > CUTS_MAX)
		tighten(i);
}

/* ------------------------------------------------------------------------
 * life
 */

uint64_t intake_machine(void)
{
	long processors = sysconf(_SC_NPROCESSORS_ONLN);

	if (processors < 1)
		processors = 1;
	if (processors > INTAKE_PROCESSORS_MAX)
		processors = INTAKE_PROCESSORS_MAX;
	return INTAKE_BUDGET_NS * (uint64_t)processors;
}

void intake_start(struct intake *i)
{
	memset(i->filter.chance, 0xff, sizeof(i->filter.chance));
	i->filter.strict = false;
	i->flooded = false;
	i->budget->users++;
	set_filter(i);
	ev_io_init(&i->io, on_readable, i->fd, EV_READ);
	ev_timer_init(&i->turn, on_turn, 0., INTAKE_TURN_MS / 1000.);
	i->io.data = i->turn.data = i;
	ev_io_start(i->loop, &i->io);
}

void intake_stop(struct intake *i)
{
	if (!ev_is_active(&i->io) && !ev_is_active(&i->turn))
		return;
	ev_io_stop(i->loop, &i->io);
	ev_timer_stop(i->loop, &i->turn);
	if (i->flooded)
		count_flooded(i, false);
	i->budget->users--;
}

/* A filter is put there anew for what it has in it */
static void change_filter(struct intake *i, const struct intake_filter *to)
{
	bool changed = memcmp(&i->filter, to, sizeof(*to));

	memcpy(&i->filter, to, sizeof(*to));
	if (changed && i->loop && i->flooded)
		set_filter(i);
}

/* What there is of an address so far stays its own */
static void know(struct intake *i, struct intake_filter *f, const union addr *addr,
		 uint64_t used[INTAKE_KNOWN_MAX])
{
	unsigned int n = find_known(i, addr), account = INTAKE_KNOWN + n;
	bool before = n < i->filter.n_known;

	f->known[f->n_known] = *addr;
	f->chance[INTAKE_KNOWN + f->n_known] = before ? i->filter.chance[account] : UINT32_MAX;
	used[f->n_known++] = before ? i->used[account] : 0;
}

void intake_know(struct intake *i, const union addr *addr, unsigned int n)
{
	uint64_t used[INTAKE_KNOWN_MAX] = { 0 };
	struct intake_filter f;

	memcpy(&f, &i->filter, sizeof(f));
	memset(f.known, 0, sizeof(f.known));
	memset(f.chance + INTAKE_KNOWN, 0, INTAKE_KNOWN_MAX * sizeof(*f.chance));
	for (f.n_known = 0; n && f.n_known < INTAKE_KNOWN_MAX; n--, addr++)
		if (addr_is_set(addr))
			know(i, &f, addr, used);
	memcpy(i->used + INTAKE_KNOWN, used, sizeof(used));
	change_filter(i, &f);
}

void intake_expect(struct intake *i, const uint16_t *hint, unsigned int n)
{
	struct intake_filter f;

	memcpy(&f, &i->filter, sizeof(f));
	memset(f.hints, 0, sizeof(f.hints));
	memcpy(f.hints, hint, n * sizeof(*hint));
	f.n_hints = n;
	change_filter(i, &f);
}

void intake_await(struct intake *i, const uint32_t *session, unsigned int n)
{
	struct intake_filter f;

	memcpy(&f, &i->filter, sizeof(f));
	memset(f.awaited, 0, sizeof(f.awaited));
	/* One more or less of too many changes nothing */
	if (n <= INTAKE_AWAITED_MAX)
		memcpy(f.awaited, session, n * sizeof(*session));
	f.n_awaited = n <= INTAKE_AWAITED_MAX ? n : INTAKE_AWAITED_MAX + 1;
	change_filter(i, &f);
}

void intake_vouch(struct intake *i, const uint32_t *tag, unsigned int n)
{
	struct intake_filter f;

	/* Asked for each message */
	if (n == i->filter.n_tags && !memcmp(i->filter.tags, tag, n * sizeof(*tag)))
		return;
	memcpy(&f, &i->filter, sizeof(f));
	memset(f.tags, 0, sizeof(f.tags));
	memcpy(f.tags, tag, n * sizeof(*tag));
	f.n_tags = n;
	change_filter(i, &f);
}
