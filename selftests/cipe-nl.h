/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Netlink to the cipe module, as the tests speak it: no layer that would hide
 * what goes over the wire, and no check that the kernel should do.
 */
#ifndef _CIPE_NL_H
#define _CIPE_NL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/socket.h>

#include <netlink/msg.h>
#include <netlink/netlink.h>
#include <linux/cipe.h>

#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))

/**
 * struct cipe_nl - an open socket
 * @sk: the socket
 * @family: number of the family "cipe", or 0 for rtnetlink
 * @errmsg: extended ack of the last request, "" if there was none
 * @erroff: offset of the attribute it complains about, 0 if none
 * @missing: type of the attribute that is missing, 0 if none
 */
struct cipe_nl {
	struct nl_sock *sk;
	int family;
	char errmsg[256];
	uint32_t erroff;
	uint32_t missing;
};

typedef void (*cipe_nl_cb)(struct nlmsghdr *nlh, void *arg);

int cipe_nl_open(struct cipe_nl *nl);
int cipe_nl_open_route(struct cipe_nl *nl);
void cipe_nl_close(struct cipe_nl *nl);
int cipe_nl_events(struct cipe_nl *nl);

struct nl_msg *cipe_nl_msg(const struct cipe_nl *nl, uint8_t cmd, int flags);
int cipe_nl_call(struct cipe_nl *nl, struct nl_msg *msg, cipe_nl_cb cb,
		 void *arg);
struct nlattr *cipe_nl_attrs(struct nlmsghdr *nlh, int *len);

int cipe_nl_link_add(const char *name, int mode);
int cipe_nl_link_del(const char *name);

int parse_sockaddr(const char *s, struct sockaddr_storage *ss, socklen_t *len);
const char *format_sockaddr(const void *sa, size_t len, char *buf, size_t size);
int parse_hex(const char *s, uint8_t *buf, size_t size);

extern const char *const cipe_stat_names[CIPE_STAT_MAX + 1];
extern const char *const cipe_cmd_names[CIPE_CMD_MAX + 1];
extern const char *const cipe_slot_names[3];
extern const char *const cipe_cipher_names[4];
int parse_name(const char *s, const char *const *names, size_t n);

#endif /* _CIPE_NL_H */
