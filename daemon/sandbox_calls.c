// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Which system calls each process may make. The parser is the daemon's own code: what
 * it needs is known, and all else is its death. The keeper calls libraries, and the
 * resolver whatever the administrator has names looked up by: of them it is known what
 * they surely do not need.
 */
#include "sandbox_calls.h"

#include <errno.h>
#include <linux/netlink.h>
#include <seccomp.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* What neither keeper nor resolver has a use for, and who takes one over would like
 * to have: other programs, other processes, other views of the system, and the large
 * or seldom used parts of the kernel
 */
static const int never[] = {
	SCMP_SYS(execve), SCMP_SYS(execveat), SCMP_SYS(ptrace), SCMP_SYS(process_vm_readv),
	SCMP_SYS(process_vm_writev), SCMP_SYS(process_madvise), SCMP_SYS(pidfd_getfd),
	SCMP_SYS(kcmp), SCMP_SYS(mount), SCMP_SYS(umount2), SCMP_SYS(move_mount),
	SCMP_SYS(open_tree), SCMP_SYS(mount_setattr), SCMP_SYS(fsopen), SCMP_SYS(fsconfig),
	SCMP_SYS(fsmount), SCMP_SYS(fspick), SCMP_SYS(pivot_root), SCMP_SYS(chroot),
	SCMP_SYS(setns), SCMP_SYS(unshare), SCMP_SYS(open_by_handle_at), SCMP_SYS(init_module),
	SCMP_SYS(finit_module), SCMP_SYS(delete_module), SCMP_SYS(kexec_load),
	SCMP_SYS(kexec_file_load), SCMP_SYS(bpf), SCMP_SYS(perf_event_open), SCMP_SYS(keyctl),
	SCMP_SYS(add_key), SCMP_SYS(request_key), SCMP_SYS(userfaultfd),
	SCMP_SYS(io_uring_setup), SCMP_SYS(io_uring_enter), SCMP_SYS(io_uring_register),
	SCMP_SYS(personality), SCMP_SYS(modify_ldt), SCMP_SYS(reboot), SCMP_SYS(swapon),
	SCMP_SYS(swapoff), SCMP_SYS(acct), SCMP_SYS(quotactl), SCMP_SYS(syslog),
	SCMP_SYS(settimeofday), SCMP_SYS(clock_settime), SCMP_SYS(clock_adjtime),
	SCMP_SYS(adjtimex), SCMP_SYS(iopl), SCMP_SYS(ioperm), SCMP_SYS(listen),
	SCMP_SYS(accept), SCMP_SYS(accept4), SCMP_SYS(chmod), SCMP_SYS(fchmod),
	SCMP_SYS(fchmodat), SCMP_SYS(chown), SCMP_SYS(fchown), SCMP_SYS(lchown),
	SCMP_SYS(fchownat), SCMP_SYS(link), SCMP_SYS(linkat), SCMP_SYS(symlink),
	SCMP_SYS(symlinkat), SCMP_SYS(mknod), SCMP_SYS(mknodat),
};

/* It has its children when this begins, and no threads */
static const int never_of_keeper[] = {
	SCMP_SYS(fork), SCMP_SYS(vfork), SCMP_SYS(clone), SCMP_SYS(clone3),
};

/* It has the same user as the parser, and shall have no hand in that; threads it needs.
 * A library may try some of these, and does as well without: they are refused.
 */
static const int never_of_resolver[] = {
	SCMP_SYS(kill), SCMP_SYS(tkill), SCMP_SYS(rt_sigqueueinfo), SCMP_SYS(rt_tgsigqueueinfo),
	SCMP_SYS(pidfd_open), SCMP_SYS(pidfd_send_signal), SCMP_SYS(setpriority),
	SCMP_SYS(ioprio_set), SCMP_SYS(sched_setscheduler), SCMP_SYS(sched_setparam),
	SCMP_SYS(sched_setattr), SCMP_SYS(sched_setaffinity), SCMP_SYS(move_pages),
	SCMP_SYS(migrate_pages),
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

static int load(scmp_filter_ctx filter, int rc)
{
	if (!rc)
		rc = seccomp_load(filter);
	seccomp_release(filter);
	return rc;
}

/* All but what is in never[], so far */
static int begin_without(scmp_filter_ctx *filter)
{
	*filter = seccomp_init(SCMP_ACT_ALLOW);
	if (!*filter)
		return -ENOMEM;
	return add_rules(*filter, SCMP_ACT_KILL_PROCESS, never, COUNT(never));
}

/** sandbox_calls_keeper() - the keeper from now on. Return: 0 or -errno. */
int sandbox_calls_keeper(void)
{
	scmp_filter_ctx filter;
	int rc = begin_without(&filter);

	if (!filter)
		return rc;
	return load(filter, rc ? rc : add_rules(filter, SCMP_ACT_KILL_PROCESS, never_of_keeper,
						COUNT(never_of_keeper)));
}

/* ------------------------------------------------------------------------
 * parser
 */

/* Memory yes, memory to run code from no */
static int add_memory(scmp_filter_ctx filter)
{
	const struct scmp_arg_cmp no_code = SCMP_A2(SCMP_CMP_MASKED_EQ, PROT_EXEC, 0);
	int rc = seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(mmap), 1, no_code);

	return rc ? rc : seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(mprotect), 1, no_code);
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

/* What abort() does, and nobody else's end. libc says before, on stderr, why: that is
 * not to be had, as the log has room for everybody's messages, and must not be the
 * end before the end.
 */
static int add_abort(scmp_filter_ctx filter)
{
	static const int calls[] = { SCMP_SYS(write), SCMP_SYS(writev) };
	int rc = seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(tgkill), 2,
				  SCMP_A0_32(SCMP_CMP_EQ, (scmp_datum_t)getpid(), 0),
				  SCMP_A2_32(SCMP_CMP_EQ, SIGABRT, 0));
	size_t i;

	for (i = 0; i < COUNT(calls) && !rc; i++)
		rc = seccomp_rule_add(filter, SCMP_ACT_ERRNO(EBADF), calls[i], 1,
				      SCMP_A0_32(SCMP_CMP_EQ, STDERR_FILENO, 0));
	return rc;
}

/** sandbox_calls_parser() - the parser from now on. Return: 0 or -errno. */
int sandbox_calls_parser(void)
{
	scmp_filter_ctx filter = seccomp_init(SCMP_ACT_KILL_PROCESS);
	int rc;

	if (!filter)
		return -ENOMEM;
	rc = add_rules(filter, SCMP_ACT_ALLOW, always_of_parser, COUNT(always_of_parser));
	rc = rc ? rc : add_filter(filter);
	rc = rc ? rc : add_abort(filter);
	return load(filter, rc ? rc : add_memory(filter));
}

/* ------------------------------------------------------------------------
 * resolver
 */

/* Name servers, services of this machine, and its own addresses; of others the kernel
 * says that it has not got them
 */
static int add_families(scmp_filter_ctx filter)
{
	const uint32_t none = SCMP_ACT_ERRNO(EAFNOSUPPORT);
	int rc = seccomp_rule_add(filter, none, SCMP_SYS(socket), 1,
				  SCMP_A0(SCMP_CMP_GE, AF_MAX, 0));
	unsigned int i;

	for (i = 0; i < AF_MAX && !rc; i++)
		if (i != AF_UNIX && i != AF_INET && i != AF_INET6 && i != AF_NETLINK)
			rc = seccomp_rule_add(filter, none, SCMP_SYS(socket), 1,
					      SCMP_A0(SCMP_CMP_EQ, i, 0));
	return rc ? rc : seccomp_rule_add(filter, none, SCMP_SYS(socket), 2,
					  SCMP_A0(SCMP_CMP_EQ, AF_NETLINK, 0),
					  SCMP_A2(SCMP_CMP_NE, NETLINK_ROUTE, 0));
}

/* Of itself it may change limits, and it may end itself */
static int add_own(scmp_filter_ctx filter)
{
	const uint32_t refuse = SCMP_ACT_ERRNO(EPERM);
	int rc = seccomp_rule_add(filter, refuse, SCMP_SYS(prlimit64), 1,
				  SCMP_A0_32(SCMP_CMP_NE, 0, 0));

	return rc ? rc : seccomp_rule_add(filter, refuse, SCMP_SYS(tgkill), 1,
					  SCMP_A0_32(SCMP_CMP_NE, (scmp_datum_t)getpid(), 0));
}

/**
 * sandbox_calls_resolver() - the resolver from now on, and its threads
 * Return: 0 or -errno.
 */
int sandbox_calls_resolver(void)
{
	scmp_filter_ctx filter;
	int rc = begin_without(&filter);

	if (!filter)
		return rc;
	rc = rc ? rc : add_rules(filter, SCMP_ACT_ERRNO(EPERM), never_of_resolver,
				 COUNT(never_of_resolver));
	rc = rc ? rc : add_families(filter);
	return load(filter, rc ? rc : add_own(filter));
}
