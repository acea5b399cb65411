/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the network does with messages.
 */

/* Any one of a set that is not empty */
inline pick(set, n)
{
	n = 1;
	do
	:: has(set, n) -> break
	:: ((set) >> (n + 1)) -> n++
	od
}

#ifdef TIMED

/* Only the peer gets it */
#define inits_for(e) (net_init & by[peer(e)])
#define challenges_for(e) (net_challenge & by[e])
#define responses_for(e) (net_response & answer_to[e])

/* It comes. Does it come again? */
inline take(set, n)
{
	if
	:: drop(set, n)
	:: dups -> dups--
	fi
}

inline lose(set)
{
	pick(set, n);
	drop(set, n);
	losses--;
	n = 0
}

active proctype network()
{
	byte n;

end:	do
	:: atomic { losses && net_init -> lose(net_init) }
	:: atomic { losses && net_response -> lose(net_response) }
	:: atomic { losses && net_challenge -> lose(net_challenge) }
	:: atomic { losses && net_data[0] -> lose(net_data[0]) }
	:: atomic { losses && net_data[1] -> lose(net_data[1]) }
	:: atomic { losses && link[0].active_ntf -> losses--; link[0].active_ntf = 0 }
	:: atomic { losses && link[1].active_ntf -> losses--; link[1].active_ntf = 0 }
	od
}

#else

/* Who wrote an INIT may get it, too */
#define inits_for(e) net_init
#define challenges_for(e) net_challenge
#define responses_for(e) net_response
#define take(set, n)

#endif
