// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Names that the keeper has looked up: who is asked for when, and who hears of it.
 * The resolver is a list of jobs, and the clock a number.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lookups.h"

static double now;
static struct resolver_job jobs[1024];
static unsigned int sent;
static bool refuse;

static struct {
	uint32_t conf;
	uint32_t number;
	int error;
} answers[1024];
static unsigned int answered;

static int on_send(void *ctx, const struct resolver_job *job)
{
	(void)ctx;
	if (refuse)
		return -EAGAIN;
	assert_true(sent < 1024);
	jobs[sent++] = *job;
	return 0;
}

static void on_found(void *ctx, uint32_t conf, uint32_t number, int error, const union addr *addr)
{
	(void)ctx;
	(void)addr;
	answers[answered].conf = conf;
	answers[answered].number = number;
	answers[answered++].error = error;
}

static struct lookups *begin(void)
{
	static const struct lookups_ops ops = { .send = on_send, .found = on_found };
	struct lookups *s = lookups_new(&ops, NULL);

	assert_non_null(s);
	sent = answered = 0;
	refuse = false;
	now = 1000.;
	return s;
}

static struct lookups_question *ask(struct lookups *s, const char *host, uint32_t conf)
{
	struct lookups_question *q = lookups_ask(s, now, host, AF_INET, conf, 100 + conf);

	assert_non_null(q);
	return q;
}

static struct lookups_question *ask_nth(struct lookups *s, const char *kind, uint32_t n,
					uint32_t conf)
{
	char host[64];

	snprintf(host, sizeof(host), "%s%u.example", kind, n);
	return ask(s, host, conf);
}

/* The job of the name that was sent last; NULL: it never was */
static const struct resolver_job *job_of(const char *host)
{
	unsigned int i;

	for (i = sent; i; i--)
		if (!strcmp(jobs[i - 1].host, host))
			return &jobs[i - 1];
	return NULL;
}

static bool tell(struct lookups *s, uint32_t ticket, int family, int error)
{
	struct resolver_report report = { .ticket = ticket, .error = error };

	report.addr.sa.sa_family = (sa_family_t)family;
	return lookups_answer(s, now, &report);
}

static void answer(struct lookups *s, const char *host)
{
	const struct resolver_job *job = job_of(host);

	assert_non_null(job);
	assert_true(tell(s, job->ticket, AF_INET, 0));
}

static void test_matched(void **state)
{
	struct lookups *s = begin();
	uint32_t ticket;

	(void)state;
	ask(s, "a.example", 1);
	assert_int_equal(sent, 1);
	assert_int_equal(jobs[0].family, AF_INET);
	ticket = jobs[0].ticket;
	/* Another ticket, another family, none at all */
	assert_false(tell(s, ticket + 1, AF_INET, 0));
	assert_false(tell(s, ticket, AF_INET6, 0));
	assert_false(tell(s, ticket, AF_UNIX, 0));
	assert_int_equal(answered, 0);
	assert_true(tell(s, ticket, AF_INET, 0));
	assert_int_equal(answered, 1);
	assert_int_equal(answers[0].conf, 1);
	assert_int_equal(answers[0].number, 101);
	/* Once */
	assert_false(tell(s, ticket, AF_INET, 0));
	ask(s, "a.example", 1);
	assert_int_not_equal(jobs[1].ticket, ticket);
	assert_true(tell(s, jobs[1].ticket, 0, EAI_NONAME));
	assert_int_equal(answers[1].error, EAI_NONAME);
	lookups_free(s);
}

/* One look-up for all who want the same */
static void test_shared(void **state)
{
	struct lookups *s = begin();
	struct lookups_question *q;

	(void)state;
	ask(s, "a.example", 1);
	q = ask(s, "a.example", 2);
	ask(s, "a.example", 3);
	assert_non_null(lookups_ask(s, now, "a.example", AF_INET6, 4, 4));
	assert_int_equal(sent, 2);
	lookups_cancel(s, q);
	lookups_cancel(s, NULL);
	assert_true(tell(s, jobs[0].ticket, AF_INET, 0));
	assert_int_equal(answered, 2);
	assert_int_equal(answers[0].conf + answers[1].conf, 4);
	/* All gave up: the answer comes nevertheless, and whoever asks meanwhile has it */
	lookups_cancel(s, ask(s, "b.example", 5));
	ask(s, "b.example", 6);
	assert_int_equal(sent, 3);
	answer(s, "b.example");
	assert_int_equal(answered, 3);
	assert_int_equal(answers[2].conf, 6);
	lookups_free(s);
}

/* No more than there are threads; those who gave up while they waited cost nothing */
static void test_bounded(void **state)
{
	struct lookups_question *q[3 * RESOLVER_THREADS];
	struct lookups *s = begin();
	unsigned int i;

	(void)state;
	for (i = 0; i < 3 * RESOLVER_THREADS; i++)
		q[i] = ask_nth(s, "n", i, i + 1);
	assert_int_equal(sent, RESOLVER_THREADS);
	for (i = RESOLVER_THREADS; i < 2 * RESOLVER_THREADS; i++)
		lookups_cancel(s, q[i]);
	answer(s, "n0.example");
	assert_int_equal(sent, RESOLVER_THREADS + 1);
	assert_string_equal(jobs[RESOLVER_THREADS].host, "n32.example");
	lookups_free(s);
}

/* Links' names and those of options that are read again take turns */
static void test_turns(void **state)
{
	struct lookups *s = begin();
	unsigned int i;

	(void)state;
	for (i = 0; i < RESOLVER_THREADS; i++)
		ask_nth(s, "first", i, i + 1);
	for (i = 0; i < 100; i++)
		ask_nth(s, "options", i, 0);
	ask(s, "link.example", 200);
	answer(s, "first0.example");
	answer(s, "first1.example");
	assert_non_null(job_of("options0.example"));
	assert_null(job_of("options1.example"));
	assert_non_null(job_of("link.example"));
	lookups_free(s);
}

/* Names whose servers do not answer: they have half of the places, and the others'
 * do not wait for them
 */
static void test_slow(void **state)
{
	const unsigned int many = 4 * RESOLVER_THREADS;
	struct lookups *s = begin();
	unsigned int i;
	char host[64];

	(void)state;
	for (i = 0; i < many; i++)
		ask_nth(s, "hangs", i, i + 1);
	for (i = 0; i < many; i++) {
		now += i % RESOLVER_THREADS ? 0. : 30.;
		snprintf(host, sizeof(host), "hangs%u.example", i);
		assert_true(tell(s, job_of(host)->ticket, 0, EAI_AGAIN));
	}
	assert_int_equal(answered, many);
	/* They are known now */
	for (i = 0; i < many; i++)
		ask_nth(s, "hangs", i, i + 1);
	assert_int_equal(sent, many + LOOKUPS_SLOW_MOST);
	for (i = 0; i < 100; i++) {
		now += 0.01;
		ask_nth(s, "good", i, 1000 + i);
		snprintf(host, sizeof(host), "good%u.example", i);
		answer(s, host);
	}
	assert_int_equal(answered, many + 100);
	/* One that answers again is as good as others */
	answer(s, "hangs0.example");
	ask(s, "hangs0.example", 1);
	assert_int_equal(sent, many + LOOKUPS_SLOW_MOST + 102);
	assert_string_equal(jobs[sent - 1].host, "hangs0.example");
	lookups_free(s);
}

/* The resolver could not be told: it is, when anything happens */
static void test_refused(void **state)
{
	struct lookups *s = begin();

	(void)state;
	refuse = true;
	ask(s, "a.example", 1);
	assert_int_equal(sent, 0);
	refuse = false;
	ask(s, "b.example", 2);
	assert_int_equal(sent, 2);
	answer(s, "a.example");
	answer(s, "b.example");
	assert_int_equal(answered, 2);
	lookups_free(s);
	lookups_free(NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_matched), cmocka_unit_test(test_shared),
		cmocka_unit_test(test_bounded), cmocka_unit_test(test_turns),
		cmocka_unit_test(test_slow), cmocka_unit_test(test_refused),
	};

	return cmocka_run_group_tests_name("lookups", tests, NULL, NULL);
}
