// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A library to be loaded with the daemon (LD_PRELOAD), which writes down each
 * data key on its way to the module: a record of $CIPE_RECORD is the key for
 * packets received, then that for packets sent, 32 octets each (suites with
 * 256-bit keys only). Straight out of the message: no copy stays behind.
 *
 * CIPE_SECRETS names a file for what the key exchange computes with: each private
 * key, each result of a DH function, and what Noise makes of these, chaining keys
 * and all that comes of them, 32 octets each, all bits turned over, in the process
 * that has keys. The file is mapped: that process can write to none.
 *
 * With CIPE_HALT each process stops where it would be no more, to be looked
 * through: it waits for a futex to change from HALTED, as /proc/PID/syscall shows,
 * and goes on after SIGUSR2.
 *
 * With CIPE_NOWIPE in the environment small pieces of the heap for keys are
 * neither wiped nor freed any more, to see that the search for these keys finds
 * something when there is something.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <linux/futex.h>
#include <linux/genetlink.h>
#include <linux/netlink.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <sys/uio.h>
#include <unistd.h>

#include <linux/cipe.h>
#include <openssl/bn.h>
#include <openssl/evp.h>

#define KEY_LEN 32
#define SECRETS 16384
/* What goes into HKDF is a public key of P-256 at most; an INIT, whose MAC is made
 * by the same function and is no secret, is longer
 */
#define HKDF_DATA_MAX 65
#define HALTED 0x68616c74

static int record = -1;
static int no_wipe;
static int halt;
static uint8_t (*secrets)[KEY_LEN];
static unsigned int noted;

static void map_secrets(const char *path)
{
	int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);

	if (fd < 0 || ftruncate(fd, SECRETS * KEY_LEN))
		abort();
	secrets = mmap(NULL, SECRETS * KEY_LEN, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (secrets == MAP_FAILED)
		abort();
	close(fd);
}

static void go_on(int signum)
{
	(void)signum;
}

__attribute__((constructor)) static void begin(void)
{
	const char *path = getenv("CIPE_RECORD");

	if (path)
		record = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
	no_wipe = !!getenv("CIPE_NOWIPE");
	path = getenv("CIPE_SECRETS");
	if (path)
		map_secrets(path);
	halt = !!getenv("CIPE_HALT");
	/* Now: the process that has keys may not do so later */
	if (halt)
		sigaction(SIGUSR2, &(struct sigaction){ .sa_handler = go_on }, NULL);
}

__attribute__((destructor)) static void stop_here(void)
{
	static uint32_t word = HALTED;

	if (halt)
		syscall(SYS_futex, &word, FUTEX_WAIT, HALTED, NULL, NULL, 0);
}

void _exit(int status)
{
	stop_here();
	for (;;)
		syscall(SYS_exit_group, status);
}

/* The attribute of that type among those from @at to @end */
static const struct nlattr *find(const char *at, const char *end, int type)
{
	while (at + NLA_HDRLEN <= end) {
		const struct nlattr *a = (const void *)at;

		if (a->nla_len < NLA_HDRLEN || at + a->nla_len > end)
			break;
		if ((a->nla_type & NLA_TYPE_MASK) == type)
			return a;
		at += NLA_ALIGN(a->nla_len);
	}
	return NULL;
}

static struct iovec data_of(const struct nlattr *nest, int type)
{
	const struct nlattr *a = find((const char *)nest + NLA_HDRLEN,
				      (const char *)nest + nest->nla_len, type);

	if (!a)
		return (struct iovec){ 0 };
	return (struct iovec){ (char *)a + NLA_HDRLEN, a->nla_len - NLA_HDRLEN };
}

static void look(const struct nlmsghdr *nlh, size_t len)
{
	const char *begin_at = (const char *)nlh + NLMSG_HDRLEN + GENL_HDRLEN;
	const struct genlmsghdr *genl = NLMSG_DATA(nlh);
	const struct nlattr *nest;
	struct iovec keys[2];

	if (len < NLMSG_HDRLEN + GENL_HDRLEN || nlh->nlmsg_type < NLMSG_MIN_TYPE ||
	    genl->cmd != CIPE_CMD_KEY_SET)
		return;
	nest = find(begin_at, (const char *)nlh + len, CIPE_A_KEY);
	if (!nest)
		return;
	keys[0] = data_of(nest, CIPE_A_KEY_RX_KEY);
	keys[1] = data_of(nest, CIPE_A_KEY_TX_KEY);
	if (keys[0].iov_len != 32 || keys[1].iov_len != 32)
		return;
	if (writev(record, keys, 2) != 64)
		abort();
}

ssize_t send(int fd, const void *buf, size_t len, int flags)
{
	int protocol = -1;
	socklen_t size = sizeof(protocol);

	if (record >= 0 && !getsockopt(fd, SOL_SOCKET, SO_PROTOCOL, &protocol, &size) &&
	    protocol == NETLINK_GENERIC)
		look(buf, len);
	return sendto(fd, buf, len, flags, NULL, 0);
}

/* What secret_free() ends in. Larger pieces are many: the heap would be full */
void CRYPTO_secure_clear_free(void *ptr, size_t num, const char *file, int line)
{
	static void (*real)(void *ptr, size_t num, const char *file, int line);

	if (no_wipe && num < 512)
		return;
	if (!real)
		*(void **)&real = dlsym(RTLD_NEXT, "CRYPTO_secure_clear_free");
	real(ptr, num, file, line);
}

/* ------------------------------------------------------------------------
 * what the key exchange computes with
 */

static void note(const uint8_t *secret)
{
	unsigned int i;

	if (!secrets)
		return;
	if (noted == SECRETS)
		abort();
	for (i = 0; i < KEY_LEN; i++)
		secrets[noted][i] = (uint8_t)~secret[i];
	noted++;
}

/* Private keys of X25519 */
EVP_PKEY *EVP_PKEY_new_raw_private_key_ex(OSSL_LIB_CTX *lib, const char *type, const char *query,
					  const unsigned char *key, size_t len)
{
	static EVP_PKEY *(*real)(OSSL_LIB_CTX *lib, const char *type, const char *query,
				 const unsigned char *key, size_t len);

	if (!real)
		*(void **)&real = dlsym(RTLD_NEXT, "EVP_PKEY_new_raw_private_key_ex");
	if (len == KEY_LEN)
		note(key);
	return real(lib, type, query, key, len);
}

/* Private keys of P-256, when they have been made */
int BN_bn2binpad(const BIGNUM *a, unsigned char *to, int len)
{
	static int (*real)(const BIGNUM *a, unsigned char *to, int len);
	int rc;

	if (!real)
		*(void **)&real = dlsym(RTLD_NEXT, "BN_bn2binpad");
	rc = real(a, to, len);
	if (rc == KEY_LEN)
		note(to);
	return rc;
}

int EVP_PKEY_derive(EVP_PKEY_CTX *ctx, unsigned char *secret, size_t *len)
{
	static int (*real)(EVP_PKEY_CTX *ctx, unsigned char *secret, size_t *len);
	int rc;

	if (!real)
		*(void **)&real = dlsym(RTLD_NEXT, "EVP_PKEY_derive");
	rc = real(ctx, secret, len);
	if (rc == 1 && secret && *len == KEY_LEN)
		note(secret);
	return rc;
}

/* HMAC, of which HKDF consists */
unsigned char *EVP_Q_mac(OSSL_LIB_CTX *lib, const char *name, const char *query, const char *sub,
			 const OSSL_PARAM *params, const void *key, size_t key_len,
			 const unsigned char *data, size_t len, unsigned char *out, size_t size,
			 size_t *out_len)
{
	static __typeof__(EVP_Q_mac) *real;
	unsigned char *rc;

	if (!real)
		*(void **)&real = dlsym(RTLD_NEXT, "EVP_Q_mac");
	rc = real(lib, name, query, sub, params, key, key_len, data, len, out, size, out_len);
	if (rc && size == KEY_LEN && len <= HKDF_DATA_MAX)
		note(rc);
	return rc;
}
