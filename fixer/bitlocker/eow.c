/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "fixer/bitlocker/eow.h"
#include "fixer/base/bytes.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#define INFO_HEADER   56
#define BITMAP_HEADER 60
#define RECORD_HEADER 36
#define INFO_MAX      UINT16_MAX /* its size field has 16 bits */

/* Where the CRC-32 stands; it counts as zero itself. */
#define INFO_CRC   36
#define BITMAP_CRC 56
#define RECORD_CRC 32

/* What is at hand while one map is read. */
struct reader {
	struct block_device *dev;
	uint32_t sector_size;
	uint64_t size; /* whole sectors of dev */
	uint32_t log_size;
	size_t bits_left; /* bytes of bits that may still be taken */
	uint8_t info[INFO_MAX];
	uint8_t bitmap[EOW_MAX_BITMAP];
};

struct bitmap_header {
	uint32_t size;
	uint64_t start, len, log_offset;
	uint32_t record_offset[2], record_size;
};

static bool crc_is_right(const uint8_t *data, size_t len, size_t field)
{
	static const uint8_t zero[4];
	size_t rest = field + sizeof(zero);

	uLong crc = crc32_z(0, data, field);
	crc = crc32_z(crc, zero, sizeof(zero));
	crc = crc32_z(crc, data + rest, len - rest);
	return crc == get_le32(data + field);
}

/* One copy of the information into rd->info. */
static int read_info_copy(struct reader *rd, const uint64_t offset[2], size_t which)
{
	const uint8_t *info = rd->info;
	int r = block_read(rd->dev, offset[which], rd->info, INFO_HEADER);

	if (r < 0)
		return r == -EINVAL ? -EBADMSG : r; /* outside the device */
	size_t size = get_le16(info + 10);
	if (memcmp(info, "FVE-EOW", 8) != 0 || get_le16(info + 8) != INFO_HEADER ||
	        size < INFO_HEADER)
		return -EBADMSG;
	r = block_read(rd->dev, offset[which], rd->info, size);
	if (r < 0)
		return r == -EINVAL ? -EBADMSG : r;
	if (!crc_is_right(info, size, INFO_CRC) || get_le64(info + 40) != offset[0] ||
	        get_le64(info + 48) != offset[1])
		return -EBADMSG;
	return 0;
}

/* The first valid copy. */
static int read_info(struct reader *rd, const uint64_t offset[2])
{
	int r = -EBADMSG;

	for (size_t i = 0; i < 2; i++) {
		if (offset[i] == 0)
			continue;
		int this = read_info_copy(rd, offset, i);
		if (this == 0)
			return 0;
		if (this != -EBADMSG)
			r = this;
	}
	return r;
}

/* Several bitmaps may share one conversion log. */
static void add_own(struct eow_map *eow, uint64_t start, uint64_t len)
{
	struct byte_range r = {start, start + len};

	for (size_t i = 0; i < eow->own_count; i++)
		if (eow->own[i].start == r.start && eow->own[i].end == r.end)
			return;
	eow->own[eow->own_count++] = r;
}

static int parse_bitmap_header(const uint8_t *p, struct bitmap_header *ret)
{
	struct cursor c = cursor_over(p, BITMAP_HEADER);
	struct bitmap_header h = {0};

	if (memcmp(p, "FVE-EOWBM", 10) != 0 || get_le16(p + 10) != BITMAP_HEADER)
		return -EBADMSG;
	(void)cursor_skip(&c, 12);
	h.size = cursor_le32(&c);
	(void)cursor_skip(&c, 4); /* index */
	h.start = cursor_le64(&c);
	h.len = cursor_le64(&c);
	h.log_offset = cursor_le64(&c);
	h.record_offset[0] = cursor_le32(&c);
	h.record_offset[1] = cursor_le32(&c);
	h.record_size = cursor_le32(&c);
	if (h.size > EOW_MAX_BITMAP || h.record_size < RECORD_HEADER ||
	        h.record_offset[0] < BITMAP_HEADER ||
	        !range_within(h.record_offset[0], h.record_size, h.size) ||
	        !range_within(h.record_offset[1], h.record_size, h.size))
		return -EBADMSG;
	*ret = h;
	return 0;
}

static int read_bitmap(struct reader *rd, uint64_t at, struct bitmap_header *ret)
{
	int r = block_read(rd->dev, at, rd->bitmap, BITMAP_HEADER);

	if (r == 0)
		r = parse_bitmap_header(rd->bitmap, ret);
	if (r == 0)
		r = block_read(rd->dev, at, rd->bitmap, ret->size);
	if (r < 0)
		return r == -EINVAL ? -EBADMSG : r;
	return crc_is_right(rd->bitmap, ret->record_offset[0], BITMAP_CRC) ? 0 : -EBADMSG;
}

static bool record_is_valid(const uint8_t *record, uint32_t room)
{
	uint32_t size = get_le32(record + 12);

	return memcmp(record, "FVE-EOWBR", 10) == 0 && get_le16(record + 10) == RECORD_HEADER &&
	       size >= RECORD_HEADER && size <= room && crc_is_right(record, size, RECORD_CRC);
}

/* Windows writes the two in turns, so a torn one leaves the other. NULL when neither is valid or
 * when nothing tells which one counts. */
static const uint8_t *newest_record(const uint8_t *bitmap, const struct bitmap_header *h)
{
	const uint8_t *a = bitmap + h->record_offset[0], *b = bitmap + h->record_offset[1];
	bool a_valid = record_is_valid(a, h->record_size);
	bool b_valid = record_is_valid(b, h->record_size);

	if (!a_valid || !b_valid)
		return a_valid ? a : b_valid ? b : NULL;
	uint64_t a_sequence = get_le64(a + 20), b_sequence = get_le64(b + 20);
	if (a_sequence != b_sequence)
		return a_sequence > b_sequence ? a : b;
	uint32_t size = get_le32(a + 12);
	return size == get_le32(b + 12) && memcmp(a, b, size) == 0 ? a : NULL;
}

/* The bits of a region from its record. */
static int take_bits(struct reader *rd, const uint8_t *record, uint64_t chunks, uint8_t **ret)
{
	uint64_t bits = get_le32(record + 16), room = get_le32(record + 12) - RECORD_HEADER;
	size_t len = (size_t)(chunks / 8 + 1);

	if (chunks > bits || bits > room * 8 || len > rd->bits_left)
		return -EBADMSG;
	uint8_t *copy = calloc(len, 1);
	if (!copy)
		return -ENOMEM;
	memcpy(copy, record + RECORD_HEADER, (size_t)(chunks + 7) / 8);
	rd->bits_left -= len;
	*ret = copy;
	return 0;
}

static int read_region(struct reader *rd, uint64_t at, struct eow_map *eow)
{
	struct bitmap_header h = {0};
	struct eow_region *region = &eow->regions[eow->region_count];
	int r = read_bitmap(rd, at, &h);

	if (r < 0)
		return r;
	if (h.start % rd->sector_size != 0 || h.len % rd->sector_size != 0 || h.len == 0 ||
	        !range_within(h.start, h.len, INT64_MAX) ||
	        !range_within(h.log_offset, rd->log_size, INT64_MAX))
		return -EBADMSG;
	const uint8_t *record = newest_record(rd->bitmap, &h);
	if (!record)
		return -EBADMSG;
	add_own(eow, at, h.size);
	if (h.log_offset != 0 && rd->log_size != 0)
		add_own(eow, h.log_offset, rd->log_size);
	r = take_bits(rd, record, (h.len - 1) / eow->chunk_size + 1, &region->bits);
	if (r < 0)
		return r;
	region->start = h.start;
	region->end = h.start + h.len;
	eow->region_count++;
	return 0;
}

static int compare_regions(const void *pa, const void *pb)
{
	const struct eow_region *a = pa, *b = pb;

	return a->start < b->start ? -1 : a->start > b->start;
}

/* Ascending and on the device; -EBADMSG when two overlap. */
static int settle_regions(struct eow_map *eow, uint64_t device_size)
{
	size_t kept = 0;

	qsort(eow->regions, eow->region_count, sizeof(*eow->regions), compare_regions);
	for (size_t i = 0; i < eow->region_count; i++) {
		struct eow_region *region = &eow->regions[i];
		if (i > 0 && region->start < eow->regions[i - 1].end)
			return -EBADMSG;
		kept += region->start < device_size;
	}
	for (size_t i = kept; i < eow->region_count; i++)
		free(eow->regions[i].bits);
	eow->region_count = kept;
	if (kept > 0 && eow->regions[kept - 1].end > device_size)
		eow->regions[kept - 1].end = device_size;
	return 0;
}

static int read_regions(struct reader *rd, const uint64_t info_offset[2], struct eow_map *eow)
{
	const uint8_t *info = rd->info;
	size_t size = get_le16(info + 10), count = get_le32(info + 32);

	eow->chunk_size = get_le32(info + 20);
	rd->log_size = get_le32(info + 24);
	if (count == 0 || count > EOW_MAX_REGIONS || size != INFO_HEADER + 8 * count ||
	        eow->chunk_size == 0 || eow->chunk_size % rd->sector_size != 0)
		return -EBADMSG;
	eow->regions = calloc(count, sizeof(*eow->regions));
	eow->own = calloc(2 + 2 * count, sizeof(*eow->own));
	if (!eow->regions || !eow->own)
		return -ENOMEM;
	for (size_t i = 0; i < 2; i++)
		if (info_offset[i] != 0 && range_within(info_offset[i], size, INT64_MAX))
			add_own(eow, info_offset[i], size);
	for (size_t i = 0; i < count; i++) {
		int r = read_region(rd, get_le64(info + INFO_HEADER + 8 * i), eow);
		if (r < 0)
			return r;
	}
	return settle_regions(eow, rd->size);
}

int eow_read(struct block_device *dev, const uint64_t info_offset[2], uint32_t sector_size,
        struct eow_map **ret)
{
	struct reader *rd = calloc(1, sizeof(*rd));
	struct eow_map *eow = calloc(1, sizeof(*eow));
	int r = rd && eow ? 0 : -ENOMEM;

	if (r == 0) {
		rd->dev = dev;
		rd->sector_size = sector_size;
		rd->size = dev->size / sector_size * sector_size;
		rd->bits_left = EOW_MAX_BITMAP_BYTES;
		r = read_info(rd, info_offset);
	}
	if (r == 0)
		r = read_regions(rd, info_offset, eow);
	free(rd);
	if (r < 0) {
		eow_free(eow);
		return r;
	}
	*ret = eow;
	return 0;
}

void eow_free(struct eow_map *eow)
{
	if (!eow)
		return;
	for (size_t i = 0; i < eow->region_count; i++)
		free(eow->regions[i].bits);
	free(eow->regions);
	free(eow->own);
	free(eow);
}
