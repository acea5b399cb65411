// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Which links there are, by files in a directory of its own taken as the root;
 * and what counts as a change.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sysexits.h>
#include <unistd.h>

#include "optset.h"
#include "opttable.h"
#include "secret.h"

#define KEY "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e"
#define BOTH "ipaddr 10.0.0.1\nptpaddr 10.0.0.2\n"

static char dir[] = "/run/test_optset.XXXXXX";
static int root;
static char *said;
static struct optset set;

static void put(const char *name, const char *text)
{
	int fd = openat(root, name, O_WRONLY | O_CREAT | O_TRUNC, 0600);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, strlen(text)), strlen(text));
	assert_int_equal(fchmod(fd, 0600), 0);
	close(fd);
}

/* A file in the directory of links; NULL: none of that name */
static void put_link(const char *name, const char *text)
{
	char path[512];

	snprintf(path, sizeof(path), "etc/cipe/links.d/%s", name);
	if (text)
		put(path, text);
	else
		assert_int_equal(unlinkat(root, path, 0), 0);
}

static int load(void)
{
	size_t len;
	FILE *err;
	int rc;

	free(said);
	said = NULL;
	optset_wipe(&set);
	err = open_memstream(&said, &len);
	rc = optset_load_under(root, getuid(), &set, err);
	fclose(err);
	return rc;
}

static void assert_said(const char *words)
{
	if (!strstr(said, words))
		print_message("# expected: %s\n# said: %s\n", words, said);
	assert_non_null(strstr(said, words));
}

static const struct options *of(const char *name)
{
	size_t i;

	for (i = 0; i < set.count; i++)
		if (!strcmp(set.item[i]->name, name))
			return &set.item[i]->opts;
	fail_msg("no link %s", name);
	return NULL;
}

static void test_no_directory(void **state)
{
	(void)state;
	put("etc/cipe/options", "key " KEY "ff\n");
	assert_int_equal(load(), 0);
	assert_false(set.many);
	assert_int_equal(mkdirat(root, "etc/cipe/links.d", 0700), 0);
	assert_int_equal(load(), 0);
	assert_false(set.many);
	/* Not of links: another name, what editors leave behind */
	put_link("README", "nonsense");
	put_link(".a.options", "nonsense");
	put_link("a.options~", "nonsense");
	put_link(".options", "nonsense");
	assert_int_equal(load(), 0);
	assert_false(set.many);
}

static void test_defaults(void **state)
{
	(void)state;
	put("etc/cipe/options", "me 192.0.2.1:6794\ntokey 77\n" BOTH "debug\ndevice x9\n");
	put_link("one.options", "key " KEY "01\nptpaddr 10.0.0.3\n");
	put_link("two.options", "key " KEY "02\ntokey 78\ndevice other0\n");
	assert_int_equal(load(), 0);
	assert_string_equal(said, "");
	assert_true(set.many);
	assert_true(set.debug);
	assert_int_equal(set.count, 2);
	assert_string_equal(set.item[0]->name, "one");
	assert_string_equal(of("one")->device, "one");
	assert_string_equal(of("one")->ptpaddr_text, "10.0.0.3");
	assert_int_equal(of("one")->tokey_ms, 77000);
	assert_string_equal(of("two")->device, "other0");
	assert_string_equal(of("two")->ptpaddr_text, "10.0.0.2");
	assert_int_equal(of("two")->tokey_ms, 78000);
	assert_int_equal(of("two")->me.port, 6794);
	assert_memory_not_equal(of("one")->key, of("two")->key, 32);
}

/* /etc/cipe/options says who its peer is, and so is a link, too */
static void test_own_link(void **state)
{
	(void)state;
	put("etc/cipe/options", "key " KEY "ff\nme 192.0.2.1:6794\npeer 192.0.2.2:6794\n" BOTH
	    "arg its\ntokey 99\n");
	put_link("one.options", "key " KEY "01\nptpaddr 10.0.0.3\n");
	put_link("two.options", "key " KEY "02\nptpaddr 10.0.0.4\narg mine\n");
	assert_int_equal(load(), 0);
	assert_string_equal(said, "");
	assert_int_equal(set.count, 3);
	assert_string_equal(of("")->device, "");
	assert_true(of("")->peer.set);
	assert_false(of("one")->peer.set);
	assert_string_equal(of("one")->arg, "");
	assert_string_equal(of("two")->arg, "mine");
	assert_int_equal(of("one")->tokey_ms, 99000);
	assert_int_equal(of("")->tokey_ms, 99000);
	/* Its key is not theirs by default */
	put_link("two.options", "ptpaddr 10.0.0.4\n");
	assert_int_equal(load(), 0);
	assert_int_equal(set.faults, 1);
	assert_said("/etc/cipe/links.d/two.options: key is missing");
}

/* A key beside privkey is an addition for all, not a link */
static void test_key_for_all(void **state)
{
	static const char digits[] =
		"8520f0098930a754748b7ddcb43ef75a0dbf3a0d26381af4eba4a98eaa9b4e6a";
	char text[256];

	(void)state;
	put("etc/cipe/options", "key " KEY "ff\nprivkey /etc/cipe/privkey\nme 192.0.2.1:6794\n"
	    BOTH);
	put("etc/cipe/privkey", KEY "77\n");
	snprintf(text, sizeof(text), "peerkey %s\n", digits);
	put_link("one.options", text);
	put_link("two.options", text);
	assert_int_equal(load(), 0);
	assert_string_equal(said, "");
	assert_int_equal(set.count, 2);
	assert_memory_equal(of("one")->key, of("two")->key, 32);
	assert_memory_equal(of("one")->privkey, of("two")->privkey, 32);
	assert_int_equal(of("two")->privkey[31], 0x77);
	assert_ptr_not_equal(of("one")->privkey, of("two")->privkey);
}

static void test_faults(void **state)
{
	(void)state;
	put("etc/cipe/options", "me 192.0.2.1:6794\n" BOTH);
	put_link("one.options", "key " KEY "01\n\nnonsense 3\n");
	put_link("two.options", "key " KEY "02\n");
	assert_int_equal(load(), 0);
	assert_int_equal(set.faults, 1);
	assert_false(set.broken);
	assert_said("/etc/cipe/links.d/one.options:3: found \"nonsense\"");
	assert_true(set.item[0]->faulty);
	assert_false(set.item[1]->faulty);
	/* Names of devices: of the file, and each once */
	put_link("one.options", "key " KEY "01\n");
	put_link("a name too long for it.options", "key " KEY "03\n");
	put_link("three.options", "key " KEY "04\ndevice two\n");
	assert_int_equal(load(), 0);
	assert_int_equal(set.faults, 2);
	assert_said("/etc/cipe/links.d/a name too long for it.options: the file's name");
	assert_said("device two is that of another link");
	put_link("a name too long for it.options", "key " KEY "03\ndevice short0\n");
	put_link("three.options", NULL);
	assert_int_equal(load(), 0);
	assert_int_equal(set.faults, 0);
	/* One for all is none for one */
	put_link("two.options", "key " KEY "02\ndebug\n");
	assert_int_equal(load(), 0);
	assert_said("two.options: debug is for the whole daemon");
	put_link("two.options", "key " KEY "02\n");
	put_link("a name too long for it.options", NULL);
	/* Whoever may read one may have read its key */
	assert_int_equal(fchmodat(root, "etc/cipe/links.d/two.options", 0640, 0), 0);
	assert_int_equal(load(), 0);
	assert_int_equal(set.faults, 1);
	assert_said("/etc/cipe/links.d/two.options holds secrets");
	assert_int_equal(fchmodat(root, "etc/cipe/links.d/two.options", 0600, 0), 0);
	assert_int_equal(fchmodat(root, "etc/cipe/links.d", 0777, 0), 0);
	assert_int_equal(load(), 0);
	assert_int_equal(set.faults, 2);
	assert_said("directory /etc/cipe/links.d can be written by others");
	assert_int_equal(fchmodat(root, "etc/cipe/links.d", 0755, 0), 0);
	/* What all depend on */
	put("etc/cipe/options", "me 192.0.2.1:6794\nnonsense 3\n");
	assert_int_equal(load(), EX_CONFIG);
	assert_true(set.broken);
	assert_said("/etc/cipe/options:2: found \"nonsense\"");
}

/* Every option makes another link of it, but for those that are the daemon's */
static void test_equal(void **state)
{
	static const struct { const char *name, *a, *b; } values[] = {
		{ "me", "192.0.2.1:1", "192.0.2.1:2" },
		{ "peer", "192.0.2.2:1", "a.example:1" },
		{ "ipaddr", "10.0.0.1", "10.0.0.3" },
		{ "ptpaddr", "10.0.0.2", "10.0.0.4" },
		{ "key", KEY "01", KEY "02" },
		{ "privkey", NULL, NULL },	/* what is in the file counts, below */
		{ "peerkey", NULL, NULL },
		{ "suite", "25519", "nist" },
		{ "cipher", "aes-128-gcm", "aes-256-gcm" },
		{ "mode", "ip", "ether" },
		{ "device", "a0", "a1" },
		{ "mtu", "1000", "1001" },
		{ "metric", "1", "2" },
		{ "cttl", "1", "2" },
		{ "tos", "4", "8" },
		{ "pin", "yes", "no" },
		{ "ping", "1", "2" },
		{ "toping", "1", "2" },
		{ "tokey", "1", "2" },
		{ "tokxc", "1", "2" },
		{ "tokxts", "1", "2" },
		{ "maxerr", "1", "2" },
		{ "ipup", "/a", "/b" },
		{ "ipdown", "/a", "/b" },
		{ "arg", "a", "b" },
		{ "debug", NULL, NULL },
	};
	const struct optdef *def;
	size_t i = 0;

	(void)state;
	for (def = opttable; def->name; def++, i++) {
		struct options opts[3];
		const char *value[3];
		int n;

		assert_true(i < sizeof(values) / sizeof(values[0]));
		assert_string_equal(def->name, values[i].name);
		if (!values[i].a)
			continue;
		value[0] = value[2] = values[i].a;
		value[1] = values[i].b;
		for (n = 0; n < 3; n++) {
			char text[512];
			FILE *null = fopen("/dev/null", "w");

			snprintf(text, sizeof(text), "me 192.0.2.1:6794\nkey " KEY "09\n"
				 "cipher aes-256-gcm\nipaddr 10.9.9.1\nptpaddr 10.9.9.2\n%s %s\n",
				 def->name, value[n]);
			assert_int_equal(options_load_text(text, strlen(text), NULL, &opts[n], null),
					 0);
			fclose(null);
		}
		if (options_equal(&opts[0], &opts[1]))
			fail_msg("%s %s and %s count as the same", def->name, value[0], value[1]);
		if (!options_equal(&opts[0], &opts[2]))
			fail_msg("%s %s and itself count as different", def->name, value[0]);
		options_wipe(&opts[1]);
		assert_int_equal(options_copy(&opts[1], &opts[0]), 0);
		options_wipe(&opts[0]);
		assert_true(options_equal(&opts[1], &opts[2]));
		options_wipe(&opts[1]);
		options_wipe(&opts[2]);
	}
	assert_int_equal(i, sizeof(values) / sizeof(values[0]));
}

static void test_equal_keys(void **state)
{
	struct options a = { 0 }, b = { 0 };

	(void)state;
	a.privkey = secret_alloc(OPTIONS_KEY_MAX);
	assert_false(options_equal(&a, &b));
	b.privkey = secret_alloc(OPTIONS_KEY_MAX);
	assert_true(options_equal(&a, &b));
	b.privkey[OPTIONS_KEY_MAX - 1] = 1;
	assert_false(options_equal(&a, &b));
	a.privkey[OPTIONS_KEY_MAX - 1] = 1;
	a.peerkey_len = b.peerkey_len = 32;
	assert_true(options_equal(&a, &b));
	b.peerkey[31] = 1;
	assert_false(options_equal(&a, &b));
	options_wipe(&a);
	options_wipe(&b);
}

static int setup(void **state)
{
	(void)state;
	if (secret_init(0) || !mkdtemp(dir))
		return -1;
	root = open(dir, O_RDONLY | O_DIRECTORY);
	return root < 0 || mkdirat(root, "etc", 0755) || mkdirat(root, "etc/cipe", 0755);
}

static int teardown(void **state)
{
	char command[64];

	(void)state;
	optset_wipe(&set);
	free(said);
	close(root);
	snprintf(command, sizeof(command), "rm -r %s", dir);
	return system(command);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_no_directory), cmocka_unit_test(test_defaults),
		cmocka_unit_test(test_own_link), cmocka_unit_test(test_key_for_all),
		cmocka_unit_test(test_faults), cmocka_unit_test(test_equal),
		cmocka_unit_test(test_equal_keys),
	};

	return cmocka_run_group_tests_name("optset", tests, setup, teardown);
}
