#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Two gateways, one link in mode ip: packets of both families pass over
# carriers of both families, in any size, in one stream and in many; what is
# counted is what passed; and on the carrier nothing can be read.

. "$(dirname "$0")/lib.sh"

MARKER=This-is-plain-text	# cipe-flow's
STREAMED=$(scale 4000000 300000)	# octets by TCP

all_families()
{
	local address

	fresh
	gateways
	link_pair ip "$2" "$1"
	for address in 10.9.0.2 fd09::2; do
		ping_all a $address $PINGS
		tcp a b $address
	done
	for address in 10.9.0.1 fd09::1; do
		ping_all b $address $PINGS size 1000
		udp b a $address
	done
	no_errors a b
}

# The largest packet passes, one more octet does not leave; larger ones in
# fragments
mtu()
{
	local mtu=$1 family=$2

	fresh
	gateways mtu 9100
	link_pair ip "$family" $CIPHER "$mtu"
	ping_all a 10.9.0.2 10 df size $((mtu - 28))
	ping_all b fd09::1 10 df size $((mtu - 48))
	fails on a ping -c 1 -W 1 -M do -s $((mtu - 27)) 10.9.0.2
	ping_all a 10.9.0.2 5 size 20000
	ping_all a fd09::2 5 size 20000
	tcp a b 10.9.0.2
	no_errors a b
}

streams()
{
	fresh
	gateways
	link_pair ip "$2"
	tcp a b 10.9.0.2 streams "$1" bytes $((STREAMED / $1))
	tcp b a fd09::1 streams "$1" bytes $((STREAMED / $1))
	no_errors a b
}

datagrams()
{
	local size

	fresh
	gateways
	link_pair
	for size in $(scale "8 64 1352" "8 1352"); do
		udp a b 10.9.0.2 size $size
		udp b a fd09::1 size $size
	done
	# in fragments
	udp a b 10.9.0.2 size 9000 count 20
	no_errors a b
}

device_counters()
{
	on_sys "$1" sh -c 'cd /sys/class/net/cipe0/statistics
		echo $(cat rx_packets rx_bytes tx_packets tx_bytes \
			rx_errors tx_errors rx_dropped tx_dropped)'
}

exact()
{
	local n=20 size=100 bytes a b

	bytes=$(scale 4000000 200000)
	fresh
	gateways
	on a sysctl -qw net.ipv6.conf.default.disable_ipv6=1
	on b sysctl -qw net.ipv6.conf.default.disable_ipv6=1
	link a cipe0 ip 192.0.2.1:4000 192.0.2.2:4000
	link b cipe0 ip 192.0.2.2:4000 192.0.2.1:4000
	for ns in a b; do
		ipn $ns link set cipe0 mtu 1420 up
	done
	address a cipe0 10.9.0.1/24
	address b cipe0 10.9.0.2/24
	ping_all a 10.9.0.2 $n size $size
	for ns in a b; do
		is "counters of $ns" "$(stat_of $ns cipe0 \
			rx_packets rx_bytes tx_packets tx_bytes)" \
			"$n $((n * (size + 28))) $n $((n * (size + 28)))"
		is "device's counters of $ns" "$(device_counters $ns)" \
			"$n $((n * (size + 28))) $n $((n * (size + 28))) 0 0 0 0"
	done
	# the same for packets that were cut from large ones
	tcp a b 10.9.0.2 bytes $bytes
	settle
	a=$(stat_of a cipe0 tx_packets tx_bytes rx_packets rx_bytes)
	b=$(stat_of b cipe0 rx_packets rx_bytes tx_packets tx_bytes)
	is "what a sent and b received" "$a" "$b"
	is "device's counters of a" "$(device_counters a)" \
		"$(stat_of a cipe0 rx_packets rx_bytes \
			tx_packets tx_bytes) 0 0 0 0"
	at_least "octets" "$(stat_of a cipe0 tx_bytes)" $bytes
}

# A capture inside and one on the carrier: every packet is the overhead
# longer, carries the next counter, and shows nothing
overhead()
{
	local family=$1 octets=$2 size

	fresh
	gateways
	one_by_one a wan
	link_pair ip "$family"
	wait_until 5 ping_all a fd09::2 1
	sniff a wan "$TMP/outer" out marker $MARKER
	sniff a cipe0 "$TMP/inner" out marker $MARKER
	for size in 0 1 15 64 700 1372; do
		ping_all a 10.9.0.2 3 size $size
	done
	ping_all a fd09::2 3 size 1352
	on a ethtool -K cipe0 tso off gso off > /dev/null
	tcp a b 10.9.0.2 bytes 30000
	settle

	sed -n 's/.* len=\([0-9]*\).*/\1/p' "$TMP/inner" > "$TMP/inner.len"
	sed -n 's/.* len=\([0-9]*\).* dst=.*:4000 .*/\1/p' "$TMP/outer" \
		> "$TMP/outer.len"
	at_least "packets" "$(wc -l < "$TMP/inner.len")" 30
	is "octets added" "$(paste "$TMP/outer.len" "$TMP/inner.len" |
		awk '{ print $1 - $2 }' | sort -u | tr '\n' ' ')" "$octets "
	is "packets without the next counter" \
		"$(sed -n 's/.*counter=\([0-9]*\).*/\1/p' "$TMP/outer" |
			awk 'NR > 1 && $1 != last + 1 { n++ } { last = $1 }
			     END { print n + 0 }')" 0
	at_least "packets with the marker inside" \
		"$(grep -c MARKER "$TMP/inner")" 30
	hasnt "$TMP/outer" MARKER
	hasnt "$TMP/outer" "proto=\(1\|6\) "	# neither ICMP nor TCP
	no_errors a b
}

for what in $(scale "chacha20-poly1305,4 chacha20-poly1305,6 aes-128-gcm,4
		aes-128-gcm,6 aes-256-gcm,4 aes-256-gcm,6" \
		"chacha20-poly1305,4 aes-256-gcm,6"); do
	it "${what%,*} over IPv${what#*,}: ping and TCP, both families inside, both ways" \
		all_families ${what%,*} ${what#*,}
done
for mtu in $(scale "1280,4 1420,6 9000,4 9000,6" "1280,4 9000,6"); do
	it "MTU ${mtu%,*} over IPv${mtu#*,}" mtu ${mtu%,*} ${mtu#*,}
done
[ -n "$CIPE_LIGHT" ] || it "one large TCP stream each way" streams 1 4
it "many TCP streams each way" streams "$(scale 64 8)" 6
it "UDP in large and in small packets: none lost" datagrams
it "counters are exact to the packet and the octet" exact
[ -n "$CIPE_LIGHT" ] ||
	it "52 octets more over IPv4, and no plaintext on the carrier" overhead 4 52
it "72 octets more over IPv6, and no plaintext on the carrier" overhead 6 72
run_tests
