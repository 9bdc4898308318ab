/* SPDX-License-Identifier: GPL-3.0-or-later */
/* `netmend machines sectors`: what a saved repair changes on a disk, in words. */
#include "appliance/cli/machines_saved.h"
#include "appliance/cli/table.h"
#include "appliance/saved/sectors.h"

#include <errno.h>
#include <jansson.h>
#include <stdio.h>
#include <string.h>

const struct cli_option machines_sectors_options[] = {
        {"--sha256", "SHA256", "this one, by how its hash begins (the newest unless told)"},
        {0},
};

static const char *text_of(const json_t *object, const char *key)
{
	const char *text = json_string_value(json_object_get(object, key));

	return text ? text : "";
}

static long long number_of(const json_t *object, const char *key)
{
	return json_integer_value(json_object_get(object, key));
}

static const char *plural(long long count)
{
	return count == 1 ? "" : "s";
}

static void print_sum(const json_t *told)
{
	long long sectors = number_of(told, "sectors"), places = number_of(told, "places");

	printf("%lld sector%s (%lld bytes) in %lld place%s", sectors, plural(sectors),
	        number_of(told, "bytes"), places, plural(places));
}

void machines_print_changed(struct store *store, const char *bundles, const json_t *bundle)
{
	struct store_bundle wanted = {.size = number_of(bundle, "size")};
	struct saved *saved CLEANUP(saved_free_p) = NULL;
	struct error err = {0};

	(void)snprintf(wanted.sha256, sizeof(wanted.sha256), "%s", text_of(bundle, "sha256"));
	int r = machines_saved_whole(store, bundles, &wanted, &saved);
	json_t *told = r == 0 ? sectors_of(&wanted, saved_fd(saved), &err) : NULL;
	fputs("            ", stdout);
	if (told)
		print_sum(told);
	else
		fputs(r == -ENOENT ? "its bytes are not on this appliance"
		        : r < 0    ? strerror(-r)
		                   : err.text,
		        stdout);
	putchar('\n');
	json_decref(told);
}

static void print_files(const json_t *told)
{
	const json_t *file;
	size_t i;

	json_array_foreach(json_object_get(told, "files"), i, file)
	{
		const char *renamed = text_of(file, "renamed_to");
		printf("  %s  %s%s%s\n", renamed[0] ? "renamed" : "removed", text_of(file, "path"),
		        renamed[0] ? " to " : "", renamed);
	}
}

static const char *what_of(const json_t *told, const char *stage)
{
	const json_t *kind;
	size_t i;

	json_array_foreach(json_object_get(told, "kinds"), i, kind)
	{
		if (strcmp(text_of(kind, "stage"), stage) == 0)
			return text_of(kind, "what");
	}
	return "";
}

static int print_ranges(const json_t *told)
{
	static const struct table_column columns[] = {{"FIRST SECTOR", true, true},
	        {"SECTORS", true, true}, {"BYTE IN SECTORS.OLD", true, true}, {"", false, false}};
	CLEANUP_TABLE struct table *t = table_new(columns, sizeof(columns) / sizeof(columns[0]));
	const json_t *range;
	size_t i;

	json_array_foreach(json_object_get(told, "ranges"), i, range)
	{
		table_cell(t, TABLE_PLAIN, "%lld", number_of(range, "lba"));
		table_cell(t, TABLE_PLAIN, "%lld", number_of(range, "count"));
		table_cell(t, TABLE_PLAIN, "%lld", number_of(range, "at"));
		table_cell(t, TABLE_PLAIN, "%s", what_of(told, text_of(range, "stage")));
	}
	int r = table_print(t);
	return r < 0 ? machines_store_failed(r, "sectors") : CLI_OK;
}

static int print_sectors(const struct store_bundle *bundle, const json_t *told)
{
	static const char *const done[] = {
	        [BUNDLE_PENDING] = "not confirmed yet: any part of it may be on the disk",
	        [BUNDLE_CONFIRMED] = "written, and checked by reading it back",
	        [BUNDLE_VOID] = "offered no more: given up, or another one took its place"};
	const json_t *disk = json_object_get(told, "disk");
	const char *volume = text_of(told, "volume");

	print_sum(told);
	printf(": %s\n  bundle   %s\n  disk     %s, %lld bytes, sectors of %lld, partition "
	       "%lld%s%s\n  by       %s, recipe %s, plan %s, journal %s\n",
	        done[bundle->state], bundle->sha256, text_of(disk, "id"), number_of(disk, "size"),
	        number_of(disk, "sector"), number_of(told, "partition"),
	        volume[0] ? ", BitLocker volume " : "", volume, text_of(told, "program"),
	        text_of(told, "recipe"), text_of(told, "plan"), text_of(told, "journal"));
	print_files(told);
	putchar('\n');
	int status = print_ranges(told);
	if (json_is_true(json_object_get(told, "truncated")))
		printf("These are the first %d places; fixer verify --json tells all.\n",
		        SECTORS_RANGES_MAX);
	return status;
}

static int show_sectors(const struct cli_call *call, const struct machines_saved *o)
{
	struct error err = {0};
	json_t *told = sectors_of(&o->bundle, saved_fd(o->saved), &err);

	if (!told)
		return cli_fail(&err);
	if (call->options.json)
		return cli_print_json(told);
	int status = print_sectors(&o->bundle, told);
	json_decref(told);
	return status;
}

int machines_sectors(const struct cli_call *call)
{
	struct machines_saved o = {0};
	int status = machines_saved_open(call, &o);

	if (status == CLI_OK)
		status = show_sectors(call, &o);
	machines_saved_close(&o);
	return status;
}
