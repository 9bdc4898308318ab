/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Whether what a file's records say agrees with itself and with the volume's bitmap. Deleting
 * relies on it and libntfs-3g does not ask: a link count that is too high leaves a nameless record,
 * clusters that are not the file's are freed.
 */
#ifndef NTFS_DELETABLE_H
#define NTFS_DELETABLE_H

#include "fixer/ntfs/view.h"

/* 0; -EBADMSG with *ret_why (static text) when the file (MFT reference) cannot be deleted cleanly;
 * other errors of the volume, *ret_why NULL. */
int ntfs_deletable(struct ntfs_view *view, uint64_t ref, const char **ret_why);

#endif
