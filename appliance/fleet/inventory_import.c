/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A file, in slices. A dry run imports into a copy of the machines it is about: what it says would
 * come of it is what did. */
#include "appliance/fleet/change.h"
#include "appliance/fleet/clock.h"
#include "appliance/fleet/inventory.h"
#include "appliance/fleet/inventory_apply.h"
#include "appliance/fleet/slice.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct inventory_import {
	struct store *fleet;            /* borrowed */
	struct store *copy;             /* of a dry run, else NULL */
	struct inventory_taken brought; /* machines that the copy has, or had */
	struct actor by;
	struct inventory_reader *reader;
	struct inventory_run run;
	struct inventory_report report;
	unsigned long through; /* the file's line up to which all is stored */
	bool recorded;         /* who has begun it */
};

void inventory_report_free(struct inventory_report *report)
{
	json_decref(report->rejected);
	json_decref(report->conflicts);
	json_decref(report->ignored);
	*report = (struct inventory_report){0};
}

int inventory_import_new(
        const struct inventory_file *file, struct inventory_import **ret, struct error *err)
{
	struct inventory_import *i = calloc(1, sizeof(*i));
	int r = i ? inventory_reader_new(file->text, file->len, &i->reader, err) : -ENOMEM;

	if (r == 0 && file->dry)
		r = store_scratch(file->store, &i->copy, err);
	if (r < 0) {
		inventory_import_free(i);
		return r;
	}
	i->fleet = file->store;
	i->by = *file->by;
	i->report = (struct inventory_report){.rejected = json_array(),
	        .conflicts = json_array(),
	        .ignored = json_incref(inventory_reader_ignored(i->reader))};
	i->run = (struct inventory_run){.s = i->copy ? i->copy : i->fleet,
	        .reader = i->reader,
	        .now = fleet_clock(),
	        .report = &i->report};
	*ret = i;
	return 0;
}

void inventory_import_free(struct inventory_import *i)
{
	if (!i)
		return;
	store_close(i->copy);
	free(i->brought.line);
	free(i->run.taken.line);
	inventory_reader_free(i->reader);
	inventory_report_free(&i->report);
	free(i);
}

const struct inventory_report *inventory_import_report(const struct inventory_import *i)
{
	return &i->report;
}

/* ---- a dry run's copy ---- */

/* The machine, and who else has MACs of its line: they may become part of it. */
static int bring(struct inventory_import *i, int64_t machine)
{
	struct inventory_line line;
	const char *at = line.macs;
	char mac[MAC_TEXT];
	int64_t owner;

	if (inventory_taken_by(&i->brought, machine))
		return 0;
	int r = store_scratch_take(i->copy, i->fleet, machine, &line);
	if (r == -ENOENT) /* it has become part of another one just now */
		return 0;
	if (r == 0)
		r = inventory_take(&i->brought, machine, 1);
	while (r == 0 && inventory_mac_next(&at, mac)) {
		r = store_mac_owner(i->fleet, mac, &owner);
		r = r == -ENOENT ? 0 : r < 0 ? r : bring(i, owner);
	}
	return r;
}

static int bring_alike(struct inventory_import *i, const struct inventory_row *row)
{
	struct inventory_alike alike;
	int r = inventory_alike(i->fleet, row, &alike);

	if (r == -EEXIST) /* more of them than anybody takes: neither will the copy */
		r = 0;
	for (size_t n = 0; r == 0 && n < alike.count; n++)
		r = bring(i, alike.ids[n]);
	return r;
}

/* ---- the file ---- */

static int tell_rejected(struct inventory_import *i, const struct inventory_row *row)
{
	return json_array_append_new(i->report.rejected,
	               json_pack("{s:I, s:s, s:s}", "line", (json_int_t)row->line, "column",
	                       row->column, "text", row->why)) < 0
	               ? -ENOMEM
	               : 0;
}

/* 1: time is up; 0: the file is. */
static int import_rows(struct inventory_import *i)
{
	const struct slice slice = slice_begin();
	struct inventory_row row;
	int r;

	while ((r = inventory_reader_next(i->reader, &row)) != 0) {
		i->report.lines++;
		if (r < 0)
			r = tell_rejected(i, &row);
		else if (i->copy)
			r = bring_alike(i, &row);
		else
			r = 0;
		if (r == 0 && !row.why[0])
			r = inventory_apply(&i->run, &row);
		if (r < 0)
			return r;
		i->through = row.line;
		if (slice_is_over(&slice))
			return 1;
	}
	return 0;
}

/* At the first change and at the end: whoever ends us in between does not keep it from being known
 * who began. */
static int record(struct inventory_import *i, bool ended)
{
	const struct inventory_report *report = &i->report;
	struct store_action action = {
	        .at = i->run.now, .actor = i->by, .verb = "import", .kind = "inventory"};

	if (i->copy || report->added + report->changed == 0 || (i->recorded && !ended))
		return 0;
	i->recorded = true;
	(void)snprintf(action.object, sizeof(action.object), "%s%zu lines",
	        ended ? "" : "the first ", report->lines);
	(void)snprintf(action.text, sizeof(action.text),
	        "%zu added, %zu changed, %zu the same, %zu not taken%s", report->added,
	        report->changed, report->same,
	        json_array_size(report->rejected) + json_array_size(report->conflicts),
	        ended ? "" : "; more to come");
	return store_action_add(i->run.s, &action);
}

static void shorten(json_t *list, size_t size)
{
	while (json_array_size(list) > size)
		(void)json_array_remove(list, json_array_size(list) - 1);
}

/* The report is of what is stored. */
static void report_back(struct inventory_report *report, const struct inventory_report *before,
        size_t rejected, size_t conflicts)
{
	report->lines = before->lines;
	report->added = before->added;
	report->changed = before->changed;
	report->same = before->same;
	shorten(report->rejected, rejected);
	shorten(report->conflicts, conflicts);
}

static int stopped(
        const struct inventory_import *i, unsigned long through, int r, struct error *err)
{
	const char *why = r == -EBUSY ? "the store is busy" : strerror(-r);

	if (through == 0 || i->copy)
		return error_set(err, r, REASON_STORE_UNREACHABLE, "nothing was imported: %s", why);
	return error_set(err, r, REASON_STORE_UNREACHABLE,
	        "%s: up to line %lu all is stored (%zu added, %zu changed), behind it nothing; "
	        "import the same file again to complete it",
	        why, through, i->report.added, i->report.changed);
}

int inventory_import_slice(struct inventory_import *i, struct error *err)
{
	const struct inventory_report before = i->report;
	const size_t rejected = json_array_size(before.rejected);
	const size_t conflicts = json_array_size(before.conflicts);
	const unsigned long through = i->through;
	int r = store_begin(i->run.s, true), more = 0;

	if (r == 0) {
		more = import_rows(i);
		r = more < 0 ? more : inventory_applied(&i->run);
		if (r == 0)
			r = record(i, more == 0);
		r = change_end(i->run.s, r);
	}
	if (r == 0)
		return more;
	report_back(&i->report, &before, rejected, conflicts);
	return stopped(i, through, r, err);
}

int inventory_import(
        const struct inventory_file *file, struct inventory_report *ret, struct error *err)
{
	struct inventory_import *i;
	int r = inventory_import_new(file, &i, err);

	if (r < 0)
		return r;
	while ((r = inventory_import_slice(i, err)) == 1)
		if (!file->dry)
			slice_pause();
	if (r == 0) {
		*ret = i->report;
		i->report = (struct inventory_report){0};
	}
	inventory_import_free(i);
	return r;
}
