#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# A new key every second, and a carrier that loses, delays, doubles and
# reorders: what TCP transfers through the link arrives as it was sent.
# CIPE_BULK_MB is how much, in megabytes.

. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/lib-daemon.sh"

MB=${CIPE_BULK_MB:-$(scale 200 10)}
STREAMS=8
# Seconds: emulated, and with other machines on the same processors, half a megabyte
# a second was seen, and five times that where there was nothing else
AT_MOST=540

bad_carrier()
{
	local ns

	for ns in a b; do
		on $ns tc qdisc add dev wan root netem limit 5000 delay 3ms 1ms \
			loss 5% duplicate 2% reorder 20% 50%
	done
}

transfer()
{
	local began n

	daemons "tokey 1" "cipher $1"
	bad_carrier
	began=$SECONDS
	tcp_one_way a b 10.99.0.2 streams $STREAMS \
		bytes $((MB * 1000000 / STREAMS)) seconds $AT_MOST
	n=$((SECONDS - began))
	say "$MB MB: $(cat "$TMP/flow"); $(times a rekeyed) keys in $n s"
	at_least "keys" "$(times a rekeyed)" $((n * 2 / 5))
	at_least "packets out of order, or twice" \
		"$(on b cipectl show | grep -c replayed)" 1
	alive a
	alive b
	stop a
	is "exit status" $STATUS 0
}

# As tcp of lib.sh, from one end only
tcp_one_way()
{
	cipe-flow tcp "$NS-$1" "$NS-$2" "$3" "${@:4}" > "$TMP/flow" 2>&1 &&
		return
	say "TCP from $1 to $2, $3: $(cat "$TMP/flow"); $(times a rekeyed) keys"
	return 1
}

it "$MB MB by TCP through loss, reordering, duplicates and a new key a second" \
	transfer chacha20-poly1305
run_tests
