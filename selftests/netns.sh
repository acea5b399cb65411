#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# A link's device may live in another network namespace than its socket, and
# either may go first, under traffic. Nothing that the module holds keeps a
# namespace: each really goes when its last user does. Proof of that is a veth
# with its other end in our namespace, which goes with it and not before.

. "$(dirname "$0")/lib.sh"

ROUNDS=$(scale 20 4)	# over all variants
SOME=$(scale 10 2)
FEW=$(scale 5 2)

# flood NS ADDRESS: pings in the background, to be lost or not; not so many
# that nothing else gets done
flood()
{
	cipe-flow ping "$NS-$1" "$2" count 1000000000 window 8 timeout 200 \
		gap "$(slower 1000 10000)" > "$TMP/flood" 2>&1 &
	FLOOD=$!
	keep $FLOOD
}

# flowing NS: packets arrive at cipe0
flowing()
{
	[ "$(stat_of "$1" cipe0 rx_packets)" -gt 10 ]
}

# probes NS...: ip's commands that make what freed looks for
probes()
{
	local ns

	for ns; do
		echo "link add probe netns $NS-$ns type veth peer name $NS-$ns"
	done
}

# freed NS...: the kernel freed these, not only their names are gone
freed()
{
	local ns

	for ns; do
		wait_until 15 [ ! -e "/sys/class/net/$NS-$ns" ]
	done
}

# forget NS...: delete the names
forget()
{
	printf "netns del $NS-%s\n" "$@" | ip -batch -
}

# scene [MODE]: the peer b, which stays, and what it sends
scene()
{
	fresh
	add_ns b
	link b cipe0 "${1:-ip}" "[::]:4000" 192.0.2.1:4000
	up b cipe0 10.9.0.2/24 -- "link set cipe0 mtu 1400"
	GEN=1
	flood b 10.9.0.1
}

# ends FAMILY: sets LOCAL and REMOTE
ends()
{
	case $1 in
	4) LOCAL=192.0.2.1:4000 REMOTE=192.0.2.2:4000 ;;
	6) LOCAL="[2001:db8::1]:4000" REMOTE="[2001:db8::2]:4000" ;;
	esac
}

# device MODE: a's link with new keys, up; all but the socket
device()
{
	GEN=$((GEN + 1))
	key_words b $GEN slot next
	cli b key cipe0 "${WORDS[@]}" -- set cipe0 endpoint "$LOCAL"
	key_words a $GEN
	cli a add cipe0 mode "$1" -- key cipe0 "${WORDS[@]}" -- \
		set cipe0 endpoint "$REMOTE"
	# b need not look for a new address
	[ "$1" = ip ] || set -- ether "link set cipe0 address 02:00:00:00:00:0a"
	up a cipe0 10.9.0.1/24 -- "link set cipe0 mtu 1400" "${@:2}"
}

# build ROUND [MODE]: a has the device, u the socket; over IPv4 and IPv6 in
# turn. Packets arrive when this is done.
build()
{
	add_ns a u
	{
		probes a u
		echo "link add wan netns $NS-u type veth peer name wan netns $NS-b"
	} | ip -batch -
	up u wan 192.0.2.1/24 2001:db8::1/64
	up b wan 192.0.2.2/24 2001:db8::2/64
	ends $((4 + $1 % 2 * 2))
	device "${2:-ip}"
	hold u bind "$LOCAL" netns "/run/netns/$NS-a" link cipe0
	wait_until 5 flowing a
}

stop_flood()
{
	kill "$FLOOD" 2> /dev/null || :
	wait "$FLOOD" 2> /dev/null || :
}

state_is()
{
	[ "$(stat_of "$1" "${3:-cipe0}" socket-state)" = "$2" ]
}

# ---- moved ------------------------------------------------------------------

# The device goes to h, the socket stays; requests by link id from the
# socket's namespace
moved()
{
	local family=$1 id

	fresh
	gateways
	link_pair ip $family
	ping_all a 10.9.0.2 3
	id=$(stat_of a cipe0 link-id)
	add_ns h
	ipn a link set cipe0 netns $NS-h
	up h cipe0 10.9.0.1/24 fd09::1/64
	ping_all h 10.9.0.2 20
	ping_all h fd09::2 20
	tcp h b 10.9.0.2
	tcp b h fd09::1
	is "link id, there and here" "$(stat_of h cipe0 link-id
		stat_of a "id:$id" link-id)" "$id"$'\n'"$id"
	fails cli a get cipe0
	is "links in the socket's namespace" "$(cli a dump)" ""
	like "links in the device's namespace" "$(cli h dump)" "link-id=$id .*ifname=cipe0"
	is "local" "$(stat_of a "id:$id" local)" "$(carrier a $family)"

	# events are heard in both
	monitor a "$TMP/events.a"
	monitor h "$TMP/events.h"
	cli a set "id:$id" endpoint "$(carrier b $family 4001)" keepalive 1000
	is "endpoint" "$(stat_of h cipe0 endpoint keepalive)" \
		"$(carrier b $family 4001) 1000"
	hold b bind "$(carrier b $family 4002)" link cipe0
	ping_all b 10.9.0.1 5
	ping_all h 10.9.0.2 5
	wait_until 3 has "$TMP/events.a" "^peer-moved .*link-id=$id"
	wait_until 3 has "$TMP/events.h" "^peer-moved .*ifname=cipe0"

	# keys, and another socket, from there too
	set_key b cipe0 2 slot next
	set_key a "id:$id" 2
	ping_all h fd09::2 5
	hold a bind "$(carrier a $family 4003)" link "id:$id"
	ping_all h 10.9.0.2 5
	cli a keydel "id:$id"
	carrier_is h cipe0 off
	no_errors h b
}

# Who may not administer the device's namespace can not by its number either
foreign()
{
	local id

	fresh
	gateways
	link_pair
	id=$(stat_of a cipe0 link-id)
	unshare -Urn true 2> /dev/null || skip "no user namespaces"
	for what in get set keydel; do
		fails unshare -Urn cipe-cli $what "id:$id"
		has "$TMP/error" "No such device"
	done
	ping_all a 10.9.0.2 3
}

# There and back under traffic
moved_often()
{
	local i from=a to=h swap

	fresh
	gateways
	add_ns h
	link_pair
	flood b 10.9.0.1
	for ((i = 0; i < ROUNDS; i++)); do
		ipn $from link set cipe0 netns $NS-$to
		up $to cipe0 10.9.0.1/24 fd09::1/64
		swap=$from from=$to to=$swap
		ping_all $from 10.9.0.2 2
	done
	kill -0 $FLOOD
	stop_flood
	ping_all $from fd09::2 20
	tcp b $from 10.9.0.1
}

# ---- deleted ----------------------------------------------------------------

# The device, and a new one in its place; the old sockets are their owners'
link_deleted()
{
	local mode=$1 i

	scene $mode
	build 0 $mode
	for ((i = 1; i <= ROUNDS / 2; i++)); do
		ipn a link del cipe0
		LOCAL=192.0.2.1:$((4000 + i))
		device $mode
		hold u bind "$LOCAL" netns "/run/netns/$NS-a" link cipe0
		wait_until 5 flowing a
	done
	kill -0 $FLOOD
	stop_flood
	ping_all b 10.9.0.1 20
}

# Names and holder go, in all orders; so do both namespaces
both_deleted()
{
	local i

	scene $1
	for ((i = 0; i < ROUNDS / 2; i++)); do
		build $i $1
		case $((i / 2 % 4)) in
		0)	kill -9 $HOLDER
			forget a u ;;
		1)	kill -9 $HOLDER
			forget u a ;;
		2)	forget a u
			kill -9 $HOLDER ;;
		3)	forget u a
			kill -9 $HOLDER ;;
		esac
		freed a u
	done
	kill -0 $FLOOD
	# the peer is as well as before
	build 0 $1
	stop_flood
	ping_all b 10.9.0.1 10
}

# The device's goes and is gone before anything happens to the socket's
device_first()
{
	local i

	scene
	for ((i = 0; i < FEW; i++)); do
		build $i
		# its holder is in there
		kill -9 $HOLDER
		forget a
		freed a
		[ -e "/sys/class/net/$NS-u" ]
		# the port is free: the last link is gone
		cipe-udp -n $NS-u bind "[::]:4000"
		forget u
		freed u
	done
}

# The socket's goes: the link stays, and takes another socket
socket_first()
{
	local i

	scene
	for ((i = 0; i < FEW; i++)); do
		build $i
		kill -9 $HOLDER
		forget u
		freed u
		is "state and address" "$(stat_of a cipe0 socket-state local)" \
			"none -"
		[ $((i % 5)) -gt 0 ] || other_socket
		forget a
		freed a
	done
}

other_socket()
{
	local before

	cable a wan b wan
	up a wan 192.0.2.1/24
	up b wan 192.0.2.2/24
	before=$(stat_of a cipe0 rx_packets)
	cli a set cipe0 endpoint 192.0.2.2:4000
	hold a bind 0.0.0.0:4000 link cipe0
	cli b set cipe0 endpoint 192.0.2.1:4000
	wait_until 5 grown a $before
	ping_all b 10.9.0.1 5
	kill -9 $HOLDER
}

grown()
{
	[ "$(stat_of "$1" cipe0 rx_packets)" -gt "$2" ]
}

# ---- circles ----------------------------------------------------------------

# The device and its socket in one namespace, whose holder is dead
own_carrier()
{
	local i

	scene
	for ((i = 0; i < SOME; i++)); do
		add_ns a
		{
			probes a
			echo "link add wan netns $NS-a type veth" \
				"peer name wan netns $NS-b"
		} | ip -batch -
		up a wan 192.0.2.1/24 2001:db8::1/64
		up b wan 192.0.2.2/24 2001:db8::2/64
		ends $((4 + i % 2 * 2))
		device ip
		hold a bind "$LOCAL" link cipe0
		wait_until 5 flowing a
		case $((i % 3)) in
		0)	kill -9 $HOLDER
			wait_until 5 state_is a orphan
			forget a ;;
		1)	kill -9 $HOLDER
			forget a ;;
		2)	forget a
			kill -9 $HOLDER ;;
		esac
		freed a
	done
}

# a's device by a socket in b, b's by one in a
crossed()
{
	local i ns

	fresh
	add_ns c
	for ((i = 0; i < SOME; i++)); do
		gateways
		{
			probes a b
			echo "link add lan netns $NS-a type veth" \
				"peer name lan netns $NS-c"
		} | ip -batch -
		up c lan 10.7.0.2/24 -- "route add 10.9.0.0/24 via 10.7.0.1"
		up a lan 10.7.0.1/24
		on a sysctl -qw net.ipv4.ip_forward=1
		for ns in a b; do
			key_words $ns 1
			cli $ns add cipe0 -- key cipe0 "${WORDS[@]}"
		done
		crossed_carriers
		flood c 10.9.0.2
		wait_until 5 flowing a
		case $((i % 3)) in
		0)	kill -9 $HOLDER_A $HOLDER_B
			forget a b ;;
		1)	forget b a
			kill -9 $HOLDER_A $HOLDER_B ;;
		2)	kill -9 $HOLDER_A
			forget a b
			kill -9 $HOLDER_B ;;
		esac
		freed a b
		stop_flood
	done
}

crossed_carriers()
{
	hold b bind 192.0.2.2:4000 netns "/run/netns/$NS-a" link cipe0
	HOLDER_A=$HOLDER
	hold a bind 192.0.2.1:4000 netns "/run/netns/$NS-b" link cipe0
	HOLDER_B=$HOLDER
	cli a set cipe0 endpoint 192.0.2.1:4000
	cli b set cipe0 endpoint 192.0.2.2:4000
	up a cipe0 10.9.0.1/24 -- "link set cipe0 mtu 1400"
	up b cipe0 10.9.0.2/24 -- "link set cipe0 mtu 1400" \
		"route add 10.7.0.0/24 dev cipe0"
}

# ---- unloaded ---------------------------------------------------------------

# The module goes and takes all links with it; their sockets are their owners'
unloaded()
{
	local i

	[ -z "$(ip -o link show type cipe)" ] ||
		skip "links that are not ours are in use"
	fresh
	gateways
	for ((i = 0; i < SOME; i++)); do
		link_pair ip $((4 + i % 2 * 2))
		flood a 10.9.0.2
		wait_until 5 flowing b
		modprobe -r cipe
		[ ! -e /sys/module/cipe ]
		[ -z "$(ipn a -o link show type cipe)" ]
		kill -0 $HOLDER_A
		listening a 4000
		modprobe cipe
		stop_flood
		kill -9 $HOLDER_A $HOLDER_B
		wait_until 5 not listening a 4000
		wait_until 5 not listening b 4000
	done
}

not()
{
	! "$@"
}

# It comes by its name of old, and when a link or its netlink family is asked for
loaded()
{
	[ -z "$(ip -o link show type cipe)" ] ||
		skip "links that are not ours are in use"
	fresh
	add_ns a
	for by in "modprobe cipcb" "modprobe cipe" "ipn a link add cipe0 type cipe" \
		"cli a dump"; do
		modprobe -r cipe
		[ ! -e /sys/module/cipe ]
		$by
		[ -e /sys/module/cipe ]
	done
}

for family in $(scale "4 6" 6); do
	it "IPv$family: the device moves, the socket stays" moved $family
done
it "not by its number for who may not administer its namespace" foreign
it "the device moves under traffic" moved_often
for mode in $(scale "ip ether" ether); do
	it "mode $mode: the device is deleted under traffic" link_deleted $mode
	it "mode $mode: both namespaces are deleted under traffic, in all orders" \
		both_deleted $mode
done
it "the device's namespace goes first" device_first
it "the socket's namespace goes first: the link stays" socket_first
it "device and socket in one namespace do not keep it" own_carrier
it "two namespaces that carry each other's devices do not keep each other" crossed
it "the module is unloaded under traffic" unloaded
it "the module is loaded as cipcb, too, and when it is needed" loaded
run_tests
