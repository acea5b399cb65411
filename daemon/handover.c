// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Options in shared memory: a head; then for each link its struct, and what the
 * pointers in that point to, in the order of visit_item().
 */
#include "handover.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "secret.h"

/* Longer than any text of options */
#define TEXT_MAX 65536

/* A text that is not there */
#define NO_TEXT UINT32_MAX

/**
 * struct head - what all links have in common
 * @many: as in struct optset
 * @count: likewise
 */
struct head {
	uint32_t many;
	uint32_t count;
};

/**
 * struct cursor - where we are
 * @to: is written; NULL: is not
 * @from: is read; NULL: is not
 * @at: octets done
 * @size: of @from
 * @error: 0 or -errno
 */
struct cursor {
	uint8_t *to;
	const uint8_t *from;
	size_t at;
	size_t size;
	int error;
};

static void octets(struct cursor *c, void *data, size_t len)
{
	if (c->from && !c->error && len > c->size - c->at)
		c->error = -EBADMSG;
	if (c->error)
		return;
	if (c->to)
		memcpy(c->to + c->at, data, len);
	else if (c->from)
		memcpy(data, c->from + c->at, len);
	c->at += len;
}

static void text(struct cursor *c, char **t)
{
	uint32_t len = !c->from && *t ? (uint32_t)strlen(*t) : NO_TEXT;

	octets(c, &len, sizeof(len));
	if (c->from) {
		*t = NULL;
		if (len != NO_TEXT && (len >= TEXT_MAX || len > c->size - c->at))
			c->error = c->error ? c->error : -EBADMSG;
		if (c->error || len == NO_TEXT)
			return;
		*t = calloc(len + 1, 1);
		if (!*t) {
			c->error = -ENOMEM;
			return;
		}
	}
	if (*t)
		octets(c, *t, len);
}

static void key(struct cursor *c, uint8_t **k)
{
	uint32_t there = !!*k;

	octets(c, &there, sizeof(there));
	if (c->from) {
		*k = c->error || !there ? NULL : secret_alloc(OPTIONS_KEY_MAX);
		if (!c->error && there && !*k)
			c->error = -ENOMEM;
	}
	if (*k)
		octets(c, *k, OPTIONS_KEY_MAX);
}

/* In either direction: a pointer that was copied is no pointer here */
static void visit_item(struct cursor *c, struct optset_item *item)
{
	struct options *o = &item->opts;
	uint32_t faulty = item->faulty;
	struct options plain = *o;

	plain.key = plain.privkey = NULL;
	plain.privkey_file = plain.ipaddr_text = plain.ptpaddr_text = NULL;
	plain.ipup = plain.ipdown = plain.arg = NULL;
	octets(c, &item->conf, sizeof(item->conf));
	octets(c, &faulty, sizeof(faulty));
	octets(c, &plain, sizeof(plain));
	if (c->from) {
		item->faulty = faulty;
		*o = plain;
		/* Whatever an error leaves out is not there */
		o->key = o->privkey = NULL;
		o->privkey_file = o->ipaddr_text = o->ptpaddr_text = NULL;
		o->ipup = o->ipdown = o->arg = NULL;
	}
	text(c, &item->name);
	key(c, &o->key);
	key(c, &o->privkey);
	text(c, &o->privkey_file);
	text(c, &o->ipaddr_text);
	text(c, &o->ptpaddr_text);
	text(c, &o->ipup);
	text(c, &o->ipdown);
	text(c, &o->arg);
}

static size_t visit_all(struct cursor *c, const struct optset *set)
{
	struct head head = { set->many, (uint32_t)set->count };
	size_t i;

	octets(c, &head, sizeof(head));
	for (i = 0; i < set->count; i++)
		visit_item(c, set->item[i]);
	return c->at;
}

size_t handover_size(const struct optset *set)
{
	struct cursor c = { 0 };

	return visit_all(&c, set);
}

void handover_write(const struct optset *set, void *to)
{
	struct cursor c = { .to = to };

	visit_all(&c, set);
}

int handover_read(struct optset *set, const void *from, size_t size)
{
	struct cursor c = { .from = from, .size = size };
	struct head head = { 0 };

	memset(set, 0, sizeof(*set));
	octets(&c, &head, sizeof(head));
	/* Each takes some octets */
	if (!c.error && head.count > size)
		c.error = -EBADMSG;
	set->many = head.many;
	set->item = c.error ? NULL : calloc((size_t)head.count + 1, sizeof(struct optset_item *));
	if (!c.error && !set->item)
		c.error = -ENOMEM;
	while (!c.error && set->count < head.count) {
		struct optset_item *item = calloc(1, sizeof(*item));

		if (!item) {
			c.error = -ENOMEM;
			break;
		}
		set->item[set->count++] = item;
		visit_item(&c, item);
		if (!c.error && !item->name)
			c.error = -EBADMSG;
	}
	return c.error;
}
