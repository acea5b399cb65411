// SPDX-License-Identifier: GPL-2.0-or-later
#include "handshake.h"

#include <endian.h>
#include <errno.h>
#include <string.h>

#include "derive.h"
#include "guard.h"
#include "secret.h"

#define PROLOGUE_LABEL_LEN (sizeof(CIPE_WIRE_PROLOGUE) - 1)
#define PROLOGUE_LEN (PROLOGUE_LABEL_LEN + GUARD_INIT_HEAD)

_Static_assert(GUARD_INIT_HEAD + 2 * (NOISE_PUBLIC_MAX + NOISE_TAG_LEN) + PAYLOAD_MAX +
	       GUARD_INIT_TAIL <= CIPE_WIRE_CONTROL_MAX, "messages fit");
_Static_assert(NOISE_KEY_LEN == DERIVE_PSK_LEN, "one psk");

enum handshake_phase {
	HANDSHAKE_NEW,
	HANDSHAKE_SENT,		/* INIT is written, waits for RESPONSE */
	HANDSHAKE_READ,		/* INIT is read, RESPONSE is to be written */
	HANDSHAKE_OVER,
};

/**
 * struct handshake - one exchange
 * @phase: what was said so far
 * @config: ours
 * @noise: the framework's state; NULL before INIT
 * @header: of INIT, as on the wire
 * @own_id: our key id, from INIT on at the initiator
 * @peer_id: the peer's key id, from INIT on at the responder
 * @split: outcome of Split(), for the moment
 */
struct handshake {
	enum handshake_phase phase;
	struct handshake_config config;
	struct noise *noise;
	struct cipe_wire_control header;
	uint32_t own_id;
	uint32_t peer_id;
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
	OSSL_LIB_CTX *lib = hs->config.id->lib;
	uint8_t cipher = hs->config.cipher;
	int err;

	err = noise_split(hs->noise, &hs->split[0], &hs->split[1]);
	if (!err)
		err = derive_data_key(lib, noise_hash(hs->noise), tx, cipher, keys->tx_key,
				      keys->tx_iv);
	if (!err)
		err = derive_data_key(lib, noise_hash(hs->noise), rx, cipher, keys->rx_key,
				      keys->rx_iv);
	secret_wipe(hs->split, sizeof(hs->split));
	hs->phase = HANDSHAKE_OVER;
	if (err) {
		handshake_keys_wipe(keys);
		return HANDSHAKE_INTERNAL;
	}
	keys->key_len = derive_key_len(cipher);
	keys->cipher = cipher;
	keys->tx_id = hs->peer_id;
	keys->rx_id = hs->own_id;
	return HANDSHAKE_OK;
}

/* ------------------------------------------------------------------------
 * Noise
 */

/* Initialize() of Noise. @head: header and cookie of INIT: the header's cipher
 * decides the suite, all of it goes into the prologue. @rs: of the peer, if that
 * is known.
 */
static int handshake_noise(struct noise **noise, const struct identity *id,
			   enum noise_pattern pattern, const uint8_t *head, bool initiator,
			   const uint8_t *rs)
{
	static const uint8_t later[NOISE_KEY_LEN];
	uint8_t cipher = head[offsetof(struct cipe_wire_control, cipher)];
	uint8_t prologue[PROLOGUE_LEN];
	struct noise_config config = {
		.pattern = pattern,
		.suite = { .lib = id->lib, .dh = id->dh,
			   .aead = derive_is_gcm(cipher) ? NOISE_AESGCM : NOISE_CHACHAPOLY },
		.initiator = initiator,
		.prologue = prologue,
		.prologue_len = sizeof(prologue),
	};

	/* IKpsk2 takes it with the second message only */
	if (pattern != NOISE_IK)
		config.psk = id->has_psk ? id->psk : later;
	if (id->has_static) {
		config.s = id->private_key;
		config.s_public = id->public_key;
		config.rs = initiator ? rs : NULL;
		config.expected_rs = rs;
	}
	memcpy(prologue, CIPE_WIRE_PROLOGUE, PROLOGUE_LABEL_LEN);
	memcpy(prologue + PROLOGUE_LABEL_LEN, head, GUARD_INIT_HEAD);
	return noise_new(noise, &config);
}

static int handshake_link_noise(struct noise **noise, const struct handshake *hs,
				const uint8_t *head, bool initiator)
{
	const struct identity *id = hs->config.id;

	return handshake_noise(noise, id, id->pattern, head, initiator,
			       id->has_static ? id->peer_key : NULL);
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
	case -EACCES:
		return HANDSHAKE_STRANGER;
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

	memcpy(ikm, hs->config.local, HANDSHAKE_LOCAL_LEN);
	memcpy(ikm + HANDSHAKE_LOCAL_LEN, &info->timestamp, sizeof(info->timestamp));
	memcpy(ikm + HANDSHAKE_LOCAL_LEN + sizeof(info->timestamp), &info->key_id,
	       sizeof(info->key_id));
	err = derive_hkdf(hs->config.id->lib, NULL, 0, ikm, sizeof(ikm), NULL, 0,
			  (uint8_t *)session, sizeof(*session));
	secret_wipe(ikm, sizeof(ikm));
	return err;
}

/* ------------------------------------------------------------------------
 * the exchange
 */

struct handshake *handshake_new(const struct handshake_config *config)
{
	struct handshake *hs;

	if (!config->id || config->mode > CIPE_MODE_ETHER || !derive_key_len(config->cipher) ||
	    (config->id->dh == NOISE_P256 && !derive_is_gcm(config->cipher)))
		return NULL;
	hs = secret_alloc(sizeof(*hs));
	if (hs)
		hs->config = *config;
	return hs;
}

void handshake_free(struct handshake *hs)
{
	if (!hs)
		return;
	noise_free(hs->noise);
	secret_free(hs, sizeof(*hs));
}

/* What Noise writes, behind @head octets */
static enum handshake_result handshake_write(struct handshake *hs, uint8_t type,
					     const struct handshake_info *own, size_t head,
					     struct handshake_message *out)
{
	uint8_t payload[PAYLOAD_MAX];
	size_t payload_size = payload_write(own, type, payload), len;
	int err;

	err = noise_write(hs->noise, payload, payload_size, out->data + head,
			  sizeof(out->data) - head - GUARD_INIT_TAIL, &len);
	if (err == -EKEYREJECTED)
		return HANDSHAKE_BAD_KEY;
	if (err)
		return HANDSHAKE_INTERNAL;
	out->len = head + len;
	return HANDSHAKE_OK;
}

static enum handshake_result handshake_write_init(struct handshake *hs,
						  const struct handshake_info *own,
						  struct handshake_message *out)
{
	if (handshake_write(hs, CIPE_WIRE_INIT, own, GUARD_INIT_HEAD, out) != HANDSHAKE_OK ||
	    guard_sign(hs->config.id, out->data, out->len)) {
		out->len = 0;
		return HANDSHAKE_INTERNAL;
	}
	out->len += GUARD_INIT_TAIL;
	return HANDSHAKE_OK;
}

/* @cookie: NULL for none, @ephemeral and @session: NULL for random ones */
static enum handshake_result handshake_do_initiate(struct handshake *hs,
						   const struct handshake_info *own,
						   const uint8_t *cookie,
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
	else if (hs->config.local)
		err = handshake_own_session(hs, own, &id);
	else
		err = secret_random_of(hs->config.id->lib, &id, sizeof(id));
	hs->header = (struct cipe_wire_control){
		.marker = htobe32(CIPE_WIRE_CONTROL),
		.version = CIPE_WIRE_VERSION,
		.type = CIPE_WIRE_INIT,
		.pattern = identity_pattern(hs->config.id),
		.mode = hs->config.mode,
		.cipher = hs->config.cipher,
		.dh = identity_dh(hs->config.id),
		.session = id,
	};
	memcpy(hs->header.hint, hs->config.id->hint_out, sizeof(hs->header.hint));
	hs->own_id = own->key_id;
	memcpy(out->data, &hs->header, GUARD_HEADER_LEN);
	memset(out->data + GUARD_HEADER_LEN, 0, CIPE_WIRE_COOKIE_LEN);
	if (cookie)
		memcpy(out->data + GUARD_HEADER_LEN, cookie, CIPE_WIRE_COOKIE_LEN);
	if (!err)
		err = handshake_link_noise(&hs->noise, hs, out->data, true);
	if (err)
		return HANDSHAKE_INTERNAL;
	if (ephemeral)
		noise_fix_ephemeral(hs->noise, ephemeral);
	if (handshake_write_init(hs, own, out) != HANDSHAKE_OK)
		return HANDSHAKE_INTERNAL;
	hs->phase = HANDSHAKE_SENT;
	return HANDSHAKE_OK;
}

enum handshake_result handshake_initiate(struct handshake *hs, const struct handshake_info *own,
					 const uint8_t *cookie, struct handshake_message *out)
{
	return handshake_do_initiate(hs, own, cookie, NULL, NULL, out);
}

enum handshake_result handshake_initiate_fixed(struct handshake *hs,
					       const struct handshake_info *own,
					       const uint8_t *cookie,
					       const uint8_t ephemeral[32], uint32_t session,
					       struct handshake_message *out)
{
	return handshake_do_initiate(hs, own, cookie, ephemeral, &session, out);
}

/* What an authentic INIT says: may we answer it? */
static enum handshake_result handshake_judge_init(struct handshake *hs, const uint8_t *payload,
						  size_t len, struct handshake_info *info)
{
	uint32_t session;

	if (hs->header.mode != hs->config.mode)
		return HANDSHAKE_MODE;
	if (hs->header.cipher != hs->config.cipher)
		return HANDSHAKE_CIPHER;
	if (payload_parse(payload, len, CIPE_WIRE_INIT, info))
		return HANDSHAKE_PAYLOAD;
	if (!hs->config.local)
		return HANDSHAKE_OK;
	if (handshake_own_session(hs, info, &session))
		return HANDSHAKE_INTERNAL;
	return session == hs->header.session ? HANDSHAKE_REFLECTED : HANDSHAKE_OK;
}

/* Read INIT, which was screened, with @noise */
static enum handshake_result handshake_try_init(struct handshake *hs, struct noise *noise,
						const uint8_t *msg, size_t len,
						struct handshake_info *info)
{
	uint8_t payload[CIPE_WIRE_CONTROL_MAX];
	enum handshake_result result;
	size_t payload_size;

	result = handshake_noise_result(noise_read(noise, msg + GUARD_INIT_HEAD,
						   len - GUARD_INIT_HEAD - GUARD_INIT_TAIL, payload,
						   sizeof(payload), &payload_size));
	if (result != HANDSHAKE_OK)
		return result;
	memcpy(&hs->header, msg, GUARD_HEADER_LEN);
	return handshake_judge_init(hs, payload, payload_size, info);
}

enum handshake_result handshake_read_init(struct handshake *hs, const uint8_t *msg, size_t len,
					  struct handshake_info *peer)
{
	struct handshake_header header;
	enum handshake_result result;
	struct handshake_info info;
	struct noise *noise;

	if (hs->phase != HANDSHAKE_NEW)
		return HANDSHAKE_MISUSE;
	result = handshake_screen(&hs->config, msg, len, &header);
	if (result != HANDSHAKE_OK)
		return result;
	/* By the peer's mode and cipher: a mismatch can then be named */
	if (handshake_link_noise(&noise, hs, msg, false))
		return HANDSHAKE_INTERNAL;
	result = handshake_try_init(hs, noise, msg, len, &info);
	if (result != HANDSHAKE_OK) {
		noise_free(noise);
		return result;
	}
	hs->noise = noise;
	hs->peer_id = info.key_id;
	hs->phase = HANDSHAKE_READ;
	*peer = info;
	return HANDSHAKE_OK;
}

enum handshake_result handshake_identify(const struct identity *id, const uint8_t *msg, size_t len,
					 uint8_t peer_key[NOISE_PUBLIC_MAX])
{
	enum handshake_result result;
	struct handshake_header header;
	struct noise *noise;

	result = handshake_peek(msg, len, &header);
	if (result != HANDSHAKE_OK)
		return result;
	if (!id->has_static || header.pattern == CIPE_WIRE_NNPSK0)
		return HANDSHAKE_PATTERN;
	if (handshake_noise(&noise, id,
			    header.pattern == CIPE_WIRE_IK ? NOISE_IK : NOISE_IKPSK2, msg, false,
			    NULL))
		return HANDSHAKE_INTERNAL;
	result = handshake_noise_result(noise_read_static(noise, msg + GUARD_INIT_HEAD,
							  len - GUARD_INIT_HEAD - GUARD_INIT_TAIL,
							  peer_key));
	noise_free(noise);
	return result;
}

static enum handshake_result handshake_do_response(struct handshake *hs,
						   const struct handshake_info *own,
						   const uint8_t *ephemeral,
						   struct handshake_message *out,
						   struct handshake_keys *keys)
{
	struct cipe_wire_control header = hs->header;
	enum handshake_result result;

	out->len = 0;
	handshake_keys_wipe(keys);
	if (hs->phase != HANDSHAKE_READ || !payload_key_id_valid(own->key_id))
		return HANDSHAKE_MISUSE;
	hs->phase = HANDSHAKE_OVER;
	hs->own_id = own->key_id;
	if (ephemeral)
		noise_fix_ephemeral(hs->noise, ephemeral);
	header.type = CIPE_WIRE_RESPONSE;
	memcpy(out->data, &header, GUARD_HEADER_LEN);
	result = handshake_write(hs, CIPE_WIRE_RESPONSE, own, GUARD_HEADER_LEN, out);
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
	return !memcmp(msg, &expected, GUARD_HEADER_LEN);
}

/* Read RESPONSE with @noise, a copy, so that a forgery does no harm */
static enum handshake_result handshake_try_response(struct noise *noise, const uint8_t *msg,
						    size_t len, struct handshake_info *info)
{
	uint8_t payload[CIPE_WIRE_CONTROL_MAX];
	enum handshake_result result;
	size_t payload_size;

	result = handshake_noise_result(noise_read(noise, msg + GUARD_HEADER_LEN,
						   len - GUARD_HEADER_LEN, payload,
						   sizeof(payload), &payload_size));
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
	return local && remote && memcmp(local, remote, noise_public_len(ours->config.id->dh)) >= 0;
}
