// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * ip-up and ip-down: a queue of scripts, run one at a time beside the loop.
 */
#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "hooks.h"
#include "hooks_child.h"
#include "log.h"
#include "optfile.h"

/* Lines a script may log before the rest is suppressed, in so many seconds */
#define OUTPUT_BURST	100
#define OUTPUT_INTERVAL	10

/**
 * struct hook - a script that runs or waits
 * @next: in the queue
 * @event: why it runs
 * @path: of the script
 * @wanted: configured by name
 * @device: it is about, for messages
 * @child: arguments and environment
 * @done: called at the end, or NULL
 * @ctx: for @done
 */
struct hook {
	struct hook *next;
	enum hooks_event event;
	char *path;
	bool wanted;
	char device[IFNAMSIZ];
	struct hooks_child child;
	hooks_done_fn done;
	void *ctx;
};

/**
 * struct hooks - the queue and the script at its head
 * @loop: the event loop
 * @first: the queue; its head is the one that runs
 * @last: where the next one is linked
 * @start: runs out at once: starts the head from the loop
 * @exited: watches the script
 * @output: watches its stdout and stderr
 * @timer: the time limit, then the time between SIGTERM and SIGKILL
 * @pid: of the script and its process group; 0: none runs
 * @fd: read end of its output, -1: closed
 * @timed_out: SIGTERM was sent
 * @limit: seconds a script may run
 * @kill_delay: seconds between SIGTERM and SIGKILL
 * @noise: how much it may log
 * @len: octets in @line
 * @line: output up to here without a newline
 */
struct hooks {
	struct ev_loop *loop;
	struct hook *first;
	struct hook **last;
	ev_timer start;
	ev_child exited;
	ev_io output;
	ev_timer timer;
	pid_t pid;
	int fd;
	bool timed_out;
	double limit;
	double kill_delay;
	struct log_limit noise;
	size_t len;
	char line[512];
};

static const char *event_name(enum hooks_event event)
{
	return event == HOOKS_UP ? "ip-up" : "ip-down";
}

static void hook_free(struct hook *hook)
{
	hooks_child_free(&hook->child);
	free(hook->path);
	free(hook);
}

/* Start the head from the loop, never from within the caller */
static void schedule(struct hooks *h)
{
	ev_timer_stop(h->loop, &h->start);
	ev_timer_set(&h->start, 0., 0.);
	ev_timer_start(h->loop, &h->start);
}

/* The head has ended, or will never start */
static void hook_finish(struct hooks *h, enum hooks_outcome outcome)
{
	struct hook *hook = h->first;

	h->first = hook->next;
	if (!h->first)
		h->last = &h->first;
	else
		schedule(h);
	/* Last, because the callback may call hooks_run() */
	if (hook->done)
		hook->done(hook->ctx, hook->event, outcome);
	hook_free(hook);
}

static void log_output(struct hooks *h)
{
	h->line[h->len] = '\0';
	if (h->len)
		log_limited(&h->noise, LOG_INFO, "%s: %s", event_name(h->first->event), h->line);
	h->len = 0;
}

/* Read what is there; false at the end of the output */
static bool read_output(struct hooks *h)
{
	char buf[512];
	ssize_t n;

	n = read(h->fd, buf, sizeof(buf));
	if (n < 0)
		return errno == EAGAIN || errno == EINTR;
	for (ssize_t i = 0; i < n; i++) {
		if (buf[i] == '\n' || h->len == sizeof(h->line) - 1)
			log_output(h);
		if (buf[i] != '\n' && buf[i])
			h->line[h->len++] = buf[i];
	}
	return n > 0;
}

static void close_output(struct hooks *h)
{
	if (h->fd < 0)
		return;
	ev_io_stop(h->loop, &h->output);
	close(h->fd);
	h->fd = -1;
}

static void output_cb(struct ev_loop *loop, ev_io *w, int revents)
{
	struct hooks *h = w->data;

	(void)loop;
	(void)revents;
	log_set_device(h->first->device);
	if (read_output(h))
		return;
	log_output(h);
	close_output(h);
}

/* Rest of the output; what programs left behind in the background write later
 * is not waited for.
 */
static void drain_output(struct hooks *h)
{
	for (int i = 0; h->fd >= 0 && i < 256; i++) {
		errno = 0;
		if (!read_output(h) || errno == EAGAIN)
			break;
	}
	if (h->fd >= 0)
		log_output(h);
	close_output(h);
}

static enum hooks_outcome log_status(const struct hooks *h, int status)
{
	const struct hook *hook = h->first;

	if (h->timed_out)
		return HOOKS_TIMEOUT;
	if (WIFSIGNALED(status)) {
		log_warn("%s: %s: ended by signal %d", event_name(hook->event), hook->path,
			 WTERMSIG(status));
		return HOOKS_FAILED;
	}
	if (WEXITSTATUS(status)) {
		log_warn("%s: %s: ended with exit code %d", event_name(hook->event), hook->path,
			 WEXITSTATUS(status));
		return HOOKS_FAILED;
	}
	log_debug("%s: %s: done", event_name(hook->event), hook->path);
	return HOOKS_OK;
}

static void exited_cb(struct ev_loop *loop, ev_child *w, int revents)
{
	struct hooks *h = w->data;
	enum hooks_outcome outcome;

	(void)revents;
	log_set_device(h->first->device);
	ev_child_stop(loop, w);
	ev_timer_stop(loop, &h->timer);
	drain_output(h);
	/* What ignored SIGTERM in its group goes with it */
	if (h->timed_out)
		kill(-h->pid, SIGKILL);
	outcome = log_status(h, w->rstatus);
	h->pid = 0;
	hook_finish(h, outcome);
}

static void timer_cb(struct ev_loop *loop, ev_timer *w, int revents)
{
	struct hooks *h = w->data;

	(void)revents;
	log_set_device(h->first->device);
	if (h->timed_out) {
		kill(-h->pid, SIGKILL);
		return;
	}
	h->timed_out = true;
	log_warn("%s: %s: still running after %g seconds, ended", event_name(h->first->event),
		 h->first->path, h->limit);
	kill(-h->pid, SIGTERM);
	ev_timer_set(w, h->kill_delay, 0.);
	ev_timer_start(loop, w);
}

/* Is the script there and trustworthy? HOOKS_OK or why it does not run */
static enum hooks_outcome check_script(const struct hook *hook)
{
	struct optfile_why why;
	int fd;

	fd = optfile_open(hook->path, OPTFILE_SCRIPT, &why);
	if (fd >= 0) {
		close(fd);
		return HOOKS_OK;
	}
	if (fd == -ENOENT) {
		log_msg(hook->wanted ? LOG_WARNING : LOG_DEBUG, "%s: %s", event_name(hook->event),
			why.text);
		return HOOKS_NONE;
	}
	log_err("%s: not run: %s", event_name(hook->event), why.text);
	return HOOKS_REFUSED;
}

static int hook_spawn(struct hooks *h)
{
	int fds[2];
	pid_t pid;

	if (pipe2(fds, O_CLOEXEC) < 0)
		return -errno;
	/* Our end only: scripts do not expect EAGAIN from theirs */
	fcntl(fds[0], F_SETFL, O_NONBLOCK);
	pid = hooks_child_spawn(&h->first->child, fds[1]);
	close(fds[1]);
	if (pid < 0) {
		close(fds[0]);
		return (int)pid;
	}
	h->pid = pid;
	h->fd = fds[0];
	h->len = 0;
	h->timed_out = false;
	h->noise = (struct log_limit){ .burst = OUTPUT_BURST, .interval = OUTPUT_INTERVAL };

	ev_child_set(&h->exited, pid, 0);
	ev_child_start(h->loop, &h->exited);
	ev_io_set(&h->output, h->fd, EV_READ);
	ev_io_start(h->loop, &h->output);
	ev_timer_set(&h->timer, h->limit, 0.);
	ev_timer_start(h->loop, &h->timer);
	return 0;
}

/* From the loop: run the head of the queue */
static void start_cb(struct ev_loop *loop, ev_timer *w, int revents)
{
	struct hooks *h = w->data;
	enum hooks_outcome outcome;
	int err;

	(void)loop;
	(void)revents;
	if (!h->first || h->pid)
		return;
	log_set_device(h->first->device);
	outcome = check_script(h->first);
	if (outcome != HOOKS_OK) {
		hook_finish(h, outcome);
		return;
	}
	/* The loop's clock may be old, and the time limit counts from it */
	ev_now_update(h->loop);
	err = hook_spawn(h);
	if (err) {
		log_err("%s: %s: cannot be started: %s", event_name(h->first->event),
			h->first->path, strerror(-err));
		hook_finish(h, HOOKS_FAILED);
	}
}

struct hooks *hooks_new(struct ev_loop *loop)
{
	struct hooks *h = calloc(1, sizeof(*h));

	if (!h)
		return NULL;
	h->loop = loop;
	h->last = &h->first;
	h->fd = -1;
	h->limit = HOOKS_TIME_LIMIT;
	h->kill_delay = HOOKS_KILL_DELAY;
	ev_timer_init(&h->start, start_cb, 0., 0.);
	ev_child_init(&h->exited, exited_cb, 0, 0);
	ev_io_init(&h->output, output_cb, -1, EV_READ);
	ev_timer_init(&h->timer, timer_cb, 0., 0.);
	h->start.data = h;
	h->exited.data = h;
	h->output.data = h;
	h->timer.data = h;
	return h;
}

void hooks_set_limit(struct hooks *hooks, double limit, double kill_delay)
{
	hooks->limit = limit;
	hooks->kill_delay = kill_delay;
}

int hooks_run(struct hooks *hooks, enum hooks_event event, const char *path, bool wanted,
	      const struct hooks_facts *facts, hooks_done_fn done, void *ctx)
{
	struct hook *hook = calloc(1, sizeof(*hook));

	if (!hook)
		return -ENOMEM;
	hook->event = event;
	hook->wanted = wanted;
	hook->done = done;
	hook->ctx = ctx;
	snprintf(hook->device, sizeof(hook->device), "%s", facts->device ? facts->device : "");
	hook->path = strdup(path);
	if (!hook->path || hooks_child_init(&hook->child, event, path, facts)) {
		hook_free(hook);
		return -ENOMEM;
	}
	*hooks->last = hook;
	hooks->last = &hook->next;
	if (hooks->first == hook)
		schedule(hooks);
	return 0;
}

bool hooks_idle(const struct hooks *hooks)
{
	return !hooks->first;
}

void hooks_free(struct hooks *hooks)
{
	if (!hooks)
		return;
	ev_timer_stop(hooks->loop, &hooks->start);
	if (hooks->pid) {
		kill(-hooks->pid, SIGKILL);
		ev_child_stop(hooks->loop, &hooks->exited);
		ev_timer_stop(hooks->loop, &hooks->timer);
		close_output(hooks);
	}
	while (hooks->first) {
		struct hook *hook = hooks->first;

		hooks->first = hook->next;
		hook_free(hook);
	}
	free(hooks);
}
