/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Files and the tools of others a generator needs. Every failure is logged where it happens. */
#ifndef GENERATORS_RUN_H
#define GENERATORS_RUN_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* Runs argv[0] (looked up in PATH and the sbin folders), output shown only when it fails, with
 * times of files it makes fixed by SOURCE_DATE_EPOCH. 0, or -errno, or -EIO for an exit status not
 * 0. */
int gen_run(const char *const argv[]);

/* All of it, or -errno. */
int gen_pwrite(int fd, const void *data, size_t len, uint64_t offset);
int gen_pread(int fd, void *data, size_t len, uint64_t offset);

/* A new or emptied file of size bytes, nothing allocated; -errno or its descriptor. */
int gen_create(const char *path, uint64_t size);

/* Writes a whole small file. */
int gen_write_file(const char *path, const void *data, size_t len, mode_t mode);

/* Copies size bytes of from (at 0) to to (at to_offset), leaving zeros as holes. */
int gen_copy_sparse(int from, int to, uint64_t to_offset, uint64_t size);

#endif
