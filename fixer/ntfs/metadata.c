/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "fixer/ntfs/metadata.h"
#include "fixer/base/bytes.h"
#include "fixer/ntfs/internal.h"

#include <string.h>

/* The value of a resident attribute, at least min bytes of it; NULL when it does not lie inside. */
static const void *value_of(const ATTR_RECORD *a, size_t min, size_t *ret_len)
{
	size_t offset = le16_to_cpu(a->value_offset), len = le32_to_cpu(a->value_length);

	if (a->non_resident || len < min || !range_within(offset, len, le32_to_cpu(a->length)))
		return NULL;
	*ret_len = len;
	return (const uint8_t *)a + offset;
}

/* UTF-8 that can go anywhere, from UTF-16 units. */
static int take_name(const void *units, size_t count, char out[NTFS_NAME_UTF8])
{
	char *text = utf16_to_utf8(units, count);

	if (!text)
		return -ENOMEM;
	text_clean(out, NTFS_NAME_UTF8, text);
	free(text);
	return 0;
}

static int take_file_name(const ATTR_RECORD *a, struct ntfs_metadata *m)
{
	size_t len;
	const FILE_NAME_ATTR *fn = value_of(a, sizeof(*fn), &len);

	if (!fn || (len - sizeof(*fn)) / sizeof(ntfschar) < fn->file_name_length)
		return -EIO;
	if (m->name_count == NTFS_METADATA_NAMES) {
		m->names_left_out++;
		return 0;
	}
	struct ntfs_metadata_name *name = &m->names[m->name_count++];
	name->parent = le64_to_cpu(fn->parent_directory);
	name->type = fn->file_name_type;
	name->times = (struct ntfs_times){
	        .created = (uint64_t)sle64_to_cpu(fn->creation_time),
	        .modified = (uint64_t)sle64_to_cpu(fn->last_data_change_time),
	        .mft_modified = (uint64_t)sle64_to_cpu(fn->last_mft_change_time),
	        .accessed = (uint64_t)sle64_to_cpu(fn->last_access_time),
	};
	return take_name(fn->file_name, fn->file_name_length, name->name);
}

static int take_object_id(const ATTR_RECORD *a, struct ntfs_metadata *m)
{
	size_t len;
	const void *id = value_of(a, GUID_LEN, &len);

	if (!id)
		return -EIO;
	memcpy(m->object_id.bytes, id, GUID_LEN);
	m->has_object_id = true;
	return 0;
}

/* Its content comes later: the search must not be disturbed. A long attribute list has several
 * records of one stream; only the first has its size. */
static int take_stream(const ATTR_RECORD *a, struct ntfs_metadata *m)
{
	if (a->name_length == 0 || (a->non_resident && a->lowest_vcn != 0))
		return 0;
	if (!range_within(le16_to_cpu(a->name_offset), 2u * a->name_length, le32_to_cpu(a->length)))
		return -EIO;
	if (m->stream_count == NTFS_METADATA_STREAMS) {
		m->streams_left_out++;
		return 0;
	}
	struct ntfs_metadata_stream *s = &m->streams[m->stream_count++];
	s->size = a->non_resident ? (uint64_t)sle64_to_cpu(a->data_size)
	                          : le32_to_cpu(a->value_length);
	return take_name((const uint8_t *)a + le16_to_cpu(a->name_offset), a->name_length, s->name);
}

static int take_attribute(const ATTR_RECORD *a, struct ntfs_metadata *m)
{
	if (a->type == AT_FILE_NAME)
		return take_file_name(a, m);
	if (a->type == AT_OBJECT_ID)
		return take_object_id(a, m);
	return a->type == AT_DATA ? take_stream(a, m) : 0;
}

static int take_attributes(ntfs_inode *ni, struct ntfs_metadata *m)
{
	ntfs_attr_search_ctx *ctx = ntfs_attr_get_search_ctx(ni, NULL);
	int r = ctx ? 0 : ntfs_errno();

	while (r == 0 && ntfs_attr_lookup(AT_UNUSED, NULL, 0, CASE_SENSITIVE, 0, NULL, 0, ctx) == 0)
		r = take_attribute(ctx->attr, m);
	if (r == 0 && errno != ENOENT)
		r = ntfs_errno();
	if (ctx)
		ntfs_attr_put_search_ctx(ctx);
	return r;
}

static int read_all(ntfs_inode *ni, struct ntfs_metadata *m)
{
	int r = take_attributes(ni, m);

	if (r == 0)
		r = ntfs_metadata_data(ni, m);
	if (r == 0)
		r = ntfs_metadata_streams(ni, m);
	if (r == 0)
		r = ntfs_metadata_security(ni, m);
	return r;
}

int ntfs_metadata_read(struct ntfs_view *view, uint64_t ref, struct ntfs_metadata **ret)
{
	ntfs_inode *ni = ntfs_inode_open(view->vol, ref);

	if (!ni)
		return ntfs_errno();
	struct ntfs_metadata *m = calloc(1, sizeof(*m));
	int r = m ? 0 : -ENOMEM;
	if (r == 0 && MSEQNO(ref) != 0 && le16_to_cpu(ni->mrec->sequence_number) != MSEQNO(ref))
		r = -ESTALE;
	if (r == 0)
		r = read_all(ni, m);
	(void)ntfs_inode_close(ni);
	if (r < 0) {
		ntfs_metadata_free(m);
		return r;
	}
	*ret = m;
	return 0;
}

void ntfs_metadata_free(struct ntfs_metadata *m)
{
	if (!m)
		return;
	for (size_t i = 0; i < m->stream_count; i++)
		free(m->streams[i].content);
	free(m);
}
