#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Packets count against their sender's socket while they wait in a queue,
# before the cipher or after it, and what was counted is given back: to the
# octet, or the socket could never be freed.

. "$(dirname "$0")/lib.sh"

DELAY=$(scale 800 2000)ms	# longer than it takes to look

# memory NS t|u: octets of plaintext in queues and of unsent data, of all
# sockets of that kind to port 5009 or 5010
memory()
{
	on "$1" ss -H"$2"nm state connected "dport = :5009 or dport = :5010" |
		sed -n 's/.*skmem:(.*,t\([0-9]*\),.*,w\([0-9]*\),.*/\1 \2/p' |
		awk '{ t += $1; w += $2 } END { print t + 0, w + 0 }'
}

free()
{
	[ "$(memory a "$1")" = "0 0" ]
}

# background NS COMMAND...: ends with the namespace
background()
{
	local ns=$NS-$1

	shift
	cipe-ns exec "$ns" "$@" <&0 &
	disown
}

# sender: two sockets in a that send small packets when they are told to, and
# stay
sender()
{
	mkfifo "$TMP/go"
	background b socat -u TCP-LISTEN:5009,fork /dev/null
	background b socat -u UDP-RECV:5010 /dev/null
	wait_until 5 listening b 5009
	wait_until 5 listening b 5010
	# shellcheck disable=SC2016
	background a bash -c 'exec 3<> /dev/tcp/10.9.0.2/5009 4<> /dev/udp/10.9.0.2/5010
		while read -r n; do
			for ((i = 0; i < n; i++)); do
				echo "This is number $i of $n small ones" >&3
				echo "This is number $i of $n small ones" >&4
			done
			echo done
		done' <> "$TMP/go" > "$TMP/sent"
	wait_until 5 connected
	wait_until 5 free t
}

connected()
{
	[ "$(on a ss -Htn state established "dport = :5009" | wc -l)" = 1 ]
}

sent()
{
	[ "$(wc -l < "$TMP/sent")" -ge "$1" ]
}

warnings()
{
	dmesg | grep -c 'refcount_t\|WARNING:\|BUG:' || :
}

# charge DEVICE...: with queues on these devices of a
charge()
{
	local device round before max=0 now

	before=$(warnings)
	fresh
	rm -f "$TMP/go"
	gateways
	link_pair
	ping_all a 10.9.0.2 2
	for device; do
		on a tc qdisc add dev "$device" root netem delay "$DELAY" limit 10000
	done
	sender
	for round in 1 2; do
		echo 200 > "$TMP/go"
		wait_until 20 sent $round
		now=$(memory a u)
		[ "${now% *}" -le $max ] || max=${now% *}
		wait_until 10 free u
		wait_until 30 free t
	done
	# while they waited someone was charged
	at_least "octets charged" $max 1000
	# queues that are emptied by force give back, too
	echo 200 > "$TMP/go"
	wait_until 20 sent 3
	for device; do
		on a tc qdisc del dev "$device" root
	done
	wait_until 10 free u
	wait_until 30 free t
	# and so do sockets that are closed while their packets wait
	for device; do
		on a tc qdisc add dev "$device" root netem delay "$DELAY" limit 10000
	done
	on a bash -c 'exec 4<> /dev/udp/10.9.0.2/5010
		for ((i = 0; i < 100; i++)); do echo "last words" >&4; done'
	tcp a b 10.9.0.2 bytes 20000
	udp a b 10.9.0.2 size 300 count 200
	udp a b 10.9.0.2 size 9000 count 20
	sleep 0.5
	no_errors a b
	is "warnings of the kernel" "$(warnings)" "$before"
}

# The link goes while packets wait
torn_down()
{
	local before

	before=$(warnings)
	fresh
	rm -f "$TMP/go"
	gateways
	link_pair
	on a tc qdisc add dev "$1" root netem delay 3s limit 10000
	background b socat -u UDP-RECV:5010 /dev/null
	wait_until 5 listening b 5010
	# shellcheck disable=SC2016
	background a bash -c 'exec 4<> /dev/udp/10.9.0.2/5010
		for ((i = 0; i < 100; i++)); do echo "last words" >&4; done
		echo sent; sleep 1000' > "$TMP/sent"
	wait_until 10 sent 1
	ipn a link del cipe0
	wait_until 10 free u
	is "warnings of the kernel" "$(warnings)" "$before"
}

it "a queue on the link" charge cipe0
it "a queue on the carrier" charge wan
it "queues on both" charge cipe0 wan
it "the link is deleted while a queue on it is full" torn_down cipe0
it "the link is deleted while a queue on the carrier is full" torn_down wan
run_tests
