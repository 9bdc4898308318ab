/* SPDX-License-Identifier: GPL-3.0-or-later */
/* When each sector is written: by what the volume holds there. */
#include "fixer/base/bytes.h"
#include "fixer/repair/plan_internal.h"
#include "tests/unit/memory_device.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

#define SECTORS 128
#define START   16 /* sectors before the partition */

/* A record or block of so many sectors at a sector of the volume. */
static uint8_t *put_block(uint8_t *disk, size_t sector, const char *name, unsigned sectors)
{
	uint8_t *p = disk + (START + sector) * 512;

	memcpy(p, name, 4);
	put_le16(p + 4, 48);
	put_le16(p + 6, (uint16_t)(sectors + 1));
	return p;
}

static void put_record(uint8_t *disk, size_t sector, uint32_t number, bool directory)
{
	uint8_t *p = put_block(disk, sector, "FILE", 2);

	put_le16(p + 22, directory ? 3 : 1);
	put_le32(p + 44, number);
}

static void make_volume(uint8_t *disk)
{
	put_record(disk, 8, 3, false); /* $Volume */
	put_record(disk, 10, 70, false);
	put_record(disk, 12, 71, true);
	put_record(disk, 14, 72, false);
	put_block(disk, 24, "INDX", 8);
	put_block(disk, 40, "RSTR", 8);
	put_block(disk, 48, "RCRD", 8);
}

/* One run over [first, first + count) of the volume. */
static struct plan *make_plan(uint64_t first, uint32_t count, uint32_t sector_size)
{
	struct plan *p = calloc(1, sizeof(*p));

	assert_non_null(p);
	p->sector_size = sector_size;
	p->run_count = 1;
	p->sector_count = count;
	p->runs = calloc(1, sizeof(*p->runs));
	assert_non_null(p->runs);
	struct plan_run *run = p->runs;
	run->lba = START * 512 / sector_size + first;
	run->count = count;
	run->old_bytes = calloc(count, sector_size);
	run->new_bytes = calloc(count, sector_size);
	assert_true(run->old_bytes && run->new_bytes);
	for (size_t i = 0; i < count; i++)
		run->new_bytes[i * sector_size] = (uint8_t)(i + 1);
	return p;
}

struct expected {
	uint64_t first; /* of the volume */
	uint32_t count;
	enum plan_stage stage;
};

static void expect(struct plan *plan, const struct expected *parts, size_t count)
{
	static uint8_t disk[SECTORS * 512];
	struct memory_device device = memory_device_over(disk, sizeof(disk), plan->sector_size);
	struct volume_target target = {
	        .partition = {.number = 1, .start = START * 512, .size = (SECTORS - START) * 512}};
	struct volume volume;
	struct error err;
	uint8_t number = 1;

	make_volume(disk);
	assert_int_equal(volume_attach(&device.dev, &target, &volume, &err), 0);
	assert_int_equal(plan_set_stages(&volume, &target, plan), 0);
	volume_detach(&volume);
	assert_int_equal(plan->run_count, count);
	for (size_t i = 0; i < count; i++) {
		const struct plan_run *run = &plan->runs[i];
		assert_int_equal(run->lba, START * 512 / plan->sector_size + parts[i].first);
		assert_int_equal(run->count, parts[i].count);
		assert_string_equal(plan_stage_name(run->stage), plan_stage_name(parts[i].stage));
		for (size_t s = 0; s < run->count; s++)
			assert_int_equal(run->new_bytes[s * plan->sector_size], number++);
	}
	plan_free(plan);
}

static void test_runs_are_split(void **state)
{
	const struct expected records[] = {{8, 2, STAGE_FLAGS}, {10, 2, STAGE_RECORD},
	        {12, 2, STAGE_INDEX}, {14, 2, STAGE_RECORD}, {16, 8, STAGE_REST},
	        {24, 8, STAGE_INDEX}, {32, 8, STAGE_REST}, {40, 16, STAGE_JOURNAL},
	        {56, 3, STAGE_REST}};

	(void)state;
	expect(make_plan(8, 51, 512), records, 9);
}

static void test_inside_a_block(void **state)
{
	(void)state;
	expect(make_plan(31, 1, 512), (const struct expected[]){{31, 1, STAGE_INDEX}}, 1);
	expect(make_plan(13, 1, 512), (const struct expected[]){{13, 1, STAGE_INDEX}}, 1);
	expect(make_plan(0, 2, 512), (const struct expected[]){{0, 2, STAGE_REST}}, 1);
}

/* Four records in a sector of 4096 bytes, the dirty flag among them. */
static void test_large_sectors(void **state)
{
	const struct expected parts[] = {{1, 1, STAGE_FLAGS}, {2, 1, STAGE_REST},
	        {3, 1, STAGE_INDEX}, {4, 1, STAGE_REST}, {5, 2, STAGE_JOURNAL}};

	(void)state;
	expect(make_plan(1, 6, 4096), parts, 5);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(test_runs_are_split),
	        cmocka_unit_test(test_inside_a_block),
	        cmocka_unit_test(test_large_sectors),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
