/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Loads the driver of every device there is and of every device that appears. */
#ifndef INIT_DRIVERS_H
#define INIT_DRIVERS_H

#include "fixer/base/error.h"

#include <stdbool.h>

/* Reads the table of modules and asks events.h to be told of new devices. 0 or -errno; without a
 * table only what is built into the kernel works. */
int drivers_open(struct error *err);

/* Loads the drivers of all devices present. */
void drivers_load_present(void);

/* By name, with what it needs; a name not in the table is taken as built in. */
void drivers_load(const char *name);

/* Is there a disk: a block device with a size that is no memory, loop, optical or floppy device? */
bool drivers_have_disk(void);

#endif
