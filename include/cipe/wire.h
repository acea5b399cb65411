/* SPDX-License-Identifier: GPL-2.0-only OR GPL-2.0-or-later */
/*
 * CIPE on the wire: what a UDP datagram holds. Shared by the kernel module and
 * the daemon; the whole truth, with the payloads of the key exchange and the
 * reasons, is in docs/protocol.md.
 */
#ifndef _CIPE_WIRE_H
#define _CIPE_WIRE_H

#include <linux/types.h>

#ifndef __packed
#define __packed __attribute__((__packed__))
#endif

/* docs/protocol.md, "Telling packets apart": the first 32 bits of a datagram
 * are a key id, or 0 for the key exchange (as the non-ESP marker of IKE,
 * RFC 3948 section 2.2).
 */
#define CIPE_WIRE_CONTROL	0u

/* docs/protocol.md, "Data packets" */
#define CIPE_WIRE_ID_MASK	0xfffffffcu	/* names the key */
#define CIPE_WIRE_FLAG_MASK	0x00000003u	/* reserved, sent as 0 */
#define CIPE_WIRE_TAG_LEN	16		/* RFC 8439 section 2.8, SP 800-38D */
#define CIPE_WIRE_IV_LEN	12		/* RFC 8439 section 2.8, SP 800-38D */

/**
 * struct cipe_wire_data - header of a data packet, the AEAD's associated data
 * @key_id: chosen by the receiver; the low two bits are flags
 * @counter: number of the packet under this key, starting at 0; XORed into
 *	the last four octets of the IV it makes the nonce (as in RFC 8446
 *	section 5.3)
 *
 * Ciphertext and tag follow to the end of the datagram. An empty plaintext is
 * a keepalive.
 */
struct cipe_wire_data {
	__be32 key_id;
	__be32 counter;
} __packed;

/* Octets a data packet adds to what it carries, without UDP and IP */
#define CIPE_WIRE_OVERHEAD	(sizeof(struct cipe_wire_data) + CIPE_WIRE_TAG_LEN)

/* Octets of the largest packet inside, for Ethernet less its header: with those of
 * UDP and IPv6 it makes an IP packet of 65535
 */
#define CIPE_WIRE_MTU_MAX	65463

/* docs/protocol.md, "Limits": packets under one key. Counters run from 0 to
 * 2^32 - 2. Rekeying is asked for at half of it.
 */
#define CIPE_WIRE_PACKETS_MAX	0xffffffffull
#define CIPE_WIRE_PACKETS_SOFT	0x80000000ull

/* docs/protocol.md, "Limits": cipher blocks of 16 octets under one AES-GCM key,
 * the tag's and the partial block counted whole. Sources of the bound there.
 */
#define CIPE_WIRE_GCM_BLOCKS_MAX	0x1000000000ull	/* 2^36 */
#define CIPE_WIRE_GCM_BLOCKS_SOFT	0x0800000000ull	/* 2^35 */

/* docs/protocol.md, "Replay": packets the receiver looks back */
#define CIPE_WIRE_REPLAY_WINDOW	8192

/* docs/protocol.md, "Key exchange messages" */
#define CIPE_WIRE_VERSION	1

/* Values of cipe_wire_control.type */
#define CIPE_WIRE_INIT		1	/* first Noise message */
#define CIPE_WIRE_RESPONSE	2	/* second Noise message */
#define CIPE_WIRE_CHALLENGE	3	/* INIT must be made anew, with a cookie */

/* Values of cipe_wire_control.pattern */
#define CIPE_WIRE_NNPSK0	1
#define CIPE_WIRE_IK		2
#define CIPE_WIRE_IKPSK2	3

/* Values of cipe_wire_control.dh */
#define CIPE_WIRE_25519		0
#define CIPE_WIRE_P256		1

#define CIPE_WIRE_HINT_LEN	2

/**
 * struct cipe_wire_control - header of a key exchange message
 * @marker: %CIPE_WIRE_CONTROL
 * @version: %CIPE_WIRE_VERSION
 * @type: %CIPE_WIRE_INIT, %CIPE_WIRE_RESPONSE or %CIPE_WIRE_CHALLENGE
 * @pattern: of Noise
 * @mode: enum cipe_mode the sender is configured for
 * @cipher: enum cipe_cipher the sender is configured for; fixes the Noise
 *	cipher functions: AESGCM with the AES ciphers, else ChaChaPoly
 * @dh: DH functions of Noise
 * @hint: tells links apart that share a port; see docs/protocol.md, "The hint"
 * @session: chosen at random by the initiator, echoed in the answers
 *
 * INIT goes on with a cookie, the Noise message and a MAC, RESPONSE with the
 * Noise message, CHALLENGE with a cookie and a MAC, each to the end of the
 * datagram. The prologue is %CIPE_WIRE_PROLOGUE, and this header and the cookie
 * as the initiator sent them in INIT; a responder of another mode or cipher
 * thus understands the message and can say in its log what differs.
 */
struct cipe_wire_control {
	__be32 marker;
	__u8 version;
	__u8 type;
	__u8 pattern;
	__u8 mode;
	__u8 cipher;
	__u8 dh;
	__u8 hint[CIPE_WIRE_HINT_LEN];
	__be32 session;
} __packed;

#define CIPE_WIRE_PROLOGUE	"CIPE protocol 1"	/* without the NUL */

#define CIPE_WIRE_COOKIE_LEN	16	/* all 0: none */
#define CIPE_WIRE_MAC_LEN	16	/* of HMAC-SHA256 */

/* Key exchange messages longer than this are refused unread */
#define CIPE_WIRE_CONTROL_MAX	1200

/* docs/protocol.md, "Payload": items of u8 type, u8 length, value */
#define CIPE_TLV_TIMESTAMP	1	/* be64, nanoseconds since 1970 */
#define CIPE_TLV_KEY_ID		2	/* be32, for packets to the sender */
#define CIPE_TLV_IPADDR		3	/* 4 octets, sender's address inside */
#define CIPE_TLV_MTU		4	/* be16, of the sender's interface */
#define CIPE_TLV_TIMEOUT	5	/* be32, ms, the sender's toping */
#define CIPE_TLV_CAPS		6	/* be32, capability bits, none yet */

/* docs/protocol.md, "Data keys": labels of HKDF-SHA256 (RFC 5869) */
#define CIPE_WIRE_LABEL_KEY	"cipe data key"
#define CIPE_WIRE_LABEL_IV	"cipe data iv"

/* docs/protocol.md, "The MAC": likewise */
#define CIPE_WIRE_LABEL_MAC	"cipe mac"

/* docs/protocol.md, "The hint": likewise */
#define CIPE_WIRE_LABEL_HINT	"cipe hint"

#endif /* _CIPE_WIRE_H */
