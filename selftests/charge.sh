#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Packets count against their sender's socket while they wait in a queue,
# before the cipher or after it, and what was counted is given back: to the
# octet, or the socket could never be freed.

. "$(dirname "$0")/lib.sh"

# memory NS t|u: octets of plaintext in queues and of unsent data, of all
# sockets of that kind to port 5009 or 5010
memory()
{
	on "$1" ss -H"$2"nm state connected "dport = :5009 or dport = :5010" |
		sed -n 's/.*skmem:(.*,t\([0-9]*\),.*,w\([0-9]*\),.*/\1 \2/p' |
		awk '{ t += $1; w += $2 } END { print t + 0, w + 0 }'
}

charged()
{
	local both

	both=$(memory a "$1")
	echo "${both% *}"
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

# queue add|change fast|slow DEVICE...: of the kind $QDISC. netem takes packets
# off their sender's account, the others leave them there. A slow one still has
# some when a slow machine looks, minutes later
queue()
{
	local what=$1 device words

	case $QDISC,$2 in
	netem,fast)	words="netem delay 300ms limit 10000" ;;
	netem,slow)	words="netem delay 60s limit 10000" ;;
	tbf,fast)	words="tbf rate 4mbit burst 3000 limit 1000000" ;;
	tbf,slow)	words="tbf rate 100bit burst 1600 limit 1000000" ;;
	esac
	shift 2
	for device; do
		# shellcheck disable=SC2086 # words
		on a tc qdisc "$what" dev "$device" root $words
	done
}

# charge QDISC DEVICE...: with such queues on these devices of a
charge()
{
	local QDISC=$1 device round before

	shift
	before=$(warnings)
	fresh
	rm -f "$TMP/go"
	gateways
	link_pair
	ping_all a 10.9.0.2 2
	queue add fast "$@"
	sender
	for round in 1 2; do
		echo 200 > "$TMP/go"
		wait_until 20 sent $round
		wait_until 10 free u
		wait_until 30 free t
	done
	# while they wait someone is charged; queues that are emptied by force
	# give back, too
	queue change slow "$@"
	echo 100 > "$TMP/go"
	wait_until 20 sent 3
	if [ $QDISC != netem ]; then
		at_least "octets charged for UDP" "$(charged u)" 10000
		at_least "octets charged for TCP" "$(charged t)" 100
	fi
	for device; do
		on a tc qdisc del dev "$device" root
	done
	wait_until 10 free u
	wait_until 30 free t
	# and so do sockets that are closed while their packets wait
	queue add fast "$@"
	on a bash -c 'exec 4<> /dev/udp/10.9.0.2/5010
		for ((i = 0; i < 100; i++)); do echo "last words" >&4; done'
	tcp a b 10.9.0.2 bytes 20000
	udp a b 10.9.0.2 size 300 count 200
	udp a b 10.9.0.2 size 9000 count 20
	settle
	no_errors a b
	is "warnings of the kernel" "$(warnings)" "$before"
}

# The link goes while packets wait
torn_down()
{
	local QDISC=tbf before

	before=$(warnings)
	fresh
	rm -f "$TMP/go"
	gateways
	link_pair
	queue add slow "$1"
	background b socat -u UDP-RECV:5010 /dev/null
	wait_until 5 listening b 5010
	# shellcheck disable=SC2016
	background a bash -c 'exec 4<> /dev/udp/10.9.0.2/5010
		for ((i = 0; i < 100; i++)); do echo "last words" >&4; done
		echo sent; sleep 1000' > "$TMP/sent"
	wait_until 10 sent 1
	at_least "octets charged" "$(charged u)" 10000
	ipn a link del cipe0
	[ "$1" = cipe0 ] || on a tc qdisc del dev "$1" root
	wait_until 10 free u
	is "warnings of the kernel" "$(warnings)" "$before"
}

# What the debug kernel has to say is said when a link goes
for qdisc in netem tbf; do
	[ "$CIPE_LIGHT,$qdisc" = 1,netem ] || [ -n "$CIPE_CHECKED" ] ||
		it "$qdisc: a queue on the link" charge $qdisc cipe0
	[ -n "$CIPE_LIGHT" ] ||
		it "$qdisc: a queue on the carrier" charge $qdisc wan
done
[ -n "$CIPE_CHECKED" ] || it "netem: queues on both" charge netem cipe0 wan
it "the link is deleted while a queue on it is full" torn_down cipe0
it "the link is deleted while a queue on the carrier is full" torn_down wan
run_tests
