#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Keys in their slots: they change under load and no packet is lost; neither
# side sends under a key that the other does not have yet; what was on its way
# is still taken, what was replaced or deleted is not; and the initiator says
# so often that the new key works, and no more often.
# No second try: what is lost once in a while is lost.

. "$(dirname "$0")/lib.sh"

A=192.0.2.1:4000
A_OTHER=192.0.2.1:4002
B=192.0.2.2:4000

# id SENDER GENERATION: of the key in packets that side sends
id()
{
	make_key "$1" "$2" $CIPHER
	echo "$KEY_ID"
}

# keys NS: slots and ids we receive under, in one line
keys()
{
	cli "$1" get cipe0 | sed -n 's/^\([a-z]*\)\.rx-id /\1=/p' | paste -sd' '
}

# quiet: nothing but the tests' packets
quiet()
{
	local ns

	for ns; do
		on "$ns" sysctl -qw net.ipv6.conf.default.disable_ipv6=1
	done
}

# alone: a's end only, with key 1; b is there to send packets by hand
alone()
{
	fresh
	gateways
	quiet a
	link a cipe0 ip $A $B
	ipn a link set cipe0 up
}

# from_b GENERATION COUNTERS [PORT]
from_b()
{
	pkt b send to $A from "192.0.2.2:${3:-4000}" \
		txkey "$(key_of b "$1")" counters "$2" empty
}

# rotate GENERATION INITIATOR RESPONDER
rotate()
{
	set_key "$3" cipe0 "$1" slot next
	set_key "$2" cipe0 "$1"
}

rotation()
{
	local family=$1 n=$2 gen last pinger

	fresh
	gateways
	link_pair ip "$family"
	monitor a "$TMP/events.a"
	monitor b "$TMP/events.b"
	cipe-flow ping $NS-a 10.9.0.2 count 100000000 window 8 timeout 60000 \
		gap "$(slower 0 10000)" \
		> "$TMP/ping" 2>&1 &
	pinger=$!
	# packets that a busy machine forgets for longer than two keys last are
	# lost by right: go on when some came through
	for gen in $(seq 2 $((n + 1))); do
		if [ $((gen % 2)) -eq 0 ]; then
			rotate "$gen" a b
			wait_until 20 flowing "$gen" a b
		else
			rotate "$gen" b a
			wait_until 20 flowing "$gen" b a
		fi
	done
	kill -TERM $pinger
	wait $pinger || { say "$(cat "$TMP/ping")"; return 1; }
	say "$(tail -1 "$TMP/ping")"
	at_least "packets" "$(stat_of a cipe0 rx_packets)" $((n * 5))
	last=$((n + 1))
	is "keys of a" "$(keys a)" "previous=$(id b $n) current=$(id b $last)"
	is "keys of b" "$(keys b)" "previous=$(id a $n) current=$(id a $last)"
	is "events" "$(cat "$TMP"/events.[ab] | grep -c key-active)" $n
	hasnt "$TMP/events.a" "key-expired\|peer-"
	hasnt "$TMP/events.b" "key-expired\|peer-"
	no_errors a b
}

# both_on GENERATION: it is current at both ends
both_on()
{
	[ "$(stat_of a cipe0 current.rx-id)" = "$(id b "$1")" ] &&
		[ "$(stat_of b cipe0 current.rx-id)" = "$(id a "$1")" ]
}

# flowing GENERATION INITIATOR RESPONDER: and the responder received something
flowing()
{
	local now

	make_key "$2" "$1" $CIPHER
	now=$(stat_of "$3" cipe0 current.rx-id current.rx-counter)
	[ "${now% *}" = "$KEY_ID" ] && [ "${now#* }" -ge 20 ]
}

# Key ids on a's carrier
responder_waits()
{
	local a1 a2 b1 b2

	fresh
	gateways
	one_by_one a wan
	link_pair
	ping_all a 10.9.0.2 3
	a1=$(id a 1) a2=$(id a 2) b1=$(id b 1) b2=$(id b 2)
	sniff a wan "$TMP/outer"
	set_key b cipe0 2 slot next
	is "keys of b" "$(keys b)" "current=$a1 next=$a2"
	ping_all a 10.9.0.2 20
	ping_all b 10.9.0.1 20
	cli b set cipe0 keepalive 50
	sleep 0.5
	cli b set cipe0 keepalive 0
	hasnt "$TMP/outer" "id=\($a2\|$b2\)"
	at_least "packets under the current key" \
		"$(grep -c "src=$B .*id=$b1" "$TMP/outer")" 40
	is "keys of b" "$(keys b)" "current=$a1 next=$a2"

	set_key a cipe0 2
	wait_until 3 both_on 2
	ping_all b 10.9.0.1 20
	ping_all a 10.9.0.2 20
	wait_until 2 grep -q "src=$B .*id=$b2" "$TMP/outer"
	awk -v a1="id=$a1" -v a2="id=$a2" -v b1="id=$b1" -v b2="id=$b2" '
		index($0, a2) && !a { a = NR }
		index($0, b2) && !b { b = NR }
		index($0, a1) && a { print "a went back", NR }
		index($0, b1) && b { print "b went back", NR }
		END { if (!a || !b || b < a) print "first of a", a, "first of b", b }
	' "$TMP/outer" > "$TMP/order"
	is "order of the new ids" "$(cat "$TMP/order")" ""
	is "keys of b" "$(keys b)" "previous=$a1 current=$a2"
	no_errors a b
}

# A responder that is never answered goes on as it was; the next key ends
never_used()
{
	local a1 b2

	fresh
	gateways
	link_pair
	a1=$(id a 1) b2=$(id b 2)
	sniff b wan "$TMP/outer" out
	set_key b cipe0 2 slot next lifetime "$(slower 2000 6000)"
	ping_all b 10.9.0.1 10
	wait_until 8 keys_are b "current=$a1"
	ping_all b 10.9.0.1 10
	ping_all a 10.9.0.2 10
	hasnt "$TMP/outer" "id=$b2"
	carrier_is b cipe0 on
	no_errors a b
}

keys_are()
{
	[ "$(keys "$1")" = "$2" ]
}

# The first packet under the next key has to be authentic
next_by_authentic()
{
	local b1 b2

	alone
	b1=$(id b 1) b2=$(id b 2)
	monitor a "$TMP/events"
	set_key a cipe0 2 slot next
	causes a "rx_auth 1" pkt b send to $A from $B \
		txkey "$(key_of b 2)" counters 0 empty flip 100
	causes a "rx_flags 1" pkt b send to $A from $B \
		txkey "$(key_of b 2)" counters 0 empty flags 1
	causes a "rx_keepalive 1" from_b 1 0
	is "keys" "$(keys a)" "current=$b1 next=$b2"
	hasnt "$TMP/events" key-active
	causes a "rx_keepalive 1" from_b 2 0
	is "keys" "$(keys a)" "previous=$b1 current=$b2"
	wait_until 2 grep -q key-active "$TMP/events"
	has "$TMP/events" "key-active .*ifname=cipe0 .*slot=current"
	has "$TMP/events" "key-active .*rx-id=$b2 tx-id=$(id a 2)"
	# once only
	causes a "rx_keepalive 9" from_b 2 1-9
	is "events" "$(grep -c key-active "$TMP/events")" 1
}

# Packets on their way under the key before; they do not move the peer
previous()
{
	alone
	causes a "rx_keepalive 5" from_b 1 0-4
	set_key a cipe0 2
	causes a "rx_keepalive 5" from_b 1 5-9
	causes a "rx_keepalive 5" from_b 2 0-4
	causes a "rx_keepalive 5" from_b 1 10-14 4001
	is "endpoint" "$(stat_of a cipe0 endpoint)" $B
	# each has a window of its own
	causes a "rx_replay 5" from_b 1 10-14
	causes a "rx_replay 5" from_b 2 0-4
	# as the responder
	set_key a cipe0 3 slot next
	causes a "rx_keepalive 1" from_b 1 15
	causes a "rx_keepalive 1" from_b 3 0
	causes a "rx_keepalive 5" from_b 2 5-9
	causes a "socket_unknown_key 1" from_b 1 16
	is "keys" "$(keys a)" "previous=$(id b 2) current=$(id b 3)"
}

replaced_next()
{
	alone
	set_key a cipe0 2 slot next
	set_key a cipe0 3 slot next
	is "keys" "$(keys a)" "current=$(id b 1) next=$(id b 3)"
	causes a "socket_unknown_key 1" from_b 2 0
	is "keys" "$(keys a)" "current=$(id b 1) next=$(id b 3)"
	causes a "rx_keepalive 1" from_b 3 0
	is "keys" "$(keys a)" "previous=$(id b 1) current=$(id b 3)"
	# its id is free again
	set_key a cipe0 2 slot next
	causes a "rx_keepalive 1" from_b 2 0
	is "keys" "$(keys a)" "previous=$(id b 3) current=$(id b 2)"
}

# three_keys: previous 1, current 2, next 3, and no others
three_keys()
{
	local words

	key_words a 1
	words=(keydel cipe0 -- key cipe0 "${WORDS[@]}")
	key_words a 2
	words+=(-- key cipe0 "${WORDS[@]}")
	key_words a 3 slot next
	cli a "${words[@]}" -- key cipe0 "${WORDS[@]}"
	is "keys" "$(keys a)" \
		"previous=$(id b 1) current=$(id b 2) next=$(id b 3)"
}

# delete GENERATION SLOT WORD...: that key, and only that one
delete()
{
	local gen=$1 slot=$2 left=3

	shift 2
	three_keys
	cli a keydel cipe0 "$@"
	left=$(keys a)
	hasnt - "$slot" <<< "$left"
	is "keys left" "$(wc -w <<< "$left")" 2
	causes a "socket_unknown_key 1" from_b "$gen" 0
	carrier_is a cipe0 "$([ "$slot" = current ] && echo off || echo on)"
	fails cli a keydel cipe0 "$@"
	has "$TMP/error" "No such file"
}

deleted()
{
	local slot gen=0

	alone
	for slot in previous current next; do
		gen=$((gen + 1))
		delete $gen $slot slot $slot
		delete $gen $slot rx-id "$(id b $gen)"
	done
	# all; nothing left to delete is what was asked for
	three_keys
	cli a keydel cipe0
	is "keys" "$(keys a)" ""
	carrier_is a cipe0 off
	causes a "socket_unknown_key 3" from_all
	cli a keydel cipe0
	# by the id we send under no key is found
	three_keys
	fails cli a keydel cipe0 rx-id "$(id a 2)"
	is "keys left" "$(keys a | wc -w)" 3
}

from_all()
{
	from_b 1 0
	from_b 2 0
	from_b 3 0
}

# A key's id is unique on a socket; nothing changes when it is refused
exists()
{
	local slot other

	alone
	cli a add cipe1
	hold a bind $A_OTHER link cipe0 link cipe1
	three_keys
	for other in 1 2 3; do
		for slot in current next; do
			fails set_key a cipe0 $other slot $slot
			has "$TMP/error" "File exists: ."
			fails set_key a cipe1 $other slot $slot
			has "$TMP/error" "File exists: ."
		done
	done
	is "keys" "$(keys a)" \
		"previous=$(id b 1) current=$(id b 2) next=$(id b 3)"
	cli a keydel cipe0 slot previous
	set_key a cipe1 1
	fails set_key a cipe0 1
	ipn a link del cipe1
	set_key a cipe0 1 slot next
	is "keys" "$(keys a)" "current=$(id b 2) next=$(id b 1)"
	# the one we send under is the peer's business
	key_words a 5 tx-id "$(id a 2)"
	cli a key cipe0 "${WORDS[@]}"
}

# On another socket the same id is another key
exists_elsewhere()
{
	alone
	cli a add cipe1
	hold a bind $A_OTHER link cipe1
	ipn a link set cipe1 up
	set_key a cipe1 1
	from_b 1 0-2
	pkt b send to $A_OTHER from $B txkey "$(key_of b 1)" counters 0-4 empty
	is "packets" "$(stat_of a cipe0 rx_keepalive)" 3
	is "packets on the other socket" "$(stat_of a cipe1 rx_keepalive)" 5
	cli a keydel cipe0
	pkt b send to $A_OTHER from $B txkey "$(key_of b 1)" counters 5-9 empty
	causes a "socket_unknown_key 3" from_b 1 3-5
	is "packets on the other socket" "$(stat_of a cipe1 rx_keepalive)" 10
}

# bad_id rx|tx ID
bad_id()
{
	local i

	key_words a 7
	for i in "${!WORDS[@]}"; do
		[ "${WORDS[i]}" != "$1-id" ] || WORDS[i + 1]=$2
	done
	fails cli a key cipe0 "${WORDS[@]}"
	has "$TMP/error" "Invalid argument: ."
	is "keys" "$(keys a)" "current=$(id b 1)"
}

id_rules()
{
	local way bad

	alone
	for way in rx tx; do
		for bad in 0 1 2 3 0x12345679 0x1234567a 0x1234567b 0xffffffff; do
			bad_id $way $bad
		done
	done
	set_key a cipe0 2
}

# times: of the packets that a sent, in ms since the first, one a line
times()
{
	awk '{ t = $1 * 1000; if (NR == 1) first = t; printf "%d\n", t - first }' \
		"$TMP/dump"
}

confirmations()
{
	# after the timer wheel, which is late by up to an eighth
	local i due expected=(0 250 750 1750 3750 7750) slack

	slack=$((150 * CIPE_SLOW))
	fresh
	gateways
	quiet a b
	# a peer that hears, and has no such key
	link b cipe0 ip $B $A 9 slot next
	ipn b link set cipe0 up
	cli a add cipe0
	hold a bind $A link cipe0
	cli a set cipe0 endpoint $B
	ipn a link set cipe0 up
	on a tcpdump -ttnlU -i wan udp and src port 4000 > "$TMP/dump" \
		2> "$TMP/dump.log" &
	wait_until 5 grep -q listening "$TMP/dump.log"
	set_key a cipe0 1
	wait_until 12 dumped 6
	sleep 1
	is "packets" "$(stat_of a cipe0 tx_keepalive)" 6
	i=0
	while read -r due; do
		at_least "ms at which packet $i was sent" "$due" \
			$((expected[i] - 20 * CIPE_SLOW))
		at_most "ms at which packet $i was sent" "$due" \
			$((expected[i] * 9 / 8 + slack))
		i=$((i + 1))
	done < <(times)
	is "packets seen" $i 6
	is "seen by b" "$(stat_of b cipe0 socket_unknown_key)" 6

	# heard: no more
	set_key a cipe0 2
	wait_until 3 dumped 8
	set_key b cipe0 2 slot next
	wait_until 3 both_on 2
	wait_until 2 received_by a
	i=$(stat_of a cipe0 tx_keepalive)
	at_most "packets" "$i" 10
	sleep 3
	is "packets" "$(stat_of a cipe0 tx_keepalive)" "$i"
	is "answer of b" "$(stat_of b cipe0 tx_keepalive)" 1
}

dumped()
{
	[ "$(wc -l < "$TMP/dump")" -ge "$1" ]
}

received_by()
{
	[ "$(stat_of "$1" cipe0 rx_keepalive)" -gt 0 ]
}

# Both know the key at once: one packet each way says it all
confirmed_at_once()
{
	fresh
	gateways
	link_pair
	wait_until 3 received_by a
	rotate 2 a b
	wait_until 3 both_on 2
	sleep 1.5
	is "empty packets of a" "$(stat_of a cipe0 tx_keepalive)" 2
	is "empty packets of b" "$(stat_of b cipe0 tx_keepalive)" 2
	no_errors a b
}

it "IPv4: many new keys under a flood, not one packet lost" \
	rotation 4 "$(scale 110 8)"
it "IPv6: the same" rotation 6 "$(scale 25 4)"
it "the responder sends under the new key only after it heard it" responder_waits
it "a new key that nobody uses changes nothing, and ends" never_used
it "only an authentic packet makes the next key current, once" next_by_authentic
it "packets under the key before are taken, older ones are not" previous
it "a next key that was replaced is gone" replaced_next
it "deleted by slot, by id, all" deleted
it "an id is used once on a socket" exists
it "the same id on two sockets: two keys" exists_elsewhere
it "an id is not 0, and its low two bits are" id_rules
it "a new key is confirmed at 250, 500, 1000 ms ... until it is heard" \
	confirmations
it "a confirmation that arrives is answered by one packet, and that is all" \
	confirmed_at_once
run_tests
