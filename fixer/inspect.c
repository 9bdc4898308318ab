/* SPDX-License-Identifier: GPL-3.0-or-later */
/* `fixer inspect`: what is on a disk, as far as it can be seen without a key. */
#include "fixer/commands.h"
#include "fixer/report.h"

static json_t *json_partitions(const struct survey *s)
{
	json_t *list = json_array();

	for (size_t i = 0; i < s->table.count; i++) {
		const struct partition *p = &s->table.entries[i];
		char type[GUID_TEXT];
		guid_format(&p->type, type);
		(void)json_array_append_new(list,
		        json_pack("{s:I, s:I, s:I, s:s, s:I, s:s}", "number", (json_int_t)p->number,
		                "start", (json_int_t)p->start, "size", (json_int_t)p->size, "type",
		                type, "mbr_type", (json_int_t)p->mbr_type, "label", p->label));
	}
	return list;
}

static json_t *json_volumes(const struct survey *s)
{
	json_t *list = json_array();

	for (size_t i = 0; i < s->count; i++)
		(void)json_array_append_new(list, report_json_volume(&s->volumes[i]));
	return list;
}

static void show_words(const struct survey *s, const char *path)
{
	report_disk(false, s, path);
	for (size_t i = 0; i < s->table.count; i++) {
		const struct partition *p = &s->table.entries[i];
		report_line(false, "  partition %u at %llu: %llu bytes %s", p->number,
		        (unsigned long long)p->start, (unsigned long long)p->size, p->label);
	}
	report_line(false, s->count ? "volumes:" : "no NTFS or BitLocker volume");
	for (size_t i = 0; i < s->count; i++)
		report_volume(false, &s->volumes[i]);
}

enum exit_status command_inspect(const struct command *c)
{
	struct survey *s CLEANUP(survey_free_p) = NULL;
	struct error err = {0};

	if (survey_disk(c->disk, &s, &err) < 0) {
		report_reason(c->json, err.reason, err.text);
		if (c->json)
			report_json_print(report_json_new(err.reason, err.text));
		return status_of(err.reason);
	}
	if (!c->json) {
		show_words(s, c->disk);
		return STATUS_DONE;
	}
	json_t *root = report_json_new(REASON_OK, "");
	(void)json_object_set_new(root, "disk", report_json_disk(s, c->disk));
	(void)json_object_set_new(root, "partitions", json_partitions(s));
	(void)json_object_set_new(root, "volumes", json_volumes(s));
	report_json_print(root);
	return STATUS_DONE;
}
