/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The parser: the process that reads what strangers send. It holds the keys,
 * runs the exchanges, and asks the keeper for all else.
 */
#ifndef CIPED_PARSER_H
#define CIPED_PARSER_H

#include "keeper.h"

int parser_run(struct optset *set, const struct keeper_ends *ends);

#endif /* CIPED_PARSER_H */
