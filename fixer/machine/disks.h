/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The disks the kernel shows: /sys/block without what only looks like one. */
#ifndef MACHINE_DISKS_H
#define MACHINE_DISKS_H

#include "netmend/limits.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct machine_disk {
	char name[32]; /* "nvme0n1", below /dev */
	char model[NM_MAX_NAME];
	char serial[NM_MAX_NAME];
	uint64_t size;   /* bytes */
	uint32_t sector; /* logical, bytes */
	bool usb;        /* hangs on a USB port: worked on as well, but worth telling */
};

/*
 * Loop, RAM, compressed RAM, optical, floppy, device-mapper, md and network block devices are left
 * out, and so is an empty card reader. Sorted by name. At most NM_MAX_DISKS are given; *ret_more
 * counts those beyond. 0, or -errno when the directory cannot be read.
 */
int machine_disks_read(const char *sys, struct machine_disk ret[NM_MAX_DISKS], size_t *ret_count,
        size_t *ret_more);

#endif
