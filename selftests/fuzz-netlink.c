// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The module's netlink commands with random attributes: of any type, length,
 * nesting and value, mostly near what is right, so that many are carried out.
 * By root, and by one who is root in a user namespace only: who can do nothing
 * outside, whatever is asked for. CIPE_SEED repeats what an earlier run did.
 */
#include <fcntl.h>
#include <linux/genetlink.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <netlink/attr.h>
#include <netlink/genl/genl.h>

#include "netlink-util.h"

#include "kselftest_harness.h"

#define NOBODY 65534
#define NAMES 6			/* links at a time */
#define FDS 8			/* of our own, and one inherited */
#define ROOM 4096
#define AT_LEAST 100		/* requests, however slow the machine is */

/* ---- chance ---- */

static uint64_t chance_state;

/* SplitMix64 */
static uint64_t chance(void)
{
	uint64_t z = chance_state += 0x9e3779b97f4a7c15u;

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
	z = (z ^ z >> 27) * 0x94d049bb133111ebu;
	return z ^ z >> 31;
}

static unsigned int below(unsigned int n)
{
	return chance() % n;
}

static bool one_in(unsigned int n)
{
	return !below(n);
}

static void fill(void *p, size_t len)
{
	uint8_t *octet = p;

	while (len--)
		*octet++ = chance();
}

/* At some limit, or any */
static uint64_t odd_number(void)
{
	static const uint64_t limits[] = {
		0, 1, 2, 3, 4, 9, 10, 12, 16, 99, 100, 252, 255, 256, 1000, 65535, 65536,
		3600000, 3600001, 86400000, 86400001, 0x7fffffff, 0x80000000, 0xfffffffe,
		0xffffffff, 0x100000000, UINT64_MAX,
	};

	return one_in(4) ? chance() : limits[below(ARRAY_SIZE(limits))];
}

/* ---- requests ---- */

/* Octets of a request, by no library that would prevent what is wrong */
struct request {
	size_t len;
	union {
		struct nlmsghdr nlh;
		uint8_t data[ROOM];
	};
};

static void append(struct request *r, const void *data, size_t len)
{
	size_t padded = NLMSG_ALIGN(len);

	if (r->len + padded > ROOM)
		return;
	memset(r->data + r->len, 0, padded);
	memcpy(r->data + r->len, data, len);
	r->len += padded;
}

/* An attribute; now and then its length or type is not what it should be */
static void put(struct request *r, uint16_t type, const void *value, size_t len)
{
	struct nlattr a = { .nla_type = type, .nla_len = NLA_HDRLEN + len };
	uint8_t any[64];

	if (one_in(60))
		a.nla_len = odd_number();
	if (one_in(60))
		a.nla_type = one_in(2) ? chance() : a.nla_type ^ NLA_F_NESTED;
	append(r, &a, sizeof(a));
	if (one_in(60)) {
		fill(any, sizeof(any));
		append(r, any, below(sizeof(any)));
		return;
	}
	append(r, value, len);
}

static void put_number(struct request *r, uint16_t type, uint64_t value, size_t len)
{
	if (one_in(12))
		value = odd_number();
	if (one_in(40))
		len = 1u << below(4);
	put(r, type, &value, len);
}

/* Returns where the nest begins, for end_nest() */
static size_t begin_nest(struct request *r, uint16_t type)
{
	size_t at = r->len;
	struct nlattr a = { .nla_type = type | (one_in(20) ? 0 : NLA_F_NESTED) };

	append(r, &a, sizeof(a));
	return at;
}

static void end_nest(struct request *r, size_t at)
{
	struct nlattr *a = (void *)(r->data + at);

	if (at + sizeof(*a) <= r->len)
		a->nla_len = one_in(60) ? odd_number() : r->len - at;
}

/* ---- a world to ask in ---- */

struct world {
	struct cipe_nl nl, route;
	unsigned int index[NAMES];
	uint32_t id[NAMES];
	int fd[FDS + 1];
	uint32_t foreign_id;	/* of a link that is not ours to touch */
	int foreign_ns;		/* where it is; -1: there is none */
	unsigned long done, refused;
};

static void open_fds(struct world *w)
{
	int off = 0;

	w->fd[0] = bound4();
	w->fd[1] = bound4();
	w->fd[2] = bound6("::1", true);
	w->fd[3] = bound6("::", false);
	w->fd[4] = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	w->fd[5] = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	w->fd[6] = open("/dev/null", O_RDWR | O_CLOEXEC);
	w->fd[7] = socket(AF_INET6, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	setsockopt(w->fd[7], IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof(off));
}

static void close_fds(struct world *w)
{
	int i;

	for (i = 0; i < FDS; i++)
		close(w->fd[i]);
}

static void find_links(struct world *w)
{
	char name[IFNAMSIZ];
	int i;

	for (i = 0; i < NAMES; i++) {
		snprintf(name, sizeof(name), "fz%d", i);
		w->index[i] = if_nametoindex(name);
		w->id[i] = w->index[i] ? link_u32(&w->nl, w->index[i], CIPE_A_LINK_ID) : 0;
	}
}

static void open_world(struct __test_metadata *_metadata, struct world *w)
{
	memset(w, 0, sizeof(*w));
	w->foreign_ns = w->fd[FDS] = -1;
	ASSERT_EQ(0, cipe_nl_open(&w->nl));
	ASSERT_EQ(0, open_route(&w->route));
	ASSERT_EQ(0, link_up("lo", true));
	open_fds(w);
}

/* ---- generic netlink ---- */

static void put_address(struct request *r, uint16_t type)
{
	struct sockaddr_in6 in6 = in_addr6(one_in(2) ? "::1" : "2001:db8::1", below(3) * 4000);
	struct sockaddr_in in = in_addr4(one_in(2) ? INADDR_LOOPBACK : chance(), below(3) * 4000);

	if (one_in(20))
		in.sin_family = chance();
	if (one_in(20))
		in6.sin6_scope_id = chance();
	if (one_in(2))
		put(r, type, &in, sizeof(in) - (one_in(20) ? below(16) : 0));
	else
		put(r, type, &in6, sizeof(in6) - (one_in(20) ? below(28) : 0));
}

static void put_driver(struct request *r)
{
	static const char *const drivers[] = {
		"gcm_base(ctr(aes-generic),ghash-generic)", "generic-gcm-aesni",
		"chacha20poly1305-lib", "rfc7539(chacha20-generic,poly1305-generic)",
		"aes-generic", "", "(((", "gcm(aes)",
	};
	const char *name = drivers[below(ARRAY_SIZE(drivers))];

	put(r, CIPE_A_KEY_DRIVER, name, strlen(name) + !one_in(8));
}

static void put_random_key(struct request *r)
{
	size_t at = begin_nest(r, CIPE_A_KEY), len;
	uint8_t cipher = 1 + below(3), key[32], iv[12];
	uint32_t mask = one_in(2) ? UINT32_MAX : chance();

	len = one_in(20) ? below(33) : key_len(cipher);
	fill(key, sizeof(key));
	fill(iv, sizeof(iv));
	if (mask & 1)
		put_number(r, CIPE_A_KEY_SLOT, 1 + below(2), 1);
	if (mask & 2)
		put_number(r, CIPE_A_KEY_RX_ID, (1 + below(32)) * 4, 4);
	if (mask & 4)
		put_number(r, CIPE_A_KEY_TX_ID, (1 + below(32)) * 4, 4);
	if (mask & 8)
		put_number(r, CIPE_A_KEY_CIPHER, cipher, 1);
	if (mask & 16)
		put(r, CIPE_A_KEY_RX_KEY, key, len);
	if (mask & 32)
		put(r, CIPE_A_KEY_TX_KEY, key, len);
	if (mask & 64)
		put(r, CIPE_A_KEY_RX_IV, iv, 12);
	if (mask & 128)
		put(r, CIPE_A_KEY_TX_IV, iv, 12);
	if (mask & 256)
		put_number(r, CIPE_A_KEY_LIFETIME_MS, 100 + below(100000), 4);
	if (one_in(6))
		put_number(r, CIPE_A_KEY_TX_START, chance(), 4);
	/* The kernel asks user space for a module each time it knows none */
	if (one_in(100))
		put_driver(r);
	if (one_in(30))
		put_number(r, below(20), chance(), 1 + below(8));
	end_nest(r, at);
}

static void put_settings(struct world *w, struct request *r)
{
	uint32_t mask = chance();

	if (mask & 1)
		put_number(r, CIPE_A_SOCKET_FD, one_in(20) ? (int)below(40) : w->fd[below(FDS + 1)], 4);
	if (mask & 2)
		put_address(r, CIPE_A_ENDPOINT);
	if (mask & 4)
		put_number(r, CIPE_A_TTL, below(256), 1);
	if (mask & 8)
		put_number(r, CIPE_A_TOS, one_in(2) ? CIPE_TOS_INHERIT : below(64) * 4, 2);
	if (mask & 16)
		put_number(r, CIPE_A_PIN, below(2), 1);
	if (mask & 32)
		put_number(r, CIPE_A_KEEPALIVE_MS, 10 + below(1000), 4);
	if (mask & 64)
		put_number(r, CIPE_A_TIMEOUT_MS, 10 + below(1000), 4);
}

/* Which link it is about */
static void put_which(struct world *w, struct request *r)
{
	unsigned int i = below(NAMES);

	if (w->foreign_id && one_in(4))
		put_number(r, CIPE_A_LINK_ID, w->foreign_id, 4);
	else if (one_in(3))
		put_number(r, CIPE_A_LINK_ID, w->id[i], 4);
	else if (!one_in(50))
		put_number(r, CIPE_A_IFINDEX, w->index[i], 4);
	if (one_in(30))
		put_number(r, CIPE_A_IFINDEX, below(40), 4);
}

static void make_genl(struct world *w, struct request *r)
{
	static const uint8_t commands[] = {
		CIPE_CMD_LINK_GET, CIPE_CMD_LINK_SET, CIPE_CMD_LINK_SET, CIPE_CMD_KEY_SET,
		CIPE_CMD_KEY_SET, CIPE_CMD_KEY_SET, CIPE_CMD_KEY_DEL,
	};
	struct genlmsghdr header = { .version = CIPE_GENL_VERSION };
	uint8_t command = one_in(40) ? below(256) : commands[below(ARRAY_SIZE(commands))];
	uint8_t any[64];

	r->nlh.nlmsg_type = w->nl.family;
	r->nlh.nlmsg_flags = NLM_F_REQUEST | NLM_F_ACK;
	if (command == CIPE_CMD_LINK_GET ? one_in(3) : one_in(60))
		r->nlh.nlmsg_flags |= one_in(4) ? chance() & 0xf00 : NLM_F_DUMP;
	header.cmd = command;
	if (one_in(60))
		fill(&header, sizeof(header));
	append(r, &header, sizeof(header));
	put_which(w, r);
	if (command == CIPE_CMD_LINK_SET || one_in(40))
		put_settings(w, r);
	if (command == CIPE_CMD_KEY_SET || (command == CIPE_CMD_KEY_DEL && one_in(2)) || one_in(40))
		put_random_key(r);
	if (one_in(30))
		put_number(r, below(30), chance(), 1 + below(8));
	if (one_in(100)) {
		fill(any, sizeof(any));
		append(r, any, below(sizeof(any)));
	}
}

/* ---- rtnetlink ---- */

static void put_kind(struct request *r)
{
	size_t info = begin_nest(r, IFLA_LINKINFO), data;

	put(r, IFLA_INFO_KIND, CIPE_RTNL_KIND, sizeof(CIPE_RTNL_KIND));
	if (one_in(2)) {
		data = begin_nest(r, IFLA_INFO_DATA);
		if (!one_in(4))
			put_number(r, IFLA_CIPE_MODE, below(2), 1);
		if (one_in(10))
			put_number(r, below(8), chance(), 1 + below(8));
		end_nest(r, data);
	}
	end_nest(r, info);
}

/* What any device can have set */
static void put_common(struct world *w, struct request *r)
{
	uint8_t address[32];

	fill(address, sizeof(address));
	if (one_in(3))
		put_number(r, IFLA_MTU, one_in(2) ? 1400 : odd_number(), 4);
	if (one_in(8))
		put(r, IFLA_ADDRESS, address, one_in(2) ? 6 : below(32));
	if (one_in(12))
		put_number(r, IFLA_TXQLEN, 1000, 4);
	if (one_in(12))
		put_number(r, IFLA_NUM_TX_QUEUES, 1 + below(8), 4);
	if (one_in(12))
		put_number(r, IFLA_GSO_MAX_SIZE, odd_number(), 4);
	if (one_in(12))
		put_number(r, IFLA_LINK, w->index[below(NAMES)], 4);
	if (one_in(12))
		put_number(r, IFLA_MASTER, w->index[below(NAMES)], 4);
	/* To where we have no rights, if we have not everywhere */
	if (w->foreign_ns >= 0 && one_in(12))
		put_number(r, IFLA_NET_NS_FD, w->foreign_ns, 4);
	if (w->foreign_ns >= 0 && one_in(12))
		put_number(r, IFLA_NET_NS_PID, 1, 4);
}

static void make_rtnl(struct world *w, struct request *r)
{
	static const uint16_t types[] = { RTM_NEWLINK, RTM_NEWLINK, RTM_NEWLINK, RTM_SETLINK,
					  RTM_DELLINK, RTM_GETLINK };
	unsigned int i = below(NAMES);
	struct ifinfomsg ifi = { .ifi_family = AF_UNSPEC };
	char name[IFNAMSIZ];

	r->nlh.nlmsg_type = types[below(ARRAY_SIZE(types))];
	r->nlh.nlmsg_flags = NLM_F_REQUEST | NLM_F_ACK;
	if (r->nlh.nlmsg_type == RTM_NEWLINK && !w->index[i])
		r->nlh.nlmsg_flags |= NLM_F_CREATE | (one_in(2) ? NLM_F_EXCL : 0);
	else
		ifi.ifi_index = w->index[i];
	if (one_in(20))
		ifi.ifi_index = odd_number();
	if (one_in(3)) {
		ifi.ifi_flags = one_in(4) ? chance() : IFF_UP;
		ifi.ifi_change = one_in(4) ? chance() : IFF_UP;
	}
	append(r, &ifi, sizeof(ifi));
	snprintf(name, sizeof(name), "fz%d", i);
	if (!ifi.ifi_index || one_in(20))
		put(r, IFLA_IFNAME, name, strlen(name) + 1);
	if (r->nlh.nlmsg_type == RTM_NEWLINK || one_in(8))
		put_kind(r);
	if (r->nlh.nlmsg_type != RTM_DELLINK)
		put_common(w, r);
}

/* ---- asking ---- */

/* Send @r and read all that comes back. Returns the kernel's verdict. */
static int ask(struct cipe_nl *nl, struct request *r)
{
	static uint8_t answer[1 << 16];
	int fd = nl_socket_get_fd(nl->sk), left;
	struct nlmsghdr *nlh;
	ssize_t n;

	r->nlh.nlmsg_len = r->len;
	r->nlh.nlmsg_seq = nl_socket_use_seq(nl->sk);
	r->nlh.nlmsg_pid = nl_socket_get_local_port(nl->sk);
	if (send(fd, r->data, r->len, 0) < 0)
		return -errno;
	for (;;) {
		n = recv(fd, answer, sizeof(answer), 0);
		if (n < 0)
			return -errno;
		left = n;
		for (nlh = (void *)answer; nlmsg_ok(nlh, left); nlh = nlmsg_next(nlh, &left)) {
			if (nlh->nlmsg_seq != r->nlh.nlmsg_seq)
				continue;
			if (nlh->nlmsg_type == NLMSG_ERROR)
				return ((struct nlmsgerr *)nlmsg_data(nlh))->error;
			if (nlh->nlmsg_type == NLMSG_DONE)
				return *(int *)nlmsg_data(nlh);
		}
	}
}

/* One request to either; a socket's buffers are small, so none is left unread */
static int random_request(struct world *w, bool rtnl)
{
	struct request r = { .len = NLMSG_HDRLEN };
	int err;

	memset(r.data, 0, NLMSG_HDRLEN);
	if (rtnl)
		make_rtnl(w, &r);
	else
		make_genl(w, &r);
	err = ask(rtnl ? &w->route : &w->nl, &r);
	if (err)
		w->refused++;
	else
		w->done++;
	return err;
}

/* A link for each name, if there is none: most requests shall find one */
static void refill(struct world *w)
{
	char name[IFNAMSIZ];
	int i;

	find_links(w);
	for (i = 0; i < NAMES; i++) {
		snprintf(name, sizeof(name), "fz%d", i);
		if (!w->index[i] && one_in(2))
			link_new(&w->route, name, -1, 0);
	}
	find_links(w);
}

/* Is there more to do, after @i requests of @count? */
static bool goes_on(unsigned int i, unsigned int count, time_t begin)
{
	return i < AT_LEAST || (i < count && time(NULL) < begin + scale(10, 25));
}

static void random_requests(struct world *w, unsigned int count)
{
	time_t begin = time(NULL);
	unsigned int i;

	for (i = 0; goes_on(i, count, begin); i++) {
		if (i % 64 == 0)
			refill(w);
		if (i % 256 == 255) {
			close_fds(w);
			open_fds(w);
		}
		random_request(w, one_in(5));
	}
}

/* It still does what is right: a link, a key, and nothing else of that name */
static void check_works(struct __test_metadata *_metadata, struct world *w)
{
	struct key key;
	unsigned int index;

	ASSERT_EQ(0, link_new(&w->route, "good", -1, 0));
	index = if_nametoindex("good");
	ASSERT_NE(0, index);
	salt_keys(0xabc);
	key = make_key(CIPE_SLOT_CURRENT, 0x1000);
	EXPECT_EQ(0, key_set(&w->nl, index, &key));
	EXPECT_EQ(0, link_del(&w->route, index));
	EXPECT_EQ(0, if_nametoindex("good"));
}

static void count_link(struct nlmsghdr *nlh, void *arg)
{
	unsigned int *links = arg;
	int left;
	struct nlattr *a = cipe_nl_attrs(nlh, &left);

	for (; nla_ok(a, left); a = nla_next(a, &left))
		if (nla_type(a) == CIPE_A_IFINDEX && links[0] < 63)
			links[++links[0]] = nla_get_u32(a);
}

/* All links of the namespace go, whatever was done to them */
static void check_gone(struct __test_metadata *_metadata, struct world *w)
{
	unsigned int links[64] = { 0 }, i;

	ASSERT_EQ(0, cipe_nl_call(&w->nl, cipe_nl_msg(&w->nl, CIPE_CMD_LINK_GET, NLM_F_DUMP),
				  count_link, links));
	for (i = 1; i <= links[0]; i++)
		EXPECT_EQ(0, link_del(&w->route, links[i]));
	links[0] = 0;
	ASSERT_EQ(0, cipe_nl_call(&w->nl, cipe_nl_msg(&w->nl, CIPE_CMD_LINK_GET, NLM_F_DUMP),
				  count_link, links));
	EXPECT_EQ(0, links[0]);
}

FIXTURE(fuzz) {
	struct world world;
	unsigned int count;
};

FIXTURE_SETUP(fuzz)
{
	const char *seed = getenv("CIPE_SEED");

	if (getuid())
		SKIP(return, "must be root");
	if (system("modprobe -q cipe"))
		SKIP(return, "no kernel module cipe");
	chance_state = seed ? strtoull(seed, NULL, 0) : (uint64_t)time(NULL) * getpid();
	TH_LOG("CIPE_SEED=%llu", (unsigned long long)chance_state);
	self->count = scale(20000, 3000);
	ASSERT_EQ(0, unshare(CLONE_NEWNET));
	open_world(_metadata, &self->world);
}

FIXTURE_TEARDOWN(fuzz)
{
}

TEST_F_TIMEOUT(fuzz, root, 600)
{
	struct world *w = &self->world;

	random_requests(w, self->count);
	TH_LOG("%lu done, %lu refused", w->done, w->refused);
	EXPECT_LT(AT_LEAST / 20, w->done);
	EXPECT_LT(AT_LEAST / 20, w->refused);
	check_works(_metadata, w);
	check_gone(_metadata, w);
	close_fds(w);
}

/* With a link of the outer namespace in reach of all the senses */
static void as_stranger(struct __test_metadata *_metadata, struct world *outer, uint32_t id,
			unsigned int count)
{
	struct world *w = malloc(sizeof(*w));
	time_t begin = time(NULL);
	int ns = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
	unsigned int i;

	ASSERT_NE(NULL, w);
	ASSERT_EQ(0, setgid(NOBODY));
	ASSERT_EQ(0, setuid(NOBODY));
	if (unshare(CLONE_NEWUSER))
		SKIP(_exit(0), "no user namespaces");
	/* Root by name, and still in the network namespace of others */
	ASSERT_EQ(0, cipe_nl_open(&outer->nl));
	ASSERT_EQ(0, open_route(&outer->route));
	for (i = 0; goes_on(i, count / 4, begin); i++)
		ASSERT_NE(0, random_request(outer, false));
	ASSERT_EQ(0, unshare(CLONE_NEWNET));
	open_world(_metadata, w);
	w->foreign_ns = ns;
	w->foreign_id = id;
	w->fd[FDS] = outer->fd[FDS];
	random_requests(w, count);
	TH_LOG("%lu done, %lu refused", w->done, w->refused);
	EXPECT_LT(AT_LEAST / 20, w->done);
	check_works(_metadata, w);
	check_gone(_metadata, w);
}

TEST_F_TIMEOUT(fuzz, user_namespace, 600)
{
	struct config config = {
		.socket = bound4(), .endpoint = in_addr4(INADDR_LOOPBACK, 4000), .ttl = 7,
		.keepalive = 1000000, .timeout = 2000000,
	};
	struct world *w = &self->world;
	struct snapshot before, after;
	struct nl_msg *msg;
	struct key key;
	struct cipe_nl nl;
	int status;
	pid_t pid;

	w->fd[FDS] = config.socket;
	ASSERT_EQ(0, link_new(&w->route, "fz0", -1, 0));
	find_links(w);
	msg = request(&w->nl, CIPE_CMD_LINK_SET, w->index[0]);
	put_config(msg, &config, NULL);
	ASSERT_EQ(0, call(&w->nl, msg));
	salt_keys(0xdef);
	key = make_key(CIPE_SLOT_CURRENT, 0x1000);
	ASSERT_EQ(0, key_set(&w->nl, w->index[0], &key));
	ASSERT_EQ(0, link_snapshot(&w->nl, w->index[0], &before));
	pid = fork();
	ASSERT_LE(0, pid);
	if (!pid) {
		as_stranger(_metadata, w, w->id[0], self->count);
		_exit(0);
	}
	ASSERT_EQ(pid, waitpid(pid, &status, 0));
	EXPECT_EQ(0, status);
	ASSERT_EQ(0, cipe_nl_open(&nl));
	ASSERT_EQ(0, link_snapshot(&nl, w->index[0], &after));
	EXPECT_EQ(before.len, after.len);
	EXPECT_EQ(0, memcmp(before.data, after.data, after.len));
	check_gone(_metadata, w);
}

TEST_HARNESS_MAIN
