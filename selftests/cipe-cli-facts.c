// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What the kernel says of a link, as names and values.
 */
#include <stdarg.h>
#include <string.h>
#include <linux/genetlink.h>

#include "cipe-cli.h"

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

const char *fact(const struct facts *facts, const char *name)
{
	size_t i;

	for (i = 0; i < facts->n; i++)
		if (!strcmp(facts->f[i].name, name))
			return facts->f[i].value;
	return "-";
}

const char *name_of(unsigned int i, const char *const *names, size_t n)
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
	case CIPE_A_LAST_KEY_MS:
		add_fact(facts, "last-key", "%llu",
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

void read_facts(struct nlmsghdr *nlh, void *arg)
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

void print_line(const struct facts *facts, FILE *out)
{
	size_t i;

	for (i = 0; i < facts->n; i++)
		fprintf(out, "%s%s=%s", i ? " " : "", facts->f[i].name,
			facts->f[i].value);
	fputc('\n', out);
}

int get_facts(const char *link, struct facts *facts)
{
	struct cipe_nl nl;
	struct nl_msg *msg;

	open_or_die(&nl);
	msg = cipe_nl_msg(&nl, CIPE_CMD_LINK_GET, 0);
	put_link(msg, link);
	return report("get", &nl, cipe_nl_call(&nl, msg, read_facts, facts));
}
