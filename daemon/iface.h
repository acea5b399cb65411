/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The link's network interface as Linux sees any interface: rtnetlink.
 */
#ifndef CIPED_IFACE_H
#define CIPED_IFACE_H

#include <linux/cipe.h>
#include <netinet/in.h>
#include <stdbool.h>

struct iface_rtnl;

/**
 * struct iface_addr - address of an interface
 * @local: ours
 * @peer: the other end's, which gets a host route; INADDR_ANY: none
 * @metric: of the route; 0: the kernel's default
 */
struct iface_addr {
	struct in_addr local;
	struct in_addr peer;
	unsigned int metric;
};

/**
 * typedef iface_event_fn - an interface was deleted or left the namespace
 * @ctx: as given
 * @ifindex: which
 */
typedef void (*iface_event_fn)(void *ctx, unsigned int ifindex);

int iface_open(struct iface_rtnl **r);
void iface_close(struct iface_rtnl *r);
int iface_create(struct iface_rtnl *r, const char *name, enum cipe_mode mode);
int iface_delete(struct iface_rtnl *r, unsigned int ifindex);
int iface_set_mtu(struct iface_rtnl *r, unsigned int ifindex, unsigned int mtu);
int iface_set_up(struct iface_rtnl *r, unsigned int ifindex);
int iface_add_addr(struct iface_rtnl *r, unsigned int ifindex, const struct iface_addr *addr);
int iface_del_addr(struct iface_rtnl *r, unsigned int ifindex, const struct iface_addr *addr);
int iface_events_fd(const struct iface_rtnl *r);
int iface_events_read(struct iface_rtnl *r, iface_event_fn fn, void *ctx);

#endif /* CIPED_IFACE_H */
