/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The volume and its folders; ntfs_file.c makes the files. */
#include "tests/generators/ntfs_image.h"
#include "tests/generators/ntfs_private.h"
#include "tests/generators/run.h"
#include "fixer/base/bytes.h"
#include "fixer/base/cleanup.h"
#include "fixer/base/log.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include <ntfs-3g/mft.h>

/* mkntfs takes its serial number from the clock; ours comes from the seed. */
static int set_serial(const char *path, uint64_t size, uint32_t sector_size, uint64_t serial)
{
	uint8_t bytes[8];
	int fd CLEANUP_CLOSE = open(path, O_WRONLY | O_CLOEXEC);

	if (fd < 0)
		return -errno;
	put_le64(bytes, serial);
	int r = gen_pwrite(fd, bytes, sizeof(bytes), 72);
	if (r == 0)
		r = gen_pwrite(fd, bytes, sizeof(bytes), size - sector_size + 72);
	return r;
}

int gen_ntfs_format(const char *path, uint64_t size, uint64_t start, uint32_t sector_size,
        const char *label, uint64_t serial)
{
	char first_sector[24], sector[12];
	const char *const argv[] = {"mkntfs", "-q", "-F", "-f", "-T", "-c", "4096", "-s", sector,
	        "-p", first_sector, "-H", "255", "-S", "63", "-L", label, path, NULL};
	int fd = gen_create(path, size);

	if (fd < 0)
		return fd;
	(void)close(fd);
	(void)snprintf(sector, sizeof(sector), "%u", sector_size);
	(void)snprintf(first_sector, sizeof(first_sector), "%ju", (uintmax_t)(start / sector_size));
	int r = gen_run(argv);
	if (r == 0)
		r = set_serial(path, size, sector_size, serial);
	return r;
}

static int mount_new(struct gen_ntfs *n, const char *path)
{
	n->vol = ntfs_mount(path, 0);
	return n->vol ? 0 : gen_ntfs_failed("cannot mount the new volume", path);
}

/* It may have gone before. */
static int unmount(struct gen_ntfs *n)
{
	ntfs_volume *vol = n->vol;

	n->vol = NULL;
	return vol && ntfs_umount(vol, FALSE) < 0 ? gen_ntfs_failed("cannot unmount", "a volume")
	                                          : 0;
}

int gen_ntfs_open(const char *path, struct gen_ntfs **ret)
{
	struct gen_ntfs *n = calloc(1, sizeof(*n));

	if (!n)
		return -ENOMEM;
	int r = mount_new(n, path);
	if (r < 0) {
		free(n);
		return r;
	}
	*ret = n;
	return 0;
}

int gen_ntfs_copy(struct gen_ntfs *n, const char *path, const char *to)
{
	int r = unmount(n);

	if (r == 0)
		r = gen_run((const char *const[]){"cp", "--sparse=always", path, to, NULL});
	return r < 0 ? r : mount_new(n, path);
}

int gen_ntfs_close(struct gen_ntfs *n)
{
	if (!n)
		return 0;
	int r = unmount(n);
	free(n->folders);
	free(n->reserved);
	free(n);
	return r;
}

int gen_ntfs_failed(const char *what, const char *path)
{
	int r = errno > 0 ? -errno : -EIO;

	log_error("%s %s: %s", what, path, strerror(-r));
	return r;
}

ntfs_inode *gen_ntfs_lookup(struct gen_ntfs *n, const char *path)
{
	char *slashes CLEANUP_FREE = strdup(path);

	if (!slashes)
		return NULL;
	for (char *p = slashes; *p; p++)
		if (*p == '\\')
			*p = '/';
	return ntfs_pathname_to_inode(n->vol, NULL, slashes);
}

int gen_ntfs_parent(
        struct gen_ntfs *n, const char *path, ntfs_inode **ret_folder, const char **ret_name)
{
	const char *name = strrchr(path, '\\') + 1;
	/* The root keeps its backslash. */
	char *parent CLEANUP_FREE = strndup(path, (size_t)(name - path - (name - 1 != path)));

	if (!parent)
		return -ENOMEM;
	int r = gen_ntfs_mkdir(n, parent);
	if (r < 0)
		return r;
	ntfs_inode *folder = gen_ntfs_lookup(n, parent);
	if (!folder)
		return gen_ntfs_failed("cannot open folder", parent);
	*ret_folder = folder;
	*ret_name = name;
	return 0;
}

int gen_ntfs_make_entry(struct gen_ntfs *n, const char *path, mode_t type, struct gen_entry *ret)
{
	struct gen_entry entry;
	ntfschar *units = NULL;
	int r = gen_ntfs_parent(n, path, &entry.folder, &entry.name);

	if (r < 0)
		return r;
	int len = ntfs_mbstoucs(entry.name, &units);
	/* 0x100 is the security descriptor mkntfs puts into $Secure for files. */
	entry.ni = len > 0 && len <= 255 ? ntfs_create(entry.folder, const_cpu_to_le32(0x100),
	                                           units, (u8)len, type)
	                                 : NULL;
	free(units);
	if (!entry.ni) {
		r = gen_ntfs_failed("cannot create", path);
		(void)ntfs_inode_close(entry.folder);
		return r;
	}
	*ret = entry;
	return 0;
}

static int remember_folder(struct gen_ntfs *n, uint64_t number)
{
	uint64_t *more = reallocarray(n->folders, n->folder_count + 1, sizeof(*more));

	if (!more)
		return -ENOMEM;
	n->folders = more;
	n->folders[n->folder_count++] = number;
	return 0;
}

int gen_ntfs_mkdir(struct gen_ntfs *n, const char *path)
{
	struct gen_entry entry;
	ntfs_inode *ni = gen_ntfs_lookup(n, path);

	if (ni)
		return ntfs_inode_close(ni) == 0 ? 0 : gen_ntfs_failed("cannot close", path);
	int r = gen_ntfs_make_entry(n, path, S_IFDIR, &entry);
	if (r == 0)
		r = remember_folder(n, entry.ni->mft_no);
	if (r == 0)
		r = gen_ntfs_finish_entry(&entry);
	return r;
}

int gen_ntfs_compress_folder(struct gen_ntfs *n, const char *path)
{
	ntfs_inode *ni = gen_ntfs_lookup(n, path);

	if (!ni)
		return gen_ntfs_failed("cannot open folder", path);
	NVolSetCompression(n->vol);
	ni->flags |= FILE_ATTR_COMPRESSED;
	ntfs_inode_mark_dirty(ni);
	NInoFileNameSetDirty(ni);
	return ntfs_inode_close(ni) == 0 ? 0 : gen_ntfs_failed("cannot close", path);
}

int gen_ntfs_set_times(
        struct gen_ntfs *n, uint64_t number, int64_t created, int64_t modified, uint32_t attributes)
{
	ntfs_inode *ni = ntfs_inode_open(n->vol, number);
	ntfs_time birth = cpu_to_sle64((s64)filetime_from_ns(created * 1000000000));
	ntfs_time change = cpu_to_sle64((s64)filetime_from_ns(modified * 1000000000));

	if (!ni)
		return gen_ntfs_failed("cannot open", "a new record");
	ni->creation_time = birth;
	ni->last_data_change_time = change;
	ni->last_mft_change_time = change;
	ni->last_access_time = change;
	ni->flags |= cpu_to_le32(attributes);

	/* Windows leaves the times in $FILE_NAME as they were when the name was made. */
	ntfs_attr_search_ctx *ctx = ntfs_attr_get_search_ctx(ni, NULL);
	while (ctx && ntfs_attr_lookup(
	                      AT_FILE_NAME, AT_UNNAMED, 0, CASE_SENSITIVE, 0, NULL, 0, ctx) == 0) {
		FILE_NAME_ATTR *fn =
		        (FILE_NAME_ATTR *)((u8 *)ctx->attr + le16_to_cpu(ctx->attr->value_offset));
		fn->creation_time = fn->last_data_change_time = birth;
		fn->last_mft_change_time = fn->last_access_time = birth;
		ntfs_inode_mark_dirty(ctx->ntfs_ino);
	}
	if (ctx)
		ntfs_attr_put_search_ctx(ctx);
	ntfs_inode_mark_dirty(ni);
	NInoFileNameSetDirty(ni);
	return ntfs_inode_close(ni) == 0 ? 0 : gen_ntfs_failed("cannot close", "a new record");
}

int gen_ntfs_settle(struct gen_ntfs *n, int64_t time)
{
	int r = gen_ntfs_set_times(n, FILE_root, time, time, 0);

	for (size_t i = 0; i < n->folder_count && r == 0; i++)
		r = gen_ntfs_set_times(n, n->folders[i], time, time, 0);
	return r;
}

int gen_ntfs_used_clusters(struct gen_ntfs *n, uint8_t **ret_bitmap)
{
	size_t len = (size_t)(n->vol->nr_clusters + 7) / 8;
	uint8_t *bitmap = malloc(len);

	if (!bitmap)
		return -ENOMEM;
	if (ntfs_attr_pread(n->vol->lcnbmp_na, 0, (s64)len, bitmap) != (s64)len) {
		free(bitmap);
		return gen_ntfs_failed("cannot read", "$Bitmap");
	}
	*ret_bitmap = bitmap;
	return 0;
}

int gen_ntfs_written_clusters(struct gen_ntfs *n, uint8_t **ret_bitmap, uint64_t *ret_clusters)
{
	uint8_t *bitmap;
	int r = gen_ntfs_used_clusters(n, &bitmap);

	if (r < 0)
		return r;
	for (size_t i = 0; i < n->reserved_count; i++)
		for (uint64_t c = n->reserved[i].first;
		        c < n->reserved[i].first + n->reserved[i].count; c++)
			bitmap[c / 8] &= (uint8_t) ~(1u << (c % 8));
	*ret_bitmap = bitmap;
	*ret_clusters = (uint64_t)n->vol->nr_clusters;
	return 0;
}
