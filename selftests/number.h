/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Numbers of command lines.
 */
#ifndef _NUMBER_H
#define _NUMBER_H

#include <stdio.h>
#include <stdlib.h>

static inline unsigned long number(const char *s)
{
	char *end;
	unsigned long v = strtoul(s, &end, 0);

	if (!*s || *end) {
		fprintf(stderr, "%s: not a number\n", s);
		exit(2);
	}
	return v;
}

#endif
