/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Names that the keeper has looked up: who waits for which, and which of them the
 * resolver has. A name is looked up once for all who want it. The resolver has so
 * many at a time; those that wait are taken in turn, and names whose servers were
 * slow to answer do not take all places.
 */
#ifndef CIPED_LOOKUPS_H
#define CIPED_LOOKUPS_H

#include <stdbool.h>
#include <stdint.h>

#include "resolver.h"

/* Names that were slow the last time, and are looked up at a time */
#define LOOKUPS_SLOW_MOST (RESOLVER_THREADS / 2)

/* Seconds from which an answer is slow */
#define LOOKUPS_SLOW 2.

/**
 * struct lookups_ops - what the look-ups need
 * @send: give a job to the resolver. Return: 0, or -errno: it is tried again later
 * @found: a question is answered; @error is 0 or one of getaddrinfo(). It may ask,
 *	and cancel others
 */
struct lookups_ops {
	int (*send)(void *ctx, const struct resolver_job *job);
	void (*found)(void *ctx, uint32_t conf, uint32_t number, int error,
		      const union addr *addr);
};

struct lookups;
struct lookups_question;

struct lookups *lookups_new(const struct lookups_ops *ops, void *ctx);
struct lookups_question *lookups_ask(struct lookups *s, double now, const char *host, int family,
				     uint32_t conf, uint32_t number);
void lookups_cancel(struct lookups *s, struct lookups_question *q);
bool lookups_answer(struct lookups *s, double now, const struct resolver_report *report);
void lookups_free(struct lookups *s);

#endif /* CIPED_LOOKUPS_H */
