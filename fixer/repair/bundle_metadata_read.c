/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The part of a manifest that is about the metadata of one file, read: hostile text. */
#include "fixer/repair/bundle_internal.h"

#include <jansson.h>
#include <string.h>

/* A list of at most max entries. */
static bool is_list(const json_t *list, size_t max)
{
	return json_is_array(list) && json_array_size(list) <= max;
}

static bool is_name(json_t *entry)
{
	json_t *created, *modified, *mft_modified, *accessed;
	const char *name, *type, *parent;
	json_error_t e;
	bool known = false;

	if (json_unpack_ex(entry, &e, 0, "{s:s, s:s, s:s, s:o, s:o, s:o, s:o !}", "name", &name,
	            "type", &type, "parent", &parent, "created", &created, "modified", &modified,
	            "mft_modified", &mft_modified, "accessed", &accessed) < 0)
		return false;
	for (size_t i = 0; i < MANIFEST_NAME_TYPES; i++)
		known = known || strcmp(type, manifest_name_types[i]) == 0;
	return known && strlen(name) < NTFS_NAME_UTF8 && manifest_is_u64(parent) &&
	       manifest_is_time(created) && manifest_is_time(modified) &&
	       manifest_is_time(mft_modified) && manifest_is_time(accessed);
}

static bool is_cluster_run(json_t *entry)
{
	json_int_t vcn, lcn, count;
	json_error_t e;

	if (json_unpack_ex(entry, &e, 0, "{s:I, s:I, s:I !}", "vcn", &vcn, "lcn", &lcn, "count",
	            &count) < 0)
		return false;
	return vcn >= 0 && lcn >= -1 && count > 0;
}

/* left: bytes that the streams of this file may still have in the bundle. */
static bool is_stream(json_t *entry, uint64_t *left)
{
	const char *name, *hash_text;
	uint8_t hash[32];
	json_int_t size;
	json_error_t e;

	if (json_unpack_ex(entry, &e, 0, "{s:s, s:I, s:s !}", "name", &name, "size", &size,
	            "sha256", &hash_text) < 0)
		return false;
	if (size < 0 || strlen(name) >= NTFS_NAME_UTF8)
		return false;
	if (!hash_text[0])
		return true;
	if ((uint64_t)size > *left || hex_decode(hash_text, hash, sizeof(hash)) < 0)
		return false;
	*left -= (uint64_t)size;
	return true;
}

static bool are_lists(json_t *clusters, json_t *names, json_t *streams)
{
	uint64_t left = NTFS_METADATA_STREAM_MAX;
	json_t *entry;
	size_t i;

	if (!is_list(clusters, NTFS_METADATA_RUNS) || !is_list(names, NTFS_METADATA_NAMES) ||
	        !is_list(streams, NTFS_METADATA_STREAMS))
		return false;
	json_array_foreach(clusters, i, entry) if (!is_cluster_run(entry)) return false;
	json_array_foreach(names, i, entry) if (!is_name(entry)) return false;
	json_array_foreach(streams, i, entry) if (!is_stream(entry, &left)) return false;
	return true;
}

/* text is hex of size bytes, or empty when they are too many to be kept. */
static bool is_descriptor(const char *text, json_int_t size)
{
	uint8_t bytes[NTFS_METADATA_DESCRIPTOR];

	if (size < 0 || size > UINT32_MAX)
		return false;
	size_t kept = size <= NTFS_METADATA_DESCRIPTOR ? (size_t)size : 0;
	return hex_decode(text, bytes, kept) == 0;
}

int manifest_check_metadata(json_t *entry, size_t n, struct error *err)
{
	json_int_t allocated, initialized, unit, cluster, clusters_out, names_out, streams_out, id,
	        size;
	json_t *clusters, *names, *streams;
	const char *bytes, *object_id;
	struct guid guid;
	json_error_t e;
	int resident;

	if (json_unpack_ex(entry, &e, 0,
	            "{s:I, s:I, s:b, s:I, s:I, s:o, s:I, s:o, s:I, s:o, s:I, s:I, s:I, s:s, s:s !}",
	            "allocated", &allocated, "initialized", &initialized, "resident", &resident,
	            "compression_unit", &unit, "cluster_size", &cluster, "clusters", &clusters,
	            "clusters_left_out", &clusters_out, "names", &names, "names_left_out",
	            &names_out, "streams", &streams, "streams_left_out", &streams_out,
	            "security_id", &id, "descriptor_size", &size, "descriptor", &bytes, "object_id",
	            &object_id) < 0)
		return bundle_bad(err, "manifest, metadata of file %zu: %s", n, e.text);
	if (allocated < 0 || initialized < 0 || unit < 0 || cluster < 0 || clusters_out < 0 ||
	        names_out < 0 || streams_out < 0 || id < 0 || id > UINT32_MAX ||
	        !is_descriptor(bytes, size) || (object_id[0] && guid_parse(object_id, &guid) < 0) ||
	        !are_lists(clusters, names, streams))
		return bundle_bad(err, "manifest, metadata of file %zu: out of bounds", n);
	return 0;
}
