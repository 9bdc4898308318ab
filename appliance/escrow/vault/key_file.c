/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/escrow/vault/internal.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#define KEY_FILE_LEN 32

struct path {
	char text[4096];
};

static int path_of(const char *dir, bool is_new, struct path *ret, struct error *err)
{
	int len =
	        snprintf(ret->text, sizeof(ret->text), "%s/vault.key%s", dir, is_new ? ".new" : "");

	return len < (int)sizeof(ret->text) ? 0
	                                    : error_set(err, -ENAMETOOLONG, REASON_CANNOT_OPEN,
	                                              "state folder name too long");
}

static int sync_dir(const char *dir)
{
	int fd CLEANUP_CLOSE = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return fd < 0 || fsync(fd) < 0 ? -errno : 0;
}

int key_file_make(const char *dir, struct secret **ret, struct error *err)
{
	struct secret *key CLEANUP_SECRET = secret_new(KEY_FILE_LEN);
	struct path path;

	if (!key)
		return error_set(err, -ENOMEM, REASON_OUT_OF_MEMORY, "no locked memory");
	int r = path_of(dir, true, &path, err);
	if (r < 0)
		return r;
	int fd CLEANUP_CLOSE = open(path.text, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	randombytes_buf(key->data, KEY_FILE_LEN);
	if (fd < 0 || write(fd, key->data, KEY_FILE_LEN) != KEY_FILE_LEN || fsync(fd) < 0 ||
	        sync_dir(dir) < 0)
		return error_set(err, errno ? -errno : -EIO, REASON_CANNOT_OPEN,
		        "cannot write %s: %s", path.text, strerror(errno));
	*ret = key;
	key = NULL;
	return 0;
}

int key_file_use(const char *dir, struct error *err)
{
	struct path from, to;

	if (path_of(dir, true, &from, err) < 0 || path_of(dir, false, &to, err) < 0)
		return -ENAMETOOLONG;
	/* Another process that found both may have been faster. */
	if ((rename(from.text, to.text) < 0 && (errno != ENOENT || access(to.text, F_OK) < 0)) ||
	        sync_dir(dir) < 0)
		return error_set(err, -errno, REASON_CANNOT_OPEN, "cannot rename %s: %s", from.text,
		        strerror(errno));
	return 0;
}

int key_file_read(const char *dir, bool is_new, struct secret **ret, struct error *err)
{
	struct secret *key CLEANUP_SECRET = secret_new(KEY_FILE_LEN);
	struct path path;
	struct stat st;

	if (!key)
		return error_set(err, -ENOMEM, REASON_OUT_OF_MEMORY, "no locked memory");
	int r = path_of(dir, is_new, &path, err);
	if (r < 0)
		return r;
	int fd CLEANUP_CLOSE = open(path.text, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return error_set(err, -errno, REASON_CANNOT_OPEN, "cannot read %s: %s", path.text,
		        strerror(errno));
	if (fstat(fd, &st) < 0 || st.st_size != KEY_FILE_LEN ||
	        read(fd, key->data, KEY_FILE_LEN) != KEY_FILE_LEN)
		return error_set(err, -EBADMSG, REASON_CANNOT_OPEN,
		        "%s is not a vault key: %d bytes expected", path.text, KEY_FILE_LEN);
	if (st.st_mode & 077)
		return error_set(err, -EPERM, REASON_CANNOT_OPEN,
		        "%s can be read by others: chmod 600 it, and rotate the keys if others "
		        "could log in",
		        path.text);
	*ret = key;
	key = NULL;
	return 0;
}

int key_file_remove(const char *dir, struct error *err)
{
	static const uint8_t zeros[KEY_FILE_LEN];
	struct path path;
	int r = path_of(dir, false, &path, err);

	if (r < 0)
		return r;
	int fd CLEANUP_CLOSE = open(path.text, O_WRONLY | O_CLOEXEC);
	if (fd < 0 && errno == ENOENT)
		return 0;
	if (fd < 0 || write(fd, zeros, sizeof(zeros)) != (ssize_t)sizeof(zeros) || fsync(fd) < 0 ||
	        unlink(path.text) < 0 || sync_dir(dir) < 0)
		return error_set(err, errno ? -errno : -EIO, REASON_CANNOT_OPEN,
		        "cannot remove %s: %s; remove it by hand", path.text, strerror(errno));
	return 0;
}
