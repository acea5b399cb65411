#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Whoever starts first, wherever the peer is: the ends find each other within
# seconds, and find each other again.

# shellcheck disable=SC2154 # PID_a and PID_b come from start, in lib-daemon.sh

. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/lib-daemon.sh"

now_ms()
{
	echo $(($(date +%s%N) / 1000000))
}

# within SECONDS COMMAND...: it succeeds in that time, a few times that when slow
within()
{
	local began

	began=$(now_ms)
	wait_until $(($1 * 2)) "${@:2}"
	at_most "milliseconds until $2" $(($(now_ms) - began)) \
		$(($1 * 500 * (CIPE_SLOW + 1))) && return
	tail -n 20 "$TMP/a/log" "$TMP/b/log" | sed 's/^/# /'
	return 1
}

reached()
{
	cipe-flow ping "$NS-$1" "$2" count 1 timeout 300 &&
		is_state "$1" up
}

both_reached()
{
	reached a 10.99.0.2 && reached b 10.99.0.1
}

at_once()
{
	local i

	fresh
	gateways
	gw_dirs a b
	sample a
	sample b
	for ((i = 0; i < $(scale 5 3); i++)); do
		start a
		start b
		within 6 both_reached
		ping_all a 10.99.0.2 3
		kill "$PID_a" "$PID_b"
		ended a
		is "exit status of a" $STATUS 0
		ended b
		is "exit status of b" $STATUS 0
		down a b
	done
}

restarted()
{
	local ns

	daemons
	for ns in a b; do
		stop $ns
		start $ns
		within 6 both_reached
	done
	# without a memory of the peer's time stamps
	stop a
	rm -f "$TMP"/a/lib/*
	start a
	within 6 both_reached
	# and killed, the interface deleted
	stop a KILL
	ipn a link del cipcb0
	start a
	within 6 both_reached
}

unreachable()
{
	fresh
	gateways
	gw_dirs a b
	sample a "tokxc 2"
	sample b
	# no route first, then nobody at the address, then nobody at the port
	ipn a link set wan down
	start a
	logged a "not reached: Network is unreachable" 10
	ipn a link set wan up
	ipn b link set wan down
	nap 2
	ipn b link set wan up
	logged a "not reached: Connection refused" 15
	logged a "no answer to the key exchange from 192.0.2.2:6794" 15
	alive a
	start b
	within 8 both_reached
}

learned()
{
	fresh
	gateways
	gw_dirs a b
	sample a "me 0.0.0.0:0" "ptpaddr 0.0.0.0"
	sample b "me 0.0.0.0:6794" "peer 0.0.0.0:0" "ptpaddr 0.0.0.0"
	start b
	wait_until 10 is_state b waiting
	is "b's peer" "$(show b peer)" null
	carrier_is b cipcb0 off
	like "addresses of b" "$(ipn b -4 -o addr show dev cipcb0)" "^\$"
	ping_none b 10.99.0.1
	start a
	within 6 link_up a b
	like "b's peer" "$(show b peer)" '^192.0.2.1:[1-9][0-9]*$'
	hasnt "$TMP/b/log" error
	logged b "the peer's address inside is 10.99.0.1"
	logged a "the peer's address inside is 10.99.0.2"
	like "address of b" "$(ipn b -4 -o addr show dev cipcb0)" \
		" 10.99.0.2 peer 10.99.0.1/32 "
	ping_all a 10.99.0.2 5
	ping_all b 10.99.0.1 5
	# a returns with another port and is found again
	stop a
	start a
	within 8 both_reached
	stop b
	is "exit status" $STATUS 0
	down b
}

# a behind the NAT of r, which forgets after two seconds
behind_nat()
{
	fresh
	gateways_routed
	on r nft -f - <<-'EOT'
	table ip nat {
		chain post {
			type nat hook postrouting priority 100;
			oifname "rb" udp dport 6794 masquerade to :20000-29999 random
		}
	}
	table ip filter {
		chain forward {
			type filter hook forward priority 0; policy accept;
			iifname "rb" ct state established accept
			iifname "rb" drop
		}
	}
	EOT
	on r sysctl -qw net.netfilter.nf_conntrack_udp_timeout=2 \
		net.netfilter.nf_conntrack_udp_timeout_stream=2
	gw_dirs a b
	sample a "me 0.0.0.0:6794" "peer 198.51.100.2:6794" "$@"
	sample b "me 198.51.100.2:6794" "peer 0.0.0.0:0" "$@"
	sed -i '/^ping\|^toping/d' "$TMP/b/etc/options"
	start b
	start a
	link_up a b
}

nat()
{
	behind_nat "ping 0.5" "toping 3" "tokey 2"
	like "b's peer" "$(show b peer)" '^198.51.100.254:2[0-9]*$'
	ping_all a 10.99.0.2 5
	# only keepalives, for longer than r remembers
	nap 6
	reached_now b 10.99.0.1
	is "times moved" "$(stat_of b cipcb0 roamed)" 0
	logged b "rekeyed"
	is_state a up
	# r loses its memory: other ports, and the way is open again
	on r nft flush chain ip nat post
	on r nft add rule ip nat post oifname rb udp dport 6794 \
		masquerade to :30000-39999 random
	ipn r link set rb down
	ipn r link set rb up
	wait_until 15 moved_to b '^198.51.100.254:3'
	logged b "the peer is at 198.51.100.254:3"
	within 6 both_reached
	ping_all b 10.99.0.1 5
}

# Both behind NATs that let nothing in, and forget soon: the first messages of both
# open the way, keepalives hold it open
nat_both()
{
	two_nats
	nats_closed 3
	gw_dirs a b
	sample a "me 10.1.0.2:6794" "peer 203.0.113.2:6794" "ping 0.5" "toping 5"
	sample b "me 10.2.0.2:6794" "peer 203.0.113.1:6794" "ping 0.5" "toping 5"
	start a
	start b
	wait_until 20 is_state a up
	link_up b
	ping_all a 10.99.0.2 5 timeout 5000
	nap 7
	reached_now b 10.99.0.1
	reached_now a 10.99.0.2
	is "b's peer" "$(show b peer)" 203.0.113.1:6794
	is "a's peer" "$(show a peer)" 203.0.113.2:6794
	hasnt "$TMP/a/log" error
	hasnt "$TMP/b/log" error
}

reached_now()
{
	ping_all "$1" "$2" 5 timeout 5000
}

moved_to()
{
	show "$1" peer | grep -q "$2"
}

# b has no toping: a asks by its own for the answers it needs
nat_without()
{
	behind_nat "ping 0"
	sed -i '/^toping/d' "$TMP/a/etc/options"
	stop a
	start a
	link_up a b
	ping_all a 10.99.0.2 3
	nap 4
	ping_none b 10.99.0.1
	ping_all a 10.99.0.2 3
	ping_all b 10.99.0.1 3
}

# The client gets another address in the middle of a transfer
address_changes()
{
	fresh
	gateways
	gw_dirs a b
	sample a "me 0.0.0.0:6794" "ping 0.5" "toping 5"
	sample b "peer 0.0.0.0:0" "ping 0.5"
	start b
	start a
	link_up a b
	for ns in a b; do
		on $ns tc qdisc add dev wan root tbf rate 12mbit burst 64k \
			latency 200ms
	done
	cipe-flow tcp "$NS-a" "$NS-b" 10.99.0.2 both bytes 6000000 \
		> "$TMP/flow" 2>&1 &
	FLOW=$!
	keep $FLOW
	nap 1.5
	kill -0 $FLOW
	# else the second address would go with the first
	on a sysctl -qw net.ipv4.conf.wan.promote_secondaries=1
	ipn a addr add 192.0.2.21/24 dev wan
	ipn a addr del 192.0.2.1/24 dev wan
	wait_until 5 moved_to b '^192.0.2.21:6794$'
	kill -0 $FLOW
	wait $FLOW || {
		say "$(cat "$TMP/flow")"
		return 1
	}
	logged b "the peer is at 192.0.2.21:6794"
	ping_all b 10.99.0.1 5
	# with keys from the new address
	stop b
	start b
	within 10 both_reached
	like "b's peer" "$(show b peer)" '^192.0.2.21:'
}

# The carrier is cut and mended
silence()
{
	daemons "ping 0.3" "toping 1" "tokxc 2"
	ipn b link set wan down
	logged a "the peer is silent: carrier off" 10
	wait_until 5 carrier_is a cipcb0 off
	is "state" "$(show a state)" "peer dead"
	nap 3
	ipn b link set wan up
	within 10 both_reached
	for ns in a b; do
		wait_until 5 carrier_is $ns cipcb0 on
		alive $ns
	done
	ping_all a 10.99.0.2 5
}

it "both start at once, again and again" at_once
it "either starts anew: seconds" restarted
it "no route, no host, no port, then the peer" unreachable
it "peer, its address inside and our port are learned" learned
it "NAT with random ports that forgets soon: keepalives hold it open" nat
it "NAT on both sides that lets nothing in: both begin, keepalives hold it open" nat_both
it "NAT without keepalives: the way in closes, and opens with the next packet" \
	nat_without
it "another address in the middle of a transfer" address_changes
it "silence: carrier off, a new key exchange, carrier on" silence
run_tests
