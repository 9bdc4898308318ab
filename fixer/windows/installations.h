/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The Windows installations on a mounted view. */
#ifndef WINDOWS_INSTALLATIONS_H
#define WINDOWS_INSTALLATIONS_H

#include "fixer/ntfs/directory.h"

#define WINDOWS_MAX 16

struct windows_list {
	size_t count;
	uint64_t roots[WINDOWS_MAX]; /* MFT references of the directories ("\Windows") */
};

/* Every directory in the volume's root that holds System32\config\SYSTEM and System32\ntoskrnl.exe,
 * whatever its name; those over WINDOWS_MAX are left out. 0 or a negative errno of the volume. */
int windows_find(struct ntfs_view *view, struct windows_list *ret);

#endif
