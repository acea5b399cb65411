// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Options read again: which links come, go, change and stay; which end of a link
 * ends the daemon. The links are models that note what is done to them.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "hub.h"
#include "secret.h"

/* ------------------------------------------------------------------------
 * links: each call is noted as "verb device", a change of options as tokey
 */

static char notes[65536];
static const char *fails;		/* device that cannot be set up */
static struct link *all[64];
static uint32_t last_id;
static char session;			/* stands for any session */

const struct port_ops link_port_ops;

static void note(const char *verb, const struct link *l)
{
	size_t len = strlen(notes);

	snprintf(notes + len, sizeof(notes) - len, "%s %s%s%u ", verb, l->opts->device, "/",
		 l->opts->tokey_ms);
}

struct link *link_new(const struct link_env *env, uint32_t conf, const struct options *opts)
{
	struct link *l = calloc(1, sizeof(*l));
	size_t i;

	l->env = env;
	l->conf = conf;
	l->opts = opts;
	snprintf(l->name, sizeof(l->name), "%s", opts->device);
	for (i = 0; all[i]; i++)
		assert_true(i < 63);
	all[i] = l;
	return l;
}

/* Those whose name begins so have names of hosts */
int link_resolve(struct link *l)
{
	return strncmp(l->opts->device, "later", 5) ? 0 : LINK_LATER;
}

int link_setup(struct link *l)
{
	size_t i;

	if (fails && !strcmp(fails, l->opts->device))
		return LINK_EXIT_DEVICE;
	/* Nobody else has the device */
	for (i = 0; i < 64; i++)
		if (all[i] && all[i] != l && all[i]->id)
			assert_string_not_equal(all[i]->opts->device, l->opts->device);
	l->id = ++last_id;
	l->ifindex = 1000 + l->id;
	if (!strncmp(l->opts->device, "orphan", 6))
		l->orphan.sa.sa_family = AF_INET;
	return 0;
}

int link_connect(struct link *l)
{
	note("connect", l);
	return 0;
}

void link_run(struct link *l)
{
	l->session = (struct session *)&session;
	note("run", l);
}

void link_stop(struct link *l, int code)
{
	assert_true(l->session || !strncmp(l->opts->device, "later", 5));
	if (l->ending)
		return;
	note("stop", l);
	l->ending = true;
	l->code = code;
}

/* All that there are have been told to stop */
int iface_delete_all(void)
{
	size_t i;

	for (i = 0; i < 64; i++)
		assert_true(!all[i] || !all[i]->session || all[i]->ending);
	strcat(notes, "delete ");
	return 0;
}

void link_free(struct link *l)
{
	size_t i;

	if (!l)
		return;
	for (i = 0; all[i] != l; i++)
		assert_true(i < 63);
	all[i] = NULL;
	free(l);
}

void link_event(struct link *l, const struct kernel_event *event)
{
	assert_int_equal(event->link, l->id);
	note("event", l);
}

void link_check(struct link *l)
{
	note("check", l);
}

void link_suspect(struct link *l, double after)
{
	(void)after;
	note("suspect", l);
}

/* ------------------------------------------------------------------------
 * the world
 */

/* Links as "device[:tokey] ...": '!' before it: its file has faults */
static struct ev_loop *loop;
static const char *files;
static int ended;
static unsigned int applied;		/* how often */
static unsigned int known;		/* links that the keeper knows of */
static uint32_t last_conf;

static void add_item(struct optset *set, const char *word)
{
	struct optset_item *item = calloc(1, sizeof(*item));
	const char *colon = strchr(word, ':');

	item->faulty = *word == '!';
	word += item->faulty;
	item->name = strndup(word, colon ? (size_t)(colon - word) : strlen(word));
	snprintf(item->opts.device, sizeof(item->opts.device), "%s", item->name);
	item->conf = ++last_conf;
	known++;
	item->opts.tokey_ms = colon ? (unsigned int)atoi(colon + 1) : 1;
	set->item = realloc(set->item, (set->count + 1) * sizeof(*set->item));
	set->item[set->count++] = item;
	set->faults += item->faulty;
}

static void load(struct optset *set)
{
	char *copy = strdup(files), *word, *rest = copy;

	memset(set, 0, sizeof(*set));
	set->many = true;
	while ((word = strsep(&rest, " ")))
		if (*word)
			add_item(set, word);
	free(copy);
}

/* What is left in a set the keeper forgets */
static void wipe(struct optset *set)
{
	size_t i;

	for (i = 0; i < set->count; i++)
		known -= !!set->item[i];
	optset_wipe(set);
}

static void on_ready(void *ctx, uint32_t conf)
{
	(void)ctx;
	assert_true(conf && conf <= last_conf);
}

static void on_gone(void *ctx, uint32_t conf)
{
	(void)ctx;
	assert_true(conf && conf <= last_conf);
	known--;
}

static void on_applied(void *ctx)
{
	(void)ctx;
	applied++;
}

static void on_ended(void *ctx, int code)
{
	(void)ctx;
	ended = code;
}

static struct hub *begin(const char *links)
{
	const struct hub_config config = {
		.env.loop = loop,
		.ready = on_ready, .gone = on_gone, .applied = on_applied, .ended = on_ended,
	};
	struct optset set;
	struct hub *h;

	notes[0] = '\0';
	ended = -1;
	applied = 0;
	known = 0;
	fails = NULL;
	files = links;
	load(&set);
	h = hub_new(&config, &set);
	wipe(&set);
	assert_non_null(h);
	return h;
}

static void start(struct hub *h)
{
	assert_int_equal(hub_start(h), 0);
	assert_int_equal(applied, 1);
}

static void reload(struct hub *h, const char *links)
{
	struct optset set;

	notes[0] = '\0';
	applied = 0;
	files = links;
	load(&set);
	hub_apply(h, &set);
	wipe(&set);
}

static struct link *link_of(const char *device)
{
	size_t i;

	for (i = 0; i < 64; i++)
		if (all[i] && !strcmp(all[i]->opts->device, device))
			return all[i];
	return NULL;
}

/* It is down, ip-down has run */
static void end(const char *device, int code)
{
	struct link *l = link_of(device);

	assert_non_null(l);
	l->env->ended(l->env->ctx, l, code);
}

static void finish(struct hub *h)
{
	size_t i;

	hub_free(h);
	for (i = 0; i < 64; i++)
		assert_null(all[i]);
	assert_int_equal(known, 0);
}

static void test_start(void **state)
{
	struct hub *h = begin("a b orphan c");

	(void)state;
	start(h);
	/* What a dead daemon left is taken over first */
	assert_string_equal(notes, "connect orphan/1 connect a/1 connect b/1 connect c/1 "
				   "run a/1 run b/1 run orphan/1 run c/1 ");
	finish(h);
}

static void test_some_fail(void **state)
{
	struct hub *h = begin("a b");

	(void)state;
	fails = "a";
	start(h);
	assert_string_equal(notes, "connect b/1 run b/1 ");
	/* Tried again */
	fails = NULL;
	reload(h, "a b");
	assert_string_equal(notes, "connect a/1 run a/1 ");
	finish(h);
	h = begin("a");
	fails = "a";
	assert_int_equal(hub_start(h), LINK_EXIT_DEVICE);
	assert_int_equal(applied, 0);
	finish(h);
}

static void test_found(void **state)
{
	struct kernel_event event = { .cmd = CIPE_CMD_PEER_DEAD_NTF };
	struct hub *h = begin("a b c");

	(void)state;
	start(h);
	notes[0] = '\0';
	event.link = link_of("b")->id;
	hub_event(h, &event);
	hub_interface_gone(h, link_of("c")->ifindex);
	event.link = 99999;
	hub_event(h, &event);
	hub_interface_gone(h, 1);
	assert_string_equal(notes, "event b/1 check c/1 ");
	event.link = link_of("b")->id;
	notes[0] = '\0';
	hub_check(h);
	assert_string_equal(notes, "suspect a/1 suspect b/1 suspect c/1 ");
	end("b", 75);
	notes[0] = '\0';
	hub_event(h, &event);
	assert_string_equal(notes, "");
	finish(h);
}

static void test_reload(void **state)
{
	struct hub *h = begin("same changed gone");
	const struct link *same;

	(void)state;
	start(h);
	same = link_of("same");
	reload(h, "changed:2 new same");
	assert_string_equal(notes, "stop changed/1 stop gone/1 ");
	/* Nothing comes up before all that go are gone: devices may be needed */
	end("changed", 0);
	assert_null(strstr(notes, "connect"));
	assert_int_equal(applied, 0);
	end("gone", 0);
	assert_int_equal(applied, 1);
	assert_int_equal(known, 3);
	assert_string_equal(notes, "stop changed/1 stop gone/1 connect changed/2 connect new/1 "
				   "run changed/2 run new/1 ");
	assert_ptr_equal(link_of("same"), same);
	assert_int_equal(ended, -1);
	reload(h, "changed:2 new same");
	assert_string_equal(notes, "");
	finish(h);
}

static void test_reload_faults(void **state)
{
	struct hub *h = begin("a b");

	(void)state;
	start(h);
	/* A link with faults stays, one that is new does not come */
	reload(h, "!a b !c d");
	assert_string_equal(notes, "connect d/1 run d/1 ");
	assert_int_equal(applied, 1);
	assert_int_equal(known, 3);
	finish(h);
}

static void resolved(const char *device, int code)
{
	struct link *l = link_of(device);

	assert_non_null(l);
	l->env->resolved(l->env->ctx, l, code);
}

/* Name servers take their time: nothing else waits for them */
static void test_names(void **state)
{
	struct kernel_event event = { .cmd = CIPE_CMD_PEER_DEAD_NTF };
	struct hub *h = begin("a later1 later2");

	(void)state;
	assert_int_equal(hub_start(h), 0);
	assert_string_equal(notes, "");
	resolved("later2", 0);
	assert_int_equal(applied, 0);
	resolved("later1", LINK_EXIT_NAME);
	assert_string_equal(notes, "connect a/1 connect later2/1 run a/1 run later2/1 ");
	assert_int_equal(applied, 1);
	/* Meanwhile links that are there are served */
	reload(h, "a later1 later2 b");
	assert_string_equal(notes, "");
	event.link = link_of("a")->id;
	hub_event(h, &event);
	assert_string_equal(notes, "event a/1 ");
	resolved("later1", 0);
	assert_non_null(strstr(notes, "connect later1/1 connect b/1 "));
	assert_int_equal(applied, 1);
	/* Down before they have answered */
	reload(h, "a later1 later2 b later3");
	hub_stop(h);
	assert_null(link_of("later3"));
	assert_int_equal(applied, 0);
	finish(h);
	/* The only one fails */
	h = begin("later1");
	assert_int_equal(hub_start(h), 0);
	resolved("later1", LINK_EXIT_NAME);
	assert_int_equal(ended, LINK_EXIT_NAME);
	assert_int_equal(applied, 0);
	finish(h);
}

/* A peer's name has no address: nobody waits for it any more */
static void test_names_unknown(void **state)
{
	struct hub *h = begin("a later1 later2");

	(void)state;
	assert_int_equal(hub_start(h), 0);
	resolved("later1", LINK_LATER);
	assert_int_equal(applied, 0);
	resolved("later2", LINK_LATER);
	assert_string_equal(notes, "connect a/1 run a/1 ");
	assert_int_equal(applied, 1);
	resolved("later1", LINK_LATER);
	hub_check(h);
	assert_string_equal(notes, "connect a/1 run a/1 suspect a/1 ");
	/* It comes by itself, and the options are as they were */
	notes[0] = '\0';
	resolved("later1", 0);
	assert_string_equal(notes, "connect later1/1 run later1/1 ");
	assert_int_equal(applied, 1);
	/* While others are on their way, with them */
	reload(h, "a later1 later2 later3");
	resolved("later2", 0);
	assert_string_equal(notes, "");
	assert_int_equal(applied, 0);
	resolved("later3", LINK_LATER);
	assert_string_equal(notes, "connect later2/1 run later2/1 ");
	assert_int_equal(applied, 1);
	finish(h);
}

/* Changed, gone, or not to be had, while it has no address */
static void test_names_meanwhile(void **state)
{
	struct hub *h = begin("a later1");

	(void)state;
	assert_int_equal(hub_start(h), 0);
	resolved("later1", LINK_LATER);
	reload(h, "a later1:2");
	assert_string_equal(notes, "stop later1/1 ");
	end("later1", 0);
	resolved("later1", LINK_LATER);
	assert_int_equal(applied, 1);
	fails = "later1";
	resolved("later1", 0);
	assert_null(link_of("later1"));
	reload(h, "a later2");
	resolved("later2", LINK_LATER);
	reload(h, "a");
	assert_string_equal(notes, "stop later2/1 ");
	end("later2", 0);
	assert_int_equal(applied, 1);
	finish(h);
	/* The only one: the start is over all the same, and the daemon may end */
	h = begin("later1");
	assert_int_equal(hub_start(h), 0);
	resolved("later1", LINK_LATER);
	assert_int_equal(applied, 1);
	assert_int_equal(ended, -1);
	resolved("later1", LINK_EXIT_NAME);
	ev_run(loop, EVRUN_NOWAIT);
	assert_int_equal(ended, LINK_EXIT_NAME);
	finish(h);
	h = begin("later1");
	assert_int_equal(hub_start(h), 0);
	resolved("later1", LINK_LATER);
	hub_stop(h);
	assert_int_equal(ended, EXIT_SUCCESS);
	finish(h);
}

/* The only link has its address at last, and cannot be set up */
static struct hub *begin_and_fail(void)
{
	struct hub *h = begin("later1");

	assert_int_equal(hub_start(h), 0);
	resolved("later1", LINK_LATER);
	fails = "later1";
	resolved("later1", 0);
	assert_null(link_of("later1"));
	assert_int_equal(ended, -1);
	fails = NULL;
	return h;
}

/* Its options were read again before, which we hear of afterwards */
static void test_fails_late(void **state)
{
	struct hub *h = begin_and_fail();

	(void)state;
	reload(h, "later1:2");
	ev_run(loop, EVRUN_NOWAIT);
	assert_int_equal(ended, -1);
	resolved("later1", 0);
	assert_string_equal(notes, "connect later1/2 run later1/2 ");
	assert_int_equal(applied, 1);
	finish(h);
	h = begin_and_fail();
	reload(h, "");
	assert_int_equal(applied, 1);
	assert_int_equal(ended, EXIT_SUCCESS);
	finish(h);
	/* It is as it was, but for its faults now */
	h = begin_and_fail();
	reload(h, "!later1");
	assert_int_equal(ended, LINK_EXIT_DEVICE);
	finish(h);
	/* There is nothing to hear of */
	h = begin_and_fail();
	ev_run(loop, EVRUN_NOWAIT);
	assert_int_equal(ended, LINK_EXIT_DEVICE);
	finish(h);
	h = begin_and_fail();
	hub_stop(h);
	ev_run(loop, EVRUN_NOWAIT);
	assert_int_equal(ended, EXIT_SUCCESS);
	finish(h);
}

/* A link ends by itself: maxerr, or somebody deleted its interface */
static void test_ends(void **state)
{
	struct hub *h = begin("a b");

	(void)state;
	start(h);
	end("a", LINK_EXIT_NETWORK);
	assert_int_equal(ended, -1);
	assert_null(link_of("a"));
	/* Is there, as it is configured, at the next SIGHUP */
	reload(h, "a b");
	assert_string_equal(notes, "connect a/1 run a/1 ");
	end("a", LINK_EXIT_NETWORK);
	end("b", LINK_EXIT_GONE);
	assert_int_equal(ended, LINK_EXIT_GONE);
	finish(h);
	/* By itself while it was to change */
	h = begin("a b");
	start(h);
	link_of("a")->ending = true;
	reload(h, "a:2 b");
	end("a", LINK_EXIT_NETWORK);
	assert_string_equal(notes, "connect a/2 run a/2 ");
	finish(h);
}

static void test_stop(void **state)
{
	struct hub *h = begin("a b");

	(void)state;
	start(h);
	reload(h, "a:2 b c");
	hub_stop(h);
	assert_string_equal(notes, "stop a/1 stop b/1 delete ");
	end("a", 0);
	assert_int_equal(ended, -1);
	end("b", 0);
	assert_int_equal(ended, 0);
	finish(h);
	/* The last file is gone */
	h = begin("a");
	start(h);
	reload(h, "");
	assert_int_equal(ended, -1);
	end("a", 0);
	assert_int_equal(ended, 0);
	finish(h);
}

static int setup(void **state)
{
	(void)state;
	loop = ev_loop_new(EVFLAG_AUTO);
	return loop ? secret_init(0) : -1;
}

/* A link that is being taken down is not run again */
static void test_down_and_reload(void **state)
{
	struct hub *h = begin("a b");

	(void)state;
	start(h);
	/* a ended by itself, ip-down runs, and then its file has a fault */
	link_of("a")->ending = true;
	link_of("a")->session = NULL;
	reload(h, "!a b");
	assert_null(strstr(notes, "run a"));
	finish(h);
	h = begin("a b");
	start(h);
	/* b is changed; meanwhile a ends by itself */
	reload(h, "a b:2");
	link_of("a")->ending = true;
	link_of("a")->session = NULL;
	notes[0] = '\0';
	end("b", 0);
	assert_null(strstr(notes, "run a"));
	finish(h);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_down_and_reload),
		cmocka_unit_test(test_start), cmocka_unit_test(test_some_fail),
		cmocka_unit_test(test_found), cmocka_unit_test(test_reload),
		cmocka_unit_test(test_reload_faults), cmocka_unit_test(test_names),
		cmocka_unit_test(test_names_unknown), cmocka_unit_test(test_names_meanwhile),
		cmocka_unit_test(test_fails_late), cmocka_unit_test(test_ends),
		cmocka_unit_test(test_stop),
	};

	return cmocka_run_group_tests_name("hub", tests, setup, NULL);
}
