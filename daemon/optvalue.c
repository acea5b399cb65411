// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * From the text of a value to the value.
 */
#include <arpa/inet.h>
#include <ctype.h>
#include <errno.h>
#include <limits.h>
#include <netdb.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "optvalue.h"

const char *optvalue_bool(const char *text, bool *out)
{
	static const char * const yes[] = { "yes", "true", "on", "1" };
	static const char * const no[] = { "no", "false", "off", "0" };

	if (!text) {
		*out = true;
		return NULL;
	}
	for (size_t i = 0; i < sizeof(yes) / sizeof(yes[0]); i++) {
		if (!strcasecmp(text, yes[i]) || !strcasecmp(text, no[i])) {
			*out = !strcasecmp(text, yes[i]);
			return NULL;
		}
	}
	return "the name alone, yes or no";
}

const char *optvalue_int(const char *text, long min, long max, const char *expected, long *out)
{
	char *end;
	long n;

	/* strtol() would also skip white space and take a '+' */
	if (!isdigit((unsigned char)text[text[0] == '-']))
		return expected;
	errno = 0;
	n = strtol(text, &end, 10);
	if (errno || *end || n < min || n > max)
		return expected;
	*out = n;
	return NULL;
}

const char *optvalue_ms(const char *text, long *out)
{
	static const char expected[] = "seconds, with at most three decimals (like 10 or 0.25)";
	const char *p = text;
	long ms = 0;
	int unit;

	if (!isdigit((unsigned char)*p))
		return expected;
	for (; isdigit((unsigned char)*p); p++) {
		ms = ms * 10 + (*p - '0');
		if (ms > INT_MAX / 1000 - 1)
			return expected;
	}
	ms *= 1000;
	if (*p == '.') {
		p++;
		if (!isdigit((unsigned char)*p))
			return expected;
		for (unit = 100; isdigit((unsigned char)*p) && unit; p++, unit /= 10)
			ms += (*p - '0') * unit;
	}
	if (*p)
		return expected;
	*out = ms;
	return NULL;
}

/* Without a table and without a branch on the digit. Negative: no digit. */
static int hex_digit(unsigned char c)
{
	int value = -1;

	/* (x >> 8) is all ones when x is negative: c is in the range */
	value += (((0x2f - c) & (c - 0x3a)) >> 8) & (c - 0x30 + 1);
	value += (((0x40 - c) & (c - 0x47)) >> 8) & (c - 0x41 + 11);
	value += (((0x60 - c) & (c - 0x67)) >> 8) & (c - 0x61 + 11);
	return value;
}

const char *optvalue_hex(const char *text, uint8_t *out, size_t len)
{
	int bad = 0;

	if (strlen(text) != len * 2)
		return "another number of hexadecimal digits";
	for (size_t i = 0; i < len; i++) {
		int high = hex_digit((unsigned char)text[2 * i]);
		int low = hex_digit((unsigned char)text[2 * i + 1]);

		bad |= high | low;
		out[i] = (uint8_t)((unsigned int)high << 4 | (unsigned int)low);
	}
	return bad < 0 ? "hexadecimal digits only" : NULL;
}

const char *optvalue_device(const char *text, char *out)
{
	size_t len = strlen(text);

	/* As dev_valid_name() in the kernel; "all" and "default" are taken by
	 * the directories in /proc/sys/net/ipv4/conf, "ciped" by our own pid file,
	 * and % would be a pattern.
	 */
	if (!len || len >= IFNAMSIZ)
		return "an interface name of 1 to 15 characters";
	for (const char *p = text; *p; p++)
		if (!isgraph((unsigned char)*p) || strchr("/:%", *p))
			return "an interface name without spaces, '/', ':' and '%'";
	if (!strcmp(text, ".") || !strcmp(text, "..") || !strcmp(text, "all") ||
	    !strcmp(text, "default") || !strcmp(text, OPTVALUE_PROCESS))
		return "an interface name (this one is reserved)";
	memcpy(out, text, len + 1);
	return NULL;
}

const char *optvalue_hostname(const char *text)
{
	static const char expected[] = "an address or the name of a host";
	size_t len = strlen(text);
	bool letter = false;

	if (!len || len > 253 || text[0] == '-' || text[0] == '.')
		return expected;
	for (const char *p = text; *p; p++) {
		if (!isalnum((unsigned char)*p) && !strchr("-._", *p))
			return expected;
		letter |= !isdigit((unsigned char)*p) && *p != '.';
	}
	/* Only digits and dots, and no IPv4 address: rather a slip */
	return letter ? NULL : "an IPv4 address of four numbers up to 255";
}

static const char *parse_port(const char *text, uint16_t *out)
{
	static const char expected[] = "a port (0 to 65535) or the name of a UDP service after ':'";
	struct servent *service;
	long n;

	if (!optvalue_int(text, 0, 65535, expected, &n)) {
		*out = (uint16_t)n;
		return NULL;
	}
	if (!isalpha((unsigned char)text[0]))
		return expected;
	service = getservbyname(text, "udp");
	if (!service)
		return expected;
	*out = ntohs((uint16_t)service->s_port);
	return NULL;
}

static bool parse_literal4(struct options_addr *addr)
{
	struct sockaddr_in *sin = (struct sockaddr_in *)&addr->sa;

	if (inet_pton(AF_INET, addr->host, &sin->sin_addr) != 1)
		return false;
	sin->sin_family = AF_INET;
	sin->sin_port = htons(addr->port);
	addr->salen = sizeof(*sin);
	return true;
}

/* By getaddrinfo(): it knows scopes (fe80::1%eth0) */
static bool parse_literal6(struct options_addr *addr)
{
	struct addrinfo hints = { .ai_family = AF_INET6, .ai_socktype = SOCK_DGRAM,
				  .ai_flags = AI_NUMERICHOST };
	struct addrinfo *found;
	struct sockaddr_in6 *sin6 = (struct sockaddr_in6 *)&addr->sa;

	if (getaddrinfo(addr->host, NULL, &hints, &found))
		return false;
	memcpy(sin6, found->ai_addr, sizeof(*sin6));
	freeaddrinfo(found);
	sin6->sin6_port = htons(addr->port);
	addr->salen = sizeof(*sin6);
	return true;
}

/* Split @text at the colon before the port; NULL or what was expected */
static const char *split_addr(const char *text, struct options_addr *addr, const char **port)
{
	const char *host = text, *end;
	size_t len;

	if (text[0] == '[') {
		host++;
		end = strchr(text, ']');
		if (!end || end[1] != ':')
			return "[IPv6 address]:port";
		*port = end + 2;
	} else {
		end = strchr(text, ':');
		if (!end)
			return "address:port (the port is missing)";
		if (strchr(end + 1, ':'))
			return "an IPv6 address in brackets: [2001:db8::1]:port";
		*port = end + 1;
	}
	len = (size_t)(end - host);
	if (strlen(text) >= sizeof(addr->text) || len >= sizeof(addr->host))
		return "a shorter address";
	memcpy(addr->host, host, len);
	strcpy(addr->text, text);
	return NULL;
}

const char *optvalue_addr(const char *text, struct options_addr *out)
{
	struct options_addr addr = { .set = true };
	const char *port, *expected;

	expected = split_addr(text, &addr, &port);
	if (!expected)
		expected = parse_port(port, &addr.port);
	if (expected)
		return expected;
	if (text[0] == '[') {
		if (!parse_literal6(&addr))
			return "an IPv6 address in the brackets";
	} else if (!parse_literal4(&addr)) {
		expected = optvalue_hostname(addr.host);
		if (expected)
			return expected;
	}
	*out = addr;
	return NULL;
}
