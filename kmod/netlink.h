/* SPDX-License-Identifier: GPL-2.0-only */
/* Requests from user space. */
#ifndef _CIPE_NETLINK_H
#define _CIPE_NETLINK_H

struct genl_family;

extern struct genl_family cipe_genl_family;

int cipe_netlink_init(void);
void cipe_netlink_exit(void);

#endif /* _CIPE_NETLINK_H */
