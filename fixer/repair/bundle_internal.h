/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What the parts of the bundle code share; nobody else includes it. */
#ifndef REPAIR_BUNDLE_INTERNAL_H
#define REPAIR_BUNDLE_INTERNAL_H

#include "fixer/repair/bundle.h"

#include <errno.h>
#include <stdbool.h>

/* Bounds beyond limits.h, in bytes. */
#define BUNDLE_MAX_MANIFEST     (2 * 1024 * 1024)
#define BUNDLE_MAX_SECTOR_BYTES ((uint64_t)NM_MAX_CHANGED_SECTORS * 512)
#define BUNDLE_MAX_FILE_BYTES   ((uint64_t)NM_MAX_BUNDLE) /* all files together, not compressed */

/* What every refusal of hostile bytes returns. */
#define bundle_bad(err, ...) error_set(err, -EBADMSG, REASON_BUNDLE_BAD, __VA_ARGS__)

/* The zstd skippable frame at the end: magic, length of what follows, SHA-256. */
#define BUNDLE_SEAL_MAGIC 0x184D2A50u
#define BUNDLE_SEAL_HASH  32
void bundle_seal_make(const void *bytes, size_t len, uint8_t seal[BUNDLE_SEAL]);

/* The manifest of a plan as malloc()ed text; NULL without memory or with text that is not UTF-8. */
char *manifest_make(const struct plan *plan, const struct bundle_origin *origin);

/* Reads a hostile manifest into b: disk, partition, runs (without their bytes), manifest. */
int manifest_read(const char *text, size_t len, struct bundle *b, struct error *err);

/* Of a manifest that manifest_read() accepted. */
struct manifest_file {
	const char *path;
	uint64_t size;
	uint8_t sha256[32];
};
size_t manifest_file_count(const struct bundle *b);
void manifest_file_at(const struct bundle *b, size_t n, struct manifest_file *ret);
void manifest_run_hash(const struct bundle *b, size_t run, bool new_side, uint8_t ret[32]);

#endif
