// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The module's netlink interface, as include/uapi/linux/cipe.h promises it.
 * Who may not, cannot: other namespaces, users, user namespaces.
 */
#include <linux/capability.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "netlink-fixture.h"

/* What becomes of each command about a link that is named by number */
static void by_id(struct __test_metadata *_metadata, struct cipe_nl *nl,
		  uint32_t id, int err)
{
	struct key key = make_key(CIPE_SLOT_NEXT, 0x7000);
	struct nl_msg *msg;

	EXPECT_EQ(err, call(nl, request_id(nl, CIPE_CMD_LINK_GET, id)));
	msg = request_id(nl, CIPE_CMD_LINK_SET, id);
	nla_put_u8(msg, CIPE_A_TTL, 33);
	EXPECT_EQ(err, call(nl, msg));
	msg = request_id(nl, CIPE_CMD_KEY_SET, id);
	put_key(msg, &key, NULL);
	EXPECT_EQ(err, call(nl, msg));
	msg = request_id(nl, CIPE_CMD_KEY_DEL, id);
	put_key_name(msg, CIPE_A_KEY_RX_ID, key_id(0x7000), NULL);
	EXPECT_EQ(err, call(nl, msg));
}

static void by_index(struct __test_metadata *_metadata, struct cipe_nl *nl,
		     unsigned int index, int err)
{
	struct key key = make_key(CIPE_SLOT_NEXT, 0x7000);
	struct nl_msg *msg;

	EXPECT_EQ(err, call(nl, request(nl, CIPE_CMD_LINK_GET, index)));
	msg = request(nl, CIPE_CMD_LINK_SET, index);
	nla_put_u8(msg, CIPE_A_TTL, 33);
	EXPECT_EQ(err, call(nl, msg));
	EXPECT_EQ(err, key_set(nl, index, &key));
	msg = request(nl, CIPE_CMD_KEY_DEL, index);
	put_key_name(msg, CIPE_A_KEY_RX_ID, key_id(0x7000), NULL);
	EXPECT_EQ(err, call(nl, msg));
}

static int dump_count(struct cipe_nl *nl)
{
	int n = 0, err;

	err = cipe_nl_call(nl, cipe_nl_msg(nl, CIPE_CMD_LINK_GET, NLM_F_DUMP),
			   count_cb, &n);
	return err ? err : n;
}

TEST_F(nl, other_netns)
{
	struct cipe_nl there, back;
	unsigned int index;
	int home, away;

	home = open_netns();
	ASSERT_EQ(0, unshare(CLONE_NEWNET));
	away = open_netns();
	ASSERT_EQ(0, cipe_nl_open(&there));
	ASSERT_EQ(0, setns(home, CLONE_NEWNET));

	by_id(_metadata, &self->nl, self->id, 0);
	by_id(_metadata, &there, self->id, 0);
	EXPECT_EQ(1, dump_count(&self->nl));
	EXPECT_EQ(0, dump_count(&there));

	ASSERT_EQ(0, link_move(&self->route, self->index, away));
	EXPECT_EQ(0, if_nametoindex("cipe0"));
	by_index(_metadata, &self->nl, self->index, -ENODEV);
	by_id(_metadata, &self->nl, self->id, 0);
	EXPECT_EQ(0, dump_count(&self->nl));
	EXPECT_EQ(1, dump_count(&there));
	ASSERT_EQ(0, setns(away, CLONE_NEWNET));
	index = if_nametoindex("cipe0");
	EXPECT_NE(0, index);
	by_index(_metadata, &there, index, 0);
	by_id(_metadata, &there, self->id, 0);
	EXPECT_EQ(self->id, link_u32(&there, index, CIPE_A_LINK_ID));
	EXPECT_EQ(33, link_u32(&there, index, CIPE_A_TTL));
	/* its socket stayed where it was, and is still there */
	EXPECT_EQ(CIPE_SOCKET_USER,
		  link_u32(&there, index, CIPE_A_SOCKET_STATE));

	/* and back, by a request from there */
	ASSERT_EQ(0, cipe_nl_open_route(&back));
	ASSERT_EQ(0, link_move(&back, index, home));
	by_id(_metadata, &there, self->id, 0);
	ASSERT_EQ(0, setns(home, CLONE_NEWNET));
	index = if_nametoindex("cipe0");
	by_index(_metadata, &self->nl, index, 0);

	/* deleted: the number means nothing any more */
	ASSERT_EQ(0, link_del(&self->route, index));
	by_id(_metadata, &self->nl, self->id, -ENODEV);
	by_id(_metadata, &there, self->id, -ENODEV);
}

/* All that needs privileges, done without them */
static void without_privileges(struct __test_metadata *_metadata,
			       FIXTURE_DATA(nl) *self)
{
	struct cipe_nl nl, route;

	/* a socket that root opened does not help */
	by_index(_metadata, &self->nl, self->index, -EPERM);
	by_id(_metadata, &self->nl, self->id, -EPERM);
	EXPECT_EQ(-EPERM, dump_count(&self->nl));
	EXPECT_EQ(-EPERM, link_del(&self->route, self->index));

	ASSERT_EQ(0, cipe_nl_open(&nl));
	by_index(_metadata, &nl, self->index, -EPERM);
	by_id(_metadata, &nl, self->id, -EPERM);
	EXPECT_EQ(-EPERM, dump_count(&nl));
	EXPECT_NE(0, cipe_nl_events(&nl)) TH_LOG("may join the events");
	ASSERT_EQ(0, open_route(&route));
	EXPECT_EQ(-EPERM, link_new(&route, "cipe1", -1, 0));
	EXPECT_EQ(-EPERM, link_del(&route, self->index));
	cipe_nl_close(&nl);
	cipe_nl_close(&route);
}

TEST_F(nl, unprivileged)
{
	struct snapshot before, after;
	struct cipe_nl nl;
	pid_t pid;

	ASSERT_EQ(0, link_snapshot(&self->nl, self->index, &before));
	pid = fork();
	ASSERT_LE(0, pid);
	if (!pid) {
		/* sockets of the parent's, but no answers mixed with its own */
		ASSERT_EQ(0, setgid(NOBODY));
		ASSERT_EQ(0, setuid(NOBODY));
		without_privileges(_metadata, self);
		_exit(0);
	}
	ASSERT_EQ(pid, waitpid(pid, NULL, 0));
	/* root, but for the one capability */
	pid = fork();
	ASSERT_LE(0, pid);
	if (!pid) {
		struct __user_cap_header_struct header = {
			.version = _LINUX_CAPABILITY_VERSION_3,
		};
		struct __user_cap_data_struct caps[2];

		ASSERT_EQ(0, syscall(SYS_capget, &header, caps));
		caps[0].effective &= ~(1u << CAP_NET_ADMIN);
		caps[0].permitted &= ~(1u << CAP_NET_ADMIN);
		ASSERT_EQ(0, syscall(SYS_capset, &header, caps));
		without_privileges(_metadata, self);
		_exit(0);
	}
	ASSERT_EQ(pid, waitpid(pid, NULL, 0));

	ASSERT_EQ(0, cipe_nl_open(&nl));
	EXPECT_EQ(0, cipe_nl_events(&nl));
	EXPECT_EQ(0, link_snapshot(&nl, self->index, &after));
	EXPECT_EQ(0, memcmp(&before, &after, sizeof(after)));
}

/* As root of a user namespace: all of one's own, nothing of others' */
TEST_F(nl, user_namespace)
{
	struct snapshot before, after;
	struct cipe_nl nl;
	pid_t pid;

	ASSERT_EQ(0, link_snapshot(&self->nl, self->index, &before));
	pid = fork();
	ASSERT_LE(0, pid);
	if (!pid) {
		struct cipe_nl mine, route, outer;
		unsigned int index;
		struct config config;
		struct nl_msg *msg;
		int fd = bound4();	/* of the outer namespace */
		uint32_t id;

		/* still in the outer network namespace, owned by others */
		if (unshare(CLONE_NEWUSER))
			SKIP(_exit(0), "no user namespaces");
		ASSERT_EQ(0, cipe_nl_open(&outer));
		by_index(_metadata, &outer, self->index, -EPERM);
		by_id(_metadata, &outer, self->id, -EPERM);
		EXPECT_EQ(-EPERM, dump_count(&outer));
		EXPECT_NE(0, cipe_nl_events(&outer));

		ASSERT_EQ(0, unshare(CLONE_NEWNET));
		ASSERT_EQ(0, cipe_nl_open(&mine));
		ASSERT_EQ(0, open_route(&route));
		EXPECT_EQ(0, link_new(&route, "cipe5", -1, 0));
		index = if_nametoindex("cipe5");
		id = link_u32(&mine, index, CIPE_A_LINK_ID);
		EXPECT_EQ(0, cipe_nl_events(&mine));
		by_index(_metadata, &mine, index, 0);
		by_id(_metadata, &mine, id, 0);
		EXPECT_EQ(1, dump_count(&mine));
		ASSERT_EQ(0, link_up("lo", true));
		config = (struct config){
			.socket = bound4(),
			.endpoint = in_addr4(INADDR_LOOPBACK, 4000),
		};
		msg = request(&mine, CIPE_CMD_LINK_SET, index);
		put_config(msg, &config, NULL);
		EXPECT_EQ(0, call(&mine, msg));
		/* it holds the outer socket by right, it may use it */
		msg = request(&mine, CIPE_CMD_LINK_SET, index);
		nla_put_u32(msg, CIPE_A_SOCKET_FD, fd);
		EXPECT_EQ(0, call(&mine, msg));

		by_id(_metadata, &mine, self->id, -ENODEV);
		/* the outer socket still has no more rights */
		by_id(_metadata, &outer, self->id, -EPERM);
		by_id(_metadata, &self->nl, self->id, -EPERM);
		EXPECT_EQ(0, link_del(&route, index));
		_exit(0);
	}
	ASSERT_EQ(pid, waitpid(pid, NULL, 0));

	ASSERT_EQ(0, cipe_nl_open(&nl));
	EXPECT_EQ(0, link_snapshot(&nl, self->index, &after));
	EXPECT_EQ(0, memcmp(&before, &after, sizeof(after)));
}

TEST_HARNESS_MAIN
