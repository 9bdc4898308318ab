/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The files of a manifest, read: hostile text. */
#include "fixer/repair/bundle_internal.h"
#include "netmend/limits.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

bool manifest_is_u64(const char *text)
{
	size_t len = strspn(text, "0123456789");

	if (len == 0 || len > 20 || text[len] != 0)
		return false;
	errno = 0;
	(void)strtoull(text, NULL, 10);
	return errno == 0;
}

bool manifest_is_time(json_t *entry)
{
	const char *utc, *filetime;
	json_error_t e;

	if (json_unpack_ex(entry, &e, 0, "{s:s, s:s !}", "utc", &utc, "filetime", &filetime) < 0)
		return false;
	return strlen(utc) < ISO8601_TEXT && manifest_is_u64(filetime);
}

/* What both versions have, without the braces. */
#define FILE_FIELDS "s:I, s:s, s:I, s:o, s:o, s:o, s:o, s:I, s:s, s:s"

struct file_fields {
	json_int_t n, size, attributes;
	const char *path, *reference, *sha256;
	json_t *created, *modified, *mft_modified, *accessed;
	const char *renamed_to; /* version 2 */
	json_t *metadata;
};

static int unpack(json_t *entry, json_int_t version, struct file_fields *f, json_error_t *e)
{
	const char *format = version == 1 ? "{" FILE_FIELDS "!}" : "{" FILE_FIELDS ", s:s, s:o !}";

	return json_unpack_ex(entry, e, 0, format, "n", &f->n, "path", &f->path, "size", &f->size,
	        "created", &f->created, "modified", &f->modified, "mft_modified", &f->mft_modified,
	        "accessed", &f->accessed, "attributes", &f->attributes, "mft_reference",
	        &f->reference, "sha256", &f->sha256, "renamed_to", &f->renamed_to, "metadata",
	        &f->metadata);
}

static int check_file(
        json_t *entry, json_int_t version, size_t n, uint64_t *total, struct error *err)
{
	struct file_fields f;
	uint8_t hash[32];
	json_error_t e;

	if (unpack(entry, version, &f, &e) < 0)
		return bundle_bad(err, "manifest, file %zu: %s", n, e.text);
	if (f.n != (json_int_t)n || f.size < 0 || f.size > NM_MAX_TARGET_FILE ||
	        (uint64_t)f.size > BUNDLE_MAX_FILE_BYTES - *total)
		return bundle_bad(err, "manifest, file %zu: wrong number, or too large", n);
	if (!manifest_is_time(f.created) || !manifest_is_time(f.modified) ||
	        !manifest_is_time(f.mft_modified) || !manifest_is_time(f.accessed) ||
	        f.attributes < 0 || f.attributes > UINT32_MAX || !manifest_is_u64(f.reference) ||
	        hex_decode(f.sha256, hash, sizeof(hash)) < 0)
		return bundle_bad(err, "manifest, file %zu: bad time, number or hash", n);
	*total += (uint64_t)f.size;
	return version == 1 ? 0 : manifest_check_metadata(f.metadata, n, err);
}

int manifest_check_files(json_t *list, json_int_t version, struct error *err)
{
	uint64_t total = 0;
	size_t count = json_array_size(list);

	if (!json_is_array(list) || count > NM_MAX_MATCHES)
		return bundle_bad(err, "manifest: bad list of files");
	for (size_t n = 0; n < count; n++) {
		int r = check_file(json_array_get(list, n), version, n, &total, err);
		if (r < 0)
			return r;
	}
	return 0;
}

/* --- of a manifest that was accepted --------------------------------------------------------- */

static json_t *file_at(const struct bundle *b, size_t n)
{
	return json_array_get(json_object_get(b->manifest, "files"), n);
}

static json_t *streams_of(const struct bundle *b, size_t n)
{
	return json_object_get(json_object_get(file_at(b, n), "metadata"), "streams");
}

/* False when there is no hash: the content is not in the bundle. */
static bool take_part(const json_t *entry, const char *name, struct manifest_part *ret)
{
	const char *hash = json_string_value(json_object_get(entry, "sha256"));

	ret->name = json_string_value(json_object_get(entry, name));
	ret->size = (uint64_t)json_integer_value(json_object_get(entry, "size"));
	return hash[0] && hex_decode(hash, ret->sha256, sizeof(ret->sha256)) == 0;
}

size_t manifest_file_count(const struct bundle *b)
{
	return json_array_size(json_object_get(b->manifest, "files"));
}

void manifest_file_at(const struct bundle *b, size_t n, struct manifest_part *ret)
{
	(void)take_part(file_at(b, n), "path", ret);
}

size_t manifest_stream_count(const struct bundle *b, size_t n)
{
	return json_array_size(streams_of(b, n));
}

bool manifest_stream_at(const struct bundle *b, size_t n, size_t stream, struct manifest_part *ret)
{
	return take_part(json_array_get(streams_of(b, n), stream), "name", ret);
}
