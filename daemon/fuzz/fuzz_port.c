// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Who gets what comes to an address of three links: one of a pre-shared key, and
 * two of one private key. Messages of their peers, changed, cut, repeated, and any
 * others; in a crowd and in a flood; while links come and go. Linked with
 * carrier_send() replaced by __wrap_carrier_send().
 *
 * Input: steps, each an octet and what it takes.
 */
#include <errno.h>

#include "fuzz.h"
#include "guard.h"
#include "port.h"
#include "secret.h"

#define ENDS 3
#define ALL ((1u << ENDS) - 1)
/* Those of one private key */
#define PUBLIC (1u << 1 | 1u << 2)

/**
 * struct end - a link here, and its peer
 * @id: ours
 * @peer: the peer's
 * @entry: in the roster, or not
 * @awaits: it waits for an answer with session id @session
 * @session: see there
 * @answered: the INIT it answered last; length 0: none
 */
struct end {
	struct identity *id, *peer;
	struct roster_entry entry;
	bool awaits;
	uint32_t session;
	struct handshake_message answered;
};

/**
 * struct model - what was done and seen
 * @now: the time
 * @last: the latest INIT of a peer
 * @from: which peer's
 * @at: where that was sent from
 * @cookie: out of the latest CHALLENGE
 * @cookie_to: who got it; unset: none did
 * @cookie_at: when
 */
struct model {
	uint64_t now;
	struct handshake_message last;
	unsigned int from;
	union addr at;
	uint8_t cookie[CIPE_WIRE_COOKIE_LEN];
	union addr cookie_to;
	uint64_t cookie_at;
};

int __wrap_carrier_send(struct carrier *c, const struct path *to, const void *data, size_t len);

static struct end ends[ENDS];
static struct port *port;

/* Of one message: links that got it, those that got it after gate_admit(), and what was
 * sent back
 */
static unsigned int told, admitted;
static struct handshake_message sent;
static union addr sent_to;

int __wrap_carrier_send(struct carrier *c, const struct path *to, const void *data, size_t len)
{
	FUZZ_CHECK(c == &port->carrier && len <= sizeof(sent.data) && !sent.len);
	memcpy(sent.data, data, len);
	sent.len = len;
	sent_to = to->remote;
	return 0;
}

static unsigned int bit_of(const struct end *e)
{
	return 1u << (e - ends);
}

static bool on_receive(void *owner, const struct path *from, const uint8_t *data, size_t len)
{
	(void)from;
	(void)data;
	(void)len;
	FUZZ_CHECK(!(told & bit_of(owner)) && ((struct end *)owner)->entry.self);
	told |= bit_of(owner);
	return true;
}

static bool on_admitted(void *owner, const struct path *from, const uint8_t *data, size_t len)
{
	admitted |= bit_of(owner);
	return on_receive(owner, from, data, len);
}

static bool is_repeated(void *owner, const uint8_t *data, size_t len)
{
	const struct end *e = owner;

	return e->answered.len == len && !memcmp(e->answered.data, data, len);
}

static void make_end(unsigned int n)
{
	static const uint8_t psk[NOISE_KEY_LEN] = { 7 }, ours[NOISE_KEY_LEN] = { 0, 1 };
	const struct noise_suite suite = { .dh = NOISE_25519 };
	const uint8_t theirs[NOISE_KEY_LEN] = { 0, 2, (uint8_t)n };
	uint8_t our_public[NOISE_PUBLIC_MAX], their_public[NOISE_PUBLIC_MAX];
	struct identity_config here = { .psk = psk }, there = { .psk = psk };

	if (bit_of(&ends[n]) & PUBLIC) {
		FUZZ_CHECK(!noise_public_key(&suite, ours, our_public));
		FUZZ_CHECK(!noise_public_key(&suite, theirs, their_public));
		here = (struct identity_config){ .private_key = ours, .peer_key = their_public };
		there = (struct identity_config){ .private_key = theirs, .peer_key = our_public };
	}
	FUZZ_CHECK(!identity_new(&ends[n].id, &here) && !identity_new(&ends[n].peer, &there));
}

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	static const struct port_ops ops = {
		.receive = on_receive, .admitted = on_admitted, .repeated = is_repeated,
	};
	/* LeakSanitizer does not look into memory for secrets, where these are kept */
	static const struct noise_mac *volatile macs[ENDS][2];
	unsigned int n;

	(void)argc;
	(void)argv;
	fuzz_init();
	for (n = 0; n < ENDS; n++) {
		make_end(n);
		macs[n][0] = ends[n].id->mac_ready;
		macs[n][1] = ends[n].peer->mac_ready;
	}
	port = calloc(1, sizeof(*port));
	FUZZ_CHECK(port && macs[0][0]);
	port->ports = ports_new(NULL, &ops);
	FUZZ_CHECK(port->ports);
	return 0;
}

static unsigned int present(void)
{
	unsigned int n, mask = 0;

	for (n = 0; n < ENDS; n++)
		mask |= ends[n].entry.self ? 1u << n : 0;
	return mask;
}

static bool is_one(unsigned int mask)
{
	return mask && !(mask & (mask - 1));
}

/* Links that have answered exactly this */
static unsigned int answered(const uint8_t *data, size_t len)
{
	unsigned int n, mask = 0;

	for (n = 0; n < ENDS; n++)
		if (ends[n].entry.self && is_repeated(&ends[n], data, len))
			mask |= 1u << n;
	return mask;
}

static unsigned int awaiting(uint32_t session)
{
	unsigned int n, mask = 0;

	for (n = 0; n < ENDS; n++)
		if (ends[n].entry.self && ends[n].awaits && ends[n].session == session)
			mask |= 1u << n;
	return mask;
}

/* An INIT goes to one at most, and only what is worth it is answered from here */
static void check_init(const struct model *m, const uint8_t *data, size_t len)
{
	FUZZ_CHECK(!told || is_one(told));
	FUZZ_CHECK(!admitted || (admitted & PUBLIC && (present() & PUBLIC) == PUBLIC));
	if (answered(data, len))
		FUZZ_CHECK(told & answered(data, len) && !admitted && !sent.len);
	if (!sent.len)
		return;
	FUZZ_CHECK(!told && sent.len == GUARD_CHALLENGE_LEN && sent.len < len);
	FUZZ_CHECK((present() & PUBLIC) == PUBLIC);
	FUZZ_CHECK(m->now < port->gate->load.busy_until || port->gate->flooded);
}

static void deliver(const struct model *m, const union addr *at, const uint8_t *data, size_t len)
{
	const struct path from = { .remote = *at };
	struct handshake_header header;
	enum handshake_result rc = handshake_peek(data, len, &header);
	unsigned int waiting = rc == HANDSHAKE_OK ? awaiting(header.session) : 0;
	bool used;

	told = admitted = 0;
	sent.len = 0;
	used = port_receive(port, m->now, &from, data, len);
	FUZZ_CHECK(used == !!told && !(told & ~present()) && !(admitted & ~told));
	FUZZ_CHECK(!sent.len || addr_equal(&sent_to, at));
	if (rc != HANDSHAKE_OK)
		FUZZ_CHECK(!sent.len && told == (is_one(present()) ? present() : 0));
	else if (header.type == CIPE_WIRE_INIT)
		check_init(m, data, len);
	else
		FUZZ_CHECK(!sent.len && told == waiting);
}

/* Is that a cookie for the address, not older than that? It proves it for
 * COOKIE_LIFE_MS, and not for twice as long
 */
static bool is_good(const struct model *m, const uint8_t *cookie, const union addr *at,
		    uint64_t age)
{
	return cookie && addr_is_set(&m->cookie_to) && addr_equal(&m->cookie_to, at) &&
	       m->now - m->cookie_at < age;
}

static void keep_cookie(struct model *m)
{
	FUZZ_CHECK(guard_read_challenge(ends[m->from].peer, m->last.data, m->last.len, sent.data,
					sent.len, m->cookie));
	m->cookie_to = sent_to;
	m->cookie_at = m->now;
}

/* A peer's INIT, as it is: to its link, or it is asked back, where links share a key */
static void init(struct model *m, struct fuzz_input *in)
{
	static const struct handshake_info said = { .timestamp = 1, .key_id = 4 };
	uint8_t which = fuzz_u8(in);
	const uint8_t *cookie = which & 0x80 ? m->cookie : NULL;
	struct handshake_config config = { .cipher = CIPE_CIPHER_CHACHA20_POLY1305 };
	struct handshake *hs;
	unsigned int self;
	bool good, perhaps;

	m->at = fuzz_addr(in);
	m->from = which % ENDS;
	config.id = ends[m->from].peer;
	hs = handshake_new(&config);
	FUZZ_CHECK(hs && handshake_initiate(hs, &said, cookie, &m->last) == HANDSHAKE_OK);
	handshake_free(hs);
	good = is_good(m, cookie, &m->at, COOKIE_LIFE_MS);
	perhaps = is_good(m, cookie, &m->at, (uint64_t)2 * COOKIE_LIFE_MS);
	deliver(m, &m->at, m->last.data, m->last.len);
	self = present() & (1u << m->from & PUBLIC ? PUBLIC : 1u);
	if (is_one(self))
		/* Whose it is finds out who reads it */
		FUZZ_CHECK(told == self && !admitted && !sent.len);
	else if (!self)
		FUZZ_CHECK(!sent.len && (!told || (is_one(present()) && !port->gate->flooded)));
	else if (m->now >= port->gate->load.busy_until && !port->gate->flooded)
		FUZZ_CHECK(admitted == 1u << m->from);
	else
		FUZZ_CHECK((sent.len ? !good && !admitted : perhaps) &&
			   !(admitted & ~(1u << m->from)));
	if (sent.len)
		keep_cookie(m);
}

/* The latest INIT again, with one bit changed: nobody's, unless somebody is alone */
static void changed(const struct model *m, struct fuzz_input *in)
{
	struct handshake_message msg = m->last;
	uint16_t bit = fuzz_u16(in);
	struct handshake_header header;

	if (!msg.len)
		return;
	msg.data[bit / 8 % msg.len] ^= (uint8_t)(1u << bit % 8);
	deliver(m, &m->at, msg.data, msg.len);
	if (handshake_peek(msg.data, msg.len, &header) == HANDSHAKE_OK &&
	    header.type == CIPE_WIRE_INIT)
		FUZZ_CHECK(!admitted && !sent.len &&
			   told == (is_one(present()) && !port->gate->flooded ? present() : 0));
}

/* Octets of the input, also with the hint and the MAC of one of us */
static void invented(const struct model *m, struct fuzz_input *in)
{
	uint8_t how = fuzz_u8(in), msg[CIPE_WIRE_CONTROL_MAX];
	const struct identity *id = ends[how % ENDS].peer;
	union addr at = fuzz_addr(in);
	size_t len = fuzz_u8(in);

	fuzz_take(in, msg, len);
	if (how & 0x80 && len >= GUARD_INIT_HEAD + GUARD_INIT_TAIL) {
		memcpy(msg + offsetof(struct cipe_wire_control, hint), id->hint_out,
		       sizeof(id->hint_out));
		FUZZ_CHECK(!guard_sign(id, msg, len - GUARD_INIT_TAIL));
	}
	deliver(m, &at, msg, len);
}

/* By one of few session ids */
static void answer(const struct model *m, struct fuzz_input *in)
{
	struct handshake_message msg = m->last;
	uint8_t how = fuzz_u8(in);

	if (!msg.len)
		return;
	msg.data[offsetof(struct cipe_wire_control, type)] =
		how & 0x80 ? CIPE_WIRE_RESPONSE : CIPE_WIRE_CHALLENGE;
	memset(msg.data + offsetof(struct cipe_wire_control, session), how & 3, 4);
	deliver(m, &m->at, msg.data, msg.len);
}

static void await(struct fuzz_input *in)
{
	uint8_t how = fuzz_u8(in);
	struct end *e = &ends[how % ENDS];

	e->awaits = e->entry.self && how & 0x80;
	memset(&e->session, how >> 2 & 3, sizeof(e->session));
	roster_set_ours(&port->roster, &e->entry, e->awaits, e->session);
}

/* Whoever it is for: several may have answered one session id */
static void take(const struct model *m, struct fuzz_input *in)
{
	struct end *e = &ends[fuzz_u8(in) % ENDS];
	struct handshake_header header;

	if (!m->last.len || !e->entry.self)
		return;
	FUZZ_CHECK(handshake_peek(m->last.data, m->last.len, &header) == HANDSHAKE_OK);
	e->answered = m->last;
	roster_set_theirs(&port->roster, &e->entry, true, header.session);
}

static void come_or_go(struct end *e)
{
	if (e->entry.self) {
		roster_remove(&port->roster, &e->entry);
		e->awaits = false;
		e->answered.len = 0;
		return;
	}
	memset(&e->entry, 0, sizeof(e->entry));
	FUZZ_CHECK(!roster_add(&port->roster, &e->entry, e->id, e));
	FUZZ_CHECK(roster_add(&port->roster, &(struct roster_entry){ 0 }, e->id, e) == -EEXIST);
}

static void step(struct model *m, struct fuzz_input *in)
{
	unsigned int i;

	switch (fuzz_u8(in) % 10) {
	case 0:
		init(m, in);
		break;
	case 1:
		changed(m, in);
		break;
	case 2:
		invented(m, in);
		break;
	case 3:
		answer(m, in);
		break;
	case 4:
		await(in);
		break;
	case 5:
		take(m, in);
		break;
	case 6:
		come_or_go(&ends[fuzz_u8(in) % ENDS]);
		break;
	case 7:
		for (i = 0; i <= LOAD_FREE; i++)
			load_count(&port->gate->load, m->now);
		break;
	case 8:
		port->gate->flooded = fuzz_u8(in) & 1;
		break;
	default:
		m->now += fuzz_u16(in);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fuzz_input in = { data, size };
	struct model m = { .now = 1000 };
	unsigned int n;

	/* Secrets that the fuzzer cannot learn from one input to the next */
	fuzz_seed(fuzz_hash(data, size));
	port->gate = gate_new(NULL);
	FUZZ_CHECK(port->gate);
	for (n = 0; n < ENDS; n++)
		come_or_go(&ends[n]);
	FUZZ_CHECK(present() == ALL);
	while (in.len)
		step(&m, &in);
	for (n = 0; n < ENDS; n++)
		if (ends[n].entry.self)
			come_or_go(&ends[n]);
	FUZZ_CHECK(!port->roster.count && !port->roster.selves && !port->roster.ours &&
		   !port->roster.theirs);
	gate_free(port->gate);
	return 0;
}
