// SPDX-License-Identifier: GPL-2.0-only
/*
 * Notifications to user space.
 *
 * All of them follow from an authentic packet, the passing of time or our own
 * sending. Each can come at most once a key, "peer moved" once a second, and that
 * the peer is dead, and alive again, once in the time-out that user space set.
 */

#include <linux/netdevice.h>
#include <net/genetlink.h>
#include <net/sock.h>

#include <uapi/linux/cipe.h>

#include "endpoint.h"
#include "events.h"
#include "keys.h"
#include "link.h"
#include "netlink.h"
#include "socket.h"

static struct sk_buff *event_begin(struct cipe_link *link, u8 cmd, void **header)
{
	struct sk_buff *msg = genlmsg_new(NLMSG_DEFAULT_SIZE, GFP_ATOMIC);

	if (!msg)
		return NULL;
	*header = genlmsg_put(msg, 0, 0, &cipe_genl_family, 0, cmd);
	if (!*header ||
	    nla_put_u32(msg, CIPE_A_IFINDEX, link->dev->ifindex) ||
	    nla_put_u32(msg, CIPE_A_LINK_ID, link->id) ||
	    nla_put_string(msg, CIPE_A_IFNAME, link->dev->name)) {
		nlmsg_free(msg);
		return NULL;
	}
	return msg;
}

/* The namespace of the link's socket, where its daemon is; NULL: none */
static struct net *event_socket_net(struct cipe_link *link)
{
	struct cipe_sock *cs = rcu_dereference(link->sock);
	struct sock *sk = cs ? rcu_dereference(cs->sk) : NULL;

	return sk ? sock_net(sk) : NULL;
}

/* To the link's namespace and, if another, its socket's */
static void event_send(struct cipe_link *link, struct sk_buff *msg, void *header)
{
	struct net *link_net, *socket_net;
	struct sk_buff *copy = NULL;

	genlmsg_end(msg, header);
	rcu_read_lock();
	link_net = dev_net(link->dev);
	socket_net = event_socket_net(link);
	if (socket_net && !net_eq(socket_net, link_net))
		copy = skb_copy(msg, GFP_ATOMIC);
	genlmsg_multicast_netns(&cipe_genl_family, link_net, msg, 0, 0, GFP_ATOMIC);
	if (copy)
		genlmsg_multicast_netns(&cipe_genl_family, socket_net, copy, 0, 0,
					GFP_ATOMIC);
	rcu_read_unlock();
}

/**
 * cipe_event_link - something about a link
 * @link: the link
 * @cmd: %CIPE_CMD_PEER_DEAD_NTF or %CIPE_CMD_PEER_ALIVE_NTF
 *
 * Context: any that may turn BH off. Without memory nothing is sent: user
 * space learns of lost notifications only by reading the link.
 */
void cipe_event_link(struct cipe_link *link, u8 cmd)
{
	struct sk_buff *msg;
	void *header;

	msg = event_begin(link, cmd, &header);
	if (msg)
		event_send(link, msg, header);
}

/**
 * cipe_event_moved - the peer has another address
 * @link: the link
 * @endpoint: the peer's present one
 *
 * Context: as cipe_event_link().
 */
void cipe_event_moved(struct cipe_link *link, const struct cipe_endpoint *endpoint)
{
	struct sk_buff *msg;
	void *header;

	msg = event_begin(link, CIPE_CMD_PEER_MOVED_NTF, &header);
	if (!msg)
		return;
	if (nla_put(msg, CIPE_A_ENDPOINT, cipe_sockaddr_len(&endpoint->remote),
		    &endpoint->remote)) {
		nlmsg_free(msg);
		return;
	}
	event_send(link, msg, header);
}

/**
 * cipe_event_key - something about a key
 * @link: the link
 * @cmd: %CIPE_CMD_KEY_LIMIT_NTF, %CIPE_CMD_KEY_ACTIVE_NTF or
 *	%CIPE_CMD_KEY_EXPIRED_NTF
 * @key: its key
 *
 * Context: as cipe_event_link().
 */
void cipe_event_key(struct cipe_link *link, u8 cmd, const struct cipe_key *key)
{
	struct sk_buff *msg;
	struct nlattr *nest;
	void *header;

	msg = event_begin(link, cmd, &header);
	if (!msg)
		return;
	nest = nla_nest_start(msg, CIPE_A_KEY);
	if (!nest || nla_put_u8(msg, CIPE_A_KEY_SLOT, key->slot) ||
	    nla_put_u32(msg, CIPE_A_KEY_RX_ID, key->rx_id) ||
	    nla_put_u32(msg, CIPE_A_KEY_TX_ID, key->tx_id)) {
		nlmsg_free(msg);
		return;
	}
	nla_nest_end(msg, nest);
	event_send(link, msg, header);
}
