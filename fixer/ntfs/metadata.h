/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What NTFS keeps about one file beside its content and struct ntfs_file: for the record of a
 * repair, so that people know what was removed and could put it back by hand. NTFS on-disk format:
 * $STANDARD_INFORMATION, $FILE_NAME, $DATA, $OBJECT_ID, $SECURITY_DESCRIPTOR, $Secure.
 */
#ifndef NTFS_METADATA_H
#define NTFS_METADATA_H

#include "fixer/base/cleanup.h"
#include "fixer/base/text.h"
#include "fixer/ntfs/directory.h"

/* What is over these is left out, and how many that were is told. */
#define NTFS_METADATA_NAMES      16
#define NTFS_METADATA_RUNS       256
#define NTFS_METADATA_STREAMS    16
#define NTFS_METADATA_DESCRIPTOR 4096 /* bytes; NTFS allows 64 KiB, Windows makes 100 to 300 */
#define NTFS_METADATA_STREAM_MAX (256 * 1024) /* bytes kept of all named streams of a file */

#define NTFS_NAME_UTF8   (3 * NTFS_NAME_MAX + 1)
#define NTFS_HOLE        UINT64_MAX /* lcn of a run that has no clusters */
#define NTFS_NO_SECURITY 0

/* FILETIME: 100 ns since 1601. */
struct ntfs_times {
	uint64_t created, modified, mft_modified, accessed;
};

/* One $FILE_NAME. */
struct ntfs_metadata_name {
	uint64_t parent; /* MFT reference of the directory */
	uint8_t type;    /* enum ntfs_name_type */
	char name[NTFS_NAME_UTF8];
	struct ntfs_times times;
};

/* In clusters. */
struct ntfs_metadata_run {
	uint64_t vcn, lcn, length;
};

struct ntfs_metadata_stream {
	char name[NTFS_NAME_UTF8];
	uint64_t size;
	uint8_t *content; /* size bytes; NULL when there was no room for it */
};

struct ntfs_metadata {
	/* Of the unnamed $DATA, in bytes; all zero when there is none. */
	uint64_t allocated, initialized;
	bool resident;             /* inside the MFT record: no runs */
	uint32_t compression_unit; /* clusters; 0: not compressed */
	uint32_t cluster_size;
	size_t run_count, runs_left_out;
	struct ntfs_metadata_run runs[NTFS_METADATA_RUNS];

	size_t name_count, names_left_out;
	struct ntfs_metadata_name names[NTFS_METADATA_NAMES];
	size_t stream_count, streams_left_out;
	struct ntfs_metadata_stream streams[NTFS_METADATA_STREAMS];

	/* The self-relative security descriptor: of $Secure by its id, or, when the id is
	 * NTFS_NO_SECURITY, of the file's own attribute. */
	uint32_t security_id;
	size_t descriptor_size; /* as on disk, 0: none; more than NTFS_METADATA_DESCRIPTOR: not kept
	                         */
	uint8_t descriptor[NTFS_METADATA_DESCRIPTOR];

	bool has_object_id;
	struct guid object_id;
};

/*
 * Reads the metadata of a file (MFT reference) of a view. 0 with *ret, to be freed with
 * ntfs_metadata_free(); -ENOMEM; -ESTALE when the record is not in use under that sequence number;
 * other errors of the volume. A security descriptor that cannot be found is left out, it is no
 * error.
 */
int ntfs_metadata_read(struct ntfs_view *view, uint64_t ref, struct ntfs_metadata **ret);

void ntfs_metadata_free(struct ntfs_metadata *m);
DEFINE_CLEANUP(struct ntfs_metadata *, ntfs_metadata_free)

#endif
