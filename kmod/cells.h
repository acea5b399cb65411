/* SPDX-License-Identifier: GPL-2.0-only */
/* Where received packets wait for the stack. */
#ifndef _CIPE_CELLS_H
#define _CIPE_CELLS_H

struct cipe_cells;
struct net_device;
struct sk_buff_head;

struct cipe_cells *cipe_cells_new(struct net_device *dev);
void cipe_cells_free(struct cipe_cells *cells);
void cipe_cells_start(struct cipe_cells *cells);
void cipe_cells_stop(struct cipe_cells *cells);
void cipe_cells_receive(struct cipe_cells *cells, struct net_device *dev,
			struct sk_buff_head *list);

#endif /* _CIPE_CELLS_H */
