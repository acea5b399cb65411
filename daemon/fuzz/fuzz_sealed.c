// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Authentic messages: an INIT, or the RESPONSE to one, by somebody who has the
 * right keys and says anything under them.
 *
 * Input: kind of link; what is sent; mode and cipher; cookie; the payload.
 */
#include "derive.h"
#include "fuzz.h"
#include "guard.h"
#include "handshake.h"

#define PROLOGUE_LABEL_LEN (sizeof(CIPE_WIRE_PROLOGUE) - 1)

static const struct handshake_info own = { .timestamp = 1, .key_id = 4 };
static const uint8_t ephemeral[2][NOISE_KEY_LEN] = { { 9 }, { 8 } };
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

static struct handshake *new_exchange(const struct identity *id)
{
	const struct handshake_config config = { .id = id, .mode = CIPE_MODE_IP,
						 .cipher = CIPE_CIPHER_AES_128_GCM };
	struct handshake *hs = handshake_new(&config);

	FUZZ_CHECK(hs);
	return hs;
}

/* Noise alone, as the other implementation may have it. @head: of INIT */
static struct noise *new_noise(const struct identity *id, const uint8_t *head, bool initiator)
{
	uint8_t cipher = head[offsetof(struct cipe_wire_control, cipher)];
	uint8_t prologue[PROLOGUE_LABEL_LEN + GUARD_INIT_HEAD];
	struct noise_config config = {
		.pattern = id->pattern,
		.suite = { .dh = id->dh,
			   .aead = derive_is_gcm(cipher) ? NOISE_AESGCM : NOISE_CHACHAPOLY },
		.initiator = initiator,
		.prologue = prologue,
		.prologue_len = sizeof(prologue),
		.psk = id->has_psk ? id->psk : NULL,
		.s = id->has_static ? id->private_key : NULL,
		.rs = id->has_static && initiator ? id->peer_key : NULL,
	};
	struct noise *noise;

	memcpy(prologue, CIPE_WIRE_PROLOGUE, PROLOGUE_LABEL_LEN);
	memcpy(prologue + PROLOGUE_LABEL_LEN, head, GUARD_INIT_HEAD);
	FUZZ_CHECK(!noise_new(&noise, &config));
	noise_fix_ephemeral(noise, ephemeral[!initiator]);
	return noise;
}

/* Header and cookie of an INIT */
static void put_head(struct fuzz_input *in, const struct identity *id,
		     uint8_t head[GUARD_INIT_HEAD])
{
	uint8_t odd = fuzz_u8(in);
	struct cipe_wire_control header = {
		.version = CIPE_WIRE_VERSION,
		.type = CIPE_WIRE_INIT,
		.pattern = identity_pattern(id),
		.mode = odd & 1,
		.cipher = odd & 2 ? CIPE_CIPHER_AES_256_GCM :
			  odd & 4 && id->dh == NOISE_25519 ? CIPE_CIPHER_CHACHA20_POLY1305 :
							     CIPE_CIPHER_AES_128_GCM,
		.dh = identity_dh(id),
	};

	memcpy(header.hint, id->hint_out, sizeof(header.hint));
	header.session = fuzz_u8(in);
	memcpy(head, &header, GUARD_HEADER_LEN);
	fuzz_take(in, head + GUARD_HEADER_LEN, CIPE_WIRE_COOKIE_LEN);
}

static enum handshake_result expect_init(const uint8_t *msg, const struct fuzz_input *payload,
					 struct handshake_info *info)
{
	if (msg[offsetof(struct cipe_wire_control, mode)] != CIPE_MODE_IP)
		return HANDSHAKE_MODE;
	if (msg[offsetof(struct cipe_wire_control, cipher)] != CIPE_CIPHER_AES_128_GCM)
		return HANDSHAKE_CIPHER;
	return payload_parse(payload->data, payload->len, CIPE_WIRE_INIT, info) ?
	       HANDSHAKE_PAYLOAD : HANDSHAKE_OK;
}

static void send_init(unsigned int kind, struct fuzz_input *in)
{
	uint8_t msg[CIPE_WIRE_CONTROL_MAX];
	const size_t room = sizeof(msg) - GUARD_INIT_HEAD - GUARD_INIT_TAIL;
	const struct identity *id = fuzz_end(kind, 0);
	struct handshake_info expected, peer;
	struct handshake_message out;
	enum handshake_result result;
	struct handshake *hs;
	struct noise *noise;
	size_t len;

	put_head(in, id, msg);
	noise = new_noise(id, msg, true);
	if (!noise_write(noise, in->data, in->len, msg + GUARD_INIT_HEAD, room, &len)) {
		FUZZ_CHECK(!guard_sign(id, msg, GUARD_INIT_HEAD + len));
		hs = new_exchange(fuzz_end(kind, 1));
		result = handshake_read_init(hs, msg, GUARD_INIT_HEAD + len + GUARD_INIT_TAIL,
					     &peer);
		FUZZ_CHECK(result == expect_init(msg, in, &expected));
		if (result == HANDSHAKE_OK) {
			FUZZ_CHECK(!memcmp(&peer, &expected, sizeof(peer)));
			FUZZ_CHECK(handshake_write_response_fixed(hs, &own, ephemeral[1], &out,
								  keys) == HANDSHAKE_OK);
			FUZZ_CHECK(keys->tx_id == peer.key_id && keys->rx_id == own.key_id);
		}
		handshake_free(hs);
	}
	noise_free(noise);
}

/* The answer to an INIT of the daemon's */
static void send_response(unsigned int kind, struct fuzz_input *in)
{
	uint8_t msg[CIPE_WIRE_CONTROL_MAX], cookie[CIPE_WIRE_COOKIE_LEN], ignored[64];
	struct handshake *hs = new_exchange(fuzz_end(kind, 0));
	struct handshake_info expected, peer;
	struct handshake_message init;
	enum handshake_result result;
	struct noise *noise;
	size_t len;
	int rc;

	fuzz_take(in, cookie, sizeof(cookie));
	FUZZ_CHECK(handshake_initiate_fixed(hs, &own, cookie, ephemeral[0], 1, &init) ==
		   HANDSHAKE_OK);
	noise = new_noise(fuzz_end(kind, 1), init.data, false);
	FUZZ_CHECK(!noise_read(noise, init.data + GUARD_INIT_HEAD,
			       init.len - GUARD_INIT_HEAD - GUARD_INIT_TAIL, ignored,
			       sizeof(ignored), &len));
	memcpy(msg, init.data, GUARD_HEADER_LEN);
	msg[offsetof(struct cipe_wire_control, type)] = CIPE_WIRE_RESPONSE;
	if (!noise_write(noise, in->data, in->len, msg + GUARD_HEADER_LEN,
			 sizeof(msg) - GUARD_HEADER_LEN, &len)) {
		result = handshake_read_response(hs, msg, GUARD_HEADER_LEN + len, &peer, keys);
		rc = payload_parse(in->data, in->len, CIPE_WIRE_RESPONSE, &expected);
		FUZZ_CHECK(result == (rc ? HANDSHAKE_PAYLOAD : HANDSHAKE_OK));
		if (!rc)
			FUZZ_CHECK(!memcmp(&peer, &expected, sizeof(peer)) &&
				   keys->tx_id == peer.key_id && keys->rx_id == own.key_id);
	}
	noise_free(noise);
	handshake_free(hs);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fuzz_input in = { data, size };
	unsigned int kind = fuzz_u8(&in) % FUZZ_KINDS;

	fuzz_seed(0);
	if (fuzz_u8(&in) & 1)
		send_init(kind, &in);
	else
		send_response(kind, &in);
	return 0;
}
