// SPDX-License-Identifier: GPL-2.0-only
/* Memory of received packets: each has some that can become its skb. */

#include <linux/log2.h>
#include <linux/mm.h>
#include <linux/skbuff.h>

#include <cipe/wire.h>

#include "batch.h"
#include "link.h"
#include "pages.h"
#include "slot.h"

/* Room before plaintext: for headers that it may get on its way, and for the
 * cipher (%CIPE_CHACHA_ROOM)
 */
#define SLOT_HEADROOM	(2 * CIPE_PAGES_ALIGN)

/* Octets before the plaintext, so that the IP header in it is aligned */
static unsigned int slot_headroom(const struct cipe_batch *batch)
{
	return SLOT_HEADROOM +
	       (batch->link->mode == CIPE_MODE_ETHER ? NET_IP_ALIGN : 0);
}

/* For a packet of @len octets. The tag is in it meanwhile. None of the larger
 * ones crosses a page (see cipe_pages_run()): ciphers take what does in pieces.
 */
static unsigned int slot_size(unsigned int len)
{
	unsigned int size = ALIGN(SLOT_HEADROOM + NET_IP_ALIGN + len +
				  CIPE_WIRE_TAG_LEN, CIPE_PAGES_ALIGN) +
			    SKB_DATA_ALIGN(sizeof(struct skb_shared_info));

	if (size > PAGE_SIZE / 4 && size < PAGE_SIZE)
		return roundup_pow_of_two(size);
	return size > CIPE_PAGES_CHUNK ? PAGE_SIZE << get_order(size) : size;
}

/**
 * cipe_slot_place - say where a batch's packets will be decrypted to
 * @batch: its packets' lengths known, none longer than the first
 *
 * Context: softirq or BH off.
 * Return: how many got a place; less than all without memory.
 */
unsigned int cipe_slot_place(struct cipe_batch *batch)
{
	unsigned int i = 0, got;
	u8 *data;

	batch->slot = slot_size(batch->packet[0].len);
	while (i < batch->n) {
		got = batch->n - i;
		data = cipe_pages_run(CIPE_PAGES_PLAINTEXT, 0, batch->slot, &got);
		if (unlikely(!data))
			break;
		data += slot_headroom(batch);
		/* A reference for each; one there is */
		if (got > 1)
			page_ref_add(virt_to_head_page(data), got - 1);
		for (; got--; data += batch->slot)
			batch->packet[i++].data = data;
	}
	return i;
}

/**
 * cipe_slot_build - make an skb of a packet, where it is
 * @batch: its batch
 * @packet: decrypted
 *
 * Context: softirq or BH off.
 * Return: the skb, or NULL without memory, and the packet keeps its own.
 */
struct sk_buff *cipe_slot_build(const struct cipe_batch *batch,
				const struct cipe_packet *packet)
{
	unsigned int headroom = slot_headroom(batch);
	struct sk_buff *skb;

	skb = napi_build_skb(packet->data - headroom, batch->slot);
	if (unlikely(!skb))
		return NULL;
	skb_reserve(skb, headroom);
	__skb_put(skb, packet->len);
	return skb;
}

/**
 * cipe_slot_free - give up a packet's memory
 * @packet: the packet
 */
void cipe_slot_free(const struct cipe_packet *packet)
{
	put_page(virt_to_head_page(packet->data));
}
