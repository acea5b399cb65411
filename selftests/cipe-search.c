// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * cipe-search FILE SKIP PID...
 *
 * Looks for keys in the memory of processes: FILE has them, 32 octets each, and
 * of the last SKIP nothing is sought. Prints a line for each half of a key that
 * is found: the number of the key, the process and where; then how many keys
 * were sought in how much memory. Exit status: 0 nothing found, 1 something
 * found, 2 it could not be done.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define KEY_LEN 32
#define HALF (KEY_LEN / 2)

static uint8_t *keys;
static size_t count;
static size_t begins[1 << 16];	/* halves, by their first two octets: 1 + the last one */
static size_t *before;		/* the same for the one before it that begins so */
static unsigned long long searched;
static bool found;

static void die(const char *what)
{
	fprintf(stderr, "cipe-search: %s: %s\n", what, strerror(errno));
	exit(2);
}

static void read_keys(const char *path, size_t skip)
{
	FILE *file = fopen(path, "r");
	long size;
	size_t i;

	if (!file || fseek(file, 0, SEEK_END) || (size = ftell(file)) < 0)
		die(path);
	rewind(file);
	keys = malloc((size_t)size + 1);
	if (!keys || fread(keys, 1, (size_t)size, file) != (size_t)size)
		die(path);
	fclose(file);
	count = (size_t)size / KEY_LEN;
	count = count > skip ? count - skip : 0;
	before = calloc(2 * count + 1, sizeof(*before));
	if (!before)
		die(path);
	for (i = 0; i < 2 * count; i++) {
		size_t *last = &begins[keys[i * HALF] << 8 | keys[i * HALF + 1]];

		before[i] = *last;
		*last = i + 1;
	}
}

static void compare(const char *pid, const char *map, unsigned long at, const uint8_t *mem)
{
	size_t i, next;

	for (next = begins[mem[0] << 8 | mem[1]]; next; next = before[i]) {
		i = next - 1;
		if (memcmp(mem, keys + i * HALF, HALF))
			continue;
		printf("key %zu, half %zu, in process %s at %lx, %s", i / 2, i % 2 + 1, pid, at,
		       map);
		found = true;
	}
}

/* What is there of any key, in 1 MiB at a time and the half key after it */
static void search(const char *pid, const char *map, unsigned long at, const uint8_t *mem,
		   size_t len)
{
	size_t i;

	for (i = 0; i + HALF <= len; i++)
		compare(pid, map, at + i, mem + i);
}

static void search_map(const char *pid, int fd, const char *map, unsigned long at,
		       unsigned long end)
{
	static uint8_t mem[(1 << 20) + HALF];
	const size_t step = sizeof(mem) - HALF;
	ssize_t n;

	for (; at < end; at += step) {
		size_t len = end - at < sizeof(mem) ? end - at : sizeof(mem);

		n = pread(fd, mem, len, (off_t)at);
		if (n < 0)
			continue;	/* a guard page, vvar */
		searched += (unsigned long long)n;
		search(pid, map, at, mem, (size_t)n);
	}
}

static void search_process(const char *pid)
{
	char path[64], line[512];
	unsigned long from, to;
	char mode[8];
	FILE *maps;
	int fd;

	snprintf(path, sizeof(path), "/proc/%s/mem", pid);
	fd = open(path, O_RDONLY);
	if (fd < 0)
		die(path);
	snprintf(path, sizeof(path), "/proc/%s/maps", pid);
	maps = fopen(path, "r");
	if (!maps)
		die(path);
	/* What can be written to; and what cannot, as it may have been */
	while (fgets(line, sizeof(line), maps))
		if (sscanf(line, "%lx-%lx %7s", &from, &to, mode) == 3)
			search_map(pid, fd, line, from, to);
	fclose(maps);
	close(fd);
}

int main(int argc, char **argv)
{
	int i;

	if (argc < 4) {
		fprintf(stderr, "usage: cipe-search FILE SKIP PID...\n");
		return 2;
	}
	read_keys(argv[1], strtoul(argv[2], NULL, 10));
	for (i = 3; i < argc; i++)
		search_process(argv[i]);
	printf("%zu keys sought in %llu KiB of %d processes\n", count, searched / 1024, argc - 3);
	if (!count || !searched)
		return 2;
	return found;
}
