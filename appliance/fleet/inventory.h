/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The inventory: which machines there should be, brought as CSV and given back the same. */
#ifndef FLEET_INVENTORY_H
#define FLEET_INVENTORY_H

#include "appliance/store/actions.h"
#include "appliance/store/inventory.h"
#include "fixer/base/buffer.h"
#include "fixer/base/error.h"

#include <jansson.h>

/* ---- reading ---- */

enum inventory_column {
	INVENTORY_NAME,
	INVENTORY_SERIAL,
	INVENTORY_UUID,
	INVENTORY_MACS, /* of several columns all are taken */
	INVENTORY_SITE,
	INVENTORY_FLOOR,
	INVENTORY_OWNER,
	INVENTORY_RING,
	INVENTORY_BMC,
	INVENTORY_ORDER,
	INVENTORY_RACK,
	INVENTORY_FEED,
	INVENTORY_COLUMNS
};
/* "serial", as in our own export; static. */
const char *inventory_column_name(enum inventory_column column);
/* What a heading means ("Serial Number", "SMBIOS GUID", "Location"); -1: nothing known. */
int inventory_column_of(const char *heading);

struct inventory_reader;

/* text stays the caller's and must outlive it. -EINVAL with VALUE_BAD: no line of headings with a
 * column of serials, UUIDs or MACs; -ENOMEM. */
int inventory_reader_new(
        const char *text, size_t len, struct inventory_reader **ret, struct error *err);
void inventory_reader_free(struct inventory_reader *r);
bool inventory_reader_has(const struct inventory_reader *r, enum inventory_column column);
/* Headings of columns that are not taken: json array of strings, borrowed. */
json_t *inventory_reader_ignored(const struct inventory_reader *r);

struct inventory_row {
	unsigned long line;                 /* of the file, from 1 */
	struct inventory_line entry;        /* machine and imported 0 */
	char serial_typed[NM_MAX_NAME + 1]; /* before it was put in upper case */
	const char *column;                 /* rejected: of which column; "" for all of the line */
	char why[160];
};
/* 1 with a row, 0 at the end, -EINVAL: a row that cannot be taken, column and why say which; one
 * goes on calling. Empty rows are passed over. */
int inventory_reader_next(struct inventory_reader *r, struct inventory_row *ret);

/* ---- import, export, removal ---- */

struct inventory_report {
	size_t lines, added, changed, same;
	json_t *rejected;  /* [{"line":2,"column":"mac","text":""}] */
	json_t *conflicts; /* [{"line":3,"text":"","machines":[1,2]}] */
	json_t *ignored;   /* headings nobody knows, or the second of a kind: ["Asset Tag"] */
};
void inventory_report_free(struct inventory_report *report); /* what it owns, not itself */

struct inventory_file {
	struct store *store;
	const struct actor *by;
	const char *text; /* must outlive the import */
	size_t len;
	bool dry; /* only says what it would do */
};

/* An import under way. What is said already is left alone, so that a second import of the same
 * changes nothing. Columns that the file does not have stay as they are. It is stored in slices
 * (slice.h): one that cannot be stored ends it, and what was stored before it stays, with the
 * record of who imported. The same file once more completes it. */
struct inventory_import;
/* err as inventory_reader_new(), and what the store says. */
int inventory_import_new(
        const struct inventory_file *file, struct inventory_import **ret, struct error *err);
/* One slice. 1: there is more; 0: the end; else what the store says, and err up to which line of
 * the file all is stored: the report is of that. */
int inventory_import_slice(struct inventory_import *i, struct error *err);
const struct inventory_report *inventory_import_report(const struct inventory_import *i);
void inventory_import_free(struct inventory_import *i);

/* All slices, for who has nothing else to do: others get their turn in between. Errors as above. */
int inventory_import(
        const struct inventory_file *file, struct inventory_report *ret, struct error *err);

/* The lines as CSV, as inventory_import() takes them. */
int inventory_export(struct store *s, struct buffer *out);
/* Takes a machine's line out; a machine that was only ever listed goes with it. -ENOENT. */
int inventory_remove(struct store *s, const struct actor *by, int64_t machine);

#endif
