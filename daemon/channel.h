/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Messages between the daemon's processes: a pair of AF_UNIX sockets that keep
 * messages apart, and can carry a descriptor.
 */
#ifndef CIPED_CHANNEL_H
#define CIPED_CHANNEL_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

/* In place of a descriptor that came, but for which this process had no number left */
#define CHANNEL_LOST (-2)

int channel_pair(int fd[2]);
int channel_send(int fd, const void *data, size_t len, int pass);
int channel_try_send(int fd, const void *data, size_t len, int pass);
bool channel_closed(int fd);
ssize_t channel_receive(int fd, void *buf, size_t size, int *passed);
ssize_t channel_try_receive(int fd, void *buf, size_t size, int *passed);

#endif /* CIPED_CHANNEL_H */
