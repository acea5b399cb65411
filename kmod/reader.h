/* SPDX-License-Identifier: GPL-2.0-only */
/* Contiguous parts of an skb, from front to back. */
#ifndef _CIPE_READER_H
#define _CIPE_READER_H

#include <linux/skbuff.h>

/**
 * struct cipe_reader - where in an skb one reads
 * @skb: the skb
 * @part: what lies at @begin, contiguous
 * @begin: offset in the skb
 * @end: and where it ends
 * @frag: the next fragment
 */
struct cipe_reader {
	const struct sk_buff *skb;
	const u8 *part;
	unsigned int begin;
	unsigned int end;
	unsigned int frag;
};

static inline void cipe_reader_start(struct cipe_reader *reader,
				     const struct sk_buff *skb)
{
	reader->skb = skb;
	reader->part = skb->data;
	reader->begin = 0;
	reader->end = skb_headlen(skb);
	reader->frag = 0;
}

/**
 * cipe_reader_at - have a look
 * @reader: started; not asked for what is further in front before
 * @at: offset in the skb
 * @len: octets
 *
 * Return: where they are, or NULL if they are not contiguous or not there.
 */
static inline const u8 *cipe_reader_at(struct cipe_reader *reader,
				       unsigned int at, unsigned int len)
{
	const struct skb_shared_info *shared = skb_shinfo(reader->skb);
	const skb_frag_t *frag;

	while (at >= reader->end && reader->frag < shared->nr_frags) {
		frag = &shared->frags[reader->frag++];
		reader->begin = reader->end;
		reader->end += skb_frag_size(frag);
		reader->part = PageHighMem(skb_frag_page(frag)) ? NULL :
			       skb_frag_address(frag);
	}
	if (unlikely(at + len > reader->end || !reader->part))
		return NULL;
	return reader->part + at - reader->begin;
}

#endif /* _CIPE_READER_H */
