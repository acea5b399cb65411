// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What each process of the daemon keeps of its rights, and of its memory.
 */
#include "sandbox.h"

#include <cap-ng.h>
#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#include "sandbox_calls.h"
#include "secret.h"

/* Debian's, where there is no user called nobody */
#define NOBODY 65534

/* Descriptors of the resolver: some for each thread */
#define RESOLVER_FILES 512

/** sandbox_find_user() - look up whom the unprivileged processes run as */
void sandbox_find_user(struct sandbox_user *user)
{
	const struct passwd *pw = getpwnam(SANDBOX_USER);

	if (!pw || !pw->pw_uid)
		pw = getpwnam("nobody");
	user->uid = pw && pw->pw_uid ? pw->pw_uid : NOBODY;
	user->gid = pw && pw->pw_gid ? pw->pw_gid : NOBODY;
}

/**
 * sandbox_lock_limit() - have as much locked memory as we may
 * Return: octets; RLIM_INFINITY: there is no limit. CAP_IPC_LOCK knows none either.
 */
unsigned long long sandbox_lock_limit(void)
{
	struct rlimit limit = { RLIM_INFINITY, RLIM_INFINITY };

	if (!setrlimit(RLIMIT_MEMLOCK, &limit))
		return RLIM_INFINITY;
	/* In a container even root may not go beyond what was given to it */
	if (getrlimit(RLIMIT_MEMLOCK, &limit))
		return 0;
	limit.rlim_cur = limit.rlim_max;
	setrlimit(RLIMIT_MEMLOCK, &limit);
	return limit.rlim_cur;
}

/**
 * sandbox_lock_memory() - keep all of this process's memory out of the swap
 *
 * Locks are not inherited by a child. Pages to come are locked as well where
 * there is no limit to that: else memory could run out at the limit.
 *
 * Return: 0, %SANDBOX_KEYS_ONLY when only the heap of keys could be locked, or
 * -errno.
 */
int sandbox_lock_memory(void)
{
	int rc, flags = MCL_CURRENT | MCL_ONFAULT;

	if (sandbox_lock_limit() == RLIM_INFINITY)
		flags |= MCL_FUTURE;
	if (!mlockall(flags))
		return 0;
	rc = secret_relock();
	return rc ? rc : SANDBOX_KEYS_ONLY;
}

/**
 * sandbox_child() - a process of the daemon that is not the keeper
 * @keeper: its process; we die with it
 *
 * After this the terminal's signals are the keeper's affair.
 *
 * Return: 0 or -errno.
 */
int sandbox_child(pid_t keeper)
{
	static const int ignored[] = { SIGTERM, SIGINT, SIGHUP, SIGPIPE };
	sigset_t none;
	size_t i;

	for (i = 0; i < sizeof(ignored) / sizeof(ignored[0]); i++)
		signal(ignored[i], SIG_IGN);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	if (prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0))
		return -errno;
	/* It may have died before */
	return getppid() == keeper ? 0 : -ESRCH;
}

/* These capabilities and no others, now and after any execve() */
static int keep_capabilities(const unsigned int *keep, size_t count)
{
	size_t i;

	capng_clear(CAPNG_SELECT_ALL);
	for (i = 0; i < count; i++)
		capng_update(CAPNG_ADD, CAPNG_EFFECTIVE | CAPNG_PERMITTED, keep[i]);
	if (capng_apply(CAPNG_SELECT_CAPS))
		return -EPERM;
	return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) ? -errno : 0;
}

/* The bounding set can only be emptied while we may still do so */
static int empty_bounding_set(void)
{
	int cap;

	/* Who has not the right to it has none to lose: no_new_privs is enough */
	capng_get_caps_process();
	if (!capng_have_capability(CAPNG_EFFECTIVE, CAP_SETPCAP))
		return 0;
	for (cap = 0; prctl(PR_CAPBSET_READ, cap, 0, 0, 0) >= 0; cap++)
		if (prctl(PR_CAPBSET_DROP, cap, 0, 0, 0))
			return -errno;
	return 0;
}

/* ------------------------------------------------------------------------
 * processes
 */

/**
 * sandbox_keeper() - what is left of root in the keeper
 *
 * CAP_NET_BIND_SERVICE is for ports below 1024, which may come with SIGHUP.
 * CAP_KILL is there so that the parser, of another user, dies with it.
 *
 * Return: 0 or -errno.
 */
int sandbox_keeper(void)
{
	const unsigned int keep[] = { CAP_NET_ADMIN, CAP_NET_RAW, CAP_KILL,
				      CAP_NET_BIND_SERVICE };
	int rc = empty_bounding_set();

	rc = rc ? rc : keep_capabilities(keep, sizeof(keep) / sizeof(keep[0]));
	return rc ? rc : sandbox_calls_keeper();
}

/**
 * sandbox_drop() - give up everything but what is open
 * @user: whom to become
 *
 * Return: 0 or -errno.
 */
int sandbox_drop(const struct sandbox_user *user)
{
	const struct rlimit none = { 0, 0 };
	pid_t keeper = getppid();
	int rc = empty_bounding_set();

	if (rc)
		return rc;
	/* Started by another user than root, it is that user already */
	if (geteuid())
		user = NULL;
	if (user && (setgroups(0, NULL) || setresgid(user->gid, user->gid, user->gid) ||
		     setresuid(user->uid, user->uid, user->uid)))
		return -errno;
	rc = keep_capabilities(NULL, 0);
	if (rc)
		return rc;
	if (setrlimit(RLIMIT_FSIZE, &none) || setrlimit(RLIMIT_CORE, &none) ||
	    setrlimit(RLIMIT_MSGQUEUE, &none))
		return -errno;
	/* A change of user undoes both */
	rc = sandbox_child(keeper);
	return rc ? rc : secret_harden();
}

/** sandbox_alone() - no process or thread more. Return: 0 or -errno. */
int sandbox_alone(void)
{
	const struct rlimit none = { 0, 0 };

	return setrlimit(RLIMIT_NPROC, &none) ? -errno : 0;
}

/**
 * sandbox_parser() - system calls from now on: a few, or death
 * Return: 0 or -errno.
 */
int sandbox_parser(void)
{
	return sandbox_calls_parser();
}

/**
 * sandbox_resolver() - system calls from now on: not those that nobody needs who
 * looks up names
 *
 * Before it has threads, and sandbox_alone().
 *
 * Return: 0 or -errno.
 */
int sandbox_resolver(void)
{
	const struct rlimit files = { RESOLVER_FILES, RESOLVER_FILES };

	if (setrlimit(RLIMIT_NOFILE, &files))
		return -errno;
	return sandbox_calls_resolver();
}
