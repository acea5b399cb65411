// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What a link remembers across restarts: a file of a few lines of text, named
 * by the link's identity, replaced as a whole.
 */
#include "state.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <libgen.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "log.h"
#include "optvalue.h"

/* Where a value is not known */
#define NONE "-"

#define TEXT_MAX 512

/* No clock of ours says more (it is the year 2262), and more is left to count on */
#define SENT_MAX (UINT64_MAX / 2)

static void to_hex(const uint8_t *data, size_t len, char *text)
{
	size_t i;

	for (i = 0; i < len; i++)
		sprintf(text + 2 * i, "%02x", data[i]);
	text[2 * len] = '\0';
}

/* ------------------------------------------------------------------------
 * the file
 */

/* What follows the lines that must be there; what is missing stays unknown */
static void read_rest(struct state *st, FILE *file)
{
	char local[2 * STATE_LOCAL_LEN + 1] = "", boot[STATE_BOOT_LEN] = "";
	uint32_t link;
	int i;

	if (fscanf(file, " local %64s", local) != 1)
		return;
	st->have_local = !optvalue_hex(local, st->local, STATE_LOCAL_LEN);
	if (fscanf(file, " link %" SCNu32 " %36s keys", &link, boot) != 2)
		return;
	st->link = link;
	memcpy(st->boot, boot, sizeof(boot));
	for (i = 0; i < STATE_KEYS; i++)
		if (fscanf(file, " %8" SCNx32, &st->key[i]) != 1)
			break;
}

static int read_file(struct state *st)
{
	FILE *file = fopen(st->path, "re");
	uint64_t accepted, sent;

	if (!file)
		return errno == ENOENT ? 0 : -errno;
	if (fscanf(file, "accepted %" SCNu64 " sent %" SCNu64, &accepted, &sent) != 2 ||
	    sent > SENT_MAX) {
		fclose(file);
		return -EBADMSG;
	}
	st->accepted = accepted;
	st->sent = sent;
	st->known = true;
	read_rest(st, file);
	fclose(file);
	return 0;
}

static int write_all(const char *path, const char *text, size_t len, bool last)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
	int rc = 0;

	if (fd < 0)
		return -errno;
	errno = 0;
	if (write(fd, text, len) != (ssize_t)len)
		rc = errno ? -errno : -EIO;
	/* Else a crash of the machine might leave an empty file by that name, which
	 * is as none
	 */
	if (!rc && last && fdatasync(fd))
		rc = -errno;
	if (close(fd) && !rc)
		rc = -errno;
	return rc;
}

/* Else a crash of the machine might bring the file before it back */
static int sync_dir(const char *path)
{
	char copy[sizeof(((struct state *)0)->path)];
	int fd, rc = 0;

	snprintf(copy, sizeof(copy), "%s", path);
	fd = open(dirname(copy), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	if (fsync(fd))
		rc = -errno;
	close(fd);
	return rc;
}

static size_t format(const struct state *st, char text[TEXT_MAX])
{
	char local[2 * STATE_LOCAL_LEN + 1] = NONE;
	int len, i;

	if (st->have_local)
		to_hex(st->local, STATE_LOCAL_LEN, local);
	len = snprintf(text, TEXT_MAX, "accepted %" PRIu64 "\nsent %" PRIu64 "\nlocal %s\n"
		       "link %" PRIu32 " %s\nkeys", st->accepted, st->sent, local, st->link,
		       st->boot[0] ? st->boot : NONE);
	for (i = 0; i < STATE_KEYS && st->key[i]; i++)
		len += snprintf(text + len, TEXT_MAX - (size_t)len, " %08" PRIx32, st->key[i]);
	len += snprintf(text + len, TEXT_MAX - (size_t)len, "\n");
	return (size_t)len;
}

static int write_file(const struct state *st, bool last)
{
	char text[TEXT_MAX], temp[sizeof(st->path) + 8];
	int rc;

	if (!st->path[0])
		return 0;
	snprintf(temp, sizeof(temp), "%s.new", st->path);
	rc = write_all(temp, text, format(st, text), last);
	if (!rc && rename(temp, st->path))
		rc = -errno;
	if (rc)
		unlink(temp);
	return rc || !last ? rc : sync_dir(st->path);
}

static int save_file(const struct state *st, bool last)
{
	static struct log_limit limit = LOG_LIMIT_INIT;
	int rc = write_file(st, last);

	if (rc)
		log_limited(&limit, LOG_WARNING, "cannot write %s: %s; a restart will cost a "
			    "round trip more, and find no keys in use", st->path, strerror(-rc));
	return rc;
}

/**
 * state_forget() - the file is out of date, and cannot be replaced: remember nothing
 * @st: from state_open()
 * Return: 0 or -errno.
 */
int state_forget(const struct state *st)
{
	if (unlink(st->path) && errno != ENOENT)
		return -errno;
	return sync_dir(st->path);
}

/** state_path() - name the file by the link's identity */
void state_path(struct state *st, const char *dir, const uint8_t id[STATE_ID_LEN])
{
	char name[2 * STATE_ID_LEN + 1];

	to_hex(id, STATE_ID_LEN, name);
	snprintf(st->path, sizeof(st->path), "%s/%s.state", dir, name);
}

/**
 * state_open() - read what an earlier run remembered
 * @st: filled in; saved to the same file
 * @dir: STATE_DIR; created if need be
 * @id: identifies the link
 * Return: 0, or -errno when there is something unreadable: go on with nothing
 * remembered.
 */
int state_open(struct state *st, const char *dir, const uint8_t id[STATE_ID_LEN])
{
	memset(st, 0, sizeof(*st));
	st->save = save_file;
	if (mkdir(dir, 0700) && errno != EEXIST)
		log_debug("cannot create %s: %m", dir);
	state_path(st, dir, id);
	return read_file(st);
}

/* ------------------------------------------------------------------------
 * messages
 */

/**
 * state_accept() - what the peer wrote up to now is not new, also if the machine
 *	crashes
 * @st: from state_open()
 * @timestamp: of its latest message
 * Return: 0, or -errno when it could not be written down (and was logged).
 */
int state_accept(struct state *st, uint64_t timestamp)
{
	if (timestamp > st->accepted)
		st->accepted = timestamp;
	return st->save(st, true);
}

/**
 * state_local() - what makes messages of ours known again
 * @st: from state_open()
 * @local: drawn at random; replaced by what an earlier run drew, if there was
 *	one: else a message of that run, sent back by somebody, would pass as
 *	the peer's. Written down by the next state_accept() or state_stamp().
 */
void state_local(struct state *st, uint8_t local[STATE_LOCAL_LEN])
{
	if (st->have_local)
		memcpy(local, st->local, STATE_LOCAL_LEN);
	else
		memcpy(st->local, local, STATE_LOCAL_LEN);
	st->have_local = true;
}

/**
 * state_stamp() - a time stamp for a message of ours
 * @st: from state_open()
 * @wall_clock: nanoseconds since 1970
 *
 * Another run goes on from it. After a crash of the machine the clock is past it,
 * or the peer asks back: it is on the disk with the next state_accept() at the
 * latest.
 *
 * Return: @wall_clock, or more when that is not past every stamp before.
 */
uint64_t state_stamp(struct state *st, uint64_t wall_clock)
{
	st->sent = wall_clock > st->sent ? wall_clock : st->sent + 1;
	st->save(st, false);
	return st->sent;
}

/* ------------------------------------------------------------------------
 * interface and keys
 */

/** state_boot() - what names this start of the machine; "" when that is unknown */
void state_boot(char boot[STATE_BOOT_LEN])
{
	FILE *file = fopen("/proc/sys/kernel/random/boot_id", "re");

	boot[0] = '\0';
	if (!file)
		return;
	if (fscanf(file, "%36s", boot) != 1)
		boot[0] = '\0';
	fclose(file);
}

/** state_link() - number of our link since @boot; 0: there was none */
uint32_t state_link(const struct state *st, const char *boot)
{
	return boot[0] && !strcmp(boot, st->boot) ? st->link : 0;
}

/** state_set_link() - the link is ours now; other links' keys are not */
void state_set_link(struct state *st, uint32_t link, const char *boot)
{
	if (link == state_link(st, boot))
		return;
	st->link = link;
	snprintf(st->boot, sizeof(st->boot), "%s", boot);
	memset(st->key, 0, sizeof(st->key));
}

/** state_add_key() - a key of this rx id is about to be installed: no other start of
 *	the machine finds it
 */
void state_add_key(struct state *st, uint32_t rx_id)
{
	memmove(st->key + 1, st->key, sizeof(st->key) - sizeof(st->key[0]));
	st->key[0] = rx_id;
	st->save(st, false);
}

/** state_has_key() - did we install it, in this run or an earlier one? */
bool state_has_key(const struct state *st, uint32_t rx_id)
{
	int i;

	for (i = 0; i < STATE_KEYS; i++)
		if (rx_id && st->key[i] == rx_id)
			return true;
	return false;
}
