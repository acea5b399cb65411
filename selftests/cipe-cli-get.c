// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What shows links: all of them, one, and how its counters change.
 */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cipe-cli.h"

/* All facts, a line each; or the values of those asked for, in one line */
int cmd_get(int argc, char **argv)
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
int cmd_errors(int argc, char **argv)
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
int cmd_save(int argc, char **argv)
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
int cmd_delta(int argc, char **argv)
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

int cmd_dump(int argc, char **argv)
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
