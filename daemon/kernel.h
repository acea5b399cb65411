/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The kernel module as a link sees it. Who calls these asks the keeper, which
 * alone may speak with the module (module.h).
 */
#ifndef CIPED_KERNEL_H
#define CIPED_KERNEL_H

#include <linux/cipe.h>
#include <net/if.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "addr.h"

/**
 * struct kernel_key_state - what the kernel tells about a key
 * @present: there is a key in this slot
 * @rx_id: in packets we receive
 * @tx_id: in packets we send
 * @cipher: of its packets
 * @lifetime_ms: what is left of its life
 * @tx_counter: next counter to send
 * @tx_blocks: cipher blocks sent
 * @rx_counter: highest counter received plus one
 */
struct kernel_key_state {
	bool present;
	uint32_t rx_id;
	uint32_t tx_id;
	enum cipe_cipher cipher;
	uint32_t lifetime_ms;
	uint64_t tx_counter;
	uint64_t tx_blocks;
	uint64_t rx_counter;
};

/**
 * struct kernel_link - state of a link
 * @ifindex: in the interface's network namespace, which may not be ours
 * @id: unique in the running kernel, whatever the namespace
 * @name: of the interface
 * @mode: what it carries
 * @socket_state: who owns its socket
 * @local: what the socket is bound to
 * @endpoint: the peer's address
 * @endpoint_local: our address the peer last sent to
 * @alive: the carrier is on
 * @path_mtu: largest inner packet that fits the path; 0: unknown
 * @key: by enum cipe_slot
 */
struct kernel_link {
	unsigned int ifindex;
	uint32_t id;
	char name[IFNAMSIZ];
	enum cipe_mode mode;
	enum cipe_socket_state socket_state;
	union addr local;
	union addr endpoint;
	union addr endpoint_local;
	bool alive;
	unsigned int path_mtu;
	struct kernel_key_state key[CIPE_SLOT_NEXT + 1];
};

/**
 * struct kernel_setting - what to change on a link
 * @fd: socket to hand over; -1: leave
 * @endpoint: the peer's address; NULL: leave
 * @policy: also set all below
 * @ttl: of carrier packets; 0: copied from the inner packet
 * @tos: DSCP, or CIPE_TOS_INHERIT
 * @pin: the peer does not roam
 * @timers: also set all below
 * @keepalive_ms: silence after which a keepalive is sent; 0: never
 * @timeout_ms: silence after which the peer is dead; 0: never
 */
struct kernel_setting {
	int fd;
	const union addr *endpoint;
	bool policy;
	uint8_t ttl;
	uint16_t tos;
	bool pin;
	bool timers;
	uint32_t keepalive_ms;
	uint32_t timeout_ms;
};

/**
 * struct kernel_key - a key to install; secret
 * @slot: CIPE_SLOT_CURRENT or CIPE_SLOT_NEXT
 * @rx_id: chosen by us
 * @tx_id: chosen by the peer
 * @cipher: of its packets
 * @key_len: octets of each key
 * @rx_key: for packets we receive, with @rx_iv
 * @tx_key: for packets we send, with @tx_iv
 * @lifetime_ms: it ends that long from now
 */
struct kernel_key {
	enum cipe_slot slot;
	uint32_t rx_id;
	uint32_t tx_id;
	enum cipe_cipher cipher;
	size_t key_len;
	const uint8_t *rx_key;
	const uint8_t *rx_iv;
	const uint8_t *tx_key;
	const uint8_t *tx_iv;
	uint32_t lifetime_ms;
};

/**
 * struct kernel_event - what the kernel tells by itself
 * @cmd: CIPE_CMD_*_NTF
 * @link: number of the link
 * @endpoint: of PEER_MOVED
 * @slot: of KEY_*
 * @rx_id: of KEY_*
 */
struct kernel_event {
	enum cipe_cmd cmd;
	uint32_t link;
	union addr endpoint;
	enum cipe_slot slot;
	uint32_t rx_id;
};

int kernel_link_find(uint32_t conf, unsigned int ifindex, struct kernel_link *link);
int kernel_link_get(uint32_t conf, uint32_t id, struct kernel_link *link);
int kernel_link_set(uint32_t conf, uint32_t id, const struct kernel_setting *setting);
int kernel_key_set(uint32_t conf, uint32_t id, const struct kernel_key *key);
int kernel_key_del(uint32_t conf, uint32_t id, enum cipe_slot slot);
int kernel_key_del_all(uint32_t conf, uint32_t id);

#endif /* CIPED_KERNEL_H */
