/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/escrow/audit/report.h"
#include "fixer/base/cleanup.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

/* What a record may have besides stands in the last column but one, as JSON. */
static const char *const columns[] = {"n", "time", "event", "decision", "reason", "text", "source",
        "origin", "campaign", "approved_by", "machine", "uuid", "serial", "mac", "ip", "session",
        "request", "volume", "protector"};

#define COLUMNS (sizeof(columns) / sizeof(columns[0]))

struct export
{
	FILE *out;
	bool json;
	uint64_t last;
	char hash[65];
};

static void export_cells(FILE *out, const json_t *record)
{
	json_t *rest = json_copy((json_t *)(uintptr_t)record);

	for (size_t i = 0; i < COLUMNS; i++) {
		char *text CLEANUP_FREE = print_value(json_object_get(record, columns[i]));
		print_cell(out, text ? text : "", ',');
		(void)json_object_del(rest, columns[i]);
	}
	(void)json_object_del(rest, "prev");
	(void)json_object_del(rest, "hash");
	char *text CLEANUP_FREE =
	        json_object_size(rest) > 0 ? json_dumps(rest, JSON_COMPACT) : NULL;
	print_cell(out, text ? text : "", ',');
	json_decref(rest);
}

static int export_record(void *context, const struct audit_record *r)
{
	struct export *e = context;

	e->last = r->n;
	(void)snprintf(e->hash, sizeof(e->hash), "%s", r->hash);
	if (e->json) {
		(void)fwrite(r->line, 1, r->len, e->out);
		return 0;
	}
	export_cells(e->out, r->fields);
	print_cell(e->out, r->hash, '\n');
	return 0;
}

static void export_head(const struct export *e)
{
	if (e->json) {
		fprintf(e->out, "{\"event\":\"head\",\"n\":%" PRIu64 ",\"hash\":\"%s\"}\n", e->last,
		        e->hash);
		return;
	}
	fprintf(e->out, "\"%" PRIu64 "\",\"\",\"head\",", e->last);
	for (size_t i = 3; i <= COLUMNS; i++)
		print_cell(e->out, "", ',');
	print_cell(e->out, e->hash, '\n');
}

int audit_export(const char *dir, bool json, FILE *out, struct error *err)
{
	struct export e = {.out = out, .json = json};

	for (size_t i = 0; i < COLUMNS && !json; i++)
		print_cell(out, columns[i], ',');
	if (!json)
		fputs("\"more\",\"hash\"\n", out);
	int r = audit_each(dir, export_record, &e, err);
	if (r == 0)
		export_head(&e);
	if (r == 0 && (fflush(out) != 0 || ferror(out)))
		r = error_set(err, -EIO, REASON_CANNOT_OPEN, "cannot write the export: %s",
		        strerror(errno));
	return r;
}
