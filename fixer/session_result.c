/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "fixer/base/json_text.h"
#include "fixer/repair/facts_show.h"
#include "fixer/session_internal.h"
#include "netmend/version.h"

#include <stdio.h>

static json_t *file_json(const struct plan_file *f, enum reason outcome)
{
	char modified[ISO8601_TEXT], sha256[65];

	iso8601_format(filetime_to_ns(f->modified), modified);
	hex_encode(f->sha256, sizeof(f->sha256), sha256);
	return json_pack("{s:o, s:I, s:I, s:s, s:o, s:s, s:s, s:b, s:o}", "path",
	        json_text(f->path), "size", (json_int_t)f->size, "attributes",
	        (json_int_t)f->attributes, "modified", modified, "note", json_text(f->note),
	        "sha256", sha256, "reason", reason_code(f->reason), "removed",
	        f->acted && outcome == REASON_REPAIRED, "renamed_to",
	        json_text(outcome == REASON_RENAMED ? f->renamed_to : ""));
}

/* *left: how many more installations the result can take. */
static json_t *installations_json(const struct session_volume *v, size_t *left)
{
	json_t *list = v->facts ? facts_json_installations(v->facts, *left) : json_array();

	*left -= json_array_size(list);
	return list;
}

static json_t *volume_json(const struct session_volume *v, size_t *left)
{
	const struct plan *plan = v->result.plan;
	json_t *files = json_array();
	char id[GUID_TEXT] = "";

	if (v->bitlocker)
		guid_format(&bitlocker_info(v->bitlocker)->volume_id, id);
	for (size_t i = 0; plan && i < plan->file_count; i++)
		(void)json_array_append_new(files, file_json(&plan->files[i], v->reason));
	return json_pack("{s:I, s:I, s:s, s:s, s:o, s:s, s:s, s:I, s:I, s:o, s:o}", "disk",
	        (json_int_t)v->disk, "partition", (json_int_t)v->partition.number, "id", id,
	        "reason", reason_code(v->reason), "text", json_text(v->text), "plan",
	        plan ? plan_kind_name(plan->kind) : "none", "journal",
	        plan ? journal_state_name(plan->journal) : "", "sectors",
	        (json_int_t)v->result.sectors_written, "windows",
	        (json_int_t)(plan ? plan->windows_count : 0), "files", files, "installations",
	        installations_json(v, left));
}

static json_t *bundles_json(const struct session *s)
{
	json_t *bundles = json_array();

	for (size_t i = 0; i < s->bundle_count; i++)
		(void)json_array_append_new(
		        bundles, json_pack("{s:s, s:s}", "sha256", s->bundles[i].sha256, "written",
		                         repair_written_name(s->bundles[i].written)));
	return bundles;
}

static json_t *timing_json(const struct session *s)
{
	return json_pack("{s:I, s:I, s:I, s:I, s:I, s:I, s:I}", "init", (json_int_t)s->timing.init,
	        "session", (json_int_t)s->timing.session, "release", (json_int_t)s->timing.release,
	        "plan", (json_int_t)s->timing.plan, "save", (json_int_t)s->timing.save, "commit",
	        (json_int_t)s->timing.commit, "verify", (json_int_t)s->timing.verify);
}

json_t *session_result(
        const struct session *s, enum reason reason, const char *text, enum bootnext boot_next)
{
	size_t left = NM_MAX_INSTALLATIONS;
	json_t *volumes = json_array();

	for (size_t i = 0; i < s->volume_count; i++)
		(void)json_array_append_new(volumes, volume_json(&s->volumes[i], &left));
	return json_pack("{s:i, s:s, s:o, s:I, s:o, s:o, s:s, s:s, s:o}", "v", NETMEND_WIRE_VERSION,
	        "reason", reason_code(reason), "text", json_text(text), "sectors",
	        (json_int_t)s->sectors, "bundles", bundles_json(s), "timing", timing_json(s),
	        "boot_next", bootnext_name(boot_next), "safe_mode", safe_mode_name(s->safe_mode),
	        "volumes", volumes);
}
