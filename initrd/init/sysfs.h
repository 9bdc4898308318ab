/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The kernel's one-line files and its directories of devices. */
#ifndef INIT_SYSFS_H
#define INIT_SYSFS_H

#include <stddef.h>
#include <sys/types.h>

/* Reads a file of one line into out, without the line break, always terminated. Returns the length,
 * or -errno (out is "" then). */
ssize_t sysfs_read(char *out, size_t size, const char *format, ...)
        __attribute__((format(printf, 3, 4)));

/* 0 or -errno. */
int sysfs_write(const char *path, const char *text);

/* Calls visit with the path of each entry of a directory, in no order. A missing directory is an
 * empty one. */
void sysfs_each(const char *directory, void (*visit)(const char *path));

#endif
