// SPDX-License-Identifier: GPL-2.0-or-later
#include "gate.h"

#include <stdlib.h>

#include "guard.h"
#include "log.h"

struct gate *gate_new(OSSL_LIB_CTX *lib)
{
	struct gate *gate = calloc(1, sizeof(*gate));

	if (!gate)
		return NULL;
	gate->jar = cookie_new(lib);
	if (gate->jar)
		return gate;
	free(gate);
	return NULL;
}

void gate_free(struct gate *gate)
{
	if (gate)
		cookie_free(gate->jar);
	free(gate);
}

enum gate_verdict gate_admit(struct gate *gate, uint64_t now, const union addr *from,
			     unsigned int cookie)
{
	static struct log_limit busy = LOG_LIMIT_INIT;

	if (!load_count(&gate->load, now) && !gate->flooded)
		return GATE_READ;
	log_limited(&busy, LOG_WARNING, "too many key exchanges begin: asking each caller back");
	if (!(cookie & COOKIE_ADDRESS))
		return GATE_ASK;
	return load_allow(&gate->load, now, cookie_hash(gate->jar, from)) ? GATE_READ : GATE_DROP;
}

int gate_challenge(struct gate *gate, const struct identity *id, uint64_t now,
		   const union addr *to, const uint8_t *init, size_t len,
		   struct handshake_message *out)
{
	uint8_t cookie[CIPE_WIRE_COOKIE_LEN];
	int err = cookie_make(gate->jar, now, to, cookie);

	gate->asked++;
	out->len = GUARD_CHALLENGE_LEN;
	return err ? err : guard_write_challenge(id, init, len, cookie, out->data);
}
