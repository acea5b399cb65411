/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Inside the keeper: keeper.c has the processes and the loop, keeper_tell.c what
 * others are told, keeper_table.c the configured links, keeper_reload.c options
 * read again, keeper_answer.c the way of a request, keeper_link.c what is asked
 * about interfaces and the module, keeper_files.c files, keeper_log.c messages,
 * keeper_sockets.c sockets, keeper_names.c names, keeper_scripts.c scripts.
 */
#ifndef CIPED_KEEPER_IMPL_H
#define CIPED_KEEPER_IMPL_H

#include <ev.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/queue.h>
#include <sys/types.h>
#include <time.h>

/* Without memory an element is not added, and we can say so */
#define HASH_NONFATAL_OOM 1
#include <uthash.h>

#include "hooks.h"
#include "keeper.h"
#include "log.h"
#include "lookups.h"
#include "module.h"
#include "optset.h"
#include "pidfile.h"
#include "request.h"
#include "rtnl.h"
#include "state.h"

/* UDP sockets the parser may ask for, for one link: the port of a daemon that
 * died is taken over, or fails to be
 */
#define KEEPER_SOCKETS 2

/* Seconds in which the parser must end when told so, while nothing gets done: a
 * script may be running, and another one comes
 */
#define KEEPER_PATIENCE (2 * (HOOKS_TIME_LIMIT + HOOKS_KILL_DELAY) + 10)

/**
 * enum keeper_stage - how far a link's scripts are
 * @KEEPER_QUIET: none ran
 * @KEEPER_UP: ip-up was asked for
 * @KEEPER_DOWN: ip-down was asked for
 */
enum keeper_stage {
	KEEPER_QUIET,
	KEEPER_UP,
	KEEPER_DOWN,
};

/**
 * struct keeper_socket - a UDP socket that the parser has from us
 * @cookie: SO_COOKIE of it: no other has it
 * @users: links that it was made for, or handed over to
 * @by_cookie: among all
 */
struct keeper_socket {
	uint64_t cookie;
	unsigned int users;
	UT_hash_handle by_cookie;
};

/* Octets of the parser's locked memory that a link needs while it exchanges keys and
 * its options are read again: 2048, and some more, as the memory comes in pieces
 */
#define KEEPER_LINK_SECRETS 2560

/**
 * struct keeper_link - what the parser may touch for one configured link
 * @conf: by which the parser means it; no other link ever has it
 * @item: as configured, without keys
 * @round: of the options that brought it
 * @used: the parser asked for something of it
 * @ready: set-up is over
 * @leaving: not configured any more, or in another way: it is to be taken down
 * @looked_up: how many names of its set-up were looked up
 * @pidfile: our claim to @name
 * @name: of the interface; "": none yet
 * @ifindex: of the interface
 * @id: number of the link in the kernel; 0: none is ours
 * @made: number in the kernel of the one we created; 0: none
 * @gone: we deleted it
 * @remembered: number of the link an earlier run had; 0: none
 * @have_state: @state was read
 * @state: its memories
 * @kept: @accepted of those that a restart would find
 * @lasting: those are on the disk
 * @saves: how often they may be written now
 * @saved: second of the last time they were
 * @socket: those made for it
 * @sockets: how many
 * @shared: the one that was handed over to it; NULL: none
 * @icmp: how often ICMP errors were asked for
 * @me: our address as looked up; unset: was not
 * @question: a name is being looked up; NULL: none is
 * @asks_me: it is that of our address
 * @peer: the peer's address inside that was set; INADDR_ANY: none
 * @granted: the last one that was set
 * @stage: of its scripts
 * @by_conf: among all
 * @by_id: among those with @id
 * @by_ifindex: among those with @id, by @ifindex
 * @by_state: by the path of @state, among those that have it
 * @by_name: by the item's, among those of the last round, while it is applied
 */
struct keeper_link {
	uint32_t conf;
	struct optset_item *item;
	unsigned int round;
	bool used;
	bool ready;
	bool leaving;
	unsigned int looked_up;
	struct pidfile pidfile;
	char name[IFNAMSIZ];
	unsigned int ifindex;
	uint32_t id;
	uint32_t made;
	bool gone;
	uint32_t remembered;
	bool have_state;
	struct state state;
	uint64_t kept;
	bool lasting;
	uint64_t saves;
	time_t saved;
	struct keeper_socket *socket[KEEPER_SOCKETS];
	unsigned int sockets;
	struct keeper_socket *shared;
	unsigned int icmp;
	union addr me;
	struct lookups_question *question;
	bool asks_me;
	struct in_addr peer;
	struct in_addr granted;
	enum keeper_stage stage;
	UT_hash_handle by_conf;
	UT_hash_handle by_id;
	UT_hash_handle by_ifindex;
	UT_hash_handle by_state;
	UT_hash_handle by_name;
};

/**
 * struct keeper_message - one that waits for room in a channel
 * @next: in the queue
 * @pass: descriptor that goes with it, closed once sent; -1: none
 * @len: octets of @data
 * @data: the message
 */
struct keeper_message {
	STAILQ_ENTRY(keeper_message) next;
	int pass;
	size_t len;
	uint8_t data[];
};

/**
 * struct keeper_queue - messages to another process, none of which we wait for
 * @loop: the event loop
 * @fd: our end of the channel; -1: closed
 * @room: there is room in it again
 * @waiting: messages
 * @count: how many
 * @emptied: called when all have been sent that had to wait; or NULL
 * @ctx: for @emptied
 */
struct keeper_queue {
	struct ev_loop *loop;
	int fd;
	ev_io room;
	STAILQ_HEAD(, keeper_message) waiting;
	size_t count;
	void (*emptied)(void *ctx);
	void *ctx;
};

/**
 * struct keeper_child - another process of the daemon
 * @name: for messages
 * @pid: 0: not there, or ended
 * @fd: our end of the channel; -1: none
 * @kill: it has nothing to finish, and may be in others' hands
 * @io: @fd is readable
 * @deaf: it has closed its end, and should end soon
 * @exited: watches @pid
 * @jobs: what goes to it by @fd
 */
struct keeper_child {
	const char *name;
	pid_t pid;
	int fd;
	bool kill;
	ev_io io;
	ev_timer deaf;
	ev_child exited;
	struct keeper_queue jobs;
};

/**
 * struct keeper_reload - options that are read again
 * @set: those
 * @names: look-ups of addresses inside that are under way
 * @asked: which of them are, of each link
 * @handed: they are the parser's affair now, until it says they are applied
 * @again: once more after that
 * @patience: how long the parser may take, while nothing gets done
 * @memory: shared with the parser, for the options with keys; NULL: none
 * @size: its octets
 */
struct keeper_reload {
	struct optset set;
	unsigned int names;
	uint8_t *asked;
	bool handed;
	bool again;
	ev_timer patience;
	void *memory;
	size_t size;
};

/**
 * struct keeper - the whole process
 * @argc: of main()
 * @argv: of main()
 * @loop: the event loop
 * @module: the kernel's module
 * @rtnl: its interfaces
 * @many: links are those of OPTSET_DIR
 * @fips: the parser has loaded what links of suite fips need
 * @pidfile: our claim to be the one who runs these
 * @room: links there is locked memory for
 * @last_conf: the newest link's number
 * @round: how often options were read
 * @by_conf: the configured links
 * @by_id: those that are in the kernel
 * @by_ifindex: likewise
 * @by_state: those that have read their memories
 * @by_cookie: sockets that the parser has from us
 * @reload: options that are read again
 * @pauses: how often we may still wait for a socket in use
 * @parser: asks
 * @runner: runs scripts
 * @resolver: looks up names
 * @lookups: who waits for which
 * @log: what the parser may still have written
 * @log_told: when it was last said that messages of it were dropped, in milliseconds
 * @secret: memory shared with the parser, for the keys of a request
 * @events: what the parser is told
 * @lost: events did not get into it
 * @news: the module has news
 * @interfaces: an interface changed
 * @signals: SIGTERM, SIGINT, SIGHUP
 * @stopping: the parser was told to end
 * @patience: how long it may take
 * @ended: nothing more is done for anybody
 * @code: exit code
 */
struct keeper {
	int argc;
	char **argv;
	struct ev_loop *loop;
	struct module *module;
	struct rtnl *rtnl;
	bool many;
	bool fips;
	struct pidfile pidfile;
	unsigned int room;
	uint32_t last_conf;
	unsigned int round;
	struct keeper_link *by_conf;
	struct keeper_link *by_id;
	struct keeper_link *by_ifindex;
	struct keeper_link *by_state;
	struct keeper_socket *by_cookie;
	struct keeper_reload reload;
	unsigned int pauses;
	struct keeper_child parser;
	struct keeper_child runner;
	struct keeper_child resolver;
	struct lookups *lookups;
	struct log_bucket log;
	uint64_t log_told;
	struct request_secret *secret;
	struct keeper_queue events;
	bool lost;
	ev_io news;
	ev_io interfaces;
	ev_signal signals[3];
	bool stopping;
	ev_timer patience;
	bool ended;
	int code;
};

/* keeper.c */
void keeper_end(struct keeper *k, int code);
void keeper_progress(struct keeper *k);

/* keeper_tell.c */
void keeper_queue_init(struct keeper_queue *q, struct ev_loop *loop, int fd);
int keeper_queue_put(struct keeper_queue *q, const void *data, size_t len, int pass);
void keeper_queue_close(struct keeper_queue *q);
void keeper_tell_init(struct keeper *k);
void keeper_tell(struct keeper *k, const struct event *event, int pass);
void keeper_tell_number(struct keeper *k, enum event_type type, unsigned int number);

/* keeper_table.c */
struct keeper_link *keeper_find(struct keeper *k, uint32_t conf);
struct keeper_link *keeper_find_id(struct keeper *k, uint32_t id);
struct keeper_link *keeper_find_ifindex(struct keeper *k, unsigned int ifindex);
int keeper_add(struct keeper *k, struct optset_item *item);
void keeper_list(struct keeper *k, struct keeper_link *l, uint32_t id, unsigned int ifindex);
void keeper_forget(struct keeper *k, struct keeper_link *l);

/* keeper_reload.c */
void keeper_reload_init(struct keeper *k);
void keeper_reload_progress(struct keeper *k);
void keeper_reload(struct keeper *k);
int keeper_number(struct keeper *k, struct optset *set);
int keeper_take_set(struct keeper *k, struct optset *set);
int keeper_claim_many(struct keeper *k);
bool keeper_applied(struct keeper *k);
bool keeper_refused(struct keeper *k);
unsigned int keeper_room(size_t links);
void keeper_reload_end(struct keeper *k);
void keeper_inside_found(struct keeper *k, uint32_t number, int error, const union addr *addr);

/* keeper_answer.c */
bool keeper_ask(struct keeper *k);

/**
 * typedef keeper_handler - carries out a request of valid shape
 * @k: the keeper
 * @l: the link that @conf of the request names; NULL for requests about none
 * @r: the request
 * @fd: descriptor that came with it, or -1; closed by the caller
 * @a: all zero; the answer but for @result
 * @pass: set to a descriptor that goes with the answer, closed by the caller
 *
 * Return: the result; KEEPER_SILENT: there is no answer; -EPERM: the parser has no
 * right to this.
 */
typedef int (*keeper_handler)(struct keeper *k, struct keeper_link *l, const struct request *r,
			      int fd, struct answer *a, int *pass);

#define KEEPER_SILENT 1000000

#define KEEPER_HANDLER(name) \
	int name(struct keeper *k, struct keeper_link *l, const struct request *r, int fd, \
		 struct answer *a, int *pass)

/* keeper_log.c */
KEEPER_HANDLER(keeper_log);
void keeper_log_end(struct keeper *k);

/* keeper_link.c */
KEEPER_HANDLER(keeper_iface_index);
KEEPER_HANDLER(keeper_iface_create);
KEEPER_HANDLER(keeper_iface_delete);
KEEPER_HANDLER(keeper_ifaces_delete);
KEEPER_HANDLER(keeper_iface_mtu);
KEEPER_HANDLER(keeper_iface_up);
KEEPER_HANDLER(keeper_addr_add);
KEEPER_HANDLER(keeper_addr_del);
KEEPER_HANDLER(keeper_link_find);
KEEPER_HANDLER(keeper_link_get);
KEEPER_HANDLER(keeper_link_set);
KEEPER_HANDLER(keeper_key_set);
KEEPER_HANDLER(keeper_key_del);
void keeper_link_ready(struct keeper *k, struct keeper_link *l);
void keeper_link_end(struct keeper *k, struct keeper_link *l);
void keeper_link_undo(struct keeper *k, struct keeper_link *l);

/* keeper_files.c */
KEEPER_HANDLER(keeper_boot);
KEEPER_HANDLER(keeper_state_open);
KEEPER_HANDLER(keeper_state_save);
KEEPER_HANDLER(keeper_claim);
KEEPER_HANDLER(keeper_release);
bool keeper_fits_name(struct keeper *k, const struct keeper_link *l, const char *name);

/* keeper_sockets.c */
KEEPER_HANDLER(keeper_udp_open);
KEEPER_HANDLER(keeper_udp_bind);
KEEPER_HANDLER(keeper_icmp_open);
KEEPER_HANDLER(keeper_route);
bool keeper_fits_me(const struct keeper_link *l, const union addr *addr);
bool keeper_may_use(struct keeper *k, struct keeper_link *l, int fd);
void keeper_share(struct keeper *k, struct keeper_link *l, int fd);
void keeper_unshare(struct keeper *k, struct keeper_link *l);

/* keeper_names.c */
KEEPER_HANDLER(keeper_resolve);
int keeper_names_init(struct keeper *k);
int keeper_look_up_inside(struct keeper *k, const char *host, uint32_t number);
void keeper_resolved(struct keeper *k);

/* keeper_scripts.c */
KEEPER_HANDLER(keeper_script);
void keeper_reported(struct keeper *k);

#endif /* CIPED_KEEPER_IMPL_H */
