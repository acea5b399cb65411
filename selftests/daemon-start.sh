#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Starts and ends of the daemon at awkward moments: killed, and started again
# without a word about the interface; told to end before it has begun.

. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/lib-daemon.sh"

# Neither is told which interface to use
finds_its_own()
{
	local ns=$1

	daemons "ping 1" "toping 10"
	ping_all a 10.99.0.2 5
	stop "$ns" KILL
	is "socket" "$(show "$ns" socket)" orphan
	: > "$TMP/$ns/log"
	start "$ns"
	logged "$ns" "took over interface cipcb0, whose key is still in use" 15
	fails ipn "$ns" link show dev cipcb1
	logged "$ns" "link is up: new key" 15
	ping_all a 10.99.0.2 5
	is "socket" "$(show "$ns" socket)" user
	stop a
	stop b
	down a b
}

# Its interface goes by another name by now
finds_it_renamed()
{
	daemons
	stop a KILL
	ipn a link set cipcb0 down
	ipn a link set cipcb0 name branch
	start a
	logged a "took over interface branch, whose key is still in use" 15
	link_up b
	ping_all b 10.99.0.1 5
	stop a
	fails ipn a link show dev branch
	stop b
}

# Another key, another link: nothing is taken over, and no key is used
not_of_others()
{
	daemons
	stop a KILL
	sample a "key $(cipectl genkey)" "me 192.0.2.1:6799"
	: > "$TMP/a/log"
	start a
	logged a "no answer to the key exchange" 15
	hasnt "$TMP/a/log" "took over"
	is "state" "$(show a state cipcb1)" "no key"
	stop a
	DEVICE=cipcb1 down a
	# Told to use that very interface, it takes it without its keys
	: > "$TMP/a/log"
	start a device=cipcb0
	logged a "keys in use were not agreed on with this peer: retired" 15
	is "state" "$(show a state)" "no key"
	stop a
	stop b
	down a b
}

ended_soon()
{
	! alive a
}

# SIGTERM at any moment of the start: nothing stays behind
ends_while_starting()
{
	local i

	fresh
	gateways
	gw_dirs a b
	sample a
	for ((i = 0; i < $(scale 30 10); i++)); do
		start a
		nap "0.$(printf %02d $((i * 7 % 60)))"
		# shellcheck disable=SC2154 # start sets it
		kill -TERM "$PID_a" 2> /dev/null || :
		wait_until 15 ended_soon
		fails ipn a link show dev cipcb0
		[ ! -e "$TMP/a/run/cipcb0.pid" ]
	done
	hasnt "$TMP/a/log" '^ciped: \(cipcb0: \)\?error:'
}

for ns in a b; do
	it "$ns killed, started anew without device: it finds its interface" finds_its_own $ns
done
it "the interface was renamed meanwhile" finds_it_renamed
it "a daemon of another key leaves it alone, or takes it without its keys" not_of_others
it "told to end while it starts: nothing stays behind" ends_while_starting
run_tests
