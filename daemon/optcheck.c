// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Options that must be there, and options that must fit each other.
 */
#include <arpa/inet.h>
#include <netdb.h>
#include <string.h>

#include <cipe/wire.h>

#include "carrier.h"
#include "derive.h"
#include "optparse.h"

static bool addr_any(const struct options_addr *addr)
{
	const struct sockaddr_in *sin = (const struct sockaddr_in *)&addr->sa;
	const struct sockaddr_in6 *sin6 = (const struct sockaddr_in6 *)&addr->sa;

	if (!addr->salen)
		return false;
	if (addr->sa.ss_family == AF_INET)
		return sin->sin_addr.s_addr == htonl(INADDR_ANY);
	return IN6_IS_ADDR_UNSPECIFIED(&sin6->sin6_addr);
}

bool options_peer_learned(const struct options *opts)
{
	return !opts->peer.set || addr_any(&opts->peer);
}

static void missing(struct optparse *p, const char *name, const char *example)
{
	const struct optdef *def = opttable_find(name);

	if (p->told & 1ull << (def - opttable))
		return;
	optfault(p, "%s is missing: %s (\"%s %s\" in an options file%s)", name, def->help, name,
		 example,
		 def->secret ? " of mode 600; cipectl genpsk makes one"
			     : ", name=value on the command line");
}

static void check_carrier(struct optparse *p)
{
	const struct options_addr *me = &p->opts->me, *peer = &p->opts->peer;

	if (!peer->set) {
		/* It can call if it knows where */
		if (!me->port)
			missing(p, "peer", "192.0.2.2:6794");
		return;
	}
	if (addr_any(peer) != !peer->port) {
		optfault(p,
			 "peer: found \"%s\", expected both address and port, or 0.0.0.0:0 for a "
			 "peer that is learned when it calls",
			 peer->text);
		return;
	}
	if (!peer->port && !me->port)
		optfault(p, "me: has no port, and the peer is learned: expected me with a port, so "
			    "that the peer can call");
	if (me->salen && peer->salen && !addr_any(me) && !addr_any(peer) &&
	    me->sa.ss_family != peer->sa.ss_family)
		optfault(p, "me and peer: found \"%s\" and \"%s\", expected both IPv4 or both IPv6",
			 me->text, peer->text);
}

/* Literal addresses; names are left for later */
static void parse_inside(struct optparse *p, const char *name, const char *text,
			 struct in_addr *out)
{
	uint32_t addr;

	if (!text || strspn(text, "0123456789.") != strlen(text))
		return;
	if (inet_pton(AF_INET, text, out) != 1) {
		optfault(p,
			 "%s: found \"%.200s\", expected an IPv4 address of four numbers up to 255",
			 name, text);
		return;
	}
	addr = ntohl(out->s_addr);
	if (IN_MULTICAST(addr) || addr == INADDR_BROADCAST)
		optfault(p, "%s: found \"%s\", expected the address of one host", name, text);
}

static void check_inside(struct optparse *p)
{
	struct options *o = p->opts;

	if (o->mode == CIPE_MODE_IP && !o->ipaddr_text)
		missing(p, "ipaddr", "10.99.0.1");
	if (o->mode == CIPE_MODE_IP && !o->ptpaddr_text)
		missing(p, "ptpaddr", "10.99.0.2");
	if (o->mode == CIPE_MODE_ETHER && o->ptpaddr_text && !o->ipaddr_text)
		optfault(p, "ptpaddr without ipaddr: expected both or neither in mode ether");
	parse_inside(p, "ipaddr", o->ipaddr_text, &o->ipaddr);
	parse_inside(p, "ptpaddr", o->ptpaddr_text, &o->ptpaddr);
	if (o->ipaddr_text && !strcmp(o->ipaddr_text, "0.0.0.0"))
		optfault(p, "ipaddr: found 0.0.0.0, expected our address inside");
}

static void check_mtu(struct optparse *p)
{
	const unsigned int max = CIPE_WIRE_MTU_MAX - CARRIER_OVERHEAD_ETHER;

	if (p->opts->mode == CIPE_MODE_ETHER && p->opts->mtu > max)
		optfault(p, "mode and mtu: found ether and %u, expected %u at most", p->opts->mtu,
			 max);
}

static void check_inside_differ(struct optparse *p)
{
	const struct options *o = p->opts;

	if (!options_inside_differ(o))
		optfault(p, "ipaddr and ptpaddr: found %s for both, expected two addresses",
			 o->ipaddr_text);
}

static void check_suite(struct optparse *p)
{
	struct options *o = p->opts;
	bool nist = o->suite != OPTIONS_SUITE_25519;

	if (!o->cipher)
		o->cipher = nist ? CIPE_CIPHER_AES_256_GCM : CIPE_CIPHER_CHACHA20_POLY1305;
	else if (nist && !derive_is_gcm((uint8_t)o->cipher))
		optfault(p, "suite and cipher: found %s, expected aes-128-gcm or aes-256-gcm",
			 options_cipher_name(o->cipher));
	if (o->peerkey_len && o->peerkey_len != (nist ? OPTIONS_PEERKEY_MAX : 32))
		optfault(p, "suite and peerkey: found a public key of %zu hexadecimal digits, "
			    "expected %d (cipectl pubkey%s)", 2 * o->peerkey_len,
			 nist ? 2 * OPTIONS_PEERKEY_MAX : 64, nist ? " --suite nist" : "");
}

static void check_keys(struct optparse *p)
{
	const struct options *o = p->opts;

	if (!o->privkey_file && !o->peerkey_len && !o->key)
		missing(p, "key", "HEX");
	else if (o->privkey_file && !o->peerkey_len)
		missing(p, "peerkey", "HEX");
	else if (!o->privkey_file && o->peerkey_len)
		missing(p, "privkey", "/etc/cipe/privkey");
}

void optparse_check(struct optparse *p)
{
	check_carrier(p);
	check_keys(p);
	check_suite(p);
	check_inside(p);
	check_mtu(p);
	check_inside_differ(p);
}

bool options_inside_differ(const struct options *opts)
{
	return !opts->ipaddr.s_addr || opts->ipaddr.s_addr != opts->ptpaddr.s_addr;
}

const char *options_inside_name(const struct options *opts, bool peer)
{
	const char *text = peer ? opts->ptpaddr_text : opts->ipaddr_text;

	return text && strspn(text, "0123456789.") != strlen(text) ? text : NULL;
}

static void resolve(struct optparse *p, const char *name, const char *host, struct in_addr *out)
{
	struct addrinfo hints = { .ai_family = AF_INET, .ai_socktype = SOCK_DGRAM };
	struct addrinfo *found;
	int err;

	if (!host)
		return;
	err = getaddrinfo(host, NULL, &hints, &found);
	if (err) {
		optfault(p, "%s: found \"%s\", expected an address or a name that has one: %s",
			 name, host, gai_strerror(err));
		return;
	}
	*out = ((struct sockaddr_in *)found->ai_addr)->sin_addr;
	freeaddrinfo(found);
}

void optparse_resolve(struct optparse *p)
{
	struct options *o = p->opts;

	resolve(p, "ipaddr", options_inside_name(o, false), &o->ipaddr);
	resolve(p, "ptpaddr", options_inside_name(o, true), &o->ptpaddr);
	check_inside_differ(p);
}
