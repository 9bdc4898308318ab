/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Between the files rename*.c. */
#ifndef NTFS_RENAME_INTERNAL_H
#define NTFS_RENAME_INTERNAL_H

#include "fixer/ntfs/raw.h"
#include "fixer/ntfs/rename.h"

#define RENAME_NAMES 2 /* the long name and its DOS twin */

/* One name of the file in its directory. */
struct renamed_name {
	struct raw_name now, then; /* then: its spot is of no meaning */
	bool in_index;
	struct raw_spot entry; /* of the units in the index */
};

struct renaming {
	struct raw_volume v;
	uint64_t reference, parent;
	size_t count;
	struct renamed_name names[RENAME_NAMES];
	struct raw_directory directory;
};

#define rename_unsafe(err, ...) error_set((err), -ENOTSUP, REASON_RENAME_UNSAFE, __VA_ARGS__)

/* The name with "off" for its extension. REASON_RENAME_UNSAFE. */
int rename_new_name(const uint16_t *upcase, const struct raw_name *now, struct raw_name *ret,
        struct error *err);

/* Reads the directory, finds where its index has the names, and checks that the new ones can take
 * their places. */
int rename_check_directory(struct renaming *r, struct error *err);

/* The blocks that change. */
int rename_make_blocks(struct renaming *r, struct ntfs_rename *ret, struct error *err);

#endif
