/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Which file system a boot sector says it belongs to. */
#ifndef BLOCK_CONTENT_H
#define BLOCK_CONTENT_H

#include <stdint.h>

enum volume_content {
	CONTENT_UNKNOWN,
	CONTENT_NTFS,
	CONTENT_BITLOCKER, /* fixed drives; To Go hides in a FAT32 boot sector (bitlocker_probe) */
	CONTENT_FAT,       /* 12, 16 or 32 */
	CONTENT_EXFAT,
	CONTENT_REFS,
};

/* sector: the first 512 bytes of a volume. Believes signatures, checks nothing else. */
enum volume_content volume_content(const uint8_t *sector);

/* "NTFS", "BitLocker", "FAT", "exFAT", "ReFS"; NULL for CONTENT_UNKNOWN. Static. */
const char *volume_content_name(enum volume_content content);

#endif
