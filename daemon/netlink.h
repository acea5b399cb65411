/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Netlink requests and events on top of libnl, with the kernel's own errno
 * and words. Shared by kernel.c (generic netlink) and rtnl.c (rtnetlink).
 */
#ifndef CIPED_NETLINK_H
#define CIPED_NETLINK_H

#include <netlink/msg.h>
#include <netlink/netlink.h>

/* Room for what the kernel says to a refused request */
#define NETLINK_WORDS_MAX 128

/**
 * typedef netlink_msg_fn - called for each message of an answer or event
 * @ctx: as given with the request
 * @nlh: valid during the call only
 */
typedef void (*netlink_msg_fn)(void *ctx, struct nlmsghdr *nlh);

int netlink_open(struct nl_sock **sk, int protocol);
int netlink_join(struct nl_sock *sk, int group);
int netlink_request(struct nl_sock *sk, struct nl_msg *msg, netlink_msg_fn fn, void *ctx);
void netlink_wipe(struct nl_msg *msg);
const char *netlink_words(void);
void netlink_set_words(const char *text);
int netlink_events(struct nl_sock *sk, netlink_msg_fn fn, void *ctx);

#endif /* CIPED_NETLINK_H */
