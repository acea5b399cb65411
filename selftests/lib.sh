# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
#
# What the tests share: telling a story in KTAP, network namespaces that are
# gateways, links between them, traffic over the links, and questions to the
# kernel. To be sourced.
#
# A test file says what it proves with "it DESCRIPTION FUNCTION [ARGUMENT...]"
# and ends with "run_tests". The function runs in a subshell with "set -e":
# each command in it is an assertion.

DIR=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
PATH=$DIR:$PATH:/usr/sbin:/sbin
TMP=$(mktemp -d "${TMPDIR:-/tmp}/cipe-test.XXXXXX")
NS=cipe$$			# prefix of our namespaces' names
CIPHER=aes-256-gcm		# of keys when nothing else is said
# shellcheck disable=SC2034 # for the tests
CIPHERS="chacha20-poly1305 aes-128-gcm aes-256-gcm"

# CIPE_CHECKED: the kernel has checks that make each step take ten times as long
CIPE_CHECKED=
[ ! -e /sys/kernel/debug/kmemleak ] || CIPE_CHECKED=1

# CIPE_LIGHT: fewer rounds, smaller transfers, and of combinations the most
# telling. For such kernels, and where another has the full measure
: "${CIPE_LIGHT:=$CIPE_CHECKED}"

# CIPE_SLOW: how many times longer than on a real machine something may take
# before it counts as failed. Emulated processors share those of a busy host
if [ -z "${CIPE_SLOW:-}" ]; then
	CIPE_SLOW=$((${CIPE_VM:-0} ? 4 : 1))
	[ -z "$CIPE_CHECKED" ] || CIPE_SLOW=$((CIPE_SLOW * 2))
fi

# scale NORMAL LIGHT: the one for this machine, a number or words
scale()
{
	[ -n "$CIPE_LIGHT" ] && echo "$2" || echo "$1"
}

# slower NORMAL CHECKED: a time, longer for a kernel with checks
slower()
{
	[ -n "$CIPE_CHECKED" ] && echo "$2" || echo "$1"
}

# ---- telling ----------------------------------------------------------------

IT_TEXT=()
IT_CALL=()
ksft_skip=4

it()
{
	IT_TEXT+=("$1")
	shift
	IT_CALL+=("$(printf '%q ' "$@")")
}

say()
{
	echo "# $*"
}

# skip REASON: in a test function; what it would prove cannot be tried here
skip()
{
	echo "$*" > "$TMP/skip"
	exit $ksft_skip
}

# Commands in $() and pipes may fail; what counts is what becomes of it
failed_at()
{
	[ $BASH_SUBSHELL -gt 1 ] && return
	say "${1##*/}:$2: failed ($4): $3"
}

run_tests()
{
	local i rc ok=0 bad=0 skipped=0 comment started took

	echo "TAP version 13"
	echo "1..${#IT_TEXT[@]}"
	for i in "${!IT_TEXT[@]}"; do
		started=${EPOCHREALTIME/[.,]/}
		(
			set -eE
			trap 'failed_at "$BASH_SOURCE" $LINENO "$BASH_COMMAND" $?' ERR
			eval "${IT_CALL[i]}"
		) < /dev/null
		rc=$?
		comment=
		took=$(((${EPOCHREALTIME/[.,]/} - started) / 1000000))
		[ $took -lt 5 ] || say "took $took s"
		case $rc in
		0)	ok=$((ok + 1)) ;;
		4)	skipped=$((skipped + 1))
			comment=" # SKIP $(cat "$TMP/skip" 2> /dev/null)" ;;
		*)	bad=$((bad + 1))
			printf 'not ' ;;
		esac
		echo "ok $((i + 1)) ${IT_TEXT[i]}$comment"
	done
	echo "# Totals: pass:$ok fail:$bad xfail:0 xpass:0 skip:$skipped error:0"
	[ $bad -eq 0 ] || exit 1
	[ $ok -gt 0 ] || exit $ksft_skip
	exit 0
}

# skip_all REASON: before any test; this machine cannot run this file
skip_all()
{
	echo "TAP version 13"
	echo "1..0 # SKIP $*"
	exit $ksft_skip
}

# is WHAT GOT EXPECTED
is()
{
	[ "$2" = "$3" ] && return
	say "$1: got '$2', expected '$3'"
	return 1
}

# like WHAT GOT PATTERN
like()
{
	[[ $2 =~ $3 ]] && return
	say "$1: got '$2', expected a match of '$3'"
	return 1
}

# at_least WHAT GOT EXPECTED, at_most WHAT GOT EXPECTED
at_least()
{
	[ "$2" -ge "$3" ] && return
	say "$1: got $2, expected at least $3"
	return 1
}

at_most()
{
	[ "$2" -le "$3" ] && return
	say "$1: got $2, expected at most $3"
	return 1
}

# has FILE PATTERN, hasnt FILE PATTERN: a line matches or none does
has()
{
	grep -q -e "$2" "$1" && return
	say "no line matches '$2' among:"
	tail -n 20 "$1" | sed 's/^/#   /'
	return 1
}

hasnt()
{
	grep -q -e "$2" "$1" || return 0
	say "unexpected line:"
	grep -m 5 -e "$2" "$1" | cut -c1-300 | sed 's/^/#   /'
	return 1
}

# fails COMMAND...: it must not succeed; what it says goes to $TMP/error
fails()
{
	if "$@" > "$TMP/error" 2>&1; then
		say "succeeded and should not have: $*"
		return 1
	fi
}

# wait_until SECONDS COMMAND...: until it succeeds; many times that where it is
# slow
wait_until()
{
	local end=$((SECONDS + $1 * CIPE_SLOW + 1)) what ms=30 pause

	shift
	what=$*
	while ! "$@" > /dev/null 2>&1; do
		if [ $SECONDS -gt $end ]; then
			say "in vain waited for: $what"
			return 1
		fi
		# often at first; asking, too, takes time from what is waited for
		printf -v pause 0.%03d $ms
		nap $pause
		[ $ms -gt 300 ] || ms=$((ms * 3 / 2))
	done
}

# nap SECONDS: without a process for it
exec {NAP_FD}<> <(:)
nap()
{
	read -r -t "$1" -u $NAP_FD || :
}

# settle: give those time who only have to be scheduled to be done, such as
# sniffers; nothing tells when they are
settle()
{
	local seconds

	printf -v seconds %d.%03d $((CIPE_SLOW * 150 / 1000)) $((CIPE_SLOW * 150 % 1000))
	nap $seconds
}

# ---- namespaces -------------------------------------------------------------

# on NAMESPACE COMMAND..., ipn NAMESPACE ip's arguments. on_sys is on with the
# namespace's own /sys
on()
{
	local ns=$NS-$1

	shift
	cipe-ns exec "$ns" "$@"
}

on_sys()
{
	local ns=$NS-$1

	shift
	ip netns exec "$ns" "$@"
}

ipn()
{
	local ns=$NS-$1

	shift
	ip -n "$ns" "$@"
}

# ips NAMESPACE COMMAND...: several of ip's commands, an argument each
ips()
{
	local ns=$NS-$1

	shift
	printf '%s\n' "$@" | ip -n "$ns" -batch -
}

add_ns()
{
	cipe-ns add "${@/#/$NS-}"
}

# cable NS1 DEV1 NS2 DEV2 [veth's arguments]
cable()
{
	local ns1=$NS-$1 dev1=$2 ns2=$NS-$3 dev2=$4

	shift 4
	ip link add "$dev1" netns "$ns1" "$@" type veth \
		peer name "$dev2" netns "$ns2" "$@"
	ip -n "$ns1" link set "$dev1" up
	ip -n "$ns2" link set "$dev2" up
}

# up NS DEV ADDRESS... [-- ip's commands...]: the device up with addresses
up()
{
	local ns=$1 dev=$2 commands=("link set $2 up")

	shift 2
	while [ $# -gt 0 ] && [ "$1" != -- ]; do
		commands+=("addr add $1 dev $dev")
		[ "${1/:/}" = "$1" ] || commands[-1]+=" nodad"
		shift
	done
	ips "$ns" "${commands[@]}" "${@:2}"
}

# address NS DEV ADDRESS...
address()
{
	up "$@"
}

# shellcheck disable=SC2034 # used by name, in carrier
# gateways [veth's arguments]: a and b on one cable, device "wan" in both
gateways()
{
	add_ns a b
	ip link add wan netns $NS-a "$@" type veth \
		peer name wan netns $NS-b "$@"
	up a wan 192.0.2.1/24 2001:db8::1/64
	up b wan 192.0.2.2/24 2001:db8::2/64
	CARRIER_A4=192.0.2.1 CARRIER_A6="[2001:db8::1]"
	CARRIER_B4=192.0.2.2 CARRIER_B6="[2001:db8::2]"
}

# shellcheck disable=SC2034
# gateways_routed: a and b with the router r between them
gateways_routed()
{
	add_ns a b r
	ip link add wan netns $NS-a type veth peer name ra netns $NS-r
	ip link add wan netns $NS-b type veth peer name rb netns $NS-r
	on r sysctl -qw net.ipv4.ip_forward=1 net.ipv6.conf.all.forwarding=1
	up a wan 192.0.2.1/24 2001:db8::1/64 -- \
		"route add default via 192.0.2.254" \
		"route add ::/0 via 2001:db8::fe"
	up r ra 192.0.2.254/24 2001:db8::fe/64
	up b wan 198.51.100.2/24 2001:db8:1::2/64 -- \
		"route add default via 198.51.100.254" \
		"route add ::/0 via 2001:db8:1::fe"
	up r rb 198.51.100.254/24 2001:db8:1::fe/64
	CARRIER_A4=192.0.2.1 CARRIER_A6="[2001:db8::1]"
	CARRIER_B4=198.51.100.2 CARRIER_B6="[2001:db8:1::2]"
}

# two_nats [forwards]: a behind ra, b behind rb, whose outsides are on one cable
two_nats()
{
	local r

	fresh
	add_ns a b ra rb
	cable a wan ra in
	cable b wan rb in
	cable ra out rb out
	address a wan 10.1.0.2/24
	address ra in 10.1.0.1/24
	address b wan 10.2.0.2/24
	address rb in 10.2.0.1/24
	address ra out 203.0.113.1/24
	address rb out 203.0.113.2/24
	ipn a route add default via 10.1.0.1
	ipn b route add default via 10.2.0.1
	for r in ra rb; do
		on $r sysctl -qw net.ipv4.ip_forward=1
		on $r nft -f - <<-'EOT'
		table ip nat {
			chain post {
				type nat hook postrouting priority 100;
				oifname "out" masquerade
			}
		}
		EOT
	done
	[ "${1:-}" = forwards ] || return 0
	on rb nft -f - <<-'EOT'
	table ip inbound {
		chain pre {
			type nat hook prerouting priority -100;
			iifname "out" udp dport 4000 dnat to 10.2.0.2
		}
	}
	EOT
}

# nats_closed SECONDS: neither of two_nats lets in what was not asked for, and both
# forget so soon
nats_closed()
{
	local r

	for r in ra rb; do
		on $r nft -f - <<-'EOT'
		table ip filter {
			chain forward {
				type filter hook forward priority 0; policy drop;
				iifname "in" accept
				ct state established accept
			}
			# else it would be remembered, and its port be taken
			chain input {
				type filter hook input priority 0;
				iifname "out" drop
			}
		}
		EOT
		on $r sysctl -qw net.netfilter.nf_conntrack_udp_timeout=$1 \
			net.netfilter.nf_conntrack_udp_timeout_stream=$1
	done
}

# carrier NS FAMILY [PORT]: the address that gateways gave
carrier()
{
	local name=CARRIER_${1^^}$2

	echo "${!name}:${3:-4000}"
}

# one_by_one NS DEV: no segmentation offload, a packet in a capture is a
# packet on a wire
one_by_one()
{
	on "$1" ethtool -K "$2" tso off gso off gro off \
		tx-udp-segmentation off > /dev/null 2>&1 ||
	on "$1" ethtool -K "$2" tso off gso off gro off > /dev/null
}

# keep PID: end this process when the test has ended; those in a namespace of
# the test end anyway
keep()
{
	echo "$@" >> "$TMP/pids"
}

end_processes()
{
	local pid

	[ -e "$TMP/pids" ] || return 0
	while read -r pid; do
		kill "$pid" 2> /dev/null
	done < "$TMP/pids"
	rm -f "$TMP/pids"
}

# fresh: nothing of an earlier test is left
fresh()
{
	(
		trap - ERR
		set +eE
		end_processes
		cipe-ns clean "$NS-"
		:
	)
}

leave()
{
	set +e
	fresh
	rm -rf "$TMP"
}
trap leave EXIT
trap 'exit 1' INT TERM

# ---- links ------------------------------------------------------------------

cli()
{
	cipe-cli -n "$NS-$1" "${@:2}"
}

pkt()
{
	cipe-pkt -n "$NS-$1" "${@:2}"
}

# make_key SENDER GENERATION CIPHER: sets KEY, KEY_IV and KEY_ID, of packets
# that side a or b sends; the octets tell both
make_key()
{
	printf -v KEY '0%s%06x' "$1" "$2"
	printf -v KEY_IV '1%s%06x' "$1" "$2"
	printf -v KEY_ID '0x0%s%06x' "$1" $(($2 * 4))
	KEY=$KEY$KEY$KEY$KEY
	KEY_IV=$KEY_IV$KEY_IV$KEY_IV
	[ "$3" = aes-128-gcm ] || KEY=$KEY$KEY
}

# key_of SENDER GENERATION [CIPHER]: the same, as cipe-pkt takes it
key_of()
{
	local cipher=${3:-$CIPHER}

	make_key "$1" "$2" "$cipher"
	echo "$cipher:$KEY:$KEY_IV:$KEY_ID"
}

# key_words NS GENERATION [word value ...]: sets WORDS, what cipe-cli takes.
# The words are cipe-cli's, and "as a|b" for which side this is (else the
# namespace's first letter)
key_words()
{
	local gen=$2 me=${1:0:1} peer=b cipher=$CIPHER slot=current
	local lifetime=3600000

	shift 2
	WORDS=()
	while [ $# -gt 1 ]; do
		case $1 in
		as)		me=$2 ;;
		slot)		slot=$2 ;;
		cipher)		cipher=$2 ;;
		lifetime)	lifetime=$2 ;;
		*)		WORDS+=("$1" "$2") ;;
		esac
		shift 2
	done
	[ "$me" = a ] || peer=a
	WORDS+=(slot "$slot" cipher "$cipher" lifetime "$lifetime")
	make_key "$peer" "$gen" "$cipher"
	WORDS+=(rx-id "$KEY_ID" rx-key "$KEY" rx-iv "$KEY_IV")
	make_key "$me" "$gen" "$cipher"
	WORDS+=(tx-id "$KEY_ID" tx-key "$KEY" tx-iv "$KEY_IV")
}

# set_key NS LINK GENERATION [word value ...]: words as key_words takes them
set_key()
{
	key_words "$1" "${@:3}"
	cli "$1" key "$2" "${WORDS[@]}"
}

# hold NS cipe-cli's arguments: a process that owns the socket; sets HOLDER
hold()
{
	HOLDER=$(cli "$1" hold "${@:2}")
	keep "$HOLDER"
}

# monitor NS FILE: events go to FILE
monitor()
{
	local pid

	pid=$(cli "$1" monitor "$2")
	keep "$pid"
}

# sniff NS DEVICE FILE [cipe-pkt's arguments]: a line a packet; sets SNIFFER
sniff()
{
	SNIFFER=$(pkt "$1" sniff "${@:2}")
	keep "$SNIFFER"
}

# link NS NAME MODE LOCAL REMOTE [GENERATION [key words]]: a whole link, down
link()
{
	key_words "$1" "${6:-1}" "${@:7}"
	HOLDER=$(cli "$1" add "$2" mode "$3" -- key "$2" "${WORDS[@]}" -- \
		set "$2" endpoint "$5" -- hold bind "$4" link "$2")
	keep "$HOLDER"
}

# The responder's key waits for the initiator's first packet, as it does with
# daemons: neither end sends what the other cannot read yet.
#
# link_pair [MODE [FAMILY [CIPHER [MTU]]]]: device cipe0 in a and in b with
# 10.9.0.1, fd09::1 and 10.9.0.2, fd09::2
link_pair()
{
	local mode=${1:-ip} family=${2:-4} cipher=${3:-$CIPHER} mtu=${4:-1400}
	local la lb

	la=$(carrier a "$family")
	lb=$(carrier b "$family")
	link b cipe0 "$mode" "$lb" "$la" 1 cipher "$cipher" slot next
	# shellcheck disable=SC2034 # for the tests
	HOLDER_B=$HOLDER
	up b cipe0 10.9.0.2/24 fd09::2/64 -- "link set cipe0 mtu $mtu"
	link a cipe0 "$mode" "$la" "$lb" 1 cipher "$cipher"
	# shellcheck disable=SC2034
	HOLDER_A=$HOLDER
	up a cipe0 10.9.0.1/24 fd09::1/64 -- "link set cipe0 mtu $mtu"
	wait_until 5 carrier_is b cipe0 on
}

# stat_of NS LINK NAME...: values, in one line
stat_of()
{
	cli "$1" get "${@:2}"
}

# no_errors NS...: no error was counted on any cipe0
no_errors()
{
	local ns out

	for ns; do
		out=$(cli "$ns" errors cipe0) && continue
		say "errors counted in $ns: ${out//$'\n'/, }"
		return 1
	done
}

# causes NS EXPECTED COMMAND...: the command changes exactly these counters of
# cipe0, "name difference name difference"; what is sent is not regarded
causes()
{
	local ns=$1 expected=$2 got

	shift 2
	cli "$ns" save cipe0 "$TMP/saved"
	"$@"
	got=$(cli "$ns" delta cipe0 "$TMP/saved" "$expected") && return
	say "counters changed: '$got', expected '$expected'"
	return 1
}

# causes_only NS COUNTER COMMAND...: the command changes this counter only, by
# one or more
causes_only()
{
	local ns=$1 name=$2 got

	shift 2
	cli "$ns" save cipe0 "$TMP/saved"
	"$@"
	settle
	got=$(cli "$ns" delta cipe0 "$TMP/saved")
	[[ $got =~ ^$name\ [0-9]+$ ]] && return
	say "counters changed: '$got', expected only '$name'"
	return 1
}

# carrier_is NS LINK on|off
carrier_is()
{
	local flags

	flags=$(ipn "$1" -o link show dev "$2")
	case $3,$flags in
	on,*[,\<]LOWER_UP*)	return 0 ;;
	off,*LOWER_UP*)		return 1 ;;
	off,*)			return 0 ;;
	esac
	return 1
}

# ---- traffic ----------------------------------------------------------------

TCP_BYTES=$(scale 1048576 60000)	# each way
UDP_COUNT=$(scale 1000 60)
PINGS=$(scale 50 8)

# ping_all NS ADDRESS COUNT [cipe-flow's arguments]: none is lost, changed or
# comes twice
ping_all()
{
	cipe-flow ping "$NS-$1" "$2" count "$3" "${@:4}" > "$TMP/ping" 2>&1 &&
		return
	say "ping in $1 of $2: $(cat "$TMP/ping")"
	return 1
}

# ping_none NS ADDRESS [ping's arguments]: no answer at all
ping_none()
{
	fails on "$1" ping -nq -c 3 -i 0.1 -W 1 "${@:3}" "$2"
}

listening()
{
	on "$1" ss -Hltun "sport = :$2" | grep -q .
}

# tcp FROM TO ADDRESS [cipe-flow's arguments]: what arrives is what was sent,
# both ways, and so is their order
tcp()
{
	cipe-flow tcp "$NS-$1" "$NS-$2" "$3" both bytes "$TCP_BYTES" \
		seconds $((100 * CIPE_SLOW)) "${@:4}" > "$TMP/flow" 2>&1 &&
		return
	say "TCP from $1 to $2, $3: $(cat "$TMP/flow")"
	return 1
}

# udp FROM TO ADDRESS [cipe-flow's arguments]: nothing lost, doubled or out of
# order
udp()
{
	cipe-flow udp "$NS-$1" "$NS-$2" "$3" count "$UDP_COUNT" "${@:4}" > "$TMP/flow" 2>&1 &&
		return
	say "UDP from $1 to $2, $3: $(cat "$TMP/flow")"
	return 1
}

# namespaces_watch: a device in each of a and b ends with it, and its other end too;
# namespaces_gone: wait for that
namespaces_watch()
{
	printf "link add probe netns $NS-%s type veth peer name $NS-%s\n" \
		a a b b | ip -batch -
}

namespaces_gone()
{
	wait_until 15 [ ! -e "/sys/class/net/$NS-a" ]
	wait_until 15 [ ! -e "/sys/class/net/$NS-b" ]
}

# tcp_stat NS NAME: of TcpExt
tcp_stat()
{
	on "$1" cat /proc/net/netstat |
		awk -v name="$2" '$1 == "TcpExt:" && !n { n = split($0, names); next }
			$1 == "TcpExt:" { for (i in names)
				if (names[i] == name) print $i }'
}

# ---- start ------------------------------------------------------------------

if [ "$(id -u)" -ne 0 ]; then
	skip_all "must be root"
fi
if ! modprobe -q cipe 2> /dev/null && ! grep -qw cipe /proc/modules; then
	skip_all "no kernel module cipe"
fi
