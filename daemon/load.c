// SPDX-License-Identifier: GPL-2.0-or-later
#include "load.h"

bool load_count(struct load *load, uint64_t now)
{
	if (now - load->second >= 1000) {
		load->second = now;
		load->count = 0;
	}
	if (load->count < LOAD_FREE)
		load->count++;
	else
		load->busy_until = now + LOAD_BUSY_MS;
	return now < load->busy_until;
}

bool load_allow(struct load *load, uint64_t now, uint32_t hash)
{
	uint64_t *free_at = &load->free_at[hash % LOAD_SOURCES];

	if (*free_at < now)
		*free_at = now;
	if (*free_at - now > (LOAD_BURST - 1) * LOAD_INTERVAL_MS)
		return false;
	*free_at += LOAD_INTERVAL_MS;
	return true;
}
