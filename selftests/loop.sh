#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# A link may be carried by another link, not by itself: loops end, are
# counted, and leave the machine alive.

. "$(dirname "$0")/lib.sh"

quick()
{
	local began=$SECONDS

	"$@" || :
	at_most "seconds" $((SECONDS - began)) $((5 * CIPE_SLOW))
}

itself()
{
	local family=$1 peer

	fresh
	gateways
	link_pair ip $family
	ping_all a 10.9.0.2 3
	case $family in
	4) peer=192.0.2.2/32 ;;
	6) peer=2001:db8::2/128 ;;
	esac
	ipn a -$family route add $peer dev cipe0
	quick ping_none a 10.9.0.2
	quick on a ping -qf -c 100 -w 3 10.9.0.2 > /dev/null
	at_least "counted" "$(stat_of a cipe0 tx_loop)" 3
	is "other errors" "$(cli a errors cipe0 | grep -v tx_loop)" ""
	ipn a -$family route del $peer dev cipe0
	ping_all a 10.9.0.2 10
}

# The default route, too, is no way to the peer if it leads into the link
default_route()
{
	fresh
	gateways
	link_pair
	ipn a addr del 192.0.2.1/24 dev wan
	address a wan 192.0.2.1/32
	ipn a route add default dev cipe0
	quick ping_none a 203.0.113.5
	at_least "counted" "$(stat_of a cipe0 tx_loop)" 1
	# the usual cure: a route to the peer itself
	ipn a route add 192.0.2.2/32 dev wan
	ping_all a 10.9.0.2 5
}

within()
{
	fresh
	gateways mtu 1600
	link_pair ip 4 aes-256-gcm 1500
	link a cipe1 ip "[fd09::1]:4001" "[fd09::2]:4001" 1001
	link b cipe1 ip "[fd09::2]:4001" "[fd09::1]:4001" 1001
	up a cipe1 10.10.0.1/24 -- "link set cipe1 mtu 1400"
	up b cipe1 10.10.0.2/24 -- "link set cipe1 mtu 1400"
	link a cipe2 ether 10.10.0.1:4002 10.10.0.2:4002 1002 \
		cipher chacha20-poly1305
	link b cipe2 ether 10.10.0.2:4002 10.10.0.1:4002 1002 \
		cipher chacha20-poly1305
	up a cipe2 10.11.0.1/24 fd11::1/64 -- "link set cipe2 mtu 1300"
	up b cipe2 10.11.0.2/24 fd11::2/64 -- "link set cipe2 mtu 1300"
	ping_all a 10.10.0.2 10
	ping_all a 10.11.0.2 10
	ping_all b fd11::1 10 size 1252
	tcp a b 10.11.0.2
	tcp b a fd11::1
	no_errors a b
}

rx_packets()
{
	stat_of b "$1" rx_packets
}

# Packets of one burst, some for a link that another one carries, some for one
# beside it: each reaches its own peer
apart()
{
	local one two

	fresh
	gateways mtu 1600
	link_pair ip 4 aes-256-gcm 1500
	link a cipe1 ip "[fd09::1]:4001" "[fd09::2]:4001" 1001
	link b cipe1 ip "[fd09::2]:4001" "[fd09::1]:4001" 1001
	link a cipe2 ip 192.0.2.1:4002 192.0.2.2:4002 1002
	link b cipe2 ip 192.0.2.2:4002 192.0.2.1:4002 1002
	up a cipe1 10.10.0.1/24
	up b cipe1 10.10.0.2/24
	up a cipe2 10.12.0.1/24
	up b cipe2 10.12.0.2/24
	add_ns host
	cable a lan host eth0
	up a lan 10.1.0.1/24
	up host eth0 10.1.0.2/24 -- "route add default via 10.1.0.1"
	on a sysctl -qw net.ipv4.ip_forward=1
	ping_all a 10.10.0.2 3
	ping_all a 10.12.0.2 3
	ping_all host 10.1.0.1 1

	one=$(rx_packets cipe1) two=$(rx_packets cipe2)
	on host tc qdisc add dev eth0 root netem slot 1s 1s
	on host bash -c 'for i in {1..20}; do
		echo > /dev/udp/10.10.0.2/9
		echo > /dev/udp/10.12.0.2/9
	done'
	wait_until 10 eval "[ \$(rx_packets cipe2) -ge $((two + 20)) ]" || :
	settle
	is "through the one that is carried" $(($(rx_packets cipe1) - one)) 20
	is "through the one beside it" $(($(rx_packets cipe2) - two)) 20
}

# Each carries the other
each_other()
{
	local sum

	fresh
	gateways
	link a cipe0 ip 0.0.0.0:4000 10.10.0.2:4000 1
	link a cipe1 ip 0.0.0.0:4001 10.9.0.2:4001 2
	ipn a link set cipe0 mtu 1420 up
	ipn a link set cipe1 mtu 1420 up
	address a cipe0 10.9.0.1/24
	address a cipe1 10.10.0.1/24
	quick on a ping -c 2 -i 0.2 -W 1 10.9.0.2 > /dev/null
	quick on a ping -qf -c 200 -w 3 10.10.0.2 > /dev/null
	quick on a ping -f -s 8000 -c 100 -w 3 10.9.0.2 > /dev/null
	sum=$(($(stat_of a cipe0 tx_loop) + $(stat_of a cipe1 tx_loop)))
	at_least "counted" $sum 2
	# alive, and to be taken apart
	ipn a link del cipe0
	ipn a link del cipe1
	fails ipn a link show dev cipe0
}

# Packets that the gateways send back and forth die of their hop limit
back_and_forth()
{
	local bytes

	fresh
	gateways
	link_pair
	for ns in a b; do
		on $ns sysctl -qw net.ipv4.ip_forward=1 \
			net.ipv4.conf.all.rp_filter=0 \
			net.ipv4.conf.cipe0.rp_filter=0
	done
	ipn a route add 203.0.113.0/24 via 10.9.0.2
	ipn b route add 203.0.113.0/24 via 10.9.0.1
	quick on a ping -c 1 -W 1 -s 1000 203.0.113.1 > /dev/null
	bytes=$(stat_of a cipe0 tx_bytes)
	at_most "octets" $bytes 100000
	settle
	is "after that" "$(stat_of a cipe0 tx_bytes)" "$(stat_of a cipe0 tx_bytes)"
	ping_all a 10.9.0.2 3
}

it "the route to an IPv4 peer leads into the link itself" itself 4
it "the route to an IPv6 peer leads into the link itself" itself 6
it "the default route leads into the link" default_route
it "a link in a link in a link" within
it "a burst for a link within a link, and for one beside it" apart
it "two links that carry each other" each_other
it "gateways that route back and forth" back_and_forth
run_tests
