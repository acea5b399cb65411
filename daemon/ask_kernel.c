// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The kernel module and interfaces, by way of the keeper.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "ask.h"
#include "iface.h"
#include "kernel.h"
#include "secret.h"

static int link_get(uint32_t op, uint32_t conf, uint32_t number, struct kernel_link *link)
{
	struct request r = { .op = op, .conf = conf, .number = number };
	struct answer a;
	int rc = ask_call(&r, -1, &a, NULL);

	*link = a.link;
	return rc;
}

/**
 * kernel_link_find() - read the state of a link of ours in our network namespace
 * @conf: of the configured link
 * @ifindex: of its interface
 * @link: filled in
 * Return: 0 or -errno: -ENODEV and the like when it is no link of ours.
 */
int kernel_link_find(uint32_t conf, unsigned int ifindex, struct kernel_link *link)
{
	return link_get(REQUEST_LINK_FIND, conf, ifindex, link);
}

/**
 * kernel_link_get() - read the state of a link of ours wherever it is
 * @conf: of the configured link
 * @id: number of the link
 * @link: filled in
 * Return: 0, -ENODEV when it was deleted, or another -errno.
 */
int kernel_link_get(uint32_t conf, uint32_t id, struct kernel_link *link)
{
	return link_get(REQUEST_LINK_GET, conf, id, link);
}

/**
 * kernel_link_set() - change a link, all of it or nothing
 * @conf: of the configured link
 * @id: number of the link
 * @s: what to change; of the policy the keeper knows more than we do
 * Return: 0 or -errno; see CIPE_CMD_LINK_SET.
 */
int kernel_link_set(uint32_t conf, uint32_t id, const struct kernel_setting *s)
{
	struct request r = { .op = REQUEST_LINK_SET, .conf = conf, .set.link = id };
	struct answer a;

	if (s->fd >= 0)
		r.set.what |= REQUEST_SET_SOCKET;
	if (s->endpoint) {
		r.set.what |= REQUEST_SET_ENDPOINT;
		r.set.endpoint = *s->endpoint;
	}
	if (s->timers) {
		r.set.what |= REQUEST_SET_TIMERS;
		r.set.keepalive_ms = s->keepalive_ms;
		r.set.timeout_ms = s->timeout_ms;
	}
	return ask_call(&r, s->fd, &a, NULL);
}

/**
 * kernel_key_set() - install a key
 * @conf: of the configured link
 * @id: number of the link
 * @key: the key; nothing of it is left on the way to the module
 * Return: 0, -EEXIST when the rx id is in use, or another -errno.
 */
int kernel_key_set(uint32_t conf, uint32_t id, const struct kernel_key *key)
{
	struct request_secret *secret = ask_secret();
	struct request r = { .op = REQUEST_KEY_SET, .conf = conf };
	int rc;

	r.key = (struct request_key){
		.link = id,
		.slot = key->slot,
		.rx_id = key->rx_id,
		.tx_id = key->tx_id,
		.cipher = key->cipher,
		.key_len = (uint32_t)key->key_len,
		.lifetime_ms = key->lifetime_ms,
	};
	memcpy(secret->rx_key, key->rx_key, key->key_len);
	memcpy(secret->tx_key, key->tx_key, key->key_len);
	memcpy(secret->rx_iv, key->rx_iv, CIPE_IV_LEN);
	memcpy(secret->tx_iv, key->tx_iv, CIPE_IV_LEN);
	rc = ask_simple(&r);
	secret_wipe(secret, sizeof(*secret));
	return rc;
}

/**
 * kernel_key_del() - retire the key in a slot
 * @conf: of the configured link
 * @id: number of the link
 * @slot: which
 * Return: 0 or -errno.
 */
int kernel_key_del(uint32_t conf, uint32_t id, enum cipe_slot slot)
{
	struct request r = { .op = REQUEST_KEY_DEL, .conf = conf, .key_del = { id, slot } };

	return ask_simple(&r);
}

/**
 * kernel_key_del_all() - retire all keys of a link
 * @conf: of the configured link
 * @id: number of the link
 * Return: 0 or -errno.
 */
int kernel_key_del_all(uint32_t conf, uint32_t id)
{
	struct request r = { .op = REQUEST_KEY_DEL, .conf = conf,
			     .key_del = { id, REQUEST_KEYS_ALL } };

	return ask_simple(&r);
}

/* ------------------------------------------------------------------------
 * interfaces
 */

static int with_name(uint32_t op, uint32_t conf, const char *name, struct answer *a)
{
	struct request r = { .op = op, .conf = conf };

	snprintf(r.name, sizeof(r.name), "%s", name);
	return ask_call(&r, -1, a, NULL);
}

/**
 * iface_index() - index of an interface that may become ours
 * @conf: of the configured link
 * @name: of the interface
 * Return: the index; 0: there is none; or -errno.
 */
int iface_index(uint32_t conf, const char *name)
{
	struct answer a;
	int rc = with_name(REQUEST_IFACE_INDEX, conf, name, &a);

	return rc ? rc : (int)a.number;
}

/**
 * iface_create() - create a link
 * @conf: of the configured link
 * @name: of the interface
 * @mode: what it carries; the keeper knows
 * Return: 0, -EEXIST when there is an interface of that name, -EOPNOTSUPP
 * when the module is not loaded, or another -errno.
 */
int iface_create(uint32_t conf, const char *name, enum cipe_mode mode)
{
	struct answer a;

	(void)mode;
	return with_name(REQUEST_IFACE_CREATE, conf, name, &a);
}

/** iface_delete() - delete an interface. Return: 0 or -errno. */
int iface_delete(uint32_t conf, unsigned int ifindex)
{
	struct request r = { .op = REQUEST_IFACE_DELETE, .conf = conf, .number = ifindex };

	return ask_simple(&r);
}

/** iface_delete_all() - delete those of all links that are set up. Return: 0 or -errno. */
int iface_delete_all(void)
{
	struct request r = { .op = REQUEST_IFACES_DELETE };

	return ask_simple(&r);
}

/** iface_set_mtu() - set the MTU. Return: 0 or -errno. */
int iface_set_mtu(uint32_t conf, unsigned int ifindex, unsigned int mtu)
{
	struct request r = { .op = REQUEST_IFACE_MTU, .conf = conf, .mtu = { ifindex, mtu } };

	return ask_simple(&r);
}

/** iface_set_up() - bring the interface up. Return: 0 or -errno. */
int iface_set_up(uint32_t conf, unsigned int ifindex)
{
	struct request r = { .op = REQUEST_IFACE_UP, .conf = conf, .number = ifindex };

	return ask_simple(&r);
}

static int with_addr(uint32_t op, uint32_t conf, unsigned int ifindex,
		     const struct iface_addr *addr)
{
	struct request r = { .op = op, .conf = conf,
			     .ifaddr = { ifindex, addr->local, addr->peer } };

	return ask_simple(&r);
}

/** iface_add_addr() - add an address, or replace the same. Return: 0 or -errno. */
int iface_add_addr(uint32_t conf, unsigned int ifindex, const struct iface_addr *addr)
{
	return with_addr(REQUEST_ADDR_ADD, conf, ifindex, addr);
}

/** iface_del_addr() - remove an address. Return: 0 or -errno. */
int iface_del_addr(uint32_t conf, unsigned int ifindex, const struct iface_addr *addr)
{
	return with_addr(REQUEST_ADDR_DEL, conf, ifindex, addr);
}
