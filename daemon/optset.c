// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The options of all links: which files there are, and what each link takes from
 * which.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "optparse.h"
#include "optset.h"
#include "opttable.h"
#include "optvalue.h"
#include "secret.h"

/**
 * struct source - where files are
 * @root: stands for the root directory
 * @tree: for struct optparse.root
 * @owner: for struct optparse.owner
 * @names: look names up
 * @err: takes messages
 */
struct source {
	int root;
	int tree;
	uid_t owner;
	bool names;
	FILE *err;
};

/* ------------------------------------------------------------------------
 * which files
 */

static int is_options(const struct dirent *d)
{
	size_t len = strlen(d->d_name), suffix = strlen(OPTSET_SUFFIX);

	return d->d_name[0] != '.' && len > suffix &&
	       !strcmp(d->d_name + len - suffix, OPTSET_SUFFIX);
}

/* Return: how many there are; 0 without the directory; -errno */
static int list(int root, struct dirent ***names)
{
	int n = scandirat(root, &OPTSET_DIR[1], names, is_options, alphasort);

	if (n >= 0)
		return n;
	*names = NULL;
	return errno == ENOENT ? 0 : -errno;
}

static void free_list(struct dirent **names, int n)
{
	while (n > 0)
		free(names[--n]);
	free(names);
}

size_t optset_count(void)
{
	struct dirent **names;
	int root = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
	int n = root < 0 ? 0 : list(root, &names);

	if (root >= 0)
		close(root);
	if (n <= 0)
		return 0;
	free_list(names, n);
	return (size_t)n;
}

/* ------------------------------------------------------------------------
 * a link
 */

static struct optparse parser(const struct source *src, struct options *opts)
{
	return (struct optparse){ .opts = opts, .err = src->err, .root = src->tree,
				  .owner = src->owner };
}

static struct optset_item *add_item(struct optset *set, const char *name, size_t len)
{
	struct optset_item *item = calloc(1, sizeof(*item)), **more;

	more = item ? realloc(set->item, (set->count + 1) * sizeof(*more)) : NULL;
	if (more)
		set->item = more;
	if (item)
		item->name = strndup(name, len);
	if (!more || !item->name) {
		free(item);
		return NULL;
	}
	set->item[set->count++] = item;
	return item;
}

/* One private key serves many links: it is read once */
static void find_privkey(struct optparse *p, const struct optset *set)
{
	const struct optset_item *before = set->count > 1 ? set->item[set->count - 2] : NULL;
	struct options *o = p->opts;

	if (!before || before->faulty || !before->opts.privkey || !o->privkey_file ||
	    strcmp(before->opts.privkey_file, o->privkey_file)) {
		optparse_read_privkey(p);
		return;
	}
	o->privkey = secret_alloc(OPTIONS_KEY_MAX);
	if (o->privkey)
		memcpy(o->privkey, before->opts.privkey, OPTIONS_KEY_MAX);
	else
		optfault(p, "privkey: no locked memory");
}

/* After all sources of a link were read */
static void finish(struct optparse *p, const struct source *src, struct optset *set,
		   struct optset_item *item)
{
	optparse_check(p);
	if (!p->faults)
		find_privkey(p, set);
	if (!p->faults && src->names)
		optparse_resolve(p);
	item->faulty = p->faults;
	set->faults += p->faults;
}

/* The device is named as the file, unless it says otherwise */
static void name_device(struct optparse *p, const char *name)
{
	const char *expected;

	if (p->opts->device[0])
		return;
	expected = optvalue_device(name, p->opts->device);
	if (expected)
		optfault(p, "the file's name without " OPTSET_SUFFIX " is not %s: set device, or "
			    "rename the file", expected);
}

/* Return: 0 or -ENOMEM */
static int load_link(const struct source *src, struct optset *set, const struct options *defaults,
		     const char *file)
{
	struct optset_item *item = add_item(set, file, strlen(file) - strlen(OPTSET_SUFFIX));
	char path[sizeof(OPTSET_DIR) + NAME_MAX + 1];
	struct optparse p;

	if (!item || options_copy(&item->opts, defaults))
		return -ENOMEM;
	snprintf(path, sizeof(path), OPTSET_DIR "/%s", file);
	p = parser(src, &item->opts);
	optparse_file(&p, path, true);
	p.file = path;
	name_device(&p, item->name);
	if (item->opts.debug && !defaults->debug)
		optfault(&p, "debug is for the whole daemon: put it into " OPTIONS_FILE);
	finish(&p, src, set, item);
	return 0;
}

/* ------------------------------------------------------------------------
 * all links
 */

/* Has OPTIONS_FILE a link of its own? It has if it says who the peer is: by a
 * key that is no addition to public keys, or by a public key.
 */
static bool has_link(const struct options *base)
{
	return base->peerkey_len || (base->key && !base->privkey_file);
}

static void forget_text(char **text)
{
	free(*text);
	*text = NULL;
}

/* What is one link's own is no default for others */
static void forget_own(struct options *o, bool link)
{
	o->device[0] = '\0';
	if (!link)
		return;
	o->peerkey_len = 0;
	memset(&o->peer, 0, sizeof(o->peer));
	forget_text(&o->ptpaddr_text);
	forget_text(&o->arg);
	if (o->key)
		secret_free(o->key, OPTIONS_KEY_MAX);
	o->key = NULL;
	o->key_len = 0;
	o->arg = strdup("");
}

static int load_own(const struct source *src, struct optset *set, const struct options *base)
{
	struct optset_item *item = add_item(set, "", 0);
	struct optparse p;

	if (!item || options_copy(&item->opts, base))
		return -ENOMEM;
	p = parser(src, &item->opts);
	p.file = OPTIONS_FILE;
	finish(&p, src, set, item);
	return 0;
}

static int by_device(const void *a, const void *b)
{
	const struct optset_item *x = *(struct optset_item *const *)a;
	const struct optset_item *y = *(struct optset_item *const *)b;
	int order = strcmp(x->opts.device, y->opts.device);

	return order ? order : strcmp(x->name, y->name);
}

/* Return: 0 or -ENOMEM */
static int check_devices(const struct source *src, struct optset *set)
{
	struct optset_item **sorted = calloc(set->count + 1, sizeof(struct optset_item *));
	size_t i;

	if (!sorted)
		return -ENOMEM;
	if (set->count)
		memcpy(sorted, set->item, set->count * sizeof(*sorted));
	qsort(sorted, set->count, sizeof(struct optset_item *), by_device);
	for (i = 1; i < set->count; i++) {
		struct optset_item *item = sorted[i];
		struct optparse p = parser(src, &item->opts);

		if (!item->opts.device[0] || strcmp(item->opts.device, sorted[i - 1]->opts.device))
			continue;
		optfault(&p, OPTSET_DIR "/%s" OPTSET_SUFFIX ": device %s is that of another link, "
			     "%s", item->name, item->opts.device,
			 sorted[i - 1]->name[0] ? sorted[i - 1]->name : OPTIONS_FILE);
		item->faulty = true;
		set->faults += p.faults;
	}
	free(sorted);
	return 0;
}

static int load_files(const struct source *src, struct optset *set, struct options *base,
		      struct dirent **names, int n)
{
	bool link = has_link(base);
	int rc = 0, i;

	if (link)
		rc = load_own(src, set, base);
	forget_own(base, link);
	if (!base->arg)
		rc = -ENOMEM;
	for (i = 0; i < n && !rc; i++)
		rc = load_link(src, set, base, names[i]->d_name);
	return rc ? rc : check_devices(src, set);
}

static int load_many(const struct source *src, struct optset *set, bool debug,
		     struct dirent **names, int n)
{
	struct options base = { 0 };
	struct optparse p = parser(src, &base);
	int rc = opttable_defaults(&base);

	set->many = true;
	if (!rc)
		optparse_file(&p, OPTIONS_FILE, false);
	set->broken = p.faults;
	set->faults = p.faults;
	base.debug |= debug;
	set->debug = base.debug;
	if (!rc && !set->broken)
		rc = load_files(src, set, &base, names, n);
	options_wipe(&base);
	if (rc) {
		fprintf(src->err, "no memory, or no locked memory, for the options of all links\n");
		set->broken = true;
	}
	return set->broken ? EX_CONFIG : 0;
}

/* ------------------------------------------------------------------------
 * sources
 */

/* Nothing but "debug"; what it says if so */
static bool is_plain(int argc, char **argv, bool *debug)
{
	int i;

	*debug = false;
	for (i = 1; i < argc; i++) {
		if (strncmp(argv[i], "debug", 5) || (argv[i][5] && argv[i][5] != '=') ||
		    (argv[i][5] && optvalue_bool(argv[i] + 6, debug)))
			return false;
		if (!argv[i][5])
			*debug = true;
	}
	return true;
}

static int load_one(int argc, char **argv, bool names, struct optset *set, FILE *err)
{
	struct optset_item *item = add_item(set, "", 0);
	int rc;

	if (!item) {
		fprintf(err, "ciped: no memory\n");
		return EX_OSERR;
	}
	rc = options_load(argc, argv, names, &item->opts, err);
	item->faulty = rc;
	set->faults = rc > 0;
	set->broken = rc;
	set->debug = item->opts.debug;
	return rc;
}

static int load_dir(const struct source *src, bool many, struct optset *set, bool debug)
{
	struct dirent **names;
	int n = list(src->root, &names), rc;

	if (n < 0) {
		fprintf(src->err, OPTSET_DIR ": %s\n", strerror(-n));
		set->broken = true;
		set->faults = 1;
		return EX_CONFIG;
	}
	rc = n || many ? load_many(src, set, debug, names, n) : 0;
	free_list(names, n);
	return rc;
}

int optset_load(int argc, char **argv, bool many, bool names, struct optset *set, FILE *err)
{
	struct source src = { .tree = -1, .names = names, .err = err };
	bool debug;
	int rc = 0;

	memset(set, 0, sizeof(*set));
	if (is_plain(argc, argv, &debug)) {
		src.root = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
		if (src.root >= 0) {
			rc = load_dir(&src, many, set, debug);
			close(src.root);
		}
	}
	return rc || set->many ? rc : load_one(argc, argv, names, set, err);
}

int optset_load_under(int root, uid_t owner, struct optset *set, FILE *err)
{
	struct source src = { .root = root, .tree = root, .owner = owner, .err = err };

	memset(set, 0, sizeof(*set));
	return load_dir(&src, false, set, false);
}

void optset_item_free(struct optset_item *item)
{
	if (!item)
		return;
	options_wipe(&item->opts);
	free(item->name);
	free(item);
}

void optset_wipe(struct optset *set)
{
	size_t i;

	for (i = 0; i < set->count; i++)
		optset_item_free(set->item[i]);
	free(set->item);
	memset(set, 0, sizeof(*set));
}

bool optset_any_fips(const struct optset *set)
{
	size_t i;

	for (i = 0; i < set->count; i++)
		if (set->item[i]->opts.suite == OPTIONS_SUITE_FIPS)
			return true;
	return false;
}
