/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Whether a disk's Windows is set to start in safe mode, by its boot configuration data. */
#ifndef REPAIR_SAFE_MODE_H
#define REPAIR_SAFE_MODE_H

#include "fixer/block/partition.h"
#include "fixer/windows/bcd.h"

/* Whether a BCD may be in that partition: an EFI system partition when uefi, else the active one.
 */
bool safe_mode_partition(const struct partition *p, bool uefi);

/* Reads it in a child with limits, for at most seconds; disk is only read. UNKNOWN for whatever
 * goes wrong: nothing depends on it. */
enum safe_mode safe_mode_read(
        struct block_device *disk, const struct partition *p, bool uefi, unsigned seconds);

#endif
