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

static json_t *json_hash(const void *data, size_t len)
{
	uint8_t hash[32];
	char text[65];

	crypto_hash_sha256(hash, data, len);
	hex_encode(hash, sizeof(hash), text);
	return json_string(text);
}

static json_t *json_u64(uint64_t v)
{
	char text[24];

	(void)snprintf(text, sizeof(text), "%" PRIu64, v);
	return json_string(text);
}

static json_t *json_filetime(uint64_t filetime)
{
	char utc[ISO8601_TEXT];

	iso8601_format(filetime_to_ns(filetime), utc);
	return json_pack("{s:s, s:o}", "utc", utc, "filetime", json_u64(filetime));
}

static json_t *run_entry(const struct plan_run *run, uint32_t sector_size)
{
	size_t len = (size_t)run->count * sector_size;

	return json_pack("{s:I, s:I, s:o, s:o}", "lba", (json_int_t)run->lba, "count",
	        (json_int_t)run->count, "old_sha256", json_hash(run->old_bytes, len), "new_sha256",
	        json_hash(run->new_bytes, len));
}

static json_t *file_entry(size_t n, const struct plan_file *f)
{
	static const uint8_t nothing[1];

	return json_pack("{s:I, s:s, s:I, s:o, s:o, s:o, s:o, s:I, s:o, s:o}", "n", (json_int_t)n,
	        "path", f->path, "size", (json_int_t)f->size, "created", json_filetime(f->created),
	        "modified", json_filetime(f->modified), "mft_modified",
	        json_filetime(f->mft_modified), "accessed", json_filetime(f->accessed),
	        "attributes", (json_int_t)f->attributes, "mft_reference",
	        json_u64(f->mft_reference), "sha256",
	        json_hash(f->content ? f->content : nothing, f->size));
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
	        "{s:i, s:s, s:o, s:o, s:s, s:s, s:{s:s, s:I, s:I}, s:I, s:s, s:o, s:o}", "v", 1,
	        "program", "fixer " NETMEND_VERSION, "host", json_text(origin->host), "recipe",
	        json_text(origin->recipe), "plan", plan_kind_name(plan->kind), "journal",
	        journal_state_name(plan->journal), "disk", "id", disk_id, "size",
	        (json_int_t)origin->disk_size, "sector", (json_int_t)plan->sector_size, "partition",
	        (json_int_t)origin->partition, "volume_id", origin->volume_id, "runs",
	        run_list(plan), "files", file_list(plan));
	char *text = json_dumps(root, JSON_INDENT(1) | JSON_PRESERVE_ORDER);
	json_decref(root);
	return text;
}
