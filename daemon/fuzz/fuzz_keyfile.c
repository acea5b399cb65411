// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A file with a private key, as the daemon reads it, and as cipectl pubkey
 * does, from stdin. Linked with optfile_open(), which would only have a file
 * that root alone can write to, replaced by __wrap_optfile_open().
 */
#include <stdio.h>
#include <sys/mman.h>
#include <unistd.h>

#include "ctl.h"
#include "fuzz.h"
#include "optfile.h"
#include "options.h"
#include "optparse.h"
#include "secret.h"

int __wrap_optfile_open(const char *path, enum optfile_kind kind, struct optfile_why *why);

static struct fuzz_input *file;
static FILE *null;

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	(void)argc;
	(void)argv;
	fuzz_init();
	null = fopen("/dev/null", "w");
	FUZZ_CHECK(null);
	return 0;
}

static int open_input(void)
{
	int fd = memfd_create("input", MFD_CLOEXEC);

	FUZZ_CHECK(fd >= 0 && write(fd, file->data, file->len) == (ssize_t)file->len);
	FUZZ_CHECK(!lseek(fd, 0, SEEK_SET));
	return fd;
}

int __wrap_optfile_open(const char *path, enum optfile_kind kind, struct optfile_why *why)
{
	(void)path;
	(void)kind;
	(void)why;
	return open_input();
}

/* Return: it is a key; @first: of its octets */
static bool read_by_daemon(uint8_t *first)
{
	struct options opts = { .privkey_file = strdup("/etc/cipe/privkey") };
	struct optparse p = { .opts = &opts, .err = null };
	bool ok;

	optparse_read_privkey(&p);
	ok = !p.faults;
	FUZZ_CHECK(!ok || opts.privkey);
	if (ok)
		*first = opts.privkey[0];
	options_wipe(&opts);
	return ok;
}

static bool read_by_tool(void)
{
	static char name[] = "pubkey";
	char *argv[] = { name, NULL };
	int fd = open_input();

	FUZZ_CHECK(dup2(fd, STDIN_FILENO) == STDIN_FILENO);
	close(fd);
	return !ctl_pubkey_main(1, argv);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fuzz_input in = { data, size };
	uint8_t first;

	file = &in;
	fuzz_seed(0);
	/* What the daemon takes, so does the tool; white space in front only it */
	if (read_by_daemon(&first))
		FUZZ_CHECK(read_by_tool() || size > 200);
	else
		read_by_tool();
	return 0;
}
