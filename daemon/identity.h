/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Who we are and who the peer is: the long-term keys of a link, and what is
 * made of them once. They decide the Noise pattern.
 */
#ifndef CIPE_IDENTITY_H
#define CIPE_IDENTITY_H

#include <cipe/wire.h>

#include "noise.h"
#include "noise_mac.h"

/**
 * struct identity_config - configured keys, to be copied
 * @lib: libcrypto to use; NULL: the default one
 * @dh: DH functions
 * @psk: pre-shared key of %NOISE_KEY_LEN octets (derive_psk()), or NULL
 * @private_key: ours, %NOISE_KEY_LEN octets, or NULL; with it comes
 * @peer_key: the peer's public key, noise_public_len() octets
 */
struct identity_config {
	OSSL_LIB_CTX *lib;
	enum noise_dh dh;
	const uint8_t *psk;
	const uint8_t *private_key;
	const uint8_t *peer_key;
};

/**
 * struct identity - the keys of a link, in memory of secret_alloc(); unchanging
 * @lib: libcrypto to use
 * @dh: DH functions
 * @pattern: by the keys there are
 * @has_psk: there is a pre-shared key
 * @has_static: there are public keys
 * @psk: see struct identity_config
 * @private_key: likewise
 * @public_key: that of @private_key
 * @peer_key: likewise
 * @mac_in: key of the MAC of messages to us (docs/protocol.md, "The MAC")
 * @mac_out: of messages to the peer
 * @hint_in: cipe_wire_control.hint of messages to us
 * @hint_out: of messages to the peer
 * @mac_ready: @mac_in, ready for use
 */
struct identity {
	OSSL_LIB_CTX *lib;
	enum noise_dh dh;
	enum noise_pattern pattern;
	bool has_psk;
	bool has_static;
	uint8_t psk[NOISE_KEY_LEN];
	uint8_t private_key[NOISE_KEY_LEN];
	uint8_t public_key[NOISE_PUBLIC_MAX];
	uint8_t peer_key[NOISE_PUBLIC_MAX];
	uint8_t mac_in[NOISE_HASH_LEN];
	uint8_t mac_out[NOISE_HASH_LEN];
	uint8_t hint_in[CIPE_WIRE_HINT_LEN];
	uint8_t hint_out[CIPE_WIRE_HINT_LEN];
	struct noise_mac *mac_ready;
};

/**
 * identity_new - prepare the keys of a link
 * @id: receives them, for identity_free(); NULL on error
 * @config: copied
 *
 * Return: 0; -EINVAL without any key, or with one of @private_key and @peer_key
 * only; -EKEYREJECTED when one of them is no key; -EALREADY when @peer_key is
 * our own; -ENOMEM; -EIO.
 */
int identity_new(struct identity **id, const struct identity_config *config);

/** identity_pattern - cipe_wire_control.pattern of our exchanges */
uint8_t identity_pattern(const struct identity *id);

/** identity_dh - cipe_wire_control.dh of our exchanges */
uint8_t identity_dh(const struct identity *id);

/** identity_free - wipe and free; NULL is fine */
void identity_free(struct identity *id);

#endif /* CIPE_IDENTITY_H */
