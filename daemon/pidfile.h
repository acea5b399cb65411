/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * /run/cipe/DEVICE.pid: who runs a link, and the lock that keeps it at one.
 */
#ifndef CIPED_PIDFILE_H
#define CIPED_PIDFILE_H

#include <net/if.h>
#include <stdint.h>
#include <sys/types.h>

#define PIDFILE_DIR	"/run/cipe"

/**
 * struct pidfile - a pid file we hold
 * @fd: open and locked as long as we live; -1: none
 * @path: of the file
 */
struct pidfile {
	int fd;
	char path[sizeof(PIDFILE_DIR) + IFNAMSIZ + sizeof(".pid") + 64];
};

#define PIDFILE_INIT { .fd = -1 }

/**
 * pidfile_lock() - take the lock for a device and write our process id
 * @pf: filled in
 * @device: name of the interface
 * @holder: the process id of who holds it, when -EEXIST; 0 if unknown. May be
 *	NULL.
 *
 * Call in the process that stays (after daemonize_begin()), the keeper. A file
 * left behind by a daemon that died is taken over.
 *
 * Return: 0, -EEXIST when another daemon runs the device, or -errno. Nothing
 * is logged.
 */
int pidfile_lock(struct pidfile *pf, const char *device, pid_t *holder);

/**
 * pidfile_unlock() - delete the file, release the lock
 * @pf: from pidfile_lock(), or PIDFILE_INIT
 */
void pidfile_unlock(struct pidfile *pf);

/**
 * pidfile_create() - ask the keeper for pidfile_lock()
 * @pf: as there; @fd is 0 while the keeper holds the file
 * @conf: of the configured link
 * @device: as there
 * @holder: as there
 *
 * Return: as there.
 */
int pidfile_create(struct pidfile *pf, uint32_t conf, const char *device, pid_t *holder);

/**
 * pidfile_remove() - ask the keeper for pidfile_unlock()
 * @pf: from pidfile_create(), or PIDFILE_INIT
 * @conf: of the configured link
 */
void pidfile_remove(struct pidfile *pf, uint32_t conf);

#endif /* CIPED_PIDFILE_H */
