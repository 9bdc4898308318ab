/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Small files of /sys. Every function takes the root ("/sys"), so that tests bring their own. */
#ifndef MACHINE_SYSFS_H
#define MACHINE_SYSFS_H

#include <stddef.h>
#include <stdint.h>

/* The attribute at root/path as text: cut to size, control characters replaced, blanks around it
 * removed. "" when it is missing or unreadable. */
void sysfs_text(const char *root, const char *path, char *out, size_t size);

/* The attribute as a decimal number; fallback when it is missing or none. */
uint64_t sysfs_number(const char *root, const char *path, uint64_t fallback);

/* Up to capacity raw bytes; the count, or -errno. */
int sysfs_bytes(const char *root, const char *path, void *out, size_t capacity);

#endif
