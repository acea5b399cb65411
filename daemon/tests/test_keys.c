// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * cipectl genkey, pubkey, genpsk.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sysexits.h>
#include <unistd.h>

#include "ctl.h"
#include "links.h"
#include "secret.h"

static char path[] = "/tmp/test_keys.XXXXXX", input[sizeof(path) + 8];

/* Run a subcommand with @in on stdin; what it writes comes to @out */
static int run(int (*fn)(int argc, char **argv), char *name, char *option, char *value,
	       const char *in, char out[512])
{
	char *argv[] = { name, option, value, NULL };
	int saved_in = dup(STDIN_FILENO), saved_out = dup(STDOUT_FILENO), saved_err = dup(2);
	int fd, null = open("/dev/null", O_WRONLY), ret;
	ssize_t n;

	fd = open(input, O_RDWR | O_CREAT | O_TRUNC, 0600);
	assert_int_equal(write(fd, in, strlen(in)), strlen(in));
	lseek(fd, 0, SEEK_SET);
	dup2(fd, STDIN_FILENO);
	close(fd);
	fflush(stdout);
	fd = open(path, O_RDWR | O_TRUNC);
	dup2(fd, STDOUT_FILENO);
	dup2(null, STDERR_FILENO);
	ret = fn(1 + !!option + !!value, argv);
	dup2(saved_in, STDIN_FILENO);
	dup2(saved_out, STDOUT_FILENO);
	dup2(saved_err, STDERR_FILENO);
	close(saved_in);
	close(saved_out);
	close(saved_err);
	close(null);
	n = pread(fd, out, 511, 0);
	close(fd);
	out[n > 0 ? n : 0] = '\0';
	return ret;
}

static char genkey[] = "genkey", pubkey[] = "pubkey", genpsk[] = "genpsk", suite[] = "--suite",
	    nist[] = "nist", plain[] = "25519", odd[] = "x448", fips[] = "fips";

static void test_like_wireguard(void **state)
{
	char key[512], again[512], public_key[512];

	(void)state;
	assert_int_equal(run(ctl_genkey_main, genkey, NULL, NULL, "", key), 0);
	assert_int_equal(strlen(key), 65);
	assert_int_equal(run(ctl_pubkey_main, pubkey, NULL, NULL, key, public_key), 0);
	assert_int_equal(strlen(public_key), 65);
	assert_string_not_equal(key, public_key);
	assert_int_equal(run(ctl_pubkey_main, pubkey, suite, plain, key, again), 0);
	assert_string_equal(public_key, again);
	assert_int_equal(run(ctl_genpsk_main, genpsk, NULL, NULL, "", again), 0);
	assert_int_equal(strlen(again), 65);
	assert_string_not_equal(key, again);
	/* RFC 7748, section 6.1, with white space around */
	assert_int_equal(run(ctl_pubkey_main, pubkey, NULL, NULL,
			     " 5dab087e624a8a4b79e17f8b83800ee66f3bb1292618b6fd1c2f8b27ff88e0eb"
			     "\r\n\n", public_key), 0);
	assert_string_equal(public_key,
			    "de9edb7d7b7dc1b4d35b61c2ece435373f8343c85b78674dadfc7e146f882b4f\n");
}

static void test_nist(void **state)
{
	char key[512], public_key[512];

	(void)state;
	assert_int_equal(run(ctl_genkey_main, genkey, suite, nist, "", key), 0);
	assert_int_equal(run(ctl_pubkey_main, pubkey, suite, nist, key, public_key), 0);
	assert_int_equal(strlen(public_key), 131);
	assert_int_equal(strncmp(public_key, "04", 2), 0);
	assert_int_equal(run(ctl_pubkey_main, pubkey, suite, nist,
			     "0000000000000000000000000000000000000000000000000000000000000000\n",
			     public_key), EX_DATAERR);
	assert_string_equal(public_key, "");
}

static void test_refused(void **state)
{
	char out[512], big[600];

	(void)state;
	assert_int_equal(run(ctl_pubkey_main, pubkey, NULL, NULL, "", out), EX_DATAERR);
	assert_int_equal(run(ctl_pubkey_main, pubkey, NULL, NULL, "77076d0a", out), EX_DATAERR);
	memset(big, '7', sizeof(big) - 1);
	big[sizeof(big) - 1] = '\0';
	assert_int_equal(run(ctl_pubkey_main, pubkey, NULL, NULL, big, out), EX_DATAERR);
	assert_int_equal(run(ctl_genkey_main, genkey, suite, odd, "", out), EX_USAGE);
	assert_int_equal(run(ctl_genkey_main, genkey, suite, NULL, "", out), EX_USAGE);
	assert_int_equal(run(ctl_genpsk_main, genpsk, suite, nist, "", out), EX_USAGE);
	assert_string_equal(out, "");
	if (access("/usr/lib/x86_64-linux-gnu/ossl-modules/fips.so", F_OK))
		assert_int_equal(run(ctl_genkey_main, genkey, suite, fips, "", out),
				 EX_UNAVAILABLE);
	chmod(path, 0644);
	assert_int_equal(run(ctl_genkey_main, genkey, NULL, NULL, "", out), EX_NOPERM);
	assert_int_equal(run(ctl_genpsk_main, genpsk, NULL, NULL, "", out), EX_NOPERM);
	assert_string_equal(out, "");
}

static int setup(void **state)
{
	int fd = mkstemp(path);

	(void)state;
	snprintf(input, sizeof(input), "%s.in", path);
	return fd < 0 || close(fd);
}

static int teardown(void **state)
{
	(void)state;
	unlink(input);
	return unlink(path);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_like_wireguard), cmocka_unit_test(test_nist),
		cmocka_unit_test(test_refused),
	};

	return cmocka_run_group_tests_name("keys", tests, setup, teardown);
}
