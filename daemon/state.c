// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What a link remembers across restarts: STATE_DIR/DEVICE.state, a few lines of
 * text, replaced as a whole.
 */
#include "state.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "log.h"
#include "optvalue.h"

static const char format[] = "peer %s\naccepted %" PRIu64 "\nsent %" PRIu64 "\n%s%s\n";

static void to_hex(const uint8_t *data, size_t len, char *text)
{
	size_t i;

	for (i = 0; i < len; i++)
		sprintf(text + 2 * i, "%02x", data[i]);
	text[2 * len] = '\0';
}

static int read_file(struct state *st)
{
	char id[2 * STATE_ID_LEN + 1], found[2 * STATE_ID_LEN + 1] = "";
	char local[2 * STATE_LOCAL_LEN + 1] = "";
	uint64_t accepted, sent;
	FILE *file = fopen(st->path, "re");
	int n;

	if (!file)
		return errno == ENOENT ? 0 : -errno;
	n = fscanf(file, "peer %16s accepted %" SCNu64 " sent %" SCNu64 " local %64s", found, &accepted,
		   &sent, local);
	fclose(file);
	if (n < 3)
		return -EBADMSG;
	to_hex(st->id, STATE_ID_LEN, id);
	if (strcmp(id, found))
		return 0;
	st->accepted = accepted;
	st->sent = sent;
	st->known = true;
	st->have_local = !optvalue_hex(local, st->local, STATE_LOCAL_LEN);
	return 0;
}

static int write_all(const char *path, const char *text, size_t len)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
	int rc = 0;

	if (fd < 0)
		return -errno;
	if (write(fd, text, len) != (ssize_t)len)
		rc = errno ? -errno : -EIO;
	/* Else a crash of the machine might leave an empty file by that name */
	if (!rc && fdatasync(fd))
		rc = -errno;
	if (close(fd) && !rc)
		rc = -errno;
	return rc;
}

static int write_file(const struct state *st)
{
	char id[2 * STATE_ID_LEN + 1], local[2 * STATE_LOCAL_LEN + 1] = "";
	char text[256], temp[sizeof(st->path) + 8];
	int len, rc;

	if (!st->path[0])
		return 0;
	to_hex(st->id, STATE_ID_LEN, id);
	if (st->have_local)
		to_hex(st->local, STATE_LOCAL_LEN, local);
	len = snprintf(text, sizeof(text), format, id, st->accepted, st->sent,
		       st->have_local ? "local " : "", local);
	snprintf(temp, sizeof(temp), "%s.new", st->path);
	errno = 0;
	rc = write_all(temp, text, (size_t)len);
	if (!rc && rename(temp, st->path))
		rc = -errno;
	if (rc)
		unlink(temp);
	return rc;
}

static int save(const struct state *st)
{
	static struct log_limit limit = LOG_LIMIT_INIT;
	int rc = write_file(st);

	if (rc)
		log_limited(&limit, LOG_WARNING, "cannot write %s: %s; after a restart old key "
			    "exchange messages may be answered once more", st->path,
			    strerror(-rc));
	return rc;
}

/**
 * state_open() - read what an earlier run remembered
 * @st: filled in
 * @dir: STATE_DIR; created if need be
 * @device: name of the interface
 * @id: identifies the peer
 * Return: 0, or -errno when there is something unreadable: go on with nothing
 * remembered.
 */
int state_open(struct state *st, const char *dir, const char *device,
	       const uint8_t id[STATE_ID_LEN])
{
	memset(st, 0, sizeof(*st));
	memcpy(st->id, id, STATE_ID_LEN);
	if (mkdir(dir, 0700) && errno != EEXIST)
		log_debug("cannot create %s: %m", dir);
	snprintf(st->path, sizeof(st->path), "%s/%s.state", dir, device);
	return read_file(st);
}

/**
 * state_accept() - a message of the peer is being answered
 * @st: from state_open()
 * @timestamp: of the message
 * Return: 0, or -errno when it could not be written down (and was logged).
 */
int state_accept(struct state *st, uint64_t timestamp)
{
	if (timestamp > st->accepted)
		st->accepted = timestamp;
	return save(st);
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
 * Return: @wall_clock, or more when that is not past every stamp before.
 */
uint64_t state_stamp(struct state *st, uint64_t wall_clock)
{
	st->sent = wall_clock > st->sent ? wall_clock : st->sent + 1;
	save(st);
	return st->sent;
}
