// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Random numbers that depend on a seed only.
 */
#include "cipe-fuzz.h"

static uint64_t chance_state;

void chance_seed(uint64_t seed)
{
	chance_state = seed;
}

/* SplitMix64 */
uint64_t chance(void)
{
	uint64_t z = chance_state += 0x9e3779b97f4a7c15u;

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
	z = (z ^ z >> 27) * 0x94d049bb133111ebu;
	return z ^ z >> 31;
}

unsigned int below(unsigned int n)
{
	return chance() % n;
}

bool one_in(unsigned int n)
{
	return !below(n);
}

void fill(uint8_t *p, size_t len)
{
	while (len--)
		*p++ = chance();
}

uint32_t odd_number(void)
{
	static const uint32_t limits[] = {
		0, 1, 2, 7, 8, 15, 16, 19, 20, 21, 39, 40, 41, 59, 60, 127, 128, 255, 256,
		536, 1279, 1280, 1399, 1400, 1401, 1448, 1472, 1500, 9000, 32767,
		32768, 65487, 65507, 65515, 65535,
	};

	return one_in(3) ? chance() : limits[below(sizeof(limits) / sizeof(*limits))];
}
