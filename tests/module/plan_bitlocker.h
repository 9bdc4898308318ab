/* SPDX-License-Identifier: GPL-3.0-or-later */
/* BitLocker disks to plan on, and their volumes as plaintext for the judges. */
#ifndef TESTS_PLAN_BITLOCKER_H
#define TESTS_PLAN_BITLOCKER_H

#include "tests/generators/disk.h"
#include "tests/module/plan_fixture.h"

/* The generator's ESP with large sectors takes more. */
#define DISK_SIZE(sector_size) ((sector_size == 512 ? 320ULL : 400ULL) * 1024 * 1024)

/* A generated disk and its C:. */
struct bitlocker_disk {
	const char *path;
	struct disk made;
	struct secret *vmk;
	struct volume_target target;
};

/* journal: 0 clean, else the version of an unclean one, with this pending. */
static inline void disk_make(struct bitlocker_disk *d, const char *name, uint32_t sector_size,
        unsigned bad_copies, unsigned journal, enum disk_pending pending)
{
	*d = (struct bitlocker_disk){.path = fixture_path(name)};
	d->made.options = (struct disk_options){.output = d->path,
	        .name = "TEST",
	        .kind = DISK_BITLOCKER,
	        .seed = 7,
	        .size = DISK_SIZE(sector_size),
	        .sector_size = sector_size,
	        .files = 100,
	        .bad_files = 1,
	        .good_291 = true,
	        .unclean = journal,
	        .pending = pending,
	        .fve = {.recovery_passwords = 1, .bad_copies = bad_copies}};
	assert_int_equal(disk_plan(&d->made), 0);
	d->made.fd = gen_create(d->path, d->made.options.size);
	assert_true(d->made.fd >= 0);
	assert_int_equal(disk_write_windows(&d->made), 0);
	assert_int_equal(close(d->made.fd), 0);
	d->vmk = secret_copy(d->made.fve.vmk, sizeof(d->made.fve.vmk));
	assert_non_null(d->vmk);
	const struct gpt_partition *p = &d->made.partitions[PART_C];
	d->target = (struct volume_target){
	        .partition = {.number = PART_C + 1, .start = p->start, .size = p->size},
	        .bitlocker = true,
	        .vmk = d->vmk};
}

static inline void disk_free(struct bitlocker_disk *d)
{
	secret_free(d->vmk);
	tree_free(&d->made.tree);
}

static inline struct plan *make_plan(
        struct bitlocker_disk *d, uint32_t sector_size, const char *recipe_text)
{
	struct block_device *disk = fixture_disk(d->path, sector_size);
	struct recipe recipe;
	struct error err = {0};
	struct plan *plan;

	assert_int_equal(recipe_parse(recipe_text, strlen(recipe_text), &recipe, NULL), 0);
	if (plan_make(disk, &d->target, &recipe, &plan, &err) < 0)
		fail_msg("%s: %s", reason_code(err.reason), err.text);
	block_close(disk);
	return plan;
}

/* Writes the plaintext volume to a file. */
static inline void export_plain(struct bitlocker_disk *d, uint32_t sector_size, const char *to)
{
	static uint8_t piece[1024 * 1024];
	struct block_device *disk = fixture_disk(d->path, sector_size), *below, *volume;
	struct error err = {0};

	if (volume_open(disk, &d->target, &volume, &below, &err) < 0)
		fail_msg("%s", err.text);
	int fd = gen_create(to, volume->size);
	assert_true(fd >= 0);
	for (uint64_t at = 0; at < volume->size; at += sizeof(piece)) {
		size_t len = volume->size - at < sizeof(piece) ? (size_t)(volume->size - at)
		                                               : sizeof(piece);
		assert_int_equal(block_read(volume, at, piece, len), 0);
		assert_int_equal(gen_pwrite(fd, piece, len, at), 0);
	}
	assert_int_equal(close(fd), 0);
	block_close(volume);
	block_close(below);
	block_close(disk);
}

#endif
