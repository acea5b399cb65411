/* SPDX-License-Identifier: GPL-2.0-only */
/* ChaCha20-Poly1305 on the CPU. */
#ifndef _CIPE_CHACHA_H
#define _CIPE_CHACHA_H

#include <crypto/chacha.h>
#include <linux/types.h>

/* Room in front of ciphertext and plaintext that is used in between: one
 * block of keystream, the key of Poly1305
 */
#define CIPE_CHACHA_ROOM	CHACHA_BLOCK_SIZE

/**
 * struct cipe_chacha_key - a key as ChaCha20 has it in its state
 * @word: little-endian words of the key
 */
struct cipe_chacha_key {
	u32 word[CHACHA_KEY_SIZE / sizeof(u32)];
};

void cipe_chacha_set_key(struct cipe_chacha_key *key, const u8 *octets);
void cipe_chacha_seal(const struct cipe_chacha_key *key, const u8 *nonce,
		      u8 *header, unsigned int len);
bool cipe_chacha_open(const struct cipe_chacha_key *key, const u8 *nonce,
		      const u8 *header, u8 *scratch, u8 *to, unsigned int len);

#endif /* _CIPE_CHACHA_H */
