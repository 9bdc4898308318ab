/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Between the files that make NTFS volumes. */
#ifndef GENERATORS_NTFS_PRIVATE_H
#define GENERATORS_NTFS_PRIVATE_H

#include "fixer/base/text.h"
#include "tests/generators/ntfs_image.h"

/* The library's headers need these two before them. */
#include <stdarg.h>
#include <sys/stat.h>

#include <ntfs-3g/types.h>
#include <ntfs-3g/attrib.h>
#include <ntfs-3g/dir.h>
#include <ntfs-3g/inode.h>
#include <ntfs-3g/unistr.h>
#include <ntfs-3g/volume.h>

struct gen_ntfs {
	ntfs_volume *vol;
	uint64_t *folders; /* record numbers of what gen_ntfs_mkdir() made */
	size_t folder_count;
	struct gen_run *reserved;
	size_t reserved_count;
};

/* A new file or folder, open, and the folder it is in. */
struct gen_entry {
	ntfs_inode *ni, *folder;
	const char *name;
};

/* Logs "WHAT PATH: errno" and gives -errno. */
int gen_ntfs_failed(const char *what, const char *path);
/* NULL with errno set when there is no such path. */
ntfs_inode *gen_ntfs_lookup(struct gen_ntfs *n, const char *path);
/* The folder path is in, made when it is missing, and the last component of path. */
int gen_ntfs_parent(
        struct gen_ntfs *n, const char *path, ntfs_inode **ret_folder, const char **ret_name);
int gen_ntfs_make_entry(struct gen_ntfs *n, const char *path, mode_t type, struct gen_entry *ret);
/* Gives the entry its 8.3 name and closes both inodes, also on failure. */
int gen_ntfs_finish_entry(struct gen_entry *entry);
/* Closes both, and gives r or what went wrong in closing. */
int gen_ntfs_close_entry(struct gen_entry *entry, int r);
int gen_ntfs_set_times(struct gen_ntfs *n, uint64_t number, int64_t created, int64_t modified,
        uint32_t attributes);
/* Writes the unnamed $DATA from offset on. */
int gen_ntfs_write_stream(
        ntfs_inode *ni, const char *path, const void *data, size_t size, size_t offset);
/* $Bitmap, malloc()ed. */
int gen_ntfs_used_clusters(struct gen_ntfs *n, uint8_t **ret_bitmap);

#endif
