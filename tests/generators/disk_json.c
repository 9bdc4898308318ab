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
		json_array_append_new(
		        list, json_pack("{si ss ss so sI sI}", "number", (int)i + 1, "name",
		                      p->name, "type", p->type, "guid", guid_json(&p->id), "start",
		                      (json_int_t)p->start, "size", (json_int_t)p->size));
	}
	return list;
}

static json_t *channel_file_json(const struct tree_channel_file *f)
{
	char created[ISO8601_TEXT], modified[ISO8601_TEXT];

	iso8601_format(f->created * 1000000000, created);
	iso8601_format(f->modified * 1000000000, modified);
	return json_pack("{ss sI ss ss ss}", "path", f->path, "size", (json_int_t)f->size,
	        "created", created, "modified", modified, "sha256", f->sha256);
}

static json_t *bad_files_json(const struct disk *d)
{
	json_t *list = json_array();

	for (unsigned i = 0; i < TREE_MAX_BAD && d->tree.bad[i].size > 0; i++)
		json_array_append_new(list, channel_file_json(&d->tree.bad[i]));
	return list;
}

static json_t *hex_json(const uint8_t *data, size_t len)
{
	char text[2 * 64 + 1];

	hex_encode(data, len, text);
	return json_string(text);
}

static const char *kind_name(uint16_t kind)
{
	switch (kind) {
	case FVE_CLEAR_KEY:
		return "clear-key";
	case FVE_TPM:
		return "tpm";
	case FVE_STARTUP_KEY:
		return "startup-key";
	case FVE_TPM_PIN:
		return "tpm-pin";
	case FVE_RECOVERY:
		return "recovery-password";
	case FVE_CERTIFICATE:
		return "certificate";
	default:
		return "passphrase";
	}
}

/* With what opens it, where that can be told. */
static json_t *protector_json(const struct disk *d, const struct fve_protector *p)
{
	bool passphrase = p->kind == FVE_PASSPHRASE, file = p->kind == FVE_STARTUP_KEY;

	return json_pack("{so ss ss* ss* ss*}", "guid", guid_json(&p->id), "kind",
	        kind_name(p->kind), "password", p->kind == FVE_RECOVERY ? p->password : NULL,
	        "passphrase", passphrase ? d->fve.options.passphrase : NULL, "file",
	        file ? d->options.startup_key : NULL);
}

static json_t *passwords_json(const struct fve_volume *v)
{
	json_t *list = json_array();

	for (unsigned i = 0; i < v->protector_count; i++) {
		const struct fve_protector *p = &v->protectors[i];
		if (p->kind == FVE_RECOVERY)
			json_array_append_new(list, json_pack("{so ss}", "guid", guid_json(&p->id),
			                                    "password", p->password));
	}
	return list;
}

static json_t *eow_json(const struct fve_volume *v)
{
	json_t *regions = json_array();

	for (unsigned i = 0; i < v->eow.region_count; i++) {
		const struct fve_region *region = &v->eow.regions[i];
		json_array_append_new(regions,
		        json_pack("{sI sI sI sI}", "start", (json_int_t)region->area.start, "size",
		                (json_int_t)region->area.size, "bitmap", (json_int_t)region->bitmap,
		                "log", (json_int_t)region->log));
	}
	return json_pack("{si si s[I I] so}", "percent", (int)v->options.encrypted_percent,
	        "chunk_size", (int)v->eow.chunk_size, "information", (json_int_t)v->eow.first.start,
	        (json_int_t)v->eow.second.start, "regions", regions);
}

static json_t *state_json(const struct fve_volume *v)
{
	unsigned now = v->options.curr_state, next = v->options.next_state;

	return json_sprintf(
	        "%u/%u", now ? now : FVE_STATE_ENCRYPTED, next ? next : FVE_STATE_ENCRYPTED);
}

static json_t *bitlocker_json(const struct disk *d)
{
	static const char *const forms[] = {"fixed", "to-go", "vista"};
	const struct fve_volume *v = &d->fve;
	const struct fve_options *o = &v->options;
	json_t *protectors = json_array(), *metadata = json_array();

	for (unsigned i = 0; i < v->protector_count; i++)
		json_array_append_new(protectors, protector_json(d, &v->protectors[i]));
	for (unsigned i = 0; i < FVE_COPIES; i++)
		json_array_append_new(metadata, json_integer((json_int_t)v->metadata[i]));
	json_t *json = json_pack("{so ss sb ss ss so sI si si sb sb si}", "volume_guid",
	        guid_json(&v->id), "form", forms[o->form], "sector_size_zero", o->sector_size_zero,
	        "method", v->method->name, "places", disk_places_name(d->options.places),
	        "metadata", metadata, "header_backup", (json_int_t)v->header_backup,
	        "header_sectors", (int)(fve_header_size(v) / v->sector_size), "bad_copies",
	        (int)o->bad_copies, "copies_differ", o->copies_differ, "unknown_entries",
	        o->unknown_entries, "stretch_flags", (int)o->stretch_flags);
	json_object_update_new(
	        json, json_pack("{so sI sI so* sb so so so so}", "state", state_json(v),
	                      "encrypted_size", (json_int_t)fve_encrypted_size(v),
	                      "conversion_size", (json_int_t)o->conversion_size, "encrypt_on_write",
	                      o->encrypt_on_write ? eow_json(v) : NULL, "full_encryption", o->full,
	                      "protectors", protectors, "recovery_passwords", passwords_json(v),
	                      "fvek", hex_json(v->fvek, v->method->fvek_len), "vmk",
	                      hex_json(v->vmk, sizeof(v->vmk))));
	return json;
}

int disk_write_json(const struct disk *d)
{
	static const char *const kinds[] = {"bitlocker", "plain", "no-windows", "no-ntfs"};
	const struct disk_options *o = &d->options;
	char *path CLEANUP_FREE = NULL;

	if (asprintf(&path, "%s.json", o->output) < 0)
		return -ENOMEM;
	json_t *json = json_pack("{si ss ss sI sI si so sb so so* ss* so so* so*}", "v", 1, "name",
	        o->name, "kind", kinds[o->kind], "seed", (json_int_t)o->seed, "size",
	        (json_int_t)o->size, "sector_size", (int)o->sector_size, "disk_guid",
	        guid_json(&d->id), "volume_only", o->volume_only, "partitions", partitions_json(d),
	        "c_partition", o->volume_only ? NULL : json_integer(PART_C + 1), "ntfs_sha256",
	        d->ntfs_sha256[0] ? d->ntfs_sha256 : NULL, "bad_files", bad_files_json(d),
	        "good_291", d->tree.good.size > 0 ? channel_file_json(&d->tree.good) : NULL,
	        "bitlocker", o->kind == DISK_BITLOCKER ? bitlocker_json(d) : NULL);
	int r = json && json_dump_file(json, path, JSON_INDENT(1)) == 0 ? 0 : -EIO;
	json_decref(json);
	if (r < 0)
		log_error("cannot write %s", path);
	return r;
}
