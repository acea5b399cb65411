// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Payload parser: the first octet chooses the message type, the rest are
 * items. What is accepted must survive being written and read again.
 */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cipe/wire.h>

#include "payload.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int same(const struct handshake_info *a, const struct handshake_info *b, uint8_t type)
{
	return (type == CIPE_WIRE_RESPONSE || a->timestamp == b->timestamp) &&
	       a->key_id == b->key_id && a->have_ipaddr == b->have_ipaddr &&
	       !memcmp(a->ipaddr, b->ipaddr, sizeof(a->ipaddr)) &&
	       a->mtu == b->mtu && a->timeout_ms == b->timeout_ms && a->caps == b->caps;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct handshake_info info, again;
	uint8_t out[PAYLOAD_MAX], type;
	size_t len;

	if (!size)
		return 0;
	type = data[0] & 1 ? CIPE_WIRE_INIT : CIPE_WIRE_RESPONSE;
	if (payload_parse(data + 1, size - 1, type, &info))
		return 0;
	len = payload_write(&info, type, out);
	if (!len || len > sizeof(out) || payload_parse(out, len, type, &again) ||
	    !same(&info, &again, type))
		abort();
	return 0;
}
