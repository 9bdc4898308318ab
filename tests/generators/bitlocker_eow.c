/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tests/generators/bitlocker_eow.h"
#include "tests/generators/bitlocker_map.h"
#include "fixer/base/bytes.h"
#include "fixer/base/log.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#define INFO_HEADER    56
#define INFO_CRC       36
#define BITMAP_HEADER  60
#define BITMAP_CRC     56
#define RECORD_HEADER  36
#define RECORD_CRC     32
#define LOG_SECTORS    4 /* Windows: 0x80c00 bytes */
#define MANY_CHUNKS    2048
#define LEAST_CHUNK    65536
#define FIRST_SEQUENCE 40

static uint64_t round_up(uint64_t value, uint32_t unit)
{
	return (value + unit - 1) / unit * unit;
}

/* A sector each for the header and two records. */
static uint64_t bitmap_size(const struct fve_volume *v)
{
	return 3ull * v->sector_size;
}

static uint64_t log_size(const struct fve_volume *v)
{
	return (uint64_t)LOG_SECTORS * v->sector_size;
}

static uint64_t info_size(const struct fve_volume *v, unsigned regions)
{
	return round_up(INFO_HEADER + 8ull * regions, v->sector_size);
}

static uint64_t first_size(const struct fve_volume *v, unsigned regions)
{
	return info_size(v, regions) + regions * (bitmap_size(v) + log_size(v));
}

/* Windows has chunks of 8 MiB; a small volume has many of its own. */
static uint32_t chunk_size(const struct fve_volume *v)
{
	uint32_t size = LEAST_CHUNK;

	if (v->options.chunk_size > 0)
		return v->options.chunk_size;
	while (v->size / size > MANY_CHUNKS)
		size *= 2;
	return size;
}

uint64_t fve_eow_room(const struct fve_volume *v)
{
	uint64_t full_regions = v->size / ((uint64_t)chunk_size(v) * FVE_REGION_BITS);
	/* One before each structure, one at the end, the moved header; and one too many, so that
	 * there is always something left behind the structures, and the number of regions does not
	 * depend on how full their room is. */
	unsigned regions = (unsigned)full_regions + FVE_MAX_AREAS + 2;

	return first_size(v, regions < FVE_MAX_REGIONS ? regions : FVE_MAX_REGIONS + 1);
}

/* Regions of [from, to). */
static int add_regions(struct fve_volume *v, uint64_t from, uint64_t to)
{
	struct fve_eow *eow = &v->eow;
	uint64_t most = (uint64_t)eow->chunk_size * FVE_REGION_BITS;

	while (from < to) {
		struct fve_region *region = &eow->regions[eow->region_count];
		uint64_t size = to - from < most ? to - from : most;
		if (eow->region_count == FVE_MAX_REGIONS) {
			log_error("more than %u encrypt-on-write regions: chunks of %u bytes are "
			          "too small for this volume",
			        FVE_MAX_REGIONS, eow->chunk_size);
			return -E2BIG;
		}
		*region = (struct fve_region){.area = {from, size},
		        .chunks = (unsigned)(round_up(size, eow->chunk_size) / eow->chunk_size)};
		eow->region_count++;
		from += size;
	}
	return 0;
}

static int by_start(const void *a, const void *b)
{
	const struct fve_area *one = a, *other = b;

	return (one->start > other->start) - (one->start < other->start);
}

/* What lies between the structures, and the moved header. */
static int lay_regions(struct fve_volume *v)
{
	struct fve_area areas[FVE_MAX_AREAS];
	unsigned count = fve_areas(v, areas);
	uint64_t at = fve_header_size(v);
	int r = 0;

	v->eow.region_count = 0;
	qsort(areas, count, sizeof(areas[0]), by_start);
	for (unsigned i = 0; i < count && r == 0; i++) {
		uint64_t end = areas[i].start + areas[i].size;
		r = add_regions(v, at, areas[i].start);
		if (r == 0 && areas[i].start == v->header_backup)
			r = add_regions(v, areas[i].start, end);
		at = end;
	}
	return r == 0 ? add_regions(v, at, v->size) : r;
}

static void draw_chunks(struct fve_volume *v)
{
	for (unsigned i = 0; i < v->eow.region_count; i++) {
		struct fve_region *region = &v->eow.regions[i];
		for (unsigned bit = 0; bit < region->chunks; bit++)
			if (gen_random_below(&v->random, 100) < v->options.encrypted_percent)
				region->bits[bit / 8] |= (uint8_t)(1u << (bit % 8));
	}
}

int fve_eow_plan(struct fve_volume *v)
{
	struct fve_eow *eow = &v->eow;
	unsigned guess = 0;
	int r = 0;

	eow->chunk_size = chunk_size(v);
	/* How many regions there are decides how large the structures between them are: once more
	 * with the right number. */
	do {
		guess = eow->region_count;
		eow->first.size = first_size(v, guess);
		eow->second.size = info_size(v, guess);
		r = lay_regions(v);
	} while (r == 0 && eow->region_count != guess);
	if (r < 0)
		return r;
	uint64_t bitmaps = eow->first.start + info_size(v, eow->region_count);
	uint64_t logs = bitmaps + eow->region_count * bitmap_size(v);
	for (unsigned i = 0; i < eow->region_count; i++) {
		eow->regions[i].bitmap = bitmaps + i * bitmap_size(v);
		eow->regions[i].log = logs + i * log_size(v);
	}
	draw_chunks(v);
	return 0;
}

bool fve_eow_is_encrypted(const struct fve_volume *v, uint64_t at)
{
	for (unsigned i = 0; i < v->eow.region_count; i++) {
		const struct fve_region *region = &v->eow.regions[i];
		uint64_t bit = (at - region->area.start) / v->eow.chunk_size;
		if (fve_within(&region->area, at))
			return region->bits[bit / 8] >> (bit % 8) & 1;
	}
	return false;
}

static void put_crc(uint8_t *data, size_t at, size_t len)
{
	put_le32(data + at, 0);
	put_le32(data + at, (uint32_t)crc32(0, data, (unsigned)len));
}

static void build_info(const struct fve_volume *v, uint8_t *out)
{
	const struct fve_eow *eow = &v->eow;
	size_t size = INFO_HEADER + (size_t)8 * eow->region_count;

	memcpy(out, "FVE-EOW", 8);
	put_le16(out + 8, INFO_HEADER);
	put_le16(out + 10, (uint16_t)size);
	put_le32(out + 12, v->sector_size);
	put_le32(out + 16, v->sector_size); /* what is written at once */
	put_le32(out + 20, eow->chunk_size);
	put_le32(out + 24, (uint32_t)log_size(v));
	put_le32(out + 28, v->sector_size); /* a record of the log */
	put_le32(out + 32, eow->region_count);
	put_le64(out + 40, eow->first.start);
	put_le64(out + 48, eow->second.start);
	for (unsigned i = 0; i < eow->region_count; i++)
		put_le64(out + INFO_HEADER + (size_t)8 * i, eow->regions[i].bitmap);
	put_crc(out, INFO_CRC, size);
}

static void build_record(const struct fve_region *region, uint64_t sequence, uint8_t *out)
{
	size_t bytes = (region->chunks + 7) / 8;

	memcpy(out, "FVE-EOWBR", 10);
	put_le16(out + 10, RECORD_HEADER);
	put_le32(out + 12, (uint32_t)(RECORD_HEADER + bytes));
	put_le32(out + 16, region->chunks);
	put_le64(out + 20, sequence);
	memcpy(out + RECORD_HEADER, region->bits, bytes);
	put_crc(out, RECORD_CRC, RECORD_HEADER + bytes);
}

/* The record that counts is in turn the second, the first, and the first beside a later one that
 * was not written whole. */
static void build_records(struct fve_volume *v, unsigned index, uint8_t *records)
{
	const struct fve_region *region = &v->eow.regions[index];
	struct fve_region stale = *region;
	uint8_t *first = records, *second = records + v->sector_size;
	unsigned turn = index % 3;

	for (size_t i = 0; i < sizeof(stale.bits); i++)
		stale.bits[i] ^= (uint8_t)gen_random_below(&v->random, 256);
	build_record(turn == 0 ? &stale : region, FIRST_SEQUENCE, first);
	build_record(turn == 0 ? region : &stale, FIRST_SEQUENCE + (turn == 1 ? -1 : 1), second);
	if (turn == 2)
		second[RECORD_HEADER] ^= 1;
}

static void build_bitmap(struct fve_volume *v, unsigned index, uint8_t *out)
{
	const struct fve_region *region = &v->eow.regions[index];

	memcpy(out, "FVE-EOWBM", 10);
	put_le16(out + 10, BITMAP_HEADER);
	put_le32(out + 12, (uint32_t)bitmap_size(v));
	put_le32(out + 16, index);
	put_le64(out + 20, region->area.start);
	put_le64(out + 28, region->area.size);
	put_le64(out + 36, region->log);
	put_le32(out + 44, v->sector_size);
	put_le32(out + 48, 2 * v->sector_size);
	put_le32(out + 52, v->sector_size);
	put_crc(out, BITMAP_CRC, v->sector_size);
	build_records(v, index, out + v->sector_size);
}

int fve_eow_build(struct fve_volume *v, struct buffer *out, size_t *ret_info)
{
	const struct fve_eow *eow = &v->eow;
	size_t logs = eow->region_count * (size_t)log_size(v);
	uint8_t *data = calloc(1, eow->first.size);

	if (!data)
		return -ENOMEM;
	build_info(v, data);
	for (unsigned i = 0; i < eow->region_count; i++)
		build_bitmap(v, i, data + (eow->regions[i].bitmap - eow->first.start));
	gen_random_bytes(&v->random, data + eow->first.size - logs, logs);
	int r = buffer_append(out, data, eow->first.size);
	free(data);
	if (r == 0)
		*ret_info = (size_t)info_size(v, eow->region_count);
	return r;
}
