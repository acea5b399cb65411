/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a link remembers across restarts: time stamps, so that neither an old
 * message of the peer is answered nor one of ours refused as old.
 */
#ifndef CIPED_STATE_H
#define CIPED_STATE_H

#include <net/if.h>
#include <stdint.h>

#define STATE_DIR "/var/lib/cipe"
#define STATE_ID_LEN 8

/**
 * struct state - the time stamps of one link
 * @path: of the file; "": not kept
 * @id: tells whose they are; those of another peer are of no use
 * @accepted: newest of the peer that was answered
 * @sent: newest of ours
 */
struct state {
	char path[256];
	uint8_t id[STATE_ID_LEN];
	uint64_t accepted;
	uint64_t sent;
};

int state_open(struct state *st, const char *dir, const char *device,
	       const uint8_t id[STATE_ID_LEN]);
int state_accept(struct state *st, uint64_t timestamp);
uint64_t state_stamp(struct state *st, uint64_t wall_clock);

#endif /* CIPED_STATE_H */
