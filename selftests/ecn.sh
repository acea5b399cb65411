#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# What the outer header takes from the inner one and gives back: congestion
# marks by RFC 6040, DSCP and hop limit as configured, DF.

. "$(dirname "$0")/lib.sh"

ECN=(not-ECT "ECT(1)" "ECT(0)" CE)

# RFC 6040 figure 4: what is delivered, by inner and outer mark; x: dropped
DECAP="0 0 0 x
1 1 1 3
2 1 2 3
3 3 3 3"

far()
{
	[ "$1" = 4 ] && echo 10.9.0.2 || echo fd09::2
}

near()
{
	[ "$1" = 4 ] && echo 10.9.0.1 || echo fd09::1
}

# The kernel in a, over a carrier of family $1
setup()
{
	fresh
	gateways
	A=$(carrier a "$1")
	B=$(carrier b "$1")
	link a cipe0 "${2:-ip}" "$A" "$B"
	ipn a link set cipe0 mtu 1420 up
	address a cipe0 10.9.0.1/24 fd09::1/64
}

# field LINE NAME
field()
{
	sed -n "s/.* $2=\([^ ]*\).*/\1/p" <<< "$1"
}

# sent LEN: the line of the datagram of that length
sent()
{
	grep " len=$1 .*counter=" "$TMP/outer"
}

# outer INNER_FAMILY OUTER_FAMILY SIZE TOS TTL: sends an inner packet, sets LINE
outer()
{
	local len=$(($3 + 8 + ($1 == 4 ? 20 : 40) + ($2 == 4 ? 52 : 72)))

	pkt a inject cipe0 pong "$(near $1)" "$(far $1)" \
		size "$3" itos "$4" ittl "$5"
	wait_until 3 sent $len
	LINE=$(sent $len)
}

encapsulate()
{
	local family=$1 size=100 inner ecn policy tos

	setup $family
	sniff a wan "$TMP/outer" out
	for inner in 4 6; do
		for policy in 0 0x48 inherit; do
			cli a set cipe0 tos $policy
			case $policy in
			inherit) tos=0xb8 ;;
			*) tos=$policy ;;
			esac
			for ecn in 0 1 2 3; do
				size=$((size + 1))
				outer $inner $family $size $((0xb8 + ecn)) 64
				is "IPv$inner, tos $policy, inner ${ECN[ecn]}" \
					"$(field "$LINE" tos)" $((tos + ecn))
			done
		done
	done
	no_errors a
}

decapsulate()
{
	local family=$1 size=100 inner in out expected got

	setup $family
	sniff a cipe0 "$TMP/inner" in
	for inner in 4 6; do
		in=0
		while read -r -a row; do
			for out in 0 1 2 3; do
				size=$((size + 1))
				pkt b send to "$A" from "$B" \
					txkey "$(key_of b 1)" counters $size \
					pong "$(far $inner)" "$(near $inner)" \
					size $size itos $((0x28 + in)) \
					tos $((0xb8 + out))
			done
			in=$((in + 1))
		done <<< "$DECAP"
	done
	sleep 0.3
	size=100
	for inner in 4 6; do
		in=0
		while read -r -a row; do
			for out in 0 1 2 3; do
				size=$((size + 1))
				expected=${row[out]}
				[ $expected = x ] || expected=$((0x28 + expected))
				got=$(grep " len=$((size + 8 + (inner == 4 ? 20 : 40))) " \
					"$TMP/inner") || :
				got=$(field "$got" tos)
				is "IPv$inner, inner ${ECN[in]}, outer ${ECN[out]}" \
					"${got:-x}" "$expected"
			done
			in=$((in + 1))
		done <<< "$DECAP"
	done
	is "dropped" "$(stat_of a cipe0 rx_ecn rx_packets)" "2 30"
	is "errors" "$(cli a errors cipe0)" "rx_ecn 2"
}

hop_limit()
{
	local family=$1 inner size=100

	setup $family
	sniff a wan "$TMP/outer" out
	for inner in 4 6; do
		cli a set cipe0 ttl 0
		outer $inner $family $((++size)) 0 33
		is "copied, IPv$inner" "$(field "$LINE" ttl)" 33
		cli a set cipe0 ttl 77
		outer $inner $family $((++size)) 0 33
		is "fixed, IPv$inner" "$(field "$LINE" ttl)" 77
		cli a set cipe0 ttl 1
		outer $inner $family $((++size)) 0 33
		is "lowest, IPv$inner" "$(field "$LINE" ttl)" 1
		cli a set cipe0 ttl 255
		outer $inner $family $((++size)) 0 33
		is "highest, IPv$inner" "$(field "$LINE" ttl)" 255
		[ $family = 6 ] || is "DF" "$(field "$LINE" df)" 1
	done
}

# Frames: IP in them as above, others without
in_frames()
{
	local head=020000000001020000000002

	setup 4 ether
	sniff a wan "$TMP/outer" out
	cli a set cipe0 tos inherit
	pkt a frame cipe0 ${head}88b5000102030405060708
	wait_until 3 sent 75
	is "TTL and TOS of no IP" "$(field "$(sent 75)" ttl) $(field "$(sent 75)" tos)" \
		"64 0"
	# IPv4, TOS 0xbb, TTL 33, UDP
	pkt a frame cipe0 \
		${head}080045bb001d000000002111664c0a0900010a09000200090009000900007f
	wait_until 3 sent 95
	is "TTL and TOS of IPv4" "$(field "$(sent 95)" ttl) $(field "$(sent 95)" tos)" \
		"33 $((0xbb))"
	# congestion met on the way is told to what is inside
	sniff a cipe0 "$TMP/inner" in
	pkt b send to "$A" from "$B" txkey "$(key_of b 1)" counters 0 \
		tos 3 payload \
		ffffffffffff020000000002080045ba001d00000000211100000a0900020a09000100090009000900007f
	wait_until 3 has "$TMP/inner" "ip=4"
	has "$TMP/inner" "ip=4 .* tos=$((0xbb)) "
}

for family in 4 6; do
	it "over IPv$family: mark copied, DSCP none, fixed and copied" \
		encapsulate $family
	it "over IPv$family: 16 combinations of marks on the way in" \
		decapsulate $family
	it "over IPv$family: hop limit copied and fixed" hop_limit $family
done
it "mode ether: the same for IP in frames, defaults for the rest" in_frames
run_tests
