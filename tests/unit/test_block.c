/* SPDX-License-Identifier: GPL-3.0-or-later */
/* block_device's own checks, and the file device. */
#include "fixer/block/file.h"
#include "fixer/block/partition.h"
#include "tests/unit/memory_device.h"

#include <fcntl.h>
#include <linux/magic.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <cmocka.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/vfs.h>

static void bounds_are_checked_once_for_all(void **state)
{
	(void)state;
	uint8_t bytes[1024] = {0}, buf[16];
	struct memory_device m = memory_device_over(bytes, sizeof(bytes), 512);

	assert_int_equal(block_read(&m.dev, 1008, buf, 16), 0);
	assert_int_equal(block_read(&m.dev, 1009, buf, 16), -EINVAL);
	assert_int_equal(block_read(&m.dev, 1024, buf, 0), 0);
	assert_int_equal(block_read(&m.dev, 1025, buf, 0), -EINVAL);
	assert_int_equal(block_read(&m.dev, UINT64_MAX - 3, buf, 8), -EINVAL);
	assert_int_equal(block_write(&m.dev, UINT64_MAX - 3, buf, 8), -EINVAL);
	m.dev.writable = false;
	assert_int_equal(block_write(&m.dev, 0, buf, 8), -EROFS);
	assert_int_equal(m.writes, 0);
	block_close(NULL);
}

/* A temporary file of len bytes; its path goes to path. */
static void make_file(char path[64], size_t len)
{
	(void)snprintf(path, 64, "/tmp/netmend-test-XXXXXX");
	int fd = mkstemp(path);

	assert_true(fd >= 0);
	assert_int_equal(ftruncate(fd, (off_t)len), 0);
	assert_int_equal(close(fd), 0);
}

/* Whether the kernel holds the file's first page. A read that must not wait is no way to ask: it
 * starts one in the background, which may be quick. */
static bool is_in_memory(int fd)
{
	unsigned char held = 0;
	void *page = mmap(NULL, 4096, PROT_READ, MAP_SHARED, fd, 0);

	assert_ptr_not_equal(page, MAP_FAILED);
	assert_int_equal(mincore(page, 4096, &held), 0);
	assert_int_equal(munmap(page, 4096), 0);
	return held & 1;
}

/* After a drop nothing of the sector is in the kernel's memory. A file system in memory has no
 * other place for it. */
static void file_is_read_from_the_medium(void **state)
{
	(void)state;
	char path[64], data[512] = "written";
	struct block_device *dev;
	struct error err = {0};
	struct statfs fs;

	make_file(path, 4 << 20);
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	assert_true(fd >= 0 && fstatfs(fd, &fs) == 0);
	assert_int_equal(file_device_open(path, true, 0, &dev, &err), 0);
	assert_int_equal(block_write(dev, 512 * 3, data, sizeof(data)), 0);
	assert_int_equal(block_flush(dev), 0);
	assert_true(is_in_memory(fd));
	assert_int_equal(block_drop_cache(dev, 512 * 3, 512), 0);
	if (fs.f_type != TMPFS_MAGIC)
		assert_false(is_in_memory(fd));
	block_close(dev);
	assert_int_equal(close(fd), 0);
	assert_int_equal(unlink(path), 0);
}

static void file_keeps_what_was_written(void **state)
{
	(void)state;
	char path[64], text[5] = {0};
	struct block_device *dev;
	struct error err = {0};

	make_file(path, 10000);
	assert_int_equal(file_device_open(path, true, 0, &dev, &err), 0);
	assert_int_equal(dev->size, 9728); /* whole sectors only */
	assert_int_equal(dev->sector_size, 512);
	assert_int_equal(block_write(dev, 511, "abcd", 4), 0);
	assert_int_equal(block_flush(dev), 0);
	assert_int_equal(block_drop_cache(dev, 500, 100), 0);
	block_close(dev);
	assert_int_equal(file_device_open(path, false, 4096, &dev, &err), 0);
	assert_int_equal(dev->size, 8192);
	assert_int_equal(block_read(dev, 511, text, 4), 0);
	assert_string_equal(text, "abcd");
	assert_int_equal(block_write(dev, 0, "x", 1), -EROFS);
	assert_int_equal(truncate(path, 512), 0);
	assert_int_equal(block_read(dev, 510, text, 4), -EIO);
	block_close(dev);
	(void)unlink(path);
}

static void file_says_why_it_cannot_open(void **state)
{
	(void)state;
	struct block_device *dev = NULL;
	struct error err = {0};

	assert_int_equal(file_device_open("/nonexistent/disk", false, 0, &dev, &err), -ENOENT);
	assert_int_equal(err.reason, REASON_CANNOT_OPEN);
	assert_non_null(strstr(err.text, "/nonexistent/disk"));
	assert_int_equal(file_device_open("/dev/null", false, 0, &dev, &err), -ENOTBLK);
	assert_int_equal(file_device_open("/tmp", false, 0, &dev, &err), -ENOTBLK);
	char path[64];
	make_file(path, 4096);
	assert_int_equal(file_device_open(path, false, 520, &dev, &err), -ENOTSUP);
	assert_null(dev);
	(void)unlink(path);
}

static void window_stays_inside(void **state)
{
	(void)state;
	uint8_t bytes[4096] = {0}, b = 0;
	struct memory_device m = memory_device_over(bytes, sizeof(bytes), 512);
	struct block_device *w;

	assert_int_equal(partition_open(&m.dev, 4096, 1, &w), -EINVAL);
	assert_int_equal(partition_open(&m.dev, 512, UINT64_MAX, &w), -EINVAL);
	assert_int_equal(partition_open(&m.dev, 512, 1024, &w), 0);
	assert_int_equal(block_write(w, 1023, "z", 1), 0);
	assert_int_equal(bytes[1535], 'z');
	assert_int_equal(block_read(w, 1024, &b, 1), -EINVAL);
	assert_int_equal(block_flush(w), 0);
	assert_int_equal(block_drop_cache(w, 0, 1025), -EINVAL);
	assert_int_equal(block_drop_cache(w, 1, 1023), 0);
	assert_int_equal(m.dropped_at, 513);
	assert_int_equal(m.flushes, 1);
	assert_int_equal(m.drops, 1);
	block_close(w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(bounds_are_checked_once_for_all),
	        cmocka_unit_test(file_keeps_what_was_written),
	        cmocka_unit_test(file_is_read_from_the_medium),
	        cmocka_unit_test(file_says_why_it_cannot_open),
	        cmocka_unit_test(window_stays_inside),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
