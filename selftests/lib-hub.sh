# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
#
# A hub and its peers: a has many links on one port, b the other ends of all of
# them, on one port too. To be sourced after lib-daemon.sh.

PEERS=8
GAP=$(slower 2000 20000)		# microseconds between pings
KEYS=$TMP/keys			# NAME, NAME.pub

# The key pair of NAME is there
key_pair()
{
	[ -e "$KEYS/$1" ] && return
	(umask 077 && cipectl genkey > "$KEYS/$1")
	cipectl pubkey < "$KEYS/$1" > "$KEYS/$1.pub"
}

# private NS NAME: the gateway has the private key
private()
{
	key_pair "$2"
	cp "$KEYS/$2" "$TMP/$1/etc/$2"
	chmod 600 "$TMP/$1/etc/$2"
}

# link_options NS N [LINE...]: a link of the hub a, or its other end at b. Odd
# ones have a shared secret, even ones public keys, every fourth both
link_options()
{
	local ns=$1 n=$2 keys=() psk peer=a$2 ours=10.99.1.$2 its=10.99.2.$2

	shift 2
	[ "$ns" = b ] || { peer=b$n ours=10.99.2.$n its=10.99.1.$n; }
	printf -v psk '%032x%032x' "$((n + 1000))" "$((n * 7919))"
	if [ $((n % 2)) -eq 0 ]; then
		# the hub has one for all its links
		[ "$ns" = b ] && private b "b$n" || key_pair "b$n"
		keys+=("peerkey $(cat "$KEYS/${peer/a*/hub}.pub")")
		[ "$ns" = a ] || keys+=("privkey /etc/cipe/b$n")
		[ "$ns" = b ] || keys+=("privkey /etc/cipe/hub")
	fi
	[ $((n % 4)) -eq 2 ] || keys+=("key $psk")
	(
		umask 077
		printf '%s\n' "ipaddr $ours" "ptpaddr $its" "${keys[@]}" "$@" \
			> "$TMP/$ns/etc/links.d/$ns$n.options"
	)
}

# hub [PEERS]: a and b, with a link for each of PEERS, all on one port of each
hub()
{
	local n

	PEERS=${1:-8}
	fresh
	gateways
	gw_dirs a b
	mkdir -p "$KEYS" "$TMP/a/etc/links.d" "$TMP/b/etc/links.d"
	chmod go-w "$TMP"/?/etc/links.d
	key_pair hub
	private a hub
	for n in $(seq "$PEERS"); do
		link_options a "$n"
		link_options b "$n"
	done
	defaults a "me 192.0.2.1:6794"
	defaults b "me 192.0.2.2:6794" "peer 192.0.2.1:6794"
	start b
	start a
	all_up
}

# defaults NS LINE...: what all links have
defaults()
{
	local file=$TMP/$1/etc/options

	shift
	(umask 077 && printf '%s\n' "cttl 64" "ping 1" "toping 6" "tokxc 60" "maxerr -1" "$@" > "$file")
}

# count_up NS: how many links are up
count_up()
{
	on "$1" cipectl show | grep -c '^[ab][0-9]*: up$' || :
}

up_are()
{
	[ "$(count_up "$1")" = "$2" ]
}

all_up()
{
	local ns

	for ns in a b; do
		wait_until 20 up_are $ns "${1:-$PEERS}" && continue
		say "up in $ns: $(count_up $ns)"
		tail -n 20 "$TMP/$ns/log" | sed "s/^/# $ns: /"
		return 1
	done
}

sockets()
{
	on "$1" ss -Hlun "sport = :6794" | grep -c .
}

# hangup NS [PATTERN]: SIGHUP, and a line about it in the log
hangup()
{
	local pid=PID_$1 before

	before=$(times "$1" "options read again\|options with faults: all")
	kill -HUP "${!pid}"
	wait_until 10 more_lines "$1" "$before"
	[ -z "${2-}" ] || logged "$1" "$2"
}

more_lines()
{
	[ "$(times "$1" "options read again\|options with faults: all")" -gt "$2" ]
}

# flood N: pings over link N until flood_ends
flood()
{
	cipe-flow ping "$NS-a" "10.99.1.$1" count 100000000 size 1000 gap $GAP \
		> "$TMP/flood" 2>&1 &
	FLOOD=$!
	keep $FLOOD
}

flood_ends()
{
	kill $FLOOD
	wait $FLOOD && return
	say "pings: $(cat "$TMP/flood")"
	return 1
}
