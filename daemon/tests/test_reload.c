// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Options read again: as many links as the keeper lets in, the parser has room for;
 * and what it cannot take changes nothing.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <openssl/crypto.h>

#include "handshake.h"
#include "keeper_impl.h"
#include "links.h"
#include "secret.h"

/* With so many, no octet of the memory is there by rounding up */
#define STARTED 128

/* ------------------------------------------------------------------------
 * room
 */

/* Return: all of it could be had */
static bool keys_of_options(void)
{
	return secret_alloc(OPTIONS_KEY_MAX) && secret_alloc(OPTIONS_KEY_MAX);
}

static bool begin(struct handshake *hs)
{
	const struct handshake_info own = { .timestamp = 1, .key_id = 4 };
	struct handshake_message init;

	return hs && handshake_initiate(hs, &own, NULL, &init) == HANDSHAKE_OK;
}

/* What a link has, with an exchange under way and another of the peer's */
static bool link_fits(const struct kind *kind, bool theirs)
{
	struct handshake_config config = { .mode = CIPE_MODE_IP,
					   .cipher = CIPE_CIPHER_AES_256_GCM };
	struct handshake *other;
	bool fits;

	if (!keys_of_options())
		return false;
	config.id = link_end(kind, 0);
	config.local = secret_alloc(HANDSHAKE_LOCAL_LEN);
	if (!config.local || !begin(handshake_new(&config)))
		return false;
	other = theirs ? handshake_new(&config) : NULL;
	fits = !theirs || begin(other);
	handshake_free(other);
	return fits;
}

/* In a process of its own, which has such memory once. Return: exit code. */
static int fill(const struct kind *kind)
{
	unsigned int room = keeper_room(STARTED), i;
	size_t before;

	if (secret_init(SECRET_HEAP_DEFAULT + 2 * SECRET_HEAP_LINK * STARTED))
		return 2;
	if (room < 4 * STARTED)
		return 3;
	/* libcrypto's random generators are there, once */
	if (!link_fits(kind, true))
		return 4;
	before = CRYPTO_secure_used();
	if (!link_fits(kind, false) || !keys_of_options() ||
	    CRYPTO_secure_used() - before > KEEPER_LINK_SECRETS)
		return 5;
	for (i = 2; i < room; i++)
		if (!link_fits(kind, i + 1 == room))
			return 6;
	/* All options are read again, whatever becomes of them */
	for (i = 1; i < room; i++)
		if (!keys_of_options())
			return 7;
	return 0;
}

static void test_room(void **state)
{
	int k, status;
	pid_t pid;

	(void)state;
	for (k = 0; k < KINDS; k++) {
		pid = fork();
		if (!pid)
			_exit(fill(&kinds[k]));
		assert_int_equal(waitpid(pid, &status, 0), pid);
		if (status)
			fail_msg("%s: status %x", kinds[k].name, status);
	}
}

/* ------------------------------------------------------------------------
 * what was handed over
 */

static void add(struct keeper *k, const char *name)
{
	struct optset_item *item = calloc(1, sizeof(*item));

	item->conf = ++k->last_conf;
	item->name = strdup(name);
	assert_int_equal(keeper_add(k, item), 0);
}

/* Two links that run, one of which is to go; and options that were handed over */
static void hand_over(struct keeper *k)
{
	memset(k, 0, sizeof(*k));
	k->round = 1;
	add(k, "stays");
	add(k, "goes");
	keeper_find(k, 1)->ready = keeper_find(k, 2)->ready = true;
	k->round = 2;
	add(k, "stays");
	keeper_find(k, 2)->leaving = true;
	k->reload.handed = true;
	k->reload.size = 4096;
	k->reload.memory = mmap(NULL, k->reload.size, PROT_READ | PROT_WRITE,
				MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	assert_ptr_not_equal(k->reload.memory, MAP_FAILED);
}

static void forget_all(struct keeper *k)
{
	struct keeper_link *l, *next;

	HASH_ITER(by_conf, k->by_conf, l, next)
		keeper_forget(k, l);
	keeper_reload_end(k);
}

static void test_refused(void **state)
{
	struct keeper k;

	(void)state;
	hand_over(&k);
	assert_true(keeper_refused(&k));
	assert_null(keeper_find(&k, 3));
	assert_non_null(keeper_find(&k, 1));
	assert_non_null(keeper_find(&k, 2));
	assert_false(keeper_find(&k, 2)->leaving);
	assert_false(k.reload.handed);
	assert_null(k.reload.memory);
	/* There is nothing more to refuse */
	assert_false(keeper_refused(&k));
	assert_non_null(keeper_find(&k, 1));
	forget_all(&k);
}

/* Who has taken a part has taken them */
static void test_used(void **state)
{
	struct keeper k;

	(void)state;
	hand_over(&k);
	keeper_find(&k, 3)->used = true;
	assert_false(keeper_refused(&k));
	assert_non_null(keeper_find(&k, 3));
	assert_true(keeper_find(&k, 2)->leaving);
	assert_true(k.reload.handed);
	forget_all(&k);
}

/* ------------------------------------------------------------------------
 * given up
 */

static uint32_t retired;		/* link whose keys were */
static unsigned int deleted;		/* interface that was */
static enum cipe_socket_state socket_state;
static bool locked;			/* a daemon has the device */

int __wrap_module_key_del_all(struct module *m, uint32_t id);
int __wrap_module_link_find(struct module *m, unsigned int ifindex, struct kernel_link *link);
int __wrap_module_link_get(struct module *m, uint32_t id, struct kernel_link *link);
int __wrap_rtnl_delete(struct rtnl *r, unsigned int ifindex);
unsigned int __wrap_if_nametoindex(const char *name);
int __wrap_pidfile_lock(struct pidfile *pf, const char *device, pid_t *holder);

int __wrap_module_key_del_all(struct module *m, uint32_t id)
{
	(void)m;
	retired = id;
	return 0;
}

/* Of link n it is 1000 + n */
int __wrap_module_link_find(struct module *m, unsigned int ifindex, struct kernel_link *link)
{
	(void)m;
	memset(link, 0, sizeof(*link));
	link->id = ifindex - 1000;
	snprintf(link->name, sizeof(link->name), "left");
	link->socket_state = socket_state;
	return 0;
}

int __wrap_module_link_get(struct module *m, uint32_t id, struct kernel_link *link)
{
	return __wrap_module_link_find(m, 1000 + id, link);
}

int __wrap_rtnl_delete(struct rtnl *r, unsigned int ifindex)
{
	(void)r;
	deleted = ifindex;
	return 0;
}

static struct optset_item its_item;

/* Return: it was deleted, and had no keys by then */
static bool end_link(struct keeper_link *l)
{
	const bool gone = l->gone;
	struct keeper k = { 0 };

	retired = deleted = 0;
	l->item = &its_item;
	keeper_link_end(&k, l);
	assert_int_equal(retired, deleted ? 7 : 0);
	assert_true(l->gone == gone || deleted == 1007);
	return deleted;
}

static bool given_up(bool ready, bool leaving, bool gone)
{
	struct keeper_link l = {
		.ready = ready, .leaving = leaving, .gone = gone, .id = 7, .ifindex = 1007,
	};

	return end_link(&l);
}

/* Its set-up was cut off after the interface was found, and the name was let go of */
static bool cut_off(uint32_t made, struct keeper_socket *shared)
{
	struct keeper_link l = {
		.leaving = true, .id = 7, .made = made, .ifindex = 1007, .name = "left",
		.shared = shared, .pidfile.fd = -1,
	};

	return end_link(&l);
}

/* What is not configured any more leaves nothing, however far its set-up was */
static void test_given_up(void **state)
{
	(void)state;
	assert_true(given_up(true, true, false));
	assert_true(given_up(true, false, false));
	assert_true(given_up(false, true, false));
	assert_false(given_up(false, true, true));
	/* The next attempt may find it */
	assert_false(given_up(false, false, false));
}

unsigned int __wrap_if_nametoindex(const char *name)
{
	return strcmp(name, "left") ? 0 : 1009;
}

int __wrap_pidfile_lock(struct pidfile *pf, const char *device, pid_t *holder)
{
	(void)pf;
	(void)device;
	(void)holder;
	return locked ? -EEXIST : 0;
}

/* What was found may be another daemon's */
static void test_cut_off(void **state)
{
	struct keeper_socket ours;

	(void)state;
	assert_true(cut_off(0, NULL));
	assert_true(cut_off(7, NULL));
	locked = true;
	assert_false(cut_off(0, NULL));
	locked = false;
	socket_state = CIPE_SOCKET_USER;
	assert_false(cut_off(0, NULL));
	assert_true(cut_off(0, &ours));
	assert_true(cut_off(7, NULL));
	socket_state = CIPE_SOCKET_NONE;
	its_item.opts.mode = CIPE_MODE_ETHER;
	assert_false(cut_off(0, NULL));
	assert_true(cut_off(7, NULL));
	its_item.opts.mode = CIPE_MODE_IP;
}

/* The last link that was added waits, and is given up. Return: it deleted what was left. */
static bool given_up_waiting(struct keeper *k)
{
	retired = deleted = 0;
	keeper_link_end(k, keeper_find(k, k->last_conf));
	assert_int_equal(retired, deleted ? 9 : 0);
	return deleted == 1009;
}

static struct keeper_link *add_device(struct keeper *k, const char *device)
{
	struct keeper_link *l;

	add(k, device);
	l = keeper_find(k, k->last_conf);
	snprintf(l->item->opts.device, sizeof(l->item->opts.device), "%s", device);
	return l;
}

/* There is an interface by the name of a link that has none yet */
static void test_left(void **state)
{
	struct keeper k = { 0 };
	struct keeper_link *other = add_device(&k, "other"), *l = add_device(&k, "left");

	(void)state;
	assert_false(given_up_waiting(&k));
	l->leaving = true;
	assert_true(given_up_waiting(&k));
	l->leaving = false;
	k.stopping = true;
	assert_true(given_up_waiting(&k));
	/* Not ours to delete */
	locked = true;
	assert_false(given_up_waiting(&k));
	locked = false;
	socket_state = CIPE_SOCKET_USER;
	assert_false(given_up_waiting(&k));
	socket_state = CIPE_SOCKET_NONE;
	l->item->opts.mode = CIPE_MODE_ETHER;
	assert_false(given_up_waiting(&k));
	l->item->opts.mode = CIPE_MODE_IP;
	keeper_list(&k, other, 9, 1009);
	assert_false(given_up_waiting(&k));
	keeper_forget(&k, other);
	/* The link was changed, and the new one waits for the same */
	k.stopping = false;
	other = add_device(&k, "left");
	k.last_conf = l->conf;
	l->leaving = true;
	assert_false(given_up_waiting(&k));
	k.stopping = true;
	assert_true(given_up_waiting(&k));
	k.stopping = false;
	other->item->faulty = true;
	assert_true(given_up_waiting(&k));
	other->item->faulty = false;
	other->leaving = true;
	assert_true(given_up_waiting(&k));
	forget_all(&k);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_room),
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_used),
		cmocka_unit_test(test_given_up),
		cmocka_unit_test(test_cut_off),
		cmocka_unit_test(test_left),
	};

	return cmocka_run_group_tests_name("reload", tests, NULL, NULL);
}
