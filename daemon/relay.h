/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * ICMP errors on their way from the keeper, which has the raw socket, to the
 * parser, which reads them.
 */
#ifndef CIPED_RELAY_H
#define CIPED_RELAY_H

#include <ev.h>

/* ICMP errors of one socket passed on within a period, in seconds. Anybody can forge
 * them, and any number; what is true of them comes again.
 */
#define RELAY_MAX 64
#define RELAY_PERIOD 0.1

int relay_start(struct ev_loop *loop, int raw, int to);

#endif /* CIPED_RELAY_H */
