#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Keys in the daemon's memory, and where they must not be: data keys are gone
# once the module has them, long-term keys are in the parser only, and nothing
# of either is in files, logs, arguments or the environment. When all is over:
# daemon-ends.sh.

# shellcheck disable=SC2154 # PID_a and PID_b come from start, in lib-daemon.sh

. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/lib-daemon.sh"
. "$(dirname "$0")/lib-secrets.sh"

pair()
{
	fresh
	gateways
	gw_dirs a b
	sample a "tokey 2" "cipher aes-256-gcm"
	sample b "tokey 2" "cipher aes-256-gcm"
	recorded a "$@"
	start b
	link_up a b
}

# During exchanges what is newest may be there: its keys, and those of one that
# crosses it, are not sought. When the peer is away nothing may be left of any.
retired()
{
	local i

	pair
	wait_until 40 at_least_keys 5
	for ((i = 0; i < 3; i++)); do
		# shellcheck disable=SC2046 # numbers
		search "$TMP/a/keys" 4 $(all "$PID_a")
		nap 0.7
	done
	ping_all a 10.99.0.2 5
	stop b
	settle
	# shellcheck disable=SC2046
	search "$TMP/a/keys" 0 $(all "$PID_a")
	has "$TMP/found" "of 4 processes"
}

# The same with the wiping taken out finds them: the search is not in vain
not_wiped()
{
	pair CIPE_NOWIPE=1
	wait_until 40 at_least_keys 5
	stop b
	settle
	# shellcheck disable=SC2046
	fails search "$TMP/a/keys" 0 $(all "$PID_a")
	has "$TMP/found" "^key "
}

# The shared secret: in the parser's locked memory, and in no other process
long_term()
{
	local pid count=0

	pair
	xxd -r -p <<< "$PSK" > "$TMP/psk"
	is "octets of the key" "$(stat -c %s "$TMP/psk")" 32
	search "$TMP/psk" 0 "$PID_a"
	for pid in $(pgrep -P "$PID_a"); do
		if is_parser "$pid"; then
			fails search "$TMP/psk" 0 "$pid"
			count=$((count + 1))
		else
			search "$TMP/psk" 0 "$pid"
		fi
	done
	is "processes with the key" $count 1
}

# Options read again go from keeper to parser by memory that is wiped
read_again()
{
	local pid

	pair
	sed -i "s/^arg .*/arg other/" "$TMP/a/etc/options"
	kill -HUP "$PID_a"
	logged a "options read again: 0 links as before, 1 changed, 0 new, 0 gone" 10
	wait_until 20 two_ups
	xxd -r -p <<< "$PSK" > "$TMP/psk"
	for pid in $(all "$PID_a"); do
		is_parser "$pid" && continue
		search "$TMP/psk" 0 "$pid"
		hasnt "/proc/$pid/maps" memfd
	done
}

# Memory with keys is locked, and left out of core files
locked()
{
	local pid

	pair
	for pid in $(all "$PID_a"); do
		at_least "locked KiB of $pid" "$(sed -n 's/^VmLck:[^0-9]*\([0-9]*\).*/\1/p' \
			"/proc/$pid/status")" 1024
		# the secure heap: dd is "do not dump", lo is "locked"
		has "/proc/$pid/smaps" '^VmFlags:.* lo .*dd'
		is "owner, as not dumpable" "$(stat -c %u "/proc/$pid/mem")" 0
	done
}

# with_limit KIB: the daemon of a in what a container may be: no right to lock more
with_limit()
{
	(ulimit -l "$1" && gw_exec a setpriv --bounding-set -ipc_lock,-sys_resource \
		ciped debug) >> "$TMP/a/log" 2>&1 &
	PID_a=$!
	keep "$PID_a"
}

little_locked()
{
	local pid

	fresh
	gateways
	gw_dirs a b
	sample a
	sample b
	: > "$TMP/a/log"
	with_limit 512
	ended a
	is "exit status" "$STATUS" 71
	has "$TMP/a/log" "cannot lock memory for keys: needed are at least [12][0-9]* KiB, the limit is 512 KiB. Give CAP_IPC_LOCK"
	with_limit 4096
	start b
	link_up a b
	has "$TMP/a/log" "only memory for keys is locked, .* the limit is 4096 KiB. Give CAP_IPC_LOCK"
	is "how often that is said" "$(times a "only memory for keys")" 1
	for pid in $(all "$PID_a"); do
		at_least "locked KiB of $pid" "$(sed -n 's/^VmLck:[^0-9]*\([0-9]*\).*/\1/p' \
			"/proc/$pid/status")" 1024
		has "/proc/$pid/smaps" '^VmFlags:.* lo .*dd'
	done
	sed -i "s/^arg .*/arg other/" "$TMP/a/etc/options"
	kill -HUP "$PID_a"
	wait_until 20 two_ups
	ping_all a 10.99.0.2 5
	stop a
	is "exit status" "$STATUS" 0
}

# hex_of FILE: one hexadecimal text a key, either half
hex_of()
{
	xxd -p -c 16 "$1"
}

# Where keys could linger when all is over
elsewhere()
{
	local pid

	pair
	wait_until 40 at_least_keys 3
	{ hex_of "$TMP/a/keys"; echo "${PSK:0:32}"; echo "${PSK:32}"; } > "$TMP/sought"
	for pid in $(all "$PID_a"); do
		tr '\0' '\n' < "/proc/$pid/environ"
		tr '\0' '\n' < "/proc/$pid/cmdline"
	done > "$TMP/words"
	on a cipectl show > "$TMP/shown"
	on a cipectl show --json >> "$TMP/shown"
	stop a
	is "exit status" "$STATUS" 0
	cat "$TMP/a/lib/"* > "$TMP/files"
	find "$TMP/a/run" -type f -exec cat {} + >> "$TMP/files"
	dmesg > "$TMP/dmesg"
	for file in words shown files dmesg a/log; do
		[ -e "$TMP/$file" ]
		fails grep -qiF -f "$TMP/sought" "$TMP/$file"
		xxd -p "$TMP/$file" | tr -d '\n' > "$TMP/hex"
		fails grep -qiF -f "$TMP/sought" "$TMP/hex"
	done
	# what is sought is found where it is
	grep -qiF -f "$TMP/sought" "$TMP/a/etc/options"
	is "core files" "$(find / -xdev -name 'core*' -type f -newer "$TMP/sought" \
		-not -path '/proc/*' -not -path '/sys/*' 2> /dev/null | head -n 1)" ""
}

it "data keys of earlier exchanges are in no process's memory" retired
it "the same without wiping: they are found" not_wiped
it "the shared secret: in the parser only" long_term
it "the same after SIGHUP" read_again
it "memory: locked, not dumped" locked
it "where little memory may be locked: an error that helps; or keys are locked" little_locked
it "arguments, environment, netlink, state, logs: no key" elsewhere
run_tests
