/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The manifest of a saved repair: the first entry of a tar compressed with zstd (RFC 8878; the tar
 * header is POSIX.1-2017's, pax, 20.). Hostile bytes; nothing behind the manifest is looked at. */
#ifndef SAVED_HEAD_H
#define SAVED_HEAD_H

#include "fixer/base/error.h"

#include <stddef.h>

/* The longest a fixer makes: NM_MAX_CHANGED_SECTORS runs, NM_MAX_MATCHES files with all their
 * metadata. What unpacks to it is not longer but for the frames around it. */
#define SAVED_MANIFEST_MAX ((size_t)4 * 1024 * 1024)
#define SAVED_HEAD_MAX     (SAVED_MANIFEST_MAX + 64 * 1024) /* read of the file at most */

/* Reads it from the file's beginning: malloc()ed, terminated. BUNDLE_BAD, OUT_OF_MEMORY. */
int saved_manifest(int fd, char **ret_text, size_t *ret_len, struct error *err);

#endif
