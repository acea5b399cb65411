/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The options of all links that one daemon runs: of the one that the command
 * line names, or of those in the files of OPTSET_DIR.
 */
#ifndef CIPED_OPTSET_H
#define CIPED_OPTSET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/types.h>

#include "options.h"

/* A link is what is in FILE.options here */
#define OPTSET_DIR	"/etc/cipe/links.d"
#define OPTSET_SUFFIX	".options"

/**
 * struct optset_item - a link
 * @name: of its file, without directory and suffix; "": no file of its own
 * @conf: by which keeper and parser mean it; 0: nobody has given it one
 * @faulty: its file has faults: @opts are not to be used
 * @opts: its options
 */
struct optset_item {
	char *name;
	uint32_t conf;
	bool faulty;
	struct options opts;
};

/**
 * struct optset - all links, ordered by name
 * @many: from OPTSET_DIR, and OPTIONS_FILE if that has a link
 * @debug: stay in the foreground, log to stderr
 * @faults: found in all
 * @broken: what all links depend on has faults: nothing is known of any
 * @count: of @item
 * @item: the links; NULL where the caller took one away
 */
struct optset {
	bool many;
	bool debug;
	unsigned int faults;
	bool broken;
	size_t count;
	struct optset_item **item;
};

/**
 * optset_count() - about how many links will there be?
 *
 * Return: the number of options files in OPTSET_DIR, which are not opened.
 */
size_t optset_count(void);

/**
 * optset_load() - read all sources of options and check them
 * @argc: of main()
 * @argv: of main()
 * @many: links are from OPTSET_DIR, even if there are none any more
 * @names: look up ipaddr and ptpaddr where they are names, which may take long;
 *	else whoever calls does, by options_inside_name()
 * @set: filled in; released by optset_wipe(), also after an error
 * @err: takes the messages
 *
 * Without arguments but "debug", and with options files in OPTSET_DIR, these
 * are the links, and OPTIONS_FILE has their defaults. Otherwise there is one
 * link, as of options_load(). Needs secret_init().
 *
 * Return: 0, also where only some links' files have faults, which were reported
 * and are in @faults; else as options_load().
 */
int optset_load(int argc, char **argv, bool many, bool names, struct optset *set, FILE *err);

/**
 * optset_load_under() - read OPTIONS_FILE and OPTSET_DIR elsewhere, for tests
 * @root: directory that stands for the root directory
 * @owner: who must own all of it
 * @set: as in optset_load()
 * @err: takes the messages
 *
 * No name is looked up. Return: as optset_load().
 */
int optset_load_under(int root, uid_t owner, struct optset *set, FILE *err);

/** optset_any_fips() - is there a link of suite fips? */
bool optset_any_fips(const struct optset *set);

/** optset_item_free() - forget one link; @item may be NULL */
void optset_item_free(struct optset_item *item);

/** optset_wipe() - forget everything, keys thoroughly */
void optset_wipe(struct optset *set);

#endif /* CIPED_OPTSET_H */
