/* SPDX-License-Identifier: GPL-3.0-or-later */
/* `fixer --undo`, `--complete` and `verify`: what can be done with a saved bundle. */
#include "fixer/bundle_file.h"
#include "fixer/commands.h"
#include "fixer/report.h"

#include <stdio.h>
#include <string.h>

static enum exit_status finish(const struct command *c, enum reason reason, const char *text)
{
	report_reason(c->json, reason, text);
	if (c->json)
		report_json_print(report_json_new(reason, text));
	return status_of(reason);
}

/* The part undo and complete share. */
static enum exit_status apply(const struct command *c, enum reason done,
        int (*act)(const char *, const struct bundle *, size_t *, struct error *))
{
	struct bundle *bundle CLEANUP(bundle_free_p) = NULL;
	struct error err = {0};
	char text[120];
	size_t written;

	int r = bundle_file_read(c->bundle, &bundle, &err);
	if (r == 0)
		r = act(c->disk, bundle, &written, &err);
	if (r < 0)
		return finish(c, err.reason, err.text);
	(void)snprintf(text, sizeof(text),
	        "%zu of %zu sectors had to be written, all were read back", written,
	        bundle->sector_count);
	return finish(c, done, text);
}

enum exit_status command_undo(const struct command *c)
{
	return apply(c, REASON_UNDONE, repair_undo);
}

enum exit_status command_complete(const struct command *c)
{
	return apply(c, REASON_COMPLETED_PENDING, repair_complete);
}

static const char *text_of(const json_t *object, const char *key)
{
	const char *text = json_string_value(json_object_get(object, key));

	return text ? text : "";
}

static void show_files(const json_t *files)
{
	for (size_t i = 0; i < json_array_size(files); i++) {
		const json_t *f = json_array_get(files, i);
		report_line(false, "  files/%zu: %s", i, text_of(f, "path"));
		report_line(false, "    %lld bytes, modified %s, created %s",
		        (long long)json_integer_value(json_object_get(f, "size")),
		        text_of(json_object_get(f, "modified"), "utc"),
		        text_of(json_object_get(f, "created"), "utc"));
		report_line(false, "    sha256 %s", text_of(f, "sha256"));
	}
}

static void show_bundle(const char *path, const struct bundle *b)
{
	char hash[65];

	hex_encode(b->sha256, sizeof(b->sha256), hash);
	report_line(false, "%s: sound, sha256 %s", path, hash);
	report_line(false, "  made by %s of %s", text_of(b->manifest, "program"),
	        text_of(b->manifest, "host"));
	report_line(false, "  recipe %s, plan %s, journal %s", text_of(b->manifest, "recipe"),
	        text_of(b->manifest, "plan"), text_of(b->manifest, "journal"));
	report_line(false, "  disk %s, %llu bytes, partition %u%s%s", b->disk_id,
	        (unsigned long long)b->disk_size, b->partition,
	        text_of(b->manifest, "volume_id")[0] ? ", BitLocker volume " : "",
	        text_of(b->manifest, "volume_id"));
	report_line(false, "  %zu sectors of %u bytes in %zu runs", b->sector_count, b->sector_size,
	        b->run_count);
	show_files(json_object_get(b->manifest, "files"));
}

enum exit_status command_verify(const struct command *c)
{
	struct bundle *b CLEANUP(bundle_free_p) = NULL;
	struct error err = {0};

	if (bundle_file_read(c->bundle, &b, &err) < 0)
		return finish(c, err.reason, err.text);
	if (c->json)
		report_json_print(json_incref(b->manifest));
	else
		show_bundle(c->bundle, b);
	return STATUS_DONE;
}
