/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The MBR table: four entries of 16 bytes (type at +4, first sector at +8, count at +12, both
 * u32), and the chain of extended boot records for logical partitions. */
#include "fixer/base/bytes.h"
#include "fixer/block/table.h"

#include <errno.h>

#define FIRST_LOGICAL 5

struct mbr_entry {
	uint8_t status, type;
	uint64_t start, size; /* bytes; start is relative to what the record says */
};

static struct mbr_entry entry_at(const uint8_t *record, size_t i, uint32_t unit)
{
	const uint8_t *e = record + MBR_ENTRIES + 16 * i;

	return (struct mbr_entry){.status = e[0],
	        .type = e[4],
	        .start = (uint64_t)get_le32(e + 8) * unit,
	        .size = (uint64_t)get_le32(e + 12) * unit};
}

static bool is_extended(uint8_t type)
{
	return type == 0x05 || type == 0x0f || type == 0x85;
}

static bool is_empty(const struct mbr_entry *e)
{
	return e->type == MBR_TYPE_EMPTY || e->size == 0;
}

/* Each record holds one logical partition, relative to itself, and the next record, relative to
 * the extended partition. A chain that goes in circles ends at the partition limit. */
static int read_logical(struct block_device *disk, const struct mbr_entry *extended,
        struct partition_table *t, uint32_t *number, struct error *err)
{
	uint64_t end = extended->start + extended->size, at = extended->start;

	if (end > disk->size)
		return table_bad(disk, err, "the extended partition lies outside the disk");
	for (unsigned step = 0; step < NM_MAX_PARTITIONS; step++) {
		uint8_t record[512];
		if (!range_within(at, sizeof(record), end))
			return table_bad(
			        disk, err, "an extended boot record lies outside its partition");
		int r = table_read_at(disk, at, record, sizeof(record), err);
		if (r < 0)
			return r;
		if (get_le16(record + MBR_SIGNATURE_OFFSET) != 0xaa55)
			return table_bad(disk, err, "an extended boot record has no signature");
		struct mbr_entry logical = entry_at(record, 0, disk->sector_size);
		struct mbr_entry next = entry_at(record, 1, disk->sector_size);
		if (!is_empty(&logical)) {
			struct partition p = {.number = (*number)++,
			        .start = at + logical.start,
			        .size = logical.size,
			        .mbr_type = logical.type};
			r = table_add(t, &p, extended->start, end, err);
			if (r < 0)
				return r;
		}
		if (is_empty(&next))
			return 0;
		at = extended->start + next.start;
	}
	return table_bad(disk, err, "the chain of extended boot records does not end");
}

int mbr_read(struct block_device *disk, const uint8_t *sector0, struct partition_table *t,
        struct error *err)
{
	uint32_t number = FIRST_LOGICAL;

	t->scheme = SCHEME_MBR;
	t->mbr_signature = get_le32(sector0 + 440);
	for (uint32_t i = 0; i < 4; i++) {
		struct mbr_entry e = entry_at(sector0, i, disk->sector_size);
		int r;
		if (e.status != 0x00 && e.status != 0x80)
			return table_bad(disk, err, "the MBR holds something other than a table");
		if (is_empty(&e))
			continue;
		if (is_extended(e.type)) {
			r = read_logical(disk, &e, t, &number, err);
		} else {
			struct partition p = {.number = i + 1,
			        .start = e.start,
			        .size = e.size,
			        .mbr_type = e.type,
			        .active = e.status == 0x80};
			r = table_add(t, &p, disk->sector_size, disk->size, err);
		}
		if (r < 0)
			return r;
	}
	return 0;
}
