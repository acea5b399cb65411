// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The shape of requests. Whether the parser has a right to what it asks for is
 * the keeper's to decide.
 */
#include "request.h"

#include <string.h>

#include "derive.h"
#include "hooks.h"

/* As in the module's netlink policy */
#define TIMER_MIN_MS	10
#define TIMER_MAX_MS	3600000
#define LIFETIME_MAX_MS	86400000

/* As in IP, and in Ethernet */
#define MTU_MIN		68
#define MTU_MAX		65535

static bool is_bool(uint32_t value)
{
	return value <= 1;
}

/* Closed, not empty, no path */
static bool is_name(const char name[IFNAMSIZ])
{
	size_t len = strnlen(name, IFNAMSIZ), i;

	if (!len || len == IFNAMSIZ || !strcmp(name, ".") || !strcmp(name, ".."))
		return false;
	for (i = 0; i < len; i++)
		if (name[i] <= ' ' || name[i] == 0x7f || name[i] == '/' || name[i] == ':')
			return false;
	return true;
}

static bool is_family(uint32_t family)
{
	return family == AF_INET || family == AF_INET6;
}

static bool is_addr(const union addr *addr)
{
	return is_family(addr->sa.sa_family);
}

static bool is_timer(uint32_t ms)
{
	return !ms || (ms >= TIMER_MIN_MS && ms <= TIMER_MAX_MS);
}

static bool valid_log(const struct request_log *log)
{
	return log->priority >= LOG_ERR && log->priority <= LOG_DEBUG &&
	       memchr(log->device, '\0', sizeof(log->device)) &&
	       memchr(log->text, '\0', sizeof(log->text));
}

static bool valid_set(const struct request_set *set, bool with_fd)
{
	const uint32_t all = REQUEST_SET_SOCKET | REQUEST_SET_ENDPOINT | REQUEST_SET_TIMERS;

	return set->what && !(set->what & ~all) && with_fd == !!(set->what & REQUEST_SET_SOCKET) &&
	       (!(set->what & REQUEST_SET_ENDPOINT) || is_addr(&set->endpoint)) &&
	       is_timer(set->keepalive_ms) && is_timer(set->timeout_ms);
}

static bool valid_key(const struct request_key *key)
{
	return (key->slot == CIPE_SLOT_CURRENT || key->slot == CIPE_SLOT_NEXT) && key->rx_id &&
	       key->tx_id && key->cipher <= UINT8_MAX &&
	       key->key_len && key->key_len == derive_key_len((uint8_t)key->cipher) &&
	       key->lifetime_ms && key->lifetime_ms <= LIFETIME_MAX_MS;
}

static bool valid_resolve(const struct request_resolve *resolve)
{
	return memchr(resolve->host, '\0', sizeof(resolve->host)) &&
	       (resolve->family == AF_UNSPEC || is_family(resolve->family));
}

static bool valid_script(const struct request_script *script)
{
	return (script->event == HOOKS_UP || script->event == HOOKS_DOWN) &&
	       is_addr(&script->me) &&
	       (is_addr(&script->peer) || script->peer.sa.sa_family == AF_UNSPEC) &&
	       script->mtu <= MTU_MAX;
}

/**
 * request_size() - octets of a request
 * @op: which
 * Return: 0 when there is no such operation.
 */
size_t request_size(uint32_t op)
{
#define WITH(member) (offsetof(struct request, member) + sizeof(((struct request *)0)->member))
	static const size_t size[REQUEST_OPS] = {
		[REQUEST_LOG] = WITH(log),
		[REQUEST_APPLIED] = WITH(conf),
		[REQUEST_REFUSED] = WITH(conf),
		[REQUEST_IFACES_DELETE] = WITH(conf),
		[REQUEST_READY] = WITH(conf),
		[REQUEST_DROP] = WITH(conf),
		[REQUEST_BOOT] = WITH(conf),
		[REQUEST_STATE_OPEN] = WITH(id),
		[REQUEST_STATE_SAVE] = WITH(state),
		[REQUEST_CLAIM] = WITH(name),
		[REQUEST_RELEASE] = WITH(name),
		[REQUEST_IFACE_INDEX] = WITH(name),
		[REQUEST_IFACE_CREATE] = WITH(name),
		[REQUEST_IFACE_DELETE] = WITH(number),
		[REQUEST_IFACE_MTU] = WITH(mtu),
		[REQUEST_IFACE_UP] = WITH(number),
		[REQUEST_ADDR_ADD] = WITH(ifaddr),
		[REQUEST_ADDR_DEL] = WITH(ifaddr),
		[REQUEST_LINK_FIND] = WITH(number),
		[REQUEST_LINK_GET] = WITH(number),
		[REQUEST_LINK_SET] = WITH(set),
		[REQUEST_KEY_SET] = WITH(key),
		[REQUEST_KEY_DEL] = WITH(key_del),
		[REQUEST_UDP_OPEN] = WITH(number),
		[REQUEST_UDP_BIND] = WITH(addr),
		[REQUEST_ICMP_OPEN] = WITH(number),
		[REQUEST_ROUTE] = WITH(addr),
		[REQUEST_RESOLVE] = WITH(resolve),
		[REQUEST_SCRIPT] = WITH(script),
	};
#undef WITH

	return op < REQUEST_OPS ? size[op] : 0;
}

static bool valid_body(const struct request *r, bool with_fd)
{
	switch ((enum request_op)r->op) {
	case REQUEST_LOG:
		return valid_log(&r->log);
	case REQUEST_STATE_SAVE:
		return is_bool(r->state.have_local);
	case REQUEST_CLAIM:
	case REQUEST_RELEASE:
	case REQUEST_IFACE_INDEX:
	case REQUEST_IFACE_CREATE:
		return is_name(r->name);
	case REQUEST_IFACE_MTU:
		return r->mtu.mtu >= MTU_MIN && r->mtu.mtu <= MTU_MAX;
	case REQUEST_UDP_OPEN:
	case REQUEST_ICMP_OPEN:
		return is_family(r->number);
	case REQUEST_UDP_BIND:
	case REQUEST_ROUTE:
		return is_addr(&r->addr);
	case REQUEST_LINK_SET:
		return valid_set(&r->set, with_fd);
	case REQUEST_KEY_SET:
		return valid_key(&r->key);
	case REQUEST_KEY_DEL:
		return r->key_del.slot <= CIPE_SLOT_NEXT || r->key_del.slot == REQUEST_KEYS_ALL;
	case REQUEST_RESOLVE:
		return valid_resolve(&r->resolve);
	case REQUEST_SCRIPT:
		return valid_script(&r->script);
	default:
		return true;
	}
}

static bool about_no_link(uint32_t op)
{
	return op == REQUEST_LOG || op == REQUEST_APPLIED || op == REQUEST_REFUSED ||
	       op == REQUEST_IFACES_DELETE;
}

/**
 * request_valid() - could the daemon's own parser have sent this?
 * @r: what came
 * @len: its octets
 * @with_fd: a descriptor came with it
 */
bool request_valid(const struct request *r, size_t len, bool with_fd)
{
	if (len < sizeof(r->op) || !request_size(r->op) || len != request_size(r->op))
		return false;
	if (with_fd != (r->op == REQUEST_UDP_BIND) && r->op != REQUEST_LINK_SET)
		return false;
	if (!r->conf != about_no_link(r->op))
		return false;
	return valid_body(r, with_fd);
}
