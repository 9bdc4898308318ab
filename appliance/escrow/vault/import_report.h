/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What an import says while it runs. */
#ifndef ESCROW_IMPORT_REPORT_H
#define ESCROW_IMPORT_REPORT_H

#include "fixer/base/csv.h"
#include "appliance/escrow/vault/import.h"

struct import_report {
	const struct import *import;
	struct import_counts *counts;
	uint64_t size;       /* of the file; 0: not known */
	int64_t began, told; /* monotonic ms */
	bool line_open;      /* progress stands on the screen's last line */

	/* Rejected rows not yet named: neighbours for the same reason. */
	bool pending;
	enum import_reject why;
	unsigned number; /* of the group or digits, for some reasons */
	unsigned long from, to;
	uint64_t row; /* of the last one, counted */
};

void report_begin(struct import_report *r, const struct import *i, struct import_counts *counts,
        uint64_t size);
void report_columns(struct import_report *r, const char *encoding, const struct columns *columns);
void report_reject(struct import_report *r, const struct csv_row *row, enum import_reject why,
        unsigned number);
/* Now and then; offset: bytes read. */
void report_progress(struct import_report *r, uint64_t offset);
/* Names what is pending. */
void report_end(struct import_report *r);

#endif
