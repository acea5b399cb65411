/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Which system calls each process of the daemon may make.
 */
#ifndef CIPED_SANDBOX_CALLS_H
#define CIPED_SANDBOX_CALLS_H

int sandbox_calls_keeper(void);
int sandbox_calls_parser(void);
int sandbox_calls_resolver(void);

#endif /* CIPED_SANDBOX_CALLS_H */
