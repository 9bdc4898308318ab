/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Who uses a disk or an image, as far as the kernel tells. */
#ifndef MACHINE_IN_USE_H
#define MACHINE_IN_USE_H

#include "fixer/base/error.h"

#include <stdbool.h>

/*
 * path: a device node or a file. -EBUSY, REASON_DISK_IN_USE with who, when it or (of a device) one
 * of its partitions is mounted here, swapped to, part of a device-mapper or md device, or attached
 * to a loop device; with `locks`, also when a process has a lock on it, as QEMU and another fixer
 * have. 0 otherwise, also when path is not there or nothing can be told: opening for writing has
 * its own checks (file_device_open()), these only know the name.
 */
int disk_in_use(const char *path, bool locks, struct error *err);

#endif
