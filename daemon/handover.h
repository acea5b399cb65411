/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The options of all links, with their keys, in memory that keeper and parser
 * share: the way to the parser of those that are read again.
 */
#ifndef CIPED_HANDOVER_H
#define CIPED_HANDOVER_H

#include <stddef.h>

#include "optset.h"

/** handover_size() - octets that handover_write() needs */
size_t handover_size(const struct optset *set);

/**
 * handover_write() - put options into shared memory
 * @set: with numbers
 * @to: of handover_size() octets
 */
void handover_write(const struct optset *set, void *to);

/**
 * handover_read() - take them out of it
 * @set: filled in; released by optset_wipe(), also after an error
 * @from: what handover_write() wrote; wiped by whoever shares it
 * @size: its octets
 *
 * Return: 0, -ENOMEM, or -EBADMSG for what handover_write() did not write.
 */
int handover_read(struct optset *set, const void *from, size_t size);

#endif /* CIPED_HANDOVER_H */
