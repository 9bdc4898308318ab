/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A block_device over memory, for tests. */
#ifndef TESTS_MEMORY_DEVICE_H
#define TESTS_MEMORY_DEVICE_H

#include "fixer/block/block_device.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

struct memory_device {
	struct block_device dev;
	uint8_t *bytes; /* owned by the test */
	size_t writes, flushes, drops;
	uint64_t dropped_at; /* offset of the last drop */
	uint64_t fail_from;  /* reads that touch a byte from here on answer -EIO */
};

static inline struct memory_device *memory_of(struct block_device *dev)
{
	return (struct memory_device *)dev;
}

static inline int memory_read(struct block_device *dev, uint64_t offset, void *buf, size_t len)
{
	if (offset + len > memory_of(dev)->fail_from)
		return -EIO;
	memcpy(buf, memory_of(dev)->bytes + offset, len);
	return 0;
}

static inline int memory_write(
        struct block_device *dev, uint64_t offset, const void *buf, size_t len)
{
	memcpy(memory_of(dev)->bytes + offset, buf, len);
	memory_of(dev)->writes++;
	return 0;
}

static inline int memory_flush(struct block_device *dev)
{
	memory_of(dev)->flushes++;
	return 0;
}

static inline int memory_drop(struct block_device *dev, uint64_t offset, size_t len)
{
	(void)len;
	memory_of(dev)->dropped_at = offset;
	memory_of(dev)->drops++;
	return 0;
}

static inline void memory_close(struct block_device *dev)
{
	(void)dev;
}

static const struct block_ops memory_ops = {
        .read = memory_read,
        .write = memory_write,
        .flush = memory_flush,
        .drop_cache = memory_drop,
        .close = memory_close,
};

static inline struct memory_device memory_device_over(void *bytes, size_t len, uint32_t sector_size)
{
	return (struct memory_device){.dev = {.ops = &memory_ops,
	                                      .size = len,
	                                      .sector_size = sector_size,
	                                      .writable = true,
	                                      .name = "memory"},
	        .bytes = bytes,
	        .fail_from = UINT64_MAX};
}

#endif
