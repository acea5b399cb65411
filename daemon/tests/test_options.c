// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The options parser: every option, every kind of fault, the order of sources.
 */
#include <arpa/inet.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "options.h"
#include "secret.h"

#define KEY32 "000102030405060708090a0b0c0d0e0f"
#define KEY64 KEY32 "F0F1F2F3F4F5F6F7F8F9FAFBFCFDFEFF"
#define BASE "peer 192.0.2.2:6794\nipaddr 10.99.0.1\nptpaddr 10.99.0.2\nkey " KEY64 "\n"

/**
 * struct run - one run of the parser
 * @opts: what came out
 * @faults: how many messages
 * @said: the messages
 */
struct run {
	struct options opts;
	unsigned int faults;
	char *said;
};

static struct run run;

static void parse_octets(const char *text, size_t len, char *const *args)
{
	char *copy = text ? malloc(len + 1) : NULL;
	size_t said;
	FILE *err;

	options_wipe(&run.opts);
	free(run.said);
	err = open_memstream(&run.said, &said);
	assert_non_null(err);
	if (text) {
		assert_non_null(copy);
		memcpy(copy, text, len);
	}
	run.faults = options_load_text(copy, len, args, &run.opts, err);
	fclose(err);
	free(copy);
}

static void parse(const char *text)
{
	parse_octets(text, strlen(text), NULL);
}

/* A good configuration and one more line */
static void parse_with(const char *line)
{
	char text[8192];

	snprintf(text, sizeof(text), BASE "%s\n", line);
	parse(text);
}

static void parse_words(const char *word)
{
	char *copy = strdup(word);
	char *args[] = { copy, NULL };

	assert_non_null(copy);
	parse_octets(BASE, strlen(BASE), args);
	free(copy);
}

static void assert_good(void)
{
	if (run.faults)
		print_message("# %s", run.said);
	assert_int_equal(run.faults, 0);
	assert_string_equal(run.said, "");
}

/* One message that holds @text */
static void assert_fault(const char *text)
{
	if (!strstr(run.said, text))
		print_message("# expected: %s\n# said: %s", text, run.said);
	assert_int_equal(run.faults, 1);
	assert_non_null(strstr(run.said, text));
}

static int setup(void **state)
{
	(void)state;
	return secret_init(0);
}

static int teardown(void **state)
{
	(void)state;
	options_wipe(&run.opts);
	free(run.said);
	return secret_exit();
}

static void test_defaults(void **state)
{
	const struct options *o = &run.opts;

	(void)state;
	parse(BASE);
	assert_good();
	assert_string_equal(o->device, "");
	assert_false(o->me.set);
	assert_true(o->peer.set);
	assert_int_equal(o->cipher, CIPE_CIPHER_CHACHA20_POLY1305);
	assert_int_equal(o->mode, CIPE_MODE_IP);
	assert_int_equal(o->mtu, 0);
	assert_int_equal(o->cttl, 0);
	assert_int_equal(o->tos, 0);
	assert_false(o->pin);
	assert_int_equal(o->metric, 0);
	assert_int_equal(o->tokey_ms, 600000);
	assert_int_equal(o->tokxc_ms, 10000);
	assert_int_equal(o->ping_ms, 0);
	assert_int_equal(o->toping_ms, 0);
	assert_int_equal(o->maxerr, 8);
	assert_string_equal(o->ipup, "/etc/cipe/ip-up");
	assert_string_equal(o->ipdown, "/etc/cipe/ip-down");
	assert_false(o->ipup_given);
	assert_false(o->ipdown_given);
	assert_string_equal(o->arg, "");
	assert_false(o->debug);
	assert_int_equal(o->ipaddr.s_addr, inet_addr("10.99.0.1"));
	assert_int_equal(o->ptpaddr.s_addr, inet_addr("10.99.0.2"));
}

static void test_every_option(void **state)
{
	const struct options *o = &run.opts;

	(void)state;
	parse(BASE "device vpn0\nme 192.0.2.1:6794\ncipher aes-256-gcm\nmode ether\nmtu 1400\n"
	      "metric 20\ncttl 64\ntos inherit\npin\nping 0.05\ntoping 1.5\ntokey 3600\n"
	      "tokxc 5\nmaxerr -1\nipup /etc/cipe/up\nipdown /etc/cipe/down\n"
	      "arg 10.1.0.0/24 10.2.0.0/24\ndebug\n");
	assert_good();
	assert_string_equal(o->device, "vpn0");
	assert_string_equal(o->me.text, "192.0.2.1:6794");
	assert_int_equal(o->cipher, CIPE_CIPHER_AES_256_GCM);
	assert_int_equal(o->mode, CIPE_MODE_ETHER);
	assert_int_equal(o->mtu, 1400);
	assert_int_equal(o->metric, 20);
	assert_int_equal(o->cttl, 64);
	assert_int_equal(o->tos, CIPE_TOS_INHERIT);
	assert_true(o->pin);
	assert_int_equal(o->ping_ms, 50);
	assert_int_equal(o->toping_ms, 1500);
	assert_int_equal(o->tokey_ms, 3600000);
	assert_int_equal(o->tokxc_ms, 5000);
	assert_int_equal(o->maxerr, -1);
	assert_string_equal(o->ipup, "/etc/cipe/up");
	assert_string_equal(o->ipdown, "/etc/cipe/down");
	assert_true(o->ipup_given);
	assert_true(o->ipdown_given);
	assert_string_equal(o->arg, "10.1.0.0/24 10.2.0.0/24");
	assert_true(o->debug);
}

static void test_key(void **state)
{
	static const uint8_t want[] = {
		0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 0xf0, 0xf1, 0xf2, 0xf3, 0xf4,
		0xf5, 0xf6, 0xf7, 0xf8, 0xf9, 0xfa, 0xfb, 0xfc, 0xfd, 0xfe, 0xff,
	};

	(void)state;
	parse(BASE);
	assert_good();
	assert_int_equal(run.opts.key_len, 32);
	assert_memory_equal(run.opts.key, want, 32);

	parse_with("key " KEY32);	/* the later one wins */
	assert_good();
	assert_int_equal(run.opts.key_len, 16);
	assert_memory_equal(run.opts.key, want, 16);
}

/* No message may show any part of a key */
static void test_key_faults(void **state)
{
	static const char * const bad[] = {
		"00ff00ff00ff00ff00ff00ff00ff00f",
		"00ff00ff00ff00ff00ff00ff00ff00ff0",
		"00ff00ff00ff00ff00ff00ff00ff00fg",
		"00ff00ff00ff00ff 00ff00ff00ff00ff",
		"@@ff00ff00ff00ff00ff00ff00ff00ff",
		"`gff00ff00ff00ff00ff00ff00ff00ff",
		"00ff00ff00ff00ff00ff00ff00ff00/:",
	};
	char line[200];

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		snprintf(line, sizeof(line), "key %s", bad[i]);
		parse_with(line);
		assert_fault("options:5: key: found ");
		assert_non_null(strstr(run.said, "expected 32 or 64 hexadecimal digits"));
		assert_null(strstr(run.said, "ff00"));
	}
	parse_with("00ff00ff00ff00ff00ff00ff00ff00ff");
	assert_fault("expected the name of an option");
	assert_null(strstr(run.said, "ff00"));
	parse_with("key=00ff00ff00ff00ff00ff00ff00ff00ff");
	assert_fault("expected \"name value\"");
	assert_null(strstr(run.said, "ff00"));
	parse_words("key=00ff00ff00ff00ff00ff00ff00ff00ff");
	assert_fault("command line: key: not allowed here");
	assert_non_null(strstr(run.said, "mode 600"));
	assert_null(strstr(run.said, "ff00"));
	parse_words("kye=00ff00ff00ff00ff00ff00ff00ff00ff");
	assert_fault("did you mean \"key\"?");
	assert_null(strstr(run.said, "ff00"));
}

static void test_command_line(void **state)
{
	(void)state;
	parse_words("cttl=64");
	assert_good();
	assert_int_equal(run.opts.cttl, 64);
	parse_words("peer=198.51.100.1:5000");	/* wins over the file */
	assert_good();
	assert_string_equal(run.opts.peer.text, "198.51.100.1:5000");
	parse_words("debug");
	assert_good();
	assert_true(run.opts.debug);
	parse_words("debug=no");
	assert_good();
	assert_false(run.opts.debug);
	parse_words("arg=");
	assert_good();
	assert_string_equal(run.opts.arg, "");
	parse_words("arg=a=b #c");
	assert_good();
	assert_string_equal(run.opts.arg, "a=b #c");
	parse_words("cttl=300");
	assert_fault("command line: cttl: found \"300\", expected 0 to 255");
	parse_words("cttl");
	assert_fault("command line: cttl: found no value, expected \"cttl=VALUE\"");
	parse_words("=5");
	assert_fault("expected name=value");
}

static void test_syntax(void **state)
{
	static const char nul[] = BASE "cttl 6\0004\n";
	char line[5000];

	(void)state;
	parse("# a comment\r\n\r\n  \t\npeer\t192.0.2.2:6794 # behind a value\r\n"
	      "  ipaddr   10.99.0.1\r\nptpaddr 10.99.0.2\t\r\nkey " KEY32 "\r\narg a#b\r\ncttl 7");
	assert_good();
	assert_string_equal(run.opts.arg, "a#b");
	assert_int_equal(run.opts.cttl, 7);
	parse_octets(nul, sizeof(nul) - 1, NULL);
	assert_fault("options:5: found a NUL octet");
	memset(line, 'a', sizeof(line));
	memcpy(line, "arg ", 4);
	line[4201] = '\0';
	parse_with(line);
	assert_fault("options:5: found a line of 4201 characters, expected at most 4200");
	line[4200] = '\0';
	parse_with(line);
	assert_good();
	parse_with("cttl = 5");
	assert_fault("options:5: found '='");
	parse_with("cttl=5");
	assert_fault("options:5: found '='");
	parse_with("cttl");
	assert_fault("options:5: cttl: found no value, expected \"cttl VALUE\"");
	parse_with("cttl \033[31m");
	assert_fault("found \"?[31m\"");
	parse_octets("", 0, NULL);
	assert_int_equal(run.faults, 4);
}

static void test_unknown(void **state)
{
	(void)state;
	parse_with("ptpadr 10.0.0.1");
	assert_fault("options:5: found \"ptpadr\", which is no option; did you mean \"ptpaddr\"?");
	parse_with("Peer 10.0.0.1:1");
	assert_fault("did you mean \"peer\"?");
	parse_with("mee 10.0.0.1:1");
	assert_fault("did you mean \"me\"?");
	parse_with("frobnicate 1");
	assert_fault("found \"frobnicate\", which is no option (ciped --help lists all)");
	parse_with("xyzzy");
	assert_null(strstr(run.said, "did you mean"));
}

static void test_obsolete(void **state)
{
	static const char * const lines[] = {
		"nokey", "socks 1.2.3.4:1080", "dynip", "hwaddr 00:11:22:33:44:55",
		"forcemtu", "ignoredf", "compress yes", "proto tcp", "protocol 4", "tcp",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
		parse_with(lines[i]);
		assert_int_equal(run.faults, 1);
		assert_null(strstr(run.said, "which is no option"));
	}
	parse_with("nokey");
	assert_fault("options:5: nokey: this link never sends plaintext");
	parse_with("cipher blowfish");
	assert_fault("64 bits");
	parse_with("cipher idea");
	assert_fault("64 bits");
	parse_with("cipher aes-256-gmc");
	assert_fault("did you mean aes-256-gcm?");
}

static void test_numbers(void **state)
{
	static const char * const good[] = {
		"mtu 0", "mtu 68", "mtu 65463", "cttl 0", "cttl 255", "metric 0",
		"metric 2147483647", "tos 0", "tos 252", "tos 184", "maxerr 0", "maxerr -1",
		"ping 0", "ping 0.01", "ping 3600", "toping 0.0", "tokey 1", "tokey 86400",
		"tokxc 1", "tokxc 3600", "ping 00010", "tokey 1.5",
	};
	static const char * const bad[] = {
		"mtu 67", "mtu 65464", "mtu -1", "mtu 1400x", "mtu 0x500", "mtu +5", "cttl 256",
		"cttl -1", "cttl ''", "metric -1", "metric 2147483648", "tos 1", "tos 185",
		"tos 256", "tos Inherit", "maxerr -2", "maxerr 99999999999999999999", "ping 0.009",
		"ping 0.0100", "ping 3601", "ping .5", "ping 5.", "ping -1", "ping 1e3",
		"ping 999999999999999999999", "tokey 0", "tokey 0.9", "tokey 86400.001", "tokxc 0",
		"tokxc 3601", "debug maybe", "pin 2", "mode IP", "mode tap",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		parse_with(good[i]);
		assert_good();
	}
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		parse_with(bad[i]);
		if (run.faults != 1)
			print_message("# accepted: %s\n", bad[i]);
		assert_fault("options:5: ");
		assert_non_null(strstr(run.said, "expected "));
	}
	parse_with("mode ether\nmtu 65449");
	assert_good();
	parse_with("mode ether\nmtu 65450");
	assert_fault("expected 65449 at most");
}

static void test_strings(void **state)
{
	static const char * const bad_devices[] = {
		"sixteen-letters-", "a/b", "a b", "a:b", "a%d", ".", "..", "all", "default",
	};
	char line[64];

	(void)state;
	parse_with("device fifteen-letters");
	assert_good();
	for (size_t i = 0; i < sizeof(bad_devices) / sizeof(bad_devices[0]); i++) {
		snprintf(line, sizeof(line), "device %s", bad_devices[i]);
		parse_with(line);
		assert_fault("device: found ");
	}
	parse_with("ipup ip-up");
	assert_fault("ipup: found \"ip-up\", expected an absolute path");
	parse_with("ipdown ./x");
	assert_fault("expected an absolute path");
}

static void test_carrier_addresses(void **state)
{
	const struct options_addr *me = &run.opts.me;

	(void)state;
	parse_with("me 192.0.2.1:6794");
	assert_good();
	assert_int_equal(me->salen, sizeof(struct sockaddr_in));
	assert_int_equal(ntohs(((const struct sockaddr_in *)&me->sa)->sin_port), 6794);
	assert_int_equal(((const struct sockaddr_in *)&me->sa)->sin_addr.s_addr,
			 inet_addr("192.0.2.1"));

	parse_words("peer=[2001:db8::2]:65535");
	assert_good();
	assert_int_equal(run.opts.peer.sa.ss_family, AF_INET6);
	assert_string_equal(run.opts.peer.host, "2001:db8::2");
	assert_int_equal(run.opts.peer.port, 65535);

	parse_words("peer=vpn-2.example.org:isakmp");
	assert_int_equal(run.faults, 0);
	assert_int_equal(run.opts.peer.salen, 0);
	assert_string_equal(run.opts.peer.host, "vpn-2.example.org");
	assert_int_equal(run.opts.peer.port, 500);

	parse_with("me 0.0.0.0:0");
	assert_good();
	assert_false(options_peer_learned(&run.opts));
}

static void test_carrier_address_faults(void **state)
{
	static const struct {
		const char *value, *expected;
	} bad[] = {
		{ "192.0.2.1", "expected address:port" },
		{ "192.0.2.1:", "expected a port" },
		{ "192.0.2.1:65536", "expected a port" },
		{ "192.0.2.1:-1", "expected a port" },
		{ "192.0.2.1:no-such-service", "expected a port" },
		{ "192.0.2.256:1", "expected an IPv4 address of four numbers" },
		{ "192.0.2:1", "expected an IPv4 address of four numbers" },
		{ "2001:db8::1:6794", "brackets" },
		{ "[2001:db8::1]", "expected [IPv6 address]:port" },
		{ "[2001:db8::1]6794", "expected [IPv6 address]:port" },
		{ "[2001:db8::1", "expected [IPv6 address]:port" },
		{ "[192.0.2.1]:1", "expected an IPv6 address in the brackets" },
		{ "[]:1", "expected an IPv6 address in the brackets" },
		{ ":6794", "expected an address or the name" },
		{ "-a:6794", "expected an address or the name" },
		{ "a,b:6794", "expected an address or the name" },
	};
	char line[600];

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		snprintf(line, sizeof(line), "me %s", bad[i].value);
		parse_with(line);
		assert_fault(bad[i].expected);
	}
	memset(line, 'a', sizeof(line));
	memcpy(line, "me ", 3);
	strcpy(line + 303, ":1");
	parse_with(line);
	assert_fault("expected a shorter address");
	line[3 + 255] = '\0';
	strcat(line, ":1");
	parse_with(line);
	assert_fault("expected an address or the name");
}

static void test_learned_peer(void **state)
{
	(void)state;
	parse_with("me 0.0.0.0:6794\npeer 0.0.0.0:0");
	assert_good();
	assert_true(options_peer_learned(&run.opts));
	parse_with("me [::]:6794\npeer [::]:0");
	assert_good();
	assert_true(options_peer_learned(&run.opts));
	parse_with("peer 0.0.0.0:0");
	assert_fault("me: has no port");
	parse_with("peer 0.0.0.0:6794");
	assert_fault("expected both address and port, or 0.0.0.0:0");
	parse_with("peer 192.0.2.2:0");
	assert_fault("expected both address and port, or 0.0.0.0:0");
	parse_with("me [2001:db8::1]:1");
	assert_fault("expected both IPv4 or both IPv6");
}

static void test_inside_addresses(void **state)
{
	(void)state;
	parse_words("ptpaddr=0.0.0.0");
	assert_good();
	assert_int_equal(run.opts.ptpaddr.s_addr, INADDR_ANY);
	parse_words("ptpaddr=gateway.example.org");
	assert_good();
	assert_string_equal(run.opts.ptpaddr_text, "gateway.example.org");
	parse_words("ipaddr=0.0.0.0");
	assert_fault("ipaddr: found 0.0.0.0");
	parse_words("ipaddr=10.99.0.2");
	assert_fault("found 10.99.0.2 for both");
	parse_words("ipaddr=10.99.0.1/24");
	assert_fault("without a prefix length");
	parse_words("ipaddr=2001:db8::1");
	assert_fault("ip-up");
	parse_words("ipaddr=10.99.0");
	assert_fault("expected an IPv4 address of four numbers");
	parse_words("ipaddr=224.0.0.1");
	assert_fault("expected the address of one host");
	parse_words("ipaddr=255.255.255.255");
	assert_fault("expected the address of one host");
	parse_words("ipaddr=");
	assert_int_not_equal(run.faults, 0);
}

static void test_missing(void **state)
{
	(void)state;
	parse("peer 192.0.2.2:1\nipaddr 10.0.0.1\nkey " KEY32 "\n");
	assert_fault("ptpaddr is missing");
	parse("peer 192.0.2.2:1\nptpaddr 10.0.0.1\nkey " KEY32 "\n");
	assert_fault("ipaddr is missing");
	parse("ipaddr 10.0.0.1\nptpaddr 10.0.0.2\nkey " KEY32 "\n");
	assert_fault("peer is missing");
	parse("peer 192.0.2.2:1\nipaddr 10.0.0.1\nptpaddr 10.0.0.2\n");
	assert_fault("key is missing");
	assert_non_null(strstr(run.said, "cipectl genpsk"));
	parse("peer 192.0.2.2:1\nmode ether\nkey " KEY32 "\n");
	assert_good();
	assert_int_equal(run.opts.ipaddr.s_addr, INADDR_ANY);
	parse("peer 192.0.2.2:1\nmode ether\nptpaddr 10.0.0.2\nkey " KEY32 "\n");
	assert_fault("ptpaddr without ipaddr");
}

/* All faults are told at once, and none that only follows from another */
static void test_all_faults(void **state)
{
	(void)state;
	parse("peer 192.0.2.2\ncttl 999\nmtu 5\nkey xyz\n");
	assert_int_equal(run.faults, 6);
	assert_non_null(strstr(run.said, "options:1: peer: "));
	assert_non_null(strstr(run.said, "options:2: cttl: "));
	assert_non_null(strstr(run.said, "options:3: mtu: "));
	assert_non_null(strstr(run.said, "options:4: key: "));
	assert_non_null(strstr(run.said, "ipaddr is missing"));
	assert_non_null(strstr(run.said, "ptpaddr is missing"));
	assert_null(strstr(run.said, "peer is missing"));
	assert_null(strstr(run.said, "key is missing"));
	parse("per 192.0.2.2:1\n");
	assert_fault("did you mean \"peer\"?");
}

#define NOKEY "peer 192.0.2.2:6794\nipaddr 10.99.0.1\nptpaddr 10.99.0.2\n"
#define POINT "04" KEY64 KEY64

/* What may come with what */
static void test_public_keys(void **state)
{
	const struct options *o = &run.opts;

	(void)state;
	parse(NOKEY "privkey /etc/cipe/privkey\npeerkey " KEY64 "\n");
	assert_good();
	assert_string_equal(o->privkey_file, "/etc/cipe/privkey");
	assert_int_equal(o->peerkey_len, 32);
	assert_int_equal(o->suite, OPTIONS_SUITE_25519);
	assert_int_equal(o->cipher, CIPE_CIPHER_CHACHA20_POLY1305);
	assert_null(o->key);
	parse(NOKEY "privkey /etc/cipe/privkey\npeerkey " KEY64 "\nkey " KEY64 "\n");
	assert_good();
	parse(NOKEY "privkey /etc/cipe/privkey\n");
	assert_fault("peerkey is missing");
	parse(NOKEY "peerkey " KEY64 "\nkey " KEY64 "\n");
	assert_fault("privkey is missing");

	parse(NOKEY "suite nist\nprivkey /etc/cipe/privkey\npeerkey " POINT "\n");
	assert_good();
	assert_int_equal(o->peerkey_len, 65);
	assert_int_equal(o->cipher, CIPE_CIPHER_AES_256_GCM);
	parse_with("suite fips\ncipher aes-128-gcm");
	assert_good();
	assert_int_equal(o->suite, OPTIONS_SUITE_FIPS);
	assert_int_equal(o->cipher, CIPE_CIPHER_AES_128_GCM);
	parse_with("suite fips\ncipher chacha20-poly1305");
	assert_fault("suite and cipher: found chacha20-poly1305");
	parse_with("privkey /etc/cipe/privkey\npeerkey " POINT);
	assert_fault("found a public key of 130 hexadecimal digits, expected 64");
	parse_with("suite nist\nprivkey /etc/cipe/privkey\npeerkey " KEY64);
	assert_fault("expected 130 (cipectl pubkey --suite nist)");
	parse_with("suite x448");
	assert_fault("expected 25519, nist or fips");
	parse_with("tokxts 30");
	assert_good();
	assert_int_equal(o->tokxts_ms, 30000);
	/* A key in the wrong place is not shown */
	parse_with("privkey 00ff00ff00ff00ff00ff00ff00ff00ff");
	assert_fault("expected an absolute path");
	assert_null(strstr(run.said, "ff00"));
	parse_with("peerkey 00ff00ff00ff00ff00ff00ff00ff00ff");
	assert_fault("expected 64 hexadecimal digits, or 130");
	assert_null(strstr(run.said, "ff00"));
	parse_words("privkey=/etc/cipe/privkey");
	assert_fault("peerkey is missing");
}

static void test_no_peer(void **state)
{
	(void)state;
	parse("me 0.0.0.0:6794\nipaddr 10.0.0.1\nptpaddr 10.0.0.2\nkey " KEY32 "\n");
	assert_good();
	assert_true(options_peer_learned(&run.opts));
	parse("me 192.0.2.1:0\nipaddr 10.0.0.1\nptpaddr 10.0.0.2\nkey " KEY32 "\n");
	assert_fault("peer is missing");
}

static void test_wipe(void **state)
{
	static const struct options zero;

	(void)state;
	parse(BASE);
	assert_good();
	options_wipe(&run.opts);
	assert_memory_equal(&run.opts, &zero, sizeof(zero));
	options_wipe(&run.opts);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_defaults),
		cmocka_unit_test(test_every_option),
		cmocka_unit_test(test_key),
		cmocka_unit_test(test_key_faults),
		cmocka_unit_test(test_command_line),
		cmocka_unit_test(test_syntax),
		cmocka_unit_test(test_unknown),
		cmocka_unit_test(test_obsolete),
		cmocka_unit_test(test_numbers),
		cmocka_unit_test(test_strings),
		cmocka_unit_test(test_carrier_addresses),
		cmocka_unit_test(test_carrier_address_faults),
		cmocka_unit_test(test_learned_peer),
		cmocka_unit_test(test_inside_addresses),
		cmocka_unit_test(test_missing),
		cmocka_unit_test(test_all_faults),
		cmocka_unit_test(test_public_keys),
		cmocka_unit_test(test_no_peer),
		cmocka_unit_test(test_wipe),
	};

	return cmocka_run_group_tests_name("options", tests, setup, teardown);
}
