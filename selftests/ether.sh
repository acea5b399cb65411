#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Mode ether: the link is a cable. ARP and neighbour discovery, VLANs,
# bridges with hosts behind them, broadcast, jumbo frames and protocols that
# nobody knows pass as they are.

. "$(dirname "$0")/lib.sh"

# both_carriers FAMILY CIPHER [MTU]
both_carriers()
{
	fresh
	gateways
	link_pair ether "$@"
	ping_all a 10.9.0.2 $PINGS
	ping_all b fd09::1 $PINGS size 1000
	on a ip neigh show dev cipe0 > "$TMP/neigh"
	has "$TMP/neigh" "^10.9.0.2 lladdr"
	has "$TMP/neigh" "^fd09::2 lladdr"
	tcp a b 10.9.0.2
	tcp b a fd09::1
	no_errors a b
}

# Default MTU is Ethernet's payload; the MAC address is real and can be set
like_ethernet()
{
	local mac

	fresh
	gateways mtu 9100
	link_pair ether 4 $CIPHER 1500
	ping_all a 10.9.0.2 10 df size 1472
	ipn a -o link show dev cipe0 > "$TMP/link"
	has "$TMP/link" "link/ether"
	hasnt "$TMP/link" "NOARP"
	hasnt "$TMP/link" "00:00:00:00:00:00"
	ipn a link set cipe0 down
	ipn a link set cipe0 address 02:00:00:00:00:0a up
	ping_all a 10.9.0.2 10
	mac=$(ipn b neigh show 10.9.0.1 | sed 's/.*lladdr \([^ ]*\).*/\1/')
	is "address that b sees" "$mac" 02:00:00:00:00:0a
	# a frame of b's own may have come while the device was down
	is "other errors" "$(cli a errors cipe0 | grep -v rx_down)" ""
	no_errors b
}

vlans()
{
	local ns n=0

	fresh
	gateways
	link_pair ether
	for ns in a b; do
		n=$((n + 1))
		ipn $ns link add link cipe0 name v7 type vlan id 7
		ipn $ns link add link cipe0 name v8 type vlan proto 802.1ad id 8
		ipn $ns link add link v8 name q9 type vlan id 9
		for dev in v7 v8 q9; do
			ipn $ns link set $dev up
		done
		address $ns v7 10.7.0.$n/24 fd07::$n/64
		address $ns q9 10.6.0.$n/24 fd06::$n/64
	done
	ping_all a 10.7.0.2 20
	ping_all b fd07::1 20 size 1300
	ping_all a 10.6.0.2 20
	ping_all b fd06::1 20 size 1300
	tcp a b 10.7.0.2
	tcp b a 10.6.0.1
	no_errors a b
}

bridged()
{
	local ns

	fresh
	gateways mtu 9100
	add_ns hosta hostb
	link_pair ether "$1" $CIPHER 1500
	for ns in a b; do
		cable $ns lan host$ns eth0
		ipn $ns addr flush dev cipe0
		ipn $ns link add br0 type bridge
		ipn $ns link set lan master br0
		ipn $ns link set cipe0 master br0
		ipn $ns link set br0 up
		on host$ns sysctl -qw net.ipv4.icmp_echo_ignore_broadcasts=0
	done
	address hosta eth0 10.8.0.1/24 fd08::1/64
	address hostb eth0 10.8.0.2/24 fd08::2/64
	wait_until 5 on hosta ping -c 1 -W 1 10.8.0.2
	ping_all hosta 10.8.0.2 30 size 1472
	ping_all hostb fd08::1 30
	# broadcast; and multicast to all nodes
	on hosta ping -b -c 2 -W 2 10.8.0.255 > "$TMP/ping" 2>&1
	has "$TMP/ping" "from 10.8.0.2"
	on hosta ping -c 2 -W 2 ff02::1%eth0 > "$TMP/ping" 2>&1
	has "$TMP/ping" "from fe80"
	tcp hosta hostb 10.8.0.2
	tcp hostb hosta fd08::1
	# learned: the far host is behind the link
	mac=$(on_sys hostb cat /sys/class/net/eth0/address)
	on a bridge fdb show dev cipe0 > "$TMP/fdb"
	has "$TMP/fdb" "^$mac"
	no_errors a b
}

# Two cables between two bridges are a loop: spanning tree closes one of them, and no
# broadcast goes round
loop_of_two()
{
	local ns n before

	fresh
	gateways
	add_ns hosta hostb
	link_pair ether 4 aes-128-gcm
	link b cipe1 ether 192.0.2.2:4001 192.0.2.1:4001 2 slot next
	link a cipe1 ether 192.0.2.1:4001 192.0.2.2:4001 2
	for ns in a b; do
		cable $ns lan host$ns eth0
		ipn $ns addr flush dev cipe0
		# as quick as the standard allows: 2 * 2 seconds
		ipn $ns link add br0 type bridge stp_state 1 forward_delay 200 \
			hello_time 100 max_age 600
		for dev in lan cipe0 cipe1; do
			ipn $ns link set $dev mtu 1400 up master br0
		done
		ipn $ns link set br0 up
	done
	address hosta eth0 10.8.0.1/24
	address hostb eth0 10.8.0.2/24
	wait_until 20 closed_one
	wait_until 20 on hosta ping -c 1 -W 1 10.8.0.2
	before=$(stat_of b cipe0 rx_packets)
	n=$(stat_of b cipe1 rx_packets)
	# each asks all who has an address that nobody has
	on hosta ping -q -c 20 -i 0.05 -W 1 10.8.0.77 > /dev/null 2>&1 || :
	pkt hosta frame eth0 ffffffffffff02000000000a88b50102030405
	settle
	at_most "frames of both cables" \
		$(($(stat_of b cipe0 rx_packets) - before + $(stat_of b cipe1 rx_packets) - n)) 200
	closed_one
	ping_all hosta 10.8.0.2 $PINGS
	ping_all hostb 10.8.0.1 $PINGS
	# the other cable takes over
	ipn a link set "$(open_cable)" down
	wait_until 20 on hosta ping -c 1 -W 1 10.8.0.2
	ping_all hosta 10.8.0.2 $PINGS
}

# open_cable: the one that no bridge has closed
open_cable()
{
	local dev

	for dev in cipe0 cipe1; do
		[[ $(on a bridge link show dev $dev; on b bridge link show dev $dev) =~ \
			state\ blocking ]] || echo $dev
	done
}

closed_one()
{
	local states

	states=$(for ns in a b; do on $ns bridge link; done | sed -n 's/.* state \([a-z]*\) .*/\1/p' |
		sort | uniq -c | tr -s ' \n' ' ')
	is "states of ports" "$states" " 1 blocking 5 forwarding "
}

# A protocol that the kernel does not know arrives octet by octet, also the
# shortest frame and one of no even length
unknown_protocol()
{
	local head=0200000000020200000000ff88b5 frame n

	fresh
	gateways
	link_pair ether
	ipn b link set cipe0 promisc on
	sniff b cipe0 "$TMP/frames" in
	for n in $(scale "1 2 46 47 1000 1400" "1 46 1400"); do
		frame=$head$(head -c $n /dev/urandom | od -An -v -tx1 |
			tr -d ' \n')
		pkt a frame cipe0 "$frame"
		wait_until 3 grep -q "protocol=0x88b5 len=$((n + 14)) frame=$frame\$" \
			"$TMP/frames"
	done
	no_errors a b
}

jumbo()
{
	fresh
	gateways mtu 9100
	link_pair ether "$1" $CIPHER 9000
	ping_all a 10.9.0.2 10 df size 8972
	ping_all b fd09::1 10 df size 8952
	tcp a b 10.9.0.2
	no_errors a b
}

# An Ethernet frame is 14 octets more than the packet in it, and the link 52
# or 72 more than that
overhead()
{
	fresh
	gateways
	one_by_one a wan
	link_pair ether "$1"
	ping_all a 10.9.0.2 1
	sniff a wan "$TMP/outer" out
	ping_all a 10.9.0.2 3 size 100
	settle
	is "length on the carrier" \
		"$(sed -n 's/.* len=\([0-9]*\).* dst=.*:4000 .*/\1/p' "$TMP/outer" |
			sort -n | uniq -c | awk '$1 >= 3 { print $2 }')" \
		$((128 + 14 + $2))
}

it "ping and TCP over an IPv4 carrier, ARP and ND resolve" \
	both_carriers 4 aes-256-gcm
[ -n "$CIPE_LIGHT" ] || it "ping and TCP over an IPv6 carrier, ARP and ND resolve" \
	both_carriers 6 chacha20-poly1305
[ -n "$CIPE_LIGHT" ] || it "the same with AES-128-GCM and an MTU of 1280" \
	both_carriers 6 aes-128-gcm 1280
it "the device looks like Ethernet: MAC address, ARP, MTU 1500" like_ethernet
it "VLANs 802.1Q, 802.1ad and one in the other" vlans
for family in $(scale "4 6" 4); do
	it "bridges with hosts behind them over IPv$family: unicast, broadcast, multicast" \
		bridged $family
done
[ -n "$CIPE_LIGHT" ] || it "two cables between bridges with STP: no loop, few broadcasts" loop_of_two
it "frames of an unknown protocol arrive unchanged" unknown_protocol
for family in $(scale "4 6" 6); do
	it "jumbo frames over IPv$family" jumbo $family
done
[ -n "$CIPE_LIGHT" ] || it "66 octets more than the packet over IPv4" overhead 4 52
it "86 octets more than the packet over IPv6" overhead 6 72
run_tests
