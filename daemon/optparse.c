// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The parser of options files and command line words.
 */
#include <ctype.h>
#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "optparse.h"
#include "secret.h"

/* Characters of the longest line. A path, a name and a space fit. */
#define LINE_MAX_LEN 4200
/* No option's name is as long; what is may be a key gone astray: not shown */
#define NAME_MAX_LEN 15

void optfault(struct optparse *p, const char *fmt, ...)
{
	char text[1024];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	for (char *c = text; *c; c++)
		if (iscntrl((unsigned char)*c))
			*c = '?';
	if (p->file && p->line)
		fprintf(p->err, "%s:%u: %s\n", p->file, p->line, text);
	else
		fprintf(p->err, "%s: %s\n", p->file ? p->file : "command line", text);
	p->faults++;
}

static void unknown_option(struct optparse *p, const char *name)
{
	const char *why = opttable_obsolete(name);
	const char *nearest = opttable_nearest(name);

	if (!why)
		p->told = OPTPARSE_ALL;
	if (why)
		optfault(p, "%s: %s", name, why);
	else if (strlen(name) > NAME_MAX_LEN)
		optfault(p, "found a word of %zu characters, expected the name of an option",
			 strlen(name));
	else if (nearest)
		optfault(p, "found \"%s\", which is no option; did you mean \"%s\"?", name,
			 nearest);
	else
		optfault(p, "found \"%s\", which is no option (ciped --help lists all)", name);
}

/* The text of a value was not understood */
static void bad_value(struct optparse *p, const struct optdef *def, const char *value,
		      const char *expected)
{
	const char *nearest = NULL;

	p->told |= 1ull << (def - opttable);
	if (def->secret || def->hide) {
		optfault(p, "%s: found %zu characters, expected %s%s", def->name, strlen(value),
			 expected, def->secret ? " (cipectl genpsk makes one)" : "");
		return;
	}
	if (!strcmp(def->name, "cipher"))
		nearest = opttable_nearest_cipher(value);
	optfault(p, "%s: found \"%.200s\", expected %s%s%s%s", def->name, value, expected,
		 nearest ? "; did you mean " : "", nearest ? nearest : "", nearest ? "?" : "");
}

/* @value: NULL when only the name was given */
static void set_option(struct optparse *p, const char *name, char *value)
{
	const struct optdef *def = opttable_find(name);
	const char *expected;

	if (!def) {
		unknown_option(p, name);
		return;
	}
	if (def->secret && !p->file) {
		p->told |= 1ull << (def - opttable);
		optfault(p,
			 "%s: not allowed here, because every user of the machine can read command "
			 "lines: put \"key ...\" into an options file of mode 600 and name it with "
			 "-o (or use " OPTIONS_FILE ")",
			 name);
		return;
	}
	if (!value && !def->lone) {
		p->told |= 1ull << (def - opttable);
		optfault(p, "%s: found no value, expected \"%s%sVALUE\", %s", name, name,
			 p->file ? " " : "=", def->expected);
		return;
	}
	expected = def->set(def, p->opts, value);
	if (expected)
		bad_value(p, def, value ? value : "", expected);
}

static bool blank(char c)
{
	return c == ' ' || c == '\t';
}

/* A comment begins with '#' at the start or after white space */
static void cut_comment(char *line)
{
	for (char *c = line; *c; c++) {
		if (*c == '#' && (c == line || blank(c[-1]))) {
			*c = '\0';
			return;
		}
	}
}

static void parse_line(struct optparse *p, char *line)
{
	char *end, *name, *value;

	cut_comment(line);
	end = line + strlen(line);
	while (end > line && (blank(end[-1]) || end[-1] == '\r'))
		*--end = '\0';
	for (name = line; blank(*name); name++)
		;
	if (!*name)
		return;

	value = name + strcspn(name, " \t");
	if (!*value) {
		if (strchr(name, '='))
			optfault(p, "found '=', expected \"name value\" (\"name=value\" is for the "
				    "command line)");
		else
			set_option(p, name, NULL);
		return;
	}
	for (*value++ = '\0'; blank(*value); value++)
		;
	if (*value == '=' && (blank(value[1]) || !value[1]))
		optfault(p,
			 "found '=', expected \"name value\" (there is no '=' in an options file)");
	else
		set_option(p, name, value);
}

/* @text[@len] can be written to */
void optparse_text(struct optparse *p, char *text, size_t len)
{
	char *line = text, *stop = text + len, *end;

	for (p->line = 1; line < stop; line = end + 1, p->line++) {
		end = memchr(line, '\n', (size_t)(stop - line));
		if (!end)
			end = stop;
		*end = '\0';
		if (memchr(line, '\0', (size_t)(end - line)))
			optfault(p, "found a NUL octet, expected text");
		else if (end - line > LINE_MAX_LEN)
			optfault(p, "found a line of %zu characters, expected at most %d",
				 (size_t)(end - line), LINE_MAX_LEN);
		else
			parse_line(p, line);
	}
	p->line = 0;
}

int optparse_open(const struct optparse *p, const char *path, struct optfile_why *why)
{
	if (p->root < 0)
		return optfile_open(path, OPTFILE_OPTIONS, why);
	return optfile_open_under(p->root, path, p->owner, OPTFILE_OPTIONS, why);
}

/* What the file would have set is not known. @where goes before the reason. */
static void refused(struct optparse *p, const char *where, const struct optfile_why *why)
{
	p->told = OPTPARSE_ALL;
	p->file = where;
	optfault(p, "%s", why->text);
}

void optparse_file(struct optparse *p, const char *path, bool must)
{
	struct optfile_why why;
	size_t len;
	char *text;
	int fd;

	p->file = path;
	p->line = 0;
	fd = optparse_open(p, path, &why);
	if (fd < 0) {
		if (fd != -ENOENT || must)
			refused(p, "options file", &why);
		goto out;
	}
	text = optfile_read(fd, &len, &why);
	close(fd);
	if (!text) {
		refused(p, path, &why);
		goto out;
	}
	optparse_text(p, text, len);
	secret_free(text, OPTFILE_BUF_SIZE);
out:
	p->file = NULL;
}

void optparse_word(struct optparse *p, const char *word)
{
	char *name, *value;

	name = strdup(word);
	if (!name) {
		optfault(p, "no memory");
		return;
	}
	value = strchr(name, '=');
	if (value)
		*value++ = '\0';
	if (strlen(word) > LINE_MAX_LEN)
		optfault(p, "found a word of %zu characters, expected at most %d", strlen(word),
			 LINE_MAX_LEN);
	else if (!*name)
		optfault(p, "found a word that begins with '=', expected name=value");
	else
		set_option(p, name, value);
	if (value)
		secret_wipe(value, strlen(value));
	free(name);
}
