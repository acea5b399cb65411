// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Pid files that are locks.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "pidfile.h"

static pid_t pidfile_read(int fd)
{
	char text[24] = "";

	if (pread(fd, text, sizeof(text) - 1, 0) <= 0)
		return 0;
	return (pid_t)strtol(text, NULL, 10);
}

/* Open and lock; -EAGAIN when the file was deleted in between */
static int pidfile_open(const char *path, pid_t *holder)
{
	struct stat ours, there;
	int fd, err;

	/* Who can read it can lock it, and keep us from starting */
	fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd < 0)
		return -errno;
	if (flock(fd, LOCK_EX | LOCK_NB) < 0) {
		err = errno == EWOULDBLOCK ? EEXIST : errno;
		if (holder)
			*holder = pidfile_read(fd);
		goto fail;
	}
	/* The former holder deletes the file before it lets go of the lock:
	 * what we locked may be the deleted one.
	 */
	err = EAGAIN;
	if (fstat(fd, &ours) < 0 || stat(path, &there) < 0)
		goto fail;
	if (ours.st_dev != there.st_dev || ours.st_ino != there.st_ino)
		goto fail;
	return fd;

fail:
	close(fd);
	return -err;
}

int pidfile_lock(struct pidfile *pf, const char *device, pid_t *holder)
{
	char text[24];
	int fd, len;

	pf->fd = -1;
	if (holder)
		*holder = 0;
	if (mkdir(PIDFILE_DIR, 0755) < 0 && errno != EEXIST)
		return -errno;
	snprintf(pf->path, sizeof(pf->path), "%s/%s.pid", PIDFILE_DIR, device);

	do {
		fd = pidfile_open(pf->path, holder);
	} while (fd == -EAGAIN);
	if (fd < 0)
		return fd;

	len = snprintf(text, sizeof(text), "%d\n", (int)getpid());
	if (ftruncate(fd, 0) < 0 || pwrite(fd, text, (size_t)len, 0) != len) {
		int err = errno;

		unlink(pf->path);
		close(fd);
		return -err;
	}
	pf->fd = fd;
	return 0;
}

void pidfile_unlock(struct pidfile *pf)
{
	if (pf->fd < 0)
		return;
	unlink(pf->path);
	close(pf->fd);
	pf->fd = -1;
}
