// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A datagram as it comes from the network, at a responder and at an initiator
 * that waits. Neither has a reason to believe it: authentic input is made by
 * sealing what follows the ephemeral key, so that the payload is reached too.
 */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "handshake.h"
#include "noise.h"
#include "secret.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerInitialize(int *argc, char ***argv);

#define HEADER_LEN sizeof(struct cipe_wire_control)

static const uint8_t psk[HANDSHAKE_PSK_LEN] = { 7 };
static const struct handshake_config config = { .psk = psk,
						.cipher = CIPE_CIPHER_CHACHA20_POLY1305 };
static const struct handshake_info own = { .timestamp = 1, .key_id = 4 };
static const uint8_t ephemeral[NOISE_KEY_LEN] = { 9 };
static struct handshake_keys *keys;

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	(void)argc;
	(void)argv;
	if (secret_init(0))
		abort();
	keys = handshake_keys_new();
	return keys ? 0 : -1;
}

static enum handshake_result at_responder(const uint8_t *msg, size_t len)
{
	struct handshake *hs = handshake_new(&config);
	struct handshake_message out;
	struct handshake_info peer;
	enum handshake_result result;

	if (!hs)
		abort();
	result = handshake_read_init(hs, msg, len, &peer);
	if (result == HANDSHAKE_OK && !(peer.key_id & CIPE_WIRE_ID_MASK))
		abort();
	if (result == HANDSHAKE_OK &&
	    handshake_write_response_fixed(hs, &own, ephemeral, &out, keys) == HANDSHAKE_OK &&
	    (out.len <= HEADER_LEN || keys->tx_id != peer.key_id))
		abort();
	handshake_free(hs);
	return result;
}

static void at_initiator(const uint8_t *msg, size_t len)
{
	struct handshake *hs = handshake_new(&config);
	struct handshake_message out;
	struct handshake_info peer;

	if (!hs || handshake_initiate_fixed(hs, &own, ephemeral, 0, &out) != HANDSHAKE_OK)
		abort();
	/* Without the responder's ephemeral key in it nobody can answer */
	if (handshake_read_response(hs, msg, len, &peer, keys) == HANDSHAKE_OK)
		abort();
	handshake_free(hs);
}

/* INIT with @data as its payload, from somebody who has the key */
static void sealed(const uint8_t *data, size_t size)
{
	struct cipe_wire_control header = { .version = CIPE_WIRE_VERSION,
		.type = CIPE_WIRE_INIT, .pattern = CIPE_WIRE_NNPSK0, .cipher = config.cipher };
	uint8_t prologue[sizeof(CIPE_WIRE_PROLOGUE) - 1 + HEADER_LEN];
	struct noise_config noise_config = { .pattern = NOISE_NNPSK0, .initiator = true,
		.prologue = prologue, .prologue_len = sizeof(prologue), .psk = psk };
	uint8_t msg[CIPE_WIRE_CONTROL_MAX];
	struct noise *noise;
	size_t len;

	memcpy(prologue, CIPE_WIRE_PROLOGUE, sizeof(prologue) - HEADER_LEN);
	memcpy(prologue + sizeof(prologue) - HEADER_LEN, &header, HEADER_LEN);
	if (noise_new(&noise, &noise_config))
		abort();
	noise_fix_ephemeral(noise, ephemeral);
	memcpy(msg, &header, HEADER_LEN);
	if (!noise_write(noise, data, size, msg + HEADER_LEN, sizeof(msg) - HEADER_LEN, &len)) {
		enum handshake_result result = at_responder(msg, HEADER_LEN + len);

		if (result != HANDSHAKE_OK && result != HANDSHAKE_PAYLOAD)
			abort();
	}
	noise_free(noise);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	at_responder(data, size);
	at_initiator(data, size);
	sealed(data, size);
	return 0;
}
