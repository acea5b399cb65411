// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The module's netlink interface, as include/uapi/linux/cipe.h promises it.
 * Many links and many requests at once do no harm.
 */
#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <pthread.h>
#include <stdatomic.h>

#include "netlink-fixture.h"

/* What the threads share */
static struct {
	atomic_bool stop;
	atomic_uint done[8];
	unsigned int index[4];
	uint32_t base, failed;
	int netns, taken;
} shared;

#define THREAD(name) static void *name(void *arg)

static void *no_thread(void)
{
	atomic_store(&shared.stop, true);
	return NULL;
}

/* Links come and go */
THREAD(churn_links)
{
	struct cipe_nl route;
	char name[IFNAMSIZ];
	unsigned int i = 0, n = (uintptr_t)arg;

	if (open_route(&route))
		return no_thread();
	while (!atomic_load(&shared.stop)) {
		snprintf(name, sizeof(name), "gone%u.%u", n, i++ % 8);
		if (!link_new(&route, name, -1, 0) && i % 8 == 7)
			for (i = 0; i < 8; i++) {
				snprintf(name, sizeof(name), "gone%u.%u", n, i);
				link_del(&route, if_nametoindex(name));
				atomic_fetch_add(&shared.done[0], 1);
			}
	}
	cipe_nl_close(&route);
	return NULL;
}

/* Keys are set in a stable link */
THREAD(churn_keys)
{
	unsigned int n = (uintptr_t)arg, index = shared.index[n % 4];
	struct key key = make_key(CIPE_SLOT_CURRENT, 0x10000 * (n + 2));
	struct cipe_nl nl;
	struct nl_msg *msg;
	unsigned int i = 0;

	if (cipe_nl_open(&nl))
		return no_thread();
	while (!atomic_load(&shared.stop)) {
		key.slot = i % 3 ? CIPE_SLOT_CURRENT : CIPE_SLOT_NEXT;
		key.rx_id += 4;
		key.lifetime = i % 5 ? 100000 : 100;
		if (!key_set(&nl, index, &key))
			atomic_fetch_add(&shared.done[1], 1);
		if (i % 4 == 3) {
			msg = request(&nl, CIPE_CMD_KEY_DEL, index);
			put_key_name(msg, CIPE_A_KEY_SLOT, i / 4 % 3, NULL);
			call(&nl, msg);
		}
		if (i++ % 32 == 31)
			key_del_all(&nl, index);
	}
	cipe_nl_close(&nl);
	return NULL;
}

/* Sockets, endpoints and times are set in a stable link, which goes up and
 * down
 */
THREAD(churn_config)
{
	unsigned int n = (uintptr_t)arg, index = shared.index[n % 4];
	struct cipe_nl nl;
	struct nl_msg *msg;
	unsigned int i = 0;
	char name[IFNAMSIZ];
	int fds[3];
	struct config config = {
		.endpoint = in_addr4(INADDR_LOOPBACK, 4000),
	};

	if (cipe_nl_open(&nl) || !if_indextoname(index, name))
		return no_thread();
	for (i = 0; i < 3; i++)
		fds[i] = bound4();
	while (!atomic_load(&shared.stop)) {
		config.socket = i % 5 ? fds[i % 3] : -1;
		config.endpoint.sin_port = htons(4000 + i % 7);
		config.keepalive = i % 3 ? 10 : 0;
		config.timeout = i % 4 ? 10 : 0;
		config.pin = i & 1;
		msg = request(&nl, CIPE_CMD_LINK_SET, index);
		put_config(msg, &config, NULL);
		if (!call(&nl, msg))
			atomic_fetch_add(&shared.done[2], 1);
		if (i % 16 == 3) {
			close(fds[1]);
			fds[1] = bound4();
		}
		if (i++ % 8 == 5)
			link_up(name, i % 16 < 8);
	}
	for (i = 0; i < 3; i++)
		close(fds[i]);
	cipe_nl_close(&nl);
	return NULL;
}

/* Links are read, those that are there and those that go */
THREAD(churn_get)
{
	struct cipe_nl nl;
	unsigned int i = 0;

	(void)arg;
	if (cipe_nl_open(&nl))
		return no_thread();
	while (!atomic_load(&shared.stop)) {
		call(&nl, request(&nl, CIPE_CMD_LINK_GET,
				  shared.index[i++ % 4]));
		call(&nl, request_id(&nl, CIPE_CMD_LINK_GET,
				     shared.base + i % 512));
		atomic_fetch_add(&shared.done[3], 1);
	}
	cipe_nl_close(&nl);
	return NULL;
}

/* One dump, with what is needed to judge it */
struct dump {
	uint8_t *seen;		/* by index */
	unsigned int n, size;
	uint32_t last;		/* link id */
	unsigned int messages, replies;
	bool twice, done;
	int err;
};

static void dump_reply(struct dump *d, struct nlmsghdr *nlh)
{
	struct nlattr *a;
	unsigned int index = 0;
	uint32_t id = 0;
	int rem;

	d->replies++;
	for (a = cipe_nl_attrs(nlh, &rem); nla_ok(a, rem);
	     a = nla_next(a, &rem)) {
		if (nla_type(a) == CIPE_A_IFINDEX)
			index = nla_get_u32(a);
		if (nla_type(a) == CIPE_A_LINK_ID)
			id = nla_get_u32(a);
	}
	/* They come by number. An index may come twice, of a link that goes and
	 * of the one that takes its place
	 */
	if (id <= d->last)
		d->twice = true;
	d->last = id;
	if (index < d->size)
		d->seen[index]++;
}

static void dump(struct cipe_nl *nl, struct dump *d)
{
	struct nl_msg *msg = cipe_nl_msg(nl, CIPE_CMD_LINK_GET,
					 NLM_F_REQUEST | NLM_F_DUMP);
	struct sockaddr_nl from;
	unsigned char *buf;
	struct nlmsghdr *nlh;
	int n;

	memset(d->seen, 0, d->size);
	d->last = d->messages = d->replies = 0;
	d->twice = d->done = false;
	d->err = 0;
	nl_complete_msg(nl->sk, msg);
	d->err = nl_send(nl->sk, msg);
	nlmsg_free(msg);
	if (d->err < 0)
		return;
	d->err = 0;
	while (!d->done) {
		n = nl_recv(nl->sk, &from, &buf, NULL);
		if (n <= 0) {
			d->err = -EIO;
			return;
		}
		d->messages++;
		for (nlh = (void *)buf; nlmsg_ok(nlh, n);
		     nlh = nlmsg_next(nlh, &n)) {
			if (nlh->nlmsg_type == NLMSG_DONE ||
			    nlh->nlmsg_type == NLMSG_ERROR) {
				d->err = *(int *)nlmsg_data(nlh);
				d->done = true;
			} else {
				dump_reply(d, nlh);
			}
		}
		free(buf);
	}
}

static void start(struct __test_metadata *_metadata, pthread_t *threads,
		  void *(*const *run)(void *), size_t n)
{
	size_t i;

	for (i = 0; i < n; i++)
		ASSERT_EQ(0, pthread_create(&threads[i], NULL, run[i],
					    (void *)i));
}

static void stop(struct __test_metadata *_metadata, pthread_t *threads,
		 size_t n)
{
	size_t i;

	EXPECT_FALSE(atomic_load(&shared.stop)) TH_LOG("a thread gave up");
	atomic_store(&shared.stop, true);
	for (i = 0; i < n; i++)
		ASSERT_EQ(0, pthread_join(threads[i], NULL));
}

/* More links than fit a message, each once, whatever comes and goes */
TEST_F_TIMEOUT(nl, dump_all, 300)
{
	static void *(*const run[])(void *) = {
		churn_links, churn_keys, churn_keys, churn_config,
	};
	static unsigned int stable[400];
	pthread_t threads[ARRAY_SIZE(run)];
	unsigned int i, rounds = 0, n = scale(330, 310);
	struct dump d = { .size = 1 << 16 };
	char name[IFNAMSIZ];
	long end;

	for (i = 0; i < n; i++) {
		snprintf(name, sizeof(name), "stay%u", i);
		ASSERT_EQ(0, link_new(&self->route, name, -1, 0));
		stable[i] = if_nametoindex(name);
		ASSERT_GT(d.size, stable[i]);
	}
	d.seen = calloc(1, d.size);
	dump(&self->nl, &d);
	EXPECT_EQ(0, d.err);
	EXPECT_EQ(n + 1, d.replies);	/* and cipe0 */
	EXPECT_LT(3, d.messages);
	EXPECT_FALSE(d.twice);

	for (i = 0; i < 4; i++)
		shared.index[i] = stable[n / 4 * i];
	start(_metadata, threads, run, ARRAY_SIZE(run));
	end = now_ms() + scale(4000, 8000);
	while (now_ms() < end || rounds < 3) {
		dump(&self->nl, &d);
		EXPECT_EQ(0, d.err);
		EXPECT_FALSE(d.twice) TH_LOG("dump %u: a link twice", rounds);
		for (i = 0; i < n; i++)
			EXPECT_EQ(1, d.seen[stable[i]])
				TH_LOG("dump %u: stay%u", rounds, i);
		rounds++;
	}
	stop(_metadata, threads, ARRAY_SIZE(run));
	TH_LOG("%u dumps; meanwhile %u links deleted, %u keys set, %u links set",
	       rounds, shared.done[0], shared.done[1], shared.done[2]);
	EXPECT_LT(0, shared.done[0]);
	EXPECT_LT(0, shared.done[1]);
	EXPECT_LT(0, shared.done[2]);
}

/* Everything at once, on links that come and go under it */
THREAD(churn_mine)
{
	struct cipe_nl route, nl;
	unsigned int n = (uintptr_t)arg % 4, i = 0;
	char name[IFNAMSIZ];

	snprintf(name, sizeof(name), "mine%u", n);
	if (open_route(&route) || cipe_nl_open(&nl))
		return no_thread();
	while (!atomic_load(&shared.stop)) {
		usleep(20000);
		link_del(&route, shared.index[n]);
		/* the same index: the others go on with it */
		if (!link_new(&route, name, -1, shared.index[n]))
			atomic_fetch_add(&shared.done[4], 1);
		if (i++ & 1)
			link_up(name, true);
	}
	cipe_nl_close(&route);
	cipe_nl_close(&nl);
	return NULL;
}

/* As churn_config, with the device gone now and then */
THREAD(churn_socket)
{
	unsigned int n = (uintptr_t)arg % 4, i = 0;
	struct cipe_nl nl;
	struct nl_msg *msg;
	struct config config = {
		.endpoint = in_addr4(INADDR_LOOPBACK, 0),
		.keepalive = 10, .timeout = 50,
	};
	int fd = -1;

	if (cipe_nl_open(&nl))
		return no_thread();
	while (!atomic_load(&shared.stop)) {
		if (i++ % 4 == 0) {
			close(fd);
			fd = bound4();
			config.endpoint.sin_port = bound_to(fd).sin_port;
		}
		config.socket = fd;
		msg = request(&nl, CIPE_CMD_LINK_SET, shared.index[n]);
		put_config(msg, &config, NULL);
		if (!call(&nl, msg))
			atomic_fetch_add(&shared.done[2], 1);
	}
	close(fd);
	cipe_nl_close(&nl);
	return NULL;
}

TEST_F_TIMEOUT(nl, stress, 120)
{
	static void *(*const run[])(void *) = {
		churn_mine, churn_mine, churn_keys, churn_keys,
		churn_socket, churn_socket, churn_socket, churn_get,
	};
	pthread_t threads[ARRAY_SIZE(run)];
	struct dump d = { .size = 1 << 16 };
	char name[IFNAMSIZ];
	unsigned int i;
	long end;

	d.seen = calloc(1, d.size);
	for (i = 0; i < 4; i++) {
		shared.index[i] = 1000 + i;
		snprintf(name, sizeof(name), "mine%u", i);
		ASSERT_EQ(0, link_new(&self->route, name, -1, 1000 + i));
	}
	shared.base = self->id;
	/* numbers of threads tell their links: keys go to 2 and 3, which stay */
	start(_metadata, threads, run, ARRAY_SIZE(run));
	end = now_ms() + scale(6000, 12000);
	while (now_ms() < end) {
		dump(&self->nl, &d);
		EXPECT_EQ(0, d.err);
		EXPECT_EQ(1, d.seen[self->index]);
		EXPECT_FALSE(d.twice);
	}
	stop(_metadata, threads, ARRAY_SIZE(run));
	TH_LOG("%u links replaced, %u keys set, %u links set, %u read",
	       shared.done[4], shared.done[1], shared.done[2], shared.done[3]);
	EXPECT_LT(0, shared.done[4]);
	EXPECT_LT(0, shared.done[1]);
	EXPECT_LT(0, shared.done[2]);
	/* the one that nobody touched is as it was, and works */
	EXPECT_EQ(self->id, link_u32(&self->nl, self->index, CIPE_A_LINK_ID));
	EXPECT_EQ(7, link_u32(&self->nl, self->index, CIPE_A_TTL));
}

/* A creation that fails late, in the target namespace, while others look for
 * the number it would have had: found is only what came to be
 */
THREAD(fail_creation)
{
	struct cipe_nl route;
	int err;

	(void)arg;
	if (open_route(&route))
		return no_thread();
	while (!atomic_load(&shared.stop)) {
		err = link_new(&route, "late0", shared.netns, shared.taken);
		if (err == -EBUSY)
			atomic_fetch_add(&shared.done[5], 1);
		else
			atomic_fetch_add(&shared.done[6], 1);
	}
	cipe_nl_close(&route);
	return NULL;
}

THREAD(guess_id)
{
	struct cipe_nl nl;
	struct nl_msg *msg;
	unsigned int i = 0;

	if (cipe_nl_open(&nl))
		return no_thread();
	while (!atomic_load(&shared.stop)) {
		/* those before, about and after the one being made */
		uint32_t id = shared.base + 1 +
			      (atomic_load(&shared.done[5]) + i++ % 4);

		msg = request_id(&nl, (uintptr_t)arg & 1 ? CIPE_CMD_LINK_GET :
				 CIPE_CMD_LINK_SET, id);
		if (!((uintptr_t)arg & 1))
			nla_put_u32(msg, CIPE_A_KEEPALIVE_MS, 10);
		if (!call(&nl, msg))
			atomic_fetch_add(&shared.done[7], 1);
		atomic_fetch_add(&shared.done[3], 1);
	}
	cipe_nl_close(&nl);
	return NULL;
}

TEST_F_TIMEOUT(nl, failed_creation, 60)
{
	static void *(*const run[])(void *) = {
		fail_creation, guess_id, guess_id, guess_id,
	};
	pthread_t threads[ARRAY_SIZE(run)];
	struct cipe_nl route;
	int home = open_netns();

	ASSERT_EQ(0, unshare(CLONE_NEWNET));
	shared.netns = open_netns();
	shared.taken = 77;
	ASSERT_EQ(0, open_route(&route));
	ASSERT_EQ(0, link_new(&route, "there", -1, 77));
	ASSERT_EQ(0, setns(home, CLONE_NEWNET));

	ASSERT_EQ(-EBUSY, link_new(&self->route, "late0", shared.netns, 77));
	ASSERT_EQ(0, link_new(&self->route, "last", -1, 0));
	shared.base = link_u32(&self->nl, if_nametoindex("last"),
			       CIPE_A_LINK_ID);
	start(_metadata, threads, run, ARRAY_SIZE(run));
	usleep(scale(4000000, 8000000));
	stop(_metadata, threads, ARRAY_SIZE(run));
	TH_LOG("%u creations failed, %u numbers guessed", shared.done[5],
	       shared.done[3]);
	EXPECT_LT(10, shared.done[5]);
	EXPECT_EQ(0, shared.done[6]) TH_LOG("failed otherwise, or not at all");
	EXPECT_EQ(0, shared.done[7]) TH_LOG("links found that never were");
	EXPECT_EQ(0, if_nametoindex("late0"));
}

TEST_HARNESS_MAIN
