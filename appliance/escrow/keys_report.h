/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What is told of an import through the status page, as JSON: counts, what was taken for what,
 * which lines bring no key and why. Never a value. Bounded, so that it fits into a message. */
#ifndef ESCROW_KEYS_REPORT_H
#define ESCROW_KEYS_REPORT_H

#include "appliance/escrow/vault/import.h"

#include <jansson.h>

#define KEYS_REPORT_LINES 200 /* of all files together; of the others the number */

struct keys_report {
	struct import_listener listener; /* of the file at work */
	json_t *files;
	json_t *lines, *file; /* borrowed from files */
	size_t told;
	json_int_t left_out;
	struct import_counts sum;
};

/* 0 or -ENOMEM. */
int keys_report_begin(struct keys_report *r);
void keys_report_clear(struct keys_report *r);

/* Around import_memory(), with r->listener. name: of the file, clean. */
int keys_report_file(struct keys_report *r, const char *name);
int keys_report_file_end(struct keys_report *r, const struct import_counts *counts);

#endif
