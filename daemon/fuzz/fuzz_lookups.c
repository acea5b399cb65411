// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Names that the keeper has looked up, by a resolver in others' hands: what it says
 * of which ticket is believed, and is every question answered once? Those who hear
 * of an answer ask and cancel meanwhile.
 *
 * Input: steps, each an octet and what it takes.
 */
#include <errno.h>
#include <netdb.h>
#include <stdio.h>

#include "fuzz.h"
#include "lookups.h"

#define HOSTS 24
#define ASKED_MAX 64

/**
 * struct asked - a question
 * @q: as it is cancelled
 * @host: which name
 * @family: of which family
 * @waits: it is neither answered nor cancelled
 */
struct asked {
	struct lookups_question *q;
	unsigned int host;
	int family;
	bool waits;
};

/**
 * struct model - what was asked, and what the resolver has
 * @in: the input
 * @s: what is tried
 * @now: the time
 * @refuse: the resolver takes nothing
 * @asked: the questions, by their numbers
 * @jobs: those that the resolver has
 * @n_jobs: how many
 * @about: what is being reported; NULL: nothing is
 * @report: what it says of it
 */
struct model {
	struct fuzz_input *in;
	struct lookups *s;
	double now;
	bool refuse;
	struct asked asked[ASKED_MAX];
	struct resolver_job jobs[RESOLVER_THREADS];
	unsigned int n_jobs;
	const struct resolver_job *about;
	struct resolver_report report;
};

static const int families[3] = { AF_INET, AF_INET6, AF_UNSPEC };

static void name_of(unsigned int host, char name[REQUEST_HOST_MAX])
{
	memset(name, 0, REQUEST_HOST_MAX);
	snprintf(name, REQUEST_HOST_MAX, "host%u.example", host);
}

/* No two tickets are the same, and no two names */
static int on_send(void *ctx, const struct resolver_job *job)
{
	struct model *m = ctx;
	unsigned int i;

	FUZZ_CHECK(m->n_jobs < RESOLVER_THREADS && job->ticket);
	for (i = 0; i < m->n_jobs; i++)
		FUZZ_CHECK(m->jobs[i].ticket != job->ticket &&
			   (m->jobs[i].family != job->family ||
			    memcmp(m->jobs[i].host, job->host, sizeof(job->host))));
	if (m->refuse)
		return -EAGAIN;
	m->jobs[m->n_jobs++] = *job;
	return 0;
}

static void ask_for(struct model *m, unsigned int host, int family, uint32_t conf)
{
	char name[REQUEST_HOST_MAX];
	struct asked *a = m->asked;

	while (a < m->asked + ASKED_MAX && a->waits)
		a++;
	if (a == m->asked + ASKED_MAX)
		return;
	*a = (struct asked){ NULL, host, family, true };
	name_of(host, name);
	a->q = lookups_ask(m->s, m->now, name, family, conf, (uint32_t)(a - m->asked));
	FUZZ_CHECK(a->q);
}

static void ask(struct model *m)
{
	uint8_t what = fuzz_u8(m->in);

	ask_for(m, what % HOSTS, families[what / HOSTS % 3], what >> 7);
}

static void cancel(struct model *m, unsigned int number)
{
	struct asked *a = &m->asked[number % ASKED_MAX];

	if (!a->waits)
		return;
	a->waits = false;
	lookups_cancel(m->s, a->q);
}

static void on_found(void *ctx, uint32_t conf, uint32_t number, int error, const union addr *addr)
{
	struct model *m = ctx;
	char name[REQUEST_HOST_MAX];
	struct asked *a;

	(void)conf;
	FUZZ_CHECK(number < ASKED_MAX && m->about);
	a = &m->asked[number];
	name_of(a->host, name);
	FUZZ_CHECK(a->waits && (uint32_t)a->family == m->about->family &&
		   !memcmp(name, m->about->host, sizeof(name)));
	FUZZ_CHECK(error == m->report.error &&
		   (error || a->family == AF_UNSPEC || addr->sa.sa_family == a->family));
	a->waits = false;
	switch (m->in->len ? fuzz_u8(m->in) % 4 : 0) {
	case 1:
		ask(m);
		break;
	case 2:
		cancel(m, fuzz_u8(m->in));
		break;
	default:
		break;
	}
}

/* It is believed if it was asked for, and fits */
static void report(struct model *m, uint32_t ticket, sa_family_t family, int error)
{
	struct resolver_job job;
	unsigned int i = 0;
	bool fits;

	while (i < m->n_jobs && m->jobs[i].ticket != ticket)
		i++;
	fits = i < m->n_jobs &&
	       (error || ((family == AF_INET || family == AF_INET6) &&
			  (m->jobs[i].family == AF_UNSPEC || m->jobs[i].family == family)));
	if (fits) {
		job = m->jobs[i];
		m->jobs[i] = m->jobs[--m->n_jobs];
		m->about = &job;
	}
	m->report = (struct resolver_report){ .ticket = ticket, .error = error };
	m->report.addr.sa.sa_family = family;
	FUZZ_CHECK(lookups_answer(m->s, m->now, &m->report) == fits);
	m->about = NULL;
}

static void say(struct model *m)
{
	uint8_t which = fuzz_u8(m->in), how = fuzz_u8(m->in);
	uint32_t ticket;

	if (how & 0x80 || !m->n_jobs)
		ticket = fuzz_u32(m->in);
	else
		ticket = m->jobs[which % m->n_jobs].ticket;
	report(m, ticket, how & 0x40 ? fuzz_u16(m->in) : (sa_family_t)families[how % 3],
	       how & 0x20 ? EAI_AGAIN : 0);
}

/* Everyone who waits hears of it in the end */
static void check_all_heard(struct model *m)
{
	struct fuzz_input nothing = { NULL, 0 };
	unsigned int i;

	m->in = &nothing;
	m->refuse = false;
	m->now += 100;
	/* What was refused is tried again when another name is asked for */
	cancel(m, 0);
	ask_for(m, HOSTS, AF_UNSPEC, 1);
	while (m->n_jobs)
		report(m, m->jobs[0].ticket, AF_UNSPEC, EAI_FAIL);
	for (i = 0; i < ASKED_MAX; i++)
		FUZZ_CHECK(!m->asked[i].waits);
}

static void step(struct model *m)
{
	switch (fuzz_u8(m->in) % 6) {
	case 0:
	case 1:
		ask(m);
		break;
	case 2:
		cancel(m, fuzz_u8(m->in));
		break;
	case 3:
		say(m);
		break;
	case 4:
		m->now += fuzz_u8(m->in) / 32.;
		break;
	default:
		m->refuse = fuzz_u8(m->in) & 1;
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct lookups_ops ops = { .send = on_send, .found = on_found };
	struct fuzz_input in = { data, size };
	static struct model m;

	memset(&m, 0, sizeof(m));
	m.in = &in;
	m.now = 1000.;
	m.s = lookups_new(&ops, &m);
	FUZZ_CHECK(m.s);
	while (in.len)
		step(&m);
	/* Or all of it is forgotten at any time */
	if (!size || !(data[size - 1] & 0x80))
		check_all_heard(&m);
	lookups_free(m.s);
	return 0;
}
