/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What is left of an SQLite store when the power goes: a layer under SQLite keeps, of each file,
 * what it was at its last sync, which is all a disk has promised. */
#include "appliance/store/store.h"

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <sqlite3.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/sendfile.h>
#include <unistd.h>

#include <cmocka.h>

#define MAC  "52:54:00:12:34:56"
#define PATH 128

/* ---- the layer ---- */

static sqlite3_vfs *below;
static int syncs;

/* SQLite's file, as it is told of it; the file system's own follows. */
struct layered {
	sqlite3_file base;
	char path[PATH];
	sqlite3_file inner[];
};

static sqlite3_file *inner(sqlite3_file *f)
{
	return ((struct layered *)(void *)f)->inner;
}

static void file_copy(const char *from, const char *to)
{
	int in = open(from, O_RDONLY | O_CLOEXEC);
	int out = open(to, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	ssize_t n = 1;

	assert_true(out >= 0);
	while (in >= 0 && n > 0)
		n = sendfile(out, in, NULL, 1 << 20);
	assert_true(n >= 0);
	if (in >= 0)
		(void)close(in);
	(void)close(out);
}

static int layer_close(sqlite3_file *f)
{
	return inner(f)->pMethods->xClose(inner(f));
}

static int layer_read(sqlite3_file *f, void *data, int len, sqlite3_int64 at)
{
	return inner(f)->pMethods->xRead(inner(f), data, len, at);
}

static int layer_write(sqlite3_file *f, const void *data, int len, sqlite3_int64 at)
{
	return inner(f)->pMethods->xWrite(inner(f), data, len, at);
}

static int layer_truncate(sqlite3_file *f, sqlite3_int64 size)
{
	return inner(f)->pMethods->xTruncate(inner(f), size);
}

static int layer_sync(sqlite3_file *f, int flags)
{
	const struct layered *l = (const void *)f;
	char kept[PATH + 8];
	int r = inner(f)->pMethods->xSync(inner(f), flags);

	(void)snprintf(kept, sizeof(kept), "%s.synced", l->path);
	file_copy(l->path, kept);
	syncs++;
	return r;
}

static int layer_size(sqlite3_file *f, sqlite3_int64 *ret)
{
	return inner(f)->pMethods->xFileSize(inner(f), ret);
}

static int layer_lock(sqlite3_file *f, int kind)
{
	return inner(f)->pMethods->xLock(inner(f), kind);
}

static int layer_unlock(sqlite3_file *f, int kind)
{
	return inner(f)->pMethods->xUnlock(inner(f), kind);
}

static int layer_reserved(sqlite3_file *f, int *ret)
{
	return inner(f)->pMethods->xCheckReservedLock(inner(f), ret);
}

static int layer_control(sqlite3_file *f, int op, void *argument)
{
	return inner(f)->pMethods->xFileControl(inner(f), op, argument);
}

static int layer_sector(sqlite3_file *f)
{
	return inner(f)->pMethods->xSectorSize(inner(f));
}

static int layer_device(sqlite3_file *f)
{
	return inner(f)->pMethods->xDeviceCharacteristics(inner(f));
}

static int layer_map(sqlite3_file *f, int page, int size, int extend, void volatile **ret)
{
	return inner(f)->pMethods->xShmMap(inner(f), page, size, extend, ret);
}

static int layer_shm_lock(sqlite3_file *f, int at, int n, int flags)
{
	return inner(f)->pMethods->xShmLock(inner(f), at, n, flags);
}

static void layer_barrier(sqlite3_file *f)
{
	inner(f)->pMethods->xShmBarrier(inner(f));
}

static int layer_unmap(sqlite3_file *f, int removed)
{
	return inner(f)->pMethods->xShmUnmap(inner(f), removed);
}

static const sqlite3_io_methods layer_methods = {.iVersion = 2,
        .xClose = layer_close,
        .xRead = layer_read,
        .xWrite = layer_write,
        .xTruncate = layer_truncate,
        .xSync = layer_sync,
        .xFileSize = layer_size,
        .xLock = layer_lock,
        .xUnlock = layer_unlock,
        .xCheckReservedLock = layer_reserved,
        .xFileControl = layer_control,
        .xSectorSize = layer_sector,
        .xDeviceCharacteristics = layer_device,
        .xShmMap = layer_map,
        .xShmLock = layer_shm_lock,
        .xShmBarrier = layer_barrier,
        .xShmUnmap = layer_unmap};

static int layer_open(
        sqlite3_vfs *vfs, const char *path, sqlite3_file *file, int flags, int *ret_flags)
{
	struct layered *l = (void *)file;

	(void)vfs;
	(void)snprintf(l->path, sizeof(l->path), "%s", path ? path : "");
	l->base.pMethods = NULL;
	int r = below->xOpen(below, path, l->inner, flags, ret_flags);
	if (r == SQLITE_OK)
		l->base.pMethods = &layer_methods;
	return r;
}

static int layer_install(void **state)
{
	static sqlite3_vfs layer;

	(void)state;
	below = sqlite3_vfs_find(NULL);
	assert_non_null(below);
	layer = *below;
	layer.zName = "layer";
	layer.pNext = NULL;
	layer.szOsFile = (int)sizeof(struct layered) + below->szOsFile;
	layer.xOpen = layer_open;
	return sqlite3_vfs_register(&layer, 1) == SQLITE_OK ? 0 : -1;
}

/* ---- the store upon it ---- */

struct fixture {
	char dir[64], path[PATH];
	struct store *store;
};

static int setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));
	struct error err = {0};
	int64_t id;

	(void)snprintf(f->dir, sizeof(f->dir), "/tmp/netmend-settle-XXXXXX");
	assert_non_null(mkdtemp(f->dir));
	(void)snprintf(f->path, sizeof(f->path), "%s/db", f->dir);
	assert_int_equal(store_open(f->path, &f->store, &err), 0);
	assert_int_equal(store_begin(f->store, true), 0);
	assert_int_equal(store_machine_add(f->store, MAC, &id), 0);
	assert_int_equal(store_commit(f->store), 0);
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;
	static const char *const names[] = {"db", "db-wal", "db-shm", "db.synced", "db-wal.synced",
	        "db-journal.synced", "cut", "cut-wal", "cut-shm", "cut.synced", "cut-wal.synced"};

	store_close(f->store);
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		char path[PATH];
		(void)snprintf(path, sizeof(path), "%s/%s", f->dir, names[i]);
		(void)unlink(path);
	}
	assert_int_equal(rmdir(f->dir), 0);
	free(f);
	return 0;
}

static void happens(struct fixture *f, bool durable)
{
	const struct store_event event = {.at = 1, .state = STATE_running, .numbers = "{}"};

	assert_int_equal(store_begin(f->store, durable), 0);
	assert_int_equal(store_event_add(f->store, 1, 0, 0, &event, NULL), 0);
	assert_int_equal(store_commit(f->store), 0);
}

/* How many events a disk has that lost its power just now. */
static int64_t left_after_a_cut(struct fixture *f)
{
	char kept[PATH + 16], cut[PATH], wal[PATH];
	struct store *s;
	struct error err = {0};
	int64_t sequence = -1;

	(void)snprintf(cut, sizeof(cut), "%s/cut", f->dir);
	(void)snprintf(kept, sizeof(kept), "%s.synced", f->path);
	file_copy(kept, cut);
	(void)snprintf(wal, sizeof(wal), "%s/cut-wal", f->dir);
	(void)snprintf(kept, sizeof(kept), "%s-wal.synced", f->path);
	file_copy(kept, wal);
	assert_int_equal(store_open(cut, &s, &err), 0);
	assert_int_equal(store_sequence(s, &sequence), 0);
	store_close(s);
	(void)snprintf(wal, sizeof(wal), "%s/cut-shm", f->dir);
	(void)unlink(wal);
	return sequence;
}

static void test_durable_or_not(void **state)
{
	struct fixture *f = *state;

	happens(f, true);
	assert_int_equal(left_after_a_cut(f), 1);
	happens(f, false);
	assert_int_equal(left_after_a_cut(f), 1); /* lost, as store.h says */
	happens(f, true);
	assert_int_equal(left_after_a_cut(f), 3);
	assert_false(store_unsettled(f->store));
}

static void test_a_group_comes_to_the_disk_at_once(void **state)
{
	struct fixture *f = *state;

	store_group(f->store);
	for (int round = 1; round <= 3; round++) {
		int before = syncs;
		for (int i = 0; i < 50; i++)
			happens(f, i % 2 == 0);
		assert_int_equal(syncs, before);
		assert_int_equal(left_after_a_cut(f), 50 * (round - 1));
		assert_true(store_unsettled(f->store));
		before = syncs;
		assert_int_equal(store_settle(f->store), 0);
		assert_int_equal(syncs, before + 1);
		assert_int_equal(left_after_a_cut(f), 50 * round);
		assert_false(store_unsettled(f->store));
	}
	int before = syncs;
	assert_int_equal(store_settle(f->store), 0);
	assert_int_equal(syncs, before); /* nothing to do */
}

/* Its log is written back into the file and begun anew every thousand pages. */
static void test_across_checkpoints(void **state)
{
	struct fixture *f = *state;

	store_group(f->store);
	for (int64_t n = 1; n <= 3000; n++) {
		happens(f, false);
		if (n % 500 != 0)
			continue;
		assert_int_equal(store_settle(f->store), 0);
		assert_int_equal(left_after_a_cut(f), n);
	}
}

static void test_not_within_a_transaction(void **state)
{
	struct fixture *f = *state;

	store_group(f->store);
	happens(f, false);
	assert_int_equal(store_begin(f->store, false), 0);
	assert_int_equal(store_settle(f->store), -EALREADY);
	store_rollback(f->store);
	assert_int_equal(store_settle(f->store), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test_setup_teardown(test_durable_or_not, setup, teardown),
	        cmocka_unit_test_setup_teardown(
	                test_a_group_comes_to_the_disk_at_once, setup, teardown),
	        cmocka_unit_test_setup_teardown(test_across_checkpoints, setup, teardown),
	        cmocka_unit_test_setup_teardown(test_not_within_a_transaction, setup, teardown),
	};

	return cmocka_run_group_tests(tests, layer_install, NULL);
}
