// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * cipectl genkey: a new shared secret.
 */
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sysexits.h>
#include <unistd.h>

#include "ctl.h"
#include "options.h"
#include "secret.h"

#define HEX_LEN (2 * OPTIONS_KEY_MAX + 1)

/* Is stdout a file that others than its owner can read? */
static bool output_is_open_to_others(void)
{
	struct stat st;

	return !fstat(STDOUT_FILENO, &st) && S_ISREG(st.st_mode) &&
	       (st.st_mode & (S_IRWXG | S_IRWXO));
}

/* Without a table: no memory access depends on the key */
static char hex_digit(unsigned int n)
{
	return (char)('0' + n + (((9 - n) >> 8) & ('a' - '0' - 10)));
}

/* Past stdio, whose buffer would keep a copy */
static int write_line(char *line, size_t len)
{
	while (len) {
		ssize_t n = write(STDOUT_FILENO, line, len);

		if (n <= 0)
			return EX_IOERR;
		line += n;
		len -= (size_t)n;
	}
	return 0;
}

static int print_key(uint8_t *key, char *line)
{
	if (!key || !line) {
		ctl_error("no locked memory (ulimit -l)");
		return EX_OSERR;
	}
	if (secret_random(key, OPTIONS_KEY_MAX)) {
		ctl_error("no random numbers");
		return EX_OSERR;
	}
	for (size_t i = 0; i < OPTIONS_KEY_MAX; i++) {
		line[2 * i] = hex_digit(key[i] >> 4);
		line[2 * i + 1] = hex_digit(key[i] & 15);
	}
	line[HEX_LEN - 1] = '\n';
	if (write_line(line, HEX_LEN)) {
		ctl_error("the key could not be written: %m");
		return EX_IOERR;
	}
	return 0;
}

int ctl_genkey_main(int argc, char **argv)
{
	uint8_t *key;
	char *line;
	int ret;

	if (argc > 1) {
		ctl_error("genkey takes no arguments, found \"%.40s\"", argv[1]);
		return EX_USAGE;
	}
	if (output_is_open_to_others()) {
		ctl_error("the output file can be read by others than its owner: no key written "
			  "(use umask 077, or chmod 600 the file first)");
		return EX_NOPERM;
	}
	ret = secret_init(0);
	if (ret) {
		ctl_error("no locked memory (ulimit -l): %s", strerror(-ret));
		return EX_OSERR;
	}
	key = secret_alloc(OPTIONS_KEY_MAX);
	line = secret_alloc(HEX_LEN);
	ret = print_key(key, line);
	secret_free(key, OPTIONS_KEY_MAX);
	secret_free(line, HEX_LEN);
	return ret;
}
