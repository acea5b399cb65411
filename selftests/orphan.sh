#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# The link outlives the process that owns its socket: when that closes it or
# is killed the kernel keeps the port, for itself alone, and a new owner takes
# over. Not one packet is lost. And a socket that no link uses any more is its
# owner's.

. "$(dirname "$0")/lib.sh"

ROUNDS=$(scale 20 3)
FEW=$(scale 5 2)

state_is()
{
	[ "$(stat_of "$1" "${3:-cipe0}" socket-state)" = "$2" ]
}

# flood NS ADDRESS: pings in the background, until stopped
flood()
{
	cipe-flow ping "$NS-$1" "$2" count 1000000000 window 8 \
		gap "$(slower 500 10000)" > "$TMP/flood" 2>&1 &
	FLOOD=$!
	keep $FLOOD
}

# stop_flood [N]: at most N (0) were lost, none changed or came twice
stop_flood()
{
	kill $FLOOD
	wait $FLOOD && return
	[[ $(cat "$TMP/flood") =~ \ lost\ ([0-9]+)\ doubled\ 0\ broken\ 0$ ]] &&
		[ "${BASH_REMATCH[1]}" -le "${1:-0}" ] && return
	say "flood: $(cat "$TMP/flood")"
	return 1
}

# pass NS N: that many more packets come in
pass()
{
	local now

	now=$(stat_of "$1" cipe0 rx_packets)
	wait_until 10 passed "$1" $((now + $2))
}

passed()
{
	[ "$(stat_of "$1" cipe0 rx_packets)" -ge "$2" ]
}

# bound NS ADDRESS: the port is taken, also for those who would share it
bound()
{
	cipe-udp -n $NS-$1 taken "$2"
}

free()
{
	cipe-udp -n $NS-$1 bind "$2"
}

# ---- without an owner, and with a new one -----------------------------------

# killed ROUNDS FAMILY LOCAL REMOTE: the owner is killed and another takes
# over, in turn, under a flood. REMOTE is b as a sees it.
killed()
{
	local rounds=$1 family=$2 local=$3 remote=$4 i

	fresh
	gateways
	link b cipe0 ip "[::]:4000" "$(carrier a $family)" 1 slot next
	up b cipe0 10.9.0.2/24 -- "link set cipe0 mtu 1400"
	key_words a 1
	cli a add cipe0 -- key cipe0 "${WORDS[@]}" -- \
		set cipe0 endpoint "$remote"
	hold a bind "$local" link cipe0
	up a cipe0 10.9.0.1/24 -- "link set cipe0 mtu 1400"
	wait_until 5 carrier_is b cipe0 on
	flood b 10.9.0.1
	pass a 20
	for ((i = 0; i < rounds; i++)); do
		kill -9 $HOLDER
		wait_until 5 state_is a orphan
		pass a 20
		[ $i -gt 0 ] || bound a "$local"
		hold a unbound "$([ "${local#[}" = "$local" ] && echo 4 || echo 6)" \
			link cipe0
		is "state" "$(stat_of a cipe0 socket-state local)" "user $local"
		pass a 20
		[ $i -gt 0 ] || bound a "$local"
	done
	stop_flood
	ping_all a 10.9.0.2 10
	ipn a link del cipe0
	# its owner has it
	bound a "$local"
	kill -9 $HOLDER
	wait_until 5 free a "$local"
}

# The descriptor is closed while its link is being used, at once
never_owned()
{
	local family=$1 i

	fresh
	gateways
	link_pair ip $family
	flood a 10.9.0.2
	for ((i = 1; i <= FEW; i++)); do
		# opened, attached and closed, by one short process each
		cli a orphan bind "$(carrier a $family $((4000 + i)))" \
			link cipe0
		pass a 10
		# the first one's owner lives
		[ $i -eq 1 ] || free a "$(carrier a $family $((4000 + i - 1)))"
		cli a orphan unbound $family link cipe0
		is "state" "$(stat_of a cipe0 socket-state local)" \
			"orphan $(carrier a $family $((4000 + i)))"
		pass a 10
	done
	# answers on their way to the port before find nobody: those to one
	# window of pings, each time
	stop_flood $((8 * FEW))
	no_errors a b
}

# The owner may not bind the port (any more): the kernel may
privileged()
{
	local run="setpriv --bounding-set -net_bind_service --inh-caps -net_bind_service"

	fresh
	gateways
	link b cipe0 ip 192.0.2.2:4000 192.0.2.1:500
	up b cipe0 10.9.0.2/24
	key_words a 1
	cli a add cipe0 -- key cipe0 "${WORDS[@]}" -- \
		set cipe0 endpoint 192.0.2.2:4000
	up a cipe0 10.9.0.1/24
	on a sysctl -qw net.ipv4.ip_unprivileged_port_start=0
	HOLDER=$($run cipe-cli -n $NS-a hold bind 192.0.2.1:500 link cipe0)
	keep $HOLDER
	on a sysctl -qw net.ipv4.ip_unprivileged_port_start=1024
	fails $run cipe-udp -n $NS-a bind 192.0.2.1:501
	has "$TMP/error" "Permission denied"
	flood a 10.9.0.2
	pass a 10
	kill -9 $HOLDER
	wait_until 5 state_is a orphan
	pass a 10
	# no way to get it without the right to it
	fails $run cipe-cli -n $NS-a hold unbound 4 link cipe0
	has "$TMP/error" "Permission denied"
	state_is a orphan
	pass a 10
	hold a unbound 4 link cipe0
	state_is a user
	pass a 10
	stop_flood
	no_errors a b
}

# What of the socket is not an address stays too
options()
{
	fresh
	gateways
	address a wan 192.0.2.7/24
	link b cipe0 ip 192.0.2.2:4000 192.0.2.1:4000 1 slot next
	up b cipe0 10.9.0.2/24
	key_words a 1
	cli a add cipe0 -- key cipe0 "${WORDS[@]}" -- \
		set cipe0 endpoint 192.0.2.2:4000
	hold a bind 0.0.0.0:4000 device wan link cipe0
	up a cipe0 10.9.0.1/24
	ping_all a 10.9.0.2 5
	kill -9 $HOLDER
	wait_until 5 state_is a orphan
	like "socket" "$(on a ss -Hlun 'sport = :4000')" "%wan:4000"
	ping_all a 10.9.0.2 5
	hold a unbound 4 link cipe0
	like "socket" "$(on a ss -Hlun 'sport = :4000')" "%wan:4000"
	ping_all a 10.9.0.2 5
	no_errors a b
}

refused()
{
	fresh
	gateways
	link_pair
	# it has an owner
	fails cli a hold unbound 4 link cipe0
	has "$TMP/error" "Destination address required"
	kill -9 $HOLDER_A
	wait_until 5 state_is a orphan
	fails cli a hold unbound 6 link cipe0
	has "$TMP/error" "Address family not supported"
	fails cli b hold unbound 4 netns "/run/netns/$NS-a" link cipe0
	has "$TMP/error" "Address family not supported"
	state_is a orphan
	bound a 192.0.2.1:4000
	ping_all a 10.9.0.2 5
	# a bound one in its place: the port is free again
	hold a bind 192.0.2.1:4001 link cipe0
	state_is a user
	free a 192.0.2.1:4000
	ping_all a 10.9.0.2 5
	no_errors a b
}

# ---- meanwhile --------------------------------------------------------------

# Messages of the key exchange: for the daemon, or for nobody
control()
{
	local family=$1 A send

	fresh
	gateways
	link_pair ip $family
	A=$(carrier a $family)
	send="pkt b send to $A from $(carrier b $family 4009) raw"
	kill -9 $HOLDER_A
	wait_until 5 state_is a orphan
	causes a "socket_control 3" $send 0000000001020304 repeat 3
	# shorter than a data packet may be
	causes a "socket_control 1" $send 00000000
	causes a "socket_short 1" $send 000000
	hold a unbound $family log "$TMP/heard" link cipe0
	causes a "" $send 00000000aabbccdd
	wait_until 3 has "$TMP/heard" "00000000aabbccdd"
	hasnt "$TMP/heard" 01020304
	ping_all a 10.9.0.2 5
}

# Keys end, the port is kept, new keys can come
expiry()
{
	fresh
	gateways
	link_pair
	kill -9 $HOLDER_A
	wait_until 5 state_is a orphan
	set_key a cipe0 2 lifetime "$(slower 4000 15000)" slot next
	set_key b cipe0 2
	ping_all a 10.9.0.2 3
	wait_until 6 carrier_is a cipe0 off
	ping_none a 10.9.0.2
	state_is a orphan
	bound a 192.0.2.1:4000
	set_key a cipe0 3 slot next
	set_key b cipe0 3
	wait_until 3 carrier_is a cipe0 on
	ping_all a 10.9.0.2 5
	ping_all b 10.9.0.1 5
	state_is a orphan
}

# The peer moves while nobody listens
roaming()
{
	fresh
	gateways
	link_pair
	kill -9 $HOLDER_A
	wait_until 5 state_is a orphan
	hold b bind 192.0.2.2:4001 link cipe0
	ping_all b 10.9.0.1 5
	is "endpoint" "$(stat_of a cipe0 endpoint)" 192.0.2.2:4001
	hold a unbound 4 link cipe0
	ping_all a 10.9.0.2 5
}

# ---- given back -------------------------------------------------------------

# What comes to a hooked socket is not its owner's; after the last link it is
given_back()
{
	local family=$1 A send

	fresh
	gateways
	A=$(carrier a $family)
	cli a add cipe0 -- add cipe1
	hold a bind "$A" log "$TMP/heard" link cipe0 link cipe1
	ips a "link set cipe0 up" "link set cipe1 up"
	send="pkt b send to $A from $(carrier b $family) raw"
	causes a "socket_unknown_key 1" \
		$send 11111114000000000102030405060708090a0b0c0d0e0f10
	ipn a link del cipe1
	causes a "socket_unknown_key 1" \
		$send 22222224000000000102030405060708090a0b0c0d0e0f10
	$send 0000000033333333
	wait_until 3 has "$TMP/heard" 0000000033333333
	ipn a link del cipe0
	$send 44444444000000000102030405060708090a0b0c0d0e0f10
	$send 55
	wait_until 3 has "$TMP/heard" "44444444000000000102030405060708"
	wait_until 3 has "$TMP/heard" " 55\$"
	hasnt "$TMP/heard" "11111114\|22222224"
	bound a "$A"
	kill -9 $HOLDER
	wait_until 5 free a "$A"
}

# One socket for the links to two peers
shared()
{
	fresh
	gateways
	link b cipe0 ip 192.0.2.2:4000 192.0.2.1:4000 1 slot next
	link b cipe1 ip 192.0.2.2:4001 192.0.2.1:4000 2 slot next
	up b cipe0 10.9.0.2/24
	up b cipe1 10.8.0.2/24
	key_words a 1
	cli a add cipe0 -- key cipe0 "${WORDS[@]}" -- \
		set cipe0 endpoint 192.0.2.2:4000
	key_words a 2
	cli a add cipe1 -- key cipe1 "${WORDS[@]}" -- \
		set cipe1 endpoint 192.0.2.2:4001
	hold a bind 192.0.2.1:4000 link cipe0 link cipe1
	up a cipe0 10.9.0.1/24
	up a cipe1 10.8.0.1/24
	flood a 10.9.0.2
	ping_all a 10.8.0.2 5
	# both lose their owner, and get one
	kill -9 $HOLDER
	wait_until 5 state_is a orphan
	state_is a orphan cipe1
	ping_all a 10.8.0.2 5
	hold a unbound 4 link cipe1
	state_is a user
	state_is a user cipe1
	ping_all a 10.8.0.2 5
	# one goes, and comes again as another
	ipn a link del cipe1
	pass a 20
	kill -9 $HOLDER
	wait_until 5 state_is a orphan
	pass a 20
	cli a add cipe1
	hold a unbound 4 link cipe0 link cipe1
	pass a 20
	state_is a user cipe1
	ipn a link del cipe1
	pass a 20
	stop_flood
	no_errors a
	ipn a link del cipe0
	kill -9 $HOLDER
	wait_until 5 free a 192.0.2.1:4000
}

# ---- owners that interfere --------------------------------------------------

# UDP_ENCAP is the owner's to set: data packets then pass us by
unhooked()
{
	fresh
	gateways
	link_pair
	cipe-udp encap $HOLDER_A 0
	ping_none a 10.9.0.2
	ipn a link del cipe0
	bound a 192.0.2.1:4000
	kill -9 $HOLDER_A
	wait_until 5 free a 192.0.2.1:4000
}

# ... and nothing tells us when it closes the socket then. It is noticed
# nevertheless, in time
unhooked_closed()
{
	fresh
	gateways
	ip link add probe netns $NS-a type veth peer name $NS-a
	link_pair
	cipe-udp encap $HOLDER_A 0
	kill -9 $HOLDER_A
	ip netns del $NS-a
	wait_until 70 [ ! -e "/sys/class/net/$NS-a" ]
}

# The kernel's other use for it: for the owner to have, but nothing breaks
other_encap()
{
	local value

	for value in 1 2 3 4 5 6; do
		fresh
		gateways
		link_pair
		cipe-udp encap $HOLDER_A $value 2> "$TMP/error" || :
		pkt b send to 192.0.2.1:4000 from 192.0.2.2:4009 \
			random 100 repeat 5
		kill -9 $HOLDER_A
		settle
		ipn a link del cipe0
		wait_until 5 free a 192.0.2.1:4000
	done
}

[ -n "$CIPE_LIGHT" ] || it "IPv4: owner killed, and another" \
	killed $ROUNDS 4 192.0.2.1:4000 192.0.2.2:4000
[ -n "$CIPE_LIGHT" ] || it "IPv6: owner killed, and another" \
	killed $ROUNDS 6 "[2001:db8::1]:4000" "[2001:db8::2]:4000"
it "IPv4, bound to no address: owner killed, and another" \
	killed $FEW 4 0.0.0.0:4000 192.0.2.2:4000
[ -n "$CIPE_LIGHT" ] || it "dual stack, IPv4: owner killed, and another" \
	killed $FEW 4 "[::]:4000" 192.0.2.2:4000
it "dual stack, IPv6: owner killed, and another" \
	killed $FEW 6 "[::]:4000" "[2001:db8::2]:4000"
for family in $(scale "4 6" 6); do
	it "IPv$family: sockets closed right after they were attached" \
		never_owned $family
done
# A kernel with checks is for what goes while it is used: not for these
[ -n "$CIPE_CHECKED" ] || {
	it "a port below 1024 of an owner without the right to it" privileged
	it "the socket's device stays" options
	it "who can not take over, and does not" refused
	it "the owner sets other encapsulations" other_encap
}
for family in $(scale "4 6" 6); do
	it "IPv$family: key exchange without an owner is dropped and counted" \
		control $family
done
it "keys expire, and others come, without an owner" expiry
it "the peer moves while there is no owner" roaming
for family in $(scale "4 6" 4); do
	it "IPv$family: without links it is an ordinary socket again" \
		given_back $family
done
it "two links on one socket" shared
it "the owner takes the socket out of our hands" unhooked
it "the owner takes it out of our hands and closes it: nothing is kept (slow)" \
	unhooked_closed
run_tests
