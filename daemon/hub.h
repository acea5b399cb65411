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
 * @env: for its links, but for @ended and @ctx, which are the hub's
 * @load: read the options again, as optset_load() does
 * @ended: called from the loop when there is no link any more, with an exit code
 * @ctx: for @load and @ended
 */
struct hub_config {
	struct link_env env;
	int (*load)(void *ctx, bool many, struct optset *set, FILE *err);
	void (*ended)(void *ctx, int code);
	void *ctx;
};

struct hub *hub_new(const struct hub_config *config, struct optset *set);
int hub_resolve(struct hub *h);
int hub_start(struct hub *h);
void hub_event(struct hub *h, const struct kernel_event *event);
void hub_interface_gone(struct hub *h, unsigned int ifindex);
void hub_check(struct hub *h);
void hub_reload(struct hub *h);
void hub_stop(struct hub *h);
void hub_free(struct hub *h);

#endif /* CIPED_HUB_H */
