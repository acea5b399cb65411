// SPDX-License-Identifier: GPL-2.0-or-later
#include "handshake.h"

#include <endian.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "derive.h"
#include "noise.h"
#include "options.h"
#include "secret.h"

#define HEADER_LEN sizeof(struct cipe_wire_control)

/* NNpsk0: each message is an ephemeral key and the sealed payload */
#define HANDSHAKE_MIN (HEADER_LEN + HANDSHAKE_EPHEMERAL_LEN + NOISE_TAG_LEN)

#define PROLOGUE_LABEL_LEN (sizeof(CIPE_WIRE_PROLOGUE) - 1)
#define PROLOGUE_LEN (PROLOGUE_LABEL_LEN + HEADER_LEN)

_Static_assert(HANDSHAKE_MIN + PAYLOAD_MAX <= CIPE_WIRE_CONTROL_MAX, "messages fit");
_Static_assert(HANDSHAKE_PSK_LEN == DERIVE_PSK_LEN, "one psk");

enum handshake_phase {
	HANDSHAKE_NEW,
	HANDSHAKE_SENT,		/* INIT is written, waits for RESPONSE */
	HANDSHAKE_READ,		/* INIT is read, RESPONSE is to be written */
	HANDSHAKE_OVER,
};

/**
 * struct handshake - one exchange
 * @phase: what was said so far
 * @noise: the framework's state; NULL before INIT
 * @header: of INIT, as on the wire
 * @mode: enum cipe_mode, ours
 * @cipher: enum cipe_cipher, ours
 * @own_id: our key id, from INIT on at the initiator
 * @peer_id: the peer's key id, from INIT on at the responder
 * @have_local: @local was given
 * @psk: wiped as soon as @noise has it
 * @local: see struct handshake_config
 * @split: outcome of Split(), for the moment
 */
struct handshake {
	enum handshake_phase phase;
	struct noise *noise;
	struct cipe_wire_control header;
	uint8_t mode;
	uint8_t cipher;
	uint32_t own_id;
	uint32_t peer_id;
	bool have_local;
	uint8_t psk[HANDSHAKE_PSK_LEN];
	uint8_t local[HANDSHAKE_LOCAL_LEN];
	struct noise_cipher split[2];
};

/* ------------------------------------------------------------------------
 * keys
 */

struct handshake_keys *handshake_keys_new(void)
{
	return secret_alloc(sizeof(struct handshake_keys));
}

void handshake_keys_wipe(struct handshake_keys *keys)
{
	secret_wipe(keys, sizeof(*keys));
}

void handshake_keys_free(struct handshake_keys *keys)
{
	secret_free(keys, sizeof(*keys));
}

/* docs/protocol.md, "Data keys". The exchange is over, whatever comes out. */
static enum handshake_result handshake_derive(struct handshake *hs, bool initiator,
					      struct handshake_keys *keys)
{
	const uint8_t *tx = hs->split[initiator ? 0 : 1].k;
	const uint8_t *rx = hs->split[initiator ? 1 : 0].k;
	int err;

	err = noise_split(hs->noise, &hs->split[0], &hs->split[1]);
	if (!err)
		err = derive_data_key(noise_hash(hs->noise), tx, hs->cipher, keys->tx_key,
				      keys->tx_iv);
	if (!err)
		err = derive_data_key(noise_hash(hs->noise), rx, hs->cipher, keys->rx_key,
				      keys->rx_iv);
	secret_wipe(hs->split, sizeof(hs->split));
	hs->phase = HANDSHAKE_OVER;
	if (err) {
		handshake_keys_wipe(keys);
		return HANDSHAKE_INTERNAL;
	}
	keys->key_len = derive_key_len(hs->cipher);
	keys->cipher = hs->cipher;
	keys->tx_id = hs->peer_id;
	keys->rx_id = hs->own_id;
	return HANDSHAKE_OK;
}

/* ------------------------------------------------------------------------
 * headers
 */

static enum handshake_result handshake_check_header(const struct cipe_wire_control *wire)
{
	static const uint8_t zero[sizeof(wire->reserved)];

	if (wire->marker != htobe32(CIPE_WIRE_CONTROL))
		return HANDSHAKE_MALFORMED;
	if (wire->version != CIPE_WIRE_VERSION)
		return HANDSHAKE_VERSION;
	if (wire->type != CIPE_WIRE_INIT && wire->type != CIPE_WIRE_RESPONSE)
		return HANDSHAKE_MALFORMED;
	if (wire->pattern != CIPE_WIRE_NNPSK0)
		return HANDSHAKE_PATTERN;
	if (wire->mode > CIPE_MODE_ETHER || !derive_key_len(wire->cipher) ||
	    memcmp(wire->reserved, zero, sizeof(zero)))
		return HANDSHAKE_MALFORMED;
	return HANDSHAKE_OK;
}

enum handshake_result handshake_peek(const uint8_t *msg, size_t len,
				     struct handshake_header *header)
{
	struct cipe_wire_control wire;

	if (len < HANDSHAKE_MIN || len > CIPE_WIRE_CONTROL_MAX)
		return HANDSHAKE_MALFORMED;
	memcpy(&wire, msg, sizeof(wire));
	header->type = wire.type;
	header->pattern = wire.pattern;
	header->mode = wire.mode;
	header->cipher = wire.cipher;
	header->session = be32toh(wire.session);
	return handshake_check_header(&wire);
}

/* Initialize() of Noise: suite by the header's cipher, prologue with the header */
static int handshake_noise(struct noise **noise, const struct handshake *hs,
			   const struct cipe_wire_control *header, bool initiator)
{
	uint8_t prologue[PROLOGUE_LEN];
	struct noise_config config = {
		.pattern = NOISE_NNPSK0,
		.aead = header->cipher == CIPE_CIPHER_CHACHA20_POLY1305 ? NOISE_CHACHAPOLY :
									  NOISE_AESGCM,
		.initiator = initiator,
		.prologue = prologue,
		.prologue_len = sizeof(prologue),
		.psk = hs->psk,
	};

	memcpy(prologue, CIPE_WIRE_PROLOGUE, PROLOGUE_LABEL_LEN);
	memcpy(prologue + PROLOGUE_LABEL_LEN, header, HEADER_LEN);
	return noise_new(noise, &config);
}

/* What Noise says to a message read. A low-order key in a RESPONSE is met
 * before anything is authenticated, and so is no news from the peer.
 */
static enum handshake_result handshake_noise_result(int err)
{
	switch (err) {
	case 0:
		return HANDSHAKE_OK;
	case -EBADMSG:
	case -EKEYREJECTED:
		return HANDSHAKE_NOT_AUTHENTIC;
	case -EMSGSIZE:
		return HANDSHAKE_MALFORMED;
	default:
		return HANDSHAKE_INTERNAL;
	}
}

/* The session id an INIT of ours has: random to all others, but known again */
static int handshake_own_session(const struct handshake *hs, const struct handshake_info *info,
				 uint32_t *session)
{
	uint8_t ikm[HANDSHAKE_LOCAL_LEN + sizeof(info->timestamp) + sizeof(info->key_id)];
	int err;

	memcpy(ikm, hs->local, HANDSHAKE_LOCAL_LEN);
	memcpy(ikm + HANDSHAKE_LOCAL_LEN, &info->timestamp, sizeof(info->timestamp));
	memcpy(ikm + HANDSHAKE_LOCAL_LEN + sizeof(info->timestamp), &info->key_id,
	       sizeof(info->key_id));
	err = derive_hkdf(NULL, 0, ikm, sizeof(ikm), NULL, 0, (uint8_t *)session,
			  sizeof(*session));
	secret_wipe(ikm, sizeof(ikm));
	return err;
}

/* ------------------------------------------------------------------------
 * the exchange
 */

struct handshake *handshake_new(const struct handshake_config *config)
{
	struct handshake *hs;

	if (!config->psk || config->mode > CIPE_MODE_ETHER || !derive_key_len(config->cipher))
		return NULL;
	hs = secret_alloc(sizeof(*hs));
	if (!hs)
		return NULL;
	hs->mode = config->mode;
	hs->cipher = config->cipher;
	memcpy(hs->psk, config->psk, HANDSHAKE_PSK_LEN);
	hs->have_local = config->local;
	if (config->local)
		memcpy(hs->local, config->local, HANDSHAKE_LOCAL_LEN);
	return hs;
}

void handshake_free(struct handshake *hs)
{
	if (!hs)
		return;
	noise_free(hs->noise);
	secret_free(hs, sizeof(*hs));
}

/* A message of @hs: header of @type and what Noise writes */
static enum handshake_result handshake_write(struct handshake *hs, uint8_t type,
					     const struct handshake_info *own,
					     struct handshake_message *out)
{
	struct cipe_wire_control header = hs->header;
	uint8_t payload[PAYLOAD_MAX];
	size_t payload_size, len;
	int err;

	header.type = type;
	memcpy(out->data, &header, HEADER_LEN);
	payload_size = payload_write(own, type, payload);
	err = noise_write(hs->noise, payload, payload_size, out->data + HEADER_LEN,
			  sizeof(out->data) - HEADER_LEN, &len);
	if (err == -EKEYREJECTED)
		return HANDSHAKE_BAD_KEY;
	if (err)
		return HANDSHAKE_INTERNAL;
	out->len = HEADER_LEN + len;
	return HANDSHAKE_OK;
}

/* @ephemeral and @session: NULL for random ones */
static enum handshake_result handshake_do_initiate(struct handshake *hs,
						   const struct handshake_info *own,
						   const uint8_t *ephemeral,
						   const uint32_t *session,
						   struct handshake_message *out)
{
	uint32_t id = 0;
	int err = 0;

	out->len = 0;
	if (hs->phase != HANDSHAKE_NEW || !payload_key_id_valid(own->key_id))
		return HANDSHAKE_MISUSE;
	hs->phase = HANDSHAKE_OVER;
	if (session)
		id = htobe32(*session);
	else if (hs->have_local)
		err = handshake_own_session(hs, own, &id);
	else
		err = secret_random(&id, sizeof(id));
	hs->header = (struct cipe_wire_control){
		.marker = htobe32(CIPE_WIRE_CONTROL),
		.version = CIPE_WIRE_VERSION,
		.type = CIPE_WIRE_INIT,
		.pattern = CIPE_WIRE_NNPSK0,
		.mode = hs->mode,
		.cipher = hs->cipher,
		.session = id,
	};
	hs->own_id = own->key_id;
	if (!err)
		err = handshake_noise(&hs->noise, hs, &hs->header, true);
	secret_wipe(hs->psk, sizeof(hs->psk));
	if (err)
		return HANDSHAKE_INTERNAL;
	if (ephemeral)
		noise_fix_ephemeral(hs->noise, ephemeral);
	if (handshake_write(hs, CIPE_WIRE_INIT, own, out) != HANDSHAKE_OK)
		return HANDSHAKE_INTERNAL;
	hs->phase = HANDSHAKE_SENT;
	return HANDSHAKE_OK;
}

enum handshake_result handshake_initiate(struct handshake *hs, const struct handshake_info *own,
					 struct handshake_message *out)
{
	return handshake_do_initiate(hs, own, NULL, NULL, out);
}

enum handshake_result handshake_initiate_fixed(struct handshake *hs,
					       const struct handshake_info *own,
					       const uint8_t ephemeral[32], uint32_t session,
					       struct handshake_message *out)
{
	return handshake_do_initiate(hs, own, ephemeral, &session, out);
}

/* What an authentic INIT says: may we answer it? */
static enum handshake_result handshake_judge_init(struct handshake *hs, const uint8_t *payload,
						  size_t len, struct handshake_info *info)
{
	uint32_t session;

	if (hs->header.mode != hs->mode)
		return HANDSHAKE_MODE;
	if (hs->header.cipher != hs->cipher)
		return HANDSHAKE_CIPHER;
	if (payload_parse(payload, len, CIPE_WIRE_INIT, info))
		return HANDSHAKE_PAYLOAD;
	if (!hs->have_local)
		return HANDSHAKE_OK;
	if (handshake_own_session(hs, info, &session))
		return HANDSHAKE_INTERNAL;
	return session == hs->header.session ? HANDSHAKE_REFLECTED : HANDSHAKE_OK;
}

/* Read INIT, whose header was checked, with @noise */
static enum handshake_result handshake_try_init(struct handshake *hs, struct noise *noise,
						const uint8_t *msg, size_t len,
						struct handshake_info *info)
{
	uint8_t payload[CIPE_WIRE_CONTROL_MAX];
	enum handshake_result result;
	size_t payload_size;

	result = handshake_noise_result(noise_read(noise, msg + HEADER_LEN, len - HEADER_LEN,
						   payload, sizeof(payload), &payload_size));
	if (result != HANDSHAKE_OK)
		return result;
	memcpy(&hs->header, msg, HEADER_LEN);
	return handshake_judge_init(hs, payload, payload_size, info);
}

enum handshake_result handshake_read_init(struct handshake *hs, const uint8_t *msg, size_t len,
					  struct handshake_info *peer)
{
	struct cipe_wire_control wire;
	struct handshake_header header;
	enum handshake_result result;
	struct handshake_info info;
	struct noise *noise;

	if (hs->phase != HANDSHAKE_NEW)
		return HANDSHAKE_MISUSE;
	result = handshake_peek(msg, len, &header);
	if (result != HANDSHAKE_OK)
		return result;
	if (header.type != CIPE_WIRE_INIT)
		return HANDSHAKE_UNEXPECTED;
	memcpy(&wire, msg, HEADER_LEN);
	/* By the peer's mode and cipher: a mismatch can then be named */
	if (handshake_noise(&noise, hs, &wire, false))
		return HANDSHAKE_INTERNAL;
	result = handshake_try_init(hs, noise, msg, len, &info);
	if (result != HANDSHAKE_OK) {
		noise_free(noise);
		return result;
	}
	secret_wipe(hs->psk, sizeof(hs->psk));
	hs->noise = noise;
	hs->peer_id = info.key_id;
	hs->phase = HANDSHAKE_READ;
	*peer = info;
	return HANDSHAKE_OK;
}

static enum handshake_result handshake_do_response(struct handshake *hs,
						   const struct handshake_info *own,
						   const uint8_t *ephemeral,
						   struct handshake_message *out,
						   struct handshake_keys *keys)
{
	enum handshake_result result;

	out->len = 0;
	handshake_keys_wipe(keys);
	if (hs->phase != HANDSHAKE_READ || !payload_key_id_valid(own->key_id))
		return HANDSHAKE_MISUSE;
	hs->phase = HANDSHAKE_OVER;
	hs->own_id = own->key_id;
	if (ephemeral)
		noise_fix_ephemeral(hs->noise, ephemeral);
	result = handshake_write(hs, CIPE_WIRE_RESPONSE, own, out);
	if (result == HANDSHAKE_OK)
		result = handshake_derive(hs, false, keys);
	if (result != HANDSHAKE_OK)
		out->len = 0;
	return result;
}

enum handshake_result handshake_write_response(struct handshake *hs,
					       const struct handshake_info *own,
					       struct handshake_message *out,
					       struct handshake_keys *keys)
{
	return handshake_do_response(hs, own, NULL, out, keys);
}

enum handshake_result handshake_write_response_fixed(struct handshake *hs,
						     const struct handshake_info *own,
						     const uint8_t ephemeral[32],
						     struct handshake_message *out,
						     struct handshake_keys *keys)
{
	return handshake_do_response(hs, own, ephemeral, out, keys);
}

/* Noise does not cover the header of RESPONSE, but there is only one right one */
static bool handshake_answers(const struct handshake *hs, const uint8_t *msg)
{
	struct cipe_wire_control expected = hs->header;

	expected.type = CIPE_WIRE_RESPONSE;
	return !memcmp(msg, &expected, HEADER_LEN);
}

/* Read RESPONSE with @noise, a copy, so that a forgery does no harm */
static enum handshake_result handshake_try_response(struct noise *noise, const uint8_t *msg,
						    size_t len, struct handshake_info *info)
{
	uint8_t payload[CIPE_WIRE_CONTROL_MAX];
	enum handshake_result result;
	size_t payload_size;

	result = handshake_noise_result(noise_read(noise, msg + HEADER_LEN, len - HEADER_LEN,
						   payload, sizeof(payload), &payload_size));
	if (result == HANDSHAKE_OK &&
	    payload_parse(payload, payload_size, CIPE_WIRE_RESPONSE, info))
		return HANDSHAKE_PAYLOAD;
	return result;
}

enum handshake_result handshake_read_response(struct handshake *hs, const uint8_t *msg,
					      size_t len, struct handshake_info *peer,
					      struct handshake_keys *keys)
{
	struct handshake_header header;
	enum handshake_result result;
	struct handshake_info info;
	struct noise *noise;

	handshake_keys_wipe(keys);
	if (hs->phase != HANDSHAKE_SENT)
		return HANDSHAKE_MISUSE;
	result = handshake_peek(msg, len, &header);
	if (result != HANDSHAKE_OK)
		return result;
	if (!handshake_answers(hs, msg))
		return HANDSHAKE_UNEXPECTED;
	noise = noise_clone(hs->noise);
	if (!noise)
		return HANDSHAKE_INTERNAL;
	result = handshake_try_response(noise, msg, len, &info);
	if (result != HANDSHAKE_OK) {
		noise_free(noise);
		return result;
	}
	noise_free(hs->noise);
	hs->noise = noise;
	hs->peer_id = info.key_id;
	result = handshake_derive(hs, true, keys);
	if (result == HANDSHAKE_OK)
		*peer = info;
	return result;
}

/* ------------------------------------------------------------------------
 * what the caller may want to know
 */

uint32_t handshake_session(const struct handshake *hs)
{
	return be32toh(hs->header.session);
}

const uint8_t *handshake_local_ephemeral(const struct handshake *hs)
{
	return hs->noise ? noise_local_ephemeral(hs->noise) : NULL;
}

const uint8_t *handshake_remote_ephemeral(const struct handshake *hs)
{
	return hs->noise ? noise_remote_ephemeral(hs->noise) : NULL;
}

bool handshake_keep_initiating(const struct handshake *ours, const struct handshake *theirs)
{
	const uint8_t *local = handshake_local_ephemeral(ours);
	const uint8_t *remote = handshake_remote_ephemeral(theirs);

	/* Equal: our INIT has come back, which is no reason to abandon it */
	return local && remote && memcmp(local, remote, HANDSHAKE_EPHEMERAL_LEN) >= 0;
}

uint8_t handshake_peer_mode(const struct handshake *hs)
{
	return hs->header.mode;
}

uint8_t handshake_peer_cipher(const struct handshake *hs)
{
	return hs->header.cipher;
}

static const char *const handshake_words[] = {
	[HANDSHAKE_OK] = "accepted",
	[HANDSHAKE_MALFORMED] = "not a key exchange message (length or header)",
	[HANDSHAKE_VERSION] = "another version of the protocol",
	[HANDSHAKE_PATTERN] = "a kind of key exchange that is not supported here",
	[HANDSHAKE_UNEXPECTED] = "does not answer the message we sent",
	[HANDSHAKE_NOT_AUTHENTIC] = "not authenticated: another key, or damaged or forged",
	[HANDSHAKE_REFLECTED] = "our own message came back",
	[HANDSHAKE_MODE] = "peer is configured for another mode",
	[HANDSHAKE_CIPHER] = "peer is configured for another cipher",
	[HANDSHAKE_PAYLOAD] = "authentic, but its contents break the protocol",
	[HANDSHAKE_BAD_KEY] = "authentic, but its public key is not acceptable",
	[HANDSHAKE_MISUSE] = "internal error: out of order",
	[HANDSHAKE_INTERNAL] = "out of locked memory, or libcrypto failed",
};

#define HANDSHAKE_WORDS (sizeof(handshake_words) / sizeof(handshake_words[0]))

const char *handshake_describe(const struct handshake *hs, enum handshake_result result,
			       char *buf, size_t size)
{
	if (hs && result == HANDSHAKE_MODE)
		snprintf(buf, size, "peer is configured mode=%s, we have mode=%s",
			 options_mode_name(handshake_peer_mode(hs)), options_mode_name(hs->mode));
	else if (hs && result == HANDSHAKE_CIPHER)
		snprintf(buf, size, "peer is configured cipher=%s, we have cipher=%s",
			 options_cipher_name(handshake_peer_cipher(hs)),
			 options_cipher_name(hs->cipher));
	else
		snprintf(buf, size, "%s", (size_t)result < HANDSHAKE_WORDS ?
					  handshake_words[result] : "unknown result");
	return buf;
}
