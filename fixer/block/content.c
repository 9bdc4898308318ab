/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "fixer/block/content.h"

#include <stddef.h>
#include <string.h>

#define OEM_ID 3

static const struct oem {
	enum volume_content content;
	const char *id; /* 8 bytes at OEM_ID */
} oems[] = {
        {CONTENT_NTFS, "NTFS    "},
        {CONTENT_BITLOCKER, "-FVE-FS-"},
        {CONTENT_EXFAT, "EXFAT   "},
        {CONTENT_REFS, "ReFS\0\0\0\0"},
};

/* FAT's OEM ID may be anything, so the file system's name counts, and the jump before it. */
static int is_fat(const uint8_t *s)
{
	return (s[0] == 0xeb || s[0] == 0xe9) &&
	       (memcmp(s + 82, "FAT32   ", 8) == 0 || memcmp(s + 54, "FAT16   ", 8) == 0 ||
	               memcmp(s + 54, "FAT12   ", 8) == 0);
}

enum volume_content volume_content(const uint8_t *sector)
{
	for (size_t i = 0; i < sizeof(oems) / sizeof(oems[0]); i++)
		if (memcmp(sector + OEM_ID, oems[i].id, 8) == 0)
			return oems[i].content;
	return is_fat(sector) ? CONTENT_FAT : CONTENT_UNKNOWN;
}

const char *volume_content_name(enum volume_content content)
{
	static const char *const names[] = {
	        [CONTENT_NTFS] = "NTFS",
	        [CONTENT_BITLOCKER] = "BitLocker",
	        [CONTENT_FAT] = "FAT",
	        [CONTENT_EXFAT] = "exFAT",
	        [CONTENT_REFS] = "ReFS",
	};

	return names[content];
}
