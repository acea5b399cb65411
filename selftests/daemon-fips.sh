#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Suite fips, all of the daemon with it: behind its system call filter, through
# restarts and SIGHUP. The provider is one for tests (daemon/tests/provider), which
# says of itself what OpenSSL's does. One that was installed can be tried as well, as
# fips.so and with what openssl fipsinstall wrote as fipsmodule.cnf beside this file.

# shellcheck disable=SC2154 # PID_a and PUB_a come from lib-daemon.sh

. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/lib-daemon.sh"
. "$(dirname "$0")/lib-hub.sh"

[ -e "$DIR/fips.so" ] || skip_all "no fips.so"

# Those of the gateway, under the name that its daemon and cipectl know them by
CONF=/etc/cipe/openssl.cnf
MODULES=/etc/cipe
INSTALLED=$DIR/fipsmodule.cnf

# provider NS: its openssl.cnf has the provider for every program, and no other that
# computes. Who has no rights must be able to read both
provider()
{
	install -m 755 "$DIR/fips.so" "$TMP/$1/etc/fips.so"
	cat > "$TMP/$1/etc/openssl.cnf" <<-END
		openssl_conf = openssl_init
		[openssl_init]
		providers = provider_sect
		[provider_sect]
		fips = fips_sect
		base = base_sect
		[fips_sect]
		module = $MODULES/fips.so
		activate = 1
		$(grep -s '^[a-z-]* = ' "$INSTALLED" | grep -v '^activate')
		[base_sect]
		activate = 1
	END
}

# alone COMMAND...: the environment names the provider, openssl.cnf does not; one that
# was installed needs it
alone()
{
	local -x OPENSSL_MODULES=$MODULES OPENSSL_CONF=/dev/null

	[ ! -e "$INSTALLED" ] || OPENSSL_CONF=$CONF
	"$@"
}

# start_fips NS [WORD...]: as start, with that openssl.cnf
start_fips()
{
	local -x OPENSSL_CONF=$CONF

	start "$@"
}

# fips_pair NS: as keypair, by the gateway's provider
fips_pair()
{
	local ns=$1 pub
	local -x OPENSSL_CONF=$CONF

	(umask 077 && gw "$ns" cipectl genkey --suite fips > "$TMP/$ns/etc/privkey")
	pub=$(gw "$ns" cipectl pubkey --suite fips < "$TMP/$ns/etc/privkey")
	like "public key" "$pub" '^04[0-9a-f]{128}$'
	printf -v "PUB_$ns" %s "$pub"
}

# clean_fips: two gateways with provider, key pairs by it, and no daemons
clean_fips()
{
	fresh
	gateways
	gw_dirs a b
	provider a
	provider b
	fips_pair a
	fips_pair b
}

# parser NS: process id of the one that has it loaded; fails if not exactly one has
parser()
{
	local pid=PID_$1 child found=()

	for child in $(pgrep -P "${!pid}") "${!pid}"; do
		! grep -q "$MODULES/fips.so" "/proc/$child/maps" || found+=("$child")
	done
	[ ${#found[@]} -eq 1 ] && echo "${found[0]}"
}

# Traffic, keys anew, an end, a death, an interface that is taken over
works()
{
	clean_fips
	public a "suite fips" "tokey 2" "$@"
	public b "suite fips" "tokey 2" "$@"
	start_fips a
	start_fips b
	link_up a b
	ping_all a 10.99.0.2 10
	has "/proc/$(parser a)/status" "^Seccomp:.2$"
	logged a rekeyed 15
	stop a
	is "exit status" $STATUS 0
	start_fips a
	logged a "link is up"
	wait_until 10 ping_all b 10.99.0.1 3 timeout 500
	stop b KILL
	start_fips b
	logged b "took over interface cipcb0, whose key is still in use" 15
	logged b "link is up: new key" 15
	ping_all a 10.99.0.2 5
	stop a
	stop b
	is "exit status" $STATUS 0
	down a b
}

# One end has the provider by the environment alone, the other none at all
other_ends()
{
	clean_fips
	public a "suite fips"
	public b "suite nist"
	alone gw a cipectl genkey --suite fips > /dev/null
	alone start a
	start b
	link_up a b
	ping_all a 10.99.0.2 5
	parser a > /dev/null
	stop b
	# The public key is that of the other suite, the private one is as good
	is "public key" "$(cipectl pubkey --suite nist < "$TMP/a/etc/privkey")" "$PUB_a"
	public b "suite fips"
	: > "$TMP/b/log"
	start b
	ended b
	is "exit status" $STATUS 78
	has "$TMP/b/log" "OpenSSL has no working FIPS provider here"
	fails gw b cipectl genkey --suite fips
	has "$TMP/error" "OpenSSL has no working FIPS provider here"
	stop a
}

# What the process with the keys cannot read is not there for it
unreadable()
{
	clean_fips
	public a "suite fips"
	chmod 600 "$TMP/a/etc/fips.so"
	OPENSSL_MODULES=$MODULES start a
	ended a
	is "exit status" $STATUS 78
	has "$TMP/a/log" "OpenSSL has no working FIPS provider here"
	start_fips a
	ended a
	is "exit status" $STATUS 71
	has "$TMP/a/log" "no random numbers: .*cannot be loaded"
	chmod 755 "$TMP/a/etc/fips.so"
	chmod 600 "$TMP/a/etc/openssl.cnf"
	: > "$TMP/a/log"
	start_fips a
	ended a
	is "exit status" $STATUS 78
	has "$TMP/a/log" "OpenSSL has no working FIPS provider here"
	down a
}

# hangup_of NS PATTERN: SIGHUP, and that line in the log
hangup_of()
{
	local pid=PID_$1

	kill -HUP "${!pid}"
	logged "$1" "$2" 10
}

# Alone: what changes comes by the same provider; the first of the suite cannot
hangup_alone()
{
	clean_fips
	public a "suite fips"
	public b "suite fips"
	start_fips a
	start_fips b
	link_up a b
	hangup_of a "1 links as before"
	ping_all a 10.99.0.2 3
	public a "suite fips" "key $PSK"
	public b "suite fips" "key $PSK"
	hangup_of a "0 links as before, 1 changed"
	hangup_of b "0 links as before, 1 changed"
	wait_until 20 times_are a "link is up" 2
	link_up a b
	ping_all a 10.99.0.2 3
	stop a
	public a "suite nist" "key $PSK"
	start_fips a
	link_up a
	public a "suite fips" "key $PSK"
	hangup_of a "the first link of suite fips: all links stay as they are; restart for it"
	ping_all a 10.99.0.2 3
	stop a
	start_fips a
	link_up a
	parser a > /dev/null
	ping_all a 10.99.0.2 3
	stop a
	stop b
	is "exit status" $STATUS 0
}

times_are()
{
	[ "$(times "$1" "$2")" = "$3" ]
}

# fips_link NS: the hub's link of suite fips, on the port of the others
fips_link()
{
	local ns=$1 peer=PUB_b ours=10.99.1.31 its=10.99.2.31

	[ "$ns" = a ] || peer=PUB_a ours=10.99.2.31 its=10.99.1.31
	(
		umask 077
		printf '%s\n' "suite fips" "ipaddr $ours" "ptpaddr $its" \
			"privkey /etc/cipe/privkey" "peerkey ${!peer}" \
			> "$TMP/$ns/etc/links.d/${ns}31.options"
	)
}

# hub_options: a and b with two links of other suites, and their provider
hub_options()
{
	local n

	PEERS=2
	clean_fips
	mkdir -p "$KEYS" "$TMP/a/etc/links.d" "$TMP/b/etc/links.d"
	chmod go-w "$TMP"/?/etc/links.d
	key_pair hub
	private a hub
	for n in 1 2; do
		link_options a $n
		link_options b $n
	done
	defaults a "me 192.0.2.1:6794"
	defaults b "me 192.0.2.2:6794" "peer 192.0.2.1:6794"
}

# A hub may come to have one at any time, and shares its port with it
hangup_hub()
{
	hub_options
	# With no provider but this one, there would be no other suites
	sed -i 's/^base = .*/&\ndefault = base_sect/' "$TMP"/?/etc/openssl.cnf
	start_fips b
	start_fips a
	all_up
	parser a > /dev/null
	fips_link a
	fips_link b
	hangup a " 2 links as before, 0 changed, 1 new, 0 gone"
	hangup b " 2 links as before, 0 changed, 1 new, 0 gone"
	all_up 3
	is "sockets" "$(sockets a)" 1
	ping_all a 10.99.1.31 3
	ping_all a 10.99.1.1 3
	ping_all a 10.99.1.2 3
	rm "$TMP/a/etc/links.d/a31.options"
	hangup a " 2 links as before, 0 changed, 0 new, 1 gone"
	fails ipn a link show dev a31
	ping_all a 10.99.1.1 3
	stop a
	stop b
}

# Without a provider it is that link that is left out
hub_without()
{
	hub_options
	start b
	start a
	all_up
	fips_link a
	hangup a " 1 new, 0 gone"
	logged a "^ciped: a31: error: suite fips: OpenSSL has no working FIPS provider here"
	logged a "link a31 is left out"
	ping_all a 10.99.1.1 3
	ping_all a 10.99.1.2 3
	stop a
	is "exit status" $STATUS 0
	stop b
}

it "IK: traffic, new keys, restart, adoption; behind the filter" works
it "IKpsk2, aes-128-gcm" works "cipher aes-128-gcm" "key $PSK"
it "OPENSSL_MODULES alone; suite nist as the peer; no provider: exit 78" other_ends
it "a provider or openssl.cnf that only root can read: the daemon does not start" unreadable
it "SIGHUP, one link: as before, changed, and not the first of the suite" hangup_alone
it "SIGHUP, a hub: its first link of suite fips, on the port of the others" hangup_hub
it "SIGHUP, a hub without provider: that link is left out" hub_without
run_tests
