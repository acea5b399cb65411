// SPDX-License-Identifier: GPL-2.0-only
/* What user space reads about a link: everything but key material. */

#include <crypto/aead.h>
#include <linux/if_ether.h>
#include <linux/jiffies.h>
#include <net/genetlink.h>
#include <net/ipv6.h>
#include <net/sock.h>

#include <uapi/linux/cipe.h>

#include "endpoint.h"
#include "fill.h"
#include "keys.h"
#include "link.h"
#include "netlink.h"
#include "path.h"
#include "socket.h"

static int fill_sockaddr(struct sk_buff *msg, int attr,
			 const union cipe_sockaddr *addr)
{
	return nla_put(msg, attr, cipe_sockaddr_len(addr), addr);
}

static int fill_since(struct sk_buff *msg, int attr, unsigned long then, int pad)
{
	return nla_put_u64_64bit(msg, attr, jiffies64_to_msecs(jiffies - then), pad);
}

static int fill_config(struct sk_buff *msg, const struct cipe_link *link)
{
	return nla_put_u32(msg, CIPE_A_IFINDEX, link->dev->ifindex) ?:
	       nla_put_u32(msg, CIPE_A_LINK_ID, link->id) ?:
	       nla_put_string(msg, CIPE_A_IFNAME, link->dev->name) ?:
	       nla_put_u8(msg, CIPE_A_MODE, link->mode) ?:
	       nla_put_u8(msg, CIPE_A_TTL, READ_ONCE(link->ttl)) ?:
	       nla_put_u16(msg, CIPE_A_TOS, READ_ONCE(link->tos)) ?:
	       nla_put_u8(msg, CIPE_A_PIN, READ_ONCE(link->pin)) ?:
	       nla_put_u32(msg, CIPE_A_KEEPALIVE_MS,
			   jiffies_to_msecs(READ_ONCE(link->keepalive))) ?:
	       nla_put_u32(msg, CIPE_A_TIMEOUT_MS,
			   jiffies_to_msecs(READ_ONCE(link->timeout)));
}

static int fill_liveness(struct sk_buff *msg, const struct cipe_link *link)
{
	int err;

	err = nla_put_u8(msg, CIPE_A_PEER_ALIVE, netif_carrier_ok(link->dev));
	if (!err && READ_ONCE(link->ever_rx))
		err = fill_since(msg, CIPE_A_LAST_RX_MS, READ_ONCE(link->last_rx),
				 CIPE_A_PAD);
	if (!err && READ_ONCE(link->ever_tx))
		err = fill_since(msg, CIPE_A_LAST_TX_MS, READ_ONCE(link->last_tx),
				 CIPE_A_PAD);
	if (!err && READ_ONCE(link->ever_key))
		err = fill_since(msg, CIPE_A_LAST_KEY_MS, READ_ONCE(link->last_key),
				 CIPE_A_PAD);
	return err;
}

static int fill_socket(struct sk_buff *msg, const struct cipe_link *link)
{
	struct cipe_sock *cs = rcu_dereference(link->sock);
	struct sock *sk = cs ? rcu_dereference(cs->sk) : NULL;
	union cipe_sockaddr local;

	if (!sk)
		return nla_put_u8(msg, CIPE_A_SOCKET_STATE, CIPE_SOCKET_NONE);
	cipe_socket_local(sk, &local);
	return nla_put_u8(msg, CIPE_A_SOCKET_STATE, cipe_socket_orphan(cs) ?
			  CIPE_SOCKET_ORPHAN : CIPE_SOCKET_USER) ?:
	       fill_sockaddr(msg, CIPE_A_LOCAL, &local);
}

static int fill_endpoint(struct sk_buff *msg, const struct cipe_link *link)
{
	struct cipe_endpoint *endpoint = rcu_dereference(link->endpoint);
	int err;

	if (!endpoint)
		return 0;
	err = fill_sockaddr(msg, CIPE_A_ENDPOINT, &endpoint->remote);
	if (!err && endpoint->local.sa.sa_family)
		err = fill_sockaddr(msg, CIPE_A_ENDPOINT_LOCAL, &endpoint->local);
	return err;
}

static int fill_path_mtu(struct sk_buff *msg, struct cipe_link *link)
{
	unsigned int frame = link->mode == CIPE_MODE_ETHER ? ETH_HLEN : 0;
	struct cipe_outer outer;
	enum cipe_stat why;

	local_bh_disable();
	why = cipe_path_resolve(link, &outer);
	local_bh_enable();
	if (why)
		return 0;
	dst_release(outer.dst);
	return nla_put_u32(msg, CIPE_A_PATH_MTU,
			   outer.room > frame ? outer.room - frame : 0);
}

static int fill_key_counters(struct sk_buff *msg, struct cipe_key *key)
{
	u64 received;

	spin_lock_bh(&key->replay_lock);
	received = key->replay.next;
	spin_unlock_bh(&key->replay_lock);

	return nla_put_u64_64bit(msg, CIPE_A_KEY_TX_COUNTER,
				 atomic64_read(&key->tx_counter), CIPE_A_KEY_PAD) ?:
	       nla_put_u64_64bit(msg, CIPE_A_KEY_TX_BLOCKS,
				 atomic64_read(&key->tx_blocks), CIPE_A_KEY_PAD) ?:
	       nla_put_u64_64bit(msg, CIPE_A_KEY_RX_COUNTER, received,
				 CIPE_A_KEY_PAD);
}

static const char *fill_driver(const struct cipe_key *key)
{
	if (!key->tx)
		return "chacha20poly1305-lib";
	return crypto_tfm_alg_driver_name(crypto_aead_tfm(key->tx));
}

static int fill_key(struct sk_buff *msg, struct cipe_key *key)
{
	struct nlattr *nest = nla_nest_start(msg, CIPE_A_KEY);
	unsigned long now = jiffies;
	u32 left = time_before(now, key->dies) ?
		   jiffies_to_msecs(key->dies - now) : 0;

	if (!nest ||
	    nla_put_u8(msg, CIPE_A_KEY_SLOT, READ_ONCE(key->slot)) ||
	    nla_put_u32(msg, CIPE_A_KEY_RX_ID, key->rx_id) ||
	    nla_put_u32(msg, CIPE_A_KEY_TX_ID, key->tx_id) ||
	    nla_put_u8(msg, CIPE_A_KEY_CIPHER, key->cipher) ||
	    nla_put_u32(msg, CIPE_A_KEY_LIFETIME_MS, left) ||
	    nla_put_string(msg, CIPE_A_KEY_DRIVER, fill_driver(key)) ||
	    fill_key_counters(msg, key) ||
	    fill_since(msg, CIPE_A_KEY_AGE_MS, key->born, CIPE_A_KEY_PAD))
		return -EMSGSIZE;
	nla_nest_end(msg, nest);
	return 0;
}

static int fill_keys(struct sk_buff *msg, const struct cipe_link *link)
{
	struct cipe_key *key;
	unsigned int slot;
	int err = 0;

	for (slot = 0; slot < CIPE_SLOTS && !err; slot++) {
		key = rcu_dereference(link->keys[slot]);
		if (key)
			err = fill_key(msg, key);
	}
	return err;
}

static int fill_stats(struct sk_buff *msg, const struct cipe_link *link)
{
	struct cipe_sock *cs = rcu_dereference(link->sock);
	struct nlattr *nest = nla_nest_start(msg, CIPE_A_STATS);
	u64 sum[CIPE_STATS_LINK], value;
	unsigned int i;

	if (!nest)
		return -EMSGSIZE;
	cipe_stats_sum(link->stats, sum);
	for (i = CIPE_STAT_RX_PACKETS; i <= CIPE_STAT_MAX; i++) {
		if (i < CIPE_STATS_LINK)
			value = sum[i];
		else
			value = cs ? atomic64_read(&cs->stats[i - CIPE_STATS_LINK]) : 0;
		if (nla_put_u64_64bit(msg, i, value, CIPE_STAT_PAD))
			return -EMSGSIZE;
	}
	nla_nest_end(msg, nest);
	return 0;
}

/**
 * cipe_fill_link - write all that is known about a link
 * @msg: the message
 * @link: the link
 * @portid: the reader
 * @seq: number of its request
 * @flags: of the message's header
 *
 * Context: any that may turn BH off; the link is held or under RCU.
 * Return: 0; or -EMSGSIZE, and the message is as it was.
 */
int cipe_fill_link(struct sk_buff *msg, struct cipe_link *link, u32 portid,
		   u32 seq, int flags)
{
	void *header = genlmsg_put(msg, portid, seq, &cipe_genl_family, flags,
				   CIPE_CMD_LINK_GET);

	if (!header)
		return -EMSGSIZE;
	rcu_read_lock();
	if (fill_config(msg, link) || fill_liveness(msg, link) ||
	    fill_socket(msg, link) || fill_endpoint(msg, link) ||
	    fill_path_mtu(msg, link) || fill_keys(msg, link) ||
	    fill_stats(msg, link)) {
		rcu_read_unlock();
		genlmsg_cancel(msg, header);
		return -EMSGSIZE;
	}
	rcu_read_unlock();
	genlmsg_end(msg, header);
	return 0;
}
