/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Time that passes, whatever becomes of the date: CLOCK_MONOTONIC of
 * clock_gettime(2).
 */
#ifndef CIPED_CLOCK_H
#define CIPED_CLOCK_H

#include <stdint.h>
#include <time.h>

/** clock_ns() - nanoseconds since some moment in the past */
static inline uint64_t clock_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000000000u + (uint64_t)ts.tv_nsec;
}

/** clock_ms() - the same in milliseconds */
static inline uint64_t clock_ms(void)
{
	return clock_ns() / 1000000u;
}

#endif /* CIPED_CLOCK_H */
