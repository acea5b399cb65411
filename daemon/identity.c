// SPDX-License-Identifier: GPL-2.0-or-later
#include "identity.h"

#include <errno.h>
#include <string.h>

#include <cipe/wire.h>

#include "derive.h"
#include "noise_crypto.h"
#include "secret.h"

/* What tells whom a message is for: a MAC's key, and the hint to look it up by */
static int derive_for(const struct identity *id, const uint8_t *ikm, size_t len,
		      uint8_t key[NOISE_HASH_LEN], uint8_t hint[CIPE_WIRE_HINT_LEN])
{
	int err = derive_hkdf(id->lib, NULL, 0, ikm, len, CIPE_WIRE_LABEL_MAC,
			      strlen(CIPE_WIRE_LABEL_MAC), key, NOISE_HASH_LEN);

	return err ? err : derive_hkdf(id->lib, NULL, 0, ikm, len, CIPE_WIRE_LABEL_HINT,
				       strlen(CIPE_WIRE_LABEL_HINT), hint, CIPE_WIRE_HINT_LEN);
}

/* A message is for whoever has the public key, or else the pre-shared one */
static int make_mac_keys(struct identity *id)
{
	size_t len = noise_public_len(id->dh);
	int err;

	if (!id->has_static) {
		err = derive_for(id, id->psk, NOISE_KEY_LEN, id->mac_in, id->hint_in);
		memcpy(id->mac_out, id->mac_in, sizeof(id->mac_out));
		memcpy(id->hint_out, id->hint_in, sizeof(id->hint_out));
		return err;
	}
	err = derive_for(id, id->public_key, len, id->mac_in, id->hint_in);
	return err ? err : derive_for(id, id->peer_key, len, id->mac_out, id->hint_out);
}

/* What every exchange would fail at is found now: no point, or of low order */
static int try_keys(const struct identity *id)
{
	const struct noise_suite suite = { .lib = id->lib, .dh = id->dh };
	struct noise_pair *own = secret_alloc(sizeof(*own));
	int err;

	if (!own)
		return -ENOMEM;
	memcpy(own->private_key, id->private_key, NOISE_KEY_LEN);
	memcpy(own->public_key, id->public_key, sizeof(own->public_key));
	/* The result is of no use, and secret: over the private key with it */
	err = noise_dh(&suite, own, id->peer_key, own->private_key);
	secret_free(own, sizeof(*own));
	return err;
}

static int take_static(struct identity *id, const struct identity_config *config)
{
	const struct noise_suite suite = { .lib = id->lib, .dh = id->dh };
	size_t len = noise_public_len(id->dh);
	int err;

	id->has_static = true;
	memcpy(id->private_key, config->private_key, NOISE_KEY_LEN);
	memcpy(id->peer_key, config->peer_key, len);
	err = noise_public_key(&suite, id->private_key, id->public_key);
	if (!err && !memcmp(id->public_key, id->peer_key, len))
		err = -EALREADY;
	return err ? err : try_keys(id);
}

static int fill(struct identity *id, const struct identity_config *config)
{
	int err = 0;

	id->lib = config->lib;
	id->dh = config->dh;
	if (config->psk) {
		id->has_psk = true;
		memcpy(id->psk, config->psk, NOISE_KEY_LEN);
	}
	if (config->private_key)
		err = take_static(id, config);
	if (err)
		return err;
	id->pattern = !id->has_static ? NOISE_NNPSK0 : id->has_psk ? NOISE_IKPSK2 : NOISE_IK;
	err = make_mac_keys(id);
	if (err)
		return err;
	id->mac_ready = noise_mac_new(id->lib, id->mac_in);
	return id->mac_ready ? 0 : -EIO;
}

int identity_new(struct identity **id, const struct identity_config *config)
{
	int err;

	*id = NULL;
	if ((unsigned int)config->dh >= NOISE_DHS || !config->private_key != !config->peer_key ||
	    (!config->psk && !config->private_key))
		return -EINVAL;
	*id = secret_alloc(sizeof(**id));
	if (!*id)
		return -ENOMEM;
	err = fill(*id, config);
	if (err) {
		identity_free(*id);
		*id = NULL;
	}
	return err;
}

uint8_t identity_pattern(const struct identity *id)
{
	static const uint8_t on_wire[NOISE_PATTERNS] = {
		[NOISE_NNPSK0] = CIPE_WIRE_NNPSK0,
		[NOISE_IK] = CIPE_WIRE_IK,
		[NOISE_IKPSK2] = CIPE_WIRE_IKPSK2,
	};

	return on_wire[id->pattern];
}

uint8_t identity_dh(const struct identity *id)
{
	return id->dh == NOISE_P256 ? CIPE_WIRE_P256 : CIPE_WIRE_25519;
}

void identity_free(struct identity *id)
{
	if (id)
		noise_mac_free(id->mac_ready);
	secret_free(id, sizeof(*id));
}
