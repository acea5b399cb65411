// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The file with our private key: 64 hexadecimal digits, as cipectl genkey
 * writes them.
 */
#include <string.h>
#include <unistd.h>

#include "optfile.h"
#include "optparse.h"
#include "optvalue.h"
#include "secret.h"

/* @text: @len octets and one more */
static void parse(struct optparse *p, char *text, size_t len)
{
	struct options *o = p->opts;

	while (len && strchr(" \t\r\n", text[len - 1]))
		len--;
	text[len] = '\0';
	o->privkey = secret_alloc(OPTIONS_KEY_MAX);
	if (!o->privkey)
		optfault(p, "privkey: no locked memory");
	else if (optvalue_hex(text, o->privkey, OPTIONS_KEY_MAX))
		optfault(p, "privkey: found %zu characters in %s, expected 64 hexadecimal digits "
			    "(cipectl genkey makes them)", len, o->privkey_file);
}

void optparse_read_privkey(struct optparse *p)
{
	struct optfile_why why;
	size_t len;
	char *text;
	int fd;

	if (!p->opts->privkey_file)
		return;
	fd = optparse_open(p, p->opts->privkey_file, &why);
	if (fd < 0) {
		optfault(p, "privkey: %s", why.text);
		return;
	}
	text = optfile_read(fd, &len, &why);
	close(fd);
	if (!text) {
		optfault(p, "privkey: %s %s", p->opts->privkey_file, why.text);
		return;
	}
	parse(p, text, len);
	secret_free(text, OPTFILE_BUF_SIZE);
}
