/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Replays the unclean journal of an NTFS volume with the stock program ntfsrecover, which sees a
 * RAM overlay as a file of a private FUSE mount. Its crash, hang, endless output or refusal is a
 * reason, never more.
 */
#ifndef REPAIR_REPLAY_H
#define REPAIR_REPLAY_H

#include "fixer/base/buffer.h"
#include "fixer/base/error.h"
#include "fixer/block/block_device.h"

/*
 * sandbox_run() whose work may call replay_journal(). Costs some milliseconds more; needs
 * ntfsrecover, /dev/fuse and either root or user namespaces: what is missing is only told when
 * replay_journal() is called.
 */
int sandbox_run_replaying(int (*work)(void *context, struct buffer *out, struct error *err),
        void *context, unsigned seconds, size_t max_answer, struct buffer *ret, struct error *err);

/*
 * In the work of sandbox_run_replaying() only, any number of times: brings the metadata of volume
 * (the NTFS volume itself; writable, an overlay below it) to what its journal says. The journal is
 * clean (1.1) afterwards, which is checked. The volume is unmounted, before and after.
 * REASON_NTFS_REPLAY_FAILED (text: what ntfsrecover did), _REPLAY_UNAVAILABLE (text: what is
 * missing), _DISK_READ_ERROR, _OUT_OF_MEMORY (also: the overlay is full), _NTFS_VERSION. On failure
 * volume is in an undefined state.
 */
int replay_journal(struct block_device *volume, struct error *err);

#endif
