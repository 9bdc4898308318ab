/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What can be told about an NTFS volume without changing it: for `fixer inspect`. */
#ifndef REPAIR_FACTS_H
#define REPAIR_FACTS_H

#include "fixer/ntfs/describe.h"
#include "fixer/repair/plan.h"
#include "fixer/windows/installations.h"
#include "fixer/windows/version.h"

struct windows_facts {
	char directory[260]; /* "\Windows"; of the volume's root, clean UTF-8 */
	struct windows_version version;
};

struct volume_facts {
	struct ntfs_facts ntfs;
	struct ntfs_description description;
	size_t windows_count;
	struct windows_facts windows[WINDOWS_MAX];
};

/*
 * Reads the volume in children with limits, over a RAM overlay: one for the file system, one more
 * for the registry of each installation; when one of those fails, its version is unknown and says
 * why. disk is only read. Errors: those of volume_open(), ntfs_view_open() and sandbox_run().
 */
int facts_read(struct block_device *disk, const struct volume_target *target,
        struct volume_facts *ret, struct error *err);

/* --- between the child and the parent; for facts.c and the test of the form ------------------- */

struct buffer;

/* 0 or -errno of the buffer. roots: windows_count MFT references, for the next children. */
int facts_encode(const struct volume_facts *facts, const uint64_t *roots, struct buffer *out);
int version_encode(const struct windows_version *version, struct buffer *out);

/* bytes are hostile: -EBADMSG when they do not fit, with *ret untouched. */
int facts_decode(
        const void *bytes, size_t len, struct volume_facts *ret, uint64_t ret_roots[WINDOWS_MAX]);
int version_decode(const void *bytes, size_t len, struct windows_version *ret);

#endif
