#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# The carrier of the device says whether the peer is there: off without a key,
# off within the stated time when nothing authentic is heard, on with the
# first authentic packet.

. "$(dirname "$0")/lib.sh"

PERIOD=$(slower 2000 4000)	# time-out, ms
BEAT=$((PERIOD / 5))		# keepalive, ms
SLACK=$((400 * CIPE_SLOW))	# ms

now()
{
	echo $(($(date +%s%N) / 1000000))
}

# carrier_within MS on|off: of cipe0 in a, since START. What the machine is
# late for us it may be for the kernel's timers: allowed for twice.
carrier_within()
{
	local last gap=0 t

	last=$(now)
	until carrier_is a cipe0 "$2"; do
		t=$(now)
		[ $((t - last)) -le $gap ] || gap=$((t - last))
		last=$t
		at_most "ms, in vain, until the carrier was $2" \
			$((t - START)) $(($1 * 3 + SLACK + 10 * gap))
	done
	TOOK=$(($(now) - START))
	at_most "ms until the carrier was $2" $TOOK $(($1 + SLACK + 2 * gap))
}

# Keepalives both ways; events of a
pair()
{
	fresh
	gateways
	link_pair "${1:-ip}"
	ping_all a 10.9.0.2 2
	for ns in a b; do
		cli $ns set cipe0 keepalive $BEAT timeout $PERIOD
	done
	monitor a "$TMP/events"
}

# Nothing of b's reaches a any more; the other way is open
silence()
{
	on a nft -f - <<-'EOT'
	table netdev cut {
		chain in {
			type filter hook ingress device "wan" priority 0;
			drop
		}
	}
	EOT
}

mend()
{
	on a nft delete table netdev cut
}

needs_key()
{
	fresh
	gateways
	cli a add cipe0
	ipn a link set cipe0 up
	carrier_is a cipe0 off
	hold a bind 192.0.2.1:4000 link cipe0
	cli a set cipe0 endpoint 192.0.2.2:4000
	carrier_is a cipe0 off
	# agreed on by the peer, which has not used it: not yet
	set_key a cipe0 1 slot next
	carrier_is a cipe0 off
	set_key a cipe0 2
	carrier_is a cipe0 on
	like "operational state" \
		"$(on_sys a cat /sys/class/net/cipe0/operstate)" "^(up|unknown)$"
	cli a keydel cipe0
	carrier_is a cipe0 off
	pkt b send to 192.0.2.1:4000 from 192.0.2.2:4000 \
		txkey "$(key_of b 3)" counters 0 empty
	carrier_is a cipe0 off
	# the responder: the first packet under "next" is the proof
	set_key a cipe0 4 slot next
	carrier_is a cipe0 off
	pkt b send to 192.0.2.1:4000 from 192.0.2.2:4000 \
		txkey "$(key_of b 4)" counters 0 empty
	wait_until 2 carrier_is a cipe0 on
}

# Silence is filled with empty packets, traffic makes them unnecessary
interval()
{
	local before after began took

	pair
	began=$(now)
	before=$(stat_of a cipe0 tx_keepalive)
	sleep $((PERIOD * 3 / 1000))
	after=$(stat_of a cipe0 tx_keepalive)
	took=$(($(now) - began))
	at_least "keepalives in $took ms" $((after - before)) \
		$((took * 4 / BEAT / 10))
	at_most "keepalives in $took ms" $((after - before)) $((took / BEAT + 2))
	is "received by b" "$(($(stat_of b cipe0 rx_keepalive) >= after - 1))" 1
	hasnt "$TMP/events" peer-
	carrier_is a cipe0 on
	carrier_is b cipe0 on

	cli a set cipe0 keepalive 3600000
	sleep 0.1
	before=$(stat_of a cipe0 tx_keepalive)
	on a ping -q -i 0.05 -c 20 10.9.0.2 > /dev/null
	is "keepalives beside traffic" $(($(stat_of a cipe0 tx_keepalive) - before)) 0
	no_errors a b
}

dies()
{
	local before

	pair "$1"
	settle
	before=$(now)
	silence
	START=$(now)
	carrier_within $PERIOD off
	at_least "ms until the carrier was off" $((START + TOOK - before)) \
		$((PERIOD - BEAT * 2))
	wait_until 2 has "$TMP/events" "^peer-dead .*ifname=cipe0"
	is "alive" "$(stat_of a cipe0 alive)" 0
	# the other way is open: b hears the keepalives of a
	carrier_is b cipe0 on

	mend
	START=$(now)
	carrier_within $BEAT on
	wait_until 2 has "$TMP/events" "^peer-alive .*ifname=cipe0"
	is "events" "$(event_words "$TMP/events")" "peer-dead peer-alive"
	is "alive" "$(stat_of a cipe0 alive)" 1
	ping_all a 10.9.0.2 5
	no_errors a b
}

event_words()
{
	grep '^peer-' "$1" | cut -d' ' -f1 | paste -sd' '
}

# Packets that are not authentic are no sign of life
not_by_noise()
{
	local noise

	pair
	silence
	wait_until $((PERIOD * 2 / 1000 + 2)) carrier_is a cipe0 off
	ipn b link set cipe0 down
	mend
	noise="pkt b send to 192.0.2.1:4000 from 192.0.2.2:4999"
	$noise random 100 repeat 10
	$noise txkey "$(key_of b 1)" counters 1000-1009 empty truncate 1
	$noise txkey "$(key_of b 1)" counters 0 empty
	settle
	carrier_is a cipe0 off
	hasnt "$TMP/events" peer-alive
	ipn b link set cipe0 up
	wait_until 5 carrier_is a cipe0 on
}

# One packet in five lost is no death
no_flapping()
{
	pair
	for ns in a b; do
		cli $ns set cipe0 keepalive $((BEAT / 2))
		on $ns tc qdisc add dev wan root netem loss 20%
	done
	sleep $((PERIOD * 4 / 1000))
	hasnt "$TMP/events" peer-
	carrier_is a cipe0 on
	carrier_is b cipe0 on
}

# Without a time-out nothing is concluded from silence
patient()
{
	pair
	cli a set cipe0 timeout 0
	silence
	sleep $((PERIOD * 3 / 2000)).5
	carrier_is a cipe0 on
	hasnt "$TMP/events" peer-
	is "last packet" "$(($(stat_of a cipe0 last-rx) >= PERIOD))" 1
}

# A route with a metric behind it takes over, as routing daemons would do it
takes_over()
{
	pair
	add_ns c
	cable a spare c spare
	address a spare 172.16.0.1/24
	on a sysctl -qw net.ipv4.conf.all.ignore_routes_with_linkdown=1 \
		net.ipv4.conf.cipe0.ignore_routes_with_linkdown=1
	ipn a route add 203.0.113.0/24 dev cipe0 metric 10
	ipn a route add 203.0.113.0/24 via 172.16.0.2 metric 20
	like "route" "$(ipn a route get 203.0.113.1)" "dev cipe0"
	silence
	wait_until $((PERIOD * 2 / 1000 + 2)) carrier_is a cipe0 off
	wait_until 3 route_by spare
	mend
	wait_until 5 route_by cipe0
}

route_by()
{
	ipn a route get 203.0.113.1 | grep -q "dev $1"
}

it "no carrier without a key that the peer is known to have" needs_key
it "keepalives fill the silence, at the interval set" interval
it "the peer falls silent: carrier off in time; speaks: on" dies ip
[ -n "$CIPE_LIGHT" ] || it "the same in mode ether" dies ether
it "noise and replays do not raise it" not_by_noise
it "a lossy path does not make it flap" no_flapping
it "no time-out, no conclusion" patient
it "routes follow" takes_over
run_tests
