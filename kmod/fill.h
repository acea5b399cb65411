/* SPDX-License-Identifier: GPL-2.0-only */
/* What user space reads about a link. */
#ifndef _CIPE_FILL_H
#define _CIPE_FILL_H

#include <linux/types.h>

struct cipe_link;
struct sk_buff;

int cipe_fill_link(struct sk_buff *msg, struct cipe_link *link, u32 portid,
		   u32 seq, int flags);

#endif /* _CIPE_FILL_H */
