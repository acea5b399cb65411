// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Names of the kernel's counters.
 */
#include "ctl.h"

const struct ctl_stat ctl_stats[CIPE_STAT_MAX + 1] = {
	[CIPE_STAT_RX_PACKETS] = { "rx_packets", NULL },
	[CIPE_STAT_RX_BYTES] = { "rx_bytes", NULL },
	[CIPE_STAT_TX_PACKETS] = { "tx_packets", NULL },
	[CIPE_STAT_TX_BYTES] = { "tx_bytes", NULL },
	[CIPE_STAT_RX_KEEPALIVE] = { "rx_keepalive", NULL },
	[CIPE_STAT_TX_KEEPALIVE] = { "tx_keepalive", NULL },
	[CIPE_STAT_RX_SHORT] = { "rx_short", "received, shorter than they say" },
	[CIPE_STAT_RX_FLAGS] = { "rx_flags", "received, unknown flags" },
	[CIPE_STAT_RX_AUTH] = { "rx_auth", "received, forged or damaged" },
	[CIPE_STAT_RX_REPLAY] = { "rx_replay", "received, replayed or too late" },
	[CIPE_STAT_RX_EXPIRED] = { "rx_expired", "received, key expired" },
	[CIPE_STAT_RX_PROTO] = { "rx_proto", "received, neither IPv4 nor IPv6" },
	[CIPE_STAT_RX_ECN] = { "rx_ecn", "received, impossible congestion mark" },
	[CIPE_STAT_RX_DOWN] = { "rx_down", "received while the device was down" },
	[CIPE_STAT_RX_NOMEM] = { "rx_nomem", "received, no memory" },
	[CIPE_STAT_RX_CRYPTO] = { "rx_crypto", "received, cipher driver failed" },
	[CIPE_STAT_TX_NO_KEY] = { "tx_no_key", "to send, no key" },
	[CIPE_STAT_TX_LIMIT] = { "tx_limit", "to send, key used up" },
	[CIPE_STAT_TX_NO_ENDPOINT] = { "tx_no_endpoint", "to send, peer's address not known" },
	[CIPE_STAT_TX_NO_SOCKET] = { "tx_no_socket", "to send, no socket" },
	[CIPE_STAT_TX_NO_ROUTE] = { "tx_no_route", "to send, no route to the peer" },
	[CIPE_STAT_TX_LOOP] = { "tx_loop", "to send, peer routed into the link itself" },
	[CIPE_STAT_TX_TOO_BIG] = { "tx_too_big", "to send, too big for the path" },
	[CIPE_STAT_TX_PROTO] = { "tx_proto", "to send, neither IPv4 nor IPv6" },
	[CIPE_STAT_TX_NOMEM] = { "tx_nomem", "to send, no memory" },
	[CIPE_STAT_TX_CRYPTO] = { "tx_crypto", "to send, cipher driver failed" },
	[CIPE_STAT_ROAMED] = { "roamed", NULL },
	[CIPE_STAT_SOCKET_SHORT] = { "socket_short", "on the socket, too short" },
	[CIPE_STAT_SOCKET_UNKNOWN_KEY] = { "socket_unknown_key", "on the socket, unknown key" },
	[CIPE_STAT_SOCKET_CONTROL] = { "socket_control", "key exchange, no daemon listens" },
};
