// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * cipe-pkt: the data packets of CIPE made and read without the kernel module
 *
 * Written from docs/protocol.md alone: header of key id and counter, both big
 * endian and both the associated data; nonce the IV with the counter XORed
 * into its last four octets; ciphertext and a tag of 16 octets. If this and
 * the kernel understand each other, the document is right.
 *
 * Also sends what the kernel should refuse, and shows what is on a wire.
 *
 * What is inside of packets is in cipe-pkt-inner.c. Datagrams are sent by
 * cipe-pkt-send.c and received by cipe-pkt-recv.c; what has to do with packet
 * sockets is in cipe-pkt-device.c.
 */
#include <stdio.h>
#include <string.h>

#include "cipe-pkt.h"

int usage(void)
{
	fprintf(stderr,
"cipe-pkt [-n NETNS] COMMAND... [-- COMMAND...]...\n"
"cipe-pkt send to A:P [from A:P] WHAT [INNER] [MODIFY] [tos N] [ttl N]\n"
"              [gap USEC] [repeat N] [expect N rxkey K [timeout MS]]\n"
"   WHAT:   txkey K counters LIST | raw HEX | random LENGTH[-LENGTH]\n"
"   INNER:  ping SRC DST | pong SRC DST | udp SRC DST PORT | payload HEX\n"
"           | empty   [size N] [itos N] [ittl N]\n"
"   MODIFY: flags N | truncate N | extend N | flip BIT | flip-all\n"
"           | cut-all LENGTH (to each length up to it)\n"
"cipe-pkt recv on A:P rxkey K [count N] [timeout MS]\n"
"cipe-pkt frame DEVICE HEX [PROTOCOL]\n"
"cipe-pkt inject DEVICE INNER\n"
"cipe-pkt sniff DEVICE FILE [in|out] [marker STRING]\n"
"expect waits for packets with something inside. K is CIPHER:KEY:IV:ID. LIST is\n"
"like 0-9,7,20-15. sniff goes to the background when it is ready and prints its\n"
"process id.\n");
	return 2;
}

static int run(int argc, char **argv)
{
	static const struct {
		const char *name;
		int (*run)(int argc, char **argv);
	} commands[] = {
		{ "send", cmd_send }, { "recv", cmd_recv },
		{ "frame", cmd_frame }, { "inject", cmd_inject },
		{ "sniff", cmd_sniff },
	};
	size_t i;

	for (i = 0; argc && i < sizeof(commands) / sizeof(*commands); i++)
		if (!strcmp(argv[0], commands[i].name))
			return commands[i].run(argc - 1, argv + 1);
	return usage();
}

int main(int argc, char **argv)
{
	int n, rc;

	argc--;
	argv++;
	if (argc > 2 && !strcmp(argv[0], "-n")) {
		enter_netns(argv[1]);
		argc -= 2;
		argv += 2;
	}
	for (;;) {
		for (n = 0; n < argc && strcmp(argv[n], "--"); n++)
			;
		rc = run(n, argv);
		if (rc || n == argc)
			return rc;
		argc -= n + 1;
		argv += n + 1;
	}
}
