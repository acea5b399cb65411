// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What the kernel answers to requests and tells by itself, to the daemon and
 * to cipectl. Linked with recvfrom() and send() replaced: datagrams of the
 * input are received, nothing is sent. A sequence number of 0 stands for that
 * of the request. The family is that of the controller, which always exists.
 *
 * Input: what is asked for; then datagrams, each a length of two octets and
 * that many octets.
 */
#include <errno.h>
#include <linux/genetlink.h>
#include <netlink/genl/ctrl.h>
#include <netlink/netlink.h>
#include <sanitizer/asan_interface.h>
#include <stdio.h>
#include <sys/socket.h>

#include "ctl.h"
#include "fuzz.h"
#include "module.h"
#include "netlink.h"
#include "rtnl.h"

ssize_t __wrap_recvfrom(int fd, void *buf, size_t size, int flags, struct sockaddr *from,
			socklen_t *from_len);
ssize_t __wrap_send(int fd, const void *buf, size_t len, int flags);
int __wrap_genl_ctrl_resolve(struct nl_sock *sk, const char *name);
int __wrap_genl_ctrl_resolve_grp(struct nl_sock *sk, const char *family, const char *group);
int __real_genl_ctrl_resolve_grp(struct nl_sock *sk, const char *family, const char *group);

static struct fuzz_input *received;
static struct module *kernel;
static struct rtnl *rtnl;
static FILE *null;
static uint32_t seq;

int __wrap_genl_ctrl_resolve(struct nl_sock *sk, const char *name)
{
	(void)sk;
	(void)name;
	return GENL_ID_CTRL;
}

int __wrap_genl_ctrl_resolve_grp(struct nl_sock *sk, const char *family, const char *group)
{
	(void)family;
	(void)group;
	return __real_genl_ctrl_resolve_grp(sk, "nlctrl", "notify");
}

ssize_t __wrap_send(int fd, const void *buf, size_t len, int flags)
{
	(void)fd;
	(void)flags;
	FUZZ_CHECK(len >= sizeof(struct nlmsghdr));
	seq = ((const struct nlmsghdr *)buf)->nlmsg_seq;
	return (ssize_t)len;
}

/* What the input cannot know */
static void fill_in(void *buf, size_t len)
{
	struct nlmsghdr *nlh = buf;
	int left = (int)len;

	for (; nlmsg_ok(nlh, left); nlh = nlmsg_next(nlh, &left))
		if (!nlh->nlmsg_seq)
			nlh->nlmsg_seq = seq;
}

ssize_t __wrap_recvfrom(int fd, void *buf, size_t size, int flags, struct sockaddr *from,
			socklen_t *from_len)
{
	size_t len = fuzz_u16(received);

	(void)fd;
	ASAN_UNPOISON_MEMORY_REGION(buf, size);
	if (!received->len) {
		/* No answer at all: the daemon would wait for ever */
		errno = flags & MSG_DONTWAIT ? EAGAIN : ENOBUFS;
		return -1;
	}
	memset(from, 0, *from_len);
	if (len > size)
		len = size;
	len = fuzz_take(received, buf, len);
	fill_in(buf, len);
	/* What is read behind it is noticed */
	ASAN_POISON_MEMORY_REGION((char *)buf + len, size - len);
	return (ssize_t)len;
}

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	(void)argc;
	(void)argv;
	null = fopen("/dev/null", "w");
	FUZZ_CHECK(null && !module_open(&kernel) && !rtnl_open(&rtnl));
	return 0;
}

static void on_event(void *ctx, const struct kernel_event *event)
{
	char text[ADDR_STR_MAX];

	FUZZ_CHECK(ctx == &kernel && event->slot <= CIPE_SLOT_NEXT);
	addr_format(&event->endpoint, text);
}

static void on_iface_event(void *ctx, unsigned int ifindex)
{
	(void)ifindex;
	FUZZ_CHECK(ctx == &rtnl);
}

static void get_link(void)
{
	struct kernel_link link;
	char text[ADDR_STR_MAX];

	if (module_link_get(kernel, 1, &link))
		return;
	FUZZ_CHECK(link.id && memchr(link.name, '\0', sizeof(link.name)));
	addr_format(&link.local, text);
	addr_format(&link.endpoint, text);
	addr_format(&link.endpoint_local, text);
}

static void set_link(void)
{
	const struct kernel_setting setting = { .fd = -1, .policy = true };

	if (module_link_set(kernel, 1, &setting))
		FUZZ_CHECK(strlen(netlink_words()) < NETLINK_WORDS_MAX);
}

static void show_links(void)
{
	struct ctl_links links = { 0 };

	if (!ctl_links_fetch(&links, NULL)) {
		ctl_print_text(null, &links);
		ctl_print_json(null, &links);
	}
	free(links.link);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fuzz_input in = { data, size };

	received = &in;
	switch (fuzz_u8(&in) % 6) {
	case 0:
		get_link();
		break;
	case 1:
		module_events_read(kernel, on_event, &kernel);
		break;
	case 2:
		set_link();
		break;
	case 3:
		rtnl_set_up(rtnl, 1);
		break;
	case 4:
		rtnl_events_read(rtnl, on_iface_event, &rtnl);
		break;
	default:
		show_links();
	}
	return 0;
}
