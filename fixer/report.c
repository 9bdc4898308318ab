/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "fixer/report.h"
#include "fixer/base/json_text.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

void report_line(bool quiet, const char *format, ...)
{
	char line[1200], clean[1200];
	va_list args;

	if (quiet)
		return;
	va_start(args, format);
	(void)vsnprintf(line, sizeof(line), format, args);
	va_end(args);
	text_clean(clean, sizeof(clean), line);
	(void)puts(clean);
	(void)fflush(stdout);
}

void report_reason(bool quiet, enum reason reason, const char *text)
{
	report_line(quiet, "%s: %s", reason_code(reason), reason_title(reason));
	if (text[0])
		report_line(quiet, "  %s", text);
	if (strcmp(reason_severity(reason), "ok") != 0)
		report_line(quiet, "  %s", reason_advice(reason));
}

json_t *report_json_new(enum reason reason, const char *text)
{
	return json_pack("{s:i, s:s, s:o, s:s}", "v", 1, "reason", reason_code(reason), "text",
	        json_text(text), "advice", reason_advice(reason));
}

void report_json_print(json_t *root)
{
	if (!root || json_dumpf(root, stdout, JSON_INDENT(1)) < 0)
		(void)fputs("fixer: the result could not be written as JSON\n", stderr);
	(void)fputs("\n", stdout);
	(void)fflush(stdout);
	json_decref(root);
}

static const char *scheme_name(enum partition_scheme scheme)
{
	static const char *const names[] = {
	        [SCHEME_NONE] = "no partition table", [SCHEME_MBR] = "mbr", [SCHEME_GPT] = "gpt"};

	return names[scheme];
}

void report_disk(bool quiet, const struct survey *s, const char *path)
{
	char id[DISK_ID_TEXT];

	bundle_disk_id(&s->table, id);
	report_line(quiet, "%s: %s %s, %llu bytes, sectors of %u%s", path,
	        scheme_name(s->table.scheme), id, (unsigned long long)s->disk->size,
	        s->disk->sector_size,
	        s->table.from_backup ? "; primary table damaged, its backup is used" : "");
}

static void report_protectors(bool quiet, const struct bitlocker_info *info)
{
	for (size_t i = 0; i < info->protector_count; i++) {
		const struct bitlocker_protector *p = &info->protectors[i];
		char id[GUID_TEXT];
		guid_format(&p->id, id);
		report_line(quiet, "    protector %s: %s", id, bitlocker_protector_name(p->kind));
	}
}

void report_volume(bool quiet, const struct survey_volume *v)
{
	const struct partition *p = v->partition;

	if (v->bitlocker) {
		const struct bitlocker_info *info = bitlocker_info(v->bitlocker);
		char id[GUID_TEXT];
		guid_format(&info->volume_id, id);
		report_line(quiet, "  partition %u: BitLocker %s, %s, state %u/%u%s, %llu MiB",
		        p->number, id, bitlocker_method_name(info->method), info->current_state,
		        info->next_state, info->suspended ? ", suspended" : "",
		        (unsigned long long)p->size >> 20);
		report_protectors(quiet, info);
	} else {
		report_line(quiet, "  partition %u: %s, %llu MiB", p->number,
		        v->kind == VOLUME_BITLOCKER ? "BitLocker" : "NTFS",
		        (unsigned long long)p->size >> 20);
	}
	if (v->reason != REASON_OK)
		report_line(quiet, "    %s: %s", reason_code(v->reason),
		        v->text[0] ? v->text : reason_title(v->reason));
}

json_t *report_json_disk(const struct survey *s, const char *path)
{
	char id[DISK_ID_TEXT];

	bundle_disk_id(&s->table, id);
	return json_pack("{s:o, s:s, s:s, s:I, s:I, s:b}", "path", json_text(path), "table",
	        scheme_name(s->table.scheme), "id", id, "size", (json_int_t)s->disk->size, "sector",
	        (json_int_t)s->disk->sector_size, "from_backup", (int)s->table.from_backup);
}

static json_t *json_protectors(const struct bitlocker_info *info)
{
	json_t *list = json_array();

	for (size_t i = 0; i < info->protector_count; i++) {
		const struct bitlocker_protector *p = &info->protectors[i];
		char id[GUID_TEXT];
		guid_format(&p->id, id);
		(void)json_array_append_new(list, json_pack("{s:s, s:s}", "id", id, "kind",
		                                          bitlocker_protector_name(p->kind)));
	}
	return list;
}

json_t *report_json_volume(const struct survey_volume *v)
{
	char id[GUID_TEXT] = "";
	json_t *out = json_pack("{s:I, s:I, s:I, s:s, s:s, s:o}", "partition",
	        (json_int_t)v->partition->number, "start", (json_int_t)v->partition->start, "size",
	        (json_int_t)v->partition->size, "kind", volume_kind_name(v->kind), "reason",
	        reason_code(v->reason), "text", json_text(v->text));

	if (v->bitlocker) {
		const struct bitlocker_info *info = bitlocker_info(v->bitlocker);
		char state[16];
		guid_format(&info->volume_id, id);
		(void)snprintf(
		        state, sizeof(state), "%u/%u", info->current_state, info->next_state);
		(void)json_object_set_new(
		        out, "method", json_string(bitlocker_method_name(info->method)));
		(void)json_object_set_new(out, "state", json_string(state));
		(void)json_object_set_new(out, "suspended", json_boolean(info->suspended));
		(void)json_object_set_new(out, "protectors", json_protectors(info));
	}
	(void)json_object_set_new(out, "id", json_string(id));
	return out;
}

/* What became of one file, in words. */
static const char *fate(const struct plan *plan, const struct plan_file *f, enum reason outcome)
{
	bool rename = plan->kind == PLAN_RENAME;

	if (!f->acted)
		return reason_title(f->reason);
	if (outcome == REASON_REPAIRED)
		return rename ? "renamed" : "removed";
	if (outcome == REASON_WOULD_REPAIR)
		return rename ? "would be renamed" : "would be removed";
	return "not done";
}

void report_files(bool quiet, const struct plan *plan, enum reason outcome)
{
	for (size_t i = 0; i < plan->file_count; i++) {
		const struct plan_file *f = &plan->files[i];
		char when[ISO8601_TEXT];
		iso8601_format(filetime_to_ns(f->modified), when);
		report_line(quiet, "      %s, %llu bytes, modified %s: %s", f->path,
		        (unsigned long long)f->size, when, fate(plan, f, outcome));
	}
}

json_t *report_json_files(const struct plan *plan, enum reason outcome)
{
	json_t *list = json_array();

	for (size_t i = 0; i < plan->file_count; i++) {
		const struct plan_file *f = &plan->files[i];
		char when[ISO8601_TEXT], hash[65];
		iso8601_format(filetime_to_ns(f->modified), when);
		hex_encode(f->sha256, sizeof(f->sha256), hash);
		(void)json_array_append_new(
		        list, json_pack("{s:o, s:I, s:s, s:s, s:s, s:b}", "path",
		                      json_text(f->path), "size", (json_int_t)f->size, "modified",
		                      when, "sha256", hash, "reason", reason_code(f->reason),
		                      "removed", (int)(outcome == REASON_REPAIRED && f->acted)));
	}
	return list;
}
