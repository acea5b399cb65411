// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The key exchange's state machine under every fault a network and an
 * administrator can cause.
 */
#include "session_sim.h"

#include "log.h"

/* Faults are the subject here: no need to hear about each */
void log_msg(int priority, const char *fmt, ...)
{
	(void)priority;
	(void)fmt;
}

void log_limited(struct log_limit *limit, int priority, const char *fmt, ...)
{
	(void)limit;
	(void)priority;
	(void)fmt;
}

static void test_one_exchange(void **state)
{
	struct sim *sim = sim_new(1);

	(void)state;
	sim->node[0].config.own.timeout_ms = 3000;
	node_start(&sim->node[0], true);
	node_start(&sim->node[1], false);
	assert_true(sim_converge(sim, 1000) < 200);
	sim_run(sim, 60000);
	/* Nobody knows anything of the other yet: INIT, CHALLENGE, INIT, RESPONSE */
	assert_int_equal(sim->sent, 4);
	assert_int_equal(sim->node[0].established, 1);
	assert_int_equal(sim->node[1].established, 1);
	assert_int_equal(sim->node[1].heard.timeout_ms, 3000);
	assert_int_equal(sim->node[1].heard.mtu, 1448);
	sim_free(sim);
}

static void test_nth_message_lost(void **state)
{
	int n;

	(void)state;
	for (n = 0; n < 6; n++) {
		struct sim *sim = sim_new((uint32_t)n + 1);

		sim->drop_nth = n;
		node_start(&sim->node[0], true);
		node_start(&sim->node[1], n % 2);
		sim_converge(sim, 5000);
		sim_free(sim);
	}
}

/* All that confirms the key is lost, and nobody sends anything else */
static void test_confirmation_lost(void **state)
{
	struct sim *sim = sim_new(9);

	(void)state;
	sim->drop_data = true;
	node_start(&sim->node[0], true);
	node_start(&sim->node[1], false);
	sim_run(sim, 5000);
	assert_int_equal(sim->node[0].established, 1);
	assert_int_equal(sim->node[1].established, 0);
	sim->drop_data = false;
	sim_converge(sim, sim->node[0].config.tokxc_ms);
	assert_int_equal(sim->node[0].established, 2);
	/* A path that never carries data is not flooded with exchanges */
	sim->drop_data = true;
	node_start(&sim->node[0], true);
	sim_run(sim, 600000);
	assert_in_range(sim->node[0].established, 4, 40);
	sim_free(sim);
}

static void test_half_lost(void **state)
{
	uint32_t seed;

	(void)state;
	for (seed = 1; seed <= 100; seed++) {
		struct sim *sim = sim_new(seed);

		sim->loss = 50;
		node_start(&sim->node[0], true);
		node_start(&sim->node[1], true);
		sim_converge(sim, 120000);
		sim_free(sim);
	}
}

static void test_doubled_and_disordered(void **state)
{
	uint32_t seed;

	(void)state;
	for (seed = 1; seed <= 100; seed++) {
		struct sim *sim = sim_new(seed);

		sim->twice = 50;
		sim->delay_max = 2500;
		sim->loss = seed % 20;
		node_start(&sim->node[0], true);
		node_start(&sim->node[1], true);
		sim_converge(sim, 120000);
		/* Late copies do not break it up again */
		sim_run(sim, 30000);
		assert_true(sim_converged(sim));
		sim_free(sim);
	}
}

static void test_simultaneous(void **state)
{
	uint32_t seed;

	(void)state;
	for (seed = 1; seed <= 100; seed++) {
		struct sim *sim = sim_new(seed);

		sim->delay_min = 60;
		sim->delay_max = 80;
		node_start(&sim->node[0], true);
		node_start(&sim->node[1], true);
		assert_true(sim_converge(sim, 1000) < 500);
		sim_run(sim, 60000);
		assert_true(sim_converged(sim));
		assert_int_equal(sim->node[0].established, 1);
		assert_int_equal(sim->node[1].established, 1);
		sim_free(sim);
	}
}

static void test_clocks_apart(void **state)
{
	int64_t offset;

	(void)state;
	for (offset = -86400000; offset <= 86400000; offset += 2 * 86400000) {
		struct sim *sim = sim_new(7);

		sim->node[1].clock_offset = offset;
		node_start(&sim->node[0], true);
		node_start(&sim->node[1], true);
		sim_converge(sim, 1000);
		sim_free(sim);
	}
}

static void node_forget(struct node *n)
{
	memset(n->key, 0, sizeof(n->key));
	memset(&n->endpoint, 0, sizeof(n->endpoint));
	n->note_count = 0;
}

/* A daemon, or its machine, starts anew at any time, again and again */
static void test_restarts(void **state)
{
	uint32_t seed;

	(void)state;
	for (seed = 1; seed <= 60; seed++) {
		struct sim *sim = sim_new(seed);
		int i;

		sim->loss = seed % 3 * 10;
		node_start(&sim->node[0], true);
		node_start(&sim->node[1], true);
		for (i = 0; i < 20; i++) {
			struct node *n = &sim->node[sim_random(sim) % 2];

			sim_run(sim, sim_random(sim) % (i % 2 ? 100 : 3000));
			if (sim_random(sim) % 2)
				node_forget(n);
			node_start(n, true);
		}
		sim_run(sim, 1000);
		sim_converge(sim, 120000);
		sim_free(sim);
	}
}

/* A data packet from each side every 20 ms: each of them is understood */
static void test_rekey_loses_nothing(void **state)
{
	struct sim *sim = sim_new(3);
	int i, sent = 0;

	(void)state;
	sim->node[0].config.tokey_ms = sim->node[1].config.tokey_ms = 1000;
	node_start(&sim->node[0], true);
	node_start(&sim->node[1], false);
	sim_converge(sim, 1000);
	while (sim->node[0].established < 1000) {
		for (i = 0; i < 2; i++)
			sent += kernel_send_data(&sim->node[i]);
		sim_run(sim, 20);
		if (sim->node[0].established == sim->node[1].established && !sim->flying)
			assert_true(sim_converged(sim));
	}
	sim_run(sim, 100);
	assert_true(sim_converged(sim));
	assert_int_equal(sim->undecryptable, 0);
	assert_true(sent > 90000 && sim->delivered >= sent);
	/* Who began keeps beginning */
	assert_int_equal(sim->node[1].inits, 0);
	assert_int_equal(sim->node[0].inits, 1001);
	assert_int_equal(sim->node[1].challenges, 1);
	sim_free(sim);
}

static void test_rekey_with_faults(void **state)
{
	struct sim *sim = sim_new(11);
	int i;

	(void)state;
	sim->node[0].config.tokey_ms = sim->node[1].config.tokey_ms = 1000;
	sim->node[0].config.tokxc_ms = sim->node[1].config.tokxc_ms = 2000;
	sim->loss = 10;
	sim->twice = 10;
	sim->delay_max = 100;
	node_start(&sim->node[0], true);
	node_start(&sim->node[1], true);
	sim_converge(sim, 20000);
	while (sim->node[0].established < 1000) {
		for (i = 0; i < 2; i++)
			sim->probes += kernel_send_data(&sim->node[i]);
		sim_run(sim, 20);
	}
	sim->loss = sim->twice = 0;
	sim_converge(sim, 20000);
	print_message("# %d of %d data packets came under an unknown key\n", sim->undecryptable,
		      sim->probes);
	assert_int_equal(sim->undecryptable, 0);
	sim_free(sim);
}

/* Messages of exchanges that go on */
static int session_messages(const struct sim *sim)
{
	return sim->node[0].inits + sim->node[1].inits + sim->node[0].responses +
	       sim->node[1].responses;
}

static void test_replay_is_ignored(void **state)
{
	struct sim *sim = sim_new(5);
	int i, sets, said;

	(void)state;
	sim->node[0].config.tokey_ms = sim->node[1].config.tokey_ms = 5000;
	node_start(&sim->node[0], true);
	node_start(&sim->node[1], true);
	sim_run(sim, 60000);
	assert_true(sim->node[0].established > 10);
	sets = sim->node[0].key_sets + sim->node[1].key_sets;
	said = session_messages(sim);
	for (i = 0; i < sim->recorded; i++) {
		struct packet *p = &sim->record[i];

		/* To whom it went, and back to whom sent it */
		session_receive(sim->node[p->to].session, sim->now, &p->path, p->msg.data,
				p->msg.len);
		session_receive(sim->node[!p->to].session, sim->now, &p->path, p->msg.data,
				p->msg.len);
	}
	assert_int_equal(sim->node[0].key_sets + sim->node[1].key_sets, sets);
	/* Challenges, and nobody who takes them up */
	sim_run(sim, 100);
	assert_int_equal(session_messages(sim), said);
	assert_true(sim_converged(sim));
	sim_free(sim);
}

static void test_restart_remembers(void **state)
{
	struct sim *sim = sim_new(6);
	struct packet *p = &sim->record[0];
	int sets;

	(void)state;
	node_start(&sim->node[0], true);
	node_start(&sim->node[1], false);
	sim_converge(sim, 1000);
	node_start(&sim->node[1], false);
	sets = sim->node[1].key_sets;
	session_receive(sim->node[1].session, sim->now, &p->path, p->msg.data, p->msg.len);
	assert_int_equal(sim->node[1].key_sets, sets);
	sim_free(sim);
}

static void test_key_id_in_use(void **state)
{
	struct sim *sim = sim_new(8);

	(void)state;
	sim->node[0].eexist = 2;
	sim->node[1].eexist = 3;
	node_start(&sim->node[0], true);
	node_start(&sim->node[1], false);
	sim_converge(sim, 3000);
	assert_int_equal(sim->node[0].eexist, 0);
	assert_int_equal(sim->node[1].eexist, 0);
	sim_free(sim);
}

/* ------------------------------------------------------------------------
 * sending into the void
 */

static struct {
	uint64_t at[4096];
	union addr to[4096];
	struct handshake_message msg[4096];
	int count;
} void_log;

static void into_void(struct sim *sim, struct node *n, const struct path *path,
		      const struct handshake_message *msg)
{
	(void)n;
	assert_true(void_log.count < 4096);
	void_log.at[void_log.count] = sim->now;
	void_log.to[void_log.count] = path->remote;
	void_log.msg[void_log.count++] = *msg;
}

static bool same_message(int a, int b)
{
	return void_log.msg[a].len == void_log.msg[b].len &&
	       !memcmp(void_log.msg[a].data, void_log.msg[b].data, void_log.msg[a].len);
}

static void test_back_off(void **state)
{
	static const unsigned int nominal[] = { 500, 1000, 2000, 4000 };
	struct sim *sim = sim_new(9);
	int i, repeats = 0, exchanges = 1;

	(void)state;
	void_log.count = 0;
	sim->on_send = into_void;
	node_start(&sim->node[0], true);
	sim_run(sim, 600000);
	for (i = 1; i < void_log.count; i++) {
		uint64_t gap = void_log.at[i] - void_log.at[i - 1];

		if (same_message(i, i - 1)) {
			assert_in_range(gap, nominal[repeats] * 8 / 10, nominal[repeats] * 12 / 10);
			repeats += repeats < 3;
			continue;
		}
		/* Fresh message: the old one was given up after tokxc, then a pause */
		assert_in_range(gap, 800, 10000 + SESSION_PAUSE_MAX_MS * 12 / 10);
		repeats = 0;
		exchanges++;
	}
	assert_in_range(exchanges, 14, 30);
	sim_free(sim);
}

static void test_falls_back_to_configured(void **state)
{
	struct sim *sim = sim_new(10);
	union addr elsewhere = sim->node[1].addr;
	int i;

	(void)state;
	void_log.count = 0;
	addr_set_port(&elsewhere, 9);
	sim->on_send = into_void;
	sim->node[0].endpoint = elsewhere;
	node_start(&sim->node[0], true);
	sim_run(sim, 9000);
	assert_true(void_log.count >= 4);
	for (i = 0; i < void_log.count; i++)
		assert_true(addr_equal(&void_log.to[i],
				       i == 3 ? &sim->node[1].addr : &elsewhere));
	sim_free(sim);
}

/* One side's messages go nowhere: the other's tell it where to send */
static void test_answers_where_it_is_called_from(void **state)
{
	uint32_t seed;

	(void)state;
	for (seed = 1; seed <= 20; seed++) {
		struct sim *sim = sim_new(seed);

		sim->node[0].endpoint = sim->node[1].addr;
		addr_set_port(&sim->node[0].endpoint, 9);
		node_start(&sim->node[0], false);
		node_start(&sim->node[1], true);
		sim_converge(sim, 1500);
		sim_free(sim);
	}
}

/* An authentic RESPONSE, but from an address that was not written to: the key is
 * good, the address may be a forger's
 */
static void test_response_from_elsewhere(void **state)
{
	int pin;

	(void)state;
	for (pin = 0; pin <= 1; pin++) {
		struct sim *sim = sim_new(19);
		struct node *a = &sim->node[0], *b = &sim->node[1];
		union addr elsewhere = b->addr;
		struct packet *p;

		addr_set_port(&elsewhere, 9);
		a->config.pin = pin;
		node_start(b, false);
		node_start(a, true);
		while (!b->responses)
			sim_step(sim);
		p = &sim->record[sim->recorded - 1];
		assert_int_equal(p->msg.data[5], CIPE_WIRE_RESPONSE);
		p->path.remote = elsewhere;
		session_receive(a->session, sim->now, &p->path, p->msg.data, p->msg.len);
		assert_int_equal(a->established, 1);
		assert_true(addr_equal(&a->endpoint, &b->addr));
		sim_converge(sim, 1000);
		sim_free(sim);
	}
}

/* A pinned peer is where the configuration says, not where a run before saw it */
static void test_pinned(void **state)
{
	struct sim *sim = sim_new(20);
	struct node *a = &sim->node[0], *b = &sim->node[1];

	(void)state;
	a->config.pin = true;
	a->endpoint = b->addr;
	addr_set_port(&a->endpoint, 9);
	node_start(b, false);
	node_start(a, true);
	sim_converge(sim, 6000);
	assert_true(addr_equal(&a->endpoint, &b->addr));
	sim_free(sim);
}

/* A key that we offered and then replaced by one of ours never takes over, also
 * if it was offered by an earlier run
 */
static void withdraw_old_offer(bool restart)
{
	struct sim *sim = sim_new(18);
	struct node *a = &sim->node[0], *b = &sim->node[1];
	struct packet late = { .data = true };

	node_start(a, false);
	node_start(b, true);
	/* B begins and completes, but nothing it sends under the key arrives */
	while (!b->established)
		sim_step(sim);
	sim->flying = 0;
	b->key[CIPE_SLOT_CURRENT].heard = true;
	late.id = b->key[CIPE_SLOT_CURRENT].k.tx_id;
	memcpy(late.key, b->key[CIPE_SLOT_CURRENT].k.tx_key, sizeof(late.key));
	late.path.remote = b->addr;
	assert_int_equal(a->established, 0);
	if (restart) {
		node_start(a, true);
	} else {
		session_set_configured(a->session, sim->now, &b->addr);
		session_peer_dead(a->session, sim->now);
	}
	while (!a->established)
		sim_step(sim);
	kernel_receive_data(a, &late);
	sim_converge(sim, 1000);
	assert_int_equal(sim->undecryptable, 1);
	assert_int_equal(a->established, 1);
	sim_free(sim);
}

static void test_old_offer_is_withdrawn(void **state)
{
	(void)state;
	withdraw_old_offer(false);
	withdraw_old_offer(true);
}

static void test_waits_for_unknown_peer(void **state)
{
	struct sim *sim = sim_new(12);

	(void)state;
	node_start(&sim->node[1], false);
	sim_run(sim, 60000);
	assert_int_equal(sim->node[1].inits, 0);
	node_start(&sim->node[0], true);
	sim_converge(sim, 1000);
	/* It was called: now that it knows where the peer is, it need not call */
	session_moved(sim->node[1].session, sim->now, &sim->node[0].addr);
	sim_run(sim, 60000);
	assert_int_equal(sim->node[1].inits, 0);
	sim_free(sim);
}

/* ------------------------------------------------------------------------
 * events
 */

static struct sim *connected(uint32_t seed)
{
	struct sim *sim = sim_new(seed);

	node_start(&sim->node[0], true);
	node_start(&sim->node[1], false);
	sim_converge(sim, 1000);
	sim_run(sim, 1000);
	return sim;
}

/* The peer's name has no address for a while */
static void test_name_without_address(void **state)
{
	struct sim *sim = sim_new(31);
	struct node *n = &sim->node[0];
	int i, asked;

	(void)state;
	node_start(&sim->node[1], false);
	node_start(n, false);
	for (i = 0; i < 60000; i++) {
		asked = n->initiated;
		sim_step(sim);
		if (n->initiated > asked)
			session_no_address(n->session, sim->now);
	}
	assert_in_range(n->initiated, 5, 8);
	assert_int_equal(n->inits, 0);
	session_set_configured(n->session, sim->now, &sim->node[1].addr);
	sim_converge(sim, 1000);
	/* Of no matter once there is an exchange */
	session_no_address(n->session, sim->now);
	asked = n->initiated;
	sim_run(sim, 60000);
	assert_int_equal(n->initiated, asked);
	sim_free(sim);
}

static void test_limit_rekeys_at_once(void **state)
{
	struct sim *sim = connected(13);
	int i;

	(void)state;
	for (i = 0; i < 2; i++) {
		struct node *n = &sim->node[i];

		session_key_limit(n->session, sim->now, session_current_id(n->session));
		sim_run(sim, 200);
		assert_int_equal(n->established, 2 + i);
		assert_true(sim_converged(sim));
	}
	sim_free(sim);
}

static void test_dead_peer_is_called(void **state)
{
	struct sim *sim = connected(14);

	(void)state;
	node_forget(&sim->node[1]);
	node_start(&sim->node[1], false);
	assert_false(sim_converged(sim));
	session_peer_dead(sim->node[0].session, sim->now);
	sim_converge(sim, 200);
	sim_free(sim);
}

static void test_expired_key_is_replaced(void **state)
{
	struct sim *sim = connected(15);

	(void)state;
	sim->node[0].key[CIPE_SLOT_CURRENT].dies = sim->now;
	sim_run(sim, 2);
	sim_converge(sim, 200);
	sim_free(sim);
}

static void test_lost_events(void **state)
{
	struct sim *sim = sim_new(16);
	struct session_keys_seen seen = { 0 };
	struct node *n = &sim->node[1];

	(void)state;
	n->lose_notes = true;
	node_start(&sim->node[0], true);
	node_start(n, false);
	sim_run(sim, 500);
	assert_int_equal(n->established, 0);
	seen.current = n->key[CIPE_SLOT_CURRENT].k.rx_id;
	session_keys_seen(n->session, sim->now, &seen);
	assert_int_equal(n->established, 1);
	assert_true(sim_converged(sim));
	n->key[CIPE_SLOT_CURRENT].present = false;
	seen.current = 0;
	session_keys_seen(n->session, sim->now, &seen);
	sim_converge(sim, 200);
	sim_free(sim);
}

static void test_forged_messages(void **state)
{
	struct sim *sim = sim_new(17);
	int i, bit;

	(void)state;
	node_start(&sim->node[0], true);
	node_start(&sim->node[1], false);
	sim->delay_min = sim->delay_max = 40;
	while (sim->sent < 2) {
		for (i = 0; i < sim->flying; i++) {
			struct packet p = sim->flight[i];

			bit = (int)(sim_random(sim) % (8 * p.msg.len));
			p.msg.data[bit / 8] ^= (uint8_t)(1 << bit % 8);
			session_receive(sim->node[p.to].session, sim->now, &p.path, p.msg.data,
					p.msg.len);
			session_receive(sim->node[p.to].session, sim->now, &p.path, p.msg.data,
					sim_random(sim) % p.msg.len);
		}
		sim_step(sim);
	}
	sim_converge(sim, 1000);
	assert_int_equal(sim->node[0].established, 1);
	sim_free(sim);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_one_exchange),
		cmocka_unit_test(test_nth_message_lost),
		cmocka_unit_test(test_confirmation_lost),
		cmocka_unit_test(test_half_lost),
		cmocka_unit_test(test_doubled_and_disordered),
		cmocka_unit_test(test_simultaneous),
		cmocka_unit_test(test_clocks_apart),
		cmocka_unit_test(test_restarts),
		cmocka_unit_test(test_rekey_loses_nothing),
		cmocka_unit_test(test_rekey_with_faults),
		cmocka_unit_test(test_replay_is_ignored),
		cmocka_unit_test(test_restart_remembers),
		cmocka_unit_test(test_key_id_in_use),
		cmocka_unit_test(test_back_off),
		cmocka_unit_test(test_falls_back_to_configured),
		cmocka_unit_test(test_answers_where_it_is_called_from),
		cmocka_unit_test(test_response_from_elsewhere),
		cmocka_unit_test(test_pinned),
		cmocka_unit_test(test_old_offer_is_withdrawn),
		cmocka_unit_test(test_waits_for_unknown_peer),
		cmocka_unit_test(test_name_without_address),
		cmocka_unit_test(test_limit_rekeys_at_once),
		cmocka_unit_test(test_dead_peer_is_called),
		cmocka_unit_test(test_expired_key_is_replaced),
		cmocka_unit_test(test_lost_events),
		cmocka_unit_test(test_forged_messages),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
