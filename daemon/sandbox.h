/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What each process of the daemon keeps of its rights, and of its memory.
 */
#ifndef CIPED_SANDBOX_H
#define CIPED_SANDBOX_H

#include <sys/types.h>

/* Who the parser and the resolver run as, if there is such a user; else nobody */
#define SANDBOX_USER "cipe"

/**
 * struct sandbox_user - an unprivileged user
 * @uid: user
 * @gid: its group
 */
struct sandbox_user {
	uid_t uid;
	gid_t gid;
};

/* What an administrator can do about it */
#define SANDBOX_LOCK_HELP "Give CAP_IPC_LOCK, or raise the limit: LimitMEMLOCK= of systemd, " \
	"--ulimit memlock= of containers, ulimit -l of a shell"

/* Of sandbox_lock_memory(): there is no right to lock more than keys */
#define SANDBOX_KEYS_ONLY 1

void sandbox_find_user(struct sandbox_user *user);
unsigned long long sandbox_lock_limit(void);
int sandbox_lock_memory(void);
int sandbox_child(pid_t keeper);
int sandbox_keeper(void);
int sandbox_drop(const struct sandbox_user *user);
int sandbox_alone(void);
int sandbox_parser(void);
int sandbox_resolver(void);

#endif /* CIPED_SANDBOX_H */
