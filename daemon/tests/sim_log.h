/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The log of a program, kept for it to look at. To be included once. */
#ifndef CIPE_TESTS_SIM_LOG_H
#define CIPE_TESTS_SIM_LOG_H

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "log.h"

static char logged[65536];

static void remember(const char *fmt, va_list ap)
{
	size_t len = strlen(logged);

	if (len < sizeof(logged) - 512)
		vsnprintf(logged + len, 512, fmt, ap);
}

void log_msg(int priority, const char *fmt, ...)
{
	va_list ap;

	(void)priority;
	va_start(ap, fmt);
	remember(fmt, ap);
	va_end(ap);
}

void log_limited(struct log_limit *limit, int priority, const char *fmt, ...)
{
	va_list ap;

	(void)limit;
	(void)priority;
	va_start(ap, fmt);
	remember(fmt, ap);
	va_end(ap);
}

#endif
