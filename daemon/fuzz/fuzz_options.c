// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Fuzz target: the options parser. Octets up to the first \1 are an options
 * file, the words after it, parted by \1, a command line. Seeds and, as they are
 * found, inputs that once failed are in fuzz/seeds_options.
 */
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "options.h"
#include "secret.h"

#define WORDS_MAX 16

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* What the rest of the daemon relies on */
static void check(const struct options *o)
{
	if (!o->peer.set || !o->key || (o->key_len != 16 && o->key_len != 32))
		abort();
	if (o->mode == CIPE_MODE_IP && (!o->ipaddr_text || !o->ptpaddr_text))
		abort();
	if (o->ipup[0] != '/' || o->ipdown[0] != '/' || !o->arg)
		abort();
	if (memchr(o->device, '\0', sizeof(o->device)) == NULL || strchr(o->device, '/'))
		abort();
	if (o->tokey_ms < 1000 || o->tokxc_ms < 1000 || o->cttl > 255 || o->maxerr < -1)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static FILE *null;
	char *words[WORDS_MAX + 1] = { NULL };
	struct options opts;
	char *text, *rest;
	size_t len;

	if (!null) {
		null = fopen("/dev/null", "w");
		if (!null || secret_init(0))
			abort();
	}
	text = malloc(size + 1);
	if (!text)
		abort();
	memcpy(text, data, size);
	text[size] = '\0';
	rest = memchr(text, '\1', size);
	len = rest ? (size_t)(rest - text) : size;
	for (int i = 0; rest && i < WORDS_MAX; i++) {
		*rest++ = '\0';
		words[i] = rest;
		rest = strchr(rest, '\1');
	}
	if (!options_load_text(text, len, words, &opts, null))
		check(&opts);
	options_wipe(&opts);
	free(text);
	return 0;
}
