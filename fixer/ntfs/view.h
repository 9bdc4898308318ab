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
	bool mirror_differs; /* the first records of $MFT and $MFTMirr differed: mended on dev */
	uint16_t flags;      /* of $Volume */
	uint64_t serial;
};

/*
 * Mounts dev (kept, not owned). The mount itself replays nothing, accepts any journal
 * (ntfs_refusal() judges) and writes nothing but a $MFTMirr that differs, which is mended when the
 * records of $MFT are whole: without that nothing can be read. Errors: REASON_NTFS_DAMAGED,
 * _NTFS_VERSION, _DISK_READ_ERROR, _OUT_OF_MEMORY; REASON_NO_WINDOWS when it holds another file
 * system.
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

/* Whether the journal holds changes that the volume does not have yet. */
bool ntfs_has_pending(const struct ntfs_facts *facts);

/* Whether nothing waits: not in the journal, and not for chkdsk. */
bool ntfs_is_settled(const struct ntfs_facts *facts);

/* 0 when there is a plan for a volume with these facts, if the recipe allows it; otherwise why no
 * recipe can: REASON_NTFS_HIBERNATED, _NTFS_JOURNAL_DAMAGED, _NTFS_MIRROR_DIFFERS. */
int ntfs_refusal(const struct ntfs_facts *facts, struct error *err);

/* Has Windows run chkdsk when it starts; the other flags stay. 0 or a negative errno. */
int ntfs_view_set_dirty(struct ntfs_view *view);

#endif
