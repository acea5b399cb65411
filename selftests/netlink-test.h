/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What all tests of the netlink interface begin with */
#ifndef _NETLINK_TEST_H
#define _NETLINK_TEST_H

#include <fcntl.h>
#include <sched.h>
#include <time.h>
#include <unistd.h>

#include "netlink-util.h"

#include "kselftest_harness.h"

/* 30 seconds are few for a debug kernel on emulated processors of a busy host */
#undef TEST_TIMEOUT_DEFAULT
#define TEST_TIMEOUT_DEFAULT 240

#define NOBODY 65534

static inline long now_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

static inline int open_netns(void)
{
	return open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC);
}

static inline void count_cb(struct nlmsghdr *nlh, void *arg)
{
	int *n = arg;

	(void)nlh;
	++*n;
}

#endif /* _NETLINK_TEST_H */
