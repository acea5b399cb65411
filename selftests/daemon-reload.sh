#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# SIGHUP: links of a hub come, go and change while others carry packets.

# shellcheck disable=SC2154 # PID_a and PID_b come from start, in lib-daemon.sh

. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/lib-daemon.sh"
. "$(dirname "$0")/lib-hub.sh"

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

# in_order FILE FIRST THEN: both are in it, or only FIRST, and in this order
in_order()
{
	local first then

	first=$(grep -n -m 1 -e "$2" "$1" | cut -d: -f1)
	then=$(grep -n -m 1 -e "$3" "$1" | cut -d: -f1)
	[ -n "$first" ] && [ "$first" -lt "${then:-1000000}" ]
}

# nameless LINE...: the hub's link to a peer by name, which is not known until
# /etc/hosts has it; with no address of its own, as those of the others are
nameless()
{
	link_options a 31 "peer gw-b.example:6794" "$@"
}

# Nobody waits for it, and it waits for nobody
name_unknown()
{
	local n

	hub 2
	stop a
	for n in 1 2; do
		link_options a $n "me 192.0.2.1:6794"
	done
	defaults a
	hosts a
	nameless
	link_options b 31 "peer 0.0.0.0:0"
	hangup b " 1 new, 0 gone"
	: > "$TMP/a/log"
	start a
	logged a "^ciped: a31: warning: cannot resolve gw-b.example: .*; trying again" 20
	logged a "2 links are set up"
	all_up 2
	flood 1
	hangup a "3 links as before, 0 changed, 0 new, 0 gone"
	nameless "tokey 500"
	hangup a "2 links as before, 1 changed, 0 new, 0 gone"
	rm "$TMP/a/etc/links.d/a31.options"
	hangup a "2 links as before, 0 changed, 0 new, 1 gone"
	nameless
	: > "$TMP/a/log"
	hangup a "2 links as before, 0 changed, 1 new, 0 gone"
	logged a "cannot resolve gw-b.example: .*; trying again" 20
	fails ipn a link show dev a31
	hosts a "192.0.2.2 gw-b.example"
	all_up 3
	flood_ends
	ping_all a 10.99.1.31 3
	hangup a "3 links as before, 0 changed, 0 new, 0 gone"
	stop a
	is "exit status" $STATUS 0
}

# Names of new links are looked up at a server that is not there: all others are
# served meanwhile, and the daemon can be ended
silent_server()
{
	hub
	stop a
	[ -e /etc/resolv.conf ] || touch /etc/resolv.conf
	echo "nameserver 192.0.2.99
		options timeout:30 attempts:2" > "$TMP/a/resolv.conf"
	: > "$TMP/a/log"
	# shellcheck disable=SC2016 # the words of that shell
	(gw_exec a sh -c 'mount --bind "$0" /etc/resolv.conf && exec ciped debug' \
		"$TMP/a/resolv.conf") >> "$TMP/a/log" 2>&1 &
	PID_a=$!
	keep $PID_a
	all_up
	link_options a 31 "me hub.example:6795"
	hangup a " 1 new, 0 gone"
	ipn a link del a1
	logged a "^ciped: a1: error: interface a1 was deleted by someone else" 10
	in_order "$TMP/a/log" "interface a1 was deleted" "link a31 is left out"
	# and an address inside, which the options are not complete without
	sed -i 's/^ipaddr .*/ipaddr inside.example/' "$TMP/a/etc/links.d/a31.options"
	kill -HUP "$PID_a"
	ipn a link del a2
	logged a "^ciped: a2: error: interface a2 was deleted by someone else" 10
	ping_all a 10.99.1.3 3
	stop a
	is "exit status" $STATUS 0
	fails ipn a link show dev a3
}

it "SIGHUP adds, removes and changes links; others lose nothing" reloaded
it "SIGHUP: a link takes over the device of another" renamed
it "faulty options: at SIGHUP links stay, at the start none comes" faults
it "a peer whose name has no address: others do without it, and it comes later" name_unknown
it "SIGHUP: name servers that do not answer hold nothing up" silent_server
it "a deleted interface ends one link, and SIGHUP brings it back" one_ends
run_tests
