// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Names as the parser has them looked up: nothing waits for an address, and what
 * the keeper refuses is asked again. The keeper's end of the channel is ours: its
 * answer is there before the question.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <ev.h>
#include <netdb.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "ask.h"
#include "channel.h"
#include "link.h"
#include "log.h"
#include "resolve.h"

static struct ev_loop *loop;
static int keeper;		/* end of the channel */
static unsigned int found;	/* how often */
static int last_error;
static union addr last_addr;
static char said[4096];		/* by the log */

static void on_found(void *ctx, int error, const union addr *addr)
{
	(void)ctx;
	found++;
	last_error = error;
	last_addr = *addr;
}

static void on_log(int priority, const char *device, const char *text)
{
	(void)device;
	if (priority <= LOG_INFO)
		snprintf(said, sizeof(said), "%s", text);
}

/* What the next question is answered */
static void will_say(int result)
{
	const struct answer a = { .result = result };

	assert_int_equal(channel_send(keeper, &a, sizeof(a), -1), 0);
}

/* The question that came; its number */
static uint32_t asked(const char *host)
{
	struct request r;
	int fd;

	assert_int_equal(channel_try_receive(keeper, &r, sizeof(r), &fd),
			 request_size(REQUEST_RESOLVE));
	assert_int_equal(r.op, REQUEST_RESOLVE);
	assert_int_equal(r.conf, 7);
	assert_string_equal(r.resolve.host, host);
	return r.resolve.number;
}

static void not_asked(void)
{
	struct request r;
	int fd;

	assert_int_equal(channel_try_receive(keeper, &r, sizeof(r), &fd), -EAGAIN);
}

static union addr address(void)
{
	union addr addr = { .in = { .sin_family = AF_INET } };

	addr.in.sin_addr.s_addr = htonl(0xc0000202);
	return addr;
}

static void test_found(void **state)
{
	struct resolver *r = resolver_new(loop, 7, on_found, NULL);
	const union addr addr = address();
	uint32_t number;

	(void)state;
	found = 0;
	will_say(0);
	resolver_start(r, "gw.example", 6794, AF_INET);
	number = asked("gw.example");
	/* One at a time */
	resolver_start(r, "gw.example", 6794, AF_INET);
	not_asked();
	/* The answer to another question */
	ask_resolved(number + 1, 0, &addr);
	assert_int_equal(found, 0);
	ask_resolved(number, 0, &addr);
	assert_int_equal(found, 1);
	assert_int_equal(last_error, 0);
	assert_int_equal(addr_port(&last_addr), 6794);
	/* Once */
	ask_resolved(number, 0, &addr);
	assert_int_equal(found, 1);
	/* Who asks no more is told no more */
	will_say(0);
	resolver_start(r, "gw.example", 6794, AF_INET);
	number = asked("gw.example");
	resolver_free(r);
	ask_resolved(number, 0, &addr);
	assert_int_equal(found, 1);
	resolver_free(NULL);
}

static void test_refused(void **state)
{
	struct resolver *r = resolver_new(loop, 7, on_found, NULL);
	const union addr addr = address();
	double began = ev_time();
	uint32_t number;

	(void)state;
	found = 0;
	said[0] = '\0';
	will_say(-ENOMEM);
	resolver_start(r, "gw.example", 6794, AF_INET);
	asked("gw.example");
	assert_string_equal(said, "cannot have gw.example looked up: Cannot allocate memory; "
				  "trying again in 1 s");
	/* Not before its time, whoever wants it */
	resolver_start(r, "gw.example", 6794, AF_INET);
	not_asked();
	will_say(-ENOMEM);
	ev_now_update(loop);
	ev_run(loop, EVRUN_ONCE);
	asked("gw.example");
	assert_true(ev_time() - began >= 0.9);
	assert_non_null(strstr(said, "trying again in 2 s"));
	will_say(0);
	ev_run(loop, EVRUN_ONCE);
	number = asked("gw.example");
	assert_true(ev_time() - began >= 2.8);
	assert_int_equal(found, 0);
	ask_resolved(number, 0, &addr);
	assert_int_equal(found, 1);
	/* Nothing is left running */
	will_say(-ENOMEM);
	resolver_start(r, "gw.example", 6794, AF_INET);
	asked("gw.example");
	assert_non_null(strstr(said, "trying again in 1 s"));
	resolver_free(r);
	assert_false(ev_run(loop, EVRUN_NOWAIT));
}

static unsigned int resolved;
static int resolved_code;

static void on_resolved(void *ctx, struct link *l, int code)
{
	(void)ctx;
	(void)l;
	resolved++;
	resolved_code = code;
}

static void set_name(struct options_addr *addr, const char *host, uint16_t port)
{
	addr->set = true;
	snprintf(addr->host, sizeof(addr->host), "%s", host);
	snprintf(addr->text, sizeof(addr->text), "%s:%u", host, port);
	addr->port = port;
}

/* What link_free() asks of the keeper is not the matter here */
static void free_link(struct link *l)
{
	resolver_free(l->finder);
	l->finder = NULL;
	link_free(l);
}

/* me is left out and peer is a name: the family of the socket is not known before
 * the address. It is asked for, and that is all; then come our own, if that is a
 * name.
 */
static void test_set_up(void **state)
{
	const struct link_env env = { .loop = loop, .resolved = on_resolved };
	const union addr addr = address();
	struct options opts = { 0 };
	struct link *l;
	uint32_t number;

	(void)state;
	set_name(&opts.peer, "peer.example", 6794);
	l = link_new(&env, 7, &opts);
	assert_non_null(l);
	resolved = 0;
	will_say(0);
	assert_int_equal(link_resolve(l), LINK_LATER);
	number = asked("peer.example");
	assert_int_equal(resolved, 0);
	ask_resolved(number, 0, &addr);
	assert_int_equal(resolved, 1);
	assert_int_equal(resolved_code, 0);
	assert_true(addr_equal_host(&l->configured, &addr));
	assert_int_equal(l->me.sa.sa_family, AF_INET);
	/* Both, one after the other */
	memset(&l->configured, 0, sizeof(l->configured));
	set_name(&opts.me, "me.example", 0);
	opts.peer.salen = 0;
	will_say(0);
	assert_int_equal(link_resolve(l), LINK_LATER);
	number = asked("peer.example");
	will_say(0);
	ask_resolved(number, 0, &addr);
	number = asked("me.example");
	assert_int_equal(resolved, 1);
	ask_resolved(number, EAI_NONAME, &addr);
	assert_int_equal(resolved, 2);
	assert_int_equal(resolved_code, LINK_EXIT_NAME);
	free_link(l);
}

/* A link whose peer's name could not be resolved once */
static struct link *new_waiting(const struct link_env *env, const struct options *opts)
{
	const union addr none = { 0 };
	struct link *l = link_new(env, 7, opts);

	assert_non_null(l);
	resolved = 0;
	ev_now_update(loop);
	will_say(0);
	assert_int_equal(link_resolve(l), LINK_LATER);
	ask_resolved(asked("peer.example"), EAI_AGAIN, &none);
	assert_int_equal(resolved, 1);
	assert_int_equal(resolved_code, LINK_LATER);
	return l;
}

/* The peer's is tried again, later each time, and may have another family then */
static void test_set_up_later(void **state)
{
	const struct link_env env = { .loop = loop, .resolved = on_resolved };
	const union addr addr6 = { .in6 = { .sin6_family = AF_INET6 } };
	const union addr none = { 0 };
	struct options opts = { 0 };
	double began = ev_time();
	struct link *l;

	(void)state;
	set_name(&opts.peer, "peer.example", 6794);
	l = new_waiting(&env, &opts);
	assert_non_null(strstr(said, "cannot resolve peer.example: "));
	not_asked();
	will_say(0);
	ev_run(loop, EVRUN_ONCE);
	assert_true(ev_time() - began >= 0.9);
	ask_resolved(asked("peer.example"), EAI_AGAIN, &none);
	assert_int_equal(resolved, 2);
	assert_int_equal(resolved_code, LINK_LATER);
	will_say(0);
	ev_run(loop, EVRUN_ONCE);
	assert_true(ev_time() - began >= 2.8);
	ask_resolved(asked("peer.example"), 0, &addr6);
	assert_int_equal(resolved, 3);
	assert_int_equal(resolved_code, 0);
	assert_int_equal(l->me.sa.sa_family, AF_INET6);
	free_link(l);
}

/* Then ours is as well: one failure more must not undo all the waiting */
static void test_set_up_later_me(void **state)
{
	const struct link_env env = { .loop = loop, .resolved = on_resolved };
	const union addr none = { 0 }, addr = address();
	struct options opts = { 0 };
	struct link *l;

	(void)state;
	set_name(&opts.me, "me.example", 6794);
	set_name(&opts.peer, "peer.example", 6794);
	l = new_waiting(&env, &opts);
	will_say(0);
	ev_run(loop, EVRUN_ONCE);
	will_say(0);
	ask_resolved(asked("peer.example"), 0, &addr);
	assert_int_equal(resolved, 1);
	ask_resolved(asked("me.example"), EAI_AGAIN, &none);
	assert_int_equal(resolved, 2);
	assert_int_equal(resolved_code, LINK_LATER);
	assert_non_null(strstr(said, "cannot resolve me.example: "));
	not_asked();
	will_say(0);
	ev_run(loop, EVRUN_ONCE);
	ask_resolved(asked("me.example"), 0, &addr);
	assert_int_equal(resolved, 3);
	assert_int_equal(resolved_code, 0);
	assert_true(addr_equal_host(&l->me, &addr));
	free_link(l);
}

static int setup(void **state)
{
	static struct keeper_ends ends = { -1, -1, NULL };
	int requests[2];

	(void)state;
	assert_int_equal(channel_pair(requests), 0);
	keeper = requests[1];
	ends.requests = requests[0];
	ask_init(&ends);
	log_set_sink(on_log);
	loop = ev_loop_new(EVFLAG_AUTO);
	return !loop;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_found), cmocka_unit_test(test_refused),
		cmocka_unit_test(test_set_up), cmocka_unit_test(test_set_up_later),
		cmocka_unit_test(test_set_up_later_me),
	};

	return cmocka_run_group_tests_name("names", tests, setup, NULL);
}
