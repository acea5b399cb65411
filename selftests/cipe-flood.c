// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * cipe-flood: forged datagrams from many addresses, as fast as they can be sent
 *
 *	cipe-flood [-n NETNS] to A.B.C.D:PORT[,PORT...] from A.B.C.D/LEN WHAT
 *		[seconds N] [rate N]
 *	WHAT:	noise LENGTH		marker of the key exchange, then random octets
 *		init PATTERN CIPHER	INIT of 25519 whose MAC is wrong
 *		    [for KEY]	right, and the hint, by the responder's public key
 *		    [hint HEX]	with this hint
 *		    [cookie]		with a cookie, made up
 *		raw HEX...		these, one after the other
 *		data LENGTH		data packets for keys nobody has
 *		data LENGTH id ID	for this one; the tag is wrong
 *
 * Written from docs/protocol.md alone. Each datagram has a source address and
 * port drawn at random from the network that "from" gives. "rate" is packets a
 * second at most. Ends after some seconds, or by SIGTERM, and prints how many
 * datagrams were sent in how many microseconds.
 *
 * All datagrams are made before: what an attacker's machine does beside
 * sending is not measured.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/ip.h>
#include <netinet/udp.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/rand.h>

#define POOL 4096		/* datagrams, sent over and over */
#define BURST 64		/* in one system call */
#define LENGTH_MAX 1400
#define PORTS_MAX 8

#define INIT_HEAD 32		/* header and cookie */
#define MAC_LEN 16
#define LABEL_MAC "cipe mac"
#define LABEL_HINT "cipe hint"

enum what { NOTHING, NOISE, INIT, RAW, DATA };

struct flood {
	enum what what;
	struct in_addr to, from;
	unsigned int from_bits, n_ports;
	uint16_t ports[PORTS_MAX];
	double seconds, rate;
	size_t len;
	uint8_t pattern, cipher, hint[2], mac_key[32];
	bool has_mac_key, cookie;
	uint32_t id;
	char **raw;
	int n_raw;
};

struct datagram {
	struct iphdr ip;
	struct udphdr udp;
	uint8_t data[LENGTH_MAX];
} __attribute__((packed));

static struct datagram pool[POOL];
static struct iovec iov[POOL];
static struct mmsghdr msgs[POOL];
static volatile sig_atomic_t ended;

static int usage(void)
{
	fprintf(stderr,
"cipe-flood [-n NETNS] to A.B.C.D:PORT[,PORT...] from A.B.C.D/LEN\n"
"           noise LENGTH | init PATTERN CIPHER [hint HEX] [for KEY] [cookie] |\n"
"           raw HEX... | data LENGTH [id ID]  [seconds N] [rate N]\n");
	return 2;
}

static void die(const char *what)
{
	perror(what);
	exit(1);
}

static void bad(const char *what)
{
	fprintf(stderr, "cipe-flood: %s: not understood\n", what);
	exit(2);
}

static unsigned long number(const char *s)
{
	char *end;
	unsigned long v = strtoul(s, &end, 0);

	if (!*s || *end)
		bad(s);
	return v;
}

static size_t unhex(const char *s, uint8_t *buf, size_t size)
{
	size_t n = 0;

	for (; s[0] && s[1] && n < size; s += 2) {
		char byte[3] = { s[0], s[1] };

		buf[n++] = strtoul(byte, NULL, 16);
	}
	if (*s)
		bad(s);
	return n;
}

static void fill(void *p, size_t len)
{
	if (RAND_bytes(p, len) != 1)
		die("random");
}

/* ---- the datagrams ---- */

static void hmac(const uint8_t *key, size_t key_len, const uint8_t *data, size_t len,
		 uint8_t out[32])
{
	unsigned int n = 32;

	if (!HMAC(EVP_sha256(), key, key_len, data, len, out, &n))
		die("HMAC");
}

/* docs/protocol.md, "The MAC", "The hint": HKDF of one block each */
static void derive(struct flood *f, const uint8_t *public, size_t len)
{
	static const uint8_t salt[32], mac[] = LABEL_MAC "\1", hint[] = LABEL_HINT "\1";
	uint8_t prk[32], block[32];

	hmac(salt, sizeof(salt), public, len, prk);
	hmac(prk, sizeof(prk), mac, sizeof(mac) - 1, f->mac_key);
	hmac(prk, sizeof(prk), hint, sizeof(hint) - 1, block);
	memcpy(f->hint, block, sizeof(f->hint));
}

/* Octets of an INIT with 25519 and a payload of the required items */
static size_t init_len(const struct flood *f)
{
	size_t message = 32 + 10 + 6 + 16;

	return INIT_HEAD + message + (f->pattern == 1 ? 0 : 48) + MAC_LEN;
}

static size_t make_init(const struct flood *f, uint8_t *p)
{
	size_t len = init_len(f);
	uint8_t mac[32];

	fill(p, len);
	memset(p, 0, 12);
	p[4] = 1;
	p[5] = 1;
	p[6] = f->pattern;
	p[8] = f->cipher;
	memcpy(p + 10, f->hint, sizeof(f->hint));
	if (!f->cookie)
		memset(p + 16, 0, 16);
	if (f->has_mac_key) {
		hmac(f->mac_key, sizeof(f->mac_key), p, len - MAC_LEN, mac);
		memcpy(p + len - MAC_LEN, mac, MAC_LEN);
	}
	return len;
}

static size_t make_data(const struct flood *f, uint8_t *p)
{
	uint32_t id = htonl(f->id);

	fill(p, f->len);
	if (f->id)
		memcpy(p, &id, sizeof(id));
	else
		p[0] |= 1;
	/* A counter that the replay window does not know */
	p[4] |= 0x40;
	return f->len;
}

static size_t make(const struct flood *f, unsigned int i, uint8_t *p)
{
	switch (f->what) {
	case NOISE:
		fill(p, f->len);
		memset(p, 0, 4);
		return f->len;
	case INIT:
		return make_init(f, p);
	case RAW:
		return unhex(f->raw[i % f->n_raw], p, LENGTH_MAX);
	default:
		return make_data(f, p);
	}
}

static void make_pool(const struct flood *f)
{
	uint32_t mask = f->from_bits ? ~0u << (32 - f->from_bits) : 0;
	static struct sockaddr_in to;
	unsigned int i;

	to = (struct sockaddr_in){ .sin_family = AF_INET, .sin_addr = f->to };
	for (i = 0; i < POOL; i++) {
		struct datagram *d = &pool[i];
		size_t len = make(f, i, d->data);
		uint32_t host;
		uint16_t port;

		fill(&host, sizeof(host));
		fill(&port, sizeof(port));
		/* The kernel adds the checksum of IP; none is one of UDP's */
		d->ip = (struct iphdr) {
			.version = 4, .ihl = 5, .ttl = 64, .protocol = IPPROTO_UDP,
			.tot_len = htons(sizeof(d->ip) + sizeof(d->udp) + len),
			.saddr = htonl((ntohl(f->from.s_addr) & mask) | (host & ~mask)),
			.daddr = f->to.s_addr,
		};
		d->udp = (struct udphdr) {
			.source = htons(port | 1024),
			.dest = htons(f->ports[i % f->n_ports]),
			.len = htons(sizeof(d->udp) + len),
		};
		iov[i] = (struct iovec){ d, sizeof(d->ip) + sizeof(d->udp) + len };
		msgs[i].msg_hdr = (struct msghdr) {
			.msg_name = &to, .msg_namelen = sizeof(to),
			.msg_iov = &iov[i], .msg_iovlen = 1,
		};
	}
}

/* ---- sending ---- */

static double now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec + ts.tv_nsec / 1e9;
}

static void nap(double seconds)
{
	struct timespec ts = { .tv_nsec = seconds * 1e9 };

	if (seconds > 0 && seconds < 1)
		nanosleep(&ts, NULL);
}

static void on_end(int signal)
{
	(void)signal;
	ended = 1;
}

static void run(const struct flood *f)
{
	double begin = now(), end = begin + f->seconds, t = begin;
	int fd = socket(AF_INET, SOCK_RAW, IPPROTO_RAW);
	unsigned long long sent = 0;
	int next = 0, n;

	if (fd < 0)
		die("socket");
	while (!ended && t < end) {
		n = sendmmsg(fd, msgs + next, BURST, 0);
		if (n < 0 && errno != ENOBUFS && errno != EINTR)
			die("sendmmsg");
		sent += n > 0 ? n : 0;
		next = (next + BURST) % POOL;
		t = now();
		if (f->rate > 0)
			nap(begin + sent / f->rate - t);
	}
	printf("%llu %.0f\n", sent, (t - begin) * 1e6);
}

/* ---- words ---- */

static void parse_to(struct flood *f, char *s)
{
	char *port = strchr(s, ':'), *save;

	if (!port)
		bad(s);
	*port++ = 0;
	if (inet_pton(AF_INET, s, &f->to) != 1)
		bad(s);
	for (port = strtok_r(port, ",", &save); port; port = strtok_r(NULL, ",", &save)) {
		if (f->n_ports == PORTS_MAX)
			bad(port);
		f->ports[f->n_ports++] = number(port);
	}
}

static void parse_from(struct flood *f, char *s)
{
	char *len = strchr(s, '/');

	if (!len)
		bad(s);
	*len++ = 0;
	f->from_bits = number(len);
	if (inet_pton(AF_INET, s, &f->from) != 1 || f->from_bits > 32)
		bad(s);
}

static void parse_length(struct flood *f, const char *s)
{
	f->len = number(s);
	if (f->len < 24 || f->len > LENGTH_MAX)
		bad(s);
}

/* Returns how many arguments it took, 0 if it knows none such */
static int parse(struct flood *f, int argc, char **argv)
{
	const char *word = argv[0];
	uint8_t public[65];
	int n;

	if (!strcmp(word, "cookie")) {
		f->cookie = true;
		return 1;
	}
	if (argc < 2)
		return 0;
	if (!strcmp(word, "raw")) {
		f->what = RAW;
		f->raw = argv + 1;
		for (n = 1; n < argc && strspn(argv[n], "0123456789abcdef") == strlen(argv[n]); n++)
			;
		f->n_raw = n - 1;
		return f->n_raw ? n : 0;
	}
	if (!strcmp(word, "init")) {
		if (argc < 3)
			return 0;
		f->what = INIT;
		f->pattern = number(argv[1]);
		f->cipher = number(argv[2]);
		return 3;
	}
	if (!strcmp(word, "to")) {
		parse_to(f, argv[1]);
	} else if (!strcmp(word, "from")) {
		parse_from(f, argv[1]);
	} else if (!strcmp(word, "noise") || !strcmp(word, "data")) {
		f->what = *word == 'n' ? NOISE : DATA;
		parse_length(f, argv[1]);
	} else if (!strcmp(word, "id")) {
		f->id = number(argv[1]);
	} else if (!strcmp(word, "hint")) {
		if (unhex(argv[1], f->hint, 2) != 2)
			bad(argv[1]);
	} else if (!strcmp(word, "for")) {
		derive(f, public, unhex(argv[1], public, sizeof(public)));
		f->has_mac_key = true;
	} else if (!strcmp(word, "seconds")) {
		f->seconds = number(argv[1]);
	} else if (!strcmp(word, "rate")) {
		f->rate = number(argv[1]);
	} else {
		return 0;
	}
	return 2;
}

static void enter_netns(const char *name)
{
	char path[128];
	int fd;

	snprintf(path, sizeof(path), "/run/netns/%s", name);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0 || setns(fd, CLONE_NEWNET))
		die(path);
	close(fd);
}

/* Scripts stay on one processor, the flood does not */
static void use_all_processors(void)
{
	cpu_set_t all;

	memset(&all, 0xff, sizeof(all));
	sched_setaffinity(0, sizeof(all), &all);
}

int main(int argc, char **argv)
{
	struct flood f = { .seconds = 3600 };
	int n;

	argc--;
	argv++;
	if (argc > 2 && !strcmp(argv[0], "-n")) {
		enter_netns(argv[1]);
		argc -= 2;
		argv += 2;
	}
	for (; argc; argc -= n, argv += n) {
		n = parse(&f, argc, argv);
		if (!n)
			return usage();
	}
	if (!f.what || !f.n_ports || !f.from_bits)
		return usage();
	signal(SIGTERM, on_end);
	signal(SIGINT, on_end);
	use_all_processors();
	make_pool(&f);
	run(&f);
	return 0;
}
