// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The carrier: the UDP socket under a link.
 */
#include "carrier.h"

#include <errno.h>
#include <linux/errqueue.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#include <cipe/wire.h>

/* Room for the control messages of either family */
#define CONTROL_ROOM 512

union control {
	struct cmsghdr align;
	char room[CONTROL_ROOM];
};

/** carrier_learn_bound() - read what the socket is bound to. Return: 0 or -errno. */
int carrier_learn_bound(struct carrier *c)
{
	struct sockaddr_storage ss;
	socklen_t len = sizeof(ss);

	if (getsockname(c->fd, (struct sockaddr *)&ss, &len))
		return -errno;
	return addr_set(&c->bound, &ss, len) ? 0 : -EAFNOSUPPORT;
}

/** carrier_close() - close the socket, if there is one */
void carrier_close(struct carrier *c)
{
	if (c->fd >= 0)
		close(c->fd);
	c->fd = -1;
}

/* ------------------------------------------------------------------------
 * in
 */

/* Is it this one, and whole? The last one may have been cut for lack of room */
static bool is_cmsg(const struct msghdr *msg, const struct cmsghdr *cmsg, int level, int type,
		    size_t len)
{
	const char *end = (const char *)msg->msg_control + msg->msg_controllen;

	return cmsg->cmsg_level == level && cmsg->cmsg_type == type &&
	       cmsg->cmsg_len >= CMSG_LEN(len) &&
	       cmsg->cmsg_len <= (size_t)(end - (const char *)cmsg);
}

static void take_local(struct msghdr *msg, union addr *local)
{
	struct cmsghdr *cmsg;

	for (cmsg = CMSG_FIRSTHDR(msg); cmsg; cmsg = CMSG_NXTHDR(msg, cmsg)) {
		if (is_cmsg(msg, cmsg, IPPROTO_IP, IP_PKTINFO, sizeof(struct in_pktinfo))) {
			struct in_pktinfo info;

			memcpy(&info, CMSG_DATA(cmsg), sizeof(info));
			local->in.sin_family = AF_INET;
			local->in.sin_addr = info.ipi_spec_dst;
		} else if (is_cmsg(msg, cmsg, IPPROTO_IPV6, IPV6_PKTINFO,
				   sizeof(struct in6_pktinfo))) {
			struct in6_pktinfo info;

			memcpy(&info, CMSG_DATA(cmsg), sizeof(info));
			local->in6.sin6_family = AF_INET6;
			local->in6.sin6_addr = info.ipi6_addr;
			if (IN6_IS_ADDR_LINKLOCAL(&info.ipi6_addr))
				local->in6.sin6_scope_id = info.ipi6_ifindex;
		}
	}
}

/* What recvmsg() fills: one piece, the sender's address, control messages */
static struct msghdr to_receive(struct sockaddr_storage *ss, struct iovec *iov,
				union control *control)
{
	return (struct msghdr){
		.msg_name = ss,
		.msg_namelen = sizeof(*ss),
		.msg_iov = iov,
		.msg_iovlen = 1,
		.msg_control = control,
		.msg_controllen = sizeof(*control),
	};
}

/**
 * carrier_receive() - read one datagram, without waiting
 * @c: an open carrier
 * @buf: for the datagram
 * @size: of @buf; what does not fit is dropped
 * @from: set to where it came from and where it went to
 * Return: octets, -EAGAIN when there is none, or another -errno: look into
 * carrier_error(), then go on.
 */
ssize_t carrier_receive(struct carrier *c, void *buf, size_t size, struct path *from)
{
	struct sockaddr_storage ss;
	union control control;
	struct iovec iov = { .iov_base = buf, .iov_len = size };
	struct msghdr msg = to_receive(&ss, &iov, &control);
	ssize_t n = recvmsg(c->fd, &msg, MSG_DONTWAIT);

	if (n < 0)
		return -errno;
	memset(from, 0, sizeof(*from));
	if (!addr_set(&from->remote, &ss, msg.msg_namelen) || (msg.msg_flags & MSG_TRUNC))
		return 0;
	take_local(&msg, &from->local);
	return n;
}

/* ------------------------------------------------------------------------
 * out
 */

static void put_cmsg(struct msghdr *msg, int level, int type, const void *data, size_t len)
{
	struct cmsghdr *cmsg = CMSG_FIRSTHDR(msg);

	cmsg->cmsg_level = level;
	cmsg->cmsg_type = type;
	cmsg->cmsg_len = CMSG_LEN(len);
	memcpy(CMSG_DATA(cmsg), data, len);
	msg->msg_controllen = CMSG_SPACE(len);
}

static void put_local(struct msghdr *msg, const union addr *local)
{
	if (local->sa.sa_family == AF_INET) {
		struct in_pktinfo info = { .ipi_spec_dst = local->in.sin_addr };

		put_cmsg(msg, IPPROTO_IP, IP_PKTINFO, &info, sizeof(info));
	} else if (local->sa.sa_family == AF_INET6) {
		struct in6_pktinfo info = {
			.ipi6_addr = local->in6.sin6_addr,
			.ipi6_ifindex = local->in6.sin6_scope_id,
		};

		put_cmsg(msg, IPPROTO_IPV6, IPV6_PKTINFO, &info, sizeof(info));
	} else {
		msg->msg_control = NULL;
		msg->msg_controllen = 0;
	}
}

/**
 * carrier_send() - send one datagram
 * @c: an open carrier
 * @to: where to, and which address of ours to send from, if that matters
 * @data: the datagram
 * @len: its octets
 * Return: 0 or -errno.
 */
int carrier_send(struct carrier *c, const struct path *to, const void *data, size_t len)
{
	struct iovec iov = { .iov_base = (void *)data, .iov_len = len };
	union control control;
	struct msghdr msg = {
		.msg_name = (void *)&to->remote,
		.msg_namelen = addr_len(&to->remote),
		.msg_iov = &iov,
		.msg_iovlen = 1,
		.msg_control = &control,
		.msg_controllen = sizeof(control),
	};
	int tries;

	memset(&control, 0, sizeof(control));
	put_local(&msg, &to->local);
	/* The report of an earlier error may come instead: it is in the queue
	 * of carrier_error() as well, and not about this datagram
	 */
	for (tries = 0; tries < 3; tries++)
		if (sendmsg(c->fd, &msg, MSG_DONTWAIT | MSG_NOSIGNAL) >= 0)
			return 0;
	return -errno;
}

/* ------------------------------------------------------------------------
 * errors
 */

static bool take_error(struct msghdr *msg, struct carrier_error *error)
{
	struct cmsghdr *cmsg;

	for (cmsg = CMSG_FIRSTHDR(msg); cmsg; cmsg = CMSG_NXTHDR(msg, cmsg)) {
		const struct sock_extended_err *e = (const void *)CMSG_DATA(cmsg);

		if (!is_cmsg(msg, cmsg, IPPROTO_IP, IP_RECVERR, sizeof(*e)) &&
		    !is_cmsg(msg, cmsg, IPPROTO_IPV6, IPV6_RECVERR, sizeof(*e)))
			continue;
		error->err = (int)e->ee_errno;
		addr_set(&error->reporter, SO_EE_OFFENDER(e),
			 cmsg->cmsg_len - CMSG_LEN(sizeof(*e)));
		return true;
	}
	return false;
}

/**
 * carrier_error_about() - note which message an error is about
 * @error: filled in
 * @message: what came back of it
 * @len: its octets
 */
void carrier_error_about(struct carrier_error *error, const void *message, size_t len)
{
	struct cipe_wire_control wire;

	if (len < sizeof(wire))
		return;
	memcpy(&wire, message, sizeof(wire));
	error->type = wire.type;
	error->session = ntohl(wire.session);
}

/**
 * carrier_error() - take one report about a datagram of ours
 * @c: an open carrier
 * @error: filled in
 *
 * Reports about data packets, which the kernel sends through the same socket,
 * do not count, nor do those about a packet too large: the kernel took note.
 *
 * Return: 0, -ENOMSG for a report that does not count, -EAGAIN when there is
 * none, or another -errno.
 */
int carrier_error(struct carrier *c, struct carrier_error *error)
{
	struct sockaddr_storage ss;
	union control control;
	struct cipe_wire_control wire = { .marker = 1 };
	struct iovec iov = { .iov_base = &wire, .iov_len = sizeof(wire) };
	struct msghdr msg = to_receive(&ss, &iov, &control);
	ssize_t n;

	memset(error, 0, sizeof(*error));
	n = recvmsg(c->fd, &msg, MSG_ERRQUEUE | MSG_DONTWAIT);
	if (n < 0)
		return -errno;
	addr_set(&error->remote, &ss, msg.msg_namelen);
	carrier_error_about(error, &wire, (size_t)n);
	if (wire.marker == CIPE_WIRE_CONTROL && take_error(&msg, error) && error->err != EMSGSIZE)
		return 0;
	return -ENOMSG;
}

/* ------------------------------------------------------------------------
 * routes
 */

/**
 * carrier_inner_mtu() - MTU of the link over a path
 * @path_mtu: of the path
 * @family: of the carrier
 * @ether: the link carries Ethernet frames
 * Return: the largest packet that fits, for ether without the frame's header; 0:
 * none does.
 */
unsigned int carrier_inner_mtu(unsigned int path_mtu, int family, bool ether)
{
	unsigned int overhead = family == AF_INET ? CARRIER_OVERHEAD_IP4 : CARRIER_OVERHEAD_IP6;
	unsigned int mtu = path_mtu > overhead ? path_mtu - overhead : 0;

	if (mtu > CIPE_WIRE_MTU_MAX)
		mtu = CIPE_WIRE_MTU_MAX;
	if (!ether)
		return mtu;
	return mtu > CARRIER_OVERHEAD_ETHER ? mtu - CARRIER_OVERHEAD_ETHER : 0;
}
