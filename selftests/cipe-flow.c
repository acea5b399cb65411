// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * cipe-flow: traffic whose every octet and whose order is checked
 *
 *	cipe-flow tcp FROM TO ADDRESS [bytes N] [streams N] [both] [stay]
 *		[seconds N]
 *	cipe-flow udp FROM TO ADDRESS [count N] [size N] [gap USEC] [lossy]
 *		[mixed] [join]
 *	cipe-flow ping FROM ADDRESS [count N] [size N] [df|nodf] [window N]
 *		[timeout MS] [gap USEC]
 *
 * FROM and TO are network namespaces (of /run/netns), ADDRESS is TO's. tcp
 * sends N octets a stream, with "both" the other way as well; with "stay" from
 * one processor. udp sends numbered datagrams from one processor and fails if
 * one is lost ("lossy" permits that), comes twice, out of order, or changed; it
 * tells for how many ms nothing came through of what was sent ("silence").
 * "mixed": every third has 40 octets only; "join": the receiver lets the kernel
 * put them together (UDP_GRO), and it is told how many came so ("joined").
 * ping is a flood that waits for each answer longer than ping(8) does, and
 * fails if one is missing, changed or comes twice; SIGTERM ends it early. Both
 * ends are this one process, so that nothing has to be waited for. What is
 * sent contains a marker that captures can look for.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/icmp6.h>
#include <netinet/in.h>
#include <netinet/ip_icmp.h>
#include <netinet/udp.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define PORT 5001
#define STREAMS 256
/* No multiple of a packet's size: what is cut wrongly does not fit again. Nor
 * large: where each page's first use takes a millisecond, it was half of a ping
 */
#define PATTERN 65537
#define CHUNK 65536

#define MARKER "This-is-plain-text"
#define MARKER_EVERY 400

static uint8_t pattern[PATTERN + CHUNK];

static void die(const char *what)
{
	perror(what);
	exit(1);
}

static void fail(const char *what)
{
	fprintf(stderr, "cipe-flow: %s\n", what);
	exit(1);
}

static unsigned long long number(const char *s)
{
	char *end;
	unsigned long long v = strtoull(s, &end, 0);

	if (!*s || *end)
		fail("not a number");
	return v;
}

static void make_pattern(void)
{
	uint32_t x = 1;
	size_t i;

	for (i = 0; i < PATTERN; i++) {
		x = x * 1664525 + 1013904223;
		pattern[i] = x >> 24;
	}
	for (i = 0; i < PATTERN - MARKER_EVERY; i += MARKER_EVERY)
		memcpy(pattern + i, MARKER, strlen(MARKER));
	memcpy(pattern + PATTERN, pattern, CHUNK);
}

static long now_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

static void enter(const char *name)
{
	char path[128];
	int fd;

	snprintf(path, sizeof(path), "/run/netns/%s", name);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0 || setns(fd, CLONE_NEWNET))
		die(path);
	close(fd);
}

static socklen_t parse_address(const char *s, struct sockaddr_storage *ss)
{
	struct sockaddr_in6 *in6 = (void *)ss;
	struct sockaddr_in *in = (void *)ss;

	memset(ss, 0, sizeof(*ss));
	if (inet_pton(AF_INET, s, &in->sin_addr) == 1) {
		in->sin_family = AF_INET;
		in->sin_port = htons(PORT);
		return sizeof(*in);
	}
	if (inet_pton(AF_INET6, s, &in6->sin6_addr) != 1)
		fail("not an address");
	in6->sin6_family = AF_INET6;
	in6->sin6_port = htons(PORT);
	return sizeof(*in6);
}

static int bound(const struct sockaddr_storage *ss, socklen_t len, int type)
{
	int fd = socket(ss->ss_family, type | SOCK_CLOEXEC, 0), one = 1;

	if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one,
				 sizeof(one)) ||
	    bind(fd, (const void *)ss, len))
		die("bind");
	return fd;
}

/* On all processors, whichever the script that starts us is bound to */
static void spread(void)
{
	cpu_set_t all;

	memset(&all, 0xff, sizeof(all));
	if (sched_setaffinity(0, sizeof(all), &all))
		die("sched_setaffinity");
}

/* Stay on one processor: a sender that moves is overtaken by itself, on any
 * network device, in the queues of the processors
 */
static void stay(void)
{
	cpu_set_t one;

	CPU_ZERO(&one);
	CPU_SET(sched_getcpu(), &one);
	if (sched_setaffinity(0, sizeof(one), &one))
		die("sched_setaffinity");
}

/* ---- TCP ---- */

/* One end of a connection */
struct end {
	int fd;
	uint64_t to_send, sent, to_receive, received;
	size_t shift;		/* each direction of each stream differs */
	size_t peer_shift;
	bool shut;
};

static struct end ends[2 * STREAMS];
static size_t n_ends;

static void add_end(int fd, uint64_t to_send, uint64_t to_receive,
		    size_t shift, size_t peer_shift)
{
	fcntl(fd, F_SETFL, O_NONBLOCK);
	ends[n_ends++] = (struct end) {
		.fd = fd, .to_send = to_send, .to_receive = to_receive,
		.shift = shift, .peer_shift = peer_shift,
	};
}

static size_t chunk(uint64_t left)
{
	return left < CHUNK ? left : CHUNK;
}

static void do_send(struct end *e)
{
	ssize_t n;

	while (e->sent < e->to_send) {
		n = send(e->fd, pattern + (e->sent + e->shift) % PATTERN,
			 chunk(e->to_send - e->sent), MSG_NOSIGNAL);
		if (n < 0 && (errno == EAGAIN || errno == EINTR))
			return;
		if (n < 0)
			die("send");
		e->sent += n;
	}
	if (!e->shut)
		shutdown(e->fd, SHUT_WR);
	e->shut = true;
}

static void do_receive(struct end *e)
{
	static uint8_t buf[CHUNK];
	ssize_t n;

	while (e->received < e->to_receive) {
		n = recv(e->fd, buf, sizeof(buf), 0);
		if (n < 0 && (errno == EAGAIN || errno == EINTR))
			return;
		if (n < 0)
			die("receive");
		if (!n)
			fail("stream ends early");
		if (memcmp(buf, pattern + (e->received + e->peer_shift) % PATTERN,
			   n))
			fail("stream differs from what was sent");
		e->received += n;
	}
	if (e->received > e->to_receive)
		fail("more came than was sent");
}

static bool finished(const struct end *e)
{
	return e->sent == e->to_send && e->received == e->to_receive;
}

static void run_streams(long deadline)
{
	static struct pollfd pfd[2 * STREAMS];
	size_t i, left = n_ends;

	for (i = 0; i < n_ends; i++)
		pfd[i].fd = ends[i].fd;
	while (left) {
		if (now_ms() > deadline)
			fail("time is up");
		left = 0;
		for (i = 0; i < n_ends; i++) {
			struct end *e = &ends[i];

			do_send(e);
			do_receive(e);
			pfd[i].events = (e->sent < e->to_send ? POLLOUT : 0) |
					(e->received < e->to_receive ?
					 POLLIN : 0);
			if (finished(e))
				pfd[i].fd = -1;
			else
				left++;
		}
		if (left)
			poll(pfd, n_ends, 1000);
	}
}

static void connect_by(int fd, const struct sockaddr_storage *ss,
		       socklen_t len, long deadline)
{
	struct pollfd pfd = { .fd = fd, .events = POLLOUT };
	int err = 0;
	socklen_t n = sizeof(err);

	fcntl(fd, F_SETFL, O_NONBLOCK);
	if (!connect(fd, (const void *)ss, len))
		return;
	if (errno != EINPROGRESS)
		die("connect");
	if (poll(&pfd, 1, deadline - now_ms()) <= 0)
		fail("no connection in time");
	getsockopt(fd, SOL_SOCKET, SO_ERROR, &err, &n);
	errno = err;
	if (err)
		die("connect");
}

static int tcp(const char *from, const char *to, const char *address,
	       int argc, char **argv)
{
	uint64_t bytes = 1 << 20, back = 0;
	long began, deadline, seconds = 100;
	struct sockaddr_storage ss;
	int listener, fd, i, streams = 1;
	socklen_t len = parse_address(address, &ss);

	for (i = 0; i < argc; i++) {
		if (!strcmp(argv[i], "both"))
			back = 1;
		else if (!strcmp(argv[i], "stay"))
			stay();
		else if (!strcmp(argv[i], "bytes") && i + 1 < argc)
			bytes = number(argv[++i]);
		else if (!strcmp(argv[i], "streams") && i + 1 < argc)
			streams = number(argv[++i]);
		else if (!strcmp(argv[i], "seconds") && i + 1 < argc)
			seconds = number(argv[++i]);
		else
			fail("bad argument");
	}
	if (streams > STREAMS)
		fail("too many streams");
	began = now_ms();
	deadline = began + seconds * 1000;
	enter(to);
	listener = bound(&ss, len, SOCK_STREAM);
	if (listen(listener, STREAMS))
		die("listen");
	enter(from);
	for (i = 0; i < streams; i++) {
		fd = socket(ss.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
		if (fd < 0)
			die("socket");
		connect_by(fd, &ss, len, deadline);
		add_end(fd, bytes, back * bytes, i, i + 500);
		fd = accept(listener, NULL, NULL);
		if (fd < 0)
			die("accept");
		add_end(fd, back * bytes, bytes, i + 500, i);
	}
	close(listener);
	run_streams(deadline);
	printf("%llu octets in %ld ms\n",
	       (unsigned long long)(bytes * streams * (1 + back)),
	       now_ms() - began);
	return 0;
}

/* ---- UDP ---- */

#define MIXED_EVERY 3
#define MIXED_SIZE 40

struct datagrams {
	uint64_t count, size, received, reordered, doubled, broken, joined, next;
	bool mixed;
	uint8_t *seen;
	long *sent;	/* when, in ms */
};

/* For how many ms at most nothing came through of what was sent */
static long silence(const struct datagrams *d)
{
	long longest = 0, since = 0;
	uint64_t i;

	for (i = 0; i < d->count; i++) {
		if (d->seen[i])
			since = 0;
		else if (!since)
			since = d->sent[i];
		if (since && d->sent[i] - since > longest)
			longest = d->sent[i] - since;
	}
	return longest;
}

/* How long datagram @i is */
static size_t size_of(const struct datagrams *d, uint64_t i)
{
	return d->mixed && i % MIXED_EVERY == MIXED_EVERY - 1 ? MIXED_SIZE : d->size;
}

static void take_one(struct datagrams *d, const uint8_t *buf, size_t n)
{
	uint64_t i = UINT64_MAX;

	if (n >= sizeof(i))
		memcpy(&i, buf, sizeof(i));
	if (i >= d->count || n != size_of(d, i) ||
	    memcmp(buf + 8, pattern + i % PATTERN, n - 8)) {
		d->broken++;
		return;
	}
	if (d->seen[i]++) {
		d->doubled++;
		return;
	}
	d->received++;
	if (i < d->next)
		d->reordered++;
	else
		d->next = i + 1;
}

/* The size of each of those that the kernel joined, or of all if it did not */
static size_t joined_size(struct msghdr *msg, size_t all)
{
	struct cmsghdr *cmsg;
	int size;

	for (cmsg = CMSG_FIRSTHDR(msg); cmsg; cmsg = CMSG_NXTHDR(msg, cmsg)) {
		if (cmsg->cmsg_level != SOL_UDP || cmsg->cmsg_type != UDP_GRO)
			continue;
		memcpy(&size, CMSG_DATA(cmsg), sizeof(size));
		return size;
	}
	return all;
}

static void take(struct datagrams *d, int fd)
{
	static uint8_t buf[CHUNK];
	char control[64];
	struct iovec iov = { buf, sizeof(buf) };
	struct msghdr msg = { .msg_iov = &iov, .msg_iovlen = 1 };
	ssize_t n, at, size, len;

	for (;;) {
		msg.msg_control = control;
		msg.msg_controllen = sizeof(control);
		n = recvmsg(fd, &msg, MSG_DONTWAIT);
		if (n < 0)
			return;
		size = joined_size(&msg, n);
		d->joined += size < n;
		for (at = 0; at < n || !at; at += len) {
			len = size && size < n - at ? size : n - at;
			take_one(d, buf + at, len);
			if (!len)
				break;
		}
	}
}

static int udp(const char *from, const char *to, const char *address,
	       int argc, char **argv)
{
	struct datagrams d = { .count = 1000, .size = 1000 };
	int in, out, i, size = 64 << 20, join = 0;
	static uint8_t buf[CHUNK];
	struct sockaddr_storage ss;
	socklen_t len = parse_address(address, &ss);
	long gap = 0, last;
	bool lossy = false;
	uint64_t n;

	stay();
	for (i = 0; i < argc; i++) {
		if (!strcmp(argv[i], "lossy"))
			lossy = true;
		else if (!strcmp(argv[i], "mixed"))
			d.mixed = true;
		else if (!strcmp(argv[i], "join"))
			join = 1;
		else if (!strcmp(argv[i], "count") && i + 1 < argc)
			d.count = number(argv[++i]);
		else if (!strcmp(argv[i], "size") && i + 1 < argc)
			d.size = number(argv[++i]);
		else if (!strcmp(argv[i], "gap") && i + 1 < argc)
			gap = number(argv[++i]);
		else
			fail("bad argument");
	}
	if (d.size < 8 || d.size > CHUNK)
		fail("bad size");
	d.seen = calloc(d.count, 1);
	d.sent = calloc(d.count, sizeof(*d.sent));
	enter(to);
	in = bound(&ss, len, SOCK_DGRAM);
	setsockopt(in, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof(size));
	if (setsockopt(in, SOL_UDP, UDP_GRO, &join, sizeof(join)))
		die("UDP_GRO");
	enter(from);
	out = socket(ss.ss_family, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (out < 0 || connect(out, (void *)&ss, len))
		die("connect");
	for (n = 0; n < d.count; n++) {
		memcpy(buf, &n, sizeof(n));
		memcpy(buf + 8, pattern + n % PATTERN, size_of(&d, n) - 8);
		d.sent[n] = now_ms();
		while (send(out, buf, size_of(&d, n), 0) < 0) {
			if (errno != ENOBUFS && errno != EAGAIN)
				die("send");
			usleep(1000);
		}
		if (gap)
			usleep(gap);
		take(&d, in);
	}
	/* The rest may be on its way */
	for (last = now_ms(); d.received < d.count && now_ms() - last < 2000;) {
		n = d.received;
		usleep(10000);
		take(&d, in);
		if (d.received != n)
			last = now_ms();
	}
	printf("sent %llu lost %llu reordered %llu doubled %llu broken %llu joined %llu silence %ld\n",
	       (unsigned long long)d.count,
	       (unsigned long long)(d.count - d.received),
	       (unsigned long long)d.reordered, (unsigned long long)d.doubled,
	       (unsigned long long)d.broken, (unsigned long long)d.joined,
	       silence(&d));
	return (d.received < d.count && !lossy) || d.reordered || d.doubled ||
	       d.broken;
}

/* ---- ping ---- */

#define WINDOW 256
#define SEQUENCES 65536

struct pings {
	int fd;
	bool v6;
	uint16_t id;
	uint64_t count, size, window, timeout, gap;
	uint64_t sent, answered, doubled, broken, lost;
	/* by sequence number: when sent; 0: answered or lost */
	long at[SEQUENCES];
	uint8_t seen[SEQUENCES];
	uint64_t waiting;
	uint64_t oldest;	/* of those waited for, or older */
};

static volatile sig_atomic_t stopped;

static void on_signal(int sig)
{
	(void)sig;
	stopped = 1;
}

static uint16_t checksum(const uint8_t *p, size_t len)
{
	uint32_t sum = 0;

	for (; len > 1; p += 2, len -= 2)
		sum += p[0] << 8 | p[1];
	if (len)
		sum += *p << 8;
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return htons(~sum);
}

static bool send_ping(struct pings *p)
{
	static uint8_t buf[CHUNK];
	struct icmphdr *icmp = (void *)buf;
	uint16_t seq = p->sent;
	ssize_t n;

	memset(icmp, 0, sizeof(*icmp));
	icmp->type = p->v6 ? ICMP6_ECHO_REQUEST : ICMP_ECHO;
	icmp->un.echo.id = p->id;
	icmp->un.echo.sequence = htons(seq);
	memcpy(buf + 8, pattern + seq, p->size);
	if (!p->v6)
		icmp->checksum = checksum(buf, p->size + 8);
	n = send(p->fd, buf, p->size + 8, 0);
	if (n < 0 && (errno == ENOBUFS || errno == EAGAIN || errno == EINTR))
		return false;
	/* A network that is gone for a moment: the ping counts as lost */
	if (n < 0 && errno != ENETUNREACH && errno != EHOSTUNREACH &&
	    errno != ENETDOWN)
		die("send");
	p->at[seq] = now_ms();
	p->seen[seq] = 0;
	p->sent++;
	p->waiting++;
	return true;
}

static void take_answers(struct pings *p)
{
	static uint8_t buf[CHUNK + 100];
	const struct icmphdr *icmp;
	ssize_t n, skip;
	uint16_t seq;

	while ((n = recv(p->fd, buf, sizeof(buf), MSG_DONTWAIT)) >= 0) {
		skip = p->v6 ? 0 : (buf[0] & 15) * 4;
		icmp = (void *)(buf + skip);
		if (n < skip + 8 || icmp->un.echo.id != p->id ||
		    icmp->type != (p->v6 ? ICMP6_ECHO_REPLY : ICMP_ECHOREPLY))
			continue;
		seq = ntohs(icmp->un.echo.sequence);
		if (n != (ssize_t)(skip + 8 + p->size) ||
		    memcmp(buf + skip + 8, pattern + seq, p->size)) {
			p->broken++;
		} else if (p->seen[seq]++) {
			p->doubled++;
		} else if (p->at[seq]) {
			p->at[seq] = 0;
			p->answered++;
			p->waiting--;
		}
	}
}

/* The oldest go first; what is not answered in time is lost */
static void give_up(struct pings *p)
{
	long now = now_ms();

	for (; p->oldest < p->sent; p->oldest++) {
		long *at = &p->at[p->oldest % SEQUENCES];

		if (!*at)
			continue;
		if (now - *at <= (long)p->timeout)
			break;
		*at = 0;
		p->lost++;
		p->waiting--;
	}
}

static void open_ping(struct pings *p, const char *address, int pmtudisc)
{
	struct sockaddr_storage ss;
	socklen_t len = parse_address(address, &ss);
	int size = 16 << 20;

	p->v6 = ss.ss_family == AF_INET6;
	((struct sockaddr_in *)&ss)->sin_port = 0;
	p->fd = socket(ss.ss_family, SOCK_RAW | SOCK_CLOEXEC,
		       p->v6 ? IPPROTO_ICMPV6 : IPPROTO_ICMP);
	if (p->fd < 0)
		die("socket");
	setsockopt(p->fd, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof(size));
	setsockopt(p->fd, p->v6 ? IPPROTO_IPV6 : IPPROTO_IP,
		   p->v6 ? IPV6_MTU_DISCOVER : IP_MTU_DISCOVER, &pmtudisc,
		   sizeof(pmtudisc));
	if (connect(p->fd, (void *)&ss, len))
		die("connect");
	p->id = getpid();
}

static int ping(const char *from, const char *address, int argc, char **argv)
{
	static struct pings p = { .count = 10, .size = 56, .window = 1,
				  .timeout = 10000 };
	struct sigaction sa = { .sa_handler = on_signal };
	struct pollfd pfd = { .events = POLLIN };
	int i, pmtudisc = IP_PMTUDISC_WANT;

	for (i = 0; i < argc; i++) {
		if (!strcmp(argv[i], "df"))
			pmtudisc = IP_PMTUDISC_DO;
		else if (!strcmp(argv[i], "nodf"))
			pmtudisc = IP_PMTUDISC_DONT;
		else if (!strcmp(argv[i], "count") && i + 1 < argc)
			p.count = number(argv[++i]);
		else if (!strcmp(argv[i], "size") && i + 1 < argc)
			p.size = number(argv[++i]);
		else if (!strcmp(argv[i], "window") && i + 1 < argc)
			p.window = number(argv[++i]);
		else if (!strcmp(argv[i], "timeout") && i + 1 < argc)
			p.timeout = number(argv[++i]);
		else if (!strcmp(argv[i], "gap") && i + 1 < argc)
			p.gap = number(argv[++i]);
		else
			fail("bad argument");
	}
	if (p.window > WINDOW || p.size > CHUNK - 8)
		fail("bad argument");
	enter(from);
	open_ping(&p, address, pmtudisc);
	sigaction(SIGTERM, &sa, NULL);
	sigaction(SIGINT, &sa, NULL);
	pfd.fd = p.fd;
	for (;;) {
		bool more = p.sent < p.count && !stopped;

		if (!more && !p.waiting)
			break;
		/* A sequence number is used again when its answer came */
		if (more && p.waiting < p.window &&
		    p.sent - p.oldest < SEQUENCES) {
			if (!send_ping(&p) || p.gap)
				usleep(p.gap ? p.gap : 1000);
		} else {
			poll(&pfd, 1, 100);
		}
		take_answers(&p);
		give_up(&p);
	}
	printf("sent %llu answered %llu lost %llu doubled %llu broken %llu\n",
	       (unsigned long long)p.sent, (unsigned long long)p.answered,
	       (unsigned long long)p.lost, (unsigned long long)p.doubled,
	       (unsigned long long)p.broken);
	return p.lost || p.doubled || p.broken || !p.answered;
}

int main(int argc, char **argv)
{
	make_pattern();
	spread();
	setvbuf(stdout, NULL, _IOLBF, 0);
	if (argc >= 5 && !strcmp(argv[1], "tcp"))
		return tcp(argv[2], argv[3], argv[4], argc - 5, argv + 5);
	if (argc >= 5 && !strcmp(argv[1], "udp"))
		return udp(argv[2], argv[3], argv[4], argc - 5, argv + 5);
	if (argc >= 4 && !strcmp(argv[1], "ping"))
		return ping(argv[2], argv[3], argc - 4, argv + 4);
	fprintf(stderr,
"cipe-flow tcp FROM TO ADDRESS [bytes N] [streams N] [both] [stay]\n"
"              [seconds N]\n"
"cipe-flow udp FROM TO ADDRESS [count N] [size N] [gap USEC] [lossy] [mixed] [join]\n"
"cipe-flow ping FROM ADDRESS [count N] [size N] [df|nodf] [window N]\n"
"               [timeout MS] [gap USEC]\n");
	return 2;
}
