// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Netlink requests and events: libnl builds messages, the answers are read
 * here, since libnl's own error codes lose the kernel's errno and words.
 */
#include "netlink.h"

#include <errno.h>
#include <linux/netlink.h>
#include <netlink/attr.h>
#include <openssl/crypto.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

/* Larger than any single datagram the kernel builds for us */
#define BUFFER_SIZE 32768

/* The greatest errno there is, MAX_ERRNO in the kernel */
#define ERRNO_MAX 4095

/* What the kernel said to the latest request that it refused */
static char words[NETLINK_WORDS_MAX];

/**
 * netlink_open() - a connected netlink socket
 * @sk: set to a socket for nl_socket_free()
 * @protocol: NETLINK_GENERIC or NETLINK_ROUTE
 * Return: 0 or -errno.
 */
int netlink_open(struct nl_sock **sk, int protocol)
{
	int one = 1, fd;

	*sk = nl_socket_alloc();
	if (!*sk)
		return -ENOMEM;
	errno = 0;
	if (nl_connect(*sk, protocol) < 0) {
		nl_socket_free(*sk);
		*sk = NULL;
		return errno ? -errno : -EPROTONOSUPPORT;
	}
	fd = nl_socket_get_fd(*sk);
	/* Words beside the errno are welcome, not needed */
	setsockopt(fd, SOL_NETLINK, NETLINK_EXT_ACK, &one, sizeof(one));
	setsockopt(fd, SOL_NETLINK, NETLINK_CAP_ACK, &one, sizeof(one));
	return 0;
}

/**
 * netlink_join() - hear a multicast group
 * @sk: from netlink_open(); for netlink_events() only from now on
 * @group: number of the group
 * Return: 0 or -errno.
 */
int netlink_join(struct nl_sock *sk, int group)
{
	if (setsockopt(nl_socket_get_fd(sk), SOL_NETLINK, NETLINK_ADD_MEMBERSHIP, &group,
		       sizeof(group)))
		return -errno;
	return 0;
}

/**
 * netlink_words() - what the kernel said about the latest refused request
 * Return: "" or ": words", to append to a message.
 */
const char *netlink_words(void)
{
	return words;
}

/** netlink_set_words() - the keeper asked in our place, and was told this */
void netlink_set_words(const char *text)
{
	snprintf(words, sizeof(words), "%s", text);
}

static void take_words(struct nlmsghdr *nlh, size_t skip)
{
	struct nlattr *tb[NLMSGERR_ATTR_MAX + 1];

	if (!(nlh->nlmsg_flags & NLM_F_ACK_TLVS) || nlh->nlmsg_len < skip)
		return;
	if (nla_parse(tb, NLMSGERR_ATTR_MAX, (struct nlattr *)((char *)nlh + skip),
		      (int)(nlh->nlmsg_len - skip), NULL) < 0 || !tb[NLMSGERR_ATTR_MSG])
		return;
	snprintf(words, sizeof(words), ": %.*s", nla_len(tb[NLMSGERR_ATTR_MSG]),
		 (char *)nla_data(tb[NLMSGERR_ATTR_MSG]));
}

/* Callers negate it, and ask strerror(): no other number will do */
static int errno_of(int error)
{
	return error <= 0 && error >= -ERRNO_MAX ? error : -EBADMSG;
}

/* The kernel's verdict out of NLMSG_ERROR or NLMSG_DONE */
static int take_verdict(struct nlmsghdr *nlh)
{
	struct nlmsgerr *e = nlmsg_data(nlh);
	size_t skip = NLMSG_HDRLEN + sizeof(*e);

	if (nlh->nlmsg_type == NLMSG_DONE)
		return nlmsg_datalen(nlh) >= (int)sizeof(int) ? errno_of(e->error) : 0;
	if (nlh->nlmsg_len < skip)
		return -EBADMSG;
	if (!(nlh->nlmsg_flags & NLM_F_CAPPED) && e->error)
		skip += e->msg.nlmsg_len - NLMSG_HDRLEN;
	take_words(nlh, skip);
	return errno_of(e->error);
}

/* One datagram from the kernel. Return: its length or -errno. */
static ssize_t receive(int fd, void *buf, size_t size, int flags)
{
	struct sockaddr_nl from;
	socklen_t from_len;
	ssize_t n;

	do {
		from_len = sizeof(from);
		n = recvfrom(fd, buf, size, flags, (struct sockaddr *)&from, &from_len);
	} while ((n < 0 && errno == EINTR) || (n >= 0 && from.nl_pid));
	return n < 0 ? -errno : n;
}

static int read_answer(int fd, uint32_t seq, netlink_msg_fn fn, void *ctx)
{
	static union { struct nlmsghdr nlh; char room[BUFFER_SIZE]; } buf;
	struct nlmsghdr *nlh;
	int left;

	for (;;) {
		ssize_t n = receive(fd, &buf, sizeof(buf), 0);

		if (n < 0)
			return (int)n;
		left = (int)n;
		for (nlh = &buf.nlh; nlmsg_ok(nlh, left); nlh = nlmsg_next(nlh, &left)) {
			if (nlh->nlmsg_seq != seq)
				continue;
			if (nlh->nlmsg_type == NLMSG_ERROR || nlh->nlmsg_type == NLMSG_DONE)
				return take_verdict(nlh);
			if (fn)
				fn(ctx, nlh);
		}
	}
}

/** netlink_wipe() - overwrite and free a request that may hold keys */
void netlink_wipe(struct nl_msg *msg)
{
	OPENSSL_cleanse(nlmsg_hdr(msg), nlmsg_get_max_size(msg));
	nlmsg_free(msg);
}

/**
 * netlink_request() - send a request and wait for the kernel's verdict
 * @sk: from netlink_open()
 * @msg: the request; wiped and freed in any case. NULL: -ENOMEM
 * @fn: called for each message of the answer, or NULL
 * @ctx: for @fn
 * Return: 0 or the kernel's -errno; netlink_words() may know more then.
 */
int netlink_request(struct nl_sock *sk, struct nl_msg *msg, netlink_msg_fn fn, void *ctx)
{
	struct nlmsghdr *nlh;
	int rc;

	words[0] = '\0';
	if (!msg)
		return -ENOMEM;
	nlh = nlmsg_hdr(msg);
	nlh->nlmsg_flags |= NLM_F_REQUEST | NLM_F_ACK;
	nl_complete_msg(sk, msg);
	if (send(nl_socket_get_fd(sk), nlh, nlh->nlmsg_len, 0) < 0)
		rc = -errno;
	else
		rc = read_answer(nl_socket_get_fd(sk), nlh->nlmsg_seq, fn, ctx);
	netlink_wipe(msg);
	return rc;
}

/**
 * netlink_events() - read all events that have arrived
 * @sk: after netlink_join()
 * @fn: called for each
 * @ctx: for @fn
 * Return: 0, -ENOBUFS when events were lost (read the state anew), or another
 * -errno.
 */
int netlink_events(struct nl_sock *sk, netlink_msg_fn fn, void *ctx)
{
	union { struct nlmsghdr nlh; char room[BUFFER_SIZE]; } buf;
	bool lost = false;
	struct nlmsghdr *nlh;
	int left;

	for (;;) {
		ssize_t n = receive(nl_socket_get_fd(sk), &buf, sizeof(buf), MSG_DONTWAIT);

		if (n == -ENOBUFS) {
			lost = true;
			continue;
		}
		if (n < 0)
			return n != -EAGAIN ? (int)n : lost ? -ENOBUFS : 0;
		left = (int)n;
		for (nlh = &buf.nlh; nlmsg_ok(nlh, left); nlh = nlmsg_next(nlh, &left))
			fn(ctx, nlh);
	}
}
