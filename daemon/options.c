// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Where options come from: files, then the command line.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "optfile.h"
#include "options.h"
#include "optparse.h"
#include "opttable.h"
#include "secret.h"

/* What the file would have set is not known. @where goes before the reason. */
static void refused(struct optparse *p, const char *where, const struct optfile_why *why)
{
	p->told = OPTPARSE_ALL;
	p->file = where;
	optfault(p, "%s", why->text);
}

/* @must: it is an error when there is no such file */
static void parse_file(struct optparse *p, const char *path, bool must)
{
	struct optfile_why why;
	size_t len;
	char *text;
	int fd;

	p->file = path;
	p->line = 0;
	fd = optfile_open(path, OPTFILE_OPTIONS, &why);
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

static void print_help(void)
{
	printf("Usage: ciped [-o FILE] [NAME=VALUE]...\n"
	       "Keep an encrypted link to a peer as a network interface.\n\n"
	       "Example: ciped -o /etc/cipe/branch.options peer=192.0.2.2:6794\n\n"
	       "Options come from " OPTIONS_FILE ", then FILE, then the command line; later\n"
	       "ones win. A line of a file is \"name value\", or a comment after '#'.\n\n");
	for (const struct optdef *def = opttable; def->name; def++)
		printf("  %-8s %s\n", def->name, def->help);
	printf("\n  -o FILE, -h (--help), -V (--version)\n");
}

/* Words that are no options: -o FILE, --help, --version. Returns as
 * options_load(). @files gets the arguments of -o, closed by NULL; the words
 * left are moved to the front of @words.
 */
static int sort_words(int argc, char **argv, const char **files, char **words)
{
	int nfiles = 0, nwords = 0;

	for (int i = 1; i < argc; i++) {
		const char *word = argv[i];

		if (word[0] != '-') {
			words[nwords++] = argv[i];
		} else if (!strcmp(word, "-h") || !strcmp(word, "--help")) {
			print_help();
			return -1;
		} else if (!strcmp(word, "-V") || !strcmp(word, "--version")) {
			printf("ciped %s\n", CIPE_VERSION);
			return -1;
		} else if (!strncmp(word, "-o", 2) && (word[2] || i + 1 < argc)) {
			files[nfiles++] = word[2] ? word + 2 : argv[++i];
		} else {
			fprintf(stderr,
				"command line: found \"%.40s\", expected -o FILE, --help, "
				"--version or name=value\n",
				word);
			return EX_USAGE;
		}
	}
	files[nfiles] = NULL;
	words[nwords] = NULL;
	return 0;
}

static unsigned int load_all(const char **files, char **words, struct options *opts)
{
	struct optparse p = { .opts = opts, .err = stderr };

	if (opttable_defaults(opts)) {
		optfault(&p, "no memory");
		return p.faults;
	}
	parse_file(&p, OPTIONS_FILE, false);
	for (; *files; files++)
		parse_file(&p, *files, true);
	for (; *words; words++)
		optparse_word(&p, *words);
	p.file = "options";
	optparse_check(&p);
	if (!p.faults)
		optparse_read_privkey(&p);
	if (!p.faults)
		optparse_resolve(&p);
	return p.faults;
}

int options_load(int argc, char **argv, struct options *opts)
{
	const char **files = calloc((size_t)argc + 1, sizeof(*files));
	char **words = calloc((size_t)argc + 1, sizeof(*words));
	int ret;

	memset(opts, 0, sizeof(*opts));
	if (!files || !words) {
		fprintf(stderr, "ciped: no memory\n");
		ret = EX_OSERR;
		goto out;
	}
	ret = sort_words(argc, argv, files, words);
	if (!ret && load_all(files, words, opts))
		ret = EX_CONFIG;
out:
	free(files);
	free(words);
	return ret;
}

unsigned int options_load_text(char *text, size_t len, char *const *args, struct options *opts,
			       FILE *err)
{
	struct optparse p = { .opts = opts, .err = err, .file = "options" };

	memset(opts, 0, sizeof(*opts));
	if (opttable_defaults(opts)) {
		optfault(&p, "no memory");
		return p.faults;
	}
	if (text)
		optparse_text(&p, text, len);
	p.file = NULL;
	for (; args && *args; args++)
		optparse_word(&p, *args);
	p.file = "options";
	optparse_check(&p);
	return p.faults;
}

void options_wipe(struct options *opts)
{
	if (opts->key)
		secret_free(opts->key, OPTIONS_KEY_MAX);
	if (opts->privkey)
		secret_free(opts->privkey, OPTIONS_KEY_MAX);
	free(opts->privkey_file);
	free(opts->ipaddr_text);
	free(opts->ptpaddr_text);
	free(opts->ipup);
	free(opts->ipdown);
	free(opts->arg);
	memset(opts, 0, sizeof(*opts));
}
