// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The module's netlink interface, as include/uapi/linux/cipe.h promises it.
 * Keys by netlink: set, replaced, deleted, and what is wrong with them refused.
 */
#include <cipe/wire.h>

#include "netlink-refused.h"

static struct nl_msg *build_key(FIXTURE_DATA(nl) *self, struct odd *odd)
{
	bool link = !odd->in_key &&
		    (odd->type == CIPE_A_IFINDEX || odd->type == CIPE_A_LINK_ID);
	struct nl_msg *msg = request(&self->nl, CIPE_CMD_KEY_SET,
				     link ? 0 : self->index);
	struct key key = make_key(CIPE_SLOT_CURRENT, 0x2000);

	if (link)
		put_odd(msg, odd);
	put_key(msg, &key, link ? NULL : odd);
	return msg;
}

TEST_F(nl, key_set_refused)
{
	static const uint8_t xs[130] = { [0 ... 127] = 'x' };
	static const struct bad outside[] = {
		GET_ONLY_ANYWHERE,
		SET_ONLY,
		/* the flag of the nest is missing */
		FLAG(CIPE_A_KEY, 0, 0, -EINVAL),
	};
	static const struct bad bad[] = {
		SIZE(CIPE_A_KEY_PAD, 0, -EINVAL),
		NUM(CIPE_A_KEY_TX_COUNTER, 8, 1, -EINVAL),
		NUM(CIPE_A_KEY_RX_COUNTER, 8, 1, -EINVAL),
		NUM(CIPE_A_KEY_AGE_MS, 8, 1, -EINVAL),
		SIZE(CIPE_A_KEY_MAX + 1, 4, -EINVAL),
		SIZE(500, 4, -EINVAL),
		SIZE(CIPE_A_KEY_SLOT, 0, -EINVAL),
		SIZE(CIPE_A_KEY_SLOT, 4, -EINVAL),
		NUM(CIPE_A_KEY_SLOT, 1, CIPE_SLOT_PREVIOUS, -ERANGE),
		NUM(CIPE_A_KEY_SLOT, 1, 3, -ERANGE),
		NUM(CIPE_A_KEY_SLOT, 1, 255, -ERANGE),
		SIZE(CIPE_A_KEY_RX_ID, 0, -EINVAL),
		SIZE(CIPE_A_KEY_RX_ID, 2, -EINVAL),
		SIZE(CIPE_A_KEY_RX_ID, 8, -EINVAL),
		NUM(CIPE_A_KEY_RX_ID, 4, 0, -EINVAL),
		NUM(CIPE_A_KEY_RX_ID, 4, 1, -EINVAL),
		NUM(CIPE_A_KEY_RX_ID, 4, 0x12345679, -EINVAL),
		NUM(CIPE_A_KEY_RX_ID, 4, 0x1234567a, -EINVAL),
		NUM(CIPE_A_KEY_RX_ID, 4, 0xffffffff, -EINVAL),
		SIZE(CIPE_A_KEY_TX_ID, 0, -EINVAL),
		SIZE(CIPE_A_KEY_TX_ID, 8, -EINVAL),
		NUM(CIPE_A_KEY_TX_ID, 4, 0, -EINVAL),
		NUM(CIPE_A_KEY_TX_ID, 4, 3, -EINVAL),
		NUM(CIPE_A_KEY_TX_ID, 4, 0xfffffffe, -EINVAL),
		SIZE(CIPE_A_KEY_CIPHER, 0, -EINVAL),
		SIZE(CIPE_A_KEY_CIPHER, 4, -EINVAL),
		NUM(CIPE_A_KEY_CIPHER, 1, 0, -ERANGE),
		NUM(CIPE_A_KEY_CIPHER, 1, 4, -ERANGE),
		NUM(CIPE_A_KEY_CIPHER, 1, 255, -ERANGE),
		SIZE(CIPE_A_KEY_RX_KEY, 0, -ERANGE),
		SIZE(CIPE_A_KEY_RX_KEY, 15, -ERANGE),
		SIZE(CIPE_A_KEY_RX_KEY, 16, -EINVAL),
		SIZE(CIPE_A_KEY_RX_KEY, 24, -EINVAL),
		SIZE(CIPE_A_KEY_RX_KEY, 31, -EINVAL),
		SIZE(CIPE_A_KEY_RX_KEY, 33, -ERANGE),
		SIZE(CIPE_A_KEY_TX_KEY, 0, -ERANGE),
		SIZE(CIPE_A_KEY_TX_KEY, 15, -ERANGE),
		SIZE(CIPE_A_KEY_TX_KEY, 16, -EINVAL),
		SIZE(CIPE_A_KEY_TX_KEY, 31, -EINVAL),
		SIZE(CIPE_A_KEY_TX_KEY, 33, -ERANGE),
		SIZE(CIPE_A_KEY_RX_IV, 0, -ERANGE),
		SIZE(CIPE_A_KEY_RX_IV, 11, -ERANGE),
		SIZE(CIPE_A_KEY_RX_IV, 13, -ERANGE),
		SIZE(CIPE_A_KEY_TX_IV, 0, -ERANGE),
		SIZE(CIPE_A_KEY_TX_IV, 11, -ERANGE),
		SIZE(CIPE_A_KEY_TX_IV, 13, -ERANGE),
		SIZE(CIPE_A_KEY_LIFETIME_MS, 0, -EINVAL),
		SIZE(CIPE_A_KEY_LIFETIME_MS, 8, -EINVAL),
		NUM(CIPE_A_KEY_LIFETIME_MS, 4, 0, -ERANGE),
		NUM(CIPE_A_KEY_LIFETIME_MS, 4, 99, -ERANGE),
		NUM(CIPE_A_KEY_LIFETIME_MS, 4, 86400001, -ERANGE),
		NUM(CIPE_A_KEY_LIFETIME_MS, 4, 0xffffffff, -ERANGE),
		SIZE(CIPE_A_KEY_TX_START, 0, -EINVAL),
		SIZE(CIPE_A_KEY_TX_START, 8, -EINVAL),
		SIZE(CIPE_A_KEY_TX_BLOCKS, 0, -EINVAL),
		SIZE(CIPE_A_KEY_TX_BLOCKS, 4, -EINVAL),
		NUM(CIPE_A_KEY_TX_BLOCKS, 8, CIPE_WIRE_GCM_BLOCKS_MAX + 1, -ERANGE),
		NUM(CIPE_A_KEY_TX_BLOCKS, 8, UINT64_MAX, -ERANGE),
		SIZE(CIPE_A_KEY_DRIVER, 0, -EINVAL),
		OCT(CIPE_A_KEY_DRIVER, 3, "abc", -EINVAL),
		OCT(CIPE_A_KEY_DRIVER, 129, xs, -EINVAL),
		OCT(CIPE_A_KEY_DRIVER, 128, xs, -EINVAL),
		FLAG(CIPE_A_KEY_SLOT, 1, NLA_F_NESTED, -EINVAL),
	};

	CHECK_BAD(build_key, bad_names, false);
	CHECK_BAD(build_key, outside, false);
	CHECK_BAD(build_key, bad, true);
}

/* A member that is missing is named; so is the key itself */
TEST_F(nl, key_set_missing)
{
	static const uint16_t required[] = {
		CIPE_A_KEY_SLOT, CIPE_A_KEY_RX_ID, CIPE_A_KEY_TX_ID,
		CIPE_A_KEY_CIPHER, CIPE_A_KEY_RX_KEY, CIPE_A_KEY_RX_IV,
		CIPE_A_KEY_TX_KEY, CIPE_A_KEY_TX_IV, CIPE_A_KEY_LIFETIME_MS,
	};
	struct odd odd = { .in_key = true, .absent = true };
	struct snapshot before;
	char what[32];
	size_t i;
	int got;

	ASSERT_EQ(0, link_snapshot(&self->nl, self->index, &before));
	for (i = 0; i < ARRAY_SIZE(required); i++) {
		odd.type = required[i];
		snprintf(what, sizeof(what), "key member %u", odd.type);
		got = call(&self->nl, build_key(self, &odd));
		check_refused(_metadata, self, what, &odd, -EINVAL, got,
			      &before);
	}
	odd.type = CIPE_A_KEY;
	got = call(&self->nl,
		   request(&self->nl, CIPE_CMD_KEY_SET, self->index));
	check_refused(_metadata, self, "no key", &odd, -EINVAL, got, &before);
	/* TX_START need not be there */
	odd.type = CIPE_A_KEY_TX_START;
	EXPECT_EQ(0, call(&self->nl, build_key(self, &odd)));
}

/* The ciphers' keys are of one length each */
TEST_F(nl, key_lengths)
{
	static const uint8_t lens[] = { 16, 20, 24, 28, 32 };
	struct key key = make_key(CIPE_SLOT_NEXT, 0x3000);
	struct odd odd = { .in_key = true };
	struct snapshot before;
	struct nl_msg *msg;
	size_t i;
	int way, got;

	ASSERT_EQ(0, link_snapshot(&self->nl, self->index, &before));
	for (key.cipher = 1; key.cipher <= 3; key.cipher++) {
		for (i = 0; i < ARRAY_SIZE(lens); i++) {
			if (lens[i] == key_len(key.cipher))
				continue;
			for (way = 0; way < 2; way++) {
				odd.type = way ? CIPE_A_KEY_TX_KEY :
						 CIPE_A_KEY_RX_KEY;
				odd.len = lens[i];
				msg = request(&self->nl, CIPE_CMD_KEY_SET,
					      self->index);
				put_key(msg, &key, &odd);
				got = call(&self->nl, msg);
				check_refused(_metadata, self, "key length",
					      &odd, -EINVAL, got, &before);
			}
		}
	}
}

static int only_key(FIXTURE_DATA(nl) *self, const struct key *key,
		    struct key_info *info)
{
	struct key_info keys[3];
	int err = key_del_all(&self->nl, self->index);

	err = err ? err : key_set(&self->nl, self->index, key);
	if (err)
		return err;
	err = link_keys(&self->nl, self->index, keys);
	*info = keys[0];
	return err == 1 ? 0 : -ENOENT;
}

TEST_F(nl, key_set_accepted)
{
	static const uint32_t lifetimes[] = { 60000, 86400000 };
	static const uint32_t ids[] = { 4, 0x80000000, 0xfffffffc };
	static const uint32_t starts[] = { 0, 1, 0xfffffffe, 0xffffffff };
	struct key key = make_key(CIPE_SLOT_CURRENT, 0x3000);
	struct key_info info;
	size_t i;

	for (key.cipher = 1; key.cipher <= 3; key.cipher++) {
		EXPECT_EQ(0, only_key(self, &key, &info))
			TH_LOG("cipher %u: %s", key.cipher, self->nl.errmsg);
		EXPECT_EQ(key.cipher, info.cipher);
		EXPECT_NE('\0', info.driver[0]);
	}
	key.cipher = CIPE_CIPHER_AES_256_GCM;
	for (key.slot = CIPE_SLOT_CURRENT; key.slot <= CIPE_SLOT_NEXT;
	     key.slot++) {
		EXPECT_EQ(0, only_key(self, &key, &info));
		EXPECT_EQ(key.slot, info.slot);
	}
	key.slot = CIPE_SLOT_CURRENT;
	for (i = 0; i < ARRAY_SIZE(ids); i++) {
		key.rx_id = ids[i];
		key.tx_id = ids[ARRAY_SIZE(ids) - 1 - i];
		EXPECT_EQ(0, only_key(self, &key, &info));
		EXPECT_EQ(key.rx_id, info.rx_id);
		EXPECT_EQ(key.tx_id, info.tx_id);
	}
	for (i = 0; i < ARRAY_SIZE(lifetimes); i++) {
		key.lifetime = lifetimes[i];
		EXPECT_EQ(0, only_key(self, &key, &info));
		EXPECT_GE(key.lifetime, info.lifetime);
		EXPECT_LT(key.lifetime - 30000, info.lifetime);
	}
	for (i = 0; i < ARRAY_SIZE(starts); i++) {
		key.tx_start = starts[i];
		EXPECT_EQ(0, only_key(self, &key, &info));
		EXPECT_EQ(key.tx_start, info.tx_counter);
	}
	/* the shortest life: it ends */
	key.lifetime = 100;
	ASSERT_EQ(0, key_del_all(&self->nl, self->index));
	EXPECT_EQ(0, key_set(&self->nl, self->index, &key));
	for (i = 0; i < 100; i++) {
		struct key_info keys[3];

		if (!link_keys(&self->nl, self->index, keys))
			break;
		usleep(50000);
	}
	EXPECT_GT(100, i) TH_LOG("a key of 100 ms is there after 5 s");
}

TEST_F(nl, key_driver)
{
	static const struct {
		uint8_t cipher;
		const char *driver;
		int err;	/* 1: -ENOENT or -EINVAL */
	} drivers[] = {
		{ CIPE_CIPHER_CHACHA20_POLY1305, "no such driver", -ENOENT },
		{ CIPE_CIPHER_CHACHA20_POLY1305, "", 1 },
		{ CIPE_CIPHER_CHACHA20_POLY1305, "gcm(aes)", 1 },
		{ CIPE_CIPHER_CHACHA20_POLY1305, "cbc(aes)", 1 },
		{ CIPE_CIPHER_CHACHA20_POLY1305, "sha256", 1 },
		{ CIPE_CIPHER_CHACHA20_POLY1305,
		  "rfc7539esp(chacha20,poly1305)", 1 },
		{ CIPE_CIPHER_AES_128_GCM, "rfc7539(chacha20,poly1305)",
		  1 },
		{ CIPE_CIPHER_AES_128_GCM, "rfc4106(gcm(aes))", 1 },
		{ CIPE_CIPHER_AES_256_GCM,
		  "authenc(hmac(sha256),cbc(aes))", 1 },
		{ CIPE_CIPHER_AES_256_GCM, "%n%s../../etc", 1 },
		{ CIPE_CIPHER_AES_128_GCM,
		  "gcm_base(ctr(aes-generic),ghash-generic)", 0 },
		{ CIPE_CIPHER_AES_256_GCM,
		  "gcm_base(ctr(aes-generic),ghash-generic)", 0 },
		{ CIPE_CIPHER_CHACHA20_POLY1305,
		  "rfc7539(chacha20-generic,poly1305-generic)", 0 },
	};
	struct key key = make_key(CIPE_SLOT_NEXT, 0x4000);
	char longest[CIPE_KEY_DRIVER_MAX + 1] = "";
	struct key_info keys[3];
	struct snapshot before;
	int got, n;
	size_t i;

	ASSERT_EQ(0, link_snapshot(&self->nl, self->index, &before));
	for (i = 0; i < ARRAY_SIZE(drivers); i++) {
		key.cipher = drivers[i].cipher;
		key.driver = drivers[i].driver;
		got = key_set(&self->nl, self->index, &key);
		if (drivers[i].err) {
			check_refused(_metadata, self, key.driver, NULL,
				      drivers[i].err == 1 && got == -EINVAL ?
				      -EINVAL : -ENOENT, got, &before);
			continue;
		}
		EXPECT_EQ(0, got)
			TH_LOG("%s: %s", key.driver, self->nl.errmsg);
		n = link_keys(&self->nl, self->index, keys);
		EXPECT_EQ(2, n);
		if (n == 2) {
			EXPECT_STREQ(key.driver, keys[1].driver);
		}
		key.rx_id += 4;
	}
	memset(longest, 'x', CIPE_KEY_DRIVER_MAX);
	key.driver = longest;
	ASSERT_EQ(0, link_snapshot(&self->nl, self->index, &before));
	got = key_set(&self->nl, self->index, &key);
	check_refused(_metadata, self, "longest name", NULL, -ENOENT, got,
		      &before);
}

/* Ids are unique on a socket, and in a link */
TEST_F(nl, key_exists)
{
	struct key key = make_key(CIPE_SLOT_CURRENT, 0x1000);
	struct snapshot before, after;
	unsigned int index;

	ASSERT_EQ(0, link_new(&self->route, "cipe1", -1, 0));
	index = if_nametoindex("cipe1");
	ASSERT_EQ(0, set_fd(self, index, self->config.socket));
	ASSERT_EQ(0, link_snapshot(&self->nl, self->index, &before));
	check_refused(_metadata, self, "key of this link", NULL, -EEXIST,
		      key_set(&self->nl, self->index, &key), &before);
	check_refused(_metadata, self, "key of another link", NULL, -EEXIST,
		      key_set(&self->nl, index, &key), &before);
	key.slot = CIPE_SLOT_NEXT;
	check_refused(_metadata, self, "as the next", NULL, -EEXIST,
		      key_set(&self->nl, index, &key), &before);
	/* on another socket it is another key */
	ASSERT_EQ(0, set_fd(self, index, bound4()));
	EXPECT_EQ(0, key_set(&self->nl, index, &key));
	EXPECT_EQ(-EEXIST, key_set(&self->nl, index, &key));
	EXPECT_EQ(-EEXIST, key_set(&self->nl, self->index, &key));
	/* where both meet: it stays where it is */
	ASSERT_EQ(0, link_snapshot(&self->nl, index, &before));
	EXPECT_EQ(-EEXIST, set_fd(self, index, self->config.socket));
	EXPECT_NE('\0', self->nl.errmsg[0]);
	ASSERT_EQ(0, link_snapshot(&self->nl, index, &after));
	EXPECT_EQ(before.len, after.len);
	EXPECT_EQ(0, memcmp(before.data, after.data, after.len));
	ASSERT_EQ(0, key_del_all(&self->nl, index));
	ASSERT_EQ(0, set_fd(self, index, self->config.socket));
	ASSERT_EQ(0, key_del_all(&self->nl, self->index));
	EXPECT_EQ(0, key_set(&self->nl, index, &key));
}

/* ---- deleting keys ---- */

static struct nl_msg *build_del(FIXTURE_DATA(nl) *self, struct odd *odd)
{
	bool link = !odd->in_key &&
		    (odd->type == CIPE_A_IFINDEX || odd->type == CIPE_A_LINK_ID);
	struct nl_msg *msg = request(&self->nl, CIPE_CMD_KEY_DEL,
				     link ? 0 : self->index);
	int type = odd->in_key && odd->type == CIPE_A_KEY_RX_ID ?
		   CIPE_A_KEY_RX_ID : CIPE_A_KEY_SLOT;

	if (link)
		put_odd(msg, odd);
	put_key_name(msg, type, type == CIPE_A_KEY_SLOT ?
		     CIPE_SLOT_CURRENT : key_id(0x1000), link ? NULL : odd);
	return msg;
}

TEST_F(nl, key_del_refused)
{
	static const struct bad outside[] = {
		GET_ONLY_ANYWHERE,
		SET_ONLY,
		FLAG(CIPE_A_KEY, 0, 0, -EINVAL),
	};
	static const struct bad bad[] = {
		SIZE(CIPE_A_KEY_SLOT, 0, -EINVAL),
		SIZE(CIPE_A_KEY_SLOT, 4, -EINVAL),
		NUM(CIPE_A_KEY_SLOT, 1, 3, -ERANGE),
		NUM(CIPE_A_KEY_SLOT, 1, 255, -ERANGE),
		SIZE(CIPE_A_KEY_RX_ID, 0, -EINVAL),
		SIZE(CIPE_A_KEY_RX_ID, 8, -EINVAL),
		NUM(CIPE_A_KEY_RX_ID, 4, 0, -EINVAL),
		NUM(CIPE_A_KEY_RX_ID, 4, 0x1001, -EINVAL),
		NUM(CIPE_A_KEY_RX_ID, 4, 0x1002, -EINVAL),
		NUM(CIPE_A_KEY_TX_ID, 4, 0x1000, -EINVAL),
		NUM(CIPE_A_KEY_CIPHER, 1, 1, -EINVAL),
		SIZE(CIPE_A_KEY_RX_KEY, 32, -EINVAL),
		SIZE(CIPE_A_KEY_RX_IV, 12, -EINVAL),
		SIZE(CIPE_A_KEY_TX_KEY, 32, -EINVAL),
		SIZE(CIPE_A_KEY_TX_IV, 12, -EINVAL),
		NUM(CIPE_A_KEY_LIFETIME_MS, 4, 1000, -EINVAL),
		NUM(CIPE_A_KEY_TX_START, 4, 0, -EINVAL),
		OCT(CIPE_A_KEY_DRIVER, 4, "abc", -EINVAL),
		NUM(CIPE_A_KEY_AGE_MS, 8, 0, -EINVAL),
		SIZE(CIPE_A_KEY_PAD, 0, -EINVAL),
		SIZE(CIPE_A_KEY_MAX + 1, 4, -EINVAL),
	};
	const struct {
		int type;
		uint32_t value;
	} none[] = {
		{ CIPE_A_KEY_SLOT, CIPE_SLOT_PREVIOUS },
		{ CIPE_A_KEY_SLOT, CIPE_SLOT_NEXT },
		{ CIPE_A_KEY_RX_ID, key_id(0x1004) },
		{ CIPE_A_KEY_RX_ID, 0xfffffffc },
	};
	struct odd both = { .in_key = true, .type = CIPE_A_KEY_RX_ID,
			    .len = 4, .value = key_id(0x1000) };
	struct snapshot before;
	struct nl_msg *msg;
	size_t i;

	CHECK_BAD(build_del, bad_names, false);
	CHECK_BAD(build_del, outside, false);
	CHECK_BAD(build_del, bad, true);

	ASSERT_EQ(0, link_snapshot(&self->nl, self->index, &before));
	msg = request(&self->nl, CIPE_CMD_KEY_DEL, self->index);
	put_key_name(msg, CIPE_A_KEY_SLOT, CIPE_SLOT_CURRENT, &both);
	check_refused(_metadata, self, "slot and id", NULL, -EINVAL,
		      call(&self->nl, msg), &before);
	msg = request(&self->nl, CIPE_CMD_KEY_DEL, self->index);
	put_key_name(msg, 0, 0, NULL);
	check_refused(_metadata, self, "empty nest", NULL, -EINVAL,
		      call(&self->nl, msg), &before);
	for (i = 0; i < ARRAY_SIZE(none); i++) {
		msg = request(&self->nl, CIPE_CMD_KEY_DEL, self->index);
		put_key_name(msg, none[i].type, none[i].value, NULL);
		check_refused(_metadata, self, "no such key", NULL, -ENOENT,
			      call(&self->nl, msg), &before);
	}
	/* another link's */
	ASSERT_EQ(0, link_new(&self->route, "cipe1", -1, 0));
	msg = request(&self->nl, CIPE_CMD_KEY_DEL, if_nametoindex("cipe1"));
	put_key_name(msg, CIPE_A_KEY_RX_ID, key_id(0x1000), NULL);
	check_refused(_metadata, self, "another link's key", NULL, -ENOENT,
		      call(&self->nl, msg), &before);
	EXPECT_EQ(0, key_del_all(&self->nl, self->index));
	EXPECT_EQ(0, key_del_all(&self->nl, self->index));
}

TEST_HARNESS_MAIN
