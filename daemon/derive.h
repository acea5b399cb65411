/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Key derivation outside of the Noise framework: HKDF-SHA256 (RFC 5869) with
 * the labels of docs/protocol.md.
 */
#ifndef CIPE_DERIVE_H
#define CIPE_DERIVE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <openssl/types.h>

#define DERIVE_PSK_LEN		32	/* what the key exchange takes */
#define DERIVE_SHORT_KEY_LEN	16	/* 32 hex digits, as the original had */

/* HKDF's info when a configured key of 128 bits is expanded */
#define DERIVE_LABEL_PSK	"cipe psk from 128-bit key"

/**
 * derive_hkdf - HKDF-SHA256
 * @lib: libcrypto that has it; NULL: the default one
 * @salt: may be NULL with length 0 (RFC 5869: then 32 zero octets)
 * @ikm: input keying material, at least one octet
 * @info: at most 64 octets
 * @out: what is derived; wiped on error
 * @out_len: octets, 1 to 255 * 32
 *
 * Return: 0; -EINVAL; -EIO when libcrypto failed.
 */
int derive_hkdf(OSSL_LIB_CTX *lib, const void *salt, size_t salt_len, const void *ikm,
		size_t ikm_len, const void *info, size_t info_len, uint8_t *out, size_t out_len);

/**
 * derive_psk - the pre-shared key of the exchange from the configured key
 * @lib: as above
 * @psk: %DERIVE_PSK_LEN octets, in memory of secret_alloc(); may be @key
 * @key: the configured key
 * @key_len: %DERIVE_PSK_LEN, taken as it is, or %DERIVE_SHORT_KEY_LEN, expanded
 *
 * Return: 0; -EINVAL for another length; -EIO when libcrypto failed.
 */
int derive_psk(OSSL_LIB_CTX *lib, uint8_t psk[DERIVE_PSK_LEN], const uint8_t *key, size_t key_len);

/**
 * derive_key_len - octets of a data key
 * @cipher: enum cipe_cipher
 *
 * Return: 16 or 32; 0 for an unknown cipher.
 */
size_t derive_key_len(uint8_t cipher);

/**
 * derive_is_gcm - is it AES-GCM, and so is Noise's cipher?
 * @cipher: enum cipe_cipher, known
 */
bool derive_is_gcm(uint8_t cipher);

/**
 * derive_data_key - key and IV of one direction
 * @lib: as above
 * @hash: final handshake hash, 32 octets
 * @split: Split()'s key of the direction, 32 octets
 * @cipher: enum cipe_cipher, known
 * @key: derive_key_len() octets are written
 * @iv: 12 octets are written
 *
 * Return: 0; -EINVAL for an unknown cipher; -EIO when libcrypto failed.
 */
int derive_data_key(OSSL_LIB_CTX *lib, const uint8_t hash[32], const uint8_t split[32],
		    uint8_t cipher, uint8_t *key, uint8_t iv[12]);

#endif /* CIPE_DERIVE_H */
