/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Requests as the parser makes them, for tests and for seeds of the fuzzer.
 */
#ifndef CIPED_TESTS_REQUESTS_H
#define CIPED_TESTS_REQUESTS_H

#include <arpa/inet.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "hooks.h"
#include "request.h"

static inline union addr some_addr(void)
{
	union addr addr = { .in = { .sin_family = AF_INET, .sin_port = htons(4000) } };

	addr.in.sin_addr.s_addr = htonl(0xc0000201);
	return addr;
}

/* A good one of each kind, and whether a descriptor goes with it */
static inline bool good_request(uint32_t op, struct request *r)
{
	memset(r, 0, sizeof(*r));
	r->op = op;
	r->conf = op != REQUEST_LOG && op != REQUEST_APPLIED && op != REQUEST_REFUSED &&
		  op != REQUEST_IFACES_DELETE ? 3 : 0;
	switch ((enum request_op)op) {
	case REQUEST_LOG:
		r->log.priority = LOG_INFO;
		strcpy(r->log.text, "all is well");
		break;
	case REQUEST_CLAIM:
	case REQUEST_RELEASE:
	case REQUEST_IFACE_INDEX:
	case REQUEST_IFACE_CREATE:
		strcpy(r->name, "cipcb0");
		break;
	case REQUEST_IFACE_MTU:
		r->mtu.ifindex = 7;
		r->mtu.mtu = 1448;
		break;
	case REQUEST_UDP_OPEN:
	case REQUEST_ICMP_OPEN:
		r->number = AF_INET6;
		break;
	case REQUEST_UDP_BIND:
		r->addr = some_addr();
		return true;
	case REQUEST_ROUTE:
		r->addr = some_addr();
		break;
	case REQUEST_LINK_SET:
		r->set.link = 1;
		r->set.what = REQUEST_SET_ENDPOINT | REQUEST_SET_TIMERS;
		r->set.endpoint = some_addr();
		r->set.keepalive_ms = 5000;
		break;
	case REQUEST_KEY_SET:
		r->key = (struct request_key){
			.link = 1, .slot = CIPE_SLOT_NEXT, .rx_id = 4, .tx_id = 8,
			.cipher = CIPE_CIPHER_AES_256_GCM, .key_len = 32, .lifetime_ms = 1000,
		};
		break;
	case REQUEST_KEY_DEL:
		r->key_del.link = 1;
		r->key_del.slot = REQUEST_KEYS_ALL;
		break;
	case REQUEST_RESOLVE:
		strcpy(r->resolve.host, "gw.example");
		break;
	case REQUEST_SCRIPT:
		r->script.link = 1;
		r->script.event = HOOKS_DOWN;
		r->script.me = some_addr();
		r->script.mtu = 1448;
		break;
	default:
		break;
	}
	return false;
}

#endif /* CIPED_TESTS_REQUESTS_H */
