/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The RAM overlay against a plain copy of the disk. */
#include "fixer/block/overlay.h"
#include "tests/unit/memory_device.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <cmocka.h>

#define DISK   (2 * 1024 * 1024)
#define WRITES 3000

static uint8_t disk[DISK], original[DISK], shadow[DISK];

static void fill(uint8_t *p, size_t len)
{
	for (size_t i = 0; i < len; i++)
		p[i] = (uint8_t)random();
}

struct collected {
	size_t count;
	uint64_t last_lba;
	uint32_t unit;
	bool ascending, truthful;
};

static int collect(void *context, const struct sector_change *change)
{
	struct collected *c = context;
	uint64_t at = change->lba * c->unit;

	if (c->count > 0 && change->lba <= c->last_lba)
		c->ascending = false;
	if (memcmp(change->old_bytes, original + at, c->unit) != 0 ||
	        memcmp(change->new_bytes, shadow + at, c->unit) != 0 ||
	        memcmp(change->old_bytes, change->new_bytes, c->unit) == 0)
		c->truthful = false;
	c->last_lba = change->lba;
	c->count++;
	return 0;
}

static size_t differing_sectors(uint32_t unit)
{
	size_t n = 0;

	for (size_t at = 0; at < DISK; at += unit)
		n += memcmp(original + at, shadow + at, unit) != 0;
	return n;
}

static void random_writes(struct block_device *overlay)
{
	static uint8_t data[9000], read_back[20000];

	for (int i = 0; i < WRITES; i++) {
		size_t at = (size_t)random() % DISK;
		size_t len = (size_t)random() % (random() % 8 ? 700 : sizeof(data));
		if (len > DISK - at)
			len = DISK - at;
		if (random() % 3)
			fill(data, len);
		else
			memcpy(data, shadow + at, len); /* what is there already */
		assert_int_equal(block_write(overlay, at, data, len), 0);
		memcpy(shadow + at, data, len);
		at = (size_t)random() % (DISK - sizeof(read_back));
		assert_int_equal(block_read(overlay, at, read_back, sizeof(read_back)), 0);
		assert_memory_equal(read_back, shadow + at, sizeof(read_back));
	}
}

static void overlay_equals_a_copy(uint32_t unit)
{
	struct memory_device m = memory_device_over(disk, DISK, unit);
	struct block_device *overlay;
	struct collected c = {.unit = unit, .ascending = true, .truthful = true};
	size_t count = 0;

	srandom(unit);
	fill(disk, DISK);
	memcpy(original, disk, DISK);
	memcpy(shadow, disk, DISK);
	m.dev.writable = false;
	assert_int_equal(overlay_open(&m.dev, DISK, &overlay), 0);
	assert_true(overlay->writable);
	random_writes(overlay);
	assert_int_equal(overlay_each(overlay, collect, &c), 0);
	assert_true(c.ascending && c.truthful);
	assert_int_equal(c.count, differing_sectors(unit));
	assert_int_equal(overlay_changed(overlay, &count), 0);
	assert_int_equal(count, c.count);
	assert_memory_equal(disk, original, DISK);
	assert_int_equal(m.writes, 0);
	assert_int_equal(block_flush(overlay), 0);
	assert_int_equal(m.flushes, 0);
	block_close(overlay);
}

static void overlay_equals_a_copy_512(void **state)
{
	(void)state;
	overlay_equals_a_copy(512);
}

static void overlay_equals_a_copy_4096(void **state)
{
	(void)state;
	overlay_equals_a_copy(4096);
}

static void memory_is_bounded(void **state)
{
	(void)state;
	struct memory_device m = memory_device_over(disk, DISK, 512);
	struct block_device *overlay;
	size_t count;

	memset(disk, 0, DISK);
	assert_int_equal(overlay_open(&m.dev, 4 * 512 + 511, &overlay), 0);
	for (uint64_t lba = 0; lba < 4; lba++)
		assert_int_equal(block_write(overlay, lba * 5120, "x", 1), 0);
	assert_int_equal(block_write(overlay, 100, "x", 1), 0); /* a sector it has already */
	assert_int_equal(block_write(overlay, 512, "x", 1), -ENOSPC);
	assert_int_equal(overlay_changed(overlay, &count), 0);
	assert_int_equal(count, 4);
	block_close(overlay);
}

static int stop_at_second(void *context, const struct sector_change *change)
{
	(void)change;
	return ++*(int *)context == 2 ? -ECANCELED : 0;
}

static void touched_is_what_was_written(void **state)
{
	(void)state;
	struct memory_device m = memory_device_over(disk, DISK, 512);
	struct block_device *overlay;

	assert_int_equal(overlay_open(&m.dev, DISK, &overlay), 0);
	assert_false(overlay_touches(overlay, 0, DISK));
	assert_int_equal(block_write(overlay, 1023, "xy", 2), 0);
	assert_true(overlay_touches(overlay, 512, 1));
	assert_true(overlay_touches(overlay, 1535, 1));
	assert_true(overlay_touches(overlay, 0, 513));
	assert_false(overlay_touches(overlay, 0, 512));
	assert_false(overlay_touches(overlay, 1536, 512));
	assert_false(overlay_touches(overlay, 600, 0));
	block_close(overlay);
}

static void each_stops_when_told(void **state)
{
	(void)state;
	struct memory_device m = memory_device_over(disk, DISK, 512);
	struct block_device *overlay;
	int calls = 0;

	memset(disk, 0, DISK);
	assert_int_equal(overlay_open(&m.dev, DISK, &overlay), 0);
	for (uint64_t lba = 0; lba < 10; lba++)
		assert_int_equal(block_write(overlay, lba * 512, "x", 1), 0);
	assert_int_equal(overlay_each(overlay, stop_at_second, &calls), -ECANCELED);
	assert_int_equal(calls, 2);
	block_close(overlay);
}

static void errors_from_below_are_passed_on(void **state)
{
	(void)state;
	struct memory_device m = memory_device_over(disk, DISK, 512);
	struct block_device *overlay;
	uint8_t buf[512] = {1};
	size_t count = 77;

	assert_int_equal(overlay_open(&m.dev, DISK, &overlay), 0);
	assert_int_equal(block_write(overlay, 4096, buf, 512), 0);
	m.fail_from = 0;
	assert_int_equal(block_read(overlay, 0, buf, 1), -EIO);
	assert_int_equal(block_write(overlay, 8192, buf, 1), -EIO);
	assert_int_equal(overlay_changed(overlay, &count), -EIO);
	assert_int_equal(count, 77);
	block_close(overlay);
	m.dev.size = 1000;
	assert_int_equal(overlay_open(&m.dev, DISK, &overlay), -EINVAL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(overlay_equals_a_copy_512),
	        cmocka_unit_test(overlay_equals_a_copy_4096),
	        cmocka_unit_test(memory_is_bounded),
	        cmocka_unit_test(touched_is_what_was_written),
	        cmocka_unit_test(each_stops_when_told),
	        cmocka_unit_test(errors_from_below_are_passed_on),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
