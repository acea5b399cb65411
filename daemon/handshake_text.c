// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Results of handshake.c in words.
 */
#include "handshake.h"

#include <stdio.h>

#include "options.h"

static const char *const handshake_words[] = {
	[HANDSHAKE_OK] = "accepted",
	[HANDSHAKE_MALFORMED] = "not a key exchange message (length or header)",
	[HANDSHAKE_VERSION] = "another version of the protocol",
	[HANDSHAKE_PATTERN] = "a kind of key exchange that is not supported here",
	[HANDSHAKE_SUITE] = "peer is configured for another suite",
	[HANDSHAKE_UNEXPECTED] = "does not answer the message we sent",
	[HANDSHAKE_NOT_AUTHENTIC] = "not authenticated: another key, or damaged or forged",
	[HANDSHAKE_STRANGER] = "of another public key than peerkey",
	[HANDSHAKE_REFLECTED] = "our own message came back",
	[HANDSHAKE_MODE] = "peer is configured for another mode",
	[HANDSHAKE_CIPHER] = "peer is configured for another cipher",
	[HANDSHAKE_PAYLOAD] = "authentic, but its contents break the protocol",
	[HANDSHAKE_BAD_KEY] = "authentic, but its public key is not acceptable",
	[HANDSHAKE_MISUSE] = "internal error: out of order",
	[HANDSHAKE_INTERNAL] = "out of locked memory, or libcrypto failed",
};

#define HANDSHAKE_WORDS (sizeof(handshake_words) / sizeof(handshake_words[0]))

/* By the options that lead to it */
static const char *pattern_words(uint8_t pattern)
{
	switch (pattern) {
	case CIPE_WIRE_NNPSK0:
		return "key";
	case CIPE_WIRE_IK:
		return "privkey and peerkey";
	case CIPE_WIRE_IKPSK2:
		return "privkey, peerkey and key";
	default:
		return "something unknown";
	}
}

const char *handshake_describe(const struct handshake_config *config,
			       const struct handshake_header *header,
			       enum handshake_result result, char *buf, size_t size)
{
	if (config && result == HANDSHAKE_MODE)
		snprintf(buf, size, "peer is configured mode=%s, we have mode=%s",
			 options_mode_name(header->mode), options_mode_name(config->mode));
	else if (config && result == HANDSHAKE_CIPHER)
		snprintf(buf, size, "peer is configured cipher=%s, we have cipher=%s",
			 options_cipher_name(header->cipher), options_cipher_name(config->cipher));
	else if (config && result == HANDSHAKE_PATTERN)
		snprintf(buf, size, "peer is configured with %s, we have %s",
			 pattern_words(header->pattern), pattern_words(identity_pattern(config->id)));
	else if (config && result == HANDSHAKE_SUITE)
		snprintf(buf, size, "peer is configured suite=%s, we have suite=%s",
			 header->dh == CIPE_WIRE_P256 ? "nist or fips" : "25519",
			 config->id->dh == NOISE_P256 ? "nist or fips" : "25519");
	else
		snprintf(buf, size, "%s", (size_t)result < HANDSHAKE_WORDS ?
					  handshake_words[result] : "unknown result");
	return buf;
}
