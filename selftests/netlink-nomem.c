// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The module's netlink interface, as include/uapi/linux/cipe.h promises it.
 * Without memory: each allocation that the module makes for a request, or has
 * made, fails in turn. The request is refused and nothing of it is done, or it is
 * done all the same. Each packet sent is counted once, whatever becomes of it.
 *
 * Needs a kernel with FAILSLAB, FAIL_PAGE_ALLOC and
 * FAULT_INJECTION_STACKTRACE_FILTER; skipped on others.
 */
#include <errno.h>
#include <limits.h>
#include <net/ethernet.h>
#include <linux/if_packet.h>
#include <stdarg.h>
#include <sys/ioctl.h>

#include "netlink-refused.h"

#define FAULTS		"/sys/kernel/debug"

/* No request of ours allocates so often: it would not come to an end */
#define ALLOCATIONS_MAX	400

/* As many fail at random, at most: of a packet's there are less than ten */
#define FAULTS_MAX	5000

/* ---- failing allocations ---- */

static int put_file(const char *path, const char *format, ...)
{
	char text[32];
	va_list args;
	int fd, len, n;

	va_start(args, format);
	len = vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	fd = open(path, O_WRONLY | O_CLOEXEC);
	n = write(fd, text, len);
	close(fd);
	return n == len ? 0 : -1;
}

/* Where the module's code is, by what the kernel calls its functions */
static int module_text(unsigned long *start, unsigned long *end)
{
	FILE *symbols = fopen("/proc/kallsyms", "re");
	unsigned long at;
	char type, line[512];

	*start = ULONG_MAX;
	*end = 0;
	if (!symbols)
		return -1;
	while (fgets(line, sizeof(line), symbols)) {
		if (!strstr(line, "[cipe]") ||
		    sscanf(line, "%lx %c", &at, &type) != 2 ||
		    (type != 't' && type != 'T'))
			continue;
		*start = at < *start ? at : *start;
		*end = at > *end ? at : *end;
	}
	fclose(symbols);
	*end = (*end | 4095) + 1;
	return *start < *end && *start ? 0 : -1;
}

/* Only allocations made by the module, or by what it called, shall fail; of
 * those all that may, without a word in the log
 */
static int faults_ready(void)
{
	static const char *const kinds[] = { "failslab", "fail_page_alloc" };
	unsigned long start, end;
	char path[128];
	int err = 0;
	size_t i;

	if (module_text(&start, &end))
		return -1;
#define SET(name, ...) \
	snprintf(path, sizeof(path), FAULTS "/%s/" name, kinds[i]); \
	err |= put_file(path, __VA_ARGS__)
	for (i = 0; i < ARRAY_SIZE(kinds); i++) {
		SET("probability", "0");
		SET("verbose", "0");
		SET("ignore-gfp-wait", "N");
		SET("stacktrace-depth", "32");
		SET("require-start", "0x%lx", start);
		SET("require-end", "0x%lx", end);
	}
#undef SET
	return err | put_file(FAULTS "/fail_page_alloc/min-order", "0");
}

/* How many of 100 fail; also what a softirq allocates. Should this test not live to
 * take it back, not for long
 */
static int faults_chance(unsigned int percent)
{
	unsigned int times = percent ? FAULTS_MAX : 0;

	return put_file(FAULTS "/failslab/times", "%u", times) |
	       put_file(FAULTS "/fail_page_alloc/times", "%u", times) |
	       put_file(FAULTS "/failslab/probability", "%u", percent) |
	       put_file(FAULTS "/fail_page_alloc/probability", "%u", percent);
}

/* The allocation that fails, of this thread's; 0: none */
static int fault_set(unsigned int number)
{
	return put_file("/proc/thread-self/fail-nth", "%u", number);
}

/* Has it failed? */
static bool fault_happened(void)
{
	int fd = open("/proc/thread-self/fail-nth", O_RDONLY | O_CLOEXEC);
	char text[16] = {};
	ssize_t n = read(fd, text, sizeof(text) - 1);

	close(fd);
	return n > 0 && !atoi(text);
}

/* ---- requests, each allocation failing in turn ---- */

/* @request: what may fail; @undo: makes it so that it can be done again; @sure: it
 * must not fail; @any: what the kernel does around our part calls want of memory what
 * it likes; @differs: it is never done twice in the same way
 */
struct story {
	int (*request)(FIXTURE_DATA(nl) *self);
	int (*undo)(FIXTURE_DATA(nl) *self);
	bool sure, any, differs;
};

static bool same(const struct snapshot *a, const struct snapshot *b)
{
	return a->len == b->len && !memcmp(a->data, b->data, a->len);
}

/* Return: how many allocations there were to fail */
static unsigned int each_fails(struct __test_metadata *_metadata,
			       FIXTURE_DATA(nl) *self, const struct story *story)
{
	struct snapshot before, after, done;
	unsigned int n;
	bool happened;
	int err;

	EXPECT_EQ(0, story->request(self));
	EXPECT_EQ(0, link_snapshot(&self->nl, self->index, &done));
	EXPECT_EQ(0, story->undo(self));
	for (n = 1; n < ALLOCATIONS_MAX; n++) {
		EXPECT_EQ(0, link_snapshot(&self->nl, self->index, &before));
		EXPECT_EQ(0, fault_set(n));
		err = story->request(self);
		happened = fault_happened();
		EXPECT_EQ(0, fault_set(0));
		EXPECT_EQ(0, link_snapshot(&self->nl, self->index, &after));
		EXPECT_FALSE(err && story->sure);
		if (err) {
			EXPECT_TRUE(story->any || err == -ENOMEM)
				TH_LOG("allocation %u: %s, %s", n, strerror(-err), self->nl.errmsg);
			EXPECT_TRUE(same(&before, &after))
				TH_LOG("allocation %u: something changed", n);
			EXPECT_TRUE(happened);
		} else {
			EXPECT_TRUE(story->differs || same(&done, &after))
				TH_LOG("allocation %u: not all was done", n);
			EXPECT_EQ(0, story->undo(self))
				TH_LOG("allocation %u: %s", n, self->nl.errmsg);
		}
		if (!happened)
			break;
	}
	EXPECT_NE(ALLOCATIONS_MAX, n);
	return n - 1;
}

#define EACH_FAILS(...) \
	each_fails(_metadata, self, &(struct story){ __VA_ARGS__ })

#define READY() do { \
	if (faults_ready()) \
		SKIP(return, "the kernel cannot make allocations fail"); \
} while (0)

static int nothing(FIXTURE_DATA(nl) *self)
{
	return 0;
}

static int set_other(FIXTURE_DATA(nl) *self)
{
	return call(&self->nl, build_set(self, &(struct odd){}));
}

static int set_back(FIXTURE_DATA(nl) *self)
{
	struct nl_msg *msg = request(&self->nl, CIPE_CMD_LINK_SET, self->index);

	put_config(msg, &self->config, NULL);
	return call(&self->nl, msg);
}

TEST_F(nl, config)
{
	READY();
	EXPECT_LT(0, EACH_FAILS(.request = set_other, .undo = set_back));
}

static int get(FIXTURE_DATA(nl) *self)
{
	struct snapshot s;

	return link_snapshot(&self->nl, self->index, &s);
}

TEST_F(nl, get)
{
	READY();
	EXPECT_LT(0, EACH_FAILS(.request = get, .undo = nothing));
}

/* The key that a test sets, over and over */
static struct key new_key;

static int key_new(FIXTURE_DATA(nl) *self)
{
	return key_set(&self->nl, self->index, &new_key);
}

static int key_gone(FIXTURE_DATA(nl) *self)
{
	int err = key_del_all(&self->nl, self->index);

	return err ? err : key_set(&self->nl, self->index, &self->key);
}

TEST_F(nl, key)
{
	static const char *const drivers[] = {
		[CIPE_CIPHER_CHACHA20_POLY1305] =
			"rfc7539(chacha20-generic,poly1305-generic)",
		[CIPE_CIPHER_AES_256_GCM] = "gcm_base(ctr(aes-generic),ghash-generic)",
	};
	uint8_t cipher;

	READY();
	for (cipher = 1; cipher <= 3; cipher++) {
		new_key = make_key(CIPE_SLOT_CURRENT, 0x2000);
		new_key.cipher = cipher;
		/* What is allocated but once for a cipher is not of interest */
		ASSERT_EQ(0, key_new(self));
		ASSERT_EQ(0, key_gone(self));
		EXPECT_LT(0, EACH_FAILS(.request = key_new, .undo = key_gone));
		new_key.slot = CIPE_SLOT_NEXT;
		EXPECT_LT(0, EACH_FAILS(.request = key_new, .undo = key_gone));
		if (cipher >= ARRAY_SIZE(drivers) || !drivers[cipher])
			continue;
		/* Compared with another implementation first */
		new_key.driver = drivers[cipher];
		if (key_new(self))
			continue;
		ASSERT_EQ(0, key_gone(self));
		EXPECT_LT(0, EACH_FAILS(.request = key_new, .undo = key_gone));
	}
}

static int key_del(FIXTURE_DATA(nl) *self)
{
	return key_del_all(&self->nl, self->index);
}

/* What takes away needs no memory; a debug kernel's own bookkeeping may, to no harm */
TEST_F(nl, key_del)
{
	READY();
	EACH_FAILS(.request = key_del, .undo = key_gone, .sure = true);
}

static int another(FIXTURE_DATA(nl) *self)
{
	return link_new(&self->route, "cipe1", -1, 0);
}

static int no_other(FIXTURE_DATA(nl) *self)
{
	return link_del(&self->route, if_nametoindex("cipe1"));
}

TEST_F(nl, link)
{
	READY();
	EXPECT_LT(0, EACH_FAILS(.request = another, .undo = no_other, .any = true));
}

/* Sockets of both families, and the end of those that were there */
static int set_socket6(FIXTURE_DATA(nl) *self)
{
	struct nl_msg *msg = request(&self->nl, CIPE_CMD_LINK_SET, self->index);
	struct sockaddr_in6 in6 = in_addr6("::1", 4000);
	int fd = bound6("::1", true), err;

	nla_put_u32(msg, CIPE_A_SOCKET_FD, fd);
	nla_put(msg, CIPE_A_ENDPOINT, sizeof(in6), &in6);
	err = call(&self->nl, msg);
	if (err)
		close(fd);	/* nobody's */
	return err;
}

TEST_F(nl, socket6)
{
	READY();
	EXPECT_LT(0, EACH_FAILS(.request = set_socket6, .undo = set_back, .differs = true));
}

/* ---- packets ---- */

/* All counters that say what became of packets */
static uint64_t sum(FIXTURE_DATA(nl) *self, unsigned int index, int first, int last)
{
	uint64_t all = 0;

	for (; first <= last; first++)
		all += link_stat(&self->nl, index, first);
	return all;
}

static uint64_t sent(FIXTURE_DATA(nl) *self, unsigned int index)
{
	return link_stat(&self->nl, index, CIPE_STAT_TX_PACKETS) +
	       sum(self, index, CIPE_STAT_TX_NO_KEY, CIPE_STAT_TX_CRYPTO);
}

static uint64_t received(FIXTURE_DATA(nl) *self, unsigned int index)
{
	return link_stat(&self->nl, index, CIPE_STAT_RX_PACKETS) +
	       sum(self, index, CIPE_STAT_RX_SHORT, CIPE_STAT_RX_CRYPTO);
}

/* As many, soon; what is left of them is on its way to another CPU's softirq */
static bool come(FIXTURE_DATA(nl) *self, unsigned int index, uint64_t expected)
{
	long end = now_ms() + 5000;

	while (received(self, index) != expected && now_ms() < end)
		usleep(1000);
	return received(self, index) == expected;
}

/* What came, once no more comes */
static uint64_t settled(FIXTURE_DATA(nl) *self, unsigned int index)
{
	uint64_t now = received(self, index), before;
	int same = 0;

	while (same < 20) {
		usleep(10000);
		before = now;
		now = received(self, index);
		same = now == before ? same + 1 : 0;
	}
	return now;
}

/* Each CPU has memory for packets once it had one, but for those of this size */
#define PACKET		40000
#define PACKETS_MTU	60000

/* A packet as the stack hands it over, of nobody's protocol */
static int send_packet(int fd, unsigned int index)
{
	static const uint8_t packet[PACKET] = {
		0x45, [2] = PACKET >> 8, PACKET & 255, [8] = 64, 253,
		[12] = 10, 9, 0, 1, 10, 9, 0, 2,
	};
	struct sockaddr_ll to = {
		.sll_family = AF_PACKET, .sll_protocol = htons(ETH_P_IP),
		.sll_ifindex = index,
	};

	return sendto(fd, packet, sizeof(packet), 0, (void *)&to, sizeof(to)) ==
	       sizeof(packet) ? 0 : -errno;
}

static int link_mtu(const char *name)
{
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0), err;
	struct ifreq ifr = { .ifr_mtu = PACKETS_MTU };

	strncpy(ifr.ifr_name, name, IFNAMSIZ - 1);
	err = ioctl(fd, SIOCSIFMTU, &ifr) ? -errno : 0;
	close(fd);
	return err;
}

/* The link's peer, at the same address */
static unsigned int peer_link(struct __test_metadata *_metadata,
			      FIXTURE_DATA(nl) *self)
{
	struct key key = peers_key(&self->key, CIPE_SLOT_CURRENT);
	struct config config = { .socket = bound4() };
	unsigned int index;
	struct nl_msg *msg;

	/* What Linux says by itself would count */
	put_file("/proc/sys/net/ipv6/conf/default/disable_ipv6", "1");
	put_file("/proc/sys/net/ipv6/conf/all/disable_ipv6", "1");
	EXPECT_EQ(0, link_new(&self->route, "cipe1", -1, 0));
	index = if_nametoindex("cipe1");
	config.endpoint = bound_to(self->config.socket);
	msg = request(&self->nl, CIPE_CMD_LINK_SET, index);
	put_config(msg, &config, NULL);
	EXPECT_EQ(0, call(&self->nl, msg));
	EXPECT_EQ(0, key_set(&self->nl, index, &key));
	self->config.endpoint = bound_to(config.socket);
	self->config.keepalive = 0;	/* fails uncounted as such */
	EXPECT_EQ(0, set_back(self));
	EXPECT_EQ(0, link_mtu("cipe0"));
	EXPECT_EQ(0, link_mtu("cipe1"));
	EXPECT_EQ(0, link_up("cipe1", true));
	EXPECT_EQ(0, link_up("cipe0", true));
	return index;
}

/* One of a packet's allocations fails, then the next one */
TEST_F(nl, packet)
{
	int fd = socket(AF_PACKET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	bool happened = true;
	unsigned int n, peer;
	uint64_t before;

	READY();
	ASSERT_LE(0, fd);
	peer = peer_link(_metadata, self);
	ASSERT_EQ(0, send_packet(fd, self->index));
	for (n = 1; happened && n < ALLOCATIONS_MAX; n++) {
		before = sent(self, self->index);
		EXPECT_EQ(0, fault_set(n));
		send_packet(fd, self->index);
		happened = fault_happened();
		EXPECT_EQ(0, fault_set(0));
		EXPECT_EQ(before + 1, sent(self, self->index))
			TH_LOG("allocation %u", n);
	}
	EXPECT_LT(2, n);
	EXPECT_NE(ALLOCATIONS_MAX, n);
	/* None sent meanwhile is lost, and the last one, to which nothing happened,
	 * came
	 */
	EXPECT_TRUE(come(self, peer, link_stat(&self->nl, self->index,
					       CIPE_STAT_TX_PACKETS)));
}

/* At both ends, at random, in softirqs too */
TEST_F(nl, flood)
{
	int fd = socket(AF_PACKET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	unsigned int i, peer;
	uint64_t in;
	int err;

	READY();
	ASSERT_LE(0, fd);
	peer = peer_link(_metadata, self);
	err = faults_chance(20);
	for (i = 0; i < 500; i++)
		send_packet(fd, self->index);
	ASSERT_EQ(0, faults_chance(0) | err);
	EXPECT_EQ(500, sent(self, self->index));
	EXPECT_LT(0, link_stat(&self->nl, self->index, CIPE_STAT_TX_NOMEM));
	/* On the way memory may have been lacking too */
	in = settled(self, peer);
	EXPECT_GE(link_stat(&self->nl, self->index, CIPE_STAT_TX_PACKETS), in);
	EXPECT_LT(0, link_stat(&self->nl, peer, CIPE_STAT_RX_NOMEM));
	EXPECT_LT(0, link_stat(&self->nl, peer, CIPE_STAT_RX_PACKETS));

	/* With memory again, nothing is left of it */
	for (i = 0; i < 10; i++)
		EXPECT_EQ(0, send_packet(fd, self->index));
	EXPECT_TRUE(come(self, peer, in + 10));
}

TEST_HARNESS_MAIN
