/* SPDX-License-Identifier: GPL-3.0-or-later */
/* `netmend inventory`: what machines there should be, in and out, and how that fits what was seen.
 */
#include "appliance/fleet/inventory.h"
#include "appliance/cli/machines.h"
#include "appliance/fleet/operator.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define EXPORT_MAX ((size_t)128 * 1024 * 1024)

static int read_input(struct buffer *text, struct error *err)
{
	char block[65536];
	ssize_t n;
	int r = 0;

	while (r == 0 && (n = read(STDIN_FILENO, block, sizeof(block))) != 0) {
		if (n < 0 && errno == EINTR)
			continue;
		r = n < 0 ? -errno : buffer_append(text, block, (size_t)n);
	}
	if (r == -EMSGSIZE)
		return error_set(err, r, REASON_REQUEST_TOO_LARGE, "the file is larger than %d MB",
		        NM_MAX_INVENTORY / 1024 / 1024);
	return r < 0 ? error_set(
	                       err, r, REASON_CANNOT_OPEN, "cannot read the file: %s", strerror(-r))
	             : 0;
}

static void print_list(json_t *list, bool with_column)
{
	json_t *item;
	size_t i;

	json_array_foreach(list, i, item)
	{
		const char *column =
		        with_column ? json_string_value(json_object_get(item, "column")) : "";
		fprintf(stderr, "line %lld: %s%s%s\n",
		        (long long)json_integer_value(json_object_get(item, "line")), column,
		        column[0] ? ": " : "", json_string_value(json_object_get(item, "text")));
	}
}

static int print_report(const struct cli_call *call, const struct inventory_report *r, bool dry)
{
	size_t left_out = json_array_size(r->rejected) + json_array_size(r->conflicts);

	if (call->options.json) {
		int status = cli_print_json(json_pack("{s:I, s:I, s:I, s:I, s:O, s:O, s:O}",
		        "lines", (json_int_t)r->lines, "added", (json_int_t)r->added, "changed",
		        (json_int_t)r->changed, "same", (json_int_t)r->same, "rejected",
		        r->rejected, "conflicts", r->conflicts, "ignored", r->ignored));
		return status != CLI_OK ? status : left_out ? CLI_FAILED : CLI_OK;
	}
	print_list(r->rejected, true);
	print_list(r->conflicts, false);
	for (size_t i = 0; i < json_array_size(r->ignored); i++)
		fprintf(stderr, "column not taken: %s\n",
		        json_string_value(json_array_get(r->ignored, i)));
	printf("%s%zu lines: %zu added, %zu changed, %zu the same, %zu left out\n",
	        dry ? "would be: " : "", r->lines, r->added, r->changed, r->same, left_out);
	return left_out ? CLI_FAILED : CLI_OK;
}

static int import_text(const struct cli_call *call, struct store *store, void *context)
{
	const struct buffer *text = context;
	const struct inventory_file file = {.store = store,
	        .by = &call->actor,
	        .text = text->data ? (const char *)text->data : "",
	        .len = text->len,
	        .dry = cli_value(call, "--dry-run") != NULL};
	struct inventory_report report;
	struct error err = {0};

	int r = inventory_import(&file, &report, &err);
	if (r < 0)
		return err.code ? cli_fail(&err) : machines_store_failed(r, "nothing was imported");
	int status = print_report(call, &report, file.dry);
	inventory_report_free(&report);
	return status;
}

static int inventory_do_import(const struct cli_call *call)
{
	struct buffer text;
	struct error err = {0};

	/* The caller's file, opened before the change of user. */
	if (cli_open_input(call->words[0]) != CLI_OK)
		return CLI_FAILED;
	buffer_init(&text, NM_MAX_INVENTORY);
	int status = read_input(&text, &err) < 0 ? cli_fail(&err)
	                                         : cli_with_store(call, import_text, &text);
	buffer_free(&text);
	return status;
}

static int export(const struct cli_call *call, struct store *store, void *context)
{
	struct buffer out;

	(void)call;
	(void)context;
	buffer_init(&out, EXPORT_MAX);
	int r = inventory_export(store, &out);
	if (r == 0 && (fwrite(out.data, 1, out.len, stdout) != out.len || fflush(stdout) != 0))
		r = -EIO;
	buffer_free(&out);
	return r < 0 ? machines_store_failed(r, "export") : CLI_OK;
}

static int inventory_do_export(const struct cli_call *call)
{
	return cli_with_store(call, export, NULL);
}

static int show(const struct cli_call *call, struct store *store, void *context)
{
	struct machine_list list = {0};
	int status, r = machines_collect(store, context, &list);

	if (r < 0)
		status = machines_store_failed(r, "cannot read the store");
	else if (list.count == 0 && !call->options.json)
		status = puts("none") < 0 ? CLI_FAILED : CLI_OK;
	else
		status = machines_print_list(&list, call->options.json);
	if (strcmp(call->verb->name, "conflicts") == 0 && !call->options.json)
		for (size_t i = 0; i < list.count; i++)
			printf("%lld: %s\n", (long long)list.all[i].id, list.all[i].conflict);
	free(list.all);
	return status;
}

/* unknown, missing and conflicts: machines by the filter of that name. */
static int inventory_show(const struct cli_call *call)
{
	const char *name = call->verb->name;
	struct machine_filter filter = {0};
	struct error err = {0};

	int r = filter_add(&filter, strcmp(name, "conflicts") == 0 ? "conflict" : name, "1", &err);
	int status =
	        r < 0 ? machines_store_failed(r, "filter") : cli_with_store(call, show, &filter);
	filter_free(&filter);
	return status;
}

static int remove_line(const struct cli_call *call, struct store *store, void *context)
{
	struct machine m;
	char name[NM_MAX_NAME + 1];

	(void)context;
	if (machines_find_or_tell(store, call->words[0], &m) != CLI_OK)
		return CLI_FAILED;
	fleet_machine_name(&m, name);
	int r = inventory_remove(store, &call->actor, m.id);
	if (r == -ENOENT) {
		fprintf(stderr, "netmend: %s is not in the inventory\n", name);
		return CLI_FAILED;
	}
	if (r < 0)
		return machines_store_failed(r, name);
	printf("%s is out of the inventory\n", name);
	return CLI_OK;
}

static int inventory_do_remove(const struct cli_call *call)
{
	return cli_with_store(call, remove_line, NULL);
}

static const struct cli_option import_options[] = {
        {"--dry-run", NULL, "only says what it would do"},
        {0},
};

const struct cli_verb inventory_verbs[] = {
        {"import", "FILE", 1, 1, CLI_JSON, import_options,
                "CSV with headings: name, serial, uuid, mac, site, floor, owner, ring, bmc, order, "
                "rack, feed",
                inventory_do_import},
        {"export", "", 0, 0, 0, NULL, "the same as CSV, on standard output", inventory_do_export},
        {"unknown", "", 0, 0, CLI_JSON | CLI_WATCH, NULL, "machines seen that are not in it",
                inventory_show},
        {"missing", "", 0, 0, CLI_JSON | CLI_WATCH, NULL, "machines in it that were never seen",
                inventory_show},
        {"conflicts", "", 0, 0, CLI_JSON | CLI_WATCH, NULL,
                "machines that do not fit their line, and how", inventory_show},
        {"remove", "MACHINE", 1, 1, 0, NULL, "take its line out", inventory_do_remove},
        {0},
};
