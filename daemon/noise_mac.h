/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * HMAC-SHA256 under one key, many times: the key is made ready once, which
 * costs five times what the MAC of a short message does. For keys of MACs that
 * anybody can make us compute (docs/protocol.md, "The MAC", "Challenges"); not
 * for keys that keep something secret: what libcrypto makes of it, the states of
 * the hash after the key, is in ordinary memory, and wiped when it goes.
 */
#ifndef CIPE_NOISE_MAC_H
#define CIPE_NOISE_MAC_H

#include "noise.h"

/* A key that is ready */
struct noise_mac;

/**
 * noise_mac_new - make a key ready
 * @lib: libcrypto to use; NULL: the default one
 * @key: copied
 *
 * Return: for noise_mac_free(); NULL without memory, or if libcrypto failed.
 */
struct noise_mac *noise_mac_new(OSSL_LIB_CTX *lib, const uint8_t key[NOISE_HASH_LEN]);

/**
 * noise_mac_make - a MAC
 * @mac: the key
 * @data: of this
 * @len: octets
 * @out: receives it, that of noise_hmac()
 *
 * Return: 0 or -EIO.
 */
int noise_mac_make(struct noise_mac *mac, const void *data, size_t len,
		   uint8_t out[NOISE_HASH_LEN]);

/** noise_mac_free - wipe and free; NULL is fine */
void noise_mac_free(struct noise_mac *mac);

#endif /* CIPE_NOISE_MAC_H */
