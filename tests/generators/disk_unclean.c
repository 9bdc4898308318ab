/* SPDX-License-Identifier: GPL-3.0-or-later */
/* C: as a crashed Windows leaves it. */
#include "tests/generators/disk.h"
#include "tests/generators/journal.h"

#include <stdio.h>

#define PENDING_FILES 12
#define PENDING_TIME  1721363400 /* 2024-07-19T04:30:00Z */

static int put_files(struct disk *d, const char *folder)
{
	int r = 0;

	for (unsigned i = 0; r == 0 && i < PENDING_FILES; i++) {
		char path[160];
		(void)snprintf(path, sizeof(path), "%s\\C-00000200-00000000-%08u.sys", folder, i);
		/* Some small enough for the MFT record, some in clusters. */
		static const uint8_t content[3000];
		r = gen_ntfs_put(d->tree.ntfs, &(struct gen_file){.path = path,
		                                       .data = content,
		                                       .size = 100 + 250 * i,
		                                       .created = PENDING_TIME,
		                                       .modified = PENDING_TIME});
	}
	return r;
}

int disk_put_pending(struct disk *d, const char *path, const char *before)
{
	int r = gen_ntfs_copy(d->tree.ntfs, path, before);

	if (r == 0)
		r = put_files(d, "\\Windows\\Temp");
	if (r == 0 && d->options.pending == DISK_PENDING_BESIDE)
		r = put_files(d, "\\Windows\\System32\\drivers\\CrowdStrike");
	return r < 0 ? r : gen_ntfs_settle(d->tree.ntfs, PENDING_TIME);
}

int disk_crash(const struct disk *d, const char *path, const char *before)
{
	const struct gen_crash crash = {.version = d->options.unclean,
	        .before = d->options.pending ? before : NULL,
	        .flushed = GEN_FLUSHED_NONE};

	return gen_journal_crash(path, &crash);
}
