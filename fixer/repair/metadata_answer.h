/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Metadata of a file as bytes (answer.h), from the child that read it to the parent. */
#ifndef REPAIR_METADATA_ANSWER_H
#define REPAIR_METADATA_ANSWER_H

#include "fixer/ntfs/metadata.h"
#include "fixer/repair/answer.h"

/* As buffer_append(). */
int metadata_put(struct buffer *out, const struct ntfs_metadata *m);

/* The bytes are hostile: counts, sizes and types are checked, names are made clean. NULL, with the
 * cursor failed, when they do not fit. To be freed with ntfs_metadata_free(). */
struct ntfs_metadata *metadata_get(struct cursor *c);

#endif
