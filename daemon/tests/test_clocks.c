// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Clocks that jump, or are wrong: what is accepted, asked for a cookie, or refused.
 */
#include "session_sim.h"
#include "sim_log.h"

#define HOUR_MS 3600000ll
#define YEAR_MS (365ll * 86400000)

/* A clock jumps back: one round trip more, and the log says why */
static void test_clock_jumps_back(void **state)
{
	struct sim *sim = sim_new(22);
	uint64_t took;

	(void)state;
	sim->delay_min = sim->delay_max = 10;
	node_start(&sim->node[0], true);
	node_start(&sim->node[1], false);
	sim_converge(sim, 1000);
	assert_int_equal(sim->node[1].challenges, 1);

	/* Known, and right: no challenge */
	node_start(&sim->node[0], true);
	sim_run(sim, 1000);
	assert_int_equal(sim->node[1].challenges, 1);
	assert_true(sim_converged(sim));

	/* Years back, and what it sent before is forgotten */
	logged[0] = '\0';
	sim->node[0].clock_offset = -9 * YEAR_MS;
	sim->node[0].stamp = 0;
	memset(sim->node[0].key, 0, sizeof(sim->node[0].key));
	node_start(&sim->node[0], true);
	took = sim_converge(sim, 1000);
	assert_in_range(took, 40, 50 + 60);
	assert_int_equal(sim->node[1].challenges, 2);
	assert_non_null(strstr(logged, "behind what it was: accepted"));

	assert_non_null(strstr(logged, "the peer's: one is wrong"));

	/* Node 1 is years ahead of it, and by its answers alone no longer known */
	node_start(&sim->node[1], true);
	memset(sim->node[1].key, 0, sizeof(sim->node[1].key));
	sim_run(sim, 1000);
	assert_true(sim->node[1].initiated > 0);
	assert_int_equal(sim->node[0].challenges, 1);
	assert_true(sim_converged(sim));
	/* By a clock that is right again it is */
	sim->node[0].clock_offset = 0;
	node_start(&sim->node[1], true);
	memset(sim->node[1].key, 0, sizeof(sim->node[1].key));
	sim_run(sim, 1000);
	assert_int_equal(sim->node[0].challenges, 1);
	assert_true(sim_converged(sim));

	sim_free(sim);
}

/* How many challenges a peer gets whose clock jumps ahead */
static int ahead(int64_t ms)
{
	struct sim *sim = sim_new(22);
	int challenges;

	sim->delay_min = sim->delay_max = 10;
	node_start(&sim->node[0], true);
	node_start(&sim->node[1], false);
	sim_converge(sim, 1000);
	challenges = sim->node[1].challenges;
	sim->node[0].clock_offset = ms;
	memset(sim->node[0].key, 0, sizeof(sim->node[0].key));
	node_start(&sim->node[0], true);
	assert_in_range(sim_converge(sim, 1000), 20, 50 + 60);
	challenges = sim->node[1].challenges - challenges;
	sim_free(sim);
	return challenges;
}

/* Up to an hour: it is simply newer. Beyond that, one round trip more, for it may
 * have been recorded before the clock was put right; the log says so
 */
static void test_clock_jumps_ahead(void **state)
{
	(void)state;
	assert_int_equal(ahead(HOUR_MS - 60000), 0);
	logged[0] = '\0';
	assert_int_equal(ahead(HOUR_MS + 60000), 1);
	assert_non_null(strstr(logged, "ahead of our clock: replayed, or one clock is wrong"));
	/* Once in the exchange, by either end */
	assert_non_null(strstr(logged, "the peer's clock is, or once was, "));
	assert_non_null(strstr(logged, "ahead of the peer's: one is wrong"));
	assert_null(strstr(logged, "accepted"));
	assert_int_equal(ahead(9 * YEAR_MS), 1);
}

static struct packet withheld;

static void withhold(struct sim *sim, struct node *n, const struct path *path,
		     const struct handshake_message *msg)
{
	(void)sim;
	(void)path;
	withheld = (struct packet){ .to = !n->index, .msg = *msg, .path.remote = n->addr };
}

/* An INIT of node 0, by a clock that is ahead, and kept from everybody. Then the
 * clock is put right, what was sent is forgotten, and there is an exchange
 */
static struct sim *withhold_init(const struct kind *kind, int64_t ahead_ms)
{
	struct sim *sim;
	struct node *n;

	sim_kind = kind;
	sim = sim_new(26);
	n = &sim->node[0];
	n->clock_offset = ahead_ms;
	sim->on_send = withhold;
	node_start(n, true);
	sim_run(sim, 100);
	assert_int_equal(withheld.msg.data[5], CIPE_WIRE_INIT);
	sim->on_send = NULL;
	node_lose_memory(n);
	n->clock_offset = 0;
	node_start(n, true);
	node_start(&sim->node[1], false);
	sim_converge(sim, 1000);
	sim_run(sim, 3000);
	sim_kind = &kinds[0];
	return sim;
}

static void replay_withheld(struct node *n)
{
	int sets = n->key_sets, responses = n->responses, accepts = n->accepts;

	assert_false(session_receive(n->session, n->sim->now, &withheld.path, withheld.msg.data,
				     withheld.msg.len));
	assert_int_equal(n->key_sets, sets);
	assert_int_equal(n->responses, responses);
	assert_int_equal(n->accepts, accepts);
}

/* It is newer than all that is known, and older than that: it changes nothing,
 * neither there nor at who wrote it
 */
static void test_withheld(void **state)
{
	int k, challenges;

	(void)state;
	for (k = 0; k < KINDS; k++) {
		struct sim *sim = withhold_init(&kinds[k], YEAR_MS);

		challenges = sim->node[1].challenges;
		replay_withheld(&sim->node[1]);
		assert_int_equal(sim->node[1].challenges, challenges + 1);
		replay_withheld(&sim->node[0]);
		sim_run(sim, 1000);
		assert_true(sim_converged(sim));
		sim_free(sim);
	}
}

/* With tokxts: who is out of the window is not even asked, whichever way */
static void refuse_beyond(int64_t ms, const char *which)
{
	struct sim *sim = sim_new(23);

	sim->node[1].config.tokxts_ms = 30000;
	/* That is repeated, and would soon be in the window from 31 s ahead */
	sim->node[0].clock_offset = ms > 0 ? 36000 : -31000;
	logged[0] = '\0';
	node_start(&sim->node[0], true);
	node_start(&sim->node[1], false);
	sim_run(sim, 5000);
	assert_int_equal(sim->node[1].accepts, 0);
	assert_int_equal(sim->node[1].challenges, 0);
	assert_non_null(strstr(logged, which));
	sim->node[0].clock_offset = ms;
	sim_converge(sim, 20000);
	sim_free(sim);
}

static void test_window(void **state)
{
	(void)state;
	refuse_beyond(-29000, "behind ours, more than tokxts allows");
	refuse_beyond(29000, "ahead of ours, more than tokxts allows");
}

/* Whose clock moves while a CHALLENGE is under way; time stamps do not go back with one */
static int moves;
static int64_t moves_to;

static void move_clock(struct sim *sim, struct node *n, const struct path *path,
		       const struct handshake_message *msg)
{
	struct packet p = { .to = !n->index, .msg = *msg, .path.remote = n->addr };

	(void)path;
	if (msg->data[5] == CIPE_WIRE_CHALLENGE)
		sim->node[moves].clock_offset = moves_to;
	sim_fly(sim, &p);
}

/* A good cookie, from out of the window: it does not help */
static void test_window_and_cookie(void **state)
{
	(void)state;
	for (moves = 0; moves < 2; moves++) {
		struct sim *sim = sim_new(24);
		struct node *n = &sim->node[1];

		n->config.tokxts_ms = 30000;
		sim->on_send = move_clock;
		moves_to = moves ? 31000 : 36000;
		logged[0] = '\0';
		node_start(&sim->node[0], true);
		node_start(n, false);
		sim_run(sim, 5000);
		assert_int_equal(n->challenges, 1);
		assert_int_equal(n->accepts, 0);
		assert_non_null(strstr(logged, moves ? "behind ours, more than tokxts allows" :
						       "ahead of ours, more than tokxts allows"));
		/* A new INIT with it is enough, as soon as the clock is right */
		moves_to = sim->node[moves].clock_offset = 0;
		sim_converge(sim, 20000);
		assert_int_equal(n->challenges, 1);
		sim_free(sim);
	}
}

/* A RESPONSE is bound to its INIT: its time is not compared */
static void test_window_of_response(void **state)
{
	struct sim *sim = sim_new(25);

	(void)state;
	sim->node[0].config.tokxts_ms = 30000;
	sim->node[1].clock_offset = YEAR_MS;
	node_start(&sim->node[0], true);
	node_start(&sim->node[1], false);
	sim_converge(sim, 1000);
	sim_free(sim);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_clock_jumps_back),
		cmocka_unit_test(test_clock_jumps_ahead),
		cmocka_unit_test(test_withheld),
		cmocka_unit_test(test_window),
		cmocka_unit_test(test_window_and_cookie),
		cmocka_unit_test(test_window_of_response),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
