/* SPDX-License-Identifier: GPL-3.0-or-later */
/* OUTPUT.json: everything a test may want to know about the disk; README.md has the schema. */
#include "tests/generators/disk.h"
#include "fixer/base/cleanup.h"
#include "fixer/base/log.h"

#include <errno.h>
#include <jansson.h>
#include <stdio.h>

static json_t *guid_json(const struct guid *g)
{
	char text[GUID_TEXT];

	guid_format(g, text);
	return json_string(text);
}

static json_t *partitions_json(const struct disk *d)
{
	json_t *list = json_array();

	for (unsigned i = 0; i < d->partition_count; i++) {
		const struct gpt_partition *p = &d->partitions[i];
		json_array_append_new(list, json_pack("{si ss ss so sI sI}", "number", (int)i + 1, "name",
						    p->name, "type", p->type, "guid", guid_json(&p->id),
						    "start", (json_int_t)p->start, "size",
						    (json_int_t)p->size));
	}
	return list;
}

static json_t *channel_file_json(const struct tree_channel_file *f)
{
	char created[ISO8601_TEXT], modified[ISO8601_TEXT];

	iso8601_format(f->created * 1000000000, created);
	iso8601_format(f->modified * 1000000000, modified);
	return json_pack("{ss sI ss ss ss}", "path", f->path, "size", (json_int_t)f->size, "created",
		created, "modified", modified, "sha256", f->sha256);
}

static json_t *bad_files_json(const struct disk *d)
{
	json_t *list = json_array();

	for (unsigned i = 0; i < TREE_MAX_BAD && d->tree.bad[i].size > 0; i++)
		json_array_append_new(list, channel_file_json(&d->tree.bad[i]));
	return list;
}

int disk_write_json(const struct disk *d)
{
	static const char *const kinds[] = {"bitlocker", "plain", "no-windows", "no-ntfs"};
	const struct disk_options *o = &d->options;
	char *path CLEANUP_FREE = NULL;

	if (asprintf(&path, "%s.json", o->output) < 0)
		return -ENOMEM;
	json_t *json = json_pack("{si ss ss sI sI si so so si ss* so so*}", "v", 1, "name", o->name, "kind",
		kinds[o->kind], "seed", (json_int_t)o->seed, "size", (json_int_t)o->size, "sector_size",
		(int)o->sector_size, "disk_guid", guid_json(&d->id), "partitions", partitions_json(d),
		"c_partition", PART_C + 1, "ntfs_sha256", d->ntfs_sha256[0] ? d->ntfs_sha256 : NULL,
		"bad_files", bad_files_json(d), "good_291",
		d->tree.good.size > 0 ? channel_file_json(&d->tree.good) : NULL);
	int r = json && json_dump_file(json, path, JSON_INDENT(1)) == 0 ? 0 : -EIO;
	json_decref(json);
	if (r < 0)
		log_error("cannot write %s", path);
	return r;
}
