/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the tests of netlink are made of: links, sockets, requests with one thing odd */
#ifndef _NETLINK_UTIL_H
#define _NETLINK_UTIL_H

#include <netinet/in.h>

#include "cipe-nl.h"

/**
 * struct odd - what is different in a request that is otherwise good
 * @type: of the attribute that is replaced, or added at the end; 0: none
 * @in_key: it is in CIPE_A_KEY
 * @absent: it is left out
 * @flags: of the attribute's type
 * @len: octets of it
 * @value: if @data is NULL, a number of @len octets (zeros if that is no
 *	length of a number)
 * @data: its octets
 * @offset: gets where it was put
 */
struct odd {
	uint16_t type;
	bool in_key;
	bool absent;
	uint16_t flags;
	uint16_t len;
	uint64_t value;
	const void *data;
	uint32_t offset;
};

/* What CIPE_CMD_LINK_SET sets. @socket below 0: no socket */
struct config {
	int socket;
	struct sockaddr_in endpoint;
	uint8_t ttl;
	uint16_t tos;
	uint8_t pin;
	uint32_t keepalive;
	uint32_t timeout;
};

struct key {
	uint8_t slot;
	uint32_t rx_id, tx_id;
	uint8_t cipher;
	uint8_t rx_key[32], tx_key[32];
	uint8_t rx_iv[12], tx_iv[12];
	uint32_t lifetime;
	uint32_t tx_start;
	const char *driver;
};

/* What LINK_GET tells of a key */
struct key_info {
	uint8_t slot, cipher;
	uint32_t rx_id, tx_id, lifetime;
	uint64_t tx_counter;
	char driver[128];
};

/* All that LINK_GET tells, less what time changes */
struct snapshot {
	size_t len;
	uint8_t data[8192];
};

/* Octets that must not be in any answer */
struct secrets {
	size_t n;
	uint8_t part[64][8];
};

int scale(int normal, int checked);
int open_route(struct cipe_nl *nl);

int link_new(struct cipe_nl *route, const char *name, int netns, int index);
int link_del(struct cipe_nl *route, unsigned int index);
int link_move(struct cipe_nl *route, unsigned int index, int netns);
int link_up(const char *name, bool up);

struct sockaddr_in in_addr4(uint32_t address, uint16_t port);
struct sockaddr_in6 in_addr6(const char *address, uint16_t port);
int bound4(void);
int bound6(const char *address, bool v6only);
struct sockaddr_in bound_to(int fd);

struct nl_msg *request(const struct cipe_nl *nl, uint8_t cmd,
		       unsigned int index);
struct nl_msg *request_id(const struct cipe_nl *nl, uint8_t cmd, uint32_t id);
void put_odd(struct nl_msg *msg, struct odd *odd);
void put_config(struct nl_msg *msg, const struct config *config,
		struct odd *odd);
void put_key(struct nl_msg *msg, const struct key *key, struct odd *odd);
void put_key_name(struct nl_msg *msg, int type, uint32_t value,
		  struct odd *odd);
unsigned int key_len(uint8_t cipher);
void salt_keys(uint32_t number);
uint32_t key_id(uint32_t id);
struct key make_key(uint8_t slot, uint32_t id);
struct key peers_key(const struct key *key, uint8_t slot);

int call(struct cipe_nl *nl, struct nl_msg *msg);
int key_set(struct cipe_nl *nl, unsigned int index, const struct key *key);
int key_del_all(struct cipe_nl *nl, unsigned int index);
int link_snapshot(struct cipe_nl *nl, unsigned int index, struct snapshot *s);
int link_attr(struct cipe_nl *nl, unsigned int index, int type, void *buf,
	      size_t size);
uint32_t link_u32(struct cipe_nl *nl, unsigned int index, int type);
uint64_t link_stat(struct cipe_nl *nl, unsigned int index, int stat);
int link_keys(struct cipe_nl *nl, unsigned int index, struct key_info *keys);

void secrets_add(struct secrets *s, const struct key *key);
bool secrets_in(const struct secrets *s, const void *data, size_t len);

#endif /* _NETLINK_UTIL_H */
