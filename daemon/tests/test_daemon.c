// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Being a daemon: messages, the way to the background, pid files (these last
 * for root only, in /run/cipe).
 */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "daemonize.h"
#include "log.h"
#include "pidfile.h"

/* ------------------------------------------------------------------------
 * messages
 */

static char said[65536];
static int saved_stderr = -1;
static int pipe_fd[2];

static void capture(void)
{
	fflush(stderr);
	saved_stderr = dup(STDERR_FILENO);
	assert_int_equal(pipe2(pipe_fd, O_NONBLOCK), 0);
	assert_true(dup2(pipe_fd[1], STDERR_FILENO) >= 0);
	log_init(true);
}

static void release(void)
{
	ssize_t n = read(pipe_fd[0], said, sizeof(said) - 1);

	said[n > 0 ? n : 0] = '\0';
	dup2(saved_stderr, STDERR_FILENO);
	close(saved_stderr);
	close(pipe_fd[0]);
	close(pipe_fd[1]);
}

static void test_log_lines(void **state)
{
	char big[5000];

	(void)state;
	memset(big, 'x', sizeof(big) - 1);
	big[sizeof(big) - 1] = '\0';
	capture();
	log_err("no %s", "luck");
	log_warn("a\nb\033[0m\x7f\tc");
	log_set_device("cipcb3");
	log_info("up");
	log_debug("%s", big);
	log_set_device("");
	release();
	assert_memory_equal(said,
			    "ciped: error: no luck\n"
			    "ciped: warning: a?b?[0m? c\n"
			    "ciped: cipcb3: up\n"
			    "ciped: cipcb3: debug: xxx", 90);
	assert_true(strlen(said) < 1300);
	assert_int_equal(said[strlen(said) - 1], '\n');
}

static void test_log_limit(void **state)
{
	struct log_limit limit = LOG_LIMIT_INIT;

	(void)state;
	capture();
	for (int i = 0; i < 100; i++)
		log_limited(&limit, LOG_INFO, "knock %d", i);
	limit.start -= 61;	/* a minute later */
	log_limited(&limit, LOG_INFO, "again");
	release();
	assert_string_equal(said, "ciped: knock 0\nciped: knock 1\nciped: knock 2\n"
			    "ciped: knock 3\nciped: knock 4\n"
			    "ciped: (95 messages like the next one suppressed)\nciped: again\n");
}

/* How many of so many messages, one in @every milliseconds */
static unsigned int pass(struct log_bucket *bucket, uint64_t *now, unsigned int count,
			 unsigned int every)
{
	unsigned int passed = 0;

	for (; count; count--, *now += every)
		passed += log_bucket_take(bucket, *now, 50, 5);
	return passed;
}

static void test_log_bucket(void **state)
{
	struct log_bucket bucket = { 0 };
	uint64_t now = 1;

	(void)state;
	/* At once */
	assert_int_equal(pass(&bucket, &now, 1000, 0), 50);
	assert_int_equal(bucket.dropped, 950);
	/* For a minute */
	bucket.dropped = 0;
	assert_int_equal(pass(&bucket, &now, 60000, 1), 299);
	assert_int_equal(bucket.dropped, 60000 - 299);
	/* As many as it may */
	now += 1000;
	bucket.dropped = 0;
	assert_int_equal(pass(&bucket, &now, 1000, 200), 1000);
	assert_int_equal(bucket.dropped, 0);
	/* It does not grow beyond, however long it is quiet */
	now += UINT64_MAX / 4;
	assert_int_equal(pass(&bucket, &now, 1000, 0), 50);
}

/* ------------------------------------------------------------------------
 * background
 */

static void wait_begins(void *ctx)
{
	++*(int *)ctx;
}

/* Run @body in a process that goes to the background; its caller's exit code */
static int run_in_background(void (*body)(int out), int out)
{
	int *waiting = mmap(NULL, sizeof(*waiting), PROT_READ | PROT_WRITE,
			    MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	int status;
	pid_t pid;

	assert_ptr_not_equal(waiting, MAP_FAILED);
	pid = fork();
	assert_true(pid >= 0);
	if (!pid) {
		if (daemonize_begin(wait_begins, waiting))
			_exit(99);
		body(out);
		_exit(98);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	assert_int_equal(*waiting, 1);
	munmap(waiting, sizeof(*waiting));
	return WEXITSTATUS(status);
}

static void body_ready(int out)
{
	char link[64] = "";

	daemonize_ready();
	/* From here on the caller is gone */
	usleep(50000);
	if (readlink("/proc/self/fd/2", link, sizeof(link) - 1) < 0 || getsid(0) != getpid())
		strcpy(link, "failed");
	if (write(out, link, strlen(link)) < 0)
		_exit(1);
	_exit(0);
}

static void body_fails(int out)
{
	(void)out;
	_exit(73);
}

static void body_dies(int out)
{
	(void)out;
	kill(getpid(), SIGKILL);
}

static void test_daemonize(void **state)
{
	char text[64] = "";
	int fds[2];

	(void)state;
	assert_int_equal(pipe(fds), 0);
	assert_int_equal(run_in_background(body_ready, fds[1]), 0);
	assert_int_equal(read(fds[0], text, sizeof(text) - 1), 9);
	assert_string_equal(text, "/dev/null");
	close(fds[0]);
	close(fds[1]);
	assert_int_equal(run_in_background(body_fails, -1), 73);
	capture();
	assert_int_equal(run_in_background(body_dies, -1), 70);
	release();
	assert_non_null(strstr(said, "ended by signal 9 while starting"));
	daemonize_ready();	/* nothing to do, nothing done */
	assert_true(fcntl(STDERR_FILENO, F_GETFD) >= 0);
}

/* ------------------------------------------------------------------------
 * pid files
 */

#define DEVICE "unit-test0"

static void test_pidfile(void **state)
{
	struct pidfile pf = PIDFILE_INIT, second = PIDFILE_INIT;
	char text[32] = "";
	pid_t holder = -1;
	int fd;

	(void)state;
	assert_int_equal(pidfile_lock(&pf, DEVICE, &holder), 0);
	assert_int_equal(holder, 0);
	assert_string_equal(pf.path, "/run/cipe/" DEVICE ".pid");
	fd = open(pf.path, O_RDONLY);
	assert_true(read(fd, text, sizeof(text) - 1) > 0);
	close(fd);
	assert_int_equal(atoi(text), getpid());

	assert_int_equal(pidfile_lock(&second, DEVICE, &holder), -EEXIST);
	assert_int_equal(holder, getpid());
	assert_int_equal(second.fd, -1);
	pidfile_unlock(&second);
	assert_int_equal(access(pf.path, F_OK), 0);

	pidfile_unlock(&pf);
	assert_int_equal(access(pf.path, F_OK), -1);
	pidfile_unlock(&pf);
}

/* What a daemon killed by SIGKILL leaves behind is taken over */
static void test_pidfile_stale(void **state)
{
	struct pidfile pf = PIDFILE_INIT;
	char text[32] = "";
	int status, fd;
	pid_t pid;

	(void)state;
	pid = fork();
	if (!pid)
		_exit(pidfile_lock(&pf, DEVICE, NULL) ? 1 : 0);	/* file stays, lock goes */
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
	assert_int_equal(access("/run/cipe/" DEVICE ".pid", F_OK), 0);
	assert_int_equal(pidfile_lock(&pf, DEVICE, NULL), 0);
	fd = open(pf.path, O_RDONLY);
	assert_true(read(fd, text, sizeof(text) - 1) > 0);
	close(fd);
	assert_int_equal(atoi(text), getpid());
	pidfile_unlock(&pf);
}

/* A symbolic link in its place is not followed */
static void test_pidfile_symlink(void **state)
{
	struct pidfile pf = PIDFILE_INIT;

	(void)state;
	assert_int_equal(symlink("/run/cipe/target", "/run/cipe/" DEVICE ".pid"), 0);
	assert_int_equal(pidfile_lock(&pf, DEVICE, NULL), -ELOOP);
	assert_int_equal(access("/run/cipe/target", F_OK), -1);
	assert_int_equal(unlink("/run/cipe/" DEVICE ".pid"), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_log_lines),
		cmocka_unit_test(test_log_limit),
		cmocka_unit_test(test_log_bucket),
		cmocka_unit_test(test_daemonize),
	};
	const struct CMUnitTest tests_of_root[] = {
		cmocka_unit_test(test_log_lines),
		cmocka_unit_test(test_log_limit),
		cmocka_unit_test(test_daemonize),
		cmocka_unit_test(test_pidfile),
		cmocka_unit_test(test_pidfile_stale),
		cmocka_unit_test(test_pidfile_symlink),
	};

	if (getuid())
		return cmocka_run_group_tests_name("daemon", tests, NULL, NULL);
	return cmocka_run_group_tests_name("daemon", tests_of_root, NULL, NULL);
}
