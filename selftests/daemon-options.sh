#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# What is wrong in options is told with file, line and what was expected,
# before anything is touched; and where two gateways are configured
# differently no link comes up, and the log says why.

. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/lib-daemon.sh"

# good NS FILE: options that are right
good()
{
	options "$1" "$2" <<-END
		me 192.0.2.1:6794
		peer 192.0.2.2:6794
		ipaddr 10.99.0.1
		ptpaddr 10.99.0.2
		key $PSK
	END
}

# LINE | part of what is said. It becomes line 6 of good options.
BAD_LINES='
peer 192.0.2.2 | peer: found "192.0.2.2", expected address:port
peer 192.0.2.256:6794 | expected an IPv4 address of four numbers
peer 2001:db8::2:6794 | expected an IPv6 address in brackets
peer [2001:db8::2] | expected \[IPv6 address\]:port
peer 192.0.2.2:70000 | expected a port (0 to 65535)
me 192.0.2.1:nosuchservice | expected a port
ipaddr fd00::1 | expected an IPv4 address
ipaddr 10.99.0.1/24 | expected an IPv4 address without a prefix
cipher blowfish | blowfish.*blocks of 64 bits
cipher idea | blocks of 64 bits
cipher aes-128-gmc | did you mean aes-128-gcm?
cipher null | expected chacha20-poly1305, aes-128-gcm or aes-256-gcm
mode tun | mode: found "tun", expected ip or ether
mtu 67 | mtu: found "67", expected 68 to 65463
mtu 65464 | expected 68 to 65463
mtu 1e3 | expected 68 to 65463
mtu | mtu: found no value
mtu=1400 | expected "name value"
mtu = 1400 | expected "name value"
tokey 0.5 | tokey: found "0.5", expected 1 to 86400 seconds
tokey 1h | expected seconds
tokxc 0 | expected 1 to 3600 seconds
ping 0.001 | ping: found "0.001", expected 0 (off) or 0.01 to 3600
toping -1 | expected seconds
maxerr -2 | expected a number from -1
tos 3 | expected a multiple of 4
cttl 256 | expected 0 to 255
metric -1 | expected a number from 0
device a/b | expected an interface name
device longer-than-linux | expected an interface name of 1 to 15
key 1234 | key: found 4 characters, expected 32 or 64 hexadecimal
key secretsecretsecretsecretsecrets! | key: found 32 characters, expected
ipup ip-up | expected an absolute path
debug maybe | expected the name alone, yes or no
nokey | never sends plaintext
socks 192.0.2.9:1080 | SOCKS relays are not supported
compress | lengths\? of compressed
protocol 4 | no choice: the carrier is UDP
dynip | not needed: the peer follows
peeer 192.0.2.2:6794 | found "peeer", which is no option; did you mean "peer"?
frobnicate 1 | found "frobnicate", which is no option
'

# Each of the files in /etc/cipe/*.bad is given to the daemon; exit status and
# words to NAME.rc and NAME.err
try_files()
{
	gw a sh -c 'for f in /etc/cipe/*.bad; do
		ciped -o $f > ${f%.bad}.err 2>&1
		echo $? > ${f%.bad}.rc
	done'
}

untouched()
{
	is "interfaces" "$(ipn a -o link show type cipe)" ""
	is "pid files" "$(ls -A "$TMP/a/run")$(ls -A "$TMP/a/lib")" ""
}

bad_lines()
{
	local line words n=100 bad=0 at=$TMP/a/etc

	fresh
	gateways
	gw_dirs a
	while IFS= read -r line; do
		[ -n "$line" ] || continue
		n=$((n + 1))
		good a $n.bad
		echo "${line% | *}" >> "$at/$n.bad"
	done <<< "$BAD_LINES"
	try_files
	n=100
	while IFS= read -r line; do
		[ -n "$line" ] || continue
		n=$((n + 1))
		words=${line#* | }
		if [ "$(cat "$at/$n.rc")" != 78 ] ||
		   ! grep -q "^/etc/cipe/$n.bad:6: .*$words" "$at/$n.err"; then
			say "${line% | *}: exit $(cat "$at/$n.rc")," \
				"$(cat "$at/$n.err"), expected :6: $words"
			bad=$((bad + 1))
		fi
	done <<< "$BAD_LINES"
	at_least "lines tried" $((n - 100)) 40
	is "lines not refused as they should" $bad 0
	# secrets, even mistaken ones, are not shown
	fails grep -l secretsecret "$at"/*.err
	untouched
}

# All faults at once, of a file and of the command line
all_faults()
{
	local rc=0

	fresh
	gateways
	gw_dirs a
	options a <<-END
		peer 192.0.2.2
		# a comment
		cipher rot13 # and one behind

		nonsense 5
		key $PSK
	END
	gw a ciped mtu=5 what > "$TMP/out" 2>&1 || rc=$?
	is "exit status" $rc 78
	has "$TMP/out" '^/etc/cipe/options:1: peer:'
	has "$TMP/out" '^/etc/cipe/options:3: cipher: found "rot13"'
	has "$TMP/out" '^/etc/cipe/options:5: found "nonsense"'
	has "$TMP/out" '^command line: mtu: found "5"'
	has "$TMP/out" '^command line: found "what"'
	untouched
}

missing()
{
	local rc

	fresh
	gateways
	gw_dirs a
	rc=0
	gw a ciped > "$TMP/out" 2>&1 || rc=$?
	is "exit status without options" $rc 78
	has "$TMP/out" 'peer is missing'
	has "$TMP/out" 'key is missing'
	has "$TMP/out" 'ipaddr is missing'
	has "$TMP/out" 'ptpaddr is missing'
	# things that do not fit each other
	good a fit.bad
	sed -i 's/^peer.*/peer [2001:db8::2]:6794/' "$TMP/a/etc/fit.bad"
	good a learn.bad
	sed -i 's/^peer.*/peer 0.0.0.0:0/; /^me/d' "$TMP/a/etc/learn.bad"
	good a same.bad
	sed -i 's/^ptpaddr.*/ptpaddr 10.99.0.1/' "$TMP/a/etc/same.bad"
	try_files
	is "exit status" "$(cat "$TMP"/a/etc/*.rc | sort -u)" 78
	has "$TMP/a/etc/fit.err" 'expected both IPv4 or both IPv6'
	has "$TMP/a/etc/learn.err" 'expected me with a port'
	has "$TMP/a/etc/same.err" 'expected two addresses'
	untouched
}

command_line()
{
	local rc=0

	fresh
	gateways
	gw_dirs a
	options a <<-END
		peer 192.0.2.2:6794
		ipaddr 10.99.0.1
		ptpaddr 10.99.0.2
	END
	gw a ciped "key=$PSK" > "$TMP/out" 2>&1 || rc=$?
	is "exit status" $rc 78
	has "$TMP/out" '^command line: key: not allowed here'
	hasnt "$TMP/out" "$PSK"
	for word in -x -o --nothing; do
		rc=0
		gw a ciped $word > "$TMP/out" 2>&1 || rc=$?
		is "exit status of $word" $rc 64
		has "$TMP/out" 'expected -o FILE, --help, --version or name=value'
	done
	rc=0
	gw a ciped peer=192.0.2.2:6794 me=no.such.host.invalid:6794 \
		> "$TMP/out" 2>&1 || rc=$?
	is "exit status without a name server" $rc 68
	has "$TMP/out" 'no.such.host.invalid.*cannot resolve'
	gw a ciped --help > "$TMP/out"
	has "$TMP/out" '^  cipher '
	gw a ciped --version > "$TMP/out"
	has "$TMP/out" '^ciped [0-9]'
	untouched
}

# refused FILE WORDS: the daemon does not trust it
refused()
{
	local rc=0

	gw a ciped -o "$1" > "$TMP/out" 2>&1 || rc=$?
	is "exit status for $1" $rc 78
	has "$TMP/out" "^options file: $2"
	hasnt "$TMP/out" "$PSK"
}

# Files that others could read or change
trust()
{
	local etc=$TMP/a/etc file=/etc/cipe/x.options

	fresh
	gateways
	gw_dirs a
	good a x.options
	for mode in 640 604 660 602; do
		chmod $mode "$etc/x.options"
		refused $file "$file .*chmod "
	done
	chmod 600 "$etc/x.options"
	chown 65534 "$etc/x.options"
	refused $file "$file belongs to user 65534 and must belong to user 0"
	chown 0 "$etc/x.options"
	chmod g+w "$etc"
	refused $file "directory /etc/cipe can be written by others"
	chmod 1777 "$etc"
	refused $file "directory /etc/cipe is for temporary files"
	chmod 755 "$etc"
	refused "$TMP/a/etc/x.options" "directory /tmp is for temporary files"
	ln -s x.options "$etc/link.options"
	refused /etc/cipe/link.options "/etc/cipe/link.options is a symbolic link"
	ln -s . "$etc/dir"
	refused /etc/cipe/dir/x.options "/etc/cipe/dir is a symbolic link"
	mkfifo -m 600 "$etc/fifo"
	refused /etc/cipe/fifo "/etc/cipe/fifo is not a regular file"
	refused /etc/cipe/none "/etc/cipe/none: No such file"
	refused x.options "x.options: the path must be absolute"
	refused /etc/cipe/../cipe/x.options '.*"\.\." is not allowed'
	head -c 100000 /dev/zero | tr '\0' '#' > "$etc/long"
	chmod 600 "$etc/long"
	fails gw a ciped -o /etc/cipe/long
	has "$TMP/error" 'longer than'
	untouched
}

# differ "LINE of a" "LINE of b" WORDS: no link; and one of them says so
differ()
{
	fresh
	gateways
	gw_dirs a b
	sample a "$1"
	sample b "$2"
	start b
	start a
	wait_until 15 grep -q -e "$3" "$TMP/a/log" "$TMP/b/log" || {
		tail -n 5 "$TMP/a/log" "$TMP/b/log" | sed 's/^/# /'
		return 1
	}
	nap 1
	for ns in a b; do
		fails is_state $ns up
		is "keys of $ns" "$(show $ns cipher)" null
		carrier_is $ns cipcb0 off
		hasnt "$TMP/$ns/log" "link is up"
	done
	ping_none a 10.99.0.2
	for ns in a b; do
		alive $ns
		stop $ns
		is "exit status of $ns" $STATUS 0
	done
	down a b
}

it "each bad line: file, line, what was expected, exit 78, nothing touched" \
	bad_lines
it "all faults are reported at once" all_faults
it "what is missing, what does not fit" missing
it "the command line: no key, known words only" command_line
it "files and directories that others can touch" trust
OTHER=$(cipectl genkey)
it "different keys: no link, and the log says so" \
	differ "key $PSK" "key $OTHER" \
	"not accepted: not authenticated: another key"
it "different modes: no link, both named" differ "mode ip" "mode ether" \
	"peer is configured mode=\(ip\|ether\), we have mode=\(ip\|ether\)"
it "different ciphers: no link, both named" \
	differ "cipher aes-128-gcm" "cipher aes-256-gcm" \
	"peer is configured cipher=aes-\(128\|256\)-gcm, we have cipher=aes-\(128\|256\)-gcm"
run_tests
