/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "fixer/bundle_file.h"
#include "netmend/limits.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

char *bundle_file_name(const char *disk_path)
{
	time_t now = time(NULL);
	char when[32], *name;
	struct stat st;
	struct tm tm;

	if (!gmtime_r(&now, &tm) || strftime(when, sizeof(when), "%Y%m%dT%H%M%SZ", &tm) == 0)
		return NULL;
	if (stat(disk_path, &st) == 0 && S_ISBLK(st.st_mode) && strrchr(disk_path, '/'))
		disk_path = strrchr(disk_path, '/') + 1;
	if (asprintf(&name, "%s.netmend-%s.tar.zst", disk_path, when) < 0)
		return NULL;
	return name;
}

static int write_all(int fd, const uint8_t *p, size_t len)
{
	while (len > 0) {
		ssize_t n = write(fd, p, len);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		p += n;
		len -= (size_t)n;
	}
	return 0;
}

/* Without this the file's name may be gone after a power cut, though its bytes are not. */
static int sync_directory(const char *path)
{
	char *copy CLEANUP_FREE = strdup(path);

	if (!copy)
		return -ENOMEM;
	int fd CLEANUP_CLOSE = open(dirname(copy), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0 || fsync(fd) < 0)
		return -errno;
	return 0;
}

int bundle_file_write(const char *path, const struct bundle *bundle, struct error *err)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);

	if (fd < 0)
		return error_set(err, -errno, REASON_JOURNAL_REFUSED,
		        "%s: %s; the disk is untouched", path, strerror(errno));
	int r = write_all(fd, bundle->bytes, bundle->len);
	if (r == 0 && fsync(fd) < 0)
		r = -errno;
	if (close(fd) < 0 && r == 0)
		r = -errno;
	if (r == 0)
		r = sync_directory(path);
	if (r < 0) {
		(void)unlink(path);
		return error_set(err, r, REASON_JOURNAL_REFUSED,
		        "saving the bundle as %s: %s; the disk is untouched", path, strerror(-r));
	}
	return 0;
}

int bundle_file_read(const char *path, struct bundle **ret, struct error *err)
{
	int fd CLEANUP_CLOSE = open(path, O_RDONLY | O_CLOEXEC);
	struct stat st;

	if (fd < 0 || fstat(fd, &st) < 0)
		return error_set(err, -errno, REASON_CANNOT_OPEN, "%s: %s", path, strerror(errno));
	if (!S_ISREG(st.st_mode) || st.st_size <= 0 || st.st_size > NM_MAX_BUNDLE)
		return error_set(err, -EBADMSG, REASON_BUNDLE_BAD, "%s cannot be a bundle", path);
	size_t len = (size_t)st.st_size;
	uint8_t *bytes CLEANUP_FREE = malloc(len);
	if (!bytes)
		return error_set(err, -ENOMEM, REASON_OUT_OF_MEMORY, "reading %s", path);
	for (size_t done = 0; done < len;) {
		ssize_t n = read(fd, bytes + done, len - done);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return error_set(err, n < 0 ? -errno : -EIO, REASON_CANNOT_OPEN, "%s: %s",
			        path, n < 0 ? strerror(errno) : "became shorter while it was read");
		done += (size_t)n;
	}
	int r = bundle_decode(bytes, len, ret, err);
	if (r < 0)
		error_prefix(err, "%s", path);
	return r;
}
