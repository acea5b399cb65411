#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Received packets wait for the stack in a queue, from which short ones go up
# past GRO: none of a flow overtakes another, whatever GRO holds, whoever polls.

. "$(dirname "$0")/lib.sh"

BYTES=$(scale 4000000 300000)

# setting NAME VALUE: of the device, at both ends
setting()
{
	local ns

	for ns in a b; do
		on_sys $ns sh -c 'echo "$1" > "/sys/class/net/cipe0/$0"' "$1" "$2"
	done
}

# mixed [cipe-flow's arguments]: short and long datagrams, in turn, both ways
mixed()
{
	udp a b 10.9.0.2 mixed size 1300 "$@"
	udp b a fd09::1 mixed size 1300 "$@"
}

in_order()
{
	fresh
	gateways
	link_pair "$@"
	mixed
	mixed join
	no_errors a b
}

# held: GRO keeps what came last for so many ns, to join others to it
held()
{
	fresh
	gateways
	link_pair
	setting gro_flush_timeout 20000000
	mixed join
	say "the receiver: $(cat "$TMP/flow")"
	has "$TMP/flow" 'joined [1-9]'
	tcp a b 10.9.0.2 bytes "$BYTES"
	no_errors a b
}

thread()
{
	fresh
	gateways
	link_pair
	setting threaded 1
	mixed
	mixed join
	tcp a b 10.9.0.2 bytes "$BYTES"
	tcp b a fd09::1 bytes "$BYTES"
	setting threaded 0
	mixed
	no_errors a b
}

# While packets pass. GRO holds none: one that it held when it is switched off would be
# overtaken, as with any device
switched()
{
	local flow i

	fresh
	gateways
	link_pair
	cipe-flow udp "$NS-a" "$NS-b" 10.9.0.2 mixed size 1300 gap 100 \
		count "$(scale 10000 1000)" > "$TMP/flow" 2>&1 &
	flow=$!
	keep $flow
	for i in 1 2 3 4 5; do
		setting threaded $((i % 2))
		sleep 0.1
		on b ethtool -K cipe0 gro off
		sleep 0.1
		on b ethtool -K cipe0 gro on
	done
	wait $flow || { say "$(cat "$TMP/flow")"; return 1; }
	no_errors a b
}

# What comes while the device goes down and up waits for nobody. What comes after
# that does not wait behind it
down_up()
{
	local flow i

	fresh
	gateways
	link_pair
	cipe-flow udp "$NS-a" "$NS-b" 10.9.0.2 lossy size 100 \
		count 5000000 > "$TMP/flow" 2>&1 &
	flow=$!
	keep $flow
	for ((i = 0; i < $(scale 50 10); i++)); do
		ipn b link set cipe0 down
		ipn b link set cipe0 up
	done
	kill $flow 2> /dev/null || :
	wait $flow || :
	settle
	udp a b 10.9.0.2 mixed size 1300
	udp b a 10.9.0.1 mixed size 1300
}

# In a thread that gets no processor meanwhile the queue fills: what is too much
# is counted by the device, and the rest goes on
full()
{
	local lost dropped

	fresh
	gateways
	link_pair
	BACKLOG=$(sysctl -n net.core.netdev_max_backlog)
	trap 'sysctl -qw net.core.netdev_max_backlog="$BACKLOG"' EXIT
	setting threaded 1
	sysctl -qw net.core.netdev_max_backlog=2
	cipe-flow udp "$NS-a" "$NS-b" 10.9.0.2 count 1000 lossy > "$TMP/flow" 2>&1
	say "$(cat "$TMP/flow")"
	lost=$(sed -n 's/.* lost \([0-9]*\) .*/\1/p' "$TMP/flow")
	dropped=$(on_sys b cat /sys/class/net/cipe0/statistics/rx_dropped)
	# The carrier's queue has the same limit
	at_least "dropped by the device" "$dropped" 1
	at_most "dropped by the device" "$dropped" "$lost"
	sysctl -qw net.core.netdev_max_backlog="$BACKLOG"
	mixed
}

for mode in "ip 4" "ether 6"; do
	# shellcheck disable=SC2086 # two words
	it "mode $mode: short and long ones in order" in_order $mode
done
it "also where GRO holds some for longer" held
it "also where NAPI runs in a thread" thread
it "also while GRO and threads are switched on and off" switched
it "also after the device went down and up" down_up
it "what is too much for the queue is counted, and the rest goes on" full
run_tests
