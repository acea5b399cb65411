/* SPDX-License-Identifier: GPL-2.0-only */
/* The network device and its rtnetlink kind. */
#ifndef _CIPE_DEVICE_H
#define _CIPE_DEVICE_H

#include <linux/types.h>

struct net_device;

int cipe_device_init(void);
void cipe_device_exit(void);
bool cipe_device_is(const struct net_device *dev);

#endif /* _CIPE_DEVICE_H */
