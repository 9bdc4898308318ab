/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The repair bundle: everything needed to finish or to undo a repair, and to know what was removed.
 * One tar (pax) compressed with zstd, readable with `tar --zstd`: manifest.json, sectors.old,
 * sectors.new (the runs one after the other, as on disk), then for each file removed or renamed its
 * content files/N and of its named streams streams/N/M, in this order. README.md has the manifest.
 * The last BUNDLE_SEAL bytes are a zstd skippable frame (RFC 8878, 3.1.2) holding the SHA-256 of
 * everything before it, so that no bit of a bundle can change unnoticed. The same plan always gives
 * the same bytes: there is no time and no owner in a bundle.
 */
#ifndef REPAIR_BUNDLE_H
#define REPAIR_BUNDLE_H

#include "fixer/base/error.h"
#include "fixer/repair/plan.h"

#include <stddef.h>
#include <stdint.h>

#define BUNDLE_SEAL  40
#define DISK_ID_TEXT 40

struct json_t; /* jansson's json_t */

/* The encoded form and what is in it. */
struct bundle {
	uint8_t *bytes; /* tar.zst */
	size_t len;
	uint8_t sha256[32];

	/* From the manifest. */
	char disk_id[DISK_ID_TEXT]; /* as bundle_disk_id() */
	uint32_t partition;
	uint64_t disk_size; /* bytes */
	uint32_t sector_size;
	size_t run_count, sector_count;
	struct plan_run *runs; /* their bytes lie in old_sectors and new_sectors */
	uint8_t *old_sectors, *new_sectors;
	struct json_t *manifest; /* the whole of it, checked; for showing it to people */
};

struct bundle_origin {
	const char *host;   /* machine name or image path */
	const char *recipe; /* name */
	const struct partition_table *table;
	uint64_t disk_size;
	uint32_t partition;
	const char *volume_id; /* BitLocker volume GUID or "" */
};

/* Encodes a plan that has runs, and decodes the result again: what cannot be read back is never
 * given out. The caller frees with bundle_free. REASON_TARGET_TOO_LARGE when the files together are
 * over NM_MAX_BUNDLE; REASON_OUT_OF_MEMORY; REASON_INTERNAL. */
int bundle_encode(const struct plan *plan, const struct bundle_origin *origin, struct bundle **ret,
        struct error *err);

/* How a disk is called in a bundle: its GPT disk GUID, "mbr:XXXXXXXX", or "" without a table. */
void bundle_disk_id(const struct partition_table *table, char out[DISK_ID_TEXT]);

/* Decodes hostile bytes (copied): strict manifest, sizes bounded, every hash checked.
 * REASON_BUNDLE_BAD. */
int bundle_decode(const void *bytes, size_t len, struct bundle **ret, struct error *err);

/* 0 when the bundle belongs to this disk (identity, size, sector size); REASON_BUNDLE_BAD. */
int bundle_fits(const struct bundle *b, const struct partition_table *table, uint64_t disk_size,
        uint32_t sector_size, struct error *err);

/* 0 when all its sectors are in the partition it was made of, as the disk (which it fits) has that
 * now: nothing else on a disk is ever written to. REASON_BUNDLE_BAD. */
int bundle_stays_inside(
        const struct bundle *b, const struct partition_table *table, struct error *err);

void bundle_free(struct bundle *b);
DEFINE_CLEANUP(struct bundle *, bundle_free)

#endif
