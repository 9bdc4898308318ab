/* SPDX-License-Identifier: GPL-3.0-or-later */
/* An EFI system partition, or another FAT volume, in a file, made with mkfs.vfat and mtools. */
#ifndef GENERATORS_ESP_H
#define GENERATORS_ESP_H

#include <stddef.h>
#include <stdint.h>

#include "fixer/base/buffer.h"

struct gen_esp {
	const char *path;      /* the file; not owned */
	struct buffer folders; /* those made so far: "\n/EFI\n/EFI/Boot\n" */
};

/* All: 0 or -errno, logged. Paths on the ESP have '/' between components. */

/* A FAT32 file system of size bytes, start bytes into its disk, in a new file at path.
 * gen_esp_free() afterwards, also on failure. */
int gen_esp_format(struct gen_esp *e, const char *path, uint64_t size, uint64_t start,
        uint32_t sector_size, uint32_t serial);
/* The same for a stick: FAT of whatever width its size asks for. */
int gen_esp_format_stick(
        struct gen_esp *e, const char *path, uint64_t size, uint32_t sector_size, uint32_t serial);
void gen_esp_free(struct gen_esp *e);
/* folder is made unless that was done before; the one above it must be there. */
int gen_esp_mkdir(struct gen_esp *e, const char *folder);
int gen_esp_put(struct gen_esp *e, const char *file, const void *data, size_t size);
/* Everything below the host's folder, in order of names. */
int gen_esp_copy_tree(struct gen_esp *e, const char *host_folder, const char *folder);

#endif
