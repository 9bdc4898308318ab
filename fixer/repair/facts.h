/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What can be told about an NTFS volume without changing it, and about each Windows on it. */
#ifndef REPAIR_FACTS_H
#define REPAIR_FACTS_H

#include "fixer/ntfs/describe.h"
#include "fixer/repair/plan.h"
#include "fixer/windows/evidence.h"
#include "fixer/windows/installations.h"

struct windows_facts {
	char directory[260]; /* "\Windows"; of the volume's root, clean UTF-8 */
	struct windows_version version;
	struct windows_evidence evidence;
};

struct volume_facts {
	struct ntfs_facts ntfs;
	struct ntfs_description description;
	size_t windows_count;
	struct windows_facts windows[WINDOWS_MAX];
};

/*
 * Reads the volume in children with limits, over a RAM overlay: one for the file system, two more
 * for each installation (registry; last crash and the files beside those of the recipe, which may
 * be NULL). When one of the latter fails, that is unknown and says why. All of it takes at most
 * seconds; disk is only read. Errors: those of volume_open(), ntfs_view_open() and sandbox_run().
 */
int facts_read(struct block_device *disk, const struct volume_target *target,
        const struct recipe *recipe, unsigned seconds, struct volume_facts *ret, struct error *err);

/* --- between the child and the parent; for facts.c and the test of the form ------------------- */

struct buffer;

/* 0 or -errno of the buffer. roots: windows_count MFT references, for the next children. */
int facts_encode(const struct volume_facts *facts, const uint64_t *roots, struct buffer *out);
int version_encode(const struct windows_version *version, struct buffer *out);
int evidence_encode(const struct windows_evidence *evidence, struct buffer *out);

/* bytes are hostile: -EBADMSG when they do not fit, with *ret untouched. */
int facts_decode(
        const void *bytes, size_t len, struct volume_facts *ret, uint64_t ret_roots[WINDOWS_MAX]);
int version_decode(const void *bytes, size_t len, struct windows_version *ret);
int evidence_decode(const void *bytes, size_t len, struct windows_evidence *ret);

#endif
