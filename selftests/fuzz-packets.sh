#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Packets with faults, at random: thrown at the port by somebody who has the
# key, and given to the link by senders who lie about checksums and segments.
# The machine lives, every datagram is counted once, and the link works.
# CIPE_SEED repeats what an earlier run did.

. "$(dirname "$0")/lib.sh"

A=192.0.2.1:4000
B=192.0.2.2:4000
: "${CIPE_SEED:=$((SRANDOM))}"
COUNT=$(scale 20000 4000)	# of packets, at most
SECONDS_EACH=$(slower 3 8)

say "seed $CIPE_SEED (CIPE_SEED=$CIPE_SEED repeats it)"

# value NAME: of a line "NAME VALUE" that cipe-fuzz printed
value()
{
	sed -n "s/^$1 //p" "$TMP/fuzz"
}

# received NS: how often the counters of received packets changed since "save"
received()
{
	cli "$1" delta cipe0 "$TMP/saved-$1" |
		tr ' ' '\n' | awk '/^[0-9]+$/ { if (name ~ /^(rx|socket)_/ && name !~ /bytes/) n += $1 } { name = $1 }
			END { print n + 0 }'
}

received_are()
{
	[ "$(received "$1")" -eq "$2" ]
}

# adds_up NS COUNT: every datagram was counted, and once
adds_up()
{
	wait_until 3 received_are "$1" "$2" || :
	say "counted: $(cli "$1" delta cipe0 "$TMP/saved-$1")"
	is "datagrams counted" "$(received "$1")" "$2"
}

# ---- in ---------------------------------------------------------------------

# at_port MODE CIPHER: the kernel in a, the tool in b, which has the key
at_port()
{
	local tx rx words=()

	fresh
	gateways
	tx=$(key_of b 1 "$2") rx=$(key_of a 1 "$2")
	link a cipe0 "$1" "$A" "$B" 1 cipher "$2"
	up a cipe0 10.9.0.1/24 fd09::1/64 -- "link set cipe0 mtu 1400"
	[ "$1" = ip ] || words=(ether)
	cli a save cipe0 "$TMP/saved-a"
	pkt b send to "$A" from "$B" txkey "$tx" counters 0 empty
	cipe-fuzz -n $NS-b in to "$A" from "$B" txkey "$tx" first 1 seed "$CIPE_SEED" \
		count "$COUNT" seconds "$SECONDS_EACH" "${words[@]}" > "$TMP/fuzz"
	adds_up a $(($(value sent) + 1))
	say "sent $(value sent)"
	# An echo is answered, through the cipher both ways
	if [ "$1" = ip ]; then
		pkt b send to "$A" from "$B" txkey "$tx" counters "$(value next)" \
			ping 10.9.0.2 10.9.0.1 expect 1 rxkey "$rx" timeout 20000 > "$TMP/got"
	else
		pkt b send to "$A" from "$B" txkey "$tx" counters "$(value next)" \
			payload ffffffffffff02000000000288b50102030405
	fi
}

# ---- out --------------------------------------------------------------------

# sum NS NAME...: of counters
sum()
{
	stat_of "$1" cipe0 "${@:2}" | tr ' ' '\n' | awk '{ n += $1 } END { print n + 0 }'
}

# all_arrived BEFORE: what a sent since it had sent so much, was counted by b
all_arrived()
{
	received_are b $(($(sum a tx_packets tx_keepalive) - $1))
}

# A packet that says its segments have a few octets each is thousands of
# datagrams at once: more than may wait for the other end of a cable
BACKLOG=$(sysctl -n net.core.netdev_max_backlog)
backlog()
{
	sysctl -qw net.core.netdev_max_backlog="$1"
}
trap 'backlog $BACKLOG; leave' EXIT

# from_here: sets BEFORE to what a sent so far, of which b has all, and remembers
# b's counters. In mode ether the stack itself sends something now and then
from_here()
{
	settle
	BEFORE=$(sum a tx_packets tx_keepalive)
	cli b save cipe0 "$TMP/saved-b"
	[ "$(sum a tx_packets tx_keepalive)" = "$BEFORE" ]
}

# through NS DEVICE [cipe-fuzz's arguments]: packets for a's link; b, at the
# other end, can read all that left
through()
{
	local sent

	wait_until 5 from_here
	backlog 1000000
	# b keeps fragments of what goes through; there shall be room for the link's own
	on b sysctl -qw net.ipv4.ipfrag_high_thresh=400000000 \
		net.ipv6.ip6frag_high_thresh=400000000 net.ipv4.ipfrag_max_dist=0
	cipe-fuzz -n $NS-"$1" out "$2" seed "$CIPE_SEED" count "$COUNT" \
		seconds "$SECONDS_EACH" "${@:3}" > "$TMP/fuzz"
	settle
	sent=$(($(sum a tx_packets tx_keepalive) - BEFORE))
	say "given $(value sent), left in $sent datagrams"
	at_least "datagrams" "$sent" 10
	# Each was counted, and once. There may be more meanwhile: announcements
	wait_until 5 all_arrived "$BEFORE" || {
		say "counted: $(cli b delta cipe0 "$TMP/saved-b")"
		return 1
	}
	backlog "$BACKLOG"
	is "not authentic" "$(sum b rx_auth rx_crypto)" 0
	ping_all a 10.9.0.2 5
	ping_all a fd09::2 5
}

# from_device MODE: by a packet socket on the link
from_device()
{
	local words=()

	fresh
	gateways
	link_pair "$1"
	[ "$1" = ip ] || words=(ether)
	through a cipe0 "${words[@]}"
}

# forwarded: by a neighbour on another device, as by a virtual machine
forwarded()
{
	fresh
	gateways
	link_pair
	add_ns c
	cable a lan c eth
	ips a "link set lan address 02:00:00:00:00:0a"
	on a sysctl -qw net.ipv4.ip_forward=1 net.ipv6.conf.all.forwarding=1 \
		net.ipv4.conf.all.rp_filter=0 net.ipv4.conf.lan.rp_filter=0 \
		net.ipv4.conf.lan.accept_local=1
	through c eth ether to 02:00:00:00:00:0a
}

for cipher in $(scale "$CIPHERS" "chacha20-poly1305 aes-128-gcm"); do
	it "any datagram at the port, mode ip, $cipher" at_port ip "$cipher"
done
it "any datagram at the port, mode ether" at_port ether chacha20-poly1305
it "any packet through the link, mode ip" from_device ip
it "any frame through the link, mode ether" from_device ether
it "any packet forwarded to the link" forwarded
run_tests
