// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What goes on in the background: listening to events, and having a link's socket.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <linux/genetlink.h>
#include <netinet/in.h>

#include "cipe-cli.h"

/* The parent says who goes on, and leaves */
static void background(void)
{
	pid_t pid = fork();
	int null;

	if (pid < 0) {
		perror("fork");
		exit(1);
	}
	if (pid) {
		printf("%d\n", pid);
		fflush(stdout);
		_exit(0);
	}
	null = open("/dev/null", O_RDWR);
	dup2(null, 0);
	dup2(null, 1);
	dup2(null, 2);
	close(null);
}

int cmd_monitor(int argc, char **argv)
{
	static struct facts facts;
	struct sockaddr_nl from;
	struct cipe_nl nl;
	FILE *out;

	if (argc != 1)
		return usage();
	open_or_die(&nl);
	if (cipe_nl_events(&nl)) {
		fprintf(stderr, "monitor: no group " CIPE_GENL_MCGRP_EVENTS "\n");
		return 1;
	}
	out = fopen(argv[0], "w");
	if (!out) {
		perror(argv[0]);
		return 1;
	}
	background();
	for (;;) {
		struct nlmsghdr *nlh;
		unsigned char *buf;
		int n;

		n = nl_recv(nl.sk, &from, &buf, NULL);
		if (n <= 0)
			return 1;
		for (nlh = (void *)buf; nlmsg_ok(nlh, n);
		     nlh = nlmsg_next(nlh, &n)) {
			struct genlmsghdr *gh = nlmsg_data(nlh);

			if (nlh->nlmsg_type != nl.family)
				continue;
			read_facts(nlh, &facts);
			fprintf(out, "%s ", name_of(gh->cmd, cipe_cmd_names,
						    CIPE_CMD_MAX + 1));
			print_line(&facts, out);
			fflush(out);
		}
		free(buf);
	}
}

static int open_carrier(const char *how, const char *where, const char *device)
{
	struct sockaddr_storage ss;
	socklen_t len;
	int fd, one = 1;

	if (!strcmp(how, "unbound"))
		return socket(atoi(where) == 6 ? AF_INET6 : AF_INET,
			      SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (strcmp(how, "bind") || parse_sockaddr(where, &ss, &len)) {
		usage();
		exit(2);
	}
	fd = socket(ss.ss_family, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return fd;
	if (ss.ss_family == AF_INET6 &&
	    !IN6_IS_ADDR_UNSPECIFIED(&((struct sockaddr_in6 *)&ss)->sin6_addr))
		setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &one, sizeof(one));
	if (device && setsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, device,
				 strlen(device) + 1))
		return -1;
	if (bind(fd, (struct sockaddr *)&ss, len))
		return -1;
	return fd;
}

/* What the kernel leaves to the daemon: key exchange, a line each */
static void log_datagrams(int fd, const char *path)
{
	struct sockaddr_storage from;
	socklen_t len = sizeof(from);
	unsigned char buf[2048];
	char text[80];
	FILE *out = path ? fopen(path, "w") : NULL;
	ssize_t n, i;

	for (;;) {
		len = sizeof(from);
		n = recvfrom(fd, buf, sizeof(buf), 0, (void *)&from, &len);
		if (n < 0) {
			if (errno == EBADF || errno == ENOTSOCK)
				return;
			continue;
		}
		if (!out)
			continue;
		fprintf(out, "%s ", format_sockaddr(&from, len, text,
						    sizeof(text)));
		for (i = 0; i < n; i++)
			fprintf(out, "%02x", buf[i]);
		fputc('\n', out);
		fflush(out);
	}
}

static int hold(int argc, char **argv, bool stay)
{
	const char *device = NULL, *log = NULL, *netns = NULL;
	struct cipe_nl nl;
	struct nl_msg *msg;
	int i, fd, attached = 0;

	if (argc < 4 || argc % 2)
		return usage();
	for (i = 2; i < argc; i += 2) {
		if (!strcmp(argv[i], "device"))
			device = argv[i + 1];
		else if (!strcmp(argv[i], "log"))
			log = argv[i + 1];
		else if (!strcmp(argv[i], "netns"))
			netns = argv[i + 1];
		else if (strcmp(argv[i], "link"))
			return usage();
	}
	fd = open_carrier(argv[0], argv[1], device);
	if (fd < 0) {
		perror("socket");
		return 1;
	}
	if (netns && enter_netns(netns))
		return 1;
	open_or_die(&nl);
	for (i = 2; i < argc; i += 2) {
		if (strcmp(argv[i], "link"))
			continue;
		msg = cipe_nl_msg(&nl, CIPE_CMD_LINK_SET, 0);
		put_link(msg, argv[i + 1]);
		nla_put_u32(msg, CIPE_A_SOCKET_FD, fd);
		if (report("attach", &nl, cipe_nl_call(&nl, msg, NULL, NULL)))
			return 1;
		attached++;
	}
	if (!attached)
		return usage();
	if (!stay)
		return 0;
	cipe_nl_close(&nl);
	background();
	log_datagrams(fd, log);
	return 1;
}

int cmd_hold(int argc, char **argv)
{
	return hold(argc, argv, true);
}

int cmd_orphan(int argc, char **argv)
{
	return hold(argc, argv, false);
}
