// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The module's netlink interface, as include/uapi/linux/cipe.h promises it.
 * Events, as they are promised; and what is secret comes out nowhere.
 */
#include <net/if.h>
#include <poll.h>

#include "netlink-test.h"

struct event {
	uint8_t cmd;
	unsigned int index;
	uint32_t id;
	char name[IFNAMSIZ];
	bool has_key, has_endpoint, other;
	uint8_t slot;
	uint32_t rx_id, tx_id;
	struct sockaddr_in endpoint;
};

static void event_key(struct event *e, struct nlattr *nest)
{
	struct nlattr *a;
	int rem;

	e->has_key = true;
	nla_for_each_nested(a, nest, rem) {
		if (nla_type(a) == CIPE_A_KEY_SLOT)
			e->slot = nla_get_u8(a);
		else if (nla_type(a) == CIPE_A_KEY_RX_ID)
			e->rx_id = nla_get_u32(a);
		else if (nla_type(a) == CIPE_A_KEY_TX_ID)
			e->tx_id = nla_get_u32(a);
		else
			e->other = true;
	}
}

static void event_parse(struct event *e, struct nlmsghdr *nlh)
{
	struct nlattr *a;
	int rem;

	memset(e, 0, sizeof(*e));
	e->cmd = ((struct genlmsghdr *)nlmsg_data(nlh))->cmd;
	for (a = cipe_nl_attrs(nlh, &rem); nla_ok(a, rem);
	     a = nla_next(a, &rem)) {
		switch (nla_type(a)) {
		case CIPE_A_IFINDEX:
			e->index = nla_get_u32(a);
			break;
		case CIPE_A_LINK_ID:
			e->id = nla_get_u32(a);
			break;
		case CIPE_A_IFNAME:
			nla_strlcpy(e->name, a, sizeof(e->name));
			break;
		case CIPE_A_ENDPOINT:
			e->has_endpoint = true;
			if (nla_len(a) == sizeof(e->endpoint))
				memcpy(&e->endpoint, nla_data(a), nla_len(a));
			break;
		case CIPE_A_KEY:
			event_key(e, a);
			break;
		default:
			e->other = true;
		}
	}
}

FIXTURE(pair) {
	struct cipe_nl nl, route, events;
	unsigned int index[2];
	uint32_t id[2];
	int fd[2];
	struct secrets secrets;
	bool leaked;
	unsigned int messages;
};

/* Two links of one namespace with each other, over the loopback */
FIXTURE_SETUP(pair)
{
	char name[] = "cipe0";
	struct config config;
	struct nl_msg *msg;
	int i;

	if (getuid())
		SKIP(return, "must be root");
	ASSERT_EQ(0, unshare(CLONE_NEWNET));
	if (cipe_nl_open(&self->nl)) {
		if (system("modprobe -q cipe") || cipe_nl_open(&self->nl))
			SKIP(return, "no kernel module cipe");
	}
	ASSERT_EQ(0, open_route(&self->route));
	ASSERT_EQ(0, cipe_nl_open(&self->events));
	ASSERT_EQ(0, cipe_nl_events(&self->events));
	ASSERT_EQ(0, link_up("lo", true));
	for (i = 0; i < 2; i++) {
		name[4] = '0' + i;
		ASSERT_EQ(0, link_new(&self->route, name, -1, 0));
		self->index[i] = if_nametoindex(name);
		self->id[i] = link_u32(&self->nl, self->index[i],
				       CIPE_A_LINK_ID);
		self->fd[i] = bound4();
		ASSERT_EQ(0, link_up(name, true));
	}
	salt_keys(self->id[0]);
	for (i = 0; i < 2; i++) {
		config = (struct config){
			.socket = self->fd[i],
			.endpoint = bound_to(self->fd[!i]),
		};
		msg = request(&self->nl, CIPE_CMD_LINK_SET, self->index[i]);
		put_config(msg, &config, NULL);
		ASSERT_EQ(0, call(&self->nl, msg));
	}
}

FIXTURE_TEARDOWN(pair)
{
}

/* The next event of this kind within 10 s; others are passed over. All of
 * them are searched for what is secret.
 */
static bool next_event(FIXTURE_DATA(pair) *self, uint8_t cmd, struct event *e)
{
	int fd = nl_socket_get_fd(self->events.sk);
	struct pollfd pfd = { .fd = fd, .events = POLLIN };
	static uint8_t buf[65536] __attribute__((aligned(8)));
	struct nlmsghdr *nlh = (void *)buf;
	long end = now_ms() + 10000;
	ssize_t n;

	while (now_ms() < end) {
		if (poll(&pfd, 1, 100) <= 0)
			continue;
		n = recv(fd, buf, sizeof(buf), MSG_DONTWAIT);
		if (n <= 0)
			continue;
		self->messages++;
		if (secrets_in(&self->secrets, buf, n))
			self->leaked = true;
		if (nlh->nlmsg_type != self->events.family)
			continue;
		event_parse(e, nlh);
		if (e->cmd == cmd)
			return true;
	}
	memset(e, 0, sizeof(*e));
	return false;
}

/* The initiator's key in link 0, the responder's in link 1 */
static struct key agree(struct __test_metadata *_metadata,
			FIXTURE_DATA(pair) *self, uint32_t id,
			uint32_t tx_start, uint32_t lifetime)
{
	struct key key = make_key(CIPE_SLOT_CURRENT, id), peer;

	key.tx_id = key_id(id + 0x80000);
	key.tx_start = tx_start;
	key.lifetime = lifetime;
	peer = peers_key(&key, CIPE_SLOT_NEXT);
	peer.tx_start = 0;
	peer.lifetime = 3600000;
	secrets_add(&self->secrets, &key);
	EXPECT_EQ(0, key_set(&self->nl, self->index[1], &peer));
	EXPECT_EQ(0, key_set(&self->nl, self->index[0], &key));
	return key;
}

static void check_event(struct __test_metadata *_metadata,
			FIXTURE_DATA(pair) *self, const struct event *e,
			int link, bool key, bool endpoint)
{
	EXPECT_EQ(self->index[link], e->index);
	EXPECT_EQ(self->id[link], e->id);
	EXPECT_STREQ(link ? "cipe1" : "cipe0", e->name);
	EXPECT_EQ(key, e->has_key);
	EXPECT_EQ(endpoint, e->has_endpoint);
	EXPECT_FALSE(e->other);
}

TEST_F_TIMEOUT(pair, events, 90)
{
	struct nl_msg *msg;
	struct event e;
	struct key key;
	int fd;

	/* the responder's key becomes current with the first packet */
	key = agree(_metadata, self, 0x10000, 0, 3600000);
	EXPECT_TRUE(next_event(self, CIPE_CMD_KEY_ACTIVE_NTF, &e));
	check_event(_metadata, self, &e, 1, true, false);
	EXPECT_EQ(CIPE_SLOT_CURRENT, e.slot);
	EXPECT_EQ(key.tx_id, e.rx_id);
	EXPECT_EQ(key.rx_id, e.tx_id);
	EXPECT_TRUE(next_event(self, CIPE_CMD_PEER_ALIVE_NTF, &e));
	check_event(_metadata, self, &e, 1, false, false);

	/* the initiator has another port */
	fd = bound4();
	msg = request(&self->nl, CIPE_CMD_LINK_SET, self->index[0]);
	nla_put_u32(msg, CIPE_A_SOCKET_FD, fd);
	nla_put_u32(msg, CIPE_A_KEEPALIVE_MS, 100);
	ASSERT_EQ(0, call(&self->nl, msg));
	EXPECT_TRUE(next_event(self, CIPE_CMD_PEER_MOVED_NTF, &e));
	check_event(_metadata, self, &e, 1, false, true);
	EXPECT_EQ(bound_to(fd).sin_port, e.endpoint.sin_port);
	EXPECT_EQ(AF_INET, e.endpoint.sin_family);
	EXPECT_EQ(htonl(INADDR_LOOPBACK), e.endpoint.sin_addr.s_addr);

	/* it falls silent, and speaks again */
	msg = request(&self->nl, CIPE_CMD_LINK_SET, self->index[0]);
	nla_put_u32(msg, CIPE_A_KEEPALIVE_MS, 0);
	ASSERT_EQ(0, call(&self->nl, msg));
	msg = request(&self->nl, CIPE_CMD_LINK_SET, self->index[1]);
	nla_put_u32(msg, CIPE_A_TIMEOUT_MS, 400);
	ASSERT_EQ(0, call(&self->nl, msg));
	EXPECT_TRUE(next_event(self, CIPE_CMD_PEER_DEAD_NTF, &e));
	check_event(_metadata, self, &e, 1, false, false);
	EXPECT_EQ(0, link_u32(&self->nl, self->index[1], CIPE_A_PEER_ALIVE));
	msg = request(&self->nl, CIPE_CMD_LINK_SET, self->index[1]);
	nla_put_u32(msg, CIPE_A_TIMEOUT_MS, 0);
	ASSERT_EQ(0, call(&self->nl, msg));
	msg = request(&self->nl, CIPE_CMD_LINK_SET, self->index[0]);
	nla_put_u32(msg, CIPE_A_KEEPALIVE_MS, 100);
	ASSERT_EQ(0, call(&self->nl, msg));
	EXPECT_TRUE(next_event(self, CIPE_CMD_PEER_ALIVE_NTF, &e));
	check_event(_metadata, self, &e, 1, false, false);
	EXPECT_EQ(1, link_u32(&self->nl, self->index[1], CIPE_A_PEER_ALIVE));

	/* half of the packets sent */
	key = agree(_metadata, self, 0x20000, 0x80000000, 3600000);
	EXPECT_TRUE(next_event(self, CIPE_CMD_KEY_LIMIT_NTF, &e));
	check_event(_metadata, self, &e, 0, true, false);
	EXPECT_EQ(CIPE_SLOT_CURRENT, e.slot);
	EXPECT_EQ(key.rx_id, e.rx_id);
	EXPECT_EQ(key.tx_id, e.tx_id);

	/* all of them */
	key = agree(_metadata, self, 0x30000, 0xffffffff, 3600000);
	EXPECT_TRUE(next_event(self, CIPE_CMD_KEY_EXPIRED_NTF, &e));
	check_event(_metadata, self, &e, 0, true, false);
	EXPECT_EQ(CIPE_SLOT_CURRENT, e.slot);
	EXPECT_EQ(key.rx_id, e.rx_id);
	EXPECT_EQ(key.tx_id, e.tx_id);

	/* the end of its life */
	key = agree(_metadata, self, 0x40000, 0, 300);
	EXPECT_TRUE(next_event(self, CIPE_CMD_KEY_EXPIRED_NTF, &e));
	check_event(_metadata, self, &e, 0, true, false);
	EXPECT_EQ(CIPE_SLOT_CURRENT, e.slot);
	EXPECT_EQ(key.rx_id, e.rx_id);
	EXPECT_EQ(key.tx_id, e.tx_id);

	EXPECT_FALSE(self->leaked);
	EXPECT_LT(6, self->messages);
}

struct search {
	const struct secrets *secrets;
	unsigned int messages;
	bool found;
};

static void search_cb(struct nlmsghdr *nlh, void *arg)
{
	struct search *s = arg;

	s->messages++;
	if (secrets_in(s->secrets, nlh, nlh->nlmsg_len))
		s->found = true;
}

/* Send, and search all octets of the answer, those of an error as well: the
 * kernel's errors bring back the request
 */
static int search_raw(FIXTURE_DATA(pair) *self, struct nl_msg *msg,
		      struct search *s)
{
	static uint8_t buf[65536] __attribute__((aligned(8)));
	struct nlmsghdr *nlh = (void *)buf;
	struct cipe_nl nl;
	ssize_t n;

	(void)self;
	if (cipe_nl_open(&nl))
		return -EIO;
	nlmsg_hdr(msg)->nlmsg_flags |= NLM_F_REQUEST | NLM_F_ACK;
	nl_complete_msg(nl.sk, msg);
	nl_send(nl.sk, msg);
	nlmsg_free(msg);
	n = recv(nl_socket_get_fd(nl.sk), buf, sizeof(buf), 0);
	cipe_nl_close(&nl);
	if (n < (ssize_t)sizeof(*nlh))
		return -EIO;
	s->messages++;
	if (secrets_in(s->secrets, buf, n))
		s->found = true;
	return nlh->nlmsg_type == NLMSG_ERROR ? *(int *)nlmsg_data(nlh) : 0;
}

TEST_F(pair, no_secrets)
{
	struct search s = { .secrets = &self->secrets };
	struct key key = make_key(CIPE_SLOT_CURRENT, 0x50000);
	struct ifinfomsg ifi = { .ifi_index = self->index[0] };
	struct nl_msg *msg;

	secrets_add(&self->secrets, &key);
	/* the search itself works */
	msg = request(&self->nl, CIPE_CMD_KEY_SET, self->index[0]);
	put_key(msg, &key, NULL);
	EXPECT_TRUE(secrets_in(&self->secrets, nlmsg_hdr(msg),
			       nlmsg_hdr(msg)->nlmsg_len));
	EXPECT_EQ(0, search_raw(self, msg, &s));

	EXPECT_EQ(0, cipe_nl_call(&self->nl,
				  request(&self->nl, CIPE_CMD_LINK_GET,
					  self->index[0]), search_cb, &s));
	EXPECT_EQ(0, cipe_nl_call(&self->nl,
				  cipe_nl_msg(&self->nl, CIPE_CMD_LINK_GET,
					      NLM_F_DUMP), search_cb, &s));
	msg = nlmsg_alloc_simple(RTM_GETLINK, 0);
	nlmsg_append(msg, &ifi, sizeof(ifi), NLMSG_ALIGNTO);
	EXPECT_EQ(0, cipe_nl_call(&self->route, msg, search_cb, &s));
	EXPECT_LT(4, s.messages);

	/* refused by the module: the request that comes back has no key in it.
	 * (What is wrong outside of the nest comes back from netlink unread.)
	 */
	msg = request(&self->nl, CIPE_CMD_KEY_SET, self->index[0]);
	put_key(msg, &key, NULL);
	EXPECT_EQ(-EEXIST, search_raw(self, msg, &s));
	EXPECT_FALSE(s.found) TH_LOG("key in -EEXIST");
	msg = request(&self->nl, CIPE_CMD_KEY_SET, 0x7fffffff);
	put_key(msg, &key, NULL);
	EXPECT_EQ(-ENODEV, search_raw(self, msg, &s));
	EXPECT_FALSE(s.found) TH_LOG("key in -ENODEV");
	msg = request(&self->nl, CIPE_CMD_KEY_SET, 1);
	put_key(msg, &key, NULL);
	EXPECT_EQ(-EOPNOTSUPP, search_raw(self, msg, &s));
	EXPECT_FALSE(s.found) TH_LOG("key in -EOPNOTSUPP");
	msg = request(&self->nl, CIPE_CMD_KEY_SET, self->index[0]);
	key.driver = "no such driver";
	put_key(msg, &key, NULL);
	EXPECT_EQ(-ENOENT, search_raw(self, msg, &s));
	EXPECT_FALSE(s.found) TH_LOG("key in -ENOENT");
	key.driver = NULL;
	msg = request(&self->nl, CIPE_CMD_KEY_SET, self->index[0]);
	key.rx_id = 3;
	put_key(msg, &key, NULL);
	EXPECT_EQ(-EINVAL, search_raw(self, msg, &s));
	EXPECT_FALSE(s.found) TH_LOG("key in -EINVAL");
	msg = request(&self->nl, CIPE_CMD_KEY_SET, self->index[0]);
	key.rx_id = key_id(0x60000);
	key.slot = CIPE_SLOT_PREVIOUS;
	put_key(msg, &key, NULL);
	EXPECT_EQ(-ERANGE, search_raw(self, msg, &s));
	EXPECT_FALSE(s.found) TH_LOG("key in -ERANGE");
}

TEST_HARNESS_MAIN
