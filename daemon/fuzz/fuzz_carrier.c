// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What recvmsg() gives with a datagram or an error report: the sender's
 * address and control messages, of any content and length. Linked with
 * recvmsg() replaced by __wrap_recvmsg().
 *
 * Input: what is asked for; length and octets of the address; length and
 * octets of the control messages; flags; the datagram.
 */
#include <errno.h>
#include <sys/socket.h>

#include "carrier.h"
#include "fuzz.h"

ssize_t __wrap_recvmsg(int fd, struct msghdr *msg, int flags);

static struct fuzz_input *received;

ssize_t __wrap_recvmsg(int fd, struct msghdr *msg, int flags)
{
	size_t name = fuzz_u8(received), control = fuzz_u16(received);

	(void)fd;
	(void)flags;
	if (!received->len) {
		errno = EAGAIN;
		return -1;
	}
	if (name < msg->msg_namelen)
		msg->msg_namelen = (socklen_t)name;
	if (control < msg->msg_controllen)
		msg->msg_controllen = control;
	fuzz_take(received, msg->msg_name, msg->msg_namelen);
	fuzz_take(received, msg->msg_control, msg->msg_controllen);
	msg->msg_flags = fuzz_u8(received) & (MSG_TRUNC | MSG_CTRUNC);
	return (ssize_t)fuzz_take(received, msg->msg_iov->iov_base, msg->msg_iov->iov_len);
}

/* Of a family that the daemon knows, or none */
static void check_addr(const union addr *addr)
{
	char text[ADDR_STR_MAX];

	FUZZ_CHECK(!addr->sa.sa_family || addr->sa.sa_family == AF_INET ||
		   addr->sa.sa_family == AF_INET6);
	FUZZ_CHECK(strlen(addr_format(addr, text)) < sizeof(text));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fuzz_input in = { data, size };
	struct carrier carrier = CARRIER_INIT;
	struct carrier_error error;
	struct path from;
	uint8_t buf[64];
	ssize_t n;

	received = &in;
	if (fuzz_u8(&in) & 1) {
		n = carrier_receive(&carrier, buf, sizeof(buf), &from);
		FUZZ_CHECK(n <= (ssize_t)sizeof(buf));
		if (n > 0) {
			check_addr(&from.remote);
			check_addr(&from.local);
			FUZZ_CHECK(addr_is_set(&from.remote));
		}
	} else if (!carrier_error(&carrier, &error)) {
		FUZZ_CHECK(error.err != EMSGSIZE);
		check_addr(&error.remote);
		check_addr(&error.reporter);
	}
	return 0;
}
