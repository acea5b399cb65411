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

NEAR=([4]=10.9.0.1 [6]=fd09::1)
FAR=([4]=10.9.0.2 [6]=fd09::2)

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

# field LINE NAME: prints its value, nothing if it is not there
field()
{
	if [[ $1 =~ \ $2=([^ ]*) ]]; then
		echo "${BASH_REMATCH[1]}"
	fi
}

# captured: sets SENT, the lines of datagrams by their length
captured()
{
	local line

	SENT=()
	while read -r line; do
		[[ $line =~ \ len=([0-9]+)\ .*counter= ]] &&
			SENT[BASH_REMATCH[1]]=$line
	done < "$TMP/outer"
}

# all_sent LENGTH...: has each been captured?
all_sent()
{
	local len

	captured
	for len; do
		[ -n "${SENT[len]:-}" ] || return
	done
}

# inner_packet INNER_FAMILY OUTER_FAMILY LENGTH TOS TTL: adds to PACKETS what
# sends it and to LENGTHS its length on the carrier
inner_packet()
{
	PACKETS+=(-- inject cipe0 pong "${NEAR[$1]}" "${FAR[$1]}"
		  size $(($3 - ($1 == 4 ? 28 : 48))) itos "$4" ittl "$5")
	LENGTHS+=($(($3 + ($2 == 4 ? 52 : 72))))
}

# send_packets: waits until all are on the carrier
send_packets()
{
	pkt a "${PACKETS[@]:1}"
	wait_until 3 all_sent "${LENGTHS[@]}"
	PACKETS=()
}

encapsulate()
{
	local family=$1 length=200 inner ecn policy i=0

	setup $family
	sniff a wan "$TMP/outer" out
	for policy in 0 0x48 inherit; do
		cli a set cipe0 tos $policy
		for inner in 4 6; do
			for ecn in 0 1 2 3; do
				inner_packet $inner $family $((length++)) \
					$((0xb8 + ecn)) 64
			done
		done
		send_packets
	done
	for policy in 0 0x48 0xb8; do
		for inner in 4 6; do
			for ecn in 0 1 2 3; do
				is "IPv$inner, tos $policy, inner ${ECN[ecn]}" \
					"$(field "${SENT[LENGTHS[i]]}" tos)" \
					$((policy + ecn))
				i=$((i + 1))
			done
		done
	done
	no_errors a
}

decapsulate()
{
	local family=$1 size=100 inner in out expected got row key line commands=()

	setup $family
	sniff a cipe0 "$TMP/inner" in
	key=$(key_of b 1)
	for inner in 4 6; do
		in=0
		while read -r -a row; do
			for out in 0 1 2 3; do
				size=$((size + 1))
				commands+=(-- send to "$A" from "$B"
					txkey "$key" counters "$size"
					pong "${FAR[inner]}" "${NEAR[inner]}"
					size "$size" itos $((0x28 + in))
					tos $((0xb8 + out)))
			done
			in=$((in + 1))
		done <<< "$DECAP"
	done
	pkt b "${commands[@]:1}"
	settle
	declare -A delivered
	while read -r line; do
		[[ $line =~ \ len=([0-9]+)\ tos=([0-9]+) ]] &&
			delivered[${BASH_REMATCH[1]}]=${BASH_REMATCH[2]}
	done < "$TMP/inner"
	size=100
	for inner in 4 6; do
		in=0
		while read -r -a row; do
			for out in 0 1 2 3; do
				size=$((size + 1))
				expected=${row[out]}
				[ $expected = x ] || expected=$((0x28 + expected))
				got=${delivered[$((size + 8 + (inner == 4 ? 20 : 40)))]:-x}
				is "IPv$inner, inner ${ECN[in]}, outer ${ECN[out]}" \
					"$got" "$expected"
			done
			in=$((in + 1))
		done <<< "$DECAP"
	done
	is "dropped" "$(stat_of a cipe0 rx_ecn rx_packets)" "2 30"
	is "errors" "$(cli a errors cipe0)" "rx_ecn 2"
}

hop_limit()
{
	local family=$1 length=200 inner ttl i=0

	setup $family
	sniff a wan "$TMP/outer" out
	for ttl in 0 77 1 255; do
		cli a set cipe0 ttl $ttl
		for inner in 4 6; do
			inner_packet $inner $family $((length++)) 0 33
		done
		send_packets
	done
	for ttl in 33 77 1 255; do
		for inner in 4 6; do
			is "IPv$inner, ttl $ttl" \
				"$(field "${SENT[LENGTHS[i]]}" ttl)" $ttl
			[ $family = 6 ] || is "DF" \
				"$(field "${SENT[LENGTHS[i]]}" df)" 1
			i=$((i + 1))
		done
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
	wait_until 3 all_sent 75
	is "TTL and TOS of no IP" \
		"$(field "${SENT[75]}" ttl) $(field "${SENT[75]}" tos)" "64 0"
	# IPv4, TOS 0xbb, TTL 33, UDP
	pkt a frame cipe0 \
		${head}080045bb001d000000002111664c0a0900010a09000200090009000900007f
	wait_until 3 all_sent 95
	is "TTL and TOS of IPv4" \
		"$(field "${SENT[95]}" ttl) $(field "${SENT[95]}" tos)" \
		"33 $((0xbb))"
	# congestion met on the way is told to what is inside
	sniff a cipe0 "$TMP/inner" in
	pkt b send to "$A" from "$B" txkey "$(key_of b 1)" counters 0 \
		tos 3 payload \
		ffffffffffff020000000002080045ba001d00000000211100000a0900020a09000100090009000900007f
	wait_until 3 has "$TMP/inner" "ip=4"
	has "$TMP/inner" "ip=4 .* tos=$((0xbb)) "
}

for family in $(scale "4 6" 6); do
	it "over IPv$family: mark copied, DSCP none, fixed and copied" \
		encapsulate $family
	it "over IPv$family: 16 combinations of marks on the way in" \
		decapsulate $family
	it "over IPv$family: hop limit copied and fixed" hop_limit $family
done
it "mode ether: the same for IP in frames, defaults for the rest" in_frames
run_tests
