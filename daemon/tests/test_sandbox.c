// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What is left of a process's rights. Only root has some to lose.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "sandbox.h"

/* Wait status of a process that became a parser and then did this */
static int as_parser(void (*body)(void))
{
	struct sandbox_user user;
	pid_t pid, parent = getpid();
	int status;

	sandbox_find_user(&user);
	pid = fork();
	if (!pid) {
		if (sandbox_child(parent) || sandbox_drop(&user) || sandbox_alone() ||
		    sandbox_parser())
			_exit(99);
		body();
		_exit(0);
	}
	assert_true(pid > 0);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	return status;
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
	if (write(STDERR_FILENO, "", 0) < 0)
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

static void test_forbidden(void **state)
{
	void (*const bodies[])(void) = {
		do_open, do_openat2, do_read, do_write, do_socket, do_connect, do_setsockopt,
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
		cmocka_unit_test(test_dies_with_parent),
	};

	if (getuid()) {
		printf("1..0 # SKIP must be root\n");
		return 0;
	}
	return cmocka_run_group_tests_name("sandbox", tests, NULL, NULL);
}
