// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What can be said of a key exchange message before it is read.
 */
#include "handshake.h"

#include <endian.h>
#include <string.h>

#include "derive.h"
#include "guard.h"

/* Octets a message of this header has at least */
static size_t handshake_min(const struct cipe_wire_control *wire)
{
	size_t dh = noise_public_len(wire->dh == CIPE_WIRE_P256 ? NOISE_P256 : NOISE_25519);

	switch (wire->type) {
	case CIPE_WIRE_INIT:
		if (wire->pattern != CIPE_WIRE_NNPSK0)
			dh += dh + NOISE_TAG_LEN;
		return GUARD_INIT_HEAD + dh + NOISE_TAG_LEN + GUARD_INIT_TAIL;
	case CIPE_WIRE_RESPONSE:
		return GUARD_HEADER_LEN + dh + NOISE_TAG_LEN;
	default:
		return GUARD_CHALLENGE_LEN;
	}
}

static enum handshake_result handshake_check_header(const struct cipe_wire_control *wire)
{
	if (wire->marker != htobe32(CIPE_WIRE_CONTROL))
		return HANDSHAKE_MALFORMED;
	if (wire->version != CIPE_WIRE_VERSION)
		return HANDSHAKE_VERSION;
	if (wire->type < CIPE_WIRE_INIT || wire->type > CIPE_WIRE_CHALLENGE)
		return HANDSHAKE_MALFORMED;
	if (wire->pattern < CIPE_WIRE_NNPSK0 || wire->pattern > CIPE_WIRE_IKPSK2)
		return HANDSHAKE_PATTERN;
	if (wire->mode > CIPE_MODE_ETHER || !derive_key_len(wire->cipher) ||
	    wire->dh > CIPE_WIRE_P256)
		return HANDSHAKE_MALFORMED;
	if (wire->dh == CIPE_WIRE_P256 && !derive_is_gcm(wire->cipher))
		return HANDSHAKE_MALFORMED;
	return HANDSHAKE_OK;
}

enum handshake_result handshake_peek(const uint8_t *msg, size_t len,
				     struct handshake_header *header)
{
	struct cipe_wire_control wire;
	enum handshake_result result;

	if (len < GUARD_CHALLENGE_LEN || len > CIPE_WIRE_CONTROL_MAX)
		return HANDSHAKE_MALFORMED;
	memcpy(&wire, msg, sizeof(wire));
	header->type = wire.type;
	header->pattern = wire.pattern;
	header->mode = wire.mode;
	header->cipher = wire.cipher;
	header->dh = wire.dh;
	memcpy(header->hint, wire.hint, sizeof(header->hint));
	header->session = be32toh(wire.session);
	result = handshake_check_header(&wire);
	if (result == HANDSHAKE_OK && len < handshake_min(&wire))
		return HANDSHAKE_MALFORMED;
	return result;
}

enum handshake_result handshake_screen(const struct handshake_config *config, const uint8_t *msg,
				       size_t len, struct handshake_header *header)
{
	enum handshake_result result = handshake_peek(msg, len, header);

	if (result != HANDSHAKE_OK)
		return result;
	if (header->type != CIPE_WIRE_INIT)
		return HANDSHAKE_UNEXPECTED;
	if (header->pattern != identity_pattern(config->id))
		return HANDSHAKE_PATTERN;
	if (header->dh != identity_dh(config->id))
		return HANDSHAKE_SUITE;
	if (memcmp(header->hint, config->id->hint_in, sizeof(header->hint)) ||
	    !guard_verify(config->id, msg, len))
		return HANDSHAKE_NOT_AUTHENTIC;
	return HANDSHAKE_OK;
}

const uint8_t *handshake_cookie(const uint8_t *msg)
{
	return msg + GUARD_HEADER_LEN;
}
