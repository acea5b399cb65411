#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Starts and ends of the daemon at awkward moments: killed, and started again
# without a word about the interface; told to end before it has begun.

. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/lib-daemon.sh"

# Neither is told which interface to use
finds_its_own()
{
	local ns=$1

	daemons "ping 1" "toping 10"
	ping_all a 10.99.0.2 5
	stop "$ns" KILL
	: > "$TMP/$ns/log"
	start "$ns"
	logged "$ns" "took over interface cipcb0, whose key is still in use" 15
	fails ipn "$ns" link show dev cipcb1
	logged "$ns" "link is up: new key" 15
	ping_all a 10.99.0.2 5
	is "socket" "$(show "$ns" socket)" user
	stop a
	stop b
	down a b
}

# Its interface goes by another name by now
finds_it_renamed()
{
	daemons
	stop a KILL
	ipn a link set cipcb0 down
	ipn a link set cipcb0 name branch
	start a
	logged a "took over interface branch, whose key is still in use" 15
	link_up b
	ping_all b 10.99.0.1 5
	stop a
	fails ipn a link show dev branch
	stop b
}

# Another key, another link: nothing is taken over, and no key is used
not_of_others()
{
	daemons
	stop a KILL
	sample a "key $(cipectl genkey)" "me 192.0.2.1:6799"
	: > "$TMP/a/log"
	start a
	logged a "no answer to the key exchange" 15
	hasnt "$TMP/a/log" "took over"
	is "state" "$(show a state cipcb1)" "no key"
	stop a
	DEVICE=cipcb1 down a
	# Told to use that very interface, it takes it without its keys
	: > "$TMP/a/log"
	start a device=cipcb0
	logged a "keys in use were not agreed on with this peer: retired" 15
	is "state" "$(show a state)" "no key"
	stop a
	stop b
	down a b
}

# name ADDRESS: what the name of b stands for; nothing without an address
name()
{
	hosts a ${1:+"$1 gw-b.example"}
}

# peer_by_name [LINE]: the peer has a name: without an address at first, of another one
# later. LINE is a's own address; without it there is no interface before the peer's is
# known, as nobody knows the family of the socket
peer_by_name()
{
	fresh
	gateways
	gw_dirs a b
	name ""
	sample a "peer gw-b.example:6794" "ping 1" "toping 3" "$@"
	[ $# -gt 0 ] || sed -i '/^me /d' "$TMP/a/etc/options"
	sample b "peer 0.0.0.0:0"
	start b
	start a
	logged a "cannot resolve gw-b.example: .*; trying again" 20
	if [ $# -gt 0 ]; then
		ipn a link show dev cipcb0 > /dev/null
	else
		wait_until 20 times_least a "cannot resolve gw-b.example: .*; trying again" 2
		fails ipn a link show dev cipcb0
	fi
	name 192.0.2.2
	[ $# -eq 0 ] || logged a "gw-b.example is 192.0.2.2:6794 now" 40
	logged a "link is up" 40
	link_up b
	ping_all a 10.99.0.2 3
	# b moves while nobody can tell a but its name
	stop b
	on b ip addr add 192.0.2.22/24 dev wan
	name 192.0.2.22
	sample b "peer 0.0.0.0:0" "me 192.0.2.22:6794"
	start b
	logged a "gw-b.example is 192.0.2.22:6794 now" 60
	link_up a b
	wait_until 20 ping_all a 10.99.0.2 3 timeout 500
	stop a
	stop b
}

times_least()
{
	[ "$(times "$1" "$2")" -ge "$3" ]
}

# It is told to end, or to be another link, while it waits for the peer's address
ends_while_waiting()
{
	fresh
	gateways
	gw_dirs a b
	name ""
	sample a "peer gw-b.example:6794"
	sed -i '/^me /d' "$TMP/a/etc/options"
	start a
	logged a "cannot resolve gw-b.example: .*; trying again" 20
	stop a
	is "exit status" $STATUS 0
	down a
	: > "$TMP/a/log"
	start a
	logged a "cannot resolve gw-b.example: .*; trying again" 20
	sample a
	sample b
	kill -HUP "$PID_a"
	logged a "0 links as before, 1 changed" 10
	start b
	link_up a b
	ping_all a 10.99.0.2 3
	stop a
	stop b
	down a b
}

# A name server that is not there, for a minute: the link lives meanwhile
name_server_silent()
{
	fresh
	gateways
	gw_dirs a b
	sample a "peer gw-b.example:6794"
	sample b
	name ""
	# Nobody has that address, and nobody says so
	ips a "neigh add 192.0.2.99 lladdr 02:00:00:00:00:99 nud permanent dev wan"
	[ -e /etc/resolv.conf ] || touch /etc/resolv.conf
	echo "nameserver 192.0.2.99
		options timeout:30 attempts:2" > "$TMP/a/resolv.conf"
	# shellcheck disable=SC2016 # the words of that shell
	(gw_exec a sh -c 'mount --bind "$0" /etc/resolv.conf && exec ciped debug' \
		"$TMP/a/resolv.conf") >> "$TMP/a/log" 2>&1 &
	PID_a=$!
	keep $PID_a
	wait_until 10 is_state a waiting
	start b
	link_up a b
	ping_all a 10.99.0.2 3
	hasnt "$TMP/a/log" "cannot resolve"
	hasnt "$TMP/a/log" "gw-b.example is"
	stop a
	is "exit status" $STATUS 0
	hasnt "$TMP/a/log" "cannot resolve"
	down a
	stop b
}

# No peer in the options of one, no address of its own in those of the other
no_peer()
{
	fresh
	gateways
	gw_dirs a b
	sample a
	sample b
	sed -i '/^me /d' "$TMP/a/etc/options"
	sed -i '/^peer /d' "$TMP/b/etc/options"
	start b
	start a
	link_up a b
	ping_all b 10.99.0.1 3
	like "b's peer" "$(show b peer)" '^192.0.2.1:[1-9][0-9]*$'
	stop a
	stop b
}

ended_soon()
{
	! alive a
}

# SIGTERM at any moment of the start: nothing stays behind
ends_while_starting()
{
	local i

	fresh
	gateways
	gw_dirs a b
	sample a
	for ((i = 0; i < $(scale 30 10); i++)); do
		start a
		nap "0.$(printf %02d $((i * 7 % 60)))"
		# shellcheck disable=SC2154 # start sets it
		kill -TERM "$PID_a" 2> /dev/null || :
		wait_until 15 ended_soon
		fails ipn a link show dev cipcb0
		[ ! -e "$TMP/a/run/cipcb0.pid" ]
	done
	hasnt "$TMP/a/log" '^ciped: \(cipcb0: \)\?error:'
}

for ns in a b; do
	it "$ns killed, started anew without device: it finds its interface" finds_its_own $ns
done
it "the interface was renamed meanwhile" finds_it_renamed
it "a daemon of another key leaves it alone, or takes it without its keys" not_of_others
it "the peer by name: not known at first, of another address later" \
	peer_by_name "me 192.0.2.1:6794"
it "the peer by name, and no address of our own: the same" peer_by_name
it "told to end, and to be another link, while it waits for the peer's name" \
	ends_while_waiting
it "a name server that does not answer: the peer is answered all the same" \
	name_server_silent
it "no peer in the options: it is learned; no me: any port" no_peer
it "told to end while it starts: nothing stays behind" ends_while_starting
run_tests
