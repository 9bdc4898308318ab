/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Names and directories of a mounted view. A file is named by its MFT reference: record number in
 * the low 48 bits, sequence number above. */
#ifndef NTFS_DIRECTORY_H
#define NTFS_DIRECTORY_H

#include "fixer/ntfs/view.h"

#include <stddef.h>

#define NTFS_NAME_MAX    255 /* UTF-16 units */
#define NTFS_LISTING_MAX 65536

enum ntfs_name_type { NTFS_NAME_POSIX, NTFS_NAME_WIN32, NTFS_NAME_DOS, NTFS_NAME_WIN32_AND_DOS };

struct ntfs_entry {
	uint64_t reference;
	uint8_t name_type; /* enum ntfs_name_type; a file with a short name has two entries */
	uint8_t name_len;  /* UTF-16 units */
	uint16_t name[NTFS_NAME_MAX]; /* little-endian, as on disk */
};

struct ntfs_listing {
	size_t count;
	struct ntfs_entry *entries; /* by reference, then type, then name */
};

uint64_t ntfs_root(void);

/* One name (ASCII) in a directory, any case. 0; -ENOENT; other errors of the volume. */
int ntfs_lookup(struct ntfs_view *view, uint64_t dir, const char *name, uint64_t *ret);

/* A path such as "\Windows\System32" from dir, any case, '\' between names. Empty: dir itself. */
int ntfs_resolve(struct ntfs_view *view, uint64_t dir, const char *path, uint64_t *ret);

/* All names of a directory, "." and ".." left out. -EFBIG over NTFS_LISTING_MAX. */
int ntfs_list(struct ntfs_view *view, uint64_t dir, struct ntfs_listing *ret);
void ntfs_listing_free(struct ntfs_listing *listing);

/* The directory that holds ref (of its first name that is not a DOS name), and that name as
 * malloc()ed UTF-8; ret_name may be NULL. */
int ntfs_parent(struct ntfs_view *view, uint64_t ref, uint64_t *ret_parent, char **ret_name);

/* The true path of a directory, "\Windows\System32"; "" for the root. -ENAMETOOLONG. */
int ntfs_path(struct ntfs_view *view, uint64_t dir, char *out, size_t size);

#endif
