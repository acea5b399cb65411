// SPDX-License-Identifier: GPL-2.0-or-later
#include "packet-util.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

void die(const char *what)
{
	perror(what);
	exit(1);
}

size_t unhex(const char *s, uint8_t *buf, size_t size)
{
	size_t n = 0;

	for (; s[0] && s[1] && n < size; s += 2) {
		char byte[3] = { s[0], s[1] };

		buf[n++] = strtoul(byte, NULL, 16);
	}
	if (*s) {
		fprintf(stderr, "bad hexadecimal\n");
		exit(2);
	}
	return n;
}

void put_be16(uint8_t *p, uint16_t v)
{
	p[0] = v >> 8;
	p[1] = v;
}

void put_be32(uint8_t *p, uint32_t v)
{
	p[0] = v >> 24;
	p[1] = v >> 16;
	p[2] = v >> 8;
	p[3] = v;
}

uint32_t get_be32(const uint8_t *p)
{
	return (uint32_t)p[0] << 24 | p[1] << 16 | p[2] << 8 | p[3];
}

uint16_t get_be16(const uint8_t *p)
{
	return p[0] << 8 | p[1];
}

/* ---- addresses ---- */

void parse_address(const char *s, struct address *a)
{
	const char *colon = strrchr(s, ':');
	char host[64] = "";

	memset(a, 0, sizeof(*a));
	if (!colon)
		goto bad;
	if (*s == '[' && colon - s - 2 < (long)sizeof(host))
		memcpy(host, s + 1, colon - s - 2);
	else if (colon - s < (long)sizeof(host))
		memcpy(host, s, colon - s);
	if (inet_pton(AF_INET, host, &a->in.sin_addr) == 1) {
		a->in.sin_family = AF_INET;
		a->in.sin_port = htons(number(colon + 1));
		a->len = sizeof(a->in);
		return;
	}
	if (inet_pton(AF_INET6, host, &a->in6.sin6_addr) == 1) {
		a->in6.sin6_family = AF_INET6;
		a->in6.sin6_port = htons(number(colon + 1));
		a->len = sizeof(a->in6);
		return;
	}
bad:
	fprintf(stderr, "%s: not an address and port\n", s);
	exit(2);
}

void print_address(const struct address *a)
{
	char host[INET6_ADDRSTRLEN];

	if (a->sa.sa_family == AF_INET)
		printf("%s:%u", inet_ntop(AF_INET, &a->in.sin_addr, host,
					  sizeof(host)),
		       ntohs(a->in.sin_port));
	else
		printf("[%s]:%u", inet_ntop(AF_INET6, &a->in6.sin6_addr, host,
					    sizeof(host)),
		       ntohs(a->in6.sin6_port));
}

/* ---- keys, sealing and opening ---- */

void parse_key(const char *s, struct key *k)
{
	static const struct {
		const char *name;
		const EVP_CIPHER *(*cipher)(void);
		size_t len;
	} ciphers[] = {
		{ "chacha20-poly1305", EVP_chacha20_poly1305, 32 },
		{ "aes-128-gcm", EVP_aes_128_gcm, 16 },
		{ "aes-256-gcm", EVP_aes_256_gcm, 32 },
	};
	char *copy = strdup(s), *name, *key, *iv, *id, *save;
	size_t i;

	name = strtok_r(copy, ":", &save);
	key = strtok_r(NULL, ":", &save);
	iv = strtok_r(NULL, ":", &save);
	id = strtok_r(NULL, ":", &save);
	for (i = 0; id && i < sizeof(ciphers) / sizeof(*ciphers); i++) {
		if (strcmp(name, ciphers[i].name))
			continue;
		k->cipher = ciphers[i].cipher();
		k->id = number(id);
		if (unhex(key, k->key, sizeof(k->key)) != ciphers[i].len ||
		    unhex(iv, k->iv, sizeof(k->iv)) != sizeof(k->iv))
			break;
		free(copy);
		return;
	}
	fprintf(stderr, "%s: not cipher:key:iv:id\n", s);
	exit(2);
}

static void make_nonce(const struct key *k, uint32_t counter, uint8_t *nonce)
{
	memcpy(nonce, k->iv, sizeof(k->iv));
	put_be32(nonce + 8, get_be32(k->iv + 8) ^ counter);
}

size_t seal(const struct key *k, uint32_t flags, uint32_t counter,
	    const uint8_t *plain, size_t len, uint8_t *packet)
{
	EVP_CIPHER_CTX *c = EVP_CIPHER_CTX_new();
	uint8_t nonce[12];
	int n, ok;

	put_be32(packet, k->id | flags);
	put_be32(packet + 4, counter);
	make_nonce(k, counter, nonce);
	ok = EVP_EncryptInit_ex(c, k->cipher, NULL, k->key, nonce) &&
	     EVP_EncryptUpdate(c, NULL, &n, packet, HEADER) &&
	     (!len || EVP_EncryptUpdate(c, packet + HEADER, &n, plain, len)) &&
	     EVP_EncryptFinal_ex(c, packet + HEADER + len, &n) &&
	     EVP_CIPHER_CTX_ctrl(c, EVP_CTRL_AEAD_GET_TAG, TAG,
				 packet + HEADER + len);
	EVP_CIPHER_CTX_free(c);
	if (!ok) {
		fprintf(stderr, "encryption failed\n");
		exit(1);
	}
	return HEADER + len + TAG;
}

ssize_t unseal(const struct key *k, uint8_t *packet, size_t len,
	       uint8_t *plain)
{
	EVP_CIPHER_CTX *c;
	uint8_t nonce[12];
	int n, ok;

	if (len < HEADER + TAG || get_be32(packet) != k->id)
		return -1;
	len -= HEADER + TAG;
	make_nonce(k, get_be32(packet + 4), nonce);
	c = EVP_CIPHER_CTX_new();
	ok = EVP_DecryptInit_ex(c, k->cipher, NULL, k->key, nonce) &&
	     EVP_DecryptUpdate(c, NULL, &n, packet, HEADER) &&
	     (!len || EVP_DecryptUpdate(c, plain, &n, packet + HEADER, len)) &&
	     EVP_CIPHER_CTX_ctrl(c, EVP_CTRL_AEAD_SET_TAG, TAG,
				 packet + HEADER + len) &&
	     EVP_DecryptFinal_ex(c, plain + len, &n) > 0;
	EVP_CIPHER_CTX_free(c);
	return ok ? (ssize_t)len : -1;
}

/* ---- namespaces ---- */

void enter_netns(const char *name)
{
	char path[128];
	int fd;

	snprintf(path, sizeof(path), "/run/netns/%s", name);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0 || setns(fd, CLONE_NEWNET))
		die(path);
	close(fd);
}

/* ---- checksums ---- */

uint32_t sum16(const uint8_t *p, size_t len, uint32_t sum)
{
	for (; len > 1; p += 2, len -= 2)
		sum += get_be16(p);
	return len ? sum + (*p << 8) : sum;
}

void put_sum(uint8_t *p, uint32_t sum)
{
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	p[0] = ~sum >> 8;
	p[1] = ~sum;
}
