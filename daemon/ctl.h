/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * cipectl: what its files share.
 */
#ifndef CIPECTL_CTL_H
#define CIPECTL_CTL_H

#include <net/if.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include <linux/cipe.h>
#include <linux/netlink.h>

#include "addr.h"

/**
 * struct ctl_key - one key of a link, without the key
 * @present: there is one in this slot
 * @rx_id: key id in packets received
 * @tx_id: key id in packets sent
 * @cipher: its algorithm
 * @driver: kernel driver of the algorithm
 * @lifetime_ms: what is left of its life
 * @age_ms: since it was installed
 * @tx_counter: packets sent
 * @tx_blocks: cipher blocks sent
 * @rx_counter: highest counter received plus one
 */
struct ctl_key {
	bool present;
	uint32_t rx_id;
	uint32_t tx_id;
	enum cipe_cipher cipher;
	char driver[CIPE_KEY_DRIVER_MAX + 1];
	uint32_t lifetime_ms;
	uint64_t age_ms;
	uint64_t tx_counter;
	uint64_t tx_blocks;
	uint64_t rx_counter;
};

#define CTL_SLOTS (CIPE_SLOT_NEXT + 1)

/**
 * struct ctl_link - what the kernel tells of a link
 * @ifindex: interface index
 * @link_id: the link's number
 * @ifname: interface name
 * @mode: what it carries
 * @socket: who owns its socket
 * @local: what the socket is bound to
 * @endpoint: the peer's address; family 0: not known
 * @endpoint_local: our address the peer sends to; family 0: not known
 * @ttl: of carrier packets
 * @tos: of carrier packets
 * @pin: the peer does not roam
 * @keepalive_ms: silence after which a keepalive is sent
 * @timeout_ms: silence after which the peer is dead
 * @alive: the carrier is on
 * @last_rx_ms: since the last authentic packet; -1: none yet
 * @last_tx_ms: since the last packet sent; -1: none yet
 * @last_key_ms: since the last key exchange that came to an end; -1: none yet
 * @path_mtu: largest inner packet of the path; 0: not known
 * @key: by slot
 * @stats: by &enum cipe_stat
 * @mtu: of the interface; 0: not known
 * @admin_up: the interface is up
 */
struct ctl_link {
	uint32_t ifindex;
	uint32_t link_id;
	char ifname[IFNAMSIZ];
	enum cipe_mode mode;
	enum cipe_socket_state socket;
	union addr local;
	union addr endpoint;
	union addr endpoint_local;
	uint8_t ttl;
	uint16_t tos;
	bool pin;
	uint32_t keepalive_ms;
	uint32_t timeout_ms;
	bool alive;
	int64_t last_rx_ms;
	int64_t last_tx_ms;
	int64_t last_key_ms;
	uint32_t path_mtu;
	struct ctl_key key[CTL_SLOTS];
	uint64_t stats[CIPE_STAT_MAX + 1];
	unsigned int mtu;
	bool admin_up;
};

/**
 * struct ctl_links - all links that were asked for
 * @link: array
 * @count: of them
 * @failed: no memory for one of them
 */
struct ctl_links {
	struct ctl_link *link;
	size_t count;
	bool failed;
};

/**
 * struct ctl_stat - how a counter is called
 * @name: in JSON
 * @drop: in the sentence "N packets dropped: ..."; NULL: counts no loss
 */
struct ctl_stat {
	const char *name;
	const char *drop;
};

/* By &enum cipe_stat; entries without a name are no counters */
extern const struct ctl_stat ctl_stats[CIPE_STAT_MAX + 1];

/**
 * ctl_links_parse() - add the link in one answer of the kernel
 * @links: where it is added
 * @nlh: CIPE_CMD_LINK_GET
 */
void ctl_links_parse(struct ctl_links *links, struct nlmsghdr *nlh);

/**
 * ctl_links_fetch() - ask the kernel
 * @links: all zero; filled in, sorted by name
 * @device: name of one link; NULL: all of this network namespace
 *
 * Return: 0, or an exit code after a message.
 */
int ctl_links_fetch(struct ctl_links *links, const char *device);

/**
 * ctl_link_state() - the state of a link in a word or two
 * @link: from ctl_links_fetch()
 *
 * Return: "up", "down", "waiting", "no key" or "peer dead".
 */
const char *ctl_link_state(const struct ctl_link *link);

/**
 * ctl_link_newest_key() - the key of the latest key exchange
 * @link: from ctl_links_fetch()
 *
 * Return: the current key, else the next one, else NULL.
 */
const struct ctl_key *ctl_link_newest_key(const struct ctl_link *link);

/**
 * ctl_print_text() - for people
 * @out: where to
 * @links: from ctl_links_fetch()
 */
void ctl_print_text(FILE *out, const struct ctl_links *links);

/**
 * ctl_print_json() - for programs
 * @out: where to
 * @links: from ctl_links_fetch()
 *
 * Return: 0, or an exit code after a message.
 */
int ctl_print_json(FILE *out, const struct ctl_links *links);

/**
 * ctl_error() - one message on stderr, "cipectl: ..."
 * @fmt: as printf(), without a newline
 */
void ctl_error(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

/* Subcommands: argv[0] is the subcommand's name. Return: the exit code. */
int ctl_show_main(int argc, char **argv);
int ctl_genkey_main(int argc, char **argv);
int ctl_pubkey_main(int argc, char **argv);
int ctl_genpsk_main(int argc, char **argv);

#endif /* CIPECTL_CTL_H */
