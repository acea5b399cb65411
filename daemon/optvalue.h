/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * From the text of a value to the value. Pure functions; no secret is copied.
 *
 * Each returns NULL when the text was understood, else what was expected, as
 * the end of the sentence "expected ...".
 */
#ifndef CIPED_OPTVALUE_H
#define CIPED_OPTVALUE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "options.h"

/* Not for interfaces: the pid file of the process has this name */
#define OPTVALUE_PROCESS "ciped"

/**
 * optvalue_bool() - yes, true, on, 1; no, false, off, 0
 * @text: the value; NULL (the name alone) means true
 * @out: set on success
 */
const char *optvalue_bool(const char *text, bool *out);

/**
 * optvalue_int() - a decimal integer
 * @text: the value
 * @min: least value allowed
 * @max: greatest value allowed
 * @expected: what to return when it is none or out of range
 * @out: set on success
 */
const char *optvalue_int(const char *text, long min, long max, const char *expected, long *out);

/**
 * optvalue_ms() - seconds with up to three decimals
 * @text: the value
 * @out: set on success, milliseconds, less than 2^31
 */
const char *optvalue_ms(const char *text, long *out);

/**
 * optvalue_hex() - hexadecimal digits, two for each octet
 * @text: the value
 * @out: octets, filled in on success
 * @len: how many are wanted; @text has exactly twice as many digits
 *
 * Takes the same time for all digits.
 */
const char *optvalue_hex(const char *text, uint8_t *out, size_t len);

/**
 * optvalue_device() - a name that an interface can have
 * @text: the value
 * @out: IFNAMSIZ octets, set on success
 */
const char *optvalue_device(const char *text, char *out);

/**
 * optvalue_addr() - host:port
 * @text: the value: a.b.c.d:port, [v6]:port or name:port; the port a number or
 *	the name of a UDP service
 * @out: set on success
 */
const char *optvalue_addr(const char *text, struct options_addr *out);

/**
 * optvalue_hostname() - can this be the name of a host?
 * @text: the name
 *
 * Names are not looked up.
 */
const char *optvalue_hostname(const char *text);

#endif /* CIPED_OPTVALUE_H */
