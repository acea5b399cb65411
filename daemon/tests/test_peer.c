// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Key exchanges with a peer that shares no line with us: tests/peer, in Go, on
 * the library of Debian's golang-github-flynn-noise-dev. Every pattern, suite
 * and cipher, with us as initiator and as responder, with a challenge each.
 */
#include <libgen.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "guard.h"
#include "handshake.h"
#include "links.h"
#include "secret.h"

#define LINE_MAX_LEN 4096

static const uint8_t cookie[CIPE_WIRE_COOKIE_LEN] = "sixteen octets!";

/* The other program, and what we say to it */
static struct {
	pid_t pid;
	FILE *in, *out;
} peer;

static void path_of_peer(char *path, size_t size)
{
	char self[PATH_MAX];
	ssize_t n = readlink("/proc/self/exe", self, sizeof(self) - 1);

	assert_true(n > 0);
	self[n] = '\0';
	snprintf(path, size, "%s/noise-peer", dirname(self));
}

static void peer_start(void)
{
	char path[PATH_MAX + 16];
	int to[2], from[2];

	path_of_peer(path, sizeof(path));
	assert_int_equal(pipe(to) | pipe(from), 0);
	peer.pid = fork();
	assert_true(peer.pid >= 0);
	if (!peer.pid) {
		dup2(to[0], STDIN_FILENO);
		dup2(from[1], STDOUT_FILENO);
		close(to[1]);
		close(from[0]);
		execl(path, path, NULL);
		_exit(127);
	}
	close(to[0]);
	close(from[1]);
	peer.out = fdopen(to[1], "w");
	peer.in = fdopen(from[0], "r");
}

static void peer_end(void)
{
	int status;

	fclose(peer.out);
	fclose(peer.in);
	assert_int_equal(waitpid(peer.pid, &status, 0), peer.pid);
	assert_int_equal(status, 0);
}

static void put_hex(const uint8_t *data, size_t len, char end)
{
	for (size_t i = 0; i < len; i++)
		fprintf(peer.out, "%02x", data[i]);
	fprintf(peer.out, "%s%c", len ? "" : "-", end);
	fflush(peer.out);
}

static size_t from_hex(const char *hex, uint8_t *out, size_t room)
{
	size_t len = 0;
	unsigned int octet;

	for (; sscanf(hex, "%2x", &octet) == 1 && len < room; hex += 2)
		out[len++] = (uint8_t)octet;
	return len;
}

static void get_message(struct handshake_message *msg)
{
	char line[LINE_MAX_LEN];

	assert_non_null(fgets(line, sizeof(line), peer.in));
	msg->len = from_hex(line, msg->data, sizeof(msg->data));
}

/* What the peer is to be */
static void introduce(const struct kind *kind, bool initiator, uint8_t cipher)
{
	static const char *const patterns[] = { "nnpsk0", "ik", "ikpsk2" };
	struct identity *id = link_end(kind, 1);
	size_t public_len = kind->pattern == NOISE_NNPSK0 ? 0 : noise_public_len(kind->dh);

	fprintf(peer.out, "%s %s %s %d ", initiator ? "initiator" : "responder",
		patterns[kind->pattern], kind->dh == NOISE_P256 ? "p256" : "25519", cipher);
	put_hex(id->psk, id->has_psk ? NOISE_KEY_LEN : 0, ' ');
	put_hex(id->private_key, id->has_static ? NOISE_KEY_LEN : 0, ' ');
	put_hex(id->peer_key, public_len, '\n');
	identity_free(id);
}

/* Both must have made the same of it; what one sends under, the other receives under */
static void compare(const struct handshake_keys *keys)
{
	char line[LINE_MAX_LEN], tx_key[80], tx_iv[80], rx_key[80], rx_iv[80];
	uint8_t value[CIPE_KEY_LEN_MAX];
	unsigned int tx_id, rx_id;

	assert_non_null(fgets(line, sizeof(line), peer.in));
	assert_int_equal(sscanf(line, "keys %79s %79s %79s %79s %u %u", tx_key, tx_iv, rx_key,
				rx_iv, &tx_id, &rx_id), 6);
	assert_int_equal(tx_id, keys->rx_id);
	assert_int_equal(rx_id, keys->tx_id);
	assert_int_equal(from_hex(tx_key, value, sizeof(value)), keys->key_len);
	assert_memory_equal(value, keys->rx_key, keys->key_len);
	assert_int_equal(from_hex(rx_key, value, sizeof(value)), keys->key_len);
	assert_memory_equal(value, keys->tx_key, keys->key_len);
	assert_int_equal(from_hex(tx_iv, value, sizeof(value)), CIPE_IV_LEN);
	assert_memory_equal(value, keys->rx_iv, CIPE_IV_LEN);
	assert_int_equal(from_hex(rx_iv, value, sizeof(value)), CIPE_IV_LEN);
	assert_memory_equal(value, keys->tx_iv, CIPE_IV_LEN);
}

static void initiate(const struct handshake_config *config, struct handshake_keys *keys)
{
	const struct handshake_info own = { .timestamp = 1, .key_id = 0x44332210,
					    .have_ipaddr = true, .mtu = 1448 };
	struct handshake *hs = handshake_new(config);
	uint8_t asked[CIPE_WIRE_COOKIE_LEN];
	struct handshake_message msg, answer;
	struct handshake_info heard;

	/* First without a cookie: the peer sends one */
	assert_int_equal(handshake_initiate(hs, &own, NULL, &msg), HANDSHAKE_OK);
	put_hex(msg.data, msg.len, '\n');
	get_message(&answer);
	assert_true(guard_read_challenge(config->id, msg.data, msg.len, answer.data, answer.len,
					 asked));
	handshake_free(hs);
	hs = handshake_new(config);
	assert_int_equal(handshake_initiate(hs, &own, asked, &msg), HANDSHAKE_OK);
	put_hex(msg.data, msg.len, '\n');
	get_message(&answer);
	assert_int_equal(handshake_read_response(hs, answer.data, answer.len, &heard, keys),
			 HANDSHAKE_OK);
	assert_int_equal(heard.mtu, 1400);
	handshake_free(hs);
}

static void respond(const struct handshake_config *config, struct handshake_keys *keys)
{
	const struct handshake_info own = { .key_id = 0x88776650, .timeout_ms = 20000 };
	struct handshake_message msg, answer = { .len = GUARD_CHALLENGE_LEN };
	struct handshake *hs = handshake_new(config);
	struct handshake_header header;
	struct handshake_info heard;

	get_message(&msg);
	assert_int_equal(handshake_screen(config, msg.data, msg.len, &header), HANDSHAKE_OK);
	assert_int_equal(guard_write_challenge(config->id, msg.data, msg.len, cookie, answer.data),
			 0);
	put_hex(answer.data, answer.len, '\n');
	get_message(&msg);
	assert_memory_equal(handshake_cookie(msg.data), cookie, sizeof(cookie));
	assert_int_equal(handshake_read_init(hs, msg.data, msg.len, &heard), HANDSHAKE_OK);
	assert_int_equal(heard.mtu, 1400);
	assert_int_equal(handshake_write_response(hs, &own, &answer, keys), HANDSHAKE_OK);
	put_hex(answer.data, answer.len, '\n');
	handshake_free(hs);
}

static void run(const struct kind *kind, uint8_t cipher, bool initiator)
{
	struct handshake_keys *keys = handshake_keys_new();
	struct identity *id = link_end(kind, 0);
	const struct handshake_config config = { .id = id, .cipher = cipher };

	peer_start();
	introduce(kind, !initiator, cipher);
	if (initiator)
		initiate(&config, keys);
	else
		respond(&config, keys);
	compare(keys);
	peer_end();
	identity_free(id);
	handshake_keys_free(keys);
}

static void both_roles(const struct kind *kind)
{
	uint8_t cipher;

	for (cipher = CIPE_CIPHER_CHACHA20_POLY1305; cipher <= CIPE_CIPHER_AES_256_GCM; cipher++) {
		if (kind->dh == NOISE_P256 && cipher == CIPE_CIPHER_CHACHA20_POLY1305)
			continue;
		run(kind, cipher, true);
		run(kind, cipher, false);
	}
}

static void test_nnpsk0_25519(void **state)
{
	(void)state;
	both_roles(&kinds[0]);
}

static void test_ik_25519(void **state)
{
	(void)state;
	both_roles(&kinds[1]);
}

static void test_ikpsk2_25519(void **state)
{
	(void)state;
	both_roles(&kinds[2]);
}

static void test_nnpsk0_p256(void **state)
{
	(void)state;
	both_roles(&kinds[3]);
}

static void test_ik_p256(void **state)
{
	(void)state;
	both_roles(&kinds[4]);
}

static void test_ikpsk2_p256(void **state)
{
	(void)state;
	both_roles(&kinds[5]);
}

static int setup(void **state)
{
	(void)state;
	signal(SIGPIPE, SIG_IGN);
	return secret_init(0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_nnpsk0_25519), cmocka_unit_test(test_ik_25519),
		cmocka_unit_test(test_ikpsk2_25519), cmocka_unit_test(test_nnpsk0_p256),
		cmocka_unit_test(test_ik_p256), cmocka_unit_test(test_ikpsk2_p256),
	};

	return cmocka_run_group_tests_name("peer", tests, setup, NULL);
}
