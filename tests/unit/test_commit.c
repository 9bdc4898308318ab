/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The commit on a disk in memory that loses power, refuses writes and lies. */
#include "fixer/repair/commit.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define SECTOR  512
#define SECTORS 64
#define CHANGED 7

/* What the disk does wrong. */
struct faults {
	int writes_left;    /* sectors until power goes; -1: never */
	bool forget_writes; /* says yes, keeps nothing */
	bool flush_fails, drop_fails;
	uint64_t bad_sector; /* refuses to be written; 0: none */
	uint64_t unreadable; /* 0: none */
};

struct memory_disk {
	struct block_device dev;
	struct faults faults;
	uint8_t bytes[SECTORS * SECTOR];
	size_t sectors_written, flushes, drops;
	char story[128]; /* the first sector of each write, "F" for a flush */
};

static bool covers(uint64_t offset, size_t len, uint64_t sector)
{
	return sector != 0 && offset <= sector * SECTOR && sector * SECTOR < offset + len;
}

static int memory_read(struct block_device *dev, uint64_t offset, void *buf, size_t len)
{
	struct memory_disk *d = (struct memory_disk *)dev;

	if (covers(offset, len, d->faults.unreadable))
		return -EIO;
	memcpy(buf, d->bytes + offset, len);
	return 0;
}

static int memory_write(struct block_device *dev, uint64_t offset, const void *buf, size_t len)
{
	struct memory_disk *d = (struct memory_disk *)dev;

	if (covers(offset, len, d->faults.bad_sector))
		return -EIO;
	size_t told = strlen(d->story);
	(void)snprintf(
	        d->story + told, sizeof(d->story) - told, "%u ", (unsigned)(offset / SECTOR));
	for (size_t done = 0; done < len; done += SECTOR) {
		if (d->faults.writes_left == 0)
			return -EIO;
		if (d->faults.writes_left > 0)
			d->faults.writes_left--;
		if (!d->faults.forget_writes)
			memcpy(d->bytes + offset + done, (const uint8_t *)buf + done, SECTOR);
		d->sectors_written++;
	}
	return 0;
}

static int memory_flush(struct block_device *dev)
{
	struct memory_disk *d = (struct memory_disk *)dev;

	size_t told = strlen(d->story);
	(void)snprintf(d->story + told, sizeof(d->story) - told, "F ");
	d->flushes++;
	return d->faults.flush_fails ? -EIO : 0;
}

static int memory_drop(struct block_device *dev, uint64_t offset, size_t len)
{
	struct memory_disk *d = (struct memory_disk *)dev;

	assert_true(offset % SECTOR == 0 && len % SECTOR == 0);
	assert_int_equal(d->story[strlen(d->story) - 2], 'F');
	d->drops++;
	return d->faults.drop_fails ? -EIO : 0;
}

static const struct block_ops memory_ops = {
        .read = memory_read,
        .write = memory_write,
        .flush = memory_flush,
        .drop_cache = memory_drop,
};

/* Two runs, seven sectors: 10 to 13 and 40 to 42. */
struct fixture {
	struct memory_disk disk;
	uint8_t old_bytes[CHANGED * SECTOR], new_bytes[CHANGED * SECTOR];
	uint8_t image_old[SECTORS * SECTOR], image_new[SECTORS * SECTOR];
	struct plan_run runs[2];
};

static void power_on(struct fixture *f, const uint8_t *image)
{
	memcpy(f->disk.bytes, image, sizeof(f->disk.bytes));
	f->disk.faults = (struct faults){.writes_left = -1};
	f->disk.sectors_written = f->disk.flushes = f->disk.drops = 0;
	f->disk.story[0] = 0;
}

static int setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));

	if (!f)
		return -1;
	f->disk.dev = (struct block_device){.ops = &memory_ops,
	        .size = SECTORS * SECTOR,
	        .sector_size = SECTOR,
	        .writable = true,
	        .name = "memory"};
	for (size_t i = 0; i < sizeof(f->image_old); i++)
		f->image_old[i] = (uint8_t)(i / SECTOR);
	f->runs[0] = (struct plan_run){10, 4, f->old_bytes, f->new_bytes, STAGE_RECORD};
	f->runs[1] = (struct plan_run){
	        40, 3, f->old_bytes + 4 * SECTOR, f->new_bytes + 4 * SECTOR, STAGE_INDEX};
	memcpy(f->image_new, f->image_old, sizeof(f->image_new));
	for (size_t i = 0; i < 2; i++) {
		const struct plan_run *run = &f->runs[i];
		memcpy(run->old_bytes, f->image_old + run->lba * SECTOR, run->count * SECTOR);
		memset(run->new_bytes, (int)(0xa0 + i), run->count * SECTOR);
		memcpy(f->image_new + run->lba * SECTOR, run->new_bytes, run->count * SECTOR);
	}
	power_on(f, f->image_old);
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	free(*state);
	return 0;
}

static int run(
        struct fixture *f, enum commit_direction direction, size_t *written, struct error *err)
{
	*err = (struct error){0};
	return commit_runs(&f->disk.dev, f->runs, 2, direction, written, err);
}

static void assert_image(const struct fixture *f, const uint8_t *image)
{
	assert_memory_equal(f->disk.bytes, image, sizeof(f->image_old));
}

static void test_first(void **state)
{
	struct fixture *f = *state;
	struct error err;
	size_t written = 0;

	assert_int_equal(run(f, COMMIT_FIRST, &written, &err), 0);
	assert_int_equal(written, CHANGED);
	assert_int_equal(f->disk.sectors_written, CHANGED);
	assert_string_equal(f->disk.story, "40 F 10 F ");
	assert_int_equal(f->disk.drops, 2); /* each run, before it is read back */
	assert_image(f, f->image_new);
	assert_true(run(f, COMMIT_FIRST, &written, &err) < 0);
	assert_int_equal(err.reason, REASON_DISK_CHANGED);
	assert_int_equal(f->disk.sectors_written, CHANGED);
}

/* Stages, each on the medium before the next; undoing the other way; nothing twice. */
static void test_order(void **state)
{
	struct fixture *f = *state;
	struct plan_run runs[5];
	struct error err = {0};
	size_t written;

	for (size_t i = 0; i < 5; i++)
		runs[i] = (struct plan_run){f->runs[0].lba + i, 1, f->old_bytes + i * SECTOR,
		        f->new_bytes + i * SECTOR, STAGE_JOURNAL - i};
	runs[4].stage = STAGE_RECORD;
	memcpy(f->disk.bytes + 14 * SECTOR, runs[4].old_bytes, SECTOR);
	assert_int_equal(commit_runs(&f->disk.dev, runs, 5, COMMIT_FIRST, &written, &err), 0);
	assert_string_equal(f->disk.story, "13 F 12 14 F 11 F 10 F ");
	f->disk.story[0] = 0;
	assert_int_equal(commit_runs(&f->disk.dev, runs, 5, COMMIT_UNDO, &written, &err), 0);
	assert_string_equal(f->disk.story, "10 F 11 F 12 14 F 13 F ");
	f->disk.story[0] = 0;
	assert_int_equal(commit_runs(&f->disk.dev, runs, 5, COMMIT_UNDO, &written, &err), 0);
	assert_string_equal(f->disk.story, "F ");
	assert_int_equal(written, 0);
}

static void test_power_cut_at_every_sector(void **state)
{
	struct fixture *f = *state;
	struct error err;

	for (int cut = 0; cut < CHANGED; cut++) {
		uint8_t torn[SECTORS * SECTOR];
		size_t written = 99;
		power_on(f, f->image_old);
		f->disk.faults.writes_left = cut;
		assert_true(run(f, COMMIT_FIRST, &written, &err) < 0);
		assert_int_equal(err.reason, REASON_DISK_WRITE_ERROR);
		assert_int_equal(written, 99);
		memcpy(torn, f->disk.bytes, sizeof(torn));

		power_on(f, torn);
		assert_int_equal(run(f, COMMIT_COMPLETE, &written, &err), 0);
		assert_int_equal(written, CHANGED - cut);
		assert_image(f, f->image_new);

		power_on(f, torn);
		assert_int_equal(run(f, COMMIT_UNDO, &written, &err), 0);
		assert_int_equal(written, cut);
		assert_image(f, f->image_old);
	}
}

/* A drive reorders its cache: any subset of the sectors may have arrived. */
static void test_any_subset(void **state)
{
	struct fixture *f = *state;
	struct error err;

	for (unsigned subset = 0; subset < 1u << CHANGED; subset++) {
		uint8_t torn[SECTORS * SECTOR];
		size_t written, n = 0;
		memcpy(torn, f->image_old, sizeof(torn));
		for (unsigned i = 0; i < CHANGED; i++) {
			size_t at = (i < 4 ? 10 + i : 40 + i - 4) * SECTOR;
			if (!(subset >> i & 1))
				continue;
			memcpy(torn + at, f->image_new + at, SECTOR);
			n++;
		}
		power_on(f, torn);
		assert_int_equal(run(f, COMMIT_COMPLETE, &written, &err), 0);
		assert_int_equal(written, CHANGED - n);
		assert_image(f, f->image_new);
		power_on(f, torn);
		assert_int_equal(run(f, COMMIT_UNDO, &written, &err), 0);
		assert_int_equal(written, n);
		assert_image(f, f->image_old);
	}
}

static void test_conflict_writes_nothing(void **state)
{
	static const enum commit_direction directions[] = {
	        COMMIT_FIRST, COMMIT_COMPLETE, COMMIT_UNDO};
	struct fixture *f = *state;
	struct error err;
	size_t written;

	for (size_t i = 0; i < 3; i++) {
		uint8_t foreign[SECTORS * SECTOR];
		memcpy(foreign, f->image_old, sizeof(foreign));
		foreign[42 * SECTOR + 511] ^= 1;
		power_on(f, foreign);
		assert_true(run(f, directions[i], &written, &err) < 0);
		assert_int_equal(err.reason, directions[i] == COMMIT_FIRST
		                                     ? REASON_DISK_CHANGED
		                                     : REASON_PENDING_CONFLICT);
		assert_non_null(strstr(err.text, "sector 42"));
		assert_int_equal(f->disk.sectors_written, 0);
		assert_image(f, foreign);
	}
}

static void expect(struct fixture *f, struct faults faults, enum reason reason, const char *text)
{
	struct error err;
	size_t written;

	power_on(f, f->image_old);
	f->disk.faults = faults;
	assert_true(run(f, COMMIT_FIRST, &written, &err) < 0);
	assert_string_equal(reason_code(err.reason), reason_code(reason));
	if (!strstr(err.text, text))
		fail_msg("no '%s' in '%s'", text, err.text);
}

static void test_faulty_disks(void **state)
{
	struct fixture *f = *state;

	expect(f, (struct faults){.writes_left = -1, .bad_sector = 41}, REASON_DISK_WRITE_ERROR,
	        "sectors 40 to 42");
	expect(f, (struct faults){.writes_left = -1, .unreadable = 11}, REASON_DISK_READ_ERROR,
	        "nothing was written");
	assert_int_equal(f->disk.sectors_written, 0);
	expect(f, (struct faults){.writes_left = -1, .flush_fails = true}, REASON_DISK_WRITE_ERROR,
	        "flushing");
	expect(f, (struct faults){.writes_left = -1, .drop_fails = true}, REASON_VERIFY_FAILED,
	        "cache");
	expect(f, (struct faults){.writes_left = -1, .forget_writes = true}, REASON_VERIFY_FAILED,
	        "sector 10 ");
}

static void test_outside_the_disk(void **state)
{
	struct fixture *f = *state;
	struct error err;
	size_t written;

	f->runs[1].lba = SECTORS - 2;
	assert_true(run(f, COMMIT_COMPLETE, &written, &err) < 0);
	assert_int_equal(f->disk.sectors_written, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test_setup_teardown(test_first, setup, teardown),
	        cmocka_unit_test_setup_teardown(test_order, setup, teardown),
	        cmocka_unit_test_setup_teardown(test_power_cut_at_every_sector, setup, teardown),
	        cmocka_unit_test_setup_teardown(test_any_subset, setup, teardown),
	        cmocka_unit_test_setup_teardown(test_conflict_writes_nothing, setup, teardown),
	        cmocka_unit_test_setup_teardown(test_faulty_disks, setup, teardown),
	        cmocka_unit_test_setup_teardown(test_outside_the_disk, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
