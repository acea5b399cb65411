/* SPDX-License-Identifier: GPL-2.0-only */
/* Datagrams that come many in a packet. */
#ifndef _CIPE_HOOK_H
#define _CIPE_HOOK_H

#include <linux/types.h>

struct net;

bool cipe_hook_used(const struct net *net);
int cipe_hook_get(struct net *net);
void cipe_hook_put(struct net *net);

int cipe_hook_init(void);
void cipe_hook_exit(void);

#endif /* _CIPE_HOOK_H */
