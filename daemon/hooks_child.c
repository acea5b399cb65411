// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The process a script runs in.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "hooks_child.h"

#define SCRIPT_PATH "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

/* Append one formatted string to a list; sets *@err without memory */
static void __attribute__((format(printf, 3, 4)))
add(char ***list, int *err, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	if (!*err && vasprintf((*list)++, fmt, ap) < 0) {
		*--(*list) = NULL;
		*err = -ENOMEM;
	}
	va_end(ap);
}

static const char *text(const char *fact)
{
	return fact ? fact : "";
}

int hooks_child_init(struct hooks_child *child, enum hooks_event event, const char *path,
		     const struct hooks_facts *f)
{
	char **arg = child->argv, **var = child->envp;
	int pid = (int)f->pid, err = 0;

	add(&arg, &err, "%s", path);
	add(&arg, &err, "%s", text(f->device));
	add(&arg, &err, "%s", text(f->me));
	add(&arg, &err, "%d", pid);
	add(&arg, &err, "%s", text(f->local));
	add(&arg, &err, "%s", text(f->remote));
	add(&arg, &err, "%s", text(f->arg));

	add(&var, &err, "PATH=%s", SCRIPT_PATH);
	add(&var, &err, "CIPE_EVENT=%s", event == HOOKS_UP ? "up" : "down");
	add(&var, &err, "CIPE_DEVICE=%s", text(f->device));
	add(&var, &err, "CIPE_ME=%s", text(f->me));
	add(&var, &err, "CIPE_PID=%d", pid);
	add(&var, &err, "CIPE_LOCAL=%s", text(f->local));
	add(&var, &err, "CIPE_REMOTE=%s", text(f->remote));
	add(&var, &err, "CIPE_ARG=%s", text(f->arg));
	add(&var, &err, "CIPE_PEER=%s", text(f->peer));
	add(&var, &err, "CIPE_MODE=%s", text(f->mode));
	add(&var, &err, "CIPE_MTU=%u", f->mtu);
	return err;
}

void hooks_child_free(struct hooks_child *child)
{
	for (size_t i = 0; i < HOOKS_CHILD_ARGS; i++)
		free(child->argv[i]);
	for (size_t i = 0; i < HOOKS_CHILD_VARS; i++)
		free(child->envp[i]);
	memset(child, 0, sizeof(*child));
}

static void reset_signals(void)
{
	struct sigaction dfl = { .sa_handler = SIG_DFL };
	sigset_t none;

	/* Some numbers are not ours to change; that is fine */
	for (int sig = 1; sig < NSIG; sig++)
		sigaction(sig, &dfl, NULL);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
}

/* In the new process: only what may be called after fork() */
static void __attribute__((noreturn)) child_main(const struct hooks_child *child, int output)
{
	static const char failed[] = "cannot be executed (is its first line #!/bin/sh?)\n";
	int null;

	setpgid(0, 0);
	null = open("/dev/null", O_RDONLY);
	/* The descriptors in our hands may be 0 to 2 themselves */
	output = fcntl(output, F_DUPFD, 3);
	if (null < 0 || output < 0 || dup2(null, STDIN_FILENO) < 0 ||
	    dup2(output, STDOUT_FILENO) < 0 || dup2(output, STDERR_FILENO) < 0)
		_exit(126);
	close_range(3, ~0U, 0);
	umask(022);
	if (chdir("/") < 0)
		_exit(126);
	reset_signals();
	execve(child->argv[0], child->argv, child->envp);
	if (write(STDERR_FILENO, failed, sizeof(failed) - 1) < 0)
		_exit(126);
	_exit(errno == ENOENT ? 127 : 126);
}

pid_t hooks_child_spawn(const struct hooks_child *child, int output)
{
	sigset_t all, old;
	pid_t pid;
	int err;

	/* No handler of ours may run in the child before they are reset */
	sigfillset(&all);
	sigprocmask(SIG_SETMASK, &all, &old);
	pid = fork();
	err = errno;
	if (!pid)
		child_main(child, output);
	sigprocmask(SIG_SETMASK, &old, NULL);
	if (pid < 0)
		return -err;
	/* In both processes, so that it is done whoever comes first */
	setpgid(pid, pid);
	return pid;
}
