/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The process a script runs in: arguments, environment, nothing inherited.
 */
#ifndef CIPED_HOOKS_CHILD_H
#define CIPED_HOOKS_CHILD_H

#include <sys/types.h>

#include "hooks.h"

#define HOOKS_CHILD_ARGS	8
#define HOOKS_CHILD_VARS	13

/**
 * struct hooks_child - what execve() takes
 * @argv: the script and its six arguments, closed by NULL
 * @envp: the whole environment, closed by NULL
 */
struct hooks_child {
	char *argv[HOOKS_CHILD_ARGS];
	char *envp[HOOKS_CHILD_VARS];
};

/**
 * hooks_child_init() - build arguments and environment
 * @child: all zero; released by hooks_child_free(), also after an error
 * @event: up or down
 * @path: of the script
 * @facts: copied
 *
 * Return: 0 or -ENOMEM.
 */
int hooks_child_init(struct hooks_child *child, enum hooks_event event, const char *path,
		     const struct hooks_facts *facts);

/**
 * hooks_child_free() - release what hooks_child_init() allocated
 * @child: from hooks_child_init(), or all zero
 */
void hooks_child_free(struct hooks_child *child);

/**
 * hooks_child_spawn() - run the script in a process group of its own
 * @child: from hooks_child_init()
 * @output: becomes stdout and stderr
 *
 * stdin is /dev/null, no other descriptor stays open, signals are as by
 * default, umask is 022, the working directory /.
 *
 * Return: the process id, or -errno. When the script cannot be executed the
 * process ends with 127 or 126, as a shell's would.
 */
pid_t hooks_child_spawn(const struct hooks_child *child, int output);

#endif /* CIPED_HOOKS_CHILD_H */
