// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What a key exchange message makes its receiver compute: public-key operations,
 * counted where the daemon asks for them.
 */
#include "session_sim.h"

#include "guard.h"
#include "load.h"
#include "noise_crypto.h"

static int operations;

int __real_noise_dh(const struct noise_suite *suite, const struct noise_pair *ours,
		    const uint8_t *public_key, uint8_t *out);
int __wrap_noise_dh(const struct noise_suite *suite, const struct noise_pair *ours,
		    const uint8_t *public_key, uint8_t *out);
int __real_noise_generate(const struct noise_suite *suite, struct noise_pair *pair);
int __wrap_noise_generate(const struct noise_suite *suite, struct noise_pair *pair);
int __real_noise_public_key(const struct noise_suite *suite, const uint8_t *private_key,
			    uint8_t *public_key);
int __wrap_noise_public_key(const struct noise_suite *suite, const uint8_t *private_key,
			    uint8_t *public_key);

int __wrap_noise_dh(const struct noise_suite *suite, const struct noise_pair *ours,
		    const uint8_t *public_key, uint8_t *out)
{
	operations++;
	return __real_noise_dh(suite, ours, public_key, out);
}

int __wrap_noise_generate(const struct noise_suite *suite, struct noise_pair *pair)
{
	operations++;
	return __real_noise_generate(suite, pair);
}

int __wrap_noise_public_key(const struct noise_suite *suite, const uint8_t *private_key,
			    uint8_t *public_key)
{
	operations++;
	return __real_noise_public_key(suite, private_key, public_key);
}

/* An INIT of node 0 that nobody has got, and node 1 that knows it by an exchange */
static struct sim *sim_with_init(const struct kind *kind, struct packet *init)
{
	struct sim *sim;

	sim_kind = kind;
	sim = sim_new(31);
	node_start(&sim->node[0], true);
	node_start(&sim->node[1], false);
	sim_converge(sim, 1000);
	sim_run(sim, 3000);
	sim->recorded = 0;
	session_peer_dead(sim->node[0].session, sim->now);
	while (!sim->recorded)
		sim_step(sim);
	*init = sim->record[0];
	assert_int_equal(init->msg.data[5], CIPE_WIRE_INIT);
	sim->flying = 0;
	sim_kind = &kinds[0];
	return sim;
}

/* Return: how many operations it took */
static int receive(struct sim *sim, const struct packet *p)
{
	int before = operations;

	/* Nothing is much at once */
	sim->now += LOAD_BUSY_MS + 2000;
	session_receive(sim->node[1].session, sim->now, &p->path, p->msg.data, p->msg.len);
	return operations - before;
}

/* By an authentic one it is seen that they are counted. NNpsk0: a key pair, ee;
 * else es and ss, and for the answer a key pair, ee and se
 */
static int expected(const struct kind *kind)
{
	return kind->pattern == NOISE_NNPSK0 ? 2 : 5;
}

/* Whatever octet of it is another: none */
static void test_wrong_mac(void **state)
{
	struct packet p;
	size_t i;
	int k;

	(void)state;
	for (k = 0; k < KINDS; k++) {
		struct sim *sim = sim_with_init(&kinds[k], &p);
		int sets = sim->node[1].key_sets;

		for (i = 0; i < p.msg.len; i++) {
			p.msg.data[i] ^= 1;
			assert_int_equal(receive(sim, &p), 0);
			p.msg.data[i] ^= 1;
		}
		for (p.msg.len--; p.msg.len; p.msg.len--)
			assert_int_equal(receive(sim, &p), 0);
		assert_int_equal(sim->node[1].key_sets, sets);
		p = sim->record[0];
		assert_int_equal(receive(sim, &p), expected(&kinds[k]));
		assert_int_equal(sim->node[1].key_sets, sets + 1);
		sim_free(sim);
	}
}

/* With the MAC right, too: none with NNpsk0, whose payload authenticates without them.
 * Else the forger knows the public key, and is known for one by what es decrypts; or by
 * what ss does, if he has recorded who a peer is
 */
static void test_right_mac(void **state)
{
	struct packet p, right;
	size_t i, from = sizeof(struct cipe_wire_control);
	int k, most;

	(void)state;
	for (k = 0; k < KINDS; k++) {
		struct sim *sim = sim_with_init(&kinds[k], &right);
		int sets = sim->node[1].key_sets;

		most = 0;
		for (i = from; i < right.msg.len - CIPE_WIRE_MAC_LEN; i++) {
			int count;

			p = right;
			p.msg.data[i] ^= 1;
			guard_sign(sim->node[0].id, p.msg.data, p.msg.len - CIPE_WIRE_MAC_LEN);
			count = receive(sim, &p);
			most = count > most ? count : most;
		}
		assert_int_equal(most, kinds[k].pattern == NOISE_NNPSK0 ? 0 : 2);
		assert_int_equal(sim->node[1].key_sets, sets);
		assert_int_equal(receive(sim, &right), expected(&kinds[k]));
		sim_free(sim);
	}
}

/* What was recorded, or has an answer already, costs no key pair and no answer */
static void test_recorded(void **state)
{
	struct packet p;
	int k;

	(void)state;
	for (k = 0; k < KINDS; k++) {
		struct sim *sim = sim_with_init(&kinds[k], &p);

		assert_int_equal(receive(sim, &p), expected(&kinds[k]));
		assert_int_equal(receive(sim, &p), 0);
		node_start(&sim->node[1], false);
		assert_int_equal(receive(sim, &p), kinds[k].pattern == NOISE_NNPSK0 ? 0 : 2);
		sim_free(sim);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_wrong_mac),
		cmocka_unit_test(test_right_mac),
		cmocka_unit_test(test_recorded),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
