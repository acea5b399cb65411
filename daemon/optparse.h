/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The parser of options files and command line words.
 */
#ifndef CIPED_OPTPARSE_H
#define CIPED_OPTPARSE_H

#include <stdint.h>
#include <stdio.h>

#include "optfile.h"
#include "options.h"
#include "opttable.h"

/* Set @told when any option may have been meant */
#define OPTPARSE_ALL UINT64_MAX

/**
 * struct optparse - where we are and how it went
 * @opts: what is filled in
 * @err: takes the messages
 * @file: name of the file that is read; NULL: the command line
 * @line: its current line
 * @faults: messages written
 * @root: directory that stands for the root directory; -1: the root directory itself
 * @owner: who must own all files, where @root is given
 * @told: bit n: something was said about option n of opttable, so that it needs
 *	not be called missing; all bits when any option may have been meant
 */
struct optparse {
	struct options *opts;
	FILE *err;
	const char *file;
	unsigned int line;
	unsigned int faults;
	int root;
	uid_t owner;
	uint64_t told;
};

/**
 * optfault() - report a fault with the place it is in
 * @p: the parser
 * @fmt: as printf(); control characters in the result are masked
 */
void optfault(struct optparse *p, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));

/**
 * optparse_open() - optfile_open(), where the parser's files are
 * @p: the parser
 * @path: absolute
 * @why: filled in on error
 *
 * Return: as optfile_open().
 */
int optparse_open(const struct optparse *p, const char *path, struct optfile_why *why);

/**
 * optparse_file() - read and parse an options file
 * @p: the parser
 * @path: absolute
 * @must: it is a fault when there is no such file
 */
void optparse_file(struct optparse *p, const char *path, bool must);

/**
 * optparse_text() - parse the contents of an options file
 * @p: the parser, @file set
 * @text: the contents; one octet behind them can be written to. Destroyed.
 * @len: octets of @text
 */
void optparse_text(struct optparse *p, char *text, size_t len);

/**
 * optparse_word() - parse name=value
 * @p: the parser, @file NULL
 * @word: from the command line
 */
void optparse_word(struct optparse *p, const char *word);

/**
 * optparse_check() - find faults that show only when every source was read
 * @p: the parser
 */
void optparse_check(struct optparse *p);

/**
 * optparse_read_privkey() - read the file with our private key
 * @p: the parser; after optparse_check() without a fault
 */
void optparse_read_privkey(struct optparse *p);

/**
 * optparse_resolve() - look up the names among the inside addresses
 * @p: the parser; after optparse_check() without a fault
 */
void optparse_resolve(struct optparse *p);

#endif /* CIPED_OPTPARSE_H */
