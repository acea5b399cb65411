// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Options of a link as a value: copied and compared.
 */
#include <errno.h>
#include <string.h>

#include "options.h"
#include "secret.h"

/* Return: 0 or -ENOMEM */
static int copy_text(char **to, const char *from)
{
	*to = from ? strdup(from) : NULL;
	return from && !*to ? -ENOMEM : 0;
}

static int copy_secret(uint8_t **to, const uint8_t *from)
{
	*to = from ? secret_alloc(OPTIONS_KEY_MAX) : NULL;
	if (!from)
		return 0;
	if (!*to)
		return -ENOMEM;
	memcpy(*to, from, OPTIONS_KEY_MAX);
	return 0;
}

int options_copy(struct options *to, const struct options *from)
{
	int err;

	*to = *from;
	/* None is left that is @from's, whatever fails */
	err = copy_secret(&to->key, from->key);
	err |= copy_secret(&to->privkey, from->privkey);
	err |= copy_text(&to->privkey_file, from->privkey_file);
	err |= copy_text(&to->ipaddr_text, from->ipaddr_text);
	err |= copy_text(&to->ptpaddr_text, from->ptpaddr_text);
	err |= copy_text(&to->ipup, from->ipup);
	err |= copy_text(&to->ipdown, from->ipdown);
	err |= copy_text(&to->arg, from->arg);
	return err;
}

static bool equal_text(const char *a, const char *b)
{
	return a && b ? !strcmp(a, b) : a == b;
}

static bool equal_secret(const uint8_t *a, const uint8_t *b)
{
	return a && b ? secret_equal(a, b, OPTIONS_KEY_MAX) : a == b;
}

/* As written: what a name stands for is looked up while the link runs */
static bool equal_addr(const struct options_addr *a, const struct options_addr *b)
{
	return a->set == b->set && a->port == b->port && a->salen == b->salen &&
	       !strcmp(a->host, b->host);
}

static bool equal_keys(const struct options *a, const struct options *b)
{
	return a->key_len == b->key_len && equal_secret(a->key, b->key) &&
	       equal_secret(a->privkey, b->privkey) && a->peerkey_len == b->peerkey_len &&
	       !memcmp(a->peerkey, b->peerkey, a->peerkey_len) && a->suite == b->suite &&
	       a->cipher == b->cipher && a->tokey_ms == b->tokey_ms &&
	       a->tokxc_ms == b->tokxc_ms && a->tokxts_ms == b->tokxts_ms;
}

static bool equal_carrier(const struct options *a, const struct options *b)
{
	return equal_addr(&a->me, &b->me) && equal_addr(&a->peer, &b->peer) &&
	       a->cttl == b->cttl && a->tos == b->tos && a->pin == b->pin &&
	       a->ping_ms == b->ping_ms && a->toping_ms == b->toping_ms && a->maxerr == b->maxerr;
}

/* The texts of addresses inside name the link's state file */
static bool equal_inside(const struct options *a, const struct options *b)
{
	return !strcmp(a->device, b->device) && a->mode == b->mode && a->mtu == b->mtu &&
	       a->metric == b->metric && a->ipaddr.s_addr == b->ipaddr.s_addr &&
	       a->ptpaddr.s_addr == b->ptpaddr.s_addr &&
	       equal_text(a->ipaddr_text, b->ipaddr_text) &&
	       equal_text(a->ptpaddr_text, b->ptpaddr_text);
}

static bool equal_scripts(const struct options *a, const struct options *b)
{
	return equal_text(a->ipup, b->ipup) && equal_text(a->ipdown, b->ipdown) &&
	       a->ipup_given == b->ipup_given && a->ipdown_given == b->ipdown_given &&
	       equal_text(a->arg, b->arg);
}

bool options_equal(const struct options *a, const struct options *b)
{
	return equal_keys(a, b) && equal_carrier(a, b) && equal_inside(a, b) &&
	       equal_scripts(a, b);
}
