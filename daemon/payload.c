// SPDX-License-Identifier: GPL-2.0-or-later
#include "payload.h"

#include <endian.h>
#include <errno.h>
#include <string.h>

#include <cipe/wire.h>

#define PAYLOAD_TLV_HEADER 2

/* Length of the value of each known item; the index is its type */
static const uint8_t payload_len[] = {
	[CIPE_TLV_TIMESTAMP] = 8,
	[CIPE_TLV_KEY_ID] = 4,
	[CIPE_TLV_IPADDR] = 4,
	[CIPE_TLV_MTU] = 2,
	[CIPE_TLV_TIMEOUT] = 4,
	[CIPE_TLV_CAPS] = 4,
};

#define PAYLOAD_KNOWN (sizeof(payload_len) / sizeof(payload_len[0]))

bool payload_key_id_valid(uint32_t key_id)
{
	return key_id != CIPE_WIRE_CONTROL && !(key_id & CIPE_WIRE_FLAG_MASK);
}

static uint8_t *payload_item(uint8_t *at, uint8_t type, const void *value)
{
	*at++ = type;
	*at++ = payload_len[type];
	memcpy(at, value, payload_len[type]);
	return at + payload_len[type];
}

size_t payload_write(const struct handshake_info *info, uint8_t type, uint8_t *out)
{
	uint64_t timestamp = htobe64(info->timestamp);
	uint32_t key_id = htobe32(info->key_id);
	uint16_t mtu = htobe16(info->mtu);
	uint32_t timeout = htobe32(info->timeout_ms);
	uint32_t caps = htobe32(info->caps);
	uint8_t *at = out;

	if (!payload_key_id_valid(info->key_id))
		return 0;
	if (type == CIPE_WIRE_INIT || info->timestamp)
		at = payload_item(at, CIPE_TLV_TIMESTAMP, &timestamp);
	at = payload_item(at, CIPE_TLV_KEY_ID, &key_id);
	if (info->have_ipaddr)
		at = payload_item(at, CIPE_TLV_IPADDR, info->ipaddr);
	if (info->mtu)
		at = payload_item(at, CIPE_TLV_MTU, &mtu);
	if (info->timeout_ms)
		at = payload_item(at, CIPE_TLV_TIMEOUT, &timeout);
	if (info->caps)
		at = payload_item(at, CIPE_TLV_CAPS, &caps);
	return (size_t)(at - out);
}

static uint16_t payload_be16(const uint8_t *value)
{
	uint16_t be;

	memcpy(&be, value, sizeof(be));
	return be16toh(be);
}

static uint32_t payload_be32(const uint8_t *value)
{
	uint32_t be;

	memcpy(&be, value, sizeof(be));
	return be32toh(be);
}

static uint64_t payload_be64(const uint8_t *value)
{
	uint64_t be;

	memcpy(&be, value, sizeof(be));
	return be64toh(be);
}

/* One known item of the right length */
static int payload_take(struct handshake_info *info, uint8_t type, const uint8_t *value)
{
	switch (type) {
	case CIPE_TLV_TIMESTAMP:
		info->timestamp = payload_be64(value);
		return 0;
	case CIPE_TLV_KEY_ID:
		info->key_id = payload_be32(value);
		return payload_key_id_valid(info->key_id) ? 0 : -EBADMSG;
	case CIPE_TLV_IPADDR:
		memcpy(info->ipaddr, value, sizeof(info->ipaddr));
		info->have_ipaddr = true;
		return 0;
	case CIPE_TLV_MTU:
		info->mtu = payload_be16(value);
		return info->mtu ? 0 : -EBADMSG;
	case CIPE_TLV_TIMEOUT:
		info->timeout_ms = payload_be32(value);
		return info->timeout_ms ? 0 : -EBADMSG;
	case CIPE_TLV_CAPS:
		info->caps = payload_be32(value);
		return 0;
	default:
		return -EBADMSG;
	}
}

int payload_parse(const uint8_t *data, size_t len, uint8_t type, struct handshake_info *info)
{
	struct handshake_info found = { 0 };
	unsigned int required = 1u << CIPE_TLV_KEY_ID;
	unsigned int seen = 0;
	size_t at = 0;

	if (type == CIPE_WIRE_INIT)
		required |= 1u << CIPE_TLV_TIMESTAMP;

	while (at < len) {
		uint8_t item, item_len;

		if (len - at < PAYLOAD_TLV_HEADER)
			return -EBADMSG;
		item = data[at++];
		item_len = data[at++];
		if (!item || len - at < item_len)
			return -EBADMSG;
		if (item < PAYLOAD_KNOWN) {
			if (item_len != payload_len[item] || seen & 1u << item)
				return -EBADMSG;
			seen |= 1u << item;
			if (payload_take(&found, item, data + at))
				return -EBADMSG;
		}
		at += item_len;
	}
	if ((seen & required) != required)
		return -EBADMSG;
	*info = found;
	return 0;
}
