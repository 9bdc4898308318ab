/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A small volume that has one of everything libntfs-3g can make. */
#ifndef GENERATORS_NTFS_RICH_H
#define GENERATORS_NTFS_RICH_H

#include <stdint.h>

#define RICH_SIZE (20ull * 1024 * 1024)

/* Names of what is on it, each once on the volume. */
#define RICH_PLAIN      "plain.txt"         /* resident data, DOS name PLAIN.TXT is its own */
#define RICH_LARGE      "a larger file.bin" /* clusters, and an 8.3 name */
#define RICH_TWIN       "another larger file.bin"
#define RICH_STREAMS    "two streams.txt" /* resident "one" and "two" */
#define RICH_LISTED     "listed.bin"      /* an attribute list and extent records */
#define RICH_COMPRESSED "compressed.txt"
#define RICH_SPARSE     "sparse.bin"
#define RICH_LINKED     "linked.txt"  /* also \folder\second name.txt */
#define RICH_OBJECT     "object.txt"  /* has an object id */
#define RICH_REPARSE    "reparse.bin" /* has a reparse point */
#define RICH_FOLDER     "folder"      /* small index: all in its root */
#define RICH_INNER      "inner"       /* a folder in it */
#define RICH_MANY       "many"        /* a folder with index blocks */

/* Makes path such a volume. 0 or -errno (logged). */
int gen_ntfs_rich(const char *path);

#endif
