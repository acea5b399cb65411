// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The configured links, and what each may have.
 */
#include <errno.h>
#include <stdlib.h>

#include "keeper_impl.h"

/** keeper_find() - the link that the parser means; NULL: there is no such */
struct keeper_link *keeper_find(struct keeper *k, uint32_t conf)
{
	struct keeper_link *l;

	HASH_FIND(by_conf, k->by_conf, &conf, sizeof(conf), l);
	return l;
}

/** keeper_find_id() - the link of ours that has the number in the kernel; NULL: none */
struct keeper_link *keeper_find_id(struct keeper *k, uint32_t id)
{
	struct keeper_link *l;

	HASH_FIND(by_id, k->by_id, &id, sizeof(id), l);
	return l;
}

/** keeper_find_ifindex() - the link of ours with the interface; NULL: none */
struct keeper_link *keeper_find_ifindex(struct keeper *k, unsigned int ifindex)
{
	struct keeper_link *l;

	HASH_FIND(by_ifindex, k->by_ifindex, &ifindex, sizeof(ifindex), l);
	return l;
}

/**
 * keeper_add() - a link more
 * @k: the keeper
 * @item: with its number, without keys; taken in any case
 * Return: 0 or -ENOMEM.
 */
int keeper_add(struct keeper *k, struct optset_item *item)
{
	struct keeper_link *l = calloc(1, sizeof(*l));

	if (l) {
		l->conf = item->conf;
		l->item = item;
		l->round = k->round;
		l->pidfile = (struct pidfile)PIDFILE_INIT;
		HASH_ADD(by_conf, k->by_conf, conf, sizeof(l->conf), l);
		if (l->by_conf.tbl)
			return 0;
	}
	free(l);
	optset_item_free(item);
	return -ENOMEM;
}

static void unlist_ifindex(struct keeper *k, struct keeper_link *l)
{
	if (l->by_ifindex.tbl)
		HASH_DELETE(by_ifindex, k->by_ifindex, l);
	l->by_ifindex.tbl = NULL;
}

/**
 * keeper_list() - the link is this one in the kernel
 * @k: the keeper
 * @l: the link
 * @id: its number
 * @ifindex: of its interface, which may be another than before
 */
void keeper_list(struct keeper *k, struct keeper_link *l, uint32_t id, unsigned int ifindex)
{
	struct keeper_link *old;

	if (!l->by_id.tbl) {
		l->id = id;
		HASH_ADD(by_id, k->by_id, id, sizeof(l->id), l);
	}
	if (l->by_ifindex.tbl && l->ifindex == ifindex)
		return;
	unlist_ifindex(k, l);
	/* An index is used again once the interface is gone */
	old = keeper_find_ifindex(k, ifindex);
	if (old)
		unlist_ifindex(k, old);
	l->ifindex = ifindex;
	HASH_ADD(by_ifindex, k->by_ifindex, ifindex, sizeof(l->ifindex), l);
}

/**
 * keeper_forget() - the link is no more; an interface that was not set up goes
 * @k: the keeper
 * @l: freed
 */
void keeper_forget(struct keeper *k, struct keeper_link *l)
{
	lookups_cancel(k->lookups, l->question);
	keeper_link_undo(k, l);
	keeper_unshare(k, l);
	unlist_ifindex(k, l);
	if (l->by_id.tbl)
		HASH_DELETE(by_id, k->by_id, l);
	if (l->by_state.tbl)
		HASH_DELETE(by_state, k->by_state, l);
	HASH_DELETE(by_conf, k->by_conf, l);
	optset_item_free(l->item);
	free(l);
}
