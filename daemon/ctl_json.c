// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * cipectl show --json: the links, for programs. Names are only ever added.
 */
#include <jansson.h>
#include <sysexits.h>

#include "ctl.h"
#include "options.h"

/* NULL at any place makes the whole NULL: json_pack() and the _new functions
 * take it as an error and release what they were given.
 */

static json_t *json_addr(const union addr *addr)
{
	char buf[ADDR_STR_MAX];

	return addr_is_set(addr) ? json_string(addr_format(addr, buf)) : json_null();
}

static json_t *json_age(int64_t ms)
{
	return ms < 0 ? json_null() : json_integer(ms);
}

static json_t *json_positive(uint64_t n)
{
	return n ? json_integer((json_int_t)n) : json_null();
}

static json_t *json_key(enum cipe_slot slot, const struct ctl_key *key)
{
	static const char * const slots[CTL_SLOTS] = { "previous", "current", "next" };

	return json_pack("{s:s, s:I, s:I, s:s, s:s, s:I, s:I, s:I, s:I, s:I}",
			 "slot", slots[slot],
			 "rx_id", (json_int_t)key->rx_id,
			 "tx_id", (json_int_t)key->tx_id,
			 "cipher", options_cipher_name(key->cipher),
			 "driver", key->driver,
			 "age_ms", (json_int_t)key->age_ms,
			 "lifetime_ms", (json_int_t)key->lifetime_ms,
			 "tx_counter", (json_int_t)key->tx_counter,
			 "tx_blocks", (json_int_t)key->tx_blocks,
			 "rx_counter", (json_int_t)key->rx_counter);
}

static json_t *json_keys(const struct ctl_link *link)
{
	json_t *keys = json_array();

	for (int slot = 0; slot < CTL_SLOTS; slot++)
		if (link->key[slot].present)
			json_array_append_new(keys, json_key((enum cipe_slot)slot,
							     &link->key[slot]));
	return keys;
}

static json_t *json_stats(const struct ctl_link *link)
{
	json_t *stats = json_object();

	for (int i = 0; i <= CIPE_STAT_MAX; i++)
		if (ctl_stats[i].name)
			json_object_set_new(stats, ctl_stats[i].name,
					    json_integer((json_int_t)link->stats[i]));
	return stats;
}

static json_t *json_tos(const struct ctl_link *link)
{
	return link->tos == CIPE_TOS_INHERIT ? json_string("inherit") : json_integer(link->tos);
}

static json_t *json_link(const struct ctl_link *link)
{
	static const char * const sockets[] = { "none", "user", "orphan" };
	const struct ctl_key *key = ctl_link_newest_key(link);

	return json_pack("{s:s, s:I, s:I, s:s, s:s, s:s, s:b, s:b, s:o, s:o, s:o, s:i, s:o, s:b, "
			 "s:I, s:I, s:o, s:o, s:o, s:o, s:o, s:s?, s:s?, s:o, s:o}",
			 "device", link->ifname,
			 "ifindex", (json_int_t)link->ifindex,
			 "link_id", (json_int_t)link->link_id,
			 "mode", options_mode_name(link->mode),
			 "state", ctl_link_state(link),
			 "socket", link->socket <= CIPE_SOCKET_ORPHAN ? sockets[link->socket] :
			 "unknown",
			 "admin_up", link->admin_up,
			 "peer_alive", link->alive,
			 "peer", json_addr(&link->endpoint),
			 "local", json_addr(&link->local),
			 "peer_local", json_addr(&link->endpoint_local),
			 "ttl", (int)link->ttl,
			 "tos", json_tos(link),
			 "pin", link->pin,
			 "keepalive_ms", (json_int_t)link->keepalive_ms,
			 "timeout_ms", (json_int_t)link->timeout_ms,
			 "last_rx_ms", json_age(link->last_rx_ms),
			 "last_tx_ms", json_age(link->last_tx_ms),
			 "last_handshake_ms", json_age(link->last_key_ms),
			 "mtu", json_positive(link->mtu),
			 "path_mtu", json_positive(link->path_mtu),
			 "cipher", key ? options_cipher_name(key->cipher) : NULL,
			 "driver", key ? key->driver : NULL,
			 "keys", json_keys(link),
			 "stats", json_stats(link));
}

int ctl_print_json(FILE *out, const struct ctl_links *links)
{
	json_t *array = json_array();
	int ret = 0;

	for (size_t i = 0; i < links->count && !ret; i++)
		ret = json_array_append_new(array, json_link(&links->link[i]));
	if (!array || ret || json_dumpf(array, out, JSON_INDENT(2))) {
		ctl_error("the JSON text could not be made");
		ret = EX_SOFTWARE;
	} else {
		fputc('\n', out);
	}
	json_decref(array);
	return ret;
}
