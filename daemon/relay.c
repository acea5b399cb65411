// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * ICMP errors on their way.
 */
#include "relay.h"

#include <errno.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "icmp.h"

/**
 * struct relay - it lives as long as the parser's end is open
 * @io: @raw is readable
 * @closed: @to is: the parser, which has nothing to say, has closed its end
 * @period: runs until one passes in which nothing came
 * @left: how many may be in this one
 * @raw: where all ICMP errors arrive
 * @to: the parser has the other end
 */
struct relay {
	ev_io io;
	ev_io closed;
	ev_timer period;
	unsigned int left;
	int raw;
	int to;
};

static void relay_free(struct ev_loop *loop, struct relay *relay)
{
	ev_io_stop(loop, &relay->io);
	ev_io_stop(loop, &relay->closed);
	ev_timer_stop(loop, &relay->period);
	close(relay->raw);
	close(relay->to);
	free(relay);
}

static void on_closed(struct ev_loop *loop, ev_io *w, int revents)
{
	(void)revents;
	relay_free(loop, w->data);
}

/* What is in it is none of our business. The parser looks. */
static void on_icmp(struct ev_loop *loop, ev_io *w, int revents)
{
	const size_t head = offsetof(struct icmp_datagram, data);
	struct relay *relay = w->data;
	struct icmp_datagram datagram;
	struct sockaddr_storage ss;
	socklen_t len;
	ssize_t n;

	(void)revents;
	if (!ev_is_active(&relay->period))
		ev_timer_again(loop, &relay->period);
	for (; relay->left; relay->left--) {
		len = sizeof(ss);
		n = recvfrom(relay->raw, datagram.data, sizeof(datagram.data), MSG_DONTWAIT,
			     (struct sockaddr *)&ss, &len);
		if (n < 0)
			return;
		memset(&datagram.from, 0, sizeof(datagram.from));
		addr_set(&datagram.from, &ss, len);
		/* What it has no room for it does not miss; that it is gone we hear */
		if (send(relay->to, &datagram, head + (size_t)n, MSG_DONTWAIT | MSG_NOSIGNAL) < 0 &&
		    errno != EAGAIN && errno != ENOBUFS)
			break;
	}
	ev_io_stop(loop, w);
}

static void on_period(struct ev_loop *loop, ev_timer *w, int revents)
{
	struct relay *relay = w->data;

	(void)revents;
	if (relay->left == RELAY_MAX)
		ev_timer_stop(loop, w);
	relay->left = RELAY_MAX;
	ev_io_start(loop, &relay->io);
}

/**
 * relay_start() - pass ICMP errors on until nobody is there to read them
 * @loop: the event loop
 * @raw: of sockets_icmp(); taken in any case
 * @to: one end of a channel, of which the other is only read from; taken likewise
 * Return: 0 or -ENOMEM.
 */
int relay_start(struct ev_loop *loop, int raw, int to)
{
	struct relay *relay = calloc(1, sizeof(*relay));

	if (!relay) {
		close(raw);
		close(to);
		return -ENOMEM;
	}
	relay->raw = raw;
	relay->to = to;
	relay->left = RELAY_MAX;
	ev_io_init(&relay->io, on_icmp, raw, EV_READ);
	ev_io_init(&relay->closed, on_closed, to, EV_READ);
	ev_timer_init(&relay->period, on_period, 0., RELAY_PERIOD);
	relay->io.data = relay->closed.data = relay->period.data = relay;
	ev_io_start(loop, &relay->io);
	ev_io_start(loop, &relay->closed);
	return 0;
}
