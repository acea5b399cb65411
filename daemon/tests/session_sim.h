/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Two sessions, two models of the kernel and a network between them, in
 * simulated time. Messages may be lost, delayed and doubled; every data packet
 * is checked against the key that opens it.
 */
#ifndef CIPED_TESTS_SESSION_SIM_H
#define CIPED_TESTS_SESSION_SIM_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <arpa/inet.h>
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "links.h"
#include "secret.h"
#include "session.h"

#define FLIGHT_MAX 4096
/* What the kernel sends to confirm a key */
#define KEEPALIVE_MS 300
#define KEEPALIVES 6

/* A data packet's stand-in for the ciphertext is the key it is under */
struct packet {
	bool data;
	int to;
	struct path path;
	uint64_t at;
	uint32_t id;
	uint8_t key[CIPE_KEY_LEN_MAX];
	struct handshake_message msg;
};

struct sim_key {
	bool present, heard;
	int confirmed;
	struct handshake_keys k;
	uint64_t dies;
};

struct note {
	enum cipe_cmd cmd;
	uint32_t rx_id;
	uint64_t at;
};

struct node {
	struct sim *sim;
	int index;
	struct session *session;
	struct session_config config;
	struct identity *id;
	uint8_t local[HANDSHAKE_LOCAL_LEN];
	union addr addr;
	struct sim_key key[3];
	struct note notes[64];
	int note_count;
	bool lose_notes;
	uint64_t keepalive_at, stamp, accepted;
	int64_t clock_offset;
	union addr endpoint;
	int established, initiated, eexist, inits, responses, challenges, accepts, key_sets;
	struct handshake_info heard;
};

struct sim {
	uint64_t now;
	uint32_t rng;
	unsigned int loss, twice, delay_min, delay_max;
	int drop_nth, sent;
	bool drop_data;
	struct node node[2];
	struct packet flight[FLIGHT_MAX];
	int flying;
	int undecryptable, delivered, probes;
	struct packet record[512];
	int recorded;
	void (*on_send)(struct sim *sim, struct node *n, const struct path *path,
			const struct handshake_message *msg);
};

static uint32_t sim_random(struct sim *sim)
{
	sim->rng ^= sim->rng << 13;
	sim->rng ^= sim->rng >> 17;
	sim->rng ^= sim->rng << 5;
	return sim->rng;
}

static void sim_fly(struct sim *sim, const struct packet *p)
{
	int copies = 1 + (sim_random(sim) % 100 < sim->twice);

	if (p->data ? sim->drop_data : sim->sent++ == sim->drop_nth)
		return;
	while (copies--) {
		struct packet *f = &sim->flight[sim->flying];

		if (sim_random(sim) % 100 < sim->loss)
			continue;
		assert_true(sim->flying < FLIGHT_MAX);
		*f = *p;
		f->at = sim->now + sim->delay_min +
			sim_random(sim) % (sim->delay_max - sim->delay_min + 1);
		sim->flying++;
	}
}

/* ------------------------------------------------------------------------
 * the kernel
 */

static void kernel_note(struct node *n, enum cipe_cmd cmd, uint32_t rx_id)
{
	if (n->lose_notes)
		return;
	assert_true(n->note_count < 64);
	n->notes[n->note_count++] = (struct note){ cmd, rx_id,
		n->sim->now + sim_random(n->sim) % 5 };
}

static bool kernel_send_data(struct node *n)
{
	struct sim_key *key = &n->key[CIPE_SLOT_CURRENT];
	struct packet p = { .data = true, .to = !n->index };

	if (!key->present || !addr_is_set(&n->endpoint))
		return false;
	p.id = key->k.tx_id;
	memcpy(p.key, key->k.tx_key, sizeof(p.key));
	p.path.remote = n->addr;
	sim_fly(n->sim, &p);
	return true;
}

static void kernel_receive_data(struct node *n, const struct packet *p)
{
	int slot;

	for (slot = 0; slot < 3; slot++)
		if (n->key[slot].present && n->key[slot].k.rx_id == p->id)
			break;
	if (slot == 3) {
		n->sim->undecryptable++;
		return;
	}
	/* The same id always means the same key */
	assert_memory_equal(n->key[slot].k.rx_key, p->key, sizeof(p->key));
	n->sim->delivered++;
	n->endpoint = p->path.remote;
	n->key[slot].heard = true;
	if (slot == CIPE_SLOT_NEXT) {
		n->key[CIPE_SLOT_PREVIOUS] = n->key[CIPE_SLOT_CURRENT];
		n->key[CIPE_SLOT_CURRENT] = n->key[CIPE_SLOT_NEXT];
		n->key[CIPE_SLOT_NEXT].present = false;
		kernel_note(n, CIPE_CMD_KEY_ACTIVE_NTF, p->id);
		kernel_send_data(n);
	}
}

static void kernel_tick(struct node *n)
{
	struct sim_key *current = &n->key[CIPE_SLOT_CURRENT];
	int slot;

	for (slot = 0; slot < 3; slot++) {
		if (!n->key[slot].present || n->key[slot].dies > n->sim->now)
			continue;
		n->key[slot].present = false;
		if (slot == CIPE_SLOT_CURRENT)
			kernel_note(n, CIPE_CMD_KEY_EXPIRED_NTF, n->key[slot].k.rx_id);
	}
	if (current->present && !current->heard && current->confirmed < KEEPALIVES &&
	    n->sim->now >= n->keepalive_at) {
		kernel_send_data(n);
		current->confirmed++;
		n->keepalive_at = n->sim->now + KEEPALIVE_MS;
	}
}

/* ------------------------------------------------------------------------
 * operations
 */

static uint32_t op_random(void *ctx)
{
	struct node *n = ctx;

	return sim_random(n->sim);
}

static uint64_t op_wall_clock(void *ctx)
{
	struct node *n = ctx;

	return 1700000000000000000ull + (uint64_t)((int64_t)n->sim->now + n->clock_offset) *
	       1000000u;
}

static uint64_t op_timestamp(void *ctx)
{
	struct node *n = ctx;
	uint64_t t = op_wall_clock(ctx);

	n->stamp = t > n->stamp ? t : n->stamp + 1;
	return n->stamp;
}

static void op_accepted(void *ctx, uint64_t timestamp)
{
	struct node *n = ctx;

	assert_true(timestamp >= n->accepted);
	n->accepted = timestamp;
	n->accepts++;
}

static void op_begin(void *ctx)
{
	((struct node *)ctx)->initiated++;
}

static void op_send(void *ctx, const struct path *path, const struct handshake_message *msg)
{
	struct node *n = ctx;
	struct packet p = { .to = !n->index, .msg = *msg };

	if (msg->data[5] == CIPE_WIRE_RESPONSE) {
		n->responses++;
		/* The key is in the kernel before the peer can use it */
		assert_true(n->key[CIPE_SLOT_NEXT].present || n->key[CIPE_SLOT_CURRENT].present);
	} else if (msg->data[5] == CIPE_WIRE_CHALLENGE) {
		n->challenges++;
	} else {
		n->inits++;
	}
	p.path.remote = n->addr;
	if (n->sim->recorded < 512)
		n->sim->record[n->sim->recorded++] = p;
	if (n->sim->on_send)
		n->sim->on_send(n->sim, n, path, msg);
	else if (addr_equal(&path->remote, &n->sim->node[!n->index].addr))
		sim_fly(n->sim, &p);
}

static int op_key_set(void *ctx, enum cipe_slot slot, const struct handshake_keys *keys)
{
	struct node *n = ctx;

	n->key_sets++;
	if (n->eexist > 0) {
		n->eexist--;
		return -EEXIST;
	}
	if (slot == CIPE_SLOT_CURRENT)
		n->key[CIPE_SLOT_PREVIOUS] = n->key[CIPE_SLOT_CURRENT];
	n->key[slot] = (struct sim_key){ .present = true, .k = *keys,
		.dies = n->sim->now + 2 * (n->config.tokey_ms + n->config.tokxc_ms) };
	if (slot == CIPE_SLOT_CURRENT)
		n->keepalive_at = n->sim->now;
	return 0;
}

static void op_key_del_next(void *ctx)
{
	((struct node *)ctx)->key[CIPE_SLOT_NEXT].present = false;
}

static int op_endpoint(void *ctx, const union addr *endpoint)
{
	((struct node *)ctx)->endpoint = *endpoint;
	return 0;
}

static bool op_heard(void *ctx, uint32_t rx_id)
{
	const struct sim_key *key = &((struct node *)ctx)->key[CIPE_SLOT_CURRENT];

	return key->present && key->k.rx_id == rx_id && key->heard;
}

static void op_established(void *ctx, const struct handshake_info *peer, bool initiator)
{
	struct node *n = ctx;

	(void)initiator;
	n->heard = *peer;
	n->established++;
}

static const struct session_ops sim_ops = {
	.random = op_random,
	.wall_clock = op_wall_clock,
	.timestamp = op_timestamp,
	.accepted = op_accepted,
	.begin = op_begin,
	.send = op_send,
	.key_set = op_key_set,
	.key_del_next = op_key_del_next,
	.endpoint = op_endpoint,
	.heard = op_heard,
	.established = op_established,
};

/* ------------------------------------------------------------------------
 * the world
 */

/* The same for all links of a test program */
static const struct kind *sim_kind = &kinds[0];

/* Start a node, or restart it: what the kernel and the state file hold stays */
static void node_start(struct node *n, bool knows_peer)
{
	session_free(n->session);
	n->session = session_new(&n->config, &sim_ops, n);
	assert_non_null(n->session);
	session_set_newest(n->session, n->accepted);
	if (knows_peer)
		session_set_configured(n->session, n->sim->now,
				       &n->sim->node[!n->index].addr);
	session_start(n->session, n->sim->now, n->key[CIPE_SLOT_CURRENT].present ?
		      n->key[CIPE_SLOT_CURRENT].k.rx_id : 0, &n->endpoint);
}

static void node_init(struct sim *sim, int i)
{
	struct node *n = &sim->node[i];

	n->sim = sim;
	n->index = i;
	n->id = link_end(sim_kind, i);
	secret_random(n->local, sizeof(n->local));
	n->addr.in.sin_family = AF_INET;
	n->addr.in.sin_port = htons((uint16_t)(4000 + i));
	n->addr.in.sin_addr.s_addr = htonl(0xc0000201u + (uint32_t)i);
	n->config = (struct session_config){
		.handshake = { .id = n->id, .local = n->local, .mode = CIPE_MODE_IP,
			       .cipher = CIPE_CIPHER_AES_256_GCM },
		.own = { .have_ipaddr = true, .ipaddr = { 10, 0, 0, (uint8_t)i }, .mtu = 1448 },
		.tokey_ms = 600000,
		.tokxc_ms = 10000,
	};
}

static struct sim *sim_new(uint32_t seed)
{
	struct sim *sim = calloc(1, sizeof(*sim));

	assert_non_null(sim);
	assert_int_equal(secret_init(0), 0);
	sim->rng = seed * 2654435761u + 1;
	sim->now = 1000;
	sim->delay_min = 5;
	sim->delay_max = 15;
	sim->drop_nth = -1;
	node_init(sim, 0);
	node_init(sim, 1);
	return sim;
}

static void sim_free(struct sim *sim)
{
	session_free(sim->node[0].session);
	session_free(sim->node[1].session);
	identity_free(sim->node[0].id);
	identity_free(sim->node[1].id);
	free(sim);
}

static void node_notes(struct node *n)
{
	uint64_t now = n->sim->now;

	while (n->note_count && n->notes[0].at <= now) {
		struct note note = n->notes[0];

		memmove(n->notes, n->notes + 1, sizeof(note) * (size_t)--n->note_count);
		if (note.cmd == CIPE_CMD_KEY_ACTIVE_NTF)
			session_key_active(n->session, now, note.rx_id);
		else
			session_key_expired(n->session, now, note.rx_id);
	}
}

static void sim_deliver(struct sim *sim)
{
	int i;

	for (i = 0; i < sim->flying; i++) {
		struct packet p = sim->flight[i];
		struct node *n = &sim->node[p.to];

		if (p.at > sim->now)
			continue;
		sim->flight[i--] = sim->flight[--sim->flying];
		if (p.data)
			kernel_receive_data(n, &p);
		else if (n->session)
			session_receive(n->session, sim->now, &p.path, p.msg.data, p.msg.len);
	}
}

/* A millisecond passes */
static void sim_step(struct sim *sim)
{
	int i;

	sim->now++;
	sim_deliver(sim);
	for (i = 0; i < 2; i++) {
		struct node *n = &sim->node[i];

		kernel_tick(n);
		if (!n->session)
			continue;
		node_notes(n);
		if (session_deadline(n->session) <= sim->now)
			session_timer(n->session, sim->now);
	}
}

static void sim_run(struct sim *sim, uint64_t ms)
{
	while (ms--)
		sim_step(sim);
}

/* Both send and receive under the same key, and both sessions know it */
static bool sim_converged(const struct sim *sim)
{
	const struct sim_key *a = &sim->node[0].key[CIPE_SLOT_CURRENT];
	const struct sim_key *b = &sim->node[1].key[CIPE_SLOT_CURRENT];

	return a->present && b->present && a->k.rx_id == b->k.tx_id && a->k.tx_id == b->k.rx_id &&
	       !memcmp(a->k.rx_key, b->k.tx_key, CIPE_KEY_LEN_MAX) &&
	       !memcmp(a->k.tx_key, b->k.rx_key, CIPE_KEY_LEN_MAX) &&
	       session_current_id(sim->node[0].session) == a->k.rx_id &&
	       session_current_id(sim->node[1].session) == b->k.rx_id;
}

/* Run until converged; return the time it took, or fail after @limit */
static __attribute__((unused)) uint64_t sim_converge(struct sim *sim, uint64_t limit)
{
	uint64_t start = sim->now;

	while (!sim_converged(sim)) {
		if (sim->now - start > limit)
			fail_msg("not converged after %llu ms", (unsigned long long)limit);
		sim_step(sim);
	}
	return sim->now - start;
}

/* The state file is lost */
static inline void node_lose_memory(struct node *n)
{
	n->accepted = n->stamp = 0;
	secret_random(n->local, sizeof(n->local));
}

#endif /* CIPED_TESTS_SESSION_SIM_H */
