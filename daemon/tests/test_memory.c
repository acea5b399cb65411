// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What the keeper writes down of a link: after a restart nothing that somebody
 * recorded is new, wherever the peer's clock was, and a peer whose clock is right
 * again gets in.
 */
#include "session_sim.h"

#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "keeper_impl.h"

#define YEAR_MS (365ll * 86400000)

/* In milliseconds, where the clocks of the simulation begin */
#define SIM_BEGIN_MS 1700000000000ll

static char dir[] = "/tmp/test_memory.XXXXXX";

static struct keeper keeper;

static int no_save(const struct state *st, bool last)
{
	(void)st;
	(void)last;
	return 0;
}

/* As if the parser asked for it */
static int save(struct keeper_link *l, uint64_t accepted)
{
	struct request r = { .op = REQUEST_STATE_SAVE, .conf = 1 };
	struct answer a;
	int pass = -1;

	r.state.link = l->id;
	r.state.accepted = accepted;
	return keeper_state_save(&keeper, l, &r, -1, &a, &pass);
}

/* INITs to @n of what was recorded, again. Return: how many were of use */
static int replay(struct sim *sim, struct node *n, int from, int end)
{
	int used = 0;

	for (; from < end; from++) {
		const struct packet *p = &sim->record[from];

		if (p->to == n->index && p->msg.data[5] == CIPE_WIRE_INIT)
			used += session_receive(n->session, sim->now, &p->path, p->msg.data,
						p->msg.len);
	}
	return used;
}

/* Two years ahead of this machine's clock, by which the keeper goes */
static int64_t far_ahead(void)
{
	return (int64_t)time(NULL) * 1000 - SIM_BEGIN_MS + 2 * YEAR_MS;
}

static void test_clock_ahead(void **state)
{
	struct keeper_link l = { .have_state = true, .id = 1, .state.save = no_save };
	struct sim *sim = sim_new(21);
	struct node *peer = &sim->node[0], *n = &sim->node[1];
	int from, end, sets;

	(void)state;
	peer->config.tokey_ms = n->config.tokey_ms = 5000;
	node_start(peer, true);
	node_start(n, false);
	sim_converge(sim, 20000);
	assert_int_equal(save(&l, n->accepted), 0);
	assert_int_equal(l.state.accepted, n->accepted);
	peer->clock_offset = far_ahead();
	from = sim->recorded;
	sim_run(sim, 60000);
	while (sim->flying || !sim_converged(sim))
		sim_step(sim);
	end = sim->recorded;
	assert_int_equal(save(&l, n->accepted), 0);

	/* A restart: what was kept is all there is */
	n->accepted = l.state.accepted;
	node_start(n, false);
	sets = n->key_sets;
	assert_int_equal(replay(sim, n, from, end), 0);
	assert_int_equal(n->key_sets, sets);
	/* It begins an exchange itself */
	sim_run(sim, 2000);

	/* The clock is right again, and its own memory lost: one round trip more */
	peer->clock_offset = 0;
	peer->stamp = 0;
	n->challenges = 0;
	memset(peer->key, 0, sizeof(peer->key));
	node_start(peer, true);
	sim_converge(sim, 1000);
	assert_int_equal(n->challenges, 1);
	/* And after another restart of either */
	node_start(n, false);
	assert_int_equal(replay(sim, n, 0, sim->recorded), 0);
	memset(peer->key, 0, sizeof(peer->key));
	node_start(peer, true);
	sim_converge(sim, 1000);
	sim_free(sim);
}

static const uint8_t id[STATE_ID_LEN] = "a link's";

static void open_link(struct keeper_link *l)
{
	memset(l, 0, sizeof(*l));
	l->have_state = true;
	l->id = 1;
	assert_int_equal(state_open(&l->state, dir, id), 0);
}

/* What a restart would find */
static uint64_t found(void)
{
	struct state st;

	assert_int_equal(state_open(&st, dir, id), 0);
	return st.accepted;
}

/* Too often: rather nothing than what is out of date */
static void test_too_often(void **state)
{
	struct keeper_link l;
	unsigned int refused = 0;
	uint64_t n;

	(void)state;
	open_link(&l);
	for (n = 1; n < 2000 && refused < 10; n++) {
		if (!save(&l, n)) {
			assert_int_equal(found(), n);
			continue;
		}
		refused++;
		assert_int_equal(found(), 0);
	}
	assert_int_equal(refused, 10);
	/* When there is room again */
	l.saved -= 10;
	assert_int_equal(save(&l, n), 0);
	assert_int_equal(found(), n);
	/* One that says nothing new of the peer takes nothing away */
	while (!save(&l, n))
		;
	assert_int_equal(found(), n);
}

static void test_no_room(void **state)
{
	struct keeper_link l;
	char path[sizeof(l.state.path) + 8];

	(void)state;
	open_link(&l);
	assert_int_equal(save(&l, 5000), 0);
	/* In place of a disk that is full */
	snprintf(path, sizeof(path), "%s.new", l.state.path);
	assert_int_equal(mkdir(path, 0700), 0);
	assert_int_not_equal(save(&l, 5000), 0);
	assert_int_equal(found(), 5000);
	assert_int_not_equal(save(&l, 5001), 0);
	assert_int_equal(found(), 0);
	assert_int_equal(rmdir(path), 0);
	assert_int_equal(save(&l, 5001), 0);
	assert_int_equal(found(), 5001);
}

/* The keeper's own, in another directory */
int __real_state_open(struct state *st, const char *where, const uint8_t name[STATE_ID_LEN]);
int __wrap_state_open(struct state *st, const char *where, const uint8_t name[STATE_ID_LEN]);

int __wrap_state_open(struct state *st, const char *where, const uint8_t name[STATE_ID_LEN])
{
	(void)where;
	return __real_state_open(st, dir, name);
}

static struct keeper_link *add_link(struct keeper *k)
{
	struct optset_item *item = calloc(1, sizeof(*item));

	item->conf = ++k->last_conf;
	assert_int_equal(keeper_add(k, item), 0);
	return keeper_find(k, item->conf);
}

/* Return: as the keeper's answer */
static int open_of(struct keeper *k, struct keeper_link *l, uint64_t *accepted)
{
	struct request r = { .op = REQUEST_STATE_OPEN };
	struct answer a = { 0 };
	int rc, pass = -1;

	memcpy(r.id, id, sizeof(id));
	rc = keeper_state_open(k, l, &r, -1, &a, &pass);
	*accepted = a.state.accepted;
	return rc;
}

/* One file, two links: the second has no part in it, until the first is no more */
static void test_same_file(void **state)
{
	struct keeper k = { 0 };
	struct keeper_link *l = add_link(&k), *other = add_link(&k);
	uint64_t accepted, before = found();

	(void)state;
	assert_int_equal(open_of(&k, l, &accepted), 0);
	assert_int_equal(accepted, before);
	l->id = 1;
	assert_int_equal(save(l, before + 10), 0);
	assert_int_equal(open_of(&k, other, &accepted), -EBUSY);
	assert_int_equal(accepted, 0);
	assert_int_equal(open_of(&k, other, &accepted), -EPERM);
	other->id = 1;
	assert_int_equal(save(other, 5), 0);
	assert_int_equal(found(), before + 10);
	keeper_forget(&k, l);
	l = add_link(&k);
	assert_int_equal(open_of(&k, l, &accepted), 0);
	assert_int_equal(accepted, before + 10);
	keeper_forget(&k, l);
	keeper_forget(&k, other);
}

/* What the keeper has done, and how to do it */
static unsigned int writes, waits;
static int (*write_down)(const struct state *st, bool last);

static int count_save(const struct state *st, bool last)
{
	writes++;
	waits += last;
	return write_down(st, last);
}

static void open_counted(struct keeper_link *l)
{
	open_link(l);
	write_down = l->state.save;
	l->state.save = count_save;
	writes = waits = 0;
}

/* The parser's memory, and whom it asks */
static struct keeper_link *asked;

static int ask_save(const struct state *st, bool last)
{
	struct request r = { .op = REQUEST_STATE_SAVE, .conf = 1 };
	struct answer a;
	int pass = -1;

	(void)last;
	r.state.link = asked->id;
	r.state.accepted = st->accepted;
	r.state.sent = st->sent;
	memcpy(r.state.key, st->key, sizeof(r.state.key));
	return keeper_state_save(&keeper, asked, &r, -1, &a, &pass);
}

static void assert_cost(unsigned int written, unsigned int waited)
{
	assert_int_equal(writes, written);
	assert_int_equal(waits, waited);
	writes = waits = 0;
}

/* The disk is waited for once in an exchange, at either end: in the order of link_ops.c */
static void test_waits(void **state)
{
	struct keeper_link l;
	struct state st;

	(void)state;
	open_counted(&l);
	asked = &l;
	st = l.state;
	st.save = ask_save;
	/* The first of a run */
	state_stamp(&st, st.sent + 1);
	assert_cost(1, 1);
	/* Ours, with a CHALLENGE */
	state_stamp(&st, st.sent + 1);
	state_stamp(&st, st.sent + 1);
	assert_int_equal(state_accept(&st, st.accepted + 10), 0);
	assert_int_equal(found(), st.accepted);
	state_add_key(&st, 4);
	assert_cost(4, 1);
	/* Theirs */
	state_stamp(&st, st.sent + 1);
	state_add_key(&st, 8);
	assert_int_equal(state_accept(&st, st.accepted + 10), 0);
	assert_cost(3, 1);
	/* A peer whose clock went back: nothing is new of what is kept */
	state_stamp(&st, st.sent + 1);
	state_add_key(&st, 12);
	assert_int_equal(state_accept(&st, 1), 0);
	assert_cost(3, 0);
	/* What was not waited for is there for the next run all the same */
	open_counted(&l);
	assert_int_equal(l.state.sent, st.sent);
	assert_true(state_has_key(&l.state, 12));
	/* That has no idea what is on the disk */
	state_stamp(&st, st.sent + 1);
	assert_cost(1, 1);
	/* No more than after it was deleted */
	l.saves = 0;
	assert_int_equal(state_accept(&st, st.accepted + 10), -EBUSY);
	assert_int_equal(found(), 0);
	l.saved -= 10;
	state_stamp(&st, st.sent + 1);
	assert_cost(1, 1);
	assert_int_equal(found(), st.accepted);
}

/* And the session remembers as often */
static void test_accepts(void **state)
{
	struct sim *sim = sim_new(22);

	(void)state;
	sim->node[0].config.tokey_ms = 5000;
	node_start(&sim->node[0], true);
	node_start(&sim->node[1], false);
	sim_run(sim, 60000);
	sim_converge(sim, 20000);
	assert_true(sim->node[1].established > 5);
	assert_int_equal(sim->node[0].accepts, sim->node[0].established);
	assert_int_equal(sim->node[1].accepts, sim->node[1].established);
	sim_free(sim);
}

static int setup(void **state)
{
	(void)state;
	return mkdtemp(dir) ? 0 : -1;
}

static int teardown(void **state)
{
	char command[128];

	(void)state;
	snprintf(command, sizeof(command), "rm -r %s", dir);
	return system(command);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_clock_ahead),
		cmocka_unit_test(test_too_often),
		cmocka_unit_test(test_no_room), cmocka_unit_test(test_same_file),
		cmocka_unit_test(test_waits),
		cmocka_unit_test(test_accepts),
	};

	return cmocka_run_group_tests_name("memory", tests, setup, teardown);
}
