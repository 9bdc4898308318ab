/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "fixer/image_file.h"
#include "fixer/base/cleanup.h"
#include "fixer/image_daemon.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define TAIL 512

struct image_file {
	struct image_info info;
	char *path; /* absolute, without links; NULL when nothing is served */
	bool writable;
	struct image_daemon daemon;
};

const struct image_info *image_file_info(const struct image_file *image)
{
	return &image->info;
}

bool image_file_is_served(const struct image_file *image)
{
	return image->path != NULL;
}

/* A read that may be shorter than asked for only at the end of the file. */
static ssize_t read_at(int fd, uint8_t *buf, size_t len, off_t at)
{
	size_t done = 0;

	while (done < len) {
		ssize_t n = pread(fd, buf + done, len - done, at + (off_t)done);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		if (n == 0)
			break;
		done += (size_t)n;
	}
	return (ssize_t)done;
}

static int probe_fd(int fd, off_t size, const char *path, struct image_info *ret, struct error *err)
{
	uint8_t *head CLEANUP_FREE = malloc(IMAGE_HEAD);
	uint8_t tail[TAIL];

	if (!head)
		return error_set(err, -ENOMEM, REASON_OUT_OF_MEMORY, "opening %s", path);
	ssize_t len = read_at(fd, head, IMAGE_HEAD, 0);
	ssize_t tail_len = len < 0 || size < TAIL ? 0 : read_at(fd, tail, TAIL, size - TAIL);
	if (len < 0 || tail_len < 0)
		return error_set(err, -EIO, REASON_CANNOT_OPEN, "%s: %s", path,
		        strerror((int)-(len < 0 ? len : tail_len)));
	int r = image_format_probe(head, (size_t)len, tail_len == TAIL ? tail : NULL, ret, err);
	if (r < 0)
		error_prefix(err, "%s", path);
	return r;
}

/* A pipe or a terminal is left to file_device_open() to complain about. */
static int probe(const char *path, struct image_info *ret, struct error *err)
{
	struct stat st;

	if (stat(path, &st) < 0)
		return error_set(err, -errno, REASON_CANNOT_OPEN, "%s: %s", path, strerror(errno));
	if (!S_ISREG(st.st_mode))
		return 0;
	int fd CLEANUP_CLOSE = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return error_set(err, -errno, REASON_CANNOT_OPEN, "%s: %s", path, strerror(errno));
	return probe_fd(fd, st.st_size, path, ret, err);
}

/* QEMU computes the size of some VHDs from their geometry, which is smaller than what Hyper-V and
 * Windows go by. A disk with its end cut off is not to be worked on. */
static int check_size(const struct image_file *image, struct error *err)
{
	struct stat st;

	if (stat(image->path, &st) < 0)
		return error_set(
		        err, -errno, REASON_CANNOT_OPEN, "%s: %s", image->path, strerror(errno));
	if (image->info.size == 0 || (uint64_t)st.st_size == image->info.size)
		return 0;
	return error_set(err, -ENOTSUP, REASON_IMAGE_FORMAT,
	        "%s: QEMU sees %llu bytes in it and not %llu; convert it with qemu-img convert "
	        "--image-opts driver=vpc,force_size_calc=current_size,file.filename=FILE -O raw",
	        image->path, (unsigned long long)st.st_size, (unsigned long long)image->info.size);
}

static int serve(struct image_file *image, bool writable, struct error *err)
{
	int r = image_daemon_start(&image->daemon, image->path, image->info.format, writable, err);

	if (r < 0)
		return r;
	image->writable = writable;
	return check_size(image, err);
}

int image_file_open(const char *path, struct image_file **ret, struct error *err)
{
	struct image_file *image = calloc(1, sizeof(*image));

	if (!image)
		return error_set(err, -ENOMEM, REASON_OUT_OF_MEMORY, "opening %s", path);
	image->daemon.log = -1;
	int r = probe(path, &image->info, err);
	if (r == 0 && image->info.format > IMAGE_VHD_FIXED) {
		image->path = realpath(path, NULL);
		if (!image->path)
			r = error_set(
			        err, -errno, REASON_CANNOT_OPEN, "%s: %s", path, strerror(errno));
		if (r == 0)
			r = image_daemon_isolate(err);
		if (r == 0)
			r = serve(image, false, err);
	}
	if (r < 0) {
		(void)image_file_close(image, NULL);
		return r;
	}
	*ret = image;
	return 0;
}

int image_file_make_writable(struct image_file *image, struct error *err)
{
	if (!image->path || image->writable)
		return 0;
	(void)image_daemon_stop(&image->daemon, image->path);
	return serve(image, true, err);
}

int image_file_close(struct image_file *image, struct error *err)
{
	int r = 0;

	if (!image)
		return 0;
	if (image->path && image_daemon_stop(&image->daemon, image->path) < 0 && image->writable)
		r = error_set(err, -EIO, REASON_DISK_WRITE_ERROR,
		        "%s: the image may not have been closed in order; qemu-img check tells",
		        image->path);
	free(image->path);
	free(image);
	return r;
}
