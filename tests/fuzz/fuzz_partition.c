/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The input is one byte of flags and the start of a disk. What would keep nearly every input from
 * being looked at is put right: the CRCs of a GPT, the signatures along a chain of extended boot
 * records.
 */
#include "fixer/base/bytes.h"
#include "fixer/block/member.h"
#include "fixer/block/partition.h"
#include "tests/fuzz/fuzz.h"
#include "tests/unit/memory_device.h"

#include <zlib.h>

#define DISK_SIZE (256 * 1024)

enum flag { FLAG_4096 = 1, FLAG_AS_IT_IS = 2, FLAG_BACKUP = 4 /* the GPT is at the end only */ };

static uint8_t disk[DISK_SIZE];

static void correct_header(uint8_t *h, uint32_t unit)
{
	uint64_t at = get_le64(h + 72), len = (uint64_t)get_le32(h + 80) * get_le32(h + 84);

	if (at < DISK_SIZE / unit && range_within(at * unit, len, DISK_SIZE))
		put_le32(h + 88, (uint32_t)crc32_z(0, disk + at * unit, len));
	put_le32(h + 16, 0);
	if (get_le32(h + 12) <= unit)
		put_le32(h + 16, (uint32_t)crc32_z(0, h, get_le32(h + 12)));
}

static void correct_gpt(uint32_t unit, bool backup)
{
	uint8_t *h = disk + unit, *last = disk + DISK_SIZE - unit;

	if (memcmp(h, "EFI PART", 8) != 0)
		return;
	if (backup) {
		memcpy(last, h, unit);
		put_le64(last + 24, DISK_SIZE / unit - 1);
		correct_header(last, unit);
		h[16] ^= 1; /* of the primary's CRC */
	} else {
		correct_header(h, unit);
	}
}

static bool is_extended(const uint8_t *entry)
{
	return entry[4] == 0x05 || entry[4] == 0x0f || entry[4] == 0x85;
}

static void sign_chain(const uint8_t *extended, uint32_t unit)
{
	uint64_t first = (uint64_t)get_le32(extended + 8) * unit, at = first;

	for (size_t i = 0; i < 8 && range_within(at, 512, DISK_SIZE); i++) {
		memcpy(disk + at + 510, "\x55\xaa", 2);
		at = first + (uint64_t)get_le32(disk + at + 446 + 16 + 8) * unit;
	}
}

static void check_windows(struct block_device *dev, const struct partition *p)
{
	CLEANUP_BLOCK struct block_device *window = NULL;
	uint8_t there[512], through[512];

	must(partition_open(dev, p->start, p->size, &window) == 0 && window->size == p->size);
	uint64_t last = p->size - sizeof(there);
	must(block_read(dev, p->start + last, there, sizeof(there)) == 0);
	must(block_read(window, last, through, sizeof(through)) == 0);
	must(memcmp(there, through, sizeof(there)) == 0);
	must(block_read(window, last + 1, through, sizeof(through)) == -EINVAL);
	must(block_write(window, last + 1, through, sizeof(through)) == -EINVAL);
}

static void check_table(struct block_device *dev, const struct partition_table *t)
{
	must(t->count <= NM_MAX_PARTITIONS);
	must(t->scheme != SCHEME_NONE || (t->count == 1 && t->entries[0].number == 0));
	for (size_t i = 0; i < t->count; i++) {
		const struct partition *p = &t->entries[i];
		const char *type = partition_type_name(p);
		must(p->size >= 512 && range_within(p->start, p->size, DISK_SIZE));
		must(is_clean(p->label, sizeof(p->label)) && (!type || type[0]));
		if (partition_is_dynamic(p))
			must(disk_refusal(dev, t, &(struct error){0}) == -ENOTSUP);
		check_windows(dev, p);
		for (size_t j = 0; j < i; j++) {
			const struct partition *q = &t->entries[j];
			must(p->number != q->number);
			must(p->start + p->size <= q->start || q->start + q->size <= p->start);
		}
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct partition_table table;
	struct error err = {0};

	if (size < 1 || size > DISK_SIZE)
		return 0;
	uint32_t unit = data[0] & FLAG_4096 ? 4096 : 512;
	memset(disk, 0, sizeof(disk));
	memcpy(disk, data + 1, size - 1);
	if (!(data[0] & FLAG_AS_IT_IS)) {
		correct_gpt(unit, data[0] & FLAG_BACKUP);
		for (size_t i = 0; i < 4; i++)
			if (is_extended(disk + 446 + 16 * i))
				sign_chain(disk + 446 + 16 * i, unit);
	}
	struct memory_device m = memory_device_over(disk, sizeof(disk), unit);
	memset(&table, 0xa5, sizeof(table));
	int r = partition_table_read(&m.dev, &table, &err);
	must_explain(r, &err);
	if (r == 0)
		check_table(&m.dev, &table);
	must(m.writes == 0);
	return 0;
}
