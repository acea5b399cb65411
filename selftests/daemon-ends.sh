#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# What is left of keys in the daemon's memory: long-term keys that are of no more
# use, those of exchanges that are over, and all of them when a process ends, in
# order or not.

# shellcheck disable=SC2154 # PID_a and PID_b come from start, PUB_a and PUB_b from clean

. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/lib-daemon.sh"
. "$(dirname "$0")/lib-secrets.sh"

# reversed: each key of 64 digits the other way round, as libcrypto has numbers
reversed()
{
	awk '{
		for (i = length($0) - 1; i > 0; i -= 2)
			printf "%s", substr($0, i, 2)
		print ""
	}'
}

# long_lived KEY...: all there may be of a key in memory: as it is, the other way
# round, and as the text it is read from
long_lived()
{
	local key

	for key; do
		{ echo "$key"; reversed <<< "$key"; } | xxd -r -p
		printf %s "$key"
	done
}

# computed_with: what cipe-record.so noted in $TMP/a/secrets, either way round
computed_with()
{
	xxd -p -c 32 "$TMP/a/secrets" | tr 0123456789abcdef fedcba9876543210 |
		sed '/^f*$/d' > "$TMP/noted"
	at_least "private keys, results of DH and HKDF" "$(grep -c . "$TMP/noted")" 20 >&2
	{ cat "$TMP/noted"; reversed < "$TMP/noted"; } | xxd -r -p
}

# halted PID: it has come to its end, by cipe-record.so
halted()
{
	local value

	read -r _ _ _ value _ < "/proc/$1/syscall" && [ "$value" = 0x68616c74 ]
}

# at_end PID NAME: nothing is left in it when it ends; on with it
at_end()
{
	wait_until 20 halted "$1"
	say "the $2 ends"
	search "$TMP/sought" 0 "$1"
	kill -USR2 "$1"
}

# other_psk: both ends get another shared secret; $PSK is of no more use
other_psk()
{
	local ns pid=PID_

	OTHER=$(cipectl genkey)
	for ns in a b; do
		sed -i "s/^key .*/key $OTHER/" "$TMP/$ns/etc/options"
		pid=PID_$ns
		kill -HUP "${!pid}"
	done
	logged a "options read again: 0 links as before, 1 changed, 0 new, 0 gone" 10
	wait_until 20 two_ups
}

# Both kinds of long-term keys, and what comes of them, while it goes on and when
# each process ends
ends()
{
	local suite=$1 own pid parser='' runner=''

	clean "$suite"
	public a "suite $suite" "cipher aes-256-gcm" "tokey 2" "key $PSK"
	public b "suite $suite" "cipher aes-256-gcm" "tokey 2" "key $PSK"
	own=$(cat "$TMP/a/etc/privkey")
	recorded a CIPE_HALT=1 CIPE_SECRETS="$TMP/a/secrets"
	start b
	link_up a b
	wait_until 40 at_least_keys 3
	for pid in $(pgrep -P "$PID_a"); do
		is_parser "$pid" && parser=$pid
		grep -q '^Uid:.*\b0\b' "/proc/$pid/status" && runner=$pid
	done
	long_lived "$own" > "$TMP/sought"
	fails search "$TMP/sought" 0 "$parser"
	search "$TMP/sought" 0 "$PID_a" "$runner"
	other_psk
	long_lived "$PSK" > "$TMP/sought"
	# shellcheck disable=SC2046 # numbers
	search "$TMP/sought" 0 $(all "$PID_a")
	kill -TERM "$PID_a"
	wait_until 20 halted "$parser"
	{ long_lived "$own" "$PSK" "$OTHER"; computed_with; cat "$TMP/a/keys"; } > "$TMP/sought"
	# shellcheck disable=SC2046
	search "$TMP/sought" 0 $(all "$PID_a")
	at_end "$parser" parser
	at_end "$runner" runner
	at_end "$PID_a" keeper
	ended a
	is "exit status" "$STATUS" 0
}

# A process that crashes leaves no core file; another one does
no_core()
{
	local pattern pid

	pattern=$(sysctl -n kernel.core_pattern)
	ulimit -c unlimited
	sysctl -qw "kernel.core_pattern=$TMP/core.%p"
	sleep 100 &
	pid=$!
	kill -SEGV $pid
	wait $pid 2> /dev/null || :
	[ -s "$TMP/core.$pid" ] || say "no core file of any process"
	rm "$TMP/core.$pid"
	crash parser SEGV
	crash keeper ABRT
	is "core files" "$(find "$TMP" -name 'core*')" ""
	sysctl -qw "kernel.core_pattern=$pattern"
}

# crash parser|keeper SIGNAL
crash()
{
	local pid

	daemons
	# As a hook might, or an administrator
	prlimit --core=unlimited --pid "$PID_a" 2> /dev/null || :
	for pid in $(all "$PID_a"); do
		[ "$1" = keeper ] && break
		is_parser "$pid" && break
	done
	kill "-$2" "$pid"
	ended a
	say "$1, $2: $STATUS"
	[ "$STATUS" -ne 0 ]
	settle
}

it "private keys, a secret that SIGHUP replaced, ephemeral keys; at the end: none" ends 25519
it "the same with suite nist" ends nist
it "a crash leaves no core file" no_core
run_tests
