// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Scripts: what they are told, what they inherit, their order, their end. They
 * must belong to root, so without root only the refusal can be tested.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "hooks.h"
#include "log.h"

static char dir[] = "/run/test_hooks.XXXXXX";
static struct ev_loop *loop;
static struct hooks *hooks;

/* Outcomes in the order of the callbacks */
static struct {
	enum hooks_event event;
	enum hooks_outcome outcome;
	bool idle;
} done[8];
static size_t ndone;

static const struct hooks_facts facts = {
	.device = "cipcb7",
	.pid = 4711,
	.me = "192.0.2.1:6794",
	.local = "10.99.0.1",
	.remote = "10.99.0.2",
	.arg = "two words; $(no) 'shell'",
	.peer = "192.0.2.2:6794",
	.mode = "ip",
	.mtu = 1448,
};

static void done_cb(void *ctx, enum hooks_event event, enum hooks_outcome outcome)
{
	assert_ptr_equal(ctx, done);
	assert_true(ndone < 8);
	done[ndone].event = event;
	done[ndone].outcome = outcome;
	done[ndone].idle = hooks_idle(hooks);
	ndone++;
}

static const char *in_dir(const char *name)
{
	static char path[8][PATH_MAX];
	static unsigned int next;
	char *p = path[next++ % 8];

	snprintf(p, PATH_MAX, "%s/%s", dir, name);
	return p;
}

static const char *script(const char *name, mode_t mode, const char *text)
{
	const char *path = in_dir(name);
	FILE *f = fopen(path, "w");

	assert_non_null(f);
	fprintf(f, "#!/bin/sh\ncd %s\n%s\n", dir, text);
	fclose(f);
	assert_int_equal(chmod(path, mode), 0);
	return path;
}

static char *contents(const char *name)
{
	static char text[8192];
	FILE *f = fopen(in_dir(name), "r");
	size_t n;

	assert_non_null(f);
	n = fread(text, 1, sizeof(text) - 1, f);
	text[n] = '\0';
	fclose(f);
	return text;
}

static void queue(enum hooks_event event, const char *path)
{
	assert_int_equal(hooks_run(hooks, event, path, true, &facts, done_cb, done), 0);
	assert_false(hooks_idle(hooks));
}

static void run_all(size_t want)
{
	while (!hooks_idle(hooks))
		ev_run(loop, EVRUN_ONCE);
	assert_int_equal(ndone, want);
}

static int setup(void **state)
{
	(void)state;
	loop = ev_default_loop(0);
	ndone = 0;
	memset(done, 0, sizeof(done));
	strcpy(dir, "/run/test_hooks.XXXXXX");
	if (getuid())
		strcpy(dir, "/tmp/test_hooks.XXXXXX");
	if (!mkdtemp(dir))
		return -1;
	hooks = hooks_new(loop);
	return hooks ? 0 : -1;
}

static int teardown(void **state)
{
	char command[PATH_MAX + 16];

	(void)state;
	hooks_free(hooks);
	snprintf(command, sizeof(command), "rm -rf %s", dir);
	return system(command);
}

static void test_arguments(void **state)
{
	char want[256];

	(void)state;
	queue(HOOKS_UP, script("up", 0755, "for a; do echo \"$a\"; done > args; echo $# >> args"));
	assert_int_equal(ndone, 0);	/* never from within hooks_run() */
	run_all(1);
	assert_int_equal(done[0].event, HOOKS_UP);
	assert_int_equal(done[0].outcome, HOOKS_OK);
	assert_true(done[0].idle);
	snprintf(want, sizeof(want), "cipcb7\n192.0.2.1:6794\n%d\n10.99.0.1\n10.99.0.2\n%s\n6\n",
		 (int)facts.pid, facts.arg);
	assert_string_equal(contents("args"), want);
}

static void test_environment(void **state)
{
	char want[1024];

	(void)state;
	setenv("CIPE_SECRET", "leak", 1);
	queue(HOOKS_DOWN, script("down", 0755, "tr '\\0' '\\n' < /proc/$$/environ > env"));
	run_all(1);
	snprintf(want, sizeof(want),
		 "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin\n"
		 "CIPE_EVENT=down\nCIPE_DEVICE=cipcb7\nCIPE_ME=192.0.2.1:6794\nCIPE_PID=%d\n"
		 "CIPE_LOCAL=10.99.0.1\nCIPE_REMOTE=10.99.0.2\nCIPE_ARG=%s\n"
		 "CIPE_PEER=192.0.2.2:6794\nCIPE_MODE=ip\nCIPE_MTU=1448\n",
		 (int)facts.pid, facts.arg);
	assert_string_equal(contents("env"), want);
}

static void test_inheritance(void **state)
{
	int fd = open("/dev/zero", O_RDONLY);	/* not close-on-exec, on purpose */
	sigset_t set, old;
	char *text;

	(void)state;
	assert_true(fd >= 0);
	umask(077);
	signal(SIGPIPE, SIG_IGN);
	sigemptyset(&set);
	sigaddset(&set, SIGUSR1);
	sigprocmask(SIG_BLOCK, &set, &old);
	queue(HOOKS_UP, script("up", 0755,
			       "exec > facts; readlink /proc/$$/fd/0; ls -l /proc/$$/fd; umask\n"
			       "while read a b; do case $a in Sig*) echo $a $b;; esac; done "
			       "< /proc/$$/status\n"
			       "cut -d' ' -f5 /proc/$$/stat; echo $$"));
	run_all(1);
	sigprocmask(SIG_SETMASK, &old, NULL);
	signal(SIGPIPE, SIG_DFL);
	umask(022);
	close(fd);
	text = contents("facts");
	assert_memory_equal(text, "/dev/null\n", 10);
	assert_null(strstr(text, "/dev/zero"));
	assert_null(strstr(text, "anon_inode"));	/* the loop's */
	assert_non_null(strstr(text, "\n0022\n"));
	assert_non_null(strstr(text, "SigBlk: 0000000000000000\n"));
	text = strstr(text, "SigIgn: ");
	assert_non_null(text);
	/* 32 and 33 are the C library's, which will not let them be reset */
	assert_int_equal(strtoull(text + 8, NULL, 16) & ~(3ull << 31), 0);
	/* Process group and process id are one */
	text = strstr(text, "SigCgt");
	assert_non_null(text);
	text = strchr(text, '\n') + 1;
	assert_int_equal(atoi(text), atoi(strchr(text, '\n') + 1));
}

static void test_order(void **state)
{
	const char *up = script("up", 0755, "sleep 0.2; echo up >> log");
	const char *down = script("down", 0755, "echo down >> log");

	(void)state;
	queue(HOOKS_UP, up);
	queue(HOOKS_DOWN, down);
	queue(HOOKS_UP, up);
	run_all(3);
	assert_string_equal(contents("log"), "up\ndown\nup\n");
	assert_int_equal(done[1].event, HOOKS_DOWN);
	assert_false(done[0].idle);
	assert_false(done[1].idle);
	assert_true(done[2].idle);
}

/* The loop goes on while a script runs */
static int ticks;

static void tick_cb(struct ev_loop *l, ev_timer *w, int revents)
{
	(void)l;
	(void)w;
	(void)revents;
	ticks++;
}

static void test_not_blocking(void **state)
{
	ev_timer tick;

	(void)state;
	ticks = 0;
	ev_timer_init(&tick, tick_cb, 0.01, 0.01);
	ev_timer_start(loop, &tick);
	queue(HOOKS_UP, script("up", 0755, "sleep 0.5"));
	run_all(1);
	ev_timer_stop(loop, &tick);
	assert_true(ticks >= 10);
}

static void test_failures(void **state)
{
	(void)state;
	queue(HOOKS_UP, script("code", 0755, "exit 3"));
	queue(HOOKS_UP, script("signal", 0755, "kill -9 $$"));
	queue(HOOKS_UP, in_dir("missing"));
	queue(HOOKS_UP, script("mode", 0777, ""));
	queue(HOOKS_UP, script("noexec", 0644, ""));
	queue(HOOKS_UP, "relative");
	run_all(6);
	assert_int_equal(done[0].outcome, HOOKS_FAILED);
	assert_int_equal(done[1].outcome, HOOKS_FAILED);
	assert_int_equal(done[2].outcome, HOOKS_NONE);
	assert_int_equal(done[3].outcome, HOOKS_REFUSED);
	assert_int_equal(done[4].outcome, HOOKS_REFUSED);
	assert_int_equal(done[5].outcome, HOOKS_REFUSED);
}

static void test_not_executable_format(void **state)
{
	const char *path = in_dir("garbage");
	FILE *f;

	(void)state;
	f = fopen(path, "w");
	assert_non_null(f);
	fputs("\177no script", f);
	fclose(f);
	assert_int_equal(chmod(path, 0755), 0);
	queue(HOOKS_UP, path);
	run_all(1);
	assert_int_equal(done[0].outcome, HOOKS_FAILED);
}

static void test_time_limit(void **state)
{
	ev_tstamp start = ev_time();

	(void)state;
	hooks_set_limit(hooks, 0.2, 0.2);
	/* One that obeys SIGTERM, one that does not, with a child each */
	queue(HOOKS_UP, script("polite", 0755, "sleep 100"));
	queue(HOOKS_UP, script("stubborn", 0755, "trap '' TERM; sleep 100; sleep 100"));
	run_all(2);
	assert_int_equal(done[0].outcome, HOOKS_TIMEOUT);
	assert_int_equal(done[1].outcome, HOOKS_TIMEOUT);
	assert_true(ev_time() - start >= 0.5);
	assert_true(ev_time() - start < 20);
}

/* A program left in the background must not hold the next script up */
static void test_background(void **state)
{
	ev_tstamp start = ev_time();

	(void)state;
	queue(HOOKS_UP, script("bg", 0755, "sleep 5 & echo started"));
	run_all(1);
	assert_int_equal(done[0].outcome, HOOKS_OK);
	assert_true(ev_time() - start < 4);
}

static void test_output(void **state)
{
	const char *log = in_dir("stderr");
	int saved = dup(STDERR_FILENO), fd;
	char *text;

	(void)state;
	fd = open(log, O_WRONLY | O_CREAT | O_APPEND, 0600);
	assert_true(saved >= 0 && fd >= 0);
	dup2(fd, STDERR_FILENO);
	close(fd);
	log_init(true);
	queue(HOOKS_UP, script("talk", 0755,
			       "echo one; printf 'two\\033[1m\\n' >&2; printf 'no newline'"));
	run_all(1);
	queue(HOOKS_UP, script("much", 0755, "seq 1 50000; echo rest"));
	run_all(2);
	dup2(saved, STDERR_FILENO);
	close(saved);
	text = contents("stderr");
	assert_int_equal(done[1].outcome, HOOKS_OK);
	assert_non_null(strstr(text, "ciped: cipcb7: ip-up: one\n"));
	assert_non_null(strstr(text, "ciped: cipcb7: ip-up: two?[1m\n"));
	assert_non_null(strstr(text, "ciped: cipcb7: ip-up: no newline\n"));
	assert_non_null(strstr(text, "ciped: cipcb7: ip-up: 50\n"));
	assert_null(strstr(text, "ciped: cipcb7: ip-up: 5000\n"));
}

/* Freed while one runs and one waits: both are gone, no callback comes */
static void test_free_running(void **state)
{
	pid_t pid;

	(void)state;
	queue(HOOKS_UP, script("slow", 0755, "echo $$ > p; mv p pid; sleep 100"));
	queue(HOOKS_DOWN, script("never", 0755, "touch ran"));
	while (access(in_dir("pid"), R_OK))
		ev_run(loop, EVRUN_NOWAIT);
	hooks_free(hooks);
	hooks = hooks_new(loop);
	assert_non_null(hooks);
	pid = atoi(contents("pid"));
	assert_true(pid > 0);
	for (int i = 0; i < 500 && !kill(pid, 0); i++) {
		usleep(10000);
		ev_run(loop, EVRUN_NOWAIT);	/* reaps it */
	}
	assert_int_equal(ndone, 0);
	assert_int_equal(kill(pid, 0), -1);
	assert_int_equal(access(in_dir("ran"), F_OK), -1);
}

/* Somebody else's script, or everything ours and we are not root */
static void test_owner(void **state)
{
	const char *path = script("up", 0755, "touch ran");

	(void)state;
	if (!getuid())
		assert_int_equal(chown(path, 1, 1), 0);
	queue(HOOKS_UP, path);
	run_all(1);
	assert_int_equal(done[0].outcome, HOOKS_REFUSED);
	assert_int_equal(access(in_dir("ran"), F_OK), -1);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(test_arguments),
		CASE(test_environment),
		CASE(test_inheritance),
		CASE(test_order),
		CASE(test_not_blocking),
		CASE(test_failures),
		CASE(test_not_executable_format),
		CASE(test_time_limit),
		CASE(test_background),
		CASE(test_output),
		CASE(test_free_running),
		CASE(test_owner),
	};

	const struct CMUnitTest tests_without_root[] = {
		CASE(test_owner),
	};

	if (getuid())
		return cmocka_run_group_tests_name("hooks", tests_without_root, NULL, NULL);
	return cmocka_run_group_tests_name("hooks", tests, NULL, NULL);
}
