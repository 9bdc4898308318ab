/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A saved repair on its way into the store, a part at a time, and what becomes of the parts when it
 * does not come to its end. */
#include "tests/unit/fleet_fixture.h"

#include <sys/mman.h>

#define PART ((size_t)1 << 20)
#define SIZE (2 * PART + 5) /* three parts */

static int content_make(void)
{
	int fd = memfd_create("bundle", MFD_CLOEXEC);

	assert_true(fd >= 0);
	assert_int_equal(ftruncate(fd, (off_t)SIZE), 0);
	return fd;
}

static void bring(struct fixture *f, const char *sha256, int64_t part, int fd)
{
	assert_int_equal(store_begin(f->fleet.store, false), 0);
	assert_int_equal(store_bundle_put_part(f->fleet.store, sha256, part, fd), 1);
	assert_int_equal(store_commit(f->fleet.store), 0);
}

/* Parts of whatever nobody has. */
static int64_t parts_left(struct fixture *f)
{
	struct store_orphan orphans[8];
	int64_t sum = 0;
	size_t count;

	assert_int_equal(store_bundle_orphans(f->fleet.store, orphans, 8, &count), 0);
	for (size_t i = 0; i < count; i++)
		sum += orphans[i].parts;
	return sum;
}

static const char *sha_of(char letter)
{
	static char sha[2][65];
	static unsigned turn;
	char *ret = sha[turn++ % 2];

	memset(ret, letter, 64);
	return ret;
}

static void test_broken_off(void **state)
{
	struct fixture *f = *state;
	int fd = content_make();

	after(f, SECOND);
	bring(f, sha_of('a'), 0, fd);
	bring(f, sha_of('b'), 0, fd);
	after(f, FLEET_PARTS_MS);
	assert_int_equal(parts_left(f), 2);
	bring(f, sha_of('b'), 1, fd); /* somebody is at it */
	after(f, FLEET_PARTS_MS - 1);
	assert_int_equal(parts_left(f), 3);
	after(f, 1);
	assert_int_equal(parts_left(f), 2);
	assert_int_equal(store_bundle_is_whole(f->fleet.store, sha_of('b'), 2 * (int64_t)PART), 1);
	after(f, FLEET_PARTS_MS);
	assert_int_equal(parts_left(f), 0);
	(void)close(fd);
}

/* The next appliance that runs, whichever, does what one that died did not come to. */
static void test_broken_off_by_a_server_that_died(void **state)
{
	struct fixture *f = *state;
	int fd = content_make();

	bring(f, sha_of('a'), 0, fd);
	f->fleet.parts_looked = 0;
	f->fleet.orphan_count = 0;
	after(f, SECOND);
	after(f, FLEET_PARTS_MS);
	assert_int_equal(parts_left(f), 0);
	(void)close(fd);
}

static void test_a_saved_repair_stays(void **state)
{
	struct fixture *f = *state;
	enum reason refused = REASON_OK;
	int fd = content_make();

	(void)add(f);
	struct store_session session = start(f);
	for (int64_t part = 0; part < 3; part++)
		bring(f, sha_of('a'), part, fd);
	assert_int_equal(fleet_bundle(&f->fleet, &session, sha_of('a'), SIZE, -1, &refused), 0);
	assert_int_equal(refused, REASON_OK);
	for (int i = 0; i < 4; i++)
		after(f, FLEET_PARTS_MS);
	assert_int_equal(store_bundle_is_whole(f->fleet.store, sha_of('a'), SIZE), 1);
	store_session_free(&session);
	(void)close(fd);
}

/* So slowly that it was taken for broken off: no machine has a repair of which a part is missing.
 */
static void test_brought_too_slowly(void **state)
{
	struct fixture *f = *state;
	struct store_bundle pending;
	enum reason refused = REASON_OK;
	int fd = content_make();

	int64_t id = add(f);
	struct store_session session = start(f);
	bring(f, sha_of('a'), 0, fd);
	after(f, FLEET_PARTS_MS);
	after(f, FLEET_PARTS_MS);
	assert_int_equal(parts_left(f), 0);
	bring(f, sha_of('a'), 1, fd);
	bring(f, sha_of('a'), 2, fd);
	int r = fleet_bundle(&f->fleet, &session, sha_of('a'), SIZE, -1, &refused);
	/* Otherwise the bytes are a file, and the parts of this test nobody's business. */
	if (store_keeps_bundles(f->fleet.store)) {
		assert_int_equal(r, -EAGAIN);
		assert_int_equal(store_bundle_pending(f->fleet.store, id, &pending), -ENOENT);
	}
	bring(f, sha_of('a'), 0, fd);
	assert_int_equal(fleet_bundle(&f->fleet, &session, sha_of('a'), SIZE, -1, &refused), 0);
	assert_int_equal(store_bundle_pending(f->fleet.store, id, &pending), 0);
	assert_int_equal(parts_left(f), 0);
	store_session_free(&session);
	(void)close(fd);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        TEST(test_broken_off),
	        TEST(test_broken_off_by_a_server_that_died),
	        TEST(test_a_saved_repair_stays),
	        TEST(test_brought_too_slowly),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
