/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "fixer/bitlocker/map.h"
#include "fixer/bitlocker/metadata.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static uint64_t least(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

static uint64_t round_up(uint64_t v, uint64_t unit)
{
	return (v + unit - 1) / unit * unit;
}

static int compare_ranges(const void *pa, const void *pb)
{
	const struct byte_range *a = pa, *b = pb;

	return a->start < b->start ? -1 : a->start > b->start;
}

/* Sorts; -EBADMSG when two overlap or one begins before floor. */
static int settle(struct byte_range *ranges, size_t count, uint64_t floor)
{
	qsort(ranges, count, sizeof(*ranges), compare_ranges);
	for (size_t i = 0; i < count; i++) {
		if (ranges[i].start < floor)
			return -EBADMSG;
		floor = ranges[i].end;
	}
	return 0;
}

/* The part of [start, start + len) that is on the device, in whole sectors. */
static struct byte_range on_device(const struct fve_map *map, uint64_t start, uint64_t len)
{
	uint32_t unit = map->sector_size;

	if (start >= map->size)
		return (struct byte_range){0};
	return (struct byte_range){.start = start / unit * unit,
	        .end = round_up(start + least(len, map->size - start), unit)};
}

static int reserve_base(struct fve_map *map, const struct bitlocker_info *info)
{
	map->reserved = calloc(4, sizeof(*map->reserved));
	if (!map->reserved)
		return -ENOMEM;
	map->reserved[map->reserved_count++] =
	        (struct byte_range){map->header_offset, map->header_offset + map->header_len};
	for (size_t i = 0; i < 3; i++) {
		struct byte_range r = on_device(map, info->metadata_offset[i], METADATA_AREA);
		if (info->metadata_offset[i] % map->sector_size != 0)
			return -EBADMSG;
		if (r.end > 0)
			map->reserved[map->reserved_count++] = r;
	}
	/* The boot sectors' own place is BitLocker's too, so nothing else may lie there. */
	return settle(map->reserved, map->reserved_count, map->header_len);
}

static int fill(struct fve_map *map, const struct bitlocker_info *info, uint32_t conversion_bytes)
{
	if (map->header_len == 0 || map->header_offset % map->sector_size != 0 ||
	        !range_within(map->header_offset, map->header_len, map->size))
		return -EBADMSG;
	int r = reserve_base(map, info);
	if (r < 0)
		return r;
	if (info->current_state == FVE_SWITCHING)
		map->converting = on_device(map, info->encrypted_size, conversion_bytes);
	if (info->current_state != FVE_DECRYPTED)
		map->encrypted_end =
		        round_up(least(info->encrypted_size, map->size), map->sector_size);
	return 0;
}

int fve_map_new(const struct bitlocker_info *info, uint32_t conversion_bytes, struct fve_map **ret)
{
	struct fve_map *map = calloc(1, sizeof(*map));

	if (!map)
		return -ENOMEM;
	*map = (struct fve_map){.holders = 1,
	        .sector_size = info->sector_size,
	        .size = info->volume_size / info->sector_size * info->sector_size,
	        .header_offset = info->header_offset,
	        .header_len = (uint64_t)info->header_sectors * info->sector_size};
	int r = fill(map, info, conversion_bytes);
	if (r < 0) {
		fve_map_release(map);
		return r;
	}
	*ret = map;
	return 0;
}

struct fve_map *fve_map_hold(struct fve_map *map)
{
	map->holders++;
	return map;
}

void fve_map_release(struct fve_map *map)
{
	if (!map || --map->holders > 0)
		return;
	eow_free(map->eow);
	free(map->reserved);
	free(map);
}

/* The first range that ends behind offset; NULL when there is none. */
static const struct byte_range *range_behind(
        const struct byte_range *ranges, size_t count, uint64_t offset)
{
	size_t low = 0, high = count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;
		if (ranges[middle].end > offset)
			high = middle;
		else
			low = middle + 1;
	}
	return low < count ? &ranges[low] : NULL;
}

/* Every byte is in a region, but those that are not read by the bitmap's word. */
static bool is_covered(const struct eow_map *eow, const struct fve_map *map,
        const struct byte_range *reserved, size_t reserved_count)
{
	uint64_t at = map->header_len, header_end = map->header_offset + map->header_len;

	if (eow_covered_until(eow, map->header_offset) < header_end)
		return false;
	while (at < map->size) {
		const struct byte_range *r = range_behind(reserved, reserved_count, at);
		uint64_t next = r && r->start <= at ? r->end : eow_covered_until(eow, at);
		if (next == at)
			return false;
		at = next;
	}
	return true;
}

int fve_map_add_eow(struct fve_map *map, struct eow_map *eow, bool decrypted)
{
	size_t count = map->reserved_count;
	struct byte_range *all = calloc(count + eow->own_count, sizeof(*all));

	if (!all)
		return -ENOMEM;
	memcpy(all, map->reserved, count * sizeof(*all));
	for (size_t i = 0; i < eow->own_count; i++) {
		const struct byte_range *own = &eow->own[i];
		struct byte_range r = on_device(map, own->start, own->end - own->start);
		if (r.end > 0)
			all[count++] = r;
	}
	if (settle(all, count, map->header_len) < 0 ||
	        (!decrypted && !is_covered(eow, map, all, count))) {
		free(all);
		return -EBADMSG;
	}
	free(map->reserved);
	map->reserved = all;
	map->reserved_count = count;
	if (decrypted)
		eow_free(eow);
	else
		map->eow = eow;
	return 0;
}

/* Ends the extent where r begins, or makes it a piece of r. */
static void apply_reserved(struct extent *e, const struct byte_range *r)
{
	if (e->physical >= r->end)
		return;
	if (e->physical >= r->start)
		e->kind = EXTENT_RESERVED;
	e->len = least(e->len, (e->physical >= r->start ? r->end : r->start) - e->physical);
}

static void apply_encryption(const struct fve_map *map, struct extent *e)
{
	bool encrypted = e->physical < map->encrypted_end;

	if (map->eow)
		encrypted = eow_is_encrypted(map->eow, e->physical, &e->len);
	else if (encrypted)
		e->len = least(e->len, map->encrypted_end - e->physical);
	e->kind = encrypted ? EXTENT_ENCRYPTED : EXTENT_PLAIN;
}

struct extent fve_map_extent(const struct fve_map *map, uint64_t offset, uint64_t len)
{
	struct extent e = {.kind = EXTENT_PLAIN, .physical = offset, .len = len};

	if (offset < map->header_len) {
		e.physical = map->header_offset + offset;
		e.len = least(len, map->header_len - offset);
	} else {
		const struct byte_range *r =
		        range_behind(map->reserved, map->reserved_count, offset);
		if (r)
			apply_reserved(&e, r);
	}
	apply_reserved(&e, &map->converting);
	if (e.kind != EXTENT_RESERVED)
		apply_encryption(map, &e);
	return e;
}

uint64_t fve_map_encrypted_bytes(const struct fve_map *map)
{
	return map->eow ? eow_encrypted_bytes(map->eow) : map->encrypted_end;
}

uint64_t bitlocker_physical(const struct bitlocker *b, uint64_t offset)
{
	return offset < b->map->header_len ? b->map->header_offset + offset : offset;
}

bool bitlocker_is_reserved(const struct bitlocker *b, uint64_t offset, uint64_t len)
{
	const struct fve_map *map = b->map;
	uint64_t end = len > UINT64_MAX - offset ? UINT64_MAX : offset + len;

	if (len == 0)
		return false;
	if (offset < map->header_len)
		return true;
	if (offset < map->converting.end && map->converting.start < end)
		return true;
	const struct byte_range *r = range_behind(map->reserved, map->reserved_count, offset);
	return r && r->start < end;
}
