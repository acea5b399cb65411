// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * cipectl show: from the kernel's answer to text and JSON.
 */
#include <arpa/inet.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <jansson.h>
#include <netlink/attr.h>
#include <netlink/genl/genl.h>

#include "ctl.h"

static char *said;
static size_t said_len;

static void put_addr(struct nl_msg *msg, int attr, const char *host, uint16_t port)
{
	struct sockaddr_in sin = { .sin_family = AF_INET, .sin_port = htons(port) };

	assert_int_equal(inet_pton(AF_INET, host, &sin.sin_addr), 1);
	nla_put(msg, attr, sizeof(sin), &sin);
}

static void put_key(struct nl_msg *msg, enum cipe_slot slot, uint64_t age)
{
	struct nlattr *nest = nla_nest_start(msg, CIPE_A_KEY);

	nla_put_u8(msg, CIPE_A_KEY_SLOT, (uint8_t)slot);
	nla_put_u32(msg, CIPE_A_KEY_RX_ID, 0xdeadbeec);
	nla_put_u32(msg, CIPE_A_KEY_TX_ID, 4);
	nla_put_u8(msg, CIPE_A_KEY_CIPHER, CIPE_CIPHER_AES_256_GCM);
	nla_put_string(msg, CIPE_A_KEY_DRIVER, "generic-gcm-aesni");
	nla_put_u32(msg, CIPE_A_KEY_LIFETIME_MS, 536000);
	nla_put_u64(msg, CIPE_A_KEY_AGE_MS, age);
	nla_put_u64(msg, CIPE_A_KEY_TX_COUNTER, 1234);
	nla_nest_end(msg, nest);
}

static void put_stats(struct nl_msg *msg)
{
	struct nlattr *nest = nla_nest_start(msg, CIPE_A_STATS);

	nla_put_u64(msg, CIPE_STAT_RX_PACKETS, 10);
	nla_put_u64(msg, CIPE_STAT_RX_BYTES, 1000);
	nla_put_u64(msg, CIPE_STAT_TX_PACKETS, 20000);
	nla_put_u64(msg, CIPE_STAT_TX_BYTES, 3ull << 30);
	nla_put_u64(msg, CIPE_STAT_RX_REPLAY, 7);
	nla_put_u64(msg, CIPE_STAT_TX_TOO_BIG, 8);
	nla_nest_end(msg, nest);
}

static struct nl_msg *new_answer(const char *name, uint32_t ifindex)
{
	struct nl_msg *msg = nlmsg_alloc();

	assert_non_null(msg);
	genlmsg_put(msg, 0, 0, 99, 0, 0, CIPE_CMD_LINK_GET, CIPE_GENL_VERSION);
	nla_put_u32(msg, CIPE_A_IFINDEX, ifindex);
	nla_put_string(msg, CIPE_A_IFNAME, name);
	return msg;
}

static void take(struct ctl_links *links, struct nl_msg *msg)
{
	ctl_links_parse(links, nlmsg_hdr(msg));
	nlmsg_free(msg);
}

/* A link in use, as the kernel tells it; mtu and flags come from elsewhere */
static void make_up(struct ctl_links *links)
{
	struct nl_msg *msg = new_answer("cipcb0", 7);
	struct ctl_link *link;

	nla_put_u8(msg, CIPE_A_SOCKET_STATE, CIPE_SOCKET_USER);
	put_addr(msg, CIPE_A_LOCAL, "0.0.0.0", 6794);
	put_addr(msg, CIPE_A_ENDPOINT, "192.0.2.2", 4791);
	put_addr(msg, CIPE_A_ENDPOINT_LOCAL, "192.0.2.1", 0);
	nla_put_u16(msg, CIPE_A_TOS, CIPE_TOS_INHERIT);
	nla_put_u8(msg, CIPE_A_PEER_ALIVE, 1);
	nla_put_u64(msg, CIPE_A_LAST_RX_MS, 300);
	nla_put_u64(msg, CIPE_A_LAST_KEY_MS, 64000);
	nla_put_u32(msg, CIPE_A_PATH_MTU, 1400);
	nla_put_u32(msg, CIPE_A_KEEPALIVE_MS, 50);
	put_key(msg, CIPE_SLOT_PREVIOUS, 664000);
	put_key(msg, CIPE_SLOT_CURRENT, 64000);
	put_stats(msg);
	take(links, msg);
	link = &links->link[links->count - 1];
	link->mtu = 1448;
	link->admin_up = true;
}

static void text_of(const struct ctl_links *links)
{
	FILE *out;

	free(said);
	out = open_memstream(&said, &said_len);
	assert_non_null(out);
	ctl_print_text(out, links);
	fclose(out);
}

static void assert_says(const char *words)
{
	if (!strstr(said, words))
		print_message("# expected: %s\n# said: %s\n", words, said);
	assert_non_null(strstr(said, words));
}

static void test_text(void **state)
{
	struct ctl_links links = { 0 };

	(void)state;
	make_up(&links);
	text_of(&links);
	assert_says("cipcb0: up\n");
	assert_says("  mode            ip\n");
	assert_says("  peer            192.0.2.2:4791\n");
	assert_says("  local           192.0.2.1:6794\n");
	assert_says("  last handshake  1 minute, 4 seconds ago\n");
	assert_says("  cipher          aes-256-gcm (generic-gcm-aesni)\n");
	assert_says("  key expires     in 8 minutes, 56 seconds\n");
	assert_says("  last received   0.3 seconds ago\n");
	assert_says("  last sent       never\n");
	assert_says("  keepalive       every 0.05 s of silence\n");
	assert_says("  mtu             1448 (the path takes 1400)\n");
	assert_says("  received        1000 B, 10 packets\n");
	assert_says("  sent            3.00 GiB, 20000 packets\n");
	assert_says("  dropped         7 received, replayed or too late\n"
		    "                  8 to send, too big for the path\n");
	assert_null(strstr(said, "peer moved"));
	free(links.link);
}

static void test_states(void **state)
{
	struct ctl_links links = { 0 };
	struct ctl_link *l;

	(void)state;
	make_up(&links);
	l = links.link;
	assert_string_equal(ctl_link_state(l), "up");
	l->alive = false;
	assert_string_equal(ctl_link_state(l), "peer dead");
	l->key[CIPE_SLOT_CURRENT].present = false;
	assert_string_equal(ctl_link_state(l), "no key");
	assert_null(ctl_link_newest_key(l));
	l->key[CIPE_SLOT_NEXT].present = true;
	assert_string_equal(ctl_link_state(l), "waiting");
	assert_ptr_equal(ctl_link_newest_key(l), &l->key[CIPE_SLOT_NEXT]);
	memset(&l->endpoint, 0, sizeof(l->endpoint));
	assert_string_equal(ctl_link_state(l), "waiting");
	l->admin_up = false;
	assert_string_equal(ctl_link_state(l), "down");
	l->socket = CIPE_SOCKET_ORPHAN;
	text_of(&links);
	assert_says("cipcb0: down, daemon gone\n");
	assert_says("peer            not known yet\n");
	free(links.link);
}

/* What is absent is null, never 0 */
static void test_json(void **state)
{
	struct ctl_links links = { 0 };
	json_t *all, *link, *key;
	FILE *out;

	(void)state;
	make_up(&links);
	take(&links, new_answer("cipcb1", 8));
	free(said);
	out = open_memstream(&said, &said_len);
	assert_non_null(out);
	assert_int_equal(ctl_print_json(out, &links), 0);
	fclose(out);
	all = json_loads(said, 0, NULL);
	assert_int_equal(json_array_size(all), 2);

	link = json_array_get(all, 0);
	assert_string_equal(json_string_value(json_object_get(link, "device")), "cipcb0");
	assert_string_equal(json_string_value(json_object_get(link, "state")), "up");
	assert_string_equal(json_string_value(json_object_get(link, "socket")), "user");
	assert_string_equal(json_string_value(json_object_get(link, "peer")), "192.0.2.2:4791");
	assert_string_equal(json_string_value(json_object_get(link, "tos")), "inherit");
	assert_int_equal(json_integer_value(json_object_get(link, "last_rx_ms")), 300);
	assert_true(json_is_null(json_object_get(link, "last_tx_ms")));
	assert_int_equal(json_integer_value(json_object_get(link, "last_handshake_ms")), 64000);
	assert_int_equal(json_array_size(json_object_get(link, "keys")), 2);
	key = json_array_get(json_object_get(link, "keys"), 1);
	assert_string_equal(json_string_value(json_object_get(key, "slot")), "current");
	assert_int_equal(json_integer_value(json_object_get(key, "rx_id")), 0xdeadbeec);
	assert_int_equal(json_integer_value(json_object_get(json_object_get(link, "stats"),
							    "rx_replay")), 7);

	link = json_array_get(all, 1);
	assert_true(json_is_null(json_object_get(link, "peer")));
	assert_true(json_is_null(json_object_get(link, "cipher")));
	assert_true(json_is_null(json_object_get(link, "mtu")));
	assert_true(json_is_null(json_object_get(link, "last_handshake_ms")));
	assert_string_equal(json_string_value(json_object_get(link, "socket")), "none");
	json_decref(all);
	free(links.link);
}

/* Every counter of the interface has a name, and its own */
static void test_stat_names(void **state)
{
	(void)state;
	for (int i = CIPE_STAT_PAD + 1; i <= CIPE_STAT_MAX; i++) {
		assert_non_null(ctl_stats[i].name);
		for (int j = CIPE_STAT_PAD + 1; j < i; j++)
			assert_string_not_equal(ctl_stats[i].name, ctl_stats[j].name);
	}
}

static void test_no_links(void **state)
{
	struct ctl_links links = { 0 };

	(void)state;
	text_of(&links);
	assert_string_equal(said, "");
}

static int teardown(void **state)
{
	(void)state;
	free(said);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_text),
		cmocka_unit_test(test_states),
		cmocka_unit_test(test_json),
		cmocka_unit_test(test_stat_names),
		cmocka_unit_test(test_no_links),
	};

	return cmocka_run_group_tests_name("ctl", tests, NULL, teardown);
}
