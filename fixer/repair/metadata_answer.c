/* SPDX-License-Identifier: GPL-3.0-or-later */
/* In the order of the functions. */
#include "fixer/repair/metadata_answer.h"

#include <string.h>

#define CLUSTER_MAX (2u * 1024 * 1024) /* of NTFS */

/* --- writing --------------------------------------------------------------------------------- */

static int put_name(struct buffer *out, const struct ntfs_metadata_name *n)
{
	const uint64_t numbers[] = {n->parent, n->type, n->times.created, n->times.modified,
	        n->times.mft_modified, n->times.accessed};

	int r = answer_put_numbers(out, numbers, sizeof(numbers) / sizeof(numbers[0]));
	return r < 0 ? r : answer_put_text(out, n->name);
}

static int put_stream(struct buffer *out, const struct ntfs_metadata_stream *s)
{
	int r = answer_put_text(out, s->name);

	if (r == 0)
		r = answer_put_numbers(out, (uint64_t[]){s->size, s->content != NULL}, 2);
	if (r == 0 && s->content)
		r = buffer_append(out, s->content, (size_t)s->size);
	return r;
}

static int put_security(struct buffer *out, const struct ntfs_metadata *m)
{
	size_t kept = m->descriptor_size <= sizeof(m->descriptor) ? m->descriptor_size : 0;

	int r = answer_put_numbers(out, (uint64_t[]){m->security_id, m->descriptor_size}, 2);
	return r < 0 ? r : buffer_append(out, m->descriptor, kept);
}

int metadata_put(struct buffer *out, const struct ntfs_metadata *m)
{
	const uint64_t numbers[] = {m->allocated, m->initialized, m->resident, m->compression_unit,
	        m->cluster_size, m->run_count, m->runs_left_out, m->name_count, m->names_left_out,
	        m->stream_count, m->streams_left_out, m->has_object_id};

	int r = answer_put_numbers(out, numbers, sizeof(numbers) / sizeof(numbers[0]));
	if (r == 0)
		r = buffer_append(out, m->object_id.bytes, GUID_LEN);
	if (r == 0)
		r = put_security(out, m);
	for (size_t i = 0; r == 0 && i < m->run_count; i++)
		r = answer_put_numbers(
		        out, (uint64_t[]){m->runs[i].vcn, m->runs[i].lcn, m->runs[i].length}, 3);
	for (size_t i = 0; r == 0 && i < m->name_count; i++)
		r = put_name(out, &m->names[i]);
	for (size_t i = 0; r == 0 && i < m->stream_count; i++)
		r = put_stream(out, &m->streams[i]);
	return r;
}

/* --- reading --------------------------------------------------------------------------------- */

static void get_run(struct cursor *c, struct ntfs_metadata_run *run)
{
	run->vcn = answer_number(c, INT64_MAX);
	run->lcn = cursor_le64(c);
	run->length = answer_number(c, INT64_MAX);
	if (run->length == 0 || (run->lcn > INT64_MAX && run->lcn != NTFS_HOLE))
		c->failed = true;
}

static void get_name(struct cursor *c, struct ntfs_metadata_name *n)
{
	n->parent = cursor_le64(c);
	n->type = (uint8_t)answer_number(c, NTFS_NAME_WIN32_AND_DOS);
	n->times.created = cursor_le64(c);
	n->times.modified = cursor_le64(c);
	n->times.mft_modified = cursor_le64(c);
	n->times.accessed = cursor_le64(c);
	answer_text(c, n->name, sizeof(n->name));
}

/* left: bytes that the contents of the remaining streams may have together. */
static void get_stream(struct cursor *c, struct ntfs_metadata_stream *s, uint64_t *left)
{
	answer_text(c, s->name, sizeof(s->name));
	s->size = answer_number(c, INT64_MAX);
	if (!answer_number(c, 1))
		return;
	const uint8_t *p = s->size <= *left ? cursor_take(c, (size_t)s->size) : NULL;
	s->content = p ? malloc(s->size ? (size_t)s->size : 1) : NULL;
	if (!s->content) {
		c->failed = true;
		return;
	}
	memcpy(s->content, p, (size_t)s->size);
	*left -= s->size;
}

static void get_security(struct cursor *c, struct ntfs_metadata *m)
{
	m->security_id = (uint32_t)answer_number(c, UINT32_MAX);
	m->descriptor_size = (size_t)answer_number(c, UINT32_MAX);
	if (m->descriptor_size <= sizeof(m->descriptor))
		(void)cursor_copy(c, m->descriptor, m->descriptor_size);
}

static void get_lists(struct cursor *c, struct ntfs_metadata *m)
{
	uint64_t left = NTFS_METADATA_STREAM_MAX;

	for (size_t i = 0; !c->failed && i < m->run_count; i++)
		get_run(c, &m->runs[i]);
	for (size_t i = 0; !c->failed && i < m->name_count; i++)
		get_name(c, &m->names[i]);
	for (size_t i = 0; !c->failed && i < m->stream_count; i++)
		get_stream(c, &m->streams[i], &left);
}

struct ntfs_metadata *metadata_get(struct cursor *c)
{
	struct ntfs_metadata *m = calloc(1, sizeof(*m));

	if (!m) {
		c->failed = true;
		return NULL;
	}
	m->allocated = answer_number(c, INT64_MAX);
	m->initialized = answer_number(c, INT64_MAX);
	m->resident = answer_number(c, 1);
	m->compression_unit = (uint32_t)answer_number(c, UINT16_MAX);
	m->cluster_size = (uint32_t)answer_number(c, CLUSTER_MAX);
	m->run_count = (size_t)answer_number(c, NTFS_METADATA_RUNS);
	m->runs_left_out = (size_t)answer_number(c, UINT32_MAX);
	m->name_count = (size_t)answer_number(c, NTFS_METADATA_NAMES);
	m->names_left_out = (size_t)answer_number(c, UINT32_MAX);
	m->stream_count = (size_t)answer_number(c, NTFS_METADATA_STREAMS);
	m->streams_left_out = (size_t)answer_number(c, UINT32_MAX);
	m->has_object_id = answer_number(c, 1);
	(void)cursor_copy(c, m->object_id.bytes, GUID_LEN);
	get_security(c, m);
	get_lists(c, m);
	if (!c->failed)
		return m;
	ntfs_metadata_free(m);
	return NULL;
}
