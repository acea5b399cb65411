/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Memory for keys, random numbers, comparison: what must not leak.
 */
#ifndef CIPE_SECRET_H
#define CIPE_SECRET_H

#include <stdbool.h>
#include <stddef.h>

#include <openssl/types.h>

/* Enough locked memory for some hundred links; secret_init() takes more */
#define SECRET_HEAP_DEFAULT ((size_t)1 << 20)

/* What a link takes of it while it exchanges keys */
#define SECRET_HEAP_LINK ((size_t)4096)

/**
 * secret_heap - octets that secret_init() locks
 * @size: as there
 */
size_t secret_heap(size_t size);

/**
 * secret_init - set up the locked heap for keys
 * @size: octets, rounded up to a power of two; 0 for %SECRET_HEAP_DEFAULT
 *
 * Call once, before anything else here and before libcrypto makes a private
 * key (its own private keys then live in this heap too). The heap is locked
 * into memory, kept out of core files and fenced by guard pages. A second call
 * changes nothing.
 *
 * Return: 0; -EPERM when the memory cannot be locked (raise RLIMIT_MEMLOCK or
 * give CAP_IPC_LOCK); -ENOMEM; -EINVAL for an absurd size.
 */
int secret_init(size_t size);

/**
 * secret_exit - give the heap back
 *
 * Never needed at the end of a process: the kernel wipes pages before it gives
 * them to another, and libcrypto keeps its random generator in the heap.
 *
 * Return: 0; -EBUSY while something is still allocated in it.
 */
int secret_exit(void);

/**
 * secret_relock - lock the heap in a new process
 *
 * Locks are not inherited by a child. Not needed where mlockall() locks all.
 *
 * Return: 0 or -errno.
 */
int secret_relock(void);

/**
 * secret_wipe_freed - libcrypto wipes all that it gives back to the ordinary heap
 *
 * It does so itself but for some copies: of a number that a point of P-256 is
 * multiplied by, for one. Call before libcrypto has any memory.
 *
 * Return: 0; -EBUSY when it has some.
 */
int secret_wipe_freed(void);

/**
 * secret_harden - keep this process's memory to itself
 *
 * No core file, no ptrace and no /proc/PID/mem for processes of the same user.
 * A child that calls execve() is not bound by it, apart from the soft limit
 * RLIMIT_CORE.
 *
 * Return: 0 or -errno.
 */
int secret_harden(void);

/**
 * secret_alloc - zeroed memory from the locked heap
 * @size: octets, at least 1
 *
 * Return: the memory, for secret_free(); NULL when the heap is full or
 * secret_init() has not succeeded. Never memory from anywhere else.
 */
void *secret_alloc(size_t size);

/**
 * secret_free - wipe and free memory of secret_alloc()
 * @p: the memory, or NULL
 * @size: its octets
 */
void secret_free(void *p, size_t size);

/**
 * secret_wipe - overwrite with zeroes, whatever the optimiser thinks of it
 * @p: memory of any kind
 * @size: octets
 */
void secret_wipe(void *p, size_t size);

/**
 * secret_random - fill with random octets fit for keys
 * @p: memory of any kind; wiped on error
 * @size: octets
 *
 * Return: 0; -EIO when the generator failed: do not go on with @p.
 */
int secret_random(void *p, size_t size);

/** secret_random_of - the same from that libcrypto's generator; NULL: the default one's */
int secret_random_of(OSSL_LIB_CTX *lib, void *p, size_t size);

/**
 * secret_equal - compare in a time that depends on @size only
 */
bool secret_equal(const void *a, const void *b, size_t size);

#endif /* CIPE_SECRET_H */
