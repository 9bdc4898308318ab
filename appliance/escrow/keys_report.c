/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/escrow/keys_report.h"
#include "appliance/escrow/vault/cell.h"
#include "appliance/escrow/vault/columns.h"
#include "fixer/base/text.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define COLUMNS_TEXT 1024
/* A heading with more digits could be a piece of a password. */
#define HEADING_DIGITS 3

/* --- what the importer says ------------------------------------------------------------------ */

static void told_columns(void *context, const char *encoding, const struct columns *columns)
{
	struct keys_report *r = context;
	struct columns shown = *columns;
	char *words = NULL, text[COLUMNS_TEXT];
	size_t len = 0;
	FILE *out = open_memstream(&words, &len);

	for (size_t i = 0; i < shown.count; i++)
		if (cell_count_digits(shown.names[i]) > HEADING_DIGITS)
			shown.names[i][0] = '\0';
	if (out) {
		columns_print(&shown, out);
		(void)fclose(out);
	}
	if (words)
		words[strcspn(words, "\n")] = '\0';
	text_clean(text, sizeof(text), words ? words : "");
	free(words);
	(void)json_object_set_new(r->file, "columns", json_string(text));
	(void)json_object_set_new(r->file, "encoding", json_string(encoding));
}

static void told_rejected(void *context, unsigned long from, unsigned long to, const char *text)
{
	struct keys_report *r = context;

	if (r->told == KEYS_REPORT_LINES) {
		r->left_out++;
		return;
	}
	r->told++;
	(void)json_array_append_new(r->lines, json_pack("{s:I,s:I,s:s}", "from", (json_int_t)from,
	                                              "to", (json_int_t)to, "text", text));
}

/* --- files ----------------------------------------------------------------------------------- */

int keys_report_begin(struct keys_report *r)
{
	*r = (struct keys_report){.listener = {told_columns, told_rejected, r}};
	r->files = json_array();
	return r->files ? 0 : -ENOMEM;
}

void keys_report_clear(struct keys_report *r)
{
	json_decref(r->files);
	*r = (struct keys_report){0};
}

int keys_report_file(struct keys_report *r, const char *name)
{
	r->left_out = 0;
	r->lines = json_array();
	r->file = json_pack("{s:s,s:s,s:s,s:o}", "name", name, "encoding", "", "columns", "",
	        "lines", r->lines);
	if (!r->file)
		return -ENOMEM;
	return json_array_append_new(r->files, r->file) < 0 ? -ENOMEM : 0;
}

static json_t *reasons_of(const struct import_counts *counts)
{
	json_t *reasons = json_array();

	for (int why = 0; why < IMPORT_REJECTS; why++)
		if (counts->reasons[why] > 0)
			(void)json_array_append_new(
			        reasons, json_pack("{s:s,s:I}", "text",
			                         import_reject_text((enum import_reject)why),
			                         "rows", (json_int_t)counts->reasons[why]));
	return reasons;
}

int keys_report_file_end(struct keys_report *r, const struct import_counts *c)
{
	json_t *counts = json_pack("{s:I,s:I,s:I,s:I,s:I,s:I,s:I,s:I,s:o}", "rows",
	        (json_int_t)c->rows, "added", (json_int_t)c->added, "beside", (json_int_t)c->beside,
	        "present", (json_int_t)c->present, "repeated", (json_int_t)c->repeated,
	        "without_id", (json_int_t)c->without_id, "rejected", (json_int_t)c->rejected,
	        "left_out", r->left_out, "reasons", reasons_of(c));
	int bad = !counts || json_object_update(r->file, counts) < 0;

	json_decref(counts);
	r->sum.rows += c->rows;
	r->sum.added += c->added;
	r->sum.present += c->present;
	r->sum.repeated += c->repeated;
	r->sum.rejected += c->rejected;
	return bad ? -ENOMEM : 0;
}
