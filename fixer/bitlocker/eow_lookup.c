/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Asking an encrypt-on-write map that was read. */
#include "fixer/bitlocker/eow.h"

/* The index of the first region that begins behind offset. */
static size_t region_behind(const struct eow_map *eow, uint64_t offset)
{
	size_t low = 0, high = eow->region_count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;
		if (eow->regions[middle].start > offset)
			high = middle;
		else
			low = middle + 1;
	}
	return low;
}

static bool bit_at(const struct eow_region *region, uint64_t chunk)
{
	return region->bits[chunk / 8] >> (chunk % 8) & 1;
}

uint64_t eow_covered_until(const struct eow_map *eow, uint64_t offset)
{
	size_t i = region_behind(eow, offset);

	if (i == 0 || eow->regions[i - 1].end <= offset)
		return offset;
	uint64_t end = eow->regions[i - 1].end;
	for (; i < eow->region_count && eow->regions[i].start == end; i++)
		end = eow->regions[i].end;
	return end;
}

bool eow_is_encrypted(const struct eow_map *eow, uint64_t offset, uint64_t *len)
{
	const struct eow_region *region = &eow->regions[region_behind(eow, offset) - 1];
	uint64_t within = offset - region->start, chunk = within / eow->chunk_size;
	uint64_t most = region->end - offset < *len ? region->end - offset : *len;
	bool encrypted = bit_at(region, chunk);
	uint64_t run = (chunk + 1) * eow->chunk_size - within;

	while (run < most && bit_at(region, ++chunk) == encrypted)
		run += eow->chunk_size;
	*len = run < most ? run : most;
	return encrypted;
}

uint64_t eow_encrypted_bytes(const struct eow_map *eow)
{
	uint64_t sum = 0;

	for (size_t i = 0; i < eow->region_count; i++) {
		const struct eow_region *region = &eow->regions[i];
		uint64_t len = region->end - region->start, chunk = 0;
		for (uint64_t at = 0; at < len; at += eow->chunk_size, chunk++) {
			uint64_t left = len - at;
			if (bit_at(region, chunk))
				sum += left < eow->chunk_size ? left : eow->chunk_size;
		}
	}
	return sum;
}
