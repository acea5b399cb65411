/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a link remembers across restarts: time stamps, so that neither an old
 * message of the peer is answered nor one of ours refused as old, how to know
 * messages of ours that come back, and which interface and keys are its own.
 */
#ifndef CIPED_STATE_H
#define CIPED_STATE_H

#include <stdbool.h>
#include <stdint.h>

#define STATE_DIR "/var/lib/cipe"
#define STATE_ID_LEN 16
#define STATE_LOCAL_LEN 32

/* Octets of the text that names a start of the machine, and NUL */
#define STATE_BOOT_LEN 37

/* Keys in the three slots of the kernel, and those replaced unused of late */
#define STATE_KEYS 8

/**
 * struct state - the memory of one link
 * @save: writes it down, for later runs; @last: waits until it outlives the machine
 *	as well
 * @conf: of the configured link, for @save
 * @path: of the file
 * @accepted: what the peer wrote up to then is not new
 * @sent: newest of ours
 * @known: there was an earlier run
 * @have_local: @local is set
 * @local: see struct handshake_config; gives away no key
 * @link: number of the link in the kernel; 0: none
 * @boot: start of the machine @link is of
 * @key: rx ids of keys given to @link, the newest first; 0: none
 */
struct state {
	int (*save)(const struct state *st, bool last);
	uint32_t conf;
	char path[256];
	uint64_t accepted;
	uint64_t sent;
	bool known;
	bool have_local;
	uint8_t local[STATE_LOCAL_LEN];
	uint32_t link;
	char boot[STATE_BOOT_LEN];
	uint32_t key[STATE_KEYS];
};

void state_path(struct state *st, const char *dir, const uint8_t id[STATE_ID_LEN]);
int state_open(struct state *st, const char *dir, const uint8_t id[STATE_ID_LEN]);
int state_forget(const struct state *st);
int state_accept(struct state *st, uint64_t timestamp);
void state_local(struct state *st, uint8_t local[STATE_LOCAL_LEN]);
uint64_t state_stamp(struct state *st, uint64_t wall_clock);
void state_boot(char boot[STATE_BOOT_LEN]);
uint32_t state_link(const struct state *st, const char *boot);
void state_set_link(struct state *st, uint32_t link, const char *boot);
void state_add_key(struct state *st, uint32_t rx_id);
bool state_has_key(const struct state *st, uint32_t rx_id);

#endif /* CIPED_STATE_H */
