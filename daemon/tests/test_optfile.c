// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Opening files safely: each thing that must be refused is, with words that
 * tell what to do. Works in a directory of its own, taken as the root.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "optfile.h"
#include "secret.h"

static char dir[] = "/tmp/test_optfile.XXXXXX";
static int root;
static struct optfile_why why;

static void make(const char *name, mode_t mode, const char *text)
{
	int fd;

	unlinkat(root, name, 0);
	fd = openat(root, name, O_WRONLY | O_CREAT | O_EXCL, 0600);
	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, strlen(text)), strlen(text));
	assert_int_equal(fchmod(fd, mode), 0);
	close(fd);
}

static int try(const char *path, enum optfile_kind kind)
{
	int fd;

	why.text[0] = '\0';
	fd = optfile_open_under(root, path, getuid(), kind, &why);
	if (fd >= 0) {
		close(fd);
		return 0;
	}
	assert_string_not_equal(why.text, "");
	return fd;
}

static void assert_refused(const char *path, enum optfile_kind kind, int err, const char *words)
{
	assert_int_equal(try(path, kind), -err);
	if (!strstr(why.text, words))
		print_message("# expected: %s\n# said: %s\n", words, why.text);
	assert_non_null(strstr(why.text, words));
}

static int setup(void **state)
{
	(void)state;
	if (secret_init(0) || !mkdtemp(dir))
		return -1;
	root = open(dir, O_RDONLY | O_DIRECTORY);
	return root < 0 || mkdirat(root, "etc", 0755) || mkdirat(root, "etc/cipe", 0700);
}

static int teardown(void **state)
{
	char command[PATH_MAX + 16];

	(void)state;
	close(root);
	snprintf(command, sizeof(command), "rm -rf %s", dir);
	return system(command);
}

static void test_good(void **state)
{
	(void)state;
	make("etc/cipe/options", 0600, "cttl 64\n");
	assert_int_equal(try("/etc/cipe/options", OPTFILE_OPTIONS), 0);
	assert_int_equal(try("//etc//cipe/options", OPTFILE_OPTIONS), 0);
	make("etc/cipe/options", 0400, "");
	assert_int_equal(try("/etc/cipe/options", OPTFILE_OPTIONS), 0);
	make("etc/cipe/ip-up", 0755, "#!/bin/sh\n");
	assert_int_equal(try("/etc/cipe/ip-up", OPTFILE_SCRIPT), 0);
}

static void test_path(void **state)
{
	static char name[PATH_MAX + 10];

	(void)state;
	assert_refused("options", OPTFILE_OPTIONS, EINVAL, "must be absolute");
	assert_refused("", OPTFILE_OPTIONS, EINVAL, "must be absolute");
	assert_refused("/etc/../etc/cipe/options", OPTFILE_OPTIONS, EINVAL, "\"..\"");
	assert_refused("/etc/..", OPTFILE_OPTIONS, EINVAL, "\"..\"");
	assert_refused("/etc/", OPTFILE_OPTIONS, EINVAL, "must name a file");
	assert_refused("/", OPTFILE_OPTIONS, EINVAL, "must name a file");
	memset(name, '/', sizeof(name) - 1);
	assert_refused(name, OPTFILE_OPTIONS, ENAMETOOLONG, "longer than");
	assert_refused("/etc/cipe/none", OPTFILE_OPTIONS, ENOENT, "/etc/cipe/none: No such file");
	assert_refused("/etc/none/options", OPTFILE_OPTIONS, ENOENT, "/etc/none: No such file");
}

static void test_file_mode(void **state)
{
	static const mode_t readable[] = { 0640, 0604, 0644, 0610, 0601 };
	static const mode_t writable[] = { 0620, 0602, 0666, 0777 };

	(void)state;
	for (size_t i = 0; i < sizeof(readable) / sizeof(readable[0]); i++) {
		make("etc/cipe/options", readable[i], "");
		assert_refused("/etc/cipe/options", OPTFILE_OPTIONS, EPERM,
			       "chmod 600 /etc/cipe/options");
	}
	for (size_t i = 0; i < sizeof(writable) / sizeof(writable[0]); i++) {
		make("etc/cipe/options", writable[i], "");
		assert_refused("/etc/cipe/options", OPTFILE_OPTIONS, EPERM,
			       "chmod go-w /etc/cipe/options");
		make("etc/cipe/ip-up", writable[i] | 0100, "");
		assert_refused("/etc/cipe/ip-up", OPTFILE_SCRIPT, EPERM,
			       "chmod go-w /etc/cipe/ip-up");
	}
	make("etc/cipe/ip-up", 0644, "");
	assert_refused("/etc/cipe/ip-up", OPTFILE_SCRIPT, EPERM, "chmod 755 /etc/cipe/ip-up");
}

static void test_directory_mode(void **state)
{
	(void)state;
	make("etc/cipe/options", 0600, "");
	assert_int_equal(fchmodat(root, "etc/cipe", 0770, 0), 0);
	assert_refused("/etc/cipe/options", OPTFILE_OPTIONS, EPERM,
		       "directory /etc/cipe can be written by others");
	assert_int_equal(fchmodat(root, "etc/cipe", 0700, 0), 0);
	assert_int_equal(fchmodat(root, "etc", 0757, 0), 0);
	assert_refused("/etc/cipe/options", OPTFILE_OPTIONS, EPERM, "chmod go-w /etc)");
	assert_int_equal(fchmodat(root, "etc", 01777, 0), 0);
	assert_refused("/etc/cipe/options", OPTFILE_OPTIONS, EPERM, "temporary files");
	assert_int_equal(fchmodat(root, "etc", 0755, 0), 0);
	assert_int_equal(try("/etc/cipe/options", OPTFILE_OPTIONS), 0);
}

static void test_owner(void **state)
{
	int fd;

	(void)state;
	make("etc/cipe/options", 0600, "");
	/* All is ours, and somebody else's was wanted */
	fd = optfile_open_under(root, "/etc/cipe/options", getuid() + 1, OPTFILE_OPTIONS, &why);
	assert_int_equal(fd, -EPERM);
	assert_non_null(strstr(why.text, "directory /etc belongs to user"));
	if (getuid())
		return;
	assert_int_equal(fchownat(root, "etc/cipe/options", 1, 1, 0), 0);
	assert_refused("/etc/cipe/options", OPTFILE_OPTIONS, EPERM, "chown 0 /etc/cipe/options");
	assert_int_equal(fchownat(root, "etc/cipe/options", 0, 0, 0), 0);
	assert_int_equal(fchownat(root, "etc/cipe", 1, 1, 0), 0);
	assert_refused("/etc/cipe/options", OPTFILE_OPTIONS, EPERM,
		       "directory /etc/cipe belongs to user 1");
	assert_int_equal(fchownat(root, "etc/cipe", 0, 0, 0), 0);
}

static void test_links_and_types(void **state)
{
	(void)state;
	make("etc/cipe/options", 0600, "");
	assert_int_equal(symlinkat("options", root, "etc/cipe/link"), 0);
	assert_refused("/etc/cipe/link", OPTFILE_OPTIONS, EPERM, "symbolic link");
	assert_int_equal(symlinkat("cipe", root, "etc/dirlink"), 0);
	assert_refused("/etc/dirlink/options", OPTFILE_OPTIONS, EPERM,
		       "/etc/dirlink is a symbolic link");
	assert_refused("/etc/cipe/options/x", OPTFILE_OPTIONS, EPERM, "not of the kind");
	assert_refused("/etc/cipe", OPTFILE_OPTIONS, EPERM, "not a regular file");
	assert_int_equal(mkfifoat(root, "etc/cipe/fifo", 0600), 0);
	assert_refused("/etc/cipe/fifo", OPTFILE_OPTIONS, EPERM, "not a regular file");
}

static void test_read(void **state)
{
	static char big[OPTFILE_SIZE_MAX + 2];
	size_t len = 0;
	char *text;
	int fd;

	(void)state;
	memset(big, 'x', OPTFILE_SIZE_MAX);
	make("etc/cipe/options", 0600, big);
	fd = optfile_open_under(root, "/etc/cipe/options", getuid(), OPTFILE_OPTIONS, &why);
	assert_true(fd >= 0);
	assert_int_equal(fcntl(fd, F_GETFD), FD_CLOEXEC);
	text = optfile_read(fd, &len, &why);
	close(fd);
	assert_non_null(text);
	assert_int_equal(len, OPTFILE_SIZE_MAX);
	assert_memory_equal(text, big, len);
	text[len] = '\0';
	secret_free(text, OPTFILE_BUF_SIZE);

	big[OPTFILE_SIZE_MAX] = 'x';
	make("etc/cipe/options", 0600, big);
	fd = optfile_open_under(root, "/etc/cipe/options", getuid(), OPTFILE_OPTIONS, &why);
	assert_true(fd >= 0);
	assert_null(optfile_read(fd, &len, &why));
	assert_string_equal(why.text, "is longer than 65536 octets");
	close(fd);

	fd = open(dir, O_RDONLY);
	assert_null(optfile_read(fd, &len, &why));
	assert_non_null(strstr(why.text, "cannot be read"));
	close(fd);
	assert_int_equal(secret_exit(), 0);	/* nothing was left behind */
	assert_null(optfile_read(0, &len, &why));
	assert_non_null(strstr(why.text, "no memory"));
	assert_int_equal(secret_init(0), 0);
}

/* The real thing: /tmp is a directory for everybody */
static void test_real_root(void **state)
{
	char path[sizeof(dir) + 32];
	int fd;

	(void)state;
	snprintf(path, sizeof(path), "%s/etc/cipe/options", dir);
	fd = optfile_open(path, OPTFILE_OPTIONS, &why);
	assert_int_equal(fd, -EPERM);
	assert_non_null(strstr(why.text, "/tmp"));
	assert_int_equal(optfile_open("/nonexistent-options", OPTFILE_OPTIONS, &why), -ENOENT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_good),
		cmocka_unit_test(test_path),
		cmocka_unit_test(test_file_mode),
		cmocka_unit_test(test_directory_mode),
		cmocka_unit_test(test_owner),
		cmocka_unit_test(test_links_and_types),
		cmocka_unit_test(test_read),
		cmocka_unit_test(test_real_root),
	};

	return cmocka_run_group_tests_name("optfile", tests, setup, teardown);
}
