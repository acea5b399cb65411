/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * How many INITs come, and how many of one source are read while too many
 * come. Memory of a fixed size, and none is written for who has not shown a
 * cookie.
 *
 * Times are those of session.h.
 */
#ifndef CIPE_LOAD_H
#define CIPE_LOAD_H

#include <stdbool.h>
#include <stdint.h>

/* INITs within a second that are read without asking back */
#define LOAD_FREE 50

/* After more of them, for how long we ask back */
#define LOAD_BUSY_MS 2000

/* INITs of one source, while we ask back: so many at once, then one each */
#define LOAD_BURST 5
#define LOAD_INTERVAL_MS 200

/* Sources that may be told apart; those of one hash share what there is */
#define LOAD_SOURCES 256

/**
 * struct load - what there was of late; all 0 at first
 * @second: when the count began
 * @count: INITs since then
 * @busy_until: ask back until then
 * @free_at: by hash of the source: when all of its burst will be free again
 */
struct load {
	uint64_t second;
	unsigned int count;
	uint64_t busy_until;
	uint64_t free_at[LOAD_SOURCES];
};

/**
 * load_count - an INIT came
 *
 * Return: true while there are too many.
 */
bool load_count(struct load *load, uint64_t now);

/**
 * load_allow - may one more INIT of this source be read?
 * @load: the load
 * @now: the time
 * @hash: of the source (cookie_hash())
 */
bool load_allow(struct load *load, uint64_t now, uint32_t hash);

#endif /* CIPE_LOAD_H */
