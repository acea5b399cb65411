// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Options through shared memory: nothing is lost, and nothing is believed that
 * is not there.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "handover.h"
#include "secret.h"

#define LINKS 3

static const char *const texts[LINKS] = {
	"key 0123456789abcdef0123456789abcdef\nipaddr 10.0.0.1\nptpaddr 10.0.0.2\n"
	"peer 192.0.2.1:6794\narg some words\nipup /etc/cipe/other\n",
	"key 0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef\nmode ether\n"
	"me 192.0.2.7:1\npeer 0.0.0.0:0\ndevice named\n",
	"nonsense\n",
};

static void fill(struct optset *set)
{
	size_t i;

	memset(set, 0, sizeof(*set));
	set->many = true;
	set->item = calloc(LINKS, sizeof(*set->item));
	for (i = 0; i < LINKS; i++) {
		struct optset_item *item = calloc(1, sizeof(*item));
		FILE *null = fopen("/dev/null", "w");
		char *text = strdup(texts[i]);

		item->name = strdup(i ? "branch" : "");
		item->conf = (uint32_t)i + 7;
		item->faulty = options_load_text(text, strlen(text), NULL, &item->opts, null);
		set->item[set->count++] = item;
		free(text);
		fclose(null);
	}
}

static void *write_out(size_t *size)
{
	struct optset set;
	void *memory;

	fill(&set);
	*size = handover_size(&set);
	memory = calloc(1, *size);
	handover_write(&set, memory);
	optset_wipe(&set);
	return memory;
}

static void test_round_trip(void **state)
{
	struct optset set, read;
	size_t size, i;
	void *memory = write_out(&size);

	(void)state;
	fill(&set);
	assert_int_equal(handover_read(&read, memory, size), 0);
	assert_int_equal(read.count, LINKS);
	assert_true(read.many);
	for (i = 0; i < LINKS; i++) {
		assert_string_equal(read.item[i]->name, set.item[i]->name);
		assert_int_equal(read.item[i]->conf, set.item[i]->conf);
		assert_int_equal(read.item[i]->faulty, set.item[i]->faulty);
		assert_true(options_equal(&read.item[i]->opts, &set.item[i]->opts));
	}
	assert_false(read.item[1]->faulty);
	assert_true(read.item[2]->faulty);
	/* Another key makes another link */
	read.item[1]->opts.key[31] ^= 1;
	assert_false(options_equal(&read.item[1]->opts, &set.item[1]->opts));
	optset_wipe(&set);
	optset_wipe(&read);
	free(memory);
}

static void test_cut(void **state)
{
	struct optset read;
	size_t size, len;
	uint8_t *memory = write_out(&size), *cut;

	(void)state;
	for (len = 0; len < size; len++) {
		/* On its own, for AddressSanitizer to see reads behind it */
		cut = malloc(len ? len : 1);
		memcpy(cut, memory, len);
		assert_int_equal(handover_read(&read, cut, len), -EBADMSG);
		optset_wipe(&read);
		free(cut);
	}
	free(memory);
}

static int setup(void **state)
{
	(void)state;
	return secret_init(0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_round_trip),
		cmocka_unit_test(test_cut),
	};

	return cmocka_run_group_tests_name("handover", tests, setup, NULL);
}
