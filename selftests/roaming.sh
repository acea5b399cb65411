#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# The peer may be anywhere: it is followed to where its newest authentic
# packet came from, unless it is pinned; nothing else moves it. Through a NAT
# that rewrites ports and forgets soon, keepalives hold the way open.

. "$(dirname "$0")/lib.sh"

FORGETS=$(slower 2 5)	# seconds after which a NAT does
RTT=400			# ms, of a carrier with a delay
SLACK=$((40 * CIPE_SLOW))	# ms, for the commands that change an address
STREAM=1000		# datagrams

endpoint_is()
{
	[ "$(stat_of "$1" cipe0 endpoint)" = "$2" ]
}

pair()
{
	fresh
	gateways
	link_pair ip "$1"
	ping_all a 10.9.0.2 3
	monitor a "$TMP/events"
}

port()
{
	local family=$1 new

	pair $family
	new=$(carrier b $family 4001)
	# another socket, in place of the one before
	hold b bind "$new" link cipe0
	ping_all b 10.9.0.1 5
	wait_until 3 endpoint_is a "$new"
	ping_all a 10.9.0.2 5
	wait_until 3 has "$TMP/events" "^peer-moved .*endpoint=${new//[][]/.}"
	is "times moved" "$(stat_of a cipe0 roamed)" 1
	# and the other end
	hold a bind "$(carrier a $family 4002)" link cipe0
	ping_all a 10.9.0.2 5
	wait_until 3 endpoint_is b "$(carrier a $family 4002)"
	no_errors a b
}

# Bound to no address: the address may change under it
new_address()
{
	local family=$1 old new any

	fresh
	gateways
	case $family in
	4) old=192.0.2.2/24 new=192.0.2.22/24 any=0.0.0.0:4000 ;;
	6) old=2001:db8::2/64 new=2001:db8::22/64 any="[::]:4000" ;;
	esac
	link_pair ip $family
	hold b bind "${any/4000/4001}" link cipe0
	ping_all b 10.9.0.1 3
	wait_until 3 endpoint_is a "$(carrier b $family 4001)"
	ipn b addr del $old dev wan
	address b wan $new
	ping_all b 10.9.0.1 5
	case $family in
	4) wait_until 3 endpoint_is a 192.0.2.22:4001 ;;
	6) wait_until 3 endpoint_is a "[2001:db8::22]:4001" ;;
	esac
	ping_all a 10.9.0.2 5
	no_errors a b
}

# A dual-stack socket follows from one family to the other
other_family()
{
	fresh
	gateways
	link_pair ip 4
	hold a bind "[::]:4001" link cipe0
	ping_all a 10.9.0.2 3
	hold b bind "[::]:4001" link cipe0
	ping_all b 10.9.0.1 3
	cli b set cipe0 endpoint "[2001:db8::1]:4001"
	ping_all b 10.9.0.1 3
	wait_until 3 endpoint_is a "[2001:db8::2]:4001"
	ping_all a fd09::2 5
	cli b set cipe0 endpoint 192.0.2.1:4001
	ping_all b 10.9.0.1 3
	wait_until 3 endpoint_is a 192.0.2.2:4001
	ping_all a fd09::2 5
	no_errors a b
}

# What is not authentic, not new or pinned does not move it
unmoved()
{
	local family=$1 send moved

	fresh
	gateways
	A=$(carrier a $family)
	B=$(carrier b $family)
	link a cipe0 ip "$A" "$B"
	ipn a link set cipe0 up
	monitor a "$TMP/events"
	moved=$(carrier b $family 4009)
	send="pkt b send to $A txkey $(key_of b 1)"
	$send from "$B" counters 0-9,20 empty
	# old, new but overtaken, wrong
	$send from "$moved" counters 5,20 empty
	$send from "$moved" counters 15 empty
	$send from "$moved" counters 21-30 empty flip 100
	$send from "$moved" counters 21-30 empty truncate 1
	pkt b send to "$A" from "$moved" random 60 repeat 10
	is "endpoint" "$(stat_of a cipe0 endpoint roamed rx_keepalive)" "$B 0 12"
	cli a set cipe0 pin 1
	$send from "$moved" counters 21 empty
	is "endpoint, pinned" "$(stat_of a cipe0 endpoint roamed rx_keepalive)" \
		"$B 0 13"
	settle
	hasnt "$TMP/events" peer-moved
	cli a set cipe0 pin 0
	$send from "$moved" counters 22 empty
	is "endpoint, free again" "$(stat_of a cipe0 endpoint roamed)" "$moved 1"
	# an old one does not move it back
	$send from "$B" counters 16 empty
	is "endpoint, after an old packet" "$(stat_of a cipe0 endpoint roamed)" \
		"$moved 1"
	wait_until 3 has "$TMP/events" "^peer-moved .*ifname=cipe0 .*:4009"
}

# A peer that moves with every packet makes one event a second
event_rate()
{
	local i began key packets=()

	fresh
	gateways
	link a cipe0 ip 192.0.2.1:4000 192.0.2.2:4000
	ipn a link set cipe0 up
	monitor a "$TMP/events"
	key=$(key_of b 1)
	began=$(date +%s%N)
	for i in $(seq 0 39); do
		packets+=(-- send to 192.0.2.1:4000 txkey "$key" counters "$i"
			from "192.0.2.2:$((4100 + i % 2))" empty)
	done
	pkt b "${packets[@]:1}"
	wait_until 3 last_moved
	nap 1.2
	is "times moved" "$(stat_of a cipe0 roamed)" 40
	at_least "events" "$(grep -c peer-moved "$TMP/events")" 1
	at_most "events" "$(grep -c peer-moved "$TMP/events")" \
		$((2 + ($(date +%s%N) - began) / 1000000000))
	# the last one tells the truth
	is "address in the last event" "$(tail -1 "$TMP/events" |
		sed 's/.*endpoint=//')" 192.0.2.2:4101
}

last_moved()
{
	[ "$(stat_of a cipe0 roamed)" = 40 ]
}

# Our own address is the one that the peer last sent to
local_address()
{
	fresh
	gateways
	address a wan 192.0.2.7/24 2001:db8::7/64
	# b begins
	link a cipe0 ip 0.0.0.0:4000 192.0.2.2:4000 1 slot next
	up a cipe0 10.9.0.1/24
	link b cipe0 ip 192.0.2.2:4000 192.0.2.7:4000
	up b cipe0 10.9.0.2/24
	wait_until 5 carrier_is a cipe0 on
	ping_all b 10.9.0.1 5
	is "endpoint of b" "$(stat_of b cipe0 endpoint roamed)" "192.0.2.7:4000 0"
	like "local address" "$(stat_of a cipe0 endpoint-local)" "^192.0.2.7:0$"
	# that address goes: another is taken, and the peer follows
	ipn a addr del 192.0.2.7/24 dev wan
	ping_all a 10.9.0.2 5
	wait_until 3 endpoint_is b 192.0.2.1:4000
	no_errors a b
}

# a behind the NAT of r; b sees r's address and a port of r's choice
behind_nat()
{
	fresh
	gateways_routed
	on r nft -f - <<-'EOT'
	table ip nat {
		chain post {
			type nat hook postrouting priority 100;
			oifname "rb" udp dport 4000 masquerade to :20000-20099
		}
	}
	table ip filter {
		chain forward {
			type filter hook forward priority 0; policy accept;
			iifname "rb" ct state established accept
			iifname "rb" drop
		}
	}
	EOT
	on r sysctl -qw net.netfilter.nf_conntrack_udp_timeout=$FORGETS \
		net.netfilter.nf_conntrack_udp_timeout_stream=$FORGETS
	link_pair ip 4
	ping_all a 10.9.0.2 3
	like "endpoint of b" "$(stat_of b cipe0 endpoint)" "^198.51.100.254:200[0-9][0-9]$"
}

nat_forgets()
{
	behind_nat
	sleep $((2 * FORGETS))
	ping_none b 10.9.0.1
	ping_all a 10.9.0.2 3
	ping_all b 10.9.0.1 3
}

nat_held_open()
{
	behind_nat
	cli a set cipe0 keepalive 500
	sleep $((2 * FORGETS + 1))
	ping_all b 10.9.0.1 5
	at_least "keepalives" "$(stat_of b cipe0 rx_keepalive)" 5
	no_errors a b
}

nat_moves()
{
	local before

	behind_nat
	cli a set cipe0 keepalive 300
	monitor b "$TMP/events"
	before=$(stat_of b cipe0 endpoint)
	# other ports, and r forgets what it knew
	on r nft flush chain ip nat post
	on r nft add rule ip nat post oifname rb udp dport 4000 \
		masquerade to :30000-30099
	ipn r link set rb down
	ipn r link set rb up
	wait_until 10 moved_from "$before"
	like "endpoint of b" "$(stat_of b cipe0 endpoint)" "^198.51.100.254:300[0-9][0-9]$"
	wait_until 5 on b ping -c 1 -W 1 10.9.0.1
	ping_all b 10.9.0.1 5
	wait_until 3 has "$TMP/events" "^peer-moved .*endpoint=198.51.100.254:300"
}

moved_from()
{
	! endpoint_is b "$1"
}

# stream FROM TO ADDRESS: a datagram every few milliseconds, for some seconds
stream()
{
	cipe-flow udp "$NS-$1" "$NS-$2" "$3" count $STREAM size 200 gap 4000 lossy \
		> "$TMP/stream-$1" 2>&1 || echo failed >> "$TMP/stream-$1"
}

# lost_ms NS: how long a gap there is in its stream
lost_ms()
{
	sed -n 's/.* silence //p' "$TMP/stream-$1"
}

# mid_transfer FAMILY MOVER OTHER [oneway]: an end's address changes while both send,
# or only the other one. What is under way to the old address is lost, and what
# follows until the other end has heard of the new one: a round trip. What the one
# that moves sends is not
mid_transfer()
{
	local family=$1 mover=$2 other=$3 oneway=$4
	local streams='' ns old new any inside=10.9.0. host=1 senders="$other $mover"

	[ $mover = a ] || host=2
	[ ! "$oneway" ] || senders=$other

	fresh
	gateways
	old=$([ $family = 4 ] && echo 192.0.2 || echo 2001:db8:)
	any=$([ $family = 4 ] && echo 0.0.0.0 || echo "[::]")
	link_pair ip $family
	hold $mover bind "$any:4001" link cipe0
	ping_all $mover $inside$((3 - host)) 3
	# What a queue sends from two processors in turn may come by both. A sender that
	# was held up has many to send at once
	for ns in a b; do
		on_sys $ns sh -c "echo 1 > /sys/class/net/wan/queues/rx-0/rps_cpus"
		on $ns tc qdisc add dev wan root netem delay $((RTT / 2))ms limit 5000
	done
	for ns in $senders; do
		case $ns in
		a) stream a b ${inside}2 & ;;
		b) stream b a ${inside}1 & ;;
		esac
		streams="$streams $!"
	done
	nap 2
	if [ $family = 4 ]; then
		on $mover sysctl -qw net.ipv4.conf.wan.promote_secondaries=1
		ips $mover "addr add $old.77/24 dev wan" \
			"addr del $old.$host/24 dev wan"
		new=$old.77:4001
	else
		ips $mover "addr add $old:77/64 dev wan nodad" \
			"addr del $old:$host/64 dev wan"
		new="[$old:77]:4001"
	fi
	# shellcheck disable=SC2086 # two
	wait $streams
	for ns in $senders; do
		! grep -q failed "$TMP/stream-$ns" || say "$ns:" "$(xargs < "$TMP/stream-$ns")"
		hasnt "$TMP/stream-$ns" failed
	done
	endpoint_is $other "$new"
	for ns in $senders; do
		say "lost by $ns: $(lost_ms $ns) ms of packets; a round trip takes $RTT ms"
	done
	at_least "lost by $other, ms" "$(lost_ms $other)" 1
	at_most "lost by $other, ms" "$(lost_ms $other)" $((RTT + SLACK))
	[ "$oneway" ] || at_most "lost by $mover, ms" "$(lost_ms $mover)" $SLACK
	is "times moved" "$(stat_of $other cipe0 roamed)" 2
}

# churn NS ADDRESS TIMES: that address comes and goes
churn()
{
	local i

	for ((i = 0; i < $3; i++)); do
		ipn "$1" addr add "$2" dev lo
		nap 0.05
		ipn "$1" addr del "$2" dev lo
	done
}

# A peer that does not follow is told four times where we are now, and not at all of
# addresses that do not matter
told()
{
	local before after

	fresh
	gateways
	link_pair ip 4
	hold b bind 0.0.0.0:4001 link cipe0
	ping_all b 10.9.0.1 3
	ping_all a 10.9.0.2 3
	cli a set cipe0 pin 1
	before=$(stat_of b cipe0 tx_keepalive)
	churn b 198.18.0.1/32 5
	churn a 198.18.0.2/32 5
	nap 1.5
	is "empty packets for other addresses" "$(stat_of b cipe0 tx_keepalive)" "$before"
	on b sysctl -qw net.ipv4.conf.wan.promote_secondaries=1
	ips b "addr add 192.0.2.77/24 dev wan" "addr del 192.0.2.2/24 dev wan"
	churn b 198.18.0.1/32 10
	nap 5
	churn b 198.18.0.1/32 10
	nap 1
	after=$(stat_of b cipe0 tx_keepalive)
	at_least "empty packets for a new address" $((after - before)) 2
	at_most "empty packets for a new address" $((after - before)) 4
	is "endpoint, pinned" "$(stat_of a cipe0 endpoint)" 192.0.2.2:4001
	cli a set cipe0 pin 0
	ping_all b 10.9.0.1 3
	is "endpoint, free" "$(stat_of a cipe0 endpoint)" 192.0.2.77:4001
}

# Both behind a NAT of their own, each knowing the other's outside; "forwards":
# b's lets in what comes for it, else neither lets in what was not asked for
double_nat()
{
	two_nats forwards
	link a cipe0 ip 10.1.0.2:4000 203.0.113.2:4000
	link b cipe0 ip 10.2.0.2:4000 203.0.113.9:9
	for ns in a b; do
		ipn $ns link set cipe0 mtu 1420 up
	done
	address a cipe0 10.9.0.1/24
	address b cipe0 10.9.0.2/24
	ping_all a 10.9.0.2 5
	ping_all b 10.9.0.1 5
	is "endpoint of b" "$(stat_of b cipe0 endpoint)" 203.0.113.1:4000
}

# Keepalives of both open the way through both, and hold it open
double_nat_closed()
{
	two_nats
	nats_closed $FORGETS
	link a cipe0 ip 10.1.0.2:4000 203.0.113.2:4000
	link b cipe0 ip 10.2.0.2:4000 203.0.113.1:4000
	for ns in a b; do
		ipn $ns link set cipe0 mtu 1420 up
		cli $ns set cipe0 keepalive 500
	done
	address a cipe0 10.9.0.1/24
	address b cipe0 10.9.0.2/24
	wait_until 5 ping_all a 10.9.0.2 1
	sleep $((2 * FORGETS + 1))
	ping_all a 10.9.0.2 5
	ping_all b 10.9.0.1 5
	# without them it closes
	for ns in a b; do
		cli $ns set cipe0 keepalive 0
	done
	sleep $((2 * FORGETS))
	ping_none a 10.9.0.2
}

for family in $(scale "4 6" 6); do
	it "IPv$family: the peer's port changes, at either end" port $family
done
for family in $(scale "4 6" 4); do
	it "IPv$family: the peer's address changes" new_address $family
	it "IPv$family: false, broken, old packets and a pinned peer do not move" \
		unmoved $family
done
it "IPv4: an end moves while both send: a round trip of packets is lost" \
	mid_transfer 4 a b
it "IPv6: so does the other" mid_transfer 6 b a
it "IPv4: one that only receives moves: likewise" mid_transfer 4 b a oneway
it "IPv6: the other one only receives, and moves" mid_transfer 6 a b oneway
it "a peer that does not follow is told so four times" told
it "from IPv4 to IPv6 and back on a dual-stack socket" other_family
it "one event a second, the last one true" event_rate
it "answers leave from the address that was used, while it is there" \
	local_address
it "NAT: without keepalives the way back closes" nat_forgets
it "NAT: keepalives hold it open" nat_held_open
it "NAT: another mapping half-way" nat_moves
it "NAT on both sides" double_nat
it "NAT on both sides that lets nothing in: keepalives open it, hold it open" \
	double_nat_closed
run_tests
