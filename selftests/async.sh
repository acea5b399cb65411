#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Cipher drivers that finish later, on any CPU: traffic is right and in order,
# and keys, links, namespaces and the module may go while requests are in
# flight.
# This file is the last to run: the kernel keeps the drivers that are made up
# here, such as cryptd(...), and may prefer them from then on.

. "$(dirname "$0")/lib.sh"

ROUNDS=$(scale 10 3)
SOME=$(scale 5 2)
read -ra MODES <<< "$(scale "ip ether" ether)"

modprobe -qa cryptd pcrypt 2> /dev/null || :
FAULTY=$DIR/modules/$(uname -r)/cipe_faulty.ko
FAULT=
# Ciphers' implementations differ in name from kernel to kernel
GCM="generic-gcm-aesni generic-gcm-aesni-avx generic-gcm-vaes-avx10-256
	gcm_base(ctr(aes-generic),ghash-generic)"
CHACHA="rfc7539(chacha20-simd,poly1305-simd)
	rfc7539(chacha20-generic,poly1305-generic)"

# usable CIPHER DRIVER [N]: can it be had?
usable()
{
	set_key a cipe0 "${3:-9}" cipher "$1" driver "$2" slot next 2> "$TMP/error"
}

# fault NAME [MS]: what cipe-faulty-gcm does from now on
fault()
{
	local names="right later backwards mixed fail fail-later flip any-tag
		busy own-way refuse"
	local dir=/sys/module/cipe_faulty/parameters number=0 name

	for name in $names; do
		[ "$name" != "$1" ] || break
		number=$((number + 1))
	done
	echo "${2:-5}" > $dir/delay_ms
	echo $number > $dir/mode
}

tested()
{
	grep -A 5 "^driver *: $1\$" /proc/crypto | grep -q "selftest.*passed"
}

# faulty [PARAMETER]: the driver of that kind is there, and right for now
faulty()
{
	[ -e "$FAULTY" ] || skip "selftests/modules is not built for this kernel"
	[ -e /sys/module/cipe_faulty ] || insmod "$FAULTY" "$@"
	# the kernel tries it first; so long it has to be right
	wait_until 10 tested cipe-faulty-gcm
	fault right
	DRIVER=cipe-faulty-gcm
}

# pick CIPHER WRAPPER: sets DRIVER to the first implementation that can be had
# in that wrapper: cryptd, pcrypt or none. Or "faulty": one that is late, and
# finishes what came last first, or has a short queue.
pick()
{
	local cipher=$1 wrapper=$2 list=$GCM name

	if [ "$wrapper" = faulty ]; then
		faulty
		FAULT=backwards
		return
	fi
	[ "$cipher" != chacha20-poly1305 ] || list=$CHACHA
	fresh
	add_ns a
	cli a add cipe0
	for name in $list; do
		case $wrapper in
		none)	DRIVER=$name ;;
		*)	DRIVER="$wrapper($name)" ;;
		esac
		usable "$cipher" "$DRIVER" || continue
		say "$DRIVER"
		return
	done
	skip "no $wrapper of ${list//[$'\n\t']/ }: $(cat "$TMP/error")"
}

# async_pair MODE FAMILY CIPHER: as link_pair, with $DRIVER at both ends
async_pair()
{
	fresh
	gateways
	link_pair "$1" "$2" "$3"
	rekey 2 "$3"
}

# install N CIPHER: keys at both ends; while they are checked the driver is
# fast, and after it not so slow that packets outlive their key in it; its faults
# take turns
install()
{
	[ -z "$FAULT" ] || fault right
	set_key b cipe0 "$1" cipher "$2" driver "$DRIVER" slot next
	set_key a cipe0 "$1" cipher "$2" driver "$DRIVER"
	[ -n "$FAULT" ] || return 0
	[ $FAULT = busy ] && FAULT=backwards || FAULT=busy
	fault $FAULT 20
}

rekey()
{
	install "$1" "$2"
	ping_all a 10.9.0.2 3
	is "drivers" "$(stat_of a cipe0 current.driver) $(stat_of b cipe0 current.driver)" \
		"$DRIVER $DRIVER"
}

# right CIPHER WRAPPER MODE...: nothing lost, changed or out of order
right()
{
	local cipher=$1 mode family=4

	[ $2 != pcrypt ] || [ ! -e /proc/lockdep ] ||
		skip "padata takes two locks of a kind, which lockdep takes for a deadlock"
	pick $cipher $2
	for mode in "${@:3}"; do
		async_pair $mode $family $cipher
		family=6
		ping_all a 10.9.0.2 "$PINGS" window 16
		ping_all b fd09::1 "$PINGS" size 1300
		udp a b 10.9.0.2 count "$UDP_COUNT" size 200
		udp b a fd09::1 count "$UDP_COUNT" size 1300
		tcp a b 10.9.0.2 stay bytes "$(scale 2000000 200000)"
		tcp b a fd09::1 stay streams 4 bytes "$(scale 500000 50000)"
		is "segments out of order" \
			$(($(tcp_stat a TCPOFOQueue) + $(tcp_stat b TCPOFOQueue))) 0
		no_errors a b
	done
}

# ---- what goes while requests are in flight ---------------------------------

# flood: pings from a, to be lost or not
flood()
{
	cipe-flow ping $NS-a 10.9.0.2 count 1000000000 window 32 timeout 200 \
		gap "$(slower 0 10000)" \
		> "$TMP/flood" 2>&1 &
	FLOOD=$!
	keep $FLOOD
}

stop_flood()
{
	kill $FLOOD 2> /dev/null || :
	wait $FLOOD 2> /dev/null || :
}

passed()
{
	[ "$(stat_of a cipe0 rx_packets)" -ge "$1" ]
}

# Keys replaced: none lost. Deleted: the carrier goes, and comes with others
keys_go()
{
	local cipher=$1 i

	pick $cipher $2
	async_pair ip 4 $cipher
	cipe-flow ping $NS-a 10.9.0.2 count 1000000000 window 16 \
		gap "$(slower 0 10000)" \
		> "$TMP/flood" 2>&1 &
	FLOOD=$!
	keep $FLOOD
	for ((i = 3; i < ROUNDS + 3; i++)); do
		install $i $cipher
		nap 0.05
	done
	kill $FLOOD
	wait $FLOOD || { say "flood: $(cat "$TMP/flood")"; return 1; }
	no_errors a b
	flood
	for ((i = 103; i < ROUNDS + 103; i++)); do
		cli b keydel cipe0
		cli a keydel cipe0
		install $i $cipher
		nap 0.05
	done
	stop_flood
	ping_all a 10.9.0.2 10
}

links_go()
{
	local cipher=$1 modes=(ip ether) i

	pick $cipher $2
	fresh
	gateways
	for ((i = 0; i < SOME; i++)); do
		# whose faults take turns, too
		link_pair ${modes[i / 2 % 2]} 4 $cipher
		rekey 2 $cipher
		flood
		wait_until 5 passed 50
		ipn a link del cipe0
		ipn b link del cipe0
		stop_flood
		kill -9 $HOLDER_A $HOLDER_B
		wait_until 5 no_listener a
		wait_until 5 no_listener b
	done
}

no_listener()
{
	! listening $1 4000
}

namespaces_go()
{
	local cipher=$1 i

	pick $cipher $2
	fresh
	for ((i = 0; i < SOME; i++)); do
		async_pair ip 4 $cipher
		namespaces_watch
		flood
		wait_until 5 passed 50
		kill -9 $HOLDER_A $FLOOD
		printf "netns del $NS-%s\n" a b | ip -batch -
		kill -9 $HOLDER_B
		namespaces_gone
		stop_flood
	done
}

module_goes()
{
	local cipher=$1 i

	[ -z "$(ip -o link show type cipe)" ] ||
		skip "links that are not ours are in use"
	pick $cipher $2
	fresh
	gateways
	for ((i = 0; i < SOME; i++)); do
		link_pair ip 4 $cipher
		rekey 2 $cipher
		flood
		wait_until 5 passed 50
		modprobe -r cipe
		modprobe cipe
		stop_flood
		kill -9 $HOLDER_A $HOLDER_B
		wait_until 5 no_listener a
		wait_until 5 no_listener b
	done
}

# ---- drivers that do wrong --------------------------------------------------

# Nothing of it is let in
cross_check()
{
	local what n=0

	fresh
	add_ns a
	cli a add cipe0
	faulty
	for what in right later backwards mixed busy; do
		fault $what
		n=$((n + 1))
		usable aes-128-gcm $DRIVER $n
	done
	for what in fail fail-later flip any-tag own-way; do
		fault $what
		for cipher in aes-128-gcm aes-256-gcm; do
			fails set_key a cipe0 19 cipher $cipher driver $DRIVER
			has "$TMP/error" "cross-check"
		done
	done
	fails set_key a cipe0 19 cipher chacha20-poly1305 driver $DRIVER
	has "$TMP/error" "another cipher"
	is "key" "$(stat_of a cipe0 current.driver next.driver)" "- $DRIVER"
	# not by default, whatever its priority
	fault right
	set_key a cipe0 20 cipher aes-256-gcm
	[ "$(stat_of a cipe0 current.driver)" != $DRIVER ]
}

# Nor is one that says it runs on the CPU, and is thus the kernel's favourite:
# it is not compared with itself
favourite()
{
	fresh
	add_ns a
	cli a add cipe0
	faulty
	wait_until 10 rmmod cipe_faulty
	faulty accelerator=0
	fault own-way
	fails set_key a cipe0 1 cipher aes-256-gcm driver $DRIVER
	has "$TMP/error" "cross-check"
	fault right
	set_key a cipe0 2 cipher aes-256-gcm driver $DRIVER
	fresh
	wait_until 10 rmmod cipe_faulty
}

right_though_late()
{
	local what

	faulty
	async_pair ip 4 aes-256-gcm
	for what in later backwards mixed busy; do
		fault $what 2
		ping_all a 10.9.0.2 20 window 16
		udp a b 10.9.0.2 count "$UDP_COUNT" gap 200
		udp b a fd09::1 count "$UDP_COUNT" gap 200
		tcp a b fd09::2 stay bytes "$(scale 300000 50000)"
	done
	fault right
	ping_all a 10.9.0.2 20
	is "packets out of order" "$(tcp_stat a TCPOFOQueue) $(tcp_stat b TCPOFOQueue)" \
		"0 0"
	no_errors a b
}

# It goes wrong later: counted for what it is, at a, which has that driver
wrong_later()
{
	local what

	faulty
	fresh
	gateways
	link_pair
	set_key b cipe0 2 slot next
	set_key a cipe0 2 driver $DRIVER
	ping_all a 10.9.0.2 3
	for what in fail fail-later refuse; do
		fault $what
		causes_only a tx_crypto ping_none a 10.9.0.2
		causes_only a rx_crypto ping_none b 10.9.0.1
	done
	fault flip
	causes_only b rx_auth ping_none a 10.9.0.2
	fault right
	ping_all a 10.9.0.2 5
	ping_all b fd09::1 5
}

# One that needs memory for requests is not let others wait behind it, for some
# drivers of that kind do it wrong; and it is not used unless named
refuses()
{
	local what

	faulty
	fresh
	wait_until 10 rmmod cipe_faulty
	faulty accelerator=0 needs=1
	gateways
	link_pair
	set_key b cipe0 2 cipher aes-256-gcm slot next
	set_key a cipe0 2 cipher aes-256-gcm
	[ "$(stat_of a cipe0 current.driver)" != $DRIVER ]
	set_key b cipe0 3 cipher aes-256-gcm slot next
	set_key a cipe0 3 cipher aes-256-gcm driver $DRIVER
	ping_all a 10.9.0.2 3
	for what in busy refuse; do
		fault $what 20
		cipe-flow ping $NS-a 10.9.0.2 count 30 window 30 timeout 200 \
			> "$TMP/flood" 2>&1 || :
	done
	causes_only a tx_crypto ping_none a 10.9.0.2
	fault right
	ping_all a 10.9.0.2 20
	fresh
	wait_until 10 rmmod cipe_faulty
}

# No cipher is left over: the driver can go
faulty_unloads()
{
	[ -e /sys/module/cipe_faulty ] || skip "it was not loaded"
	fresh
	wait_until 10 rmmod cipe_faulty
}

for cipher in $(scale "aes-256-gcm chacha20-poly1305" aes-256-gcm); do
	it "$cipher, by name: right and in order" right $cipher none ip
	it "$cipher, cryptd: right and in order" \
		right $cipher cryptd "${MODES[@]}"
	it "$cipher, pcrypt: right and in order" right $cipher pcrypt ip
done
[ -n "$CIPE_LIGHT" ] || it "aes-128-gcm, cryptd: right and in order" \
	right aes-128-gcm cryptd ip
it "a faulty driver is not accepted" cross_check
it "... nor one that is the kernel's favourite" favourite
it "one that may not let others wait drops what is too much" refuses
it "late, the last first, sometimes, or with a short queue: right and in order" right_though_late
it "a driver that fails later: counted, nothing wrong passes" wrong_later
for driver in "aes-256-gcm cryptd" "aes-256-gcm faulty"; do
	it "$driver: keys go under traffic" keys_go $driver
	it "$driver: links go under traffic" links_go $driver
	it "$driver: namespaces go under traffic" namespaces_go $driver
	it "$driver: the module goes under traffic" module_goes $driver
done
it "nothing of a driver is kept" faulty_unloads
run_tests
