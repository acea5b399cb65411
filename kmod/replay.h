/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The replay window of one key: which of the last counters were received.
 *
 * Pure functions on a plain structure, so that the same file is tested in
 * user space. Callers serialise.
 */
#ifndef _CIPE_REPLAY_H
#define _CIPE_REPLAY_H

#ifdef __KERNEL__
#include <linux/types.h>
#else
#include <stdbool.h>
#include <linux/types.h>
#define u32 __u32
#define u64 __u64
#endif

#include <cipe/wire.h>

#define CIPE_REPLAY_WORD_BITS	64

/* One word more than the window, so that the window is whole while the newest
 * word is only partly used (RFC 6479 section 2).
 */
#define CIPE_REPLAY_WORDS \
	(CIPE_WIRE_REPLAY_WINDOW / CIPE_REPLAY_WORD_BITS + 1)

/**
 * struct cipe_replay - the window; all zero at the start
 * @next: highest counter accepted plus one
 * @seen: a ring of bits, one a counter
 */
struct cipe_replay {
	u64 next;
	u64 seen[CIPE_REPLAY_WORDS];
};

bool cipe_replay_fresh(const struct cipe_replay *replay, u32 counter);
bool cipe_replay_accept(struct cipe_replay *replay, u32 counter);

#endif /* _CIPE_REPLAY_H */
