/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * An NTFS volume in a file: formatted by mkntfs, filled through libntfs-3g in this process. Paths
 * are UTF-8 with '\' between components, from the root, as Windows shows them without the drive.
 * Functions return 0 or -errno and log what failed.
 */
#ifndef GENERATORS_NTFS_IMAGE_H
#define GENERATORS_NTFS_IMAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct gen_ntfs;

/* A run of clusters. */
struct gen_run {
	uint64_t first, count;
};

#define GEN_CLUSTER       4096
#define GEN_ATTR_READONLY 0x1
#define GEN_ATTR_HIDDEN   0x2
#define GEN_ATTR_SYSTEM   0x4
#define GEN_ATTR_ARCHIVE  0x20

struct gen_file {
	const char *path;
	const void *data;
	size_t size;
	int64_t created, modified; /* seconds since 1970 */
	uint32_t attributes;       /* GEN_ATTR_* */
};

/* Makes path a freshly formatted volume of size bytes that lies start bytes into its disk. */
int gen_ntfs_format(const char *path, uint64_t size, uint64_t start, uint32_t sector_size,
        const char *label, uint64_t serial);

int gen_ntfs_open(const char *path, struct gen_ntfs **ret);
/* Writes everything out and frees n, also on failure. NULL is fine. */
int gen_ntfs_close(struct gen_ntfs *n);

/* Copies the volume, with all that was done to it so far, to a new file. path: where it is. */
int gen_ntfs_copy(struct gen_ntfs *n, const char *path, const char *to);

/* Makes the folder and those above it that are missing. */
int gen_ntfs_mkdir(struct gen_ntfs *n, const char *path);
/* From now on new files in this (existing) folder are LZNT1-compressed. */
int gen_ntfs_compress_folder(struct gen_ntfs *n, const char *path);
/* A new file with its 8.3 name; missing folders are made. */
int gen_ntfs_put(struct gen_ntfs *n, const struct gen_file *file);
int gen_ntfs_add_stream(
        struct gen_ntfs *n, const char *path, const char *stream, const void *data, size_t size);
int gen_ntfs_link(struct gen_ntfs *n, const char *path, const char *new_path);
/* A file or folder without an 8.3 name, in the POSIX namespace: beside it there may be one whose
 * name differs in case only. The folder it is in must exist. */
int gen_ntfs_put_posix(struct gen_ntfs *n, const struct gen_file *file);
int gen_ntfs_mkdir_posix(struct gen_ntfs *n, const char *path);
/* Makes the (existing, empty) folder a junction to target, a path of the same drive. */
int gen_ntfs_make_junction(struct gen_ntfs *n, const char *path, const char *target);
/* The times in the file's names alone, as if they had been made then. */
int gen_ntfs_set_name_times(struct gen_ntfs *n, const char *path, int64_t time);
/* A file of size bytes with clusters but nothing written to them: it reads as zeros. */
int gen_ntfs_reserve(struct gen_ntfs *n, const struct gen_file *file);
/* The same in one piece, the first that is free at cluster from or later. */
int gen_ntfs_reserve_from(
        struct gen_ntfs *n, const struct gen_file *file, uint64_t from, struct gen_run *ret_run);
/* A file with one byte at its end and a hole before. */
int gen_ntfs_put_sparse(struct gen_ntfs *n, const struct gen_file *file);

/* The last thing to do: gives folders and system files the time, so that nothing depends on when
 * the volume was made. */
int gen_ntfs_settle(struct gen_ntfs *n, int64_t time);

/* A malloc()ed bitmap, least significant bit first, of the clusters that hold something: $Bitmap
 * without the reserved files. */
int gen_ntfs_written_clusters(struct gen_ntfs *n, uint8_t **ret_bitmap, uint64_t *ret_clusters);

#endif
