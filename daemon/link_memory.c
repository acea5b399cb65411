// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What a link has from earlier runs: its secrets, time stamps, interface, and
 * keys in the kernel.
 */
#include "link.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sysexits.h>

#include "ask.h"
#include "derive.h"
#include "fips.h"
#include "log.h"
#include "netlink.h"
#include "secret.h"

#define STATE_LABEL "cipe state file"

_Static_assert(STATE_LOCAL_LEN == HANDSHAKE_LOCAL_LEN, "one secret");

/* ------------------------------------------------------------------------
 * secrets
 */

static OSSL_LIB_CTX *find_library(const struct link *l, int *err)
{
	OSSL_LIB_CTX *lib = NULL;

	if (l->opts->suite == OPTIONS_SUITE_FIPS) {
		lib = fips_open();
		if (!lib)
			*err = -ENOPKG;
	}
	return lib;
}

static int make_identity(struct link *l)
{
	const struct options *o = l->opts;
	uint8_t *psk = secret_alloc(DERIVE_PSK_LEN);
	struct identity_config config = {
		.dh = o->suite == OPTIONS_SUITE_25519 ? NOISE_25519 : NOISE_P256,
		.psk = o->key ? psk : NULL,
		.private_key = o->privkey,
		.peer_key = o->peerkey_len ? o->peerkey : NULL,
	};
	int err = psk ? 0 : -ENOMEM;

	if (!err)
		config.lib = find_library(l, &err);
	if (!err && o->key)
		err = derive_psk(config.lib, psk, o->key, o->key_len);
	if (!err)
		err = identity_new(&l->identity, &config);
	secret_free(psk, DERIVE_PSK_LEN);
	return err;
}

/**
 * link_severity() - priority of a message that something of the set-up failed
 * @l: the link
 * @priority: that it has otherwise
 * @err: why
 *
 * A link that waited may be removed or changed at any time. That is no error, and the
 * next thing we hear.
 */
int link_severity(struct link *l, int priority, int err)
{
	if (err != -ECANCELED)
		return priority;
	l->unwanted = true;
	return LOG_DEBUG;
}

/* Return: exit code */
static int explain(int err)
{
	switch (err) {
	case -ENOPKG:
		log_err("suite fips: OpenSSL has no working FIPS provider here (openssl list "
			"-providers, openssl fipsinstall); suite nist has the same algorithms");
		return EX_CONFIG;
	case -EKEYREJECTED:
		log_err("privkey or peerkey is no key of this suite");
		return EX_CONFIG;
	case -EALREADY:
		log_err("peerkey is our own public key: it must be the peer's");
		return EX_CONFIG;
	default:
		log_err("no locked memory left, or libcrypto failed: %s", strerror(-err));
		return LINK_EXIT_SYSTEM;
	}
}

/* ------------------------------------------------------------------------
 * memory
 */

/* Whose memory it is: keys tell one link from others, addresses tell its ends,
 * should both be on this machine
 */
static int identify(const struct link *l, uint8_t id[STATE_ID_LEN])
{
	const struct options *o = l->opts;
	struct {
		uint8_t psk[NOISE_KEY_LEN], own[NOISE_PUBLIC_MAX], peer[NOISE_PUBLIC_MAX];
	} *keys = secret_alloc(sizeof(*keys));
	char ends[1024];
	int len, err;

	if (!keys)
		return -ENOMEM;
	memcpy(keys->psk, l->identity->psk, sizeof(keys->psk));
	memcpy(keys->own, l->identity->public_key, sizeof(keys->own));
	memcpy(keys->peer, l->identity->peer_key, sizeof(keys->peer));
	len = snprintf(ends, sizeof(ends), "%s %s %s", o->me.set ? o->me.text : "-",
		       o->ipaddr_text ? o->ipaddr_text : "-",
		       o->ptpaddr_text ? o->ptpaddr_text : "-");
	if (len >= (int)sizeof(ends))
		len = sizeof(ends) - 1;
	err = derive_hkdf(l->identity->lib, ends, (size_t)len, keys, sizeof(*keys), STATE_LABEL,
			  strlen(STATE_LABEL), id, STATE_ID_LEN);
	secret_free(keys, sizeof(*keys));
	return err;
}

/**
 * link_load_memory() - prepare the secrets, read what earlier runs remembered
 * @l: from link_new()
 * Return: 0, or an exit code after a message.
 */
int link_load_memory(struct link *l)
{
	uint8_t id[STATE_ID_LEN];
	int err = make_identity(l);

	if (!err) {
		l->local = secret_alloc(HANDSHAKE_LOCAL_LEN);
		err = l->local ? secret_random_of(l->identity->lib, l->local,
						  HANDSHAKE_LOCAL_LEN) : -ENOMEM;
	}
	if (!err)
		err = identify(l, id);
	if (err)
		return explain(err);
	err = ask_state_open(&l->state, l->conf, id);
	if (err == -EBUSY)
		log_warn("another link has the same keys and addresses: of this one nothing is "
			 "remembered. Each link needs a key, or a peerkey, of its own");
	else if (err)
		log_msg(link_severity(l, LOG_WARNING, err),
			"cannot read %s: %s; what it remembered is lost", l->state.path,
			strerror(-err));
	state_local(&l->state, l->local);
	return 0;
}

/** link_remembered() - number of the link an earlier run had; 0: none */
uint32_t link_remembered(const struct link *l)
{
	char boot[STATE_BOOT_LEN];

	ask_state_boot(l->conf, boot);
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

	ask_state_boot(l->conf, boot);
	state_set_link(&l->state, l->id, boot);
	if (l->created || all_ours(l, seen))
		return 0;
	rc = kernel_key_del_all(l->conf, l->id);
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
