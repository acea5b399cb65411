#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# The wire format, checked against a second implementation that was written
# from the document (cipe-pkt); then everything that is wrong with a packet:
# each fault changes the one counter that names it, and nothing else.

. "$(dirname "$0")/lib.sh"

A=192.0.2.1:4000
B=192.0.2.2:4000

NO_IPV6=0	# 1: none inside, and no announcements of it

# The kernel in a, cipe-pkt in b
kernel_and_tool()
{
	TX=$(key_of b 1 "${2:-$CIPHER}")	# of the tool
	RX=$(key_of a 1 "${2:-$CIPHER}")
	# Built by the story before? Then new keys are enough
	if [ "$(cat "$TMP/built" 2> /dev/null)" = "$NO_IPV6 $*" ]; then
		key_words a 1 cipher "${2:-$CIPHER}" "${@:3}"
		cli a keydel cipe0 -- key cipe0 "${WORDS[@]}" -- \
			set cipe0 endpoint "$B" keepalive 0
		return
	fi
	rebuild
	on a sysctl -qw net.ipv6.conf.default.disable_ipv6=$NO_IPV6
	link a cipe0 "${1:-ip}" "$A" "$B" 1 cipher "${2:-$CIPHER}" "${@:3}"
	ipn a link set cipe0 mtu 1420 up
	address a cipe0 10.9.0.1/24
	[ $NO_IPV6 = 1 ] || address a cipe0 fd09::1/64
	echo "$NO_IPV6 $*" > "$TMP/built"
}

rebuild()
{
	rm -f "$TMP/built"
	fresh
	gateways
}

# send COUNTERS [cipe-pkt's arguments]: under the right key
send()
{
	pkt b send to "$A" from "$B" txkey "$TX" counters "$@"
}

pong()
{
	send "$1" pong 10.9.0.2 10.9.0.1 "${@:2}"
}

# ---- both directions --------------------------------------------------------

kernel_to_tool()
{
	kernel_and_tool ip "$1"
	cipe-pkt -n $NS-b recv on "$B" rxkey "$RX" count 10 timeout 100000 > "$TMP/got" &
	wait_until 5 listening b 4000
	on a ping -q -c 1 -W 0.2 -s 0 10.9.0.2 > /dev/null || :
	on a ping -q -c 1 -W 0.2 -s 1 10.9.0.2 > /dev/null || :
	on a ping -q -c 1 -W 0.2 -s 1392 -p 5a 10.9.0.2 > /dev/null || :
	on a ping -q -c 1 -W 0.2 -s 700 fd09::2 > /dev/null || :
	cli a set cipe0 keepalive 100
	wait $! || :
	hasnt "$TMP/got" " bad"
	has "$TMP/got" "from=$B\|from=$A"
	has "$TMP/got" "size=52 len=28 .*data=45"
	has "$TMP/got" "size=53 len=29 .*data=45"
	has "$TMP/got" "size=1444 len=1420 .*data=45.*5a5a5a5a$"
	has "$TMP/got" "size=772 len=748 .*data=60"
	has "$TMP/got" "size=24 len=0 data=$"
	is "counters that do not follow the one before" \
		"$(sed 's/.*counter=\([0-9]*\).*/\1/' "$TMP/got" |
			awk 'NR > 1 && $1 != last + 1 { n++ } { last = $1 }
			     END { print n + 0 }')" 0
}

tool_to_kernel()
{
	kernel_and_tool ip "$1"
	send 0 ping 10.9.0.2 10.9.0.1 size 0 \
		expect 1 rxkey "$RX" > "$TMP/got"
	send 1 ping 10.9.0.2 10.9.0.1 size 1392 \
		expect 1 rxkey "$RX" >> "$TMP/got"
	send 2 ping fd09::2 fd09::1 size 333 \
		expect 1 rxkey "$RX" >> "$TMP/got"
	hasnt "$TMP/got" " bad"
	has "$TMP/got" "len=28 .*data=45.*0a0900010a0900020000"
	has "$TMP/got" "len=1420 .*data=45.*0a0900010a0900020000"
	has "$TMP/got" "len=381 .*data=60.*8100"
	causes a "rx_keepalive 3" send 3-5 empty
	is "highest counter and one" "$(stat_of a cipe0 current.rx-counter)" 6
	no_errors a
}

ether_and_tool()
{
	local frame=ffffffffffff02000000000288b50102030405

	NO_IPV6=1
	kernel_and_tool ether
	sniff a cipe0 "$TMP/frames" in
	send 0 payload $frame
	wait_until 3 grep -q "frame=$frame\$" "$TMP/frames"
	cipe-pkt -n $NS-b recv on "$B" rxkey "$RX" count 1000 timeout 600000 > "$TMP/got" &
	wait_until 5 listening b 4000
	pkt a frame cipe0 $frame
	wait_until 5 grep -q "size=43 len=19 data=$frame$" "$TMP/got"
	kill $!
}

# The whole counter range the window allows, 32 bits big endian
high_counters()
{
	kernel_and_tool ip "$1"
	causes a "rx_packets 4" pong 255,256,65536,4294967294
	no_errors a
}

# ---- faults -----------------------------------------------------------------

wrong_key()
{
	local key

	kernel_and_tool
	key=${TX/0b000001/0b000002}
	causes a "rx_auth 5" pkt b send to $A from $B txkey "$key" \
		counters 0-4 pong 10.9.0.2 10.9.0.1
	key=${TX/1b000001/1b000002}		# only the IV
	causes a "rx_auth 1" pkt b send to $A from $B txkey "$key" \
		counters 0 pong 10.9.0.2 10.9.0.1
	causes a "rx_packets 1" pong 0
}

truncated()
{
	kernel_and_tool
	# 24 octets are header and tag
	causes a "rx_auth 17 socket_short 24" pong 7 cut-all 40
	causes a "rx_auth 1" pong 7 truncate 1
	causes a "rx_packets 1" pong 7
}

# 28 octets inside are 8 + 28 + 16 on the wire: 416 bits
flipped()
{
	kernel_and_tool ip "$1"
	causes a "rx_flags 2 rx_auth 384 socket_unknown_key 30" \
		pong 8191 size 0 flip-all
	causes a "rx_packets 1" pong 8191 size 0
	is "highest counter and one" "$(stat_of a cipe0 current.rx-counter)" 8192
}

again()
{
	kernel_and_tool
	causes a "rx_packets 10" pong 0-9
	causes a "rx_replay 10" pong 0-9
	causes a "rx_replay 20" pong 9-0 repeat 2
	causes a "rx_keepalive 1" send 10 empty
	causes a "rx_replay 1" send 10 empty
}

stray()
{
	local own

	kernel_and_tool
	causes a "socket_unknown_key 3" pkt b send to $A from $B \
		txkey "$(key_of b 9)" counters 0-2 pong 10.9.0.2 10.9.0.1
	# what a itself sent, come back
	own=$RX
	causes a "socket_unknown_key 3" pkt b send to $A from $B \
		txkey "$own" counters 0-2 pong 10.9.0.1 10.9.0.2
	causes a "socket_unknown_key 50" pkt b send to $A from $B \
		random 100 repeat 50
	causes a "socket_short 23" pkt b send to $A from $B random 1-23
	causes a "socket_unknown_key 17" pkt b send to $A from $B random 24-40
}

flags()
{
	kernel_and_tool
	causes a "rx_flags 1" pong 0 flags 1
	causes a "rx_flags 2" pong 1-2 flags 2
	causes a "rx_flags 1" pong 3 flags 3
	causes a "rx_packets 1" pong 4
}

sizes()
{
	kernel_and_tool
	causes a "rx_auth 1" pong 0 extend 1
	causes a "rx_auth 1" pong 0 size 0 extend 60000
	# the largest packet UDP over IPv4 can carry is just large
	causes a "rx_packets 1" pong 0 size $((65507 - 24 - 28))
	causes a "rx_packets 1" pong 1
}

# Authentic, but what is inside is no packet
inside()
{
	kernel_and_tool
	causes a "rx_proto 1" send 0 payload \
		50000000000000000000000000000000000000000000000000
	causes a "rx_proto 1" send 1 payload 00
	causes a "rx_short 1" send 2 payload 45
	causes a "rx_short 1" send 3 payload 6000000000003a40
	# total length of 100 in a packet of 28
	causes a "rx_short 1" send 4 payload \
		45000064000040004001260100000000000000000000000000000000
	causes a "rx_packets 1" pong 6
}

inside_ether()
{
	NO_IPV6=1
	kernel_and_tool ether
	causes a "rx_keepalive 1 rx_short 13" short_frames
	causes a "rx_packets 1" send 20 payload ffffffffffff02000000000288b5
}

short_frames()
{
	local n frame='' commands=()

	for n in 1 2 3 4 5 6 7 8 9 10 11 12 13; do
		frame+=02
		commands+=(send to "$A" from "$B" txkey "$TX" counters "$n"
			   payload "$frame" --)
	done
	pkt b "${commands[@]}" send to $A from $B txkey "$TX" counters 14 empty
}

device_down()
{
	kernel_and_tool
	ipn a link set cipe0 down
	causes a "rx_down 2" pong 0-1
	ipn a link set cipe0 up
	causes a "rx_packets 1" pong 2
}

EXPIRY='^rx_packets [0-9]+( rx_expired [0-9]+)?( tx_no_key [0-9]+)? socket_unknown_key [0-9]+$'

# The timer that takes an expired key away is up to a quarter of a second late, as
# the kernel's are that were set two seconds before. What comes and goes in between
# is not taken, and not sent
expired()
{
	local n seen

	for n in 1 2 3 4 5; do
		kernel_and_tool ip $CIPHER lifetime 2500
		cli a save cipe0 "$TMP/saved"
		send 0-4999 pong 10.9.0.2 10.9.0.1 gap 2000 &
		SENDER=$!
		cipe-flow ping $NS-a 10.9.0.2 count 100000 window 4 timeout 50 \
			gap 2000 > /dev/null 2>&1 &
		wait_until 8 is_gone
		settle
		kill $! $SENDER 2> /dev/null || :
		wait $! || :
		wait $SENDER || :
		seen=$(cli a delta cipe0 "$TMP/saved")
		like "counters changed" "$seen" "$EXPIRY"
		[[ ! $seen =~ rx_expired.*tx_no_key ]] || return 0
	done
	say "never seen: rx_expired and tx_no_key"
	return 1
}

is_gone()
{
	[ "$(stat_of a cipe0 current.rx-id)" = - ]
}

# Key exchange goes to the daemon as it is, and only there
control()
{
	local message=00000000010101000203040506070809

	rebuild
	link a cipe0 ip $A $B
	kill "$HOLDER"
	hold a bind 192.0.2.1:4001 link cipe0 log "$TMP/control"
	ipn a link set cipe0 up
	causes a "" pkt b send to 192.0.2.1:4001 from $B raw $message
	wait_until 3 grep -q "^$B $message\$" "$TMP/control"
	# nobody reads
	kill "$HOLDER"
	wait_until 3 orphaned a
	causes a "socket_control 1" \
		pkt b send to 192.0.2.1:4001 from $B raw $message
}

orphaned()
{
	[ "$(stat_of "$1" cipe0 socket-state)" = orphan ]
}

# Whatever came, the peer is where it was
unmoved()
{
	kernel_and_tool
	pong 5
	for _ in 1 2 3; do
		pkt b send to $A from 192.0.2.2:4999 random 100
		pkt b send to $A from 192.0.2.2:4999 txkey "$TX" \
			counters 6 pong 10.9.0.2 10.9.0.1 flip 200
		pkt b send to $A from 192.0.2.2:4999 txkey "$TX" \
			counters 5 pong 10.9.0.2 10.9.0.1
		pkt b send to $A from 192.0.2.2:4999 txkey "$TX" \
			counters 6 pong 10.9.0.2 10.9.0.1 flags 1
	done
	is "endpoint" "$(stat_of a cipe0 endpoint roamed)" "$B 0"
}

# ---- what cannot be sent ----------------------------------------------------

PACKET=4500001c000040004001669f0a0900010a0900020800f7ff00000000

frame()
{
	pkt a frame cipe0 "${1:-$PACKET}" "${2:-0x0800}"
}

cannot_send()
{
	rebuild
	on a sysctl -qw net.ipv6.conf.default.disable_ipv6=1
	cli a add cipe0 mode ip
	ipn a link set cipe0 mtu 1420 up
	address a cipe0 10.9.0.1/24
	sniff a wan "$TMP/outer" out
	carrier_is a cipe0 off
	ping_none a 10.9.0.2
	set_key a cipe0 1
	carrier_is a cipe0 on
	causes_only a tx_no_socket frame
	hold a bind $A link cipe0
	causes_only a tx_no_endpoint frame
	cli a set cipe0 endpoint 203.0.113.1:4000
	causes_only a tx_no_route frame
	cli a set cipe0 endpoint 10.9.0.2:4000
	causes_only a tx_loop frame
	cli a set cipe0 endpoint $B
	ipn a link set wan mtu 1300
	causes_only a tx_too_big big_frame
	ipn a link set wan mtu 1500
	causes_only a tx_proto frame 50000000 0x88b5
	causes_only a tx_proto frame 4f00 0x0800
	hasnt "$TMP/outer" "proto=1 "
	# With the last key the carrier goes, and the stack asks the device no
	# more: at most what was on its way is counted
	cli a save cipe0 "$TMP/saved"
	cipe-flow ping $NS-a 10.9.0.2 count 100000 window 200 timeout 50 \
		> /dev/null 2>&1 &
	settle
	cli a keydel cipe0
	settle
	kill $! 2> /dev/null || :
	wait $! || :
	like "counters changed" "$(cli a delta cipe0 "$TMP/saved")" \
		"^(tx_no_key [0-9]+)?$"
	carrier_is a cipe0 off
	ping_none a 10.9.0.2
	hasnt "$TMP/outer" "proto=1 "
}

# 1400 octets that must not be fragmented
big_frame()
{
	on a ping -c 1 -W 0.2 -M do -s 1372 10.9.0.2 > /dev/null 2>&1 || :
}

for cipher in $(scale "$CIPHERS" chacha20-poly1305); do
	it "$cipher: the tool reads what the kernel sends" kernel_to_tool $cipher
	it "$cipher: the kernel reads what the tool sends" tool_to_kernel $cipher
done
it "mode ether: a frame as it is, both ways" ether_and_tool
it "counters up to 2^32 - 2" high_counters aes-128-gcm
it "wrong key, wrong IV: not authentic" wrong_key
it "truncated to every length from 0 to 40" truncated
for cipher in $(scale "aes-256-gcm chacha20-poly1305" aes-256-gcm); do
	it "$cipher: each bit flipped: never accepted" flipped $cipher
done
it "replayed: counted, not delivered" again
it "unknown key id, own packets come back, random octets" stray
it "flag bits set: refused though authentic" flags
it "too long by one octet, by many; the largest there is" sizes
it "authentic but no packet inside" inside
it "authentic but no frame inside" inside_ether
it "device down: authentic, counted, not delivered" device_down
it "key expired: nothing is taken under it, nothing sent" expired
it "key exchange passes to the socket's owner only" control
it "nothing of that moves the peer" unmoved
it "what cannot be sent: each cause counted, nothing leaves" cannot_send
run_tests
