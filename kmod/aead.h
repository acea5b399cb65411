/* SPDX-License-Identifier: GPL-2.0-only */
/* Packets in the kernel's AEAD ciphers. */
#ifndef _CIPE_AEAD_H
#define _CIPE_AEAD_H

#include <crypto/aead.h>
#include <linux/netdevice.h>
#include <linux/scatterlist.h>

#include <cipe/wire.h>

#include "compat.h"
#include "order.h"

struct cipe_key;
struct cipe_link;
struct netlink_ext_ack;
struct sk_buff;

/**
 * struct cipe_crypt - one packet in the cipher
 * @order: its place among those that are finished later
 * @link: the link; its device is held
 * @dev_tracker: by this
 * @key: the key; held
 * @datagram: the ciphertext: what we received, or will send
 * @plain: sending: the packet it came from; NULL for a keepalive
 * @tos: sending: DSCP and ECN of the datagram
 * @ttl: sending: its hop limit
 * @fragment: sending: it may be fragmented
 * @depth: sending: links within links so far
 * @err: how the cipher ended
 * @iv: the nonce
 * @sg: source and destination; the source begins at the second
 * @req: the cipher's request, its context behind it; last
 */
struct cipe_crypt {
	struct cipe_order_entry order;
	struct cipe_link *link;
	netdevice_tracker dev_tracker;
	struct cipe_key *key;
	struct sk_buff *datagram;
	struct sk_buff *plain;
	u8 tos;
	u8 ttl;
	bool fragment;
	u8 depth;
	int err;
	u8 iv[CIPE_WIRE_IV_LEN];
	struct scatterlist *sg;
	struct aead_request req;
};

unsigned int cipe_aead_key_len(u8 cipher);
struct crypto_aead *cipe_aead_alloc(u8 cipher, const char *driver,
				    const u8 *key, struct netlink_ext_ack *extack);
int cipe_aead_cross_check(u8 cipher, struct crypto_aead *tfm, const u8 *key,
			  struct netlink_ext_ack *extack);
unsigned int cipe_aead_request_size(const struct crypto_aead *tx,
				    const struct crypto_aead *rx);

struct cipe_crypt *cipe_crypt_alloc(struct cipe_link *link, struct cipe_key *key,
				    const struct cipe_order *order,
				    unsigned int entries);
void cipe_crypt_free(struct cipe_crypt *crypt);
void cipe_crypt_encrypt(struct cipe_crypt *crypt, unsigned int len, u32 counter);
void cipe_crypt_decrypt(struct cipe_crypt *crypt, unsigned int len, u32 counter);

#endif /* _CIPE_AEAD_H */
