// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * cipe-ns: network namespaces for the tests
 *
 *	cipe-ns add NAME...	make them as "ip netns add" does, with the
 *				loopback up and the delays of IPv6 and the rate
 *				limits of ICMP off
 *	cipe-ns exec NAME COMMAND...	run a command in one, without the
 *				mounts of "ip netns exec"
 *	cipe-ns clean PREFIX	kill whoever is in those of such names, delete
 *				their devices, then them
 *
 * One process where the shell would start ten: in an emulated machine nearly
 * all of a test's time goes into starting processes.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#define RUN "/run/netns"

static const struct {
	const char *path, *value;
} settings[] = {
	{ "ipv6/conf/default/accept_dad", "0" },
	{ "ipv6/conf/all/accept_dad", "0" },
	{ "ipv6/conf/default/dad_transmits", "0" },
	{ "ipv6/conf/default/accept_ra", "0" },
	{ "ipv6/conf/default/router_solicitations", "0" },
	{ "ipv4/icmp_ratelimit", "0" },
	{ "ipv6/icmp/ratelimit", "0" },
	/* Connections that nobody ends keep a namespace */
	{ "ipv4/tcp_orphan_retries", "1" },
	{ "ipv4/tcp_fin_timeout", "1" },
	/* of all namespaces in older kernels, and out of reach there */
	{ "ipv4/icmp_msgs_per_sec", "1000000" },
	{ "ipv4/icmp_msgs_burst", "1000000" },
};

static int die(const char *what)
{
	perror(what);
	exit(1);
}

static void write_setting(const char *path, const char *value)
{
	char name[128];
	int fd;

	snprintf(name, sizeof(name), "/proc/sys/net/%s", path);
	fd = open(name, O_WRONLY | O_CLOEXEC);
	if (fd < 0)
		return;
	if (write(fd, value, strlen(value)) < 0)
		perror(name);
	close(fd);
}

static void loopback_up(void)
{
	struct ifreq ifr = { .ifr_name = "lo", .ifr_flags = IFF_UP };
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	if (fd < 0 || ioctl(fd, SIOCSIFFLAGS, &ifr))
		die("lo");
	close(fd);
}

/* What "ip netns" does once: mounts in there are to be seen everywhere */
static void prepare_directory(void)
{
	if (mkdir(RUN, 0755) && errno != EEXIST)
		die(RUN);
	if (!mount("", RUN, "none", MS_SHARED | MS_REC, NULL))
		return;
	if (mount(RUN, RUN, "none", MS_BIND | MS_REC, NULL) ||
	    mount("", RUN, "none", MS_SHARED | MS_REC, NULL))
		die(RUN);
}

static int add(const char *name)
{
	char path[128];
	size_t i;
	int fd;

	snprintf(path, sizeof(path), RUN "/%s", name);
	fd = open(path, O_RDONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0);
	if (fd < 0)
		die(path);
	close(fd);
	if (unshare(CLONE_NEWNET) ||
	    mount("/proc/self/ns/net", path, "none", MS_BIND, NULL))
		die(path);
	loopback_up();
	for (i = 0; i < sizeof(settings) / sizeof(*settings); i++)
		write_setting(settings[i].path, settings[i].value);
	return 0;
}

static int enter(const char *name)
{
	char path[128];
	int fd;

	snprintf(path, sizeof(path), RUN "/%s", name);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0 || setns(fd, CLONE_NEWNET))
		die(path);
	close(fd);
	return 0;
}

static void kill_in(ino_t ns)
{
	char path[300];
	struct dirent *d;
	struct stat st;
	DIR *proc = opendir("/proc");

	while (proc && (d = readdir(proc))) {
		int pid = atoi(d->d_name);

		if (pid <= 1 || pid == getpid())
			continue;
		snprintf(path, sizeof(path), "/proc/%d/ns/net", pid);
		if (!stat(path, &st) && st.st_ino == ns)
			kill(pid, SIGKILL);
	}
	closedir(proc);
}

/* At once, while the namespace itself goes when the kernel finds time */
static void delete_devices(void)
{
	struct {
		struct nlmsghdr nlh;
		struct ifinfomsg ifi;
	} req = {
		.nlh = {
			.nlmsg_len = sizeof(req),
			.nlmsg_type = RTM_DELLINK,
			.nlmsg_flags = NLM_F_REQUEST | NLM_F_ACK,
		},
	};
	struct if_nameindex *devices = if_nameindex(), *i;
	int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);
	char buf[1024];

	for (i = devices; fd >= 0 && i && i->if_index; i++) {
		req.ifi.ifi_index = i->if_index;
		if (send(fd, &req, sizeof(req), 0) > 0 &&
		    recv(fd, buf, sizeof(buf), 0) < 0)
			break;
	}
	if_freenameindex(devices);
	close(fd);
}

static int clean(const char *prefix)
{
	DIR *run = opendir(RUN);
	char path[300];
	struct dirent *d;
	struct stat st;

	while (run && (d = readdir(run))) {
		if (strncmp(d->d_name, prefix, strlen(prefix)))
			continue;
		snprintf(path, sizeof(path), RUN "/%s", d->d_name);
		if (!stat(path, &st))
			kill_in(st.st_ino);
		enter(d->d_name);
		delete_devices();
		umount2(path, MNT_DETACH);
		unlink(path);
	}
	if (run)
		closedir(run);
	return 0;
}

int main(int argc, char **argv)
{
	int i;

	if (argc > 2 && !strcmp(argv[1], "add")) {
		prepare_directory();
		for (i = 2; i < argc; i++)
			add(argv[i]);
		return 0;
	}
	if (argc == 3 && !strcmp(argv[1], "clean"))
		return clean(argv[2]);
	if (argc > 3 && !strcmp(argv[1], "exec")) {
		enter(argv[2]);
		execvp(argv[3], argv + 3);
		perror(argv[3]);
		return 127;
	}
	fprintf(stderr, "usage: cipe-ns add NAME... | exec NAME COMMAND... | clean PREFIX\n");
	return 2;
}
