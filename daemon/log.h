/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Messages: to syslog (facility daemon), or to stderr in the foreground. Never
 * hand a secret to any of these.
 */
#ifndef CIPED_LOG_H
#define CIPED_LOG_H

#include <stdbool.h>
#include <stdint.h>
#include <syslog.h>
#include <time.h>

/**
 * log_init() - choose where messages go
 * @debug: true: to stderr, with debug messages. false: to syslog, and to stderr
 *	as well until log_detach()
 *
 * Before this call messages up to LOG_INFO go to stderr.
 */
void log_init(bool debug);

/**
 * log_detach() - no stderr any more: we are in the background
 *
 * Does nothing after log_init(true).
 */
void log_detach(void);

/**
 * typedef log_sink_fn - takes messages in place of syslog and stderr
 * @priority: LOG_ERR to LOG_DEBUG
 * @device: name of the interface, or ""
 * @text: the message
 */
typedef void (*log_sink_fn)(int priority, const char *device, const char *text);

/**
 * log_set_sink() - another process writes our messages
 * @sink: hands them over
 */
void log_set_sink(log_sink_fn sink);

/**
 * log_write() - write a message of another process
 * @priority: as log_msg()
 * @device: name of the interface, or ""
 * @text: control characters in it are replaced
 */
void log_write(int priority, const char *device, const char *text);

/** log_is_wanted() - are messages of this priority written? */
bool log_is_wanted(int priority);

/**
 * log_set_device() - name the interface in every message from now on
 * @device: its name, copied
 */
void log_set_device(const char *device);

/**
 * log_msg() - write one message
 * @priority: LOG_ERR, LOG_WARNING, LOG_NOTICE, LOG_INFO or LOG_DEBUG
 * @fmt: as printf(), without a newline; control characters in the result are
 *	replaced
 */
void log_msg(int priority, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

#define log_err(...)	log_msg(LOG_ERR, __VA_ARGS__)
#define log_warn(...)	log_msg(LOG_WARNING, __VA_ARGS__)
#define log_notice(...)	log_msg(LOG_NOTICE, __VA_ARGS__)
#define log_info(...)	log_msg(LOG_INFO, __VA_ARGS__)
#define log_debug(...)	log_msg(LOG_DEBUG, __VA_ARGS__)

/**
 * struct log_limit - how often a kind of message was written; a static object
 * @burst: messages allowed at once
 * @interval: seconds in which @burst messages are allowed
 * @count: messages in the current interval
 * @missed: messages suppressed and not yet told
 * @start: of the current interval, CLOCK_MONOTONIC
 */
struct log_limit {
	unsigned int burst;
	unsigned int interval;
	unsigned int count;
	unsigned int missed;
	time_t start;
};

/* For messages that strangers can cause: 5 in a minute */
#define LOG_LIMIT_INIT { .burst = 5, .interval = 60 }

/**
 * log_limited() - as log_msg(), unless it was written too often of late
 * @limit: one for each kind of message, LOG_LIMIT_INIT
 * @priority: as log_msg()
 * @fmt: as log_msg()
 *
 * The first message of a new interval is preceded by the number suppressed.
 */
void log_limited(struct log_limit *limit, int priority, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

/**
 * struct log_bucket - how many messages another process may still have written: a
 * token bucket; all zero: none was written yet
 * @tokens: thousandths of a message
 * @filled: when they were counted, in milliseconds
 * @dropped: messages for which there was none, and not yet told
 */
struct log_bucket {
	uint64_t tokens;
	uint64_t filled;
	unsigned int dropped;
};

/**
 * log_bucket_take() - may one more be written?
 * @bucket: of the process
 * @now: milliseconds of CLOCK_MONOTONIC
 * @burst: messages allowed at once
 * @per_s: messages allowed in a second in the long run
 *
 * Return: true, and it is counted; or false, and it counts as dropped.
 */
bool log_bucket_take(struct log_bucket *bucket, uint64_t now, unsigned int burst,
		     unsigned int per_s);

#endif /* CIPED_LOG_H */
