// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Into the background.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <sysexits.h>
#include <unistd.h>

#include "daemonize.h"
#include "log.h"

/* Write end of the pipe to the waiting parent; -1: nobody waits */
static int ready_fd = -1;

/* Wait until the child says it is ready or ends; exit as it did */
static void __attribute__((noreturn)) wait_for_child(pid_t child, int fd)
{
	ssize_t n;
	int status;
	char c;

	do {
		n = read(fd, &c, 1);
	} while (n < 0 && errno == EINTR);
	if (n == 1)
		_exit(EXIT_SUCCESS);
	while (waitpid(child, &status, 0) < 0)
		if (errno != EINTR)
			_exit(EX_OSERR);
	if (WIFEXITED(status))
		_exit(WEXITSTATUS(status));
	log_err("ended by signal %d while starting", WTERMSIG(status));
	_exit(EX_SOFTWARE);
}

int daemonize_begin(void (*waiting)(void *ctx), void *ctx)
{
	int fds[2];
	pid_t child;

	if (pipe2(fds, O_CLOEXEC) < 0)
		return -errno;
	child = fork();
	if (child < 0) {
		int err = errno;

		close(fds[0]);
		close(fds[1]);
		return -err;
	}
	if (child > 0) {
		close(fds[1]);
		waiting(ctx);
		wait_for_child(child, fds[0]);
	}
	close(fds[0]);
	ready_fd = fds[1];
	/* Cannot fail: a new process leads no group */
	setsid();
	return 0;
}

static void leave_terminal(void)
{
	int null = open("/dev/null", O_RDWR | O_CLOEXEC | O_NOCTTY);

	if (null < 0)
		return;
	log_detach();
	for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++)
		dup2(null, fd);
	if (null > STDERR_FILENO)
		close(null);
}

void daemonize_leave(void)
{
	if (ready_fd >= 0)
		close(ready_fd);
	ready_fd = -1;
	leave_terminal();
}

void daemonize_ready(void)
{
	if (ready_fd < 0)
		return;
	leave_terminal();
	if (chdir("/") < 0)
		log_debug("chdir(/): %m");
	if (write(ready_fd, "", 1) < 0)
		log_debug("nobody waited for the start");
	close(ready_fd);
	ready_fd = -1;
}
