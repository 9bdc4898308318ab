/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Members of RAID sets, dynamic disks and storage spaces: refused; what only looks like one: not.
 */
#include "fixer/base/bytes.h"
#include "fixer/block/member.h"
#include "tests/unit/memory_device.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <cmocka.h>

#define SIZE (4 * 1024 * 1024)

static uint8_t disk_bytes[SIZE];

static struct memory_device blank(uint32_t unit)
{
	memset(disk_bytes, 0, sizeof(disk_bytes));
	return memory_device_over(disk_bytes, SIZE, unit);
}

static const char *kind_of(struct memory_device *m, const struct partition_table *t)
{
	const char *kind = "not set";

	assert_int_equal(raid_member_probe(&m->dev, t, &kind), 0);
	return kind;
}

static void blank_is_none(void **state)
{
	(void)state;
	for (uint32_t unit = 512; unit <= 4096; unit *= 8) {
		struct memory_device m = blank(unit);
		assert_null(kind_of(&m, NULL));
		memset(disk_bytes, 0xff, sizeof(disk_bytes));
		assert_null(kind_of(&m, NULL));
	}
}

static void intel_and_ddf_count_the_disks_sectors(void **state)
{
	(void)state;
	for (uint32_t unit = 512; unit <= 4096; unit *= 8) {
		struct memory_device m = blank(unit);
		memcpy(disk_bytes + SIZE - 2 * unit, "Intel Raid ISM Cfg Sig. 1.3.00", 30);
		assert_string_equal(kind_of(&m, NULL), "Intel RST");
		m = blank(unit);
		put_le32(disk_bytes + SIZE - unit, 0x11de11de);
		assert_string_equal(kind_of(&m, NULL), "SNIA DDF");
		m = blank(unit);
		put_le32(disk_bytes + SIZE - 257 * unit, 0xde11de11);
		assert_string_equal(kind_of(&m, NULL), "SNIA DDF");
	}
}

struct place {
	const char *kind;
	int64_t at; /* negative: from the end */
	const char *bytes;
	size_t len;
};

static void signatures_at_their_places(void **state)
{
	static const struct place places[] = {
	        {"NVIDIA RAID", -1024, "NVIDIA  ", 8},
	        {"LSI MegaIDE", -512, "$XIDE$", 6},
	        {"Adaptec HostRAID", -512, "\x37\xfc\x4d\x1e", 4},
	        {"HighPoint RAID", 9 * 512 + 32, "\xf0\x16\x78\x5a", 4},
	        {"HighPoint RAID", -11 * 512, "\xf3\x16\x78\x5a", 4},
	        {"Promise or AMD RAID", -63 * 512, "Promise Technology, Inc.", 24},
	        {"Promise or AMD RAID", -3087 * 512, "Promise Technology, Inc.", 24},
	        {"LVM", 512, "LABELONE", 8},
	        {"Linux RAID", 4096, "\xfc\x4e\x2b\xa9\1\0\0\0", 8},
	        {"Linux RAID", -8192, "\xfc\x4e\x2b\xa9\1\0\0\0", 8},
	        {"Linux RAID", -65536, "\xfc\x4e\x2b\xa9", 4},
	        {"Linux RAID", -65536, "\xa9\x2b\x4e\xfc", 4},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
		const struct place *p = &places[i];
		struct memory_device m = blank(512);
		size_t at = (size_t)(p->at < 0 ? SIZE + p->at : p->at);
		memcpy(disk_bytes + at, p->bytes, p->len);
		assert_string_equal(kind_of(&m, NULL), p->kind);
		disk_bytes[at] ^= 1;
		assert_null(kind_of(&m, NULL));
		disk_bytes[at] ^= 1;
		memmove(disk_bytes + at - 16, disk_bytes + at, p->len);
		disk_bytes[at] = 0;
		assert_null(kind_of(&m, NULL));
	}
}

/* Two bytes alone would be found on many a disk. */
static void short_signatures_need_their_checksum(void **state)
{
	(void)state;
	struct memory_device m = blank(512);
	uint8_t *last = disk_bytes + SIZE - 512;

	memcpy(last, "JM", 2);
	assert_null(kind_of(&m, NULL));
	put_le16(last + 4, (uint16_t)-get_le16(last));
	assert_string_equal(kind_of(&m, NULL), "JMicron RAID");
	last[0x30] = 6; /* no RAID level */
	assert_null(kind_of(&m, NULL));

	m = blank(512);
	put_le32(last + 0x60, 0x2f000000);
	assert_null(kind_of(&m, NULL));
	put_le16(last + 0x13e, (uint16_t)-0x2f00);
	assert_string_equal(kind_of(&m, NULL), "Silicon Image RAID");

	m = blank(512);
	put_le16(last, 0xaa55);
	assert_null(kind_of(&m, NULL));
	last[50] = 0xff;
	assert_string_equal(kind_of(&m, NULL), "VIA RAID");
}

/* The end of the last partition is near the end of the disk: what lies there may be its own. */
static void linux_raid_inside_a_partition(void **state)
{
	static struct partition_table t;
	struct error err = {0};

	(void)state;
	struct memory_device m = blank(512);
	memcpy(disk_bytes + SIZE - 65536, "\xfc\x4e\x2b\xa9", 4);
	t.scheme = SCHEME_GPT;
	t.count = 1;
	t.entries[0] = (struct partition){.number = 1, .start = 1 << 20, .size = SIZE - (1 << 20)};
	assert_null(kind_of(&m, &t));
	assert_int_equal(disk_refusal(&m.dev, &t, &err), 0);
	t.entries[0].size -= 65536;
	assert_string_equal(kind_of(&m, &t), "Linux RAID");
	assert_int_equal(disk_refusal(&m.dev, &t, &err), -ENOTSUP);
	assert_int_equal(err.reason, REASON_RAID_MEMBER);
}

static void dynamic_and_spaces(void **state)
{
	static struct partition_table t;
	struct error err = {0};

	(void)state;
	struct memory_device m = blank(512);
	t.scheme = SCHEME_MBR;
	t.count = 2;
	t.entries[0] =
	        (struct partition){.number = 1, .start = 65536, .size = 65536, .mbr_type = 7};
	t.entries[1] =
	        (struct partition){.number = 2, .start = 1 << 20, .size = 65536, .mbr_type = 7};
	assert_int_equal(disk_refusal(&m.dev, &t, &err), 0);
	t.entries[1].mbr_type = 0x42;
	assert_int_equal(disk_refusal(&m.dev, &t, &err), -ENOTSUP);
	assert_int_equal(err.reason, REASON_DYNAMIC_DISK);
	assert_non_null(strstr(err.text, "partition 2 is Windows LDM data"));
	t.entries[1].mbr_type = 7;
	memcpy(disk_bytes + (1 << 20), "SPACEDB ", 8);
	assert_int_equal(disk_refusal(&m.dev, &t, &err), -ENOTSUP);
	assert_int_equal(err.reason, REASON_DYNAMIC_DISK);
	assert_non_null(strstr(err.text, "Storage Spaces"));
}

static void unreadable_end_is_no_permission(void **state)
{
	struct error err = {0};

	(void)state;
	struct memory_device m = blank(512);
	m.fail_from = SIZE - 100;
	assert_int_equal(disk_refusal(&m.dev, NULL, &err), -EIO);
	assert_int_equal(err.reason, REASON_DISK_READ_ERROR);
}

static void small_disks(void **state)
{
	(void)state;
	for (size_t size = 0; size <= 65536 + 4096; size += 512) {
		struct memory_device m = blank(512);
		m.dev.size = size;
		assert_null(kind_of(&m, NULL));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(blank_is_none),
	        cmocka_unit_test(intel_and_ddf_count_the_disks_sectors),
	        cmocka_unit_test(signatures_at_their_places),
	        cmocka_unit_test(short_signatures_need_their_checksum),
	        cmocka_unit_test(linux_raid_inside_a_partition),
	        cmocka_unit_test(dynamic_and_spaces),
	        cmocka_unit_test(unreadable_end_is_no_permission),
	        cmocka_unit_test(small_disks),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
