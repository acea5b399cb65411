// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * cipe-cli: the module's netlink interface by hand, without a daemon
 *
 * The arguments are passed on as they are; what is wrong with them the kernel
 * has to say. Output is "name value" lines, for awk and grep.
 */
#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <sched.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <linux/genetlink.h>
#include <netinet/in.h>

#include "cipe-nl.h"

static int usage(void)
{
	fprintf(stderr,
"cipe-cli [-n NETNS] COMMAND... [-- COMMAND...]...\n"
"cipe-cli add NAME [mode ip|ether]\n"
"cipe-cli set LINK [endpoint A:P] [ttl N] [tos N|inherit] [pin 0|1]\n"
"                  [keepalive MS] [timeout MS]\n"
"cipe-cli key LINK slot S rx-id X tx-id X cipher C rx-key H rx-iv H tx-key H\n"
"                  tx-iv H lifetime MS [tx-start N] [driver D]\n"
"cipe-cli keydel LINK [slot S | rx-id X]\n"
"cipe-cli get LINK [NAME...]\n"
"cipe-cli dump\n"
"cipe-cli errors LINK\n"
"cipe-cli save LINK FILE\n"
"cipe-cli delta LINK FILE [EXPECTED]\n"
"cipe-cli monitor FILE\n"
"cipe-cli hold bind A:P|unbound 4|6 [device D] [log FILE] [netns PATH]\n"
"                  link LINK...\n"
"cipe-cli orphan (as hold)\n"
"A LINK is a device's name or id:NUMBER. hold and monitor go to the\n"
"background when they are ready and print their process id.\n");
	return 2;
}

static int report(const char *what, const struct cipe_nl *nl, int err)
{
	if (!err)
		return 0;
	fprintf(stderr, "%s: %s%s%s\n", what, strerror(-err),
		*nl->errmsg ? ": " : "", nl->errmsg);
	return 1;
}

static void open_or_die(struct cipe_nl *nl)
{
	if (cipe_nl_open(nl)) {
		fprintf(stderr, "no generic netlink family " CIPE_GENL_NAME "\n");
		exit(1);
	}
}

static void put_link(struct nl_msg *msg, const char *link)
{
	unsigned int index;

	if (!strncmp(link, "id:", 3)) {
		nla_put_u32(msg, CIPE_A_LINK_ID, strtoul(link + 3, NULL, 0));
		return;
	}
	index = if_nametoindex(link);
	if (!index) {
		fprintf(stderr, "%s: no such device\n", link);
		exit(1);
	}
	nla_put_u32(msg, CIPE_A_IFINDEX, index);
}

static uint32_t number(const char *s)
{
	char *end;
	unsigned long v = strtoul(s, &end, 0);

	if (!*s || *end) {
		fprintf(stderr, "%s: not a number\n", s);
		exit(2);
	}
	return v;
}

static void put_hex(struct nl_msg *msg, int type, const char *s)
{
	uint8_t buf[256];
	int n = parse_hex(s, buf, sizeof(buf));

	if (n < 0) {
		fprintf(stderr, "%s: not hexadecimal\n", s);
		exit(2);
	}
	nla_put(msg, type, n, buf);
}

/* ---- requests ---- */

static int cmd_add(int argc, char **argv)
{
	static const char *const modes[] = { "ip", "ether" };
	int mode = -1;

	if (argc != 1 && (argc != 3 || strcmp(argv[1], "mode")))
		return usage();
	if (argc == 3)
		mode = parse_name(argv[2], modes, ARRAY_SIZE(modes));
	return !!cipe_nl_link_add(argv[0], mode);
}

static int put_set(struct nl_msg *msg, const char *word, const char *value)
{
	struct sockaddr_storage ss;
	socklen_t len;

	if (!strcmp(word, "endpoint")) {
		if (parse_sockaddr(value, &ss, &len))
			return -1;
		nla_put(msg, CIPE_A_ENDPOINT, len, &ss);
	} else if (!strcmp(word, "ttl")) {
		nla_put_u8(msg, CIPE_A_TTL, number(value));
	} else if (!strcmp(word, "tos")) {
		nla_put_u16(msg, CIPE_A_TOS, strcmp(value, "inherit") ?
			    number(value) : CIPE_TOS_INHERIT);
	} else if (!strcmp(word, "pin")) {
		nla_put_u8(msg, CIPE_A_PIN, number(value));
	} else if (!strcmp(word, "keepalive")) {
		nla_put_u32(msg, CIPE_A_KEEPALIVE_MS, number(value));
	} else if (!strcmp(word, "timeout")) {
		nla_put_u32(msg, CIPE_A_TIMEOUT_MS, number(value));
	} else {
		return -1;
	}
	return 0;
}

static int cmd_set(int argc, char **argv)
{
	struct cipe_nl nl;
	struct nl_msg *msg;
	int i;

	if (argc < 1 || argc % 2 != 1)
		return usage();
	open_or_die(&nl);
	msg = cipe_nl_msg(&nl, CIPE_CMD_LINK_SET, 0);
	put_link(msg, argv[0]);
	for (i = 1; i < argc; i += 2)
		if (put_set(msg, argv[i], argv[i + 1]))
			return usage();
	return report("set", &nl, cipe_nl_call(&nl, msg, NULL, NULL));
}

static int put_key(struct nl_msg *msg, const char *word, const char *value)
{
	static const struct {
		const char *word;
		int type;
	} hex[] = {
		{ "rx-key", CIPE_A_KEY_RX_KEY }, { "rx-iv", CIPE_A_KEY_RX_IV },
		{ "tx-key", CIPE_A_KEY_TX_KEY }, { "tx-iv", CIPE_A_KEY_TX_IV },
	}, u32[] = {
		{ "rx-id", CIPE_A_KEY_RX_ID }, { "tx-id", CIPE_A_KEY_TX_ID },
		{ "lifetime", CIPE_A_KEY_LIFETIME_MS },
		{ "tx-start", CIPE_A_KEY_TX_START },
	};
	size_t i;

	for (i = 0; i < ARRAY_SIZE(hex); i++) {
		if (!strcmp(word, hex[i].word)) {
			put_hex(msg, hex[i].type, value);
			return 0;
		}
	}
	for (i = 0; i < ARRAY_SIZE(u32); i++) {
		if (!strcmp(word, u32[i].word)) {
			nla_put_u32(msg, u32[i].type, number(value));
			return 0;
		}
	}
	if (!strcmp(word, "slot"))
		nla_put_u8(msg, CIPE_A_KEY_SLOT,
			   parse_name(value, cipe_slot_names, 3));
	else if (!strcmp(word, "cipher"))
		nla_put_u8(msg, CIPE_A_KEY_CIPHER,
			   parse_name(value, cipe_cipher_names, 4));
	else if (!strcmp(word, "driver"))
		nla_put_string(msg, CIPE_A_KEY_DRIVER, value);
	else
		return -1;
	return 0;
}

static int key_request(int cmd, const char *what, int argc, char **argv)
{
	struct cipe_nl nl;
	struct nlattr *nest;
	struct nl_msg *msg;
	int i;

	if (argc < 1 || argc % 2 != 1)
		return usage();
	open_or_die(&nl);
	msg = cipe_nl_msg(&nl, cmd, 0);
	put_link(msg, argv[0]);
	if (argc > 1) {
		nest = nla_nest_start(msg, CIPE_A_KEY);
		for (i = 1; i < argc; i += 2)
			if (put_key(msg, argv[i], argv[i + 1]))
				return usage();
		nla_nest_end(msg, nest);
	}
	return report(what, &nl, cipe_nl_call(&nl, msg, NULL, NULL));
}

static int cmd_key(int argc, char **argv)
{
	return key_request(CIPE_CMD_KEY_SET, "key", argc, argv);
}

static int cmd_keydel(int argc, char **argv)
{
	return key_request(CIPE_CMD_KEY_DEL, "keydel", argc, argv);
}

/* ---- answers ---- */

/* Facts of one link or event, in the order they came */
struct facts {
	size_t n;
	struct {
		char name[32];
		char value[160];
	} f[160];
};

__attribute__((format(printf, 3, 4)))
static void add_fact(struct facts *facts, const char *name,
		     const char *format, ...)
{
	va_list ap;

	if (facts->n == ARRAY_SIZE(facts->f))
		return;
	snprintf(facts->f[facts->n].name, sizeof(facts->f[0].name), "%s", name);
	va_start(ap, format);
	vsnprintf(facts->f[facts->n].value, sizeof(facts->f[0].value), format,
		  ap);
	va_end(ap);
	facts->n++;
}

static const char *fact(const struct facts *facts, const char *name)
{
	size_t i;

	for (i = 0; i < facts->n; i++)
		if (!strcmp(facts->f[i].name, name))
			return facts->f[i].value;
	return "-";
}

static const char *name_of(unsigned int i, const char *const *names, size_t n)
{
	return i < n && names[i] ? names[i] : "?";
}

static void read_key(struct facts *facts, struct nlattr *nest, bool event)
{
	static const struct {
		int type;
		int size;
		const char *name, *format;
	} what[] = {
		{ CIPE_A_KEY_RX_ID, 4, "rx-id", "0x%08llx" },
		{ CIPE_A_KEY_TX_ID, 4, "tx-id", "0x%08llx" },
		{ CIPE_A_KEY_LIFETIME_MS, 4, "lifetime", "%llu" },
		{ CIPE_A_KEY_TX_START, 4, "tx-start", "%llu" },
		{ CIPE_A_KEY_TX_COUNTER, 8, "tx-counter", "%llu" },
		{ CIPE_A_KEY_TX_BLOCKS, 8, "tx-blocks", "%llu" },
		{ CIPE_A_KEY_RX_COUNTER, 8, "rx-counter", "%llu" },
		{ CIPE_A_KEY_AGE_MS, 8, "age", "%llu" },
	};
	struct nlattr *tb[CIPE_A_KEY_MAX + 1] = {};
	char name[32];
	const char *slot = "?";
	size_t i;

	nla_parse(tb, CIPE_A_KEY_MAX, nla_data(nest), nla_len(nest), NULL);
	if (tb[CIPE_A_KEY_SLOT])
		slot = name_of(nla_get_u8(tb[CIPE_A_KEY_SLOT]),
			       cipe_slot_names, 3);
	if (event)
		add_fact(facts, "slot", "%s", slot);
	for (i = 0; i < ARRAY_SIZE(what); i++) {
		struct nlattr *a = tb[what[i].type];

		if (!a)
			continue;
		snprintf(name, sizeof(name), "%s%s%s", event ? "" : slot,
			 event ? "" : ".", what[i].name);
		add_fact(facts, name, what[i].format, what[i].size == 8 ?
			 (unsigned long long)nla_get_u64(a) :
			 (unsigned long long)nla_get_u32(a));
	}
	if (tb[CIPE_A_KEY_CIPHER]) {
		snprintf(name, sizeof(name), "%s.cipher", slot);
		add_fact(facts, name, "%s",
			 name_of(nla_get_u8(tb[CIPE_A_KEY_CIPHER]),
				 cipe_cipher_names, 4));
	}
	if (tb[CIPE_A_KEY_DRIVER]) {
		snprintf(name, sizeof(name), "%s.driver", slot);
		add_fact(facts, name, "%s",
			 nla_get_string(tb[CIPE_A_KEY_DRIVER]));
	}
}

static void read_stats(struct facts *facts, struct nlattr *nest)
{
	struct nlattr *tb[CIPE_STAT_MAX + 1] = {};
	int i;

	nla_parse(tb, CIPE_STAT_MAX, nla_data(nest), nla_len(nest), NULL);
	for (i = CIPE_STAT_PAD + 1; i <= CIPE_STAT_MAX; i++)
		if (tb[i])
			add_fact(facts, cipe_stat_names[i], "%llu",
				 (unsigned long long)nla_get_u64(tb[i]));
}

static void read_attr(struct facts *facts, struct nlattr *a, bool event)
{
	static const char *const states[] = { "none", "user", "orphan" };
	static const char *const modes[] = { "ip", "ether" };
	char buf[80];

	switch (nla_type(a)) {
	case CIPE_A_IFINDEX:
		add_fact(facts, "ifindex", "%u", nla_get_u32(a));
		break;
	case CIPE_A_LINK_ID:
		add_fact(facts, "link-id", "%u", nla_get_u32(a));
		break;
	case CIPE_A_IFNAME:
		add_fact(facts, "ifname", "%s", nla_get_string(a));
		break;
	case CIPE_A_MODE:
		add_fact(facts, "mode", "%s",
			 name_of(nla_get_u8(a), modes, ARRAY_SIZE(modes)));
		break;
	case CIPE_A_SOCKET_STATE:
		add_fact(facts, "socket-state", "%s",
			 name_of(nla_get_u8(a), states, ARRAY_SIZE(states)));
		break;
	case CIPE_A_LOCAL:
		add_fact(facts, "local", "%s",
			 format_sockaddr(nla_data(a), nla_len(a), buf,
					 sizeof(buf)));
		break;
	case CIPE_A_ENDPOINT:
		add_fact(facts, "endpoint", "%s",
			 format_sockaddr(nla_data(a), nla_len(a), buf,
					 sizeof(buf)));
		break;
	case CIPE_A_ENDPOINT_LOCAL:
		add_fact(facts, "endpoint-local", "%s",
			 format_sockaddr(nla_data(a), nla_len(a), buf,
					 sizeof(buf)));
		break;
	case CIPE_A_TTL:
		add_fact(facts, "ttl", "%u", nla_get_u8(a));
		break;
	case CIPE_A_TOS:
		if (nla_get_u16(a) == CIPE_TOS_INHERIT)
			add_fact(facts, "tos", "inherit");
		else
			add_fact(facts, "tos", "%u", nla_get_u16(a));
		break;
	case CIPE_A_PIN:
		add_fact(facts, "pin", "%u", nla_get_u8(a));
		break;
	case CIPE_A_KEEPALIVE_MS:
		add_fact(facts, "keepalive", "%u", nla_get_u32(a));
		break;
	case CIPE_A_TIMEOUT_MS:
		add_fact(facts, "timeout", "%u", nla_get_u32(a));
		break;
	case CIPE_A_PEER_ALIVE:
		add_fact(facts, "alive", "%u", nla_get_u8(a));
		break;
	case CIPE_A_LAST_RX_MS:
		add_fact(facts, "last-rx", "%llu",
			 (unsigned long long)nla_get_u64(a));
		break;
	case CIPE_A_LAST_TX_MS:
		add_fact(facts, "last-tx", "%llu",
			 (unsigned long long)nla_get_u64(a));
		break;
	case CIPE_A_PATH_MTU:
		add_fact(facts, "path-mtu", "%u", nla_get_u32(a));
		break;
	case CIPE_A_KEY:
		read_key(facts, a, event);
		break;
	case CIPE_A_STATS:
		read_stats(facts, a);
		break;
	case CIPE_A_PAD:
		break;
	default:
		add_fact(facts, "unknown", "%d", nla_type(a));
	}
}

static void read_facts(struct nlmsghdr *nlh, void *arg)
{
	struct facts *facts = arg;
	struct genlmsghdr *gh = nlmsg_data(nlh);
	struct nlattr *a;
	int rem;

	facts->n = 0;
	for (a = cipe_nl_attrs(nlh, &rem); nla_ok(a, rem);
	     a = nla_next(a, &rem))
		read_attr(facts, a, gh->cmd >= CIPE_CMD_PEER_MOVED_NTF);
}

static void print_line(const struct facts *facts, FILE *out)
{
	size_t i;

	for (i = 0; i < facts->n; i++)
		fprintf(out, "%s%s=%s", i ? " " : "", facts->f[i].name,
			facts->f[i].value);
	fputc('\n', out);
}

static int get_facts(const char *link, struct facts *facts)
{
	struct cipe_nl nl;
	struct nl_msg *msg;

	open_or_die(&nl);
	msg = cipe_nl_msg(&nl, CIPE_CMD_LINK_GET, 0);
	put_link(msg, link);
	return report("get", &nl, cipe_nl_call(&nl, msg, read_facts, facts));
}

/* All facts, a line each; or the values of those asked for, in one line */
static int cmd_get(int argc, char **argv)
{
	static struct facts facts;
	size_t i;
	int k;

	if (argc < 1)
		return usage();
	if (get_facts(argv[0], &facts))
		return 1;
	for (k = 1; k < argc; k++)
		printf("%s%s", fact(&facts, argv[k]), k + 1 < argc ? " " : "\n");
	if (argc == 1)
		for (i = 0; i < facts.n; i++)
			printf("%s %s\n", facts.f[i].name, facts.f[i].value);
	return 0;
}

/* Error counters that are not zero; fails if there are any */
static int cmd_errors(int argc, char **argv)
{
	static const char *const harmless[] = {
		"rx_packets", "rx_bytes", "tx_packets", "tx_bytes",
		"rx_keepalive", "tx_keepalive", "roamed",
	};
	static struct facts facts;
	int i, found = 0;

	if (argc != 1)
		return usage();
	if (get_facts(argv[0], &facts))
		return 1;
	for (i = CIPE_STAT_PAD + 1; i <= CIPE_STAT_MAX; i++) {
		const char *name = cipe_stat_names[i];
		const char *value = fact(&facts, name);

		if (parse_name(name, harmless, ARRAY_SIZE(harmless)) >= 0 ||
		    !strcmp(value, "0"))
			continue;
		printf("%s %s\n", name, value);
		found = 1;
	}
	return found;
}

/* What says nothing about a packet that came, or was refused */
static bool is_noise(const char *name)
{
	static const char *const noise[] = {
		"rx_bytes", "tx_packets", "tx_bytes", "tx_keepalive",
	};

	return parse_name(name, noise, ARRAY_SIZE(noise)) >= 0;
}

/* Remember the counters */
static int cmd_save(int argc, char **argv)
{
	static struct facts facts;
	FILE *out;
	int i;

	if (argc != 2)
		return usage();
	if (get_facts(argv[0], &facts))
		return 1;
	out = fopen(argv[1], "w");
	if (!out) {
		perror(argv[1]);
		return 1;
	}
	for (i = CIPE_STAT_PAD + 1; i <= CIPE_STAT_MAX; i++)
		fprintf(out, "%s\n", fact(&facts, cipe_stat_names[i]));
	fclose(out);
	return 0;
}

static int read_saved(const char *path, long long *saved)
{
	FILE *in = fopen(path, "r");
	int i;

	if (!in) {
		perror(path);
		return -1;
	}
	for (i = CIPE_STAT_PAD + 1; i <= CIPE_STAT_MAX; i++)
		if (fscanf(in, "%lld", &saved[i]) != 1)
			return -1;
	fclose(in);
	return 0;
}

static void compare(const struct facts *facts, const long long *saved,
		    char *text, size_t size)
{
	size_t n = 0;
	int i;

	*text = '\0';
	for (i = CIPE_STAT_PAD + 1; i <= CIPE_STAT_MAX && n < size; i++) {
		const char *name = cipe_stat_names[i];
		long long value = atoll(fact(facts, name));

		if (value != saved[i] && !is_noise(name))
			n += snprintf(text + n, size - n, "%s%s %lld",
				      n ? " " : "", name, value - saved[i]);
	}
}

/*
 * How the counters differ from those remembered, "name difference ..."; with
 * what is expected given, waits for it a while
 */
static int cmd_delta(int argc, char **argv)
{
	long long saved[CIPE_STAT_MAX + 1];
	static struct facts facts;
	char text[1024];
	int tries = 150;

	if (argc < 2 || argc > 3)
		return usage();
	if (read_saved(argv[1], saved))
		return 1;
	do {
		if (get_facts(argv[0], &facts))
			return 1;
		compare(&facts, saved, text, sizeof(text));
		if (argc == 3 && !strcmp(text, argv[2]))
			return 0;
		if (argc == 3)
			usleep(20000);
	} while (argc == 3 && --tries);
	printf("%s\n", text);
	return argc == 3;
}

static void dump_one(struct nlmsghdr *nlh, void *arg)
{
	read_facts(nlh, arg);
	print_line(arg, stdout);
}

static int cmd_dump(int argc, char **argv)
{
	static struct facts facts;
	struct cipe_nl nl;

	(void)argv;
	if (argc)
		return usage();
	open_or_die(&nl);
	return report("dump", &nl,
		      cipe_nl_call(&nl, cipe_nl_msg(&nl, CIPE_CMD_LINK_GET,
						    NLM_F_DUMP),
				   dump_one, &facts));
}

/* ---- in the background ---- */

/* The parent says who goes on, and leaves */
static void background(void)
{
	pid_t pid = fork();
	int null;

	if (pid < 0) {
		perror("fork");
		exit(1);
	}
	if (pid) {
		printf("%d\n", pid);
		fflush(stdout);
		_exit(0);
	}
	null = open("/dev/null", O_RDWR);
	dup2(null, 0);
	dup2(null, 1);
	dup2(null, 2);
	close(null);
}

static int cmd_monitor(int argc, char **argv)
{
	static struct facts facts;
	struct sockaddr_nl from;
	struct cipe_nl nl;
	FILE *out;

	if (argc != 1)
		return usage();
	open_or_die(&nl);
	if (cipe_nl_events(&nl)) {
		fprintf(stderr, "monitor: no group " CIPE_GENL_MCGRP_EVENTS "\n");
		return 1;
	}
	out = fopen(argv[0], "w");
	if (!out) {
		perror(argv[0]);
		return 1;
	}
	background();
	for (;;) {
		struct nlmsghdr *nlh;
		unsigned char *buf;
		int n;

		n = nl_recv(nl.sk, &from, &buf, NULL);
		if (n <= 0)
			return 1;
		for (nlh = (void *)buf; nlmsg_ok(nlh, n);
		     nlh = nlmsg_next(nlh, &n)) {
			struct genlmsghdr *gh = nlmsg_data(nlh);

			if (nlh->nlmsg_type != nl.family)
				continue;
			read_facts(nlh, &facts);
			fprintf(out, "%s ", name_of(gh->cmd, cipe_cmd_names,
						    CIPE_CMD_MAX + 1));
			print_line(&facts, out);
			fflush(out);
		}
		free(buf);
	}
}

static int open_carrier(const char *how, const char *where, const char *device)
{
	struct sockaddr_storage ss;
	socklen_t len;
	int fd, one = 1;

	if (!strcmp(how, "unbound"))
		return socket(atoi(where) == 6 ? AF_INET6 : AF_INET,
			      SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (strcmp(how, "bind") || parse_sockaddr(where, &ss, &len)) {
		usage();
		exit(2);
	}
	fd = socket(ss.ss_family, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return fd;
	if (ss.ss_family == AF_INET6 &&
	    !IN6_IS_ADDR_UNSPECIFIED(&((struct sockaddr_in6 *)&ss)->sin6_addr))
		setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &one, sizeof(one));
	if (device && setsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, device,
				 strlen(device) + 1))
		return -1;
	if (bind(fd, (struct sockaddr *)&ss, len))
		return -1;
	return fd;
}

static int enter_netns(const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	if (fd < 0 || setns(fd, CLONE_NEWNET)) {
		perror(path);
		return -1;
	}
	close(fd);
	return 0;
}

/* What the kernel leaves to the daemon: key exchange, a line each */
static void log_datagrams(int fd, const char *path)
{
	struct sockaddr_storage from;
	socklen_t len = sizeof(from);
	unsigned char buf[2048];
	char text[80];
	FILE *out = path ? fopen(path, "w") : NULL;
	ssize_t n, i;

	for (;;) {
		len = sizeof(from);
		n = recvfrom(fd, buf, sizeof(buf), 0, (void *)&from, &len);
		if (n < 0) {
			if (errno == EBADF || errno == ENOTSOCK)
				return;
			continue;
		}
		if (!out)
			continue;
		fprintf(out, "%s ", format_sockaddr(&from, len, text,
						    sizeof(text)));
		for (i = 0; i < n; i++)
			fprintf(out, "%02x", buf[i]);
		fputc('\n', out);
		fflush(out);
	}
}

static int hold(int argc, char **argv, bool stay)
{
	const char *device = NULL, *log = NULL, *netns = NULL;
	struct cipe_nl nl;
	struct nl_msg *msg;
	int i, fd, attached = 0;

	if (argc < 4 || argc % 2)
		return usage();
	for (i = 2; i < argc; i += 2) {
		if (!strcmp(argv[i], "device"))
			device = argv[i + 1];
		else if (!strcmp(argv[i], "log"))
			log = argv[i + 1];
		else if (!strcmp(argv[i], "netns"))
			netns = argv[i + 1];
		else if (strcmp(argv[i], "link"))
			return usage();
	}
	fd = open_carrier(argv[0], argv[1], device);
	if (fd < 0) {
		perror("socket");
		return 1;
	}
	if (netns && enter_netns(netns))
		return 1;
	open_or_die(&nl);
	for (i = 2; i < argc; i += 2) {
		if (strcmp(argv[i], "link"))
			continue;
		msg = cipe_nl_msg(&nl, CIPE_CMD_LINK_SET, 0);
		put_link(msg, argv[i + 1]);
		nla_put_u32(msg, CIPE_A_SOCKET_FD, fd);
		if (report("attach", &nl, cipe_nl_call(&nl, msg, NULL, NULL)))
			return 1;
		attached++;
	}
	if (!attached)
		return usage();
	if (!stay)
		return 0;
	cipe_nl_close(&nl);
	background();
	log_datagrams(fd, log);
	return 1;
}

static int cmd_hold(int argc, char **argv)
{
	return hold(argc, argv, true);
}

static int cmd_orphan(int argc, char **argv)
{
	return hold(argc, argv, false);
}

static int run(int argc, char **argv)
{
	static const struct {
		const char *name;
		int (*run)(int argc, char **argv);
	} commands[] = {
		{ "add", cmd_add }, { "set", cmd_set }, { "key", cmd_key },
		{ "keydel", cmd_keydel }, { "get", cmd_get },
		{ "dump", cmd_dump }, { "errors", cmd_errors },
		{ "save", cmd_save }, { "delta", cmd_delta },
		{ "monitor", cmd_monitor }, { "hold", cmd_hold },
		{ "orphan", cmd_orphan },
	};
	size_t i;

	for (i = 0; argc && i < ARRAY_SIZE(commands); i++)
		if (!strcmp(argv[0], commands[i].name))
			return commands[i].run(argc - 1, argv + 1);
	return usage();
}

int main(int argc, char **argv)
{
	char path[128];
	int n, rc;

	argc--;
	argv++;
	if (argc > 2 && !strcmp(argv[0], "-n")) {
		snprintf(path, sizeof(path), "/run/netns/%s", argv[1]);
		if (enter_netns(path))
			return 1;
		argc -= 2;
		argv += 2;
	}
	for (;;) {
		for (n = 0; n < argc && strcmp(argv[n], "--"); n++)
			;
		rc = run(n, argv);
		if (rc || n == argc)
			return rc;
		argc -= n + 1;
		argv += n + 1;
	}
}
