// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Two sessions with real keys, and between them a network that does to their
 * messages what the input says: loses, doubles, changes, replays, sends from
 * elsewhere; restarts, wrong clocks, events of the kernel. The model of the
 * unit tests checks each step. In the end the network is good again, and both
 * ends must agree on a key, whatever happened before.
 *
 * Input: kind of link, random numbers; then steps, each an octet and what it
 * takes.
 */
#include "fuzz.h"

#include "../tests/session_sim.h"

#define STEPS_MAX 100
/* The longest pause between two tries is 36 s, and it takes two at most */
#define CONVERGE_MS 150000

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	(void)argc;
	(void)argv;
	fuzz_init();
	return 0;
}

static uint64_t earlier(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

/* When something happens at a node; the past: at once */
static uint64_t node_next(const struct node *n)
{
	const struct sim_key *current = &n->key[CIPE_SLOT_CURRENT];
	uint64_t next = session_deadline(n->session);
	int slot;

	if (n->note_count)
		next = earlier(next, n->notes[0].at);
	for (slot = 0; slot < 3; slot++)
		if (n->key[slot].present)
			next = earlier(next, n->key[slot].dies);
	if (current->present && !current->heard && current->confirmed < KEEPALIVES)
		next = earlier(next, n->keepalive_at);
	return next;
}

/* sim_run() without the milliseconds in which nothing happens */
static void sim_skip(struct sim *sim, uint64_t ms)
{
	uint64_t end = sim->now + ms, next;
	int i;

	while (sim->now < end) {
		next = earlier(node_next(&sim->node[0]), node_next(&sim->node[1]));
		for (i = 0; i < sim->flying; i++)
			next = earlier(next, sim->flight[i].at);
		next = earlier(next, end);
		if (next > sim->now + 1)
			sim->now = next - 1;
		sim_step(sim);
	}
}

/* ------------------------------------------------------------------------
 * steps
 */

static void set_network(struct sim *sim, struct fuzz_input *in)
{
	sim->loss = fuzz_u8(in) % 101;
	sim->twice = fuzz_u8(in) % 101;
	sim->delay_min = fuzz_u8(in);
	sim->delay_max = sim->delay_min + fuzz_u16(in) % 3000;
}

/* A message under way: some octets change, or its length, or where it is from */
static void change_flight(struct sim *sim, struct fuzz_input *in)
{
	uint8_t which = fuzz_u8(in), how = fuzz_u8(in);
	uint16_t at = fuzz_u16(in);
	struct packet *p;

	if (!sim->flying)
		return;
	p = &sim->flight[which % sim->flying];
	if (p->data)
		return;
	if (how & 0x80)
		p->path.remote = fuzz_addr(in);
	else if (how & 0x40)
		p->msg.len = at % (CIPE_WIRE_CONTROL_MAX + 1);
	else
		p->msg.data[at % CIPE_WIRE_CONTROL_MAX] ^= fuzz_u8(in);
}

/* A message of before, to either end, from where it came or from elsewhere */
static void replay(struct sim *sim, struct fuzz_input *in)
{
	uint8_t which = fuzz_u8(in), how = fuzz_u8(in);
	struct packet p;

	if (!sim->recorded)
		return;
	p = sim->record[which % sim->recorded];
	p.to = how & 1;
	if (how & 2)
		p.path.remote = fuzz_addr(in);
	session_receive(sim->node[p.to].session, sim->now, &p.path, p.msg.data, p.msg.len);
}

static void forge(struct sim *sim, struct fuzz_input *in)
{
	struct node *n = &sim->node[fuzz_u8(in) & 1];
	uint8_t msg[256], len = fuzz_u8(in);
	struct path path = { .remote = fuzz_addr(in) };

	fuzz_take(in, msg, len);
	session_receive(n->session, sim->now, &path, msg, len);
}

/* With or without what is written down; the kernel's keys stay */
static void restart(struct sim *sim, struct fuzz_input *in)
{
	uint8_t how = fuzz_u8(in);
	struct node *n = &sim->node[how & 1];

	if (how & 2) {
		n->accepted = n->stamp = 0;
		secret_random(n->local, sizeof(n->local));
	}
	node_start(n, true);
}

static void see_keys(struct node *n)
{
	struct session_keys_seen seen = {
		.current = n->key[CIPE_SLOT_CURRENT].present ? n->key[CIPE_SLOT_CURRENT].k.rx_id : 0,
		.next = n->key[CIPE_SLOT_NEXT].present ? n->key[CIPE_SLOT_NEXT].k.rx_id : 0,
	};

	n->note_count = 0;
	session_keys_seen(n->session, n->sim->now, &seen);
}

/* Of the key in use, or of one that is none of ours any more */
static void event(struct sim *sim, struct fuzz_input *in)
{
	uint8_t how = fuzz_u8(in);
	struct node *n = &sim->node[how & 1];
	uint32_t id = how & 2 ? fuzz_u32(in) : session_current_id(n->session);

	switch (how >> 2 & 3) {
	case 0:
		session_key_limit(n->session, sim->now, id);
		break;
	case 1:
		session_peer_dead(n->session, sim->now);
		break;
	case 2:
		session_moved(n->session, sim->now, &sim->node[!n->index].addr);
		break;
	default:
		see_keys(n);
	}
}

static void step(struct sim *sim, struct fuzz_input *in)
{
	switch (fuzz_u8(in) % 10) {
	case 0:
		sim_run(sim, fuzz_u8(in));
		break;
	case 1:
		sim_skip(sim, fuzz_u16(in));
		break;
	case 2:
		set_network(sim, in);
		break;
	case 3:
		change_flight(sim, in);
		break;
	case 4:
		replay(sim, in);
		break;
	case 5:
		forge(sim, in);
		break;
	case 6:
		restart(sim, in);
		break;
	case 7:
		event(sim, in);
		break;
	case 8:
		sim->node[fuzz_u8(in) & 1].clock_offset = (int32_t)fuzz_u32(in);
		break;
	default:
		sim->node[0].eexist = fuzz_u8(in) % 20;
		sim->node[1].lose_notes = fuzz_u8(in) & 1;
	}
}

/* Nobody disturbs them any more. Who has a key learns that the peer does not
 * hear it; who has none must know by itself what to do.
 */
static void quiet(struct sim *sim)
{
	int i;

	sim->loss = sim->twice = 0;
	sim->delay_min = 5;
	sim->delay_max = 15;
	for (i = 0; i < 2; i++) {
		struct node *n = &sim->node[i];

		n->eexist = 0;
		n->lose_notes = false;
		see_keys(n);
		if (n->key[CIPE_SLOT_CURRENT].present)
			session_peer_dead(n->session, sim->now);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fuzz_input in = { data, size };
	struct sim *sim;
	uint64_t end;
	int i;

	fuzz_seed(0);
	sim_kind = &kinds[fuzz_u8(&in) % KINDS];
	sim = sim_new(fuzz_u8(&in));
	for (i = 0; i < 2; i++)
		node_start(&sim->node[i], true);
	for (i = 0; in.len && i < STEPS_MAX; i++)
		step(sim, &in);
	quiet(sim);
	for (end = sim->now + CONVERGE_MS; !sim_converged(sim);) {
		FUZZ_CHECK(sim->now < end);
		sim_skip(sim, 100);
	}
	sim_free(sim);
	return 0;
}
