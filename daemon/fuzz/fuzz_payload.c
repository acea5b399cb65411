// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Payload parser: the first octet chooses the message type, the rest are
 * items. What is accepted must survive being written and read again.
 */
#include "fuzz.h"
#include "payload.h"

static bool same(const struct handshake_info *a, const struct handshake_info *b, uint8_t type)
{
	return (type == CIPE_WIRE_RESPONSE || a->timestamp == b->timestamp) &&
	       a->key_id == b->key_id && a->have_ipaddr == b->have_ipaddr &&
	       !memcmp(a->ipaddr, b->ipaddr, sizeof(a->ipaddr)) &&
	       a->mtu == b->mtu && a->timeout_ms == b->timeout_ms && a->caps == b->caps;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fuzz_input in = { data, size };
	uint8_t type = fuzz_u8(&in) & 1 ? CIPE_WIRE_INIT : CIPE_WIRE_RESPONSE;
	struct handshake_info info, again;
	uint8_t out[PAYLOAD_MAX];
	size_t len;

	if (payload_parse(in.data, in.len, type, &info))
		return 0;
	len = payload_write(&info, type, out);
	FUZZ_CHECK(len && len <= sizeof(out));
	FUZZ_CHECK(!payload_parse(out, len, type, &again) && same(&info, &again, type));
	return 0;
}
