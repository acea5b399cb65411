/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Rtnetlink itself. For the keeper; the parser asks for what is in iface.h.
 */
#ifndef CIPED_RTNL_H
#define CIPED_RTNL_H

#include "iface.h"

struct rtnl;

/**
 * typedef rtnl_event_fn - an interface was deleted or left the namespace
 * @ctx: as given
 * @ifindex: which
 */
typedef void (*rtnl_event_fn)(void *ctx, unsigned int ifindex);

int rtnl_open(struct rtnl **r);
void rtnl_close(struct rtnl *r);
int rtnl_create(struct rtnl *r, const char *name, enum cipe_mode mode);
int rtnl_delete(struct rtnl *r, unsigned int ifindex);
int rtnl_set_group(struct rtnl *r, unsigned int ifindex, uint32_t group);
int rtnl_delete_group(struct rtnl *r, uint32_t group);
int rtnl_set_mtu(struct rtnl *r, unsigned int ifindex, unsigned int mtu);
int rtnl_set_up(struct rtnl *r, unsigned int ifindex);
int rtnl_add_addr(struct rtnl *r, unsigned int ifindex, const struct iface_addr *addr);
int rtnl_del_addr(struct rtnl *r, unsigned int ifindex, const struct iface_addr *addr);
int rtnl_events_fd(const struct rtnl *r);
int rtnl_events_read(struct rtnl *r, rtnl_event_fn fn, void *ctx);

#endif /* CIPED_RTNL_H */
