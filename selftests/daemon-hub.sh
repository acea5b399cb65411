#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# A hub: one daemon, many links on one port.

# shellcheck disable=SC2154 # PID_a and PID_b come from start, in lib-daemon.sh

. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/lib-daemon.sh"
. "$(dirname "$0")/lib-hub.sh"

MANY=$(scale 20 8)

many()
{
	local n

	hub "$MANY"
	is "sockets of the hub" "$(sockets a)" 1
	is "sockets of the peers" "$(sockets b)" 1
	is "links shown" "$(on a cipectl show | grep -c '^a[0-9]*: ')" "$PEERS"
	is "process id" "$(cat "$TMP/a/run/ciped.pid")" "$(cat "$TMP/a/run/a1.pid")"
	for n in $(seq "$PEERS"); do
		ping_all a "10.99.1.$n" 3
		at_least "packets of a$n" "$(stat_of a "a$n" rx_packets)" 3
		has "$TMP/a/log" "^ciped: a$n: link is up"
	done
	ping_all b 10.99.2.2 3
	stop a
	is "exit status" $STATUS 0
	for n in $(seq "$PEERS"); do
		DEVICE=a$n down a
	done
	has "$TMP/a/log" "$PEERS interfaces deleted at once"
	is "links down" "$(times a "link is down")" "$PEERS"
	hasnt "$TMP/a/log" "error:"
	[ ! -e "$TMP/a/run/ciped.pid" ]
	# the peers find it again
	start a
	all_up
}

twice()
{
	[ "$(times "$1" "$2")" -eq 2 ]
}

dies()
{
	hub
	flood 1
	nap 0.5
	stop a KILL
	nap 1
	# also links that were not there before, and want the same port
	link_options a 0
	rm "$TMP/a/etc/links.d/a2.options"
	start a
	logged a "took over UDP address 192.0.2.1:6794" 15
	is "ports taken over" "$(times a "took over UDP address")" 1
	wait_until 20 twice a "^ciped: a1: link is up"
	hasnt "$TMP/a/log" "cannot use UDP"
	is "sockets" "$(sockets a)" 1
	nap 1
	flood_ends
	ipn a link show dev a0 > "$TMP/a0"
}

# Whoever has one peer's keys is that peer and no other
strangers()
{
	hub
	# a private key that nobody knows, where many are known
	private b stranger
	sed -i 's/^privkey .*/privkey \/etc\/cipe\/stranger/' "$TMP/b/etc/links.d/b2.options"
	# the right public keys, and another's secret beside them
	sed -i "s/^key .*/key $PSK/" "$TMP/b/etc/links.d/b4.options"
	stop a
	hangup b " 2 changed, 0 new, 0 gone"
	start a
	wait_until 20 up_are a $((PEERS - 2))
	logged a "key exchange from 192.0.2.2:6794 not accepted: of another public key" 20
	logged b "^ciped: b4: .*not authenticated" 20
	is "a2" "$(show a state a2)" waiting
	up_are a $((PEERS - 2))
	ping_all a 10.99.1.1 3
	fails cipe-flow ping "$NS-a" 10.99.1.2 count 2 timeout 300
	fails cipe-flow ping "$NS-a" 10.99.1.4 count 2 timeout 300
	# two links that messages could not tell apart
	sed "s/^device.*//; s/^ipaddr .*/ipaddr 10.99.2.77/" "$TMP/a/etc/links.d/a1.options" \
		> "$TMP/twin"
	(umask 077 && cat "$TMP/twin" > "$TMP/a/etc/links.d/twin.options")
	hangup a " 1 new, 0 gone"
	logged a "another link has the same keys at the same address"
	logged a "link twin is left out"
	fails ipn a link show dev twin
	ping_all a 10.99.1.1 3
}

# /etc/cipe/options has a link as ever, and others come beside it
beside_one()
{
	daemons
	flood_one
	mkdir -p "$TMP/a/etc/links.d" "$KEYS"
	chmod go-w "$TMP/a/etc/links.d"
	printf '%s\n' "key $(cipectl genkey)" "ipaddr 10.99.3.1" "ptpaddr 10.99.3.2" \
		> "$TMP/a/etc/links.d/more0.options"
	chmod 600 "$TMP/a/etc/links.d/more0.options"
	hangup a "options read again: 1 links as before, 0 changed, 1 new, 0 gone"
	wait_until 5 is_state a waiting more0
	is "sockets" "$(sockets a)" 1
	flood_ends
	# the peer that the command line names is the only link
	stop a
	start a device=cipcb0
	link_up a
	fails ipn a link show dev more0
}

flood_one()
{
	cipe-flow ping "$NS-a" 10.99.0.2 count 100000000 size 1000 gap $GAP > "$TMP/flood" 2>&1 &
	FLOOD=$!
	keep $FLOOD
}

it "$MANY links on one port, shared secrets and public keys" many
it "the hub is killed and carries on, and so do all links" dies
it "a peer's keys are of use for its own link only" strangers
it "beside the link of /etc/cipe/options" beside_one
run_tests
