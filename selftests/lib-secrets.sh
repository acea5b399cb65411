# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
#
# Keys written down as a daemon uses them, and looked for in its memory. To be
# sourced after lib-daemon.sh.

type xxd > /dev/null 2>&1 || skip_all "no xxd"

# recorded NS [NAME=VALUE...]: a daemon whose data keys go to $TMP/NS/keys as
# well; its process id is in PID_$ns
recorded()
{
	local ns=$1 pid

	shift
	rm -f "$TMP/$ns/keys"
	(gw_exec "$ns" env LD_PRELOAD="$DIR/cipe-record.so" CIPE_RECORD="$TMP/$ns/keys" "$@" \
		ciped debug) >> "$TMP/$ns/log" 2>&1 &
	pid=$!
	keep $pid
	printf -v "PID_$ns" %s $pid
}

# at_least_keys COUNT: so many pairs of keys were installed
at_least_keys()
{
	[ "$(stat -c %s "$TMP/a/keys" 2> /dev/null || echo 0)" -ge $(($1 * 64)) ]
}

# all PID: the keeper and its children
all()
{
	echo "$1"
	pgrep -P "$1"
}

# is_parser PID: of the two without rights the one without threads
is_parser()
{
	grep -q '^Threads:[[:space:]]*1$' "/proc/$1/status" &&
		! grep -q '^Uid:.*\b0\b' "/proc/$1/status"
}

# search FILE SKIP PID...: as cipe-search; what it says is in $TMP/found
search()
{
	local rc=0

	cipe-search "$@" > "$TMP/found" 2>&1 || rc=$?
	say "$(tail -n 1 "$TMP/found")"
	[ $rc -ne 1 ] || sed -n 's/^key/# &/p' "$TMP/found" | head -n 10
	return $rc
}

two_ups()
{
	[ "$(times a "link is up")" -ge 2 ]
}
