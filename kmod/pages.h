/* SPDX-License-Identifier: GPL-2.0-only */
/* Memory for packets, recycled on its CPU. */
#ifndef _CIPE_PAGES_H
#define _CIPE_PAGES_H

#include <linux/minmax.h>
#include <linux/types.h>
#include <asm/page.h>

/* What the memory is for. Ciphertext is soon sent, plaintext may wait long in
 * somebody's socket: kept apart, the one does not hold up the other.
 */
enum cipe_pages_use {
	CIPE_PAGES_CIPHERTEXT,
	CIPE_PAGES_PLAINTEXT,
	CIPE_PAGES_USES
};

/* Where a run starts, but for its lead: as strictly as a packet's head */
#define CIPE_PAGES_ALIGN	64

/* Octets that are allocated at once: enough for 20 datagrams, few enough to be
 * had from a busy machine; what sockets use too (SKB_FRAG_PAGE_ORDER)
 */
#define CIPE_PAGES_CHUNK	max_t(unsigned int, 32768, PAGE_SIZE)

void *cipe_pages_run(enum cipe_pages_use use, unsigned int lead,
		     unsigned int size, unsigned int *n);
int cipe_pages_init(void);
void cipe_pages_exit(void);

#endif /* _CIPE_PAGES_H */
