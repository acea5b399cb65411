// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A provider that says of itself what OpenSSL's FIPS module does, for machines
 * without one: its functions are those of the default provider of a libcrypto
 * that nobody else has, under the property fips=yes. It shows that a link of
 * suite fips works, and asks nobody else for anything. It proves nothing about
 * FIPS 140.
 */
#include <stdlib.h>

#include <openssl/core.h>
#include <openssl/core_dispatch.h>
#include <openssl/crypto.h>
#include <openssl/provider.h>

#define OPERATIONS (OSSL_OP__HIGHEST + 1)
#define PROPERTY "provider=fips,fips=yes"

static OSSL_LIB_CTX *inner;
static OSSL_PROVIDER *real;
static OSSL_ALGORITHM *table[OPERATIONS];

/* The same functions, of another property */
static OSSL_ALGORITHM *copy(const OSSL_ALGORITHM *from)
{
	OSSL_ALGORITHM *to;
	size_t n = 0, i;

	while (from[n].algorithm_names)
		n++;
	to = calloc(n + 1, sizeof(*to));
	for (i = 0; to && i < n; i++) {
		to[i] = from[i];
		to[i].property_definition = PROPERTY;
	}
	return to;
}

static const OSSL_ALGORITHM *query(void *provctx, int operation, int *no_cache)
{
	const OSSL_ALGORITHM *from;

	(void)provctx;
	*no_cache = 0;
	if (operation < 0 || operation >= OPERATIONS)
		return NULL;
	from = OSSL_PROVIDER_query_operation(real, operation, no_cache);
	if (from && !table[operation])
		table[operation] = copy(from);
	return table[operation];
}

static void tear_down(void *provctx)
{
	int i;

	(void)provctx;
	for (i = 0; i < OPERATIONS; i++)
		free(table[i]);
	OSSL_PROVIDER_unload(real);
	OSSL_LIB_CTX_free(inner);
}

OSSL_provider_init_fn OSSL_provider_init;

int OSSL_provider_init(const OSSL_CORE_HANDLE *handle, const OSSL_DISPATCH *in,
		       const OSSL_DISPATCH **out, void **provctx)
{
	static const OSSL_DISPATCH functions[] = {
		{ OSSL_FUNC_PROVIDER_QUERY_OPERATION, (void (*)(void))query },
		{ OSSL_FUNC_PROVIDER_TEARDOWN, (void (*)(void))tear_down },
		{ 0, NULL },
	};

	(void)handle;
	(void)in;
	inner = OSSL_LIB_CTX_new();
	real = inner ? OSSL_PROVIDER_load(inner, "default") : NULL;
	if (!real)
		return 0;
	/* Its functions expect their own context */
	*provctx = OSSL_PROVIDER_get0_provider_ctx(real);
	*out = functions;
	return 1;
}
