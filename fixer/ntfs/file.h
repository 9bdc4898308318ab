/* SPDX-License-Identifier: GPL-3.0-or-later */
/* One file of a mounted view. */
#ifndef NTFS_FILE_H
#define NTFS_FILE_H

#include "fixer/ntfs/directory.h"

/* Of the attribute bits in $STANDARD_INFORMATION. */
#define NTFS_ATTR_REPARSE   0x0400
#define NTFS_ATTR_ENCRYPTED 0x4000

struct ntfs_file {
	uint64_t reference;
	uint64_t size;                                      /* of the unnamed $DATA */
	uint64_t created, modified, mft_modified, accessed; /* FILETIME, $STANDARD_INFORMATION */
	uint32_t attributes;
	bool is_directory;
};

/* 0; -ESTALE when the record is not in use under that sequence number. */
int ntfs_file_stat(struct ntfs_view *view, uint64_t ref, struct ntfs_file *ret);

struct ntfs_times; /* metadata.h */

/* The times of the $FILE_NAME that entry is of, in directory dir (MFT reference). Windows sets them
 * when the name is made and leaves them. -ENOENT when the file has no such name. */
int ntfs_name_times(struct ntfs_view *view, uint64_t dir, const struct ntfs_entry *entry,
        struct ntfs_times *ret);

/* Reads [offset, offset + len) of the unnamed $DATA; a short read is -EIO. */
int ntfs_file_read(struct ntfs_view *view, uint64_t ref, uint64_t offset, void *buf, size_t len);

/* What two views are known to have in common: true when [offset, offset + len) of the volume comes
 * from the same bytes below in both. */
struct ntfs_common {
	bool (*holds)(void *context, uint64_t offset, uint64_t len);
	void *context;
};

/* True in *ret when the file has the same kind, size, times, attributes and unnamed $DATA, byte for
 * byte, in both views. Content that lies in the same clusters, which common holds, is not read.
 * unlinked: b has a name of it less, which changes mft_modified, too. */
int ntfs_file_same(struct ntfs_view *a, struct ntfs_view *b, uint64_t ref, bool unlinked,
        const struct ntfs_common *common, bool *ret);

/* Deletes one name of a file in dir, with its DOS twin; the last name frees the file. On failure
 * the view is in an undefined state: throw the overlay below away. */
int ntfs_remove(struct ntfs_view *view, uint64_t dir, const struct ntfs_entry *entry);

#endif
