/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The Noise Protocol Framework, revision 34 (https://noiseprotocol.org/):
 * DH 25519 and P256 (noise_dh.c), ciphers ChaChaPoly and AESGCM, hash SHA256.
 * "Section" below is a section of that document.
 *
 * Errors are negative errno values:
 *   -EBADMSG	authentication failed
 *   -EMSGSIZE	message shorter than the pattern asks for, longer than
 *		%NOISE_MESSAGE_MAX, or than the room given
 *   -EKEYREJECTED	a public key that is none, or of low order (the DH result
 *		is all zero)
 *   -EACCES	the peer's static key is another than expected
 *   -EPROTO	not this side's turn, over already, or failed before
 *   -EOVERFLOW	nonces are used up
 *   -EINVAL	impossible configuration
 *   -ENOMEM	no locked memory
 *   -EIO	libcrypto failed
 */
#ifndef CIPE_NOISE_H
#define CIPE_NOISE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <openssl/types.h>

#define NOISE_KEY_LEN		32	/* private DH keys, psk, cipher keys */
#define NOISE_PUBLIC_MAX	65	/* public DH keys */
#define NOISE_HASH_LEN		32
#define NOISE_TAG_LEN		16
#define NOISE_MESSAGE_MAX	65535	/* section 3 */

enum noise_pattern {
	NOISE_NNPSK0,
	NOISE_IK,
	NOISE_IKPSK2,
	NOISE_PATTERNS
};

enum noise_dh {
	NOISE_25519,
	NOISE_P256,
	NOISE_DHS
};

enum noise_aead {
	NOISE_CHACHAPOLY,
	NOISE_AESGCM,
	NOISE_AEADS
};

/**
 * struct noise_suite - the cryptographic functions; the hash is SHA256 always
 * @lib: libcrypto that has them; NULL: the default one
 * @dh: DH functions
 * @aead: cipher functions
 */
struct noise_suite {
	OSSL_LIB_CTX *lib;
	enum noise_dh dh;
	enum noise_aead aead;
};

/**
 * struct noise_config - parameters of Initialize(), section 5.3
 * @pattern: handshake pattern
 * @suite: the cryptographic functions
 * @initiator: our role
 * @prologue: data both sides must agree on; NULL with length 0 for none
 * @prologue_len: octets
 * @psk: pre-shared key for the psk patterns, else NULL
 * @s: our static private key where the pattern has one, else NULL
 * @s_public: its public key; NULL: computed
 * @rs: the peer's static public key where a pre-message has it, else NULL
 * @expected_rs: refuse another static key of the peer, as soon as it is known;
 *	NULL: any
 */
struct noise_config {
	enum noise_pattern pattern;
	struct noise_suite suite;
	bool initiator;
	const void *prologue;
	size_t prologue_len;
	const uint8_t *psk;
	const uint8_t *s;
	const uint8_t *s_public;
	const uint8_t *rs;
	const uint8_t *expected_rs;
};

/**
 * struct noise_cipher - CipherState, section 5.1
 * @k: key
 * @n: next nonce; 2^64 - 1 is reserved
 * @lib: as in struct noise_suite
 * @aead: cipher functions
 * @has_key: false: k is empty
 *
 * Holds a key: belongs in memory of secret_alloc().
 */
struct noise_cipher {
	uint8_t k[NOISE_KEY_LEN];
	uint64_t n;
	OSSL_LIB_CTX *lib;
	enum noise_aead aead;
	bool has_key;
};

/* HandshakeState, section 5.3, in memory of secret_alloc() */
struct noise;

/**
 * noise_public_len - octets of a public key
 */
size_t noise_public_len(enum noise_dh dh);

/**
 * noise_public_key - DH public key of a private key, section 4.1
 * @public_key: noise_public_len() octets are written
 *
 * Return: 0, -EIO, -EKEYREJECTED when it is no private key (P256 only).
 */
int noise_public_key(const struct noise_suite *suite, const uint8_t private_key[NOISE_KEY_LEN],
		     uint8_t *public_key);

/**
 * noise_new - Initialize(), section 5.3
 * @state: receives the state, for noise_free(); NULL on error
 * @config: copied
 *
 * Return: 0, -EINVAL (a key is missing or one too many), -ENOMEM, -EIO.
 */
int noise_new(struct noise **state, const struct noise_config *config);

/**
 * noise_clone - an independent copy, to try a message on
 *
 * Return: the copy, for noise_free(); NULL without memory.
 */
struct noise *noise_clone(const struct noise *state);

/**
 * noise_free - wipe and free; NULL is fine
 */
void noise_free(struct noise *state);

/**
 * noise_fix_ephemeral - use a given ephemeral private key; for test vectors
 */
void noise_fix_ephemeral(struct noise *state, const uint8_t private_key[NOISE_KEY_LEN]);

/**
 * noise_write - WriteMessage(), section 5.3
 * @state: after an error only good for noise_free()
 * @payload: may be NULL with length 0; must not overlap @out
 * @payload_len: octets
 * @out: the message
 * @room: octets at @out
 * @out_len: octets written
 *
 * Return: 0, -EMSGSIZE, -EKEYREJECTED, -EPROTO, -EIO.
 */
int noise_write(struct noise *state, const void *payload, size_t payload_len,
		uint8_t *out, size_t room, size_t *out_len);

/**
 * noise_read - ReadMessage(), section 5.3
 * @state: after an error only good for noise_free()
 * @msg: the message; must not overlap @payload
 * @msg_len: octets
 * @payload: room for @msg_len octets is always enough; wiped on error
 * @room: octets at @payload
 * @payload_len: octets written
 *
 * Return: 0, -EBADMSG, -EMSGSIZE, -EKEYREJECTED, -EPROTO, -EIO.
 */
int noise_read(struct noise *state, const uint8_t *msg, size_t msg_len,
	       uint8_t *payload, size_t room, size_t *payload_len);

/**
 * noise_read_static - who says to have written the first message?
 * @state: before it; only good for noise_free() afterwards
 * @msg: the message
 * @msg_len: octets
 * @public_key: noise_public_len() octets are written
 *
 * The sender's static key, decrypted: whoever knows ours can have written it.
 *
 * Return: as noise_read(), and -EPROTO when the pattern does not have it there.
 */
int noise_read_static(struct noise *state, const uint8_t *msg, size_t msg_len,
		      uint8_t *public_key);

/**
 * noise_finished - all messages of the pattern were exchanged
 */
bool noise_finished(const struct noise *state);

/**
 * noise_split - Split(), section 5.2, after the last message
 * @state: only good for noise_hash() and noise_free() afterwards
 * @first: initiator to responder
 * @second: responder to initiator
 *
 * Return: 0, -EPROTO, -EIO.
 */
int noise_split(struct noise *state, struct noise_cipher *first, struct noise_cipher *second);

/**
 * noise_hash - the handshake hash h, GetHandshakeHash(), section 5.2
 *
 * Return: %NOISE_HASH_LEN octets inside @state.
 */
const uint8_t *noise_hash(const struct noise *state);

/**
 * noise_local_ephemeral - our ephemeral public key
 * noise_remote_ephemeral - the peer's
 * noise_remote_static - the peer's static public key
 *
 * Return: noise_public_len() octets inside @state; NULL while unknown.
 */
const uint8_t *noise_local_ephemeral(const struct noise *state);
const uint8_t *noise_remote_ephemeral(const struct noise *state);
const uint8_t *noise_remote_static(const struct noise *state);

/**
 * noise_cipher_encrypt - EncryptWithAd(), section 5.1
 * @cipher: its nonce is counted up on success only
 * @ad: associated data
 * @ad_len: octets
 * @plain: plaintext
 * @plain_len: octets
 * @out: @plain_len + %NOISE_TAG_LEN octets; @plain_len without a key
 *
 * Return: 0, -EOVERFLOW, -EMSGSIZE, -EIO.
 */
int noise_cipher_encrypt(struct noise_cipher *cipher, const void *ad, size_t ad_len,
			 const uint8_t *plain, size_t plain_len, uint8_t *out);

/**
 * noise_cipher_decrypt - DecryptWithAd(), section 5.1
 * @cipher: its nonce is counted up on success only
 * @ad: associated data
 * @ad_len: octets
 * @msg: ciphertext and tag
 * @msg_len: octets
 * @out: @msg_len - %NOISE_TAG_LEN octets, wiped on error; @msg_len without a
 *	key
 *
 * Return: 0, -EBADMSG, -EOVERFLOW, -EMSGSIZE, -EIO.
 */
int noise_cipher_decrypt(struct noise_cipher *cipher, const void *ad, size_t ad_len,
			 const uint8_t *msg, size_t msg_len, uint8_t *out);

#endif /* CIPE_NOISE_H */
