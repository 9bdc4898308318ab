/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Which parts of a volume belong to BitLocker itself, and where the file system's first sectors
 * went. */
#include "fixer/bitlocker/metadata.h"

#include <errno.h>

static uint64_t header_bytes(const struct bitlocker *b)
{
	return (uint64_t)b->info.header_sectors * b->info.sector_size;
}

/* Keeps b->reserved ascending. */
static int reserve(struct bitlocker *b, uint64_t start, uint64_t len)
{
	size_t i = b->reserved_count;

	if (len == 0)
		return 0;
	if (start % b->info.sector_size != 0 || !range_within(start, len, b->info.volume_size))
		return -EBADMSG;
	for (; i > 0 && b->reserved[i - 1].start > start; i--)
		b->reserved[i] = b->reserved[i - 1];
	b->reserved[i] = (struct byte_range){start, start + len};
	b->reserved_count++;
	return 0;
}

int fve_reserved_ranges(struct bitlocker *b, uint32_t conversion_bytes)
{
	const struct bitlocker_info *info = &b->info;
	int r = reserve(b, info->header_offset, header_bytes(b));

	for (size_t i = 0; r == 0 && i < 3; i++)
		r = reserve(b, info->metadata_offset[i], METADATA_AREA);
	if (r == 0 && info->current_state == FVE_SWITCHING) {
		uint64_t unit = info->sector_size;
		r = reserve(b, info->encrypted_size, (conversion_bytes + unit - 1) / unit * unit);
	}
	/* The boot sectors' own place is BitLocker's too, so nothing else may lie there. */
	if (r < 0 || b->reserved[0].start < header_bytes(b))
		return -EBADMSG;
	for (size_t i = 1; i < b->reserved_count; i++)
		if (b->reserved[i].start < b->reserved[i - 1].end)
			return -EBADMSG;
	return 0;
}

uint64_t bitlocker_physical(const struct bitlocker *b, uint64_t offset)
{
	return offset < header_bytes(b) ? b->info.header_offset + offset : offset;
}

bool bitlocker_is_reserved(const struct bitlocker *b, uint64_t offset, uint64_t len)
{
	uint64_t end = len > UINT64_MAX - offset ? UINT64_MAX : offset + len;

	if (len == 0)
		return false;
	if (offset < header_bytes(b))
		return true;
	for (size_t i = 0; i < b->reserved_count; i++)
		if (offset < b->reserved[i].end && b->reserved[i].start < end)
			return true;
	return false;
}
