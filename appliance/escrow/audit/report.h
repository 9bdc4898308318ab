/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What is made of the audit record for people and for other programs. */
#ifndef ESCROW_AUDIT_REPORT_H
#define ESCROW_AUDIT_REPORT_H

#include "appliance/escrow/audit/audit.h"
#include "fixer/base/text.h"

/* Which records. */
struct filter {
	const char *machine; /* name, UUID, serial number, MAC or address, any case; NULL: all */
	int64_t since;       /* ms since 1970 */
};

/* "2026-11-22T13:00:00Z", "2026-11-22", or how long ago: "90s", "30m", "12h", "7d". */
int filter_since(const char *text, int64_t now_ms, int64_t *ret);
bool filter_fits(const struct filter *f, const struct audit_record *r);

/* A table for people, or the records as they are. */
int audit_show(const char *dir, const struct filter *f, bool json, FILE *out, struct error *err);

/* All records as CSV or JSON lines; the last line is the head: number and hash of the last record.
 */
int audit_export(const char *dir, bool json, FILE *out, struct error *err);

/* --- rotation -----------------------------------------------------------------------------------
 */

/* A recovery password that was used and not replaced since, as far as anybody said. */
struct due {
	struct guid protector;
	uint64_t times;
	int64_t first, last; /* ms since 1970 */
	/* Of the last release. */
	char *machine, *uuid, *serial, *mac, *source, *origin;
};

struct rotation {
	size_t count, done; /* done: released, and told to be replaced since */
	struct due *due;    /* the oldest release first */
};

int rotation_read(const char *dir, struct rotation *ret, struct error *err);
void rotation_clear(struct rotation *r);

enum rotation_format { ROTATION_TEXT, ROTATION_JSON, ROTATION_CSV };
int rotation_print(const struct rotation *r, enum rotation_format format, FILE *out);

/* --- printing -----------------------------------------------------------------------------------
 */

/* A member as text: lists with blanks between, numbers as digits, else JSON. malloc()ed, "" when it
 * is not there; NULL without memory. */
char *print_value(const json_t *value);

/* One cell, quoted; what a spreadsheet would take for a formula gets an apostrophe before it. */
void print_cell(FILE *out, const char *text, char after);

#endif
