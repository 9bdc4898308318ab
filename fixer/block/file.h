/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef BLOCK_FILE_H
#define BLOCK_FILE_H

#include "fixer/base/error.h"
#include "fixer/block/block_device.h"

/* Opens a raw image, a fixed VHD (without its footer) or a block device node. Logical sector size
 * from the kernel for devices, 512 for files (or sector_size when it is not 0). A block device that
 * is opened for writing is opened O_EXCL, device and image are locked, so one that is mounted or
 * running answers -EBUSY (REASON_DISK_IN_USE). */
int file_device_open(const char *path, bool writable, uint32_t sector_size,
        struct block_device **ret, struct error *err);

#endif
