/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What is on the drives: a Windows installation with CrowdStrike's files, or plain data. */
#ifndef GENERATORS_TREE_H
#define GENERATORS_TREE_H

#include "fixer/base/buffer.h"
#include "tests/generators/ntfs_image.h"
#include "tests/generators/random.h"

#include <stdbool.h>

#define TREE_MAX_BAD      8                   /* one every 8 minutes of the bad window */
#define TREE_SMALL_VOLUME (64u * 1024 * 1024) /* below, Windows is small as well */

/* Crash dumps of July 2024 (dump.h): \Windows\MEMORY.DMP of 04:15; a small one of 05:02:11 and an
 * older one of another crash; one of 06:02:27 in pagefile.sys. */
#define TREE_DUMP_MEMORY   1u
#define TREE_DUMP_MINI     2u
#define TREE_DUMP_PAGEFILE 4u

/* A channel file 291. */
struct tree_channel_file {
	char path[112];
	size_t size;
	int64_t created, modified; /* seconds since 1970 */
	char sha256[65];
};

struct tree {
	/* Set by the caller. */
	struct gen_ntfs *ntfs;
	uint64_t seed;
	const char *name;   /* of the computer */
	unsigned files;     /* about how many */
	unsigned bad_files; /* of channel 291, in the bad window */
	bool good_291;      /* one more of channel 291, from after it */
	unsigned dumps;     /* TREE_DUMP_* */
	uint64_t volume_size;

	/* Filled while the tree is made. */
	struct gen_random random;
	struct buffer manifest; /* lines of "HASH  path/from/the/root" */
	unsigned made;
	struct tree_channel_file bad[TREE_MAX_BAD];
	struct tree_channel_file good;
};

/* Both: 0 or -errno (logged). tree_free() afterwards. */
int tree_make_windows(struct tree *t);
int tree_make_data(struct tree *t);
/* The recovery partition's content. */
int tree_make_recovery(struct tree *t);
void tree_free(struct tree *t);

/* --- between the files that make trees ------------------------------------------------------- */

/* Makes the file and notes it in the manifest. */
int tree_put(struct tree *t, const struct gen_file *file);
int tree_put_channel_files(struct tree *t);
/* Those that are files of their own; and pagefile.sys with one in it. */
int tree_put_dumps(struct tree *t);
int tree_put_dump_paging(struct tree *t);
/* The SOFTWARE and SYSTEM hives, of a Windows 11 Pro 23H2 called t->name that crashed. installed:
 * seconds since 1970. */
int tree_put_hives(struct tree *t, int64_t installed);
/* Notes the (whole) content of path in the manifest. */
int tree_note(struct tree *t, const char *path, const void *data, size_t size);

/* 2024-07-01T00:00:00Z, and the last day before the incident. */
#define TREE_JULY      1719792000
#define TREE_LAST_DAY  1721260800 /* 2024-07-18 */
#define TREE_BAD_FIRST 1721362680 /* 2024-07-19T04:18:00Z */
#define TREE_GOOD_TIME 1721367600 /* 2024-07-19T05:40:00Z */

#endif
