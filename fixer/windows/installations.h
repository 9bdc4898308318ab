/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The Windows installations on a mounted view. */
#ifndef WINDOWS_INSTALLATIONS_H
#define WINDOWS_INSTALLATIONS_H

#include "fixer/ntfs/directory.h"

#define WINDOWS_MAX 16

struct windows_list {
	size_t count;
	bool too_many;               /* there are more */
	uint64_t roots[WINDOWS_MAX]; /* MFT references of the directories ("\Windows") */
};

/*
 * Every directory in the volume's root that holds the hives SYSTEM and SOFTWARE in System32\config,
 * one of them at least whole at its beginning ("regf": a crash may have damaged the other), and a
 * kernel ("MZ") in System32, whatever its name. Not what lies deeper, such as \Windows.old\Windows:
 * it is not what starts. 0 or a negative errno of the volume.
 */
int windows_find(struct ntfs_view *view, struct windows_list *ret);

#endif
