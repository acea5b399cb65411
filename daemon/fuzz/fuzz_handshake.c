// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A datagram as it comes from the network, at a responder and at an initiator
 * that waits. Neither has a reason to believe it, even if the MAC is that of
 * somebody who knows the public keys. fuzz_sealed.c has what is authentic.
 *
 * Input: kind of link, who reads, the datagram.
 */
#include "fuzz.h"
#include "guard.h"
#include "handshake.h"

static const struct handshake_info own = { .timestamp = 1, .key_id = 4 };
static const uint8_t ephemeral[NOISE_KEY_LEN] = { 9 };
static struct handshake_keys *keys;

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	(void)argc;
	(void)argv;
	fuzz_init();
	keys = handshake_keys_new();
	FUZZ_CHECK(keys);
	return 0;
}

static struct handshake *new_exchange(unsigned int kind, int end)
{
	const struct handshake_config config = {
		.id = fuzz_end(kind, end),
		.mode = CIPE_MODE_IP,
		.cipher = fuzz_end(kind, end)->dh == NOISE_P256 ? CIPE_CIPHER_AES_256_GCM :
								  CIPE_CIPHER_CHACHA20_POLY1305,
	};
	struct handshake *hs = handshake_new(&config);

	FUZZ_CHECK(hs);
	return hs;
}

/* Not authentic, but for a seed: then the answer must be in order */
static void at_responder(unsigned int kind, const uint8_t *msg, size_t len)
{
	struct handshake *hs = new_exchange(kind, 1);
	struct handshake_message out;
	struct handshake_info peer;

	if (handshake_read_init(hs, msg, len, &peer) == HANDSHAKE_OK) {
		FUZZ_CHECK(payload_key_id_valid(peer.key_id));
		if (handshake_write_response_fixed(hs, &own, ephemeral, &out, keys) ==
		    HANDSHAKE_OK)
			FUZZ_CHECK(out.len > GUARD_HEADER_LEN && out.len <= sizeof(out.data) &&
				   keys->tx_id == peer.key_id);
	}
	handshake_free(hs);
}

/* The same with hint and MAC made for it */
static void at_responder_signed(unsigned int kind, const uint8_t *data, size_t len)
{
	const struct identity *id = fuzz_end(kind, 0);
	uint8_t msg[CIPE_WIRE_CONTROL_MAX];

	if (len < GUARD_INIT_TAIL || len > sizeof(msg))
		return;
	memcpy(msg, data, len);
	if (len > GUARD_HEADER_LEN)
		memcpy(msg + offsetof(struct cipe_wire_control, hint), id->hint_out,
		       sizeof(id->hint_out));
	FUZZ_CHECK(!guard_sign(id, msg, len - GUARD_INIT_TAIL));
	at_responder(kind, msg, len);
}

/* Without the responder's private keys in it nobody can answer this INIT */
static void at_initiator(unsigned int kind, const uint8_t *msg, size_t len)
{
	struct handshake *hs = new_exchange(kind, 0);
	uint8_t cookie[CIPE_WIRE_COOKIE_LEN], answer[CIPE_WIRE_CONTROL_MAX];
	struct handshake_message out;
	struct handshake_info peer;

	FUZZ_CHECK(handshake_initiate_fixed(hs, &own, NULL, ephemeral, 0, &out) == HANDSHAKE_OK);
	FUZZ_CHECK(handshake_read_response(hs, msg, len, &peer, keys) != HANDSHAKE_OK);
	FUZZ_CHECK(!guard_read_challenge(fuzz_end(kind, 0), out.data, out.len, msg, len, cookie));
	/* The same with the header of an answer to this very INIT */
	if (len > GUARD_HEADER_LEN && len <= sizeof(answer)) {
		memcpy(answer, out.data, GUARD_HEADER_LEN);
		memcpy(answer + GUARD_HEADER_LEN, msg + GUARD_HEADER_LEN, len - GUARD_HEADER_LEN);
		answer[offsetof(struct cipe_wire_control, type)] = CIPE_WIRE_RESPONSE;
		FUZZ_CHECK(handshake_read_response(hs, answer, len, &peer, keys) != HANDSHAKE_OK);
	}
	handshake_free(hs);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fuzz_input in = { data, size };
	unsigned int kind = fuzz_u8(&in) % FUZZ_KINDS;

	fuzz_seed(0);
	switch (fuzz_u8(&in) % 3) {
	case 0:
		at_responder(kind, in.data, in.len);
		break;
	case 1:
		at_responder_signed(kind, in.data, in.len);
		break;
	default:
		at_initiator(kind, in.data, in.len);
	}
	return 0;
}
