/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "fixer/base/buffer.h"
#include "fixer/repair/bundle_internal.h"
#include "netmend/limits.h"

#include <archive.h>
#include <archive_entry.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

static la_ssize_t to_buffer(struct archive *a, void *context, const void *data, size_t len)
{
	int r = buffer_append(context, data, len);

	if (r < 0) {
		archive_set_error(a, -r, "the bundle would be over its limit");
		return -1;
	}
	return (la_ssize_t)len;
}

/* No time, no owner: the bytes depend on the plan alone. */
static int put_header(struct archive *a, const char *name, size_t len)
{
	struct archive_entry *entry = archive_entry_new();

	if (!entry)
		return -ENOMEM;
	archive_entry_set_pathname(entry, name);
	archive_entry_set_size(entry, (la_int64_t)len);
	archive_entry_set_filetype(entry, AE_IFREG);
	archive_entry_set_perm(entry, 0600);
	int r = archive_write_header(a, entry) == ARCHIVE_OK ? 0 : -EIO;
	archive_entry_free(entry);
	return r;
}

static int put_data(struct archive *a, const void *data, size_t len)
{
	if (len == 0)
		return 0;
	return archive_write_data(a, data, len) == (la_ssize_t)len ? 0 : -EIO;
}

static int put_sectors(struct archive *a, const char *name, const struct plan *plan, bool new_side)
{
	int r = put_header(a, name, plan->sector_count * plan->sector_size);

	for (size_t i = 0; i < plan->run_count && r == 0; i++) {
		const struct plan_run *run = &plan->runs[i];
		r = put_data(a, new_side ? run->new_bytes : run->old_bytes,
		        (size_t)run->count * plan->sector_size);
	}
	return r;
}

static int put_part(struct archive *a, const char *name, const void *data, size_t len)
{
	int r = put_header(a, name, len);

	return r < 0 ? r : put_data(a, data, len);
}

static int put_streams(struct archive *a, const struct ntfs_metadata *m, size_t n)
{
	char name[BUNDLE_ENTRY_NAME];
	int r = 0;

	for (size_t i = 0; r == 0 && i < m->stream_count; i++) {
		const struct ntfs_metadata_stream *s = &m->streams[i];
		bundle_stream_name(name, n, i);
		if (s->content)
			r = put_part(a, name, s->content, (size_t)s->size);
	}
	return r;
}

static int put_files(struct archive *a, const struct plan *plan)
{
	size_t n = 0;

	for (size_t i = 0; i < plan->file_count; i++) {
		const struct plan_file *f = &plan->files[i];
		char name[BUNDLE_ENTRY_NAME];
		if (!f->acted)
			continue;
		bundle_file_entry_name(name, n);
		int r = put_part(a, name, f->content, (size_t)f->size);
		if (r == 0)
			r = put_streams(a, f->metadata, n);
		if (r < 0)
			return r;
		n++;
	}
	return 0;
}

static int put_all(struct archive *a, const struct plan *plan, const char *manifest)
{
	int r = put_part(a, "manifest.json", manifest, strlen(manifest));

	if (r == 0)
		r = put_sectors(a, "sectors.old", plan, false);
	if (r == 0)
		r = put_sectors(a, "sectors.new", plan, true);
	if (r == 0)
		r = put_files(a, plan);
	return r;
}

/* The tar.zst, not yet sealed. */
static int encode_archive(
        const struct plan *plan, const char *manifest, struct buffer *out, struct error *err)
{
	struct archive *a = archive_write_new();

	if (!a)
		return error_set(err, -ENOMEM, REASON_OUT_OF_MEMORY, "encoding the bundle");
	int r = -EIO;
	if (archive_write_set_format_pax_restricted(a) == ARCHIVE_OK &&
	        archive_write_add_filter_zstd(a) == ARCHIVE_OK &&
	        archive_write_set_bytes_in_last_block(a, 1) == ARCHIVE_OK &&
	        archive_write_open2(a, out, NULL, to_buffer, NULL, NULL) == ARCHIVE_OK)
		r = put_all(a, plan, manifest);
	if (r == 0 && archive_write_close(a) != ARCHIVE_OK)
		r = -EIO;
	if (r < 0) {
		const char *why = archive_error_string(a);
		(void)error_set(err, r, REASON_INTERNAL, "encoding the bundle: %s",
		        why ? why : "libarchive refused");
	}
	(void)archive_write_free(a);
	return r;
}

static int check_sizes(const struct plan *plan, struct error *err)
{
	uint64_t total = 0;

	if (plan->run_count == 0)
		return error_set(err, -EINVAL, REASON_INTERNAL, "a plan without changes");
	for (size_t i = 0; i < plan->file_count; i++) {
		const struct plan_file *f = &plan->files[i];
		if (!f->acted)
			continue;
		if (f->size > BUNDLE_MAX_FILE_BYTES - total)
			return error_set(err, -EFBIG, REASON_TARGET_TOO_LARGE,
			        "the files to remove are over %d MiB together",
			        NM_MAX_BUNDLE >> 20);
		if ((f->size > 0 && !f->content) || !f->metadata)
			return error_set(err, -EINVAL, REASON_INTERNAL,
			        "%.200s: content or metadata not kept", f->path);
		total += f->size;
	}
	return 0;
}

int bundle_encode(const struct plan *plan, const struct bundle_origin *origin, struct bundle **ret,
        struct error *err)
{
	struct buffer out;
	uint8_t seal[BUNDLE_SEAL];

	int r = check_sizes(plan, err);
	if (r < 0)
		return r;
	char *manifest = manifest_make(plan, origin);
	if (!manifest)
		return error_set(err, -ENOMEM, REASON_OUT_OF_MEMORY, "writing the manifest");
	buffer_init(&out, NM_MAX_BUNDLE - BUNDLE_SEAL);
	r = encode_archive(plan, manifest, &out, err);
	free(manifest);
	if (r == 0) {
		bundle_seal_make(out.data, out.len, seal);
		out.max = NM_MAX_BUNDLE;
		r = buffer_append(&out, seal, sizeof(seal));
		if (r < 0)
			(void)error_set(err, r, REASON_OUT_OF_MEMORY, "sealing the bundle");
	}
	if (r == 0) {
		r = bundle_decode(out.data, out.len, ret, err);
		if (r < 0)
			error_prefix(err, "reading back the bundle just made");
	}
	buffer_free(&out);
	return r;
}
