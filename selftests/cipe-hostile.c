// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A parser in the hands of a stranger: the daemon's own processes, but for the
 * parser, which comes up as the true one does and then tries what the first
 * argument says. The others are as of ciped.
 *
 *	cipe-hostile call NAME [-o FILE]	a system call
 *	cipe-hostile open-call NAME ...	the same without the filter of system
 *					calls: what is left then
 *	cipe-hostile ask FOREIGN ...		all requests it has no right to;
 *						FOREIGN is an interface of others
 *	cipe-hostile malformed ...	a request that is none
 *	cipe-hostile empty ...		a message of no octets, and all is well
 *	cipe-hostile flood ...		requests, whose answers are not read
 *	cipe-hostile half END ...	an interface that it creates and does not take
 *					over, and then END: exit, crash, ready, drop,
 *					malformed
 *	cipe-hostile log ...		messages without end
 *	cipe-hostile keep FOREIGN ...	after SIGHUP: it keeps what is configured no
 *					more
 *	cipe-hostile stall FOREIGN ...	after SIGHUP: it never says that all is applied, but
 *					asks for what seems to be progress
 *	cipe-hostile drop FOREIGN ...	it gives a link up, and does not take it down
 *
 * What came of it is in the log, on stderr; the exit code is the daemon's.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "ask.h"
#include "channel.h"
#include "iface.h"
#include "keeper.h"
#include "log.h"
#include "module.h"
#include "netlink.h"
#include "optset.h"
#include "pidfile.h"
#include "resolve.h"
#include "sandbox.h"
#include "secret.h"

/* Set before the processes part */
static const char *what, *which;
static struct kernel_link foreign;
static pid_t keeper;

/* ------------------------------------------------------------------------
 * system calls
 */

static long try_open(void)
{
	return open("/proc/1/environ", O_RDONLY);
}

static long try_write(void)
{
	return open("/run/hostile", O_WRONLY | O_CREAT, 0600);
}

static long try_socket(void)
{
	return socket(AF_INET, SOCK_RAW, IPPROTO_ICMP);
}

static long try_exec(void)
{
	char *const argv[] = { "/bin/sh", "-c", "echo hostile", NULL };

	return execv(argv[0], argv);
}

static long try_fork(void)
{
	return fork();
}

static long try_ptrace(void)
{
	return ptrace(PTRACE_SEIZE, keeper, NULL, NULL);
}

static long try_memory(void)
{
	char byte;
	const struct iovec iov = { &byte, 1 };

	return syscall(SYS_process_vm_readv, keeper, &iov, 1, &iov, 1, 0);
}

static long try_kill(void)
{
	return kill(keeper, SIGTERM);
}

static long try_setuid(void)
{
	return setuid(0);
}

static long try_namespace(void)
{
	return unshare(CLONE_NEWUSER);
}

/* Code of one's own: new, or written over */
static long try_code(void)
{
	return (long)mmap(NULL, 4096, PROT_READ | PROT_WRITE | PROT_EXEC,
			  MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
}

static long try_dump(void)
{
	return prctl(PR_SET_DUMPABLE, 1, 0, 0, 0);
}

static const struct call {
	const char *name;
	long (*run)(void);
} calls[] = {
	{ "open", try_open }, { "write", try_write }, { "socket", try_socket },
	{ "exec", try_exec }, { "fork", try_fork }, { "ptrace", try_ptrace },
	{ "memory", try_memory }, { "kill", try_kill }, { "setuid", try_setuid },
	{ "namespace", try_namespace }, { "code", try_code }, { "dump", try_dump },
};

static void run_call(void)
{
	size_t i;
	long rc;

	for (i = 0; i < sizeof(calls) / sizeof(calls[0]); i++) {
		if (strcmp(calls[i].name, which))
			continue;
		rc = calls[i].run();
		log_notice("%s: %s", which, rc < 0 ? strerror(errno) : "done");
		return;
	}
	log_err("no system call %s", which);
}

/* ------------------------------------------------------------------------
 * requests
 */

static int refused, allowed;

/* The link that it is about */
static uint32_t conf;

static void expect(const char *name, int rc, int expected)
{
	log_notice("%s: %s%s", name, rc ? strerror(rc < 0 ? -rc : rc) : "done",
		   rc == expected ? "" : ", and should not have been");
	if (rc == expected)
		refused++;
	else
		allowed++;
}

static int ask_number(uint32_t op, uint32_t number)
{
	struct request r = { .conf = conf, .op = op, .number = number };

	return ask_simple(&r);
}

static int ask_name(uint32_t op, const char *name)
{
	struct request r = { .conf = conf, .op = op };

	snprintf(r.name, sizeof(r.name), "%s", name);
	return ask_simple(&r);
}

static int ask_addr(unsigned int ifindex, const char *local, const char *peer)
{
	struct request r = { .conf = conf, .op = REQUEST_ADDR_ADD, .ifaddr.ifindex = ifindex };

	inet_pton(AF_INET, local, &r.ifaddr.local);
	inet_pton(AF_INET, peer, &r.ifaddr.peer);
	return ask_simple(&r);
}

static int ask_key(uint32_t link, enum cipe_cipher cipher, uint32_t key_len)
{
	struct request r = { .conf = conf, .op = REQUEST_KEY_SET };

	r.key = (struct request_key){
		.link = link, .slot = CIPE_SLOT_CURRENT, .rx_id = 0x1000, .tx_id = 0x2000,
		.cipher = cipher, .key_len = key_len, .lifetime_ms = 60000,
	};
	return ask_simple(&r);
}

static int ask_set(uint32_t link, int fd)
{
	struct request r = { .conf = conf, .op = REQUEST_LINK_SET, .set.link = link };
	struct answer a;

	r.set.what = fd >= 0 ? REQUEST_SET_SOCKET : REQUEST_SET_TIMERS;
	return ask_call(&r, fd, &a, NULL);
}

static int ask_bind(int fd, const char *host, uint16_t port)
{
	struct request r = { .conf = conf, .op = REQUEST_UDP_BIND };
	struct answer a;

	r.addr.in.sin_family = AF_INET;
	r.addr.in.sin_port = htons(port);
	inet_pton(AF_INET, host, &r.addr.in.sin_addr);
	return ask_call(&r, fd, &a, NULL);
}

static int ask_event(uint32_t link, enum hooks_event event, const char *host)
{
	const struct ask_script script = {
		.link = link, .event = event,
		.me.in = { .sin_family = AF_INET, .sin_port = htons(6794),
			   .sin_addr.s_addr = inet_addr(host) },
	};

	return ask_script(conf, &script, NULL, NULL);
}

static int ask_memory(uint32_t link)
{
	struct request r = { .conf = conf, .op = REQUEST_STATE_SAVE, .state.link = link };

	return ask_simple(&r);
}

static int ask_host(const char *host)
{
	struct request r = { .conf = conf, .op = REQUEST_RESOLVE };

	snprintf(r.resolve.host, sizeof(r.resolve.host), "%s", host);
	return ask_simple(&r);
}

/* In set-up: it may have what is configured, and not another */
static void ask_in_setup(const struct options *opts, struct kernel_link *own)
{
	const uint8_t id[STATE_ID_LEN] = "hostile", other[STATE_ID_LEN] = "another";
	struct carrier c = CARRIER_INIT;
	struct pidfile pf = PIDFILE_INIT;
	struct state st;

	expect("memories of a link", ask_state_open(&st, conf, id), 0);
	expect("memories of another link", ask_state_open(&st, conf, other), -EPERM);
	expect("another interface's pid file", pidfile_create(&pf, conf, foreign.name, NULL), -EPERM);
	expect("another interface's index", ask_name(REQUEST_IFACE_INDEX, foreign.name), -EPERM);
	expect("an interface without its pid file", ask_name(REQUEST_IFACE_CREATE, opts->device),
	       -EPERM);
	expect("own pid file", pidfile_create(&pf, conf, opts->device, NULL), 0);
	expect("an interface of another name", ask_name(REQUEST_IFACE_CREATE, "hostile0"), -EPERM);
	expect("adopting another's link", kernel_link_find(conf, foreign.ifindex, own),
	       -ENODEV);
	expect("own interface", ask_name(REQUEST_IFACE_CREATE, opts->device), 0);
	expect("the name of an interface without its link", ask_name(REQUEST_RELEASE, opts->device),
	       -EBUSY);
	expect("a second interface", ask_name(REQUEST_IFACE_CREATE, opts->device), -EPERM);
	expect("own link", kernel_link_find(conf,
					    (unsigned int)iface_index(conf, opts->device), own), 0);
	expect("own socket", carrier_open(&c, conf, AF_INET), 0);
	expect("another address", ask_bind(c.fd, "192.0.2.1", 53), -EPERM);
	expect("binding a socket not of the keeper",
	       ask_bind(ask_events_fd(), "192.0.2.1", 6794), -EPERM);
	expect("handing over a socket not of the keeper",
	       ask_set(own->id, ask_events_fd()), -EPERM);
	ask_ready(conf);
}

static void ask_anything(const struct options *opts, const struct kernel_link *own)
{
	struct carrier c = CARRIER_INIT;
	struct kernel_link seen;

	conf += 1;
	expect("a link that is not configured", ask_name(REQUEST_CLAIM, "hostile0"), -EPERM);
	expect("setting it up", ask_number(REQUEST_READY, 0), -EPERM);
	conf -= 1;
	expect("setting up again", ask_number(REQUEST_READY, 0), -EPERM);
	expect("an interface after set-up", ask_name(REQUEST_IFACE_CREATE, opts->device), -EPERM);
	expect("a socket after set-up", carrier_open(&c, conf, AF_INET), -EPERM);
	expect("raw ICMP after set-up", ask_number(REQUEST_ICMP_OPEN, AF_INET), -EPERM);
	expect("looking at another link", kernel_link_get(conf, foreign.id, &seen), -EPERM);
	expect("finding another link", kernel_link_find(conf, foreign.ifindex, &seen),
	       -ENODEV);
	expect("changing another link", ask_set(foreign.id, -1), -EPERM);
	expect("a key for another link", ask_key(foreign.id, opts->cipher, 32), -EPERM);
	expect("a key of another cipher", ask_key(own->id, CIPE_CIPHER_AES_128_GCM, 16), -EPERM);
	expect("retiring another's keys", kernel_key_del_all(conf, foreign.id), -EPERM);
	expect("deleting another interface", iface_delete(conf, foreign.ifindex), -EPERM);
	expect("deleting lo", iface_delete(conf, 1), -EPERM);
	expect("another's MTU", iface_set_mtu(conf, foreign.ifindex, 100), -EPERM);
	expect("another's address", ask_addr(foreign.ifindex, "10.99.0.1", "10.99.0.2"), -EPERM);
	expect("another address of ours", ask_addr(own->ifindex, "10.99.0.7", "10.99.0.2"), -EPERM);
	expect("a route to another host", ask_addr(own->ifindex, "10.99.0.1", "192.0.2.2"), -EPERM);
	expect("another link's memories", ask_memory(foreign.id), -EPERM);
	expect("own memories", ask_memory(own->id), 0);
	expect("another name", ask_host("hostile.example"), -EPERM);
	expect("another link's script", ask_event(foreign.id, HOOKS_UP, "192.0.2.1"), -EPERM);
	expect("ip-down before ip-up", ask_event(own->id, HOOKS_DOWN, "192.0.2.1"), -EPERM);
	expect("ip-up with an address not ours", ask_event(own->id, HOOKS_UP, "192.0.2.77"),
	       -EPERM);
	expect("ip-up", ask_event(own->id, HOOKS_UP, "192.0.2.1"), 0);
	expect("ip-up again", ask_event(own->id, HOOKS_UP, "192.0.2.1"), -EPERM);
	expect("own key", ask_key(own->id, opts->cipher, 32), 0);
	log_notice("%d as expected, %d not", refused, allowed);
}

/* Requests without end, and never an answer read */
static void send_flood(int requests)
{
	struct request r = { .conf = conf, .op = REQUEST_BOOT };

	while (!channel_send(requests, &r, request_size(r.op), -1))
		;
}

/* As many messages as there is time for in a second or so */
static void send_log(void)
{
	int i;

	for (i = 0; i < 20000; i++)
		log_notice("flood %d", i);
}

static void send_malformed(int requests)
{
	const struct request r = { .conf = conf, .op = REQUEST_CLAIM };
	struct answer a;
	int fd;

	channel_send(requests, &r, request_size(r.op) - 1, -1);
	channel_receive(requests, &a, sizeof(a), &fd);
}

static int leave_half(const struct options *opts, int requests)
{
	struct pidfile pf = PIDFILE_INIT;

	expect("own pid file", pidfile_create(&pf, conf, opts->device, NULL), 0);
	expect("own interface", ask_name(REQUEST_IFACE_CREATE, opts->device), 0);
	if (iface_index(conf, opts->device) <= 0)
		allowed++;
	if (!strcmp(which, "crash"))
		abort();
	if (!strcmp(which, "ready")) {
		ask_ready(conf);
		expect("taking it over now", iface_index(conf, opts->device) > 0 ? 0 : -EPERM, -EPERM);
		ask_applied();
	} else if (!strcmp(which, "drop")) {
		ask_drop(conf);
	} else if (!strcmp(which, "malformed")) {
		send_malformed(requests);
	}
	return allowed ? 1 : EXIT_SUCCESS;
}

/* Nothing is closed */
static void send_empty(int requests)
{
	struct answer a;
	int fd;

	channel_send(requests, "", 0, ask_events_fd());
	channel_receive(requests, &a, sizeof(a), &fd);
}

/* Up to the next options, of which none is applied */
static void keep(const struct options *opts, int events)
{
	struct kernel_link own;
	struct event e;
	int fd = -1;

	ask_in_setup(opts, &own);
	ask_applied();
	while (channel_receive(events, &e, sizeof(e), &fd) == sizeof(e) && e.type != EVENT_OPTIONS)
		;
	log_notice("options came, of %u octets", e.number);
	ask_applied();
}

/* A link that is not configured as it was may only be taken down */
static void stall(const struct options *opts, int events)
{
	int fd = -1, clock = epoll_create1(0);
	struct epoll_event nothing;
	struct kernel_link own;
	struct event e;

	ask_in_setup(opts, &own);
	ask_applied();
	while (channel_receive(events, &e, sizeof(e), &fd) == sizeof(e) && e.type != EVENT_OPTIONS)
		;
	expect("a key for a link that changed", ask_key(own.id, opts->cipher, 32), -ECANCELED);
	expect("timers of it", ask_set(own.id, -1), -ECANCELED);
	expect("an address of it", ask_addr(own.ifindex, "10.99.0.1", "10.99.0.2"), -ECANCELED);
	expect("looking at it", kernel_link_get(conf, own.id, &own), 0);
	expect("retiring its keys", kernel_key_del_all(conf, own.id), 0);
	expect("deleting its interface", iface_delete(conf, own.ifindex), 0);
	/* What has nothing to do any more is no progress */
	expect("deleting all", iface_delete_all(), 0);
	while (clock >= 0) {
		epoll_wait(clock, &nothing, 1, 20000);
		iface_delete_all();
	}
}

static int give_up(const struct options *opts)
{
	struct kernel_link own, seen;

	ask_in_setup(opts, &own);
	ask_applied();
	expect("own key", ask_key(own.id, opts->cipher, 32), 0);
	expect("own link", kernel_link_get(conf, own.id, &seen), 0);
	ask_drop(conf);
	expect("a link that was given up", kernel_link_get(conf, own.id, &seen), -EPERM);
	return allowed ? 1 : EXIT_SUCCESS;
}

/* In place of parser_run() */
static int hostile(struct optset *set, const struct keeper_ends *ends)
{
	const struct options *opts = &set->item[0]->opts;
	struct kernel_link own;

	conf = set->item[0]->conf;
	ask_init(ends);
	log_set_sink(ask_log);
	if (strcmp(what, "open-call") && sandbox_parser())
		return 1;
	if (!strcmp(what, "ask")) {
		ask_in_setup(opts, &own);
		ask_anything(opts, &own);
		return allowed ? 1 : EXIT_SUCCESS;
	}
	if (!strcmp(what, "half"))
		return leave_half(opts, ends->requests);
	if (!strcmp(what, "malformed"))
		send_malformed(ends->requests);
	else if (!strcmp(what, "empty"))
		send_empty(ends->requests);
	else if (!strcmp(what, "flood"))
		send_flood(ends->requests);
	else if (!strcmp(what, "log"))
		send_log();
	else if (!strcmp(what, "keep"))
		keep(opts, ends->events);
	else if (!strcmp(what, "stall"))
		stall(opts, ends->events);
	else if (!strcmp(what, "drop"))
		return give_up(opts);
	else
		run_call();
	return EXIT_SUCCESS;
}

/* As root, before anything else */
static void look_at_foreign(void)
{
	struct module *module;

	foreign.ifindex = if_nametoindex(which);
	if (module_open(&module) || module_link_find(module, foreign.ifindex, &foreign)) {
		fprintf(stderr, "cipe-hostile: %s is no link\n", which);
		exit(2);
	}
	module_close(module);
}

int main(int argc, char **argv)
{
	bool has_name = argc > 2 && argv[2][0] != '-';
	int skip = has_name ? 2 : 1;
	struct optset set;
	int rc;

	if (argc < 2)
		return 2;
	what = argv[1];
	which = has_name ? argv[2] : "";
	keeper = getpid();
	if (which[0] && strcmp(what, "call") && strcmp(what, "open-call") && strcmp(what, "half"))
		look_at_foreign();
	if (secret_init(0) || secret_harden())
		return 2;
	argv[skip] = argv[0];
	rc = optset_load(argc - skip, argv + skip, false, true, &set, stderr);
	if (rc)
		return rc;
	log_init(set.debug);
	rc = keeper_run(argc - skip, argv + skip, &set, hostile);
	optset_wipe(&set);
	return rc;
}
