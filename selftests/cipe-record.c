// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A library to be loaded with the daemon (LD_PRELOAD), which writes down each
 * data key on its way to the module: a record of $CIPE_RECORD is the key for
 * packets received, then that for packets sent, 32 octets each (suites with
 * 256-bit keys only). Straight out of the message: no copy stays behind.
 *
 * With CIPE_NOWIPE in the environment small pieces of the heap for keys are
 * neither wiped nor freed any more, to see that the search for these keys finds
 * something when there is something.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <linux/genetlink.h>
#include <linux/netlink.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/types.h>
#include <sys/uio.h>
#include <unistd.h>

#include <linux/cipe.h>

static int record = -1;
static int no_wipe;

__attribute__((constructor)) static void begin(void)
{
	const char *path = getenv("CIPE_RECORD");

	if (path)
		record = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
	no_wipe = !!getenv("CIPE_NOWIPE");
}

/* The attribute of that type among those from @at to @end */
static const struct nlattr *find(const char *at, const char *end, int type)
{
	while (at + NLA_HDRLEN <= end) {
		const struct nlattr *a = (const void *)at;

		if (a->nla_len < NLA_HDRLEN || at + a->nla_len > end)
			break;
		if ((a->nla_type & NLA_TYPE_MASK) == type)
			return a;
		at += NLA_ALIGN(a->nla_len);
	}
	return NULL;
}

static struct iovec data_of(const struct nlattr *nest, int type)
{
	const struct nlattr *a = find((const char *)nest + NLA_HDRLEN,
				      (const char *)nest + nest->nla_len, type);

	if (!a)
		return (struct iovec){ 0 };
	return (struct iovec){ (char *)a + NLA_HDRLEN, a->nla_len - NLA_HDRLEN };
}

static void look(const struct nlmsghdr *nlh, size_t len)
{
	const char *begin_at = (const char *)nlh + NLMSG_HDRLEN + GENL_HDRLEN;
	const struct genlmsghdr *genl = NLMSG_DATA(nlh);
	const struct nlattr *nest;
	struct iovec keys[2];

	if (len < NLMSG_HDRLEN + GENL_HDRLEN || nlh->nlmsg_type < NLMSG_MIN_TYPE ||
	    genl->cmd != CIPE_CMD_KEY_SET)
		return;
	nest = find(begin_at, (const char *)nlh + len, CIPE_A_KEY);
	if (!nest)
		return;
	keys[0] = data_of(nest, CIPE_A_KEY_RX_KEY);
	keys[1] = data_of(nest, CIPE_A_KEY_TX_KEY);
	if (keys[0].iov_len != 32 || keys[1].iov_len != 32)
		return;
	if (writev(record, keys, 2) != 64)
		abort();
}

ssize_t send(int fd, const void *buf, size_t len, int flags)
{
	int protocol = -1;
	socklen_t size = sizeof(protocol);

	if (record >= 0 && !getsockopt(fd, SOL_SOCKET, SO_PROTOCOL, &protocol, &size) &&
	    protocol == NETLINK_GENERIC)
		look(buf, len);
	return sendto(fd, buf, len, flags, NULL, 0);
}

/* What secret_free() ends in. Larger pieces are many: the heap would be full */
void CRYPTO_secure_clear_free(void *ptr, size_t num, const char *file, int line)
{
	static void (*real)(void *ptr, size_t num, const char *file, int line);

	if (no_wipe && num < 512)
		return;
	if (!real)
		*(void **)&real = dlsym(RTLD_NEXT, "CRYPTO_secure_clear_free");
	real(ptr, num, file, line);
}
