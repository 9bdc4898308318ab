/* SPDX-License-Identifier: GPL-3.0-or-later */
/* GPT: UEFI specification 2.10, sections 5.3.2 (header) and 5.3.3 (entries). */
#include "fixer/base/bytes.h"
#include "fixer/block/table.h"

#include <errno.h>
#include <string.h>
#include <zlib.h>

#define GPT_HEADER_MIN 92
#define GPT_ENTRY_MIN  128
#define GPT_ARRAY_MAX  (1024 * 1024)
#define GPT_NAME_UNITS 36

struct gpt_header {
	uint64_t first_usable, last_usable; /* LBA, both inclusive */
	struct guid disk_id;
	uint64_t array_lba;
	uint32_t entry_count, entry_size, array_crc;
};

static uint32_t crc_of(const void *data, size_t len)
{
	return (uint32_t)crc32_z(0, data, len);
}

/* sector: the whole sector at lba; its CRC field is zeroed for the calculation. False when this is
 * no intact header that belongs there. */
static bool parse_header(uint8_t *sector, uint32_t unit, uint64_t lba, struct gpt_header *ret)
{
	struct cursor c = cursor_over(sector, unit);
	struct gpt_header h = {0};

	if (memcmp(cursor_take(&c, 8), "EFI PART", 8) != 0)
		return false;
	(void)cursor_skip(&c, 4); /* revision */
	uint32_t header_size = cursor_le32(&c), crc = cursor_le32(&c);
	(void)cursor_skip(&c, 4); /* reserved */
	uint64_t own_lba = cursor_le64(&c);
	(void)cursor_skip(&c, 8); /* the other header's LBA */
	h.first_usable = cursor_le64(&c);
	h.last_usable = cursor_le64(&c);
	(void)cursor_copy(&c, h.disk_id.bytes, GUID_LEN);
	h.array_lba = cursor_le64(&c);
	h.entry_count = cursor_le32(&c);
	h.entry_size = cursor_le32(&c);
	h.array_crc = cursor_le32(&c);
	if (c.failed || own_lba != lba || header_size < GPT_HEADER_MIN || header_size > unit)
		return false;
	put_le32(sector + 16, 0);
	if (crc_of(sector, header_size) != crc)
		return false;
	*ret = h;
	return true;
}

static bool array_bounds_sane(const struct gpt_header *h, const struct block_device *disk)
{
	uint64_t lbas = disk->size / disk->sector_size;

	if (h->entry_size < GPT_ENTRY_MIN || h->entry_size % GPT_ENTRY_MIN != 0)
		return false;
	if (h->entry_count == 0 || h->entry_count > GPT_ARRAY_MAX / h->entry_size)
		return false;
	if (h->array_lba >= lbas || h->first_usable > h->last_usable || h->last_usable >= lbas)
		return false;
	return range_within(h->array_lba * disk->sector_size,
	        (uint64_t)h->entry_count * h->entry_size, disk->size);
}

/* Header and entry array of one copy. 1 when intact (the caller frees *ret_array), 0 when damaged,
 * negative when the disk can't be read or memory is short. */
static int read_copy(struct block_device *disk, uint64_t lba, struct gpt_header *h,
        uint8_t **ret_array, struct error *err)
{
	uint8_t sector[4096];
	int r = table_read_at(disk, lba * disk->sector_size, sector, disk->sector_size, err);

	if (r < 0)
		return r;
	if (!parse_header(sector, disk->sector_size, lba, h) || !array_bounds_sane(h, disk))
		return 0;
	size_t len = (size_t)h->entry_count * h->entry_size;
	uint8_t *array = malloc(len);
	if (!array)
		return error_set(err, -ENOMEM, REASON_OUT_OF_MEMORY, "reading a partition table");
	r = table_read_at(disk, h->array_lba * disk->sector_size, array, len, err);
	if (r < 0 || crc_of(array, len) != h->array_crc) {
		free(array);
		return r;
	}
	*ret_array = array;
	return 1;
}

static int copy_label(const uint8_t *name, struct partition *p)
{
	size_t units = 0;

	while (units < GPT_NAME_UNITS && get_le16(name + 2 * units) != 0)
		units++;
	CLEANUP_FREE char *text = utf16_to_utf8(name, units);
	if (!text)
		return -ENOMEM;
	text_clean(p->label, sizeof(p->label), text);
	return 0;
}

static int add_entry(struct block_device *disk, const struct gpt_header *h, uint32_t index,
        const uint8_t *entry, struct partition_table *t, struct error *err)
{
	static const struct guid unused;
	struct cursor c = cursor_over(entry, GPT_ENTRY_MIN);
	struct partition p = {.number = index + 1};

	(void)cursor_copy(&c, p.type.bytes, GUID_LEN);
	(void)cursor_copy(&c, p.id.bytes, GUID_LEN);
	if (guid_equal(&p.type, &unused))
		return 0;
	uint64_t first = cursor_le64(&c), last = cursor_le64(&c);
	if (first < h->first_usable || first > last || last > h->last_usable)
		return error_set(err, -EBADMSG, REASON_PARTITION_TABLE_BAD,
		        "%s: partition %u lies outside the usable part of the disk", disk->name,
		        p.number);
	p.start = first * disk->sector_size;
	p.size = (last - first + 1) * disk->sector_size;
	(void)cursor_skip(&c, 8); /* attributes */
	if (copy_label(c.at, &p) < 0)
		return error_set(err, -ENOMEM, REASON_OUT_OF_MEMORY, "reading a partition table");
	return table_add(t, &p, 0, disk->size, err);
}

/* Neither copy could be used; primary is zeroed when its header is damaged. */
static int no_copy(
        const struct block_device *disk, const struct gpt_header *primary, struct error *err)
{
	if (primary->last_usable < disk->size / disk->sector_size)
		return table_bad(disk, err, "both copies of the GPT are damaged");
	return error_set(err, -EBADMSG, REASON_PARTITION_TABLE_BAD,
	        "%s: cut off: its GPT is of a disk of over %llu bytes, and it has only %llu",
	        disk->name, (unsigned long long)primary->last_usable * disk->sector_size,
	        (unsigned long long)disk->size);
}

int gpt_read(struct block_device *disk, struct partition_table *t, struct error *err)
{
	struct gpt_header primary = {0}, backup = {0}, *h = &primary;
	CLEANUP_FREE uint8_t *array = NULL;
	int r = read_copy(disk, 1, &primary, &array, err);

	if (r == 0) {
		t->from_backup = true;
		h = &backup;
		r = read_copy(disk, disk->size / disk->sector_size - 1, &backup, &array, err);
	}
	if (r < 0)
		return r;
	if (r == 0)
		return no_copy(disk, &primary, err);
	t->scheme = SCHEME_GPT;
	t->disk_id = h->disk_id;
	for (uint32_t i = 0; i < h->entry_count; i++) {
		r = add_entry(disk, h, i, array + (size_t)i * h->entry_size, t, err);
		if (r < 0)
			return r;
	}
	return 0;
}
