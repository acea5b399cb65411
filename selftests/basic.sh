#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Two gateways, one link in mode ip: packets of both families pass over
# carriers of both families, in any size, in one stream and in many; what is
# counted is what passed; and on the carrier nothing can be read.

. "$(dirname "$0")/lib.sh"

MARKER=This-is-plain-text

address_of()
{
	case $2 in
	4) echo 10.9.0."$1" ;;
	6) echo fd09::"$1" ;;
	esac
}

all_families()
{
	local inner

	fresh
	gateways
	link_pair ip "$2" "$1"
	for inner in 4 6; do
		ping_all a "$(address_of 2 $inner)" 50
		ping_all b "$(address_of 1 $inner)" 50 -s 1000
		tcp a b "$(address_of 2 $inner)"
		tcp b a "$(address_of 1 $inner)"
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
	ping_all a 10.9.0.2 10 -M do -s $((mtu - 28))
	ping_all b fd09::1 10 -M do -s $((mtu - 48))
	fails on a ping -c 1 -W 1 -M do -s $((mtu - 27)) 10.9.0.2
	ping_all a 10.9.0.2 5 -s 20000
	ping_all a fd09::2 5 -s 20000
	tcp a b 10.9.0.2
	no_errors a b
}

streams()
{
	fresh
	gateways
	link_pair ip "$2"
	iperf a b 10.9.0.2 -P "$1" -t 2
	iperf a b fd09::2 -P "$1" -t 2 -R
	no_errors a b
}

udp()
{
	fresh
	gateways
	link_pair
	iperf a b 10.9.0.2 -u -b "$(scale 20M 2M)" -l 1300 -t 2
	has "$TMP/iperf" "(0%)"
	iperf a b fd09::2 -u -b "$(scale 2M 200K)" -l 60 -t 2 -R
	has "$TMP/iperf" "(0%)"
	no_errors a b
}

device_counters()
{
	on "$1" sh -c 'cd /sys/class/net/cipe0/statistics
		echo $(cat rx_packets rx_bytes tx_packets tx_bytes \
			rx_errors tx_errors rx_dropped tx_dropped)'
}

exact()
{
	local n=20 size=100 a b

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
	ping_all a 10.9.0.2 $n -s $size
	for ns in a b; do
		is "counters of $ns" "$(stat_of $ns cipe0 \
			rx_packets rx_bytes tx_packets tx_bytes)" \
			"$n $((n * (size + 28))) $n $((n * (size + 28)))"
		is "device's counters of $ns" "$(device_counters $ns)" \
			"$n $((n * (size + 28))) $n $((n * (size + 28))) 0 0 0 0"
	done
	# the same for packets that were cut from large ones
	tcp a b 10.9.0.2 4
	sleep 0.2
	a=$(stat_of a cipe0 tx_packets tx_bytes rx_packets rx_bytes)
	b=$(stat_of b cipe0 rx_packets rx_bytes tx_packets tx_bytes)
	is "what a sent and b received" "$a" "$b"
	is "device's counters of a" "$(device_counters a)" \
		"$(stat_of a cipe0 rx_packets rx_bytes \
			tx_packets tx_bytes) 0 0 0 0"
	at_least "octets" "$(stat_of a cipe0 tx_bytes)" $((4 << 20))
}


# A capture inside and one on the carrier: every packet is the overhead
# longer, carries the next counter, and shows nothing
overhead()
{
	local family=$1 octets=$2 pattern size

	fresh
	gateways
	one_by_one a wan
	link_pair ip "$family"
	wait_until 5 ping_all a fd09::2 1
	sniff a wan "$TMP/outer" out marker $MARKER
	sniff a cipe0 "$TMP/inner" out marker $MARKER
	pattern=$(printf %.16s $MARKER | od -An -tx1 | tr -d ' \n')
	for size in 0 1 15 64 700 1392; do
		ping_all a 10.9.0.2 2 -s $size -p "$pattern"
	done
	ping_all a fd09::2 2 -s 1372 -p "$pattern"
	for _ in $(seq 3000); do
		echo $MARKER
	done > "$TMP/text"
	on b timeout 30 socat -u TCP4-LISTEN:5003 "CREATE:$TMP/arrived" &
	wait_until 10 listening b 5003
	on a ethtool -K cipe0 tso off gso off > /dev/null
	on a socat -u "OPEN:$TMP/text" TCP4:10.9.0.2:5003
	wait $!
	cmp "$TMP/text" "$TMP/arrived"
	sleep 0.3

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
	sed 's/.*MARKER.*/X/' "$TMP/inner" | grep -c X > "$TMP/marked"
	at_least "packets with the marker inside" "$(cat "$TMP/marked")" 20
	hasnt "$TMP/outer" MARKER
	hasnt "$TMP/outer" "proto=[^1]"		# UDP or nothing
	no_errors a b
}


for cipher in $CIPHERS; do
	for outer in 4 6; do
		it "$cipher over IPv$outer: ping and TCP, both families inside, both ways" \
			all_families "$cipher" $outer
	done
done
it "MTU 1280 over IPv4" mtu 1280 4
it "MTU 1420 over IPv6" mtu 1420 6
it "MTU 9000 over IPv4" mtu 9000 4
it "MTU 9000 over IPv6" mtu 9000 6
it "one TCP stream each way" streams 1 4
it "many TCP streams each way" streams "$(scale 64 8)" 6
it "UDP in large and in small packets: none lost" udp
it "counters are exact to the packet and the octet" exact
it "52 octets more over IPv4, and no plaintext on the carrier" overhead 4 52
it "72 octets more over IPv6, and no plaintext on the carrier" overhead 6 72
run_tests
