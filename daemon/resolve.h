/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Names of hosts into addresses, beside the event loop. Who calls these asks the
 * keeper.
 */
#ifndef CIPED_RESOLVE_H
#define CIPED_RESOLVE_H

#include <ev.h>
#include <stdint.h>

#include "addr.h"

/**
 * typedef resolve_fn - called from the event loop when a look-up is over
 * @ctx: as given to resolver_new()
 * @error: 0, or an error of getaddrinfo()
 * @addr: what was found
 */
typedef void (*resolve_fn)(void *ctx, int error, const union addr *addr);

struct resolver;

/* Seconds after which a look-up that was refused, or has failed, is tried again: twice
 * as many each time, up to the latter
 */
#define RESOLVE_AGAIN_FIRST 1.
#define RESOLVE_AGAIN_MOST 64.

struct resolver *resolver_new(struct ev_loop *loop, uint32_t conf, resolve_fn fn, void *ctx);
void resolver_start(struct resolver *r, const char *host, uint16_t port, int family);
void resolver_again(struct resolver *r);
void resolver_free(struct resolver *r);

#endif /* CIPED_RESOLVE_H */
