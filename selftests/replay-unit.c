// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The replay window (kmod/replay.c, the very file, compiled for user space)
 * against a model of it that is too simple to be wrong: a bit for each of the
 * 2^32 counters and the highest one.
 */
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "kselftest_harness.h"

#include "../kmod/replay.h"

#define WINDOW	CIPE_WIRE_REPLAY_WINDOW
#define LAST	(CIPE_WIRE_PACKETS_MAX - 1)	/* the last counter, 2^32 - 2 */
#define RING	(CIPE_REPLAY_WORDS * CIPE_REPLAY_WORD_BITS)

/* ---- the model ---- */

struct model {
	uint8_t *accepted;	/* 2^32 bits; memory only for those touched */
	bool any;
	uint32_t highest;
};

static void model_init(struct model *m)
{
	memset(m, 0, sizeof(*m));
	m->accepted = mmap(NULL, 1ull << 29, PROT_READ | PROT_WRITE,
			   MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (m->accepted == MAP_FAILED)
		exit(KSFT_FAIL);
}

static void model_free(struct model *m)
{
	munmap(m->accepted, 1ull << 29);
}

static bool model_fresh(const struct model *m, uint32_t counter)
{
	if (m->any && counter < m->highest && m->highest - counter >= WINDOW)
		return false;
	return !(m->accepted[counter / 8] >> counter % 8 & 1);
}

static bool model_accept(struct model *m, uint32_t counter)
{
	if (!model_fresh(m, counter))
		return false;
	m->accepted[counter / 8] |= 1 << counter % 8;
	if (!m->any || counter > m->highest)
		m->highest = counter;
	m->any = true;
	return true;
}

/* ---- both side by side ---- */

FIXTURE(replay) {
	struct cipe_replay window;
	struct model model;
	uint64_t seed;
};

FIXTURE_SETUP(replay)
{
	memset(&self->window, 0, sizeof(self->window));
	model_init(&self->model);
	self->seed = 88172645463325252ull;
}

FIXTURE_TEARDOWN(replay)
{
	model_free(&self->model);
}

static void both_reset(FIXTURE_DATA(replay) *self)
{
	memset(&self->window, 0, sizeof(self->window));
	model_free(&self->model);
	model_init(&self->model);
}

/* Return: 1 accepted, 0 refused, -1 the window and the model do not agree, or
 * asking changed something, or a refusal did
 */
static int both(FIXTURE_DATA(replay) *self, uint32_t counter)
{
	struct cipe_replay before = self->window;
	bool fresh = cipe_replay_fresh(&self->window, counter);
	bool accepted;

	if (memcmp(&before, &self->window, sizeof(before)))
		return -1;
	accepted = cipe_replay_accept(&self->window, counter);
	if (fresh != accepted || fresh != model_accept(&self->model, counter))
		return -1;
	if (!accepted && memcmp(&before, &self->window, sizeof(before)))
		return -1;
	if (self->window.next != (uint64_t)self->model.highest + 1)
		return -1;
	return accepted;
}

/* xorshift64: the same orders in each run */
static uint32_t next_random(FIXTURE_DATA(replay) *self, uint32_t below)
{
	self->seed ^= self->seed << 13;
	self->seed ^= self->seed >> 7;
	self->seed ^= self->seed << 17;
	return (self->seed >> 16) % below;
}

#define GIVES(result, counter)						\
	do {								\
		uint32_t one_ = (counter);				\
									\
		ASSERT_EQ(result, both(self, one_))			\
			TH_LOG("counter %u", one_);			\
	} while (0)
#define YES(counter)	GIVES(1, counter)
#define NO(counter)	GIVES(0, counter)

/* ---- by hand ---- */

/* The order of the kernel's own test of WireGuard's window */
TEST_F(replay, by_hand)
{
	YES(0);
	YES(1);
	NO(1);
	YES(9);
	YES(8);
	YES(7);
	NO(7);
	YES(WINDOW);
	YES(WINDOW - 1);
	NO(WINDOW - 1);
	YES(WINDOW - 2);
	YES(2);
	NO(2);
	YES(WINDOW + 16);
	NO(3);
	NO(WINDOW + 16);
	YES(WINDOW * 4);
	YES(WINDOW * 4 - (WINDOW - 1));
	NO(10);
	NO(WINDOW * 4 - WINDOW);
	NO(WINDOW * 4 - (WINDOW + 1));
	YES(WINDOW * 4 - (WINDOW - 2));
	NO(WINDOW * 4 + 1 - WINDOW);
	NO(0);
	YES(LAST);
	NO(LAST);
	YES(LAST - 1);
	NO(LAST - 1);
	YES(LAST - 2);
	NO(0);
}

TEST_F(replay, first_is_any)
{
	static const uint32_t first[] = {
		0, 1, 63, 64, WINDOW - 1, WINDOW, WINDOW + 1, RING - 1, RING,
		RING + 1, 0x7fffffff, 0x80000000, LAST,
	};
	size_t i;

	for (i = 0; i < sizeof(first) / sizeof(*first); i++) {
		both_reset(self);
		YES(first[i]);
		NO(first[i]);
		if (first[i])
			YES(first[i] - 1);
	}
}

TEST_F(replay, whole_window_then_zero)
{
	uint32_t i;

	for (i = 1; i < WINDOW; i++)
		YES(i);
	YES(0);
	NO(0);
	for (i = 0; i < WINDOW; i++)
		NO(i);
}

TEST_F(replay, zero_just_out_of_window)
{
	uint32_t i;

	for (i = 2; i <= WINDOW; i++)
		YES(i);
	YES(1);
	NO(0);
}

TEST_F(replay, backwards_whole_window)
{
	uint32_t i;

	for (i = WINDOW; i-- > 0;)
		YES(i);
	for (i = WINDOW; i-- > 0;)
		NO(i);
}

TEST_F(replay, backwards_one_too_far)
{
	uint32_t i;

	for (i = WINDOW + 1; i-- > 1;)
		YES(i);
	NO(0);
}

TEST_F(replay, backwards_then_one_on)
{
	uint32_t i;

	for (i = WINDOW; i-- > 1;)
		YES(i);
	YES(WINDOW);
	NO(0);

	both_reset(self);
	for (i = WINDOW; i-- > 1;)
		YES(i);
	YES(0);
	YES(WINDOW);
	NO(0);
}

/* Newest less 8191 is in, newest less 8192 is out, wherever newest stands in
 * its word
 */
TEST_F(replay, edge_8191_8192)
{
	uint32_t newest;

	for (newest = 2 * WINDOW; newest < 2 * WINDOW + 130; newest++) {
		both_reset(self);
		YES(newest);
		YES(newest - (WINDOW - 1));
		NO(newest - WINDOW);
		NO(newest - WINDOW - 1);
		NO(newest - (WINDOW - 1));
		YES(newest - (WINDOW - 2));
	}
}

/* The same when the edge is at the beginning */
TEST_F(replay, edge_near_zero)
{
	YES(WINDOW - 1);
	YES(0);
	NO(0);
	both_reset(self);
	YES(WINDOW);
	NO(0);
	YES(1);
	both_reset(self);
	YES(WINDOW + 1);
	NO(0);
	NO(1);
	YES(2);
}

/* ---- jumps ---- */

/* Of every size about a word, the window, and the ring: the bits of old ones
 * do not come back as those of new ones, nor the other way
 */
TEST_F(replay, jumps)
{
	static const uint32_t sizes[] = {
		1, 2, 62, 63, 64, 65, 127, 128, 129,
		WINDOW - 65, WINDOW - 64, WINDOW - 63, WINDOW - 1, WINDOW,
		WINDOW + 1, WINDOW + 63, WINDOW + 64, WINDOW + 65,
		RING - 1, RING, RING + 1, RING + 63, RING + 64, RING + 65,
		2 * RING - 1, 2 * RING, 2 * RING + 1, 10 * RING, 1 << 30,
	};
	uint32_t start, back, top;
	size_t i;

	for (i = 0; i < sizeof(sizes) / sizeof(*sizes); i++) {
		for (start = 0; start < 130; start += 13) {
			both_reset(self);
			for (back = 0; back <= start; back++)
				YES(back);
			top = start + sizes[i];
			YES(top);
			for (back = 1; back <= WINDOW + 70 && back <= top; back++)
				ASSERT_NE(-1, both(self, top - back))
					TH_LOG("%u after %u and %u", top - back, start, top);
		}
	}
}

/* The ring full of ones, then a jump */
TEST_F(replay, jump_from_full_window)
{
	static const uint32_t sizes[] = {
		1, 63, 64, 65, WINDOW - 1, WINDOW, WINDOW + 1, RING - 1, RING,
		RING + 1, 3 * RING + 7,
	};
	uint32_t c, top;
	size_t i;

	for (i = 0; i < sizeof(sizes) / sizeof(*sizes); i++) {
		both_reset(self);
		for (c = 0; c < 2 * WINDOW; c++)
			YES(c);
		top = c - 1 + sizes[i];
		YES(top);
		for (c = top - WINDOW - 1; c < top; c++)
			ASSERT_NE(-1, both(self, c))
				TH_LOG("%u, jump to %u", c, top);
		for (c = top - (WINDOW - 1); c <= top; c++)
			NO(c);
	}
}

/* ---- the end ---- */

TEST_F(replay, last_counter)
{
	uint32_t c;

	YES(LAST - WINDOW);
	YES(LAST - 1);
	YES(LAST - WINDOW + 1);
	YES(LAST);
	NO(LAST - WINDOW);
	NO(LAST - WINDOW + 1);
	NO(0);
	NO(1);
	for (c = 2; c < WINDOW - 1; c++)
		YES(LAST - c);
	for (c = 0; c < WINDOW + 70; c++)
		NO(LAST - c);
}

/* Nothing overflows even at a counter that no sender may use */
TEST_F(replay, all_ones)
{
	YES(UINT32_MAX);
	NO(UINT32_MAX);
	YES(UINT32_MAX - (WINDOW - 1));
	NO(UINT32_MAX - WINDOW);
	NO(0);
	NO(WINDOW);
}

/* ---- at random ---- */

/* Forward by small steps, back by up to more than the window, rarely far */
TEST_F(replay, random_walk)
{
	uint32_t top = 0, i, c;
	int got, yes = 0, no = 0;

	for (i = 0; i < 200000; i++) {
		switch (next_random(self, 64)) {
		case 0:
			c = top + next_random(self, 3 * RING);
			break;
		case 1 ... 20:
			c = top + next_random(self, 40);
			break;
		default:
			c = next_random(self, WINDOW + WINDOW / 4);
			c = top > c ? top - c : 0;
			break;
		}
		got = both(self, c);
		ASSERT_NE(-1, got) TH_LOG("step %u, counter %u", i, c);
		yes += got;
		no += !got;
		if (c > top)
			top = c;
	}
	/* both happened, often */
	EXPECT_LT(20000, yes);
	EXPECT_LT(20000, no);
}

/* All of a window, shuffled, twice */
TEST_F(replay, shuffled)
{
	static uint32_t order[WINDOW];
	uint32_t i, j, t, base, round;

	for (round = 0; round < 8; round++) {
		/* each base at another place in the ring, the last at the end */
		base = round < 7 ? round * 1000003u : LAST - (WINDOW - 1);
		both_reset(self);
		for (i = 0; i < WINDOW; i++)
			order[i] = base + i;
		for (i = WINDOW - 1; i; i--) {
			j = next_random(self, i + 1);
			t = order[i];
			order[i] = order[j];
			order[j] = t;
		}
		for (i = 0; i < WINDOW; i++)
			YES(order[i]);
		for (i = 0; i < WINDOW; i++)
			NO(order[i]);
	}
}

/* Counters from the whole range: mostly jumps beyond the ring, and the end */
TEST_F(replay, random_anywhere)
{
	uint32_t i, k, c;

	for (i = 0; i < 200; i++) {
		both_reset(self);
		for (k = 0; k < 64; k++) {
			c = next_random(self, UINT32_MAX) >> next_random(self, 20);
			ASSERT_NE(-1, both(self, c)) TH_LOG("round %u, counter %u", i, c);
		}
	}
}

TEST_HARNESS_MAIN
