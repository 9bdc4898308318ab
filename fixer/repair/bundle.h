/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The repair bundle: everything needed to finish or to undo a repair, and to know what was removed.
 * One tar (pax) compressed with zstd, readable with tar: manifest.json, sectors.old, sectors.new
 * (the runs one after the other, as on disk), files/N (content of each removed file).
 */
#ifndef REPAIR_BUNDLE_H
#define REPAIR_BUNDLE_H

#include "fixer/base/error.h"
#include "fixer/repair/plan.h"

#include <stddef.h>
#include <stdint.h>

/* The encoded form and what is in it. */
struct bundle {
	uint8_t *bytes; /* tar.zst */
	size_t len;
	uint8_t sha256[32];

	/* From the manifest. */
	char disk_id[40];      /* GPT disk GUID, or "mbr:XXXXXXXX" */
	uint32_t partition;
	uint64_t disk_size;    /* bytes */
	uint32_t sector_size;
	size_t run_count, sector_count;
	struct plan_run *runs;
};

struct bundle_origin {
	const char *host;      /* machine name or image path */
	const char *recipe;    /* name */
	const struct partition_table *table;
	uint64_t disk_size;
	uint32_t partition;
	const char *volume_id; /* BitLocker volume GUID or "" */
};

/* Encodes a plan that has runs. The caller frees with bundle_free. */
int bundle_encode(const struct plan *plan, const struct bundle_origin *origin, struct bundle **ret,
	struct error *err);

/* Decodes hostile bytes (copied): strict manifest, sizes bounded, every hash checked.
 * REASON_BUNDLE_BAD. */
int bundle_decode(const void *bytes, size_t len, struct bundle **ret, struct error *err);

/* 0 when the bundle belongs to this disk (identity, size, sector size); REASON_BUNDLE_BAD. */
int bundle_fits(const struct bundle *b, const struct partition_table *table, uint64_t disk_size,
	uint32_t sector_size, struct error *err);

void bundle_free(struct bundle *b);
DEFINE_CLEANUP(struct bundle *, bundle_free)

#endif
