/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "fixer/block/block_device.h"
#include "fixer/base/bytes.h"

#include <errno.h>

int block_read(struct block_device *dev, uint64_t offset, void *buf, size_t len)
{
	if (!range_within(offset, len, dev->size))
		return -EINVAL;
	return len == 0 ? 0 : dev->ops->read(dev, offset, buf, len);
}

int block_write(struct block_device *dev, uint64_t offset, const void *buf, size_t len)
{
	if (!dev->writable)
		return -EROFS;
	if (!range_within(offset, len, dev->size))
		return -EINVAL;
	return len == 0 ? 0 : dev->ops->write(dev, offset, buf, len);
}

int block_flush(struct block_device *dev)
{
	return dev->ops->flush ? dev->ops->flush(dev) : 0;
}

int block_drop_cache(struct block_device *dev, uint64_t offset, size_t len)
{
	if (!range_within(offset, len, dev->size))
		return -EINVAL;
	return dev->ops->drop_cache && len > 0 ? dev->ops->drop_cache(dev, offset, len) : 0;
}

void block_close(struct block_device *dev)
{
	if (dev)
		dev->ops->close(dev);
}
