/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a link remembers across restarts: time stamps, so that neither an old
 * message of the peer is answered nor one of ours refused as old, and how to
 * know messages of ours that come back.
 */
#ifndef CIPED_STATE_H
#define CIPED_STATE_H

#include <net/if.h>
#include <stdbool.h>
#include <stdint.h>

#define STATE_DIR "/var/lib/cipe"
#define STATE_ID_LEN 8
#define STATE_LOCAL_LEN 32

/**
 * struct state - the memory of one link
 * @path: of the file; "": not kept
 * @id: tells whose they are; those of another peer are of no use
 * @accepted: newest of the peer that was answered
 * @sent: newest of ours
 * @known: there was an earlier run with the same peer
 * @have_local: @local is set
 * @local: see struct handshake_config; gives away no key
 */
struct state {
	char path[256];
	uint8_t id[STATE_ID_LEN];
	uint64_t accepted;
	uint64_t sent;
	bool known;
	bool have_local;
	uint8_t local[STATE_LOCAL_LEN];
};

int state_open(struct state *st, const char *dir, const char *device,
	       const uint8_t id[STATE_ID_LEN]);
int state_accept(struct state *st, uint64_t timestamp);
void state_local(struct state *st, uint8_t local[STATE_LOCAL_LEN]);
uint64_t state_stamp(struct state *st, uint64_t wall_clock);

#endif /* CIPED_STATE_H */
