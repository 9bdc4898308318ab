/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Encrypt-on-write: how Windows 8 and later convert a volume. Bitmaps say for each chunk whether it
 * is encrypted. Two copies of the information name the bitmaps; each bitmap is of one region of the
 * volume and holds two records, of which the valid one with the highest sequence number counts.
 * Only bitlocker/ includes it. Format facts: dissect.fve's source, modelled on fvevol.sys; libbde's
 * source agrees.
 *
 * The conversion logs are not decoded: the chunk a crash interrupted may be half converted. That is
 * why such a volume is never written.
 */
#ifndef BITLOCKER_EOW_H
#define BITLOCKER_EOW_H

#include "fixer/block/block_device.h"

/* Windows makes bitmaps of 1536 bytes for 29.75 GiB each. These bounds are for 119 TiB. */
#define EOW_MAX_REGIONS      4096
#define EOW_MAX_BITMAP       (64 * 1024)       /* bytes of one bitmap with its records */
#define EOW_MAX_BITMAP_BYTES (8 * 1024 * 1024) /* of all bits together */

struct byte_range {
	uint64_t start, end; /* end exclusive */
};

/* Part of the volume, in chunks counted from its start; the last one may be shorter. */
struct eow_region {
	uint64_t start, end;
	uint8_t *bits; /* least significant first; 1: encrypted */
};

struct eow_map {
	uint32_t chunk_size;
	struct eow_region *regions; /* ascending and apart */
	size_t region_count;
	struct byte_range *own; /* what encrypt-on-write occupies itself, as stated, in any order */
	size_t own_count;
};

/*
 * info_offset: where sector 0 says the information's copies are, 0 for none. Regions are cut off at
 * the end of dev. -EBADMSG when no copy of the information, or one of the bitmaps, is intact, or
 * when they contradict each other; -ENOMEM; read errors of dev. Freed with eow_free().
 */
int eow_read(struct block_device *dev, const uint64_t info_offset[2], uint32_t sector_size,
        struct eow_map **ret);
void eow_free(struct eow_map *eow); /* NULL is fine */

/* The end of the regions that cover offset without a gap; offset itself when none does. */
uint64_t eow_covered_until(const struct eow_map *eow, uint64_t offset);

/* Whether the byte at offset, which must be covered, is encrypted; *len is shortened to how far
 * that is so. */
bool eow_is_encrypted(const struct eow_map *eow, uint64_t offset, uint64_t *len);

uint64_t eow_encrypted_bytes(const struct eow_map *eow);

#endif
