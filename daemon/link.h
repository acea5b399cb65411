/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One link: its options, interface, port, key exchange and scripts held
 * together. link_setup.c brings it up with link_memory.c and link_port.c, link.c
 * runs it with link_ops.c, and link_up.c has what follows from keys, and the way
 * down.
 */
#ifndef CIPED_LINK_H
#define CIPED_LINK_H

#include <ev.h>
#include <net/if.h>
#include <stdbool.h>
#include <stdint.h>

#include "addr.h"
#include "carrier.h"
#include "hooks.h"
#include "identity.h"
#include "iface.h"
#include "kernel.h"
#include "options.h"
#include "pidfile.h"
#include "port.h"
#include "resolve.h"
#include "roster.h"
#include "session.h"
#include "state.h"

/* Exit codes beside EX_USAGE and EX_CONFIG of the options (sysexits.h) */
#define LINK_EXIT_NAME		68	/* EX_NOHOST: our name cannot be resolved */
#define LINK_EXIT_MODULE	69	/* EX_UNAVAILABLE: module cipe not loaded */
#define LINK_EXIT_SYSTEM	71	/* EX_OSERR: the system refused something */
#define LINK_EXIT_DEVICE	73	/* EX_CANTCREAT: interface not to be had */
#define LINK_EXIT_NETWORK	74	/* EX_IOERR: more network errors than maxerr */
#define LINK_EXIT_GONE		75	/* EX_TEMPFAIL: someone deleted the interface */

/* Not an exit code: struct link_env.resolved has it */
#define LINK_LATER		(-1)

/* Seconds between looks at the kernel's state, in case events were lost */
#define LINK_CHECK_INTERVAL	60.0

/* Seconds in which a deleted interface has surely left the kernel's lists */
#define LINK_CHECK_SOON		1.0

struct link;

/**
 * struct link_env - what all links of the process share
 * @loop: the event loop
 * @ports: addresses and ports, shared by links
 * @resolved: called from the loop when link_resolve() is over that went on, with 0 or
 *	an exit code; before that with LINK_LATER, each time that the peer's name, or
 *	after that our own, cannot be resolved, and is tried again
 * @ended: called when a link has been taken down, with its exit code
 * @ctx: for @ended
 */
struct link_env {
	struct ev_loop *loop;
	struct ports *ports;
	void (*resolved)(void *ctx, struct link *l, int code);
	void (*ended)(void *ctx, struct link *l, int code);
	void *ctx;
};

/**
 * struct link - one link
 * @env: shared things
 * @conf: by which the keeper knows it
 * @opts: as configured
 * @pidfile: our claim to the device
 * @state: time stamps that outlive us
 * @identity: long-term keys
 * @local: random, by which we know our own INITs; @state has it as well
 * @session: state machine of the key exchange
 * @port: its address and port, with the socket; NULL: none yet
 * @bound: what its socket is bound to
 * @entry: in @port's roster
 * @user: for whoever set it up
 * @finder: of a name of the options, by which the carrier's addresses are found
 * @finding_me: it is that of our own
 * @waited: the peer's could not be resolved at first: nobody waits for the link
 * @resolver: of the peer's name; NULL: it is an address, or unknown
 * @me: our carrier address as configured, complete but for chosen parts
 * @configured: the peer's address as configured or resolved; unset: unknown
 * @endpoint: the peer's and our address by the kernel; unset: none yet
 * @orphan: address and port the kernel kept for it; unset: none
 * @name: of the interface
 * @ifindex: of the interface; 0: it left our network namespace
 * @id: number of the link in the kernel
 * @mtu: of the interface
 * @ptpaddr: the peer's address inside, once known
 * @adopted_key: rx id of the key we found in the kernel; 0: none
 * @limit_told: rx id of the key whose limit was acted upon
 * @errors: network errors since the last successful exchange
 * @unreported: messages of late that no error was reported about
 * @unwanted: the keeper refused something, as it is not configured any more
 * @created: the interface is there because of us
 * @up: ip-up was started
 * @warned: the peer's facts were compared with ours
 * @ending: going down
 * @missing: the interface was not found here once: moved, or being deleted
 * @gone: the interface is no more
 * @code: exit code
 * @exchange: next deadline of @session
 * @check: next look at the kernel's state
 * @end: take the link down, from the loop
 */
struct link {
	const struct link_env *env;
	uint32_t conf;
	const struct options *opts;
	struct pidfile pidfile;
	struct state state;
	struct identity *identity;
	uint8_t *local;
	struct session *session;
	struct port *port;
	union addr bound;
	struct roster_entry entry;
	void *user;
	struct resolver *finder;
	bool finding_me;
	bool waited;
	struct resolver *resolver;
	union addr me;
	union addr configured;
	struct path endpoint;
	union addr orphan;
	char name[IFNAMSIZ];
	unsigned int ifindex;
	uint32_t id;
	unsigned int mtu;
	struct in_addr ptpaddr;
	uint32_t adopted_key;
	uint32_t limit_told;
	int errors;
	unsigned int unreported;
	bool unwanted;
	bool created;
	bool up;
	bool warned;
	bool ending;
	bool missing;
	bool gone;
	int code;
	ev_timer exchange;
	ev_timer check;
	ev_timer end;
};

struct link *link_new(const struct link_env *env, uint32_t conf, const struct options *opts);
int link_resolve(struct link *l);
int link_setup(struct link *l);
int link_connect(struct link *l);
void link_run(struct link *l);
void link_event(struct link *l, const struct kernel_event *event);
void link_check(struct link *l);
void link_stop(struct link *l, int code);
void link_free(struct link *l);

/* What ports tell links */
extern const struct port_ops link_port_ops;

/* Between link.c and link_*.c */
extern const struct session_ops link_session_ops;
bool link_is_peer(const struct link *l, const union addr *addr);
void link_count_error(struct link *l, int err, const union addr *to, const union addr *reporter);
void link_note_sessions(struct link *l);
void link_suspect(struct link *l, double after);
void link_note_endpoint(struct link *l, const union addr *remote);
int link_severity(struct link *l, int priority, int err);
int link_load_memory(struct link *l);
uint32_t link_remembered(const struct link *l);
int link_claim_keys(struct link *l, const struct kernel_link *seen);
int link_open_port(struct link *l);
void link_update_mtu(struct link *l);
void link_read_state(struct link *l);
void link_set_inner_addr(struct link *l);
void link_established(struct link *l, const struct handshake_info *peer, bool initiator);
void link_take_down(struct link *l);

#endif /* CIPED_LINK_H */
