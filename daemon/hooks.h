/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * ip-up and ip-down: scripts run beside the daemon, one after the other, never
 * blocking it.
 */
#ifndef CIPED_HOOKS_H
#define CIPED_HOOKS_H

#include <ev.h>
#include <stdbool.h>
#include <sys/types.h>

/* Seconds a script may run, then seconds between SIGTERM and SIGKILL */
#define HOOKS_TIME_LIMIT	30.0
#define HOOKS_KILL_DELAY	2.0

/**
 * enum hooks_event - why a script runs
 * @HOOKS_UP: the link came up
 * @HOOKS_DOWN: the link went down
 */
enum hooks_event {
	HOOKS_UP,
	HOOKS_DOWN,
};

/**
 * struct hooks_facts - what a script is told; all strings, copied by hooks_run()
 * @device: name of the interface ($1, CIPE_DEVICE)
 * @pid: process id of the daemon ($3, CIPE_PID)
 * @me: our carrier address, address:port ($2, CIPE_ME)
 * @local: our address inside ($4, CIPE_LOCAL)
 * @remote: the peer's address inside ($5, CIPE_REMOTE)
 * @arg: option arg ($6, CIPE_ARG)
 * @peer: the peer's carrier address, address:port (CIPE_PEER)
 * @mode: "ip" or "ether" (CIPE_MODE)
 * @mtu: of the interface (CIPE_MTU)
 *
 * NULL stands for "". CIPE_EVENT is "up" or "down".
 */
struct hooks_facts {
	const char *device;
	pid_t pid;
	const char *me;
	const char *local;
	const char *remote;
	const char *arg;
	const char *peer;
	const char *mode;
	unsigned int mtu;
};

/**
 * enum hooks_outcome - how it went
 * @HOOKS_OK: the script ended with 0
 * @HOOKS_NONE: there is no such script
 * @HOOKS_REFUSED: owner or permissions of the script or of a directory above
 *	are not as they must be
 * @HOOKS_FAILED: ended with another code, by a signal, or was not started
 * @HOOKS_TIMEOUT: ran too long and was ended
 *
 * Each was logged before the callback.
 */
enum hooks_outcome {
	HOOKS_OK,
	HOOKS_NONE,
	HOOKS_REFUSED,
	HOOKS_FAILED,
	HOOKS_TIMEOUT,
};

/**
 * typedef hooks_done_fn - called from the event loop, never from hooks_run()
 * @ctx: as given to hooks_run()
 * @event: as given to hooks_run()
 * @outcome: how it went
 */
typedef void (*hooks_done_fn)(void *ctx, enum hooks_event event, enum hooks_outcome outcome);

struct hooks;

/**
 * hooks_new() - prepare to run scripts
 * @loop: the default loop (child watchers need it)
 *
 * Return: to be released by hooks_free(); NULL without memory.
 */
struct hooks *hooks_new(struct ev_loop *loop);

/**
 * hooks_set_limit() - change the time a script may run
 * @hooks: from hooks_new()
 * @limit: seconds, instead of HOOKS_TIME_LIMIT
 * @kill_delay: seconds, instead of HOOKS_KILL_DELAY
 */
void hooks_set_limit(struct hooks *hooks, double limit, double kill_delay);

/**
 * hooks_run() - run a script as soon as those before it have ended
 * @hooks: from hooks_new()
 * @event: up or down
 * @path: of the script, absolute
 * @wanted: configured by name: a missing script is a warning, not a debug message
 * @facts: arguments and environment of the script
 * @done: called when it has ended; may be NULL
 * @ctx: for @done
 *
 * Return: 0, or -ENOMEM (@done is not called then).
 */
int hooks_run(struct hooks *hooks, enum hooks_event event, const char *path, bool wanted,
	      const struct hooks_facts *facts, hooks_done_fn done, void *ctx);

/**
 * hooks_idle() - is there anything left to wait for?
 * @hooks: from hooks_new()
 *
 * Return: true when no script runs or waits and every callback was made.
 */
bool hooks_idle(const struct hooks *hooks);

/**
 * hooks_free() - end the running script (SIGKILL), forget the waiting ones
 * @hooks: from hooks_new(), or NULL
 *
 * No callbacks are made.
 */
void hooks_free(struct hooks *hooks);

#endif /* CIPED_HOOKS_H */
