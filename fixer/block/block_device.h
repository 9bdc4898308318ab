/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A range of bytes that can be read and perhaps written: a file, a disk, a partition of one, a RAM
 * overlay over one, a BitLocker volume on one. Everything above reads disks only through this.
 */
#ifndef BLOCK_BLOCK_DEVICE_H
#define BLOCK_BLOCK_DEVICE_H

#include "fixer/base/cleanup.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct block_device;

struct block_ops {
	/* Offsets and lengths are in bytes, of any alignment, already checked against size. 0 or a
	 * negative errno; a short transfer is an error. */
	int (*read)(struct block_device *dev, uint64_t offset, void *buf, size_t len);
	int (*write)(struct block_device *dev, uint64_t offset, const void *buf, size_t len);
	int (*flush)(
	        struct block_device *dev); /* on stable storage when it returns 0; may be NULL */
	/* Next reads of this range come from the medium, as far as it was flushed; may be NULL. */
	int (*drop_cache)(struct block_device *dev, uint64_t offset, size_t len);
	void (*close)(struct block_device *dev); /* frees dev; never touches the device below */
};

/* Embedded as the first member of each implementation. */
struct block_device {
	const struct block_ops *ops;
	uint64_t size;        /* bytes */
	uint32_t sector_size; /* logical sector, 512 or 4096 */
	bool writable;
	char name[64]; /* for messages */
};

/* 0; -EINVAL outside the device; -EROFS when not writable; -EIO and others from below. */
int block_read(struct block_device *dev, uint64_t offset, void *buf, size_t len);
int block_write(struct block_device *dev, uint64_t offset, const void *buf, size_t len);
int block_flush(struct block_device *dev);
int block_drop_cache(struct block_device *dev, uint64_t offset, size_t len);
void block_close(struct block_device *dev); /* NULL is fine */

DEFINE_CLEANUP(struct block_device *, block_close)
#define CLEANUP_BLOCK CLEANUP(block_close_p)

#endif
