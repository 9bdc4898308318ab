/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "fixer/block/file.h"
#include "fixer/base/text.h"
#include "fixer/block/vhd.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

struct file_device {
	struct block_device dev;
	int fd;
};

static struct file_device *file_of(struct block_device *dev)
{
	return (struct file_device *)dev;
}

static int file_read(struct block_device *dev, uint64_t offset, void *buf, size_t len)
{
	uint8_t *p = buf;

	while (len > 0) {
		ssize_t n = pread(file_of(dev)->fd, p, len, (off_t)offset);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		if (n == 0)
			return -EIO; /* became shorter than it was when opened */
		p += n;
		offset += (uint64_t)n;
		len -= (size_t)n;
	}
	return 0;
}

static int file_write(struct block_device *dev, uint64_t offset, const void *buf, size_t len)
{
	const uint8_t *p = buf;

	while (len > 0) {
		ssize_t n = pwrite(file_of(dev)->fd, p, len, (off_t)offset);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		if (n == 0)
			return -EIO;
		p += n;
		offset += (uint64_t)n;
		len -= (size_t)n;
	}
	return 0;
}

/* fsync() of a device node also sends the disk its cache flush. */
static int file_flush(struct block_device *dev)
{
	return fsync(file_of(dev)->fd) < 0 ? -errno : 0;
}

/* The kernel keeps what is not covered as a whole; its largest pieces are 2 MiB, aligned. */
#define CACHE_PIECE (2u * 1024 * 1024)

static int file_drop_cache(struct block_device *dev, uint64_t offset, size_t len)
{
	uint64_t end = (offset + len + CACHE_PIECE - 1) / CACHE_PIECE * CACHE_PIECE;

	offset -= offset % CACHE_PIECE;
	return -posix_fadvise(
	        file_of(dev)->fd, (off_t)offset, (off_t)(end - offset), POSIX_FADV_DONTNEED);
}

static void file_close(struct block_device *dev)
{
	(void)close(file_of(dev)->fd);
	free(dev);
}

static const struct block_ops file_ops = {
        .read = file_read,
        .write = file_write,
        .flush = file_flush,
        .drop_cache = file_drop_cache,
        .close = file_close,
};

static int open_error(struct error *err, const char *path, int code)
{
	if (code == -EBUSY)
		return error_set(err, code, REASON_DISK_IN_USE,
		        "%s is mounted or held by another program", path);
	const char *what = code == -ENOTBLK   ? "neither a disk nor an image file"
	                   : code == -ENOTSUP ? "its sectors are neither of 512 nor of 4096 bytes"
	                                      : strerror(-code);
	return error_set(err, code, REASON_CANNOT_OPEN, "%s: %s", path, what);
}

/* QEMU locks the images and devices it runs on, which O_EXCL does not see, in the same way. */
static int lock_whole(int fd)
{
	struct flock whole = {.l_type = F_WRLCK, .l_whence = SEEK_SET};

	if (fcntl(fd, F_OFD_SETLK, &whole) == 0)
		return 0;
	return errno == EAGAIN || errno == EACCES ? -EBUSY : -errno;
}

/* The kernel opens a write-protected device for writing, and refuses the first write. */
static int check_not_protected(int fd)
{
	int read_only = 0;

	if (ioctl(fd, BLKROGET, &read_only) < 0)
		return -errno;
	return read_only ? -EROFS : 0;
}

/* Opens only what has a size and offsets, so that a FIFO or terminal named by mistake can't hang
 * us. */
static int open_path(const char *path, bool writable, struct stat *st)
{
	int flags = (writable ? O_RDWR : O_RDONLY) | O_CLOEXEC;

	if (stat(path, st) < 0)
		return -errno;
	if (S_ISBLK(st->st_mode) && writable)
		flags |= O_EXCL;
	else if (!S_ISBLK(st->st_mode) && !S_ISREG(st->st_mode))
		return -ENOTBLK;
	int fd = open(path, flags);
	if (fd < 0)
		return -errno;
	int r = fstat(fd, st) < 0 ? -errno : 0;
	if (r == 0 && writable && S_ISBLK(st->st_mode))
		r = check_not_protected(fd);
	if (r == 0 && writable)
		r = lock_whole(fd);
	if (r < 0) {
		(void)close(fd);
		return r;
	}
	return fd;
}

/* A fixed VHD is a raw image with a footer, which is no part of the disk. */
static uint64_t without_vhd_footer(int fd, uint64_t size)
{
	uint8_t bytes[VHD_FOOTER];
	struct vhd_footer footer;

	if (size < sizeof(bytes) ||
	        pread(fd, bytes, sizeof(bytes), (off_t)(size - sizeof(bytes))) != sizeof(bytes))
		return size;
	if (!vhd_footer_parse(bytes, &footer) || footer.type != VHD_FIXED ||
	        footer.size > size - sizeof(bytes))
		return size;
	return footer.size;
}

static int geometry(struct file_device *f, const struct stat *st, uint32_t sector_size)
{
	uint64_t size = 0;
	int logical = 0;

	if (S_ISBLK(st->st_mode)) {
		if (ioctl(f->fd, BLKGETSIZE64, &size) < 0 || ioctl(f->fd, BLKSSZGET, &logical) < 0)
			return -errno;
		f->dev.sector_size = (uint32_t)logical;
	} else {
		size = without_vhd_footer(f->fd, (uint64_t)st->st_size);
		f->dev.sector_size = sector_size ? sector_size : 512;
	}
	if (f->dev.sector_size != 512 && f->dev.sector_size != 4096)
		return -ENOTSUP;
	f->dev.size = size - size % f->dev.sector_size;
	return 0;
}

int file_device_open(const char *path, bool writable, uint32_t sector_size,
        struct block_device **ret, struct error *err)
{
	struct stat st;
	int fd = open_path(path, writable, &st);

	if (fd < 0)
		return open_error(err, path, fd);
	struct file_device *f = calloc(1, sizeof(*f));
	if (!f) {
		(void)close(fd);
		return error_set(err, -ENOMEM, REASON_OUT_OF_MEMORY, "opening %s", path);
	}
	f->dev.ops = &file_ops;
	f->dev.writable = writable;
	f->fd = fd;
	text_clean(f->dev.name, sizeof(f->dev.name), path);
	int r = geometry(f, &st, sector_size);
	if (r < 0) {
		file_close(&f->dev);
		return open_error(err, path, r);
	}
	*ret = &f->dev;
	return 0;
}
