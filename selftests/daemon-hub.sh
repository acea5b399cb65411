#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# A hub: one daemon, many links on one port. Links come, go and change while
# others carry packets.

# shellcheck disable=SC2154 # PID_a and PID_b come from start, in lib-daemon.sh

. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/lib-daemon.sh"

MANY=$(scale 20 8)
PEERS=8
GAP=$(scale 2000 20000)		# microseconds between pings
KEYS=$TMP/keys			# NAME, NAME.pub

# The key pair of NAME is there
key_pair()
{
	[ -e "$KEYS/$1" ] && return
	(umask 077 && cipectl genkey > "$KEYS/$1")
	cipectl pubkey < "$KEYS/$1" > "$KEYS/$1.pub"
}

# private NS NAME: the gateway has the private key
private()
{
	key_pair "$2"
	cp "$KEYS/$2" "$TMP/$1/etc/$2"
	chmod 600 "$TMP/$1/etc/$2"
}

# link_options NS N [LINE...]: a link of the hub a, or its other end at b. Odd
# ones have a shared secret, even ones public keys, every fourth both
link_options()
{
	local ns=$1 n=$2 keys=() psk peer=a$2 ours=10.99.1.$2 its=10.99.2.$2

	shift 2
	[ "$ns" = b ] || { peer=b$n ours=10.99.2.$n its=10.99.1.$n; }
	printf -v psk '%032x%032x' "$((n + 1000))" "$((n * 7919))"
	if [ $((n % 2)) -eq 0 ]; then
		# the hub has one for all its links
		[ "$ns" = b ] && private b "b$n" || key_pair "b$n"
		keys+=("peerkey $(cat "$KEYS/${peer/a*/hub}.pub")")
		[ "$ns" = a ] || keys+=("privkey /etc/cipe/b$n")
		[ "$ns" = b ] || keys+=("privkey /etc/cipe/hub")
	fi
	[ $((n % 4)) -eq 2 ] || keys+=("key $psk")
	(
		umask 077
		printf '%s\n' "ipaddr $ours" "ptpaddr $its" "${keys[@]}" "$@" \
			> "$TMP/$ns/etc/links.d/$ns$n.options"
	)
}

# hub [PEERS]: a and b, with a link for each of PEERS, all on one port of each
hub()
{
	local n

	PEERS=${1:-8}
	fresh
	gateways
	gw_dirs a b
	mkdir -p "$KEYS" "$TMP/a/etc/links.d" "$TMP/b/etc/links.d"
	chmod go-w "$TMP"/?/etc/links.d
	key_pair hub
	private a hub
	for n in $(seq "$PEERS"); do
		link_options a "$n"
		link_options b "$n"
	done
	defaults a "me 192.0.2.1:6794"
	defaults b "me 192.0.2.2:6794" "peer 192.0.2.1:6794"
	start b
	start a
	all_up
}

# defaults NS LINE...: what all links have
defaults()
{
	local file=$TMP/$1/etc/options

	shift
	(umask 077 && printf '%s\n' "cttl 64" "ping 1" "toping 6" "maxerr -1" "$@" > "$file")
}

# count_up NS: how many links are up
count_up()
{
	on "$1" cipectl show | grep -c '^[ab][0-9]*: up$' || :
}

up_are()
{
	[ "$(count_up "$1")" = "$2" ]
}

all_up()
{
	local ns

	for ns in a b; do
		wait_until 20 up_are $ns "${1:-$PEERS}" && continue
		say "up in $ns: $(count_up $ns)"
		tail -n 20 "$TMP/$ns/log" | sed "s/^/# $ns: /"
		return 1
	done
}

sockets()
{
	on "$1" ss -Hlun "sport = :6794" | grep -c .
}

# hangup NS [PATTERN]: SIGHUP, and a line about it in the log
hangup()
{
	local pid=PID_$1 before

	before=$(times "$1" "options read again\|options with faults: all")
	kill -HUP "${!pid}"
	wait_until 10 more_lines "$1" "$before"
	[ -z "${2-}" ] || logged "$1" "$2"
}

more_lines()
{
	[ "$(times "$1" "options read again\|options with faults: all")" -gt "$2" ]
}

# flood N: pings over link N until flood_ends
flood()
{
	cipe-flow ping "$NS-a" "10.99.1.$1" count 100000000 size 1000 gap $GAP \
		> "$TMP/flood" 2>&1 &
	FLOOD=$!
	keep $FLOOD
}

flood_ends()
{
	kill $FLOOD
	wait $FLOOD && return
	say "pings: $(cat "$TMP/flood")"
	return 1
}

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
	[ ! -e "$TMP/a/run/ciped.pid" ]
	# the peers find it again
	start a
	all_up
}

reloaded()
{
	local before ids

	hub
	ids=$(show a link_id a1)
	like "number of a1" "$ids" "^[0-9]+$"
	flood 1
	nap 0.5
	before=$(times a "^ciped: a1: ")
	rm "$TMP/a/etc/links.d/a2.options"
	link_options a 3 "tokey 500"
	link_options a 31
	link_options b 31
	hangup a "options read again: $((PEERS - 2)) links as before, 1 changed, 1 new, 1 gone"
	hangup b "options read again: $PEERS links as before, 0 changed, 1 new, 0 gone"
	logged a "^ciped: a2: link is down"
	logged a "^ciped: a31: link is up" 20
	wait_until 20 up_are a "$PEERS"
	fails ipn a link show dev a2
	ping_all a 10.99.1.31 3
	ping_all a 10.99.1.3 3
	fails cipe-flow ping "$NS-a" 10.99.1.2 count 2 timeout 300
	# and nothing at all
	hangup a "options read again: $PEERS links as before, 0 changed, 0 new, 0 gone"
	nap 1
	flood_ends
	is "lines about a1 since" "$(times a "^ciped: a1: ")" "$before"
	is "a1's number" "$(show a link_id a1)" "$ids"
	is "sockets" "$(sockets a)" 1
	# back again
	link_options a 2
	hangup a " 1 new, 0 gone"
	all_up $((PEERS + 1))
}

# The device of a link that goes is that of one that comes
renamed()
{
	hub
	mv "$TMP/a/etc/links.d/a1.options" "$TMP/a/etc/links.d/other.options"
	echo "device a1" >> "$TMP/a/etc/links.d/other.options"
	hangup a " 0 changed, 1 new, 1 gone"
	wait_until 10 grep -q "^ciped: a1: link is down" "$TMP/a/log"
	wait_until 20 up_are a "$PEERS"
	ping_all a 10.99.1.1 3
}

faults()
{
	hub
	flood 1
	echo "nonsense 1" >> "$TMP/a/etc/links.d/a1.options"
	rm "$TMP/a/etc/links.d/a2.options"
	hangup a "options read again: $((PEERS - 2)) links as before, 0 changed, 0 new, 1 gone"
	logged a "links.d/a1.options:[0-9]*: found \"nonsense\""
	logged a "a1: options with faults: the link stays as it is"
	echo "nonsense 1" >> "$TMP/a/etc/options"
	rm "$TMP/a/etc/links.d/a3.options"
	hangup a "options with faults: all links stay as they are"
	nap 1
	flood_ends
	ping_all a 10.99.1.3 3
	stop a
	# at the start nothing is touched while there is a fault
	sed -i '/nonsense/d' "$TMP/a/etc/options"
	start a
	ended a
	is "exit status" $STATUS 78
	has "$TMP/a/log" 'links.d/a1.options:[0-9]*: found "nonsense"'
	fails ipn a link show dev a4
	# nor is a second daemon for the same links started
	sed -i '/nonsense/d' "$TMP/a/etc/links.d/a1.options"
	start a
	wait_until 20 up_are a $((PEERS - 2))
	fails gw a ciped debug
	has "$TMP/error" "are run by process $PID_a already"
}

twice()
{
	[ "$(times "$1" "$2")" -eq 2 ]
}

# One link's end is not the others'
one_ends()
{
	hub
	flood 2
	ipn a link del a1
	logged a "^ciped: a1: error: interface a1 was deleted by someone else" 10
	nap 1
	alive a
	hangup a "options read again: $((PEERS - 1)) links as before, 0 changed, 1 new, 0 gone"
	all_up
	flood_ends
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
it "SIGHUP adds, removes and changes links; others lose nothing" reloaded
it "SIGHUP: a link takes over the device of another" renamed
it "faulty options: at SIGHUP links stay, at the start none comes" faults
it "a deleted interface ends one link, and SIGHUP brings it back" one_ends
it "the hub is killed and carries on, and so do all links" dies
it "a peer's keys are of use for its own link only" strangers
it "beside the link of /etc/cipe/options" beside_one
run_tests
