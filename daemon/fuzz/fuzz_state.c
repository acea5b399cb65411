// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The state file: any text. What was read must be the same after it was
 * written and read again.
 */
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include "fuzz.h"
#include "state.h"

static const uint8_t id[STATE_ID_LEN];
static char dir[] = "/dev/shm/cipe-fuzz.XXXXXX";

static void remove_dir(void)
{
	char path[sizeof(dir) + 64];

	snprintf(path, sizeof(path), "%s/%032d.state", dir, 0);
	unlink(path);
	rmdir(dir);
}

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	(void)argc;
	(void)argv;
	FUZZ_CHECK(mkdtemp(dir));
	atexit(remove_dir);
	return 0;
}

static void put_file(const uint8_t *data, size_t size)
{
	char path[sizeof(dir) + 64];
	int fd;

	snprintf(path, sizeof(path), "%s/%032d.state", dir, 0);
	fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	FUZZ_CHECK(fd >= 0 && write(fd, data, size) == (ssize_t)size);
	close(fd);
}

static void check_same(const struct state *a, const struct state *b)
{
	int i;

	FUZZ_CHECK(b->known && a->accepted == b->accepted && a->sent == b->sent);
	FUZZ_CHECK(a->have_local == b->have_local &&
		   (!a->have_local || !memcmp(a->local, b->local, sizeof(a->local))));
	FUZZ_CHECK(state_link(a, a->boot) == state_link(b, a->boot));
	/* Written are those before the first that is none */
	for (i = 0; i < STATE_KEYS && a->key[i]; i++)
		FUZZ_CHECK(state_has_key(b, a->key[i]));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char boot[STATE_BOOT_LEN] = "00000000-0000-0000-0000-000000000000";
	struct state st, again;
	uint8_t local[STATE_LOCAL_LEN] = { 1 };
	uint64_t before;

	put_file(data, size);
	/* At the very end of time the next stamp is refused */
	if (state_open(&st, dir, id) || st.sent == UINT64_MAX / 2)
		return 0;
	FUZZ_CHECK(memchr(st.boot, '\0', sizeof(st.boot)));
	FUZZ_CHECK(!state_accept(&st, 1));
	FUZZ_CHECK(!state_open(&again, dir, id));
	check_same(&st, &again);
	before = st.sent;
	FUZZ_CHECK(state_stamp(&st, 2) > before);
	state_local(&st, local);
	state_set_link(&st, 3, boot);
	state_add_key(&st, 4);
	FUZZ_CHECK(!state_open(&again, dir, id));
	check_same(&st, &again);
	FUZZ_CHECK(state_has_key(&again, 4) && state_link(&again, boot) == 3);
	return 0;
}
