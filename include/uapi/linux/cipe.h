/* SPDX-License-Identifier: GPL-2.0-only WITH Linux-syscall-note */
/*
 * CIPE: encrypted link devices, the interface between kernel and daemon.
 *
 * A link is a network device of rtnl kind "cipe" with exactly one peer. It is
 * created and deleted through rtnetlink (mode at creation), configured through
 * the generic netlink family "cipe" below, and carries packets over a UDP
 * socket that the daemon binds and hands over by descriptor.
 *
 * Unless said otherwise integers are in host byte order, and strings end in a
 * NUL that is counted in the attribute's length.
 */
#ifndef _UAPI_LINUX_CIPE_H
#define _UAPI_LINUX_CIPE_H

#include <linux/types.h>

/* ------------------------------------------------------------------------
 * rtnetlink: IFLA_INFO_KIND "cipe"
 */

#define CIPE_RTNL_KIND "cipe"

/**
 * enum cipe_mode - what the link carries
 * @CIPE_MODE_IP: IPv4 and IPv6 packets (layer 3, the default)
 * @CIPE_MODE_ETHER: Ethernet frames without FCS (layer 2)
 */
enum cipe_mode {
	CIPE_MODE_IP,
	CIPE_MODE_ETHER,
};

/**
 * enum cipe_ifla - attributes in IFLA_INFO_DATA
 * @IFLA_CIPE_MODE: u8, &enum cipe_mode; only at creation
 */
enum cipe_ifla {
	IFLA_CIPE_UNSPEC,
	IFLA_CIPE_MODE,
	__IFLA_CIPE_MAX
};

#define IFLA_CIPE_MAX (__IFLA_CIPE_MAX - 1)

/* ------------------------------------------------------------------------
 * generic netlink
 */

#define CIPE_GENL_NAME "cipe"
#define CIPE_GENL_VERSION 1

/* Multicast group: all *_NTF messages, in the network namespace of the link
 * and, if another, in that of its socket.
 */
#define CIPE_GENL_MCGRP_EVENTS "events"

/**
 * enum cipe_cmd - commands and notifications
 * @CIPE_CMD_LINK_GET: read one link (do: %CIPE_A_IFINDEX or %CIPE_A_LINK_ID)
 *	or all links of the caller's network namespace (dump). Answers with
 *	%CIPE_CMD_LINK_GET. Never contains key material. Needs CAP_NET_ADMIN.
 * @CIPE_CMD_LINK_SET: change a link: any of %CIPE_A_SOCKET_FD,
 *	%CIPE_A_ENDPOINT, %CIPE_A_TTL, %CIPE_A_TOS, %CIPE_A_PIN,
 *	%CIPE_A_KEEPALIVE_MS, %CIPE_A_TIMEOUT_MS. All of it is applied or,
 *	on error, nothing.
 * @CIPE_CMD_KEY_SET: install one key (%CIPE_A_KEY)
 * @CIPE_CMD_KEY_DEL: retire keys: %CIPE_A_KEY with only %CIPE_A_KEY_SLOT or
 *	%CIPE_A_KEY_RX_ID in it; without %CIPE_A_KEY, all keys of the link
 * @CIPE_CMD_PEER_MOVED_NTF: an authenticated packet came from a new address;
 *	carries %CIPE_A_ENDPOINT. At most one a second and link.
 * @CIPE_CMD_PEER_DEAD_NTF: nothing authentic heard for %CIPE_A_TIMEOUT_MS; the
 *	carrier is off
 * @CIPE_CMD_PEER_ALIVE_NTF: the first authentic packet on a link whose carrier
 *	was off; the carrier is on. Not sent when a current key is installed,
 *	which turns the carrier on, too
 * @CIPE_CMD_KEY_LIMIT_NTF: the current key nears its packet or block limit:
 *	rekey now. Once a key. Carries %CIPE_A_KEY (slot and ids)
 * @CIPE_CMD_KEY_ACTIVE_NTF: the peer used the "next" key for the first time;
 *	it is "current" now. Carries %CIPE_A_KEY (slot and ids)
 * @CIPE_CMD_KEY_EXPIRED_NTF: the current key reached its limit or the end of
 *	its life; no packet is sent any more. Carries %CIPE_A_KEY
 */
enum cipe_cmd {
	CIPE_CMD_UNSPEC,
	CIPE_CMD_LINK_GET,
	CIPE_CMD_LINK_SET,
	CIPE_CMD_KEY_SET,
	CIPE_CMD_KEY_DEL,
	CIPE_CMD_PEER_MOVED_NTF,
	CIPE_CMD_PEER_DEAD_NTF,
	CIPE_CMD_PEER_ALIVE_NTF,
	CIPE_CMD_KEY_LIMIT_NTF,
	CIPE_CMD_KEY_ACTIVE_NTF,
	CIPE_CMD_KEY_EXPIRED_NTF,
	__CIPE_CMD_MAX
};

#define CIPE_CMD_MAX (__CIPE_CMD_MAX - 1)

/**
 * enum cipe_attr - attributes of all commands
 * @CIPE_A_PAD: padding for 64-bit attributes
 * @CIPE_A_IFINDEX: u32, the link's interface index in the caller's network
 *	namespace
 * @CIPE_A_LINK_ID: u32, the link's number, unique in the running kernel and
 *	unchanged when the device moves to another network namespace. An
 *	alternative to %CIPE_A_IFINDEX; needs CAP_NET_ADMIN over the network
 *	namespace the device is in.
 * @CIPE_A_IFNAME: string, get and notifications only; like the index there, in
 *	the device's network namespace
 * @CIPE_A_MODE: u8, &enum cipe_mode, get only
 * @CIPE_A_SOCKET_FD: u32, set only: descriptor of a UDP socket. A bound socket
 *	becomes the link's carrier; several links may share one. An unbound
 *	socket is accepted only when the link's earlier socket was closed by
 *	its owner: it then takes over that socket's address and port without
 *	losing a packet, bound by this call. Errors: -EBADF, -ENOTSOCK,
 *	-EPROTOTYPE (not UDP), -EBUSY (in use for another encapsulation),
 *	-EDESTADDRREQ (not bound), -EISCONN (connected), -EAFNOSUPPORT (can not
 *	send to the endpoint's family; or, taking over, another family or
 *	network namespace than before), -EEXIST (a link that is on the socket
 *	has a key with the id of one of this link's keys).
 * @CIPE_A_SOCKET_STATE: u8, &enum cipe_socket_state, get only
 * @CIPE_A_LOCAL: binary, struct sockaddr_in or sockaddr_in6: what the socket
 *	is bound to, get only
 * @CIPE_A_ENDPOINT: binary, struct sockaddr_in or sockaddr_in6: the peer's
 *	address and port
 * @CIPE_A_ENDPOINT_LOCAL: binary, struct sockaddr_in or sockaddr_in6, port 0:
 *	our address the peer last sent to, get only
 * @CIPE_A_TTL: u8, hop limit of carrier packets; 0: copied from the inner
 *	packet, the route's default where there is none or it is 1 (meant for
 *	the next hop inside, which the peer is)
 * @CIPE_A_TOS: u16, 0-0xfc: DSCP (upper six bits) of carrier packets;
 *	%CIPE_TOS_INHERIT: copied from the inner packet. The ECN bits follow
 *	RFC 6040 always. Default 0. What is not an IP packet, or an Ethernet
 *	frame with one and no VLAN tag, has none of this to copy.
 * @CIPE_A_PIN: u8, 0 or 1; 1: the peer does not roam
 * @CIPE_A_KEEPALIVE_MS: u32, send an empty packet when nothing was sent for
 *	that long, milliseconds, 10 to 3600000; 0: never (default)
 * @CIPE_A_TIMEOUT_MS: u32, the peer is dead when nothing authentic was
 *	received for that long, milliseconds, 10 to 3600000; 0: never (default)
 * @CIPE_A_PEER_ALIVE: u8, 0 or 1, get only: the carrier is on
 * @CIPE_A_LAST_RX_MS: u64, milliseconds since the last authentic packet, get
 *	only; absent when there was none
 * @CIPE_A_LAST_TX_MS: u64, milliseconds since the last packet sent, get only;
 *	absent when there was none
 * @CIPE_A_PATH_MTU: u32, largest packet, in octets, that fits the carrier's
 *	path after encryption: for mode ether, without the Ethernet header.
 *	get only; absent without a route to the peer
 * @CIPE_A_KEY: nested &enum cipe_key_attr. In get: once a key.
 * @CIPE_A_STATS: nested &enum cipe_stat, get only
 * @CIPE_A_LAST_KEY_MS: u64, milliseconds since the last key was set, the link may
 *	have none any more; get only; absent when there was none
 */
enum cipe_attr {
	CIPE_A_UNSPEC,
	CIPE_A_PAD,
	CIPE_A_IFINDEX,
	CIPE_A_LINK_ID,
	CIPE_A_IFNAME,
	CIPE_A_MODE,
	CIPE_A_SOCKET_FD,
	CIPE_A_SOCKET_STATE,
	CIPE_A_LOCAL,
	CIPE_A_ENDPOINT,
	CIPE_A_ENDPOINT_LOCAL,
	CIPE_A_TTL,
	CIPE_A_TOS,
	CIPE_A_PIN,
	CIPE_A_KEEPALIVE_MS,
	CIPE_A_TIMEOUT_MS,
	CIPE_A_PEER_ALIVE,
	CIPE_A_LAST_RX_MS,
	CIPE_A_LAST_TX_MS,
	CIPE_A_PATH_MTU,
	CIPE_A_KEY,
	CIPE_A_STATS,
	CIPE_A_LAST_KEY_MS,
	__CIPE_A_MAX
};

#define CIPE_A_MAX (__CIPE_A_MAX - 1)

#define CIPE_TOS_INHERIT 0x100

/**
 * enum cipe_socket_state - who owns the link's socket
 * @CIPE_SOCKET_NONE: the link has no socket
 * @CIPE_SOCKET_USER: a process holds the descriptor
 * @CIPE_SOCKET_ORPHAN: the process closed it or died; the kernel keeps the
 *	port, data packets flow until the keys expire, and a process can take
 *	over with an unbound socket (%CIPE_A_SOCKET_FD)
 */
enum cipe_socket_state {
	CIPE_SOCKET_NONE,
	CIPE_SOCKET_USER,
	CIPE_SOCKET_ORPHAN,
};

/**
 * enum cipe_slot - the keys a link holds at once
 * @CIPE_SLOT_PREVIOUS: receive only, for packets still on their way
 * @CIPE_SLOT_CURRENT: send and receive
 * @CIPE_SLOT_NEXT: receive only; the first authentic packet under it makes it
 *	current, and current previous
 */
enum cipe_slot {
	CIPE_SLOT_PREVIOUS,
	CIPE_SLOT_CURRENT,
	CIPE_SLOT_NEXT,
};

/**
 * enum cipe_cipher - AEAD of a key
 * @CIPE_CIPHER_CHACHA20_POLY1305: RFC 8439; key 32 octets
 * @CIPE_CIPHER_AES_128_GCM: NIST SP 800-38D; key 16 octets
 * @CIPE_CIPHER_AES_256_GCM: NIST SP 800-38D; key 32 octets
 */
enum cipe_cipher {
	CIPE_CIPHER_UNSPEC,
	CIPE_CIPHER_CHACHA20_POLY1305,
	CIPE_CIPHER_AES_128_GCM,
	CIPE_CIPHER_AES_256_GCM,
};

#define CIPE_KEY_LEN_MAX 32
#define CIPE_IV_LEN 12
#define CIPE_KEY_DRIVER_MAX 127

/**
 * enum cipe_key_attr - members of %CIPE_A_KEY
 * @CIPE_A_KEY_PAD: padding for 64-bit attributes
 * @CIPE_A_KEY_SLOT: u8, &enum cipe_slot; set: %CIPE_SLOT_CURRENT (an earlier
 *	current key becomes previous; for the initiator of the key exchange) or
 *	%CIPE_SLOT_NEXT (for the responder; replaces an earlier next key)
 * @CIPE_A_KEY_RX_ID: u32, key id in packets we receive: non-zero, low two
 *	bits 0, chosen at random by us. -EEXIST if in use on the link's socket.
 * @CIPE_A_KEY_TX_ID: u32, key id in packets we send: the same rules, chosen
 *	by the peer
 * @CIPE_A_KEY_CIPHER: u8, &enum cipe_cipher
 * @CIPE_A_KEY_RX_KEY: binary, exact length of the cipher's key; set only
 * @CIPE_A_KEY_RX_IV: binary, %CIPE_IV_LEN octets; set only
 * @CIPE_A_KEY_TX_KEY: binary, exact length of the cipher's key; set only
 * @CIPE_A_KEY_TX_IV: binary, %CIPE_IV_LEN octets; set only
 * @CIPE_A_KEY_LIFETIME_MS: u32, the key is retired that long after its
 *	installation, milliseconds, 100 to 86400000; required in set. In get:
 *	what is left of it.
 * @CIPE_A_KEY_TX_START: u32, first counter to send, default 0. For tests of
 *	the limits: counters below are never used.
 * @CIPE_A_KEY_DRIVER: string, up to %CIPE_KEY_DRIVER_MAX characters: in set,
 *	the kernel crypto driver to use (e.g. a hardware engine or cryptd(...)),
 *	which must implement the cipher; default: the best that runs on the CPU.
 *	Errors: -ENOENT (none of that name), -EINVAL (of another cipher),
 *	-EOPNOTSUPP (known to lose requests), -EBADE (does not agree with the
 *	kernel's portable code), -ENOSPC (too busy to be compared with it).
 *	In get: the driver in use; "chacha20poly1305-lib", which can not be set,
 *	is the default of ChaCha20-Poly1305: the kernel's library, no driver.
 * @CIPE_A_KEY_TX_COUNTER: u64, next counter to send, get only
 * @CIPE_A_KEY_TX_BLOCKS: u64, cipher blocks sent under the key. In set: that
 *	count from the beginning, default 0; for tests of the limits
 * @CIPE_A_KEY_RX_COUNTER: u64, highest counter received plus one, get only
 * @CIPE_A_KEY_AGE_MS: u64, milliseconds since installation, get only
 */
enum cipe_key_attr {
	CIPE_A_KEY_UNSPEC,
	CIPE_A_KEY_PAD,
	CIPE_A_KEY_SLOT,
	CIPE_A_KEY_RX_ID,
	CIPE_A_KEY_TX_ID,
	CIPE_A_KEY_CIPHER,
	CIPE_A_KEY_RX_KEY,
	CIPE_A_KEY_RX_IV,
	CIPE_A_KEY_TX_KEY,
	CIPE_A_KEY_TX_IV,
	CIPE_A_KEY_LIFETIME_MS,
	CIPE_A_KEY_TX_START,
	CIPE_A_KEY_DRIVER,
	CIPE_A_KEY_TX_COUNTER,
	CIPE_A_KEY_TX_BLOCKS,
	CIPE_A_KEY_RX_COUNTER,
	CIPE_A_KEY_AGE_MS,
	__CIPE_A_KEY_MAX
};

#define CIPE_A_KEY_MAX (__CIPE_A_KEY_MAX - 1)

/**
 * enum cipe_stat - members of %CIPE_A_STATS, all u64
 * @CIPE_STAT_PAD: padding
 * @CIPE_STAT_RX_PACKETS: inner packets delivered
 * @CIPE_STAT_RX_BYTES: their octets
 * @CIPE_STAT_TX_PACKETS: inner packets encrypted and sent (after GSO)
 * @CIPE_STAT_TX_BYTES: their octets
 * @CIPE_STAT_RX_KEEPALIVE: empty packets received
 * @CIPE_STAT_TX_KEEPALIVE: empty packets sent
 * @CIPE_STAT_RX_SHORT: authentic packet or frame shorter than its header says
 *	or than an Ethernet header
 * @CIPE_STAT_RX_FLAGS: unknown flag bits in the key id
 * @CIPE_STAT_RX_AUTH: authentication failed
 * @CIPE_STAT_RX_REPLAY: replayed, or older than the replay window
 * @CIPE_STAT_RX_EXPIRED: under a key past its end of life
 * @CIPE_STAT_RX_PROTO: mode ip: neither IPv4 nor IPv6 inside
 * @CIPE_STAT_RX_ECN: congestion mark on a flow that is not ECN-capable
 *	(RFC 6040, section 4.2)
 * @CIPE_STAT_RX_DOWN: authentic, but the device is down
 * @CIPE_STAT_RX_NOMEM: no memory
 * @CIPE_STAT_RX_CRYPTO: the cipher driver failed (not: authentication)
 * @CIPE_STAT_TX_NO_KEY: no current key. Only in the moment after it went: then
 *	the carrier is off, and the stack drops what is sent to the device
 * @CIPE_STAT_TX_LIMIT: the current key reached its packet or block limit
 * @CIPE_STAT_TX_NO_ENDPOINT: the peer's address is not known
 * @CIPE_STAT_TX_NO_SOCKET: no socket, or its network namespace is gone
 * @CIPE_STAT_TX_NO_ROUTE: no route to the peer
 * @CIPE_STAT_TX_LOOP: the carrier's route leads into the link itself
 * @CIPE_STAT_TX_TOO_BIG: does not fit the carrier's path; ICMP was sent where
 *	it may be
 * @CIPE_STAT_TX_PROTO: mode ip: neither IPv4 nor IPv6, or a broken header
 * @CIPE_STAT_TX_NOMEM: no memory
 * @CIPE_STAT_TX_CRYPTO: the cipher driver failed
 * @CIPE_STAT_ROAMED: times the peer's address changed
 */
enum cipe_stat {
	CIPE_STAT_UNSPEC,
	CIPE_STAT_PAD,
	CIPE_STAT_RX_PACKETS,
	CIPE_STAT_RX_BYTES,
	CIPE_STAT_TX_PACKETS,
	CIPE_STAT_TX_BYTES,
	CIPE_STAT_RX_KEEPALIVE,
	CIPE_STAT_TX_KEEPALIVE,
	CIPE_STAT_RX_SHORT,
	CIPE_STAT_RX_FLAGS,
	CIPE_STAT_RX_AUTH,
	CIPE_STAT_RX_REPLAY,
	CIPE_STAT_RX_EXPIRED,
	CIPE_STAT_RX_PROTO,
	CIPE_STAT_RX_ECN,
	CIPE_STAT_RX_DOWN,
	CIPE_STAT_RX_NOMEM,
	CIPE_STAT_RX_CRYPTO,
	CIPE_STAT_TX_NO_KEY,
	CIPE_STAT_TX_LIMIT,
	CIPE_STAT_TX_NO_ENDPOINT,
	CIPE_STAT_TX_NO_SOCKET,
	CIPE_STAT_TX_NO_ROUTE,
	CIPE_STAT_TX_LOOP,
	CIPE_STAT_TX_TOO_BIG,
	CIPE_STAT_TX_PROTO,
	CIPE_STAT_TX_NOMEM,
	CIPE_STAT_TX_CRYPTO,
	CIPE_STAT_ROAMED,
	/* Packets no link can be blamed for; the socket's, in each link on it */
	CIPE_STAT_SOCKET_SHORT,		/* too short for header and tag */
	CIPE_STAT_SOCKET_UNKNOWN_KEY,	/* key id of no key */
	CIPE_STAT_SOCKET_CONTROL,	/* key exchange while no daemon listens */
	__CIPE_STAT_MAX
};

#define CIPE_STAT_MAX (__CIPE_STAT_MAX - 1)

#endif /* _UAPI_LINUX_CIPE_H */
