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

#define FIELD_INDENT 2
#define FIELD_NAME   13
#define LINE_COLUMNS 100

/* Bytes of text that fit into a line, up to a blank if there is one. Counts characters. */
static size_t fitting(const char *text)
{
	size_t columns = 0, blank = 0, i = 0;

	for (; text[i]; i++) {
		columns += ((uint8_t)text[i] & 0xc0) != 0x80;
		if (columns > LINE_COLUMNS - FIELD_INDENT - FIELD_NAME)
			return blank ? blank : i;
		if (text[i] == ' ')
			blank = i;
	}
	return i;
}

void report_field(const char *name, const char *format, ...)
{
	char text[1200];
	const char *at = text;
	va_list args;

	va_start(args, format);
	(void)vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	do {
		size_t len = fitting(at);
		report_line(false, "%*s%-*s%.*s", FIELD_INDENT, "", FIELD_NAME, name, (int)len, at);
		at += len + strspn(at + len, " ");
		name = "";
	} while (*at);
}

const char *report_size(uint64_t bytes, char out[SIZE_TEXT])
{
	static const char *const units[] = {"KiB", "MiB", "GiB", "TiB", "PiB", "EiB"};
	unsigned unit = 0;

	if (bytes < 1024) {
		(void)snprintf(out, SIZE_TEXT, "%u bytes", (unsigned)bytes);
		return out;
	}
	while (unit < 5 && bytes >> (10 * (unit + 2)) > 0)
		unit++;
	uint64_t tenths = (bytes >> (10 * unit)) * 10 / 1024;
	(void)snprintf(out, SIZE_TEXT, "%llu.%llu %s", (unsigned long long)tenths / 10,
	        (unsigned long long)tenths % 10, units[unit]);
	return out;
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
	        [SCHEME_NONE] = "none", [SCHEME_MBR] = "mbr", [SCHEME_GPT] = "gpt"};

	return names[scheme];
}

void report_disk(bool quiet, const struct survey *s, const char *path)
{
	char size[SIZE_TEXT], id[GUID_TEXT];
	const char *inside = volume_content_name(s->content[0]);

	report_line(quiet, "%s: %s (%llu bytes), sectors of %u bytes", path,
	        report_size(s->disk->size, size), (unsigned long long)s->disk->size,
	        s->disk->sector_size);
	guid_format(&s->table.disk_id, id);
	if (s->table.scheme == SCHEME_GPT)
		report_line(quiet, "GPT, disk ID {%s}", id);
	else if (s->table.scheme == SCHEME_MBR)
		report_line(quiet, "MBR, disk signature %08X", s->table.mbr_signature);
	else
		report_line(quiet, "no partition table: one volume, %s",
		        inside ? inside : "of no kind we know");
	if (s->image.format != IMAGE_RAW)
		report_line(quiet, "inside a %s image", image_format_name(s->image.format));
	if (s->image.snapshots)
		report_line(
		        quiet, "%u snapshots in it, which stay as they are", s->image.snapshots);
	if (s->table.from_backup)
		report_line(quiet, "the primary partition table is damaged: its backup is used");
	if (s->refusal.code)
		report_line(quiet, "not to be written to: %s", s->refusal.text);
}

void report_volume(bool quiet, const struct survey_volume *v)
{
	const struct partition *p = v->partition;
	char size[SIZE_TEXT], words[BITLOCKER_CONDITION_TEXT];

	(void)report_size(p->size, size);
	if (v->bitlocker) {
		const struct bitlocker_info *info = bitlocker_info(v->bitlocker);
		bitlocker_condition_words(info, words, sizeof(words));
		report_line(quiet, "  partition %u: %s, BitLocker, %s: %s", p->number, size,
		        bitlocker_method_words(info->method), words);
	} else {
		report_line(quiet, "  partition %u: %s, %s", p->number, size,
		        v->kind == VOLUME_BITLOCKER ? "BitLocker"
		        : v->kind == VOLUME_NTFS    ? "NTFS"
		                                    : "unreadable");
	}
	if (v->reason != REASON_OK)
		report_line(quiet, "    %s: %s", reason_code(v->reason),
		        v->text[0] ? v->text : reason_title(v->reason));
}

json_t *report_json_disk(const struct survey *s, const char *path)
{
	char id[DISK_ID_TEXT];

	bundle_disk_id(&s->table, id);
	return json_pack("{s:o, s:s, s:I, s:s, s:s, s:I, s:I, s:b, s:s, s:o}", "path",
	        json_text(path), "format", image_format_name(s->image.format), "snapshots",
	        (json_int_t)s->image.snapshots, "table", scheme_name(s->table.scheme), "id", id,
	        "size", (json_int_t)s->disk->size, "sector", (json_int_t)s->disk->sector_size,
	        "from_backup", (int)s->table.from_backup, "refusal",
	        s->refusal.code ? reason_code(s->refusal.reason) : "OK", "refusal_text",
	        json_text(s->refusal.text));
}

static json_t *json_guid(const struct guid *g)
{
	char text[GUID_TEXT];

	guid_format(g, text);
	return json_string(text);
}

static json_t *json_protectors(const struct bitlocker_info *info)
{
	json_t *list = json_array();

	for (size_t i = 0; i < info->protector_count; i++) {
		const struct bitlocker_protector *p = &info->protectors[i];
		(void)json_array_append_new(
		        list, json_pack("{s:o, s:s, s:b, s:b}", "id", json_guid(&p->id), "kind",
		                      bitlocker_protector_name(p->kind), "usable", (int)p->has_blob,
		                      "stretch_unknown", (int)p->stretch_flags_unknown));
	}
	return list;
}

static json_t *json_metadata(const struct bitlocker_info *info)
{
	json_t *list = json_array();

	for (size_t i = 0; i < 3; i++)
		(void)json_array_append_new(list,
		        json_pack("{s:I, s:b}", "offset", (json_int_t)info->metadata_offset[i],
		                "good", (int)info->copy_good[i]));
	return list;
}

static void add_bitlocker(const struct bitlocker_info *info, json_t *out)
{
	char state[16], words[BITLOCKER_CONDITION_TEXT];

	(void)snprintf(state, sizeof(state), "%u/%u", info->current_state, info->next_state);
	bitlocker_condition_words(info, words, sizeof(words));
	(void)json_object_update_new(out,
	        json_pack("{s:o, s:s, s:s, s:s, s:s, s:b, s:b, s:I, s:i, s:i, s:i}", "id",
	                json_guid(&info->volume_id), "method", bitlocker_method_name(info->method),
	                "state", state, "condition",
	                bitlocker_condition_name(bitlocker_condition(info)), "condition_text",
	                words, "suspended", (int)info->suspended, "needs_key", (int)info->needs_key,
	                "encrypted_bytes", (json_int_t)info->encrypted_bytes, "encrypted_percent",
	                (int)bitlocker_percent(info), "sector", (int)info->sector_size,
	                "metadata_version", (int)info->version));
	(void)json_object_set_new(out, "metadata", json_metadata(info));
	(void)json_object_set_new(out, "metadata_equal", json_boolean(info->copies_agree));
	(void)json_object_set_new(
	        out, "header_offset", json_integer((json_int_t)info->header_offset));
	(void)json_object_set_new(out, "header_sectors", json_integer(info->header_sectors));
	(void)json_object_set_new(out, "protectors", json_protectors(info));
	(void)json_object_set_new(
	        out, "protectors_left_out", json_integer((json_int_t)info->protectors_left_out));
}

json_t *report_json_volume(const struct survey_volume *v)
{
	json_t *out = json_pack("{s:I, s:I, s:I, s:s, s:s, s:o, s:s}", "partition",
	        (json_int_t)v->partition->number, "start", (json_int_t)v->partition->start, "size",
	        (json_int_t)v->partition->size, "kind", volume_kind_name(v->kind), "reason",
	        reason_code(v->reason), "text", json_text(v->text), "id", "");

	if (v->bitlocker)
		add_bitlocker(bitlocker_info(v->bitlocker), out);
	return out;
}

/* What became of one file, in words. */
static const char *fate(const struct plan *plan, const struct plan_file *f, enum reason outcome)
{
	bool rename = plan->kind == PLAN_RENAME;

	if (!f->acted)
		return reason_title(f->reason);
	if (repair_is_done(outcome))
		return rename ? "renamed to .off" : "removed";
	if (outcome == REASON_WOULD_REPAIR)
		return rename ? "would be renamed to .off" : "would be removed";
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
		if (f->note[0])
			report_line(quiet, "        %s", f->note);
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
		        list, json_pack("{s:o, s:I, s:I, s:s, s:o, s:s, s:s, s:b, s:o}", "path",
		                      json_text(f->path), "size", (json_int_t)f->size, "attributes",
		                      (json_int_t)f->attributes, "modified", when, "note",
		                      json_text(f->note), "sha256", hash, "reason",
		                      reason_code(f->reason), "removed",
		                      (int)(outcome == REASON_REPAIRED && f->acted), "renamed_to",
		                      json_text(outcome == REASON_RENAMED ? f->renamed_to : "")));
	}
	return list;
}
