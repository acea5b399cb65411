// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The filter on a socket, in classic BPF. It sees a datagram from its UDP header
 * on, after the module had it: that is, key exchange messages.
 *
 * It drops what docs/protocol.md, "Key exchange messages", says is refused
 * unread; but not what the log shall name: another version or pattern. In a flood
 * the log says nothing of these, and what is left is for us by what few can know.
 */
#include "intake.h"

#include <errno.h>
#include <linux/filter.h>
#include <stddef.h>
#include <string.h>
#include <sys/socket.h>

#include <cipe/wire.h>

#include "guard.h"

#define UDP_HEADER 8
#define AT(field) (UDP_HEADER + offsetof(struct cipe_wire_control, field))

/* Versions up to here may come to be; other values are noise */
#define VERSION_LATEST 15

/* Octets of an IP header before the sender's address */
#define IP4_SOURCE 12
#define IP6_SOURCE 8

/* Room for all there can be */
#define PROGRAM_MAX 160

/* Jumps to these are put right in the end */
#define TO_DROP 254
#define TO_PASS 253

struct program {
	struct sock_filter code[PROGRAM_MAX];
	unsigned short len;
};

static void add(struct program *p, uint16_t code, uint32_t k, uint8_t jt, uint8_t jf)
{
	p->code[p->len++] = (struct sock_filter){ .code = code, .jt = jt, .jf = jf, .k = k };
}

static void load(struct program *p, uint16_t size, uint32_t at)
{
	add(p, BPF_LD | size | BPF_ABS, at, 0, 0);
}

/* Go on if the number at hand is that, or not greater; else drop */
static void must_be(struct program *p, uint32_t value)
{
	add(p, BPF_JMP | BPF_JEQ | BPF_K, value, 0, TO_DROP);
}

static void at_most(struct program *p, uint32_t value)
{
	add(p, BPF_JMP | BPF_JGT | BPF_K, value, TO_DROP, 0);
}

static void at_least(struct program *p, uint32_t value)
{
	add(p, BPF_JMP | BPF_JGE | BPF_K, value, 0, TO_DROP);
}

/* Skip so many instructions unless the number at hand is that */
static void unless(struct program *p, uint32_t value, uint8_t skip)
{
	add(p, BPF_JMP | BPF_JEQ | BPF_K, value, 0, skip);
}

static void check_shape(struct program *p)
{
	add(p, BPF_LD | BPF_W | BPF_LEN, 0, 0, 0);
	at_least(p, UDP_HEADER + GUARD_CHALLENGE_LEN);
	at_most(p, UDP_HEADER + CIPE_WIRE_CONTROL_MAX);
	load(p, BPF_W, AT(marker));
	must_be(p, CIPE_WIRE_CONTROL);
	load(p, BPF_B, AT(type));
	at_least(p, CIPE_WIRE_INIT);
	at_most(p, CIPE_WIRE_CHALLENGE);
	load(p, BPF_B, AT(version));
	at_least(p, 1);
	at_most(p, VERSION_LATEST);
}

/* Of our version. Returns where to put what is done with others */
static unsigned short check_fields(struct program *p)
{
	unsigned short skip = p->len;

	unless(p, CIPE_WIRE_VERSION, 0);
	load(p, BPF_B, AT(mode));
	at_most(p, 1);
	load(p, BPF_B, AT(cipher));
	at_least(p, 1);
	at_most(p, 3);
	load(p, BPF_B, AT(dh));
	at_most(p, CIPE_WIRE_P256);
	return skip;
}

/* RESPONSE and CHALLENGE repeat what our INIT had, which was for the peer */
static void check_hint(struct program *p, const struct intake_filter *f)
{
	unsigned int i;

	if (!f->n_hints)
		return;
	load(p, BPF_B, AT(type));
	unless(p, CIPE_WIRE_INIT, (uint8_t)(f->n_hints + 1));
	load(p, BPF_H, AT(hint));
	for (i = 0; i + 1 < f->n_hints; i++)
		add(p, BPF_JMP | BPF_JEQ | BPF_K, f->hints[i], (uint8_t)(f->n_hints - 1 - i), 0);
	must_be(p, f->hints[i]);
}

/* RESPONSE and CHALLENGE answer an INIT of ours, or nothing */
static void check_session(struct program *p, const struct intake_filter *f)
{
	unsigned int i;

	if (f->n_awaited > INTAKE_AWAITED_MAX)
		return;
	load(p, BPF_B, AT(type));
	if (!f->n_awaited) {
		must_be(p, CIPE_WIRE_INIT);
		return;
	}
	add(p, BPF_JMP | BPF_JEQ | BPF_K, CIPE_WIRE_INIT, (uint8_t)(f->n_awaited + 1), 0);
	load(p, BPF_W, AT(session));
	for (i = 0; i + 1 < f->n_awaited; i++)
		add(p, BPF_JMP | BPF_JEQ | BPF_K, f->awaited[i], (uint8_t)(f->n_awaited - 1 - i),
		    0);
	must_be(p, f->awaited[i]);
}

/* Skip so many instructions unless it is from that address */
static void unless_from4(struct program *p, const union addr *addr, uint8_t skip)
{
	load(p, BPF_W, (uint32_t)SKF_NET_OFF + IP4_SOURCE);
	unless(p, ntohl(addr->in.sin_addr.s_addr), skip);
}

static void unless_from6(struct program *p, const union addr *addr, uint8_t skip)
{
	uint32_t word[4];
	unsigned int i;

	memcpy(word, &addr->in6.sin6_addr, sizeof(word));
	for (i = 0; i < 4; i++) {
		load(p, BPF_W, (uint32_t)SKF_NET_OFF + IP6_SOURCE + i * 4);
		unless(p, ntohl(word[i]), (uint8_t)(skip + 2 * (3 - i)));
	}
}

/* Skip so many instructions unless it is an INIT with one of our cookies */
static void unless_asked(struct program *p, const struct intake_filter *f, uint8_t skip)
{
	unsigned int i;

	load(p, BPF_B, AT(type));
	unless(p, CIPE_WIRE_INIT, (uint8_t)(skip + f->n_tags + 1));
	load(p, BPF_W, UDP_HEADER + GUARD_HEADER_LEN);
	for (i = 0; i + 1 < f->n_tags; i++)
		add(p, BPF_JMP | BPF_JEQ | BPF_K, f->tags[i], (uint8_t)(f->n_tags - 1 - i), 0);
	unless(p, f->tags[i], skip);
}

static void draw_lots(struct program *p, uint32_t chance, uint8_t otherwise)
{
	load(p, BPF_W, (uint32_t)(SKF_AD_OFF + SKF_AD_RANDOM));
	add(p, BPF_JMP | BPF_JGT | BPF_K, chance, TO_DROP, otherwise);
}

static bool all_pass(const struct intake_filter *f)
{
	unsigned int i;

	for (i = 0; i < f->n_known; i++)
		if (f->chance[INTAKE_KNOWN + i] != UINT32_MAX)
			return false;
	return f->chance[INTAKE_STRANGERS] == UINT32_MAX &&
	       (!f->n_tags || f->chance[INTAKE_ASKED] == UINT32_MAX);
}

static void take_chance(struct program *p, const struct intake_filter *f)
{
	unsigned int i;

	if (all_pass(f))
		return;
	for (i = 0; i < f->n_known; i++) {
		if (f->known[i].sa.sa_family != f->family)
			continue;
		if (f->family == AF_INET)
			unless_from4(p, &f->known[i], 2);
		else
			unless_from6(p, &f->known[i], 2);
		draw_lots(p, f->chance[INTAKE_KNOWN + i], TO_PASS);
	}
	if (f->n_tags) {
		unless_asked(p, f, 2);
		draw_lots(p, f->chance[INTAKE_ASKED], TO_PASS);
	}
	if (f->chance[INTAKE_STRANGERS] != UINT32_MAX)
		draw_lots(p, f->chance[INTAKE_STRANGERS], 0);
}

static uint8_t resolve(uint8_t jump, unsigned short here, unsigned short pass)
{
	if (jump == TO_PASS)
		return (uint8_t)(pass - here - 1);
	return jump == TO_DROP ? (uint8_t)(pass - here) : jump;
}

int intake_attach(int fd, const struct intake_filter *filter)
{
	struct program p = { .len = 0 };
	struct sock_fprog prog = { .filter = p.code };
	unsigned short i, skip, pass;

	check_shape(&p);
	skip = check_fields(&p);
	p.code[skip].jf = filter->strict ? TO_DROP : (uint8_t)(p.len - skip - 1);
	if (filter->strict) {
		check_hint(&p, filter);
		check_session(&p, filter);
	}
	take_chance(&p, filter);
	pass = p.len;
	add(&p, BPF_RET | BPF_K, UINT32_MAX, 0, 0);
	add(&p, BPF_RET | BPF_K, 0, 0, 0);
	for (i = 0; i < pass; i++) {
		if (BPF_CLASS(p.code[i].code) != BPF_JMP)
			continue;
		p.code[i].jt = resolve(p.code[i].jt, i, pass);
		p.code[i].jf = resolve(p.code[i].jf, i, pass);
	}
	prog.len = p.len;
	return setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, &prog, sizeof(prog)) ? -errno : 0;
}

void intake_detach(int fd)
{
	const int unused = 0;

	setsockopt(fd, SOL_SOCKET, SO_DETACH_FILTER, &unused, sizeof(unused));
}
