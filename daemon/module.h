/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The kernel module itself: generic netlink family "cipe". For the keeper; the
 * parser asks for what is in kernel.h.
 */
#ifndef CIPED_MODULE_H
#define CIPED_MODULE_H

#include "kernel.h"

struct module;

typedef void (*module_event_fn)(void *ctx, const struct kernel_event *event);

int module_open(struct module **k);
int module_load(void);
void module_close(struct module *k);
int module_link_find(struct module *k, unsigned int ifindex, struct kernel_link *link);
int module_link_get(struct module *k, uint32_t id, struct kernel_link *link);
int module_link_set(struct module *k, uint32_t id, const struct kernel_setting *setting);
int module_key_set(struct module *k, uint32_t id, const struct kernel_key *key);
int module_key_del(struct module *k, uint32_t id, enum cipe_slot slot);
int module_key_del_all(struct module *k, uint32_t id);
int module_events_fd(const struct module *k);
int module_events_read(struct module *k, module_event_fn fn, void *ctx);

#endif /* CIPED_MODULE_H */
