/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The only code of netmend that writes to a machine's disk.
 *
 * A power cut leaves any subset of the sectors of a stage on the medium, because a drive reorders
 * what sits in its cache until it is flushed; a record or an index block is several sectors, so no
 * order of in-place writes makes every such state a sound NTFS. What makes the commit safe is that
 * old and new content of every sector are durable elsewhere before the first write: the next
 * session completes or undoes it.
 *
 * The order is for the machine that starts its Windows before that session. Stage by stage
 * (enum plan_stage), each flushed: the dirty flag asks for chkdsk before anything needs it; a name
 * leaves its directory before its record is freed, and a record is freed before its clusters are,
 * so that between two stages there is a lost file or are lost clusters, but never a name that leads
 * to another file or a cluster that two files own; the journal is marked clean after everything it
 * was replayed for, so that until then Windows replays it itself. Undoing goes the other way.
 */
#ifndef REPAIR_COMMIT_H
#define REPAIR_COMMIT_H

#include "fixer/base/error.h"
#include "fixer/block/block_device.h"
#include "fixer/repair/plan.h"

enum commit_direction {
	COMMIT_FIRST,    /* every sector must hold the old content; all become new */
	COMMIT_COMPLETE, /* every sector must hold old or new content; all become new */
	COMMIT_UNDO,     /* every sector must hold old or new content; all become old */
};

/*
 * Brings the sectors of runs (ascending, in units of disk->sector_size) to one side, in two passes:
 * the first only reads and decides, the second writes what differs, stage by stage, and reads all
 * of it back from the medium. *ret_written: sectors written, 0 when all were there already.
 * REASON_DISK_READ_ERROR, REASON_DISK_CHANGED (COMMIT_FIRST) and REASON_PENDING_CONFLICT (the other
 * two): nothing was written. REASON_DISK_WRITE_ERROR and REASON_VERIFY_FAILED: any part may be on
 * disk, and the saved bundle can complete or undo it.
 */
int commit_runs(struct block_device *disk, const struct plan_run *runs, size_t run_count,
        enum commit_direction direction, size_t *ret_written, struct error *err);

#endif
