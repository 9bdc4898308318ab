/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/cli/recipe.h"
#include "fixer/base/text.h"

#include <errno.h>
#include <inttypes.h>
#include <jansson.h>
#include <stdio.h>
#include <string.h>

static const char *const action_names[] = {
        [ACTION_REMOVE] = "remove", [ACTION_RENAME] = "rename", [ACTION_REPORT] = "report-only"};
static const char *const unclean_names[] = {
        [UNCLEAN_RENAME] = "rename", [UNCLEAN_REPLAY] = "replay", [UNCLEAN_REFUSE] = "refuse"};

/* The states of a volume that a plan depends on. */
enum volume_state {
	VOLUME_CLEAN,
	VOLUME_UNCLEAN,
	VOLUME_DIRTY,
	VOLUME_MIRROR,
	VOLUME_HIBERNATED,
	VOLUME_DAMAGED,
	VOLUME_STATES
};
static const char *const state_names[] = {[VOLUME_CLEAN] = "journal clean or empty",
        [VOLUME_UNCLEAN] = "journal not clean (crash)",
        [VOLUME_DIRTY] = "marked dirty",
        [VOLUME_MIRROR] = "$MFT and $MFTMirr differ",
        [VOLUME_HIBERNATED] = "hibernated, fast start-up",
        [VOLUME_DAMAGED] = "journal damaged"};

#define IN_PLACE "renames it in place (.sys to .off), the journal is left to Windows"

static const char *does_unclean(const struct recipe *r)
{
	if (r->unclean == UNCLEAN_REFUSE)
		return "leaves it (NTFS_UNCLEAN)";
	if (r->unclean == UNCLEAN_REPLAY && r->action == ACTION_REMOVE)
		return IN_PLACE "; where the journal still changes the file: replays it, deletes "
		                "the file and has Windows check the disk";
	return IN_PLACE "; where the journal still changes the file: leaves it (NTFS_PENDING)";
}

static const char *does(const struct recipe *r, enum volume_state state)
{
	bool refuses = r->unclean == UNCLEAN_REFUSE;

	if (r->action == ACTION_REPORT)
		return "reports it, changes nothing";
	switch (state) {
	case VOLUME_CLEAN:
		return r->action == ACTION_REMOVE ? "deletes it"
		                                  : "renames it in place (.sys to .off)";
	case VOLUME_UNCLEAN:
		return does_unclean(r);
	case VOLUME_DIRTY:
		return refuses ? "leaves it (NTFS_DIRTY)" : IN_PLACE;
	case VOLUME_MIRROR:
		return refuses ? "leaves it (NTFS_MIRROR_DIFFERS)"
		               : "leaves it (NTFS_MIRROR_DIFFERS); journal not clean: renames it "
		                 "in place";
	case VOLUME_HIBERNATED:
		return "leaves it (NTFS_HIBERNATED)";
	default:
		return "leaves it (NTFS_JOURNAL_DAMAGED)";
	}
}

static void format_time(int64_t seconds, char out[ISO8601_TEXT])
{
	iso8601_format(seconds * 1000000000, out);
}

void recipe_table_row(struct table *t, const struct recipe *r)
{
	table_cell(t, TABLE_PLAIN, "%s", r->name);
	table_cell(t, TABLE_PLAIN, "%u", r->version);
	table_cell(t, TABLE_PLAIN, "%s", action_names[r->action]);
	table_cell(t, TABLE_PLAIN, "%s%s", r->matches[0].glob,
	        r->match_count > 1 ? " and others" : "");
	table_cell(t, TABLE_PLAIN, "%s", r->matches[0].path);
}

static void print_content(const struct recipe_match *m)
{
	char hex[2 * RECIPE_HEADER_MAX + 1];

	if (m->size_min > 0 && m->size_max < UINT64_MAX)
		printf("  - has %" PRIu64 " to %" PRIu64 " bytes\n", m->size_min, m->size_max);
	else if (m->size_min > 0)
		printf("  - has at least %" PRIu64 " bytes\n", m->size_min);
	else if (m->size_max < UINT64_MAX)
		printf("  - has at most %" PRIu64 " bytes\n", m->size_max);
	hex_encode(m->header, m->header_len, hex);
	if (m->header_len > 0)
		printf("  - begins with the bytes %s\n", hex);
	hex_encode(m->sha256, sizeof(m->sha256), hex);
	if (m->has_sha256)
		printf("  - has the SHA-256 %s\n", hex);
	if (m->size_min > 0 || m->size_max < UINT64_MAX || m->header_len > 0 || m->has_sha256)
		puts("    (a file of this name with other content is reported and left)");
}

static void print_match(const struct recipe_match *m)
{
	char from[ISO8601_TEXT], to[ISO8601_TEXT];

	printf("\nfinds (line %u) each file that\n  - is called %s, in any case\n", m->line,
	        m->glob);
	printf("  - is in %s %s\n", m->path,
	        recipe_path_in_windows(m->path)
	                ? "of every Windows on the machine, whatever its directory is called"
	                : "from the root of every volume");
	if (m->has_window) {
		format_time(m->modified_from, from);
		format_time(m->modified_to, to);
		printf("  - was last modified at %s or later and before %s%s\n", from, to,
		        m->act_outside_window ? "; at any other time, too"
		                              : "\n    (any other is reported and left)");
	}
	print_content(m);
}

void recipe_print_words(const struct recipe *r)
{
	struct recipe_warning warnings[RECIPE_WARNINGS_MAX];
	size_t count = recipe_warnings(r, warnings, RECIPE_WARNINGS_MAX);

	printf("recipe %s, version %u%s%s\n", r->name, r->version, r->title[0] ? ": " : "",
	        r->title);
	for (size_t i = 0; i < r->match_count; i++)
		print_match(&r->matches[i]);
	puts("\nand then, when the volume is");
	for (unsigned i = 0; i < VOLUME_STATES; i++)
		printf("  %-26s %s\n", state_names[i], does(r, (enum volume_state)i));
	if (count > 0)
		putchar('\n');
	for (size_t i = 0; i < count; i++)
		printf("warning: line %u: %s\n", warnings[i].line, warnings[i].text);
}

static json_t *match_json(const struct recipe_match *m)
{
	char from[ISO8601_TEXT] = "", to[ISO8601_TEXT] = "";
	char header[2 * RECIPE_HEADER_MAX + 1], sha256[65] = "";
	json_t *size_max =
	        m->size_max == UINT64_MAX ? json_null() : json_integer((json_int_t)m->size_max);

	if (m->has_window) {
		format_time(m->modified_from, from);
		format_time(m->modified_to, to);
	}
	hex_encode(m->header, m->header_len, header);
	if (m->has_sha256)
		hex_encode(m->sha256, sizeof(m->sha256), sha256);
	return json_pack("{s:i s:s s:s s:s s:s s:s s:I s:o s:s s:s}", "line", (int)m->line, "path",
	        m->path, "glob", m->glob, "modified-from", from, "modified-to", to,
	        "when-outside-window", m->act_outside_window ? "act" : "skip", "size-from",
	        (json_int_t)m->size_min, "size-to", size_max, "header", header, "sha256", sha256);
}

/* A failed json_pack() is NULL, which no append takes. */
json_t *recipe_json(const struct recipe *r)
{
	json_t *matches = json_array(), *plans = json_object(), *advice = json_array();
	struct recipe_warning warnings[RECIPE_WARNINGS_MAX];
	size_t count = recipe_warnings(r, warnings, RECIPE_WARNINGS_MAX);
	int failed = 0;

	for (size_t i = 0; i < r->match_count; i++)
		failed |= json_array_append_new(matches, match_json(&r->matches[i]));
	for (unsigned i = 0; i < VOLUME_STATES; i++)
		failed |= json_object_set_new(
		        plans, state_names[i], json_string(does(r, (enum volume_state)i)));
	for (size_t i = 0; i < count; i++)
		failed |= json_array_append_new(
		        advice, json_pack("{s:i s:s}", "line", (int)warnings[i].line, "text",
		                        warnings[i].text));
	json_t *all = json_pack("{s:i s:s s:s s:i s:s s:s s:s s:o s:o s:o}", "v", 1, "reason", "OK",
	        "name", r->name, "version", (int)r->version, "title", r->title, "do",
	        action_names[r->action], "unclean-journal", unclean_names[r->unclean], "matches",
	        matches, "plans", plans, "warnings", advice);
	if (!failed)
		return all;
	json_decref(all);
	return NULL;
}
