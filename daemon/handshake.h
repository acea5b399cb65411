/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The messages of the key exchange (docs/protocol.md, "Key exchange"). No
 * input or output and no clock here: session.c has those.
 *
 * Initiator: handshake_new(), handshake_initiate(), handshake_read_response().
 * Responder: handshake_screen(), handshake_new(), handshake_read_init(), then,
 * if the timestamp is to its liking, handshake_write_response().
 *
 * Anyone can send anything: a message that is refused leaves the state as it
 * was, and the right message is still understood afterwards.
 */
#ifndef CIPE_HANDSHAKE_H
#define CIPE_HANDSHAKE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <cipe/wire.h>
#include <linux/cipe.h>

#include "identity.h"
#include "payload.h"

#define HANDSHAKE_LOCAL_LEN 32

/**
 * enum handshake_result - outcome of reading or writing a message
 * @HANDSHAKE_OK: done
 * @HANDSHAKE_MALFORMED: not a key exchange message: length or header
 * @HANDSHAKE_VERSION: another protocol version (not authenticated)
 * @HANDSHAKE_PATTERN: a Noise pattern that our keys are not for (not
 *	authenticated)
 * @HANDSHAKE_SUITE: other DH functions than ours (not authenticated)
 * @HANDSHAKE_UNEXPECTED: a message of the other type, or a RESPONSE whose
 *	header does not answer our INIT (another session, for one)
 * @HANDSHAKE_NOT_AUTHENTIC: forged or damaged, or the keys differ
 * @HANDSHAKE_STRANGER: of another public key than the peer's
 * @HANDSHAKE_REFLECTED: authentic, but an INIT of our own, come back
 * @HANDSHAKE_MODE: authentic, but the peer is configured for another mode
 * @HANDSHAKE_CIPHER: authentic, mode fits, but another cipher
 * @HANDSHAKE_PAYLOAD: authentic, but the items break the rules
 * @HANDSHAKE_BAD_KEY: authentic INIT, but its ephemeral key is of low order
 * @HANDSHAKE_MISUSE: a call in the wrong order or with impossible arguments
 * @HANDSHAKE_INTERNAL: no memory, or libcrypto failed
 */
enum handshake_result {
	HANDSHAKE_OK,
	HANDSHAKE_MALFORMED,
	HANDSHAKE_VERSION,
	HANDSHAKE_PATTERN,
	HANDSHAKE_SUITE,
	HANDSHAKE_UNEXPECTED,
	HANDSHAKE_NOT_AUTHENTIC,
	HANDSHAKE_STRANGER,
	HANDSHAKE_REFLECTED,
	HANDSHAKE_MODE,
	HANDSHAKE_CIPHER,
	HANDSHAKE_PAYLOAD,
	HANDSHAKE_BAD_KEY,
	HANDSHAKE_MISUSE,
	HANDSHAKE_INTERNAL,
};

/**
 * struct handshake_config - a side of a link
 * @id: keys; outlive every exchange
 * @local: %HANDSHAKE_LOCAL_LEN octets, drawn at random when the process starts
 *	and shared with nobody: recognises our own INITs when they come back
 *	(both sides hold the same key, so they do authenticate). NULL only where
 *	both sides of a test live in one process.
 * @mode: enum cipe_mode
 * @cipher: enum cipe_cipher
 */
struct handshake_config {
	const struct identity *id;
	const uint8_t *local;
	uint8_t mode;
	uint8_t cipher;
};

/**
 * struct handshake_message - a datagram to send
 * @len: octets used
 * @data: header and Noise message
 */
struct handshake_message {
	size_t len;
	uint8_t data[CIPE_WIRE_CONTROL_MAX];
};

/**
 * struct handshake_keys - what an exchange yields, for %CIPE_CMD_KEY_SET
 * @tx_key: key of packets we send, @key_len octets
 * @tx_iv: IV of packets we send
 * @rx_key: key of packets we receive, @key_len octets
 * @rx_iv: IV of packets we receive
 * @key_len: 16 or 32
 * @cipher: enum cipe_cipher
 * @tx_id: key id in packets we send, chosen by the peer, host byte order
 * @rx_id: key id in packets we receive, chosen by us, host byte order
 */
struct handshake_keys {
	uint8_t tx_key[CIPE_KEY_LEN_MAX];
	uint8_t tx_iv[CIPE_IV_LEN];
	uint8_t rx_key[CIPE_KEY_LEN_MAX];
	uint8_t rx_iv[CIPE_IV_LEN];
	size_t key_len;
	uint8_t cipher;
	uint32_t tx_id;
	uint32_t rx_id;
};

/**
 * struct handshake_header - what anyone can read in a message
 * @type: %CIPE_WIRE_INIT, %CIPE_WIRE_RESPONSE or %CIPE_WIRE_CHALLENGE
 * @pattern: %CIPE_WIRE_NNPSK0 and so on
 * @mode: enum cipe_mode
 * @cipher: enum cipe_cipher
 * @dh: %CIPE_WIRE_25519 or %CIPE_WIRE_P256
 * @hint: whom INIT is for, see docs/protocol.md, "The hint"
 * @session: host byte order
 */
struct handshake_header {
	uint8_t type;
	uint8_t pattern;
	uint8_t mode;
	uint8_t cipher;
	uint8_t dh;
	uint8_t hint[CIPE_WIRE_HINT_LEN];
	uint32_t session;
};

/* One exchange, in memory of secret_alloc() */
struct handshake;

/**
 * handshake_keys_new - room for keys in locked memory
 *
 * Return: the room, all zero, for handshake_keys_free(); NULL without memory.
 */
struct handshake_keys *handshake_keys_new(void);

/**
 * handshake_keys_wipe - forget the keys, keep the room
 */
void handshake_keys_wipe(struct handshake_keys *keys);

/**
 * handshake_keys_free - forget the keys; NULL is fine
 */
void handshake_keys_free(struct handshake_keys *keys);

/**
 * handshake_peek - classify a message by its header, trusting nothing
 * @msg: a datagram whose first 32 bits are 0
 * @len: octets
 * @header: filled when %HANDSHAKE_OK, and with type and session also when
 *	%HANDSHAKE_VERSION or %HANDSHAKE_PATTERN (of none that we know)
 *
 * Return: %HANDSHAKE_OK, %HANDSHAKE_MALFORMED, %HANDSHAKE_VERSION or
 * %HANDSHAKE_PATTERN.
 */
enum handshake_result handshake_peek(const uint8_t *msg, size_t len,
				     struct handshake_header *header);

/**
 * handshake_screen - is an INIT worth reading?
 * @config: ours
 * @msg: a datagram whose first 32 bits are 0
 * @len: octets
 * @header: as of handshake_peek()
 *
 * Costs a few hashes: header and MAC. Neither does memory, or a public-key
 * operation.
 *
 * Return: as handshake_peek(), and %HANDSHAKE_UNEXPECTED, %HANDSHAKE_PATTERN,
 * %HANDSHAKE_SUITE, %HANDSHAKE_NOT_AUTHENTIC.
 */
enum handshake_result handshake_screen(const struct handshake_config *config, const uint8_t *msg,
				       size_t len, struct handshake_header *header);

/**
 * handshake_identify - which peer does an INIT say to be of?
 * @id: keys of any link that has our private key; its peer may be another
 * @msg: after handshake_screen(), or handshake_peek() and guard_verify()
 * @len: octets
 * @peer_key: noise_public_len() octets are written
 *
 * One public-key operation. The peer is authentic only after
 * handshake_read_init().
 *
 * Return: %HANDSHAKE_OK, %HANDSHAKE_NOT_AUTHENTIC, %HANDSHAKE_PATTERN (without
 * public keys), %HANDSHAKE_INTERNAL.
 */
enum handshake_result handshake_identify(const struct identity *id, const uint8_t *msg, size_t len,
					 uint8_t peer_key[NOISE_PUBLIC_MAX]);

/**
 * handshake_cookie - the cookie in an INIT
 * @msg: after handshake_screen()
 *
 * Return: %CIPE_WIRE_COOKIE_LEN octets inside @msg, all 0 for none.
 */
const uint8_t *handshake_cookie(const uint8_t *msg);

/**
 * handshake_new - an exchange in which nothing was said yet
 * @config: copied, but for the keys
 *
 * Return: the exchange, for handshake_free(); NULL without locked memory or
 * with an unknown mode or cipher, or one that the DH functions are not for.
 */
struct handshake *handshake_new(const struct handshake_config *config);

/**
 * handshake_free - wipe and free; NULL is fine
 */
void handshake_free(struct handshake *hs);

/**
 * handshake_initiate - write INIT
 * @hs: a new exchange; waits for the RESPONSE afterwards
 * @own: what we say; a timestamp greater than in any message before, a key id
 *	that is free
 * @cookie: as the peer's CHALLENGE has it; NULL: none
 * @out: INIT. Send the same octets again when no RESPONSE comes.
 *
 * Return: %HANDSHAKE_OK, %HANDSHAKE_MISUSE or %HANDSHAKE_INTERNAL.
 */
enum handshake_result handshake_initiate(struct handshake *hs, const struct handshake_info *own,
					 const uint8_t *cookie, struct handshake_message *out);

/**
 * handshake_initiate_fixed - handshake_initiate() for test vectors only
 * @ephemeral: private key, in place of a random one
 * @session: in place of a random one
 */
enum handshake_result handshake_initiate_fixed(struct handshake *hs,
					       const struct handshake_info *own,
					       const uint8_t *cookie,
					       const uint8_t ephemeral[32], uint32_t session,
					       struct handshake_message *out);

/**
 * handshake_read_init - read a peer's INIT
 * @hs: a new exchange. On success it is ready for handshake_write_response(),
 *	otherwise new as before.
 * @msg: the datagram
 * @len: octets
 * @peer: what the peer said; filled on success
 *
 * Begins with handshake_screen(). With NNpsk0 no public-key operation is done.
 * The caller checks timestamp and cookie before it answers.
 *
 * Return: any but %HANDSHAKE_BAD_KEY. Answer nothing but %HANDSHAKE_OK.
 */
enum handshake_result handshake_read_init(struct handshake *hs, const uint8_t *msg, size_t len,
					  struct handshake_info *peer);

/**
 * handshake_write_response - write RESPONSE and derive the keys
 * @hs: an exchange after handshake_read_init(); over afterwards, even on error
 * @own: what we say
 * @out: RESPONSE. Send the same octets again when the same INIT comes again.
 * @keys: in locked memory; wiped on error. To be installed as
 *	%CIPE_SLOT_NEXT before @out is sent.
 *
 * Return: %HANDSHAKE_OK, %HANDSHAKE_BAD_KEY, %HANDSHAKE_MISUSE or
 * %HANDSHAKE_INTERNAL.
 */
enum handshake_result handshake_write_response(struct handshake *hs,
					       const struct handshake_info *own,
					       struct handshake_message *out,
					       struct handshake_keys *keys);

/**
 * handshake_write_response_fixed - handshake_write_response() for test vectors
 * only
 * @ephemeral: private key, in place of a random one
 */
enum handshake_result handshake_write_response_fixed(struct handshake *hs,
						     const struct handshake_info *own,
						     const uint8_t ephemeral[32],
						     struct handshake_message *out,
						     struct handshake_keys *keys);

/**
 * handshake_read_response - read the peer's RESPONSE and derive the keys
 * @hs: an exchange after handshake_initiate(). Over on success; otherwise it
 *	still waits for the RESPONSE.
 * @msg: the datagram
 * @len: octets
 * @peer: what the peer said; filled on success
 * @keys: in locked memory; wiped on error. To be installed as
 *	%CIPE_SLOT_CURRENT.
 *
 * Return: any but %HANDSHAKE_REFLECTED, %HANDSHAKE_MODE, %HANDSHAKE_CIPHER,
 * %HANDSHAKE_STRANGER and %HANDSHAKE_BAD_KEY.
 */
enum handshake_result handshake_read_response(struct handshake *hs, const uint8_t *msg,
					      size_t len, struct handshake_info *peer,
					      struct handshake_keys *keys);

/**
 * handshake_session - session id of the exchange, host byte order
 *
 * Valid after handshake_initiate() or handshake_read_init().
 */
uint32_t handshake_session(const struct handshake *hs);

/**
 * handshake_local_ephemeral - our ephemeral public key
 *
 * Return: noise_public_len() octets, valid until handshake_free(); NULL before it exists.
 */
const uint8_t *handshake_local_ephemeral(const struct handshake *hs);

/**
 * handshake_remote_ephemeral - the peer's ephemeral public key
 *
 * Return: noise_public_len() octets, valid until handshake_free(); NULL before it was read.
 */
const uint8_t *handshake_remote_ephemeral(const struct handshake *hs);

/**
 * handshake_keep_initiating - decide when both sides initiated at once
 * @ours: our exchange, waiting for the RESPONSE
 * @theirs: the exchange in which the peer's INIT was read
 *
 * Return: true: our ephemeral public key is the greater (or it is our own INIT
 * come back), ignore @theirs; false: abandon @ours and answer @theirs.
 */
bool handshake_keep_initiating(const struct handshake *ours, const struct handshake *theirs);

/**
 * handshake_describe - a result in words for the log, both values on mismatch
 * @config: ours; NULL gives general words
 * @header: of the message the result is about
 * @result: what was returned
 * @buf: gets a string with NUL, e.g. "peer is configured mode=ether, we have
 *	mode=ip"
 * @size: its octets; 128 are enough
 *
 * Return: @buf.
 */
const char *handshake_describe(const struct handshake_config *config,
			       const struct handshake_header *header,
			       enum handshake_result result, char *buf, size_t size);

#endif /* CIPE_HANDSHAKE_H */
