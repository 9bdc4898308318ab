/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Firmware the list asks for: which of it this host has, and its files. */
#ifndef MKINITRD_FIRMWARE_H
#define MKINITRD_FIRMWARE_H

#include "initrd/mkinitrd/list.h"
#include "initrd/mkinitrd/rootfs.h"

#include <stdint.h>

/* Marks as left out what is optional and not below directory (of this host), and the drivers that
 * do nothing without it; says so on standard error, so that nobody has to guess what an image
 * lacks.
 */
void firmware_check(struct module_list *list, const char *directory);

/* Adds the files that are not left out as /lib/firmware/PATH and counts their bytes by group. One
 * that must be there and is not is an error that names its line. */
int firmware_add(struct rootfs *rootfs, const struct module_list *list, const char *directory,
        uint64_t *group_bytes, struct error *err);

#endif
