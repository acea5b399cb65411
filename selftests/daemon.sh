#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Two gateways with the daemon and the samples' options files: the link comes
# up as the manual says, in every mode and with every cipher, whoever starts
# first, however often either restarts; and goes down without a trace.

# shellcheck disable=SC2154 # PID_a and PID_b come from start, in lib-daemon.sh

. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/lib-daemon.sh"

V6_A="me [2001:db8::1]:6794" V6_B="me [2001:db8::2]:6794"

# inside NS TEXT: the address inside, as ip shows it
inside()
{
	like "address of $1" "$(ipn "$1" -4 -o addr show dev cipcb0)" "$2"
}

shown_as_up()
{
	on "$1" cipectl show > "$TMP/show"
	has "$TMP/show" '^cipcb0: up$'
	has "$TMP/show" "^  peer  *$2\$"
	has "$TMP/show" "^  cipher  *$3 ("
	has "$TMP/show" '^  keepalive  *every 5 s of silence$'
	has "$TMP/show" '^  peer dead  *after 20 s of silence$'
	has "$TMP/show" '^  last handshake  *[0-9.]* seconds ago$'
	hasnt "$TMP/show" dropped
	on "$1" cipectl show cipcb0 --json > "$TMP/show"
	has "$TMP/show" '^\[$'
	is "cipher" "$(show "$1" cipher)" "$3"
	is "peer" "$(show "$1" peer)" "$2"
	is "socket" "$(show "$1" socket)" user
	is "mode" "$(show "$1" mode)" ip
	is "device" "$(show "$1" device)" cipcb0
	at_least "time until the key expires" "$(show "$1" last_handshake_ms)" 0
}

from_samples()
{
	local cipher=$1

	daemons "cipher $cipher"
	ping_all a 10.99.0.2 20
	shown_as_up a 192.0.2.2:6794 "$cipher"
	shown_as_up b 192.0.2.1:6794 "$cipher"
	for ns in a b; do
		is "MTU of $ns" "$(show $ns mtu)" 1448
		carrier_is $ns cipcb0 on
		is "errors" "$(cli $ns errors cipcb0)" ""
	done
	inside a " 10.99.0.1 peer 10.99.0.2/32 "
	inside b " 10.99.0.2 peer 10.99.0.1/32 "
	ping_all b 10.99.0.1 5 df size 1420
	tcp a b 10.99.0.2
	fails on a cipectl show cipcb7
	has "$TMP/error" cipcb7
	stop a
	is "exit status" "$STATUS" 0
	down a
}

over_ipv6()
{
	fresh
	gateways
	gw_dirs a b
	sample a "$V6_A" "peer ${V6_B#me }"
	sample b "$V6_B" "peer ${V6_A#me }"
	start a
	start b
	link_up a b
	is "MTU" "$(show a mtu) $(show b mtu)" "1428 1428"
	is "peers" "$(show a peer) $(show b peer)" \
		"[2001:db8::2]:6794 [2001:db8::1]:6794"
	ping_all a 10.99.0.2 20 df size 1400
	tcp b a 10.99.0.1
	stop a INT
	is "exit status" "$STATUS" 0
	stop b
	down a b
}

# A bridge on either end, and in it the link: one segment, with VLAN tags and
# any protocol
bridged()
{
	local ns

	fresh
	gateways
	gw_dirs a b
	for ns in a b; do
		sample $ns "mode ether"
		sed -i '/^ipaddr\|^ptpaddr/d' "$TMP/$ns/etc/options"
		start $ns
	done
	link_up a b
	is "MTU" "$(show a mtu) $(show b mtu)" "1434 1434"
	is "mode" "$(show a mode)" ether
	for ns in a b; do
		ips $ns "link add br0 type bridge" "link set cipcb0 master br0" \
			"link set br0 up" \
			"link add link br0 name vlan5 type vlan id 5"
	done
	up a br0 10.1.0.1/24 fd01::1/64
	up b br0 10.1.0.2/24 fd01::2/64
	up a vlan5 10.5.0.1/24
	up b vlan5 10.5.0.2/24
	wait_until 5 ping_all a 10.1.0.2 1 timeout 500
	ping_all a 10.1.0.2 10 df size 1406
	wait_until 5 ping_all a fd01::2 1 timeout 500
	ping_all b fd01::1 10
	ping_all b 10.5.0.1 10
	tcp a b 10.1.0.2
	# a bridge's port goes with its daemon
	stop a
	is "exit status" "$STATUS" 0
	down a
}

# cttl is on every data packet, whatever the inner TTL; 0 copies that
ttl_of_carrier()
{
	local pattern="s/.*ttl=\([0-9]*\) .* id=0x0*[1-9a-f].* *counter=.*/\1/p"

	fresh
	gateways
	gw_dirs a b
	sample a "cttl 77" "tos 184"
	sample b "cttl 0" "tos inherit"
	start b
	start a
	link_up a b
	sniff a wan "$TMP/a.out" out
	sniff b wan "$TMP/b.out" out
	on a ping -qn -c 2 -i 0.1 -t 33 -Q 0x20 10.99.0.2 > /dev/null
	on b ping -qn -c 2 -i 0.1 -t 44 -Q 0x20 10.99.0.1 > /dev/null
	settle
	is "TTLs of a" "$(sed -n "$pattern" "$TMP/a.out" | sort -u)" 77
	has "$TMP/a.out" "tos=184 ttl=77"
	has "$TMP/b.out" "tos=32 ttl=44"
	hasnt "$TMP/b.out" "ttl=77"
}

# What the administrator gives prevails over what is found
own_settings()
{
	local ns

	fresh
	gateways
	gw_dirs a b
	for ns in a b; do
		sample $ns "mtu 1300" "device branch" "metric 7" \
			"ping 0.5" "toping 2"
		start $ns cipher=aes-128-gcm
	done
	wait_until 10 is_state a up branch
	wait_until 10 is_state b up branch
	is "MTU" "$(show a mtu branch)" 1300
	# the command line comes last
	is "cipher" "$(show a cipher branch)" aes-128-gcm
	is "keepalive" "$(show a keepalive_ms branch)" 500
	is "time-out" "$(show a timeout_ms branch)" 2000
	like "route" "$(ipn a route show 10.99.0.2)" "dev branch .*metric 7"
	ping_all a 10.99.0.2 5 df size 1272
	DEVICE=branch
	stop a
	down a
}

# Two daemons of one machine: names follow, and nobody takes the other's
second_link()
{
	daemons
	options a second.options <<-END
		me 192.0.2.1:4791
		peer 192.0.2.2:4791
		ipaddr 10.99.1.1
		ptpaddr 10.99.1.2
	END
	options b second.options <<-END
		me 192.0.2.2:4791
		peer 192.0.2.1:4791
		ipaddr 10.99.1.2
		ptpaddr 10.99.1.1
	END
	FIRST=$PID_a
	for ns in a b; do
		(gw_exec $ns ciped debug -o /etc/cipe/second.options) \
			>> "$TMP/$ns/log2" 2>&1 &
	done
	SECOND=$!
	wait_until 10 is_state a up cipcb1
	wait_until 10 is_state b up cipcb1
	ping_all a 10.99.1.2 5
	ping_all a 10.99.0.2 5
	like "pid file" "$(cat "$TMP/a/run/cipcb0.pid")" "^$FIRST\$"
	like "pid file" "$(cat "$TMP/b/run/cipcb1.pid")" "^$SECOND\$"
	stop a
	DEVICE=cipcb0
	down a
	ping_all a 10.99.1.2 5
}

# In the background: the command returns when the link was set up
background()
{
	local pid rc=0

	fresh
	gateways
	gw_dirs a b
	sample a
	sample b
	start b
	gw a ciped > "$TMP/out" 2>&1
	is "interface" "$(show a socket)" user
	pid=$(cat "$TMP/a/run/cipcb0.pid")
	kill -0 "$pid"
	is "terminal" "$(readlink "/proc/$pid/fd/0" "/proc/$pid/fd/1" \
		"/proc/$pid/fd/2" "/proc/$pid/cwd" | tr '\n' ' ')" \
		"/dev/null /dev/null /dev/null / "
	link_up a b
	ping_all a 10.99.0.2 5
	# a second one for the same interface
	gw a ciped device=cipcb0 > "$TMP/out" 2>&1 || rc=$?
	is "exit status" $rc 73
	has "$TMP/out" "cipcb0 is run by process $pid already"
	ping_all a 10.99.0.2 5
	kill "$pid"
	wait_until 10 gone "$pid"
	down a
	# a bad start is reported, though it comes after the fork
	rc=0
	gw a ciped me=192.0.2.77:6794 > "$TMP/out" 2>&1 || rc=$?
	is "exit status" $rc 71
	has "$TMP/out" "cannot use UDP address 192.0.2.77:6794"
	down a
}

for cipher in $(scale "$CIPHERS" aes-256-gcm); do
	it "$cipher: from the samples: addresses, MTU 1448, cipectl, ping, TCP" \
		from_samples "$cipher"
done
it "two links of one machine" second_link
# What the module does for these it does for others as well; starting programs is
# what takes long with a kernel with checks
if [ -z "$CIPE_CHECKED" ]; then
	it "over IPv6: MTU 1428" over_ipv6
	it "mode ether: as ports of bridges, with VLANs" bridged
	it "TTL and TOS of the carrier" ttl_of_carrier
	it "MTU, name, metric, timers as given; the command line comes last" \
		own_settings
	it "in the background: pid file, a second daemon is refused" background
fi
run_tests
