/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * An NTFS volume on a block_device, through libntfs-3g. The library parses what it finds on a disk
 * in C of many years: open a view only in a child process made for it, and over a RAM overlay.
 */
#ifndef NTFS_VIEW_H
#define NTFS_VIEW_H

#include "fixer/base/error.h"
#include "fixer/block/block_device.h"
#include "fixer/ntfs/journal.h"

#include <stdbool.h>
#include <stdint.h>

struct ntfs_view;

#define NTFS_FLAG_DIRTY 0x0001 /* of the $Volume flags: chkdsk is to run */

struct ntfs_facts {
	enum journal_state journal;
	bool hibernated;
	uint16_t flags; /* of $Volume */
	uint64_t serial;
};

/*
 * Mounts dev (kept, not owned). The mount itself writes nothing, replays nothing and accepts any
 * journal: ntfs_view_refusal() judges. Errors: REASON_NTFS_DAMAGED, _NTFS_VERSION,
 * _DISK_READ_ERROR, _OUT_OF_MEMORY; REASON_NO_WINDOWS when it holds another file system.
 */
int ntfs_view_open(struct block_device *dev, struct ntfs_view **ret, struct error *err);

/* Writes out what is pending and frees the view, on failure too. 0 or a negative errno. */
int ntfs_view_close(struct ntfs_view *view);

const struct ntfs_facts *ntfs_view_facts(const struct ntfs_view *view);

/* The volume's $UpCase, 65536 UTF-16LE units; lives as long as the view. */
const uint16_t *ntfs_view_upcase(const struct ntfs_view *view);

/* What a failure r of working on the view means to people: REASON_DISK_READ_ERROR when the device
 * below failed, _OUT_OF_MEMORY, else _NTFS_DAMAGED. Returns r. */
int ntfs_view_error(const struct ntfs_view *view, int r, const char *doing, struct error *err);

/* 0 when files may be deleted on a volume with these facts; otherwise the reason why not:
 * REASON_NTFS_JOURNAL_DAMAGED, _NTFS_HIBERNATED, _NTFS_UNCLEAN, _NTFS_DIRTY. */
int ntfs_refusal(const struct ntfs_facts *facts, struct error *err);

#endif
