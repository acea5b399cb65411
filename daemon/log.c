// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Messages to syslog or stderr.
 */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "log.h"

/* Longer messages are cut */
#define LOG_LINE_MAX 1024

static bool to_stderr = true;
static bool to_syslog;
static int level = LOG_INFO;
static char device_name[32];
static log_sink_fn sink;

void log_init(bool debug)
{
	to_stderr = true;
	to_syslog = !debug;
	level = debug ? LOG_DEBUG : LOG_INFO;
	if (to_syslog)
		openlog("ciped", LOG_PID | LOG_NDELAY, LOG_DAEMON);
}

void log_detach(void)
{
	if (to_syslog)
		to_stderr = false;
}

void log_set_device(const char *device)
{
	snprintf(device_name, sizeof(device_name), "%s", device);
}

static const char *priority_name(int priority)
{
	switch (priority) {
	case LOG_ERR:
		return "error: ";
	case LOG_WARNING:
		return "warning: ";
	case LOG_DEBUG:
		return "debug: ";
	default:
		return "";
	}
}

static void log_line(int priority, const char *device, const char *text)
{
	const char *sep = device[0] ? ": " : "";

	/* One write a line: lines of several daemons do not mix */
	if (to_stderr) {
		char line[LOG_LINE_MAX + 80];
		int len = snprintf(line, sizeof(line), "ciped: %s%s%s%s\n", device, sep,
				   priority_name(priority), text);

		if (len > 0 && write(STDERR_FILENO, line, (size_t)len) < 0)
			return;	/* nobody listens; nowhere to say so */
	}
	if (to_syslog)
		syslog(priority, "%s%s%s%s", device, sep, priority_name(priority), text);
}

/* Names, script output and other processes' messages come from elsewhere: no
 * forged lines, no terminal control. Bytes above 0x7f are left alone (UTF-8).
 */
static void make_plain(char *text)
{
	for (char *p = text; *p; p++)
		if ((unsigned char)*p < ' ' || *p == 0x7f)
			*p = *p == '\t' ? ' ' : '?';
}

bool log_is_wanted(int priority)
{
	return priority <= level;
}

void log_set_sink(log_sink_fn fn)
{
	sink = fn;
}

void log_write(int priority, const char *device, const char *text)
{
	char plain[LOG_LINE_MAX], name[sizeof(device_name)];

	if (!log_is_wanted(priority))
		return;
	snprintf(plain, sizeof(plain), "%s", text);
	snprintf(name, sizeof(name), "%s", device);
	make_plain(plain);
	make_plain(name);
	log_line(priority, name, plain);
}

static void log_va(int priority, const char *fmt, va_list ap)
{
	char text[LOG_LINE_MAX];

	if (!log_is_wanted(priority))
		return;
	vsnprintf(text, sizeof(text), fmt, ap);
	if (sink)
		sink(priority, device_name, text);
	else
		log_write(priority, device_name, text);
}

void log_msg(int priority, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	log_va(priority, fmt, ap);
	va_end(ap);
}

/* Has this limit room for one more? Counts it either way. */
static bool log_limit_take(struct log_limit *limit, time_t now)
{
	if (!limit->start || now - limit->start >= (time_t)limit->interval) {
		limit->start = now;
		limit->count = 0;
	}
	if (limit->count >= limit->burst) {
		limit->missed++;
		return false;
	}
	limit->count++;
	return true;
}

void log_limited(struct log_limit *limit, int priority, const char *fmt, ...)
{
	struct timespec now;
	va_list ap;

	if (!log_is_wanted(priority))
		return;
	clock_gettime(CLOCK_MONOTONIC, &now);
	/* 0 means "never": the first seconds after boot count as the second */
	if (!log_limit_take(limit, now.tv_sec ? now.tv_sec : 1))
		return;
	if (limit->missed) {
		log_msg(priority, "(%u messages like the next one suppressed)", limit->missed);
		limit->missed = 0;
	}
	va_start(ap, fmt);
	log_va(priority, fmt, ap);
	va_end(ap);
}

/* Tokens of one message */
#define TOKEN 1000

bool log_bucket_take(struct log_bucket *bucket, uint64_t now, unsigned int burst,
		     unsigned int per_s)
{
	const uint64_t most = (uint64_t)burst * TOKEN;
	uint64_t passed = now - bucket->filled;

	/* At first it is full; and so it is after as long as that takes */
	if (!bucket->filled || passed >= most)
		bucket->tokens = most;
	else
		bucket->tokens += passed * per_s;
	bucket->filled = now;
	if (bucket->tokens > most)
		bucket->tokens = most;
	if (bucket->tokens < TOKEN) {
		bucket->dropped++;
		return false;
	}
	bucket->tokens -= TOKEN;
	return true;
}
