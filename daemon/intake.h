/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a socket takes in of a flood. Anyone can send key exchange messages, and
 * each one that comes to nothing has cost time until that is known. So
 *
 * - a filter on the socket drops in the kernel what is no such message;
 * - a bounded part of the processors' time goes to those that come to nothing, over
 *   a second, and on all sockets of the process together, however many they are.
 *   If that is not enough for all, the filter passes some of them, at random.
 *   Each address where a peer is known to be has a chance of its own, so have INITs
 *   with a cookie of ours, and so have all others together: that goes down whose
 *   messages took most of the time. Whoever has got a cookie is let in, then, while
 *   the flood comes from those who have none.
 *
 * What it took to ask one back who then proves to be a peer was no waste, and is given
 * back: many peers that come at once are no flood.
 *
 * Below that bound nothing waits, and nothing is dropped. Data packets never
 * come here: the module takes them before the filter sees them.
 */
#ifndef CIPED_INTAKE_H
#define CIPED_INTAKE_H

#include <ev.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "addr.h"
#include "cookie.h"

/* Time for messages that come to nothing: two hundredths of each processor */
#define INTAKE_PERIOD_MS 100
#define INTAKE_BUDGET_NS 2000000u

/* A process has one thread: at most half of one processor in all */
#define INTAKE_PROCESSORS_MAX 25

/* Of that much no flood is made, as when all peers of a hub come back at once */
#define INTAKE_BURST_PERIODS 10

/* Beyond the budget: so often the socket is read, to be woken up less */
#define INTAKE_TURN_MS 20

/* Calm periods after which it is read as messages come again */
#define INTAKE_CALM 10

/* Addresses that have a chance of their own; values of the header's hint */
#define INTAKE_KNOWN_MAX 8
#define INTAKE_HINTS_MAX 8

/* Session ids of answers that we wait for */
#define INTAKE_AWAITED_MAX 8

/* Whose chance it is: those of addresses where peers are begin at the last of these */
enum intake_account {
	INTAKE_STRANGERS,
	INTAKE_ASKED,		/* INITs with a cookie of ours */
	INTAKE_KNOWN,
	INTAKE_ACCOUNTS_MAX = INTAKE_KNOWN + INTAKE_KNOWN_MAX,
};

/* What became of one message */
enum intake_verdict {
	INTAKE_EMPTY,		/* there was none */
	INTAKE_WASTE,		/* it came to nothing */
	INTAKE_USE,		/* it was authentic, and new */
};

/**
 * struct intake_source - whose a message is
 * @addr: its sender
 * @tag: if it is an INIT: what its cookie begins with; 0: no cookie
 * @asked: its sender was asked for another one, with a cookie
 */
struct intake_source {
	union addr addr;
	uint32_t tag;
	bool asked;
};

/**
 * struct intake_filter - what passes the socket's filter
 * @family: of the socket
 * @chance: of each account, in 2^32nds; %UINT32_MAX: all
 * @strict: only our version, INITs with one of @hints, and answers of @awaited; else
 *	the log can say what is wrong
 * @hints: values of octets 10 and 11 of INITs
 * @n_hints: how many; 0: any
 * @awaited: session ids of answers, host byte order
 * @n_awaited: how many; more than %INTAKE_AWAITED_MAX: any
 * @tags: of cookies of ours, host byte order
 * @n_tags: how many
 * @known: addresses where peers are
 * @n_known: how many
 */
struct intake_filter {
	int family;
	uint32_t chance[INTAKE_ACCOUNTS_MAX];
	bool strict;
	uint16_t hints[INTAKE_HINTS_MAX];
	unsigned int n_hints;
	uint32_t awaited[INTAKE_AWAITED_MAX];
	unsigned int n_awaited;
	uint32_t tags[COOKIE_TAGS_MAX];
	unsigned int n_tags;
	union addr known[INTAKE_KNOWN_MAX];
	unsigned int n_known;
};

/**
 * intake_attach - put a filter on a socket, in place of the one before
 * @fd: UDP socket
 * @filter: which one
 *
 * Return: 0 or -errno.
 */
int intake_attach(int fd, const struct intake_filter *filter);

/** intake_detach - no filter on a socket, if there was one */
void intake_detach(int fd);

/**
 * struct intake_budget - time for what comes to nothing, of all sockets of a process
 * @ns: nanoseconds a period, all together
 * @users: sockets that are read
 * @flooded: those of them to which too much comes: each may spend a share
 * @credit: what the others may spend now, together, of a share of theirs
 * @pool: what the flooded ones may, of all of theirs; less than 0: that must pass first
 * @credited_at: when those were last added to, by a clock that is never set
 * @round: in which each of the flooded ones has a turn, counted from 0
 * @done: how many have had it
 */
struct intake_budget {
	uint64_t ns;
	unsigned int users;
	unsigned int flooded;
	int64_t credit;
	int64_t pool;
	uint64_t credited_at;
	uint64_t round;
	unsigned int done;
};

/**
 * struct intake - a socket that is read
 * @loop: event loop
 * @fd: the socket
 * @take: reads one message and does what it asks for; @from is set, or left as it is
 * @ctx: for @take
 * @filter: on the socket
 * @bare: the socket has no filter, as there could be none; tried again every period
 * @budget: of all
 * @io: the socket is readable
 * @turn: time to read it, when too much comes
 * @flooded: too much comes: @turn, not @io
 * @period_end: when the next period begins, in nanoseconds of a clock that is never set
 * @spent: nanoseconds of this one, on what came to nothing
 * @each: nanoseconds that one message of that kind took of late
 * @asked: senders that were asked back, and did not prove to be peers so far
 * @asked_ns: what that took
 * @credit: when flooded: nanoseconds that may be spent now; less than 0: that must
 *	pass first
 * @turned_at: when @credit was last added to, by that clock
 * @round: of the budget, in which it had its last turn, counted from 1; 0: none yet
 * @cut: turns in a row that left something unread
 * @used: nanoseconds since then, for what came to nothing, of each account
 * @looked: something could be read in this period
 * @tightened: less passes the filter than in the period before
 * @calm: periods in a row in which all could have been read
 */
struct intake {
	struct ev_loop *loop;
	int fd;
	enum intake_verdict (*take)(void *ctx, struct intake_source *from);
	void *ctx;
	struct intake_filter filter;
	bool bare;
	struct intake_budget *budget;
	ev_io io;
	ev_timer turn;
	bool flooded;
	uint64_t period_end;
	uint64_t spent;
	uint64_t each;
	uint64_t asked;
	uint64_t asked_ns;
	int64_t credit;
	uint64_t turned_at;
	uint64_t round;
	unsigned int cut;
	uint64_t used[INTAKE_ACCOUNTS_MAX];
	bool looked;
	bool tightened;
	unsigned int calm;
};

/** intake_machine - what this machine can spare, for struct intake_budget; reads a file */
uint64_t intake_machine(void);

/**
 * intake_start - read a socket from now on
 * @i: @loop, @fd, @take, @ctx, @budget and the family of @filter are set
 */
void intake_start(struct intake *i);

/** intake_stop - no more, until intake_start(); does no harm before it, @i being zeroed */
void intake_stop(struct intake *i);

/**
 * intake_know - where peers are
 * @i: the intake
 * @addr: the addresses; unset ones are skipped
 * @n: how many, at most %INTAKE_KNOWN_MAX
 */
void intake_know(struct intake *i, const union addr *addr, unsigned int n);

/**
 * intake_expect - what INITs for us have in octets 10 and 11
 * @i: the intake
 * @hint: the values
 * @n: how many, at most %INTAKE_HINTS_MAX; 0: any
 */
void intake_expect(struct intake *i, const uint16_t *hint, unsigned int n);

/**
 * intake_await - what RESPONSEs and CHALLENGEs for us have as session id
 * @i: the intake
 * @session: the ids
 * @n: how many; more than %INTAKE_AWAITED_MAX: any, and @session is not looked at
 */
void intake_await(struct intake *i, const uint32_t *session, unsigned int n);

/**
 * intake_vouch - what cookies that we gave begin with
 * @i: the intake
 * @tag: from cookie_tags()
 * @n: how many, at most %COOKIE_TAGS_MAX
 */
void intake_vouch(struct intake *i, const uint32_t *tag, unsigned int n);

#endif /* CIPED_INTAKE_H */
