// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Opening files safely: from the root directory down, one component at a time,
 * each checked by its descriptor. What was checked is what is read.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "optfile.h"
#include "secret.h"

static int __attribute__((format(printf, 3, 4)))
refuse(struct optfile_why *why, int err, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(why->text, sizeof(why->text), fmt, ap);
	va_end(ap);
	return -err;
}

/* Only root can have put there what is there */
static int check_owner(const struct stat *st, const char *path, uid_t owner,
		       struct optfile_why *why)
{
	const char *what = S_ISDIR(st->st_mode) ? "directory " : "";

	if (st->st_uid != owner)
		return refuse(why, EPERM,
			      "%s%s belongs to user %u and must belong to user %u (chown %u %s)",
			      what, path, st->st_uid, owner, owner, path);
	if (S_ISDIR(st->st_mode) && (st->st_mode & S_ISVTX) && (st->st_mode & S_IWOTH))
		return refuse(why, EPERM,
			      "directory %s is for temporary files of everybody: keep the file "
			      "elsewhere (/etc/cipe)", path);
	if (st->st_mode & (S_IWGRP | S_IWOTH))
		return refuse(why, EPERM,
			      "%s%s can be written by others than its owner (chmod go-w %s)", what,
			      path, path);
	return 0;
}

static int check_file(const struct stat *st, const char *path, uid_t owner,
		      enum optfile_kind kind, struct optfile_why *why)
{
	int err;

	if (!S_ISREG(st->st_mode))
		return refuse(why, EPERM, "%s is not a regular file", path);
	err = check_owner(st, path, owner, why);
	if (err)
		return err;
	if (kind == OPTFILE_OPTIONS && (st->st_mode & (S_IRWXG | S_IRWXO)))
		return refuse(why, EPERM,
			      "%s holds secrets and can be read by others than its owner "
			      "(chmod 600 %s; make a new key if others had access)", path, path);
	if (kind == OPTFILE_SCRIPT && !(st->st_mode & S_IXUSR))
		return refuse(why, EPERM, "%s is not executable (chmod 755 %s)", path, path);
	return 0;
}

/* openat() failed for the component that ends @path */
static int open_failed(int err, const char *path, struct optfile_why *why)
{
	/* With O_DIRECTORY the kernel answers ENOTDIR for symbolic links too */
	if (err == ELOOP || err == ENOTDIR)
		return refuse(why, EPERM,
			      "%s is a symbolic link or not of the kind it must be: name the file "
			      "itself (readlink -f %s)", path, path);
	return refuse(why, err, "%s: %s", path, strerror(err));
}

static int open_dir(int at, const char *name, const char *path, uid_t owner,
		    struct optfile_why *why)
{
	struct stat st;
	int fd, err;

	fd = openat(at, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0)
		return open_failed(errno, path, why);
	if (fstat(fd, &st) < 0)
		err = refuse(why, errno, "%s: %s", path, strerror(errno));
	else
		err = check_owner(&st, path, owner, why);
	if (err) {
		close(fd);
		return err;
	}
	return fd;
}

static int open_file(int at, const char *name, const char *path, uid_t owner,
		     enum optfile_kind kind, struct optfile_why *why)
{
	struct stat st;
	int fd, err;

	/* O_NONBLOCK: a FIFO must not hold us up. It is refused below. */
	fd = openat(at, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	if (fd < 0)
		return open_failed(errno, path, why);
	if (fstat(fd, &st) < 0)
		err = refuse(why, errno, "%s: %s", path, strerror(errno));
	else
		err = check_file(&st, path, owner, kind, why);
	if (err) {
		close(fd);
		return err;
	}
	return fd;
}

/* Syntax of the path: absolute, of sensible length, without ".." */
static int check_path(const char *path, struct optfile_why *why)
{
	size_t len = strlen(path);

	if (path[0] != '/')
		return refuse(why, EINVAL, "%s: the path must be absolute (begin with /)", path);
	if (len >= PATH_MAX)
		return refuse(why, ENAMETOOLONG, "the path is longer than %d characters", PATH_MAX);
	if (strstr(path, "/../") || (len >= 3 && !strcmp(path + len - 3, "/..")))
		return refuse(why, EINVAL, "%s: \"..\" is not allowed in the path", path);
	if (path[len - 1] == '/')
		return refuse(why, EINVAL, "%s: the path must name a file", path);
	return 0;
}

int optfile_open_under(int root, const char *path, uid_t owner, enum optfile_kind kind,
		       struct optfile_why *why)
{
	char sofar[PATH_MAX];
	char *start, *end;
	int dir, fd, err;

	err = check_path(path, why);
	if (err)
		return err;
	strcpy(sofar, path);
	dir = fcntl(root, F_DUPFD_CLOEXEC, 0);
	if (dir < 0)
		return refuse(why, errno, "%s: %s", path, strerror(errno));

	/* sofar is cut behind the component that is opened, then mended */
	for (start = sofar + 1; (end = strchr(start, '/')); start = end + 1) {
		if (end == start)
			continue;	/* "//" */
		*end = '\0';
		fd = open_dir(dir, start, sofar, owner, why);
		*end = '/';
		close(dir);
		if (fd < 0)
			return fd;
		dir = fd;
	}
	fd = open_file(dir, start, sofar, owner, kind, why);
	close(dir);
	return fd;
}

int optfile_open(const char *path, enum optfile_kind kind, struct optfile_why *why)
{
	int root, fd;

	root = open_dir(AT_FDCWD, "/", "/", 0, why);
	if (root < 0)
		return root;
	fd = optfile_open_under(root, path, 0, kind, why);
	close(root);
	return fd;
}

char *optfile_read(int fd, size_t *len, struct optfile_why *why)
{
	char *data = secret_alloc(OPTFILE_BUF_SIZE);
	size_t have = 0;
	ssize_t n = 1;
	char more;

	if (!data) {
		refuse(why, ENOMEM, "no memory for the file: %s", strerror(errno));
		return NULL;
	}
	while (have < OPTFILE_SIZE_MAX) {
		n = read(fd, data + have, OPTFILE_SIZE_MAX - have);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			break;
		have += (size_t)n;
	}
	if (n > 0)
		n = read(fd, &more, 1);
	if (n) {
		if (n < 0)
			refuse(why, errno, "cannot be read: %s", strerror(errno));
		else
			refuse(why, EFBIG, "is longer than %d octets", OPTFILE_SIZE_MAX);
		secret_free(data, OPTFILE_BUF_SIZE);
		return NULL;
	}
	*len = have;
	return data;
}
