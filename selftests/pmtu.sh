#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# The path has a narrow place: senders inside are told what fits, those who
# may be fragmented are, and nothing is lost in silence.

. "$(dirname "$0")/lib.sh"

NARROW=1300

# hosta - a - r - b - hostb, narrow between r and b
path()
{
	local family=$1 mode=${2:-ip}

	fresh
	gateways_routed
	link_pair "$mode" "$family"
	OVERHEAD=$([ "$family" = 4 ] && echo 52 || echo 72)
	[ "$mode" = ip ] || OVERHEAD=$((OVERHEAD + 14))
	FITS=$((NARROW - OVERHEAD))
	add_ns hosta hostb
	for ns in a b; do
		cable $ns lan host$ns eth0
		on $ns sysctl -qw net.ipv4.ip_forward=1 \
			net.ipv6.conf.all.forwarding=1
	done
	address a lan 10.1.0.1/24 fd01::1/64
	address hosta eth0 10.1.0.2/24 fd01::2/64
	address b lan 10.2.0.1/24 fd02::1/64
	address hostb eth0 10.2.0.2/24 fd02::2/64
	ipn hosta route add default via 10.1.0.1
	ipn hosta -6 route add default via fd01::1
	ipn hostb route add default via 10.2.0.1
	ipn hostb -6 route add default via fd02::1
	ipn a route add 10.2.0.0/24 via 10.9.0.2
	ipn a -6 route add fd02::/64 via fd09::2
	ipn b route add 10.1.0.0/24 via 10.9.0.1
	ipn b -6 route add fd01::/64 via fd09::1
	wait_until 5 on hosta ping -c 1 -W 1 10.2.0.2
	wait_until 5 on hosta ping -c 1 -W 1 fd02::2
	ipn r link set rb mtu $NARROW
	ipn b link set wan mtu $NARROW
}

# told HOST ADDRESS SIZE PATTERN: ping is told, at the second try at last
told()
{
	local _

	for _ in 1 2 3; do
		on "$1" ping -c 1 -W 1 -M do -s "$3" "$2" > "$TMP/ping" 2>&1 || :
		grep -q -e "$4" "$TMP/ping" && return
	done
	has "$TMP/ping" "$4"
}

from_lan()
{
	path "$1" "${2:-ip}"
	told hosta 10.2.0.2 1372 "From 10.1.0.1 .*mtu = $FITS)"
	told hosta fd02::2 1352 "From fd01::1 .*mtu[:=] *$((FITS < 1280 ? 1280 : FITS))"
	# what fits to the octet passes
	ping_all hosta 10.2.0.2 3 df size $((FITS - 28))
	[ $FITS -lt 1280 ] || ping_all hosta fd02::2 3 df size $((FITS - 48))
	is "path" "$(stat_of a cipe0 path-mtu)" $FITS
	at_least "told" "$(stat_of a cipe0 tx_too_big)" 1
	# and all who were not told pass in fragments
	ping_all hosta 10.2.0.2 5 nodf size 1372
	ping_all hosta 10.2.0.2 5 nodf size 4000
	ping_all hosta fd02::2 5 size 1232
	tcp hosta hostb 10.2.0.2
	tcp hosta hostb fd02::2
	tcp hostb hosta 10.1.0.2
	tcp hostb hosta fd01::2
}

from_gateway()
{
	path "$1"
	told a 10.9.0.2 1372 "mtu *= *$FITS"
	ping_all a 10.9.0.2 3 df size $((FITS - 28))
	ping_all a 10.9.0.2 5 nodf size 1372
	tcp a b 10.9.0.2
	tcp a b fd09::2
	tcp b a 10.9.0.1
	tcp b a fd09::1
}

# The narrow place is our own device: known without anyone telling
own_device()
{
	local family=$1 fits

	fresh
	gateways
	link_pair ip $family
	fits=$((1400 - (family == 4 ? 52 : 72)))
	ping_all a 10.9.0.2 3 df size 1372
	for ns in a b; do
		ipn $ns link set wan mtu 1400
	done
	wait_until 3 path_is $fits
	told a 10.9.0.2 1372 "mtu *= *$fits"
	told a fd09::2 1352 "mtu[:=] *$fits"
	ping_all a 10.9.0.2 3 df size $((fits - 28))
	ping_all a fd09::2 3 df size $((fits - 48))
	tcp a b 10.9.0.2
	# and by a route
	ipn a link set wan mtu 1500
	ipn b link set wan mtu 1500
	wait_until 3 path_is $((fits + 100))
	case $family in
	4) ipn a route add 192.0.2.2/32 dev wan mtu 1350 ;;
	6) ipn a -6 route add 2001:db8::2/128 dev wan mtu 1350 ;;
	esac
	wait_until 3 path_is $((fits - 50))
	tcp a b 10.9.0.2
}

path_is()
{
	[ "$(stat_of a cipe0 path-mtu)" = "$1" ]
}

# Behind a bridge: the hosts have no route to the gateway, and hear of it
bridged()
{
	local family=$1

	fresh
	gateways_routed
	link_pair ether $family $CIPHER 1500
	FITS=$((1500 - (family == 4 ? 66 : 86)))
	add_ns hosta hostb
	for ns in a b; do
		cable $ns lan host$ns eth0
		ipn $ns addr flush dev cipe0
		ipn $ns link add br0 type bridge
		ipn $ns link set lan master br0
		ipn $ns link set cipe0 master br0
		ipn $ns link set br0 up
	done
	address hosta eth0 10.8.0.1/24 fd08::1/64
	address hostb eth0 10.8.0.2/24 fd08::2/64
	wait_until 5 on hosta ping -c 1 -W 1 10.8.0.2
	wait_until 5 on hosta ping -c 1 -W 1 fd08::2
	told hosta 10.8.0.2 1472 "From 10.8.0.2 .*mtu = $FITS)"
	told hosta fd08::2 1452 "From fd08::2 .*mtu[:=] *$FITS"
	ping_all hosta 10.8.0.2 3 df size $((FITS - 28))
	ping_all hosta fd08::2 3 df size $((FITS - 48))
	ipn r link set rb mtu $NARROW
	ipn b link set wan mtu $NARROW
	told hosta 10.8.0.2 $((FITS - 28)) "From 10.8.0.2 .*mtu = $((FITS - 200))"
	FITS=$((FITS - 200))
	ping_all hosta 10.8.0.2 3 df size $((FITS - 28))
	ping_all hosta 10.8.0.2 3 nodf size 1472
	tcp hosta hostb 10.8.0.2
	tcp hosta hostb fd08::2
}

for family in $(scale "4 6" 4); do
	it "over IPv$family: hosts behind the gateway are told what fits" \
		from_lan $family
done
for family in $(scale "4 6" 6); do
	it "over IPv$family: the gateway's own packets" from_gateway $family
	it "over IPv$family: narrow at our own device, and by a route" \
		own_device $family
	it "over IPv$family: hosts behind a bridge in mode ether" bridged $family
done
run_tests
