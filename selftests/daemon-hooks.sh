#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# ip-up and ip-down: what they are given, when they run, and that nothing they
# do holds up the key exchange or the end.

# shellcheck disable=SC2154 # PID_a and PID_b come from start, in lib-daemon.sh

. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/lib-daemon.sh"

PEER_IS="192.0.2.2:6794"

# hook NS ip-up|ip-down < SCRIPT
hook()
{
	cat > "$TMP/$1/etc/$2"
	chmod 755 "$TMP/$1/etc/$2"
}

# Tells all it knows to /etc/cipe/EVENT.out
telling_hook()
{
	hook "$1" "$2" <<-'END'
		#!/bin/sh
		out=/etc/cipe/$CIPE_EVENT.out
		{
			echo "count $#"
			for arg; do echo "arg $arg"; done
			tr '\0' '\n' < /proc/$$/environ | sort
			echo "umask $(umask)"
			echo "directory $(pwd)"
			echo "stdin $(readlink /proc/$$/fd/0)"
			echo "descriptors $(ls -l /proc/$$/fd |
				grep -c 'socket:\|anon_inode\|/run/cipe')"
			ip link show dev $1 > /dev/null 2>&1 && echo present || echo absent
			[ -e /run/cipe/$1.pid ] && echo claimed || echo free
		} > $out.new
		mv $out.new $out
	END
}

# told EVENT present|absent: what a telling hook of a must have been told
told()
{
	cat <<-END
		count 6
		arg cipcb0
		arg 192.0.2.1:6794
		arg $PID_a
		arg 10.99.0.1
		arg 10.99.0.2
		arg 10.2.0.0/24 with "quotes" \$HOME * ;
		CIPE_ARG=10.2.0.0/24 with "quotes" \$HOME * ;
		CIPE_DEVICE=cipcb0
		CIPE_EVENT=$1
		CIPE_LOCAL=10.99.0.1
		CIPE_ME=192.0.2.1:6794
		CIPE_MODE=ip
		CIPE_MTU=1448
		CIPE_PEER=$PEER_IS
		CIPE_PID=$PID_a
		CIPE_REMOTE=10.99.0.2
		PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
		umask 0022
		directory /
		stdin /dev/null
		descriptors 0
	END
}

pair()
{
	fresh
	gateways
	gw_dirs a b
	sample b
	start b
	sample a "$@"
}

same()
{
	diff -u "$TMP/expected" "$1" > "$TMP/diff" && return
	sed 's/^/#   /' "$TMP/diff"
	return 1
}

facts()
{
	pair 'arg 10.2.0.0/24 with "quotes" $HOME * ;'
	telling_hook a ip-up
	telling_hook a ip-down
	start a
	link_up a b
	wait_until 10 test -e "$TMP/a/etc/up.out"
	{ told up; echo present; echo claimed; } > "$TMP/expected"
	same "$TMP/a/etc/up.out"
	fails test -e "$TMP/a/etc/down.out"
	# not again when keys change
	rm "$TMP/a/etc/up.out"
	stop b
	start b
	wait_until 15 grep -q "rekeyed" "$TMP/a/log"
	nap 0.5
	fails test -e "$TMP/a/etc/up.out"
	stop a
	is "exit status" $STATUS 0
	{ told down; echo absent; echo claimed; } > "$TMP/expected"
	same "$TMP/a/etc/down.out"
	down a
}

# The samples: routes to the networks in arg
sample_scripts()
{
	pair "arg 10.2.0.0/24 10.3.0.0/16"
	hook a ip-up < "$SAMPLES/ip-up"
	hook a ip-down < "$SAMPLES/ip-down"
	start a
	logged a "ip-up: cipcb0 up: 10.99.0.1 to 10.99.0.2, carrier 192.0.2.1:6794 to $PEER_IS, mtu 1448" 15
	like "route" "$(ipn a route show 10.2.0.0/24)" \
		"^10.2.0.0/24 dev cipcb0 .*src 10.99.0.1"
	like "route" "$(ipn a route show 10.3.0.0/16)" \
		"^10.3.0.0/16 dev cipcb0 .*src 10.99.0.1"
	stop a
	logged a "ip-down: cipcb0 down: 10.99.0.1 to 10.99.0.2"
	hasnt "$TMP/a/log" "exit code"
	down a
}

# No ip-down without an ip-up before
never_up()
{
	fresh
	gateways
	gw_dirs a
	sample a
	telling_hook a ip-up
	telling_hook a ip-down
	start a
	wait_until 10 grep -q "no answer\|not reached" "$TMP/a/log"
	nap 1
	stop a
	is "exit status" $STATUS 0
	fails test -e "$TMP/a/etc/up.out"
	fails test -e "$TMP/a/etc/down.out"
	down a
}

# It does not end, nor by SIGTERM; keys are renewed meanwhile, packets pass,
# and its time is over after 30 seconds
hangs()
{
	local n began

	pair "tokey 1"
	hook a ip-up <<-'END'
		#!/bin/sh
		trap '' TERM
		echo "I hang"
		while :; do sleep 1; done
	END
	telling_hook a ip-down
	start a
	logged a "ip-up: I hang" 15
	began=$SECONDS
	link_up a b
	ping_all a 10.99.0.2 20
	n=$(times a "rekeyed")
	nap 5
	at_least "keys while the script hangs" $(($(times a "rekeyed") - n)) 2
	wait_until 40 grep -q "ip-up: /etc/cipe/ip-up: still running after 30 seconds, ended" \
		"$TMP/a/log"
	at_least "seconds" $((SECONDS - began)) 25
	ping_all a 10.99.0.2 20
	wait_until 15 nobody_hangs
	fails test -e "$TMP/a/etc/down.out"
	stop a
	is "exit status" $STATUS 0
	has "$TMP/a/etc/down.out" '^CIPE_EVENT=down'
	down a
}

nobody_hangs()
{
	! pgrep -f '^/bin/sh /etc/cipe/ip-up'
}

# What goes wrong is told, and does no harm
fails_how()
{
	local words=$1

	pair "${@:2}"
	cat > "$TMP/a/etc/ip-up"
	chmod "$MODE" "$TMP/a/etc/ip-up"
	start a
	link_up a b
	logged a "$words"
	ping_all a 10.99.0.2 5
	alive a
	stop a
	is "exit status" $STATUS 0
	down a
	stop b
}

failures()
{
	MODE=755 fails_how "ip-up: /etc/cipe/ip-up: ended with exit code 3" <<-'END'
		#!/bin/sh
		echo "to stdout"
		printf 'to \033[31mstderr' >&2
		exit 3
	END
	logged a "ip-up: to stdout\$"
	logged a "ip-up: to ?\[31mstderr\$"
	MODE=755 fails_how "ip-up: /etc/cipe/ip-up: ended by signal 9" <<-'END'
		#!/bin/sh
		kill -9 $$
	END
	MODE=757 fails_how "ip-up: not run: /etc/cipe/ip-up can be written by others" <<-'END'
		#!/bin/sh
		echo "must not run"
	END
	hasnt "$TMP/a/log" "must not run"
	MODE=644 fails_how "ip-up: not run: /etc/cipe/ip-up is not executable" <<-'END'
		#!/bin/sh
		echo "must not run"
	END
	hasnt "$TMP/a/log" "must not run"
	MODE=755 fails_how "cannot be executed" <<< "echo no interpreter"
	MODE=755 fails_how "ip-up: /etc/cipe/none: No such file" \
		"ipup /etc/cipe/none" <<< ""
}

# More than a log should hold
noisy()
{
	pair
	hook a ip-up <<-'END'
		#!/bin/sh
		i=0
		while [ $i -lt 2000 ]; do echo "line $i"; i=$((i + 1)); done
		head -c 100000 /dev/zero | tr '\0' x
	END
	start a
	link_up a b
	logged a "ip-up: line 0\$"
	wait_until 15 grep -q "ip-up: /etc/cipe/ip-up: done" "$TMP/a/log"
	at_most "lines logged" "$(times a "ip-up: ")" 320
	ping_all a 10.99.0.2 5
	stop a
	is "exit status" $STATUS 0
}

it "six arguments, the environment, umask, directory: exactly; up once, down after" \
	facts
it "the samples' scripts: routes for arg" sample_scripts
it "a link that was never up: no script" never_up
it "a script that hangs: keys are renewed, its time ends" hangs
it "failing, killed, untrusted, not executable, missing: logged, no harm" failures
it "a script that says too much" noisy
run_tests
