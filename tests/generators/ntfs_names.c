/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Names and links as Windows makes them seldom. */
#include "fixer/base/bytes.h"
#include "fixer/base/cleanup.h"
#include "tests/generators/ntfs_private.h"

#include <ntfs-3g/reparse.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int gen_ntfs_put_posix(struct gen_ntfs *n, const struct gen_file *file)
{
	struct gen_entry entry;

	int r = gen_ntfs_make_entry(n, file->path, S_IFREG, &entry);
	if (r < 0)
		return r;
	uint64_t number = entry.ni->mft_no;
	r = gen_ntfs_write_stream(entry.ni, file->path, file->data, file->size, 0);
	r = gen_ntfs_close_entry(&entry, r);
	if (r == 0)
		r = gen_ntfs_set_times(n, number, file->created, file->modified, file->attributes);
	return r;
}

int gen_ntfs_mkdir_posix(struct gen_ntfs *n, const char *path)
{
	struct gen_entry entry;

	int r = gen_ntfs_make_entry(n, path, S_IFDIR, &entry);
	return r < 0 ? r : gen_ntfs_close_entry(&entry, 0);
}

/* [MS-FSCC] 2.1.2.5: tag, length, then where the two names are, and the names. */
int gen_ntfs_make_junction(struct gen_ntfs *n, const char *path, const char *target)
{
	uint8_t data[1024] = {0};
	char full[256];
	ntfschar *units = NULL;

	(void)snprintf(full, sizeof(full), "\\??\\C:%s", target);
	int len = ntfs_mbstoucs(full, &units);
	if (len <= 0 || len > 250) {
		free(units);
		return -EINVAL;
	}
	put_le32(data, 0xa0000003); /* IO_REPARSE_TAG_MOUNT_POINT */
	put_le16(data + 4, (uint16_t)(8 + 2 * len + 4));
	put_le16(data + 10, (uint16_t)(2 * len));
	put_le16(data + 12, (uint16_t)(2 * len + 2)); /* the name to show is empty */
	memcpy(data + 16, units, 2 * (size_t)len);
	free(units);
	ntfs_inode *ni = gen_ntfs_lookup(n, path);
	if (!ni)
		return gen_ntfs_failed("cannot open", path);
	int r = 0;
	if (ntfs_set_ntfs_reparse_data(ni, (const char *)data, 16 + 2 * (size_t)len + 4, 0) != 0)
		r = gen_ntfs_failed("cannot make a junction of", path);
	if (ntfs_inode_close(ni) < 0 && r == 0)
		r = gen_ntfs_failed("cannot close", path);
	return r;
}

int gen_ntfs_set_name_times(struct gen_ntfs *n, const char *path, int64_t time)
{
	ntfs_inode *ni = gen_ntfs_lookup(n, path);
	ntfs_time made = cpu_to_sle64((s64)filetime_from_ns(time * 1000000000));

	if (!ni)
		return gen_ntfs_failed("cannot open", path);
	ntfs_attr_search_ctx *ctx = ntfs_attr_get_search_ctx(ni, NULL);
	while (ctx && ntfs_attr_lookup(
	                      AT_FILE_NAME, AT_UNNAMED, 0, CASE_SENSITIVE, 0, NULL, 0, ctx) == 0) {
		FILE_NAME_ATTR *fn =
		        (FILE_NAME_ATTR *)((u8 *)ctx->attr + le16_to_cpu(ctx->attr->value_offset));
		fn->creation_time = fn->last_data_change_time = made;
		fn->last_mft_change_time = fn->last_access_time = made;
		ntfs_inode_mark_dirty(ctx->ntfs_ino);
	}
	if (ctx)
		ntfs_attr_put_search_ctx(ctx);
	return ntfs_inode_close(ni) == 0 ? 0 : gen_ntfs_failed("cannot close", path);
}
