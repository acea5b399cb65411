// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <limits.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>
#include <openssl/crypto.h>

#include "sandbox.h"
#include "secret.h"

/* Octets of this process that are locked into memory */
static unsigned long locked_kib(void)
{
	FILE *file = fopen("/proc/self/status", "r");
	unsigned long kib = 0;
	char line[256];

	assert_non_null(file);
	while (fgets(line, sizeof(line), file))
		if (sscanf(line, "VmLck: %lu", &kib) == 1)
			break;
	fclose(file);
	return kib;
}

static void test_nothing_without_init(void **state)
{
	(void)state;
	assert_null(secret_alloc(32));
	assert_int_equal(secret_exit(), 0);
	assert_int_equal(secret_init((size_t)INT_MAX + 1), -EINVAL);
	assert_null(secret_alloc(32));
}

/* In a child: limits cannot be raised again. Root is asked to lock more than
 * it may only after giving up CAP_IPC_LOCK, so another user is taken.
 */
static void test_lock_limit(void **state)
{
	struct rlimit none = { 0, 0 };
	int status;
	pid_t pid;

	(void)state;
	pid = fork();
	assert_true(pid >= 0);
	if (!pid) {
		if (setrlimit(RLIMIT_MEMLOCK, &none) || (!geteuid() && setuid(65534)))
			_exit(2);
		if (secret_init(0) != -EPERM || secret_alloc(1))
			_exit(1);
		_exit(0);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 0);
}

/* Where there is a right to the heap, and to no more: a child has it locked as well */
static int in_container(void)
{
	const struct rlimit some = { 4 << 20, 4 << 20 };
	int status, rc;
	pid_t pid;

	if (setrlimit(RLIMIT_MEMLOCK, &some) || (!geteuid() && setuid(65534)))
		return 2;
	if (secret_init(0) || locked_kib() < 1024)
		return 3;
	/* More than there is a right to: else all would be locked */
	if (mmap(NULL, 64 << 20, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) ==
	    MAP_FAILED)
		return 4;
	pid = fork();
	if (!pid) {
		if (locked_kib())
			_exit(5);
		rc = sandbox_lock_memory();
		_exit(rc != SANDBOX_KEYS_ONLY || locked_kib() != 1024 || !secret_alloc(1));
	}
	return waitpid(pid, &status, 0) == pid && !status ? 0 : 1;
}

static void test_some_locked(void **state)
{
	int status;
	pid_t pid;

	(void)state;
	pid = fork();
	assert_true(pid >= 0);
	if (!pid)
		_exit(in_container());
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 0);
}

static void test_heap(void **state)
{
	unsigned long before = locked_kib();
	uint8_t *a, *b;
	size_t i;

	(void)state;
	assert_int_equal(secret_init(100000), 0);
	assert_true(locked_kib() >= before + 100000 / 1024);
	assert_int_equal(secret_init(0), 0);		/* a second call */
	assert_null(secret_alloc(0));
	a = secret_alloc(100);
	assert_non_null(a);
	assert_true(CRYPTO_secure_allocated(a));
	for (i = 0; i < 100; i++)
		assert_int_equal(a[i], 0);
	memset(a, 0xaa, 100);
	assert_int_equal(secret_exit(), -EBUSY);
	secret_free(a, 100);
	/* The same piece comes back, and it is clean */
	b = secret_alloc(100);
	assert_ptr_equal(a, b);
	for (i = 0; i < 100; i++)
		assert_int_equal(b[i], 0);
	secret_free(b, 100);
	secret_free(NULL, 100);
	assert_null(secret_alloc((size_t)1 << 20));	/* full is full */
	assert_int_equal(secret_exit(), 0);
	assert_int_equal(locked_kib(), before);
}

static void test_wipe_random_equal(void **state)
{
	uint8_t a[64] = { 0 }, b[64] = { 0 }, zero[64] = { 0 };

	(void)state;
	assert_int_equal(secret_random(a, sizeof(a)), 0);
	assert_int_equal(secret_random(b, sizeof(b)), 0);
	assert_false(secret_equal(a, b, sizeof(a)));
	assert_false(secret_equal(a, zero, sizeof(a)));
	memcpy(b, a, sizeof(a));
	assert_true(secret_equal(a, b, sizeof(a)));
	b[63] ^= 1;
	assert_false(secret_equal(a, b, sizeof(a)));
	assert_true(secret_equal(a, b, 63));
	secret_wipe(a, sizeof(a));
	assert_memory_equal(a, zero, sizeof(a));
}

static void test_harden(void **state)
{
	struct rlimit limit, before;

	(void)state;
	assert_int_equal(getrlimit(RLIMIT_CORE, &before), 0);
	assert_int_equal(secret_harden(), 0);
	assert_int_equal(prctl(PR_GET_DUMPABLE, 0, 0, 0, 0), 0);
	assert_int_equal(getrlimit(RLIMIT_CORE, &limit), 0);
	assert_int_equal(limit.rlim_cur, 0);
	assert_true(limit.rlim_max == before.rlim_max);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_nothing_without_init), cmocka_unit_test(test_lock_limit),
		cmocka_unit_test(test_some_locked),
		cmocka_unit_test(test_heap), cmocka_unit_test(test_wipe_random_equal),
		cmocka_unit_test(test_harden),
	};

	return cmocka_run_group_tests_name("secret", tests, NULL, NULL);
}
