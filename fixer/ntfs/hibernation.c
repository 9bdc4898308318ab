/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "fixer/ntfs/file.h"
#include "fixer/ntfs/internal.h"

#include <string.h>

#define HIBERFILE_HEADER 4096

/*
 * The first four bytes of hiberfil.sys: hibr or HIBR while Windows sleeps in it (fast start-up does
 * the same), RSTR while it is being restored; wake, zeros or left-overs when nothing waits in it. A
 * file too short for a header is not one Windows made: it counts as hibernated, as in libntfs-3g.
 * What cannot be read before the journal is replayed tells nothing; it is asked again afterwards.
 */
bool ntfs_is_hibernated(struct ntfs_view *view)
{
	static const char *const asleep[] = {"hibr", "HIBR", "RSTR"};
	uint8_t header[HIBERFILE_HEADER];
	uint64_t ref;

	int r = ntfs_lookup(view, FILE_root, "hiberfil.sys", &ref);
	if (r == -ENOENT)
		return false;
	if (r < 0 || ntfs_file_read(view, ref, 0, header, sizeof(header)) < 0)
		return !ntfs_has_pending(&view->facts);
	for (size_t i = 0; i < sizeof(asleep) / sizeof(asleep[0]); i++)
		if (memcmp(header, asleep[i], 4) == 0)
			return true;
	return false;
}
