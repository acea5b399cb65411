// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The keeper: starts the other processes, watches them and the kernel, and ends
 * with them.
 */
#include "keeper.h"

#include <errno.h>
#include <limits.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <sysexits.h>
#include <unistd.h>

#include "channel.h"
#include "daemonize.h"
#include "keeper_impl.h"
#include "link.h"
#include "log.h"
#include "resolver.h"
#include "runner.h"
#include "sandbox.h"
#include "secret.h"

/* Links a daemon may come to have by SIGHUP, and their descriptors, if we may */
#define FILES_MOST (1 << 19)

/* Descriptors beside those of links */
#define FILES_SPARE 256

/* Descriptors a link may take: pid file, socket, ICMP errors */
#define FILES_PER_LINK 3

/* Seconds from the end of a channel to that of the process */
#define DEAF_PATIENCE 1.

/* A second in all, in which the parser of a daemon that was killed must have ended */
#define PAUSES 100

/* ------------------------------------------------------------------------
 * the kernel
 */

static void on_news_of(void *ctx, const struct kernel_event *news)
{
	struct event event = { .type = EVENT_KERNEL };
	struct keeper *k = ctx;

	event.kernel = *news;
	if (keeper_find_id(k, news->link))
		keeper_tell(k, &event, -1);
}

static void on_news(struct ev_loop *loop, ev_io *w, int revents)
{
	struct keeper *k = w->data;
	int rc = module_events_read(k->module, on_news_of, k);

	(void)loop;
	(void)revents;
	if (!rc)
		return;
	log_debug("events of the module: %s", strerror(-rc));
	keeper_tell_number(k, EVENT_LOST, 0);
}

static void on_gone(void *ctx, unsigned int ifindex)
{
	struct keeper *k = ctx;
	struct keeper_link *l = keeper_find_ifindex(k, ifindex);

	/* What the parser had deleted is no news to it */
	if (l && !l->gone)
		keeper_tell_number(k, EVENT_IFACE_GONE, ifindex);
}

static void on_interfaces(struct ev_loop *loop, ev_io *w, int revents)
{
	struct keeper *k = w->data;

	(void)loop;
	(void)revents;
	if (rtnl_events_read(k->rtnl, on_gone, k))
		keeper_tell_number(k, EVENT_LOST, 0);
}

/* ------------------------------------------------------------------------
 * the other processes
 */

/**
 * keeper_end() - end all at once: something is not as it must be
 * @k: the keeper
 * @code: exit code
 *
 * The interface stays, as when a daemon is killed.
 */
void keeper_end(struct keeper *k, int code)
{
	if (k->ended)
		return;
	k->ended = true;
	k->code = code;
	if (k->parser.pid)
		kill(k->parser.pid, SIGKILL);
	ev_break(k->loop, EVBREAK_ALL);
}

static void on_parser(struct ev_loop *loop, ev_io *w, int revents)
{
	(void)loop;
	(void)revents;
	keeper_ask(w->data);
}

static void on_runner(struct ev_loop *loop, ev_io *w, int revents)
{
	(void)loop;
	(void)revents;
	keeper_reported(w->data);
}

static void on_resolver(struct ev_loop *loop, ev_io *w, int revents)
{
	(void)loop;
	(void)revents;
	keeper_resolved(w->data);
}

static struct keeper_child *find_child(struct keeper *k, pid_t pid)
{
	return pid == k->parser.pid ? &k->parser : pid == k->runner.pid ? &k->runner : &k->resolver;
}

static void on_deaf(struct ev_loop *loop, ev_timer *w, int revents)
{
	(void)loop;
	(void)revents;
	log_err("the parser asks nothing any more, and does not end: ending it");
	keeper_end(w->data, EX_SOFTWARE);
}

/* The parser ends when the link is down, or cannot come up, and says how by its
 * exit code. Whatever else ends, ends too early.
 */
static void on_exit_of(struct ev_loop *loop, ev_child *w, int revents)
{
	struct keeper *k = w->data;
	struct keeper_child *child = find_child(k, w->rpid);

	(void)revents;
	ev_child_stop(loop, w);
	/* Nothing may be sent to who may have the number next */
	child->pid = 0;
	ev_timer_stop(loop, &child->deaf);
	/* What it said before it ended */
	while (child == &k->parser && keeper_ask(k))
		;
	if (WIFSIGNALED(w->rstatus)) {
		log_err("the %s was ended by signal %d%s", child->name, WTERMSIG(w->rstatus),
			WTERMSIG(w->rstatus) == SIGSYS ? ": a system call it must not make" : "");
		keeper_end(k, EX_SOFTWARE);
	} else if (child == &k->parser) {
		keeper_end(k, WEXITSTATUS(w->rstatus));
	} else {
		log_err("the %s has ended", child->name);
		keeper_end(k, EX_SOFTWARE);
	}
}

static void on_signal(struct ev_loop *loop, ev_signal *w, int revents)
{
	struct keeper *k = w->data;

	(void)loop;
	(void)revents;
	if (w->signum == SIGHUP) {
		keeper_reload(k);
		return;
	}
	k->stopping = true;
	ev_timer_stop(k->loop, &k->reload.patience);
	keeper_tell_number(k, EVENT_STOP, (unsigned int)w->signum);
	ev_timer_again(k->loop, &k->patience);
}

/** keeper_progress() - something of a link's beginning or end that is done once */
void keeper_progress(struct keeper *k)
{
	if (k->stopping)
		ev_timer_again(k->loop, &k->patience);
	else
		keeper_reload_progress(k);
}

static void on_patience(struct ev_loop *loop, ev_timer *w, int revents)
{
	(void)loop;
	(void)revents;
	log_err("the parser was told to end, and has not: ending it");
	keeper_end(w->data, EX_SOFTWARE);
}

static void watch_child(struct keeper *k, struct keeper_child *child,
			void (*readable)(struct ev_loop *loop, ev_io *w, int revents))
{
	if (!child->pid)
		return;
	ev_io_init(&child->io, readable, child->fd, EV_READ);
	ev_child_init(&child->exited, on_exit_of, child->pid, 0);
	ev_timer_init(&child->deaf, on_deaf, 0., DEAF_PATIENCE);
	child->io.data = child->deaf.data = child->exited.data = k;
	ev_io_start(k->loop, &child->io);
	ev_child_start(k->loop, &child->exited);
	keeper_queue_init(&child->jobs, k->loop, child->fd);
}

static void watch_signals(struct keeper *k)
{
	static const int signums[] = { SIGTERM, SIGINT, SIGHUP };
	size_t i;

	for (i = 0; i < 3; i++) {
		ev_signal_init(&k->signals[i], on_signal, signums[i]);
		k->signals[i].data = k;
		ev_signal_start(k->loop, &k->signals[i]);
	}
}

static int watch(struct keeper *k)
{
	k->loop = ev_default_loop(EVFLAG_AUTO);
	if (!k->loop) {
		log_err("cannot start: no event loop");
		return LINK_EXIT_SYSTEM;
	}
	watch_child(k, &k->parser, on_parser);
	watch_child(k, &k->runner, on_runner);
	watch_child(k, &k->resolver, on_resolver);
	watch_signals(k);
	keeper_queue_init(&k->events, k->loop, k->events.fd);
	keeper_tell_init(k);
	ev_timer_init(&k->patience, on_patience, 0., KEEPER_PATIENCE);
	k->patience.data = k;
	keeper_reload_init(k);
	if (keeper_names_init(k))
		return LINK_EXIT_SYSTEM;
	ev_io_init(&k->news, on_news, module_events_fd(k->module), EV_READ);
	ev_io_init(&k->interfaces, on_interfaces, rtnl_events_fd(k->rtnl), EV_READ);
	k->news.data = k->interfaces.data = k;
	ev_io_start(k->loop, &k->news);
	ev_io_start(k->loop, &k->interfaces);
	return 0;
}

/* ------------------------------------------------------------------------
 * start and end
 */

static int open_kernel(struct keeper *k)
{
	int rc = module_open(&k->module);

	if (rc == -ENOENT && !module_load())
		rc = module_open(&k->module);
	if (rc == -ENOENT) {
		log_err("module cipe is not loaded: run modprobe cipe");
		return LINK_EXIT_MODULE;
	}
	if (rc) {
		log_err("cannot talk to module cipe: %s", strerror(-rc));
		return LINK_EXIT_SYSTEM;
	}
	if (rtnl_open(&k->rtnl)) {
		log_err("cannot start: no rtnetlink");
		return LINK_EXIT_SYSTEM;
	}
	return 0;
}

static void close_between(int first, int last)
{
	if (first <= last)
		close_range((unsigned int)first, (unsigned int)last, 0);
}

/* In a new process: all is the keeper's, and whoever's started it, but these
 * ends of channels, of which @b may be -1
 */
static void close_others(struct keeper *k, int a, int b)
{
	int low = b >= 0 && b < a ? b : a, high = b > a ? b : a;

	module_close(k->module);
	rtnl_close(k->rtnl);
	closelog();
	close_between(STDERR_FILENO + 1, low - 1);
	close_between(low + 1, high - 1);
	close_between(high + 1, INT_MAX);
}

/* @theirs: set to the end of the channel, in the new process; @more: another
 * descriptor it keeps, or -1. Return: the process id, 0 in the new process, or
 * -errno.
 */
static pid_t start_child(struct keeper *k, struct keeper_child *child, int *theirs, int more)
{
	pid_t keeper = getpid();
	int fd[2], rc = channel_pair(fd);

	if (rc)
		return rc;
	child->pid = fork();
	rc = child->pid < 0 ? -errno : child->pid;
	if (!child->pid) {
		*theirs = fd[1];
		close_others(k, fd[1], more);
		rc = sandbox_child(keeper);
		if (!rc)
			rc = sandbox_lock_memory();
		if (rc < 0) {
			log_err("the %s cannot start: %s", child->name, strerror(-rc));
			_exit(LINK_EXIT_SYSTEM);
		}
		return 0;
	}
	close(fd[1]);
	child->fd = fd[0];
	if (rc < 0)
		child->pid = 0;
	return rc;
}

static int start_runner(struct keeper *k, struct optset *set)
{
	int fd;
	pid_t pid = start_child(k, &k->runner, &fd, -1);

	if (!pid) {
		optset_wipe(set);
		daemonize_leave();
		_exit(runner_run(fd));
	}
	return pid < 0 ? (int)pid : 0;
}

/* Also where all are addresses: names may come with SIGHUP, and processes cannot */
static int start_resolver(struct keeper *k, struct optset *set, const struct sandbox_user *user)
{
	int fd, rc;
	pid_t pid = start_child(k, &k->resolver, &fd, -1);

	if (!pid) {
		optset_wipe(set);
		rc = sandbox_drop(user);
		if (rc)
			log_err("the resolver cannot drop its rights: %s", strerror(-rc));
		daemonize_leave();
		_exit(rc ? LINK_EXIT_SYSTEM : resolver_run(fd));
	}
	return pid < 0 ? (int)pid : 0;
}

static int start_parser(struct keeper *k, struct optset *set, keeper_parser_fn parser,
			const struct sandbox_user *user)
{
	struct keeper_ends ends;
	int fd, events[2], rc = channel_pair(events);
	pid_t pid;

	if (rc)
		return rc;
	k->events.fd = events[0];
	/* After the others have parted, who need not have it */
	k->secret = mmap(NULL, sizeof(*k->secret), PROT_READ | PROT_WRITE,
			 MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (k->secret == MAP_FAILED || madvise(k->secret, sizeof(*k->secret), MADV_DONTDUMP))
		return -errno;
	pid = start_child(k, &k->parser, &fd, events[1]);
	if (pid) {
		close(events[1]);
		return pid < 0 ? (int)pid : 0;
	}
	rc = sandbox_drop(user);
	rc = rc ? rc : sandbox_alone();
	if (rc)
		log_err("the parser cannot drop its rights: %s", strerror(-rc));
	daemonize_leave();
	ends = (struct keeper_ends){ fd, events[1], k->secret };
	rc = rc ? LINK_EXIT_SYSTEM : parser(set, &ends);
	optset_wipe(set);
	_exit(rc);
}

/* Signals wait until there is somebody to tell of them */
static void hold_signals(sigset_t *held)
{
	sigemptyset(held);
	sigaddset(held, SIGCHLD);
	sigaddset(held, SIGTERM);
	sigaddset(held, SIGINT);
	sigaddset(held, SIGHUP);
	sigprocmask(SIG_BLOCK, held, NULL);
}

/* As many descriptors as so many links need, and more for those to come: later
 * there is no right to it
 */
static void provide_files(size_t links)
{
	rlim_t need = FILES_SPARE + FILES_PER_LINK * links;
	struct rlimit limit = { FILES_MOST, FILES_MOST };

	if (!setrlimit(RLIMIT_NOFILE, &limit))
		return;
	if (getrlimit(RLIMIT_NOFILE, &limit))
		limit.rlim_max = 0;
	limit.rlim_cur = limit.rlim_max;
	if (limit.rlim_max < need)
		log_warn("cannot have %llu open files; links may fail", (unsigned long long)need);
	if (limit.rlim_cur)
		setrlimit(RLIMIT_NOFILE, &limit);
}

/* Where there is no right to lock all, the other processes have locked as little */
static int lock_memory(struct keeper *k)
{
	int rc = sandbox_lock_memory();

	/* Keys on their way are there */
	if (rc >= 0 && mlock(k->secret, sizeof(*k->secret)))
		return -errno;
	if (rc == SANDBOX_KEYS_ONLY)
		log_warn("only memory for keys is locked, and what libraries copy of it may be "
			 "swapped out: the limit is %llu KiB. " SANDBOX_LOCK_HELP,
			 sandbox_lock_limit() / 1024);
	return rc < 0 ? rc : 0;
}

static int start(struct keeper *k, struct optset *set, keeper_parser_fn parser)
{
	struct sandbox_user user;
	int rc;

	sandbox_find_user(&user);
	rc = keeper_number(k, set);
	rc = rc ? rc : start_runner(k, set);
	rc = rc ? rc : start_resolver(k, set, &user);
	/* Scripts need no more than others do */
	provide_files(set->count);
	rc = rc ? rc : start_parser(k, set, parser, &user);
	/* What it has by the fork is as if it were handed over */
	k->reload.handed = true;
	rc = rc ? rc : keeper_take_set(k, set);
	rc = rc ? rc : lock_memory(k);
	if (rc)
		log_err("cannot start: %s", strerror(-rc));
	return rc ? LINK_EXIT_SYSTEM : 0;
}

static int drop_rights(void)
{
	int rc = sandbox_keeper();

	if (rc)
		log_err("cannot drop rights: %s", strerror(-rc));
	return rc ? LINK_EXIT_SYSTEM : 0;
}

/* They end when their channel does; and when not, they are ended */
static void end_child(struct keeper_child *child)
{
	keeper_queue_close(&child->jobs);
	if (child->fd >= 0)
		close(child->fd);
	child->fd = -1;
	if (!child->pid)
		return;
	if (child->kill)
		kill(child->pid, SIGKILL);
	while (waitpid(child->pid, NULL, 0) < 0 && errno == EINTR)
		;
	child->pid = 0;
}

static void finish(struct keeper *k)
{
	struct keeper_link *l, *next;
	int events = k->events.fd;

	end_child(&k->parser);
	keeper_queue_close(&k->events);
	if (events >= 0)
		close(events);
	end_child(&k->resolver);
	end_child(&k->runner);
	keeper_log_end(k);
	HASH_ITER(by_conf, k->by_conf, l, next)
		keeper_forget(k, l);
	lookups_free(k->lookups);
	keeper_reload_end(k);
	if (k->secret && k->secret != MAP_FAILED)
		secret_wipe(k->secret, sizeof(*k->secret));
	pidfile_unlock(&k->pidfile);
	rtnl_close(k->rtnl);
	module_close(k->module);
}

/**
 * keeper_run() - be the daemon: start all of its processes, and stay
 * @argc: of main()
 * @argv: of main()
 * @set: all links; their keys are wiped when the parser has them, and they are taken
 * @parser: what the parser's process does
 * Return: exit code.
 */
int keeper_run(int argc, char **argv, struct optset *set, keeper_parser_fn parser)
{
	struct keeper k = {
		.argc = argc,
		.argv = argv,
		.many = set->many,
		.fips = set->many || optset_any_fips(set),
		.pidfile = PIDFILE_INIT,
		.room = keeper_room(set->count),
		.pauses = PAUSES,
		.parser = { .name = "parser", .fd = -1, .kill = true },
		.runner = { .name = "runner", .fd = -1 },
		.resolver = { .name = "resolver", .fd = -1, .kill = true },
		.events = { .fd = -1 },
	};
	sigset_t held;
	int rc;

	hold_signals(&held);
	rc = open_kernel(&k);
	if (!rc && keeper_claim_many(&k))
		rc = LINK_EXIT_DEVICE;
	rc = rc ? rc : start(&k, set, parser);
	rc = rc ? rc : drop_rights();
	rc = rc ? rc : watch(&k);
	sigprocmask(SIG_UNBLOCK, &held, NULL);
	if (!rc) {
		ev_run(k.loop, 0);
		rc = k.code;
	}
	finish(&k);
	return rc;
}
