#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# When a processor spends its time in the cipher, others help: batches go to
# them, and come back in order.

. "$(dirname "$0")/lib.sh"

TRACING=/sys/kernel/tracing
EVENT=events/workqueue/workqueue_queue_work

# More than one processor has to do, and without help
BYTES=$(scale 8000000 1000000)

[ "$(grep -c ^processor /proc/cpuinfo)" -ge 2 ] || skip_all "one processor only"

# seen: this kernel tells when work is given to another processor
seen()
{
	[ -d $TRACING/$EVENT ]
}

# watch: count from now on, to the end of the test, how often work is given to
# another processor
watch()
{
	TRACE=$TRACING/instances/$NS
	mkdir "$TRACE"
	trap 'rmdir "$TRACE"' EXIT
	echo 'workqueue == "cipe_spread"' > "$TRACE/$EVENT/filter"
	echo 1 > "$TRACE/$EVENT/enable"
}

# times: since then
times()
{
	cat "$TRACE"/per_cpu/cpu*/stats | awk '$1 == "entries:" || $1 == "overrun:" { n += $2 }
		END { print n + 0 }'
}

out_of_order()
{
	echo $(($(tcp_stat a TCPOFOQueue) + $(tcp_stat b TCPOFOQueue)))
}

# spread MODE FAMILY CIPHER: flows that keep a processor in the cipher; more of them
# until it has happened often, for the other one may have had other things to do
spread()
{
	local end

	seen || skip "the kernel does not tell when work is given to another processor"
	fresh
	gateways
	link_pair "$@"
	watch
	for ((end = SECONDS + 60; SECONDS < end; )); do
		tcp a b 10.9.0.2 stay streams 4 bytes "$BYTES"
		tcp b a fd09::1 stay bytes "$BYTES"
		[ "$(times)" -lt 20 ] || break
	done
	say "$(times) times another processor was asked for help"
	at_least "times another processor was asked for help" "$(times)" 20
	is "segments out of order" "$(out_of_order)" 0
	no_errors a b
}

# Real-time processes have all processors but the first, and leave no time for workers:
# the link waits for those once, not again and again
late()
{
	local cpu

	seen || skip "the kernel does not tell when work is given to another processor"
	fresh
	gateways
	link_pair ip 4 chacha20-poly1305
	watch
	HOGS=0
	for ((cpu = 1; cpu < $(nproc --all); cpu++)); do
		taskset -c $cpu chrt -f 1 sh -c 'while :; do :; done' &
		keep $!
		HOGS=$((HOGS + 1))
	done
	wait_until 60 not_again
	[ "$(jobs -r | wc -l)" -eq $HOGS ]
}

# not_again: after they were asked, all that is sent in a second or two
not_again()
{
	local before

	before=$(times)
	taskset -c 0 cipe-flow tcp "$NS-a" "$NS-b" 10.9.0.2 stay streams 4 \
		bytes $((BYTES / 4)) seconds $((100 * CIPE_SLOW)) > "$TMP/flow" || return
	say "$(cat "$TMP/flow"), $(($(times) - before)) times they were asked"
	[ "$before" -ge 1 ] && [ $(($(times) - before)) -le $((2 * HOGS)) ]
}

# busy: it happens; or so much passes that it will, with a kernel that is slow and
# does not tell
busy()
{
	if ! seen; then
		[ "$(stat_of b cipe0 rx_packets)" -ge 500 ]
		return
	fi
	[ "$(times)" -ge $((BEFORE + 5)) ]
}

namespaces_go()
{
	namespaces_watch
	kill -9 $HOLDER_A $HOLDER_B $FLOW
	printf "netns del $NS-%s\n" a b | ip -batch -
	namespaces_gone
}

# What is elsewhere when key, link and namespace go
goes()
{
	local i

	! seen || watch
	for ((i = 0; i < $(scale 6 3); i++)); do
		fresh
		gateways
		link_pair ip 4 chacha20-poly1305
		cipe-flow tcp "$NS-a" "$NS-b" 10.9.0.2 stay both streams 4 \
			bytes 1000000000 seconds 100 > "$TMP/flow" 2>&1 &
		FLOW=$!
		keep $FLOW
		! seen || BEFORE=$(times)
		wait_until 30 busy
		case $((i % 3)) in
		0)	cli b keydel cipe0
			cli a keydel cipe0 ;;
		1)	ipn b link del cipe0
			ipn a link del cipe0 ;;
		2)	namespaces_go ;;
		esac
		kill $FLOW 2> /dev/null || :
	done
}

it "mode ip: help is asked for, nothing is lost, changed or out of order" \
	spread ip 4 chacha20-poly1305
it "mode ether, over IPv6: likewise" spread ether 6 aes-256-gcm
it "a processor that has no time for workers is not asked again" late
it "keys, links and namespaces go while others help" goes
run_tests
