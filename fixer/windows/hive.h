/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A registry hive on a mounted view, read with libhivex. Only in a child process: the library takes
 * hostile bytes apart, like libntfs-3g. */
#ifndef WINDOWS_HIVE_H
#define WINDOWS_HIVE_H

#include "fixer/ntfs/file.h"

#define HIVE_MAX (256 * 1024 * 1024) /* bytes; a SOFTWARE hive has 50 to 150 MiB */

struct hive_h; /* libhivex's handle */

/* A file of HIVE_MAX bytes in memory, empty and without cost until it is written to: libhivex opens
 * hives by path only, and the child may not make files. A descriptor or a negative errno. */
int hive_scratch(void);

/* Copies the file into scratch and opens it there; scratch can be used again after hive_close().
 * *ret_dirty: Windows had not written everything when it stopped, what is read is as of the last
 * flush. -ENOENT when there is no such file, -EFBIG over HIVE_MAX, -EBADMSG when it is no hive or a
 * damaged one, other errors of the volume. */
int hive_open(struct ntfs_view *view, uint64_t root, const char *path, int scratch,
        struct hive_h **ret, bool *ret_dirty);
/* The same of a hive that is in memory already, len bytes. */
int hive_open_bytes(
        const void *bytes, size_t len, int scratch, struct hive_h **ret, bool *ret_dirty);
void hive_close(struct hive_h *hive); /* NULL is fine */

/* The value called name of the key at path ("Microsoft\Windows NT"), any case. -ENOENT when it is
 * not there, -EBADMSG when it has another type or the hive is damaged. Text comes clean (text.h),
 * with variables ("%SystemRoot%") as they stand. */
int hive_text(struct hive_h *hive, const char *path, const char *name, char *out, size_t size);
int hive_number(struct hive_h *hive, const char *path, const char *name, uint32_t *ret);
/* A REG_BINARY of at most size bytes, to out. */
int hive_binary(struct hive_h *hive, const char *path, const char *name, void *out, size_t size,
        size_t *ret_len);

#endif
