/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The daemon's side: session.c, session_ours.c, session_theirs.c.
 */

/* state_stamp() and the clock */
inline choose_clock(e)
{
#ifdef CLOCKS
	if
	:: ahead[e] = true
	:: ahead[e] = false
	fi
#else
	skip
#endif
}

#define wall_clock(e) (clock + (ahead[e] -> AHEAD : 0))

inline state_stamp(e)
{
	clock++;
	if
	:: wall_clock(e) > s[e].sent -> s[e].sent = wall_clock(e)
	:: else -> s[e].sent++
	fi
}

inline session_start_at(e, when)
{
#ifdef TIMED
	s[e].start_at = when
#else
	skip
#endif
}

inline session_want_start(e)
{
	session_start_at(e, SOON)
}

inline session_confirm_at(e, when)
{
#ifdef TIMED
	s[e].confirm_at = when
#else
	skip
#endif
}

inline session_abandon_ours(e)
{
	s[e].ours = 0
}

inline session_forget_next(e)
{
	s[e].next_id = 0;
	s[e].hold_until = false;
	s[e].answered_response = 0
}

/* cookie_turn(): none that it gave is fresh any more, wherever that is now. It is as
 * none then, and the same state
 */
inline cookie_turn(e)
{
	i = 1;
	do
	:: i <= inits && INIT[i].from != e ->
		INIT[i].cookie = false;
		INIT[i].challenged = false;
		i++
	:: i <= inits && INIT[i].from == e -> i++
	:: else -> break
	od;
	i = 0;
	s[peer(e)].cookie = false
}

inline session_remember(e, stamp)
{
#if MUTANT != NO_SPEND
	cookie_turn(e);
#endif
	if
	:: !s[e].newest -> s[e].newest = wall_clock(e)
	:: else
	fi;
	if
	:: stamp > s[e].newest -> s[e].newest = stamp
	:: else
	fi;
	if
	:: s[e].yielded > s[e].newest -> s[e].newest = s[e].yielded
	:: else
	fi
}

/* ------------------------------------------------------------------------
 * ours
 */

inline session_send_init(e)
{
#ifdef TIMED
	s[e].sends++;
#endif
	put(net_init, s[e].ours)
}

inline write_init(e, brings)
{
	inits++;
	state_stamp(e);
	INIT[inits].from = e;
	INIT[inits].written = clock;
	INIT[inits].timestamp = s[e].sent;
	INIT[inits].cookie = brings;
#ifdef TIMED
	put(by[e], inits);
#endif
	s[e].ours = inits
}

#ifdef TIMED
#define can_begin(e) (!s[e].ours && !s[e].hold_until && \
		      (s[e].start_at == SOON || (s[e].start_at == TOKEY && rekeys)))
#else
#define can_begin(e) (!s[e].ours && !s[e].hold_until && inits < NINIT && confirmed(e))
#endif

inline session_begin(e)
{
#ifdef TIMED
	assert(inits < NINIT);
	if
	:: s[e].start_at == TOKEY -> rekeys--
	:: else
	fi;
#endif
	session_start_at(e, SESSION_NEVER);
	session_confirm_at(e, false);
	s[e].sends = 0;
	/* Is cookie_until still to come? */
	if
	:: s[e].cookie -> write_init(e, true)
	:: write_init(e, false)
	fi;
	session_send_init(e)
}

inline session_give_up(e)
{
	session_abandon_ours(e);
#if MUTANT != NO_RESTART
	session_want_start(e)
#endif
}

inline session_receive_challenge(e, n)
{
	if
	:: n != s[e].ours
#ifndef TIMED
	:: n == s[e].ours && inits == NINIT
#endif
	:: else ->
#ifdef TIMED
		assert(inits < NINIT);
#endif
		s[e].cookie = INIT[n].challenged;
		write_init(e, s[e].cookie);
#ifdef AT_ONCE
		INIT[inits].asked_for = true;
#endif
		printf("%d: write_init: INIT %d\n", e, inits);
		put(net_init, inits)
	fi
}

#define for_ours(e, k) (s[e].ours && RESPONSE[k].answers == s[e].ours)

/* Up to s->ops->key_set(): the kernel may do something in between */
inline finish_ours(e, k)
{
	agreed[e] = true;
	accept(e, RESPONSE[k].written);
#if MUTANT != NO_ABANDON
	session_abandon_ours(e);
#endif
#if MUTANT != NO_REMEMBER
	session_remember(e, RESPONSE[k].timestamp);
#endif
#if MUTANT != NO_DEL_NEXT
	link[e].next = 0;
#endif
	session_forget_next(e)
}

/* That, and the rest of finish_ours() */
inline op_key_set(e, k)
{
	if
#if MUTANT != NO_ABANDON
	:: has_key(e, k) -> session_want_start(e)
#endif
	:: else ->
		cipe_link_install_key(e, CIPE_SLOT_CURRENT, k);
		s[e].current_id = k;
		session_start_at(e, TOKEY);
		session_confirm_at(e, true)
	fi;
	agreed[e] = false
}

/* s->ops->heard() says yes of a key that is not current */
inline session_confirm(e)
{
	session_confirm_at(e, false);
	if
#if MUTANT != NO_CONFIRM
	:: s[e].current_id && s[e].current_id == link[e].current && !link[e].heard ->
		session_want_start(e)
#endif
	:: else
	fi
}

/* To where INIT n came from, which is left out, and with it how soon again */
inline session_nudge(e, n)
{
	if
	:: INIT[n].timestamp >= s[e].yielded ->
		s[e].yielded = INIT[n].timestamp;
		put(net_init, s[e].ours)
	:: else
	fi
}

/* ------------------------------------------------------------------------
 * theirs
 */

#define is_reflected(e, n) (INIT[n].from == e && n > forgot[e])
#define fresh(e, n) (INIT[n].from != e && INIT[n].cookie)
#if MUTANT == NO_CLOCKS_APART
#define is_far_ahead(e, n) false
#else
#define is_far_ahead(e, n) (INIT[n].timestamp > wall_clock(e) + CLOCKS_APART)
#endif
#define is_later(e, n) (INIT[n].timestamp > s[e].newest && !is_far_ahead(e, n))
#if MUTANT == NO_TIMESTAMP
#define is_new(e, n) true
#elif MUTANT == NO_CHALLENGE
#define is_new(e, n) (is_later(e, n) || fresh(e, n))
#else
#define is_new(e, n) ((s[e].newest && is_later(e, n)) || fresh(e, n))
#endif

/* Which of two ephemeral keys is the greater is drawn when it is asked first */
inline compare(a, b)
{
	if
	:: has(INIT[a].beats, b) || has(INIT[a].yields, b)
	:: else ->
		if
		:: put(INIT[a].beats, b); put(INIT[b].yields, a)
		:: put(INIT[a].yields, b); put(INIT[b].beats, a)
		fi
	fi
}

#if MUTANT == NO_TIE_BREAK
#define handshake_keep_initiating(e, n) false
#elif MUTANT == NO_YIELDING
#define handshake_keep_initiating(e, n) true
#else
#define handshake_keep_initiating(e, n) has(INIT[s[e].ours].beats, n)
#endif

inline challenge(e, n)
{
	INIT[n].challenged = INIT[n].from != e;
	printf("%d: challenge: INIT %d\n", e, n);
	put(net_challenge, n)
}

inline answer(e, n)
{
	accept_init(e, n);
	session_forget_next(e);
	keys++;
	state_stamp(e);
	RESPONSE[keys].answers = n;
	RESPONSE[keys].written = clock;
	RESPONSE[keys].timestamp = s[e].sent;
	cipe_link_install_key(e, CIPE_SLOT_NEXT, keys);
	if
	:: s[e].ours -> session_abandon_ours(e); session_want_start(e)
	:: else
	fi;
	session_remember(e, INIT[n].timestamp);
	s[e].next_id = keys;
#if MUTANT != NO_HOLD
	s[e].hold_until = true;
#endif
	s[e].answered_init = n;
	s[e].answered_response = keys;
	printf("%d: answer: INIT %d, key %d\n", e, n, keys);
#ifdef TIMED
	put(answer_to[INIT[n].from], keys);
#endif
	put(net_response, keys)
}

inline session_receive_init(e, n)
{
	if
	:: n == s[e].answered_init ->
		if
		:: s[e].answered_response -> put(net_response, s[e].answered_response)
		:: else
		fi
	:: n != s[e].answered_init && is_reflected(e, n)
	:: n != s[e].answered_init && !is_reflected(e, n) && !is_new(e, n) -> challenge(e, n)
	:: else ->
		if
		:: s[e].ours -> compare(s[e].ours, n)
		:: else
		fi;
		if
		:: s[e].ours && handshake_keep_initiating(e, n) -> session_nudge(e, n)
#ifndef TIMED
		:: !(s[e].ours && handshake_keep_initiating(e, n)) && keys == NKEY
#endif
		:: else ->
#ifdef TIMED
			assert(keys < NKEY);
#endif
			answer(e, n)
		fi
	fi
}

/* ------------------------------------------------------------------------
 * events
 */

inline session_key_active(e, k)
{
	if
	:: s[e].next_id == k ->
		s[e].current_id = k;
		session_abandon_ours(e);
		session_forget_next(e);
		session_confirm_at(e, false);
		session_start_at(e, TOKEY)
	:: else
	fi
}

inline session_key_expired(e)
{
	s[e].current_id = 0;
	if
	:: !s[e].ours -> session_want_start(e)
	:: else
	fi
}

/* Is there anything that events did not tell? */
#if MUTANT == NO_KEYS_SEEN
#define unseen(e) false
#else
#define unseen(e) (s[e].current_id != link[e].current || \
		   (s[e].next_id && s[e].next_id != link[e].next))
#endif

inline session_keys_seen(e)
{
	if
	:: s[e].next_id && link[e].current == s[e].next_id ->
		session_key_active(e, s[e].next_id)
	:: s[e].next_id && link[e].current != s[e].next_id && link[e].next != s[e].next_id ->
		session_forget_next(e)
	:: else
	fi;
	if
	:: s[e].current_id && link[e].current != s[e].current_id -> session_key_expired(e)
	:: else
	fi;
	s[e].current_id = link[e].current
}

/* The daemon starts again, perhaps after its machine, perhaps without the state
 * file; without that link_claim_keys() retires all keys
 */
inline restart(e)
{
	session_abandon_ours(e);
	session_forget_next(e);
	s[e].answered_init = 0;
	s[e].yielded = 0;
	session_confirm_at(e, false);
	cookie_turn(e);
	s[e].cookie = false;
	link[e].active_ntf = 0;
	if
	:: may_keep_keys(e)
	:: cipe_link_retire_all(e)
	:: cipe_link_retire_all(e);
	   s[e].newest = 0;
	   s[e].sent = 0;
	   forgot[e] = inits;
	   choose_clock(e)
	fi;
	s[e].current_id = link[e].current;
	session_want_start(e)
}
