/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * cipe-cli: what its commands share.
 */
#ifndef _CIPE_CLI_H
#define _CIPE_CLI_H

#include "cipe-nl.h"

/* Each takes the words after its name, and returns the exit status */
int cmd_add(int argc, char **argv);
int cmd_set(int argc, char **argv);
int cmd_key(int argc, char **argv);
int cmd_keydel(int argc, char **argv);
int cmd_get(int argc, char **argv);
int cmd_dump(int argc, char **argv);
int cmd_errors(int argc, char **argv);
int cmd_save(int argc, char **argv);
int cmd_delta(int argc, char **argv);
int cmd_monitor(int argc, char **argv);
int cmd_hold(int argc, char **argv);
int cmd_orphan(int argc, char **argv);

/* Says how it is used; returns the exit status for that */
int usage(void);

/* Says what failed, if it did; returns the exit status */
int report(const char *what, const struct cipe_nl *nl, int err);

void open_or_die(struct cipe_nl *nl);
void put_link(struct nl_msg *msg, const char *link);
int enter_netns(const char *path);

/* Facts of one link or event, in the order they came */
struct facts {
	size_t n;
	struct {
		char name[32];
		char value[160];
	} f[160];
};

/* For cipe_nl_call(): @arg is a struct facts */
void read_facts(struct nlmsghdr *nlh, void *arg);

/* Returns the exit status */
int get_facts(const char *link, struct facts *facts);

/* "-" if there is none */
const char *fact(const struct facts *facts, const char *name);

void print_line(const struct facts *facts, FILE *out);
const char *name_of(unsigned int i, const char *const *names, size_t n);

#endif /* _CIPE_CLI_H */
