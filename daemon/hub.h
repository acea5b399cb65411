/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * All links of the daemon: brought up together, found by what the kernel says of
 * them, added, removed and changed when their options are read again.
 */
#ifndef CIPED_HUB_H
#define CIPED_HUB_H

#include "link.h"
#include "optset.h"

struct hub;

/**
 * struct hub_config - what a hub is made from
 * @env: for its links, but for @resolved, @ended and @ctx, which are the hub's
 * @ready: a link is set up
 * @gone: a link is no more, or could not be set up
 * @applied: all links of the options are set up that can be, and those that were to
 *	go are gone; after hub_start(), and after each hub_apply()
 * @ended: called from the loop when there is no link any more, with an exit code
 * @ctx: for these
 */
struct hub_config {
	struct link_env env;
	void (*ready)(void *ctx, uint32_t conf);
	void (*gone)(void *ctx, uint32_t conf);
	void (*applied)(void *ctx);
	void (*ended)(void *ctx, int code);
	void *ctx;
};

struct hub *hub_new(const struct hub_config *config, struct optset *set);
int hub_start(struct hub *h);
void hub_event(struct hub *h, const struct kernel_event *event);
void hub_interface_gone(struct hub *h, unsigned int ifindex);
void hub_check(struct hub *h);
void hub_apply(struct hub *h, struct optset *set);
void hub_stop(struct hub *h);
void hub_free(struct hub *h);

#endif /* CIPED_HUB_H */
