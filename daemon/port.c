// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * An address and port of ours: who gets what comes in.
 */
#include "port.h"

#include <errno.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "clock.h"
#include "guard.h"
#include "icmp.h"
#include "log.h"

/* Errors read before other events get their turn */
#define READ_BATCH 64

/**
 * struct ports - all ports of the process
 * @loop: the event loop
 * @ops: of the links
 * @budget: of the intakes of all
 * @by_me: by the address as configured
 * @by_bound: by what the socket is bound to
 */
struct ports {
	struct ev_loop *loop;
	const struct port_ops *ops;
	struct intake_budget budget;
	struct port *by_me;
	struct port *by_bound;
};

/* ------------------------------------------------------------------------
 * messages
 */

static void refuse(const struct path *from, enum handshake_result rc)
{
	static struct log_limit limit = LOG_LIMIT_INIT;
	char text[128], addr[ADDR_STR_MAX];

	log_limited(&limit, LOG_WARNING, "key exchange from %s not accepted: %s",
		    addr_format(&from->remote, addr),
		    handshake_describe(NULL, NULL, rc, text, sizeof(text)));
}

static void challenge(struct port *p, const struct roster_self *self, uint64_t now,
		      const struct path *from, const uint8_t *data, size_t len)
{
	struct handshake_message out;

	if (!gate_challenge(p->gate, self->id, now, &from->remote, data, len, &out))
		carrier_send(&p->carrier, from, out.data, out.len);
}

/* Many links have the private key that an INIT is for: which one's peer is it? */
static bool find_peer(struct port *p, const struct roster_self *self, const struct path *from,
		      const uint8_t *data, size_t len)
{
	uint8_t peer_key[NOISE_PUBLIC_MAX] = { 0 };
	struct roster_entry *e = NULL;
	enum handshake_result rc;

	rc = handshake_identify(self->id, data, len, peer_key);
	if (rc == HANDSHAKE_OK) {
		e = roster_find_peer(self, peer_key);
		rc = HANDSHAKE_STRANGER;
	}
	if (e)
		return p->ports->ops->admitted(e->owner, from, data, len);
	refuse(from, rc);
	return false;
}

static bool receive_addressed(struct port *p, const struct roster_self *self, uint64_t now,
			      const struct path *from, const uint8_t *data, size_t len)
{
	struct roster_entry *e = roster_self_only(self);
	unsigned int cookie;

	if (e)
		return p->ports->ops->receive(e->owner, from, data, len);
	cookie = cookie_check(p->gate->jar, now, &from->remote, COOKIE_NO_TURN,
			      handshake_cookie(data));
	switch (gate_admit(p->gate, now, &from->remote, cookie)) {
	case GATE_READ:
		return find_peer(p, self, from, data, len);
	case GATE_ASK:
		challenge(p, self, now, from, data, len);
		break;
	case GATE_DROP:
		break;
	}
	return false;
}

static bool receive_init(struct port *p, uint64_t now, const struct path *from,
			 const struct handshake_header *header, const uint8_t *data, size_t len)
{
	struct roster_entry *e = roster_find_theirs(&p->roster, header->session);
	struct roster_self *self;

	/* As a rule one that was answered and comes again */
	for (; e; e = roster_next_theirs(e))
		if (p->ports->ops->repeated(e->owner, data, len))
			return p->ports->ops->receive(e->owner, from, data, len);
	self = roster_find_self(&p->roster, header, data, len);
	if (self)
		return receive_addressed(p, self, now, from, data, len);
	/* To say what is wrong with it costs as much again */
	if (p->gate->flooded)
		return false;
	e = roster_only(&p->roster);
	if (e)
		return p->ports->ops->receive(e->owner, from, data, len);
	refuse(from, HANDSHAKE_NOT_AUTHENTIC);
	return false;
}

static bool receive_answer(struct port *p, const struct path *from, uint32_t session,
			   const uint8_t *data, size_t len)
{
	struct roster_entry *e = roster_find_ours(&p->roster, session), *next;
	bool used = false;

	/* What is right for one of them takes it out of the table */
	for (; e; e = next) {
		next = roster_next_ours(e);
		used |= p->ports->ops->receive(e->owner, from, data, len);
	}
	return used;
}

/**
 * port_receive() - find out whom a key exchange message is for
 * @p: the port
 * @now: the time, as in session.h
 * @from: where from, and where to
 * @data: the datagram; its first 32 bits are 0
 * @len: its octets
 * Return: it was of use to one.
 */
bool port_receive(struct port *p, uint64_t now, const struct path *from, const uint8_t *data,
		  size_t len)
{
	struct roster_entry *only = roster_only(&p->roster);
	struct handshake_header header;
	enum handshake_result rc;

	rc = handshake_peek(data, len, &header);
	if (rc != HANDSHAKE_OK && only)
		return p->ports->ops->receive(only->owner, from, data, len);
	if (rc == HANDSHAKE_OK && header.type == CIPE_WIRE_INIT)
		return receive_init(p, now, from, &header, data, len);
	if (rc == HANDSHAKE_OK)
		return receive_answer(p, from, header.session, data, len);
	refuse(from, rc);
	return false;
}

/* ------------------------------------------------------------------------
 * errors
 */

/* Whose message is it that did not arrive? */
static void take_error(struct port *p, const struct carrier_error *error)
{
	struct roster_entry *e = NULL;

	if (error->type == CIPE_WIRE_INIT)
		e = roster_find_ours(&p->roster, error->session);
	else if (error->type == CIPE_WIRE_RESPONSE)
		e = roster_find_theirs(&p->roster, error->session);
	if (!e)
		e = roster_only(&p->roster);
	if (e)
		p->ports->ops->error(e->owner, error);
}

static void read_errors(struct port *p)
{
	struct carrier_error error;
	int i, rc;

	for (i = 0; i < READ_BATCH; i++) {
		rc = carrier_error(&p->carrier, &error);
		if (rc && rc != -ENOMSG)
			break;
		/* What others report comes by ICMP, and shall not count twice */
		if (!rc && (p->icmp < 0 || !addr_is_set(&error.reporter)))
			take_error(p, &error);
	}
}

static void on_icmp(struct ev_loop *loop, ev_io *w, int revents)
{
	struct port *p = w->data;
	struct carrier_error error;
	int i, rc;

	(void)revents;
	log_set_device("");
	for (i = 0; i < READ_BATCH; i++) {
		rc = icmp_read(p->icmp, &p->carrier.bound, &error);
		if (rc == -EPIPE)
			ev_io_stop(loop, w);
		if (rc && rc != -ENOMSG)
			break;
		if (!rc)
			take_error(p, &error);
	}
}

/* Cookies were made or looked at: of which secrets are they now? */
static void know_cookies(struct port *p, uint64_t now)
{
	uint32_t tag[COOKIE_TAGS_MAX];
	unsigned int n = cookie_tags(p->gate->jar, now, tag);

	intake_vouch(&p->intake, tag, n);
}

/* As the filter has it, whatever else is wrong with the message: else the time it took
 * would be charged to those whose chance did not let it in
 */
static uint32_t tag_of(const uint8_t *data, size_t len)
{
	if (len < GUARD_INIT_HEAD ||
	    data[offsetof(struct cipe_wire_control, type)] != CIPE_WIRE_INIT)
		return 0;
	return cookie_tag(handshake_cookie(data));
}

/* A message of the key exchange. True: it was of use */
static bool take_control(struct port *p, const struct path *from, const uint8_t *data,
			 size_t len, struct intake_source *source)
{
	unsigned int asked = p->gate->asked;
	uint64_t now = clock_ms();
	bool used;

	source->addr = from->remote;
	source->tag = tag_of(data, len);
	p->gate->flooded = p->intake.flooded;
	used = port_receive(p, now, from, data, len);
	source->asked = p->gate->asked != asked;
	know_cookies(p, now);
	return used;
}

static enum intake_verdict take_message(void *ctx, struct intake_source *source)
{
	struct port *p = ctx;
	uint8_t buf[CIPE_WIRE_CONTROL_MAX];
	struct path from;
	bool used = false;
	ssize_t n;

	log_set_device("");
	n = carrier_receive(&p->carrier, buf, sizeof(buf), &from);
	if (n == -EAGAIN) {
		read_errors(p);
		return INTAKE_EMPTY;
	}
	if (n < 0)
		read_errors(p);
	/* Data packets come here only before the kernel had the socket */
	else if (n >= 4 && !memcmp(buf, "\0\0\0\0", 4))
		used = take_control(p, &from, buf, (size_t)n, source);
	return used ? INTAKE_USE : INTAKE_WASTE;
}

/* ------------------------------------------------------------------------
 * life
 */

/**
 * ports_new() - prepare for ports
 * @loop: the event loop
 * @ops: of all links
 * Return: for ports_free(); NULL without memory.
 */
struct ports *ports_new(struct ev_loop *loop, const struct port_ops *ops)
{
	struct ports *ports = calloc(1, sizeof(*ports));

	if (ports) {
		ports->loop = loop;
		ports->ops = ops;
		ports->budget.ns = intake_machine();
	}
	return ports;
}

/** ports_free() - after the last port_put(); @ports may be NULL */
void ports_free(struct ports *ports)
{
	free(ports);
}

/* Addresses as keys of tables: no octet of them is left to chance */
static union addr make_key(const union addr *addr)
{
	union addr key;

	memset(&key, 0, sizeof(key));
	key.sa.sa_family = addr->sa.sa_family;
	if (addr->sa.sa_family == AF_INET6) {
		key.in6.sin6_addr = addr->in6.sin6_addr;
		key.in6.sin6_port = addr->in6.sin6_port;
		key.in6.sin6_scope_id = addr->in6.sin6_scope_id;
	} else {
		key.in.sin_addr = addr->in.sin_addr;
		key.in.sin_port = addr->in.sin_port;
	}
	return key;
}

/** port_find() - the port that is configured thus; NULL: none */
struct port *port_find(struct ports *ports, const union addr *me)
{
	const union addr key = make_key(me);
	struct port *p;

	HASH_FIND(by_me, ports->by_me, &key, sizeof(key), p);
	return p;
}

/** port_find_bound() - the port whose socket is bound to @bound; NULL: none */
struct port *port_find_bound(struct ports *ports, const union addr *bound)
{
	const union addr key = make_key(bound);
	struct port *p;

	HASH_FIND(by_bound, ports->by_bound, &key, sizeof(key), p);
	return p;
}

static void watch(struct port *p)
{
	p->intake = (struct intake){
		.loop = p->ports->loop,
		.fd = p->carrier.fd,
		.take = take_message,
		.ctx = p,
		.budget = &p->ports->budget,
		.filter = { .family = p->carrier.bound.sa.sa_family },
	};
	intake_start(&p->intake);
	if (p->icmp < 0)
		return;
	ev_io_set(&p->icmp_io, p->icmp, EV_READ);
	ev_io_start(p->ports->loop, &p->icmp_io);
}

/**
 * port_new() - a port whose socket is not bound yet
 * @ports: from ports_new()
 * @conf: of the link for which the keeper makes it
 * @me: as configured; with its family
 * @lib: libcrypto for what guards it
 * @port: set to it, with one user, for port_put()
 * Return: 0 or -errno.
 */
int port_new(struct ports *ports, uint32_t conf, const union addr *me, OSSL_LIB_CTX *lib,
	     struct port **port)
{
	struct port *p = calloc(1, sizeof(*p));
	int rc;

	*port = NULL;
	if (!p)
		return -ENOMEM;
	p->ports = ports;
	p->me = make_key(me);
	p->users = 1;
	p->icmp = -1;
	ev_init(&p->icmp_io, on_icmp);
	p->icmp_io.data = p;
	p->gate = gate_new(lib);
	rc = carrier_open(&p->carrier, conf, me->sa.sa_family);
	if (!rc && !p->gate)
		rc = -ENOMEM;
	if (rc) {
		port_put(p);
		return rc;
	}
	p->icmp = icmp_open(conf, me->sa.sa_family);
	if (p->icmp < 0)
		log_notice("cannot hear ICMP errors: %s; maxerr counts local errors only",
			   strerror(-p->icmp));
	*port = p;
	return 0;
}

/* It is bound: links can find it, and messages links */
static int enter(struct port *p)
{
	struct ports *ports = p->ports;

	p->carrier.bound = make_key(&p->carrier.bound);
	HASH_ADD_KEYPTR(by_bound, ports->by_bound, &p->carrier.bound, sizeof(p->carrier.bound), p);
	if (!p->by_bound.tbl)
		return -ENOMEM;
	/* Of several that left the choice of a port to the system, one is shared */
	if (!port_find(ports, &p->me))
		HASH_ADD(by_me, ports->by_me, me, sizeof(p->me), p);
	watch(p);
	return 0;
}

/** port_bind() - bind the socket as configured, for the same link. Return: 0 or -errno. */
int port_bind(struct port *p, uint32_t conf)
{
	int rc = carrier_bind(&p->carrier, conf, &p->me);

	return rc ? rc : enter(p);
}

/** port_inherited() - the kernel has bound the socket. Return: 0 or -errno. */
int port_inherited(struct port *p)
{
	int rc = carrier_learn_bound(&p->carrier);

	return rc ? rc : enter(p);
}

/** port_get() - one user more. Return: @p */
struct port *port_get(struct port *p)
{
	p->users++;
	return p;
}

/** port_put() - one user less; after the last one it is closed. @p may be NULL */
void port_put(struct port *p)
{
	if (!p || --p->users)
		return;
	if (p->by_bound.tbl)
		HASH_DELETE(by_bound, p->ports->by_bound, p);
	if (p->by_me.tbl)
		HASH_DELETE(by_me, p->ports->by_me, p);
	intake_stop(&p->intake);
	ev_io_stop(p->ports->loop, &p->icmp_io);
	carrier_close(&p->carrier);
	if (p->icmp >= 0)
		close(p->icmp);
	gate_free(p->gate);
	free(p);
}

/* ------------------------------------------------------------------------
 * links
 */

/**
 * port_know_peers() - what comes from where a peer is, passes in any flood
 * @p: the port, one of whose links has its peer elsewhere now
 *
 * Where there are more than the filter has room for, it is as for newcomers.
 */
void port_know_peers(struct port *p)
{
	union addr known[INTAKE_KNOWN_MAX];
	void *owner[INTAKE_KNOWN_MAX / PORT_PEER_ADDRS];
	unsigned int links, i, n = 0;

	links = roster_owners(&p->roster, owner, INTAKE_KNOWN_MAX / PORT_PEER_ADDRS);
	for (i = 0; i < links; i++)
		n += p->ports->ops->where(owner[i], known + n);
	intake_know(&p->intake, known, n);
}

static void know_awaited(struct port *p)
{
	uint32_t session[INTAKE_AWAITED_MAX];
	unsigned int n = roster_awaited(&p->roster, session, INTAKE_AWAITED_MAX);

	intake_await(&p->intake, session, n);
}

static void know_links(struct port *p)
{
	uint16_t hint[INTAKE_HINTS_MAX];
	unsigned int n = roster_hints(&p->roster, hint, INTAKE_HINTS_MAX);

	intake_expect(&p->intake, hint, n);
	know_awaited(p);
	port_know_peers(p);
}

/**
 * port_await() - an INIT of a link waits for an answer with this session id, or none
 * @p: the port
 * @e: the link
 * @any: one does
 * @session: the id
 */
void port_await(struct port *p, struct roster_entry *e, bool any, uint32_t session)
{
	roster_set_ours(&p->roster, e, any, session);
	know_awaited(p);
}

/**
 * port_join() - a link more, after port_bind() or port_inherited()
 * @p: the port
 * @e: as roster_add() has it
 * @id: likewise
 * @owner: of @e, for struct port_ops
 *
 * What links share is computed by the FIPS provider if one of them is of suite fips.
 *
 * Return: likewise.
 */
int port_join(struct port *p, struct roster_entry *e, const struct identity *id, void *owner)
{
	int rc = roster_add(&p->roster, e, id, owner);

	if (rc)
		return rc;
	if (id->lib)
		cookie_use(p->gate->jar, id->lib);
	know_links(p);
	return 0;
}

/** port_leave() - a link less; if it was there */
void port_leave(struct port *p, struct roster_entry *e)
{
	if (!e->self)
		return;
	roster_remove(&p->roster, e);
	know_links(p);
}
