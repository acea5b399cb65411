// SPDX-License-Identifier: GPL-2.0-only
/*
 * Datagrams that come many in a packet.
 *
 * What a machine's own sender, or its hypervisor, or GRO hands over as one UDP
 * packet for many datagrams is cut by UDP before a tunnel's socket sees it,
 * unless it is marked as a tunnel's: Linux fears that a coalesced packet might
 * end in a tunnel that knows nothing of that (udp_unexpected_gso()). Ours does.
 * So the packets for it are marked, just before UDP gets them.
 *
 * Those with a message for the daemon among them are left to be cut.
 */

#include <linux/in.h>
#include <linux/ip.h>
#include <linux/ipv6.h>
#include <linux/mutex.h>
#include <linux/netfilter.h>
#include <linux/netfilter_ipv4.h>
#include <linux/netfilter_ipv6.h>
#include <linux/skbuff.h>
#include <linux/udp.h>
#include <net/net_namespace.h>
#include <net/netns/generic.h>

#include <cipe/wire.h>

#include "hook.h"
#include "keys.h"
#include "reader.h"

/**
 * struct cipe_hook - a network namespace's
 * @users: sockets in it
 */
struct cipe_hook {
	unsigned int users;
};

static unsigned int hook_id;
static DEFINE_MUTEX(hook_lock); /* users, and registering with them */

/* Is each datagram a data packet, and the first one for a key on its port? */
static bool hook_data_only(const struct net *net, const struct sk_buff *skb,
			   unsigned int udp)
{
	const unsigned int size = skb_shinfo(skb)->gso_size;
	unsigned int at = udp + sizeof(struct udphdr);
	struct cipe_reader reader;
	struct udphdr buf, *uh;
	const __be32 *id;

	cipe_reader_start(&reader, skb);
	uh = skb_header_pointer(skb, udp, sizeof(buf), &buf);
	id = (void *)cipe_reader_at(&reader, at, sizeof(*id));
	if (!uh || !id ||
	    !cipe_key_expected(net, be32_to_cpu(*id) & CIPE_WIRE_ID_MASK, uh->dest))
		return false;
	/* Where one is not contiguous, it is not worth while */
	for (; at < skb->len; at += size) {
		id = (void *)cipe_reader_at(&reader, at, sizeof(*id));
		if (!id || *id == htonl(CIPE_WIRE_CONTROL))
			return false;
	}
	return true;
}

static unsigned int hook_mark(const struct net *net, struct sk_buff *skb,
			      u8 protocol, unsigned int udp)
{
	struct skb_shared_info *shared = skb_shinfo(skb);

	/* A clone's reader would see the mark */
	if ((shared->gso_type & SKB_GSO_UDP_L4) &&
	    !(shared->gso_type & SKB_GSO_FRAGLIST) &&
	    protocol == IPPROTO_UDP && !skb_cloned(skb) &&
	    hook_data_only(net, skb, udp))
		shared->gso_type |= SKB_GSO_UDP_TUNNEL;
	return NF_ACCEPT;
}

static unsigned int hook_ip4(void *priv, struct sk_buff *skb,
			     const struct nf_hook_state *state)
{
	if (likely(!skb_is_gso(skb)))
		return NF_ACCEPT;
	return hook_mark(state->net, skb, ip_hdr(skb)->protocol, ip_hdrlen(skb));
}

static unsigned int hook_ip6(void *priv, struct sk_buff *skb,
			     const struct nf_hook_state *state)
{
	if (likely(!skb_is_gso(skb)))
		return NF_ACCEPT;
	return hook_mark(state->net, skb, ipv6_hdr(skb)->nexthdr,
			 sizeof(struct ipv6hdr));
}

static const struct nf_hook_ops hook_ops[] = {
	{
		.hook = hook_ip4,
		.pf = NFPROTO_IPV4,
		.hooknum = NF_INET_LOCAL_IN,
		.priority = NF_IP_PRI_LAST,
	}, {
		.hook = hook_ip6,
		.pf = NFPROTO_IPV6,
		.hooknum = NF_INET_LOCAL_IN,
		.priority = NF_IP6_PRI_LAST,
	},
};

/**
 * cipe_hook_used - does a namespace have sockets of ours?
 * @net: the namespace
 *
 * Context: any. May change at any time.
 * Return: whether it has.
 */
bool cipe_hook_used(const struct net *net)
{
	const struct cipe_hook *hook = net_generic(net, hook_id);

	return READ_ONCE(hook->users);
}

/**
 * cipe_hook_get - a socket in a namespace takes packets of many datagrams
 * @net: the namespace
 *
 * Context: may sleep.
 * Return: 0 or an error.
 */
int cipe_hook_get(struct net *net)
{
	struct cipe_hook *hook = net_generic(net, hook_id);
	int err = 0;

	mutex_lock(&hook_lock);
	if (!hook->users)
		err = nf_register_net_hooks(net, hook_ops, ARRAY_SIZE(hook_ops));
	if (!err)
		WRITE_ONCE(hook->users, hook->users + 1);
	mutex_unlock(&hook_lock);
	return err;
}

/**
 * cipe_hook_put - the reverse
 * @net: the namespace
 *
 * Context: may sleep.
 */
void cipe_hook_put(struct net *net)
{
	struct cipe_hook *hook = net_generic(net, hook_id);

	mutex_lock(&hook_lock);
	WRITE_ONCE(hook->users, hook->users - 1);
	if (!hook->users)
		nf_unregister_net_hooks(net, hook_ops, ARRAY_SIZE(hook_ops));
	mutex_unlock(&hook_lock);
}

static struct pernet_operations hook_net_ops = {
	.id = &hook_id,
	.size = sizeof(struct cipe_hook),
};

/**
 * cipe_hook_init - get ready for sockets
 *
 * Return: 0 or an error.
 */
int cipe_hook_init(void)
{
	return register_pernet_subsys(&hook_net_ops);
}

/**
 * cipe_hook_exit - the reverse, after the last socket
 */
void cipe_hook_exit(void)
{
	unregister_pernet_subsys(&hook_net_ops);
}
