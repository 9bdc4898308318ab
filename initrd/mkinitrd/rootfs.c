/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "initrd/mkinitrd/rootfs.h"
#include "fixer/base/cleanup.h"

#include <archive.h>
#include <archive_entry.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

static struct rootfs_entry *find(const struct rootfs *rootfs, const char *path)
{
	for (size_t i = 0; i < rootfs->count; i++)
		if (strcmp(rootfs->entries[i].path, path) == 0)
			return &rootfs->entries[i];
	return NULL;
}

static int append(struct rootfs *rootfs, const char *path, mode_t mode, uint8_t *data, size_t len)
{
	struct rootfs_entry *entries =
	        realloc(rootfs->entries, (rootfs->count + 1) * sizeof(*entries));
	if (!entries)
		return -ENOMEM;
	rootfs->entries = entries;
	char *copy = strdup(path);
	if (!copy)
		return -ENOMEM;
	entries[rootfs->count++] =
	        (struct rootfs_entry){.path = copy, .mode = mode, .data = data, .len = len};
	return 0;
}

/* The directories above path, outermost first. */
static int add_parents(struct rootfs *rootfs, const char *path)
{
	for (const char *slash = strchr(path, '/'); slash; slash = strchr(slash + 1, '/')) {
		CLEANUP_FREE char *parent = strndup(path, (size_t)(slash - path));
		if (!parent)
			return -ENOMEM;
		if (find(rootfs, parent))
			continue;
		int r = append(rootfs, parent, S_IFDIR | 0755, NULL, 0);
		if (r < 0)
			return r;
	}
	return 0;
}

int rootfs_add_directory(struct rootfs *rootfs, const char *path)
{
	int r = add_parents(rootfs, path);

	if (r < 0 || find(rootfs, path))
		return r;
	return append(rootfs, path, S_IFDIR | 0755, NULL, 0);
}

static bool is_good_path(const char *path)
{
	if (!*path || *path == '/')
		return false;
	for (const char *part = path; part; part = strchr(part, '/')) {
		part += *part == '/';
		if (*part == 0 || *part == '/' ||
		        (strncmp(part, "..", 2) == 0 && strchr("/", part[2])))
			return false;
	}
	return true;
}

int rootfs_add(
        struct rootfs *rootfs, const char *path, mode_t permissions, const void *data, size_t len)
{
	if (!is_good_path(path))
		return -EINVAL;
	if (find(rootfs, path))
		return -EEXIST;
	int r = add_parents(rootfs, path);
	if (r < 0)
		return r;
	uint8_t *copy = malloc(len + 1);
	if (!copy)
		return -ENOMEM;
	if (len > 0)
		memcpy(copy, data, len);
	r = append(rootfs, path, S_IFREG | permissions, copy, len);
	if (r < 0)
		free(copy);
	return r;
}

int rootfs_add_file(struct rootfs *rootfs, const char *path, mode_t permissions, const char *source,
        struct error *err)
{
	CLEANUP_CLOSE int fd = open(source, O_RDONLY | O_CLOEXEC);
	CLEANUP_FREE uint8_t *data = NULL;
	struct stat st;
	size_t len = 0;

	if (fd < 0 || fstat(fd, &st) < 0 || !S_ISREG(st.st_mode))
		return error_set(err, -ENOENT, REASON_CANNOT_OPEN, "cannot read %.200s: %s", source,
		        fd < 0 ? strerror(errno) : "not a file");
	data = malloc((size_t)st.st_size + 1);
	if (!data)
		return error_set(err, -ENOMEM, REASON_OUT_OF_MEMORY, "out of memory");
	while (len < (size_t)st.st_size) {
		ssize_t n = read(fd, data + len, (size_t)st.st_size - len);
		if (n <= 0)
			return error_set(
			        err, -EIO, REASON_CANNOT_OPEN, "cannot read all of %.200s", source);
		len += (size_t)n;
	}
	int r = rootfs_add(rootfs, path, permissions, data, len);
	if (r < 0)
		return error_set(err, r, REASON_USAGE, "cannot add %.150s as /%.150s: %s", source,
		        path, strerror(-r));
	return 0;
}

void rootfs_free(struct rootfs *rootfs)
{
	for (size_t i = 0; i < rootfs->count; i++) {
		free(rootfs->entries[i].path);
		free(rootfs->entries[i].data);
	}
	free(rootfs->entries);
	*rootfs = (struct rootfs){0};
}

/* ---- the archive -------------------------------------------------------------------------------
 */

static int by_path(const void *a, const void *b)
{
	const struct rootfs_entry *x = a, *y = b;
	return strcmp(x->path, y->path);
}

static ssize_t write_out(struct archive *a, void *out, const void *data, size_t len)
{
	int r = buffer_append(out, data, len);
	if (r < 0) {
		archive_set_error(a, -r, "archive larger than its limit");
		return -1;
	}
	return (ssize_t)len;
}

static int write_entry(struct archive *a, const struct rootfs_entry *e, int64_t inode)
{
	struct archive_entry *header = archive_entry_new();
	if (!header)
		return ARCHIVE_FATAL;
	archive_entry_set_pathname(header, e->path);
	archive_entry_set_mode(header, e->mode);
	archive_entry_set_size(header, (la_int64_t)e->len);
	archive_entry_set_ino64(header, inode);
	archive_entry_set_nlink(header, S_ISDIR(e->mode) ? 2 : 1);
	archive_entry_set_mtime(header, 0, 0);
	archive_entry_set_uid(header, 0);
	archive_entry_set_gid(header, 0);
	int r = archive_write_header(a, header);
	if (r == ARCHIVE_OK && e->len > 0 &&
	        archive_write_data(a, e->data, e->len) != (ssize_t)e->len)
		r = ARCHIVE_FATAL;
	archive_entry_free(header);
	return r;
}

static int open_archive(struct archive *a, int level, struct buffer *out)
{
	char text[16];

	(void)snprintf(text, sizeof(text), "%d", level);
	if (archive_write_set_format_cpio_newc(a) != ARCHIVE_OK ||
	        archive_write_add_filter_zstd(a) != ARCHIVE_OK ||
	        archive_write_set_filter_option(a, "zstd", "compression-level", text) !=
	                ARCHIVE_OK ||
	        archive_write_set_bytes_in_last_block(a, 1) != ARCHIVE_OK)
		return ARCHIVE_FATAL;
	return archive_write_open(a, out, NULL, write_out, NULL);
}

int rootfs_archive(struct rootfs *rootfs, int level, struct buffer *out, struct error *err)
{
	struct archive *a = archive_write_new();
	if (!a)
		return error_set(err, -ENOMEM, REASON_OUT_OF_MEMORY, "out of memory");
	qsort(rootfs->entries, rootfs->count, sizeof(*rootfs->entries), by_path);
	int r = open_archive(a, level, out);
	for (size_t i = 0; i < rootfs->count && r == ARCHIVE_OK; i++)
		r = write_entry(a, &rootfs->entries[i], (int64_t)i + 1);
	if (r == ARCHIVE_OK)
		r = archive_write_close(a);
	if (r != ARCHIVE_OK) {
		const char *why = archive_error_string(a);
		error_set(err, -EIO, REASON_INTERNAL, "cannot write the archive: %.200s",
		        why ? why : "unknown");
	}
	archive_write_free(a);
	return r == ARCHIVE_OK ? 0 : -EIO;
}
