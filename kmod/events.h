/* SPDX-License-Identifier: GPL-2.0-only */
/* Notifications to user space. */
#ifndef _CIPE_EVENTS_H
#define _CIPE_EVENTS_H

#include <linux/types.h>

struct cipe_endpoint;
struct cipe_key;
struct cipe_link;

void cipe_event_link(struct cipe_link *link, u8 cmd);
void cipe_event_moved(struct cipe_link *link, const struct cipe_endpoint *endpoint);
void cipe_event_key(struct cipe_link *link, u8 cmd, const struct cipe_key *key);

#endif /* _CIPE_EVENTS_H */
