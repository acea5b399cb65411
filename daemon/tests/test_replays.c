// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Both ends began at once, and the INIT that gave way is repeated by somebody who
 * recorded it, from wherever he likes.
 */
#include "session_sim.h"

#define SOURCES 4

static union addr forged(unsigned int n)
{
	union addr addr = { .in = { .sin_family = AF_INET, .sin_port = htons(4000) } };

	addr.in.sin_addr.s_addr = htonl(0xc6336401u + n);
	return addr;
}

/* INITs of node 0 on their way are lost */
static void lose_inits(struct sim *sim)
{
	int i;

	for (i = 0; i < sim->flying; i++)
		if (!sim->flight[i].data && sim->flight[i].to == 1)
			sim->flight[i--] = sim->flight[--sim->flying];
}

static struct packet last_init_to(const struct sim *sim, int to)
{
	int i = sim->recorded;

	while (i--)
		if (sim->record[i].to == to && sim->record[i].msg.data[5] == CIPE_WIRE_INIT)
			return sim->record[i];
	fail_msg("no INIT was sent");
	return sim->record[0];
}

/* Both begin within 60 ms; what node 0 sends is lost, and recorded */
static struct sim *begin_at_once(uint32_t seed)
{
	struct sim *sim = sim_new(seed);

	node_start(&sim->node[0], true);
	node_start(&sim->node[1], true);
	sim_converge(sim, 20000);
	/* Only replies to what comes late are on the way then */
	sim->recorded = 0;
	sim->delay_min = sim->delay_max = 700;
	session_peer_dead(sim->node[0].session, sim->now);
	session_peer_dead(sim->node[1].session, sim->now);
	sim_run(sim, 60);
	lose_inits(sim);
	return sim;
}

static bool receive(struct node *n, const struct packet *p)
{
	return session_receive(n->session, n->sim->now, &p->path, p->msg.data, p->msg.len);
}

/* Return: the INIT gave way */
static bool replay(uint32_t seed)
{
	struct sim *sim = begin_at_once(seed);
	struct node *n = &sim->node[1];
	struct packet p = last_init_to(sim, 1);
	int sets = n->key_sets, inits = n->inits, established = n->established, used = 0;
	bool yields = receive(n, &p) && n->key_sets == sets;
	unsigned int i;

	if (!yields) {
		sim_free(sim);
		return false;
	}
	assert_int_equal(n->inits, inits + 1);
	/* From where it came first: sent there again, now and then; but of no use */
	for (i = 0; i < 10; i++) {
		sim->now += 25;
		assert_false(receive(n, &p));
	}
	assert_int_equal(n->inits, inits + 2);
	/* From elsewhere it is nothing at all, until the answer comes */
	inits = n->inits;
	for (i = 0; i < 2000 && n->established == established; i++) {
		if (!(i % 50)) {
			p.path.remote = forged(i / 50 % SOURCES);
			used += receive(n, &p);
		}
		sim_step(sim);
	}
	assert_int_equal(n->established, established + 1);
	assert_int_equal(used, 0);
	/* But for repetitions by its own time */
	assert_in_range(n->inits, inits, inits + 3);
	assert_true(addr_equal(&n->endpoint, &sim->node[0].addr));
	/* Now it is old */
	n->challenges = 0;
	assert_false(receive(n, &p));
	assert_int_equal(n->challenges, 1);
	sim_free(sim);
	return true;
}

static void test_gave_way(void **state)
{
	unsigned int yielded = 0;
	uint32_t seed;

	(void)state;
	for (seed = 1; seed < 60 && yielded < 5; seed++)
		yielded += replay(seed);
	assert_int_equal(yielded, 5);
}

/* He has it first: our INIT goes there once, and the answer leads us to the peer */
static void test_forged_first(void **state)
{
	unsigned int yielded = 0, i;
	uint32_t seed;

	(void)state;
	for (seed = 1; seed < 60 && yielded < 5; seed++) {
		struct sim *sim = begin_at_once(seed);
		struct node *n = &sim->node[1];
		struct packet p = last_init_to(sim, 1);
		int sets = n->key_sets, established = n->established;

		p.path.remote = forged(0);
		receive(n, &p);
		if (n->key_sets == sets) {
			yielded++;
			for (i = 0; i < 2000 && n->established == established; i++)
				sim_step(sim);
			assert_int_equal(n->established, established + 1);
			assert_true(addr_equal(&n->endpoint, &sim->node[0].addr));
		}
		sim_free(sim);
	}
	assert_int_equal(yielded, 5);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_gave_way),
		cmocka_unit_test(test_forged_first),
	};

	return cmocka_run_group_tests_name("replays", tests, NULL, NULL);
}
