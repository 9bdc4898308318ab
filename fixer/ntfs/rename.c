/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "fixer/ntfs/rename.h"
#include "fixer/base/bytes.h"
#include "fixer/ntfs/rename_internal.h"

#include <string.h>

/* Names in this directory; the others are hard links that stay. */
static int take_name(void *context, const struct raw_attribute *a, struct error *err)
{
	struct renaming *r = context;
	const struct raw_spot spot = {
	        .offset = a->record * r->v.geometry.record_size, .at = a->value_offset};
	struct raw_name name;

	if (!a->resident || !raw_name_read(a->value, a->value_len, &spot, &name))
		return raw_damaged(
		        err, "record %ju: a name does not hold together", (uintmax_t)a->record);
	if (name.parent != r->parent)
		return 0;
	bool is_dos = name.type == NTFS_NAME_DOS;
	for (size_t i = 0; i < r->count; i++)
		if ((r->names[i].now.type == NTFS_NAME_DOS) == is_dos)
			return rename_unsafe(err, "the file has several names in its directory");
	r->names[r->count++].now = name;
	return 0;
}

/* A long name alone, or one with its DOS twin. */
static int read_names(struct renaming *r, struct error *err)
{
	const struct raw_visitor visitor = {take_name, r};

	int done = raw_each_attribute(&r->v, r->reference, RAW_FILE_NAME, "", &visitor, err);
	if (done != 0)
		return done;
	if (r->count == 0)
		return raw_damaged(err, "record %ju has no name in directory %ju",
		        (uintmax_t)RAW_RECORD(r->reference), (uintmax_t)RAW_RECORD(r->parent));
	uint8_t type = r->names[0].now.type;
	if (r->count == 2 && type == NTFS_NAME_DOS) {
		struct renamed_name first = r->names[0];
		r->names[0] = r->names[1];
		r->names[1] = first;
		type = r->names[0].now.type;
	}
	if (type == NTFS_NAME_WIN32 || (r->count == 1 && type != NTFS_NAME_DOS))
		return 0;
	return raw_damaged(err, "record %ju: its long and short names are no pair",
	        (uintmax_t)RAW_RECORD(r->reference));
}

static int check_kinds(struct renaming *r, struct error *err)
{
	bool file_is, parent_is;

	int done = raw_is_directory(&r->v, r->reference, &file_is, err);
	if (done == 0)
		done = raw_is_directory(&r->v, r->parent, &parent_is, err);
	if (done < 0)
		return done;
	if (!parent_is)
		return raw_damaged(
		        err, "record %ju is no directory", (uintmax_t)RAW_RECORD(r->parent));
	return file_is ? rename_unsafe(err, "it is a directory") : 0;
}

static int prepare(struct renaming *r, struct ntfs_rename *ret, struct error *err)
{
	int done = check_kinds(r, err);

	if (done == 0)
		done = read_names(r, err);
	for (size_t i = 0; done == 0 && i < r->count; i++)
		done = rename_new_name(r->v.upcase, &r->names[i].now, &r->names[i].then, err);
	if (done == 0)
		done = rename_check_directory(r, err);
	if (done == 0)
		done = rename_make_blocks(r, ret, err);
	if (done < 0)
		return done;
	const struct raw_name *name = &r->names[0].then;
	ret->name_len = name->len;
	for (size_t i = 0; i < name->len; i++)
		put_le16(&ret->name[i], name->units[i]);
	return 0;
}

int ntfs_rename_prepare(struct block_device *volume, uint64_t directory, uint64_t file,
        struct ntfs_rename *ret, struct error *err)
{
	struct renaming r = {.reference = file, .parent = directory};
	struct ntfs_rename rename = {0};

	int done = raw_volume_open(volume, &r.v, err);
	if (done < 0)
		return done;
	done = prepare(&r, &rename, err);
	raw_directory_free(&r.directory);
	raw_volume_close(&r.v);
	if (done < 0) {
		ntfs_rename_free(&rename);
		return done;
	}
	*ret = rename;
	return 0;
}

static int apply_block(struct block_device *volume, const struct ntfs_block *b)
{
	uint32_t at = 0;

	while (at < b->len) {
		uint32_t end = at;
		while (end < b->len &&
		        memcmp(b->old_bytes + end, b->new_bytes + end, RAW_STRIDE) != 0)
			end += RAW_STRIDE;
		int r = end == at
		                ? 0
		                : block_write(volume, b->offset + at, b->new_bytes + at, end - at);
		if (r < 0)
			return r;
		at = end == at ? at + RAW_STRIDE : end;
	}
	return 0;
}

int ntfs_rename_apply(struct block_device *volume, const struct ntfs_rename *rename)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < rename->count; i++)
		r = apply_block(volume, &rename->blocks[i]);
	return r;
}

int ntfs_rename_same_on(const struct ntfs_rename *rename, struct block_device *other)
{
	for (size_t i = 0; i < rename->count; i++) {
		const struct ntfs_block *b = &rename->blocks[i];
		CLEANUP_FREE uint8_t *there = malloc(b->len);
		if (!there)
			return -ENOMEM;
		int r = block_read(other, b->offset, there, b->len);
		if (r < 0)
			return r;
		if (memcmp(there, b->old_bytes, b->len) != 0)
			return 0;
	}
	return 1;
}

int ntfs_rename_allow(const struct ntfs_rename *rename, struct ntfs_whitelist *list)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < rename->count; i++)
		r = ntfs_allow_range(list, rename->blocks[i].offset, rename->blocks[i].len);
	return r;
}

void ntfs_rename_free(struct ntfs_rename *rename)
{
	for (size_t i = 0; i < rename->count; i++) {
		free(rename->blocks[i].old_bytes);
		free(rename->blocks[i].new_bytes);
	}
	*rename = (struct ntfs_rename){0};
}
