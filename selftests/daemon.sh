#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Two gateways with the daemon and the samples' options files: the link comes
# up as the manual says, in every mode and with every cipher, whoever starts
# first; and goes down without a trace.

. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/lib-daemon.sh"

from_samples()
{
	daemons "cipher $1"
	for ns in a b; do
		is "cipher of $ns" "$(show $ns cipher)" "$1"
		is "MTU of $ns" "$(show $ns mtu)" 1448
		carrier_is $ns cipcb0 on
	done
	is "a's peer" "$(show a peer)" 192.0.2.2:4790
	is "b's peer" "$(show b peer)" 192.0.2.1:4790
	ping_all a 10.99.0.2 20
	ping_all b 10.99.0.1 5 df size 1420
	stop a
	is "exit status" "$STATUS" 0
	down a
}

for cipher in $CIPHERS; do
	it "$cipher: up from the samples" from_samples "$cipher"
done
run_tests
