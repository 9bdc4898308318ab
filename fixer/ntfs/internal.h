/* SPDX-License-Identifier: GPL-3.0-or-later */
/* For the files of fixer/ntfs only: libntfs-3g's types stay in here. */
#ifndef NTFS_INTERNAL_H
#define NTFS_INTERNAL_H

#include "fixer/ntfs/view.h"

/* The library's headers expect these before them; without <sys/stat.h> they define a timespec of
 * their own. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#include <ntfs-3g/attrib.h>
#include <ntfs-3g/device.h>
#include <ntfs-3g/dir.h>
#include <ntfs-3g/inode.h>
#include <ntfs-3g/layout.h>
#include <ntfs-3g/volume.h>

struct ntfs_view {
	struct block_device *dev;
	ntfs_volume *vol;
	struct ntfs_facts facts;
	uint64_t position; /* of the library's seek() */
	int io_error; /* first error of dev, negative errno: tells bad disks from bad metadata */
};

extern struct ntfs_device_operations ntfs_block_operations; /* d_private is the view */

/* errno as the library left it, as a negative number that is never 0. */
static inline int ntfs_errno(void)
{
	return errno > 0 ? -errno : -EIO;
}

/* Of a boot sector: NTFS on-disk format, "$Boot". */
struct ntfs_geometry {
	uint64_t cluster_size, mft, mirror; /* bytes */
	size_t record_size;
};

/* boot: 512 bytes; size: of the device. False when the fields make no sense; libntfs-3g then
 * refuses the volume on its own. */
bool ntfs_geometry_read(const uint8_t *boot, uint64_t size, struct ntfs_geometry *ret);

/* Copies the first records of $MFT over $MFTMirr, when they differ and the four that matter are
 * whole. The library refuses a volume whose mirror differs, even for reading. 1 when done; 0 when
 * they do not differ, or cannot be read; -EBADMSG when $MFT's own are not whole; -EROFS when dev
 * cannot be written to. */
int ntfs_mirror_mend(struct block_device *dev, const struct ntfs_geometry *g);

enum journal_state ntfs_journal_read(ntfs_volume *vol);

/* The parts of ntfs_metadata_read(): sizes and clusters, the content of streams already named, the
 * security descriptor. 0 or a negative errno. */
struct ntfs_metadata;
int ntfs_metadata_data(ntfs_inode *ni, struct ntfs_metadata *m);
int ntfs_metadata_streams(ntfs_inode *ni, struct ntfs_metadata *m);
int ntfs_metadata_security(ntfs_inode *ni, struct ntfs_metadata *m);

/* True when hiberfil.sys holds a Windows that expects this volume as it left it. */
bool ntfs_is_hibernated(struct ntfs_view *view);

#endif
