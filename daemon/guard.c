// SPDX-License-Identifier: GPL-2.0-or-later
#include "guard.h"

#include <errno.h>
#include <string.h>

#include "noise_crypto.h"
#include "secret.h"

/* The MAC of a message to us, which anybody can have us make, or to the peer */
static int make_mac(const struct identity *id, bool to_us, const uint8_t *data, size_t len,
		    uint8_t mac[CIPE_WIRE_MAC_LEN])
{
	uint8_t full[NOISE_HASH_LEN];
	int err = to_us ? noise_mac_make(id->mac_ready, data, len, full) :
			  noise_hmac(id->lib, id->mac_out, data, len, full);

	memcpy(mac, full, CIPE_WIRE_MAC_LEN);
	return err;
}

int guard_sign(const struct identity *id, uint8_t *msg, size_t len)
{
	return make_mac(id, false, msg, len, msg + len);
}

bool guard_verify(const struct identity *id, const uint8_t *msg, size_t len)
{
	uint8_t mac[CIPE_WIRE_MAC_LEN];

	if (len < CIPE_WIRE_MAC_LEN)
		return false;
	len -= CIPE_WIRE_MAC_LEN;
	return !make_mac(id, true, msg, len, mac) &&
	       secret_equal(mac, msg + len, CIPE_WIRE_MAC_LEN);
}

/* The MAC covers that of the INIT, and with it all the INIT is; both have one key */
static int challenge_mac(const struct identity *id, bool to_us, const uint8_t *challenge,
			 const uint8_t *init, size_t init_len, uint8_t mac[CIPE_WIRE_MAC_LEN])
{
	uint8_t data[GUARD_HEADER_LEN + CIPE_WIRE_COOKIE_LEN + CIPE_WIRE_MAC_LEN];

	memcpy(data, challenge, GUARD_HEADER_LEN + CIPE_WIRE_COOKIE_LEN);
	memcpy(data + GUARD_HEADER_LEN + CIPE_WIRE_COOKIE_LEN, init + init_len - CIPE_WIRE_MAC_LEN,
	       CIPE_WIRE_MAC_LEN);
	return make_mac(id, to_us, data, sizeof(data), mac);
}

/* That of INIT, but for the type */
static void challenge_header(const uint8_t *init, uint8_t *out)
{
	memcpy(out, init, GUARD_HEADER_LEN);
	out[offsetof(struct cipe_wire_control, type)] = CIPE_WIRE_CHALLENGE;
}

int guard_write_challenge(const struct identity *id, const uint8_t *init, size_t init_len,
			  const uint8_t cookie[CIPE_WIRE_COOKIE_LEN], uint8_t *out)
{
	if (init_len < GUARD_CHALLENGE_LEN)
		return -EIO;
	challenge_header(init, out);
	memcpy(out + GUARD_HEADER_LEN, cookie, CIPE_WIRE_COOKIE_LEN);
	return challenge_mac(id, true, out, init, init_len,
			     out + GUARD_HEADER_LEN + CIPE_WIRE_COOKIE_LEN);
}

bool guard_read_challenge(const struct identity *id, const uint8_t *init, size_t init_len,
			  const uint8_t *msg, size_t len, uint8_t cookie[CIPE_WIRE_COOKIE_LEN])
{
	uint8_t header[GUARD_HEADER_LEN], mac[CIPE_WIRE_MAC_LEN];

	if (len != GUARD_CHALLENGE_LEN || init_len < GUARD_CHALLENGE_LEN)
		return false;
	challenge_header(init, header);
	if (memcmp(msg, header, GUARD_HEADER_LEN) ||
	    challenge_mac(id, false, msg, init, init_len, mac) ||
	    !secret_equal(mac, msg + len - CIPE_WIRE_MAC_LEN, CIPE_WIRE_MAC_LEN))
		return false;
	memcpy(cookie, msg + GUARD_HEADER_LEN, CIPE_WIRE_COOKIE_LEN);
	return true;
}
