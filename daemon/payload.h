/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the sides tell each other inside the key exchange: type-length-value
 * items (docs/protocol.md, "Payload").
 */
#ifndef CIPE_PAYLOAD_H
#define CIPE_PAYLOAD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/**
 * struct handshake_info - what one side says about itself
 * @timestamp: nanoseconds since 1970; required in INIT; 0 in RESPONSE: not given
 * @key_id: key id in packets to this side, host byte order: not 0, low two
 *	bits 0
 * @have_ipaddr: @ipaddr is given
 * @ipaddr: IPv4 address inside the link, network byte order
 * @mtu: of its interface, octets; 0: not given
 * @timeout_ms: its `toping`, milliseconds; 0: not given
 * @caps: capability bits; 0 (none) is not sent
 */
struct handshake_info {
	uint64_t timestamp;
	uint32_t key_id;
	bool have_ipaddr;
	uint8_t ipaddr[4];
	uint16_t mtu;
	uint32_t timeout_ms;
	uint32_t caps;
};

/* All items: timestamp, key id, address, MTU, timeout, capabilities */
#define PAYLOAD_MAX (10 + 6 + 6 + 4 + 6 + 6)

/**
 * payload_key_id_valid - whether a data packet can carry the key id
 * @key_id: host byte order
 */
bool payload_key_id_valid(uint32_t key_id);

/**
 * payload_write - items of @info
 * @info: what to say
 * @type: %CIPE_WIRE_INIT or %CIPE_WIRE_RESPONSE
 * @out: room for %PAYLOAD_MAX octets
 *
 * Return: octets written; 0 when @info has no valid key id.
 */
size_t payload_write(const struct handshake_info *info, uint8_t type, uint8_t *out);

/**
 * payload_parse - read items
 * @data: the items, already authenticated
 * @len: octets
 * @type: %CIPE_WIRE_INIT or %CIPE_WIRE_RESPONSE: says what is required
 * @info: filled on success, untouched otherwise
 *
 * Unknown items are skipped. Truncated items, known items of a wrong length or
 * given twice, type 0, a bad key id, an MTU or timeout of 0 and the lack of
 * what is required are errors.
 *
 * Return: 0 or -EBADMSG.
 */
int payload_parse(const uint8_t *data, size_t len, uint8_t type, struct handshake_info *info);

#endif /* CIPE_PAYLOAD_H */
