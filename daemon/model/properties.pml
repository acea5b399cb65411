/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What must hold.
 */

#ifdef TIMED

#define accept(e, when) skip
#define accept_init(e, n) skip
#define is_installed_once(e, k) skip
#define is_newer(e, k) skip
#define note_lost(e) skip

#define common (link[0].current && link[0].current == link[1].current && \
		s[0].current_id == link[0].current && s[1].current_id == link[1].current)

/* In the end there is a common key, and there stays one */
ltl converges { <>[] common }

#else

byte known[2];		/* when the newest message accepted was written */
short answered[2];	/* INITs that were, ever */
short installed[2];	/* keys that were, ever */
short lost[2];		/* keys that went with the memory of the machine */

/* An INIT or RESPONSE that is accepted was written after all that was accepted
 * before: nothing that somebody recorded is. What clocks could make of that is in
 * docs/state-machine.md.
 */
inline accept(e, when)
{
	assert(when > known[e]);
	known[e] = when
}

inline accept_init(e, n)
{
	assert(INIT[n].from != e && !has(answered[e], n));
	put(answered[e], n);
	accept(e, INIT[n].written)
}

/* A pair of keys is installed once: its counters begin at 0 once */
inline is_installed_once(e, k)
{
	assert(!has(installed[e], k));
	put(installed[e], k)
}

/* No key follows one that was agreed on later */
inline is_newer(e, k)
{
	assert(k > link[e].current && k > link[e].previous)
}

inline note_lost(e)
{
	put(lost[e], link[e].previous);
	put(lost[e], link[e].current);
	put(lost[e], link[e].next)
}

#endif

/* HEARD: what confirms a key comes through before tokxc is over. So the
 * responder holds until its next key is used or was given up, the initiator
 * begins nothing before it heard the peer, and no daemon ends meanwhile.
 */
#ifdef HEARD
#if MUTANT == NO_TIME
#define confirmed(e) true
#define can_end_hold(e) s[e].hold_until
#else
#define confirmed(e) (!link[e].current || link[e].heard)
#define can_end_hold(e) (s[e].hold_until && s[peer(e)].ours != s[e].answered_init && \
			 link[peer(e)].current != s[e].next_id && !agreed[peer(e)])
#endif
#define may_keep_keys(e) (!link[e].next && confirmed(e))

/* Then neither end sends under a key that the other does not have. That needs
 * no monitor where something is sent: an end may send at any time.
 */
#define readable(e) (!link[e].current || has_key(peer(e), link[e].current) || \
		     has(lost[peer(e)], link[e].current))

active proctype monitor()
{
	atomic { !(readable(0) && readable(1)) -> assert(false) }
}

#else

#define confirmed(e) true
#define can_end_hold(e) s[e].hold_until
#define may_keep_keys(e) true

#endif
