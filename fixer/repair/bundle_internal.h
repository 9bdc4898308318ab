/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What the parts of the bundle code share; nobody else includes it. */
#ifndef REPAIR_BUNDLE_INTERNAL_H
#define REPAIR_BUNDLE_INTERNAL_H

#include "fixer/repair/bundle.h"

#include <errno.h>
#include <stdbool.h>

/* Bounds beyond limits.h, in bytes. */
#define BUNDLE_MAX_MANIFEST     (8 * 1024 * 1024)
#define BUNDLE_MAX_VALUES       (256 * 1024) /* of the manifest's JSON */
#define BUNDLE_MAX_SECTOR_BYTES ((uint64_t)NM_MAX_CHANGED_SECTORS * 512)
#define BUNDLE_MAX_FILE_BYTES   ((uint64_t)NM_MAX_BUNDLE) /* all files together, not compressed */

/* Names in the archive: "files/0", "streams/0/1". */
#define BUNDLE_ENTRY_NAME 32
void bundle_file_entry_name(char out[BUNDLE_ENTRY_NAME], size_t file);
void bundle_stream_name(char out[BUNDLE_ENTRY_NAME], size_t file, size_t stream);

/* What every refusal of hostile bytes returns. */
#define bundle_bad(err, ...) error_set(err, -EBADMSG, REASON_BUNDLE_BAD, __VA_ARGS__)

/* The zstd skippable frame at the end: magic, length of what follows, SHA-256. */
#define BUNDLE_SEAL_MAGIC 0x184D2A50u
#define BUNDLE_SEAL_HASH  32
void bundle_seal_make(const void *bytes, size_t len, uint8_t seal[BUNDLE_SEAL]);

/* --- the manifest, written (README.md shows it) ----------------------------------------------- */

/* 1: without stages, renamed_to and metadata. Both are read. */
#define MANIFEST_VERSION 2

/* By enum ntfs_name_type. */
#define MANIFEST_NAME_TYPES 4
extern const char *const manifest_name_types[MANIFEST_NAME_TYPES];

/* The manifest of a plan as malloc()ed text; NULL without memory or with text that is not UTF-8. */
char *manifest_make(const struct plan *plan, const struct bundle_origin *origin);

/* Its parts. NULL without memory, which json_pack() passes on. */
struct json_t *manifest_hash(const void *data, size_t len);
struct json_t *manifest_u64(uint64_t v);
struct json_t *manifest_time(uint64_t filetime);
struct json_t *manifest_metadata(const struct ntfs_metadata *m);

/* --- the manifest, read ----------------------------------------------------------------------- */

/* Reads a hostile manifest into b: disk, partition, runs (without their bytes), manifest. */
int manifest_read(const char *text, size_t len, struct bundle *b, struct error *err);

/* Its parts; version is 1 or 2, n the number of the file, for messages. */
bool manifest_is_u64(const char *text);
bool manifest_is_time(struct json_t *entry);
int manifest_check_files(struct json_t *list, long long version, struct error *err);
int manifest_check_metadata(struct json_t *entry, size_t n, struct error *err);

/* Of a manifest that manifest_read() accepted. */
struct manifest_part {
	const char *name; /* of a file the path */
	uint64_t size;
	uint8_t sha256[32];
};
size_t manifest_file_count(const struct bundle *b);
void manifest_file_at(const struct bundle *b, size_t n, struct manifest_part *ret);
size_t manifest_stream_count(const struct bundle *b, size_t n); /* of file n */
/* False when the content of the stream is not in the bundle. */
bool manifest_stream_at(const struct bundle *b, size_t n, size_t stream, struct manifest_part *ret);
void manifest_run_hash(const struct bundle *b, size_t run, bool new_side, uint8_t ret[32]);

#endif
