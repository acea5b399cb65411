/* SPDX-License-Identifier: GPL-2.0-only */
/* Plaintext to datagrams, and those on their way. */
#ifndef _CIPE_SEND_H
#define _CIPE_SEND_H

#include <linux/percpu.h>
#include <uapi/linux/cipe.h>

struct cipe_cut;
struct cipe_key;
struct cipe_link;
struct cipe_order_entry;
struct cipe_outer;

/* Links within links that the packet at hand is in */
DECLARE_PER_CPU(unsigned int, cipe_send_depth);

void cipe_send(struct cipe_link *link, struct cipe_key *key,
	       struct cipe_outer *outer, struct cipe_cut *cut);
enum cipe_stat cipe_send_empty(struct cipe_link *link, struct cipe_key *key,
			       struct cipe_outer *outer);
void cipe_send_release(struct cipe_order_entry *entry);

#endif /* _CIPE_SEND_H */
