// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What the keeper tells the others: it waits for none of them.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "channel.h"
#include "keeper_impl.h"
#include "log.h"

/* Events that may wait beside those of links */
#define QUEUE_SPARE 64

/* ------------------------------------------------------------------------
 * queues
 */

static void message_free(struct keeper_message *m)
{
	if (m->pass >= 0)
		close(m->pass);
	free(m);
}

static void on_room(struct ev_loop *loop, ev_io *w, int revents)
{
	struct keeper_queue *q = w->data;
	struct keeper_message *m;

	(void)revents;
	while ((m = STAILQ_FIRST(&q->waiting))) {
		if (channel_try_send(q->fd, m->data, m->len, m->pass) == -EAGAIN)
			return;
		STAILQ_REMOVE_HEAD(&q->waiting, next);
		q->count--;
		message_free(m);
	}
	ev_io_stop(loop, w);
	if (q->emptied)
		q->emptied(q->ctx);
}

/**
 * keeper_queue_init() - prepare to send
 * @q: the queue
 * @loop: the event loop
 * @fd: one end of a channel; stays the caller's
 */
void keeper_queue_init(struct keeper_queue *q, struct ev_loop *loop, int fd)
{
	q->loop = loop;
	q->fd = fd;
	STAILQ_INIT(&q->waiting);
	ev_io_init(&q->room, on_room, fd, EV_WRITE);
	q->room.data = q;
}

/**
 * keeper_queue_put() - send a message, at once or when there is room
 * @q: the queue
 * @data: the message
 * @len: its octets
 * @pass: descriptor that goes with it, taken in any case; -1: none
 * Return: 0, -ENOMEM, or -EPIPE and the like when nobody reads any more.
 */
int keeper_queue_put(struct keeper_queue *q, const void *data, size_t len, int pass)
{
	struct keeper_message *m;
	int rc = q->fd < 0 ? -EPIPE : -EAGAIN;

	if (rc == -EAGAIN && STAILQ_EMPTY(&q->waiting))
		rc = channel_try_send(q->fd, data, len, pass);
	if (rc != -EAGAIN) {
		if (pass >= 0)
			close(pass);
		return rc;
	}
	m = malloc(sizeof(*m) + len);
	if (!m) {
		if (pass >= 0)
			close(pass);
		return -ENOMEM;
	}
	m->pass = pass;
	m->len = len;
	memcpy(m->data, data, len);
	STAILQ_INSERT_TAIL(&q->waiting, m, next);
	q->count++;
	ev_io_start(q->loop, &q->room);
	return 0;
}

/** keeper_queue_close() - forget what waits; the descriptor is the caller's to close */
void keeper_queue_close(struct keeper_queue *q)
{
	struct keeper_message *m;

	if (!q->loop)
		return;
	ev_io_stop(q->loop, &q->room);
	while ((m = STAILQ_FIRST(&q->waiting))) {
		STAILQ_REMOVE_HEAD(&q->waiting, next);
		message_free(m);
	}
	q->count = 0;
	q->fd = -1;
}

/* ------------------------------------------------------------------------
 * events
 */

/* News of the kernel can be had again by asking */
static bool may_be_lost(const struct event *event)
{
	return event->type == EVENT_KERNEL || event->type == EVENT_IFACE_GONE ||
	       event->type == EVENT_LOST;
}

static void on_emptied(void *ctx)
{
	struct keeper *k = ctx;

	if (!k->lost)
		return;
	k->lost = false;
	keeper_tell_number(k, EVENT_LOST, 0);
}

/** keeper_tell_init() - before the first keeper_tell(), with @k->events */
void keeper_tell_init(struct keeper *k)
{
	k->events.emptied = on_emptied;
	k->events.ctx = k;
}

/**
 * keeper_tell() - send an event to the parser; never waits, as it may wait for us
 * @k: the keeper
 * @event: the event
 * @pass: descriptor that goes with it, taken; -1: none
 */
void keeper_tell(struct keeper *k, const struct event *event, int pass)
{
	bool busy = !STAILQ_EMPTY(&k->events.waiting);

	/* Those that may be lost do not make a queue longer */
	if (busy && may_be_lost(event))
		k->lost = true;
	else if (keeper_queue_put(&k->events, event, sizeof(*event), pass) == -ENOMEM)
		k->lost = true;
	/* A name and two scripts of each link, when all is well */
	if (k->events.count > 4 * (size_t)HASH_CNT(by_conf, k->by_conf) + QUEUE_SPARE) {
		log_err("the parser does not read events: ending it");
		keeper_end(k, EX_SOFTWARE);
	}
}

/** keeper_tell_number() - an event of which there is no more to say */
void keeper_tell_number(struct keeper *k, enum event_type type, unsigned int number)
{
	const struct event event = { .type = type, .number = number };

	keeper_tell(k, &event, -1);
}
