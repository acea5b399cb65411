/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The link's network interface as Linux sees any interface. Who calls these
 * asks the keeper (rtnl.h).
 */
#ifndef CIPED_IFACE_H
#define CIPED_IFACE_H

#include <linux/cipe.h>
#include <netinet/in.h>
#include <stdbool.h>

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

int iface_index(uint32_t conf, const char *name);
int iface_create(uint32_t conf, const char *name, enum cipe_mode mode);
int iface_delete(uint32_t conf, unsigned int ifindex);
int iface_delete_all(void);
int iface_set_mtu(uint32_t conf, unsigned int ifindex, unsigned int mtu);
int iface_set_up(uint32_t conf, unsigned int ifindex);
int iface_add_addr(uint32_t conf, unsigned int ifindex, const struct iface_addr *addr);
int iface_del_addr(uint32_t conf, unsigned int ifindex, const struct iface_addr *addr);

#endif /* CIPED_IFACE_H */
