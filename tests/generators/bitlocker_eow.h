/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Encrypt-on-write: a volume whose encryption is not finished, and the bitmaps that say how far it
 * is. Two copies of an information block list the bitmaps; each bitmap is that of one region, a bit
 * per chunk, and has two records of it, of which the later good one counts. Every byte of the
 * volume that is not a structure is in one region; the moved header is a region of its own.
 * Format facts: dissect.fve.
 */
#ifndef GENERATORS_BITLOCKER_EOW_H
#define GENERATORS_BITLOCKER_EOW_H

#include "tests/generators/bitlocker_area.h"
#include "fixer/base/buffer.h"

#include <stdbool.h>

#define FVE_MAX_REGIONS 64
#define FVE_REGION_BITS 3808 /* what a record has room for in a sector of 512 bytes */

struct fve_volume;

struct fve_region {
	struct fve_area area;
	uint64_t bitmap, log; /* bytes from the start of the volume */
	unsigned chunks;
	uint8_t bits[FVE_REGION_BITS / 8]; /* 1: encrypted */
};

struct fve_eow {
	/* Set by the caller before fve_eow_plan(): where first and second start. */
	struct fve_area
	        first; /* an information block, then all bitmaps, then their conversion logs */
	struct fve_area second; /* the other information block */

	uint32_t chunk_size;
	unsigned region_count;
	struct fve_region regions[FVE_MAX_REGIONS];
};

/* How much room the structures need at most at first, in bytes; a cluster does at second. */
uint64_t fve_eow_room(const struct fve_volume *v);
/* Regions and what is encrypted of them, once everything has its place. 0, or -E2BIG (logged) when
 * the chunks are too many. */
int fve_eow_plan(struct fve_volume *v);
bool fve_eow_is_encrypted(const struct fve_volume *v, uint64_t at);
/* All of first; the information block is its beginning, *ret_info bytes of it. */
int fve_eow_build(struct fve_volume *v, struct buffer *out, size_t *ret_info);

#endif
