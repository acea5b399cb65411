// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The daemon's start: options in, into the background, and on as the keeper
 * (keeper.c), which starts the other processes.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "daemonize.h"
#include "keeper.h"
#include "link.h"
#include "log.h"
#include "optset.h"
#include "parser.h"
#include "sandbox.h"
#include "secret.h"

/* Whoever waits for the start has no use for keys */
static void forget(void *set)
{
	optset_wipe(set);
}

/* Locks are not inherited */
static int go_background(struct optset *set)
{
	int rc = daemonize_begin(forget, set);

	if (rc) {
		log_err("cannot go to the background: %s", strerror(-rc));
		return LINK_EXIT_SYSTEM;
	}
	/* The keeper says so if it is for keys only */
	rc = sandbox_lock_memory();
	if (rc < 0)
		log_err("cannot lock memory for keys: %s", strerror(-rc));
	return rc < 0 ? LINK_EXIT_SYSTEM : 0;
}

/* Until there is somebody to hear it, SIGHUP must not end us */
static void hold_hangup(void)
{
	sigset_t hangup;

	sigemptyset(&hangup);
	sigaddset(&hangup, SIGHUP);
	sigprocmask(SIG_BLOCK, &hangup, NULL);
}

/* Room for twice the links there are: others come, and options are compared with
 * those before. What is not used takes no memory.
 */
static int prepare_secrets(void)
{
	const size_t size = SECRET_HEAP_DEFAULT + 2 * SECRET_HEAP_LINK * optset_count();
	unsigned long long limit = sandbox_lock_limit();
	int rc = secret_wipe_freed();

	rc = rc ? rc : secret_init(size);
	if (rc == -EPERM)
		log_err("cannot lock memory for keys: needed are at least %zu KiB, the limit is %llu KiB. "
			 SANDBOX_LOCK_HELP, secret_heap(size) / 1024, limit / 1024);
	else if (rc)
		log_err("cannot have memory for keys: %s", strerror(-rc));
	rc = rc ? rc : secret_harden();
	return rc ? LINK_EXIT_SYSTEM : 0;
}

/* Started without stdin, stdout or stderr: nothing else shall get their numbers,
 * and our messages
 */
static int fill_standard_fds(void)
{
	int fd;

	do {
		fd = open("/dev/null", O_RDWR | O_NOCTTY);
	} while (fd >= 0 && fd <= STDERR_FILENO);
	if (fd < 0)
		return LINK_EXIT_SYSTEM;
	close(fd);
	return 0;
}

/* Nothing is touched while there is a fault in any file */
static int load_options(int argc, char **argv, struct optset *set)
{
	int rc = optset_load(argc, argv, false, true, set, stderr);

	return rc ? rc : set->faults ? EX_CONFIG : 0;
}

int main(int argc, char **argv)
{
	struct optset set = { 0 };
	int rc = fill_standard_fds();

	/* Whoever reads our stderr may be gone before we are */
	signal(SIGPIPE, SIG_IGN);
	hold_hangup();
	if (!rc)
		rc = prepare_secrets();
	if (rc)
		return rc;
	rc = load_options(argc, argv, &set);
	if (!rc) {
		log_init(set.debug);
		if (!set.debug)
			rc = go_background(&set);
		if (!rc)
			rc = keeper_run(argc, argv, &set, parser_run);
	}
	optset_wipe(&set);
	secret_exit();
	return rc < 0 ? EXIT_SUCCESS : rc;
}
