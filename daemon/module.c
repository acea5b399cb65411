// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The kernel module itself: generic netlink family "cipe".
 */
#include "module.h"

#include <errno.h>
#include <netlink/genl/ctrl.h>
#include <netlink/genl/genl.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "netlink.h"

/* Events of many links at once fit; what does not is told by -ENOBUFS */
#define EVENT_BUFFER (256 * 1024)

/**
 * struct module - our sockets to the module
 * @requests: questions and answers
 * @events: member of the multicast group
 * @family: number of the family
 */
struct module {
	struct nl_sock *requests;
	struct nl_sock *events;
	int family;
};

/**
 * module_load() - run modprobe
 * Return: 0, or -ENOENT when the module could not be loaded.
 */
int module_load(void)
{
	static char name[] = "modprobe", quiet[] = "-q", module[] = "cipe";
	static char path[] = "PATH=/usr/sbin:/usr/bin:/sbin:/bin";
	char *const argv[] = { name, quiet, module, NULL }, *const envp[] = { path, NULL };
	static const char *const where[] = { "/sbin/modprobe", "/usr/sbin/modprobe" };
	int status = -1;
	pid_t pid;
	size_t i;

	for (i = 0; i < sizeof(where) / sizeof(where[0]); i++) {
		if (posix_spawn(&pid, where[i], NULL, NULL, argv, envp))
			continue;
		while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
			;
		break;
	}
	return status ? -ENOENT : 0;
}

static int join_events(struct module *k)
{
	int group, rc;

	rc = netlink_open(&k->events, NETLINK_GENERIC);
	if (rc)
		return rc;
	group = genl_ctrl_resolve_grp(k->requests, CIPE_GENL_NAME, CIPE_GENL_MCGRP_EVENTS);
	if (group < 0)
		return -ENOENT;
	nl_socket_set_buffer_size(k->events, EVENT_BUFFER, 0);
	return netlink_join(k->events, group);
}

/**
 * module_open() - connect to the module
 * @k: set to a handle for module_close()
 * Return: 0, -ENOENT when the module is not loaded, or another -errno.
 */
int module_open(struct module **k)
{
	int rc;

	*k = calloc(1, sizeof(**k));
	if (!*k)
		return -ENOMEM;
	rc = netlink_open(&(*k)->requests, NETLINK_GENERIC);
	if (!rc) {
		(*k)->family = genl_ctrl_resolve((*k)->requests, CIPE_GENL_NAME);
		rc = (*k)->family < 0 ? -ENOENT : join_events(*k);
	}
	if (rc) {
		module_close(*k);
		*k = NULL;
	}
	return rc;
}

/** module_close() - disconnect; @k may be NULL */
void module_close(struct module *k)
{
	if (!k)
		return;
	nl_socket_free(k->requests);
	nl_socket_free(k->events);
	free(k);
}

static struct nl_msg *request(struct module *k, enum cipe_cmd cmd, int attr, uint32_t value)
{
	struct nl_msg *msg = nlmsg_alloc();

	if (!msg)
		return NULL;
	if (genlmsg_put(msg, NL_AUTO_PORT, NL_AUTO_SEQ, k->family, 0, 0, (uint8_t)cmd,
			CIPE_GENL_VERSION) && !nla_put_u32(msg, attr, value))
		return msg;
	nlmsg_free(msg);
	return NULL;
}

/* ------------------------------------------------------------------------
 * reading
 */

static uint32_t get_u8(struct nlattr *a)
{
	return a && nla_len(a) >= 1 ? nla_get_u8(a) : 0;
}

static uint32_t get_u32(struct nlattr *a)
{
	return a && nla_len(a) >= 4 ? nla_get_u32(a) : 0;
}

static uint64_t get_u64(struct nlattr *a)
{
	return a && nla_len(a) >= 8 ? nla_get_u64(a) : 0;
}

static void get_addr(union addr *addr, struct nlattr *a)
{
	memset(addr, 0, sizeof(*addr));
	if (a)
		addr_set(addr, nla_data(a), (size_t)nla_len(a));
}

/* Return: the slot, -1 when the attribute makes no sense */
static int parse_key(struct nlattr *nest, struct kernel_key_state *key)
{
	struct nlattr *tb[CIPE_A_KEY_MAX + 1];
	uint32_t slot;

	if (nla_parse_nested(tb, CIPE_A_KEY_MAX, nest, NULL) < 0 || !tb[CIPE_A_KEY_SLOT])
		return -1;
	slot = get_u8(tb[CIPE_A_KEY_SLOT]);
	if (slot > CIPE_SLOT_NEXT)
		return -1;
	*key = (struct kernel_key_state){
		.present = true,
		.rx_id = get_u32(tb[CIPE_A_KEY_RX_ID]),
		.tx_id = get_u32(tb[CIPE_A_KEY_TX_ID]),
		.cipher = get_u8(tb[CIPE_A_KEY_CIPHER]),
		.lifetime_ms = get_u32(tb[CIPE_A_KEY_LIFETIME_MS]),
		.tx_counter = get_u64(tb[CIPE_A_KEY_TX_COUNTER]),
		.tx_blocks = get_u64(tb[CIPE_A_KEY_TX_BLOCKS]),
		.rx_counter = get_u64(tb[CIPE_A_KEY_RX_COUNTER]),
	};
	return (int)slot;
}

static void parse_link(void *ctx, struct nlmsghdr *nlh)
{
	struct kernel_link *link = ctx;
	struct nlattr *tb[CIPE_A_MAX + 1], *a;
	struct kernel_key_state key;
	int left, slot;

	if (genlmsg_parse(nlh, 0, tb, CIPE_A_MAX, NULL) < 0)
		return;
	link->ifindex = get_u32(tb[CIPE_A_IFINDEX]);
	link->id = get_u32(tb[CIPE_A_LINK_ID]);
	if (tb[CIPE_A_IFNAME])
		nla_strlcpy(link->name, tb[CIPE_A_IFNAME], sizeof(link->name));
	link->mode = get_u8(tb[CIPE_A_MODE]);
	link->socket_state = get_u8(tb[CIPE_A_SOCKET_STATE]);
	get_addr(&link->local, tb[CIPE_A_LOCAL]);
	get_addr(&link->endpoint, tb[CIPE_A_ENDPOINT]);
	get_addr(&link->endpoint_local, tb[CIPE_A_ENDPOINT_LOCAL]);
	link->alive = get_u8(tb[CIPE_A_PEER_ALIVE]);
	link->path_mtu = get_u32(tb[CIPE_A_PATH_MTU]);
	nlmsg_for_each_attr(a, nlh, GENL_HDRLEN, left) {
		if (nla_type(a) != CIPE_A_KEY)
			continue;
		slot = parse_key(a, &key);
		if (slot >= 0)
			link->key[slot] = key;
	}
}

static int link_get(struct module *k, int attr, uint32_t value, struct kernel_link *link)
{
	int rc;

	memset(link, 0, sizeof(*link));
	rc = netlink_request(k->requests, request(k, CIPE_CMD_LINK_GET, attr, value), parse_link,
			     link);
	return rc ? rc : link->id ? 0 : -EBADMSG;
}

/**
 * module_link_find() - read the state of a link in our network namespace
 * @k: from module_open()
 * @ifindex: of its interface
 * @link: filled in
 * Return: 0 or -errno: -ENODEV and the like when it is no link of ours.
 */
int module_link_find(struct module *k, unsigned int ifindex, struct kernel_link *link)
{
	return link_get(k, CIPE_A_IFINDEX, ifindex, link);
}

/**
 * module_link_get() - read the state of a link wherever it is
 * @k: from module_open()
 * @id: number of the link
 * @link: filled in
 * Return: 0, -ENODEV when it was deleted, or another -errno.
 */
int module_link_get(struct module *k, uint32_t id, struct kernel_link *link)
{
	return link_get(k, CIPE_A_LINK_ID, id, link);
}

/* ------------------------------------------------------------------------
 * changing
 */

/**
 * module_link_set() - change a link, all of it or nothing
 * @k: from module_open()
 * @id: number of the link
 * @s: what to change
 * Return: 0 or -errno; see CIPE_CMD_LINK_SET.
 */
int module_link_set(struct module *k, uint32_t id, const struct kernel_setting *s)
{
	struct nl_msg *msg = request(k, CIPE_CMD_LINK_SET, CIPE_A_LINK_ID, id);

	if (!msg)
		return -ENOMEM;
	if (s->fd >= 0)
		NLA_PUT_U32(msg, CIPE_A_SOCKET_FD, (uint32_t)s->fd);
	if (s->endpoint)
		NLA_PUT(msg, CIPE_A_ENDPOINT, (int)addr_len(s->endpoint), s->endpoint);
	if (s->policy) {
		NLA_PUT_U8(msg, CIPE_A_TTL, s->ttl);
		NLA_PUT_U16(msg, CIPE_A_TOS, s->tos);
		NLA_PUT_U8(msg, CIPE_A_PIN, s->pin);
	}
	if (s->timers) {
		NLA_PUT_U32(msg, CIPE_A_KEEPALIVE_MS, s->keepalive_ms);
		NLA_PUT_U32(msg, CIPE_A_TIMEOUT_MS, s->timeout_ms);
	}
	return netlink_request(k->requests, msg, NULL, NULL);

nla_put_failure:
	nlmsg_free(msg);
	return -EMSGSIZE;
}

static int put_key(struct nl_msg *msg, const struct kernel_key *key)
{
	int len = (int)key->key_len;
	struct nlattr *nest = nla_nest_start(msg, CIPE_A_KEY);

	if (!nest)
		return -EMSGSIZE;
	NLA_PUT_U8(msg, CIPE_A_KEY_SLOT, (uint8_t)key->slot);
	NLA_PUT_U32(msg, CIPE_A_KEY_RX_ID, key->rx_id);
	NLA_PUT_U32(msg, CIPE_A_KEY_TX_ID, key->tx_id);
	NLA_PUT_U8(msg, CIPE_A_KEY_CIPHER, (uint8_t)key->cipher);
	NLA_PUT(msg, CIPE_A_KEY_RX_KEY, len, key->rx_key);
	NLA_PUT(msg, CIPE_A_KEY_RX_IV, CIPE_IV_LEN, key->rx_iv);
	NLA_PUT(msg, CIPE_A_KEY_TX_KEY, len, key->tx_key);
	NLA_PUT(msg, CIPE_A_KEY_TX_IV, CIPE_IV_LEN, key->tx_iv);
	NLA_PUT_U32(msg, CIPE_A_KEY_LIFETIME_MS, key->lifetime_ms);
	nla_nest_end(msg, nest);
	return 0;

nla_put_failure:
	return -EMSGSIZE;
}

/**
 * module_key_set() - install a key
 * @k: from module_open()
 * @id: number of the link
 * @key: the key; its message to the kernel is wiped afterwards
 * Return: 0, -EEXIST when the rx id is in use, or another -errno.
 */
int module_key_set(struct module *k, uint32_t id, const struct kernel_key *key)
{
	struct nl_msg *msg = request(k, CIPE_CMD_KEY_SET, CIPE_A_LINK_ID, id);

	/* The default message size of a page has room for many keys */
	if (msg && put_key(msg, key)) {
		netlink_wipe(msg);
		return -EMSGSIZE;
	}
	return netlink_request(k->requests, msg, NULL, NULL);
}

/**
 * module_key_del() - retire the key in a slot
 * @k: from module_open()
 * @id: number of the link
 * @slot: which
 * Return: 0 or -errno.
 */
int module_key_del(struct module *k, uint32_t id, enum cipe_slot slot)
{
	struct nl_msg *msg = request(k, CIPE_CMD_KEY_DEL, CIPE_A_LINK_ID, id);
	struct nlattr *nest;

	if (!msg)
		return -ENOMEM;
	nest = nla_nest_start(msg, CIPE_A_KEY);
	if (!nest || nla_put_u8(msg, CIPE_A_KEY_SLOT, (uint8_t)slot)) {
		nlmsg_free(msg);
		return -EMSGSIZE;
	}
	nla_nest_end(msg, nest);
	return netlink_request(k->requests, msg, NULL, NULL);
}

/**
 * module_key_del_all() - retire all keys of a link
 * @k: from module_open()
 * @id: number of the link
 * Return: 0 or -errno.
 */
int module_key_del_all(struct module *k, uint32_t id)
{
	return netlink_request(k->requests, request(k, CIPE_CMD_KEY_DEL, CIPE_A_LINK_ID, id), NULL,
			       NULL);
}

/* ------------------------------------------------------------------------
 * events
 */

struct event_reader {
	module_event_fn fn;
	void *ctx;
	int family;
};

static void parse_event(void *ctx, struct nlmsghdr *nlh)
{
	const struct event_reader *reader = ctx;
	struct nlattr *tb[CIPE_A_MAX + 1];
	struct kernel_key_state key;
	struct kernel_event event;
	int slot;

	if (nlh->nlmsg_type != reader->family || !genlmsg_valid_hdr(nlh, 0) ||
	    genlmsg_parse(nlh, 0, tb, CIPE_A_MAX, NULL) < 0)
		return;
	memset(&event, 0, sizeof(event));
	event.cmd = genlmsg_hdr(nlh)->cmd;
	event.link = get_u32(tb[CIPE_A_LINK_ID]);
	get_addr(&event.endpoint, tb[CIPE_A_ENDPOINT]);
	slot = tb[CIPE_A_KEY] ? parse_key(tb[CIPE_A_KEY], &key) : -1;
	if (slot >= 0) {
		event.slot = (enum cipe_slot)slot;
		event.rx_id = key.rx_id;
	}
	reader->fn(reader->ctx, &event);
}

/** module_events_fd() - descriptor that becomes readable when there are events */
int module_events_fd(const struct module *k)
{
	return nl_socket_get_fd(k->events);
}

/**
 * module_events_read() - read the events that have arrived, without waiting
 * @k: from module_open()
 * @fn: called for each
 * @ctx: for @fn
 * Return: 0, -ENOBUFS when events were lost, or another -errno.
 */
int module_events_read(struct module *k, module_event_fn fn, void *ctx)
{
	struct event_reader reader = { fn, ctx, k->family };

	return netlink_events(k->events, parse_event, &reader);
}
