// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What changes links, and their keys.
 */
#include <stdlib.h>
#include <string.h>

#include "cipe-cli.h"
#include "number.h"

static void put_hex(struct nl_msg *msg, int type, const char *s)
{
	uint8_t buf[256];
	int n = parse_hex(s, buf, sizeof(buf));

	if (n < 0) {
		fprintf(stderr, "%s: not hexadecimal\n", s);
		exit(2);
	}
	nla_put(msg, type, n, buf);
}

int cmd_add(int argc, char **argv)
{
	static const char *const modes[] = { "ip", "ether" };
	int mode = -1;

	if (argc != 1 && (argc != 3 || strcmp(argv[1], "mode")))
		return usage();
	if (argc == 3)
		mode = parse_name(argv[2], modes, ARRAY_SIZE(modes));
	return !!cipe_nl_link_add(argv[0], mode);
}

static int put_set(struct nl_msg *msg, const char *word, const char *value)
{
	struct sockaddr_storage ss;
	socklen_t len;

	if (!strcmp(word, "endpoint")) {
		if (parse_sockaddr(value, &ss, &len))
			return -1;
		nla_put(msg, CIPE_A_ENDPOINT, len, &ss);
	} else if (!strcmp(word, "ttl")) {
		nla_put_u8(msg, CIPE_A_TTL, number(value));
	} else if (!strcmp(word, "tos")) {
		nla_put_u16(msg, CIPE_A_TOS, strcmp(value, "inherit") ?
			    number(value) : CIPE_TOS_INHERIT);
	} else if (!strcmp(word, "pin")) {
		nla_put_u8(msg, CIPE_A_PIN, number(value));
	} else if (!strcmp(word, "keepalive")) {
		nla_put_u32(msg, CIPE_A_KEEPALIVE_MS, number(value));
	} else if (!strcmp(word, "timeout")) {
		nla_put_u32(msg, CIPE_A_TIMEOUT_MS, number(value));
	} else {
		return -1;
	}
	return 0;
}

int cmd_set(int argc, char **argv)
{
	struct cipe_nl nl;
	struct nl_msg *msg;
	int i;

	if (argc < 1 || argc % 2 != 1)
		return usage();
	open_or_die(&nl);
	msg = cipe_nl_msg(&nl, CIPE_CMD_LINK_SET, 0);
	put_link(msg, argv[0]);
	for (i = 1; i < argc; i += 2)
		if (put_set(msg, argv[i], argv[i + 1]))
			return usage();
	return report("set", &nl, cipe_nl_call(&nl, msg, NULL, NULL));
}

static int put_key(struct nl_msg *msg, const char *word, const char *value)
{
	static const struct {
		const char *word;
		int type;
	} hex[] = {
		{ "rx-key", CIPE_A_KEY_RX_KEY }, { "rx-iv", CIPE_A_KEY_RX_IV },
		{ "tx-key", CIPE_A_KEY_TX_KEY }, { "tx-iv", CIPE_A_KEY_TX_IV },
	}, u32[] = {
		{ "rx-id", CIPE_A_KEY_RX_ID }, { "tx-id", CIPE_A_KEY_TX_ID },
		{ "lifetime", CIPE_A_KEY_LIFETIME_MS },
		{ "tx-start", CIPE_A_KEY_TX_START },
	};
	size_t i;

	for (i = 0; i < ARRAY_SIZE(hex); i++) {
		if (!strcmp(word, hex[i].word)) {
			put_hex(msg, hex[i].type, value);
			return 0;
		}
	}
	for (i = 0; i < ARRAY_SIZE(u32); i++) {
		if (!strcmp(word, u32[i].word)) {
			nla_put_u32(msg, u32[i].type, number(value));
			return 0;
		}
	}
	if (!strcmp(word, "slot"))
		nla_put_u8(msg, CIPE_A_KEY_SLOT,
			   parse_name(value, cipe_slot_names, 3));
	else if (!strcmp(word, "cipher"))
		nla_put_u8(msg, CIPE_A_KEY_CIPHER,
			   parse_name(value, cipe_cipher_names, 4));
	else if (!strcmp(word, "tx-blocks"))
		nla_put_u64(msg, CIPE_A_KEY_TX_BLOCKS, number(value));
	else if (!strcmp(word, "driver"))
		nla_put_string(msg, CIPE_A_KEY_DRIVER, value);
	else
		return -1;
	return 0;
}

static int key_request(int cmd, const char *what, int argc, char **argv)
{
	struct cipe_nl nl;
	struct nlattr *nest;
	struct nl_msg *msg;
	int i;

	if (argc < 1 || argc % 2 != 1)
		return usage();
	open_or_die(&nl);
	msg = cipe_nl_msg(&nl, cmd, 0);
	put_link(msg, argv[0]);
	if (argc > 1) {
		nest = nla_nest_start(msg, CIPE_A_KEY);
		for (i = 1; i < argc; i += 2)
			if (put_key(msg, argv[i], argv[i + 1]))
				return usage();
		nla_nest_end(msg, nest);
	}
	return report(what, &nl, cipe_nl_call(&nl, msg, NULL, NULL));
}

int cmd_key(int argc, char **argv)
{
	return key_request(CIPE_CMD_KEY_SET, "key", argc, argv);
}

int cmd_keydel(int argc, char **argv)
{
	return key_request(CIPE_CMD_KEY_DEL, "keydel", argc, argv);
}
