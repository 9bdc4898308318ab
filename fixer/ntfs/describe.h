/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A mounted view described to people. */
#ifndef NTFS_DESCRIBE_H
#define NTFS_DESCRIBE_H

#include "fixer/ntfs/view.h"
#include "netmend/limits.h"

struct ntfs_description {
	uint8_t major, minor;        /* of the format: 3.1 since Windows XP */
	uint32_t cluster_size;       /* bytes */
	uint64_t size, free;         /* bytes: of the file system, and of clusters no file has */
	char label[NM_MAX_NAME + 1]; /* clean UTF-8; "" when it has none */
};

/* Reads all of $Bitmap. 0 or a negative errno of the volume. */
int ntfs_describe(struct ntfs_view *view, struct ntfs_description *ret);

#endif
