/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/api/input.h"

#include <stdio.h>
#include <string.h>

#define PATH_MAX_BYTES 1024

static int file_check(json_t *json, const char *where, struct error *err)
{
	const char *path, *modified, *note, *sha256, *reason, *renamed_to;
	json_int_t size, attributes;
	int removed;
	enum reason parsed;

	int r = input_unpack(json, err, where, "{s:s, s:I, s:I, s:s, s:s, s:s, s:s, s:b, s:s}",
	        "path", &path, "size", &size, "attributes", &attributes, "modified", &modified,
	        "note", &note, "sha256", &sha256, "reason", &reason, "removed", &removed,
	        "renamed_to", &renamed_to);
	if (r == 0)
		r = input_length(path, PATH_MAX_BYTES, "files.path", err);
	if (r == 0)
		r = input_length(renamed_to, PATH_MAX_BYTES, "files.renamed_to", err);
	if (r == 0)
		r = input_range(size, 0, (json_int_t)1 << 60, "files.size", err);
	if (r == 0)
		r = input_range(attributes, 0, UINT32_MAX, "files.attributes", err);
	if (r == 0)
		r = input_length(note, NM_MAX_EVENT_TEXT, "files.note", err);
	/* A file's time may be anything a disk holds. */
	if (r == 0)
		r = input_word(modified, "files.modified", err);
	if (r == 0 && sha256[0])
		r = input_hex(sha256, 32, "files.sha256", err);
	return r < 0 ? r : input_reason(reason, &parsed, "files.reason", err);
}

static int volume_check(json_t *json, const char *where, struct error *err)
{
	const char *id, *reason, *text, *plan, *journal;
	json_int_t disk, partition, sectors, windows;
	json_t *files, *installations, *value;
	enum reason parsed;
	char inner[96];
	size_t i;

	int r = input_unpack(json, err, where,
	        "{s:I, s:I, s:s, s:s, s:s, s:s, s:s, s:I, s:I, s:o, s:o}", "disk", &disk,
	        "partition", &partition, "id", &id, "reason", &reason, "text", &text, "plan", &plan,
	        "journal", &journal, "sectors", &sectors, "windows", &windows, "files", &files,
	        "installations", &installations);
	if (r == 0)
		r = input_range(disk, 0, NM_MAX_DISKS - 1, "volumes.disk", err);
	if (r == 0)
		r = input_range(partition, 0, NM_MAX_PARTITIONS, "volumes.partition", err);
	if (r == 0)
		r = input_guid_or_empty(id, "volumes.id", err);
	if (r == 0)
		r = input_reason(reason, &parsed, "volumes.reason", err);
	if (r == 0)
		r = input_length(text, NM_MAX_EVENT_TEXT, "volumes.text", err);
	if (r == 0)
		r = input_word(plan, "volumes.plan", err);
	if (r == 0)
		r = input_word(journal, "volumes.journal", err);
	if (r == 0)
		r = input_range(sectors, 0, INT32_MAX, "volumes.sectors", err);
	if (r == 0)
		r = input_range(windows, 0, INT32_MAX, "volumes.windows", err);
	if (r == 0 && (!json_is_array(files) || json_array_size(files) > NM_MAX_MATCHES))
		r = input_bad(err, "%s.files: not a list of at most %d", where, NM_MAX_MATCHES);
	if (r == 0)
		r = input_installations(installations, where, err);
	if (r < 0)
		return r;
	json_array_foreach(files, i, value)
	{
		(void)snprintf(inner, sizeof(inner), "%.30s.files[%zu]", where, i);
		r = file_check(value, inner, err);
		if (r < 0)
			return r;
	}
	return 0;
}

static int timing_check(json_t *timing, struct error *err)
{
	json_int_t t[7];
	int r = input_unpack(timing, err, "timing", "{s:I, s:I, s:I, s:I, s:I, s:I, s:I}", "init",
	        &t[0], "session", &t[1], "release", &t[2], "plan", &t[3], "save", &t[4], "commit",
	        &t[5], "verify", &t[6]);

	for (size_t i = 0; r == 0 && i < 7; i++)
		r = input_range(t[i], 0, (json_int_t)1 << 48, "timing", err);
	return r;
}

static int boot_next_check(const char *text, struct error *err)
{
	static const char *const values[] = {"set", "not-needed", "no-entry", "failed", "not-uefi"};

	for (size_t i = 0; i < sizeof(values) / sizeof(values[0]); i++)
		if (strcmp(text, values[i]) == 0)
			return 0;
	return input_bad(err, "boot_next: set, not-needed, no-entry, failed or not-uefi");
}

/* Missing: a fixer from an older medium, which does not look. */
static int safe_mode_check(const char *text, enum machine_safe_mode *ret, struct error *err)
{
	int mode = text ? machine_safe_mode_parse(text) : MACHINE_SAFE_MODE_UNKNOWN;

	if (mode < 0)
		return input_bad(err, "safe_mode: none, minimal, network, dsrepair or unknown");
	*ret = (enum machine_safe_mode)mode;
	return 0;
}

static int bundle_read(json_t *json, struct fleet_report *report, struct error *err)
{
	static const struct {
		const char *word;
		enum bundle_state state;
	} meanings[] = {
	        {WIRE_WRITTEN_NONE, BUNDLE_VOID},
	        {WIRE_WRITTEN_PART, BUNDLE_PENDING},
	        {WIRE_WRITTEN_ALL, BUNDLE_CONFIRMED},
	};
	const char *sha256, *written;

	int r = input_unpack(
	        json, err, "bundles", "{s:s, s:s}", "sha256", &sha256, "written", &written);
	if (r == 0)
		r = input_hex(sha256, 32, "bundles.sha256", err);
	if (r < 0)
		return r;
	for (size_t i = 0; i < sizeof(meanings) / sizeof(meanings[0]); i++) {
		if (strcmp(written, meanings[i].word) != 0)
			continue;
		report->bundles[report->bundle_count].sha256 = sha256;
		report->bundles[report->bundle_count++].state = meanings[i].state;
		return 0;
	}
	return input_bad(err, "bundles.written: none, part or all");
}

static int bundles_read(json_t *list, struct fleet_report *report, struct error *err)
{
	const size_t max = sizeof(report->bundles) / sizeof(report->bundles[0]);
	json_t *value;
	size_t i;

	if (!json_is_array(list) || json_array_size(list) > max)
		return input_bad(err, "bundles: not a list of at most %zu", max);
	json_array_foreach(list, i, value)
	{
		int r = bundle_read(value, report, err);
		if (r < 0)
			return r;
	}
	return 0;
}

int input_result(json_t *root, struct fleet_report *ret, struct error *err)
{
	struct fleet_report report = {0};
	const char *reason, *boot_next, *safe_mode = NULL;
	json_t *bundles, *timing, *volumes, *value;
	json_int_t sectors;
	char where[32];
	size_t i;
	int v;

	int r = input_unpack(root, err, "body", "{s:i, s:s, s:s, s:I, s:o, s:o, s:s, s?s, s:o}",
	        "v", &v, "reason", &reason, "text", &report.text, "sectors", &sectors, "bundles",
	        &bundles, "timing", &timing, "boot_next", &boot_next, "safe_mode", &safe_mode,
	        "volumes", &volumes);
	if (r == 0)
		r = input_version(v, err);
	if (r == 0)
		r = input_reason(reason, &report.reason, "reason", err);
	if (r == 0)
		r = input_length(report.text, NM_MAX_EVENT_TEXT, "text", err);
	if (r == 0)
		r = input_range(sectors, 0, INT32_MAX, "sectors", err);
	if (r == 0)
		r = bundles_read(bundles, &report, err);
	if (r == 0)
		r = timing_check(timing, err);
	if (r == 0)
		r = boot_next_check(boot_next, err);
	if (r == 0)
		r = safe_mode_check(safe_mode, &report.safe_mode, err);
	if (r == 0 && (!json_is_array(volumes) || json_array_size(volumes) > NM_MAX_VOLUMES))
		r = input_bad(err, "volumes: not a list of at most %d", NM_MAX_VOLUMES);
	if (r < 0)
		return r;
	json_array_foreach(volumes, i, value)
	{
		(void)snprintf(where, sizeof(where), "volumes[%zu]", i);
		r = volume_check(value, where, err);
		if (r < 0)
			return r;
	}
	*ret = report;
	return 0;
}
