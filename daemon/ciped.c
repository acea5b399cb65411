// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The daemon: options in, start, event loop, shutdown.
 */
#include <errno.h>
#include <ev.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sysexits.h>
#include <unistd.h>

#include "daemonize.h"
#include "hub.h"
#include "log.h"
#include "optset.h"
#include "secret.h"

/**
 * struct daemon - the whole process
 * @argc: of main()
 * @argv: of main()
 * @env: shared by all links
 * @hub: the links
 * @events: the module has news
 * @interfaces: an interface changed
 * @term: SIGTERM
 * @interrupt: SIGINT
 * @hangup: SIGHUP
 * @code: exit code
 */
struct daemon {
	int argc;
	char **argv;
	struct link_env env;
	struct hub *hub;
	ev_io events;
	ev_io interfaces;
	ev_signal term;
	ev_signal interrupt;
	ev_signal hangup;
	int code;
};

static void on_ended(void *ctx, int code)
{
	struct daemon *d = ctx;

	d->code = code;
	ev_break(d->env.loop, EVBREAK_ALL);
}

static void on_kernel_event(void *ctx, const struct kernel_event *event)
{
	struct daemon *d = ctx;

	hub_event(d->hub, event);
}

static void on_events(struct ev_loop *loop, ev_io *w, int revents)
{
	struct daemon *d = w->data;
	int rc = kernel_events_read(d->env.kernel, on_kernel_event, d);

	(void)loop;
	(void)revents;
	if (!rc)
		return;
	log_set_device("");
	log_debug("events of the module: %s", strerror(-rc));
	hub_check(d->hub);
}

static void on_interface_gone(void *ctx, unsigned int ifindex)
{
	struct daemon *d = ctx;

	hub_interface_gone(d->hub, ifindex);
}

static void on_interfaces(struct ev_loop *loop, ev_io *w, int revents)
{
	struct daemon *d = w->data;

	(void)loop;
	(void)revents;
	if (iface_events_read(d->env.rtnl, on_interface_gone, d))
		hub_check(d->hub);
}

static void on_stop(struct ev_loop *loop, ev_signal *w, int revents)
{
	struct daemon *d = w->data;

	(void)loop;
	(void)revents;
	log_set_device("");
	log_notice("%s: going down", strsignal(w->signum));
	hub_stop(d->hub);
}

static void on_hangup(struct ev_loop *loop, ev_signal *w, int revents)
{
	struct daemon *d = w->data;

	(void)loop;
	(void)revents;
	hub_reload(d->hub);
}

/* ------------------------------------------------------------------------
 * start and end
 */

static int open_kernel(struct daemon *d)
{
	int rc = kernel_open(&d->env.kernel);

	if (rc == -ENOENT && !kernel_load_module())
		rc = kernel_open(&d->env.kernel);
	if (rc == -ENOENT) {
		log_err("module cipe is not loaded: run modprobe cipe");
		return LINK_EXIT_MODULE;
	}
	if (rc) {
		log_err("cannot talk to module cipe: %s", strerror(-rc));
		return LINK_EXIT_SYSTEM;
	}
	return 0;
}

static int open_env(struct daemon *d)
{
	int rc = open_kernel(d);

	if (rc)
		return rc;
	d->env.loop = ev_default_loop(EVFLAG_AUTO);
	d->env.hooks = d->env.loop ? hooks_new(d->env.loop) : NULL;
	if (!d->env.hooks || iface_open(&d->env.rtnl)) {
		log_err("cannot start: no event loop, rtnetlink or memory");
		return LINK_EXIT_SYSTEM;
	}
	return 0;
}

/* Until the event loop can hear SIGHUP: it must not end us before */
static void hold_hangup(int how)
{
	sigset_t hangup;

	sigemptyset(&hangup);
	sigaddset(&hangup, SIGHUP);
	sigprocmask(how, &hangup, NULL);
}

/* From here on a signal waits for the event loop: what is set up by then is
 * taken down in order.
 */
static void watch_signals(struct daemon *d)
{
	struct ev_loop *loop = d->env.loop;

	ev_signal_init(&d->term, on_stop, SIGTERM);
	ev_signal_init(&d->interrupt, on_stop, SIGINT);
	ev_signal_init(&d->hangup, on_hangup, SIGHUP);
	d->term.data = d->interrupt.data = d->hangup.data = d;
	ev_signal_start(loop, &d->term);
	ev_signal_start(loop, &d->interrupt);
	ev_signal_start(loop, &d->hangup);
	hold_hangup(SIG_UNBLOCK);
}

static void watch_kernel(struct daemon *d)
{
	struct ev_loop *loop = d->env.loop;

	ev_io_init(&d->events, on_events, kernel_events_fd(d->env.kernel), EV_READ);
	ev_io_init(&d->interfaces, on_interfaces, iface_events_fd(d->env.rtnl), EV_READ);
	d->events.data = d->interfaces.data = d;
	ev_io_start(loop, &d->events);
	ev_io_start(loop, &d->interfaces);
}

static void close_env(struct daemon *d)
{
	hooks_free(d->env.hooks);
	iface_close(d->env.rtnl);
	kernel_close(d->env.kernel);
}

static int load_again(void *ctx, bool many, struct optset *set, FILE *err)
{
	const struct daemon *d = ctx;

	return optset_load(d->argc, d->argv, many, set, err);
}

static int run(int argc, char **argv, struct optset *set)
{
	struct daemon d = { .argc = argc, .argv = argv };
	int rc = open_env(&d);

	if (!rc) {
		const struct hub_config config = {
			.env = d.env, .load = load_again, .ended = on_ended, .ctx = &d,
		};

		d.hub = hub_new(&config, set);
		rc = d.hub ? hub_resolve(d.hub) : LINK_EXIT_SYSTEM;
	}
	if (!rc) {
		watch_signals(&d);
		rc = hub_start(d.hub);
	}
	if (!rc) {
		watch_kernel(&d);
		daemonize_ready();
		ev_run(d.env.loop, 0);
		rc = d.code;
	}
	hub_free(d.hub);
	close_env(&d);
	return rc;
}

/* Locks are not inherited by the child that goes to the background */
static int go_background(void)
{
	int rc = daemonize_begin();

	if (!rc && mlockall(MCL_CURRENT | MCL_ONFAULT))
		rc = -errno;
	if (rc)
		log_err("cannot go to the background: %s", strerror(-rc));
	return rc ? LINK_EXIT_SYSTEM : 0;
}

/* Room for twice the links there are: others come, and options are compared with
 * those before. What is not used takes no memory.
 */
static int prepare_secrets(void)
{
	int rc = secret_init(SECRET_HEAP_DEFAULT + 2 * SECRET_HEAP_LINK * optset_count());

	if (!rc)
		rc = secret_harden();
	if (rc)
		log_err("cannot lock memory for keys: %s. Run as root, or raise RLIMIT_MEMLOCK",
			strerror(-rc));
	return rc ? LINK_EXIT_SYSTEM : 0;
}

/* Started without stdin, stdout or stderr: nothing else shall get their numbers,
 * and our messages
 */
static int fill_standard_fds(void)
{
	int fd;

	do {
		fd = open("/dev/null", O_RDWR | O_NOCTTY);
	} while (fd >= 0 && fd <= STDERR_FILENO);
	if (fd < 0)
		return LINK_EXIT_SYSTEM;
	close(fd);
	return 0;
}

/* Nothing is touched while there is a fault in any file */
static int load_options(int argc, char **argv, struct optset *set)
{
	int rc = optset_load(argc, argv, false, set, stderr);

	return rc ? rc : set->faults ? EX_CONFIG : 0;
}

int main(int argc, char **argv)
{
	struct optset set = { 0 };
	int rc = fill_standard_fds();

	/* Whoever reads our stderr may be gone before we are */
	signal(SIGPIPE, SIG_IGN);
	hold_hangup(SIG_BLOCK);
	if (!rc)
		rc = prepare_secrets();
	if (rc)
		return rc;
	rc = load_options(argc, argv, &set);
	if (!rc) {
		log_init(set.debug);
		if (!set.debug)
			rc = go_background();
		if (!rc)
			rc = run(argc, argv, &set);
	}
	optset_wipe(&set);
	secret_exit();
	return rc < 0 ? EXIT_SUCCESS : rc;
}
