/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The keeper: the process that may do things, at the request of the parser,
 * which reads what strangers send and may do nothing.
 */
#ifndef CIPED_KEEPER_H
#define CIPED_KEEPER_H

#include "optset.h"

struct request_secret;

/**
 * struct keeper_ends - what the parser has of the keeper
 * @requests: channel to ask by
 * @events: channel to be told by
 * @secret: memory shared by both, for the keys of a request
 */
struct keeper_ends {
	int requests;
	int events;
	struct request_secret *secret;
};

/**
 * typedef keeper_parser_fn - what the parser's process does, without rights already
 * @set: all links with their numbers, with keys
 * @ends: to the keeper
 *
 * Return: exit code.
 */
typedef int (*keeper_parser_fn)(struct optset *set, const struct keeper_ends *ends);

int keeper_run(int argc, char **argv, struct optset *set, keeper_parser_fn parser);

#endif /* CIPED_KEEPER_H */
