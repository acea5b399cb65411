// SPDX-License-Identifier: GPL-2.0-only
/* The replay window, after RFC 6479: a ring of words cleared as it moves on. */

#include "replay.h"

static u64 *replay_word(struct cipe_replay *replay, u64 word)
{
	return &replay->seen[word % CIPE_REPLAY_WORDS];
}

static u64 replay_bit(u32 counter)
{
	return 1ull << (counter % CIPE_REPLAY_WORD_BITS);
}

/**
 * cipe_replay_fresh - may a packet of this counter still be accepted?
 * @replay: the window
 * @counter: the packet's, not authenticated yet
 *
 * Return: false if it was accepted before or is older than the window.
 */
bool cipe_replay_fresh(const struct cipe_replay *replay, u32 counter)
{
	u64 word = counter / CIPE_REPLAY_WORD_BITS;

	if (counter >= replay->next)
		return true;
	if (replay->next - counter > CIPE_WIRE_REPLAY_WINDOW)
		return false;
	return !(replay->seen[word % CIPE_REPLAY_WORDS] & replay_bit(counter));
}

/* Forget what the ring held where the new head will stand */
static void replay_advance(struct cipe_replay *replay, u32 counter)
{
	u64 head = replay->next ? (replay->next - 1) / CIPE_REPLAY_WORD_BITS : 0;
	u64 steps = counter / CIPE_REPLAY_WORD_BITS - head;
	u64 i;

	if (steps > CIPE_REPLAY_WORDS)
		steps = CIPE_REPLAY_WORDS;
	for (i = 1; i <= steps; i++)
		*replay_word(replay, counter / CIPE_REPLAY_WORD_BITS - steps + i) = 0;
	replay->next = (u64)counter + 1;
}

/**
 * cipe_replay_accept - note an authenticated packet
 * @replay: the window
 * @counter: the packet's, authenticated
 *
 * Return: false, and nothing changed, if cipe_replay_fresh() is false by now.
 */
bool cipe_replay_accept(struct cipe_replay *replay, u32 counter)
{
	if (!cipe_replay_fresh(replay, counter))
		return false;
	if (counter >= replay->next)
		replay_advance(replay, counter);
	*replay_word(replay, counter / CIPE_REPLAY_WORD_BITS) |= replay_bit(counter);
	return true;
}
