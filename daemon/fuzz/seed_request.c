// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * seed_request DIRECTORY
 *
 * Writes seeds for fuzz_request: a good request of each kind, and the options of
 * two links as they are handed over, complete and cut short.
 */
#include <err.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "fuzz.h"
#include "handover.h"
#include "secret.h"
#include "tests/requests.h"

#define LINKS 2

static const char *const texts[LINKS] = {
	"key 0123456789abcdef0123456789abcdef\nipaddr 10.0.0.1\nptpaddr 10.0.0.2\n"
	"peer 192.0.2.1:6794\narg some words\nipup /etc/cipe/other\n",
	"key 0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef\nmode ether\n"
	"me 192.0.2.7:1\npeer 0.0.0.0:0\ndevice named\n",
};

/* The input: whether a descriptor comes with it, and what comes */
static void save(const char *dir, const char *name, bool with_fd, const void *data, size_t len)
{
	char path[4096];
	FILE *file;

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	file = fopen(path, "w");
	if (!file || fputc(with_fd, file) == EOF || fwrite(data, 1, len, file) != len ||
	    fclose(file))
		err(1, "%s", path);
}

static void save_requests(const char *dir)
{
	struct request r;
	char name[32];
	uint32_t op;
	bool with_fd;

	for (op = 0; op < REQUEST_OPS; op++) {
		with_fd = good_request(op, &r);
		FUZZ_CHECK(request_valid(&r, request_size(op), with_fd));
		snprintf(name, sizeof(name), "op-%u", op);
		save(dir, name, with_fd, &r, request_size(op));
	}
	good_request(REQUEST_LINK_SET, &r);
	r.set.what |= REQUEST_SET_SOCKET;
	save(dir, "socket", true, &r, request_size(r.op));
}

static void load(struct optset *set)
{
	FILE *null = fopen("/dev/null", "w");
	char text[256];
	size_t i;

	memset(set, 0, sizeof(*set));
	set->many = true;
	set->item = calloc(LINKS, sizeof(*set->item));
	FUZZ_CHECK(null && set->item);
	for (i = 0; i < LINKS; i++) {
		struct optset_item *item = calloc(1, sizeof(*item));

		FUZZ_CHECK(item);
		item->name = strdup(i ? "branch" : "");
		item->conf = (uint32_t)i + 7;
		snprintf(text, sizeof(text), "%s", texts[i]);
		FUZZ_CHECK(!options_load_text(text, strlen(text), NULL, &item->opts, null));
		set->item[set->count++] = item;
	}
	fclose(null);
}

static void save_handover(const char *dir)
{
	struct optset set, read;
	uint8_t *image;
	size_t size;

	load(&set);
	size = handover_size(&set);
	image = calloc(1, size);
	FUZZ_CHECK(image);
	handover_write(&set, image);
	FUZZ_CHECK(!handover_read(&read, image, size) && read.count == LINKS);
	save(dir, "handover", false, image, size);
	save(dir, "handover-cut", false, image, size - size / 4);
	optset_wipe(&read);
	optset_wipe(&set);
	free(image);
}

int main(int argc, char **argv)
{
	if (argc != 2)
		errx(2, "usage: %s DIRECTORY", argv[0]);
	FUZZ_CHECK(!secret_init(0));
	if (mkdir(argv[1], 0777) && access(argv[1], W_OK))
		err(1, "%s", argv[1]);
	save_requests(argv[1]);
	save_handover(argv[1]);
	return 0;
}
