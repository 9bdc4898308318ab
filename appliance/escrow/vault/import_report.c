/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/escrow/vault/import_report.h"
#include "appliance/escrow/vault/columns.h"

#include <inttypes.h>
#include <time.h>

#define SCREEN_MS 500 /* how often progress is told on a terminal */
#define FILE_MS   5000

static int64_t monotonic_now(void)
{
	struct timespec t;

	(void)clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

const char *import_reject_text(enum import_reject why)
{
	static const char *const texts[IMPORT_REJECTS] = {
	        [REJECT_NO_PASSWORD] = "no recovery password in this row",
	        [REJECT_EMPTY] = "the recovery password is empty",
	        [REJECT_NULL] = "NULL instead of a recovery password: the database could not "
	                        "decrypt it (its master key was not open on that node)",
	        [REJECT_NO_DATA] = "the export says that there is no recovery password",
	        [REJECT_OBJECT] = "System.Object[] instead of a recovery password: the export lost "
	                          "those of a machine with several",
	        [REJECT_SPREADSHEET] = "a spreadsheet program has rounded the recovery password: "
	                               "export it again, as text",
	        [REJECT_NOT_48] = "not 48 digits",
	        [REJECT_TYPO] = "the recovery password has a typing error",
	        [REJECT_NO_NAME] = "neither key ID nor machine's name nor serial number",
	        [REJECT_MANY] = "more than 4 key IDs or recovery passwords in one row",
	        [REJECT_LONG] = "row longer than 16384 bytes, or of more than 64 cells",
	        [REJECT_QUOTE] = "a quote that is never closed"};

	return texts[why];
}

void report_begin(struct import_report *r, const struct import *i, struct import_counts *counts,
        uint64_t size)
{
	*r = (struct import_report){
	        .import = i, .counts = counts, .size = size, .began = monotonic_now()};
	r->told = r->began;
}

void report_columns(struct import_report *r, const char *encoding, const struct columns *columns)
{
	const struct import *i = r->import;

	if (columns->count == 0) {
		if (i->report)
			fprintf(i->report, "%s: empty\n", i->name);
		return;
	}
	if (i->listener)
		i->listener->columns(i->listener->context, encoding, columns);
	if (!i->report)
		return;
	fprintf(i->report, "%s (%s): ", i->name, encoding);
	columns_print(columns, i->report);
}

static void close_line(struct import_report *r)
{
	if (r->line_open)
		fputs("\r\033[K", r->import->report);
	r->line_open = false;
}

static void name_pending(struct import_report *r)
{
	const struct import_listener *listener = r->import->listener;
	FILE *out = r->import->report;
	char text[200], more[32] = "";

	if (!r->pending)
		return;
	r->pending = false;
	if (r->why == REJECT_TYPO)
		(void)snprintf(more, sizeof(more), " in group %u", r->number);
	else if (r->why == REJECT_NOT_48)
		(void)snprintf(more, sizeof(more), ", but %u", r->number);
	(void)snprintf(text, sizeof(text), "%s%s", import_reject_text(r->why), more);
	if (listener)
		listener->rejected(listener->context, r->from, r->to, text);
	if (!out)
		return;
	close_line(r);
	if (r->from == r->to)
		fprintf(out, "%s: line %lu: %s\n", r->import->name, r->from, text);
	else
		fprintf(out, "%s: lines %lu to %lu: %s\n", r->import->name, r->from, r->to, text);
}

void report_reject(
        struct import_report *r, const struct csv_row *row, enum import_reject why, unsigned number)
{
	uint64_t at = r->counts->rows;
	bool follows = r->pending && r->why == why && r->number == number && at <= r->row + 1;

	r->counts->rejected++;
	r->counts->reasons[why]++;
	if (!follows) {
		name_pending(r);
		r->pending = true;
		r->why = why;
		r->number = number;
		r->from = row->line;
	}
	r->to = row->last_line;
	r->row = at;
}

void report_progress(struct import_report *r, uint64_t offset)
{
	int64_t now = monotonic_now(), spent = now - r->began;
	FILE *out = r->import->report;

	if (!out || now - r->told < (r->import->on_screen ? SCREEN_MS : FILE_MS))
		return;
	r->told = now;
	close_line(r);
	fprintf(out, "%s: %" PRIu64 " rows", r->import->name, r->counts->rows);
	if (r->size > 0)
		fprintf(out, " (%" PRIu64 " %% of %" PRIu64 " kB)",
		        offset >= r->size ? 100 : offset * 100 / r->size, (r->size + 1023) / 1024);
	fprintf(out, ", %" PRIu64 " a second", r->counts->rows * 1000 / (uint64_t)spent);
	if (r->import->on_screen)
		r->line_open = true;
	else
		fputc('\n', out);
	(void)fflush(out);
}

void report_end(struct import_report *r)
{
	name_pending(r);
	close_line(r);
}
