#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# The daemon's processes and their rights; and what a parser could do that is in
# the hands of whoever sent it a packet: cipe-hostile is the daemon with such a
# parser.

# shellcheck disable=SC2154 # PID_a and PID_b come from start, in lib-daemon.sh

. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/lib-daemon.sh"

# field PID NAME: of /proc/PID/status
field()
{
	sed -n "s/^$2:[[:space:]]*//p" "/proc/$1/status" | tr '\t' ' '
}

# processes PID: sets PARSER, RUNNER and RESOLVER of the daemon whose keeper it is
processes()
{
	local pid

	PARSER='' RUNNER='' RESOLVER=''
	for pid in $(pgrep -P "$1"); do
		case "$(field "$pid" Threads),$(field "$pid" Uid)" in
		1,0*) RUNNER=$pid ;;
		1,*) PARSER=$pid ;;
		*) RESOLVER=$pid ;;
		esac
	done
}

NOTHING=0000000000000000

# has_nothing PID: no root, no capability of any kind, and no way to get one
has_nothing()
{
	local set

	like "users" "$(field "$1" Uid)" '^([1-9][0-9]*) \1 \1 \1$'
	like "groups" "$(field "$1" Gid)" '^([1-9][0-9]*) \1 \1 \1$'
	is "more groups" "$(field "$1" Groups | tr -d ' ')" ""
	for set in CapInh CapPrm CapEff CapBnd CapAmb; do
		is "$set" "$(field "$1" $set)" $NOTHING
	done
	is "NoNewPrivs" "$(field "$1" NoNewPrivs)" 1
	has "/proc/$1/limits" '^Max processes  *0  *0 '
	has "/proc/$1/limits" '^Max core file size  *0  *0 '
	has "/proc/$1/limits" '^Max file size  *0  *0 '
	has "/proc/$1/limits" '^Max msgqueue size  *0  *0 '
}

# descriptors PID: what is open, one a line
descriptors()
{
	local fd

	for fd in "/proc/$1/fd/"*; do
		readlink "$fd"
	done | sed 's/:\[[0-9]*\]$//' | sort
}

rights()
{
	daemons
	processes "$PID_a"
	[ -n "$PARSER" ] && [ -n "$RUNNER" ] && [ -n "$RESOLVER" ]
	has_nothing "$PARSER"
	has_nothing "$RESOLVER"
	is "Seccomp of the parser" "$(field "$PARSER" Seccomp)" 2
	is "Seccomp of the resolver" "$(field "$RESOLVER" Seccomp)" 2
	has "/proc/$RESOLVER/limits" '^Max open files  *512  *512 '
	# CAP_NET_ADMIN, CAP_NET_RAW, CAP_NET_BIND_SERVICE, CAP_KILL
	is "CapEff of the keeper" "$(field "$PID_a" CapEff)" 0000000000003420
	is "CapPrm of the keeper" "$(field "$PID_a" CapPrm)" 0000000000003420
	is "CapBnd of the keeper" "$(field "$PID_a" CapBnd)" $NOTHING
	is "NoNewPrivs of the keeper" "$(field "$PID_a" NoNewPrivs)" 1
	is "Seccomp of the keeper" "$(field "$PID_a" Seccomp)" 2
	# Not more than channels, the carrier and the loop; no file, no netlink
	descriptors "$PARSER" > "$TMP/fds"
	hasnt "$TMP/fds" '^/[^d]\|^/d[^e]\|^/dev/[^n]'
	is "sockets" "$(grep -c '^socket' "$TMP/fds")" 4
	on a ss -f netlink -ap > "$TMP/netlink"
	hasnt "$TMP/netlink" "pid=$PARSER,"
	on a ss -0 -w -ap > "$TMP/raw"
	hasnt "$TMP/raw" "pid=$PARSER,"
	ping_all a 10.99.0.2 5
	stop a
	is "exit status" "$STATUS" 0
	down a
}

with_name()
{
	fresh
	gateways
	gw_dirs a b
	hosts a "192.0.2.2 gw-b.example"
	sample a "peer gw-b.example:6794"
	sample b "peer 0.0.0.0:0"
	start b
	start a
	link_up a b
	processes "$PID_a"
	stop a
	stop b
	down a b
	fails kill -0 "$RESOLVER"
}

# Each of them dies: the others go with it, the interface stays, and keeps its
# keys for the next daemon
dies()
{
	local who=$1 pid

	daemons
	processes "$PID_a"
	pid=$PID_a
	[ "$who" = keeper ] || pid=${!who}
	kill -KILL "$pid"
	ended a
	for pid in $PID_a $PARSER $RUNNER $RESOLVER; do
		wait_until 5 gone "$pid"
	done
	[ "$who" = keeper ] || {
		is "exit status" "$STATUS" 70
		has "$TMP/a/log" "the ${who,,} was ended by signal 9"
	}
	start a
	logged a "took over interface cipcb0, whose key is still in use" 15
	ping_all a 10.99.0.2 5
	stop a
	stop b
	down a b
}

# What all of the daemon's processes get at once, as from a terminal or "kill 0"
signals()
{
	daemons
	processes "$PID_a"
	kill -TERM "$PARSER" "$RUNNER"
	kill -HUP "$PARSER" "$RUNNER"
	kill -INT "$PARSER" "$RUNNER"
	ping_all a 10.99.0.2 5
	alive a
	kill -TERM "$PARSER" "$RUNNER" "$PID_a"
	ended a
	is "exit status" "$STATUS" 0
	down a
}

# hostile CODE WORD...: the daemon of a with a hostile parser; what is said is in
# $TMP/said
hostile()
{
	local code=$1 rc=0

	shift
	gw a timeout 60 cipe-hostile "$@" > "$TMP/said" 2>&1 || rc=$?
	is "exit status of $1 $2" "$rc" "$code" || {
		sed 's/^/#   /' "$TMP/said"
		return 1
	}
	hasnt "$TMP/said" "$PSK"
}

alone()
{
	fresh
	gateways
	gw_dirs a
	sample a debug "device own" "cipher aes-256-gcm"
}

CALLS="open write socket exec fork ptrace memory kill setuid namespace code dump"

system_calls()
{
	local call

	alone
	for call in $CALLS; do
		hostile 70 call "$call"
		has "$TMP/said" "the parser was ended by signal 31: a system call it must not make"
		hasnt "$TMP/said" "$call: "
	done
	[ ! -e /run/hostile ]
	down a
}

# Were there no filter of system calls, its user could still not do it
without_filter()
{
	local call

	alone
	for call in open write socket fork ptrace memory kill setuid; do
		hostile 0 open-call "$call"
		has "$TMP/said" "$call: \(Operation not permitted\|Permission denied\|Resource temporarily unavailable\|File too large\)"
	done
	[ ! -e /run/hostile ]
}

requests()
{
	alone
	ipn a link add other type cipe
	hostile 0 ask other
	hasnt "$TMP/said" "should not have been"
	has "$TMP/said" "adopting another's link: No such device"
	has "$TMP/said" "a key for another link: Operation not permitted"
	has "$TMP/said" "deleting another interface: Operation not permitted"
	has "$TMP/said" "refused request .* of the parser about link [12]: it has no right to this"
	has "$TMP/said" "43 as expected, 0 not"
	ipn a link show dev other > /dev/null
	ipn a link show dev lo > /dev/null
	fails ipn a link show dev hostile0
	like "MTU of other" "$(ipn a link show dev other)" "mtu 1[34]"
	is "memories" "$(find "$TMP/a/lib" -type f | wc -l)" 1
}

malformed()
{
	alone
	hostile 70 malformed
	has "$TMP/said" "malformed request [0-9]* of the parser: ending it"
	hostile 70 empty
	has "$TMP/said" "malformed request 0 of the parser: ending it"
	down a
}

stubborn()
{
	alone
	hostile 70 flood
	has "$TMP/said" "the parser does not read answers: ending it"
	down a
}

# An interface that nobody has in hand goes
half()
{
	alone
	hostile 0 half exit
	DEVICE=own down a
	hostile 70 half crash
	has "$TMP/said" "the parser was ended by signal 6$"
	DEVICE=own down a
	hostile 0 half ready
	DEVICE=own down a
	hostile 0 half drop
	DEVICE=own down a
	hostile 70 half malformed
	DEVICE=own down a
	# one that was there before is nobody's but its maker's
	ipn a link add own type cipe
	hostile 1 half exit
	has "$TMP/said" "own interface: File exists, and should not have been"
	ipn a link show dev own > /dev/null
}

# With option debug 580 at once, and 50 in a second: the disk does not get full
talkative()
{
	local lines

	alone
	hostile 0 log
	has "$TMP/said" "flood 0$"
	has "$TMP/said" "the parser writes too many messages: [1-9][0-9]* dropped"
	lines=$(grep -c . "$TMP/said")
	at_least "lines" "$lines" 580
	at_least "lines that are missing" $((20000 - lines)) 15000
	down a
}

# A link that SIGHUP changed: the parser has it as it was, and says all is applied
kept()
{
	alone
	ipn a link add other type cipe
	gw_exec_log a cipe-hostile keep other
	wait_until 10 grep -q "^ciped: own pid file: done" "$TMP/a/log"
	wait_until 10 grep -q "another address: Operation" "$TMP/a/log"
	sed -i 's/^arg .*//; $a arg changed' "$TMP/a/etc/options"
	nap 0.5
	kill -HUP "$PID_a"
	ended a
	is "exit status" "$STATUS" 70
	has "$TMP/a/log" "options came, of [1-9][0-9]* octets"
	has "$TMP/a/log" "the parser keeps links that are not configured any more: ending it"
}

# A link that SIGHUP changed is not given up, nor is anything else done: the
# administrator's word is not waited for without end
stalled()
{
	alone
	ipn a link add other type cipe
	gw_exec_log a cipe-hostile stall other
	wait_until 10 grep -q "another address: Operation" "$TMP/a/log"
	sed -i 's/^arg .*//; $a arg changed' "$TMP/a/etc/options"
	nap 0.5
	kill -HUP "$PID_a"
	logged a "retiring its keys: done" 10
	hasnt "$TMP/a/log" "should not have been"
	kill -HUP "$PID_a"
	logged a "SIGHUP: options are being applied; they are read again afterwards" 5
	wait_until 90 grep -q "has new options, and did not apply them: ending it" "$TMP/a/log"
	ended a
	is "exit status" "$STATUS" 70
	has "$TMP/a/log" "deleting all: done"
	hasnt "$TMP/a/log" "should not have been"
}

given_up()
{
	alone
	ipn a link add other type cipe
	hostile 0 drop other
	hasnt "$TMP/said" "should not have been"
	has "$TMP/said" "own key: done"
	has "$TMP/said" "was given up, but not deleted: deleting it"
	fails ipn a link show dev own
	ipn a link show dev other > /dev/null
}

# gw_exec_log NS COMMAND...: as start, of another program
gw_exec_log()
{
	local ns=$1 pid

	shift
	: > "$TMP/$ns/log"
	(gw_exec "$ns" "$@") >> "$TMP/$ns/log" 2>&1 &
	pid=$!
	keep $pid
	printf -v "PID_$ns" %s $pid
}

it "users, capabilities, descriptors of the processes; no right left to the parser" rights
it "a name is looked up by a process without rights" with_name
it "the keeper is killed: the others end, the next daemon carries on" dies keeper
it "the parser is killed" dies PARSER
it "the runner is killed" dies RUNNER
it "SIGTERM, SIGINT, SIGHUP to the others are the keeper's affair" signals
it "a hostile parser: each forbidden system call is its end" system_calls
it "a hostile parser without a filter of system calls: its user cannot either" without_filter
it "a hostile parser asks the keeper for what is not its own: refused" requests
it "a hostile parser keeps a link as it was before SIGHUP: ended" kept
it "a hostile parser does not apply what SIGHUP brought: ended" stalled
it "a hostile parser gives a link up and leaves it running: it goes" given_up
it "a hostile parser sends what is no request: ended" malformed
it "a hostile parser floods the keeper with requests: ended" stubborn
it "a hostile parser creates an interface, and ends or gives up: it goes" half
it "a hostile parser floods the log: most of it is dropped, and told" talkative
run_tests
