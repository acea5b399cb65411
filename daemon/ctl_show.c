// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * cipectl show: the links, for people.
 */
#include <inttypes.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "ctl.h"
#include "options.h"

void ctl_error(const char *fmt, ...)
{
	va_list ap;

	fputs("cipectl: ", stderr);
	va_start(ap, fmt);
	vfprintf(stderr, fmt, ap);
	va_end(ap);
	fputc('\n', stderr);
}

/* One aligned line: what it is, and the value */
static void __attribute__((format(printf, 3, 4)))
row(FILE *out, const char *name, const char *fmt, ...)
{
	va_list ap;

	fprintf(out, "  %-15s ", name);
	va_start(ap, fmt);
	vfprintf(out, fmt, ap);
	va_end(ap);
	fputc('\n', out);
}

/* "2 hours, 3 minutes", in @buf */
static const char *duration(uint64_t ms, char buf[64])
{
	static const struct {
		uint64_t seconds;
		const char *name;
	} units[] = {
		{ 86400, "day" }, { 3600, "hour" }, { 60, "minute" }, { 1, "second" },
	};
	uint64_t s = ms / 1000, big, small;
	size_t i;

	if (s < 10) {
		snprintf(buf, 64, "%.1f seconds", (double)ms / 1000);
		return buf;
	}
	for (i = 0; s < units[i].seconds; i++)
		;
	big = s / units[i].seconds;
	small = units[i].seconds > 1 ? s % units[i].seconds / units[i + 1].seconds : 0;
	if (small)
		snprintf(buf, 64, "%" PRIu64 " %s%s, %" PRIu64 " %s%s", big, units[i].name,
			 big == 1 ? "" : "s", small, units[i + 1].name, small == 1 ? "" : "s");
	else
		snprintf(buf, 64, "%" PRIu64 " %s%s", big, units[i].name, big == 1 ? "" : "s");
	return buf;
}

static void row_age(FILE *out, const char *name, int64_t ms)
{
	char buf[64];

	if (ms < 0)
		row(out, name, "never");
	else
		row(out, name, "%s ago", duration((uint64_t)ms, buf));
}

static void row_traffic(FILE *out, const char *name, uint64_t bytes, uint64_t packets)
{
	static const char * const units[] = { "KiB", "MiB", "GiB", "TiB", "PiB" };
	double n = (double)bytes / 1024;
	size_t i = 0;

	if (bytes < 1024) {
		row(out, name, "%" PRIu64 " B, %" PRIu64 " packets", bytes, packets);
		return;
	}
	for (; n >= 1024 && i < 4; i++)
		n /= 1024;
	row(out, name, "%.2f %s, %" PRIu64 " packets", n, units[i], packets);
}

static void print_addresses(FILE *out, const struct ctl_link *link)
{
	char buf[ADDR_STR_MAX];

	if (addr_is_set(&link->endpoint))
		row(out, "peer", "%s%s", addr_format(&link->endpoint, buf),
		    link->pin ? " (pinned)" : "");
	else
		row(out, "peer", "not known yet");
	if (addr_is_set(&link->local)) {
		union addr local = link->local;

		/* Rather the address in use than "any" */
		if (addr_is_any(&local) && addr_is_set(&link->endpoint_local)) {
			local = link->endpoint_local;
			addr_set_port(&local, addr_port(&link->local));
		}
		row(out, "local", "%s", addr_format(&local, buf));
	}
}

static void print_key(FILE *out, const struct ctl_link *link)
{
	const struct ctl_key *key = ctl_link_newest_key(link);
	char buf[64];

	row_age(out, "last handshake", link->last_key_ms);
	if (!key)
		return;
	row(out, "cipher", "%s%s%s%s", options_cipher_name(key->cipher),
	    key->driver[0] ? " (" : "", key->driver, key->driver[0] ? ")" : "");
	row(out, "key expires", "in %s", duration(key->lifetime_ms, buf));
}

static void print_mtu(FILE *out, const struct ctl_link *link)
{
	if (link->path_mtu && link->path_mtu != link->mtu)
		row(out, "mtu", "%u (the path takes %u)", link->mtu, link->path_mtu);
	else
		row(out, "mtu", "%u", link->mtu);
}

static void print_timers(FILE *out, const struct ctl_link *link)
{
	if (link->keepalive_ms)
		row(out, "keepalive", "every %g s of silence", link->keepalive_ms / 1000.);
	if (link->timeout_ms)
		row(out, "peer dead", "after %g s of silence", link->timeout_ms / 1000.);
}

static void print_drops(FILE *out, const struct ctl_link *link)
{
	const char *name = "dropped";

	for (int i = 0; i <= CIPE_STAT_MAX; i++) {
		if (!ctl_stats[i].drop || !link->stats[i])
			continue;
		row(out, name, "%" PRIu64 " %s", link->stats[i], ctl_stats[i].drop);
		name = "";
	}
}

static void print_link(FILE *out, const struct ctl_link *link)
{
	static const char * const owner[] = {
		[CIPE_SOCKET_NONE] = ", no daemon",
		[CIPE_SOCKET_USER] = "",
		[CIPE_SOCKET_ORPHAN] = ", daemon gone",
	};

	fprintf(out, "%s: %s%s\n", link->ifname, ctl_link_state(link),
		link->socket <= CIPE_SOCKET_ORPHAN ? owner[link->socket] : "");
	row(out, "mode", "%s", options_mode_name(link->mode));
	print_addresses(out, link);
	print_key(out, link);
	row_age(out, "last received", link->last_rx_ms);
	row_age(out, "last sent", link->last_tx_ms);
	print_timers(out, link);
	print_mtu(out, link);
	row_traffic(out, "received", link->stats[CIPE_STAT_RX_BYTES],
		    link->stats[CIPE_STAT_RX_PACKETS]);
	row_traffic(out, "sent", link->stats[CIPE_STAT_TX_BYTES],
		    link->stats[CIPE_STAT_TX_PACKETS]);
	if (link->stats[CIPE_STAT_ROAMED])
		row(out, "peer moved", "%" PRIu64 " times", link->stats[CIPE_STAT_ROAMED]);
	print_drops(out, link);
}

void ctl_print_text(FILE *out, const struct ctl_links *links)
{
	for (size_t i = 0; i < links->count; i++) {
		if (i)
			fputc('\n', out);
		print_link(out, &links->link[i]);
	}
}

int ctl_show_main(int argc, char **argv)
{
	struct ctl_links links = { 0 };
	const char *device = NULL;
	bool json = false;
	int ret;

	for (int i = 1; i < argc; i++) {
		if (!strcmp(argv[i], "--json") || !strcmp(argv[i], "-j")) {
			json = true;
		} else if (argv[i][0] != '-' && !device) {
			device = argv[i];
		} else {
			ctl_error("show: found \"%.40s\", expected [DEVICE] [--json]", argv[i]);
			return EX_USAGE;
		}
	}
	ret = ctl_links_fetch(&links, device);
	if (!ret && json)
		ret = ctl_print_json(stdout, &links);
	else if (!ret)
		ctl_print_text(stdout, &links);
	free(links.link);
	if (!ret && fflush(stdout)) {
		ctl_error("output: %m");
		ret = EX_IOERR;
	}
	return ret;
}
