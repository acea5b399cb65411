/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The key exchange of two ends, for spin to search through: the state machine
 * of session.c, session_ours.c and session_theirs.c, and the key slots of
 * kmod/link.c, under the names they have there. docs/state-machine.md says what
 * is proven and what is left out.
 *
 * INITs are numbered in the order they are written; so are keys, and with each
 * the RESPONSE that agreed on it. 0: none.
 *
 * Two kinds of runs. Without TIMED the network keeps all that was ever sent,
 * and gives it to either end at any time, in any order, never, or again and
 * again: somebody recorded it all. Timers fire at any time. With TIMED a message
 * comes once, but LOSSES of them are lost and DUPS come again; timers fire when
 * nothing is under way, but EARLY of them before that. With AT_ONCE both ends may
 * always begin at once.
 */

#ifndef NINIT
#define NINIT 4		/* INITs written, at most */
#endif
#ifndef NKEY
#define NKEY 4		/* RESPONSEs written, at most */
#endif
#ifndef RESTARTS
#define RESTARTS 0	/* of the daemon or the machine, at either end */
#endif
#ifndef REKEYS
#define REKEYS 0	/* TIMED: exchanges begun after tokey */
#endif
#ifndef LOSSES
#define LOSSES 0
#endif
#ifndef DUPS
#define DUPS 0
#endif
#ifndef EARLY
#define EARLY 0
#endif

/* Faults to put in, each of which must be found */
#define NO_TIMESTAMP 1		/* is_new(): every INIT is */
#define NO_CHALLENGE 2		/* is_new(): it is if nothing is remembered */
#define NO_SPEND 3		/* session_remember(): cookies stay good */
#define NO_REMEMBER 4		/* session_remember(): not for a RESPONSE */
#define NO_DEL_NEXT 5		/* finish_ours(): an older next key stays */
#define NO_ABANDON 6		/* finish_ours(): takes the RESPONSE again, and
				 * cipe_key_publish() takes the key
				 */
#define NO_TIE_BREAK 7		/* handshake_keep_initiating(): never */
#define NO_YIELDING 8		/* handshake_keep_initiating(): always */
#define NO_NEXT 9		/* answer(): installs as current */
#define NO_HOLD 10		/* answer(): begins while next waits */
#define NO_CONFIRM 11		/* session_confirm(): nothing */
#define NO_KEYS_SEEN 12		/* session_keys_seen(): nothing */
#define NO_RESTART 13		/* session_give_up(): no other try */
#define NO_TIME 14		/* HEARD: nothing came through within tokxc */
#define NO_CLOCKS_APART 15	/* is_new(): however far ahead */
#ifndef MUTANT
#define MUTANT 0
#endif

/* Sets of messages are short: they are most of a state */
#if NINIT > 14 || NKEY > 14
#error too many messages
#endif
#define bit_of(n) (1 << (n))
#define has(set, n) (((set) >> (n)) & 1)
#define put(set, n) set = set | bit_of(n)
#define drop(set, n) set = set & ~bit_of(n)
#define peer(e) (1 - (e))

/* When an exchange begins: s->start_at */
#define SESSION_NEVER 0
#define SOON 1
#define TOKEY 2

/* What a key is installed as */
#define CIPE_SLOT_CURRENT 1
#define CIPE_SLOT_NEXT 2

/* CLOCKS: one clock is wrong, by so much ahead of the other; an end that restarts
 * without its state file may come with a right or a wrong one
 */
#define AHEAD 60
/* CLOCKS_APART_MS: less than that, and more than there are messages */
#define CLOCKS_APART 30

typedef init_message {
	bit from;
	byte written;		/* by the true time, which messages count */
	byte timestamp;		/* by the sender's clock */
	bool cookie;		/* it has one, and that is fresh */
#ifdef AT_ONCE
	bool asked_for;		/* the cookie, by a CHALLENGE of this exchange */
#endif
	short beats;		/* whose ephemeral keys are less than its own, */
	short yields;		/* or greater, as far as that matters yet */
	bool challenged;	/* the CHALLENGE that answers it has one that is fresh */
};

typedef response_message {
	byte answers;		/* which INIT */
	byte written;
	byte timestamp;
};

/* struct session; newest and sent are in the state file, too */
typedef session_state {
	byte newest;
	byte yielded;
	bool cookie;		/* the peer's latest is kept, and fresh */
	byte current_id;
	byte next_id;
	bool hold_until;	/* is that still to come? */
	byte start_at;
	bool confirm_at;	/* is that still to come? */
	byte ours;
	byte sends;
	byte answered_init;
	byte answered_response;
	byte sent;
};

/* struct cipe_link */
typedef link_state {
	byte previous;
	byte current;
	byte next;
	bool heard;		/* CIPE_KEY_HEARD of current */
	bool confirm_tries;
	byte active_ntf;	/* CIPE_CMD_KEY_ACTIVE_NTF, not yet read */
};

init_message INIT[NINIT + 1];
response_message RESPONSE[NKEY + 1];
byte inits, keys, clock;
bool ahead[2];
session_state s[2];
link_state link[2];
bool agreed[2];		/* within finish_ours() */

/* The network: INITs, RESPONSEs, CHALLENGEs by their INIT; packets of each end
 * under a key
 */
short net_init, net_response, net_challenge, net_data[2];
#ifdef TIMED
short by[2];		/* INITs of each end */
short answer_to[2];	/* RESPONSEs to each end */
#endif

byte restarts = RESTARTS, losses = LOSSES, dups = DUPS, early = EARLY, rekeys = REKEYS;

hidden byte i;

byte forgot[2];		/* our INITs up to this one are not known as ours any more */

#define has_key(e, k) (link[e].previous == (k) || link[e].current == (k) || \
		       link[e].next == (k))

/* May a timer fire? Without TIMED always. */
#ifdef TIMED
#define quiet (!net_init && !net_response && !net_challenge && !net_data[0] && \
	       !net_data[1] && !link[0].active_ntf && !link[1].active_ntf && \
	       !agreed[0] && !agreed[1])
#ifdef AT_ONCE
/* Is the first INIT of the peer's exchange all there is? */
#define at_once(e) (s[peer(e)].sends == 1 && !INIT[s[peer(e)].ours].asked_for && \
		    net_init == bit_of(s[peer(e)].ours) && \
		    !net_response && !net_challenge && !net_data[0] && !net_data[1] && \
		    !link[0].active_ntf && !link[1].active_ntf)
#else
#define at_once(e) false
#endif
#define due (quiet || early)
inline fire()
{
	if
	:: quiet
	:: else -> early--
	fi
}
#else
#define at_once(e) true
#define due true
#define fire()
#endif

#include "network.pml"
#include "properties.pml"
#include "link.pml"
#include "session.pml"

proctype session(bit e)
{
	byte n;

end:	do
	/* session_timer() */
	:: atomic { can_begin(e) && (due || at_once(e)) ->
		    if
		    :: at_once(e)
		    :: else -> fire()
		    fi;
		    printf("%d: session_begin: INIT %d\n", e, inits + 1); session_begin(e) }
	:: atomic { s[e].ours && due -> fire();
		    printf("%d: session_give_up: INIT %d\n", e, s[e].ours); session_give_up(e) }
	:: atomic { can_end_hold(e) && due -> fire();
		    printf("%d: hold_until\n", e); s[e].hold_until = false }
#ifdef TIMED
	:: atomic { s[e].ours && s[e].sends < 2 && quiet ->
		    printf("%d: session_send_init: INIT %d\n", e, s[e].ours); session_send_init(e) }
	:: atomic { s[e].confirm_at && !s[e].ours && due -> fire();
		    printf("%d: session_confirm\n", e); session_confirm(e) }
#endif
	/* session_receive() */
	:: atomic { inits_for(e) -> pick(inits_for(e), n); take(net_init, n);
		    printf("%d: session_receive_init: INIT %d\n", e, n);
		    session_receive_init(e, n); n = 0 }
	:: atomic { challenges_for(e) -> pick(challenges_for(e), n); take(net_challenge, n);
		    printf("%d: session_receive_challenge: of INIT %d\n", e, n);
		    session_receive_challenge(e, n); n = 0 }
	:: atomic { responses_for(e) -> pick(responses_for(e), n); take(net_response, n);
		    if
		    :: !for_ours(e, n) -> n = 0
		    :: else -> printf("%d: finish_ours: RESPONSE %d\n", e, n); finish_ours(e, n)
		    fi };
	   if
	   :: n -> atomic { op_key_set(e, n); n = 0 }
	   :: else
	   fi
	/* link_event() and link_check() */
	:: atomic { link[e].active_ntf ->
		    printf("%d: session_key_active: key %d\n", e, link[e].active_ntf);
		    session_key_active(e, link[e].active_ntf);
		    link[e].active_ntf = 0 }
	:: atomic { unseen(e) && due -> fire();
		    printf("%d: session_keys_seen\n", e); session_keys_seen(e) }
	:: atomic { restarts -> restarts--; printf("%d: restart\n", e); restart(e) }
	od
}

proctype kernel(bit e)
{
	byte n;

end:	do
	:: atomic { net_data[peer(e)] -> pick(net_data[peer(e)], n); take(net_data[peer(e)], n);
		    printf("%d: cipe_link_heard: key %d\n", e, n); cipe_link_heard(e, n); n = 0 }
#ifdef TIMED
	:: atomic { link[e].current && !link[e].heard && link[e].confirm_tries && quiet ->
		    link[e].confirm_tries = false; put(net_data[e], link[e].current) }
#endif
	od
}

init {
	atomic {
		byte e = 0;
#ifdef CLOCKS
		ahead[0] = true;
#endif
		do
		:: e < 2 ->
			s[e].start_at = SOON;
			run session(e);
			run kernel(e);
			e++
		:: else -> break
		od
	}
}
