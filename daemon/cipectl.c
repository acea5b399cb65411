// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * cipectl: look at CIPE links, make keys.
 */
#include <stdio.h>
#include <string.h>
#include <sysexits.h>

#include "ctl.h"
#include "secret.h"

static const struct {
	const char *name;
	int (*main)(int argc, char **argv);
	const char *help;
} commands[] = {
	{ "show", ctl_show_main, "[DEVICE] [--json]   state and counters of the links" },
	{ "genkey", ctl_genkey_main, "[--suite NAME]      a new private key" },
	{ "pubkey", ctl_pubkey_main, "[--suite NAME]      the public key of the private key on stdin" },
	{ "genpsk", ctl_genpsk_main, "                    a new shared secret" },
};

#define COMMANDS (sizeof(commands) / sizeof(commands[0]))

static void usage(FILE *out)
{
	fprintf(out, "Usage: cipectl COMMAND [ARGUMENT]...\n\n");
	for (size_t i = 0; i < COMMANDS; i++)
		fprintf(out, "  %-7s %s\n", commands[i].name, commands[i].help);
	fprintf(out, "\nWithout a command: show. Also --help and --version.\n"
		"Examples: (umask 077; cipectl genkey > /etc/cipe/privkey)\n"
		"          cipectl pubkey < /etc/cipe/privkey\n"
		"          (umask 077; echo \"key $(cipectl genpsk)\" >> /etc/cipe/options)\n");
}

int main(int argc, char **argv)
{
	static char show[] = "show";
	char *shown[] = { show, NULL };
	int rc;

	if (secret_wipe_freed())
		return EX_SOFTWARE;
	rc = secret_harden();
	if (rc) {
		ctl_error("keys cannot be kept out of core files: %s; prctl(PR_SET_DUMPABLE) and "
			  "setrlimit(RLIMIT_CORE) must be allowed: look at seccomp filters",
			  strerror(-rc));
		return EX_OSERR;
	}
	if (argc < 2)
		return ctl_show_main(1, shown);
	if (!strcmp(argv[1], "--help") || !strcmp(argv[1], "-h") || !strcmp(argv[1], "help")) {
		usage(stdout);
		return 0;
	}
	if (!strcmp(argv[1], "--version") || !strcmp(argv[1], "-V")) {
		printf("cipectl %s\n", CIPE_VERSION);
		return 0;
	}
	for (size_t i = 0; i < COMMANDS; i++)
		if (!strcmp(argv[1], commands[i].name))
			return commands[i].main(argc - 1, argv + 1);
	ctl_error("there is no command \"%.40s\"", argv[1]);
	usage(stderr);
	return EX_USAGE;
}
