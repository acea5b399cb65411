// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What the parser asks about interfaces and of the module: for links that this
 * process created or took over for it, and for no others.
 */
#include <errno.h>
#include <net/if.h>
#include <string.h>
#include <time.h>

#include "keeper_impl.h"
#include "log.h"
#include "netlink.h"
#include "secret.h"

#define RELEASE_PAUSE_NS 10000000

/* ------------------------------------------------------------------------
 * whose it is
 */

static void take_over(struct keeper *k, struct keeper_link *l, const struct kernel_link *seen)
{
	keeper_list(k, l, seen->id, seen->ifindex);
	memcpy(l->name, seen->name, sizeof(l->name));
}

/* May this link become ours? It has the name we hold the pid file of, and was
 * created by us, or configured by that name, or was ours in an earlier run.
 */
static bool adoptable(struct keeper *k, const struct keeper_link *l,
		      const struct kernel_link *seen)
{
	if (l->ready || l->id || keeper_find_id(k, seen->id))
		return false;
	if (l->pidfile.fd < 0 || strcmp(seen->name, l->name))
		return false;
	return seen->id == l->made || l->item->opts.device[0] || seen->id == l->remembered;
}

/* We hold the pid file: if its socket is still in use, that is by the parser of a
 * daemon that was killed, which is about to end as well. That is one parser for all
 * links: we wait once, not for each.
 */
static void wait_for_socket(struct keeper *k, struct kernel_link *seen)
{
	const struct timespec pause = { .tv_nsec = RELEASE_PAUSE_NS };

	while (k->pauses && seen->socket_state == CIPE_SOCKET_USER) {
		k->pauses--;
		nanosleep(&pause, NULL);
		if (module_link_get(k->module, seen->id, seen))
			return;
	}
}

/* May it be looked at? */
static bool visible(const struct keeper_link *l, uint32_t id)
{
	return l->id ? id == l->id : !l->ready && id && id == l->remembered;
}

/* The index may be another interface's by now */
static bool is_ours(struct keeper *k, const struct keeper_link *l, unsigned int ifindex)
{
	struct kernel_link seen;

	return l->id && !module_link_find(k->module, ifindex, &seen) && seen.id == l->id;
}

/* Return: 0, -ENODEV when it is ours no more, -EPERM when it never was */
static int check_ours(struct keeper *k, const struct keeper_link *l, unsigned int ifindex)
{
	if (!l->id || !ifindex || ifindex != l->ifindex)
		return -EPERM;
	return is_ours(k, l, ifindex) ? 0 : -ENODEV;
}

/* ------------------------------------------------------------------------
 * interfaces
 */

KEEPER_HANDLER(keeper_iface_index)
{
	(void)fd;
	(void)pass;
	if (!keeper_fits_name(k, l, r->name))
		return -EPERM;
	a->number = if_nametoindex(r->name);
	return 0;
}

/* Which one is it? Its index may be another's before we have to do with it again, and
 * one that we cannot tell from others must not stay.
 */
static int note_made(struct keeper *k, struct keeper_link *l)
{
	unsigned int ifindex = if_nametoindex(l->name);
	struct kernel_link seen;
	int rc = ifindex ? module_link_find(k->module, ifindex, &seen) : -ENODEV;

	if (!rc)
		l->made = seen.id;
	else if (ifindex)
		rtnl_delete(k->rtnl, ifindex);
	else
		log_err("interface %s was created, and renamed at once by somebody else: "
			"delete it", l->name);
	return rc;
}

KEEPER_HANDLER(keeper_iface_create)
{
	int rc;

	(void)fd;
	(void)a;
	(void)pass;
	if (l->id || l->made || l->pidfile.fd < 0 || strcmp(r->name, l->name))
		return -EPERM;
	rc = rtnl_create(k->rtnl, l->name, l->item->opts.mode);
	rc = rc ? rc : note_made(k, l);
	if (!rc)
		keeper_progress(k);
	return rc;
}

KEEPER_HANDLER(keeper_iface_delete)
{
	int rc = check_ours(k, l, r->number);

	(void)fd;
	(void)a;
	(void)pass;
	if (!rc)
		rc = rtnl_delete(k->rtnl, r->number);
	if (!rc) {
		l->gone = true;
		keeper_progress(k);
	}
	return rc;
}

/* Interfaces deleted at once; nobody else can change any meanwhile */
#define DELETE_BATCH 500

/* Put some of those that may go into the group; what rules there are for the one they
 * were in, nothing goes through them any more. @next: where to go on; NULL: that is
 * all. Return: how many.
 */
static unsigned int gather(struct keeper *k, struct keeper_link **next, uint32_t group,
			   struct keeper_link *batch[DELETE_BATCH])
{
	struct keeper_link *l = *next;
	unsigned int n = 0;

	for (; l && n < DELETE_BATCH; l = l->by_conf.next)
		if (l->ready && !l->gone && is_ours(k, l, l->ifindex) &&
		    !module_key_del_all(k->module, l->id) &&
		    !rtnl_set_group(k->rtnl, l->ifindex, group))
			batch[n++] = l;
	*next = l;
	return n;
}

/* Return: 0, also if there is nothing of it any more, or -errno */
static int delete_batch(struct keeper *k, uint32_t group, struct keeper_link *batch[],
			unsigned int n)
{
	int rc = rtnl_delete_group(k->rtnl, group);

	if (rc && rc != -ENODEV) {
		log_notice("cannot delete %u interfaces at once: %s%s", n, strerror(-rc),
			   netlink_words());
		return rc;
	}
	log_debug("%u interfaces deleted at once", n);
	while (n)
		batch[--n]->gone = true;
	/* It may have taken longer than the loop's idea of now can be old */
	ev_now_update(k->loop);
	keeper_progress(k);
	return 0;
}

/* One by one the kernel waits for all CPUs each time: minutes for thousands. What is
 * left is deleted like that.
 */
KEEPER_HANDLER(keeper_ifaces_delete)
{
	struct keeper_link *batch[DELETE_BATCH], *next = k->by_conf;
	uint32_t group;
	unsigned int n;
	int rc = 0;

	(void)l;
	(void)r;
	(void)fd;
	(void)a;
	(void)pass;
	/* Nobody else's, as good as for sure: of the upper half, where no table names any */
	if (secret_random(&group, sizeof(group)))
		return -EIO;
	group |= 1u << 31;
	while (next && !rc) {
		n = gather(k, &next, group, batch);
		if (n)
			rc = delete_batch(k, group, batch, n);
	}
	return rc;
}

KEEPER_HANDLER(keeper_iface_mtu)
{
	int rc = check_ours(k, l, r->mtu.ifindex);

	(void)fd;
	(void)a;
	(void)pass;
	return rc ? rc : rtnl_set_mtu(k->rtnl, r->mtu.ifindex, r->mtu.mtu);
}

KEEPER_HANDLER(keeper_iface_up)
{
	int rc = check_ours(k, l, r->number);

	(void)fd;
	(void)a;
	(void)pass;
	return rc ? rc : rtnl_set_up(k->rtnl, r->number);
}

/* As configured; or, where the peer says its own: one host, and not ours */
static bool fits_peer(const struct options *opts, struct in_addr peer)
{
	if (opts->ptpaddr.s_addr || opts->mode != CIPE_MODE_IP || !peer.s_addr)
		return peer.s_addr == opts->ptpaddr.s_addr;
	return addr_is_host4(peer) && peer.s_addr != opts->ipaddr.s_addr;
}

static int check_addr(struct keeper *k, const struct keeper_link *l, const struct request_addr *r)
{
	if (!l->item->opts.ipaddr.s_addr || r->local.s_addr != l->item->opts.ipaddr.s_addr ||
	    !fits_peer(&l->item->opts, r->peer))
		return -EPERM;
	return check_ours(k, l, r->ifindex);
}

/* One at a time: each brings a route with it */
KEEPER_HANDLER(keeper_addr_add)
{
	const struct iface_addr addr = { r->ifaddr.local, r->ifaddr.peer, l->item->opts.metric };
	int rc = check_addr(k, l, &r->ifaddr);

	(void)fd;
	(void)a;
	(void)pass;
	if (!rc && l->peer.s_addr && l->peer.s_addr != addr.peer.s_addr)
		rc = -EPERM;
	if (!rc)
		rc = rtnl_add_addr(k->rtnl, r->ifaddr.ifindex, &addr);
	if (!rc)
		l->peer = l->granted = addr.peer;
	return rc;
}

KEEPER_HANDLER(keeper_addr_del)
{
	const struct iface_addr addr = { r->ifaddr.local, r->ifaddr.peer, l->item->opts.metric };
	int rc = check_addr(k, l, &r->ifaddr);

	(void)fd;
	(void)a;
	(void)pass;
	if (!rc && l->peer.s_addr != addr.peer.s_addr)
		rc = -EPERM;
	if (!rc)
		rc = rtnl_del_addr(k->rtnl, r->ifaddr.ifindex, &addr);
	/* Whatever came of it: somebody else may have removed it */
	if (rc != -EPERM)
		l->peer.s_addr = INADDR_ANY;
	return rc;
}

/* Does a link that stays have this device? */
static bool is_wanted(struct keeper *k, const struct keeper_link *l)
{
	struct keeper_link *other, *next;

	HASH_ITER(by_conf, k->by_conf, other, next)
		if (other != l && !other->leaving && !other->item->faulty &&
		    !strcmp(other->item->opts.device, l->item->opts.device))
			return true;
	return false;
}

/* Until the link is forgotten no other daemon comes to have the name */
static bool hold_name(struct keeper_link *l, const char *name)
{
	pid_t holder;

	return l->pidfile.fd >= 0 || !pidfile_lock(&l->pidfile, name, &holder);
}

/* Could the link have taken it over? As adoptable(), of one that has a name. @seen: filled
 * in then
 */
static bool is_left(struct keeper *k, struct keeper_link *l, unsigned int ifindex,
		    struct kernel_link *seen)
{
	const struct options *opts = &l->item->opts;

	return !module_link_find(k->module, ifindex, seen) && !strcmp(seen->name, opts->device) &&
	       seen->mode == opts->mode && seen->socket_state != CIPE_SOCKET_USER &&
	       !keeper_find_id(k, seen->id) && hold_name(l, opts->device);
}

/* Another's may have been taken over: that its mode or its socket says so only the parser
 * looks at, and it may have let go of the name
 */
static bool may_end(struct keeper *k, struct keeper_link *l)
{
	struct kernel_link seen;

	if (l->ready || l->made == l->id)
		return true;
	return hold_name(l, l->name) && !module_link_get(k->module, l->id, &seen) &&
	       seen.mode == l->item->opts.mode &&
	       (l->shared || seen.socket_state != CIPE_SOCKET_USER);
}

/* Who waited for a name until now has taken nothing over: there may be what a daemon that
 * was killed left, with keys, and nobody would come for it
 */
static void delete_left(struct keeper *k, struct keeper_link *l)
{
	const char *device = l->item->opts.device;
	struct kernel_link seen;
	unsigned int ifindex;
	int rc;

	if (l->ready || l->made || !(l->leaving || k->stopping) || !device[0])
		return;
	ifindex = if_nametoindex(device);
	/* When all end, options that are being applied want nothing any more */
	if (!ifindex || (!k->stopping && is_wanted(k, l)) || !is_left(k, l, ifindex, &seen))
		return;
	log_notice("%s is left by an earlier daemon: deleting it", device);
	rc = module_key_del_all(k->module, seen.id);
	rc = rc ? rc : rtnl_delete(k->rtnl, ifindex);
	if (rc && rc != -ENODEV)
		log_err("cannot delete interface %s: %s%s", device, strerror(-rc), netlink_words());
}

/**
 * keeper_link_end() - the parser has no more to do with a link
 * @k: the keeper
 * @l: the link
 *
 * Whoever asks for this has taken it down. If not, it is done here: nothing goes
 * through a link that is not configured any more.
 */
void keeper_link_end(struct keeper *k, struct keeper_link *l)
{
	/* Who waits may be removed while it is set up, and have taken over an interface
	 * already. If it is still configured that may stay, as after any set-up that failed.
	 */
	if (!l->id)
		delete_left(k, l);
	if ((!l->ready && !l->leaving) || !l->id || l->gone || !may_end(k, l))
		return;
	/* Also where the interface is in another network namespace */
	if (module_key_del_all(k->module, l->id))
		return;
	if (!is_ours(k, l, l->ifindex))
		return;
	log_msg(l->ready ? LOG_WARNING : LOG_NOTICE,
		"%s was given up, but not deleted: deleting it", l->name);
	rtnl_delete(k->rtnl, l->ifindex);
	l->gone = true;
}

/* The interface that we created and that is no link's, wherever it is by now */
static void delete_made(struct keeper *k, struct keeper_link *l)
{
	struct kernel_link seen, here;

	if (!l->made || module_link_get(k->module, l->made, &seen))
		return;
	if (module_link_find(k->module, seen.ifindex, &here) || here.id != l->made)
		log_warn("%s is in another network namespace, and was not set up: delete it "
			 "there", l->name);
	else
		rtnl_delete(k->rtnl, seen.ifindex);
	l->made = 0;
}

/** keeper_link_ready() - the set-up is over: what was not taken over will never be */
void keeper_link_ready(struct keeper *k, struct keeper_link *l)
{
	l->ready = true;
	if (l->made != l->id)
		delete_made(k, l);
}

/** keeper_link_undo() - the parser did not get to the end of the set-up */
void keeper_link_undo(struct keeper *k, struct keeper_link *l)
{
	if (!l->ready || l->made != l->id)
		delete_made(k, l);
	pidfile_unlock(&l->pidfile);
}

/* ------------------------------------------------------------------------
 * the module
 */

KEEPER_HANDLER(keeper_link_find)
{
	struct kernel_link seen;
	int rc = module_link_find(k->module, r->number, &seen);

	(void)fd;
	(void)pass;
	if (rc)
		return rc;
	if (adoptable(k, l, &seen)) {
		wait_for_socket(k, &seen);
		take_over(k, l, &seen);
	}
	/* Whatever else there is is as good as nothing */
	if (!visible(l, seen.id))
		return -ENODEV;
	a->link = seen;
	return 0;
}

KEEPER_HANDLER(keeper_link_get)
{
	int rc;

	(void)fd;
	(void)pass;
	if (!visible(l, r->number))
		return -EPERM;
	rc = module_link_get(k->module, r->number, &a->link);
	/* One without a configured name is found by this, and not if it is in use */
	if (!rc && !l->id)
		wait_for_socket(k, &a->link);
	/* Renamed, or moved to another namespace and back */
	if (!rc && l->id && a->link.name[0])
		memcpy(l->name, a->link.name, sizeof(l->name));
	if (!rc && l->id)
		keeper_list(k, l, l->id, a->link.ifindex);
	return rc;
}

KEEPER_HANDLER(keeper_link_set)
{
	const struct request_set *set = &r->set;
	struct kernel_setting setting = {
		.fd = fd,
		.endpoint = set->what & REQUEST_SET_ENDPOINT ? &set->endpoint : NULL,
		.policy = fd >= 0,
		.ttl = (uint8_t)l->item->opts.cttl,
		.tos = (uint16_t)l->item->opts.tos,
		.pin = l->item->opts.pin,
		.timers = set->what & REQUEST_SET_TIMERS,
		.keepalive_ms = set->keepalive_ms,
		.timeout_ms = set->timeout_ms,
	};
	int rc;

	(void)a;
	(void)pass;
	if (!l->id || set->link != l->id)
		return -EPERM;
	if (fd >= 0 && (l->ready || !keeper_may_use(k, l, fd)))
		return -EPERM;
	rc = module_link_set(k->module, l->id, &setting);
	if (!rc && fd >= 0)
		keeper_share(k, l, fd);
	return rc;
}

static int install(struct keeper *k, uint32_t id, const struct request_key *key,
		   const struct request_secret *secret)
{
	const struct kernel_key to_set = {
		.slot = (enum cipe_slot)key->slot,
		.rx_id = key->rx_id,
		.tx_id = key->tx_id,
		.cipher = (enum cipe_cipher)key->cipher,
		.key_len = key->key_len,
		.rx_key = secret->rx_key,
		.rx_iv = secret->rx_iv,
		.tx_key = secret->tx_key,
		.tx_iv = secret->tx_iv,
		.lifetime_ms = key->lifetime_ms,
	};

	return module_key_set(k->module, id, &to_set);
}

KEEPER_HANDLER(keeper_key_set)
{
	const struct request_key *key = &r->key;
	struct request_secret *secret;
	int rc;

	(void)fd;
	(void)a;
	(void)pass;
	if (!l->id || key->link != l->id || key->cipher != (uint32_t)l->item->opts.cipher)
		return -EPERM;
	secret = secret_alloc(sizeof(*secret));
	if (!secret)
		return -ENOMEM;
	memcpy(secret, k->secret, sizeof(*secret));
	secret_wipe(k->secret, sizeof(*secret));
	rc = install(k, l->id, key, secret);
	secret_free(secret, sizeof(*secret));
	return rc;
}

KEEPER_HANDLER(keeper_key_del)
{
	(void)fd;
	(void)a;
	(void)pass;
	if (!l->id || r->key_del.link != l->id)
		return -EPERM;
	if (r->key_del.slot == REQUEST_KEYS_ALL)
		return module_key_del_all(k->module, l->id);
	return module_key_del(k->module, l->id, (enum cipe_slot)r->key_del.slot);
}
