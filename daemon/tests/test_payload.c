// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include <cipe/wire.h>

#include "payload.h"

#define TIME 1, 8, 0x11, 0x22, 0x33, 0x44, 0x55, 0x66, 0x77, 0x88
#define ID 2, 4, 0xa1, 0xa2, 0xa3, 0xa4
#define IPADDR 3, 4, 10, 0, 0, 1
#define MTU 4, 2, 0x05, 0xa8
#define TIMEOUT 5, 4, 0, 1, 0x86, 0xa0
#define CAPS 6, 4, 0x80, 0, 0, 1

#define PARSE(type, info, ...) \
	payload_parse((const uint8_t[]){ __VA_ARGS__ }, sizeof((const uint8_t[]){ __VA_ARGS__ }), \
		      type, info)

#define refused(type, ...) do { \
	struct handshake_info refused_info, refused_before; \
	memset(&refused_info, 0x5a, sizeof(refused_info)); \
	refused_before = refused_info; \
	assert_int_equal(PARSE(type, &refused_info, __VA_ARGS__), -EBADMSG); \
	assert_memory_equal(&refused_info, &refused_before, sizeof(refused_info)); \
} while (0)

static void test_all_items(void **state)
{
	static const uint8_t expected[] = { TIME, ID, IPADDR, MTU, TIMEOUT, CAPS };
	struct handshake_info info;
	uint8_t out[PAYLOAD_MAX];

	(void)state;
	assert_int_equal(PARSE(CIPE_WIRE_INIT, &info, TIME, ID, IPADDR, MTU, TIMEOUT, CAPS), 0);
	assert_true(info.timestamp == 0x1122334455667788);
	assert_int_equal(info.key_id, 0xa1a2a3a4);
	assert_true(info.have_ipaddr);
	assert_memory_equal(info.ipaddr, "\x0a\0\0\x01", 4);
	assert_int_equal(info.mtu, 1448);
	assert_int_equal(info.timeout_ms, 100000);
	assert_int_equal(info.caps, 0x80000001);
	assert_int_equal(payload_write(&info, CIPE_WIRE_INIT, out), sizeof(expected));
	assert_memory_equal(out, expected, sizeof(expected));
	/* A RESPONSE may say the same, and needs not tell the time */
	assert_int_equal(payload_write(&info, CIPE_WIRE_RESPONSE, out), sizeof(expected));
	info.timestamp = 0;
	assert_int_equal(payload_write(&info, CIPE_WIRE_RESPONSE, out), sizeof(expected) - 10);
	assert_memory_equal(out, expected + 10, sizeof(expected) - 10);
}

static void test_required(void **state)
{
	struct handshake_info info;

	(void)state;
	assert_int_equal(PARSE(CIPE_WIRE_INIT, &info, TIME, ID), 0);
	assert_false(info.have_ipaddr);
	assert_int_equal(info.mtu, 0);
	assert_int_equal(info.timeout_ms, 0);
	assert_int_equal(info.caps, 0);
	assert_int_equal(PARSE(CIPE_WIRE_INIT, &info, ID, TIME), 0);	/* any order */
	assert_int_equal(PARSE(CIPE_WIRE_RESPONSE, &info, ID), 0);
	assert_int_equal(PARSE(CIPE_WIRE_RESPONSE, &info, ID, TIME), 0);
	refused(CIPE_WIRE_INIT, TIME);
	refused(CIPE_WIRE_INIT, ID);
	refused(CIPE_WIRE_INIT, IPADDR, MTU);
	refused(CIPE_WIRE_RESPONSE, TIME);
	assert_int_equal(payload_parse(NULL, 0, CIPE_WIRE_INIT, &info), -EBADMSG);
	assert_int_equal(payload_parse(NULL, 0, CIPE_WIRE_RESPONSE, &info), -EBADMSG);
}

static void test_unknown_items(void **state)
{
	struct handshake_info info;

	(void)state;
	assert_int_equal(PARSE(CIPE_WIRE_INIT, &info, 7, 0, TIME, 255, 3, 9, 9, 9, ID, 7, 0), 0);
	assert_int_equal(info.key_id, 0xa1a2a3a4);
	refused(CIPE_WIRE_INIT, TIME, ID, 0, 0);
	refused(CIPE_WIRE_INIT, TIME, ID, 0);
	refused(CIPE_WIRE_INIT, TIME, ID, 0, 0, 0, 0);
	refused(CIPE_WIRE_INIT, TIME, ID, 200, 2, 1);
	refused(CIPE_WIRE_INIT, TIME, ID, 200, 255);
	refused(CIPE_WIRE_INIT, TIME, ID, 200);
}

static void test_duplicates(void **state)
{
	(void)state;
	refused(CIPE_WIRE_INIT, TIME, TIME, ID);
	refused(CIPE_WIRE_INIT, TIME, ID, ID);
	refused(CIPE_WIRE_INIT, TIME, ID, IPADDR, IPADDR);
	refused(CIPE_WIRE_INIT, TIME, ID, MTU, MTU);
	refused(CIPE_WIRE_INIT, TIME, ID, TIMEOUT, TIMEOUT);
	refused(CIPE_WIRE_INIT, TIME, ID, CAPS, CAPS);
}

static void test_values(void **state)
{
	struct handshake_info info;

	(void)state;
	refused(CIPE_WIRE_RESPONSE, 2, 4, 0, 0, 0, 0);
	refused(CIPE_WIRE_RESPONSE, 2, 4, 0xa1, 0xa2, 0xa3, 0xa5);
	refused(CIPE_WIRE_RESPONSE, 2, 4, 0xa1, 0xa2, 0xa3, 0xa6);
	refused(CIPE_WIRE_RESPONSE, 2, 4, 0, 0, 0, 1);
	assert_int_equal(PARSE(CIPE_WIRE_RESPONSE, &info, 2, 4, 0, 0, 0, 4), 0);
	assert_int_equal(info.key_id, 4);
	refused(CIPE_WIRE_RESPONSE, ID, 4, 2, 0, 0);
	refused(CIPE_WIRE_RESPONSE, ID, 5, 4, 0, 0, 0, 0);
	assert_int_equal(PARSE(CIPE_WIRE_RESPONSE, &info, ID, 3, 4, 0, 0, 0, 0), 0);
	assert_true(info.have_ipaddr);
	assert_int_equal(PARSE(CIPE_WIRE_RESPONSE, &info, ID, 6, 4, 0, 0, 0, 0), 0);
}

/* Each known item with each length but its own */
static void test_lengths(void **state)
{
	static const uint8_t right[] = { 0, 8, 4, 4, 2, 4, 4 };
	uint8_t data[16 + 2 + 255], type;
	struct handshake_info info;
	unsigned int len;

	(void)state;
	for (type = CIPE_TLV_TIMESTAMP; type <= CIPE_TLV_CAPS; type++) {
		for (len = 0; len < 256; len++) {
			size_t at = 0;
			int err;

			if (type != CIPE_TLV_TIMESTAMP)
				at += sizeof((uint8_t[]){ TIME });
			memcpy(data, (const uint8_t[]){ TIME }, at);
			if (type != CIPE_TLV_KEY_ID) {
				memcpy(data + at, (const uint8_t[]){ ID }, 6);
				at += 6;
			}
			data[at] = type;
			data[at + 1] = (uint8_t)len;
			memset(data + at + 2, 4, len);
			err = payload_parse(data, at + 2 + len, CIPE_WIRE_INIT, &info);
			assert_int_equal(err, len == right[type] ? 0 : -EBADMSG);
		}
	}
}

/* Only whole items, wherever the octets end */
static void test_truncation(void **state)
{
	static const uint8_t all[] = { TIME, ID, IPADDR, MTU, TIMEOUT, CAPS };
	static const size_t whole[] = { 16, 22, 26, 32, 38 };
	struct handshake_info info;
	size_t len, i;

	(void)state;
	for (len = 0; len <= sizeof(all); len++) {
		bool ok = false;

		for (i = 0; i < sizeof(whole) / sizeof(whole[0]); i++)
			ok |= len == whole[i];
		assert_int_equal(payload_parse(all, len, CIPE_WIRE_INIT, &info), ok ? 0 : -EBADMSG);
	}
}

static void test_write_refuses_key_id(void **state)
{
	struct handshake_info info = { .timestamp = 1 };
	uint8_t out[PAYLOAD_MAX];

	(void)state;
	assert_int_equal(payload_write(&info, CIPE_WIRE_INIT, out), 0);
	info.key_id = 6;
	assert_int_equal(payload_write(&info, CIPE_WIRE_INIT, out), 0);
	info.key_id = 8;
	assert_int_equal(payload_write(&info, CIPE_WIRE_INIT, out), 16);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_all_items), cmocka_unit_test(test_required),
		cmocka_unit_test(test_unknown_items), cmocka_unit_test(test_duplicates),
		cmocka_unit_test(test_values), cmocka_unit_test(test_lengths),
		cmocka_unit_test(test_truncation), cmocka_unit_test(test_write_refuses_key_id),
	};

	return cmocka_run_group_tests_name("payload", tests, NULL, NULL);
}
