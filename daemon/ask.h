/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The parser's end of the channels to the keeper. What is asked has the names
 * of kernel.h, iface.h, pidfile.h, carrier.h, icmp.h and resolve.h, and those
 * below.
 */
#ifndef CIPED_ASK_H
#define CIPED_ASK_H

#include "hooks.h"
#include "keeper.h"
#include "request.h"
#include "state.h"

/**
 * struct ask_events - who is told what
 * @kernel: of a link
 * @lost: some of the others were lost
 * @gone: an interface went
 * @stop: go down; the signal
 * @options: they were read again; the memory they are in, or %CHANNEL_LOST, and its size
 * @ctx: for all
 */
struct ask_events {
	void (*kernel)(void *ctx, const struct kernel_event *event);
	void (*lost)(void *ctx);
	void (*gone)(void *ctx, unsigned int ifindex);
	void (*stop)(void *ctx, int signum);
	void (*options)(void *ctx, int fd, size_t size);
	void *ctx;
};

/**
 * struct ask_script - what a script is told that the keeper does not know
 * @link: number of the link
 * @event: why it runs
 * @me: our carrier address
 * @peer: the peer's
 * @remote: the peer's address inside
 * @mtu: of the interface
 */
struct ask_script {
	uint32_t link;
	enum hooks_event event;
	union addr me;
	union addr peer;
	struct in_addr remote;
	unsigned int mtu;
};

void ask_init(const struct keeper_ends *ends);
int ask_call(struct request *r, int pass, struct answer *a, int *passed);
int ask_simple(struct request *r);
int ask_events_fd(void);
void ask_events_read(const struct ask_events *fns);
void ask_applied(void);
void ask_refused(void);
void ask_ready(uint32_t conf);
void ask_drop(uint32_t conf);
int ask_state_open(struct state *st, uint32_t conf, const uint8_t id[STATE_ID_LEN]);
void ask_state_boot(uint32_t conf, char boot[STATE_BOOT_LEN]);
int ask_script(uint32_t conf, const struct ask_script *script, hooks_done_fn done, void *ctx);

/* Between the files that ask */
struct request_secret *ask_secret(void);
void ask_log(int priority, const char *device, const char *text);
void ask_resolved(uint32_t number, int error, const union addr *addr);
void ask_script_done(uint32_t number, int outcome);

#endif /* CIPED_ASK_H */
