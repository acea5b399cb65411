#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Public keys, with and without a shared secret, of either suite; who is not
# let in; lost memories and wrong clocks.

. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/lib-daemon.sh"

# works SUITE LINE...: a link of that kind, through a restart of each end
works()
{
	local suite=$1

	shift
	clean "$suite"
	public a "suite $suite" "tokey 2" "$@"
	public b "suite $suite" "tokey 2" "$@"
	start a
	start b
	link_up a b
	ping_all a 10.99.0.2 10
	stop a
	start a
	logged a "link is up"
	wait_until 10 ping_all b 10.99.0.1 3 timeout 500
	stop b KILL
	start b
	logged b "took over interface cipcb0, whose key is still in use" 15
	logged b "link is up: new key" 15
	ping_all a 10.99.0.2 5
	logged a rekeyed 15
	stop a
	stop b
	hasnt "$TMP/a/log" "$(cat "$TMP/a/etc/privkey")"
	hasnt "$TMP/b/log" "$(cat "$TMP/b/etc/privkey")"
	down a b
}

# refused_with TEXT: neither has a link, one says why
refused_with()
{
	start b
	start a
	wait_until 15 said_by_either "$1"
	fails on a ping -qn -c 1 -W 1 10.99.0.2
	hasnt "$TMP/a/log" "link is up"
	hasnt "$TMP/b/log" "link is up"
	stop a
	stop b
}

said_by_either()
{
	grep -q -e "$1" "$TMP/a/log" || grep -q -e "$1" "$TMP/b/log"
}

strangers()
{
	clean
	public a
	public b
	# b has another key pair than a believes
	keypair b
	refused_with "not accepted: not authenticated"
	: > "$TMP/a/log"
	: > "$TMP/b/log"
	public a
	PUB_a=$(cipectl genkey | cipectl pubkey)
	public b
	refused_with "not accepted: of another public key than peerkey"
}

other_kinds()
{
	clean
	public a
	sample b
	refused_with "peer is configured with \(key, we have privkey and peerkey\|privkey and peerkey, we have key\)"
	: > "$TMP/a/log"
	: > "$TMP/b/log"
	public a "key $PSK"
	public b "key $(cipectl genpsk)"
	refused_with "answer from .* not accepted: not authenticated"
}

# exits CODE TEXT: the daemon of a does not start, and says why
exits()
{
	local rc=0

	gw a ciped > "$TMP/out" 2>&1 || rc=$?
	is "exit status" $rc "$1"
	has "$TMP/out" "$2"
	hasnt "$TMP/out" "$(cat "$TMP/a/etc/privkey")"
	fails ipn a link show dev cipcb0
}

bad_keys()
{
	clean
	public a
	chmod 644 "$TMP/a/etc/privkey"
	exits 78 "privkey: .*holds secrets and can be read by others"
	chmod 600 "$TMP/a/etc/privkey"
	# shellcheck disable=SC2034 # public reads it
	PUB_b=$PUB_a
	public a
	exits 78 "peerkey is our own public key"
	public a "suite fips" "peerkey $(cipectl genkey --suite nist | cipectl pubkey --suite nist)"
	exits 78 "OpenSSL has no working FIPS provider here"
	public a "suite nist" "peerkey 04$PSK$PSK"
	exits 78 "is no key of this suite"
	echo nonsense > "$TMP/a/etc/privkey"
	public a
	exits 78 "privkey: found 8 characters"
}

# Who remembers nothing of the peer asks back, and has one link
memory_lost()
{
	clean
	public a
	public b "peer 0.0.0.0:0"
	start b
	start a
	link_up a b
	stop b
	rm -f "$TMP"/b/lib/*
	: > "$TMP/b/log"
	start b
	stop a
	start a
	link_up a b
	is "exchanges" "$(times b "new key")" 1
	ping_all b 10.99.0.1 3
	stop a
	stop b
}

# record FILE NS FILTER: in the background, the first such message that reaches NS;
# recorded FILE... waits for them
record()
{
	on "$2" tcpdump -ni wan -U -c 1 -w "$1.pcap" \
		"dst host ${WAN[$2]} and udp[8:4] = 0 and $3" 2> "$1.said" &
	echo $! > "$1.pid"
	keep $!
	wait_until 10 grep -q 'listening on' "$1.said"
}

# recorded FILE...: as datagrams
recorded()
{
	local file

	for file; do
		wait_until 20 gone "$(cat "$file.pid")"
		# Headers: file 24, record 16, Ethernet 14, IP 20, UDP 8
		tail -c +83 "$file.pcap" > "$file"
		at_least "octets of $file" "$(stat -c %s "$file")" 64
	done
}

declare -A WAN=([a]=192.0.2.1 [b]=192.0.2.2)

# replay FILE COUNT FROM TO: send it again, by a port of no daemon
replay()
{
	local i

	for ((i = 0; i < $2; i++)); do
		on "$3" socat -u "FILE:$1" "UDP4-SENDTO:${WAN[$4]}:6794,bind=${WAN[$3]}:6795"
	done
}

# replay_all: the INITs to whom they were for, and back to whom they are of; the RESPONSE
replay_all()
{
	replay "$TMP/init" 2 a b
	replay "$TMP/answered" 2 a b
	replay "$TMP/init" 1 b a
	replay "$TMP/answered" 1 b a
	replay "$TMP/response" 2 b a
	nap 0.5
}

# keys A B: so many were agreed on, by the logs of a and b
keys()
{
	is "keys at a" "$(times a "new key")" "$1"
	is "keys at b" "$(times b "new key")" "$2"
}

# keyless NS: it has a link, and no key
keyless()
{
	on "$1" cipectl show cipcb0 --json > "$TMP/show"
	has "$TMP/show" '"state"'
	hasnt "$TMP/show" rx_id
}

# replayed KIND [LINE...]: what was recorded is of no use: with daemons that know it,
# ones that were started anew, and ones that have lost their memory
replayed()
{
	clean
	"$1" a "${@:2}"
	"$1" b "peer 0.0.0.0:0" "${@:2}"
	start b
	record "$TMP/init" b 'udp[13] = 1'
	# b asks back first: the one with a cookie
	record "$TMP/answered" b 'udp[13] = 1 and udp[24:4] != 0'
	record "$TMP/response" a 'udp[13] = 2'
	start a
	link_up a b
	recorded "$TMP/init" "$TMP/answered" "$TMP/response"
	replay_all
	keys 1 1
	ping_all a 10.99.0.2 3
	stop b KILL
	start b
	logged b "took over interface" 15
	# It asks for one itself
	wait_until 10 times_are a "new key" 2
	replay_all
	keys 2 2
	stop a KILL
	start a
	wait_until 10 times_are b "new key" 3
	replay_all
	keys 3 3
	ping_all a 10.99.0.2 3
	stop a
	stop b
	rm -f "$TMP"/?/lib/*
	start b
	wait_until 10 is_state b waiting
	replay "$TMP/init" 2 a b
	replay "$TMP/answered" 2 a b
	nap 0.5
	keyless b
	stop b
	# It begins an exchange again and again, and gets what is of another one
	start a
	wait_until 10 ipn a link show up dev cipcb0
	replay "$TMP/answered" 2 b a
	replay "$TMP/response" 2 b a
	nap 0.5
	keyless a
	keys 3 3
	stop a
	alone
}

times_are()
{
	[ "$(times "$1" "$2")" = "$3" ]
}

# alone: nobody took up with the port of no daemon
alone()
{
	local ns

	for ns in a b; do
		hasnt "$TMP/$ns/log" "the peer is at 192.0.2..:6795"
		hasnt "$TMP/$ns/log" "peer 192.0.2..:6795"
	done
}

# own_machine: one whose clock may be set
own_machine()
{
	[ -n "${CIPE_VM:-}" ] || skip "it would set the clock of this machine"
}

# Years back, with a memory of nothing: up all the same, and the log says so
clock_back()
{
	local now

	own_machine
	clean
	public a
	public b "peer 0.0.0.0:0"
	start b
	start a
	link_up a b
	stop a
	now=$(date +%s)
	date -s "@$((now - 300000000))" > /dev/null
	rm -f "$TMP"/a/lib/*
	: > "$TMP/a/log"
	start a
	link_up a
	is "CHALLENGEs" "$(times a "the peer asks for another message")" 1
	date -s "@$((now + 20))" > /dev/null
	logged b "the clock of the peer at .* ms behind what it was: accepted"
	ping_all a 10.99.0.2 3
	stop a
	stop b
}

# tokxts: what a wrote is too old when b reads it, cookie or not
clock_window()
{
	local now

	own_machine
	clean
	public a "tokxc 20"
	public b "peer 0.0.0.0:0" "tokxts 60"
	start a
	logged a "is not reached"
	now=$(date +%s)
	date -s "@$((now + 100))" > /dev/null
	start b
	logged b "ms behind ours, more than tokxts allows" 15
	hasnt "$TMP/b/log" "link is up"
	# A new one is of the right time
	stop a
	start a
	link_up a b
	date -s "@$((now + 20))" > /dev/null
	stop a
	stop b
}

it "IK, chacha20-poly1305: restart, rekey, adoption" works 25519
it "IK, aes-128-gcm" works 25519 "cipher aes-128-gcm"
it "IKpsk2, aes-256-gcm" works 25519 "cipher aes-256-gcm" "key $PSK"
it "suite nist: IK" works nist
it "suite nist: IKpsk2, aes-128-gcm" works nist "cipher aes-128-gcm" "key $PSK"
it "other key pairs: no link, and the log says why" strangers
it "other kinds of keys, another secret: no link" other_kinds
it "keys that are none, files open to others, no FIPS provider: exit 78" bad_keys
it "the memory of the responder is lost" memory_lost
it "what was recorded, NNpsk0" replayed sample
it "what was recorded, IK" replayed public
it "what was recorded, IKpsk2" replayed public "key $PSK"
it "a clock years back: up one round trip later, with a line in the log" clock_back
it "tokxts: refused beyond" clock_window
run_tests
