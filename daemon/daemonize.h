/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Into the background, with the caller waiting for the outcome of the start.
 */
#ifndef CIPED_DAEMONIZE_H
#define CIPED_DAEMONIZE_H

/**
 * daemonize_begin() - fork; go on in the child, in a session of its own
 * @waiting: called in the parent before it waits: it may forget what it has
 * @ctx: for @waiting
 *
 * Call before the event loop, sockets and threads exist. The parent never
 * returns from here: it waits for daemonize_ready() and then exits with 0; if
 * the child ends before, it exits with the child's exit code. stderr stays.
 *
 * Return: 0 in the child, -errno when there is none.
 */
int daemonize_begin(void (*waiting)(void *ctx), void *ctx);

/**
 * daemonize_ready() - the start succeeded: let the caller's command return
 *
 * Detaches from stdin, stdout, stderr and the working directory and calls
 * log_detach(). Does nothing without daemonize_begin().
 */
void daemonize_ready(void);

/**
 * daemonize_leave() - another process of the daemon: say nothing to whoever
 * waits for the start, and let go of the terminal
 */
void daemonize_leave(void);

#endif /* CIPED_DAEMONIZE_H */
