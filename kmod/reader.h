/* SPDX-License-Identifier: GPL-2.0-only */
/* Contiguous parts of an skb, from front to back. */
#ifndef _CIPE_READER_H
#define _CIPE_READER_H

#include <linux/skbuff.h>

/**
 * struct cipe_reader - where in an skb one reads
 * @skb: the skb
 * @now: it, or the one in its list that @part is of
 * @part: what lies at @begin, contiguous; NULL: nothing to be read in place
 * @begin: offset in @skb
 * @end: and where it ends
 * @frag: the next fragment of @now
 */
struct cipe_reader {
	const struct sk_buff *skb;
	const struct sk_buff *now;
	const u8 *part;
	unsigned int begin;
	unsigned int end;
	unsigned int frag;
};

/**
 * cipe_reader_start - begin to read
 * @reader: to be filled
 * @skb: the skb
 */
static inline void cipe_reader_start(struct cipe_reader *reader,
				     const struct sk_buff *skb)
{
	reader->skb = skb;
	reader->now = skb;
	reader->part = skb->data;
	reader->begin = 0;
	reader->end = skb_headlen(skb);
	reader->frag = 0;
}

/* The next skb of the list, as GRO makes it (skb_gro_receive()): none of them
 * has a list of its own
 */
static inline bool cipe_reader_next_skb(struct cipe_reader *reader)
{
	const struct sk_buff *next = reader->now == reader->skb ?
				     skb_shinfo(reader->skb)->frag_list :
				     reader->now->next;

	if (!next || skb_has_frag_list(next))
		return false;
	reader->now = next;
	reader->part = next->data;
	reader->begin = reader->end;
	reader->end += skb_headlen(next);
	reader->frag = 0;
	return true;
}

/* What user space may write to (skb_has_shared_frag()) is not read in place */
static inline bool cipe_reader_next(struct cipe_reader *reader)
{
	const struct skb_shared_info *shared = skb_shinfo(reader->now);
	const skb_frag_t *frag;

	if (reader->frag == shared->nr_frags)
		return cipe_reader_next_skb(reader);
	frag = &shared->frags[reader->frag++];
	reader->begin = reader->end;
	reader->end += skb_frag_size(frag);
	reader->part = PageHighMem(skb_frag_page(frag)) ||
		       skb_has_shared_frag(reader->now) ?
		       NULL : skb_frag_address(frag);
	return true;
}

/**
 * cipe_reader_at - have a look
 * @reader: started; not asked for what is further in front before
 * @at: offset in the skb
 * @len: octets
 *
 * Return: where they are, or NULL if they are not contiguous, not there, or not
 * ours alone.
 */
static inline const u8 *cipe_reader_at(struct cipe_reader *reader,
				       unsigned int at, unsigned int len)
{
	while (at >= reader->end)
		if (!cipe_reader_next(reader))
			return NULL;
	if (unlikely(at + len > reader->end || !reader->part))
		return NULL;
	return reader->part + at - reader->begin;
}

#endif /* _CIPE_READER_H */
