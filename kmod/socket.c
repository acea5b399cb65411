// SPDX-License-Identifier: GPL-2.0-only
/*
 * UDP sockets handed over by user space.
 *
 * The daemon binds a socket and passes its descriptor. We take the data packets
 * out of it; key exchange messages stay for the daemon. No reference to the
 * file is kept, as it would keep the socket's network namespace alive, perhaps
 * the very one our device is in. When the owner closes the descriptor, or dies,
 * a socket of the kernel's own, which holds no namespace, takes over address
 * and port before the old one lets go of them; a new daemon takes over from
 * it in the same way. Between the two binds both sockets hand to us, so
 * nothing is lost.
 */

#include <linux/cred.h>
#include <linux/errno.h>
#include <linux/file.h>
#include <linux/mutex.h>
#include <linux/net.h>
#include <linux/netlink.h>
#include <linux/sched/task.h>
#include <linux/slab.h>
#include <linux/udp.h>
#include <linux/wait_bit.h>
#include <linux/workqueue.h>
#include <net/ipv6.h>
#include <net/net_namespace.h>
#include <net/sock.h>
#include <net/udp.h>
#include <net/udp_tunnel.h>

#include "compat.h"
#include "endpoint.h"
#include "hook.h"
#include "link.h"
#include "path.h"
#include "rx.h"
#include "socket.h"

/* Protects which socket belongs to which link, and the members that say so */
static DEFINE_MUTEX(registry_lock);
static LIST_HEAD(registry);

/* Calls of socket_owner_closed() under way */
static atomic_t closing = ATOMIC_INIT(0);

/* Look for sockets that died unnoticed */
#define SOCKET_REAP	(60 * HZ)

/* To bind stand-ins as the kernel, whoever closes the socket */
static const struct cred *socket_cred;

static void socket_owner_closed(struct sock *sk);
static void socket_reap(struct work_struct *work);
static DECLARE_DELAYED_WORK(reap_work, socket_reap);

static struct sock *socket_sk(const struct cipe_sock *cs)
{
	return rcu_dereference_protected(cs->sk, lockdep_is_held(&registry_lock));
}

/* What @sk, known to be hooked, belongs to; NULL after socket_unhook() */
static struct cipe_sock *socket_user_data(const struct sock *sk)
{
	return rcu_dereference_protected(__sk_user_data(sk),
					 lockdep_is_held(&registry_lock));
}

/* From now on @sk's datagrams come to cipe_rx_datagram(), many in a packet too.
 * That we are able to take such has to be told twice: to UDP here, so that GRO
 * makes them, and on each packet in hook.c.
 */
static int socket_hook(struct cipe_sock *cs, struct socket *sock, bool standin)
{
	struct udp_tunnel_sock_cfg config = {
		.sk_user_data = cs,
		.encap_type = UDP_ENCAP_ESPINUDP,
		.encap_rcv = cipe_rx_datagram,
		.encap_destroy = standin ? NULL : socket_owner_closed,
	};
	bool mc_loop = cipe_compat_mc_loop(sock->sk);
	int err;

	err = cipe_hook_get(sock_net(sock->sk));
	if (err)
		return err;
	setup_udp_tunnel_sock(sock_net(sock->sk), sock, &config);
	/* Meant for tunnels that send multicast; this is the owner's */
	cipe_compat_set_mc_loop(sock->sk, mc_loop);
	udp_set_bit(ACCEPT_L4, sock->sk);
	udp_set_bit(GRO_ENABLED, sock->sk);
	return 0;
}

static void socket_take_off(struct sock *sk)
{
	struct udp_sock *up = udp_sk(sk);

	WRITE_ONCE(up->encap_type, 0);
	WRITE_ONCE(up->encap_rcv, NULL);
	WRITE_ONCE(up->encap_destroy, NULL);
	cipe_hook_put(sock_net(sk));
}

/* Make @sk an ordinary UDP socket again, with @gro if its owner had that, and
 * wait for those who use it. Its user data go last: until then it must not
 * become someone else's.
 */
static void socket_unhook(struct sock *sk, bool gro)
{
	if (!gro) {
		udp_clear_bit(ACCEPT_L4, sk);
		udp_clear_bit(GRO_ENABLED, sk);
	}
	lock_sock(sk);
	inet_dec_convert_csum(sk);
	release_sock(sk);
	socket_take_off(sk);
	synchronize_net();
	rcu_assign_sk_user_data(sk, NULL);
}

/* Another socket is bound beside @sk, which will be closed. Nobody finds it from
 * now on; who just did still has a packet for us.
 */
static void socket_retire(struct sock *sk)
{
	sk->sk_prot->unhash(sk);
	synchronize_net();
	socket_take_off(sk);
	rcu_assign_sk_user_data(sk, NULL);
}

/**
 * cipe_socket_local - where a socket is bound
 * @sk: the socket
 * @local: gets address and port
 */
void cipe_socket_local(const struct sock *sk, union cipe_sockaddr *local)
{
	memset(local, 0, sizeof(*local));
	local->sa.sa_family = sk->sk_family;
	if (sk->sk_family == AF_INET6) {
		local->in6.sin6_addr = sk->sk_v6_rcv_saddr;
		local->in6.sin6_port = inet_sk(sk)->inet_sport;
		local->in6.sin6_scope_id =
			ipv6_iface_scope_id(&sk->sk_v6_rcv_saddr,
					    sk->sk_bound_dev_if);
	} else {
		local->in.sin_addr.s_addr = inet_sk(sk)->inet_rcv_saddr;
		local->in.sin_port = inet_sk(sk)->inet_sport;
	}
}

/* Bind @sock to where @old is bound, both at once for a moment. Address reuse
 * is allowed for no longer than that: any process may join in it.
 */
static int socket_bind_beside(struct socket *sock, struct sock *old)
{
	union cipe_sockaddr local;
	int err;

	cipe_socket_local(old, &local);
	sock->sk->sk_bound_dev_if = old->sk_bound_dev_if;
	if (sock->sk->sk_family == AF_INET6)
		sock->sk->sk_ipv6only = old->sk_ipv6only;
	ip_sock_set_freebind(sock->sk);
	old->sk_reuse = SK_CAN_REUSE;
	sock->sk->sk_reuse = SK_CAN_REUSE;
	err = kernel_bind(sock, &local.sa, cipe_sockaddr_len(&local));
	sock->sk->sk_reuse = SK_NO_REUSE;
	old->sk_reuse = SK_NO_REUSE;
	return err;
}

/* A socket of our own where @old is */
static struct socket *socket_standin(struct cipe_sock *cs, struct sock *old)
{
	const struct cred *cred;
	struct socket *sock;
	int err;

	err = sock_create_kern(sock_net(old), old->sk_family, SOCK_DGRAM,
			       IPPROTO_UDP, &sock);
	if (err)
		return ERR_PTR(err);
	sock->sk->sk_mark = old->sk_mark;
	sock->sk->sk_allocation = GFP_ATOMIC;
	err = socket_hook(cs, sock, true);
	if (err) {
		sock_release(sock);
		return ERR_PTR(err);
	}
	cred = override_creds(socket_cred);
	err = socket_bind_beside(sock, old);
	revert_creds(cred);
	if (err) {
		socket_unhook(sock->sk, false);
		sock_release(sock);
		return ERR_PTR(err);
	}
	return sock;
}

static void socket_free_rcu(struct rcu_head *rcu)
{
	kfree(container_of(rcu, struct cipe_sock, rcu));
}

/* Let go of the socket, ours or user space's, and of routes: they must not outlive
 * its network namespace
 */
static void socket_release(struct cipe_sock *cs)
{
	struct sock *sk = socket_sk(cs);
	struct cipe_link *link;

	if (!sk)
		return;
	RCU_INIT_POINTER(cs->sk, NULL);
	socket_unhook(sk, cs->gro); /* waits for senders too */
	list_for_each_entry(link, &cs->links, sock_node)
		cipe_link_drop_route(link);
	if (cs->standin) {
		sock_release(cs->standin);
		WRITE_ONCE(cs->standin, NULL);
	} else {
		sock_put(sk);
	}
}

/* The last step of user space's close(), or of the death of the process */
static void socket_owner_closed(struct sock *sk)
{
	struct cipe_sock *cs;
	struct socket *standin;

	atomic_inc(&closing);
	mutex_lock(&registry_lock);
	cs = socket_user_data(sk);
	if (!cs) /* the last link left meanwhile */
		goto unlock;

	standin = socket_standin(cs, sk);
	if (IS_ERR(standin)) {
		pr_warn_ratelimited("cipe: cannot keep a port its owner closed: %ld\n",
				    PTR_ERR(standin));
		socket_release(cs);
		goto unlock;
	}
	WRITE_ONCE(cs->standin, standin);
	rcu_assign_pointer(cs->sk, standin->sk);
	socket_retire(sk);
	sock_put(sk);
unlock:
	mutex_unlock(&registry_lock);
	if (atomic_dec_and_test(&closing))
		wake_up_var(&closing);
}

/* The owner may have taken our hook off, by setsockopt(UDP_ENCAP), so that its
 * close() went unnoticed. A hold on the dead socket would keep its network
 * namespace: let go. This can not be undone by the owner any more.
 */
static void socket_reap(struct work_struct *work)
{
	struct cipe_sock *cs;
	struct sock *sk;

	mutex_lock(&registry_lock);
	list_for_each_entry(cs, &registry, node) {
		sk = socket_sk(cs);
		if (sk && !cs->standin && sock_flag(sk, SOCK_DEAD) &&
		    !READ_ONCE(udp_sk(sk)->encap_type))
			socket_release(cs);
	}
	if (!list_empty(&registry))
		schedule_delayed_work(&reap_work, SOCKET_REAP);
	mutex_unlock(&registry_lock);
}

/**
 * cipe_socket_orphan - did the owner close the socket?
 * @cs: the socket
 *
 * Return: whether the kernel keeps the port alone. May change at any time.
 */
bool cipe_socket_orphan(const struct cipe_sock *cs)
{
	return READ_ONCE(cs->standin);
}

/**
 * cipe_socket_is - is a socket on that port?
 * @cs: the socket, may be NULL
 * @net: a network namespace
 * @port: a UDP port in it
 *
 * Context: under RCU.
 * Return: whether it is.
 */
bool cipe_socket_is(const struct cipe_sock *cs, const struct net *net, __be16 port)
{
	const struct sock *sk = cs ? rcu_dereference(cs->sk) : NULL;

	return sk && net_eq(sock_net(sk), net) && inet_sk(sk)->inet_sport == port;
}

/* Could the endpoint's @family be reached from @sk? %AF_UNSPEC: none given */
static int socket_check_family(const struct sock *sk, unsigned int family,
			       struct netlink_ext_ack *extack)
{
	if (family == AF_UNSPEC || cipe_path_possible(sk, family))
		return 0;
	NL_SET_ERR_MSG(extack, "the socket can not send to the endpoint's address family");
	return -EAFNOSUPPORT;
}

static int socket_check(const struct socket *sock, struct netlink_ext_ack *extack)
{
	const struct sock *sk = sock->sk;

	if (sk->sk_protocol != IPPROTO_UDP || sk->sk_type != SOCK_DGRAM ||
	    (sk->sk_family != AF_INET && sk->sk_family != AF_INET6)) {
		NL_SET_ERR_MSG(extack, "the descriptor is not a UDP socket");
		return -EPROTOTYPE;
	}
	if (sk->sk_state == TCP_ESTABLISHED) {
		NL_SET_ERR_MSG(extack, "the socket is connected, it must be only bound");
		return -EISCONN;
	}
	return 0;
}

/* Hook @sock for @cs unless someone else has it */
static int socket_claim(struct cipe_sock *cs, struct socket *sock,
			struct netlink_ext_ack *extack)
{
	struct sock *sk = sock->sk;
	int err = 0;

	lock_sock(sk);
	if (sk->sk_user_data || READ_ONCE(udp_sk(sk)->encap_type)) {
		NL_SET_ERR_MSG(extack, "the socket is in use for another encapsulation");
		err = -EBUSY;
	} else {
		cs->gro = udp_test_bit(GRO_ENABLED, sk);
		err = socket_hook(cs, sock, false);
	}
	release_sock(sk);
	return err;
}

/* The &struct cipe_sock of a bound socket, made if it has none */
static struct cipe_sock *socket_get(struct socket *sock,
				    struct netlink_ext_ack *extack)
{
	struct cipe_sock *cs;
	int err;

	if (READ_ONCE(udp_sk(sock->sk)->encap_rcv) == cipe_rx_datagram)
		return socket_user_data(sock->sk);

	cs = kzalloc(sizeof(*cs), GFP_KERNEL);
	if (!cs)
		return ERR_PTR(-ENOMEM);
	INIT_LIST_HEAD(&cs->links);
	/* Readers may come as soon as it is hooked */
	sock_hold(sock->sk);
	rcu_assign_pointer(cs->sk, sock->sk);
	err = socket_claim(cs, sock, extack);
	if (err) {
		sock_put(sock->sk);
		kfree(cs);
		return ERR_PTR(err);
	}
	list_add_tail(&cs->node, &registry);
	schedule_delayed_work(&reap_work, SOCKET_REAP);
	return cs;
}

/* Free @cs when its last link left */
static void socket_unuse(struct cipe_sock *cs)
{
	if (!list_empty(&cs->links))
		return;
	list_del(&cs->node);
	socket_release(cs);
	call_rcu(&cs->rcu, socket_free_rcu);
}

/* An unbound socket takes over from the stand-in */
static int socket_take_over(struct cipe_sock *cs, struct socket *sock,
			    struct netlink_ext_ack *extack)
{
	struct sock *old = cs && cs->standin ? cs->standin->sk : NULL;
	struct socket *standin;
	struct cipe_link *link;
	int err;

	if (!old) {
		NL_SET_ERR_MSG(extack, "the socket is not bound");
		return -EDESTADDRREQ;
	}
	if (sock->sk->sk_family != old->sk_family ||
	    sock_net(sock->sk) != sock_net(old)) {
		NL_SET_ERR_MSG(extack, "another family or network namespace than before");
		return -EAFNOSUPPORT;
	}
	err = socket_claim(cs, sock, extack);
	if (err)
		return err;
	err = socket_bind_beside(sock, old);
	if (err) {
		NL_SET_ERR_MSG(extack, "cannot bind to the address to take over");
		socket_unhook(sock->sk, cs->gro);
		return err;
	}

	sock_hold(sock->sk);
	rcu_assign_pointer(cs->sk, sock->sk);
	standin = cs->standin;
	WRITE_ONCE(cs->standin, NULL);
	socket_retire(old);
	sock_release(standin);
	/* Another mark may mean another route */
	list_for_each_entry(link, &cs->links, sock_node)
		cipe_link_forget_route(link);
	return 0;
}

/**
 * cipe_socket_attach - carry a link over a socket
 * @link: the link
 * @fd: descriptor, in the calling process, of a UDP socket: bound, or unbound
 *	if the link's present one is orphaned, see %CIPE_A_SOCKET_FD
 * @family: of an endpoint that is set together with it, else %AF_UNSPEC
 * @extack: says what was wrong
 *
 * Context: may sleep. The caller holds link->lock.
 * Return: 0; or an error, and nothing has changed.
 */
int cipe_socket_attach(struct cipe_link *link, int fd, unsigned int family,
		       struct netlink_ext_ack *extack)
{
	static const union cipe_sockaddr nowhere;
	struct cipe_endpoint *endpoint;
	struct cipe_sock *old, *cs;
	struct socket *sock;
	int err;

	sock = sockfd_lookup(fd, &err);
	if (!sock) {
		NL_SET_ERR_MSG(extack, "the descriptor is not an open socket");
		return err;
	}
	/* To replace the one that has routes by the old socket */
	endpoint = cipe_endpoint_create(&nowhere, NULL, GFP_KERNEL);
	if (!endpoint) {
		sockfd_put(sock);
		return -ENOMEM;
	}

	mutex_lock(&registry_lock);
	old = rcu_dereference_protected(link->sock, lockdep_is_held(&link->lock));
	err = socket_check(sock, extack) ?:
	      socket_check_family(sock->sk, family, extack);
	if (err)
		goto unlock;
	if (!inet_sk(sock->sk)->inet_num) {
		err = socket_take_over(old, sock, extack);
		goto unlock;
	}
	cs = socket_get(sock, extack);
	if (IS_ERR(cs)) {
		err = PTR_ERR(cs);
		goto unlock;
	}
	if (cs == old)
		goto unlock;
	err = cipe_link_move(link, cs);
	if (err) {
		NL_SET_ERR_MSG(extack, "another link of that socket has a key of the same id");
		goto unlock;
	}
	if (old)
		list_del(&link->sock_node);
	list_add_tail(&link->sock_node, &cs->links);
	/* Nobody caches a route by the old socket in the new endpoint */
	if (old)
		synchronize_net();
	cipe_link_renew_endpoint(link, endpoint);
	endpoint = NULL;
	if (old)
		socket_unuse(old);
unlock:
	mutex_unlock(&registry_lock);
	cipe_endpoint_free(endpoint);
	sockfd_put(sock);
	return err;
}

/**
 * cipe_socket_check_family - could an endpoint be reached from a link's socket?
 * @link: the link
 * @family: of the endpoint, or %AF_UNSPEC
 * @extack: says what was wrong
 *
 * Context: may sleep. The caller holds link->lock.
 * Return: 0, also without a socket; or -EAFNOSUPPORT.
 */
int cipe_socket_check_family(struct cipe_link *link, unsigned int family,
			     struct netlink_ext_ack *extack)
{
	struct cipe_sock *cs;
	struct sock *sk;
	int err;

	mutex_lock(&registry_lock);
	cs = rcu_dereference_protected(link->sock, lockdep_is_held(&link->lock));
	sk = cs ? socket_sk(cs) : NULL;
	err = sk ? socket_check_family(sk, family, extack) : 0;
	mutex_unlock(&registry_lock);
	return err;
}

/**
 * cipe_socket_detach - take a link off its socket
 * @link: the link
 *
 * The last link gives the socket back to its owner, an ordinary UDP socket.
 *
 * Context: may sleep. The caller holds link->lock.
 */
void cipe_socket_detach(struct cipe_link *link)
{
	struct cipe_sock *cs;

	mutex_lock(&registry_lock);
	cs = rcu_dereference_protected(link->sock, lockdep_is_held(&link->lock));
	if (cs) {
		RCU_INIT_POINTER(link->sock, NULL);
		list_del(&link->sock_node);
		socket_unuse(cs);
	}
	mutex_unlock(&registry_lock);
}

/* A network namespace goes: only stand-ins can be in it, a user's socket would
 * have kept it.
 */
static void __net_exit socket_net_pre_exit(struct net *net)
{
	struct cipe_sock *cs;

	mutex_lock(&registry_lock);
	list_for_each_entry(cs, &registry, node)
		if (socket_sk(cs) && sock_net(socket_sk(cs)) == net)
			socket_release(cs);
	mutex_unlock(&registry_lock);
}

static struct pernet_operations socket_net_ops = {
	.pre_exit = socket_net_pre_exit,
};

/**
 * cipe_socket_init - get ready for sockets
 *
 * Return: 0 or an error.
 */
int cipe_socket_init(void)
{
	struct cred *cred = prepare_kernel_cred(&init_task);
	int err;

	if (!cred)
		return -ENOMEM;
	socket_cred = cred;
	err = register_pernet_subsys(&socket_net_ops);
	if (err)
		put_cred(socket_cred);
	return err;
}

/**
 * cipe_socket_exit - the reverse, after the last link is gone
 */
void cipe_socket_exit(void)
{
	unregister_pernet_subsys(&socket_net_ops);
	cancel_delayed_work_sync(&reap_work);
	/* A close() may still be on its way into, or out of, our hook */
	synchronize_rcu_tasks();
	wait_var_event(&closing, !atomic_read(&closing));
	synchronize_rcu_tasks();
	synchronize_rcu();
	put_cred(socket_cred);
}
