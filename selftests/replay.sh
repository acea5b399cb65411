#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# The replay window: packets with counters in chosen orders, each accepted
# once and only while the window reaches back to it.

. "$(dirname "$0")/lib.sh"

A=192.0.2.1:4000
B=192.0.2.2:4000
W=8192			# CIPE_WIRE_REPLAY_WINDOW
TOP=4294967294		# 2^32 - 2, the last counter

# order COUNTERS ACCEPTED REPLAYED [and so on]: under a new key
order()
{
	local accepted replayed

	[ -e "/run/netns/$NS-a" ] || {
		gateways
		on a sysctl -qw net.ipv6.conf.default.disable_ipv6=1
		link a cipe0 ip $A $B
		ipn a link set cipe0 up
	}
	cli a keydel cipe0
	set_key a cipe0 1
	while [ $# -gt 0 ]; do
		accepted=${2:+rx_keepalive $2}
		replayed=${3:+rx_replay $3}
		causes a "$accepted${2:+${3:+ }}$replayed" \
			pkt b send to $A from $B \
			txkey "$(key_of b 1)" counters "$1" empty
		shift 3
	done
	is "other errors" "$(cli a errors cipe0 | grep -v '^rx_replay')" ""
}

half=$((W / 2))
it "in order" order 0-99 100 ""
it "the same again" order 0-9 10 "" 0-9 "" 10
it "each twice" order 0,0,1,1,2,2,3,3 4 4
it "backwards" order 99-0 100 ""
it "backwards, then forwards again" order 63-0 64 "" 0-63 "" 64
it "every second, then those between" \
	order 0,2,4,6,8,10 6 "" 1,3,5,7,9,11 6 "" 0-11 "" 12
it "a gap that is filled later" order 0-9,20-29 20 "" 10-19 10 "" 0-29 "" 30
it "across words of 64 bits" order 63,64,127,128,191,192 6 "" \
	62,65,126,129,190,193 6 "" 62-65,126-129,190-193 "" 12
it "oldest in the window: newest less $((W - 1))" \
	order $W 1 "" 1 1 "" 1 "" 1
it "first outside the window" order $((W + 1)) 1 "" 0 "" 1 2 1 ""
it "outside by far" order 100000 1 "" 0-9 "" 10
it "the window filled whole, backwards" order \
	"$((W - 1))-0" $W "" "0,$half,$((W - 1))" "" 3
it "the window moves by one: one falls out" order \
	"2-$W" $((W - 1)) "" $((W + 1)) 1 "" 1 "" 1
it "the window moves by its size: nothing old is left" order \
	0-9 10 "" $((2 * W)) 1 "" 0-9 "" 10 "$((W + 1)),$((2 * W - 1))" 2 ""
it "a jump by whole rings of bits does not bring back old ones" order \
	0,65 2 "" $((2 * (W + 64))) 1 "" \
	"$((W + 129)),$((2 * (W + 64) - 1))" 2 "" 0,65 "" 2
it "far jump" order 0 1 "" 2147483648 1 "" 2147483647 1 "" 0,1 "" 2
it "the last counter, 2^32 - 2, and the window below it" order \
	$TOP 1 "" $TOP "" 1 $((TOP - W + 1)) 1 "" $((TOP - W - 1)) "" 1
it "no counter wraps: 0 after the last is old" order \
	$((TOP - 1)),$TOP 2 "" 0-9 "" 10
run_tests
