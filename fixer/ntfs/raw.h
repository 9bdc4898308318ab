/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * NTFS structures read straight from the bytes of a volume, whatever state its journal is in. Only
 * reads; every length and place is checked against what holds it. For the files of fixer/ntfs only.
 * Format: NTFS on-disk structures (FILE and INDX records, attributes, mapping pairs, $I30).
 */
#ifndef NTFS_RAW_H
#define NTFS_RAW_H

#include "fixer/base/cleanup.h"
#include "fixer/base/error.h"
#include "fixer/block/block_device.h"
#include "fixer/ntfs/directory.h"
#include "fixer/ntfs/internal.h"

#include <stddef.h>
#include <stdint.h>

#define RAW_UPCASE 65536 /* units of $UpCase */

#define RAW_RECORD(reference)   ((reference)&0xffffffffffffULL)
#define RAW_SEQUENCE(reference) ((uint16_t)((reference) >> 48))

/* Clusters of an attribute: vcn counts in the attribute, lcn on the volume. */
struct raw_run {
	uint64_t vcn, lcn, count;
};

struct raw_runs {
	size_t count;
	struct raw_run *runs; /* from vcn 0, without gaps */
	uint64_t clusters;    /* of all runs */
	uint64_t size;        /* bytes of the attribute's content */
};
void raw_runs_free(struct raw_runs *runs);

struct raw_volume {
	struct block_device *dev; /* not owned */
	struct ntfs_geometry geometry;
	uint64_t clusters; /* of the device */
	struct raw_runs mft;
	uint16_t *upcase; /* RAW_UPCASE units in the processor's order */
};

/* REASON_NTFS_DAMAGED, _DISK_READ_ERROR, _OUT_OF_MEMORY; so do all functions below. */
int raw_volume_open(struct block_device *dev, struct raw_volume *ret, struct error *err);
void raw_volume_close(struct raw_volume *v);

/* For what does not hold together: raw_damaged(err, "record %ju: ...", n). */
#define raw_damaged(err, ...) error_set((err), -EBADMSG, REASON_NTFS_DAMAGED, __VA_ARGS__)
int raw_no_memory(struct error *err);

/* Where the first bytes of [offset, offset + len) of an attribute are on the volume: sets
 * *ret_offset and how many lie in one piece from there. -ERANGE outside the runs. */
int raw_place(const struct raw_volume *v, const struct raw_runs *runs, uint64_t offset, size_t len,
        uint64_t *ret_offset, size_t *ret_len);

int raw_read(struct raw_volume *v, const struct raw_runs *runs, uint64_t offset, void *buf,
        size_t len, struct error *err);

/* --- records: what starts with a magic and is protected by an update sequence ------------------
 */

#define RAW_STRIDE 512 /* bytes that each element of an update sequence protects */

/* Whether buf of len bytes, as on the volume, is a record with this magic and not torn. */
bool raw_is_whole(const uint8_t *buf, size_t len, const char magic[4]);

/* The same, and takes the update sequence out: the last two bytes of each stride are the real ones
 * then. */
bool raw_fixup_undo(uint8_t *buf, size_t len, const char magic[4]);

/* The other way round, for a record that raw_fixup_undo() took, under the next number. */
void raw_fixup_apply(uint8_t *buf, size_t len);

/* Reads the record at offset of an attribute; what names it in an error. */
int raw_record_read(struct raw_volume *v, const struct raw_runs *runs, uint64_t offset,
        const char magic[4], uint8_t *buf, size_t len, struct error *err);

/* --- files -------------------------------------------------------------------------------------
 */

#define RAW_FILE_NAME        0x30
#define RAW_DATA             0x80
#define RAW_INDEX_ROOT       0x90
#define RAW_INDEX_ALLOCATION 0xa0

/* One attribute, inside a FILE record without its update sequence. */
struct raw_attribute {
	uint64_t record; /* number of the record it is in */
	uint32_t type;
	uint16_t instance;
	uint8_t name_len;    /* units */
	const uint8_t *name; /* UTF-16LE, not aligned */
	bool resident;
	const uint8_t *value; /* of value_len bytes: its content, or its mapping pairs */
	uint32_t value_len;
	size_t value_offset;            /* of value in the record */
	uint64_t lowest, highest, size; /* not resident: vcns of this piece, bytes of the content */
};

struct raw_visitor {
	int (*attribute)(void *context, const struct raw_attribute *a, struct error *err);
	void *context;
};

/* Calls the visitor for each attribute of this type and name (ASCII) of the file, through its
 * attribute list when it has one, in the order of its pieces. Stops at what is not 0 and returns
 * it. */
int raw_each_attribute(struct raw_volume *v, uint64_t reference, uint32_t type, const char *name,
        const struct raw_visitor *visitor, struct error *err);

/* All runs of an attribute that is not resident; -ENOENT with no error set when there is none. */
int raw_runs_read(struct raw_volume *v, uint64_t reference, uint32_t type, const char *name,
        struct raw_runs *ret, struct error *err);

/* Takes what a piece of an attribute holds to the end of runs. */
int raw_runs_append(const struct raw_volume *v, const struct raw_attribute *a,
        struct raw_runs *runs, struct error *err);

/* Whether the file's record says it is a directory. */
int raw_is_directory(struct raw_volume *v, uint64_t reference, bool *ret, struct error *err);

/* --- names and their index ---------------------------------------------------------------------
 */

/* Where bytes lie that may be changed: in a FILE record, or in a block of an index. */
struct raw_spot {
	bool in_index;
	uint64_t offset; /* of the record in $MFT, of the block in $INDEX_ALLOCATION */
	size_t at;       /* in the record or block */
};

/* A $FILE_NAME, of an attribute or of an index entry. */
struct raw_name {
	uint64_t parent;               /* reference of the directory */
	uint8_t type;                  /* enum ntfs_name_type */
	uint8_t len;                   /* units, not 0 */
	uint16_t units[NTFS_NAME_MAX]; /* in the processor's order */
	struct raw_spot spot;          /* of the units */
};

/* bytes of len: a $FILE_NAME; at: where it begins, from the start of record or block spot. */
bool raw_name_read(
        const uint8_t *bytes, size_t len, const struct raw_spot *spot, struct raw_name *ret);

/* How an index orders names: without regard to case, then by length, then by case. <0, 0, >0. */
int raw_collate(const uint16_t *upcase, const struct raw_name *a, const struct raw_name *b);
bool raw_same_folded(const uint16_t *upcase, const struct raw_name *a, const struct raw_name *b);

struct raw_entry {
	uint64_t reference; /* of the file */
	struct raw_name name;
};

struct raw_directory {
	uint64_t reference;
	uint32_t block_size; /* of its index; 0 without $INDEX_ALLOCATION */
	struct raw_runs allocation;
};

struct raw_listener {
	int (*entry)(void *context, const struct raw_entry *e, struct error *err);
	void *context;
};

/* Calls the listener for every entry of the directory's index, in order; ret is to be freed with
 * raw_directory_free() on success. */
int raw_directory_walk(struct raw_volume *v, uint64_t reference,
        const struct raw_listener *listener, struct raw_directory *ret, struct error *err);
void raw_directory_free(struct raw_directory *d);

#endif
