/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What the files of the checker share. Everything is allocated with keep() and lives as long as the
 * volume; the checker stops the process when memory runs out. Layouts: NTFS 3.x on-disk format.
 */
#ifndef NTFSCHECK_INTERNAL_H
#define NTFSCHECK_INTERNAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#define AT_STANDARD_INFORMATION 0x10u
#define AT_ATTRIBUTE_LIST       0x20u
#define AT_FILE_NAME            0x30u
#define AT_OBJECT_ID            0x40u
#define AT_VOLUME_NAME          0x60u
#define AT_VOLUME_INFORMATION   0x70u
#define AT_DATA                 0x80u
#define AT_INDEX_ROOT           0x90u
#define AT_INDEX_ALLOCATION     0xa0u
#define AT_BITMAP               0xb0u
#define AT_REPARSE_POINT        0xc0u
#define AT_END                  0xffffffffu

#define ATTR_COMPRESSED 0x0001u
#define ATTR_ENCRYPTED  0x4000u
#define ATTR_SPARSE     0x8000u

#define RECORD_IN_USE     0x1u
#define RECORD_DIRECTORY  0x2u
#define RECORD_VIEW_INDEX 0x8u

#define RECORD_MFT     0
#define RECORD_MIRROR  1
#define RECORD_LOGFILE 2
#define RECORD_VOLUME  3
#define RECORD_ROOT    5
#define RECORD_BITMAP  6
#define RECORD_BADCLUS 8
#define RECORD_SECURE  9
#define RECORD_UPCASE  10
#define RECORD_EXTEND  11
#define FIRST_USER     24 /* below are Windows' own */

#define HOLE      UINT64_MAX
#define NO_RECORD UINT64_MAX

/* Of an MFT reference. */
#define REF_NUMBER(ref)   ((ref)&0xffffffffffffull)
#define REF_SEQUENCE(ref) ((uint16_t)((ref) >> 48))

struct run {
	uint64_t vcn, lcn, count; /* clusters; lcn may be HOLE */
};

struct attribute {
	uint64_t record; /* the one it lies in */
	uint32_t type;
	uint16_t id, flags;
	const uint8_t *name; /* UTF-16LE */
	uint8_t name_len;    /* units */
	bool resident;
	const uint8_t *value;
	uint32_t value_len;
	/* Not resident. The sizes count where lowest is 0. */
	uint64_t lowest, highest;
	uint64_t allocated, size, initialized, stored; /* bytes */
	uint8_t unit;                                  /* log2 of clusters, 0: not compressed */
	const uint8_t *pairs;
	size_t pairs_len;
	bool listed; /* named by the $ATTRIBUTE_LIST */
};

/* An attribute as a whole, its parts in several records put together. */
struct stream {
	uint32_t type;
	uint16_t flags;
	const uint8_t *name;
	uint8_t name_len;
	bool resident;
	const uint8_t *value;
	uint32_t value_len;
	uint64_t allocated, size, initialized, stored;
	uint8_t unit;
	struct run *runs;
	size_t run_count;
	uint64_t clusters; /* VCNs from 0 that runs cover */
};

struct record {
	uint8_t *bytes; /* update sequence undone; NULL when not in use or not readable */
	bool unreadable;
	uint16_t sequence, links, flags;
	uint64_t base; /* reference; 0 of a base record */
	struct attribute *attributes;
	size_t attribute_count;
	/* Of a base record. */
	uint64_t *extents;
	size_t extent_count;
	struct attribute **all; /* its own and its extents', in order of type, name and VCN */
	size_t all_count;
	struct stream *streams;
	size_t stream_count;
};

struct entry {
	const uint8_t *key;
	uint16_t key_len;
	const uint8_t *data; /* of a view index */
	uint16_t data_len;
	uint64_t ref; /* of a directory's index */
};

struct index {
	uint64_t record;
	const uint8_t *name;
	uint8_t name_len;
	uint32_t collation;
	bool view;             /* not a directory's */
	struct entry *entries; /* in the order of the tree */
	size_t entry_count;
};

struct volume {
	const uint8_t *bytes;
	uint64_t size;
	FILE *report;
	int findings;
	struct block *kept;

	uint32_t sector, cluster, record_size, index_size; /* bytes */
	uint64_t clusters, mft_lcn, mirror_lcn;

	struct run *mft_runs;
	size_t mft_run_count;
	struct record *records;
	uint64_t record_count;

	const uint8_t *upcase; /* 65536 UTF-16LE units, or NULL */
	uint32_t *owners;      /* of each cluster: record number + 1 */
	struct index *indexes;
	size_t index_count;
};

static inline uint16_t le16(const uint8_t *p)
{
	return (uint16_t)(p[0] | p[1] << 8);
}

static inline uint32_t le32(const uint8_t *p)
{
	return le16(p) | (uint32_t)le16(p + 2) << 16;
}

static inline uint64_t le64(const uint8_t *p)
{
	return le32(p) | (uint64_t)le32(p + 4) << 32;
}

/* --- memory.c -------------------------------------------------------------------------------- */

void *keep(struct volume *v, size_t count, size_t size); /* zeroed */
/* Room for one more of an array that grows; its place is returned zeroed. */
void *append(struct volume *v, void *array, size_t *count, size_t size);
void release(struct volume *v);
/* record: NO_RECORD when it is about none. */
void finding(struct volume *v, const char *kind, uint64_t record, const char *format, ...)
        __attribute__((format(printf, 4, 5)));

/* --- boot.c ---------------------------------------------------------------------------------- */

/* False when nothing more can be checked. */
bool boot_load(struct volume *v);

/* --- record.c -------------------------------------------------------------------------------- */

/* Undoes the update sequence of a FILE record or INDX block; NULL, or what is wrong with it. */
const char *fixups_undo(uint8_t *bytes, size_t len);
/* Fills attributes from bytes. False when they cannot be told apart; findings are reported. */
bool record_parse(struct volume *v, uint64_t number, struct record *r);
bool attribute_is(const struct attribute *a, uint32_t type, const char *name);

/* --- runs.c ---------------------------------------------------------------------------------- */

/* Appends the runs of an attribute. NULL, or what is wrong with them. */
const char *runs_decode(struct volume *v, const struct attribute *a, struct run **runs,
        size_t *run_count, uint64_t *ret_next_vcn);
/* Copies len bytes at offset of what the runs hold; false when it is not all there. */
bool runs_read(const struct volume *v, const struct run *runs, size_t run_count, uint64_t offset,
        uint8_t *out, size_t len);
/* The content, holes and what is not initialized as zeros; NULL when it is larger than the volume.
 */
const uint8_t *stream_load(struct volume *v, const struct stream *s, size_t *ret_len);

/* --- mft.c ----------------------------------------------------------------------------------- */

bool mft_load(struct volume *v);
void mft_check_bitmap(struct volume *v);
void mft_check_mirror(struct volume *v);

/* --- file.c, stream.c ------------------------------------------------------------------------ */

/* Extent records to their base, attributes to streams, clusters to their owner. */
void files_assemble(struct volume *v);
void streams_assemble(struct volume *v, uint64_t number, struct record *r);
void volume_check_bitmap(struct volume *v);
/* A base record in use, or NULL. */
struct record *base_record(const struct volume *v, uint64_t number);
const struct stream *stream_find(const struct record *r, uint32_t type, const char *name);
bool name_is(const uint8_t *name, size_t len, const char *ascii);

/* --- attributes.c: what each must hold ------------------------------------------------------- */

void attributes_check(struct volume *v);

/* --- collate.c ------------------------------------------------------------------------------- */

void upcase_load(struct volume *v);
int names_compare(
        const struct volume *v, const uint8_t *a, size_t a_len, const uint8_t *b, size_t b_len);
/* Keys of an index. ret_known false: the rule is not known, everything is in order. */
int keys_compare(const struct volume *v, uint32_t collation, const struct entry *a,
        const struct entry *b, bool *ret_known);

/* --- index.c, index_node.c ------------------------------------------------------------------- */

void indexes_load(struct volume *v);
const struct index *index_find(const struct volume *v, uint64_t record, const char *name);

struct node {
	const uint8_t *bytes; /* from the node header on */
	size_t len;
	const char *where; /* "root" or "block" */
	uint64_t vcn;
};
/* Appends the node's entries to entries and their subnodes (HOLE: none) to vcns, the last entry
 * with key_len 0 included. False when the node cannot be read. */
bool node_parse(struct volume *v, const struct index *index, const struct node *node,
        struct entry **entries, uint64_t **vcns, size_t *count);

/* --- names.c, secure.c, extend.c ------------------------------------------------------------- */

void names_check(struct volume *v);
void secure_check(struct volume *v);
void extend_check(struct volume *v);

/* --- check.c, dump*.c ------------------------------------------------------------------------ */

/* Parses and checks everything. False when there is nothing to show. */
bool volume_load(struct volume *v);
void dump_streams(const struct volume *v, uint64_t number, const struct record *r, FILE *out);
/* "name" with \uXXXX for everything but plain ASCII. */
void dump_text(FILE *out, const uint8_t *name, size_t len);
void dump_hex(FILE *out, const uint8_t *bytes, size_t len);
void dump_times(FILE *out, const uint8_t *times); /* four of them */
/* A whole $FILE_NAME: name, parent, and the copies of times, sizes and flags it has. */
void dump_file_name(FILE *out, const uint8_t *value);

#endif
