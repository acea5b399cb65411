// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The options parser. Octets up to the first \1 are an options file, the words
 * after it, parted by \1, a command line.
 */
#include <stdio.h>

#include "fuzz.h"
#include "options.h"
#include "secret.h"

#define WORDS_MAX 16

static FILE *null;

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	(void)argc;
	(void)argv;
	fuzz_init();
	null = fopen("/dev/null", "w");
	FUZZ_CHECK(null);
	return 0;
}

/* What the rest of the daemon relies on */
static void check(const struct options *o)
{
	FUZZ_CHECK(!o->key || o->key_len == 16 || o->key_len == 32);
	FUZZ_CHECK(o->key || o->privkey_file);
	FUZZ_CHECK(!o->privkey_file == !o->peerkey_len);
	FUZZ_CHECK(!o->peerkey_len ||
		   o->peerkey_len == (o->suite == OPTIONS_SUITE_25519 ? 32 : 65));
	FUZZ_CHECK(o->suite == OPTIONS_SUITE_25519 ||
		   o->cipher != CIPE_CIPHER_CHACHA20_POLY1305);
	FUZZ_CHECK(o->cipher != CIPE_CIPHER_UNSPEC && o->mode <= CIPE_MODE_ETHER);
	FUZZ_CHECK(o->mode != CIPE_MODE_IP || (o->ipaddr_text && o->ptpaddr_text));
	FUZZ_CHECK(o->ipup[0] == '/' && o->ipdown[0] == '/' && o->arg);
	FUZZ_CHECK(memchr(o->device, '\0', sizeof(o->device)) && !strchr(o->device, '/'));
	FUZZ_CHECK(o->tokey_ms >= 1000 && o->tokxc_ms >= 1000 && o->cttl <= 255 && o->maxerr >= -1);
	FUZZ_CHECK(o->tos <= 0xfc || o->tos == CIPE_TOS_INHERIT);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *words[WORDS_MAX + 1] = { NULL };
	struct options opts;
	char *text, *rest;
	size_t len;

	text = malloc(size + 1);
	FUZZ_CHECK(text);
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
