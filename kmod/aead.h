/* SPDX-License-Identifier: GPL-2.0-only */
/* The kernel's AEAD ciphers: choosing and checking. */
#ifndef _CIPE_AEAD_H
#define _CIPE_AEAD_H

#include <crypto/aead.h>
#include <linux/types.h>

struct netlink_ext_ack;

unsigned int cipe_aead_key_len(u8 cipher);
struct crypto_aead *cipe_aead_alloc(u8 cipher, const char *driver,
				    const u8 *key, struct netlink_ext_ack *extack);
int cipe_aead_cross_check(u8 cipher, struct crypto_aead *tfm, const u8 *key,
			  struct netlink_ext_ack *extack);
bool cipe_aead_async(struct crypto_aead *tfm);
bool cipe_aead_backlog(struct crypto_aead *tfm);

#endif /* _CIPE_AEAD_H */
