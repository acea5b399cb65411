// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Memory for keys: libcrypto's secure heap, which is locked, not dumped and
 * fenced. libcrypto puts its own private keys there as well. What it copies
 * elsewhere for the time of a call it wipes as a rule; secret_wipe_freed() is for
 * the exceptions, and secret_harden() keeps all of it out of core files.
 */
#include "secret.h"

#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <malloc.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>

#include <openssl/crypto.h>
#include <openssl/rand.h>

/* Smallest piece the heap hands out: an SHA-256 hash or a 256-bit key */
#define SECRET_HEAP_PIECE 32

size_t secret_heap(size_t size)
{
	size_t heap = 4096;

	if (!size)
		size = SECRET_HEAP_DEFAULT;
	while (heap < size && heap <= INT_MAX)
		heap <<= 1;
	return heap;
}

int secret_init(size_t size)
{
	if (CRYPTO_secure_malloc_initialized())
		return 0;
	if (size > INT_MAX)
		return -EINVAL;

	switch (CRYPTO_secure_malloc_init(secret_heap(size), SECRET_HEAP_PIECE)) {
	case 1:
		return 0;
	case 2:
		/* Usable, but not locked or not fenced: not good enough */
		CRYPTO_secure_malloc_done();
		return -EPERM;
	default:
		return -ENOMEM;
	}
}

int secret_exit(void)
{
	if (!CRYPTO_secure_malloc_initialized())
		return 0;
	return CRYPTO_secure_malloc_done() ? 0 : -EBUSY;
}

/* Between its guard pages the heap is a mapping of its own */
static int lock_mapping_of(const void *inside)
{
	uintptr_t at = (uintptr_t)inside, start, end;
	FILE *maps = fopen("/proc/self/maps", "re");
	int rc = -ENOENT;
	char line[512];

	if (!maps)
		return -errno;
	while (rc == -ENOENT && fgets(line, sizeof(line), maps))
		if (sscanf(line, "%" SCNxPTR "-%" SCNxPTR, &start, &end) == 2 && start <= at &&
		    at < end)
			rc = mlock((void *)start, end - start) ? -errno : 0;
	fclose(maps);
	return rc;
}

int secret_relock(void)
{
	void *inside = secret_alloc(1);
	int rc = inside ? lock_mapping_of(inside) : -ENOMEM;

	secret_free(inside, 1);
	return rc;
}

/* libcrypto's memory, by its own rules: no octets are NULL */
static void *crypto_get(size_t size, const char *file, int line)
{
	(void)file;
	(void)line;
	return size ? malloc(size) : NULL;
}

static void crypto_put(void *p, const char *file, int line)
{
	(void)file;
	(void)line;
	if (!p)
		return;
	secret_wipe(p, malloc_usable_size(p));
	free(p);
}

/* realloc() would leave behind what it copies */
static void *crypto_resize(void *p, size_t size, const char *file, int line)
{
	size_t before = p ? malloc_usable_size(p) : 0;
	void *moved = crypto_get(size, file, line);

	if (size && !moved)
		return NULL;
	if (p && moved)
		memcpy(moved, p, before < size ? before : size);
	crypto_put(p, file, line);
	return moved;
}

int secret_wipe_freed(void)
{
	return CRYPTO_set_mem_functions(crypto_get, crypto_resize, crypto_put) == 1 ? 0 : -EBUSY;
}

int secret_harden(void)
{
	struct rlimit limit;

	if (prctl(PR_SET_DUMPABLE, 0, 0, 0, 0))
		return -errno;
	if (getrlimit(RLIMIT_CORE, &limit))
		return -errno;
	/* Soft limit only: a hook may have reasons to raise its own */
	limit.rlim_cur = 0;
	if (setrlimit(RLIMIT_CORE, &limit))
		return -errno;
	return 0;
}

void *secret_alloc(size_t size)
{
	/* OPENSSL_secure_zalloc() would fall back to the ordinary heap */
	if (!size || !CRYPTO_secure_malloc_initialized())
		return NULL;
	return OPENSSL_secure_zalloc(size);
}

void secret_free(void *p, size_t size)
{
	OPENSSL_secure_clear_free(p, size);
}

void secret_wipe(void *p, size_t size)
{
	OPENSSL_cleanse(p, size);
}

int secret_random_of(OSSL_LIB_CTX *lib, void *p, size_t size)
{
	if (size <= INT_MAX && RAND_priv_bytes_ex(lib, p, size, 0) == 1)
		return 0;
	secret_wipe(p, size);
	return -EIO;
}

int secret_random(void *p, size_t size)
{
	return secret_random_of(NULL, p, size);
}

bool secret_equal(const void *a, const void *b, size_t size)
{
	return CRYPTO_memcmp(a, b, size) == 0;
}
