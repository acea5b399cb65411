// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * cipe-cli: the module's netlink interface by hand, without a daemon
 *
 * The arguments are passed on as they are; what is wrong with them the kernel
 * has to say. Output is "name value" lines, for awk and grep.
 *
 * What changes links is in cipe-cli-set.c, what shows them in cipe-cli-get.c, and what
 * goes on in the background in cipe-cli-background.c.
 */
#include <fcntl.h>
#include <net/if.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cipe-cli.h"

int usage(void)
{
	fprintf(stderr,
"cipe-cli [-n NETNS] COMMAND... [-- COMMAND...]...\n"
"cipe-cli add NAME [mode ip|ether]\n"
"cipe-cli set LINK [endpoint A:P] [ttl N] [tos N|inherit] [pin 0|1]\n"
"                  [keepalive MS] [timeout MS]\n"
"cipe-cli key LINK slot S rx-id X tx-id X cipher C rx-key H rx-iv H tx-key H\n"
"                  tx-iv H lifetime MS [tx-start N] [tx-blocks N] [driver D]\n"
"cipe-cli keydel LINK [slot S | rx-id X]\n"
"cipe-cli get LINK [NAME...]\n"
"cipe-cli dump\n"
"cipe-cli errors LINK\n"
"cipe-cli save LINK FILE\n"
"cipe-cli delta LINK FILE [EXPECTED]\n"
"cipe-cli monitor FILE\n"
"cipe-cli hold bind A:P|unbound 4|6 [device D] [log FILE] [netns PATH]\n"
"                  link LINK...\n"
"cipe-cli orphan (as hold)\n"
"A LINK is a device's name or id:NUMBER. hold and monitor go to the\n"
"background when they are ready and print their process id.\n");
	return 2;
}

int report(const char *what, const struct cipe_nl *nl, int err)
{
	if (!err)
		return 0;
	fprintf(stderr, "%s: %s%s%s\n", what, strerror(-err),
		*nl->errmsg ? ": " : "", nl->errmsg);
	return 1;
}

void open_or_die(struct cipe_nl *nl)
{
	if (cipe_nl_open(nl)) {
		fprintf(stderr, "no generic netlink family " CIPE_GENL_NAME "\n");
		exit(1);
	}
}

void put_link(struct nl_msg *msg, const char *link)
{
	unsigned int index;

	if (!strncmp(link, "id:", 3)) {
		nla_put_u32(msg, CIPE_A_LINK_ID, strtoul(link + 3, NULL, 0));
		return;
	}
	index = if_nametoindex(link);
	if (!index) {
		fprintf(stderr, "%s: no such device\n", link);
		exit(1);
	}
	nla_put_u32(msg, CIPE_A_IFINDEX, index);
}

int enter_netns(const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	if (fd < 0 || setns(fd, CLONE_NEWNET)) {
		perror(path);
		return -1;
	}
	close(fd);
	return 0;
}

static int run(int argc, char **argv)
{
	static const struct {
		const char *name;
		int (*run)(int argc, char **argv);
	} commands[] = {
		{ "add", cmd_add }, { "set", cmd_set }, { "key", cmd_key },
		{ "keydel", cmd_keydel }, { "get", cmd_get },
		{ "dump", cmd_dump }, { "errors", cmd_errors },
		{ "save", cmd_save }, { "delta", cmd_delta },
		{ "monitor", cmd_monitor }, { "hold", cmd_hold },
		{ "orphan", cmd_orphan },
	};
	size_t i;

	for (i = 0; argc && i < ARRAY_SIZE(commands); i++)
		if (!strcmp(argv[0], commands[i].name))
			return commands[i].run(argc - 1, argv + 1);
	return usage();
}

int main(int argc, char **argv)
{
	char path[128];
	int n, rc;

	argc--;
	argv++;
	if (argc > 2 && !strcmp(argv[0], "-n")) {
		snprintf(path, sizeof(path), "/run/netns/%s", argv[1]);
		if (enter_netns(path))
			return 1;
		argc -= 2;
		argv += 2;
	}
	for (;;) {
		for (n = 0; n < argc && strcmp(argv[n], "--"); n++)
			;
		rc = run(n, argv);
		if (rc || n == argc)
			return rc;
		argc -= n + 1;
		argv += n + 1;
	}
}
