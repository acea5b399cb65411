// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Messages between the daemon's processes.
 */
#include "channel.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

/* One descriptor, aligned as control messages must be */
union control {
	struct cmsghdr align;
	char room[CMSG_SPACE(sizeof(int))];
};

/**
 * channel_pair() - make a channel
 * @fd: set to its two ends
 * Return: 0 or -errno.
 */
int channel_pair(int fd[2])
{
	return socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, fd) ? -errno : 0;
}

static int send_message(int fd, const void *data, size_t len, int pass, int flags)
{
	struct iovec iov = { .iov_base = (void *)data, .iov_len = len };
	struct msghdr msg = { .msg_iov = &iov, .msg_iovlen = 1 };
	union control control;
	ssize_t n;

	if (pass >= 0) {
		memset(&control, 0, sizeof(control));
		msg.msg_control = &control;
		msg.msg_controllen = sizeof(control);
		CMSG_FIRSTHDR(&msg)->cmsg_level = SOL_SOCKET;
		CMSG_FIRSTHDR(&msg)->cmsg_type = SCM_RIGHTS;
		CMSG_FIRSTHDR(&msg)->cmsg_len = CMSG_LEN(sizeof(pass));
		memcpy(CMSG_DATA(CMSG_FIRSTHDR(&msg)), &pass, sizeof(pass));
	}
	do {
		n = sendmsg(fd, &msg, flags | MSG_NOSIGNAL);
	} while (n < 0 && errno == EINTR);
	return n < 0 ? -errno : 0;
}

/**
 * channel_send() - send a message, waiting for room
 * @fd: one end
 * @data: the message
 * @len: its octets
 * @pass: descriptor to go with it; -1: none
 * Return: 0 or -errno: -EPIPE when the other end is closed.
 */
int channel_send(int fd, const void *data, size_t len, int pass)
{
	return send_message(fd, data, len, pass, 0);
}

/** channel_try_send() - without waiting. Return: 0, -EAGAIN or another -errno. */
int channel_try_send(int fd, const void *data, size_t len, int pass)
{
	return send_message(fd, data, len, pass, MSG_DONTWAIT);
}

/* All descriptors that came along, of which there is room for two, as control
 * messages are padded. Return: how many; the first one stays open.
 */
static unsigned int take_descriptors(struct msghdr *msg, int *first)
{
	unsigned int count = 0;
	struct cmsghdr *cmsg;
	size_t at;
	int fd;

	for (cmsg = CMSG_FIRSTHDR(msg); cmsg; cmsg = CMSG_NXTHDR(msg, cmsg)) {
		if (cmsg->cmsg_level != SOL_SOCKET || cmsg->cmsg_type != SCM_RIGHTS)
			continue;
		for (at = CMSG_LEN(0); at + sizeof(fd) <= cmsg->cmsg_len; at += sizeof(fd)) {
			memcpy(&fd, (char *)cmsg + at, sizeof(fd));
			if (!count++)
				*first = fd;
			else
				close(fd);
		}
	}
	return count;
}

static ssize_t receive_message(int fd, void *buf, size_t size, int *passed, int flags)
{
	struct iovec iov = { .iov_base = buf, .iov_len = size };
	union control control;
	struct msghdr msg = { .msg_iov = &iov, .msg_iovlen = 1 };
	unsigned int count;
	ssize_t n;

	*passed = -1;
	do {
		msg.msg_control = &control;
		msg.msg_controllen = sizeof(control);
		n = recvmsg(fd, &msg, flags | MSG_CMSG_CLOEXEC);
	} while (n < 0 && errno == EINTR);
	if (n < 0)
		return -errno;
	count = take_descriptors(&msg, passed);
	if (count <= 1 && !(msg.msg_flags & (MSG_TRUNC | MSG_CTRUNC)))
		return n;
	/* There is room for one. Where none is, it did not get a number, but the message
	 * is whole.
	 */
	if (!count && !(msg.msg_flags & MSG_TRUNC)) {
		*passed = CHANNEL_LOST;
		return n;
	}
	if (count)
		close(*passed);
	*passed = -1;
	return -EMSGSIZE;
}

/**
 * channel_receive() - wait for a message
 * @fd: one end
 * @buf: for the message
 * @size: of @buf
 * @passed: set to the descriptor that came with it, the caller's to close; -1: none;
 *	%CHANNEL_LOST: this process may not have any more
 * Return: octets; 0 when the other end is closed; -EMSGSIZE when it was longer,
 * or more than one descriptor came; or another -errno.
 */
ssize_t channel_receive(int fd, void *buf, size_t size, int *passed)
{
	return receive_message(fd, buf, size, passed, 0);
}

/** channel_try_receive() - without waiting. Return: as above, or -EAGAIN. */
ssize_t channel_try_receive(int fd, void *buf, size_t size, int *passed)
{
	return receive_message(fd, buf, size, passed, MSG_DONTWAIT);
}

/**
 * channel_closed() - is the other end closed?
 * @fd: one end, by which 0 octets came: they may also have been a message
 */
bool channel_closed(int fd)
{
	struct pollfd p = { .fd = fd, .events = POLLRDHUP };

	return poll(&p, 1, 0) == 1 && p.revents & (POLLHUP | POLLRDHUP);
}
