// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What a link has from earlier runs: its secrets, time stamps, interface, and
 * keys in the kernel.
 */
#include "link.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "derive.h"
#include "log.h"
#include "netlink.h"
#include "secret.h"

#define STATE_LABEL "cipe state file"

_Static_assert(STATE_LOCAL_LEN == HANDSHAKE_LOCAL_LEN, "one secret");

/* Whose memory it is: the shared secret tells one link from others, addresses
 * tell its ends, should both be on this machine
 */
static int identify(const struct link *l, uint8_t id[STATE_ID_LEN])
{
	const struct options *o = l->opts;
	char ends[1024];
	int len;

	len = snprintf(ends, sizeof(ends), "%s %s %s", o->me.set ? o->me.text : "-",
		       o->ipaddr_text ? o->ipaddr_text : "-",
		       o->ptpaddr_text ? o->ptpaddr_text : "-");
	if (len >= (int)sizeof(ends))
		len = sizeof(ends) - 1;
	return derive_hkdf(ends, (size_t)len, l->psk, DERIVE_PSK_LEN, STATE_LABEL,
			   strlen(STATE_LABEL), id, STATE_ID_LEN);
}

/**
 * link_load_memory() - prepare the secrets, read what earlier runs remembered
 * @l: from link_new()
 * Return: 0, or an exit code after a message.
 */
int link_load_memory(struct link *l)
{
	uint8_t id[STATE_ID_LEN];
	int rc;

	l->psk = secret_alloc(DERIVE_PSK_LEN);
	l->local = secret_alloc(HANDSHAKE_LOCAL_LEN);
	if (!l->psk || !l->local || secret_random(l->local, HANDSHAKE_LOCAL_LEN) ||
	    derive_psk(l->psk, l->opts->key, l->opts->key_len) || identify(l, id)) {
		log_err("no locked memory left, or libcrypto failed");
		return LINK_EXIT_SYSTEM;
	}
	rc = state_open(&l->state, STATE_DIR, id);
	if (rc)
		log_warn("cannot read %s: %s; old key exchange messages may be answered once more",
			 l->state.path, strerror(-rc));
	state_local(&l->state, l->local);
	return 0;
}

/** link_remembered() - number of the link an earlier run had; 0: none */
uint32_t link_remembered(const struct link *l)
{
	char boot[STATE_BOOT_LEN];

	state_boot(boot);
	return state_link(&l->state, boot);
}

/* Every key there is one that we, or an earlier run, agreed on */
static bool all_ours(const struct link *l, const struct kernel_link *seen)
{
	int slot;

	for (slot = 0; slot <= CIPE_SLOT_NEXT; slot++)
		if (seen->key[slot].present && !state_has_key(&l->state, seen->key[slot].rx_id))
			return false;
	return true;
}

/**
 * link_claim_keys() - keep the keys that are ours, and retire others
 * @l: with its interface
 * @seen: its state
 *
 * Keys agreed on with other secrets are another peer's by now, or were given up
 * for a reason. So is the address they were used with.
 *
 * Return: 0, or an exit code after a message.
 */
int link_claim_keys(struct link *l, const struct kernel_link *seen)
{
	char boot[STATE_BOOT_LEN];
	int rc;

	state_boot(boot);
	state_set_link(&l->state, l->id, boot);
	if (l->created || all_ours(l, seen))
		return 0;
	rc = kernel_key_del_all(l->env->kernel, l->id);
	if (rc && rc != -ENOENT) {
		log_err("cannot retire the keys of %s: %s%s", l->name, strerror(-rc),
			netlink_words());
		return LINK_EXIT_SYSTEM;
	}
	if (l->adopted_key)
		log_notice("keys in use were not agreed on with this peer: retired");
	l->adopted_key = 0;
	if (addr_is_set(&l->configured))
		memset(&l->endpoint, 0, sizeof(l->endpoint));
	return 0;
}
