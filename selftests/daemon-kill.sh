#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# The daemon dies, or what it works on is taken from under it: packets pass as
# long as there are keys, nothing leaves in plain text, and a new daemon
# carries on.

. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/lib-daemon.sh"

MARKER=This-is-plain-text	# cipe-flow's
GAP=$(slower 2000 20000)		# microseconds between pings

# flood: pings both ways until flood_ends
flood()
{
	cipe-flow ping "$NS-a" 10.99.0.2 count 100000000 size 1000 gap $GAP \
		> "$TMP/flood.a" 2>&1 &
	FLOOD_A=$!
	cipe-flow ping "$NS-b" 10.99.0.1 count 100000000 size 1000 gap $GAP \
		> "$TMP/flood.b" 2>&1 &
	FLOOD_B=$!
	keep $FLOOD_A $FLOOD_B
}

# flood_ends: nothing was lost
flood_ends()
{
	local rc=0

	kill $FLOOD_A $FLOOD_B
	wait $FLOOD_A || rc=1
	wait $FLOOD_B || rc=1
	[ $rc -eq 0 ] && return
	say "pings of a: $(cat "$TMP/flood.a"), of b: $(cat "$TMP/flood.b")"
	return 1
}

# errors: counted at either end, but for messages of the peer's that came while
# no daemon was there to read them
errors()
{
	{ cli a errors cipcb0; cli b errors cipcb0; } | grep -v '^socket_control '
}

# only_carrier FILE: what a sniffer saw was UDP between the two, or ARP
only_carrier()
{
	hasnt "$1" MARKER
	hasnt "$1" "ip=4 .*proto=\([02-9]\|1\|1[0-689]\) "
	at_least "packets seen" "$(grep -c "proto=17 " "$1")" 10
}

dies_and_returns()
{
	local ns=$1 before

	daemons "ping 1" "toping 10"
	sniff a wan "$TMP/outer" marker $MARKER
	flood
	nap 1
	before=$(stat_of a cipcb0 tx_packets)
	stop "$ns" KILL
	is "exit status" $STATUS 137
	nap 2
	is "socket" "$(show "$ns" socket)" orphan
	is "state" "$(show "$ns" state)" up
	on "$ns" cipectl show > "$TMP/show"
	has "$TMP/show" '^cipcb0: up, daemon gone$'
	at_least "packets since" $(($(stat_of a cipcb0 tx_packets) - before)) 50
	start "$ns" device=cipcb0
	logged "$ns" "took over interface cipcb0, whose key is still in use" 15
	logged "$ns" "link is up: new key" 15
	is "socket" "$(show "$ns" socket)" user
	nap 2
	flood_ends
	only_carrier "$TMP/outer"
	is "errors" "$(errors)" ""
	stop a
	stop b
	down a b
}

# stall NS TYPE: messages of the key exchange of that type do not come to NS, and are
# counted: marker, version and type are behind the UDP header
stall()
{
	on "$1" nft -f - <<-EOT
	table inet stall {
		counter seen { }
		chain input {
			type filter hook input priority 0;
			udp dport 6794 @th,64,48 $2 counter name seen drop
		}
	}
	EOT
}

stalled()
{
	on "$1" nft list counter inet stall seen | grep -q 'packets [1-9]'
}

go_on()
{
	on "$1" nft delete table inet stall
}

has_next()
{
	[ "$(stat_of "$1" cipcb0 next.rx-id)" != - ]
}

# activated: how many keys are in use by now; whoever began the exchange, the other
# one's kernel tells
activated()
{
	cat "$TMP"/events.[ab] | grep -c '^key-active' || :
}

more_activated()
{
	[ "$(activated)" -gt "$1" ]
}

# dies_at STATE NS: a begins a key exchange, which gets to that state and no further:
# then NS dies
dies_at()
{
	local state=$1 who=$2 n

	stop a KILL
	n=$(activated)
	case $state in
	init) stall b 0x000000000101 ;;
	response) stall a 0x000000000102 ;;
	esac
	start a device=cipcb0
	case $state in
	init)
		wait_until 15 stalled b
		stop "$who" KILL
		go_on b
		;;
	response)
		wait_until 15 stalled a
		has_next b
		stop "$who" KILL
		go_on a
		;;
	active)
		wait_until 15 more_activated "$n"
		stop "$who" KILL
		;;
	esac
	say "$who died in state $state"
	# It begins an exchange as it starts; the next story waits for its end
	n=$(activated)
	start "$who" device=cipcb0
	wait_until 15 more_activated "$n"
	link_up a b
}

# In each state of a key exchange that can be seen: INIT was sent; RESPONSE was sent,
# and its sender has the next key; the key is in use
dies_often()
{
	local state

	daemons "ping 1" "toping 10"
	monitor a "$TMP/events.a"
	monitor b "$TMP/events.b"
	flood
	for state in init response active; do
		dies_at $state a
		dies_at $state b
	done
	logged a "link is up"
	flood_ends
	is "errors" "$(errors)" ""
}

key_is_gone()
{
	[ "$(show "$1" cipher)" = null ]
}

dies_for_good()
{
	daemons "tokey 1" "tokxc 1"
	ping_all a 10.99.0.2 3
	stop a KILL
	# a key's life is 2 * tokey + 2 * tokxc
	ping_all a 10.99.0.2 3
	wait_until 10 key_is_gone a
	wait_until 5 carrier_is a cipcb0 off
	wait_until 10 carrier_is b cipcb0 off
	logged b "ended without a new one: nothing is sent" 10
	sniff a wan "$TMP/outer" out marker $MARKER
	fails cipe-flow ping "$NS-a" 10.99.0.2 count 5 timeout 200 size 1000
	fails cipe-flow ping "$NS-b" 10.99.0.1 count 5 timeout 200 size 1000
	on a ip route replace 10.2.0.0/24 dev cipcb0 2> /dev/null || :
	fails on a ping -qn -c 2 -W 1 10.2.0.1
	settle
	hasnt "$TMP/outer" "ip=4 "
	hasnt "$TMP/outer" MARKER
	# and a new one makes it work again
	start a device=cipcb0
	logged a "took over interface cipcb0, which has no key" 15
	link_up a b
	ping_all b 10.99.0.1 5
	stop a
	down a
}

deleted()
{
	daemons
	ipn a link del cipcb0
	ended a
	is "exit status" $STATUS 75
	has "$TMP/a/log" "interface cipcb0 was deleted by someone else"
	down a
	alive b
	# a new one starts as if nothing had been
	start a
	link_up a
	wait_until 10 ping_all a 10.99.0.2 3 timeout 500
}

# To another namespace, as to that of a container: carrier here, inside there
moved()
{
	local n

	daemons "tokey 1"
	add_ns c
	ipn a link set cipcb0 netns $NS-c
	up c cipcb0 10.99.0.1/24
	wait_until 5 ping_all c 10.99.0.2 1 timeout 500
	n=$(times a rekeyed)
	ping_all c 10.99.0.2 50 gap 100000
	at_least "keys since" $(($(times a rekeyed) - n)) 2
	alive a
	stop a
	is "exit status" $STATUS 0
	logged a "in another network namespace: delete it there. Its keys are retired"
	fails cipe-flow ping "$NS-c" 10.99.0.2 count 3 timeout 200
	ipn c link del cipcb0
}

device_gone()
{
	fails ipn "$1" link show dev "$2"
}

# The name of the namespace goes, the daemon lives in it; when it dies, the
# namespace dies, whatever the kernel kept of its socket
namespace_gone()
{
	daemons "ping 1"
	ip netns del $NS-a
	ping_all b 10.99.0.1 10
	alive a
	stop a KILL
	wait_until 20 device_gone b wan
	alive b
	stop b
	is "exit status of b" $STATUS 0
	down b
}

# The last one in the namespace ends orderly
namespace_gone_term()
{
	daemons
	ip netns del $NS-a
	stop a
	is "exit status" $STATUS 0
	wait_until 20 device_gone b wan
	stop b
}

network_errors()
{
	local n

	fresh
	gateways
	gw_dirs a b
	for n in 0 2; do
		: > "$TMP/a/log"
		sample a "maxerr $n"
		start a
		ended a
		is "exit status, maxerr $n" $STATUS 74
		has "$TMP/a/log" "more network errors than maxerr allows ($n)"
		is "errors" "$(times a "192.0.2.2:6794 is not reached: Connection refused")" \
			$((n + 1))
		down a
	done
	sample a "maxerr -1"
	start a
	logged a "(4, maxerr -1)" 15
	alive a
	sample b
	start b
	link_up a b
	# a new start for the count
	stop b
	stop a
	is "exit status" $STATUS 0
}

for ns in a b; do
	it "$ns killed under flood ping: all pass, a new daemon takes over" \
		dies_and_returns $ns
done
it "killed in each state of a key exchange: not one ping lost" dies_often
it "killed for good: keys expire, carrier off, nothing leaves" dies_for_good
it "the interface deleted: exit 75, a new daemon starts afresh" deleted
it "the interface moved to another namespace" moved
it "the namespace deleted, then the daemon killed" namespace_gone
it "the namespace deleted, then the daemon told to end" namespace_gone_term
it "maxerr: exit 74 after so many network errors" network_errors
run_tests
