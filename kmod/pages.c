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

/* Chunks a CPU keeps for each use: 1 MiB on any machine, and up to 8 MiB, which is
 * more than TCP's receive buffer grows to (tcp_rmem), as long as all CPUs together
 * keep no more than a part of the memory. A flow whose reader has to share the CPU
 * with its sender fills that buffer over and over.
 */
#define PAGES_CHUNKS_MIN	32
#define PAGES_CHUNKS_MAX	256
#define PAGES_PART		128

/* Of what is not needed any more one chunk is given up after so many searches. A CPU
 * without traffic keeps what it has: bounded, see above.
 */
#define PAGES_SURPLUS		256

/* Never from the reserves: their pages must go back at once */
#define PAGES_GFP	(GFP_ATOMIC | __GFP_NOWARN | __GFP_NORETRY | \
			 __GFP_NOMEMALLOC | __GFP_COMP)

/**
 * struct cipe_pages - one CPU's chunks for one use
 * @chunk: those it has; a reference each
 * @count: how many
 * @now: the one in use
 * @victim: the next to be given up if all are held by others
 * @surplus: searches in a row that half of them would have been enough for
 * @offset: where @now's free room begins
 */
struct cipe_pages {
	struct page *chunk[PAGES_CHUNKS_MAX];
	unsigned int count;
	unsigned int now;
	unsigned int victim;
	unsigned int surplus;
	unsigned int offset;
};

/* Too large for what modules may have of their own for each CPU */
struct cipe_pages_cpu {
	struct cipe_pages use[CIPE_PAGES_USES];
};

static struct cipe_pages_cpu __percpu *pages_cpu __ro_after_init;
static unsigned int pages_chunks __ro_after_init;

/* What was needed once may be too much by now. The chunk's users have references
 * of their own.
 */
static void pages_trim(struct cipe_pages *pages)
{
	if (pages->count <= PAGES_CHUNKS_MIN || pages->now >= pages->count / 2) {
		pages->surplus = 0;
	} else if (++pages->surplus == PAGES_SURPLUS) {
		pages->surplus = 0;
		put_page(pages->chunk[--pages->count]);
	}
}

/* Make @pages->now a chunk that was allocated just now */
static bool pages_fresh(struct cipe_pages *pages)
{
	struct page *fresh = alloc_pages(PAGES_GFP, PAGES_ORDER);

	if (!fresh) {
		pages->offset = CIPE_PAGES_CHUNK;
		return false;
	}
	if (pages->count < pages_chunks) {
		pages->now = pages->count++;
	} else {
		pages->now = pages->victim++ % pages->count;
		put_page(pages->chunk[pages->now]);
	}
	pages->chunk[pages->now] = fresh;
	return true;
}

/* Make @pages->now a chunk that nobody else uses. The first such: so a few,
 * still in the cache, are used again and again.
 */
static bool pages_next(struct cipe_pages *pages)
{
	unsigned int i;

	pages->offset = 0;
	for (i = 0; i < pages->count; i++) {
		/* Dropping a reference is a full barrier; and what we write,
		 * depends on what we read here
		 */
		if (page_ref_count(pages->chunk[i]) == 1) {
			pages->now = i;
			pages_trim(pages);
			return true;
		}
	}
	return pages_fresh(pages);
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
	struct cipe_pages *pages = &this_cpu_ptr(pages_cpu)->use[use];
	unsigned int align = is_power_of_2(size) ? size : CIPE_PAGES_ALIGN;
	unsigned int start = ALIGN(pages->offset, align) + lead;
	struct page *page;

	if (unlikely(lead + size > CIPE_PAGES_CHUNK)) {
		*n = 1;
		return pages_large(lead, size);
	}
	if (unlikely(!pages->count) || start + size > CIPE_PAGES_CHUNK) {
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
 * cipe_pages_init - before the first packet
 *
 * Return: 0 or an error.
 */
int __init cipe_pages_init(void)
{
	/* Of the memory that they can be had from */
	unsigned long all = nr_free_buffer_pages() / PAGES_PART >> PAGES_ORDER;

	pages_chunks = clamp_t(unsigned long, all / num_online_cpus() / CIPE_PAGES_USES,
			       PAGES_CHUNKS_MIN, PAGES_CHUNKS_MAX);
	pages_cpu = alloc_percpu(struct cipe_pages_cpu);
	return pages_cpu ? 0 : -ENOMEM;
}

/**
 * cipe_pages_exit - give up all chunks, after the last packet
 */
void cipe_pages_exit(void)
{
	struct cipe_pages *pages;
	unsigned int use;
	int cpu;

	for_each_possible_cpu(cpu) {
		for (use = 0; use < CIPE_PAGES_USES; use++) {
			pages = &per_cpu_ptr(pages_cpu, cpu)->use[use];
			while (pages->count)
				put_page(pages->chunk[--pages->count]);
		}
	}
	free_percpu(pages_cpu);
}
