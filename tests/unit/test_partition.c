/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Partition tables: intact, damaged, hostile, and none at all. */
#include "fixer/base/bytes.h"
#include "fixer/block/content.h"
#include "fixer/block/partition.h"
#include "tests/generators/gpt.h"
#include "tests/unit/memory_device.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <cmocka.h>
#include <sys/mman.h>
#include <zlib.h>

#define MIB       (1024 * 1024ULL)
#define DISK_SIZE (64 * MIB)

static const struct guid disk_id = {"disk identifier"};

struct test_disk {
	struct memory_device m;
	uint8_t *bytes;
	uint32_t unit;
	struct partition_table table;
	struct error err;
};

/* A disk with two partitions, made by the generator in a memory file. */
static struct test_disk *gpt_disk(uint32_t unit)
{
	static struct test_disk d;
	const struct gpt_partition parts[] = {{"C12A7328-F81F-11D2-BA4B-00A0C93EC93B", {"efi"}, MIB,
	                                              8 * MIB, 0, "EFI system partition"},
	        {"EBD0A0A2-B9E5-4433-87C0-68B6B72699C7", {"data"}, 16 * MIB, 32 * MIB, 0,
	                "Basic data"}};
	int fd = memfd_create("disk", MFD_CLOEXEC);

	assert_true(fd >= 0);
	assert_int_equal(ftruncate(fd, DISK_SIZE), 0);
	assert_int_equal(gen_gpt_write(fd, DISK_SIZE, unit, &disk_id, parts, 2), 0);
	memset(&d, 0, sizeof(d));
	d.unit = unit;
	d.bytes = mmap(NULL, DISK_SIZE, PROT_READ | PROT_WRITE, MAP_PRIVATE, fd, 0);
	assert_true(d.bytes != MAP_FAILED);
	assert_int_equal(close(fd), 0);
	d.m = memory_device_over(d.bytes, DISK_SIZE, unit);
	return &d;
}

static struct test_disk *blank_disk(void)
{
	static struct test_disk d;

	memset(&d, 0, sizeof(d));
	d.unit = 512;
	d.bytes = mmap(NULL, DISK_SIZE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	assert_true(d.bytes != MAP_FAILED);
	d.m = memory_device_over(d.bytes, DISK_SIZE, 512);
	return &d;
}

static int read_table(struct test_disk *d)
{
	return partition_table_read(&d->m.dev, &d->table, &d->err);
}

static void free_disk(struct test_disk *d)
{
	assert_int_equal(munmap(d->bytes, DISK_SIZE), 0);
}

static void check_two_partitions(struct test_disk *d, bool from_backup)
{
	struct guid basic;

	assert_int_equal(read_table(d), 0);
	assert_int_equal(d->table.scheme, SCHEME_GPT);
	assert_int_equal(d->table.from_backup, from_backup);
	assert_true(guid_equal(&d->table.disk_id, &disk_id));
	assert_int_equal(d->table.count, 2);
	const struct partition *p = &d->table.entries[1];
	assert_int_equal(p->number, 2);
	assert_int_equal(p->start, 16 * MIB);
	assert_int_equal(p->size, 32 * MIB);
	assert_int_equal(p->mbr_type, 0);
	assert_string_equal(p->label, "Basic data");
	assert_int_equal(guid_parse("EBD0A0A2-B9E5-4433-87C0-68B6B72699C7", &basic), 0);
	assert_true(guid_equal(&p->type, &basic));
	assert_memory_equal(p->id.bytes, "data", 5);
}

/* Recomputes both CRCs of the copy whose header is at lba, so that only its content is wrong. */
static void fix_gpt(struct test_disk *d, uint64_t lba)
{
	uint8_t *h = d->bytes + lba * d->unit;
	const uint8_t *array = d->bytes + get_le64(h + 72) * d->unit;

	put_le32(h + 88, (uint32_t)crc32_z(0, array, (size_t)get_le32(h + 80) * get_le32(h + 84)));
	put_le32(h + 16, 0);
	put_le32(h + 16, (uint32_t)crc32_z(0, h, get_le32(h + 12)));
}

static void gpt_is_read(void **state)
{
	(void)state;
	for (uint32_t unit = 512; unit <= 4096; unit *= 8) {
		struct test_disk *d = gpt_disk(unit);
		check_two_partitions(d, false);
		free_disk(d);
	}
}

static void backup_gpt_helps(void **state)
{
	(void)state;
	for (uint32_t unit = 512; unit <= 4096; unit *= 8) {
		/* signature, header CRC, own LBA, header size, an entry */
		const size_t places[] = {unit, unit + 16, unit + 24, unit + 12, 2 * unit + 200};
		for (size_t i = 0; i < sizeof(places) / sizeof(*places); i++) {
			struct test_disk *d = gpt_disk(unit);
			d->bytes[places[i]] ^= 0x40;
			check_two_partitions(d, true);
			d->bytes[DISK_SIZE - unit + 50] ^= 1;
			assert_int_equal(read_table(d), -EBADMSG);
			assert_int_equal(d->err.reason, REASON_PARTITION_TABLE_BAD);
			free_disk(d);
		}
	}
}

/* Entries with right CRCs and wrong places. */
static void gpt_entries_must_fit(void **state)
{
	(void)state;
	static const uint64_t wrong[][2] = {
	        {32768, 32767},                 /* backwards */
	        {0, 4096},                      /* over the table itself */
	        {32768, DISK_SIZE / 512 - 1},   /* over the backup */
	        {32768, DISK_SIZE / 512 + 100}, /* beyond the disk */
	        {32768, UINT64_MAX}, {UINT64_MAX - 1, UINT64_MAX},
	        {2048, 4096},   /* overlaps the first */
	        {18431, 40000}, /* its last sector only */
	};

	for (size_t i = 0; i < sizeof(wrong) / sizeof(*wrong); i++) {
		struct test_disk *d = gpt_disk(512);
		put_le64(d->bytes + 1024 + 128 + 32, wrong[i][0]);
		put_le64(d->bytes + 1024 + 128 + 40, wrong[i][1]);
		fix_gpt(d, 1);
		assert_int_equal(read_table(d), -EBADMSG);
		assert_int_equal(d->err.reason, REASON_PARTITION_TABLE_BAD);
		assert_int_equal(d->table.count, 0);
		free_disk(d);
	}
}

static void hostile_gpt_does_no_harm(void **state)
{
	(void)state;
	struct test_disk *d = gpt_disk(512);
	uint8_t saved[1024];

	memcpy(saved, d->bytes + 512, sizeof(saved));
	srandom(4);
	for (int seed = 0; seed < 2000; seed++) {
		uint8_t *h = d->bytes + 512;
		for (int k = 0; k < 3; k++)
			h[24 + (size_t)random() % 68] ^= (uint8_t)random();
		put_le64(h + 24, 1);
		put_le32(h + 16, 0);
		put_le32(h + 16, (uint32_t)crc32_z(0, h, 92));
		int r = read_table(d);
		assert_true(r == 0 || d->err.reason == REASON_PARTITION_TABLE_BAD);
		memcpy(d->bytes + 512, saved, sizeof(saved));
	}
	free_disk(d);
}

static void put_mbr_entry(uint8_t *record, unsigned i, uint8_t type, uint32_t start, uint32_t count)
{
	uint8_t *e = record + 446 + 16 * i;

	e[4] = type;
	put_le32(e + 8, start);
	put_le32(e + 12, count);
	put_le16(record + 510, 0xaa55);
}

/* Two primaries and an extended partition with two logical ones. */
static struct test_disk *mbr_disk(void)
{
	struct test_disk *d = blank_disk();

	put_le32(d->bytes + 440, 0xcafe1234);
	put_mbr_entry(d->bytes, 0, 0x07, 2048, 10000);
	put_mbr_entry(d->bytes, 2, 0x07, 20000, 10000);
	put_mbr_entry(d->bytes, 3, 0x0f, 40000, 50000);
	put_mbr_entry(d->bytes + 40000 * 512, 0, 0x07, 63, 1000);
	put_mbr_entry(d->bytes + 40000 * 512, 1, 0x05, 20000, 5000);
	put_mbr_entry(d->bytes + 60000 * 512, 0, 0x83, 100, 2000);
	d->bytes[446] = 0x80;
	return d;
}

static void mbr_is_read(void **state)
{
	(void)state;
	static const struct {
		uint32_t number;
		uint8_t type;
		uint64_t start, size;
	} expected[] = {{1, 0x07, 2048, 10000}, {3, 0x07, 20000, 10000}, {5, 0x07, 40063, 1000},
	        {6, 0x83, 60100, 2000}};
	struct test_disk *d = mbr_disk();

	assert_int_equal(read_table(d), 0);
	assert_int_equal(d->table.scheme, SCHEME_MBR);
	assert_int_equal(d->table.mbr_signature, 0xcafe1234);
	assert_int_equal(d->table.count, 4);
	for (size_t i = 0; i < 4; i++) {
		assert_int_equal(d->table.entries[i].number, expected[i].number);
		assert_int_equal(d->table.entries[i].mbr_type, expected[i].type);
		assert_int_equal(d->table.entries[i].active, i == 0);
		assert_int_equal(d->table.entries[i].start, expected[i].start * 512);
		assert_int_equal(d->table.entries[i].size, expected[i].size * 512);
	}
	free_disk(d);
}

static void expect_bad_mbr(struct test_disk *d)
{
	assert_int_equal(read_table(d), -EBADMSG);
	assert_int_equal(d->err.reason, REASON_PARTITION_TABLE_BAD);
	free_disk(d);
}

static void damaged_mbr_is_refused(void **state)
{
	(void)state;
	struct test_disk *d = mbr_disk();
	put_mbr_entry(d->bytes, 1, 0x07, 12000, 100); /* overlaps the first */
	expect_bad_mbr(d);
	d = mbr_disk();
	put_mbr_entry(d->bytes, 1, 0x07, 100000, 100000); /* beyond the disk */
	expect_bad_mbr(d);
	d = mbr_disk();
	put_mbr_entry(d->bytes, 1, 0x07, 0, 100); /* over the table */
	expect_bad_mbr(d);
	d = mbr_disk();
	d->bytes[446 + 16] = 0x33; /* code where an entry should be */
	expect_bad_mbr(d);
	d = mbr_disk();
	put_mbr_entry(d->bytes + 60000 * 512, 1, 0x05, 0, 5000); /* a chain in circles */
	expect_bad_mbr(d);
	d = mbr_disk();
	put_mbr_entry(d->bytes + 60000 * 512, 1, 0x05, UINT32_MAX, 5000);
	expect_bad_mbr(d);
	d = mbr_disk();
	put_mbr_entry(d->bytes + 60000 * 512, 0, 0x83, 100, 40000); /* out of its container */
	expect_bad_mbr(d);
	d = mbr_disk();
	d->bytes[60000 * 512 + 511] = 0;
	expect_bad_mbr(d);
	d = gpt_disk(512);
	d->bytes[511] = 0; /* a GPT that lost its protective MBR */
	expect_bad_mbr(d);
}

static void bare_volumes_are_one_entry(void **state)
{
	(void)state;
	static const char *const oem[] = {"NTFS    ", "-FVE-FS-", "EXFAT   ", "MSWIN4.1"};

	for (size_t i = 0; i < sizeof(oem) / sizeof(*oem) + 1; i++) {
		struct test_disk *d = blank_disk();
		if (i < sizeof(oem) / sizeof(*oem)) {
			memset(d->bytes, 0xee, 512); /* boot code that looks like entries */
			d->bytes[0] = 0xeb;
			memcpy(d->bytes + 3, oem[i], 8);
			memcpy(d->bytes + 82, "FAT32   ", 8);
			put_le16(d->bytes + 510, 0xaa55);
		}
		assert_int_equal(read_table(d), 0);
		assert_int_equal(d->table.scheme, SCHEME_NONE);
		assert_int_equal(d->table.count, 1);
		assert_int_equal(d->table.entries[0].number, 0);
		assert_int_equal(d->table.entries[0].start, 0);
		assert_int_equal(d->table.entries[0].size, DISK_SIZE);
		free_disk(d);
	}
}

/* The first half of a disk, as an imaging run leaves it that was stopped. */
static void a_truncated_disk_is_named(void **state)
{
	(void)state;
	struct test_disk *d = gpt_disk(512);

	d->m.dev.size = DISK_SIZE / 2;
	assert_int_equal(read_table(d), -EBADMSG);
	assert_int_equal(d->err.reason, REASON_PARTITION_TABLE_BAD);
	assert_non_null(strstr(d->err.text, "cut off"));
	assert_non_null(strstr(d->err.text, "only 33554432"));
	free_disk(d);
}

static void dynamic_disks_are_known(void **state)
{
	(void)state;
	static const struct {
		const char *guid;
		bool dynamic;
	} types[] = {
	        {"5808C8AA-7E8F-42E0-85D2-E1E90434CFB3", true}, /* LDM metadata */
	        {"AF9B60A0-1431-4F62-BC68-3311714A69AD", true}, /* LDM data */
	        {"E75CAF8F-F680-4CEE-AFA3-B001E56EFC2D", true}, /* storage space */
	        {"EBD0A0A2-B9E5-4433-87C0-68B6B72699C7", false},
	        {"00000000-0000-0000-0000-000000000000", false},
	};
	struct partition p = {.number = 1};

	for (size_t i = 0; i < sizeof(types) / sizeof(*types); i++) {
		assert_int_equal(guid_parse(types[i].guid, &p.type), 0);
		assert_int_equal(partition_is_dynamic(&p), types[i].dynamic);
	}
	for (unsigned type = 0; type < 256; type++) {
		p.mbr_type = (uint8_t)type;
		assert_int_equal(
		        partition_is_dynamic(&p), type == 0x42 || type == 0xd7 || type == 0xe7);
	}
}

static void boot_sectors_are_recognised(void **state)
{
	(void)state;
	uint8_t sector[512] = {0xeb};

	assert_int_equal(volume_content(sector), CONTENT_UNKNOWN);
	memcpy(sector + 82, "FAT32   ", 8);
	assert_int_equal(volume_content(sector), CONTENT_FAT);
	memcpy(sector + 3, "EXFAT   ", 8);
	assert_int_equal(volume_content(sector), CONTENT_EXFAT);
	memcpy(sector + 3, "-FVE-FS-", 8); /* has "FAT32" too */
	assert_int_equal(volume_content(sector), CONTENT_BITLOCKER);
	memcpy(sector + 3, "ReFS\0\0\0\0", 8);
	assert_int_equal(volume_content(sector), CONTENT_REFS);
	memcpy(sector + 3, "NTFS    ", 8);
	assert_int_equal(volume_content(sector), CONTENT_NTFS);
	memset(sector, 0, sizeof(sector));
	memcpy(sector + 54, "FAT16   ", 8); /* text, not code */
	assert_int_equal(volume_content(sector), CONTENT_UNKNOWN);
}

static void read_errors_say_where(void **state)
{
	(void)state;
	struct test_disk *d = gpt_disk(512);

	d->m.fail_from = 512;
	assert_int_equal(read_table(d), -EIO);
	assert_int_equal(d->err.reason, REASON_DISK_READ_ERROR);
	assert_non_null(strstr(d->err.text, "byte 512"));
	free_disk(d);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(gpt_is_read),
	        cmocka_unit_test(backup_gpt_helps),
	        cmocka_unit_test(gpt_entries_must_fit),
	        cmocka_unit_test(hostile_gpt_does_no_harm),
	        cmocka_unit_test(mbr_is_read),
	        cmocka_unit_test(damaged_mbr_is_refused),
	        cmocka_unit_test(bare_volumes_are_one_entry),
	        cmocka_unit_test(a_truncated_disk_is_named),
	        cmocka_unit_test(dynamic_disks_are_known),
	        cmocka_unit_test(boot_sectors_are_recognised),
	        cmocka_unit_test(read_errors_say_where),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
