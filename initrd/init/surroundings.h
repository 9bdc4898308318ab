/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What a process needs around it before it can do anything: file systems, standard streams. */
#ifndef INIT_SURROUNDINGS_H
#define INIT_SURROUNDINGS_H

/* Mounts /proc, /sys, /dev, /run; sets standard input to nothing, output to the console, error to
 * the kernel's log; no core dumps; a panic restarts the machine. What fails is logged. */
void surroundings_make(void);

/* Mounts efivarfs when the firmware has variables. Its driver must be loaded. */
void surroundings_mount_efivars(void);

/* Writes out and unmounts. */
void surroundings_end(void);

#endif
