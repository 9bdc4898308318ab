/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Writes a GUID partition table as UEFI 2.10 section 5 lays it down: protective MBR, both headers.
 */
#ifndef GENERATORS_GPT_H
#define GENERATORS_GPT_H

#include "fixer/base/text.h"

#include <stdint.h>

struct gpt_partition {
	const char *type; /* GUID as text */
	struct guid id;
	uint64_t start, size; /* bytes, multiples of 1 MiB */
	uint64_t attributes;
	const char *name; /* ASCII, at most 36 characters */
};

/* What a partition of that many bytes may not reach into at the end of the disk. */
#define GPT_TAIL (1024 * 1024)

/* fd: the disk, its size already set. 0 or -errno (logged). */
int gen_gpt_write(int fd, uint64_t disk_size, uint32_t sector_size, const struct guid *disk_id,
        const struct gpt_partition *partitions, unsigned count);

#endif
