// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What each process of the daemon keeps of its rights, and of its memory.
 */
#include "sandbox.h"

#include <cap-ng.h>
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <pwd.h>
#include <seccomp.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "log.h"
#include "secret.h"

/* Debian's, where there is no user called nobody */
#define NOBODY 65534

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
 * sandbox_lock_memory() - keep all of this process's memory out of the swap
 *
 * Locks are not inherited by a child. Pages to come are locked as well where
 * there is no limit to that: else memory could run out at the limit.
 *
 * Return: 0 or -errno.
 */
int sandbox_lock_memory(void)
{
	const struct rlimit unlimited = { RLIM_INFINITY, RLIM_INFINITY };
	int flags = MCL_CURRENT | MCL_ONFAULT;

	if (!setrlimit(RLIMIT_MEMLOCK, &unlimited))
		flags |= MCL_FUTURE;
	return mlockall(flags) ? -errno : 0;
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
 * system calls
 */

/* What the keeper has no use for, and who takes it over would like to have */
static const int never_of_keeper[] = {
	SCMP_SYS(execve), SCMP_SYS(execveat), SCMP_SYS(ptrace), SCMP_SYS(process_vm_readv),
	SCMP_SYS(process_vm_writev), SCMP_SYS(fork), SCMP_SYS(vfork), SCMP_SYS(clone),
	SCMP_SYS(clone3), SCMP_SYS(mount), SCMP_SYS(umount2), SCMP_SYS(pivot_root),
	SCMP_SYS(chroot), SCMP_SYS(setns), SCMP_SYS(unshare), SCMP_SYS(init_module),
	SCMP_SYS(finit_module), SCMP_SYS(delete_module), SCMP_SYS(kexec_load),
	SCMP_SYS(kexec_file_load), SCMP_SYS(bpf), SCMP_SYS(perf_event_open), SCMP_SYS(keyctl),
	SCMP_SYS(add_key), SCMP_SYS(request_key), SCMP_SYS(userfaultfd), SCMP_SYS(io_uring_setup),
	SCMP_SYS(listen), SCMP_SYS(accept), SCMP_SYS(accept4), SCMP_SYS(chmod), SCMP_SYS(fchmod),
	SCMP_SYS(fchmodat), SCMP_SYS(chown), SCMP_SYS(fchown), SCMP_SYS(lchown),
	SCMP_SYS(fchownat), SCMP_SYS(link), SCMP_SYS(linkat), SCMP_SYS(symlink),
	SCMP_SYS(symlinkat), SCMP_SYS(mknod), SCMP_SYS(mknodat),
};

/* All that the parser needs: messages, time, memory, random numbers */
static const int always_of_parser[] = {
	SCMP_SYS(recvmsg), SCMP_SYS(recvfrom), SCMP_SYS(sendmsg), SCMP_SYS(sendto),
	SCMP_SYS(getsockname), SCMP_SYS(close),
	SCMP_SYS(epoll_wait), SCMP_SYS(epoll_pwait), SCMP_SYS(epoll_ctl),
	SCMP_SYS(epoll_create1),
	SCMP_SYS(clock_gettime), SCMP_SYS(gettimeofday), SCMP_SYS(time), SCMP_SYS(restart_syscall),
	SCMP_SYS(brk), SCMP_SYS(munmap), SCMP_SYS(mremap), SCMP_SYS(madvise),
	SCMP_SYS(getrandom), SCMP_SYS(futex), SCMP_SYS(getpid), SCMP_SYS(gettid),
	SCMP_SYS(rt_sigreturn), SCMP_SYS(rt_sigprocmask), SCMP_SYS(exit), SCMP_SYS(exit_group),
};

static int add_rules(scmp_filter_ctx filter, uint32_t action, const int *calls, size_t count)
{
	int rc = 0;
	size_t i;

	for (i = 0; i < count && !rc; i++)
		rc = seccomp_rule_add(filter, action, calls[i], 0);
	return rc;
}

/* Memory yes, memory to run code from no */
static int add_memory(scmp_filter_ctx filter)
{
	const struct scmp_arg_cmp no_code = SCMP_A2(SCMP_CMP_MASKED_EQ, PROT_EXEC, 0);
	int rc = seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(mmap), 1, no_code);

	return rc ? rc : seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(mprotect), 1, no_code);
}

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static int load(scmp_filter_ctx filter, int rc)
{
	if (!rc)
		rc = seccomp_load(filter);
	seccomp_release(filter);
	return rc;
}

static int filter_keeper(void)
{
	scmp_filter_ctx filter = seccomp_init(SCMP_ACT_ALLOW);

	if (!filter)
		return -ENOMEM;
	return load(filter, add_rules(filter, SCMP_ACT_KILL_PROCESS, never_of_keeper,
				      COUNT(never_of_keeper)));
}

/* Of the options of sockets two: which messages of a flood are read */
static int add_filter(scmp_filter_ctx filter)
{
	static const int options[] = { SO_ATTACH_FILTER, SO_DETACH_FILTER };
	int rc = 0;
	size_t i;

	for (i = 0; i < COUNT(options) && !rc; i++)
		rc = seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(setsockopt), 2,
				      SCMP_A1(SCMP_CMP_EQ, SOL_SOCKET, 0),
				      SCMP_A2(SCMP_CMP_EQ, (scmp_datum_t)options[i], 0));
	return rc;
}

static int filter_parser(void)
{
	scmp_filter_ctx filter = seccomp_init(SCMP_ACT_KILL_PROCESS);
	int rc;

	if (!filter)
		return -ENOMEM;
	rc = add_rules(filter, SCMP_ACT_ALLOW, always_of_parser, COUNT(always_of_parser));
	rc = rc ? rc : add_filter(filter);
	return load(filter, rc ? rc : add_memory(filter));
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

	rc = rc ? rc : keep_capabilities(keep, COUNT(keep));
	return rc ? rc : filter_keeper();
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
 * sandbox_parser() - system calls from now on: the list above, or death
 * Return: 0 or -errno.
 */
int sandbox_parser(void)
{
	return filter_parser();
}
