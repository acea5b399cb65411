// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The module's netlink interface, as include/uapi/linux/cipe.h promises it.
 * The frame of a request, and the sockets that a link is given.
 */
#include <linux/udp.h>
#include <netlink/genl/genl.h>

#include "netlink-refused.h"

/* ---- the frame of a request ---- */

TEST_F(nl, malformed)
{
	struct snapshot before;
	struct genlmsghdr *gh;
	struct nl_msg *msg;
	struct nlattr *a;
	unsigned int cmd;

	ASSERT_EQ(0, link_snapshot(&self->nl, self->index, &before));
	for (cmd = CIPE_CMD_LINK_GET; cmd <= CIPE_CMD_KEY_DEL; cmd++) {
		/* no link, or twice */
		msg = request(&self->nl, cmd, 0);
		check_refused(_metadata, self, "no link", NULL, -EINVAL,
			      call(&self->nl, msg), &before);
		msg = request(&self->nl, cmd, self->index);
		nla_put_u32(msg, CIPE_A_LINK_ID, self->id);
		check_refused(_metadata, self, "index and id", NULL, -EINVAL,
			      call(&self->nl, msg), &before);
		/* something behind the last attribute */
		msg = request(&self->nl, cmd, self->index);
		memset(nlmsg_reserve(msg, 3, 0), 0x11, 3);
		check_refused(_metadata, self, "trailing octets", NULL,
			      -EINVAL, call(&self->nl, msg), &before);
		/* an attribute longer than the message */
		msg = request(&self->nl, cmd, self->index);
		a = nla_reserve(msg, CIPE_A_TTL, 1);
		a->nla_len = 400;
		EXPECT_EQ(-EINVAL, call(&self->nl, msg));
		/* an attribute shorter than its own header */
		msg = request(&self->nl, cmd, self->index);
		a = nla_reserve(msg, CIPE_A_TTL, 1);
		a->nla_len = 3;
		EXPECT_EQ(-EINVAL, call(&self->nl, msg));
		/* the reserved field */
		msg = request(&self->nl, cmd, self->index);
		gh = nlmsg_data(nlmsg_hdr(msg));
		gh->reserved = 1;
		EXPECT_EQ(-EINVAL, call(&self->nl, msg));
		/* none but LINK_GET can be dumped */
		if (cmd == CIPE_CMD_LINK_GET)
			continue;
		msg = cipe_nl_msg(&self->nl, cmd, NLM_F_DUMP);
		EXPECT_EQ(-EOPNOTSUPP, call(&self->nl, msg));
	}
	for (cmd = 0; cmd < 256; cmd++) {
		if (cmd >= CIPE_CMD_LINK_GET && cmd <= CIPE_CMD_KEY_DEL)
			continue;
		msg = request(&self->nl, cmd, self->index);
		EXPECT_EQ(-EOPNOTSUPP, call(&self->nl, msg))
			TH_LOG("command %u", cmd);
	}
	/* a dump with what does not belong there */
	msg = cipe_nl_msg(&self->nl, CIPE_CMD_LINK_GET, NLM_F_DUMP);
	nla_put_u8(msg, CIPE_A_TTL, 1);
	EXPECT_EQ(-EINVAL, call(&self->nl, msg));
	check_refused(_metadata, self, "all of it", NULL, 0, 0, &before);
}

/* Anyone may read what netlink would accept */
TEST_F(nl, policy)
{
	struct nl_msg *msg;
	struct cipe_nl nl;
	int n = 0;

	ASSERT_EQ(0, setgid(NOBODY));
	ASSERT_EQ(0, setuid(NOBODY));
	ASSERT_EQ(0, cipe_nl_open(&nl));
	msg = nlmsg_alloc_size(4096);
	genlmsg_put(msg, NL_AUTO_PORT, NL_AUTO_SEQ, GENL_ID_CTRL, 0,
		    NLM_F_DUMP, CTRL_CMD_GETPOLICY, 1);
	nla_put_u16(msg, CTRL_ATTR_FAMILY_ID, nl.family);
	EXPECT_EQ(0, cipe_nl_call(&nl, msg, count_cb, &n));
	EXPECT_LT(10, n);
}

/* ---- sockets ---- */

struct bad_fd {
	const char *what;
	int fd, err;
};

TEST_F(nl, bad_sockets)
{
	struct sockaddr_in in = in_addr4(INADDR_LOOPBACK, 0);
	int i, n = 0, one = UDP_ENCAP_ESPINUDP, pipes[2], closed, got;
	struct snapshot before;
	struct sockaddr_in peer;
	struct bad_fd bad[20];
	struct nl_msg *msg;
	struct odd odd;
	char octet;

#define BAD(what, fd, err) \
	(bad[n++] = (struct bad_fd){ what, fd, err })
	closed = fcntl(0, F_DUPFD, 500);
	close(closed);
	BAD("closed", closed, -EBADF);
	ASSERT_EQ(0, pipe(pipes));
	BAD("a pipe", pipes[0], -ENOTSOCK);
	BAD("a file", open("/dev/null", O_RDWR), -ENOTSOCK);
	BAD("a file without access", open("/", O_PATH), -EBADF);
	BAD("TCP", socket(AF_INET, SOCK_STREAM, 0), -EPROTOTYPE);
	BAD("TCP over IPv6", socket(AF_INET6, SOCK_STREAM, 0), -EPROTOTYPE);
	BAD("raw", socket(AF_INET, SOCK_RAW, IPPROTO_UDP), -EPROTOTYPE);
	BAD("UDP-Lite", socket(AF_INET, SOCK_DGRAM, IPPROTO_UDPLITE),
	    -EPROTOTYPE);
	BAD("unix, datagrams", socket(AF_UNIX, SOCK_DGRAM, 0), -EPROTOTYPE);
	BAD("unix, stream", socket(AF_UNIX, SOCK_STREAM, 0), -EPROTOTYPE);
	BAD("netlink", socket(AF_NETLINK, SOCK_RAW, 0), -EPROTOTYPE);
	BAD("packet", socket(AF_PACKET, SOCK_DGRAM, 0), -EPROTOTYPE);
	BAD("not bound", socket(AF_INET, SOCK_DGRAM, 0), -EDESTADDRREQ);
	BAD("not bound, IPv6", socket(AF_INET6, SOCK_DGRAM, 0), -EDESTADDRREQ);
	BAD("connected", bound4(), -EISCONN);
	in.sin_port = htons(9);
	ASSERT_EQ(0, connect(bad[n - 1].fd, (void *)&in, sizeof(in)));
	BAD("ESP in UDP", bound4(), -EBUSY);
	got = setsockopt(bad[n - 1].fd, IPPROTO_UDP, UDP_ENCAP, &one, sizeof(one));
	if (got)
		n--;

	ASSERT_EQ(0, link_snapshot(&self->nl, self->index, &before));
	for (i = 0; i < n; i++) {
		if (bad[i].fd < 0)	/* no UDP-Lite in this kernel */
			continue;
		odd = (struct odd){ .type = CIPE_A_SOCKET_FD, .len = 4,
				    .value = bad[i].fd };
		/* with an IPv6 socket no endpoint of IPv4 stands in the way */
		msg = build_set(self, &odd);
		check_refused(_metadata, self, bad[i].what, &odd, bad[i].err,
			      call(&self->nl, msg), &before);
	}

	/* they were left as they were: ordinary sockets */
	for (i = 0; i < n; i++) {
		if (bad[i].err != -EDESTADDRREQ || i != 12)
			continue;
		in.sin_port = 0;
		ASSERT_EQ(0, bind(bad[i].fd, (void *)&in, sizeof(in)));
		peer = bound_to(bad[i].fd);
		ASSERT_EQ(1, sendto(self->config.socket, "x", 1, 0,
				    (void *)&peer, sizeof(peer)));
		EXPECT_EQ(1, recv(bad[i].fd, &octet, 1, 0));
	}
	if (!got) {
		EXPECT_EQ(0, getsockopt(bad[n - 1].fd, IPPROTO_UDP, UDP_ENCAP,
					&one, &(socklen_t){ sizeof(one) }));
	}
}

/* The way the socket's family and the endpoint's do not fit */
struct misfit {
	const char *what;
	int fd;
	struct sockaddr_in6 in6;
};

/* Send whatever is to be sent: a new key wants to be confirmed */
static void provoke(struct __test_metadata *_metadata,
		    FIXTURE_DATA(nl) *self, unsigned int index, uint32_t id)
{
	struct key key = make_key(CIPE_SLOT_CURRENT, id);

	EXPECT_EQ(0, link_up("cipe1", true));
	EXPECT_EQ(0, key_set(&self->nl, index, &key));
	usleep(50000);
	link_snapshot(&self->nl, index, &(struct snapshot){});
	EXPECT_EQ(0, key_del_all(&self->nl, index));
	EXPECT_EQ(0, link_up("cipe1", false));
}

static int set_endpoint(FIXTURE_DATA(nl) *self, unsigned int index,
			const void *sa)
{
	struct nl_msg *msg = request(&self->nl, CIPE_CMD_LINK_SET, index);

	nla_put(msg, CIPE_A_ENDPOINT,
		((const struct sockaddr *)sa)->sa_family == AF_INET6 ?
		sizeof(struct sockaddr_in6) : sizeof(struct sockaddr_in), sa);
	return call(&self->nl, msg);
}

TEST_F(nl, families)
{
	struct sockaddr_in v4 = in_addr4(INADDR_LOOPBACK, 4000);
	struct sockaddr_in6 v6 = in_addr6("::1", 4000);
	struct {
		const char *what;
		int fd;
		void *endpoint;
	} misfits[] = {
		{ "IPv6 from an IPv4 socket", bound4(), &v6 },
		{ "IPv6 from a mapped address",
		  bound6("::ffff:127.0.0.1", false), &v6 },
		{ "IPv4 from a socket of IPv6 only", bound6("::", true), &v4 },
	};
	unsigned int index;
	struct nl_msg *msg;
	uint8_t state;
	size_t i, len;
	int got;

	for (i = 0; i < ARRAY_SIZE(misfits); i++) {
		ASSERT_LE(0, misfits[i].fd);
		len = misfits[i].endpoint == &v6 ? sizeof(v6) : sizeof(v4);

		/* the socket first */
		ASSERT_EQ(0, link_new(&self->route, "cipe1", -1, 0));
		index = if_nametoindex("cipe1");
		EXPECT_EQ(0, set_fd(self, index, misfits[i].fd));
		EXPECT_EQ(-EAFNOSUPPORT,
			  set_endpoint(self, index, misfits[i].endpoint))
			TH_LOG("%s, socket first", misfits[i].what);
		EXPECT_NE('\0', self->nl.errmsg[0]);
		EXPECT_EQ(UINT32_MAX,
			  link_u32(&self->nl, index, CIPE_A_ENDPOINT));
		provoke(_metadata, self, index, 0x5000);
		EXPECT_EQ(0, link_del(&self->route, index));

		/* both at once */
		ASSERT_EQ(0, link_new(&self->route, "cipe1", -1, 0));
		index = if_nametoindex("cipe1");
		msg = request(&self->nl, CIPE_CMD_LINK_SET, index);
		nla_put_u32(msg, CIPE_A_SOCKET_FD, misfits[i].fd);
		nla_put(msg, CIPE_A_ENDPOINT, len, misfits[i].endpoint);
		EXPECT_EQ(-EAFNOSUPPORT, call(&self->nl, msg))
			TH_LOG("%s, at once", misfits[i].what);
		EXPECT_NE('\0', self->nl.errmsg[0]);
		EXPECT_NE(0, self->nl.erroff);
		EXPECT_EQ(CIPE_SOCKET_NONE,
			  link_u32(&self->nl, index, CIPE_A_SOCKET_STATE));
		provoke(_metadata, self, index, 0x5000);

		/* the endpoint first: refused; or, as a socket may be what is
		 * changed first, taken and nothing can be sent
		 */
		EXPECT_EQ(0, set_endpoint(self, index, misfits[i].endpoint));
		got = set_fd(self, index, misfits[i].fd);
		state = link_u32(&self->nl, index, CIPE_A_SOCKET_STATE);
		if (got) {
			EXPECT_EQ(-EAFNOSUPPORT, got);
			EXPECT_EQ(CIPE_SOCKET_NONE, state);
		} else {
			EXPECT_EQ(CIPE_SOCKET_USER, state);
			EXPECT_EQ(UINT32_MAX, link_u32(&self->nl, index,
						       CIPE_A_PATH_MTU));
		}
		provoke(_metadata, self, index, 0x5000);
		EXPECT_EQ(0, link_stat(&self->nl, index,
				       CIPE_STAT_TX_KEEPALIVE));
		EXPECT_EQ(0, link_del(&self->route, index));
	}
}

TEST_F(nl, shared_socket)
{
	struct sockaddr_in one, two, want = bound_to(self->config.socket);
	struct key key = make_key(CIPE_SLOT_CURRENT, 0x6000);
	unsigned int index;

	ASSERT_EQ(0, link_new(&self->route, "cipe1", -1, 0));
	index = if_nametoindex("cipe1");
	EXPECT_EQ(0, set_fd(self, index, self->config.socket));
	EXPECT_EQ(0, set_fd(self, index, self->config.socket));
	EXPECT_EQ(0, key_set(&self->nl, index, &key));
	link_attr(&self->nl, self->index, CIPE_A_LOCAL, &one, sizeof(one));
	link_attr(&self->nl, index, CIPE_A_LOCAL, &two, sizeof(two));
	EXPECT_EQ(0, memcmp(&one, &want, sizeof(want)));
	EXPECT_EQ(0, memcmp(&two, &want, sizeof(want)));
	EXPECT_EQ(CIPE_SOCKET_USER,
		  link_u32(&self->nl, index, CIPE_A_SOCKET_STATE));

	/* one of them goes */
	EXPECT_EQ(0, link_del(&self->route, index));
	EXPECT_EQ(CIPE_SOCKET_USER,
		  link_u32(&self->nl, self->index, CIPE_A_SOCKET_STATE));
	ASSERT_EQ(0, link_new(&self->route, "cipe1", -1, 0));
	index = if_nametoindex("cipe1");
	EXPECT_EQ(0, set_fd(self, index, self->config.socket));

	/* the owner goes: both notice, and one new owner does for both */
	close(self->config.socket);
	EXPECT_EQ(CIPE_SOCKET_ORPHAN,
		  link_u32(&self->nl, index, CIPE_A_SOCKET_STATE));
	EXPECT_EQ(CIPE_SOCKET_ORPHAN,
		  link_u32(&self->nl, self->index, CIPE_A_SOCKET_STATE));
	EXPECT_EQ(0, set_fd(self, index, socket(AF_INET, SOCK_DGRAM, 0)));
	EXPECT_EQ(CIPE_SOCKET_USER,
		  link_u32(&self->nl, self->index, CIPE_A_SOCKET_STATE));
	link_attr(&self->nl, self->index, CIPE_A_LOCAL, &one, sizeof(one));
	EXPECT_EQ(0, memcmp(&one, &want, sizeof(want)));
}

/* The route follows the mark that the owner sets, and the device it binds to */
TEST_F(nl, mark)
{
	struct sockaddr_in there = in_addr4(0xc6336401 /* 198.51.100.1 */, 4000);
	unsigned int index, one = 1, zero = 0;
	int fd;

	ASSERT_EQ(0, system("ip link add dummy9 type dummy && ip link set dummy9 up mtu 2000 &&"
			    "ip addr add 192.0.2.9/24 dev dummy9 &&"
			    "ip route add 198.51.100.1 dev dummy9 mtu 1900 &&"
			    "ip route add 198.51.100.1 dev dummy9 mtu 1700 table 9 &&"
			    "ip rule add fwmark 1 table 9"));
	fd = socket(AF_INET, SOCK_DGRAM, 0);
	ASSERT_EQ(0, bind(fd, (void *)&(struct sockaddr_in){ .sin_family = AF_INET },
			  sizeof(struct sockaddr_in)));
	ASSERT_EQ(0, link_new(&self->route, "cipe1", -1, 0));
	index = if_nametoindex("cipe1");
	ASSERT_EQ(0, set_fd(self, index, fd));
	ASSERT_EQ(0, set_endpoint(self, index, &there));
	EXPECT_EQ(1900 - 52, link_u32(&self->nl, index, CIPE_A_PATH_MTU));
	ASSERT_EQ(0, setsockopt(fd, SOL_SOCKET, SO_MARK, &one, sizeof(one)));
	EXPECT_EQ(1700 - 52, link_u32(&self->nl, index, CIPE_A_PATH_MTU));
	ASSERT_EQ(0, setsockopt(fd, SOL_SOCKET, SO_MARK, &zero, sizeof(zero)));
	EXPECT_EQ(1900 - 52, link_u32(&self->nl, index, CIPE_A_PATH_MTU));
	/* no way there from lo */
	ASSERT_EQ(0, setsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, "lo", 3));
	EXPECT_NE(1900 - 52, link_u32(&self->nl, index, CIPE_A_PATH_MTU));
	ASSERT_EQ(0, setsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, "", 0));
	EXPECT_EQ(1900 - 52, link_u32(&self->nl, index, CIPE_A_PATH_MTU));
}

TEST_HARNESS_MAIN
