// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A datagram as it comes from the network, at a responder and at an initiator
 * that waits, with a shared secret, with public keys, and with P-256. Neither
 * has a reason to believe it: authentic input is made by sealing what follows
 * the ephemeral key, so that the payload is reached too, and by a right MAC.
 */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "guard.h"
#include "handshake.h"
#include "noise.h"
#include "secret.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerInitialize(int *argc, char ***argv);

#define LINKS 3

static const uint8_t psk[NOISE_KEY_LEN] = { 7 };
static const uint8_t secret[2][NOISE_KEY_LEN] = { { 0, 1 }, { 0, 2 } };
static const struct handshake_info own = { .timestamp = 1, .key_id = 4 };
static const uint8_t ephemeral[NOISE_KEY_LEN] = { 9 };
static struct handshake_config configs[LINKS];
static struct handshake_keys *keys;

static void make_link(struct handshake_config *config, enum noise_dh dh, bool public)
{
	const struct noise_suite suite = { .dh = dh };
	uint8_t peer[NOISE_PUBLIC_MAX];
	struct identity_config keyed = { .dh = dh, .psk = public ? NULL : psk };
	struct identity *id;

	if (noise_public_key(&suite, secret[1], peer))
		abort();
	if (public) {
		keyed.private_key = secret[0];
		keyed.peer_key = peer;
	}
	if (identity_new(&id, &keyed))
		abort();
	config->id = id;
	config->cipher = dh == NOISE_P256 ? CIPE_CIPHER_AES_256_GCM :
					    CIPE_CIPHER_CHACHA20_POLY1305;
}

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	(void)argc;
	(void)argv;
	if (secret_init(0))
		abort();
	make_link(&configs[0], NOISE_25519, false);
	make_link(&configs[1], NOISE_25519, true);
	make_link(&configs[2], NOISE_P256, true);
	keys = handshake_keys_new();
	return keys ? 0 : -1;
}

static enum handshake_result at_responder(const struct handshake_config *config,
					  const uint8_t *msg, size_t len)
{
	struct handshake *hs = handshake_new(config);
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
	    (out.len <= GUARD_HEADER_LEN || keys->tx_id != peer.key_id))
		abort();
	handshake_free(hs);
	return result;
}

/* Also with a MAC as somebody has it who knows the public key only */
static void at_responder_signed(const struct handshake_config *config, const uint8_t *data,
				size_t size)
{
	struct identity *id = (struct identity *)config->id;
	uint8_t msg[CIPE_WIRE_CONTROL_MAX], mac_out[NOISE_HASH_LEN];

	if (size < GUARD_INIT_TAIL || size > sizeof(msg))
		return;
	memcpy(msg, data, size);
	memcpy(mac_out, id->mac_out, sizeof(mac_out));
	memcpy(id->mac_out, id->mac_in, sizeof(mac_out));
	if (guard_sign(id, msg, size - GUARD_INIT_TAIL))
		abort();
	memcpy(id->mac_out, mac_out, sizeof(mac_out));
	at_responder(config, msg, size);
}

static void at_initiator(const struct handshake_config *config, const uint8_t *msg, size_t len)
{
	struct handshake *hs = handshake_new(config);
	uint8_t cookie[CIPE_WIRE_COOKIE_LEN];
	struct handshake_message out;
	struct handshake_info peer;

	if (!hs || handshake_initiate_fixed(hs, &own, NULL, ephemeral, 0, &out) != HANDSHAKE_OK)
		abort();
	/* Without the responder's ephemeral key in it nobody can answer */
	if (handshake_read_response(hs, msg, len, &peer, keys) == HANDSHAKE_OK ||
	    guard_read_challenge(config->id, out.data, out.len, msg, len, cookie))
		abort();
	handshake_free(hs);
}

/* INIT with @data as its payload, from somebody who has the key */
static void sealed(const uint8_t *data, size_t size)
{
	struct cipe_wire_control header = { .version = CIPE_WIRE_VERSION,
		.type = CIPE_WIRE_INIT, .pattern = CIPE_WIRE_NNPSK0,
		.cipher = configs[0].cipher };
	uint8_t prologue[sizeof(CIPE_WIRE_PROLOGUE) - 1 + GUARD_INIT_HEAD] = CIPE_WIRE_PROLOGUE;
	struct noise_config noise_config = { .pattern = NOISE_NNPSK0, .initiator = true,
		.prologue = prologue, .prologue_len = sizeof(prologue), .psk = psk };
	uint8_t msg[CIPE_WIRE_CONTROL_MAX] = { 0 };
	const size_t room = sizeof(msg) - GUARD_INIT_HEAD - GUARD_INIT_TAIL;
	struct noise *noise;
	size_t len;

	memcpy(msg, &header, GUARD_HEADER_LEN);
	memcpy(prologue + sizeof(prologue) - GUARD_INIT_HEAD, msg, GUARD_INIT_HEAD);
	if (noise_new(&noise, &noise_config))
		abort();
	noise_fix_ephemeral(noise, ephemeral);
	if (!noise_write(noise, data, size, msg + GUARD_INIT_HEAD, room, &len)) {
		enum handshake_result result;

		if (guard_sign(configs[0].id, msg, GUARD_INIT_HEAD + len))
			abort();
		result = at_responder(&configs[0], msg,
				      GUARD_INIT_HEAD + len + GUARD_INIT_TAIL);
		if (result != HANDSHAKE_OK && result != HANDSHAKE_PAYLOAD)
			abort();
	}
	noise_free(noise);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	int i;

	for (i = 0; i < LINKS; i++) {
		at_responder(&configs[i], data, size);
		at_responder_signed(&configs[i], data, size);
		at_initiator(&configs[i], data, size);
	}
	sealed(data, size);
	return 0;
}
