// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Cookies and CHALLENGEs: what the peer brings back, and when. The model is
 * the list of all cookies that were given away, by two links of one address.
 *
 * Input: steps, each an octet and what it takes.
 */
#include "cookie.h"
#include "fuzz.h"
#include "guard.h"

#define GIVEN_MAX 64

/**
 * struct given - a cookie in somebody's hands
 * @cookie: its octets
 * @to: who got it
 * @at: when
 * @turn: the latest of all links then
 */
struct given {
	uint8_t cookie[CIPE_WIRE_COOKIE_LEN];
	union addr to;
	uint64_t at;
	uint64_t turn;
};

struct model {
	struct cookie_jar *jar;
	uint64_t now;
	uint64_t turn[2];
	struct given given[GIVEN_MAX];
	unsigned int count;
};

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	(void)argc;
	(void)argv;
	fuzz_init();
	return 0;
}

static void give(struct model *m, struct fuzz_input *in)
{
	struct given *g = &m->given[m->count % GIVEN_MAX];

	g->to = fuzz_addr(in);
	g->at = m->now;
	g->turn = m->turn[0] > m->turn[1] ? m->turn[0] : m->turn[1];
	FUZZ_CHECK(!cookie_make(m->jar, m->now, &g->to, g->cookie));
	m->count++;
}

/* One of those given, perhaps changed, perhaps by another */
static void bring(struct model *m, struct fuzz_input *in)
{
	unsigned int there = m->count < GIVEN_MAX ? m->count : GIVEN_MAX, says;
	uint8_t cookie[CIPE_WIRE_COOKIE_LEN], which = fuzz_u8(in), flip = fuzz_u8(in);
	union addr from = fuzz_addr(in);
	uint64_t turn = m->turn[which >> 7];
	const struct given *g;

	if (!there)
		return;
	g = &m->given[which % there];
	memcpy(cookie, g->cookie, sizeof(cookie));
	if (flip & 0x80)
		cookie[flip >> 3 & 15] ^= 1u << (flip & 7);
	says = cookie_check(m->jar, m->now, &from, turn, cookie);
	FUZZ_CHECK(!(says & COOKIE_FRESH) || turn <= g->turn);
	if (flip & 0x80 || !addr_equal(&from, &g->to) || m->now - g->at >= 2 * COOKIE_LIFE_MS)
		FUZZ_CHECK(!says);
	else if (m->now - g->at < COOKIE_LIFE_MS)
		FUZZ_CHECK(says == (COOKIE_ADDRESS |
				    (turn <= g->turn ? COOKIE_FRESH : 0)));
}

static void invent(struct model *m, struct fuzz_input *in)
{
	uint8_t cookie[CIPE_WIRE_COOKIE_LEN];
	union addr from = fuzz_addr(in);

	fuzz_take(in, cookie, sizeof(cookie));
	FUZZ_CHECK(!cookie_check(m->jar, m->now, &from, m->turn[0], cookie));
}

/* A CHALLENGE as it may come: right, changed, cut, or with octets of the input */
static void challenge(struct fuzz_input *in)
{
	const struct identity *ours = fuzz_end(0, 0), *peer = fuzz_end(0, 1);
	uint8_t init[CIPE_WIRE_CONTROL_MAX], msg[CIPE_WIRE_CONTROL_MAX] = { 0 };
	uint8_t cookie[CIPE_WIRE_COOKIE_LEN], got[CIPE_WIRE_COOKIE_LEN];
	uint8_t how = fuzz_u8(in), at = fuzz_u8(in), len = fuzz_u8(in);
	size_t init_len = GUARD_INIT_HEAD + 32 + fuzz_u8(in);
	bool changed = how & 3;

	fuzz_take(in, cookie, sizeof(cookie));
	fuzz_take(in, init, init_len);
	FUZZ_CHECK(!guard_write_challenge(peer, init, init_len, cookie, msg));
	if (how & 1)
		msg[at % GUARD_CHALLENGE_LEN] ^= how | 1;
	if ((how & 2) && len == GUARD_CHALLENGE_LEN)
		changed = how & 1;
	if (!(how & 2))
		len = GUARD_CHALLENGE_LEN;
	FUZZ_CHECK(guard_read_challenge(ours, init, init_len, msg, len, got) == !changed);
	FUZZ_CHECK(changed || !memcmp(got, cookie, sizeof(got)));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fuzz_input in = { data, size };
	struct model m = { .jar = cookie_new(NULL) };

	/* Secrets that the fuzzer cannot learn from one input to the next */
	fuzz_seed(fuzz_hash(data, size));
	FUZZ_CHECK(m.jar);
	m.turn[0] = cookie_turn(m.jar);
	m.turn[1] = cookie_turn(m.jar);
	FUZZ_CHECK(m.turn[0] != m.turn[1]);
	while (in.len) {
		switch (fuzz_u8(&in) % 6) {
		case 0:
			give(&m, &in);
			break;
		case 1:
			bring(&m, &in);
			break;
		case 2:
			invent(&m, &in);
			break;
		case 3:
			m.turn[fuzz_u8(&in) & 1] = cookie_turn(m.jar);
			break;
		case 4:
			m.now += (uint64_t)fuzz_u16(&in) * 16;
			break;
		default:
			challenge(&in);
		}
	}
	cookie_free(m.jar);
	return 0;
}
