// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Cookies and challenges: replays, load; exchanges of every pattern.
 */
#include "session_sim.h"
#include "sim_log.h"

#include <dlfcn.h>
#include <openssl/evp.h>

#include "cookie.h"
#include "guard.h"
#include "load.h"
#include "noise_crypto.h"
#include "noise_mac.h"
#include "session_impl.h"

#define YEAR_MS (365ll * 86400000)

/* An exchange of every kind, from both ends at once, with losses */
static void test_all_kinds(void **state)
{
	uint32_t seed;
	int k;

	(void)state;
	for (k = 0; k < KINDS; k++) {
		sim_kind = &kinds[k];
		for (seed = 1; seed <= 10; seed++) {
			struct sim *sim = sim_new(seed);

			sim->loss = seed % 3 * 15;
			sim->twice = seed % 2 * 30;
			sim->delay_max = seed % 4 * 100 + 10;
			node_start(&sim->node[0], true);
			node_start(&sim->node[1], seed % 2);
			sim_converge(sim, 120000);
			sim_run(sim, 20000);
			assert_true(sim_converged(sim));
			sim_free(sim);
		}
	}
	sim_kind = &kinds[0];
}

/* Both restart, and forget what they like, while messages are under way */
static void test_forgetful(void **state)
{
	uint32_t seed;

	(void)state;
	for (seed = 1; seed <= 60; seed++) {
		struct sim *sim = sim_new(seed);
		int i;

		sim->loss = seed % 3 * 10;
		sim->twice = seed % 5 * 10;
		sim->delay_max = seed % 4 * 50 + 10;
		node_start(&sim->node[0], true);
		node_start(&sim->node[1], true);
		for (i = 0; i < 20; i++) {
			struct node *n = &sim->node[sim_random(sim) % 2];

			sim_run(sim, sim_random(sim) % (i % 2 ? 100 : 3000));
			if (sim_random(sim) % 2)
				node_lose_memory(n);
			n->clock_offset = ((int)(sim_random(sim) % 3) - 1) * YEAR_MS;
			node_start(n, true);
		}
		sim_converge(sim, 120000);
		sim_free(sim);
	}
}

static void replay_all(struct sim *sim, int upto)
{
	int i;

	for (i = 0; i < upto; i++) {
		struct packet *p = &sim->record[i];
		bool used = session_receive(sim->node[p->to].session, sim->now, &p->path,
					    p->msg.data, p->msg.len);

		/* To read it again and again is no use */
		assert_false(used && p->msg.data[5] == CIPE_WIRE_INIT);
		session_receive(sim->node[!p->to].session, sim->now, &p->path, p->msg.data,
				p->msg.len);
	}
}

/* Whatever was recorded, whoever forgot whatever: nothing changes */
static void replays(const struct kind *kind, bool forget, int restarted)
{
	struct sim *sim;
	int sets, upto;

	sim_kind = kind;
	sim = sim_new(21);
	sim->node[0].config.tokey_ms = sim->node[1].config.tokey_ms = 5000;
	node_start(&sim->node[0], true);
	node_start(&sim->node[1], true);
	sim_run(sim, 30000);
	/* What is under way is no replay */
	while (sim->flying || !sim_converged(sim))
		sim_step(sim);
	upto = sim->recorded;
	assert_true(upto > 10);
	if (forget)
		node_lose_memory(&sim->node[restarted]);
	node_start(&sim->node[restarted], false);
	sets = sim->node[0].key_sets + sim->node[1].key_sets;
	replay_all(sim, upto);
	assert_int_equal(sim->node[0].key_sets + sim->node[1].key_sets, sets);
	/* Once more after the answers to it, and after a true exchange */
	sim_converge(sim, 20000);
	sets = sim->node[0].key_sets + sim->node[1].key_sets;
	replay_all(sim, upto);
	assert_int_equal(sim->node[0].key_sets + sim->node[1].key_sets, sets);
	sim_run(sim, 100);
	assert_true(sim_converged(sim));
	sim_free(sim);
	sim_kind = &kinds[0];
}

static void test_replays(void **state)
{
	int k;

	(void)state;
	for (k = 0; k < KINDS; k++) {
		replays(&kinds[k], false, 0);
		replays(&kinds[k], false, 1);
		replays(&kinds[k], true, 0);
		replays(&kinds[k], true, 1);
	}
}

/* All cookies of a secret begin alike, and those of others do not */
static void test_cookie_tags(void **state)
{
	uint8_t cookie[3][CIPE_WIRE_COOKIE_LEN], none[CIPE_WIRE_COOKIE_LEN] = { 0 };
	uint32_t tag[COOKIE_TAGS_MAX], first;
	union addr a = { .in = { .sin_family = AF_INET } };
	struct cookie_jar *jar;

	(void)state;
	assert_int_equal(secret_init(0), 0);
	jar = cookie_new(NULL);
	assert_int_equal(cookie_tags(jar, 10, tag), 0);
	assert_int_equal(cookie_make(jar, 10, &a, cookie[0]), 0);
	a.in.sin_port = htons(4000);
	assert_int_equal(cookie_make(jar, 20, &a, cookie[1]), 0);
	/* The clock may have been read before the secret was drawn */
	assert_int_equal(cookie_tags(jar, 9, tag), 1);
	assert_int_equal(cookie_tags(jar, 20, tag), 1);
	assert_int_equal(cookie_tag(cookie[0]), tag[0]);
	assert_int_equal(cookie_tag(cookie[1]), tag[0]);
	assert_int_equal(cookie_tag(none), 0);
	assert_int_not_equal(tag[0], 0);
	first = tag[0];
	assert_int_equal(cookie_make(jar, COOKIE_LIFE_MS + 10, &a, cookie[2]), 0);
	assert_int_equal(cookie_tags(jar, COOKIE_LIFE_MS + 10, tag), 2);
	assert_int_equal(cookie_tag(cookie[2]), tag[0]);
	assert_int_equal(tag[1], first);
	assert_int_not_equal(tag[0], first);
	/* Cookies of the first are good no more, and then those of the other */
	first = tag[0];
	assert_int_equal(cookie_tags(jar, 2 * COOKIE_LIFE_MS + 10, tag), 1);
	assert_int_equal(tag[0], first);
	assert_int_equal(cookie_tags(jar, 3 * COOKIE_LIFE_MS + 10, tag), 0);
	cookie_free(jar);
}

/* An INIT with a cookie is good once, and from where the cookie was sent */
static void test_cookies(void **state)
{
	uint8_t cookie[CIPE_WIRE_COOKIE_LEN], none[CIPE_WIRE_COOKIE_LEN] = { 0 };
	struct cookie_jar *jar;
	uint64_t turn, other;
	union addr a = { 0 }, b;
	unsigned int n;

	(void)state;
	assert_int_equal(secret_init(0), 0);
	jar = cookie_new(NULL);
	turn = cookie_turn(jar);
	other = cookie_turn(jar);
	assert_int_not_equal(turn, other);
	a.in.sin_family = AF_INET;
	a.in.sin_addr.s_addr = htonl(0xc0000201);
	a.in.sin_port = htons(4000);
	assert_int_equal(cookie_check(jar, 5, &a, turn, none), 0);
	assert_int_equal(cookie_make(jar, 10, &a, cookie), 0);
	assert_int_equal(cookie_check(jar, 20, &a, turn, cookie), COOKIE_ADDRESS | COOKIE_FRESH);
	/* Whichever link of the same address it is for; not before that is known */
	assert_int_equal(cookie_check(jar, 20, &a, other, cookie), COOKIE_ADDRESS | COOKIE_FRESH);
	assert_int_equal(cookie_check(jar, 20, &a, COOKIE_NO_TURN, cookie), COOKIE_ADDRESS);
	b = a;
	b.in.sin_port = htons(4001);
	assert_int_equal(cookie_check(jar, 20, &b, turn, cookie), 0);
	assert_int_equal(cookie_hash(jar, &a), cookie_hash(jar, &b));
	b = a;
	b.in.sin_addr.s_addr ^= htonl(1);
	assert_int_equal(cookie_check(jar, 20, &b, turn, cookie), 0);
	assert_int_not_equal(cookie_hash(jar, &a), cookie_hash(jar, &b));
	/* An exchange of one of them: the others' turn goes on */
	turn = cookie_turn(jar);
	assert_int_equal(cookie_check(jar, 30, &a, turn, cookie), COOKIE_ADDRESS);
	assert_int_equal(cookie_check(jar, 30, &a, other, cookie), COOKIE_ADDRESS | COOKIE_FRESH);
	/* Nobody changes anything of it, how old it says it is least of all */
	for (n = 0; n < 8 * CIPE_WIRE_COOKIE_LEN; n++) {
		cookie[n / 8] ^= 1u << n % 8;
		assert_int_equal(cookie_check(jar, 30, &a, turn, cookie), 0);
		assert_int_equal(cookie_check(jar, 30, &a, other, cookie), 0);
		cookie[n / 8] ^= 1u << n % 8;
	}
	assert_int_equal(cookie_make(jar, 35, &a, cookie), 0);
	assert_int_equal(cookie_check(jar, 35, &a, COOKIE_NO_TURN, cookie), COOKIE_ADDRESS);
	assert_int_equal(cookie_check(jar, 35, &a, turn, cookie), COOKIE_ADDRESS | COOKIE_FRESH);
	/* Good for a while, not for ever */
	assert_int_equal(cookie_make(jar, 40, &a, cookie), 0);
	assert_int_equal(cookie_check(jar, COOKIE_LIFE_MS + 30, &a, turn, cookie), 3);
	/* Also of the secret before, and turns since then */
	other = cookie_turn(jar);
	assert_int_equal(cookie_check(jar, COOKIE_LIFE_MS + 31, &a, turn, cookie), 3);
	assert_int_equal(cookie_check(jar, COOKIE_LIFE_MS + 31, &a, other, cookie), 1);
	assert_int_equal(cookie_check(jar, 2 * COOKIE_LIFE_MS + 60, &a, turn, cookie), 0);
	assert_int_equal(cookie_make(jar, 3 * COOKIE_LIFE_MS, &a, cookie), 0);
	assert_int_equal(cookie_check(jar, 9 * COOKIE_LIFE_MS, &a, turn, cookie), 0);
	/* Two lives are the end, however late the next secret is drawn */
	assert_int_equal(cookie_make(jar, 20 * COOKIE_LIFE_MS, &a, cookie), 0);
	assert_int_equal(cookie_check(jar, 22 * COOKIE_LIFE_MS - 1, &a, turn, cookie), 3);
	assert_int_equal(cookie_check(jar, 22 * COOKIE_LIFE_MS, &a, turn, cookie), 0);
	cookie_free(jar);
}

/* As libcrypto 3.0.0 has it: to begin anew without a key does nothing */
static bool begins_anew = true;

int EVP_MAC_init(EVP_MAC_CTX *ctx, const unsigned char *key, size_t len,
		 const OSSL_PARAM params[])
{
	static __typeof__(EVP_MAC_init) *next;

	if (!next)
		*(void **)&next = dlsym(RTLD_NEXT, "EVP_MAC_init");
	return key || begins_anew ? next(ctx, key, len, params) : 1;
}

/* A key that is ready makes the same MACs again and again, and of any length */
static void check_mac(void)
{
	uint8_t key[NOISE_HASH_LEN], data[200], mac[NOISE_HASH_LEN], right[NOISE_HASH_LEN];
	struct noise_mac *ready;
	size_t len;
	int i;

	secret_random(key, sizeof(key));
	secret_random(data, sizeof(data));
	ready = noise_mac_new(NULL, key);
	assert_non_null(ready);
	for (i = 0; i < 3; i++) {
		for (len = 0; len <= sizeof(data); len++) {
			assert_int_equal(noise_mac_make(ready, data, len, mac), 0);
			assert_int_equal(noise_hmac(NULL, key, data, len, right), 0);
			assert_memory_equal(mac, right, sizeof(mac));
		}
	}
	noise_mac_free(ready);
	noise_mac_free(NULL);
}

static void test_mac(void **state)
{
	(void)state;
	check_mac();
	begins_anew = false;
	check_mac();
	begins_anew = true;
}

static void test_load(void **state)
{
	struct load load = { 0 };
	uint64_t now = 100000;
	int i, allowed = 0;

	(void)state;
	for (i = 0; i < LOAD_FREE; i++)
		assert_false(load_count(&load, now));
	assert_true(load_count(&load, now));
	assert_true(load_count(&load, now + 1500));
	assert_false(load_count(&load, now + 1500 + LOAD_BUSY_MS));
	for (i = 0; i < 100; i++)
		allowed += load_allow(&load, now, 7);
	assert_int_equal(allowed, LOAD_BURST);
	assert_true(load_allow(&load, now, 8));
	assert_false(load_allow(&load, now + LOAD_INTERVAL_MS - 1, 7));
	assert_true(load_allow(&load, now + LOAD_INTERVAL_MS, 7));
	assert_false(load_allow(&load, now + LOAD_INTERVAL_MS, 7));
	assert_true(load_allow(&load, now + 60000, 7));
}

/* Somebody who knows the public key of node 1, but no other key */
static void flood(struct sim *sim, int count)
{
	struct node *n = &sim->node[1];
	struct path from = { .remote = sim->node[0].addr };
	struct handshake_message init = sim->record[0].msg;
	int i;

	for (i = 0; i < count; i++) {
		from.remote.in.sin_addr.s_addr = htonl(sim_random(sim));
		init.data[40]++;
		init.data[41] = (uint8_t)(i >> 8);
		guard_sign(sim->node[0].id, init.data, init.len - CIPE_WIRE_MAC_LEN);
		session_receive(n->session, sim->now, &from, init.data, init.len);
	}
}

static void test_flood(void **state)
{
	struct sim *sim;
	int i, challenges;

	(void)state;
	sim_kind = &kinds[1];
	sim = sim_new(24);
	node_start(&sim->node[0], true);
	node_start(&sim->node[1], false);
	sim_converge(sim, 1000);
	sim_run(sim, 3000);
	challenges = sim->node[1].challenges;
	flood(sim, 1000);
	/* The first ones are read, and refused; the others are asked back */
	assert_int_equal(sim->node[1].challenges, challenges + 1000 - LOAD_FREE);
	/* The true peer has to show a cookie, too, and comes through */
	memset(sim->node[0].key, 0, sizeof(sim->node[0].key));
	node_start(&sim->node[0], true);
	for (i = 0; i < 1000 && !sim_converged(sim); i++) {
		flood(sim, 10);
		sim_step(sim);
	}
	assert_true(i < 200);
	sim_free(sim);
	sim_kind = &kinds[0];
}

/* Loses all INITs of node 0 but those with a cookie, or those too */
static bool lose_cookies;

static void send_some(struct sim *sim, struct node *n, const struct path *path,
		      const struct handshake_message *msg)
{
	static const uint8_t none[CIPE_WIRE_COOKIE_LEN];
	struct packet p = { .to = !n->index, .msg = *msg, .path.remote = n->addr };

	(void)path;
	if (lose_cookies && msg->data[5] == CIPE_WIRE_INIT &&
	    memcmp(handshake_cookie(msg->data), none, sizeof(none)))
		return;
	sim_fly(sim, &p);
}

/* The answer to a CHALLENGE is lost, with all repetitions: one INIT of the next
 * exchange is enough, as long as the cookie is good
 */
static void keep_cookie(uint64_t wait, int challenges)
{
	struct sim *sim = sim_new(25);

	sim->on_send = send_some;
	lose_cookies = true;
	node_start(&sim->node[0], true);
	node_start(&sim->node[1], false);
	while (!sim->node[0].session->cookie_until || sim->node[0].session->ours)
		sim_step(sim);
	assert_int_equal(sim->node[1].challenges, 1);
	assert_int_equal(sim->node[0].established, 0);
	lose_cookies = false;
	sim->now += wait;
	sim_converge(sim, 31000);
	assert_int_equal(sim->node[1].challenges, challenges);
	/* It is not fresh any more, and not needed */
	node_start(&sim->node[1], false);
	session_peer_dead(sim->node[0].session, sim->now);
	sim_converge(sim, 1000);
	sim_free(sim);
}

static void test_kept_cookie(void **state)
{
	(void)state;
	keep_cookie(0, 1);
	keep_cookie(90000, 1);
	keep_cookie(COOKIE_LIFE_MS, 2);
}

/* A forged CHALLENGE changes nothing, a true one is taken for its INIT only */
static void test_forged_challenges(void **state)
{
	struct sim *sim = sim_new(25);
	struct handshake_message challenge;
	struct path from = { 0 };
	size_t bit;
	int i, inits;

	(void)state;
	node_start(&sim->node[0], true);
	node_start(&sim->node[1], false);
	sim_run(sim, 65);
	for (i = 0; i < sim->recorded && sim->record[i].msg.data[5] != CIPE_WIRE_CHALLENGE; i++)
		;
	assert_true(i < sim->recorded);
	challenge = sim->record[i].msg;
	assert_int_equal(challenge.len, GUARD_CHALLENGE_LEN);
	sim_free(sim);

	/* The same once more, up to the first message */
	sim = sim_new(25);
	node_start(&sim->node[0], true);
	while (!sim->recorded)
		sim_step(sim);
	from.remote = sim->node[1].addr;
	inits = sim->node[0].inits;
	for (bit = 0; bit < challenge.len * 8; bit++) {
		challenge.data[bit / 8] ^= (uint8_t)(1 << bit % 8);
		session_receive(sim->node[0].session, sim->now, &from, challenge.data,
				challenge.len);
		challenge.data[bit / 8] ^= (uint8_t)(1 << bit % 8);
	}
	/* It answers another INIT, of another ephemeral key */
	memcpy(challenge.data + 12, sim->record[0].msg.data + 12, 4);
	session_receive(sim->node[0].session, sim->now, &from, challenge.data, challenge.len);
	assert_int_equal(sim->node[0].inits, inits);
	/* The right one, and then as many as it takes */
	for (i = 0; i < 20; i++) {
		const struct handshake_message *init = &sim->record[sim->recorded - 1].msg;
		uint8_t cookie[CIPE_WIRE_COOKIE_LEN] = { (uint8_t)(i + 1) };

		guard_write_challenge(sim->node[1].id, init->data, init->len, cookie,
				      challenge.data);
		session_receive(sim->node[0].session, sim->now, &from, challenge.data,
				challenge.len);
	}
	assert_int_equal(sim->node[0].inits, inits + SESSION_CHALLENGES_MAX);
	sim_free(sim);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_all_kinds),
		cmocka_unit_test(test_forgetful),
		cmocka_unit_test(test_replays),
		cmocka_unit_test(test_cookies),
		cmocka_unit_test(test_cookie_tags),
		cmocka_unit_test(test_mac),
		cmocka_unit_test(test_load),
		cmocka_unit_test(test_flood),
		cmocka_unit_test(test_kept_cookie),
		cmocka_unit_test(test_forged_challenges),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
