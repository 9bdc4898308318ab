/* SPDX-License-Identifier: GPL-3.0-or-later */
/* An EFI system partition in a file, made with mkfs.vfat and mtools. */
#ifndef GENERATORS_ESP_H
#define GENERATORS_ESP_H

#include <stddef.h>
#include <stdint.h>

/* All: 0 or -errno, logged. Paths on the ESP have '/' between components. */

/* A FAT32 file system of size bytes, start bytes into its disk, in a new file at path. */
int gen_esp_format(const char *path, uint64_t size, uint64_t start, uint32_t sector_size,
	uint32_t serial);
/* folder is made when it is missing; the one above it must be there. */
int gen_esp_mkdir(const char *path, const char *folder);
int gen_esp_put(const char *path, const char *file, const void *data, size_t size);
/* Everything below the host's folder, in order of names. */
int gen_esp_copy_tree(const char *path, const char *host_folder, const char *folder);

#endif
