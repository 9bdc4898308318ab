/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A manifest in words. Its form was checked when the bundle was read; its text is anybody's, which
 * report_line() makes safe for a screen. */
#include "fixer/bundle_show.h"
#include "fixer/base/bytes.h"
#include "fixer/report.h"
#include "fixer/windows/sddl.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define SDDL_MAX        900 /* of a line */
#define DESCRIPTOR_SHOW 64  /* bytes as hexadecimal when it has no words */

static const char *text_of(const json_t *object, const char *key)
{
	const char *text = json_string_value(json_object_get(object, key));

	return text ? text : "";
}

static long long number_of(const json_t *object, const char *key)
{
	return (long long)json_integer_value(json_object_get(object, key));
}

static const char *time_of(const json_t *object, const char *key)
{
	return text_of(json_object_get(object, key), "utc");
}

static void show_left_out(const json_t *metadata, const char *key, const char *what)
{
	if (number_of(metadata, key) > 0)
		report_line(false, "    and %lld more %s", number_of(metadata, key), what);
}

static void show_names(const json_t *metadata)
{
	const json_t *names = json_object_get(metadata, "names");

	for (size_t i = 0; i < json_array_size(names); i++) {
		const json_t *n = json_array_get(names, i);
		unsigned long long parent = strtoull(text_of(n, "parent"), NULL, 10);
		report_line(false, "    name %s (%s), in the directory of MFT record %llu",
		        text_of(n, "name"), text_of(n, "type"), parent & 0xffffffffffff);
		report_line(false, "      created %s, modified %s, record changed %s, accessed %s",
		        time_of(n, "created"), time_of(n, "modified"), time_of(n, "mft_modified"),
		        time_of(n, "accessed"));
	}
	show_left_out(metadata, "names_left_out", "names");
}

static void show_clusters(const json_t *metadata)
{
	const json_t *runs = json_object_get(metadata, "clusters");

	if (json_is_true(json_object_get(metadata, "resident")))
		report_line(false, "    content was inside the MFT record");
	for (size_t i = 0; i < json_array_size(runs); i++) {
		const json_t *r = json_array_get(runs, i);
		long long lcn = number_of(r, "lcn"), count = number_of(r, "count");
		if (lcn < 0)
			report_line(false, "    clusters: a hole of %lld", count);
		else
			report_line(false, "    clusters %lld + %lld, of %lld bytes", lcn, count,
			        number_of(metadata, "cluster_size"));
	}
	show_left_out(metadata, "clusters_left_out", "runs of clusters");
}

static void show_streams(const json_t *metadata, size_t file)
{
	const json_t *streams = json_object_get(metadata, "streams");

	for (size_t i = 0; i < json_array_size(streams); i++) {
		const json_t *s = json_array_get(streams, i);
		bool kept = text_of(s, "sha256")[0];
		if (kept)
			report_line(false, "    stream %s, %lld bytes: streams/%zu/%zu",
			        text_of(s, "name"), number_of(s, "size"), file, i);
		else
			report_line(false, "    stream %s, %lld bytes: not kept",
			        text_of(s, "name"), number_of(s, "size"));
	}
	show_left_out(metadata, "streams_left_out", "streams");
}

static void show_security(const json_t *metadata)
{
	uint8_t bytes[NTFS_METADATA_DESCRIPTOR];
	const char *hex = text_of(metadata, "descriptor");
	size_t len = strlen(hex) / 2;
	struct buffer text;

	if (len == 0 || len > sizeof(bytes) || hex_decode(hex, bytes, len) < 0) {
		report_line(false, "    security id %lld, descriptor of %lld bytes not kept",
		        number_of(metadata, "security_id"), number_of(metadata, "descriptor_size"));
		return;
	}
	buffer_init(&text, SDDL_MAX);
	if (sddl_append(bytes, len, &text) == 0)
		report_line(false, "    security id %lld: %s", number_of(metadata, "security_id"),
		        (const char *)text.data);
	else
		report_line(false, "    security id %lld: %.*s%s",
		        number_of(metadata, "security_id"), 2 * DESCRIPTOR_SHOW, hex,
		        len > DESCRIPTOR_SHOW ? "..." : "");
	buffer_free(&text);
}

static void show_metadata(const json_t *metadata, size_t file)
{
	report_line(false, "    %lld bytes allocated, %lld initialized",
	        number_of(metadata, "allocated"), number_of(metadata, "initialized"));
	if (number_of(metadata, "compression_unit") > 0)
		report_line(false, "    compressed in units of %lld clusters",
		        number_of(metadata, "compression_unit"));
	show_names(metadata);
	show_clusters(metadata);
	show_streams(metadata, file);
	show_security(metadata);
	if (text_of(metadata, "object_id")[0])
		report_line(false, "    object id {%s}", text_of(metadata, "object_id"));
}

static void show_files(const json_t *files)
{
	for (size_t i = 0; i < json_array_size(files); i++) {
		const json_t *f = json_array_get(files, i);
		const json_t *metadata = json_object_get(f, "metadata");
		const char *new_path = text_of(f, "renamed_to");
		report_line(false, "  files/%zu: %s", i, text_of(f, "path"));
		report_line(false, "    %s%s", new_path[0] ? "renamed to " : "removed", new_path);
		report_line(false, "    %lld bytes, attributes 0x%llx, MFT record %llu",
		        number_of(f, "size"), (unsigned long long)number_of(f, "attributes"),
		        strtoull(text_of(f, "mft_reference"), NULL, 10) & 0xffffffffffff);
		report_line(false, "    created %s, modified %s, record changed %s, accessed %s",
		        time_of(f, "created"), time_of(f, "modified"), time_of(f, "mft_modified"),
		        time_of(f, "accessed"));
		report_line(false, "    sha256 %s", text_of(f, "sha256"));
		if (metadata)
			show_metadata(metadata, i);
	}
}

/* There is no time in a bundle; the file has one. */
static void show_saved(const char *path)
{
	char when[ISO8601_TEXT];
	struct stat st;

	if (stat(path, &st) < 0)
		return;
	iso8601_format((int64_t)st.st_mtim.tv_sec * 1000000000, when);
	report_line(false, "  saved %s", when);
}

void bundle_show(const char *path, const struct bundle *b)
{
	char hash[65];

	hex_encode(b->sha256, sizeof(b->sha256), hash);
	report_line(false, "%s: sound, sha256 %s", path, hash);
	show_saved(path);
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
