#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Public keys, with and without a shared secret, of either suite; who is not
# let in; lost memories and wrong clocks.

. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/lib-daemon.sh"

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

# record FILE COMMAND...: the first INIT that reaches b while it runs, as a datagram
record()
{
	local file=$1 pid

	shift
	on b tcpdump -ni wan -U -c 1 -w "$file.pcap" \
		'dst host 192.0.2.2 and udp[8:4] = 0 and udp[13] = 1' 2> "$file.said" &
	pid=$!
	keep $pid
	wait_until 10 grep -q 'listening on' "$file.said"
	"$@"
	wait_until 20 gone $pid
	# Headers: file 24, record 16, Ethernet 14, IP 20, UDP 8
	tail -c +83 "$file.pcap" > "$file"
	at_least "octets of INIT" "$(stat -c %s "$file")" 112
}

# replay FILE COUNT: send it again, from a, by a port of no daemon
replay()
{
	local i

	for ((i = 0; i < $2; i++)); do
		on a socat -u "FILE:$1" UDP4-SENDTO:192.0.2.2:6794,bind=192.0.2.1:6795
	done
}

# What was recorded is of no use: with a daemon that knows it, one that was
# started anew, and one that has lost its memory
replayed()
{
	clean
	"$1" a
	"$1" b "peer 0.0.0.0:0"
	start b
	record "$TMP/init" start a
	link_up a b
	replay "$TMP/init" 5
	nap 0.5
	is "keys at b" "$(times b "new key")" 1
	ping_all a 10.99.0.2 3
	stop b KILL
	start b
	logged b "took over interface" 15
	replay "$TMP/init" 5
	nap 1
	# one that b asked for itself
	is "keys at b" "$(times b "new key")" 2
	ping_all a 10.99.0.2 3
	stop a KILL
	stop b
	rm -f "$TMP"/b/lib/*
	start b
	wait_until 10 is_state b waiting
	replay "$TMP/init" 5
	nap 0.5
	is "keys at b" "$(times b "new key")" 2
	on b cipectl show cipcb0 --json > "$TMP/show"
	hasnt "$TMP/show" rx_id
	stop b
	alone
}

# alone: nothing at b took up what came to the port of no daemon
alone()
{
	hasnt "$TMP/b/log" "the peer is at 192.0.2.1:6795"
	hasnt "$TMP/b/log" "peer 192.0.2.1:6795"
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
	start a
	link_up a
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
it "a recorded INIT, NNpsk0" replayed sample
it "a recorded INIT, IK" replayed public
it "a clock years back: up one round trip later, with a line in the log" clock_back
it "tokxts: refused beyond" clock_window
run_tests
