/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The only code of netmend that writes to a machine's disk. */
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
 * the first only reads and decides, the second writes what differs, flushes, and reads all of it
 * back from the medium. *ret_written: sectors written, 0 when all were there already.
 * REASON_DISK_READ_ERROR, REASON_DISK_CHANGED (COMMIT_FIRST) and REASON_PENDING_CONFLICT (the other
 * two): nothing was written. REASON_DISK_WRITE_ERROR and REASON_VERIFY_FAILED: any part may be on
 * disk, and the saved bundle can complete or undo it.
 */
int commit_runs(struct block_device *disk, const struct plan_run *runs, size_t run_count,
        enum commit_direction direction, size_t *ret_written, struct error *err);

#endif
