/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Files whose contents the daemon obeys: opened only if nobody but root can
 * have written them.
 */
#ifndef CIPED_OPTFILE_H
#define CIPED_OPTFILE_H

#include <stddef.h>
#include <sys/types.h>

/* Octets of the longest options file */
#define OPTFILE_SIZE_MAX (64 * 1024)
/* Size of what optfile_read() returns: there is room for a closing NUL */
#define OPTFILE_BUF_SIZE (OPTFILE_SIZE_MAX + 1)

/**
 * enum optfile_kind - what the file is for
 * @OPTFILE_OPTIONS: options, maybe a key: readable by nobody else
 * @OPTFILE_SCRIPT: run by the daemon: executable
 */
enum optfile_kind {
	OPTFILE_OPTIONS,
	OPTFILE_SCRIPT,
};

/**
 * struct optfile_why - what is wrong with a file
 * @text: a sentence for the administrator, with the way to put it right
 */
struct optfile_why {
	char text[512];
};

/**
 * optfile_open() - open a file if owner and permissions are as they must be
 * @path: absolute
 * @kind: what it is for
 * @why: filled in on error
 *
 * The file and every directory above it must belong to root and be writable
 * by nobody else; no part of the path may be a symbolic link.
 *
 * Return: a descriptor (O_CLOEXEC), -ENOENT when there is no such file (or
 * directory), -EINVAL for a path that cannot do, -EPERM when owner,
 * permissions or type are wrong, or another -errno.
 */
int optfile_open(const char *path, enum optfile_kind kind, struct optfile_why *why);

/**
 * optfile_open_under() - optfile_open() with another root and another owner
 * @root: directory at which @path starts, itself not checked
 * @path: absolute, as seen from @root
 * @owner: who must own all of it
 * @kind: what it is for
 * @why: filled in on error
 *
 * For unit tests; the daemon uses optfile_open().
 *
 * Return: as optfile_open().
 */
int optfile_open_under(int root, const char *path, uid_t owner, enum optfile_kind kind,
		       struct optfile_why *why);

/**
 * optfile_read() - read an options file into locked memory
 * @fd: from optfile_open()
 * @len: set to the octets read
 * @why: filled in on error
 *
 * Return: the contents, in OPTFILE_BUF_SIZE octets of memory to be released by
 * secret_free(); NULL on error.
 */
char *optfile_read(int fd, size_t *len, struct optfile_why *why);

#endif /* CIPED_OPTFILE_H */
