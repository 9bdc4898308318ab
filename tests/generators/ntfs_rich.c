/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tests/generators/ntfs_rich.h"
#include "fixer/base/bytes.h"
#include "tests/generators/ntfs_private.h"

#include <ntfs-3g/object_id.h>
#include <ntfs-3g/reparse.h>

#include <errno.h>
#include <stdio.h>
#include <string.h>

#define TIME    1721362680 /* 2024-07-19T04:18:00Z */
#define MANY    300
#define STREAMS 40

static int put(struct gen_ntfs *n, const char *path, size_t size)
{
	static uint8_t data[256 * 1024];
	struct gen_file file = {
	        .path = path, .data = data, .size = size, .created = TIME, .modified = TIME};

	for (size_t i = 0; i < size; i++)
		data[i] = (uint8_t)(i / 64 * 7 + size);
	return gen_ntfs_put(n, &file);
}

/* More attributes than a record has room for. */
static int put_listed(struct gen_ntfs *n)
{
	char name[16];
	int r = put(n, "\\" RICH_LISTED, 5000);

	for (unsigned i = 0; i < STREAMS && r == 0; i++) {
		(void)snprintf(name, sizeof(name), "stream %u", i);
		r = gen_ntfs_add_stream(n, "\\" RICH_LISTED, name, name, sizeof(name));
	}
	return r;
}

static int put_many(struct gen_ntfs *n)
{
	char path[64];
	int r = 0;

	for (unsigned i = 0; i < MANY && r == 0; i++) {
		(void)snprintf(path, sizeof(path), "\\" RICH_MANY "\\a file of many %03u.txt", i);
		r = put(n, path, i);
	}
	return r;
}

/* What only libntfs-3g's own interface gives. */
static int put_special(struct gen_ntfs *n)
{
	uint8_t point[24] = {0};
	int r = put(n, "\\" RICH_OBJECT, 10);

	if (r == 0)
		r = put(n, "\\" RICH_REPARSE, 0);
	if (r < 0)
		return r;
	put_le32(point, 0x80000017); /* IO_REPARSE_TAG_WOF */
	put_le16(point + 4, sizeof(point) - 8);
	ntfs_inode *object = gen_ntfs_lookup(n, "\\" RICH_OBJECT);
	ntfs_inode *reparse = gen_ntfs_lookup(n, "\\" RICH_REPARSE);
	if (!object || !reparse || ntfs_set_ntfs_object_id(object, "0123456789abcdef", 16, 0) ||
	        ntfs_set_ntfs_reparse_data(reparse, (const char *)point, sizeof(point), 0))
		r = gen_ntfs_failed("cannot give an object id or a reparse point to", "a file");
	if (object && ntfs_inode_close(object) < 0 && r == 0)
		r = gen_ntfs_failed("cannot close", RICH_OBJECT);
	if (reparse && ntfs_inode_close(reparse) < 0 && r == 0)
		r = gen_ntfs_failed("cannot close", RICH_REPARSE);
	return r;
}

static int put_compressed(struct gen_ntfs *n)
{
	int r = gen_ntfs_mkdir(n, "\\packed");

	if (r == 0)
		r = gen_ntfs_compress_folder(n, "\\packed");
	return r < 0 ? r : put(n, "\\packed\\" RICH_COMPRESSED, 200000);
}

static int put_all(struct gen_ntfs *n)
{
	struct gen_file sparse = {
	        .path = "\\" RICH_SPARSE, .size = 1000000, .created = TIME, .modified = TIME};
	int r = put(n, "\\" RICH_PLAIN, 100);

	if (r == 0)
		r = put(n, "\\" RICH_LARGE, 50000);
	if (r == 0)
		r = put(n, "\\" RICH_TWIN, 50000);
	if (r == 0)
		r = put(n, "\\" RICH_STREAMS, 10);
	if (r == 0)
		r = gen_ntfs_add_stream(n, "\\" RICH_STREAMS, "one", "1", 1);
	if (r == 0)
		r = gen_ntfs_add_stream(n, "\\" RICH_STREAMS, "two", "2", 1);
	if (r == 0)
		r = put_listed(n);
	if (r == 0)
		r = put_compressed(n);
	if (r == 0)
		r = gen_ntfs_put_sparse(n, &sparse);
	if (r == 0)
		r = put(n, "\\" RICH_LINKED, 20);
	if (r == 0)
		r = gen_ntfs_link(n, "\\" RICH_LINKED, "\\" RICH_FOLDER "\\second name.txt");
	if (r == 0)
		r = gen_ntfs_mkdir(n, "\\" RICH_FOLDER "\\" RICH_INNER);
	if (r == 0)
		r = put_special(n);
	return r < 0 ? r : put_many(n);
}

int gen_ntfs_rich(const char *path)
{
	struct gen_ntfs *n;
	int r = gen_ntfs_format(path, RICH_SIZE, 0, 512, "rich", 0x7269636800000001);

	if (r == 0)
		r = gen_ntfs_open(path, &n);
	if (r < 0)
		return r;
	r = put_all(n);
	int closed = gen_ntfs_close(n);
	return r < 0 ? r : closed;
}
