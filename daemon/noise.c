// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Noise Protocol Framework, revision 34, sections 5.2 and 5.3: SymmetricState
 * and HandshakeState, driven by a table of patterns. Names in capitals in
 * comments are the document's functions.
 */
#include "noise.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "noise_crypto.h"
#include "secret.h"

/* Section 7.1, with psk of section 9 */
enum noise_token {
	NOISE_END,
	NOISE_E,
	NOISE_S,
	NOISE_EE,
	NOISE_ES,
	NOISE_SE,
	NOISE_SS,
	NOISE_PSK,
};

#define NOISE_TOKENS_MAX 6	/* of one message, with NOISE_END */
#define NOISE_MESSAGES 2	/* of every pattern in the table */

enum noise_role {
	NOISE_INITIATOR,
	NOISE_RESPONDER,
	NOISE_ROLES
};

/**
 * struct noise_row - a handshake pattern
 * @name: in the protocol name, section 8
 * @pre_s: pre-messages, section 7.1: the role's static key is known before
 * @token: tokens of each message; the initiator writes the first
 */
struct noise_row {
	const char *name;
	bool pre_s[NOISE_ROLES];
	uint8_t token[NOISE_MESSAGES][NOISE_TOKENS_MAX];
};

static const struct noise_row noise_rows[NOISE_PATTERNS] = {
	[NOISE_NNPSK0] = { "NNpsk0", { false, false },
		{ { NOISE_PSK, NOISE_E }, { NOISE_E, NOISE_EE } } },
	[NOISE_IK] = { "IK", { false, true },
		{ { NOISE_E, NOISE_ES, NOISE_S, NOISE_SS },
		  { NOISE_E, NOISE_EE, NOISE_SE } } },
	[NOISE_IKPSK2] = { "IKpsk2", { false, true },
		{ { NOISE_E, NOISE_ES, NOISE_S, NOISE_SS },
		  { NOISE_E, NOISE_EE, NOISE_SE, NOISE_PSK } } },
};

static const char *const noise_dh_name[NOISE_DHS] = {
	[NOISE_25519] = "25519",
	[NOISE_P256] = "P256",
};

static const char *const noise_aead_name[NOISE_AEADS] = {
	[NOISE_CHACHAPOLY] = "ChaChaPoly",
	[NOISE_AESGCM] = "AESGCM",
};

enum noise_phase {
	NOISE_RUNNING,
	NOISE_FINISHED,		/* all messages exchanged, Split() to come */
	NOISE_OVER,		/* split or failed; secrets are wiped */
};

struct noise {
	const struct noise_row *row;
	struct noise_suite suite;
	enum noise_role role;
	enum noise_phase phase;
	unsigned int message;	/* the one to be written or read next */
	bool psk_mode;		/* the pattern has a psk token */
	bool fixed_e;		/* e.private_key was given for a test */
	bool expects_rs;	/* no other key than expected_rs */

	struct noise_cipher cipher;
	uint8_t ck[NOISE_HASH_LEN];
	uint8_t h[NOISE_HASH_LEN];

	struct noise_pair s, e, rs, re;
	uint8_t expected_rs[NOISE_PUBLIC_MAX];
	uint8_t psk[NOISE_KEY_LEN];
	uint8_t work[3 * NOISE_HASH_LEN];	/* outputs of HKDF() and DH() */
};

/* ------------------------------------------------------------------------
 * SymmetricState, section 5.2
 */

static size_t noise_dh_len(const struct noise *st)
{
	return noise_public_len(st->suite.dh);
}

static size_t noise_tag_len(const struct noise *st)
{
	return st->cipher.has_key ? NOISE_TAG_LEN : 0;
}

/* MixHash() */
static int noise_mix_hash(struct noise *st, const void *data, size_t len)
{
	return noise_digest(st->suite.lib, st->h, NOISE_HASH_LEN, data, len, st->h);
}

/* MixKey() */
static int noise_mix_key(struct noise *st, const uint8_t *ikm, size_t len)
{
	int err = noise_hkdf(st->suite.lib, st->ck, ikm, len, 2, st->work);

	if (err)
		return err;
	memcpy(st->ck, st->work, NOISE_HASH_LEN);
	noise_cipher_set_key(&st->cipher, st->work + NOISE_HASH_LEN);
	secret_wipe(st->work, sizeof(st->work));
	return 0;
}

/* MixKeyAndHash() */
static int noise_mix_key_and_hash(struct noise *st, const uint8_t ikm[NOISE_KEY_LEN])
{
	int err = noise_hkdf(st->suite.lib, st->ck, ikm, NOISE_KEY_LEN, 3, st->work);

	if (err)
		return err;
	memcpy(st->ck, st->work, NOISE_HASH_LEN);
	err = noise_mix_hash(st, st->work + NOISE_HASH_LEN, NOISE_HASH_LEN);
	noise_cipher_set_key(&st->cipher, st->work + 2 * NOISE_HASH_LEN);
	secret_wipe(st->work, sizeof(st->work));
	return err;
}

/* EncryptAndHash(); writes len + noise_tag_len() octets */
static int noise_encrypt_and_hash(struct noise *st, const uint8_t *plain, size_t len,
				  uint8_t *out)
{
	size_t out_len = len + noise_tag_len(st);
	int err;

	err = noise_cipher_encrypt(&st->cipher, st->h, NOISE_HASH_LEN, plain, len, out);
	return err ? err : noise_mix_hash(st, out, out_len);
}

/* DecryptAndHash(); writes len - noise_tag_len() octets */
static int noise_decrypt_and_hash(struct noise *st, const uint8_t *msg, size_t len, uint8_t *out)
{
	int err;

	err = noise_cipher_decrypt(&st->cipher, st->h, NOISE_HASH_LEN, msg, len, out);
	return err ? err : noise_mix_hash(st, msg, len);
}

/* InitializeSymmetric() */
static int noise_init_symmetric(struct noise *st)
{
	char name[64];
	int len;

	/* Section 8: Noise_PATTERN_DH_CIPHER_HASH */
	len = snprintf(name, sizeof(name), "Noise_%s_%s_%s_SHA256", st->row->name,
		       noise_dh_name[st->suite.dh], noise_aead_name[st->suite.aead]);
	st->cipher.lib = st->suite.lib;
	st->cipher.aead = st->suite.aead;
	if (len <= NOISE_HASH_LEN) {
		memcpy(st->h, name, (size_t)len);	/* the rest is 0 already */
	} else {
		int err = noise_digest(st->suite.lib, name, (size_t)len, NULL, 0, st->h);

		if (err)
			return err;
	}
	memcpy(st->ck, st->h, NOISE_HASH_LEN);
	return 0;
}

/* ------------------------------------------------------------------------
 * HandshakeState, section 5.3
 */

/* Nothing secret stays; public keys and h do when it went well */
static void noise_end(struct noise *st, bool failed)
{
	secret_wipe(&st->cipher, sizeof(st->cipher));
	secret_wipe(st->ck, sizeof(st->ck));
	secret_wipe(st->s.private_key, NOISE_KEY_LEN);
	secret_wipe(st->e.private_key, NOISE_KEY_LEN);
	secret_wipe(st->psk, sizeof(st->psk));
	secret_wipe(st->work, sizeof(st->work));
	if (failed) {
		secret_wipe(st->h, sizeof(st->h));
		st->s.known = st->e.known = st->rs.known = st->re.known = false;
	}
	st->phase = NOISE_OVER;
}

static bool noise_row_has(const struct noise_row *row, unsigned int message, uint8_t token)
{
	return memchr(row->token[message], token, NOISE_TOKENS_MAX);
}

/* The role's static key plays a part in the pattern. With two messages the
 * role is also the number of the message it writes.
 */
static bool noise_row_static(const struct noise_row *row, enum noise_role role)
{
	return row->pre_s[role] || noise_row_has(row, role, NOISE_S);
}

static bool noise_config_valid(const struct noise_config *config)
{
	enum noise_role us = config->initiator ? NOISE_INITIATOR : NOISE_RESPONDER;
	enum noise_role them = config->initiator ? NOISE_RESPONDER : NOISE_INITIATOR;
	const struct noise_row *row;
	bool psk;

	if ((unsigned int)config->pattern >= NOISE_PATTERNS ||
	    (unsigned int)config->suite.aead >= NOISE_AEADS ||
	    (unsigned int)config->suite.dh >= NOISE_DHS)
		return false;
	row = &noise_rows[config->pattern];
	psk = noise_row_has(row, 0, NOISE_PSK) || noise_row_has(row, 1, NOISE_PSK);
	return psk == !!config->psk && noise_row_static(row, us) == !!config->s &&
	       row->pre_s[them] == !!config->rs && (config->prologue || !config->prologue_len);
}

/* Pre-messages, the initiator's first */
static int noise_mix_pre_messages(struct noise *st)
{
	int role, err = 0;

	for (role = NOISE_INITIATOR; role <= NOISE_RESPONDER && !err; role++) {
		const struct noise_pair *pair = role == (int)st->role ? &st->s : &st->rs;

		if (st->row->pre_s[role])
			err = noise_mix_hash(st, pair->public_key, noise_dh_len(st));
	}
	return err;
}

/* Initialize() */
static int noise_init(struct noise *st, const struct noise_config *config)
{
	int err;

	st->row = &noise_rows[config->pattern];
	st->suite = config->suite;
	st->role = config->initiator ? NOISE_INITIATOR : NOISE_RESPONDER;
	if (config->psk) {
		memcpy(st->psk, config->psk, NOISE_KEY_LEN);
		st->psk_mode = true;
	}
	if (config->s) {
		memcpy(st->s.private_key, config->s, NOISE_KEY_LEN);
		if (config->s_public) {
			memcpy(st->s.public_key, config->s_public, noise_dh_len(st));
		} else {
			err = noise_public_key(&st->suite, st->s.private_key, st->s.public_key);
			if (err)
				return err;
		}
		st->s.known = true;
	}
	if (config->rs) {
		memcpy(st->rs.public_key, config->rs, noise_dh_len(st));
		st->rs.known = true;
	}
	if (config->expected_rs) {
		memcpy(st->expected_rs, config->expected_rs, noise_dh_len(st));
		st->expects_rs = true;
	}
	err = noise_init_symmetric(st);
	if (!err)
		err = noise_mix_hash(st, config->prologue, config->prologue_len);
	return err ? err : noise_mix_pre_messages(st);
}

int noise_new(struct noise **state, const struct noise_config *config)
{
	struct noise *st;
	int err;

	*state = NULL;
	if (!noise_config_valid(config))
		return -EINVAL;
	st = secret_alloc(sizeof(*st));
	if (!st)
		return -ENOMEM;
	err = noise_init(st, config);
	if (err)
		noise_free(st);
	else
		*state = st;
	return err;
}

struct noise *noise_clone(const struct noise *state)
{
	struct noise *st = secret_alloc(sizeof(*st));

	if (st)
		memcpy(st, state, sizeof(*st));
	return st;
}

void noise_free(struct noise *state)
{
	secret_free(state, sizeof(*state));
}

void noise_fix_ephemeral(struct noise *state, const uint8_t private_key[NOISE_KEY_LEN])
{
	memcpy(state->e.private_key, private_key, NOISE_KEY_LEN);
	state->fixed_e = true;
}

/* MixKey(DH(ours, theirs)) */
static int noise_mix_dh(struct noise *st, const struct noise_pair *ours,
			const struct noise_pair *theirs)
{
	int err;

	if (!ours->known || !theirs->known)
		return -EPROTO;
	err = noise_dh(&st->suite, ours, theirs->public_key, st->work);
	return err ? err : noise_mix_key(st, st->work, NOISE_KEY_LEN);
}

/* The tokens that put nothing into the message: the same for both directions */
static int noise_mix_token(struct noise *st, uint8_t token)
{
	bool initiator = st->role == NOISE_INITIATOR;

	switch (token) {
	case NOISE_EE:
		return noise_mix_dh(st, &st->e, &st->re);
	case NOISE_ES:
		return initiator ? noise_mix_dh(st, &st->e, &st->rs) :
				   noise_mix_dh(st, &st->s, &st->re);
	case NOISE_SE:
		return initiator ? noise_mix_dh(st, &st->s, &st->re) :
				   noise_mix_dh(st, &st->e, &st->rs);
	case NOISE_SS:
		return noise_mix_dh(st, &st->s, &st->rs);
	case NOISE_PSK:
		return noise_mix_key_and_hash(st, st->psk);
	default:
		return -EPROTO;
	}
}

/* Section 9.2: in psk patterns the ephemeral key is mixed into ck as well */
static int noise_mix_ephemeral(struct noise *st, const uint8_t *public_key)
{
	int err = noise_mix_hash(st, public_key, noise_dh_len(st));

	if (!err && st->psk_mode)
		err = noise_mix_key(st, public_key, noise_dh_len(st));
	return err;
}

static int noise_write_e(struct noise *st, uint8_t *out, size_t room, size_t *len)
{
	size_t need = noise_dh_len(st);
	int err;

	if (room < need)
		return -EMSGSIZE;
	err = st->fixed_e ?
	      noise_public_key(&st->suite, st->e.private_key, st->e.public_key) :
	      noise_generate(&st->suite, &st->e);
	if (err)
		return err;
	st->e.known = true;
	memcpy(out, st->e.public_key, need);
	*len += need;
	return noise_mix_ephemeral(st, st->e.public_key);
}

static int noise_write_s(struct noise *st, uint8_t *out, size_t room, size_t *len)
{
	size_t need = noise_dh_len(st) + noise_tag_len(st);

	if (room < need)
		return -EMSGSIZE;
	*len += need;
	return noise_encrypt_and_hash(st, st->s.public_key, noise_dh_len(st), out);
}

static int noise_write_all(struct noise *st, const uint8_t *payload, size_t payload_len,
			   uint8_t *out, size_t room, size_t *out_len)
{
	const uint8_t *token = st->row->token[st->message];
	size_t len = 0;
	int err = 0;

	for (; *token != NOISE_END && !err; token++) {
		if (*token == NOISE_E)
			err = noise_write_e(st, out + len, room - len, &len);
		else if (*token == NOISE_S)
			err = noise_write_s(st, out + len, room - len, &len);
		else
			err = noise_mix_token(st, *token);
	}
	if (err)
		return err;
	if (room - len < noise_tag_len(st) || room - len - noise_tag_len(st) < payload_len)
		return -EMSGSIZE;
	*out_len = len + payload_len + noise_tag_len(st);
	return noise_encrypt_and_hash(st, payload, payload_len, out + len);
}

/* Whether the next message is ours to write */
static bool noise_our_turn(const struct noise *st)
{
	return (st->message % 2 == 0) == (st->role == NOISE_INITIATOR);
}

/* After a message: on to the next, or to the end */
static int noise_step(struct noise *st, int err)
{
	if (err)
		noise_end(st, true);
	else if (++st->message == NOISE_MESSAGES)
		st->phase = NOISE_FINISHED;
	return err;
}

int noise_write(struct noise *state, const void *payload, size_t payload_len, uint8_t *out,
		size_t room, size_t *out_len)
{
	if (state->phase != NOISE_RUNNING || !noise_our_turn(state))
		return -EPROTO;
	if (room > NOISE_MESSAGE_MAX)
		room = NOISE_MESSAGE_MAX;
	return noise_step(state, noise_write_all(state, payload, payload_len, out, room, out_len));
}

static int noise_read_e(struct noise *st, const uint8_t *msg, size_t left, size_t *at)
{
	size_t need = noise_dh_len(st);

	if (left < need)
		return -EMSGSIZE;
	memcpy(st->re.public_key, msg, need);
	st->re.known = true;
	*at += need;
	return noise_mix_ephemeral(st, st->re.public_key);
}

static int noise_read_s(struct noise *st, const uint8_t *msg, size_t left, size_t *at)
{
	size_t need = noise_dh_len(st) + noise_tag_len(st);
	int err;

	if (left < need)
		return -EMSGSIZE;
	err = noise_decrypt_and_hash(st, msg, need, st->rs.public_key);
	if (err)
		return err;
	/* Before more DH is spent on a stranger */
	if (st->expects_rs && memcmp(st->rs.public_key, st->expected_rs, noise_dh_len(st)))
		return -EACCES;
	st->rs.known = true;
	*at += need;
	return 0;
}

static int noise_read_all(struct noise *st, const uint8_t *msg, size_t msg_len, uint8_t *payload,
			  size_t room, size_t *payload_len)
{
	const uint8_t *token = st->row->token[st->message];
	size_t at = 0;
	int err = 0;

	for (; *token != NOISE_END && !err; token++) {
		if (*token == NOISE_E)
			err = noise_read_e(st, msg + at, msg_len - at, &at);
		else if (*token == NOISE_S)
			err = noise_read_s(st, msg + at, msg_len - at, &at);
		else
			err = noise_mix_token(st, *token);
	}
	if (err)
		return err;
	if (msg_len - at < noise_tag_len(st) || room < msg_len - at - noise_tag_len(st))
		return -EMSGSIZE;
	*payload_len = msg_len - at - noise_tag_len(st);
	return noise_decrypt_and_hash(st, msg + at, msg_len - at, payload);
}

int noise_read(struct noise *state, const uint8_t *msg, size_t msg_len, uint8_t *payload,
	       size_t room, size_t *payload_len)
{
	if (state->phase != NOISE_RUNNING || noise_our_turn(state))
		return -EPROTO;
	if (msg_len > NOISE_MESSAGE_MAX)
		return noise_step(state, -EMSGSIZE);
	return noise_step(state, noise_read_all(state, msg, msg_len, payload, room, payload_len));
}

int noise_read_static(struct noise *state, const uint8_t *msg, size_t msg_len, uint8_t *public_key)
{
	const uint8_t *token = state->row->token[0];
	size_t at = 0;
	int err = 0;

	if (state->phase != NOISE_RUNNING || state->message || noise_our_turn(state))
		return -EPROTO;
	for (; *token != NOISE_END && !state->rs.known && !err; token++) {
		if (*token == NOISE_E)
			err = noise_read_e(state, msg + at, msg_len - at, &at);
		else if (*token == NOISE_S)
			err = noise_read_s(state, msg + at, msg_len - at, &at);
		else
			err = noise_mix_token(state, *token);
	}
	if (!err && !state->rs.known)
		err = -EPROTO;
	if (!err)
		memcpy(public_key, state->rs.public_key, noise_dh_len(state));
	noise_end(state, true);
	return err;
}

bool noise_finished(const struct noise *state)
{
	return state->phase == NOISE_FINISHED;
}

int noise_split(struct noise *state, struct noise_cipher *first, struct noise_cipher *second)
{
	int err;

	if (state->phase != NOISE_FINISHED)
		return -EPROTO;
	/* Zero-length input keying material */
	err = noise_hkdf(state->suite.lib, state->ck, (const uint8_t *)"", 0, 2, state->work);
	if (!err) {
		first->lib = second->lib = state->suite.lib;
		first->aead = second->aead = state->suite.aead;
		noise_cipher_set_key(first, state->work);
		noise_cipher_set_key(second, state->work + NOISE_HASH_LEN);
	}
	noise_end(state, err != 0);
	return err;
}

const uint8_t *noise_hash(const struct noise *state)
{
	return state->h;
}

static const uint8_t *noise_known_key(const struct noise_pair *pair)
{
	return pair->known ? pair->public_key : NULL;
}

const uint8_t *noise_local_ephemeral(const struct noise *state)
{
	return noise_known_key(&state->e);
}

const uint8_t *noise_remote_ephemeral(const struct noise *state)
{
	return noise_known_key(&state->re);
}

const uint8_t *noise_remote_static(const struct noise *state)
{
	return noise_known_key(&state->rs);
}
