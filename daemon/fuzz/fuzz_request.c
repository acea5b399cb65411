// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What a parser in others' hands may send to the keeper: what passes for a
 * request is one that the keeper's handlers can rely on. And options in memory
 * that both share, as if the keeper had written something else.
 *
 * Input: 0 or 1, whether a descriptor came with it; then the message.
 */
#include <arpa/inet.h>
#include <string.h>

#include "derive.h"
#include "fuzz.h"
#include "handover.h"
#include "hooks.h"
#include "request.h"
#include "secret.h"

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	(void)argc;
	(void)argv;
	FUZZ_CHECK(!secret_init(0));
	return 0;
}

static bool is_closed(const char *text, size_t size)
{
	return memchr(text, '\0', size);
}

static bool is_addr(const union addr *addr)
{
	return addr->sa.sa_family == AF_INET || addr->sa.sa_family == AF_INET6;
}

static void check_key(const struct request_key *key)
{
	FUZZ_CHECK(key->slot == CIPE_SLOT_CURRENT || key->slot == CIPE_SLOT_NEXT);
	FUZZ_CHECK(key->key_len && key->key_len <= CIPE_KEY_LEN_MAX);
	FUZZ_CHECK(key->key_len == derive_key_len((uint8_t)key->cipher));
}

/* What handlers take for granted */
static void check_request(const struct request *r, bool with_fd)
{
	bool global = r->op == REQUEST_LOG || r->op == REQUEST_APPLIED ||
		      r->op == REQUEST_REFUSED || r->op == REQUEST_IFACES_DELETE;

	FUZZ_CHECK(r->op < REQUEST_OPS && global == !r->conf);
	switch ((enum request_op)r->op) {
	case REQUEST_LOG:
		FUZZ_CHECK(is_closed(r->log.text, sizeof(r->log.text)));
		FUZZ_CHECK(is_closed(r->log.device, sizeof(r->log.device)));
		break;
	case REQUEST_CLAIM:
	case REQUEST_RELEASE:
	case REQUEST_IFACE_INDEX:
	case REQUEST_IFACE_CREATE:
		FUZZ_CHECK(is_closed(r->name, sizeof(r->name)) && !strchr(r->name, '/'));
		break;
	case REQUEST_LINK_SET:
		FUZZ_CHECK(with_fd == !!(r->set.what & REQUEST_SET_SOCKET));
		FUZZ_CHECK(!(r->set.what & REQUEST_SET_ENDPOINT) || is_addr(&r->set.endpoint));
		break;
	case REQUEST_KEY_SET:
		check_key(&r->key);
		break;
	case REQUEST_UDP_BIND:
		FUZZ_CHECK(with_fd && is_addr(&r->addr));
		break;
	case REQUEST_ROUTE:
		FUZZ_CHECK(!with_fd && is_addr(&r->addr));
		break;
	case REQUEST_RESOLVE:
		FUZZ_CHECK(is_closed(r->resolve.host, sizeof(r->resolve.host)));
		break;
	case REQUEST_SCRIPT:
		FUZZ_CHECK(r->script.event == HOOKS_UP || r->script.event == HOOKS_DOWN);
		break;
	default:
		break;
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct request r;
	struct optset set;
	bool with_fd;

	if (!size)
		return 0;
	with_fd = *data++ & 1;
	size--;
	handover_read(&set, data, size);
	optset_wipe(&set);
	memset(&r, 0xff, sizeof(r));
	memcpy(&r, data, size < sizeof(r) ? size : sizeof(r));
	if (request_valid(&r, size, with_fd)) {
		FUZZ_CHECK(size == request_size(r.op) && size <= sizeof(r));
		check_request(&r, with_fd);
	}
	return 0;
}
