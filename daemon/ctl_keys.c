// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * cipectl genkey, genpsk: new secrets. cipectl pubkey: the public key of one.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sysexits.h>
#include <unistd.h>

#include "ctl.h"
#include "fips.h"
#include "noise_crypto.h"
#include "options.h"
#include "optvalue.h"
#include "secret.h"

#define HEX_LEN (2 * OPTIONS_KEY_MAX)

/* A key as hexadecimal digits with white space around; longer is no key */
#define INPUT_MAX 256

/**
 * struct room - secrets, in locked memory
 * @pair: a key pair, or a key in place of the private one
 * @text: the key in digits, and a newline
 */
struct room {
	struct noise_pair pair;
	char text[INPUT_MAX];
};

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

static size_t to_hex(const uint8_t *data, size_t len, char *text)
{
	for (size_t i = 0; i < len; i++) {
		text[2 * i] = hex_digit(data[i] >> 4);
		text[2 * i + 1] = hex_digit(data[i] & 15);
	}
	text[2 * len] = '\n';
	return 2 * len + 1;
}

/* Past stdio, whose buffer would keep a copy */
static int write_line(const char *line, size_t len)
{
	while (len) {
		ssize_t n = write(STDOUT_FILENO, line, len);

		if (n <= 0) {
			ctl_error("the key could not be written: %m");
			return EX_IOERR;
		}
		line += n;
		len -= (size_t)n;
	}
	return 0;
}

static int open_room(struct room **room)
{
	int err = secret_init(0);

	*room = err ? NULL : secret_alloc(sizeof(**room));
	if (*room)
		return 0;
	ctl_error("no locked memory (ulimit -l)");
	return EX_OSERR;
}

/* "--suite NAME", or nothing. Return: 0, or an exit code after a message. */
static int parse_suite(int argc, char **argv, struct noise_suite *suite)
{
	const char *name = "25519";

	memset(suite, 0, sizeof(*suite));
	if (argc == 3 && !strcmp(argv[1], "--suite")) {
		name = argv[2];
	} else if (argc > 1) {
		ctl_error("%s: found \"%.40s\", expected --suite NAME or nothing", argv[0], argv[1]);
		return EX_USAGE;
	}
	if (!strcmp(name, "25519"))
		return 0;
	if (strcmp(name, "nist") && strcmp(name, "fips")) {
		ctl_error("suite: found \"%.40s\", expected 25519, nist or fips", name);
		return EX_USAGE;
	}
	suite->dh = NOISE_P256;
	suite->lib = name[0] == 'f' ? fips_open() : NULL;
	if (name[0] == 'f' && !suite->lib) {
		ctl_error("suite fips: OpenSSL has no working FIPS provider here");
		return EX_UNAVAILABLE;
	}
	return 0;
}

/* ------------------------------------------------------------------------
 * genkey, genpsk
 */

static int generate(const struct noise_suite *suite, struct room *room)
{
	if (suite ? noise_generate(suite, &room->pair) :
		    secret_random(room->pair.private_key, OPTIONS_KEY_MAX)) {
		ctl_error("no random numbers, or libcrypto failed");
		return EX_OSERR;
	}
	return write_line(room->text, to_hex(room->pair.private_key, OPTIONS_KEY_MAX, room->text));
}

/* @suite: NULL: a key of no pair */
static int print_new(const struct noise_suite *suite)
{
	struct room *room;
	int ret;

	if (output_is_open_to_others()) {
		ctl_error("the output file can be read by others than its owner: no key written "
			  "(use umask 077, or chmod 600 the file first)");
		return EX_NOPERM;
	}
	ret = open_room(&room);
	if (!ret)
		ret = generate(suite, room);
	secret_free(room, sizeof(*room));
	return ret;
}

int ctl_genkey_main(int argc, char **argv)
{
	struct noise_suite suite;
	int ret = secret_init(0) ? EX_OSERR : 0;

	if (ret) {
		ctl_error("no locked memory (ulimit -l)");
		return ret;
	}
	ret = parse_suite(argc, argv, &suite);
	return ret ? ret : print_new(&suite);
}

int ctl_genpsk_main(int argc, char **argv)
{
	if (argc > 1) {
		ctl_error("genpsk takes no arguments, found \"%.40s\"", argv[1]);
		return EX_USAGE;
	}
	return print_new(NULL);
}

/* ------------------------------------------------------------------------
 * pubkey
 */

/* Past stdio, too. Return: octets, -1 when it fails. */
static ssize_t read_all(char *text, size_t size)
{
	size_t have = 0;
	ssize_t n;

	do {
		n = read(STDIN_FILENO, text + have, size - have);
		if (n < 0 && errno != EINTR)
			return -1;
		have += n > 0 ? (size_t)n : 0;
	} while (n && have < size);
	return (ssize_t)have;
}

static int read_key(struct room *room)
{
	ssize_t len = read_all(room->text, sizeof(room->text) - 1);
	char *start;

	if (len < 0) {
		ctl_error("stdin cannot be read: %m");
		return EX_IOERR;
	}
	while (len && strchr(" \t\r\n", room->text[len - 1]))
		len--;
	room->text[len] = '\0';
	start = room->text + strspn(room->text, " \t\r\n");
	if (!optvalue_hex(start, room->pair.private_key, OPTIONS_KEY_MAX))
		return 0;
	ctl_error("pubkey: found %zu characters on stdin, expected a private key of %d hexadecimal "
		  "digits (cipectl genkey makes one)", strlen(start), HEX_LEN);
	return EX_DATAERR;
}

static int print_public(const struct noise_suite *suite, struct room *room)
{
	char text[2 * NOISE_PUBLIC_MAX + 1];
	int err = read_key(room);

	if (err)
		return err;
	err = noise_public_key(suite, room->pair.private_key, room->pair.public_key);
	if (err == -EKEYREJECTED)
		ctl_error("pubkey: what came on stdin is no private key of this suite");
	else if (err)
		ctl_error("pubkey: libcrypto failed");
	if (err)
		return err == -EKEYREJECTED ? EX_DATAERR : EX_OSERR;
	return write_line(text, to_hex(room->pair.public_key, noise_public_len(suite->dh), text));
}

int ctl_pubkey_main(int argc, char **argv)
{
	struct noise_suite suite;
	struct room *room;
	int ret = open_room(&room);

	if (!ret)
		ret = parse_suite(argc, argv, &suite);
	if (!ret)
		ret = print_public(&suite, room);
	secret_free(room, sizeof(*room));
	return ret;
}
