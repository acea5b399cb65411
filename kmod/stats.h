/* SPDX-License-Identifier: GPL-2.0-only */
/* Counters of a link, 64 bits wide on every machine. */
#ifndef _CIPE_STATS_H
#define _CIPE_STATS_H

#include <linux/percpu.h>
#include <linux/u64_stats_sync.h>

#include <uapi/linux/cipe.h>

/* Those up to here count for a link; the rest are its socket's (socket.h) */
#define CIPE_STATS_LINK		(CIPE_STAT_ROAMED + 1)

/**
 * struct cipe_stats - one CPU's counters
 * @value: by &enum cipe_stat
 * @syncp: lets 32-bit machines read whole values
 */
struct cipe_stats {
	u64_stats_t value[CIPE_STATS_LINK];
	struct u64_stats_sync syncp;
};

/**
 * cipe_stats_add - count packets and octets at once
 * @stats: the link's
 * @packets: which counter of packets
 * @bytes: which counter of octets
 * @n: packets
 * @len: octets
 *
 * Context: BH off.
 */
static inline void cipe_stats_add(struct cipe_stats __percpu *stats,
				  enum cipe_stat packets, enum cipe_stat bytes,
				  unsigned int n, unsigned int len)
{
	struct cipe_stats *cpu = this_cpu_ptr(stats);

	u64_stats_update_begin(&cpu->syncp);
	u64_stats_add(&cpu->value[packets], n);
	u64_stats_add(&cpu->value[bytes], len);
	u64_stats_update_end(&cpu->syncp);
}

/**
 * cipe_stats_count - count some
 * @stats: the link's
 * @which: the counter
 * @n: how many
 *
 * Context: BH off.
 */
static inline void cipe_stats_count(struct cipe_stats __percpu *stats,
				    enum cipe_stat which, unsigned int n)
{
	struct cipe_stats *cpu = this_cpu_ptr(stats);

	u64_stats_update_begin(&cpu->syncp);
	u64_stats_add(&cpu->value[which], n);
	u64_stats_update_end(&cpu->syncp);
}

/**
 * cipe_stats_inc - count one
 * @stats: the link's
 * @which: the counter
 *
 * Context: BH off.
 */
static inline void cipe_stats_inc(struct cipe_stats __percpu *stats,
				  enum cipe_stat which)
{
	cipe_stats_count(stats, which, 1);
}

void cipe_stats_sum(struct cipe_stats __percpu *stats, u64 sum[CIPE_STATS_LINK]);

#endif /* _CIPE_STATS_H */
