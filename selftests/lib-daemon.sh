# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
#
# What the tests of the daemon share. Each gateway has an /etc/cipe, /run/cipe
# and /var/lib/cipe of its own (a mount namespace's), so that two daemons on
# one machine do not meet but over the carrier. To be sourced after lib.sh.

SAMPLES=
for dir in "$DIR/../etc-samples" "$DIR/etc-samples" /cipe/etc-samples /usr/share/doc/cipe/etc-samples; do
	[ -n "$SAMPLES" ] || [ ! -d "$dir" ] || SAMPLES=$dir
done

type ciped cipectl > /dev/null 2>&1 || skip_all "no ciped or cipectl"
type unshare > /dev/null 2>&1 || skip_all "no unshare"
[ -n "$SAMPLES" ] || skip_all "no etc-samples"

# Where the directories of each gateway are mounted
MADE=()
for dir in /etc/cipe /run/cipe /var/lib/cipe; do
	[ -d $dir ] || { mkdir -p $dir && MADE+=("$dir"); }
done
trap 'leave; rmdir "${MADE[@]}" 2> /dev/null' EXIT

# Those with no reason to say so use the same
PSK=$(cipectl genkey)

# gw_dirs NS...: empty directories for their daemons
gw_dirs()
{
	local ns

	for ns; do
		rm -rf "${TMP:?}/$ns"
		mkdir -p "$TMP/$ns"/{etc,run,lib}
	done
	chmod -R go-w "$TMP"/?
}

# gw_exec NS COMMAND...: replaces this shell by the command, with the
# gateway's network and directories
gw_exec()
{
	local ns=$1

	shift
	exec cipe-ns exec "$NS-$ns" unshare -m --propagation private sh -c '
		cd "$0" && mount --bind etc /etc/cipe &&
		mount --bind run /run/cipe && mount --bind lib /var/lib/cipe &&
		{ [ ! -e hosts ] || mount --bind hosts /etc/hosts; } &&
		exec "$@"' "$TMP/$ns" "$@"
}

# hosts NS [LINE...]: what its daemon finds in /etc/hosts; to be called before it
# starts, and again when that changes
hosts()
{
	printf '%s\n' "127.0.0.1 localhost" "${@:2}" > "$TMP/$1/hosts"
}

gw()
{
	(gw_exec "$@")
}

# options NS [FILE] < TEXT: an options file of the gateway with the text in it
# and the key, if the text has none; as strict as it must be
options()
{
	local file=$TMP/$1/etc/${2:-options}

	(umask 077 && cat > "$file")
	grep -q '^key ' "$file" || echo "key $PSK" >> "$file"
}

# sample NS [LINE...]: the sample options of the gateway and the lines, in
# place of the sample's of the same name
sample()
{
	local ns=$1 line text

	shift
	text=$(cat "$SAMPLES/gw-$ns/options")
	for line; do
		text=$(sed "/^${line%% *}\( \|\$\)/d" <<< "$text")$'\n'$line
	done
	options "$ns" <<< "$text"
}

# keypair NS [SUITE]: a private key in the gateway's /etc/cipe, the public one in
# PUB_$ns
keypair()
{
	local ns=$1 suite=${2:-25519} pub

	(umask 077 && cipectl genkey --suite "$suite" > "$TMP/$ns/etc/privkey")
	pub=$(cipectl pubkey --suite "$suite" < "$TMP/$ns/etc/privkey")
	printf -v "PUB_$ns" %s "$pub"
}

# public NS LINE...: the sample with public keys in place of the secret, and
# the lines; "key" among them makes it both
public()
{
	local ns=$1 peer=PUB_a

	shift
	[ "$ns" = b ] || peer=PUB_b
	sample "$ns" "privkey /etc/cipe/privkey" "peerkey ${!peer}" "$@"
	case " $* " in
	*" key "*) ;;
	*) sed -i '/^key /d' "$TMP/$ns/etc/options" ;;
	esac
}

# clean: two gateways without daemons, and key pairs of the suite
clean()
{
	fresh
	gateways
	gw_dirs a b
	keypair a "$@"
	keypair b "$@"
}

# start NS [WORD...]: a daemon in the foreground; its process id is in
# PID_$ns, what it says in $TMP/$ns/log
start()
{
	local ns=$1 pid

	shift
	(gw_exec "$ns" ciped debug "$@") >> "$TMP/$ns/log" 2>&1 &
	pid=$!
	keep $pid
	printf -v "PID_$ns" %s $pid
}

# stop NS [SIGNAL]: end it; its exit status is in STATUS
stop()
{
	local pid=PID_$1

	kill "-${2:-TERM}" "${!pid}"
	ended "$1"
}

# ended NS: wait for its end; its exit status is in STATUS
ended()
{
	local pid=PID_$1

	wait_until 15 gone "${!pid}"
	STATUS=0
	wait "${!pid}" 2> /dev/null || STATUS=$?
}

gone()
{
	! kill -0 "$1" 2> /dev/null || grep -q '^State:.Z' "/proc/$1/status"
}

alive()
{
	local pid=PID_$1

	! gone "${!pid}"
}

# logged NS PATTERN: a line of the daemon's log matches, soon at the latest
logged()
{
	wait_until "${3:-5}" grep -q -e "$2" "$TMP/$1/log" && return
	has "$TMP/$1/log" "$2"
}

# times NS PATTERN: how many lines of the log match
times()
{
	grep -c -e "$2" "$TMP/$1/log" || :
}

# show NS FIELD [DEVICE]: a field of "cipectl show --json"; nothing if there is
# no such link
show()
{
	on "$1" cipectl show "${3:-cipcb0}" --json 2> /dev/null |
		sed -n "s/^    \"$2\": \(.*\)\$/\1/p" | sed 's/,$//; s/"//g'
}

is_state()
{
	[ "$(show "$1" state "${3:-cipcb0}")" = "$2" ]
}

# orphaned NS [DEVICE]: no process has the link's socket any more
orphaned()
{
	[ "$(show "$1" socket "${2:-cipcb0}")" = orphan ]
}

# link_up NS...: the link is up on these
link_up()
{
	local ns

	for ns; do
		if ! wait_until 10 is_state "$ns" up; then
			tail -n 5 "$TMP/$ns/log" | sed "s/^/# $ns: /"
			return 1
		fi
	done
}

# daemons [LINE...]: both gateways from the samples, the lines in both files
daemons()
{
	fresh
	gateways
	gw_dirs a b
	sample a "$@"
	sample b "$@"
	start b
	start a
	link_up a b
}

# down NS...: no interface, no pid file
down()
{
	local ns

	for ns; do
		fails ipn "$ns" link show dev "${DEVICE:-cipcb0}"
		[ ! -e "$TMP/$ns/run/${DEVICE:-cipcb0}.pid" ]
	done
}
