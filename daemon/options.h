/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the administrator asked for: options files and command line, checked
 * as a whole and held in one struct that nothing changes afterwards.
 */
#ifndef CIPED_OPTIONS_H
#define CIPED_OPTIONS_H

#include <net/if.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/socket.h>

#include <linux/cipe.h>

#define OPTIONS_FILE		"/etc/cipe/options"
#define OPTIONS_IPUP		"/etc/cipe/ip-up"
#define OPTIONS_IPDOWN		"/etc/cipe/ip-down"

/* Octets of the longest secret key, and of the longest public one */
#define OPTIONS_KEY_MAX		32
#define OPTIONS_PEERKEY_MAX	65

/**
 * enum options_suite - what the key exchange is made of
 * @OPTIONS_SUITE_25519: X25519, with any cipher
 * @OPTIONS_SUITE_NIST: P-256, with AES-GCM
 * @OPTIONS_SUITE_FIPS: the same by a FIPS provider of OpenSSL, or not at all
 */
enum options_suite {
	OPTIONS_SUITE_25519,
	OPTIONS_SUITE_NIST,
	OPTIONS_SUITE_FIPS,
};

/**
 * struct options_addr - a carrier address
 * @set: given by the administrator; else all else is zero
 * @text: as written, for messages
 * @host: the host part without brackets, an address or a name
 * @port: host byte order; service names are translated while parsing. 0:
 *	chosen by the system (me), learned (peer)
 * @sa: the address and @port when @host is a literal address
 * @salen: of @sa; 0 when @host is a name still to be resolved
 */
struct options_addr {
	bool set;
	char text[300];
	char host[256];
	uint16_t port;
	struct sockaddr_storage sa;
	socklen_t salen;
};

/**
 * struct options - everything that can be configured, after options_load()
 * @device: name of the interface; "": the first free cipcbN
 * @me: our carrier address; unset or port 0: chosen by the system
 * @peer: the peer's carrier address; see options_peer_learned()
 * @ipaddr: our address inside; INADDR_ANY: none (mode ether only)
 * @ptpaddr: the peer's address inside; INADDR_ANY: learned from the peer (mode
 *	ip), none (mode ether)
 * @ipaddr_text: as written, an address or a name; NULL: not given
 * @ptpaddr_text: as written; NULL: not given
 * @key: the shared secret, in locked memory (secret.h); NULL: not given
 * @key_len: octets of @key, 16 or 32
 * @privkey_file: where our private key is; NULL: not given
 * @privkey: our private key, OPTIONS_KEY_MAX octets in locked memory, once the
 *	file was read
 * @peerkey: the peer's public key
 * @peerkey_len: its octets, 32 or 65 (with P-256); 0: not given
 * @suite: of the key exchange
 * @cipher: of data packets, never CIPE_CIPHER_UNSPEC
 * @mode: what the link carries
 * @mtu: of the interface; 0: computed from the path
 * @cttl: TTL of the carrier's packets; 0: copied from the inner packet
 * @tos: 0-0xfc, or CIPE_TOS_INHERIT
 * @pin: the peer does not roam
 * @metric: of the routes the daemon sets
 * @tokey_ms: life of a data key
 * @tokxc_ms: time-out of a key exchange
 * @tokxts_ms: how far the peer's clock may be from ours; 0: any
 * @ping_ms: silence after which a keepalive is sent; 0: never
 * @toping_ms: silence after which the peer is dead; 0: never
 * @maxerr: network errors tolerated between two successful key exchanges; 0:
 *	none, -1: any number
 * @ipup: script run when the link is up, absolute path
 * @ipdown: script run when the link is down, absolute path
 * @ipup_given: @ipup was configured: that it is missing is worth a warning
 * @ipdown_given: @ipdown was configured
 * @arg: last argument of the scripts, "" when not given
 * @debug: stay in the foreground, log to stderr
 */
struct options {
	char device[IFNAMSIZ];
	struct options_addr me;
	struct options_addr peer;
	struct in_addr ipaddr;
	struct in_addr ptpaddr;
	char *ipaddr_text;
	char *ptpaddr_text;
	uint8_t *key;
	size_t key_len;
	char *privkey_file;
	uint8_t *privkey;
	uint8_t peerkey[OPTIONS_PEERKEY_MAX];
	size_t peerkey_len;
	enum options_suite suite;
	enum cipe_cipher cipher;
	enum cipe_mode mode;
	unsigned int mtu;
	unsigned int cttl;
	unsigned int tos;
	bool pin;
	unsigned int metric;
	unsigned int tokey_ms;
	unsigned int tokxc_ms;
	unsigned int tokxts_ms;
	unsigned int ping_ms;
	unsigned int toping_ms;
	int maxerr;
	char *ipup;
	char *ipdown;
	bool ipup_given;
	bool ipdown_given;
	char *arg;
	bool debug;
};

/**
 * options_load() - read all sources of options and check them
 * @argc: of main()
 * @argv: of main()
 * @names: look up ipaddr and ptpaddr where they are names
 * @opts: filled in; released by options_wipe(), also after an error
 * @err: takes the messages
 *
 * Reads OPTIONS_FILE if there is one, the file named by -o, and the command
 * line; later ones win. Every fault found is reported, with file and line. Nothing
 * but these files is touched. Needs secret_init().
 *
 * Return: 0 to go on; -1 when --help or --version was answered and the
 * program shall end with success; else the exit code, EX_USAGE or EX_CONFIG.
 */
int options_load(int argc, char **argv, bool names, struct options *opts, FILE *err);

/**
 * options_load_text() - the same from one text and a command line, for tests
 * @text: what an options file holds, @len octets and one more to write to; NULL:
 *	none. Destroyed.
 * @len: octets of @text
 * @args: words of the command line, closed by NULL; may be NULL
 * @opts: as in options_load()
 * @err: takes the messages
 *
 * No file is opened, no name is looked up. In messages the file is "options".
 *
 * Return: number of faults found.
 */
unsigned int options_load_text(char *text, size_t len, char *const *args, struct options *opts,
			       FILE *err);

/**
 * options_copy() - make a copy that lives on its own
 * @to: filled in; for options_wipe(), also after an error
 * @from: options
 *
 * Return: 0 or -ENOMEM.
 */
int options_copy(struct options *to, const struct options *from);

/**
 * options_equal() - do both make the same link?
 * @a: after options_load()
 * @b: likewise
 *
 * Secrets are compared in constant time. @debug does not count.
 */
bool options_equal(const struct options *a, const struct options *b);

/**
 * options_wipe() - forget everything, the key thoroughly
 * @opts: from options_load(), or all zero
 */
void options_wipe(struct options *opts);

/**
 * options_wipe_keys() - forget what is secret, and nothing else
 * @opts: from options_load()
 */
void options_wipe_keys(struct options *opts);

/**
 * options_peer_learned() - the peer is unknown until it authenticates
 * @opts: from options_load()
 *
 * Return: true without peer, and for "peer 0.0.0.0:0" and the like: we wait for
 * its call.
 */
bool options_peer_learned(const struct options *opts);

/**
 * options_inside_name() - the name that an address inside was given by
 * @opts: from options_load()
 * @peer: of ptpaddr, not of ipaddr
 *
 * Return: NULL when it was given as an address, or not at all.
 */
const char *options_inside_name(const struct options *opts, bool peer);

/** options_inside_differ() - ours and the peer's are not one address */
bool options_inside_differ(const struct options *opts);

/**
 * options_cipher_name() - the name used in options and messages
 * @cipher: any value
 *
 * Return: a static string, "unknown" for what is no cipher.
 */
const char *options_cipher_name(enum cipe_cipher cipher);

/**
 * options_mode_name() - the name used in options and messages
 * @mode: any value
 *
 * Return: a static string, "unknown" for what is no mode.
 */
const char *options_mode_name(enum cipe_mode mode);

#endif /* CIPED_OPTIONS_H */
