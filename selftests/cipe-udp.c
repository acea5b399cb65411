// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * cipe-udp: what others may do with UDP ports, and owners with their sockets
 *
 *	cipe-udp [-n NETNS] bind A:P
 *		bind a socket there, and say what the kernel said
 *	cipe-udp [-n NETNS] taken A:P
 *		nobody can bind there, with SO_REUSEADDR, SO_REUSEPORT, both
 *		or none
 *	cipe-udp encap PID NUMBER
 *		setsockopt(UDP_ENCAP, NUMBER) on the UDP socket of a process
 */
#include <arpa/inet.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#define SOL_UDP_LEVEL 17
#define UDP_ENCAP_OPTION 100

static int usage(void)
{
	fprintf(stderr,
"cipe-udp [-n NETNS] bind|taken A:P\n"
"cipe-udp encap PID NUMBER\n");
	return 2;
}

static void die(const char *what)
{
	perror(what);
	exit(1);
}

static socklen_t parse_address(const char *s, struct sockaddr_storage *ss)
{
	struct sockaddr_in6 *in6 = (void *)ss;
	struct sockaddr_in *in = (void *)ss;
	const char *colon = strrchr(s, ':');
	char host[64] = "";

	memset(ss, 0, sizeof(*ss));
	if (!colon || colon - s >= (long)sizeof(host))
		exit(usage());
	if (*s == '[')
		memcpy(host, s + 1, colon - s - 2);
	else
		memcpy(host, s, colon - s);
	if (inet_pton(AF_INET, host, &in->sin_addr) == 1) {
		in->sin_family = AF_INET;
		in->sin_port = htons(atoi(colon + 1));
		return sizeof(*in);
	}
	if (inet_pton(AF_INET6, host, &in6->sin6_addr) != 1)
		exit(usage());
	in6->sin6_family = AF_INET6;
	in6->sin6_port = htons(atoi(colon + 1));
	return sizeof(*in6);
}

static void enter(const char *name)
{
	char path[128];
	int fd;

	snprintf(path, sizeof(path), "/run/netns/%s", name);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0 || setns(fd, CLONE_NEWNET))
		die(path);
	close(fd);
}

/* Return: 0 or errno */
static int try_bind(const char *address, int reuseaddr, int reuseport)
{
	struct sockaddr_storage ss;
	socklen_t len = parse_address(address, &ss);
	int fd = socket(ss.ss_family, SOCK_DGRAM | SOCK_CLOEXEC, 0), err;

	if (fd < 0 ||
	    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &reuseaddr,
		       sizeof(reuseaddr)) ||
	    setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &reuseport,
		       sizeof(reuseport)))
		die("socket");
	err = bind(fd, (void *)&ss, len) ? errno : 0;
	close(fd);
	return err;
}

static int cmd_bind(const char *address)
{
	int err = try_bind(address, 0, 0);

	if (err)
		fprintf(stderr, "bind: %s\n", strerror(err));
	return !!err;
}

static int cmd_taken(const char *address)
{
	int how, err;

	for (how = 0; how < 4; how++) {
		err = try_bind(address, how & 1, how >> 1);
		if (err == EADDRINUSE)
			continue;
		fprintf(stderr, "%s%s%s: %s\n", address,
			how & 1 ? ", SO_REUSEADDR" : "",
			how & 2 ? ", SO_REUSEPORT" : "",
			err ? strerror(err) : "can be bound");
		return 1;
	}
	return 0;
}

/* A copy of a process's first descriptor of a UDP socket */
static int socket_of(pid_t pid)
{
	int pidfd = syscall(SYS_pidfd_open, pid, 0);
	char path[64];
	struct dirent *d;
	DIR *dir;

	snprintf(path, sizeof(path), "/proc/%d/fd", pid);
	dir = opendir(path);
	if (pidfd < 0 || !dir)
		die(path);
	while ((d = readdir(dir))) {
		int protocol = 0;
		socklen_t len = sizeof(protocol);
		int fd;

		if (*d->d_name == '.')
			continue;
		fd = syscall(SYS_pidfd_getfd, pidfd, atoi(d->d_name), 0);
		if (fd < 0)
			continue;
		if (!getsockopt(fd, SOL_SOCKET, SO_PROTOCOL, &protocol, &len) &&
		    protocol == IPPROTO_UDP) {
			closedir(dir);
			return fd;
		}
		close(fd);
	}
	fprintf(stderr, "%d: has no UDP socket\n", pid);
	exit(1);
}

static int cmd_encap(int argc, char **argv)
{
	int value, fd;

	if (argc != 2)
		return usage();
	value = atoi(argv[1]);
	fd = socket_of(atoi(argv[0]));
	if (setsockopt(fd, SOL_UDP_LEVEL, UDP_ENCAP_OPTION, &value, sizeof(value)))
		die("UDP_ENCAP");
	return 0;
}

int main(int argc, char **argv)
{
	argc--;
	argv++;
	if (argc > 2 && !strcmp(argv[0], "-n")) {
		enter(argv[1]);
		argc -= 2;
		argv += 2;
	}
	if (argc == 2 && !strcmp(argv[0], "bind"))
		return cmd_bind(argv[1]);
	if (argc == 2 && !strcmp(argv[0], "taken"))
		return cmd_taken(argv[1]);
	if (argc > 1 && !strcmp(argv[0], "encap"))
		return cmd_encap(argc - 1, argv + 1);
	return usage();
}
