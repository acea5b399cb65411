// SPDX-License-Identifier: GPL-2.0-only
/*
 * Memory for packets, recycled on its CPU.
 *
 * Fresh pages are expensive: many kernels clear them (init_on_alloc), which
 * costs more than half as much as the cipher. So each CPU keeps the chunks it once allocated
 * and uses one again as soon as nobody but us holds a reference to it. Nobody
 * has to give anything back: packets drop their references to the pages as
 * usual, wherever they end.
 */

#include <linux/gfp.h>
#include <linux/log2.h>
#include <linux/mm.h>
#include <linux/percpu.h>

#include "pages.h"

#define PAGES_ORDER	get_order(CIPE_PAGES_CHUNK)

/* Chunks a CPU keeps for each use: 1 MiB. More than that are in use only if
 * sockets are not read, and then recycling is not what counts.
 */
#define PAGES_CHUNKS	32

/* Never from the reserves: their pages must go back at once */
#define PAGES_GFP	(GFP_ATOMIC | __GFP_NOWARN | __GFP_NORETRY | \
			 __GFP_NOMEMALLOC | __GFP_COMP)

/**
 * struct cipe_pages - one CPU's chunks for one use
 * @chunk: those it has, from the first on; a reference each
 * @now: the one in use
 * @victim: the next to be given up if all are held by others
 * @offset: where @now's free room begins
 */
struct cipe_pages {
	struct page *chunk[PAGES_CHUNKS];
	unsigned int now;
	unsigned int victim;
	unsigned int offset;
};

static DEFINE_PER_CPU(struct cipe_pages, pages_cpu[CIPE_PAGES_USES]);

/* Make @pages->now a chunk that nobody else uses. The first such: so a few,
 * still in the cache, are used again and again.
 */
static bool pages_next(struct cipe_pages *pages)
{
	struct page *fresh;
	unsigned int i;

	pages->offset = 0;
	for (i = 0; i < PAGES_CHUNKS && pages->chunk[i]; i++) {
		/* Dropping a reference is a full barrier; and what we write,
		 * depends on what we read here
		 */
		if (page_ref_count(pages->chunk[i]) == 1) {
			pages->now = i;
			return true;
		}
	}

	fresh = alloc_pages(PAGES_GFP, PAGES_ORDER);
	if (!fresh) {
		pages->offset = CIPE_PAGES_CHUNK;
		return false;
	}
	if (i == PAGES_CHUNKS) {
		i = pages->victim++ % PAGES_CHUNKS;
		put_page(pages->chunk[i]);
	}
	pages->chunk[i] = fresh;
	pages->now = i;
	return true;
}

/* For what is larger than a chunk */
static void *pages_large(unsigned int lead, unsigned int size)
{
	struct page *page = alloc_pages(PAGES_GFP, get_order(lead + size));

	return page ? page_address(page) + lead : NULL;
}

/**
 * cipe_pages_run - room for things of the same size, one behind the other
 * @use: what for
 * @lead: octets to leave free before the first; they belong to the run too
 * @size: octets of each
 * @n: how many are wanted; gets how many there are, at least one
 *
 * The octets before the lead are aligned to %CIPE_PAGES_ALIGN, or to a @size
 * that is a power of two, so that nothing crosses a page. The caller has one
 * reference to the page, virt_to_head_page(), for all of it.
 *
 * Context: softirq or BH off.
 * Return: the first one's address, or NULL without memory.
 */
void *cipe_pages_run(enum cipe_pages_use use, unsigned int lead,
		     unsigned int size, unsigned int *n)
{
	struct cipe_pages *pages = this_cpu_ptr(&pages_cpu[use]);
	unsigned int align = is_power_of_2(size) ? size : CIPE_PAGES_ALIGN;
	unsigned int start = ALIGN(pages->offset, align) + lead;
	struct page *page;

	if (unlikely(lead + size > CIPE_PAGES_CHUNK)) {
		*n = 1;
		return pages_large(lead, size);
	}
	if (!pages->chunk[pages->now] || start + size > CIPE_PAGES_CHUNK) {
		if (unlikely(!pages_next(pages)))
			return NULL;
		start = lead;
	}

	*n = min_t(unsigned int, *n, (CIPE_PAGES_CHUNK - start) / size);
	pages->offset = start + *n * size;
	page = pages->chunk[pages->now];
	get_page(page);
	return page_address(page) + start;
}

/**
 * cipe_pages_exit - give up all chunks, after the last packet
 */
void cipe_pages_exit(void)
{
	unsigned int use, i;
	int cpu;

	for_each_possible_cpu(cpu) {
		for (use = 0; use < CIPE_PAGES_USES; use++) {
			struct cipe_pages *pages = per_cpu_ptr(&pages_cpu[use], cpu);

			for (i = 0; i < PAGES_CHUNKS && pages->chunk[i]; i++)
				put_page(pages->chunk[i]);
		}
	}
}
