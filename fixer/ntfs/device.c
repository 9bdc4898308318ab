/* SPDX-License-Identifier: GPL-3.0-or-later */
/* libntfs-3g's device operations over a block_device. */
#include "fixer/ntfs/internal.h"

#include <linux/fs.h>
#include <string.h>
#include <sys/stat.h>

static struct ntfs_view *view_of(struct ntfs_device *dev)
{
	return dev->d_private;
}

static int device_open(struct ntfs_device *dev, int flags)
{
	(void)flags;
	if (!view_of(dev)->dev->writable)
		NDevSetReadOnly(dev);
	NDevSetOpen(dev);
	return 0;
}

static int device_close(struct ntfs_device *dev)
{
	NDevClearOpen(dev);
	return 0;
}

/* How much of count bytes at offset lies on the device; -1 (EINVAL) for a negative argument. The
 * library asks beyond the end when the boot sector claims more than there is. */
static s64 clip(const struct ntfs_view *view, s64 offset, s64 count)
{
	if (offset < 0 || count < 0) {
		errno = EINVAL;
		return -1;
	}
	if ((uint64_t)offset >= view->dev->size)
		return 0;
	uint64_t left = view->dev->size - (uint64_t)offset;
	return (uint64_t)count < left ? count : (s64)left;
}

static s64 failed(struct ntfs_view *view, int r)
{
	if (view->io_error == 0)
		view->io_error = r;
	errno = -r;
	return -1;
}

static s64 device_pread(struct ntfs_device *dev, void *buf, s64 count, s64 offset)
{
	struct ntfs_view *view = view_of(dev);
	s64 n = clip(view, offset, count);

	if (n <= 0)
		return n;
	int r = block_read(view->dev, (uint64_t)offset, buf, (size_t)n);
	return r < 0 ? failed(view, r) : n;
}

/* A write that does not fit is refused whole: a short one would be retried for ever. */
static s64 device_pwrite(struct ntfs_device *dev, const void *buf, s64 count, s64 offset)
{
	struct ntfs_view *view = view_of(dev);
	s64 n = clip(view, offset, count);

	if (n < 0)
		return -1;
	if (n < count) {
		errno = EINVAL;
		return -1;
	}
	NDevSetDirty(dev);
	int r = block_write(view->dev, (uint64_t)offset, buf, (size_t)n);
	return r < 0 ? failed(view, r) : n;
}

static s64 device_seek(struct ntfs_device *dev, s64 offset, int whence)
{
	struct ntfs_view *view = view_of(dev);
	uint64_t from = whence == SEEK_SET   ? 0
	                : whence == SEEK_CUR ? view->position
	                                     : view->dev->size;
	s64 to;

	if (__builtin_add_overflow((s64)from, offset, &to) || to < 0 ||
	        (uint64_t)to > view->dev->size) {
		errno = EINVAL;
		return -1;
	}
	view->position = (uint64_t)to;
	return to;
}

static s64 device_read(struct ntfs_device *dev, void *buf, s64 count)
{
	struct ntfs_view *view = view_of(dev);
	s64 n = device_pread(dev, buf, count, (s64)view->position);

	if (n > 0)
		view->position += (uint64_t)n;
	return n;
}

static s64 device_write(struct ntfs_device *dev, const void *buf, s64 count)
{
	struct ntfs_view *view = view_of(dev);
	s64 n = device_pwrite(dev, buf, count, (s64)view->position);

	if (n > 0)
		view->position += (uint64_t)n;
	return n;
}

static int device_sync(struct ntfs_device *dev)
{
	int r = block_flush(view_of(dev)->dev);

	if (r < 0)
		return (int)failed(view_of(dev), r);
	NDevClearDirty(dev);
	return 0;
}

static int device_stat(struct ntfs_device *dev, struct stat *buf)
{
	*buf = (struct stat){.st_mode = S_IFREG, .st_size = (off_t)view_of(dev)->dev->size};
	return 0;
}

static int device_ioctl(struct ntfs_device *dev, unsigned long request, void *argp)
{
	const struct block_device *below = view_of(dev)->dev;
	int sector = (int)below->sector_size;

	switch (request) {
	case BLKGETSIZE64:
		memcpy(argp, &below->size, sizeof(below->size));
		return 0;
	case BLKSSZGET:
		memcpy(argp, &sector, sizeof(sector));
		return 0;
	default:
		errno = ENOTTY;
		return -1;
	}
}

struct ntfs_device_operations ntfs_block_operations = {
        .open = device_open,
        .close = device_close,
        .seek = device_seek,
        .read = device_read,
        .write = device_write,
        .pread = device_pread,
        .pwrite = device_pwrite,
        .sync = device_sync,
        .stat = device_stat,
        .ioctl = device_ioctl,
};
