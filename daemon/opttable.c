// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The options there are, as a table; those there are not, with the reason.
 */
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include <cipe/wire.h>

#include "opttable.h"
#include "optvalue.h"
#include "secret.h"

static const struct {
	const char *name;
	enum cipe_cipher cipher;
} ciphers[] = {
	{ "chacha20-poly1305", CIPE_CIPHER_CHACHA20_POLY1305 },
	{ "aes-128-gcm", CIPE_CIPHER_AES_128_GCM },
	{ "aes-256-gcm", CIPE_CIPHER_AES_256_GCM },
};

static const struct {
	const char *name, *why;
} obsolete[] = {
	{ "nokey", "this link never sends plaintext, not even for tests: use key (cipectl genpsk "
		   "makes one); the inside can be watched with tcpdump on the interface" },
	{ "socks", "SOCKS relays are not supported (not yet): give a peer that can be reached "
		   "directly by UDP" },
	{ "dynip", "not needed: the peer follows when our address changes; leave it out, and me "
		   "as well" },
	{ "hwaddr", "not supported yet: put 'ip link set dev \"$1\" address ...' into ip-up" },
	{ "forcemtu", "not supported: mtu sets the MTU, and packets too large for the path are "
		      "answered by ICMP rather than lost" },
	{ "ignoredf", "not supported: packets too large for the path are answered by ICMP, so "
		      "that path MTU discovery works inside" },
	{ "compress", "not supported, on purpose: the length of compressed packets tells what is "
		      "in them; leave it out" },
	{ "comp", "not supported, on purpose: the length of compressed packets tells what is in "
		  "them; leave it out" },
	{ "proto", "there is no choice: the carrier is UDP (TCP inside TCP collapses under "
		   "loss); leave it out" },
	{ "protocol", "there is no choice: the carrier is UDP and the protocol our own (version "
		      "3 of the original is unsafe); leave it out, and see mode for Ethernet" },
	{ "tcp", "not supported, on purpose: TCP inside TCP collapses under loss; leave it out" },
};

static const char bad_cipher_old[] =
	"chacha20-poly1305, aes-128-gcm or aes-256-gcm (blocks of 64 bits as in Blowfish and IDEA "
	"are not safe for as much data as a link carries)";
static const char bad_cipher[] = "chacha20-poly1305, aes-128-gcm or aes-256-gcm";

static void *field(const struct optdef *def, struct options *opts)
{
	return (char *)opts + def->field;
}

static const char *set_bool(const struct optdef *def, struct options *opts, char *value)
{
	return optvalue_bool(value, field(def, opts));
}

static const char *set_uint(const struct optdef *def, struct options *opts, char *value)
{
	const char *expected;
	long n;

	expected = optvalue_int(value, def->min, def->max, def->expected, &n);
	if (!expected)
		*(unsigned int *)field(def, opts) = (unsigned int)n;
	return expected;
}

static const char *set_int(const struct optdef *def, struct options *opts, char *value)
{
	const char *expected;
	long n;

	expected = optvalue_int(value, def->min, def->max, def->expected, &n);
	if (!expected)
		*(int *)field(def, opts) = (int)n;
	return expected;
}

/* Seconds in the text; @min and @max of the option are milliseconds */
static const char *set_ms(const struct optdef *def, struct options *opts, char *value)
{
	const char *expected;
	long ms;

	expected = optvalue_ms(value, &ms);
	if (expected)
		return expected;
	if (ms < def->min || ms > def->max)
		return def->expected;
	*(unsigned int *)field(def, opts) = (unsigned int)ms;
	return NULL;
}

static const char *set_ms_or_off(const struct optdef *def, struct options *opts, char *value)
{
	long ms;

	if (!optvalue_ms(value, &ms) && !ms) {
		*(unsigned int *)field(def, opts) = 0;
		return NULL;
	}
	return set_ms(def, opts, value);
}

static const char *set_mtu(const struct optdef *def, struct options *opts, char *value)
{
	if (!strcmp(value, "0")) {
		opts->mtu = 0;
		return NULL;
	}
	return set_uint(def, opts, value);
}

static const char *set_tos(const struct optdef *def, struct options *opts, char *value)
{
	const char *expected;
	long n;

	if (!strcmp(value, "inherit")) {
		opts->tos = CIPE_TOS_INHERIT;
		return NULL;
	}
	expected = optvalue_int(value, def->min, def->max, def->expected, &n);
	if (expected)
		return expected;
	if (n & 3)
		return "a multiple of 4: the low two bits are ECN's and follow RFC 6040";
	opts->tos = (unsigned int)n;
	return NULL;
}

static const char *set_string(const struct optdef *def, struct options *opts, char *value)
{
	char **out = field(def, opts);
	char *copy = strdup(value);

	if (!copy)
		return "more memory";
	free(*out);
	*out = copy;
	return NULL;
}

static const char *set_file(const struct optdef *def, struct options *opts, char *value)
{
	return value[0] == '/' ? set_string(def, opts, value) : def->expected;
}

static const char *set_path(const struct optdef *def, struct options *opts, char *value)
{
	const char *expected;

	if (value[0] != '/')
		return def->expected;
	expected = set_string(def, opts, value);
	if (expected)
		return expected;
	if (def->field == offsetof(struct options, ipup))
		opts->ipup_given = true;
	else
		opts->ipdown_given = true;
	return NULL;
}

static const char *set_device(const struct optdef *def, struct options *opts, char *value)
{
	return optvalue_device(value, field(def, opts));
}

static const char *set_addr(const struct optdef *def, struct options *opts, char *value)
{
	return optvalue_addr(value, field(def, opts));
}

static const char *set_host(const struct optdef *def, struct options *opts, char *value)
{
	const char *expected;

	if (strchr(value, ':'))
		return "an IPv4 address (IPv6 inside is set in ip-up: ip -6 address add ...)";
	if (strchr(value, '/'))
		return "an IPv4 address without a prefix length";
	expected = optvalue_hostname(value);
	if (expected && strspn(value, "0123456789.") != strlen(value))
		return expected;
	/* Names are resolved, and addresses checked, when all is read */
	return set_string(def, opts, value);
}

static const char *set_key(const struct optdef *def, struct options *opts, char *value)
{
	size_t digits = strlen(value);
	uint8_t *key;

	if (digits != 32 && digits != 64)
		return def->expected;
	key = secret_alloc(OPTIONS_KEY_MAX);
	if (!key)
		return "more locked memory";
	if (optvalue_hex(value, key, digits / 2)) {
		secret_free(key, OPTIONS_KEY_MAX);
		return def->expected;
	}
	if (opts->key)
		secret_free(opts->key, OPTIONS_KEY_MAX);
	opts->key = key;
	opts->key_len = digits / 2;
	return NULL;
}

static const char *set_peerkey(const struct optdef *def, struct options *opts, char *value)
{
	size_t len = strlen(value) / 2;

	if ((len != 32 && len != OPTIONS_PEERKEY_MAX) || optvalue_hex(value, opts->peerkey, len))
		return def->expected;
	opts->peerkey_len = len;
	return NULL;
}

static const char *set_suite(const struct optdef *def, struct options *opts, char *value)
{
	if (!strcmp(value, "25519"))
		opts->suite = OPTIONS_SUITE_25519;
	else if (!strcmp(value, "nist"))
		opts->suite = OPTIONS_SUITE_NIST;
	else if (!strcmp(value, "fips"))
		opts->suite = OPTIONS_SUITE_FIPS;
	else
		return def->expected;
	return NULL;
}

static const char *set_cipher(const struct optdef *def, struct options *opts, char *value)
{
	(void)def;
	for (size_t i = 0; i < sizeof(ciphers) / sizeof(ciphers[0]); i++) {
		if (!strcmp(value, ciphers[i].name)) {
			opts->cipher = ciphers[i].cipher;
			return NULL;
		}
	}
	if (!strcmp(value, "blowfish") || !strcmp(value, "idea") || !strcmp(value, "3des"))
		return bad_cipher_old;
	return bad_cipher;
}

static const char *set_mode(const struct optdef *def, struct options *opts, char *value)
{
	if (strcmp(value, "ip") && strcmp(value, "ether"))
		return def->expected;
	opts->mode = value[0] == 'i' ? CIPE_MODE_IP : CIPE_MODE_ETHER;
	return NULL;
}

#define FIELD(name) .field = offsetof(struct options, name)
#define DAY_MS 86400000
#define HOUR_MS 3600000

const struct optdef opttable[] = {
	{ "me", set_addr, FIELD(me), .expected = "address:port",
	  .help = "our carrier address; chosen by the system when not given" },
	{ "peer", set_addr, FIELD(peer), .expected = "address:port",
	  .help = "the peer's carrier address; 0.0.0.0:0, or none: learned when it calls" },
	{ "ipaddr", set_host, FIELD(ipaddr_text), .expected = "IPv4 address",
	  .help = "our address inside" },
	{ "ptpaddr", set_host, FIELD(ptpaddr_text), .expected = "IPv4 address",
	  .help = "the peer's address inside; 0.0.0.0: learned from the peer" },
	{ "key", set_key, .secret = true, .expected = "32 or 64 hexadecimal digits",
	  .help = "the shared secret; in a file only" },
	{ "privkey", set_file, FIELD(privkey_file), .hide = true,
	  .expected = "an absolute path: that of the file with the key",
	  .help = "file with our private key (cipectl genkey)" },
	{ "peerkey", set_peerkey, .hide = true,
	  .expected = "64 hexadecimal digits, or 130 with suite nist or fips",
	  .help = "the peer's public key (cipectl pubkey)" },
	{ "suite", set_suite, .expected = "25519, nist or fips",
	  .help = "of the key exchange (25519); nist: P-256, AES-GCM; fips: from a FIPS provider" },
	{ "cipher", set_cipher, .expected = bad_cipher,
	  .help = "of data packets (chacha20-poly1305; suite nist and fips: aes-256-gcm)" },
	{ "mode", set_mode, .expected = "ip or ether",
	  .help = "carry IP packets or Ethernet frames (ip)" },
	{ "device", set_device, FIELD(device), .expected = "interface name",
	  .help = "interface to use (the first free cipcbN)" },
	{ "mtu", set_mtu, FIELD(mtu), 68, CIPE_WIRE_MTU_MAX, "68 to 65463, or 0",
	  .help = "of the interface (0: computed from the path)" },
	{ "metric", set_uint, FIELD(metric), 0, INT_MAX, "a number from 0",
	  .help = "of the interface's route (0)" },
	{ "cttl", set_uint, FIELD(cttl), 0, 255, "0 to 255",
	  .help = "TTL of the carrier's packets (0: copied from the inner packet)" },
	{ "tos", set_tos, FIELD(tos), 0, 252, "0 to 252 in steps of 4, or inherit",
	  .help = "TOS of the carrier's packets (0)" },
	{ "pin", set_bool, FIELD(pin), .lone = true, .expected = "yes or no",
	  .help = "do not follow the peer to another address (no)" },
	{ "ping", set_ms_or_off, FIELD(ping_ms), 10, HOUR_MS,
	  "0 (off) or 0.01 to 3600 seconds",
	  .help = "silence after which a keepalive is sent (0: never)" },
	{ "toping", set_ms_or_off, FIELD(toping_ms), 10, HOUR_MS,
	  "0 (off) or 0.01 to 3600 seconds",
	  .help = "silence after which the peer counts as dead (0: never)" },
	{ "tokey", set_ms, FIELD(tokey_ms), 1000, DAY_MS, "1 to 86400 seconds",
	  .help = "life of a data key (600)" },
	{ "tokxc", set_ms, FIELD(tokxc_ms), 1000, HOUR_MS, "1 to 3600 seconds",
	  .help = "time-out of a key exchange (10)" },
	{ "tokxts", set_ms_or_off, FIELD(tokxts_ms), 10, DAY_MS, "0 (off) or 0.01 to 86400 seconds",
	  .help = "how far the peer's clock may be from ours (0: any)" },
	{ "maxerr", set_int, FIELD(maxerr), -1, INT_MAX, "a number from -1",
	  .help = "network errors tolerated in a row (8; -1: any number)" },
	{ "ipup", set_path, FIELD(ipup), .expected = "an absolute path",
	  .help = "script run when the link is up (" OPTIONS_IPUP ")" },
	{ "ipdown", set_path, FIELD(ipdown), .expected = "an absolute path",
	  .help = "script run when the link is down (" OPTIONS_IPDOWN ")" },
	{ "arg", set_string, FIELD(arg), .expected = "text",
	  .help = "last argument of the scripts" },
	{ "debug", set_bool, FIELD(debug), .lone = true, .expected = "yes or no",
	  .help = "stay in the foreground, log to stderr (no)" },
	{ .name = NULL },
};

const struct optdef *opttable_find(const char *name)
{
	for (const struct optdef *def = opttable; def->name; def++)
		if (!strcmp(name, def->name))
			return def;
	return NULL;
}

const char *opttable_obsolete(const char *name)
{
	for (size_t i = 0; i < sizeof(obsolete) / sizeof(obsolete[0]); i++)
		if (!strcmp(name, obsolete[i].name))
			return obsolete[i].why;
	return NULL;
}

static unsigned int least(unsigned int a, unsigned int b)
{
	return a < b ? a : b;
}

/* How many letters must be added, dropped, changed or swapped with the next to
 * make one name of the other (optimal string alignment); UINT_MAX for long ones
 */
static unsigned int distance(const char *a, const char *b)
{
	unsigned int d[24][24];
	size_t la = strlen(a), lb = strlen(b);

	if (la >= 24 || lb >= 24)
		return UINT_MAX;
	for (size_t i = 0; i <= la; i++)
		d[i][0] = (unsigned int)i;
	for (size_t j = 0; j <= lb; j++)
		d[0][j] = (unsigned int)j;
	for (size_t i = 1; i <= la; i++) {
		for (size_t j = 1; j <= lb; j++) {
			d[i][j] = least(least(d[i - 1][j], d[i][j - 1]) + 1,
					d[i - 1][j - 1] + (a[i - 1] != b[j - 1]));
			if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
				d[i][j] = least(d[i][j], d[i - 2][j - 2] + 1);
		}
	}
	return d[la][lb];
}

const char *opttable_nearest(const char *name)
{
	unsigned int limit = strlen(name) < 5 ? 1 : 2, best = limit + 1;
	const char *found = NULL;

	for (const struct optdef *def = opttable; def->name; def++) {
		unsigned int d = distance(name, def->name);

		if (d < best) {
			best = d;
			found = def->name;
		}
	}
	return found;
}

const char *opttable_nearest_cipher(const char *name)
{
	unsigned int best = 5;
	const char *found = NULL;

	for (size_t i = 0; i < sizeof(ciphers) / sizeof(ciphers[0]); i++) {
		unsigned int d = distance(name, ciphers[i].name);

		if (d < best) {
			best = d;
			found = ciphers[i].name;
		}
	}
	return found;
}

int opttable_defaults(struct options *opts)
{
	opts->mode = CIPE_MODE_IP;
	opts->tokey_ms = 600000;
	opts->tokxc_ms = 10000;
	opts->maxerr = 8;
	opts->ipup = strdup(OPTIONS_IPUP);
	opts->ipdown = strdup(OPTIONS_IPDOWN);
	opts->arg = strdup("");
	return opts->ipup && opts->ipdown && opts->arg ? 0 : -ENOMEM;
}

const char *options_cipher_name(enum cipe_cipher cipher)
{
	for (size_t i = 0; i < sizeof(ciphers) / sizeof(ciphers[0]); i++)
		if (ciphers[i].cipher == cipher)
			return ciphers[i].name;
	return "unknown";
}

const char *options_mode_name(enum cipe_mode mode)
{
	switch (mode) {
	case CIPE_MODE_IP:
		return "ip";
	case CIPE_MODE_ETHER:
		return "ether";
	}
	return "unknown";
}
