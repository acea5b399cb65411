// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What is left of a process's rights. Only root has some to lose.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/netlink.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "channel.h"
#include "resolver.h"
#include "sandbox.h"

/* Wait status of a process that gave its rights up and then did this */
static int as(int (*confine)(void), void (*body)(void))
{
	struct sandbox_user user;
	pid_t pid, parent = getpid();
	int status;

	sandbox_find_user(&user);
	pid = fork();
	if (!pid) {
		if (sandbox_child(parent) || sandbox_drop(&user) || confine())
			_exit(99);
		body();
		_exit(0);
	}
	assert_true(pid > 0);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	return status;
}

static int confine_parser(void)
{
	return sandbox_alone() || sandbox_parser();
}

static int as_parser(void (*body)(void))
{
	return as(confine_parser, body);
}

static int confine_resolver(void)
{
	return sandbox_resolver() || sandbox_alone();
}

static int as_resolver(void (*body)(void))
{
	return as(confine_resolver, body);
}

static void do_nothing(void)
{
}

/* What a daemon without anything to do does, and libcrypto */
static void do_allowed(void)
{
	struct timespec ts;
	char byte;
	void *p;

	syscall(SYS_clock_gettime, CLOCK_MONOTONIC, &ts);
	if (syscall(SYS_getrandom, &byte, 1, 0) != 1)
		_exit(1);
	p = mmap(NULL, 1 << 20, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (p == MAP_FAILED || mprotect(p, 4096, PROT_READ) || munmap(p, 1 << 20))
		_exit(2);
	free(malloc(1 << 24));
	setsockopt(-1, SOL_SOCKET, SO_ATTACH_FILTER, NULL, 0);
	setsockopt(-1, SOL_SOCKET, SO_DETACH_FILTER, NULL, 0);
	syscall(SYS_clock_gettime, CLOCK_THREAD_CPUTIME_ID, &ts);
	recv(-1, &byte, 1, MSG_DONTWAIT);
	close(-1);
}

static void test_allowed(void **state)
{
	(void)state;
#ifdef __SANITIZE_ADDRESS__
	/* It makes calls of its own */
	skip();
#endif
	assert_int_equal(as_parser(do_nothing), 0);
	assert_int_equal(as_parser(do_allowed), 0);
}

static void do_open(void)
{
	open("/dev/null", O_RDONLY);
}

static void do_openat2(void)
{
	syscall(SYS_openat2, AT_FDCWD, "/dev/null", NULL, 0);
}

static void do_read(void)
{
	char byte;

	if (read(-1, &byte, 1) < 0)
		return;
}

static void do_write(void)
{
	if (write(STDOUT_FILENO, "", 0) < 0)
		return;
}

static void do_socket(void)
{
	socket(AF_INET, SOCK_DGRAM, 0);
}

static void do_connect(void)
{
	connect(-1, NULL, 0);
}

static void do_setsockopt(void)
{
	setsockopt(-1, 0, 0, NULL, 0);
}

static void do_fork(void)
{
	syscall(SYS_clone, SIGCHLD, NULL, NULL, NULL, 0);
}

static void do_exec(void)
{
	execl("/bin/true", "true", NULL);
}

static void do_kill(void)
{
	kill(getppid(), 0);
}

static void do_ptrace(void)
{
	ptrace(PTRACE_TRACEME, 0, NULL, NULL);
}

static void do_unshare(void)
{
	unshare(CLONE_NEWUSER);
}

static void do_ioctl(void)
{
	syscall(SYS_ioctl, -1, 0, NULL);
}

static void do_code(void)
{
	mmap(NULL, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
}

static void do_make_code(void)
{
	mprotect(NULL, 0, PROT_READ | PROT_WRITE | PROT_EXEC);
}

static void do_io_uring(void)
{
	syscall(SYS_io_uring_setup, 1, NULL);
}

static void do_signal_self(void)
{
	syscall(SYS_tgkill, getpid(), getpid(), SIGTERM);
}

static void do_thread_kill(void)
{
	syscall(SYS_tgkill, getppid(), getppid(), SIGTERM);
}

static void do_abort_parent(void)
{
	syscall(SYS_tgkill, getppid(), getppid(), SIGABRT);
}

/* Each is said on stderr, which is not to be had, and then abort() */
static void do_assert(void)
{
	volatile int one = 1;

	assert(one == 2);
}

static void do_bad_free(void)
{
	char *volatile p = malloc(64);

	p += 16;
	free(p);
}

static void do_stderr(void)
{
	if (write(STDERR_FILENO, "x", 1) != -1 || errno != EBADF)
		_exit(1);
}

/* A failed assertion is told from a system call that is forbidden */
static void test_abort(void **state)
{
	void (*const bodies[])(void) = { abort, do_assert, do_bad_free };
	size_t i;

	(void)state;
#ifdef __SANITIZE_ADDRESS__
	/* It has an end of its own for these */
	skip();
#endif
	for (i = 0; i < sizeof(bodies) / sizeof(bodies[0]); i++) {
		int status = as_parser(bodies[i]);

		assert_true(WIFSIGNALED(status));
		assert_int_equal(WTERMSIG(status), SIGABRT);
	}
	assert_int_equal(as_parser(do_stderr), 0);
}

static void test_forbidden(void **state)
{
	void (*const bodies[])(void) = {
		do_signal_self, do_abort_parent, do_thread_kill, do_open, do_openat2, do_read, do_write, do_socket, do_connect, do_setsockopt,
		do_fork, do_exec, do_kill, do_ptrace, do_unshare, do_ioctl, do_code,
		do_make_code, do_io_uring,
	};
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(bodies) / sizeof(bodies[0]); i++) {
		int status = as_parser(bodies[i]);

		assert_true(WIFSIGNALED(status));
		assert_int_equal(WTERMSIG(status), SIGSYS);
	}
}

static void do_bpf(void)
{
	syscall(SYS_bpf, 0, NULL, 0);
}

static void do_mount(void)
{
	syscall(SYS_mount, NULL, "/", NULL, 0, NULL);
}

static void do_key(void)
{
	syscall(SYS_keyctl, 0, 0, 0, 0, 0);
}

static void do_perf(void)
{
	syscall(SYS_perf_event_open, NULL, 0, 0, 0, 0);
}

static void do_userfault(void)
{
	syscall(SYS_userfaultfd, 0);
}

static void do_module(void)
{
	syscall(SYS_finit_module, -1, "", 0);
}

static void do_kexec(void)
{
	syscall(SYS_kexec_load, 0, 0, NULL, 0);
}

static void do_read_other(void)
{
	syscall(SYS_process_vm_readv, getppid(), NULL, 0, NULL, 0, 0);
}

static void do_listen(void)
{
	listen(-1, 1);
}

static void test_forbidden_to_resolver(void **state)
{
	void (*const bodies[])(void) = {
		do_exec, do_ptrace, do_unshare, do_io_uring, do_bpf, do_mount, do_key, do_perf,
		do_userfault, do_module, do_kexec, do_read_other, do_listen,
	};
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(bodies) / sizeof(bodies[0]); i++) {
		int status = as_resolver(bodies[i]);

		assert_true(WIFSIGNALED(status));
		assert_int_equal(WTERMSIG(status), SIGSYS);
	}
}

/* Nor has it a hand in what the same user runs */
static void do_to_others(void)
{
	pid_t other = getppid();

	if (!kill(other, 0) || errno != EPERM ||
	    !syscall(SYS_tgkill, other, other, 0) || errno != EPERM ||
	    !syscall(SYS_prlimit64, other, RLIMIT_NOFILE, NULL, NULL) || errno != EPERM ||
	    syscall(SYS_pidfd_open, other, 0) >= 0 || errno != EPERM)
		_exit(1);
}

static void test_others_of_resolver(void **state)
{
	struct sandbox_user user;
	int status;
	pid_t pid;

	(void)state;
	sandbox_find_user(&user);
	/* A parent of the same user: but for the filter all would be allowed */
	pid = fork();
	if (!pid) {
		if (setresgid(user.gid, user.gid, user.gid) ||
		    setresuid(user.uid, user.uid, user.uid))
			_exit(2);
		_exit(as_resolver(do_to_others) ? 1 : 0);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
}

static bool may_have(int family, int protocol)
{
	int fd = socket(family, SOCK_DGRAM, protocol);

	if (fd >= 0)
		close(fd);
	return fd >= 0 || errno != EAFNOSUPPORT;
}

static void do_sockets(void)
{
	if (!may_have(AF_INET, 0) || !may_have(AF_UNIX, 0) || !may_have(AF_NETLINK, NETLINK_ROUTE))
		_exit(1);
	if (may_have(AF_ALG, 0) || may_have(AF_PACKET, 0) || may_have(AF_VSOCK, 0) ||
	    may_have(AF_NETLINK, NETLINK_NETFILTER) || may_have(1000, 0))
		_exit(2);
}

static void test_sockets_of_resolver(void **state)
{
	(void)state;
	assert_int_equal(as_resolver(do_sockets), 0);
}

/* The number in a line of /proc/PID/status; -1: there is none */
static int status_of(pid_t pid, const char *name)
{
	char path[64], line[256];
	int value = -1;
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%d/status", (int)pid);
	f = fopen(path, "r");
	while (f && value < 0 && fgets(line, sizeof(line), f))
		if (!strncmp(line, name, strlen(name)) && line[strlen(name)] == ':')
			value = atoi(line + strlen(name) + 1);
	if (f)
		fclose(f);
	return value;
}

/* It does its work within all that */
static void test_resolver(void **state)
{
	struct resolver_job job = { .host = "localhost", .family = AF_INET, .ticket = 17 };
	struct resolver_report report;
	pid_t pid, parent = getpid();
	struct sandbox_user user;
	int fd[2], passed, status, i;

	(void)state;
	sandbox_find_user(&user);
	assert_int_equal(channel_pair(fd), 0);
	pid = fork();
	if (!pid) {
		close(fd[0]);
		if (sandbox_child(parent) || sandbox_drop(&user))
			_exit(99);
		_exit(resolver_run(fd[1]));
	}
	close(fd[1]);
	assert_int_equal(channel_send(fd[0], &job, sizeof(job), -1), 0);
	assert_int_equal(channel_receive(fd[0], &report, sizeof(report), &passed), sizeof(report));
	assert_int_equal(report.ticket, 17);
	assert_int_equal(report.error, 0);
	assert_int_equal(report.addr.sa.sa_family, AF_INET);
	assert_int_equal(ntohl(report.addr.in.sin_addr.s_addr), INADDR_LOOPBACK);
	/* One may have answered before all are there */
	for (i = 0; i < 1000 && status_of(pid, "Threads") < RESOLVER_THREADS; i++)
		usleep(10000);
	assert_int_equal(status_of(pid, "Threads"), RESOLVER_THREADS);
	assert_int_equal(status_of(pid, "Seccomp"), 2);
	assert_int_equal(status_of(pid, "NoNewPrivs"), 1);
	assert_int_equal(status_of(pid, "CapEff"), 0);
	assert_int_equal(status_of(pid, "CapBnd"), 0);
	close(fd[0]);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
}

/* When the keeper dies, its child does, whoever that is by then */
static void test_dies_with_parent(void **state)
{
	struct sandbox_user user;
	int fds[2], status;
	pid_t pid;
	char byte;

	(void)state;
	sandbox_find_user(&user);
	assert_int_equal(pipe(fds), 0);
	pid = fork();
	if (!pid) {
		pid_t parent = getpid();

		if (!fork()) {
			if (sandbox_child(parent) || sandbox_drop(&user))
				_exit(1);
			/* Ready; the other end of the pipe closes when we die */
			if (write(fds[1], "r", 1) != 1)
				_exit(1);
			for (;;)
				pause();
		}
		close(fds[1]);
		if (read(fds[0], &byte, 1) != 1 || sandbox_keeper())
			_exit(1);
		_exit(0);
	}
	close(fds[1]);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
	assert_int_equal(read(fds[0], &byte, 1), 0);
	close(fds[0]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_allowed),
		cmocka_unit_test(test_forbidden),
		cmocka_unit_test(test_abort),
		cmocka_unit_test(test_forbidden_to_resolver),
		cmocka_unit_test(test_others_of_resolver),
		cmocka_unit_test(test_sockets_of_resolver),
		cmocka_unit_test(test_resolver),
		cmocka_unit_test(test_dies_with_parent),
	};

	if (getuid()) {
		printf("1..0 # SKIP must be root\n");
		return 0;
	}
	return cmocka_run_group_tests_name("sandbox", tests, NULL, NULL);
}
