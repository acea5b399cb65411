/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The options there are, and those there are not.
 */
#ifndef CIPED_OPTTABLE_H
#define CIPED_OPTTABLE_H

#include "options.h"

/**
 * struct optdef - one option
 * @name: its name
 * @set: stores a value in @field; returns NULL or what was expected
 * @field: offset in struct options
 * @min: least value of a number
 * @max: greatest value of a number
 * @expected: what a number must be; the type's name in the help
 * @help: one line
 * @lone: the name alone is enough (booleans)
 * @secret: the value must not be shown, and comes from a file only
 * @hide: a wrong value must not be shown: it may be a key gone astray
 */
struct optdef {
	const char *name;
	const char *(*set)(const struct optdef *def, struct options *opts, char *value);
	size_t field;
	long min;
	long max;
	const char *expected;
	const char *help;
	bool lone;
	bool secret;
	bool hide;
};

/* All options in the order of the help, closed by one without a name */
extern const struct optdef opttable[];

/**
 * opttable_find() - look an option up
 * @name: its name
 *
 * Return: the option, or NULL.
 */
const struct optdef *opttable_find(const char *name);

/**
 * opttable_obsolete() - was this an option elsewhere?
 * @name: the name of no option
 *
 * Return: why it is none here and what to use instead; NULL for other names.
 */
const char *opttable_obsolete(const char *name);

/**
 * opttable_nearest() - what might have been meant
 * @name: the name of no option
 *
 * Return: the name of an option that differs in a letter or two, or NULL.
 */
const char *opttable_nearest(const char *name);

/**
 * opttable_nearest_cipher() - what might have been meant
 * @name: the name of no cipher
 *
 * Return: the name of a cipher that differs in a few letters, or NULL.
 */
const char *opttable_nearest_cipher(const char *name);

/**
 * opttable_defaults() - set what is not zero by default
 * @opts: all zero
 *
 * Return: 0 or -ENOMEM.
 */
int opttable_defaults(struct options *opts);

#endif /* CIPED_OPTTABLE_H */
