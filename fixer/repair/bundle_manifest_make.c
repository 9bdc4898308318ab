/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The manifest of a bundle, written. 64-bit values that do not fit a double are decimal text, so
 * that any JSON reader keeps them. */
#include "fixer/repair/bundle_internal.h"
#include "fixer/base/json_text.h"
#include "netmend/version.h"

#include <inttypes.h>
#include <jansson.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>

json_t *manifest_hash(const void *data, size_t len)
{
	static const uint8_t nothing[1];
	uint8_t hash[32];
	char text[65];

	crypto_hash_sha256(hash, data ? data : nothing, len);
	hex_encode(hash, sizeof(hash), text);
	return json_string(text);
}

json_t *manifest_u64(uint64_t v)
{
	char text[24];

	(void)snprintf(text, sizeof(text), "%" PRIu64, v);
	return json_string(text);
}

json_t *manifest_time(uint64_t filetime)
{
	char utc[ISO8601_TEXT];

	iso8601_format(filetime_to_ns(filetime), utc);
	return json_pack("{s:s, s:o}", "utc", utc, "filetime", manifest_u64(filetime));
}

static json_t *run_entry(const struct plan_run *run, uint32_t sector_size)
{
	size_t len = (size_t)run->count * sector_size;

	return json_pack("{s:I, s:I, s:s, s:o, s:o}", "lba", (json_int_t)run->lba, "count",
	        (json_int_t)run->count, "stage", plan_stage_name(run->stage), "old_sha256",
	        manifest_hash(run->old_bytes, len), "new_sha256",
	        manifest_hash(run->new_bytes, len));
}

static json_t *file_entry(size_t n, const struct plan_file *f)
{
	return json_pack("{s:I, s:s, s:s, s:I, s:o, s:o, s:o, s:o, s:I, s:o, s:o, s:o}", "n",
	        (json_int_t)n, "path", f->path, "renamed_to", f->renamed_to, "size",
	        (json_int_t)f->size, "created", manifest_time(f->created), "modified",
	        manifest_time(f->modified), "mft_modified", manifest_time(f->mft_modified),
	        "accessed", manifest_time(f->accessed), "attributes", (json_int_t)f->attributes,
	        "mft_reference", manifest_u64(f->mft_reference), "sha256",
	        manifest_hash(f->content, f->size), "metadata", manifest_metadata(f->metadata));
}

static json_t *run_list(const struct plan *plan)
{
	json_t *list = json_array();

	for (size_t i = 0; i < plan->run_count; i++)
		if (json_array_append_new(list, run_entry(&plan->runs[i], plan->sector_size)) < 0) {
			json_decref(list);
			return NULL;
		}
	return list;
}

static json_t *file_list(const struct plan *plan)
{
	json_t *list = json_array();

	for (size_t i = 0; i < plan->file_count; i++) {
		const struct plan_file *f = &plan->files[i];
		if (!f->acted)
			continue;
		if (json_array_append_new(list, file_entry(json_array_size(list), f)) < 0) {
			json_decref(list);
			return NULL;
		}
	}
	return list;
}

char *manifest_make(const struct plan *plan, const struct bundle_origin *origin)
{
	char disk_id[DISK_ID_TEXT];

	bundle_disk_id(origin->table, disk_id);
	json_t *root = json_pack(
	        "{s:i, s:s, s:o, s:o, s:s, s:s, s:{s:s, s:I, s:I}, s:I, s:s, s:o, s:o}", "v",
	        MANIFEST_VERSION, "program", "fixer " NETMEND_VERSION, "host",
	        json_text(origin->host), "recipe", json_text(origin->recipe), "plan",
	        plan_kind_name(plan->kind), "journal", journal_state_name(plan->journal), "disk",
	        "id", disk_id, "size", (json_int_t)origin->disk_size, "sector",
	        (json_int_t)plan->sector_size, "partition", (json_int_t)origin->partition,
	        "volume_id", origin->volume_id, "runs", run_list(plan), "files", file_list(plan));
	char *text = json_dumps(root, JSON_INDENT(1) | JSON_PRESERVE_ORDER);
	json_decref(root);
	return text;
}
