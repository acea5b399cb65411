// SPDX-License-Identifier: GPL-2.0-only
/*
 * ChaCha20-Poly1305 on the CPU: RFC 8439 section 2.8 from the kernel's library
 * of its two parts.
 *
 * The kernel's own combination takes nonces of 64 bits only, and the crypto
 * API's costs half as much again as the cipher itself, in requests within
 * requests. Here the block of keystream that Poly1305's key comes from, and the
 * packet, are one stretch of memory and go through ChaCha20 in one call; a
 * single block alone would take the slow road of the library.
 */

#include <crypto/algapi.h>
#include <crypto/chacha.h>
#include <crypto/poly1305.h>
#include <linux/string.h>

#include <cipe/wire.h>

#include "chacha.h"
#include "compat.h"

#define CHACHA_HEADER	sizeof(struct cipe_wire_data)

/**
 * cipe_chacha_set_key - prepare a key
 * @key: to be filled
 * @octets: 32 of them
 */
void cipe_chacha_set_key(struct cipe_chacha_key *key, const u8 *octets)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(key->word); i++)
		key->word[i] = get_unaligned_le32(octets + i * sizeof(u32));
}

/* The state before the first block: counter 0, nonce */
static void chacha_start(u32 *state, const struct cipe_chacha_key *key,
			 const u8 *nonce)
{
	u8 iv[CHACHA_IV_SIZE] = {};

	memcpy(iv + CHACHA_IV_SIZE - CIPE_WIRE_IV_LEN, nonce, CIPE_WIRE_IV_LEN);
	chacha_init(state, key->word, iv);
}

/* The tag of @padded, the header with zeros up to a block, and @len octets of
 * ciphertext behind it
 */
static void chacha_tag(struct poly1305_desc_ctx *poly, const u8 *padded,
		       unsigned int len, u8 *tag)
{
	unsigned int rest = len % POLY1305_BLOCK_SIZE;
	const u8 *end = padded + POLY1305_BLOCK_SIZE + len - rest;
	u8 tail[2 * POLY1305_BLOCK_SIZE] = {};
	u8 *lengths = tail;

	poly1305_update(poly, padded, end - padded);
	if (rest) {
		memcpy(tail, end, rest);
		lengths += POLY1305_BLOCK_SIZE;
	}
	put_unaligned_le64(CHACHA_HEADER, lengths);
	put_unaligned_le64(len, lengths + sizeof(u64));
	poly1305_update(poly, tail, lengths + POLY1305_BLOCK_SIZE - tail);
	poly1305_final(poly, tag);
}

/* What the tag is made of begins with the header, padded with zeros */
static void chacha_pad_header(u8 *text, const u8 *header)
{
	memcpy(text - POLY1305_BLOCK_SIZE, header, CHACHA_HEADER);
	memset(text - POLY1305_BLOCK_SIZE + CHACHA_HEADER, 0,
	       POLY1305_BLOCK_SIZE - CHACHA_HEADER);
}

/**
 * cipe_chacha_seal - encrypt a datagram in place
 * @key: the key
 * @nonce: of %CIPE_WIRE_IV_LEN octets
 * @header: the datagram's header, written; then plaintext, then room for the
 *	tag. %CIPE_CHACHA_ROOM octets before the plaintext are used meanwhile
 * @len: octets of plaintext
 *
 * Context: softirq or BH off.
 */
void cipe_chacha_seal(const struct cipe_chacha_key *key, const u8 *nonce,
		      u8 *header, unsigned int len)
{
	u8 *text = header + CHACHA_HEADER, *room = text - CIPE_CHACHA_ROOM;
	u32 state[CHACHA_BLOCK_SIZE / sizeof(u32)];
	struct poly1305_desc_ctx poly;
	u8 saved[CIPE_CHACHA_ROOM];

	memcpy(saved, room, sizeof(saved));
	memset(room, 0, CIPE_CHACHA_ROOM);
	chacha_start(state, key, nonce);
	chacha20_crypt(state, room, room, CIPE_CHACHA_ROOM + len);

	poly1305_init(&poly, room);
	chacha_pad_header(text, saved + CIPE_CHACHA_ROOM - CHACHA_HEADER);
	chacha_tag(&poly, text - POLY1305_BLOCK_SIZE, len, text + len);
	memcpy(room, saved, sizeof(saved));
	memzero_explicit(state, sizeof(state));
}

/**
 * cipe_chacha_open - decrypt a datagram
 * @key: the key
 * @nonce: of %CIPE_WIRE_IV_LEN octets
 * @header: the datagram's header
 * @scratch: %CIPE_CHACHA_ROOM octets of no meaning, the ciphertext, the tag.
 *	Nobody else may change them meanwhile; they are not preserved
 * @to: gets the plaintext; %CIPE_CHACHA_ROOM octets before it are used too
 * @len: octets of plaintext
 *
 * Context: softirq or BH off.
 * Return: whether the datagram is authentic. If not, what @to got is not to be
 * used.
 */
bool cipe_chacha_open(const struct cipe_chacha_key *key, const u8 *nonce,
		      const u8 *header, u8 *scratch, u8 *to, unsigned int len)
{
	u8 *text = scratch + CIPE_CHACHA_ROOM, *room = to - CIPE_CHACHA_ROOM;
	u32 state[CHACHA_BLOCK_SIZE / sizeof(u32)];
	struct poly1305_desc_ctx poly;
	u8 tag[POLY1305_DIGEST_SIZE];

	memset(scratch, 0, CIPE_CHACHA_ROOM);
	chacha_start(state, key, nonce);
	chacha20_crypt(state, room, scratch, CIPE_CHACHA_ROOM + len);

	poly1305_init(&poly, room);
	chacha_pad_header(text, header);
	chacha_tag(&poly, text - POLY1305_BLOCK_SIZE, len, tag);
	memzero_explicit(room, CIPE_CHACHA_ROOM);
	memzero_explicit(state, sizeof(state));
	return !crypto_memneq(tag, text + len, sizeof(tag));
}
