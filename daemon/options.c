// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Where options come from: files, then the command line.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "options.h"
#include "optparse.h"
#include "optset.h"
#include "opttable.h"
#include "secret.h"

static void print_help(void)
{
	printf("Usage: ciped [debug]\n"
	       "       ciped [-o FILE] [NAME=VALUE]...\n"
	       "Keep encrypted links to peers as network interfaces.\n\n"
	       "Example: ciped -o /etc/cipe/branch.options peer=192.0.2.2:6794\n\n"
	       "Options come from " OPTIONS_FILE ", then FILE, then the command line; later\n"
	       "ones win. Without FILE and command line, each file in " OPTSET_DIR "\n"
	       "is a link more; SIGHUP has them read again. A line of a file is\n"
	       "\"name value\", or a comment after '#'.\n\n");
	for (const struct optdef *def = opttable; def->name; def++)
		printf("  %-8s %s\n", def->name, def->help);
	printf("\n  -o FILE, -h (--help), -V (--version)\n");
}

/* Words that are no options: -o FILE, --help, --version. Returns as
 * options_load(). @files gets the arguments of -o, closed by NULL; the words
 * left are moved to the front of @words.
 */
static int sort_words(int argc, char **argv, const char **files, char **words, FILE *err)
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
			fprintf(err,
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

static unsigned int load_all(const char **files, char **words, bool names, struct options *opts,
			     FILE *err)
{
	struct optparse p = { .opts = opts, .err = err, .root = -1 };

	if (opttable_defaults(opts)) {
		optfault(&p, "no memory");
		return p.faults;
	}
	optparse_file(&p, OPTIONS_FILE, false);
	for (; *files; files++)
		optparse_file(&p, *files, true);
	for (; *words; words++)
		optparse_word(&p, *words);
	p.file = "options";
	optparse_check(&p);
	if (!p.faults)
		optparse_read_privkey(&p);
	if (!p.faults && names)
		optparse_resolve(&p);
	return p.faults;
}

int options_load(int argc, char **argv, bool names, struct options *opts, FILE *err)
{
	const char **files = calloc((size_t)argc + 1, sizeof(*files));
	char **words = calloc((size_t)argc + 1, sizeof(*words));
	int ret;

	memset(opts, 0, sizeof(*opts));
	if (!files || !words) {
		fprintf(err, "ciped: no memory\n");
		ret = EX_OSERR;
		goto out;
	}
	ret = sort_words(argc, argv, files, words, err);
	if (!ret && load_all(files, words, names, opts, err))
		ret = EX_CONFIG;
out:
	free(files);
	free(words);
	return ret;
}

unsigned int options_load_text(char *text, size_t len, char *const *args, struct options *opts,
			       FILE *err)
{
	struct optparse p = { .opts = opts, .err = err, .file = "options", .root = -1 };

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

void options_wipe_keys(struct options *opts)
{
	if (opts->key)
		secret_free(opts->key, OPTIONS_KEY_MAX);
	if (opts->privkey)
		secret_free(opts->privkey, OPTIONS_KEY_MAX);
	opts->key = NULL;
	opts->privkey = NULL;
}

void options_wipe(struct options *opts)
{
	options_wipe_keys(opts);
	free(opts->privkey_file);
	free(opts->ipaddr_text);
	free(opts->ptpaddr_text);
	free(opts->ipup);
	free(opts->ipdown);
	free(opts->arg);
	memset(opts, 0, sizeof(*opts));
}
