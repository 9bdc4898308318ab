/* SPDX-License-Identifier: GPL-3.0-or-later */
/* `fixer inspect --json`; README.md names every field. */
#include "fixer/base/json_text.h"
#include "fixer/inspect.h"
#include "fixer/repair/facts_show.h"
#include "fixer/report.h"

#include <stdio.h>

static json_t *json_partition(const struct partition *p, enum volume_content content)
{
	char type[GUID_TEXT], id[GUID_TEXT];
	const char *type_name = partition_type_name(p),
	           *content_name = volume_content_name(content);

	guid_format(&p->type, type);
	guid_format(&p->id, id);
	return json_pack("{s:I, s:I, s:I, s:s, s:I, s:s, s:s, s:s, s:s}", "number",
	        (json_int_t)p->number, "start", (json_int_t)p->start, "size", (json_int_t)p->size,
	        "type", type, "mbr_type", (json_int_t)p->mbr_type, "type_name",
	        type_name ? type_name : "", "id", id, "label", p->label, "content",
	        content_name ? content_name : "");
}

static json_t *json_partitions(const struct survey *s)
{
	json_t *list = json_array();

	for (size_t i = 0; i < s->table.count; i++)
		(void)json_array_append_new(
		        list, json_partition(&s->table.entries[i], s->content[i]));
	return list;
}

static json_t *json_ntfs(const struct volume_facts *f)
{
	const struct ntfs_description *d = &f->description;
	char version[16], serial[20];

	(void)snprintf(version, sizeof(version), "%u.%u", d->major, d->minor);
	(void)snprintf(serial, sizeof(serial), "%016llX", (unsigned long long)f->ntfs.serial);
	return json_pack("{s:s, s:s, s:o, s:I, s:I, s:I, s:s, s:b, s:b, s:b}", "version", version,
	        "serial", serial, "label", json_text(d->label), "cluster",
	        (json_int_t)d->cluster_size, "size", (json_int_t)d->size, "free",
	        (json_int_t)d->free, "journal", journal_state_name(f->ntfs.journal), "dirty",
	        (int)((f->ntfs.flags & NTFS_FLAG_DIRTY) != 0), "hibernated",
	        (int)f->ntfs.hibernated, "mirror_equal", (int)!f->ntfs.mirror_differs);
}

/* Reason, text and advice; OK when nothing stands against it. */
static json_t *json_verdict(const struct error *err)
{
	enum reason reason = err->code ? err->reason : REASON_OK;

	return json_pack("{s:s, s:o, s:s}", "reason", reason_code(reason), "text",
	        json_text(err->text), "advice", reason_advice(reason));
}

static json_t *json_volume(const struct inspected_volume *v)
{
	json_t *out = report_json_volume(v->volume);
	bool open = !v->closed.code;
	char needs[NEEDS_TEXT];

	inspect_needs(v, needs);
	(void)json_object_set_new(out, "open", json_boolean(open));
	(void)json_object_set_new(out, "how", json_text(v->how));
	(void)json_object_set_new(out, "needs", json_text(needs));
	(void)json_object_set_new(out, "ntfs", open ? json_ntfs(&v->facts) : json_null());
	(void)json_object_set_new(
	        out, "installations", facts_json_installations(&v->facts, WINDOWS_MAX));
	(void)json_object_set_new(out, "repair", json_verdict(&v->repair));
	return out;
}

void inspect_json(const struct inspection *in, json_t *root)
{
	json_t *volumes = json_array();

	for (size_t i = 0; i < in->count; i++)
		(void)json_array_append_new(volumes, json_volume(&in->volumes[i]));
	(void)json_object_set_new(root, "disk", report_json_disk(in->survey, in->path));
	(void)json_object_set_new(root, "partitions", json_partitions(in->survey));
	(void)json_object_set_new(root, "volumes", volumes);
	(void)json_object_set_new(
	        root, "volumes_left_out", json_integer((json_int_t)in->survey->left_out));
}
