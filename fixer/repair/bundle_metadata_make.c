/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The part of a manifest that is about the metadata of one file, written. */
#include "fixer/repair/bundle_internal.h"

#include <jansson.h>
#include <stdlib.h>

const char *const manifest_name_types[MANIFEST_NAME_TYPES] = {[NTFS_NAME_POSIX] = "posix",
        [NTFS_NAME_WIN32] = "win32",
        [NTFS_NAME_DOS] = "dos",
        [NTFS_NAME_WIN32_AND_DOS] = "win32+dos"};

static json_t *name_entry(const struct ntfs_metadata_name *n)
{
	return json_pack("{s:s, s:s, s:o, s:o, s:o, s:o, s:o}", "name", n->name, "type",
	        manifest_name_types[n->type], "parent", manifest_u64(n->parent), "created",
	        manifest_time(n->times.created), "modified", manifest_time(n->times.modified),
	        "mft_modified", manifest_time(n->times.mft_modified), "accessed",
	        manifest_time(n->times.accessed));
}

static json_t *name_list(const struct ntfs_metadata *m)
{
	json_t *list = json_array();

	for (size_t i = 0; i < m->name_count; i++)
		if (json_array_append_new(list, name_entry(&m->names[i])) < 0) {
			json_decref(list);
			return NULL;
		}
	return list;
}

static json_t *run_list(const struct ntfs_metadata *m)
{
	json_t *list = json_array();

	for (size_t i = 0; i < m->run_count; i++) {
		const struct ntfs_metadata_run *r = &m->runs[i];
		json_int_t lcn = r->lcn == NTFS_HOLE ? -1 : (json_int_t)r->lcn;
		json_t *entry = json_pack("{s:I, s:I, s:I}", "vcn", (json_int_t)r->vcn, "lcn", lcn,
		        "count", (json_int_t)r->length);
		if (json_array_append_new(list, entry) < 0) {
			json_decref(list);
			return NULL;
		}
	}
	return list;
}

static json_t *stream_entry(const struct ntfs_metadata_stream *s)
{
	return json_pack("{s:s, s:I, s:o}", "name", s->name, "size", (json_int_t)s->size, "sha256",
	        s->content ? manifest_hash(s->content, s->size) : json_string(""));
}

static json_t *stream_list(const struct ntfs_metadata *m)
{
	json_t *list = json_array();

	for (size_t i = 0; i < m->stream_count; i++)
		if (json_array_append_new(list, stream_entry(&m->streams[i])) < 0) {
			json_decref(list);
			return NULL;
		}
	return list;
}

static json_t *descriptor(const struct ntfs_metadata *m)
{
	size_t kept = m->descriptor_size <= sizeof(m->descriptor) ? m->descriptor_size : 0;
	char text[2 * sizeof(m->descriptor) + 1];

	hex_encode(m->descriptor, kept, text);
	return json_string(text);
}

json_t *manifest_metadata(const struct ntfs_metadata *m)
{
	char object_id[GUID_TEXT] = "";

	if (m->has_object_id)
		guid_format(&m->object_id, object_id);
	return json_pack("{s:I, s:I, s:b, s:I, s:I, s:o, s:I, s:o, s:I, s:o, s:I, s:I, s:I, s:o, "
	                 "s:s}",
	        "allocated", (json_int_t)m->allocated, "initialized", (json_int_t)m->initialized,
	        "resident", m->resident, "compression_unit", (json_int_t)m->compression_unit,
	        "cluster_size", (json_int_t)m->cluster_size, "clusters", run_list(m),
	        "clusters_left_out", (json_int_t)m->runs_left_out, "names", name_list(m),
	        "names_left_out", (json_int_t)m->names_left_out, "streams", stream_list(m),
	        "streams_left_out", (json_int_t)m->streams_left_out, "security_id",
	        (json_int_t)m->security_id, "descriptor_size", (json_int_t)m->descriptor_size,
	        "descriptor", descriptor(m), "object_id", object_id);
}
