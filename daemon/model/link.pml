/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The kernel's side: kmod/link.c.
 */

/* What has a key sends under it, at once */
inline link_make_current(e, k)
{
	is_newer(e, k);
	if
	:: link[e].current -> link[e].previous = link[e].current
	:: else
	fi;
	link[e].current = k;
	put(net_data[e], k)
}

inline link_confirm_tries(e, tries)
{
#ifdef TIMED
	link[e].confirm_tries = tries
#else
	skip
#endif
}

inline link_install_current(e, k)
{
	link_make_current(e, k);
	link[e].heard = false;
	link_confirm_tries(e, true)
}

inline cipe_link_install_key(e, slot, k)
{
	is_installed_once(e, k);
	if
	:: slot == CIPE_SLOT_CURRENT -> link_install_current(e, k)
	:: else ->
#if MUTANT == NO_NEXT
		link_make_current(e, k)
#else
		link[e].next = k
#endif
	fi
}

/* The first packet under the next key makes it current, and is answered */
inline cipe_link_heard(e, k)
{
	if
	:: k == link[e].next ->
		link[e].next = 0;
		link_make_current(e, k);
		link[e].heard = true;
		link_confirm_tries(e, false);
		link[e].active_ntf = k
	:: k == link[e].current -> link[e].heard = true
	:: else
	fi
}

inline cipe_link_retire_all(e)
{
	note_lost(e);
	link[e].previous = 0;
	link[e].current = 0;
	link[e].next = 0;
	link[e].heard = false;
	link_confirm_tries(e, false)
}
