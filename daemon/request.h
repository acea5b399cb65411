/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the parser may ask of the keeper, what it is answered, and what the
 * keeper tells it unasked. docs/daemon.md has the list in words.
 *
 * The parser reads what strangers send and may be in their hands: whatever is
 * here is to be checked, for shape by request_valid(), for right by the keeper.
 */
#ifndef CIPED_REQUEST_H
#define CIPED_REQUEST_H

#include <net/if.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "addr.h"
#include "carrier.h"
#include "kernel.h"
#include "log.h"
#include "netlink.h"
#include "state.h"

/**
 * enum request_op - what is asked for
 * @REQUEST_LOG: write a message; not answered
 * @REQUEST_APPLIED: all links of the options are set up that can be, and those
 *	that were to go are gone
 * @REQUEST_REFUSED: the options that were handed over could not be taken: all links
 *	are as before
 * @REQUEST_IFACES_DELETE: delete the interfaces of all links whose set-up is over, as
 *	far as they are here: the daemon ends
 * @REQUEST_READY: set-up of the link is over: what is said to be for set-up only
 *	will not be asked any more
 * @REQUEST_DROP: the link is no more, or could not be set up
 * @REQUEST_BOOT: which start of the machine is it?
 * @REQUEST_STATE_OPEN: read the link's file of memories; set-up only, once
 * @REQUEST_STATE_SAVE: write it
 * @REQUEST_CLAIM: take the pid file of a name the link may have; set-up only
 * @REQUEST_RELEASE: give it up
 * @REQUEST_IFACE_INDEX: index of an interface by such a name; set-up only
 * @REQUEST_IFACE_CREATE: create the interface of the claimed name; set-up only
 * @REQUEST_IFACE_DELETE: delete it
 * @REQUEST_IFACE_MTU: set its MTU
 * @REQUEST_IFACE_UP: bring it up; set-up only
 * @REQUEST_ADDR_ADD: set the addresses inside
 * @REQUEST_ADDR_DEL: remove them
 * @REQUEST_LINK_FIND: state of the link by its interface; makes it ours in set-up
 * @REQUEST_LINK_GET: state of the link
 * @REQUEST_LINK_SET: change the peer's address or the timers; hand over a
 *	socket (set-up only)
 * @REQUEST_KEY_SET: install a key
 * @REQUEST_KEY_DEL: retire keys
 * @REQUEST_UDP_OPEN: a UDP socket, which comes with the answer; set-up only
 * @REQUEST_UDP_BIND: bind the one that comes with it to our address; set-up only
 * @REQUEST_ICMP_OPEN: copies of ICMP errors, by a channel that comes with the
 *	answer; set-up only
 * @REQUEST_ROUTE: what do the routes say about the way to there?
 * @REQUEST_RESOLVE: look up one of the configured names
 * @REQUEST_SCRIPT: run ip-up or ip-down; each once, in this order
 */
enum request_op {
	REQUEST_LOG,
	REQUEST_APPLIED,
	REQUEST_REFUSED,
	REQUEST_IFACES_DELETE,
	REQUEST_READY,
	REQUEST_DROP,
	REQUEST_BOOT,
	REQUEST_STATE_OPEN,
	REQUEST_STATE_SAVE,
	REQUEST_CLAIM,
	REQUEST_RELEASE,
	REQUEST_IFACE_INDEX,
	REQUEST_IFACE_CREATE,
	REQUEST_IFACE_DELETE,
	REQUEST_IFACE_MTU,
	REQUEST_IFACE_UP,
	REQUEST_ADDR_ADD,
	REQUEST_ADDR_DEL,
	REQUEST_LINK_FIND,
	REQUEST_LINK_GET,
	REQUEST_LINK_SET,
	REQUEST_KEY_SET,
	REQUEST_KEY_DEL,
	REQUEST_UDP_OPEN,
	REQUEST_UDP_BIND,
	REQUEST_ICMP_OPEN,
	REQUEST_ROUTE,
	REQUEST_RESOLVE,
	REQUEST_SCRIPT,
	REQUEST_OPS
};

/* Octets of a message for the log */
#define REQUEST_TEXT_MAX 1024
#define REQUEST_DEVICE_MAX 32

/** struct request_log - see log_write() */
struct request_log {
	int32_t priority;
	char device[REQUEST_DEVICE_MAX];
	char text[REQUEST_TEXT_MAX];
};

/** struct request_state - what of struct state the parser decides */
struct request_state {
	uint32_t link;
	uint32_t have_local;
	uint64_t accepted;
	uint64_t sent;
	uint8_t local[STATE_LOCAL_LEN];
	uint32_t key[STATE_KEYS];
};

/** struct request_addr - addresses inside; see struct iface_addr */
struct request_addr {
	uint32_t ifindex;
	struct in_addr local;
	struct in_addr peer;
};

/* struct request_set, @what */
#define REQUEST_SET_SOCKET	1u
#define REQUEST_SET_ENDPOINT	2u
#define REQUEST_SET_TIMERS	4u

/** struct request_set - see struct kernel_setting; the policy is the options' */
struct request_set {
	uint32_t link;
	uint32_t what;
	union addr endpoint;
	uint32_t keepalive_ms;
	uint32_t timeout_ms;
};

/**
 * struct request_secret - the keys themselves; see struct kernel_key
 *
 * In memory that parser and keeper share: the buffers of a socket are not wiped.
 * The keeper takes and wipes it with each REQUEST_KEY_SET.
 */
struct request_secret {
	uint8_t rx_key[CIPE_KEY_LEN_MAX];
	uint8_t rx_iv[CIPE_IV_LEN];
	uint8_t tx_key[CIPE_KEY_LEN_MAX];
	uint8_t tx_iv[CIPE_IV_LEN];
};

/** struct request_key - what is not secret of a key; see struct kernel_key */
struct request_key {
	uint32_t link;
	uint32_t slot;
	uint32_t rx_id;
	uint32_t tx_id;
	uint32_t cipher;
	uint32_t key_len;
	uint32_t lifetime_ms;
};

/* struct request_key_del, @slot */
#define REQUEST_KEYS_ALL UINT32_MAX

/** struct request_key_del - @slot of @link, or all of it */
struct request_key_del {
	uint32_t link;
	uint32_t slot;
};

/* Octets of a name of a host, as in struct options_addr */
#define REQUEST_HOST_MAX 256

/**
 * struct request_resolve - look up a name; EVENT_RESOLVED has the result
 * @host: one of the two configured
 * @family: wanted, or AF_UNSPEC
 * @number: for the event
 */
struct request_resolve {
	char host[REQUEST_HOST_MAX];
	uint32_t family;
	uint32_t number;
};

/**
 * struct request_script - what of struct hooks_facts the parser knows
 * @link: the link
 * @event: enum hooks_event
 * @number: for EVENT_SCRIPT; 0: none wanted
 * @me: our carrier address
 * @peer: the peer's
 * @remote: the peer's address inside
 * @mtu: of the interface
 */
struct request_script {
	uint32_t link;
	uint32_t event;
	uint32_t number;
	union addr me;
	union addr peer;
	struct in_addr remote;
	uint32_t mtu;
};

/**
 * struct request - a request; as long as its operation says, not longer
 * @op: enum request_op
 * @conf: which configured link it is about; 0: none (REQUEST_LOG, REQUEST_APPLIED
 *	and REQUEST_REFUSED)
 * @log: of REQUEST_LOG
 * @id: of REQUEST_STATE_OPEN
 * @state: of REQUEST_STATE_SAVE
 * @name: of REQUEST_CLAIM, REQUEST_RELEASE, REQUEST_IFACE_INDEX and
 *	REQUEST_IFACE_CREATE
 * @number: an ifindex, link or family
 * @mtu: of REQUEST_IFACE_MTU
 * @ifaddr: of REQUEST_ADDR_*
 * @set: of REQUEST_LINK_SET
 * @key: of REQUEST_KEY_SET
 * @key_del: of REQUEST_KEY_DEL
 * @addr: of REQUEST_UDP_BIND and REQUEST_ROUTE
 * @resolve: of REQUEST_RESOLVE
 * @script: of REQUEST_SCRIPT
 */
struct request {
	uint32_t op;
	uint32_t conf;
	union {
		struct request_log log;
		uint8_t id[STATE_ID_LEN];
		struct request_state state;
		char name[IFNAMSIZ];
		uint32_t number;
		struct {
			uint32_t ifindex;
			uint32_t mtu;
		} mtu;
		struct request_addr ifaddr;
		struct request_set set;
		struct request_key key;
		struct request_key_del key_del;
		union addr addr;
		struct request_resolve resolve;
		struct request_script script;
	};
};

/**
 * struct answer - what the keeper says to a request
 * @result: 0 or -errno
 * @words: see netlink_words()
 * @boot: of REQUEST_BOOT
 * @state: of REQUEST_STATE_OPEN
 * @number: pid of the holder (REQUEST_CLAIM), or an ifindex
 * @link: of REQUEST_LINK_FIND and REQUEST_LINK_GET
 * @route: of REQUEST_ROUTE
 */
struct answer {
	int32_t result;
	char words[NETLINK_WORDS_MAX];
	union {
		char boot[STATE_BOOT_LEN];
		struct state state;
		uint32_t number;
		struct kernel_link link;
		struct carrier_route route;
	};
};

/**
 * enum event_type - what the keeper tells unasked
 * @EVENT_KERNEL: the module had news of a link
 * @EVENT_LOST: some news were lost: look at everything
 * @EVENT_IFACE_GONE: an interface was deleted, or left the namespace
 * @EVENT_RESOLVED: a look-up is over
 * @EVENT_SCRIPT: a script has ended, or did not run
 * @EVENT_STOP: go down in order; @number: the signal
 * @EVENT_OPTIONS: they were read again; memory of @number octets with them comes
 *	with it, see handover.h
 */
enum event_type {
	EVENT_KERNEL,
	EVENT_LOST,
	EVENT_IFACE_GONE,
	EVENT_RESOLVED,
	EVENT_SCRIPT,
	EVENT_STOP,
	EVENT_OPTIONS,
};

/**
 * struct event - one of them
 * @type: enum event_type
 * @number: of the request it is the end of; an ifindex; a signal; octets
 * @result: error of getaddrinfo(), or enum hooks_outcome
 * @addr: of EVENT_RESOLVED
 * @kernel: of EVENT_KERNEL
 */
struct event {
	uint32_t type;
	uint32_t number;
	int32_t result;
	union {
		union addr addr;
		struct kernel_event kernel;
	};
};

size_t request_size(uint32_t op);
bool request_valid(const struct request *r, size_t len, bool with_fd);

#endif /* CIPED_REQUEST_H */
