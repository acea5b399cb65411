#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# The limits of a key. It says in time that it nears its end; at the end no
# packet is sent any more, no counter comes twice, and nothing leaves in
# plain text.

. "$(dirname "$0")/lib.sh"

LAST=4294967294		# 2^32 - 2

# start COUNTER [key words]: a's key starts to count there
start()
{
	local cipher
	fresh
	gateways
	one_by_one a wan
	for ns in a b; do
		on $ns sysctl -qw net.ipv6.conf.default.disable_ipv6=1
	done
	monitor a "$TMP/events"
	[[ " $* " != *" cipher "* ]] || cipher=aes-128-gcm
	link b cipe0 ip 192.0.2.2:4000 192.0.2.1:4000 1 ${cipher:+cipher $cipher}
	sniff a wan "$TMP/outer" out marker This-is-plain-text
	link a cipe0 ip 192.0.2.1:4000 192.0.2.2:4000 1 tx-start "$@"
	ipn a link set cipe0 mtu 1420 up
	ipn b link set cipe0 mtu 1420 up
	address a cipe0 10.9.0.1/24
	address b cipe0 10.9.0.2/24
}

counters_sent()
{
	sed -n 's/.*dst=192.0.2.2:4000 .*counter=\([0-9]*\).*/\1/p' "$TMP/outer"
}

soft_limit()
{
	start $((2147483648 - 20))
	ping_all a 10.9.0.2 10
	hasnt "$TMP/events" key-limit
	ping_all a 10.9.0.2 30
	wait_until 3 grep -q key-limit "$TMP/events"
	ping_all a 10.9.0.2 10
	is "events" "$(grep -c key-limit "$TMP/events")" 1
	has "$TMP/events" "key-limit .*ifname=cipe0 .*slot=current"
	has "$TMP/events" "key-limit .*rx-id=0x0b000004 tx-id=0x0a000004"
	no_errors a b
}

# Half of 40 pings fit
hard_limit()
{
	local pattern

	start $((LAST - 19))
	pattern=$(printf %.16s This-is-plain-text | od -An -tx1 | tr -d ' \n')
	on a ping -qf -c 40 -W 1 -p "$pattern" 10.9.0.2 > "$TMP/ping" || :
	settle
	is "last counter" "$(counters_sent | sort -n | tail -1)" $LAST
	is "counters used twice" "$(counters_sent | sort | uniq -d)" ""
	is "packets" "$(counters_sent | wc -l)" 20
	at_least "dropped" "$(stat_of a cipe0 tx_limit)" 1
	wait_until 3 grep -q key-expired "$TMP/events"
	is "events" "$(grep -c key-expired "$TMP/events")" 1
	has "$TMP/events" "key-expired .*slot=current .*tx-id=0x0a000004"
	wait_until 3 carrier_is a cipe0 off
	hasnt "$TMP/outer" MARKER
	hasnt "$TMP/outer" "proto=1 "
	# it still receives under the key
	is "dropped by b" "$(stat_of b cipe0 rx_replay rx_auth)" "0 0"
	# and a new key makes it whole again
	set_key b cipe0 2 slot next
	set_key a cipe0 2
	wait_until 3 carrier_is a cipe0 on
	ping_all a 10.9.0.2 20
}

# Many large packets at the end: segments of one packet do not pass the limit
# in part with a counter beyond it
limit_in_bulk()
{
	start $((LAST - 500))
	fails cipe-flow tcp $NS-a $NS-b 10.9.0.2 bytes 4000000 seconds 3
	settle
	is "counters used twice" "$(counters_sent | sort | uniq -d)" ""
	at_most "last counter" "$(counters_sent | sort -n | tail -1)" $LAST
	at_least "last counter" "$(counters_sent | sort -n | tail -1)" \
		$((LAST - 64))
	at_least "dropped" "$(stat_of a cipe0 tx_limit)" 1
	wait_until 3 carrier_is a cipe0 off
	hasnt "$TMP/outer" "proto=6 "
	hasnt "$TMP/outer" MARKER
}

# Blocks of AES-GCM: 2^35 and 2^36. A ping of 56 octets is 84 of IP: 6 blocks and
# the tag's
blocks()
{
	start 0 cipher aes-128-gcm tx-blocks $(((1 << 35) - 20 * 7))
	ping_all a 10.9.0.2 15
	hasnt "$TMP/events" key-limit
	ping_all a 10.9.0.2 15
	wait_until 3 grep -q key-limit "$TMP/events"
	no_errors a b
	start 0 cipher aes-128-gcm tx-blocks $(((1 << 36) - 20 * 7))
	ping_all a 10.9.0.2 10
	on a ping -qf -c 20 -W 1 10.9.0.2 > "$TMP/ping" || :
	at_least "dropped" "$(stat_of a cipe0 tx_limit)" 1
	at_most "blocks" "$(stat_of a cipe0 current.tx-blocks)" $(((1 << 36) + 20 * 7))
	wait_until 3 grep -q key-expired "$TMP/events"
	wait_until 3 carrier_is a cipe0 off
	hasnt "$TMP/outer" "proto=1 "
}

lifetime()
{
	start 0 lifetime "$(slower 5000 20000)"
	ping_all a 10.9.0.2 10
	carrier_is a cipe0 on
	wait_until 8 carrier_is a cipe0 off
	wait_until 2 grep -q key-expired "$TMP/events"
	has "$TMP/events" "key-expired .*tx-id=0x0a000004"
	ping_none a 10.9.0.2
	hasnt "$TMP/outer" "proto=1 "
	# what the peer still sends under it is not taken
	cli a save cipe0 "$TMP/saved"
	ping_none b 10.9.0.1
	hasnt <(cli a delta cipe0 "$TMP/saved") "rx_packets"
}

it "one event at half of the packets" soft_limit
it "the last packet is 2^32 - 2; then none, one event, no carrier" hard_limit
it "the limit in the middle of large segmented packets" limit_in_bulk
it "blocks of AES-GCM: an event at 2^35, none sent beyond 2^36" blocks
it "end of a key's life: carrier off, drops, no plaintext" lifetime
run_tests
