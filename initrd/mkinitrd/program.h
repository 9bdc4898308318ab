/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A program of this host in the initrd, with all it needs to be started. */
#ifndef MKINITRD_PROGRAM_H
#define MKINITRD_PROGRAM_H

#include "initrd/mkinitrd/rootfs.h"

/* Adds the program, its dynamic loader and its libraries, and what those need, each at the path it
 * has here. Libraries are looked for where the loader does without a cache or settings. */
int rootfs_add_program(struct rootfs *rootfs, const char *path, struct error *err);

#endif
