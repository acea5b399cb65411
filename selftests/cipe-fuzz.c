// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * cipe-fuzz: packets with faults, at random, to and through a link
 *
 * "in" has the peer's key and sends to the link's port: datagrams changed in
 * any way, and authentic ones with anything inside, alone, many in one packet
 * (UDP segmentation), and in fragments. "out" gives packets to a device, as
 * virtual machines do, with a header that says of segmentation and checksums
 * what need not be true.
 *
 * The same seed makes the same packets. Prints how many there were.
 *
 * Chance is made in cipe-fuzz-chance.c, the packets inside in cipe-fuzz-inner.c;
 * the rest of "in" and "out" is in files of these names.
 */
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "cipe-fuzz.h"

int usage(void)
{
	fprintf(stderr,
"cipe-fuzz [-n NETNS] in to A:P from A:P txkey K WHAT\n"
"cipe-fuzz [-n NETNS] out DEVICE WHAT [to MAC] [gap USEC]\n"
"   WHAT:   seed N count N [first COUNTER] [ether] [seconds N]\n"
"Prints \"sent N\", with in: datagrams the module is to count. Stops after\n"
"that many packets or seconds.\n");
	return 2;
}

static bool parse(struct plan *plan, int argc, char **argv)
{
	int i;

	for (i = 0; i < argc; i++) {
		const char *word = argv[i], *value = argv[i + 1];

		if (!strcmp(word, "ether")) {
			plan->ether = true;
			continue;
		}
		if (++i == argc)
			return false;
		if (!strcmp(word, "to"))
			plan->to = value;
		else if (!strcmp(word, "from"))
			plan->from = value;
		else if (!strcmp(word, "txkey"))
			parse_key(value, &plan->key);
		else if (!strcmp(word, "seed"))
			plan->seed = number(value);
		else if (!strcmp(word, "count"))
			plan->count = number(value);
		else if (!strcmp(word, "first"))
			plan->first = number(value);
		else if (!strcmp(word, "seconds"))
			plan->seconds = number(value);
		else if (!strcmp(word, "gap"))
			plan->gap = number(value);
		else
			return false;
	}
	return plan->inwards ? plan->to && plan->from && plan->key.cipher : true;
}

bool over(const struct plan *plan, unsigned long i, time_t end)
{
	return i >= plan->count || (plan->seconds && time(NULL) >= end);
}

int main(int argc, char **argv)
{
	struct plan plan = { .count = 1000 };
	unsigned long sent;

	if (argc > 2 && !strcmp(argv[1], "-n")) {
		enter_netns(argv[2]);
		argc -= 2;
		argv += 2;
	}
	if (argc < 3)
		return usage();
	plan.inwards = !strcmp(argv[1], "in");
	if (!plan.inwards && strcmp(argv[1], "out"))
		return usage();
	plan.device = argv[2];
	if (!parse(&plan, argc - 2 - !plan.inwards, argv + 2 + !plan.inwards))
		return usage();
	chance_seed(plan.seed);
	sent = plan.inwards ? run_in(&plan, time(NULL) + plan.seconds) :
			      run_out(&plan, time(NULL) + plan.seconds);
	printf("sent %lu\n", sent);
	return 0;
}
